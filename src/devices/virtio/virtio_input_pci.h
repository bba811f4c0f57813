/* What the PCI functions of virtio input devices have in common. */
#pragma once
#include "devices/virtio/virtio_input.h"
#include "devices/virtio/virtio_pci.h"

typedef struct VirtioInputPci {
    PciDevice pci;
    VirtioPci via;
    VirtioInput input;
} VirtioInputPci;
_Static_assert(offsetof(VirtioInputPci, input) == offsetof(VirtioPciDevice, v), "as virtio_pci.c sees it");

/* clang-format off */
#define VIRTIO_INPUT_PCI                                                                                               \
    .size = sizeof(VirtioInputPci),                                                                                    \
    .props = (const Prop[]){ VIRTIO_PCI_PROPS(VirtioInputPci), VIRTIO_INPUT_PROPS(VirtioInputPci, input), { 0 } },     \
    .state = (const StateField[]){ STATE_STRUCT(VirtioInputPci, pci, pci_state),                                       \
                                   STATE_STRUCT(VirtioInputPci, via, virtio_pci_state),                                \
                                   STATE_STRUCT(VirtioInputPci, input, virtio_input_state), STATE_END },               \
    VIRTIO_PCI_HOOKS
/* clang-format on */
