/* Receiving: filters; a ring of bytes, or one of descriptors (data sheet, 5.1, 9.2). */
#include "devices/net/inet.h"
#include "devices/net/rtl8139.h"

#include <string.h>

enum { RCR_ALL = 1, RCR_OURS = 2, RCR_GROUPS = 4, RCR_EVERYBODY = 8, RCR_WRAP = 0x80 };
enum { S_OK = 1, S_BROADCAST = 1 << 13, S_PHYSICAL = 1 << 14, S_MULTICAST = 1 << 15, RING_HEADER = 4 };
enum { CAPR_BEHIND = 16, FRAME_LEAST = 60, FRAME_MOST = 1792, ETHERNET_ADDRESSES = 12 };

static bool has_ring(const Rtl8139 *d)
{
    return rtl8139_get(d, R_CPCR, 2) & CP_RECEIVE;
}

/* ---- who is meant ---- */

/* The upper six bits of the CRC of an address. */
static unsigned hash(const uint8_t *to)
{
    uint32_t crc = UINT32_MAX;
    for (int i = 0; i < 6; i++)
        for (int bit = 0; bit < 8; bit++)
            crc = crc << 1 ^ ((crc >> 31 ^ (uint32_t)(to[i] >> bit & 1)) & 1 ? 0x04c11db7u : 0);
    return crc >> 26;
}

/* 0: nobody here. */
static uint32_t meant(Rtl8139 *d, const uint8_t *to)
{
    uint32_t rcr = rtl8139_get(d, R_RCR, 4);
    unsigned bit = hash(to);
    if (!memcmp(to, "\xff\xff\xff\xff\xff\xff", 6))
        return rcr & (RCR_EVERYBODY | RCR_ALL) ? S_BROADCAST : 0;
    if (to[0] & 1)
        return rcr & RCR_ALL || (rcr & RCR_GROUPS && d->reg[R_MAR + bit / 8] >> bit % 8 & 1) ? S_MULTICAST : 0;
    bool ours = !memcmp(to, d->reg + R_IDR, 6);
    return (rcr & RCR_OURS && ours) || rcr & RCR_ALL ? S_PHYSICAL : 0;
}

/* ---- the ring of bytes ---- */

static uint32_t ring_size(const Rtl8139 *d)
{
    return 8192u << (rtl8139_get(d, R_RCR, 4) >> 11 & 3);
}

/* The reader's pointer is 16 behind what it has read. */
static uint32_t readers_place(const Rtl8139 *d)
{
    return (rtl8139_get(d, R_CAPR, 2) + CAPR_BEHIND) % ring_size(d);
}

bool rtl8139_ring_is_empty(const Rtl8139 *d)
{
    return rtl8139_get(d, R_CBR, 2) % ring_size(d) == readers_place(d);
}

static uint32_t ring_room(const Rtl8139 *d)
{
    uint32_t size = ring_size(d), room = (readers_place(d) + size - rtl8139_get(d, R_CBR, 2) % size) % size;
    return room ? room : size;
}

/* At its end it begins again, unless the driver has room behind it for the rest of a frame. */
static void put_bytes(Rtl8139 *d, uint32_t at, const uint8_t *bytes, uint32_t len)
{
    uint64_t base = rtl8139_get(d, R_RBSTART, 4);
    uint32_t size = ring_size(d), first = len;
    bool behind = rtl8139_get(d, R_RCR, 4) & RCR_WRAP && size < 65536;
    if (!behind && at + len > size)
        first = size - at;
    space_write(d->pci.dev.dma, base + at, bytes, first);
    space_write(d->pci.dev.dma, base, bytes + first, len - first);
}

static void to_bytes(Rtl8139 *d, const uint8_t *frame, uint32_t len, uint32_t status)
{
    uint8_t all[RING_HEADER + FRAME_MOST + RTL_FCS + 4] = { 0 };
    uint32_t with_fcs = len + RTL_FCS, total = (RING_HEADER + with_fcs + 3) & ~3u, size = ring_size(d);
    uint32_t head = (status | S_OK) | with_fcs << 16, at = rtl8139_get(d, R_CBR, 2) % size;
    if (total >= ring_room(d)) {
        rtl8139_put(d, R_MPC, (rtl8139_get(d, R_MPC, 4) + 1) & 0xffffff, 4);
        rtl8139_interrupt(d, I_RX_OVERFLOW);
        return;
    }
    memcpy(all, &head, sizeof head);
    memcpy(all + RING_HEADER, frame, len); /* the check sequence counts, but nobody looks at it */
    put_bytes(d, at, all, total);
    rtl8139_put(d, R_CBR, (at + total) % size, 2);
    rtl8139_interrupt(d, I_ROK);
}

