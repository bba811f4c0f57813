/* AArch64 loads and stores of SIMD structures: LD1 to LD4, ST1 to ST4, of several registers, of one lane, and LD1R to
 * LD4R. ARM DDI 0487, sections C4.1.94 and C7.2, LD4 (multiple structures). */
#include "frontend/arm/a64_int.h"

#include "base/state.h"

enum { REGISTERS = 4 };

static IrType lanes(const A64 *i, bool q)
{
    return (IrType)(i->size | (q ? W_128 : W_64));
}

static IrType element(const A64 *i)
{
    return arm_width(i->size == 3);
}

/* post: rm is added to the base, or the bytes that were accessed if rm is 31. */
static void step_base(Trans *t, const A64 *i, unsigned bytes)
{
    if (!i->post)
        return;
    IrRef by = i->rm == 31 ? arm_imm(t, true, bytes) : arm_get(t, true, i->rm);
    arm_put_sp(t, true, i->rn, ir_add(t->ir, I64, arm_get_sp(t, true, i->rn), by, 0));
}

/* Whole registers can be moved, and then interleaved, where byte order and alignment of the elements do not matter. */
static bool in_pieces(const Trans *t, const A64 *i)
{
    return i->size && t->mode & (M_BIG | M_ALIGN | M_MMU_OFF);
}

static IrRef load_element(Trans *t, const A64 *i, IrRef base, unsigned n)
{
    return arm_load(t, element(i), base, (IrMem){ .size = i->size, .disp = (int32_t)(n << i->size) });
}

static void store_element(Trans *t, const A64 *i, IrRef base, unsigned n, IrRef v, unsigned lane)
{
    IrRef value = ir_vget(t->ir, (IrType)i->size, v, lane);
    arm_store(t, (IrType)i->size, base, value, (IrMem){ .size = i->size, .disp = (int32_t)(n << i->size) });
}

/* ---- several registers, element by element ---- memory has lane 0 of all registers of a structure, then lane 1 */

static unsigned place_of(const A64 *i, unsigned r, unsigned lane, unsigned count)
{
    return i->selem == 1 ? r * count + lane : lane * i->selem + r;
}

static void load_pieces(Trans *t, const A64 *i, IrRef base, unsigned registers, IrRef v[REGISTERS])
{
    unsigned count = (i->q ? 16u : 8u) >> i->size;
    for (unsigned r = 0; r < registers; r++) {
        v[r] = ir_wide(t->ir, lanes(i, true), 0, 0);
        for (unsigned lane = 0; lane < count; lane++)
            v[r] = ir_vset(t->ir, lanes(i, true), v[r], load_element(t, i, base, place_of(i, r, lane, count)), lane);
    }
    for (unsigned r = 0; r < registers; r++)
        arm_put_v(t, lanes(i, true), i->rt + r, v[r]);
}

static void store_pieces(Trans *t, const A64 *i, IrRef base, unsigned registers)
{
    unsigned count = (i->q ? 16u : 8u) >> i->size;
    for (unsigned lane = 0; lane < count; lane++)
        for (unsigned r = 0; r < registers; r++)
            store_element(t, i, base, place_of(i, r, lane, count), arm_get_v(t, lanes(i, true), i->rt + r), lane);
}

/* ---- several registers, each access a register's width ---- */

/* x0 y0 x1 y1, or x0 y0 z0 w0 x1 ..., to registers of x, y, z, w */
static void separate(Ir *ir, IrType w, unsigned selem, IrRef v[REGISTERS])
{
    IrRef a = ir_vuzp1(ir, w, v[0], v[1], 0), b = ir_vuzp2(ir, w, v[0], v[1], 0);
    if (selem == 2) {
        v[0] = a;
        v[1] = b;
        return;
    }
    IrRef c = ir_vuzp1(ir, w, v[2], v[3], 0), d = ir_vuzp2(ir, w, v[2], v[3], 0);
    v[0] = ir_vuzp1(ir, w, a, c, 0);
    v[2] = ir_vuzp2(ir, w, a, c, 0);
    v[1] = ir_vuzp1(ir, w, b, d, 0);
    v[3] = ir_vuzp2(ir, w, b, d, 0);
}

static void interleave(Ir *ir, IrType w, unsigned selem, IrRef v[REGISTERS])
{
    if (selem == 2) {
        IrRef a = ir_vzip1(ir, w, v[0], v[1], 0);
        v[1] = ir_vzip2(ir, w, v[0], v[1], 0);
        v[0] = a;
        return;
    }
    IrRef a = ir_vzip1(ir, w, v[0], v[2], 0), b = ir_vzip2(ir, w, v[0], v[2], 0);
    IrRef c = ir_vzip1(ir, w, v[1], v[3], 0), d = ir_vzip2(ir, w, v[1], v[3], 0);
    v[0] = ir_vzip1(ir, w, a, c, 0);
    v[1] = ir_vzip2(ir, w, a, c, 0);
    v[2] = ir_vzip1(ir, w, b, d, 0);
    v[3] = ir_vzip2(ir, w, b, d, 0);
}

