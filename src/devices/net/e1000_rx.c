/* Receiving (82540EM manual 317453, 3.2): filters, and legacy descriptors. */
#include "devices/net/e1000.h"

#include <string.h>

enum { DESCRIPTOR = 16, FCS = 4, FRAME_LEAST = 60, FRAME_MOST = 16384 };
enum { RCTL_ON = 2, RCTL_UPE = 8, RCTL_MPE = 16, RCTL_LPE = 32, RCTL_BAM = 1 << 15, RCTL_BSEX = 1 << 25 };
enum { RCTL_SECRC = 1 << 26, RAH_VALID = 1u << 31 };
enum { S_DONE = 1, S_EOP = 2, S_IXSM = 4 };
enum { ADDRESSES = 16 };

static uint32_t buffer_size(uint32_t rctl)
{
    uint32_t size = 2048u >> (rctl >> 16 & 3);
    return rctl & RCTL_BSEX && size < 2048 ? size * 16 : size;
}

static uint32_t ring_count(E1000 *d)
{
    return (*e1000_reg(d, R_RDLEN) & 0xfff80) / DESCRIPTOR;
}

static uint32_t free_descriptors(E1000 *d)
{
    uint32_t count = ring_count(d), head = *e1000_reg(d, R_RDH), tail = *e1000_reg(d, R_RDT);
    if (!count || head >= count || tail >= count)
        return 0;
    return (tail + count - head) % count;
}

bool e1000_ready(void *dev)
{
    E1000 *d = dev;
    bool master = pci_get(&d->pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
    return master && *e1000_reg(d, R_RCTL) & RCTL_ON && free_descriptors(d);
}

/* Twelve bits of the address choose a bit of the table. */
static bool in_table(E1000 *d, const uint8_t *to)
{
    static const uint8_t shifts[] = { 4, 3, 2, 0 };
    uint32_t rctl = *e1000_reg(d, R_RCTL), hash = (to[4] | (uint32_t)to[5] << 8) >> shifts[rctl >> 12 & 3] & 0xfff;
    return *e1000_reg(d, R_MTA + (hash >> 5) * 4) >> (hash & 31) & 1;
}

static bool wanted(E1000 *d, const uint8_t *to)
{
    uint32_t rctl = *e1000_reg(d, R_RCTL);
    bool group = to[0] & 1, everybody = !memcmp(to, "\xff\xff\xff\xff\xff\xff", 6);
    if ((everybody && rctl & RCTL_BAM) || rctl & (group ? RCTL_MPE : RCTL_UPE))
        return true;
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        uint32_t pair[2] = { *e1000_reg(d, R_RAL + i * 8), *e1000_reg(d, R_RAL + i * 8 + 4) };
        if (pair[1] & RAH_VALID && !memcmp(to, pair, 6))
            return true;
    }
    return group && in_table(d, to);
}

/* One descriptor's share of the frame. */
static bool fill(E1000 *d, const uint8_t *bytes, uint32_t len, bool last)
{
    struct {
        uint64_t address;
        uint16_t length, checksum;
        uint8_t status, errors;
        uint16_t special;
    } r;
    uint32_t *head = e1000_reg(d, R_RDH);
    uint64_t ring = (uint64_t)*e1000_reg(d, R_RDBAH) << 32 | (*e1000_reg(d, R_RDBAL) & ~15u);
    uint64_t at = ring + (uint64_t)*head * DESCRIPTOR;
    if (!space_read(d->pci.dev.dma, at, &r, sizeof r))
        return false;
    bool ok = !r.address || space_write(d->pci.dev.dma, r.address, bytes, len);
    r.length = (uint16_t)len;
    r.checksum = r.special = 0;
    r.errors = 0;
    r.status = (uint8_t)(S_DONE | S_IXSM | (last ? S_EOP : 0));
    space_write(d->pci.dev.dma, at, &r, sizeof r);
    *head = (*head + 1) % ring_count(d);
    return ok;
}

void e1000_receive(void *dev, const void *frame, size_t len)
{
    E1000 *d = dev;
    uint8_t bytes[FRAME_MOST + FCS];
    uint32_t rctl = *e1000_reg(d, R_RCTL), size = buffer_size(rctl);
    if (!e1000_ready(d) || len < 14 || len > FRAME_MOST || (len > 1522 && !(rctl & RCTL_LPE)) || !wanted(d, frame))
        return;
    uint32_t all = len < FRAME_LEAST ? FRAME_LEAST : (uint32_t)len;
    memset(bytes, 0, all + FCS);
    memcpy(bytes, frame, len);
    if (!(rctl & RCTL_SECRC))
        all += FCS; /* the check sequence counts, but nobody looks at it */
    if ((all + size - 1) / size > free_descriptors(d)) {
        e1000_interrupt(d, I_RXO);
        return;
    }
    for (uint32_t at = 0; at < all; at += size) {
        uint32_t part = all - at < size ? all - at : size;
        if (!fill(d, bytes + at, part, at + part == all))
            break;
    }
    ++*e1000_reg(d, R_GPRC);
    uint32_t few = ring_count(d) >> ((rctl >> 8 & 3) + 1);
    e1000_interrupt(d, I_RXT0 | (free_descriptors(d) <= few ? I_RXDMT0 : 0));
}
