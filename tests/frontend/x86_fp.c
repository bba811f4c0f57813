#include "tests/frontend/x86_fp.h"

#include "tests/frontend/random_x86.h"
#include "tests/frontend/x86_known.h"

#include <stdio.h>
#include <string.h>

static unsigned below(uint64_t *seed, unsigned n)
{
    return x86_random_below(seed, n);
}

static uint64_t number(uint64_t *seed)
{
    return x86_random_number(seed) << 32 ^ x86_random_number(seed);
}

/* ---- values ---- */

/* Significands near a tie or an edge of some format, or of few bits. */
static uint64_t mantissa(uint64_t *seed)
{
    uint64_t low = (1ull << below(seed, 64)) - below(seed, 3);
    switch (below(seed, 6)) {
    case 0:
        return 0;
    case 1:
        return 1ull << 63 | low;
    case 2:
        return ~low;
    case 3:
        return low;
    case 4:
        return (number(seed) & ~0ull << below(seed, 64)) | 1ull << 63;
    default:
        return number(seed) | 1ull << 63;
    }
}

/* Biased exponents at which something happens: in the format itself, in narrower ones, in integers. */
static unsigned exponent(uint64_t *seed)
{
    static const uint16_t at[] = { 0,      0x7fff, 0x3fff,        0x3fff + 15,   0x3fff + 31,   0x3fff + 63,
                                   0x3fff, 0x3ffe, 0x3fff + 1023, 0x3fff + 127,  0x3fff - 1022, 0x3fff - 126,
                                   1,      0x7ffe, 0x3fff - 149,  0x3fff - 1074, 0x3fff + 52,   0x3fff + 59 };
    if (below(seed, 4) == 0)
        return below(seed, 0x8000);
    unsigned e = at[below(seed, sizeof at / sizeof *at)];
    return below(seed, 2) ? e : (e + below(seed, 5) - 2) & 0x7fff;
}

static void f80(uint8_t v[10], uint64_t *seed)
{
    uint64_t m = mantissa(seed);
    unsigned e = exponent(seed) | below(seed, 2) << 15;
    if (below(seed, 3) == 0) { /* the numbers of everyday */
        m = (uint64_t)(below(seed, 1000) + 1) << (54 - below(seed, 3)) | 1ull << 63;
        e = (0x3fff - 8 + below(seed, 20)) | below(seed, 2) << 15;
    }
    memcpy(v, &m, 8);
    memcpy(v + 8, &e, 2);
}

static uint64_t f64(uint64_t *seed)
{
    static const uint16_t at[] = { 0, 1, 0x3ff, 0x7fe, 0x7ff, 0x3ff + 31, 0x3ff + 52, 0x3ff + 127, 0x3ff - 126 };
    uint64_t e = below(seed, 3) ? at[below(seed, sizeof at / sizeof *at)] : below(seed, 0x800);
    return (mantissa(seed) << below(seed, 2) >> 12) | e << 52 | (uint64_t)below(seed, 2) << 63;
}

static uint32_t f32(uint64_t *seed)
{
    static const uint8_t at[] = { 0, 1, 0x7f, 0xfe, 0xff, 0x7f + 15, 0x7f + 23 };
    uint32_t e = below(seed, 3) ? at[below(seed, sizeof at / sizeof *at)] : below(seed, 0x100);
    return (uint32_t)(mantissa(seed) << below(seed, 2) >> 41) | e << 23 | below(seed, 2) << 31;
}

static void packed_decimal(uint8_t v[10], uint64_t *seed)
{
    for (int n = 0; n < 9; n++)
        v[n] = (uint8_t)(below(seed, 10) | below(seed, 10) << 4);
    v[9] = (uint8_t)(below(seed, 2) << 7 | (below(seed, 4) ? 0 : below(seed, 0x80)));
}

static void operand(uint8_t v[16], uint64_t *seed)
{
    uint64_t lo = f64(seed), hi = f64(seed);
    uint32_t s[4];
    memcpy(v, &lo, 8);
    memcpy(v + 8, &hi, 8);
    switch (below(seed, 5)) {
    case 0:
        f80(v, seed);
        break;
    case 1:
        for (int n = 0; n < 4; n++)
            s[n] = f32(seed);
        memcpy(v, s, 16);
        break;
    case 2:
        packed_decimal(v, seed);
        break;
    default:
        break;
    }
}

/* ---- state ---- */

