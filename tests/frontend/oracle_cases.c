#include "tests/frontend/oracle_cases.h"

#include <string.h>

static const char *const untestable[] = { "svc", "hvc",     "smc", "brk",  "hlt", "dcps1", "dcps2", "dcps3", "wfe",
                                          "wfi", "msr_imm", "sys", "sysl", "msr", "mrs",   "eret",  "drps",  NULL };
enum { NOP = 0xd503201f };

bool oracle_can(const A64Row *row)
{
    for (const char *const *name = untestable; *name; name++)
        if (!strcmp(*name, row->name))
            return false;
    return true;
}

static unsigned below(uint64_t *seed, unsigned limit)
{
    return (unsigned)((random_next(seed) >> 32) % limit);
}

static bool one_in(uint64_t *seed, unsigned n)
{
    return below(seed, n) == 0;
}

/* ---- values ---- */

static uint64_t integer(uint64_t *seed)
{
    static const uint64_t edges[] = { 0,          1,          2,          ~0ull,       ~1ull,
                                      0x7f,       0x80,       0xff,       0x7fff,      0x8000,
                                      0xffff,     0x7fffffff, 0x80000000, 0xffffffff,  0x100000000,
                                      1ull << 63, ~0ull >> 1, 31,         0xffffff80u, 0xffffffff80000000 };
    uint64_t r = random_next(seed);
    switch (below(seed, 5)) {
    case 0:
    case 1:
        return edges[r % (sizeof edges / sizeof *edges)];
    case 2:
        return r >> below(seed, 64);
    case 3:
        return (uint64_t)((int64_t)r >> below(seed, 64));
    default:
        return r;
    }
}

/* Bits of a float of that width: zeros, denormals, infinities, NaNs of both kinds, exponents near one another. */
static uint64_t floating(uint64_t *seed, int bits)
{
    int fraction = bits == 16 ? 10 : bits == 32 ? 23 : 52, exponent_bits = bits - 1 - fraction;
    uint64_t r = random_next(seed), ones = (1ull << exponent_bits) - 1, bias = ones >> 1;
    uint64_t low = r >> 8 & ((1ull << fraction) - 1), exponent, sign = (r & 1) << (bits - 1);
    switch (below(seed, 8)) {
    case 0:
        return sign; /* zero */
    case 1:
        return sign | low >> below(seed, (unsigned)fraction); /* denormal */
    case 2:
        return sign | ones << fraction; /* infinity */
    case 3:
        return sign | ones << fraction | low | 1; /* NaN */
    case 4:
        exponent = r >> 2 & 1 ? 1 + (r >> 3 & 3) : ones - 1 - (r >> 3 & 3);
        break;
    case 5:
        low &= ~0ull << below(seed, (unsigned)fraction); /* few digits: exact results */
        exponent = bias + below(seed, 8) - 4;
        break;
    case 6:
        exponent = bias + below(seed, 80) - 8; /* about the size of integers */
        break;
    default:
        exponent = r >> 2;
    }
    return sign | (exponent & ones) << fraction | low;
}

static uint64_t lanes(uint64_t *seed)
{
    int bits = 16 << below(seed, 3);
    uint64_t v = 0;
    for (int at = 0; at < 64; at += bits)
        v |= floating(seed, bits) << at;
    return v;
}

static uint64_t bytes_of_edges(uint64_t *seed)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x81, 0x40 };
    uint64_t v = 0;
    for (int at = 0; at < 64; at += 8)
        v |= (uint64_t)edges[below(seed, sizeof edges)] << at;
    return v;
}

static uint64_t half_vector(uint64_t *seed)
{
    switch (below(seed, 4)) {
    case 0:
        return bytes_of_edges(seed);
    case 1:
        return integer(seed);
    default:
        return lanes(seed);
    }
}

/* Mostly 0; else rounding modes, and one in four of those with FZ16, FZ, DN or AHP. */
static uint32_t control(uint64_t *seed)
{
    static const uint32_t bits[] = { 1 << 19, 1 << 24, 1 << 25, 1 << 26 };
    if (!one_in(seed, 2))
        return 0;
    uint32_t fpcr = below(seed, 4) << 22;
    for (int n = 0; n < 4; n++)
        fpcr |= one_in(seed, 4) ? bits[n] : 0;
    return fpcr;
}

