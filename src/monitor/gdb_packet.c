#include "monitor/gdb_packet.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE, DATA, ESCAPED, SUM_HIGH, SUM_LOW };
enum { ESCAPE = '}', FLIP = 0x20, INTERRUPT = 3 };

int gdb_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool gdb_number(const char **at, uint64_t *value)
{
    int digits = 0;
    for (*value = 0; gdb_digit(**at) >= 0; (*at)++, digits++) {
        if (*value >> 60)
            return false;
        *value = *value << 4 | (unsigned)gdb_digit(**at);
    }
    return digits;
}

bool gdb_unhex(const char *text, void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = gdb_digit(text[2 * i]), low = high < 0 ? -1 : gdb_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        ((uint8_t *)bytes)[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void gdb_hex(char *text, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = ((const uint8_t *)bytes)[i];
        text[2 * i] = "0123456789abcdef"[byte >> 4];
        text[2 * i + 1] = "0123456789abcdef"[byte & 15];
    }
}

void gdb_link_init(GdbLink *l)
{
    *l = (GdbLink){ .in = xalloc(GDB_PACKET + 1) };
}

void gdb_link_reset(GdbLink *l)
{
    bytes_drop(&l->out, l->out.len);
    bytes_drop(&l->last, l->last.len);
    *l = (GdbLink){ .in = l->in, .out = l->out, .last = l->last };
}

void gdb_link_free(GdbLink *l)
{
    free(l->in);
    bytes_free(&l->out);
    bytes_free(&l->last);
}

static void begin(GdbLink *l)
{
    l->state = DATA;
    l->in_len = 0;
    l->sum = 0;
    l->too_long = false;
}

static void put(GdbLink *l, char c)
{
    if (l->in_len == GDB_PACKET)
        l->too_long = true;
    else
        l->in[l->in_len++] = c;
}

static GdbNews idle(GdbLink *l, char c)
{
    if (c == '$')
        begin(l);
    else if (c == '-' && !l->no_ack && l->out.len < GDB_PACKET) /* bounded, whatever somebody sends */
        bytes_put(&l->out, bytes_peek(&l->last), l->last.len, SIZE_MAX);
    return c == INTERRUPT ? GDB_GOT_BREAK : GDB_NOTHING;
}

static GdbNews data(GdbLink *l, char c)
{
    if (c == '$') { /* never inside a packet: the last one was cut off */
        begin(l);
        return GDB_NOTHING;
    }
    if (c == '#') {
        l->state = SUM_HIGH;
        return GDB_NOTHING;
    }
    l->sum += (uint8_t)c;
    if (l->state == DATA && c == ESCAPE) {
        l->state = ESCAPED;
        return GDB_NOTHING;
    }
    put(l, l->state == ESCAPED ? (char)(c ^ FLIP) : c);
    l->state = DATA;
    return GDB_NOTHING;
}

static GdbNews checksum(GdbLink *l, char c)
{
    int digit = gdb_digit(c);
    l->said = l->state == SUM_HIGH ? (unsigned)digit : digit < 0 ? ~0u : l->said << 4 | (unsigned)digit;
    if (l->state == SUM_HIGH) {
        l->state = SUM_LOW;
        return GDB_NOTHING;
    }
    l->state = IDLE;
    bool good = l->no_ack || l->said == (l->sum & 0xff);
    if (!l->no_ack)
        bytes_put(&l->out, good ? "+" : "-", 1, SIZE_MAX);
    if (l->too_long)
        l->in_len = 0;
    l->in[l->in_len] = 0;
    return good ? GDB_GOT_PACKET : GDB_NOTHING;
}

size_t gdb_link_take(GdbLink *l, const void *bytes, size_t len, GdbNews *news)
{
    size_t n = 0;
    for (*news = GDB_NOTHING; n < len && *news == GDB_NOTHING; n++) {
        char c = ((const char *)bytes)[n];
        *news = l->state == IDLE ? idle(l, c) : l->state <= ESCAPED ? data(l, c) : checksum(l, c);
    }
    return n;
}

void gdb_link_send(GdbLink *l, const void *packet, size_t len)
{
    unsigned sum = 0;
    Bytes *to = &l->last;
    bytes_drop(to, to->len);
    bytes_put(to, "$", 1, SIZE_MAX);
    for (size_t i = 0; i < len; i++) {
        char c = ((const char *)packet)[i], both[2] = { ESCAPE, (char)(c ^ FLIP) };
        bool escape = c && strchr("$#}*", c);
        sum += escape ? (uint8_t)both[0] + (unsigned)(uint8_t)both[1] : (uint8_t)c;
        bytes_put(to, escape ? both : &c, escape ? 2 : 1, SIZE_MAX);
    }
    char end[3] = { '#' };
    gdb_hex(end + 1, &(uint8_t){ (uint8_t)sum }, 1);
    bytes_put(to, end, 3, SIZE_MAX);
    bytes_put(&l->out, bytes_peek(to), to->len, SIZE_MAX);
}
