/* Sending: four slots of whole frames, or two rings of descriptors with checksums, VLAN tags and large sends (data
 * sheet, 5.2, 9.1). */
#include "devices/net/inet.h"
#include "devices/net/rtl8139.h"

#include "base/log.h"

#include <string.h>

enum { TSD_OWN = 1 << 13, TSD_TOK = 1 << 15, TSD_SIZE = 0x1fff, TCR_LOOPBACK = 3 << 17 };
enum { C_LARGE = 1 << 27, C_IP_SUM = 1 << 18, C_UDP_SUM = 1 << 17, C_TCP_SUM = 1 << 16, MSS_SHIFT = 16, MSS = 0x7ff };
enum { ETHERNET = 14, ETHERNET_LEAST = 60, IP_LEAST = 20, TCP_LEAST = 20, UDP_HEADER = 8, TYPE_IP = 0x0800 };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, TCP_FIN_PSH = 9, SLOTS = 4 };

static void send(Rtl8139 *d, uint8_t *frame, uint32_t len)
{
    uint8_t small[ETHERNET_LEAST] = { 0 };
    if (len < ETHERNET_LEAST) {
        memcpy(small, frame, len);
        frame = small;
        len = ETHERNET_LEAST;
    }
    d->counts.sent++;
    if ((rtl8139_get(d, R_TCR, 4) & TCR_LOOPBACK) == TCR_LOOPBACK)
        rtl8139_receive(d, frame, len);
    else if (d->net)
        d->net->send(d->net, frame, len);
}

/* ---- slots ---- */

static void send_slot(Rtl8139 *d, uint32_t slot)
{
    uint8_t frame[TSD_SIZE + 1];
    uint32_t status = rtl8139_get(d, R_TSD + slot * 4, 4), len = status & TSD_SIZE;
    if (space_read(d->pci.dev.dma, rtl8139_get(d, R_TSAD + slot * 4, 4), frame, len))
        send(d, frame, len);
    else
        log_guest("%s: a frame's data are not in memory", d->pci.dev.id);
    rtl8139_put(d, R_TSD + slot * 4, status | TSD_OWN | TSD_TOK, 4);
}

/* In their order; a slot without OWN is the card's. */
void rtl8139_transmit(Rtl8139 *d)
{
    bool any = false;
    for (int i = 0; i < SLOTS && d->reg[R_CR] & CR_TRANSMIT; i++) {
        if (rtl8139_get(d, R_TSD + d->slot * 4u, 4) & TSD_OWN)
            break;
        send_slot(d, d->slot);
        d->slot = (d->slot + 1) % SLOTS;
        any = true;
    }
    if (any)
        rtl8139_interrupt(d, I_TOK);
}

/* ---- what the card does to frames ---- */

/* Where headers are in an IPv4 frame. */
typedef struct Headers {
    uint8_t *ip, *payload;
    uint32_t payload_len; /* TCP's or UDP's header and data, by the IP header */
    uint8_t protocol;
} Headers;

static bool find_headers(uint8_t *frame, uint32_t len, Headers *h)
{
    uint8_t *ip = frame + ETHERNET;
    if (len < ETHERNET + IP_LEAST || inet_get16(frame + 12) != TYPE_IP || ip[0] >> 4 != 4)
        return false;
    uint32_t header = (ip[0] & 15) * 4u, total = inet_get16(ip + 2);
    if (header < IP_LEAST || total < header || total > len - ETHERNET)
        return false;
    *h = (Headers){ ip, ip + header, total - header, ip[9] };
    return true;
}

static void sum_ip(const Headers *h)
{
    inet_put16(h->ip + 10, 0);
    inet_put16(h->ip + 10, ~inet_sum(h->ip, (uint32_t)(h->payload - h->ip), 0) & 0xffffu);
}

/* With the pseudo header, of which the driver need not have put anything in. */
static void sum_payload(const Headers *h, uint32_t at)
{
    if (at + 2 > h->payload_len)
        return;
    inet_put16(h->payload + at, 0);
    uint32_t pseudo = inet_sum(h->ip + 12, 8, h->protocol + h->payload_len);
    uint16_t sum = ~inet_sum(h->payload, h->payload_len, pseudo) & 0xffff;
    inet_put16(h->payload + at, sum ? sum : h->protocol == PROTOCOL_UDP ? 0xffff : 0);
}

static void fill_sums(uint8_t *frame, uint32_t len, uint32_t command)
{
    Headers h;
    if (!find_headers(frame, len, &h))
        return;
    if (command & C_IP_SUM)
        sum_ip(&h);
    if (command & C_TCP_SUM && h.protocol == PROTOCOL_TCP)
        sum_payload(&h, 16);
    if (command & C_UDP_SUM && h.protocol == PROTOCOL_UDP)
        sum_payload(&h, 6);
}