static void random_state(OracleState *s, uint64_t *seed)
{
    *s = (OracleState){ 0 };
    for (int n = 0; n < 31; n++)
        s->x[n] = integer(seed);
    for (int n = 0; n < 32; n++) {
        s->v[n][0] = half_vector(seed);
        s->v[n][1] = half_vector(seed);
    }
    for (int n = 0; n < ORACLE_WINDOW_SIZE; n++)
        s->window[n] = (uint8_t)(random_next(seed) >> 56);
    s->sp = ORACLE_PAGE + ORACLE_WINDOW + 256;
    s->nzcv = below(seed, 16) << 28;
    s->fpcr = control(seed);
}

bool oracle_is_fp(const A64Row *row)
{
    return (row->value >> 25 & 7) == 7 && (row->name[0] == 'f' || strstr(row->name, "cvtf"));
}

/* A number whose result with `other` is of interest: the same, its negative, a neighbour, of a near exponent. */
static uint64_t related(uint64_t *seed, uint64_t other, int bits)
{
    int fraction = bits == 16 ? 10 : bits == 32 ? 23 : 52;
    uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1, r = random_next(seed);
    switch (r >> 61) {
    case 0:
        return other;
    case 1:
        return other ^ 1ull << (bits - 1);
    case 2:
        return (other + (r & 7) - 4) & mask;
    case 3:
        return (other ^ (r & ((1ull << fraction) - 1)) ^ (r >> 60 & 1) << (bits - 1)) & mask;
    default:
        return floating(seed, bits);
    }
}

void oracle_fp_state(OracleState *s, uint64_t *seed)
{
    int bits = 16 << below(seed, 3);
    uint64_t last = 0;
    for (int n = 0; n < 64; n++) {
        uint64_t v = 0;
        for (int at = 0; at < 64; at += bits)
            v |= (last = related(seed, last, bits)) << at;
        s->v[n / 2][n & 1] = v;
    }
    s->fpcr = below(seed, 4) << 22;
    if (!one_in(seed, 3))
        s->fpcr |= (below(seed, 2) << 19) | (below(seed, 8) << 24);
}

/* ---- operands that must make sense ---- */

typedef struct Maker {
    OracleCase *c;
    const A64Row *row;
    A64 i;
    uint64_t pc, *seed;
} Maker;

static bool begins(const char *name, const char *with)
{
    return !strncmp(name, with, strlen(with));
}

static bool contains(const Maker *m, const char *part)
{
    return strstr(m->row->name, part);
}

static void set_field(Maker *m, unsigned shift, unsigned width, uint64_t value)
{
    uint32_t mask = ((1u << width) - 1) << shift, *w = &m->c->word[ORACLE_WORDS - 1];
    *w = (*w & ~mask) | ((uint32_t)value << shift & mask);
}

static void set_x(Maker *m, unsigned r, uint64_t value)
{
    if (r == 31)
        m->c->state.sp = value;
    else
        m->c->state.x[r] = value;
}

static bool is_memory(const Maker *m)
{
    return (m->i.word & 0x0a000000) == 0x08000000;
}

static bool is_literal(const Maker *m)
{
    return contains(m, "_lit");
}

static bool is_pair(const Maker *m)
{
    return (m->i.word & 0x3a000000) == 0x28000000;
}

static bool is_atomic(const Maker *m)
{
    return (m->i.word & 0x3f000000) == 0x08000000 || (m->i.word & 0x3b200c00) == 0x38200000 || contains(m, "apu") ||
           contains(m, "stlu");
}

static unsigned access_log2(const Maker *m)
{
    if (is_pair(m) && !(m->i.word >> 26 & 1))
        return m->i.sf ? 3 : 2;
    if (contains(m, "xp"))
        return m->i.size + 1u;
    return begins(m->row->name, "casp") ? (m->i.sf ? 4 : 3) : m->i.size;
}

/* What the instruction adds to its base register. */
static int64_t displacement(const Maker *m)
{
    if (contains(m, "_post") || !m->i.imm)
        return 0;
    if (is_pair(m))
        return (int64_t)m->i.imm << access_log2(m);
    return (m->i.word & 0x3b000000) == 0x39000000 ? (int64_t)m->i.imm << m->i.size : m->i.imm;
}

static void place_register_offset(Maker *m)
{
    int64_t offset = (int64_t)below(m->seed, 16) - (m->i.option == 2 ? 0 : 8);
    uint64_t above = m->i.option & 1 ? 0 : random_next(m->seed) << 32;
    if (m->i.rm != 31)
        m->c->state.x[m->i.rm] = above ? (uint32_t)offset | above : (uint64_t)offset;
}

static void place_memory(Maker *m)
{
    uint64_t at = ORACLE_PAGE + ORACLE_WINDOW + 192 + below(m->seed, 128);
    at &= is_atomic(m) || one_in(m->seed, 2) ? ~15ull : ~0ull;
    if (is_literal(m)) {
        set_field(m, 5, 19, (at - (m->pc + ORACLE_LAST - ORACLE_FIRST)) >> 2);
        return;
    }
    if (contains(m, "_reg"))
        place_register_offset(m);
    set_x(m, m->i.rn, at - (uint64_t)displacement(m));
}

