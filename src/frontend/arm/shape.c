/* What instructions have in common that are translated alike: cpu/stencil.h. A register field is an operand, and so is
 * an immediate of which the IR has the value, or a constant that grows with it. What else is in a word is its shape. */
#include "frontend/arm/guest.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

/* How the immediate of a row comes to the IR. */
typedef enum ShapeKind {
    FIXED, /* not as a number */
    NUMBER,
    TARGET,   /* pc + imm * 4 */
    ADDRESS,  /* pc + imm * 4 + lo */
    PAGE,     /* the same in units of 4 KiB, from the beginning of the page */
    BITFIELD, /* immr and imms */
} ShapeKind;

static const struct {
    const char *name;
    ShapeKind kind;
} kinds[] = {
    { "add_imm", NUMBER },
    { "adds_imm", NUMBER },
    { "sub_imm", NUMBER },
    { "subs_imm", NUMBER },
    { "movn", NUMBER },
    { "movz", NUMBER },
    { "movk", NUMBER },
    { "and_reg", NUMBER },
    { "bic_reg", NUMBER },
    { "orr_reg", NUMBER },
    { "orn_reg", NUMBER },
    { "eor_reg", NUMBER },
    { "eon_reg", NUMBER },
    { "ands_reg", NUMBER },
    { "bics_reg", NUMBER },
    { "add_reg", NUMBER },
    { "adds_reg", NUMBER },
    { "sub_reg", NUMBER },
    { "subs_reg", NUMBER },
    { "str_imm", NUMBER },
    { "ldr_imm", NUMBER },
    { "ldrs_imm", NUMBER },
    { "str_imm_v", NUMBER },
    { "ldr_imm_v", NUMBER },
    { "stur", NUMBER },
    { "ldur", NUMBER },
    { "ldurs", NUMBER },
    { "stur_v", NUMBER },
    { "ldur_v", NUMBER },
    { "str_imm_pre", NUMBER },
    { "ldr_imm_pre", NUMBER },
    { "ldrs_imm_pre", NUMBER },
    { "str_imm_post", NUMBER },
    { "ldr_imm_post", NUMBER },
    { "ldrs_imm_post", NUMBER },
    { "str_imm_pre_v", NUMBER },
    { "ldr_imm_pre_v", NUMBER },
    { "str_imm_post_v", NUMBER },
    { "ldr_imm_post_v", NUMBER },
    { "b_cond", TARGET },
    { "b", TARGET },
    { "bl", TARGET },
    { "cbz", TARGET },
    { "cbnz", TARGET },
    { "tbz", TARGET },
    { "tbnz", TARGET },
    { "ldr_lit", TARGET },
    { "ldrsw_lit", TARGET },
    { "ldr_lit_v", TARGET },
    { "adr", ADDRESS },
    { "adrp", PAGE },
    { "ubfm", BITFIELD },
    { "sbfm", BITFIELD },
};

typedef struct RowShape {
    uint8_t kind, fields, imm; /* the last is one of: */
    ShapeField field[SHAPE_FIELDS];
} RowShape;

static RowShape shapes[A64_ROWS + 1]; /* the last is that of no instruction */

/* Of floats and vectors, all registers are (with the few that move between the two kinds it does not matter: stencils
 * whose code differs otherwise than by numbers are not made), but not those of addresses. C4.1: the group x1x0 is loads
 * and stores, of vectors with bit 26, x111 floats and vectors. */
static uint8_t slots_of(const A64Row *row, const char *field)
{
    unsigned group = row->value >> 25 & 15;
    bool memory = (group & 5) == 4, vector = memory ? group & 2 : (group & 7) == 7;
    return vector && !(memory && (!strcmp(field, "rn") || !strcmp(field, "rm"))) ? S_V0 : S_X0;
}

/* Rows that have registers beside those in fields of 5 bits: CASP pairs, tables of TBL, elements of vectors 0 to 15.
 * What such a register has in common with an operand is not in the key, so there are no operands. */
