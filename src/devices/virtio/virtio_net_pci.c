#include "devices/virtio/virtio_net.h"
#include "devices/virtio/virtio_pci.h"

typedef struct VirtioNetPci {
    PciDevice pci;
    VirtioPci via;
    VirtioNet net;
} VirtioNetPci;
_Static_assert(offsetof(VirtioNetPci, net) == offsetof(VirtioPciDevice, v), "as virtio_pci.c sees it");

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(1, 0x020000), &virtio_net_type };

const DeviceType virtio_net_pci = {
    .name = "virtio-net-pci",
    .about = "virtio network card on PCI",
    .size = sizeof(VirtioNetPci),
    .props = (const Prop[]){ VIRTIO_PCI_PROPS(VirtioNetPci), VIRTIO_NET_PROPS(VirtioNetPci, net), { 0 } },
    .state = (const StateField[]){ VIRTIO_PCI_STATE(VirtioNetPci, net.v), STATE_END },
    .interface = &type,
    VIRTIO_PCI_HOOKS,
};
