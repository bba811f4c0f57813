/* String instructions as their helpers see them: string.c packs, help_string.c and help_string_quick.c unpack. */
#pragma once
#include "frontend/x86/sys.h"

typedef enum X86String {
    STRING_MOVS,
    STRING_CMPS,
    STRING_STOS,
    STRING_LODS,
    STRING_SCAS,
    STRING_INS,
    STRING_OUTS
} X86String;

/* op, operand bytes, address bytes, segment of the source, REP prefix (0xf3, 0xf2, 0: once), length of the
 * instruction. RESUMED: some elements may have been done, tmp[0] of them. */
#define STRING_ARG(op, bytes, adsize, seg, rep, length)                                                                \
    ((uint64_t)(op) | (uint64_t)(bytes) << 8 | (uint64_t)(adsize) << 16 | (uint64_t)(seg) << 24 |                      \
     (uint64_t)(rep) << 32 | (uint64_t)(length) << 40)
#define STRING_RESUMED (1ull << 48)

typedef struct String {
    X86Cpu *c;
    X86String op;
    unsigned bytes, adsize, rep, length;
    X86Seg seg;
    uint64_t mask, step;
} String;

static inline String string_of(X86Cpu *c, uint64_t how)
{
    String s = { .c = c,
                 .op = (X86String)(how & 0xff),
                 .bytes = how >> 8 & 0xff,
                 .adsize = how >> 16 & 0xff,
                 .seg = (X86Seg)(how >> 24 & 0xff),
                 .rep = how >> 32 & 0xff,
                 .length = how >> 40 & 0xff };
    s.mask = s.adsize == 8 ? ~0ull : (1ull << 8 * s.adsize) - 1;
    s.step = c->eflags & FL_DF ? -(uint64_t)s.bytes : s.bytes;
    return s;
}

static inline bool string_compares(const String *s)
{
    return s->op == STRING_CMPS || s->op == STRING_SCAS;
}

static inline bool string_stores(const String *s) /* to memory alone */
{
    return s->op == STRING_MOVS || s->op == STRING_STOS;
}

static inline uint64_t string_index(const String *s, unsigned reg)
{
    return s->c->r[reg] & s->mask;
}

/* A register of the address size: 32 bits clear the upper half, 16 leave the rest. */
static inline void string_set(const String *s, unsigned reg, uint64_t v)
{
    uint64_t *r = &s->c->r[reg];
    *r = s->adsize == 2 ? (*r & ~0xffffull) | (v & 0xffff) : v & s->mask;
}

enum { STRING_BYTES = 65536 }; /* of MOVS and STOS, before the next test for interrupts */

/* Elements before the next test for interrupts, wherever they are: when instructions are counted, those of one that is
 * taken up again count, too. */
static inline uint64_t string_batch(const String *s)
{
    return string_stores(s) ? STRING_BYTES / s->bytes : 4096;
}

/* What can be done at once of MOVS, STOS, CMPS or SCAS upwards, `most` elements at most; how many were, 0: do one by
 * itself. After a comparison, too: flags are those of the last, which is not in it. */
uint64_t x86_string_run(const String *, uint64_t most);