/* Numbers of everyday, special ones, integers, anything. */
static void vector(uint8_t v[16], uint64_t *seed)
{
    uint64_t near = 0, kind = below(seed, 5);
    operand(v, seed);
    for (int n = 0; n < 16 && kind < 3; n += 8) {
        uint64_t x = number(seed);
        if (kind == 0) /* singles near 1 */
            near = (x & 0x83ffffff83ffffff) + 0x3e0000003e000000;
        else if (kind == 1) /* doubles near 1 */
            near = (x & 0x803fffffffffffff) + 0x3fe0000000000000;
        else
            near = below(seed, 3) ? x ^ number(seed) << 16 : x & 0x00ff00ff007f8001;
        memcpy(v + n, &near, 8);
    }
}

/* Cases draw their values from here, as making one takes longer than running it. */
enum { POOL = 2048 };
static struct {
    unsigned count;
    uint8_t f80[POOL][10], operand[POOL][16], vector[POOL][16];
} pool;

void x86_fp_pools(unsigned cases, uint64_t *seed)
{
    pool.count = cases < POOL / 8 ? 64 + 4 * cases : POOL;
    for (unsigned n = 0; n < pool.count; n++) {
        f80(pool.f80[n], seed);
        operand(pool.operand[n], seed);
        vector(pool.vector[n], seed);
    }
}

void x86_fp_memory(uint8_t *bytes, int count, uint64_t *seed)
{
    for (int at = 0; at + 16 <= count; at += 16)
        memcpy(bytes + at, pool.operand[below(seed, pool.count)], 16);
}

/* Rounding, flushing and flags at random; seldom an exception that is not masked. */
static uint32_t random_mxcsr(uint64_t *seed)
{
    uint32_t v = 0x1f80 | (below(seed, 2) ? 0 : below(seed, 4) << 13);
    v |= (below(seed, 8) ? 0 : 0x40) | (below(seed, 8) ? 0 : 0x8000) | (below(seed, 3) ? 0 : below(seed, 64));
    return below(seed, 16) ? v : v & ~(below(seed, 64) << 7);
}

static uint16_t control(uint64_t *seed)
{
    unsigned precision = below(seed, 2) ? 3 : below(seed, 4);
    unsigned masks = below(seed, 4) ? 0x3f : below(seed, 64);
    return (uint16_t)(masks | 0x40 | precision << 8 | below(seed, 4) << 10 | (below(seed, 8) == 0 ? 1u << 12 : 0));
}

/* Mostly all registers are in use, or those that a program of a few values would have. */
static uint8_t tags(uint64_t *seed, unsigned top)
{
    unsigned used = below(seed, 9);
    if (below(seed, 8) == 0)
        return (uint8_t)number(seed);
    if (below(seed, 3) == 0)
        used = 8;
    unsigned m = ((1u << used) - 1) << top;
    return (uint8_t)(m | m >> 8);
}

void x86_fp_random(X86Fp *f, uint64_t *seed, const X86Insn *i)
{
    bool area = i->row->feature == X86_fxsr || x86_is_xsave(i);
    memset(f, 0, sizeof *f);
    f->control = 0x37f;
    f->mxcsr = 0x1f80;
    if (area || i->attr & (X86_FPU | X86_MMX)) {
        unsigned top = below(seed, 8);
        f->control = control(seed);
        f->status = (uint16_t)(top << 11 | (number(seed) & 0x477f));
        if (below(seed, 8)) /* nothing pending */
            f->status &= (uint16_t)(0xffc0 | f->control);
        if (f->status & ~f->control & 0x3f)
            f->status |= 0x8080;
        f->tags = tags(seed, top);
        /* AMD's processors lose the pointers at a switch of processes unless an exception is pending */
        bool lost = !(f->status & 0x80) && (!strcmp(i->row->name, "fnsave") || !strcmp(i->row->name, "fnstenv"));
        f->opcode = number(seed) & 0x7ff;
        f->ip = number(seed) & 0xffffffff;
        f->dp = number(seed) & 0xffffffff;
        if (lost)
            f->opcode = 0, f->ip = f->dp = 0;
        for (int n = 0; n < 8; n++)
            memcpy(f->st[n], pool.f80[below(seed, pool.count)], 10);
    }
    if (area || i->attr & (X86_SSE | X86_AVX)) {
        for (int n = 0; n < 16; n++) {
            memcpy(f->xmm[n], pool.vector[below(seed, pool.count)], 16);
            memcpy(f->ymm[n], pool.vector[below(seed, pool.count)], 16);
        }
        if (below(seed, 6) == 0) /* equal ones, for compares */
            memcpy(f->xmm[below(seed, 8)], f->xmm[1], 16);
        f->mxcsr = random_mxcsr(seed);
    }
}

/* ---- comparing ---- */