/* A large send: segments of `mss` bytes, each with the headers. */
static void send_segments(Rtl8139 *d, uint8_t *frame, uint32_t len, uint32_t mss)
{
    Headers h;
    bool fits = find_headers(frame, len, &h) && h.protocol == PROTOCOL_TCP && h.payload_len >= TCP_LEAST;
    uint32_t tcp = fits ? (h.payload[12] >> 4) * 4u : 0;
    if (!fits || !mss || tcp < TCP_LEAST || tcp > h.payload_len) {
        log_guest("%s: a large send of what is no TCP", d->pci.dev.id);
        return;
    }
    uint8_t segment[ETHERNET + 60 + 60 + MSS];
    uint32_t headers = (uint32_t)(h.payload - frame) + tcp, body = h.payload_len - tcp;
    for (uint32_t sent = 0, n = 0; sent < body; n++) {
        uint32_t part = body - sent < mss ? body - sent : mss;
        memcpy(segment, frame, headers);
        memcpy(segment + headers, frame + headers + sent, part);
        uint8_t *ip = segment + (h.ip - frame), *t = segment + (h.payload - frame);
        inet_put16(ip + 2, headers - ETHERNET + part);
        inet_put16(ip + 4, inet_get16(ip + 4) + n);
        inet_put32(t + 4, inet_get32(t + 4) + sent);
        if (sent + part < body)
            t[13] &= (uint8_t)~TCP_FIN_PSH;
        fill_sums(segment, headers + part, C_IP_SUM | C_TCP_SUM);
        send(d, segment, headers + part);
        sent += part;
    }
}

/* The driver's bytes are those of the bus: the tag's high one comes first. */
static uint32_t insert_tag(uint8_t *frame, uint32_t len, uint32_t tag)
{
    if (len < 12 || len > RTL_FRAME - VLAN_TAG)
        return len;
    memmove(frame + 12 + VLAN_TAG, frame + 12, len - 12);
    inet_put16(frame + 12, VLAN_TYPE);
    memcpy(frame + 14, &tag, 2);
    return len + VLAN_TAG;
}

/* ---- rings ---- */

typedef struct Descriptor {
    uint32_t command, tag, low, high;
} Descriptor;

static void take_data(Rtl8139 *d, const Descriptor *t)
{
    uint64_t at = (uint64_t)t->high << 32 | t->low;
    uint32_t len = t->command & 0xffff;
    if (t->command & D_FIRST)
        d->filled = 0;
    if (len > RTL_FRAME - d->filled)
        len = RTL_FRAME - d->filled; /* the rest of a frame that is too long is dropped */
    if (!space_read(d->pci.dev.dma, at, d->frame + d->filled, len))
        log_guest("%s: a frame's data are not in memory", d->pci.dev.id);
    d->filled += len;
}

static void end_frame(Rtl8139 *d, const Descriptor *t)
{
    if (t->command & C_LARGE) {
        send_segments(d, d->frame, d->filled, t->command >> MSS_SHIFT & MSS);
    } else {
        fill_sums(d->frame, d->filled, t->command);
        if (t->tag & TAG_INSERT)
            d->filled = insert_tag(d->frame, d->filled, t->tag & 0xffff);
        send(d, d->frame, d->filled);
    }
    d->filled = 0;
}

/* False: it is not ours. */
static bool take(Rtl8139 *d, uint64_t ring, uint8_t *next)
{
    Descriptor t;
    uint64_t at = ring + (uint64_t)*next * RTL_DESCRIPTOR;
    if (!space_read(d->pci.dev.dma, at, &t, sizeof t) || !(t.command & D_OWN))
        return false;
    take_data(d, &t);
    if (t.command & D_LAST)
        end_frame(d, &t);
    uint32_t done = t.command & (D_END | D_FIRST | D_LAST);
    *next = t.command & D_END || *next == RTL_RING - 1 ? 0 : *next + 1;
    return space_write(d->pci.dev.dma, at, &done, sizeof done);
}

void rtl8139_poll(Rtl8139 *d, uint8_t queues)
{
    bool on = d->reg[R_CR] & CR_TRANSMIT && rtl8139_get(d, R_CPCR, 2) & CP_TRANSMIT, any = false;
    for (uint32_t q = 2; q-- && on;) { /* the high priority ring first */
        uint64_t ring = (uint64_t)rtl8139_get(d, R_TSAD + q * 8 + 4, 4) << 32 | rtl8139_get(d, R_TSAD + q * 8, 4);
        for (int i = 0; queues >> (6 + q) & 1 && i < RTL_RING && take(d, ring & ~UINT64_C(255), &d->next_tx[q]); i++)
            any = true;
    }
    if (any)
        rtl8139_interrupt(d, I_TOK | I_TX_NONE);
}
