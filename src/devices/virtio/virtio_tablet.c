#include "devices/virtio/virtio_input.h"

static void point(void *dev, int x, int y, int wheel, int buttons)
{
    VirtioInput *n = dev;
    if (!virtio_input_begin(n))
        return;
    virtio_input_event(n, EV_ABS, ABS_X, x);
    virtio_input_event(n, EV_ABS, ABS_Y, y);
    virtio_input_buttons(n, buttons, wheel);
    virtio_input_send(n);
}

static const VirtioInputCodes codes[] = {
    { EV_KEY, BTN_LEFT, BTN_MIDDLE }, { EV_REL, REL_WHEEL, REL_WHEEL }, { EV_ABS, ABS_X, ABS_Y }, { 0 }
};

const VirtioInputType virtio_tablet_type = {
    .virtio = { .name = "virtio-input", VIRTIO_INPUT_TYPE },
    .codes = codes,
    .listener = { .name = "QEMU Virtio Tablet", .point = point },
    .product = 3,
};

const DeviceType virtio_tablet = {
    .name = "virtio-tablet-device",
    .about = "virtio pointer that is told places",
    .interface = &virtio_tablet_type.virtio,
    VIRTIO_INPUT_DEVICE,
};
