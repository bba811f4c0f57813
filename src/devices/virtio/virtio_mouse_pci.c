#include "devices/virtio/virtio_input_pci.h"

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(18, 0x090200), &virtio_mouse_type.virtio };

const DeviceType virtio_mouse_pci = {
    .name = "virtio-mouse-pci",
    .about = "virtio mouse on PCI",
    .interface = &type,
    VIRTIO_INPUT_PCI,
};