static void set_byte(V128 *v, unsigned n, uint8_t value)
{
    uint64_t *half = n < 8 ? &v->lo : &v->hi;
    *half = (*half & ~(0xffull << 8 * (n & 7))) | (uint64_t)value << 8 * (n & 7);
}

/* Structures of three have no pairwise pattern: each 16 bytes are gathered from the three sources by table look-ups.
 * from: for each byte wanted, its number in the sources laid end to end, 16 bytes each; 0xff: zero. */
static IrRef gather(Ir *ir, const IrRef source[3], const uint8_t from[16])
{
    IrRef result = IR_NONE;
    for (unsigned s = 0; s < 3; s++) {
        V128 index = { ~0ull, ~0ull };
        bool any = false;
        for (unsigned n = 0; n < 16; n++)
            if (from[n] != 0xff && from[n] / 16 == s) {
                set_byte(&index, n, from[n] & 15);
                any = true;
            }
        if (!any)
            continue;
        IrRef part = ir_vtbl(ir, I8X16, source[s], ir_wide(ir, I8X16, index.lo, index.hi), 0);
        result = result ? ir_or(ir, I8X16, result, part, 0) : part;
    }
    return result;
}

/* Byte n of register r of three is byte triple_place() of memory. */
static unsigned triple_place(const A64 *i, unsigned r, unsigned n)
{
    unsigned lane = n >> i->size, within = n & ((1u << i->size) - 1);
    return ((lane * 3 + r) << i->size) + within;
}

static void separate_triple(Ir *ir, const A64 *i, IrRef v[3])
{
    IrRef memory[3] = { v[0], v[1], v[2] };
    for (unsigned r = 0; r < 3; r++) {
        uint8_t from[16];
        for (unsigned n = 0; n < 16; n++)
            from[n] = n < (i->q ? 16 : 8) ? (uint8_t)triple_place(i, r, n) : 0xff;
        v[r] = gather(ir, memory, from);
    }
}

static void interleave_triple(Ir *ir, const A64 *i, IrRef v[3])
{
    IrRef registers[3] = { v[0], v[1], v[2] };
    uint8_t from[48];
    for (unsigned n = 0; n < 48; n++)
        from[n] = 0xff;
    for (unsigned r = 0; r < 3; r++)
        for (unsigned n = 0; n < (i->q ? 16 : 8); n++)
            from[triple_place(i, r, n)] = (uint8_t)(r * 16 + n);
    for (unsigned k = 0; k < (i->q ? 3 : 2); k++)
        v[k] = gather(ir, registers, from + 16 * k);
}

/* Not arm_load and arm_store: in_pieces has dealt with the mode. */
static IrRef load_at(Trans *t, IrRef base, unsigned disp, unsigned size)
{
    IrMem m = { .size = (uint8_t)size, .disp = (int32_t)disp };
    return ir_load(t->ir, size == 4 ? I64X2 : F64, base, ir_mem(m));
}

static void store_at(Trans *t, IrRef base, unsigned disp, unsigned size, IrRef v)
{
    IrMem m = { .size = (uint8_t)size, .disp = (int32_t)disp };
    ir_store(t->ir, size == 4 ? I64X2 : F64, base, v, ir_mem(m));
}

static void load_triple(Trans *t, const A64 *i, IrRef base)
{
    IrRef v[3];
    v[0] = load_at(t, base, 0, 4);
    if (i->q) {
        v[1] = load_at(t, base, 16, 4);
        v[2] = load_at(t, base, 32, 4);
    } else { /* 24 bytes */
        v[1] = v[2] = ir_vlow(t->ir, I64X2, load_at(t, base, 16, 3), 0);
    }
    separate_triple(t->ir, i, v);
    for (unsigned r = 0; r < 3; r++)
        arm_put_v(t, I8X16, i->rt + r, v[r]);
}

static void store_triple(Trans *t, const A64 *i, IrRef base)
{
    IrRef v[3];
    for (unsigned r = 0; r < 3; r++)
        v[r] = arm_get_v(t, I8X16, i->rt + r);
    interleave_triple(t->ir, i, v);
    store_at(t, base, 0, 4, v[0]);
    if (i->q) {
        store_at(t, base, 16, 4, v[1]);
        store_at(t, base, 32, 4, v[2]);
    } else {
        store_at(t, base, 16, 3, ir_vget(t->ir, F64, v[1], 0));
    }
}

static bool load_several(Trans *t, const A64 *i)
{
    unsigned registers = i->rpt * i->selem, size = i->q ? 4 : 3;
    IrRef v[REGISTERS], base = arm_get_sp(t, true, i->rn);
    if (!arm_fp_ok(t))
        return true;
    if (in_pieces(t, i)) {
        load_pieces(t, i, base, registers, v);
    } else if (i->selem == 3) {
        load_triple(t, i, base);
    } else {
        for (unsigned r = 0; r < registers; r++)
            v[r] = load_at(t, base, r << size, size);
        if (i->selem > 1)
            separate(t->ir, lanes(i, i->q), i->selem, v);
        for (unsigned r = 0; r < registers; r++)
            arm_put_v(t, i->selem > 1 ? lanes(i, i->q) : i->q ? I64X2 : F64, i->rt + r, v[r]);
    }
    step_base(t, i, registers << size);
    return true;
}

