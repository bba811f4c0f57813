#include "devices/virtio/virtio_input.h"

static void move(void *dev, int dx, int dy, int wheel, int buttons)
{
    VirtioInput *n = dev;
    if (!virtio_input_begin(n))
        return;
    if (dx)
        virtio_input_event(n, EV_REL, REL_X, dx);
    if (dy)
        virtio_input_event(n, EV_REL, REL_Y, dy);
    virtio_input_buttons(n, buttons, wheel);
    virtio_input_send(n);
}

static const VirtioInputCodes codes[] = {
    { EV_KEY, BTN_LEFT, BTN_MIDDLE }, { EV_REL, REL_X, REL_Y }, { EV_REL, REL_WHEEL, REL_WHEEL }, { 0 }
};

const VirtioInputType virtio_mouse_type = {
    .virtio = { .name = "virtio-input", VIRTIO_INPUT_TYPE },
    .codes = codes,
    .listener = { .name = "QEMU Virtio Mouse", .mouse = move },
    .product = 2,
};

const DeviceType virtio_mouse = {
    .name = "virtio-mouse-device",
    .about = "virtio mouse",
    .interface = &virtio_mouse_type.virtio,
    VIRTIO_INPUT_DEVICE,
};
