/* Bytes of two vectors in any order, by the cheapest instruction that does it; float lanes in and out. */
#include "backend/x86_64/vec.h"

enum { ZERO = 0x80, ANY = 0x81 };

/* What is to be where: bytes 0 to 15 of x, 16 to 31 of y. */
typedef struct Shuffle {
    uint8_t p[16];
    unsigned x, y, dst;
} Shuffle;

static bool is(const Shuffle *s, int at, int want)
{
    return s->p[at] == ANY || s->p[at] == want;
}

/* Which of the lanes of `bytes` is at lane n; -1: none is, whole. */
static int lane_at(const Shuffle *s, int n, int bytes)
{
    int from = -1;
    for (int b = 0; b < bytes; b++)
        if (s->p[n * bytes + b] != ANY)
            from = s->p[n * bytes + b] - b;
    if (from < 0)
        from = n * bytes;
    for (int b = 0; b < bytes; b++)
        if (!is(s, n * bytes + b, from + b))
            return -1;
    return from % bytes || from >= 32 ? -1 : from / bytes;
}

static bool uses(const Shuffle *s, int from, int to)
{
    for (int k = 0; k < 16; k++)
        if (s->p[k] >= from && s->p[k] < to)
            return true;
    return false;
}

/* All bytes from `first` on in order, up to where zeros begin and after where they end. */
static bool runs(const Shuffle *s, int first, int zeros_below, int zeros_from)
{
    for (int k = 0; k < 16; k++)
        if (!is(s, k, k < zeros_below || k >= zeros_from ? ZERO : first + k))
            return false;
    return true;
}

/* ---- of x alone ---- */

static bool by_lanes(Comp *c, const Shuffle *s)
{
    unsigned imm = 0;
    for (int n = 0; n < 4; n++) {
        int from = lane_at(s, n, 4);
        if (from < 0 || from > 3)
            return false;
        imm |= (unsigned)from << 2 * n;
    }
    if (imm == 0xe4)
        asm_vmov(&c->a, s->dst, s->x);
    else
        asm_vec2(&c->a, V66I(1, 0x70), s->dst, rm_reg(s->x), imm);
    return true;
}

/* pshuflw, pshufhw: one half stays. */
static bool by_words(Comp *c, const Shuffle *s, int half)
{
    unsigned imm = 0;
    for (int n = 0; n < 8; n++) {
        int from = lane_at(s, n, 2);
        bool moved = n / 4 == half;
        if (from < 0 || from > 7 || (moved ? from / 4 != half : from != n))
            return false;
        if (moved)
            imm |= ((unsigned)from & 3) << 2 * (n & 3);
    }
    asm_vec2(&c->a, (Enc){ half ? 0xf3 : 0xf2, 1, 0x70, 8, 1, false, false }, s->dst, rm_reg(s->x), imm);
    return true;
}

static void shift_bytes(Comp *c, const Shuffle *s, unsigned ext, unsigned by)
{
    if (c->a.avx) {
        asm_vex(&c->a, VSH(0x73, ext), false, ext, s->dst, rm_reg(s->x), by);
        return;
    }
    asm_vmov(&c->a, s->dst, s->x);
    asm_op(&c->a, VSH(0x73, ext), false, 0, rm_reg(s->dst), by);
}

static bool by_shift(Comp *c, const Shuffle *s)
{
    if (runs(s, 0, 0, 8)) {
        asm_vec2(&c->a, (Enc){ 0xf3, 1, 0x7e, 8, 0, false, false }, s->dst, rm_reg(s->x), 0); /* movq */
        return true;
    }
    for (int by = 1; by < 16; by++) {
        bool down = runs(s, by, 0, 16 - by), up = runs(s, -by, by, 16);
        if (down || up) {
            shift_bytes(c, s, down ? 3 : 7, (unsigned)by);
            return true;
        }
    }
    return false;
}

static void of_one(Comp *c, Shuffle *s)
{
    bool zeros = uses(s, ZERO, ZERO + 1);
    if (zeros ? by_shift(c, s) : by_lanes(c, s) || by_words(c, s, 0) || by_words(c, s, 1))
        return;
    for (int k = 0; k < 16; k++)
        s->p[k] = s->p[k] == ANY ? ZERO : s->p[k];
    shuffle1(c, s->dst, s->x, s->p);
}

/* ---- of both ---- */

static bool by_align(Comp *c, const Shuffle *s)
{
    for (int by = 1; by < 16; by++)
        if (runs(s, by, 0, 16)) {
            vop(c, V66I(3, 0x0f), s->dst, s->y, rm_reg(s->x), (unsigned)by);
            return true;
        }
    return false;
}

static bool by_unpack(Comp *c, const Shuffle *s)
{
    static const uint8_t opcode[2][9] = { { [1] = 0x60, [2] = 0x61, [4] = 0x62, [8] = 0x6c },
                                          { [1] = 0x68, [2] = 0x69, [4] = 0x6a, [8] = 0x6d } };
    for (int bytes = 1; bytes <= 8; bytes *= 2)
        for (int high = 0; high < 2; high++) {
            int lanes = 16 / bytes;
            bool good = true;
            for (int n = 0; n < lanes && good; n++) {
                int want = high * lanes / 2 + n / 2 + (n & 1) * lanes, from = lane_at(s, n, bytes);
                good = from == want;
            }
            if (good) {
                vop(c, V66(1, opcode[high][bytes]), s->dst, s->x, rm_reg(s->y), 0);
                return true;
            }
        }
    return false;
}

