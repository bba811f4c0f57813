#include "devices/virtio/virtio_input_pci.h"

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(18, 0x098000), &virtio_tablet_type.virtio };

const DeviceType virtio_tablet_pci = {
    .name = "virtio-tablet-pci",
    .about = "virtio pointer that is told places on PCI",
    .interface = &type,
    VIRTIO_INPUT_PCI,
};
