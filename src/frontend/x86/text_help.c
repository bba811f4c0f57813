/* What sse_text.c calls. SDM volume 2, 4.1 (the control byte of PCMPxSTRx), MPSADBW, PHMINPOSUW. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/x86.h"

#include <string.h>

typedef struct Text {
    int32_t e[16]; /* elements, extended as the control byte says */
    unsigned length;
} Text;

/* Bits 0 and 1: words, signed. */
static void read_elements(Text *s, const void *from, unsigned control)
{
    uint8_t b[16];
    memcpy(b, from, sizeof b);
    for (unsigned n = 0; n < 16; n++) {
        uint16_t w = (uint16_t)(b[2 * n & 15] | b[(2 * n + 1) & 15] << 8);
        s->e[n] = control & 1 ? (control & 2 ? (int16_t)w : w) : control & 2 ? (int8_t)b[n] : b[n];
    }
}

/* Up to the first zero; or a register's value without its sign. */
static unsigned implicit_length(const Text *s, unsigned count)
{
    unsigned n = 0;
    while (n < count && s->e[n])
        n++;
    return n;
}

static unsigned explicit_length(uint64_t reg, bool wide, unsigned count)
{
    int64_t v = wide ? (int64_t)reg : (int32_t)reg;
    uint64_t size = v < 0 ? -(uint64_t)v : (uint64_t)v;
    return size < count ? (unsigned)size : count;
}

static bool any_equal(const Text *a, int32_t v)
{
    for (unsigned k = 0; k < a->length; k++)
        if (a->e[k] == v)
            return true;
    return false;
}

static bool in_ranges(const Text *a, int32_t v)
{
    for (unsigned k = 0; k + 1 < a->length; k += 2)
        if (a->e[k] <= v && v <= a->e[k + 1])
            return true;
    return false;
}

/* From i on b is a, as far as both go. */
static bool starts_at(const Text *a, const Text *b, unsigned i, unsigned count)
{
    for (unsigned k = 0; k < a->length && i + k < count; k++)
        if (i + k >= b->length || a->e[k] != b->e[i + k])
            return false;
    return true;
}

static unsigned compare(const Text *a, const Text *b, unsigned how, unsigned count)
{
    unsigned r = 0;
    for (unsigned i = 0; i < count; i++) {
        bool there = i < b->length, holds = false;
        if (how == 0)
            holds = there && any_equal(a, b->e[i]);
        else if (how == 1)
            holds = there && in_ranges(a, b->e[i]);
        else if (how == 2)
            holds = there == (i < a->length) && (!there || a->e[i] == b->e[i]);
        else
            holds = starts_at(a, b, i, count);
        r |= (unsigned)holds << i;
    }
    return r;
}

static void give_mask(X86Cpu *c, unsigned bits, unsigned control, unsigned count)
{
    uint8_t m[16] = { 0 };
    for (unsigned n = 0; n < 16; n++)
        if (bits >> (n * count / 16) & 1)
            m[n] = 0xff;
    if (!(control & 0x40)) {
        memset(m, 0, sizeof m);
        m[0] = (uint8_t)bits;
        m[1] = (uint8_t)(bits >> 8);
    }
    memcpy(&c->scratch[2], m, sizeof m);
}

/* how: the control byte; bit 8: lengths in rAX and rDX; 9: mask instead of index; 10: those are 64 bits wide. */
uint64_t x86_help_string_compare(Cpu *cpu, uint64_t how, uint64_t y, uint64_t z)
{
    X86Cpu *c = x86_of(cpu);
    unsigned control = how & 0xff, count = control & 1 ? 8 : 16, all = (1u << count) - 1;
    Text a, b;
    (void)y, (void)z;
    read_elements(&a, &c->scratch[0], control);
    read_elements(&b, &c->scratch[1], control);
    bool given = how >> 8 & 1, wide = how >> 10 & 1;
    a.length = given ? explicit_length(c->r[RAX], wide, count) : implicit_length(&a, count);
    b.length = given ? explicit_length(c->r[RDX], wide, count) : implicit_length(&b, count);
    unsigned bits = compare(&a, &b, control >> 2 & 3, count);
    if (control & 0x10)
        bits ^= control & 0x20 ? (1u << b.length) - 1 : all;
    c->tmp[1] = (bits ? FLAG_C : 0) | (b.length < count ? FLAG_Z : 0) | (a.length < count ? FLAG_N : 0) |
                (bits & 1 ? FLAG_V : 0);
    if (how >> 9 & 1)
        give_mask(c, bits, control, count);
    else
        c->tmp[0] = !bits            ? count
                    : control & 0x40 ? 31u - (unsigned)__builtin_clz(bits)
                                     : (unsigned)__builtin_ctz(bits);
    return 0;
}

uint64_t x86_help_mpsadbw(Cpu *cpu, uint64_t imm, uint64_t y, uint64_t z)
{
    X86Cpu *c = x86_of(cpu);
    uint8_t a[16], b[16];
    uint16_t r[8] = { 0 };
    (void)y, (void)z;
    memcpy(a, &c->scratch[0], 16);
    memcpy(b, &c->scratch[1], 16);
    for (unsigned n = 0; n < 8; n++)
        for (unsigned k = 0; k < 4; k++) {
            int d = a[(imm & 4) + n + k] - b[4 * (imm & 3) + k];
            r[n] = (uint16_t)(r[n] + (d < 0 ? -d : d));
        }
    memcpy(&c->scratch[2], r, 16);
    return 0;
}

uint64_t x86_help_phminposuw(Cpu *cpu, uint64_t x, uint64_t y, uint64_t z)
{
    X86Cpu *c = x86_of(cpu);
    uint16_t v[8];
    uint64_t at = 0;
    (void)x, (void)y, (void)z;
    memcpy(v, &c->scratch[0], 16);
    for (unsigned n = 1; n < 8; n++)
        if (v[n] < v[at])
            at = n;
    c->scratch[2] = (V128){ v[at] | at << 16, 0 };
    return 0;
}