/* pblendw: each word stays where it is. */
static bool by_blend(Comp *c, const Shuffle *s)
{
    unsigned imm = 0;
    for (int n = 0; n < 8; n++) {
        int from = lane_at(s, n, 2);
        if (from != n && from != n + 8)
            return false;
        imm |= (from == n ? 0u : 1u) << n;
    }
    vop(c, V66I(3, 0x0e), s->dst, s->x, rm_reg(s->y), imm);
    return true;
}

/* shufps: two lanes of x, two of y. */
static bool by_halves(Comp *c, const Shuffle *s)
{
    unsigned imm = 0;
    for (int n = 0; n < 4; n++) {
        int from = lane_at(s, n, 4);
        if (from < 0 || from / 4 != n / 2)
            return false;
        imm |= ((unsigned)from & 3) << 2 * n;
    }
    vop(c, (Enc){ 0, 1, 0xc6, 8, 1, false, false }, s->dst, s->x, rm_reg(s->y), imm);
    return true;
}

/* insertps: one lane of y among those of x, and zeros. */
static bool by_insert(Comp *c, const Shuffle *s)
{
    unsigned imm = 0, inserted = 0;
    for (int n = 0; n < 4; n++) {
        int from = lane_at(s, n, 4);
        bool zero = is(s, 4 * n, ZERO) && is(s, 4 * n + 1, ZERO) && is(s, 4 * n + 2, ZERO) && is(s, 4 * n + 3, ZERO);
        if (zero)
            imm |= 1u << n;
        else if (from >= 4 && !inserted++)
            imm |= ((unsigned)from & 3) << 6 | (unsigned)n << 4;
        else if (from != n)
            return false;
    }
    vop(c, V66I(3, 0x21), s->dst, s->x, rm_reg(s->y), imm);
    return true;
}

static void exchange(Shuffle *s)
{
    unsigned x = s->x;
    s->x = s->y;
    s->y = x;
    for (int k = 0; k < 16; k++)
        s->p[k] ^= s->p[k] < 32 ? 16 : 0;
}

static void of_two(Comp *c, Shuffle *s)
{
    for (int turn = 0; turn < 2; turn++, exchange(s))
        if (by_blend(c, s) || by_unpack(c, s) || by_align(c, s) || by_halves(c, s) || by_insert(c, s))
            return;
    for (int k = 0; k < 16; k++)
        s->p[k] = s->p[k] == ANY ? ZERO : s->p[k];
    shuffle2(c, s->dst, s->x, s->y, s->p);
}

/* The pattern as bytes of registers. */
static void read_pattern(Comp *c, const IrInsn *i, Shuffle *s)
{
    const struct IrWide *w = &c->ir->pool[insn_of(c, i->arg[2])->imm];
    int bytes = ir_bits(i->type) / 8;
    memcpy(s->p, w, 16);
    for (int k = 0; k < 16; k++) {
        int from = s->p[k];
        if (k >= bytes)
            s->p[k] = ANY;
        else
            s->p[k] = (uint8_t)(from < bytes ? from : from < 2 * bytes ? from - bytes + 16 : ZERO);
    }
}

bool vec_shuffle(Comp *c)
{
    IrInsn *i = now(c);
    Shuffle s = { .x = 0 };
    if (insn_of(c, i->arg[2])->op != IR_vconst)
        return false;
    read_pattern(c, i, &s);
    bool same = i->arg[0] == i->arg[1];
    for (int k = 0; k < 16 && same; k++)
        s.p[k] &= s.p[k] < 32 ? 15 : 0xff;
    bool x = uses(&s, 0, 16), y = uses(&s, 16, 32);
    if (y && !x) {
        exchange(&s);
        s.x = vuse(c, i->arg[1]);
    } else {
        s.x = vuse(c, i->arg[0]);
    }
    s.y = x && y ? vuse(c, i->arg[1]) : s.x;
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    s.dst = vdefine(c, false);
    if (x && y)
        of_two(c, &s);
    else if (x || y)
        of_one(c, &s);
    else
        asm_vec(&c->a, V66(1, 0xef), s.dst, s.dst, rm_reg(s.dst), 0);
    return true;
}

/* ---- float lanes ---- */

/* insertps, or the halves' moves. */
bool vec_set_float(Comp *c)
{
    IrInsn *i = now(c);
    int bits = ir_lane_bits(i->type);
    unsigned n = (unsigned)i->imm;
    if (bits < 32)
        return false;
    unsigned x = vuse(c, i->arg[0]), y = vuse(c, i->arg[1]);
    release(c, i->arg[0]);
    release(c, i->arg[1]);
    unsigned dst = vdefine(c, false);
    if (bits == 32)
        vop(c, V66I(3, 0x21), dst, x, rm_reg(y), n << 4);
    else
        vop(c, n ? V66(1, 0x6c) : (Enc){ 0xf2, 1, 0x10, 8, 0, false, false }, dst, x, rm_reg(y), 0);
    return true;
}

bool vec_get_float(Comp *c)
{
    IrInsn *i = now(c);
    int bits = ir_lane_bits(i->type);
    unsigned n = (unsigned)i->imm;
    if (bits < 32 && n)
        return false;
    unsigned x = vuse(c, i->arg[0]);
    release(c, i->arg[0]);
    unsigned dst = vdefine(c, false);
    if (n)
        asm_vec2(&c->a, V66I(1, 0x70), dst, rm_reg(x), bits == 64 ? 0xee : n * 0x55);
    else
        asm_vmov(&c->a, dst, x);
    return true;
}
