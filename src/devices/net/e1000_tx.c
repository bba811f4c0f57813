/* Sending (82540EM manual 317453, 3.3 to 3.5): legacy, context and data descriptors, checksums and segmentation. */
#include "base/log.h"
#include "devices/net/e1000.h"
#include "devices/net/inet.h"

#include <string.h>

enum { TCTL_ON = 2, DESCRIPTOR = 16 };
enum { C_EOP = 1, C_IC = 4, C_RS = 8, C_DEXT = 32 };
enum { TUCMD_TCP = 1, TUCMD_IP = 2, TUCMD_TSE = 4 };
enum { OPTION_IP_SUM = 1, OPTION_TCP_SUM = 2 };
enum { TYPE_CONTEXT = 0, TYPE_DATA = 1, STATUS_DONE = 1 };
enum { TCP_FIN_PSH = 0x09, ETHERNET_LEAST = 60 };

typedef struct Descriptor {
    uint64_t address;
    uint32_t low, high; /* length, command; status, special */
} Descriptor;

/* The Internet checksum of [start, end), to where it belongs. A value that is there counts: the pseudo header's. */
static void checksum(uint8_t *frame, uint32_t len, uint32_t start, uint32_t end, uint32_t to)
{
    uint32_t last = end && end < len ? end + 1 : len;
    if (to + 2 > len || start >= last)
        return;
    inet_put16(frame + to, ~inet_sum(frame + start, last - start, 0) & 0xffffu);
}

static void send(E1000 *d, uint8_t *frame, uint32_t len, bool sums)
{
    const E1000Offload *o = &d->offload;
    if (sums && d->options & OPTION_TCP_SUM)
        checksum(frame, len, o->tcp_start, o->tcp_end, o->tcp_sum);
    if (sums && d->options & OPTION_IP_SUM) {
        if (o->ip_sum + 2u <= len)
            inet_put16(frame + o->ip_sum, 0);
        checksum(frame, len, o->ip_start, o->ip_end, o->ip_sum);
    }
    ++*e1000_reg(d, R_GPTC);
    if (len < ETHERNET_LEAST) {
        memset(frame + len, 0, ETHERNET_LEAST - len);
        len = ETHERNET_LEAST;
    }
    if (d->net)
        d->net->send(d->net, frame, len);
}

/* The header of segment n: lengths, identification, sequence number; FIN and PSH are the last one's. */
static void fix_header(const E1000Offload *o, uint8_t *frame, uint32_t len, uint32_t n, uint32_t sent, bool last)
{
    uint8_t *ip = frame + o->ip_start, *tcp = frame + o->tcp_start;
    if (o->ip4) {
        inet_put16(ip + 2, len - o->ip_start);
        inet_put16(ip + 4, inet_get16(ip + 4) + n);
    } else {
        inet_put16(ip + 4, len - o->ip_start - 40);
    }
    if (o->tcp) {
        inet_put32(tcp + 4, inet_get32(tcp + 4) + sent);
        if (!last)
            tcp[13] &= (uint8_t)~TCP_FIN_PSH;
    } else {
        inet_put16(tcp + 4, len - o->tcp_start);
    }
    /* the driver's sum of the pseudo header is without the length */
    uint32_t sum = inet_get16(frame + o->tcp_sum) + len - o->tcp_start;
    inet_put16(frame + o->tcp_sum, (sum & 0xffff) + (sum >> 16));
}

