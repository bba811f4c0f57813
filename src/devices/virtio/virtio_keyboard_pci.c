#include "devices/virtio/virtio_input_pci.h"

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(18, 0x090000), &virtio_keyboard_type.virtio };

const DeviceType virtio_keyboard_pci = {
    .name = "virtio-keyboard-pci",
    .about = "virtio keyboard on PCI",
    .interface = &type,
    VIRTIO_INPUT_PCI,
};