static bool has_other_registers(const A64Row *row)
{
    bool others = !strcmp(row->name, "casp");
    for (const A64Field *f = row->fields; f->name; f++)
        others |= !strcmp(f->name, "len") || (!strcmp(f->name, "rm") && f->bits == 4);
    return others;
}

/* The first of a list (C4.1: Advanced SIMD load/store of structures). */
static bool begins_list(const A64Row *row, const A64Field *f)
{
    return (row->value & 0xbe000000) == 0x0c000000 && !strcmp(f->name, "rt");
}

static void make_shape(const A64Row *row, RowShape *s)
{
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (!strcmp(kinds[k].name, row->name))
            s->kind = kinds[k].kind;
    if (has_other_registers(row))
        return;
    for (const A64Field *f = row->fields; f->name; f++) {
        bool is_register = f->name[0] == 'r' && f->bits == 5, is_imm = !strcmp(f->name, "imm") && s->kind != FIXED;
        bool is_bits = s->kind == BITFIELD && !strncmp(f->name, "imm", 3);
        if (s->fields == SHAPE_FIELDS || !(is_register || is_imm || is_bits) || begins_list(row, f))
            continue;
        if (is_imm)
            s->imm = s->fields;
        s->field[s->fields++] =
            (ShapeField){ f->at, f->bits, f->sign, is_register ? slots_of(row, f->name) : SHAPE_NUMBER };
    }
}

static bool is_row(const char *name)
{
    for (int k = 0; k < A64_ROWS; k++)
        if (!strcmp(a64_rows[k].name, name))
            return true;
    return false;
}

static void make_shapes(void)
{
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
        assert(is_row(kinds[k].name));
    for (int k = 0; k < A64_ROWS; k++)
        make_shape(&a64_rows[k], &shapes[k]);
}

void arm_shapes_make(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_shapes);
}

/* In the place of the number: the least, or if it is negative the greatest, that has as many bits. */
static uint32_t only_length(uint32_t word, ShapeField f, int32_t v)
{
    uint32_t up = (uint32_t)(v < 0 ? ~v : v), top = up ? 1u << (31 - __builtin_clz(up)) : 0;
    uint32_t mask = ((1u << f.bits) - 1) << f.at;
    return (word & ~mask) | ((v < 0 ? ~top : top) << f.at & mask);
}

/* Which of the instructions it is that UBFM and SBFM stand for. LSL has one number in two fields, and fields may have
 * the size of a register: for those the word is the shape. Of all others there is a typical one. */
static uint64_t bitfield_class(uint32_t word)
{
    enum { IMMR_IMMS = 0x3ffc00 };
    unsigned r = word >> 16 & 63, s = word >> 10 & 63, n = word >> 31 ? 64 : 32;
    unsigned width = s >= r ? s - r + 1 : s + 1;
    if (s + 1 == r || width == 8 || width == 16 || width == 32)
        return word | 1ull << 32;
    r = !r ? 0 : s >= r ? 3 : 20;
    s = s == n - 1 ? s : 13;
    return (word & ~(uint32_t)IMMR_IMMS) | r << 16 | s << 10;
}

void arm_shape(uint32_t word, uint64_t pc, InsnShape *out)
{
    const RowShape *s = &shapes[a64_find(word)];
    out->field = s->field;
    out->fields = s->fields;
    if (s->kind == FIXED) {
        out->key = word;
        return;
    }
    if (s->kind == BITFIELD) {
        out->key = bitfield_class(word);
        return;
    }
    ShapeField imm = s->field[s->imm];
    int32_t v = shape_operand(imm, word);
    out->key = only_length(word, imm, v);
    if (s->kind == NUMBER)
        return;
    uint64_t to = s->kind == PAGE ? (pc & ~0xfffull) + ((uint64_t)(int64_t)v << 14 | (word >> 17 & 0x3000))
                                  : pc + (uint64_t)(int64_t)v * 4 + (s->kind == ADDRESS ? word >> 29 & 3 : 0);
    bool inside = !((to ^ pc) >> 12);
    out->key |= number_size(to) << 32 | (uint64_t)inside << 34 | (uint64_t)(inside && v <= 0) << 35;
}