static void place_branch(Maker *m)
{
    if ((m->i.word & 0x7c000000) == 0x14000000)
        set_field(m, 0, 26, 2);
    else if ((m->i.word & 0x7e000000) == 0x36000000)
        set_field(m, 5, 14, 2);
    else if ((m->i.word & 0xfe000000) == 0xd6000000)
        m->c->state.x[m->i.rn] = m->pc + ORACLE_LAST - ORACLE_FIRST + 8;
    else if ((m->i.word & 0xfe000000) == 0x54000000 || (m->i.word & 0x7e000000) == 0x34000000)
        set_field(m, 5, 19, 2);
}

/* CONSTRAINED UNPREDICTABLE: K1.2.1, and the operands this file needs to be different. */
static bool unusable(const Maker *m)
{
    const A64 *i = &m->i;
    const char *name = m->row->name;
    bool general = !(i->word >> 26 & 1), writes_back = contains(m, "_pre") || contains(m, "_post");
    if ((i->word & 0xfe000000) == 0xd6000000)
        return i->rn == 31;
    if (!is_memory(m))
        return false;
    if (general && writes_back && i->rn != 31 && (i->rt == i->rn || (is_pair(m) && i->rt2 == i->rn)))
        return true;
    if ((is_pair(m) || begins(name, "ldxp") || begins(name, "ldaxp")) && contains(m, "ld") && i->rt == i->rt2)
        return true;
    if (begins(name, "stx") || begins(name, "stlx"))
        return i->rs == i->rt || (i->rs == i->rn && i->rn != 31) || (contains(m, "xp") && i->rs == i->rt2);
    if (contains(m, "_reg") && i->rm == i->rn)
        return true;
    return false;
}

/* A store-exclusive alone fails; most get the load-exclusive they belong to, some one of another size. */
static void lead_in(Maker *m)
{
    const A64 *i = &m->i;
    if ((!begins(m->row->name, "stx") && !begins(m->row->name, "stlx")) || one_in(m->seed, 4))
        return;
    unsigned size = one_in(m->seed, 8) ? i->size ^ 1u : i->size, t = (i->rn + 1u) % 30, t2 = (i->rn + 2u) % 30;
    if (contains(m, "xp"))
        m->c->word[2] = 0x887f0000 | size << 30 | t2 << 10 | (uint32_t)i->rn << 5 | t;
    else
        m->c->word[2] = 0x085f7c00 | size << 30 | (uint32_t)i->rn << 5 | t;
}

void oracle_case(OracleCase *c, const A64Row *row, uint64_t pc, uint64_t *seed)
{
    Maker m = { .c = c, .row = row, .pc = pc, .seed = seed };
    random_state(&c->state, seed);
    for (int n = 0; n < ORACLE_WORDS; n++)
        c->word[n] = NOP;
    do {
        c->word[ORACLE_WORDS - 1] = a64_random(row, seed);
        a64_decode(c->word[ORACLE_WORDS - 1], &m.i);
    } while (unusable(&m));
    if (is_memory(&m))
        place_memory(&m);
    else
        place_branch(&m);
    lead_in(&m);
}

/* Rows that change nothing but registers and flags, whatever their operands. */
static bool only_computes(const A64Row *row)
{
    uint32_t group = row->value >> 25 & 15;
    bool computes = (group & 14) == 8 || (group & 7) == 5 || (group & 7) == 7;
    return computes && (row->mask >> 25 & 15) == 15;
}

/* Few registers, so that results are used. */
static uint32_t with_few_registers(uint32_t word, const A64Row *row, uint64_t *seed)
{
    for (unsigned shift = 0; shift <= 16; shift += shift ? 11 : 5)
        if (!(row->mask >> shift & 31) && !one_in(seed, 8))
            word = (word & ~(31u << shift)) | below(seed, 4) << shift;
    A64 i = { 0 };
    return a64_decode(word, &i) == row ? word : NOP;
}

void oracle_sequence(OracleCase *c, const bool can[A64_ROWS], uint64_t *seed)
{
    random_state(&c->state, seed);
    for (int n = 0; n < ORACLE_WORDS; n++) {
        const A64Row *row;
        do {
            row = &a64_rows[below(seed, A64_ROWS)];
        } while (!only_computes(row) || !can[row - a64_rows]);
        c->word[n] = with_few_registers(a64_random(row, seed), row, seed);
    }
}