static bool store_several(Trans *t, const A64 *i)
{
    unsigned registers = i->rpt * i->selem, size = i->q ? 4 : 3;
    IrRef v[REGISTERS], base = arm_get_sp(t, true, i->rn);
    if (!arm_fp_ok(t))
        return true;
    if (in_pieces(t, i)) {
        store_pieces(t, i, base, registers);
    } else if (i->selem == 3) {
        store_triple(t, i, base);
    } else {
        for (unsigned r = 0; r < registers; r++)
            v[r] = arm_get_v(t, i->selem > 1 ? lanes(i, i->q) : i->q ? I64X2 : F64, i->rt + r);
        if (i->selem > 1)
            interleave(t->ir, lanes(i, i->q), i->selem, v);
        for (unsigned r = 0; r < registers; r++)
            store_at(t, base, r << size, size, v[r]);
    }
    step_base(t, i, registers << size);
    return true;
}

bool a64_ld1_mult(Trans *t, const A64 *i)
{
    return load_several(t, i);
}

bool a64_ld2_mult(Trans *t, const A64 *i)
{
    return load_several(t, i);
}

bool a64_ld3_mult(Trans *t, const A64 *i)
{
    return load_several(t, i);
}

bool a64_ld4_mult(Trans *t, const A64 *i)
{
    return load_several(t, i);
}

bool a64_st1_mult(Trans *t, const A64 *i)
{
    return store_several(t, i);
}

bool a64_st2_mult(Trans *t, const A64 *i)
{
    return store_several(t, i);
}

bool a64_st3_mult(Trans *t, const A64 *i)
{
    return store_several(t, i);
}

bool a64_st4_mult(Trans *t, const A64 *i)
{
    return store_several(t, i);
}

/* ---- one lane ---- */

static bool load_lane(Trans *t, const A64 *i)
{
    IrRef value[REGISTERS], base = arm_get_sp(t, true, i->rn);
    IrType w = lanes(i, true);
    if (!arm_fp_ok(t))
        return true;
    for (unsigned r = 0; r < i->selem; r++)
        value[r] = load_element(t, i, base, r);
    for (unsigned r = 0; r < i->selem; r++)
        arm_put_v(t, w, i->rt + r, ir_vset(t->ir, w, arm_get_v(t, w, i->rt + r), value[r], i->index));
    step_base(t, i, (unsigned)i->selem << i->size);
    return true;
}

static bool store_lane(Trans *t, const A64 *i)
{
    IrRef base = arm_get_sp(t, true, i->rn);
    if (!arm_fp_ok(t))
        return true;
    for (unsigned r = 0; r < i->selem; r++)
        store_element(t, i, base, r, arm_get_v(t, lanes(i, true), i->rt + r), i->index);
    step_base(t, i, (unsigned)i->selem << i->size);
    return true;
}

bool a64_ld1_single(Trans *t, const A64 *i)
{
    return load_lane(t, i);
}

bool a64_ld2_single(Trans *t, const A64 *i)
{
    return load_lane(t, i);
}

bool a64_ld3_single(Trans *t, const A64 *i)
{
    return load_lane(t, i);
}

bool a64_ld4_single(Trans *t, const A64 *i)
{
    return load_lane(t, i);
}

bool a64_st1_single(Trans *t, const A64 *i)
{
    return store_lane(t, i);
}

bool a64_st2_single(Trans *t, const A64 *i)
{
    return store_lane(t, i);
}

bool a64_st3_single(Trans *t, const A64 *i)
{
    return store_lane(t, i);
}

bool a64_st4_single(Trans *t, const A64 *i)
{
    return store_lane(t, i);
}

/* ---- one element to all lanes ---- */

static bool load_replicated(Trans *t, const A64 *i)
{
    IrRef value[REGISTERS], base = arm_get_sp(t, true, i->rn);
    IrType w = lanes(i, i->q);
    if (!arm_fp_ok(t))
        return true;
    for (unsigned r = 0; r < i->selem; r++)
        value[r] = load_element(t, i, base, r);
    for (unsigned r = 0; r < i->selem; r++)
        arm_put_v(t, w, i->rt + r, ir_vdup(t->ir, w, value[r], 0));
    step_base(t, i, (unsigned)i->selem << i->size);
    return true;
}

bool a64_ld1r(Trans *t, const A64 *i)
{
    return load_replicated(t, i);
}

bool a64_ld2r(Trans *t, const A64 *i)
{
    return load_replicated(t, i);
}

bool a64_ld3r(Trans *t, const A64 *i)
{
    return load_replicated(t, i);
}

bool a64_ld4r(Trans *t, const A64 *i)
{
    return load_replicated(t, i);
}