/* ---- the ring of descriptors ---- */

typedef struct Descriptor {
    uint32_t command, tag, low, high;
} Descriptor;

static uint64_t descriptor_at(const Rtl8139 *d)
{
    uint64_t ring = (uint64_t)rtl8139_get(d, R_RDSAR + 4, 4) << 32 | rtl8139_get(d, R_RDSAR, 4);
    return (ring & ~UINT64_C(255)) + (uint64_t)d->next_rx * RTL_DESCRIPTOR;
}

static bool get_descriptor(const Rtl8139 *d, Descriptor *r)
{
    return space_read(d->pci.dev.dma, descriptor_at(d), r, sizeof *r) && r->command & D_OWN;
}

/* 802.1Q's tag out of the frame, into the descriptor. */
static uint32_t strip_tag(Rtl8139 *d, uint8_t *frame, uint32_t *len)
{
    uint16_t tag;
    bool tagged = *len >= ETHERNET_ADDRESSES + VLAN_TAG + 2 && inet_get16(frame + ETHERNET_ADDRESSES) == VLAN_TYPE;
    if (!tagged || !(rtl8139_get(d, R_CPCR, 2) & CP_VLAN))
        return 0;
    memcpy(&tag, frame + ETHERNET_ADDRESSES + 2, 2);
    *len -= VLAN_TAG;
    memmove(frame + ETHERNET_ADDRESSES, frame + ETHERNET_ADDRESSES + VLAN_TAG, *len - ETHERNET_ADDRESSES);
    return TAG_PRESENT | tag;
}

static void to_descriptors(Rtl8139 *d, uint8_t *frame, uint32_t len, uint32_t status)
{
    uint32_t tag = strip_tag(d, frame, &len), all = len + RTL_FCS;
    memset(frame + len, 0, RTL_FCS);
    for (uint32_t at = 0; at < all;) {
        Descriptor r;
        uint64_t where = descriptor_at(d);
        if (!get_descriptor(d, &r) || !(r.command & 0x1fff)) {
            rtl8139_interrupt(d, I_RX_OVERFLOW);
            return;
        }
        uint32_t room = r.command & 0x1fff, part = all - at < room ? all - at : room;
        space_write(d->pci.dev.dma, (uint64_t)r.high << 32 | r.low, frame + at, part);
        bool last = at + part == all;
        d->next_rx = r.command & D_END || d->next_rx == RTL_RING - 1 ? 0 : d->next_rx + 1;
        r.command = (r.command & D_END) | (at ? 0 : D_FIRST) | (last ? D_LAST : 0) | status << 12 | (last ? all : part);
        r.tag = tag;
        if (!space_write(d->pci.dev.dma, where, &r, 8))
            return;
        at += part;
    }
    rtl8139_interrupt(d, I_ROK);
}

/* ---- both ---- */

bool rtl8139_ready(void *dev)
{
    Rtl8139 *d = dev;
    Descriptor r;
    bool on = pci_get(&d->pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER && d->reg[R_CR] & CR_RECEIVE;
    return on && (has_ring(d) ? get_descriptor(d, &r) : ring_room(d) > FRAME_MOST + RING_HEADER + RTL_FCS + 4);
}

void rtl8139_receive(void *dev, const void *frame, size_t len)
{
    Rtl8139 *d = dev;
    uint8_t bytes[FRAME_MOST + RTL_FCS] = { 0 };
    uint32_t status = len >= 14 && len <= FRAME_MOST ? meant(d, frame) : 0;
    if (!status || !(d->reg[R_CR] & CR_RECEIVE))
        return;
    memcpy(bytes, frame, len);
    d->counts.received++;
    d->counts.to_us += status == S_PHYSICAL;
    d->counts.to_all += status == S_BROADCAST;
    d->counts.to_groups += status == S_MULTICAST;
    uint32_t all = len < FRAME_LEAST ? FRAME_LEAST : (uint32_t)len;
    if (has_ring(d))
        to_descriptors(d, bytes, all, status);
    else
        to_bytes(d, bytes, all, status);
}
