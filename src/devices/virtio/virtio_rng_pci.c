#include "devices/virtio/virtio_pci.h"
#include "devices/virtio/virtio_rng.h"

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(4, 0x00ff00), &virtio_rng_type };

const DeviceType virtio_rng_pci = {
    .name = "virtio-rng-pci",
    .about = "virtio source of random numbers on PCI",
    .size = sizeof(VirtioPciDevice),
    .props = (const Prop[]){ VIRTIO_PCI_PROPS(VirtioPciDevice), { 0 } },
    .state = (const StateField[]){ VIRTIO_PCI_STATE(VirtioPciDevice, v), STATE_END },
    .interface = &type,
    VIRTIO_PCI_HOOKS,
};
