#include "devices/virtio/virtio_blk.h"
#include "devices/virtio/virtio_pci.h"

typedef struct VirtioBlkPci {
    PciDevice pci;
    VirtioPci via;
    VirtioBlk blk;
} VirtioBlkPci;
_Static_assert(offsetof(VirtioBlkPci, blk) == offsetof(VirtioPciDevice, v), "as virtio_pci.c sees it");

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(2, 0x010000), &virtio_blk_type };

const DeviceType virtio_blk_pci = {
    .name = "virtio-blk-pci",
    .about = "virtio disk on PCI",
    .size = sizeof(VirtioBlkPci),
    .props = (const Prop[]){ VIRTIO_PCI_PROPS(VirtioBlkPci), VIRTIO_BLK_PROPS(VirtioBlkPci, blk), { 0 } },
    .state =
        (const StateField[]){ VIRTIO_PCI_STATE(VirtioBlkPci, blk.v), VIRTIO_BLK_STATE(VirtioBlkPci, blk), STATE_END },
    .interface = &type,
    VIRTIO_PCI_HOOKS,
};