static void send_segments(E1000 *d)
{
    const E1000Offload *o = &d->offload;
    uint8_t segment[256 + 65536];
    uint32_t body = d->filled > o->header ? d->filled - o->header : 0, sent = 0;
    bool sane = o->segment && o->header && o->ip_start + 40u <= o->header + 20u && o->tcp_start + 20u <= o->header &&
                o->ip_start + 6u <= o->header && o->tcp_sum + 2u <= o->header && d->filled >= o->header;
    if (!sane) {
        log_guest("%s: segments of a frame without headers", d->pci.dev.id);
        return;
    }
    for (uint32_t n = 0; sent < body; n++) {
        uint32_t part = body - sent < o->segment ? body - sent : o->segment;
        memcpy(segment, d->frame, o->header);
        memcpy(segment + o->header, d->frame + o->header + sent, part);
        fix_header(o, segment, o->header + part, n, sent, sent + part == body);
        send(d, segment, o->header + part, true);
        sent += part;
    }
}

static void take_context(E1000 *d, const Descriptor *c)
{
    uint32_t command = c->low >> 24;
    d->offload = (E1000Offload){ .ip_start = (uint8_t)c->address,
                                 .ip_sum = (uint8_t)(c->address >> 8),
                                 .ip_end = (uint16_t)(c->address >> 16),
                                 .tcp_start = (uint8_t)(c->address >> 32),
                                 .tcp_sum = (uint8_t)(c->address >> 40),
                                 .tcp_end = (uint16_t)(c->address >> 48),
                                 .header = (uint8_t)(c->high >> 8),
                                 .segment = (uint16_t)(c->high >> 16),
                                 .tcp = command & TUCMD_TCP,
                                 .ip4 = command & TUCMD_IP };
}

/* The rest of a frame that is too long is dropped. */
static void take_data(E1000 *d, uint64_t address, uint32_t len)
{
    if (len > E1000_FRAME - d->filled)
        len = E1000_FRAME - d->filled;
    if (!space_read(d->pci.dev.dma, address, d->frame + d->filled, len))
        log_guest("%s: a frame's data are not in memory", d->pci.dev.id);
    d->filled += len;
}

static void end_frame(E1000 *d, bool extended)
{
    if (extended && d->offload.split)
        send_segments(d);
    else if (d->filled)
        send(d, d->frame, d->filled, extended);
    d->filled = 0;
    d->options = 0;
}

static void take(E1000 *d, const Descriptor *t)
{
    uint32_t command = t->low >> 24;
    bool extended = command & C_DEXT;
    if (extended && (t->low >> 20 & 15) == TYPE_CONTEXT) {
        take_context(d, t);
        return;
    }
    if (!d->filled && extended) {
        d->options = (uint8_t)(t->high >> 8);
        d->offload.split = command & TUCMD_TSE;
    }
    take_data(d, t->address, extended ? t->low & 0xfffff : t->low & 0xffff);
    if (!(command & C_EOP))
        return;
    if (!extended && command & C_IC) /* legacy: from CSS to the end, to CSO */
        checksum(d->frame, d->filled, t->high >> 8 & 0xff, 0, t->low >> 16 & 0xff);
    end_frame(d, extended);
}

void e1000_transmit(E1000 *d)
{
    uint64_t ring = (uint64_t)*e1000_reg(d, R_TDBAH) << 32 | (*e1000_reg(d, R_TDBAL) & ~15u);
    uint32_t count = (*e1000_reg(d, R_TDLEN) & 0xfff80) / DESCRIPTOR, *head = e1000_reg(d, R_TDH);
    uint32_t tail = *e1000_reg(d, R_TDT), causes = I_TXQE;
    if (!(*e1000_reg(d, R_TCTL) & TCTL_ON) || !count || tail >= count || *head >= count)
        return;
    for (uint32_t left = count; left && *head != tail; left--) {
        Descriptor t;
        uint64_t at = ring + (uint64_t)*head * DESCRIPTOR;
        if (!space_read(d->pci.dev.dma, at, &t, sizeof t))
            break;
        take(d, &t);
        if (t.low >> 24 & C_RS) {
            t.high |= STATUS_DONE;
            space_write(d->pci.dev.dma, at + 12, &t.high, 4);
            causes |= I_TXDW;
        }
        *head = (*head + 1) % count;
    }
    e1000_interrupt(d, causes);
}
