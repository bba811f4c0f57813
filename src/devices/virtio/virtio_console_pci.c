#include "devices/virtio/virtio_console.h"
#include "devices/virtio/virtio_pci.h"

typedef struct VirtioSerialPci {
    PciDevice pci;
    VirtioPci via;
    VirtioConsole console;
} VirtioSerialPci;
_Static_assert(offsetof(VirtioSerialPci, console) == offsetof(VirtioPciDevice, v), "as virtio_pci.c sees it");

static bool attach(void *bus, Device *port, Error *err)
{
    return virtio_console_plug(&((VirtioSerialPci *)bus)->console, port, err);
}

static void detach(void *bus, Device *port)
{
    virtio_console_unplug(&((VirtioSerialPci *)bus)->console, port);
}

static const VirtioPciType type = { VIRTIO_PCI_FUNCTION(3, 0x078000), &virtio_console_type };

const DeviceType virtio_console_pci = {
    .name = "virtio-serial-pci",
    .about = "virtio console on PCI, for one virtconsole",
    .size = sizeof(VirtioSerialPci),
    .props = (const Prop[]){ VIRTIO_PCI_PROPS(VirtioSerialPci), VIRTIO_CONSOLE_PROPS(VirtioSerialPci, console), { 0 } },
    .state = (const StateField[]){ VIRTIO_PCI_STATE(VirtioSerialPci, console.v), STATE_END },
    .interface = &type,
    .offers = "virtio-serial",
    .attach = attach,
    .detach = detach,
    VIRTIO_PCI_HOOKS,
};
