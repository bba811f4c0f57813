/* Capabilities: the lists in configuration space, and MSI-X (PCI 3.0, 6.7 and 6.8.2). */
#include "base/log.h"
#include "core/requester.h"
#include "devices/bus/pci.h"

#include <assert.h>
#include <string.h>

enum {
    CAPABILITY_MSIX = 0x11,
    CAPABILITY_EXPRESS = 0x10,
    STATUS_CAPABILITIES = 1 << 4,
    MSIX_ENABLE = 1 << 15,
    MSIX_MASK_ALL = 1 << 14,
    VECTOR_MASKED = 1,
    PENDING_BITS = PCI_MSIX_SIZE / 2,
    EXPRESS_SIZE = 0x3c,
    INTEGRATED_ENDPOINT = 9,
};

uint8_t pci_capability(PciDevice *d, uint8_t id, uint8_t size)
{
    uint8_t at = d->next_capability;
    assert(at + size <= PCI_CONFIG);
    pci_set(d, at, id, 2);
    pci_set(d, d->last_capability ? d->last_capability + 1u : PCI_CAPABILITIES, at, 1);
    pci_set(d, PCI_STATUS, STATUS_CAPABILITIES, 2);
    d->last_capability = at;
    d->next_capability = (uint8_t)((at + size + 3) & ~3);
    return at;
}

void pci_extended_capability(PciDevice *d, uint16_t at, uint16_t id, uint8_t version, uint16_t next)
{
    assert(d->config_size == PCI_EXPRESS_CONFIG && at >= PCI_CONFIG && at % 4 == 0);
    pci_set(d, at, id | (uint32_t)version << 16 | (uint32_t)next << 20, 4);
}

/* An endpoint of the root complex has no link (PCI Express 3.0, 7.8). */
void pci_express_init(PciDevice *d)
{
    uint8_t at = pci_capability(d, CAPABILITY_EXPRESS, EXPRESS_SIZE);
    d->config_size = PCI_EXPRESS_CONFIG;
    pci_set(d, at + 2u, 2 | INTEGRATED_ENDPOINT << 4, 2);
    pci_set(d, at + 4u, 1 << 15, 4); /* role-based error reporting */
    pci_set_writable(d, at + 8u, 0x7fff, 2);
}

void pci_msix_init(PciDevice *d, unsigned vectors, uint8_t bar)
{
    assert(vectors && vectors <= PCI_MSIX_VECTORS && bar < PCI_BARS && d->region[bar].size == PCI_MSIX_SIZE);
    d->msix = pci_capability(d, CAPABILITY_MSIX, 12);
    d->vectors = vectors;
    pci_set(d, d->msix + 2u, vectors - 1, 2);
    pci_set(d, d->msix + 4u, bar, 4);
    pci_set(d, d->msix + 8u, PENDING_BITS | bar, 4);
    pci_set_writable(d, d->msix + 2u, MSIX_ENABLE | MSIX_MASK_ALL, 2);
}

static uint16_t control(const PciDevice *d)
{
    return d->msix ? (uint16_t)pci_get(d, d->msix + 2u, 2) : 0;
}

bool pci_msix_enabled(const PciDevice *d)
{
    return control(d) & MSIX_ENABLE;
}

/* A message is a store by the function, which must be a bus master for it; who it is tells the ITS whose it is. */
static void send(PciDevice *d, const PciMsix *v)
{
    uint32_t before = requester_id;
    requester_id = (uint32_t)d->bus->number << 8 | d->devfn;
    if (!space_store(d->dev.dma, (uint64_t)v->high << 32 | v->low, v->data, 4))
        log_guest("%s: nothing takes its message to 0x%08x%08x", d->dev.id, v->high, v->low);
    requester_id = before;
}

static void deliver(PciDevice *d, unsigned vector)
{
    uint64_t *word = &d->msix_pending[vector / 64], bit = 1ull << vector % 64;
    bool masked = control(d) & MSIX_MASK_ALL || d->vector[vector].control & VECTOR_MASKED;
    if (!(*word & bit) || masked || !pci_msix_enabled(d))
        return;
    *word &= ~bit;
    send(d, &d->vector[vector]);
}

void pci_msix_notify(PciDevice *d, unsigned vector)
{
    if (vector >= d->vectors || !pci_msix_enabled(d) || !d->bus)
        return;
    d->msix_pending[vector / 64] |= 1ull << vector % 64;
    deliver(d, vector);
}

void pci_msix_changed(PciDevice *d)
{
    for (unsigned i = 0; i < d->vectors; i++)
        deliver(d, i);
}

static uint32_t *table_word(PciDevice *d, uint64_t at)
{
    PciMsix *v = at / sizeof *v < d->vectors ? &d->vector[at / sizeof *v] : NULL;
    uint32_t *words[] = { v ? &v->low : NULL, v ? &v->high : NULL, v ? &v->data : NULL, v ? &v->control : NULL };
    return words[at / 4 % 4];
}

static uint32_t read_word(PciDevice *d, uint64_t at)
{
    if (at >= PENDING_BITS) {
        uint64_t word = (at - PENDING_BITS) / 8;
        return word < PCI_MSIX_VECTORS / 64 ? (uint32_t)(d->msix_pending[word] >> (at & 4) * 8) : 0;
    }
    const uint32_t *word = table_word(d, at);
    return word ? *word : 0;
}

uint64_t pci_msix_read(void *dev, uint64_t at, int size)
{
    uint64_t low = read_word(dev, at);
    return size == 8 ? low | (uint64_t)read_word(dev, at + 4) << 32 : low;
}

void pci_msix_write(void *dev, uint64_t at, uint64_t value, int size)
{
    PciDevice *d = dev;
    if (size == 8) {
        pci_msix_write(dev, at, (uint32_t)value, 4);
        pci_msix_write(dev, at + 4, value >> 32, 4);
        return;
    }
    uint32_t *word = at < PENDING_BITS ? table_word(d, at) : NULL;
    if (!word)
        return;
    bool is_control = at / 4 % 4 == 3, is_low = at / 4 % 4 == 0;
    *word = is_control ? (uint32_t)value & VECTOR_MASKED : is_low ? (uint32_t)value & ~3u : (uint32_t)value;
    if (is_control && d->bus)
        deliver(d, (unsigned)(at / sizeof(PciMsix)));
}
