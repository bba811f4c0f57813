#include "devices/virtio/virtio_input.h"

/* Numbers of keys are Linux' codes, in keys.def as well. */
static void key(void *dev, int number, bool down)
{
    VirtioInput *n = dev;
    if (!virtio_input_begin(n))
        return;
    virtio_input_event(n, EV_KEY, (uint16_t)number, down);
    virtio_input_send(n);
}

static const VirtioInputCodes codes[] = { { EV_KEY, 1, 255 }, { EV_LED, 0, 2 }, { EV_REP, 0, 1 }, { 0 } };

const VirtioInputType virtio_keyboard_type = {
    .virtio = { .name = "virtio-input", VIRTIO_INPUT_TYPE },
    .codes = codes,
    .listener = { .name = "QEMU Virtio Keyboard", .key = key },
    .product = 1,
};

const DeviceType virtio_keyboard = {
    .name = "virtio-keyboard-device",
    .about = "virtio keyboard",
    .interface = &virtio_keyboard_type.virtio,
    VIRTIO_INPUT_DEVICE,
};