/* As a processor with linear addresses of 48 bits restores a pointer. Ours have 48, the host's perhaps 57. */
static uint64_t of_48_bits(uint64_t v)
{
    return (uint64_t)((int64_t)(v << 16) >> 16);
}

/* AMD's processors save and restore the pointers only while an exception is pending (APM volume 2, 11.4.4); of an
 * instruction without a memory operand the data pointer is undefined (SDM volume 1, 8.1.8). */
static bool pointers_agree(const X86Fp *a, const X86Fp *b, const X86Insn *i, bool others)
{
    return others || !(a->status & 0x80) || !strcmp(i->row->name, "fldcw") ||
           (a->opcode == b->opcode && of_48_bits(a->ip) == b->ip && (of_48_bits(a->dp) == b->dp || !i->memory));
}

/* What is in an empty register is nobody's business: instructions translated together do not write it. */
static bool stack_agrees(const X86Fp *a, const X86Fp *b, bool others)
{
    unsigned top = a->status >> 11 & 7;
    if (others && a->tags == 0xff && !top) /* an MMX instruction after others says of all that they are full */
        return true;
    for (unsigned n = 0; n < 8; n++)
        if (a->tags >> ((top + n) & 7) & 1 && memcmp(a->st[n], b->st[n], sizeof a->st[n]))
            return false;
    return true;
}

/* A store that faults may have raised what it will raise again when it is restarted. */
static uint16_t open_status(const X86Insn *i, bool faulted, bool others)
{
    bool stores = others || (i->memory && i->op[0].access & X86_WRITE);
    return (others || x86_c1_is_open(i) ? 0x200 : 0) | (stores && faulted ? 0x23f : 0);
}

/* An MMX store that faults may have made the registers MMX's already (SDM volume 3, 12.2), as it will when restarted.
 */
static bool began(const X86Fp *got, const X86Insn *i, bool faulted, bool others)
{
    bool stores = others || (i->attr & X86_MMX && i->memory && i->op[0].access & X86_WRITE);
    return faulted && stores && got->tags == 0xff && !(got->status >> 11 & 7);
}

static bool x87_agrees(const X86Fp *a, const X86Fp *b, const X86Insn *i, bool faulted, bool others)
{
    return a->control == b->control && !((a->status ^ b->status) & ~open_status(i, faulted, others)) &&
           a->tags == b->tags && pointers_agree(a, b, i, others) && stack_agrees(a, b, others);
}

bool x86_fp_agrees(const X86Fp *a, const X86Fp *b, const X86Insn *i, bool faulted, bool others)
{
    return (x87_agrees(a, b, i, faulted, others) || began(b, i, faulted, others)) &&
           !((a->mxcsr ^ b->mxcsr) & ~(faulted && others ? 0x3fu : 0)) && /* of a store, as above */

           !memcmp(a->xmm, b->xmm, sizeof a->xmm) && !memcmp(a->ymm, b->ymm, sizeof a->ymm);
}

static void show_number(const char *name, unsigned long long before, unsigned long long want, unsigned long long got)
{
    if (want != got)
        printf("    %-7s %016llx: host %016llx, here %016llx\n", name, before, want, got);
}

static void show_register(const char *name, int n, const uint8_t *before, const uint8_t *want, const uint8_t *got)
{
    const uint8_t *sets[] = { before, want, got };
    static const char *const titles[] = { "", ": host ", ", here " };
    if (!memcmp(want, got, 16))
        return;
    printf("    %s%d ", name, n);
    for (int k = 0; k < 3; k++) {
        printf("%s", titles[k]);
        for (int b = 15; b >= 0; b--)
            printf("%02x%s", sets[k][b], b == 8 ? "." : "");
    }
    printf("\n");
}

void x86_fp_show(const X86Fp *before, const X86Fp *want, const X86Fp *got, const X86Insn *i)
{
    show_number("fcw", before->control, want->control, got->control);
    show_number("fsw", before->status, want->status, got->status);
    show_number("ftw", before->tags, want->tags, got->tags);
    if (!pointers_agree(want, got, i, false)) {
        show_number("fop", before->opcode, want->opcode, got->opcode);
        show_number("fip", before->ip, want->ip, got->ip);
        show_number("fdp", before->dp, want->dp, got->dp);
    }
    show_number("mxcsr", before->mxcsr, want->mxcsr, got->mxcsr);
    for (int n = 0; n < 8; n++)
        show_register("st", n, before->st[n], want->st[n], got->st[n]);
    for (int n = 0; n < 16; n++) {
        show_register("xmm", n, before->xmm[n], want->xmm[n], got->xmm[n]);
        show_register("ymm", n, before->ymm[n], want->ymm[n], got->ymm[n]);
    }
}
