/* The x87 environment in memory: SDM volume 1, figures 8-9 to 8-12. */
#include "frontend/x86/x87.h"

#include <string.h>

static void put(uint8_t *at, unsigned bytes, uint64_t v)
{
    memcpy(at, &v, bytes);
}

static uint32_t get(const uint8_t *at, unsigned bytes)
{
    uint32_t v = 0;
    memcpy(&v, at, bytes);
    return v;
}

/* In real and virtual-8086 mode pointers are linear ones, and the opcode stands beside them. */
static uint32_t linear(uint32_t selector, uint64_t offset)
{
    return (selector << 4) + (uint32_t)offset;
}

static void store16(const X86Cpu *c, bool real, uint8_t *m)
{
    uint32_t ip = real ? linear(c->fcs, c->fip) : (uint32_t)c->fip,
             dp = real ? linear(c->fds, c->fdp) : (uint32_t)c->fdp;
    put(m, 2, c->fcw);
    put(m + 2, 2, x87_status(c));
    put(m + 4, 2, x87_tags(c));
    put(m + 6, 2, ip);
    put(m + 8, 2, real ? (ip >> 4 & 0xf000) | c->fop : c->fcs);
    put(m + 10, 2, dp);
    put(m + 12, 2, real ? dp >> 4 & 0xf000 : c->fds);
}

static void store32(const X86Cpu *c, bool real, uint8_t *m)
{
    uint32_t ip = real ? linear(c->fcs, c->fip) : (uint32_t)c->fip,
             dp = real ? linear(c->fds, c->fdp) : (uint32_t)c->fdp;
    put(m, 4, c->fcw | 0xffff0000);
    put(m + 4, 4, x87_status(c) | 0xffff0000);
    put(m + 8, 4, x87_tags(c) | 0xffff0000);
    put(m + 12, 4, real ? (ip & 0xffff) | 0xffff0000 : ip);
    put(m + 16, 4, real ? (ip >> 4 & 0xffff000) | c->fop : c->fcs | c->fop << 16);
    put(m + 20, 4, real ? (dp & 0xffff) | 0xffff0000 : dp);
    put(m + 24, 4, real ? dp >> 4 & 0xffff000 : c->fds | 0xffff0000);
}

unsigned x87_store_environment(const X86Cpu *c, unsigned format, uint8_t image[28])
{
    if (format & X87_16)
        store16(c, format & X87_REAL, image);
    else
        store32(c, format & X87_REAL, image);
    return format & X87_16 ? 14 : 28;
}

static void load_real(X86Cpu *c, unsigned word, const uint8_t *m)
{
    uint32_t ip = get(m, word), second = get(m + word, word), dp = get(m + 2 * word, word),
             last = get(m + 3 * word, word);
    c->fop = second & 0x7ff;
    c->fip = (ip & 0xffff) | (second & 0xffff000) << 4;
    c->fdp = (dp & 0xffff) | (last & 0xffff000) << 4;
    c->fcs = c->fds = 0;
}

static void load_protected(X86Cpu *c, unsigned word, const uint8_t *m)
{
    c->fip = get(m, word);
    c->fcs = get(m + word, 2);
    c->fop = word == 4 ? get(m + word + 2, 2) & 0x7ff : 0;
    c->fdp = get(m + 2 * word, word);
    c->fds = get(m + 3 * word, 2);
}

void x87_load_environment(X86Cpu *c, unsigned format, const uint8_t *image)
{
    unsigned word = format & X87_16 ? 2 : 4;
    x87_set_control(c, get(image, 2));
    x87_set_status(c, get(image + word, 2));
    x87_set_tags(c, get(image + 2 * word, 2));
    if (format & X87_REAL)
        load_real(c, word, image + 3 * word);
    else
        load_protected(c, word, image + 3 * word);
}
