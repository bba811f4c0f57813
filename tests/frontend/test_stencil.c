/* Stencils of A64 instructions: what they give is what the backend makes, byte for byte. Words of each row of a64.isa,
 * in families of one shape, so that a stencil is learned of some and used on others. test_stencil SEED FAMILIES [rows]
 * makes another choice, so many families of each row; rows: tells how often each had a stencil. */
#include "cpu/stencil.h"
#include "tests/frontend/arm_bench.h"
#include "tests/frontend/random_a64.h"
#include "tests/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS = 40, LEAST = 50000, TOLD = 40, CODE_ROOM = 8 << 20, NOP = 0x90 };

static uint64_t seed = 1;
static int families = 12;
static bool tells_rows;

static struct {
    ArmBench arm;
    Cpu *cpu;
    Engine *engine;
    Compiled made, wanted; /* by the stencil, by the backend */
    uint32_t of_row[A64_ROWS + 1];
    uint32_t compared, differ;
} t;

static uint32_t below(uint32_t n)
{
    return (uint32_t)(random_next(&seed) >> 32) % n;
}

static void set_up(void)
{
    cpu_use_backend(&x86_64_backend, (Translation){ .quick = QUICK_ON });
    t.arm = arm_bench(&aarch64_max, "");
    t.cpu = &t.arm.cpu->cpu;
    t.engine = t.cpu->run->engine;
}

/* ---- comparison ---- */

static void place_code(Compiled *c, uint8_t *at, uint32_t size)
{
    c->at = at;
    c->to_exec = t.engine->to_exec;
    c->room = UNIT_ROOM;
    c->size = size;
    c->points = c->exits = 0;
}

static bool same_exits_and_points(void)
{
    const Compiled *a = &t.made, *b = &t.wanted;
    bool same = a->points == b->points && a->exits == b->exits;
    for (uint32_t k = 0; same && k < a->points; k++)
        same = a->point[k].host == b->point[k].host && a->point[k].pc == b->point[k].pc;
    for (uint32_t k = 0; same && k < a->exits; k++)
        same = a->exit[k].pc == b->exit[k].pc && a->exit[k].patch == b->exit[k].patch &&
               a->exit[k].stub == b->exit[k].stub;
    return same;
}

/* What is behind `from`, and a few NOPs before it; false: it is not what the backend makes. */
static bool as_wanted(const Piece *p, uint32_t begin, uint32_t from, bool ends)
{
    uint8_t code[STENCIL_BYTES];
    uint32_t size = t.made.size - from;
    bool wants_end, good = from - begin < 4;
    for (uint32_t k = begin; k < from; k++)
        good &= t.made.at[k] == NOP;
    memcpy(code, t.made.at + from, size);
    memset(t.made.at + from, 0xcc, size);
    place_code(&t.wanted, t.made.at, from);
    return good && piece_compile(t.cpu, &t.wanted, p, &wants_end) && wants_end == ends &&
           t.wanted.size == t.made.size && !memcmp(t.wanted.at + from, code, size) && same_exits_and_points();
}

static void tell(const Piece *p, const Stencil *s)
{
    int row = a64_find(p->word);
    if (t.differ++ < TOLD)
        fprintf(stderr, "%08x (%s) at %llx, mode %llx: differs by the stencil of %08x at %llx\n", p->word,
                p->none           ? "the next one"
                : row == A64_ROWS ? "no instruction"
                                  : a64_rows[row].name,
                (unsigned long long)p->pc, (unsigned long long)p->mode, s->word, (unsigned long long)s->pc);
}

static void compare(const Piece *p)
{
    Found f;
    bool ends;
    uint32_t begin = below(100);
    place_code(&t.made, t.engine->region[0].w + (below(CODE_ROOM) & ~15u), begin);
    stencil_seek(t.engine, p, &f);
    stencil_find(t.cpu, &t.made, p, &f);
    if (!f.stencil)
        return;
    ck_assert(stencil_place(t.cpu, &t.made, p, &f, &ends));
    t.compared++;
    t.of_row[a64_find(p->word)] += !p->none;
    if (!as_wanted(p, begin, t.made.size - f.stencil->size, ends))
        tell(p, f.stencil);
}

/* ---- what is compared ---- */

static uint64_t mode_of_family(void)
{
    enum { EL0 = M_ZVA | M_CACHE | M_COUNTER | M_TBI0, EL1 = 1 | M_SP_SEL | EL0 };
    static const uint64_t modes[] = { EL0,
                                      EL0,
                                      EL0 | M_ALIGN,
                                      EL1 & ~M_TBI0,
                                      EL1,
                                      EL1 | M_TBI1,
                                      1 | M_SP_SEL | M_MMU_OFF,
                                      EL0 | M_FP_TRAP,
                                      EL1 | M_BIG,
                                      EL0 | M_FP_SOFT,
                                      2 | M_SP_SEL };
    return modes[below(sizeof modes / sizeof *modes)];
}

/* Where programs and kernels are, and around the places where a pc needs another host instruction. */
static uint64_t place_of_family(void)
{
    static const uint64_t places[] = { 0x400000,           0x400000,           0,
                                       0x7f800000,         0x80000000,         0xff800000,
                                       0x7ffff7a00000,     0xaaaad4500000,     0xffff800008000000,
                                       0xffff800010000000, 0xffffffff7f800000, 0xffffffff80000000,
                                       0xffffffffff000000 };
    return places[below(sizeof places / sizeof *places)];
}

static uint64_t somewhere(uint64_t place, uint64_t last)
{
    enum { FIRST_OF_PAGE, LAST_OF_PAGE, NEAR_END, SAME_PAGE, KINDS = 8 };
    uint64_t page = (place + below(1 << 24)) & ~0xfffull;
    switch (below(KINDS)) {
    case FIRST_OF_PAGE:
        return page;
    case LAST_OF_PAGE:
        return page + 0xffc;
    case NEAR_END:
        return page + 0xfff - (below(64) | 3);
    case SAME_PAGE:
        return (last & ~0xfffull) + below(1024) * 4;
    default:
        return page + below(1024) * 4;
    }
}

static uint32_t with(uint32_t word, ShapeField f, uint32_t v)
{
    uint32_t mask = ((1u << f.bits) - 1) << f.at;
    return (word & ~mask) | (v << f.at & mask);
}

/* Numbers of all lengths; now and then two registers are the same. */
static uint32_t first_of_family(uint32_t word)
{
    InsnShape s;
    t.engine->guest->shape(word, 0, &s);
    for (uint32_t k = 0; k < s.fields; k++) {
        ShapeField f = s.field[k];
        uint32_t v = (uint32_t)shape_operand(f, word);
        if (f.slots == SHAPE_NUMBER)
            word = with(word, f, (v & ((1u << below(f.bits + 1u)) - 1)) ^ (f.sign && below(2) ? ~0u : 0));
        else if (!below(6))
            word = with(word, f, (uint32_t)shape_operand(s.field[below(s.fields)], word));
    }
    return word;
}

/* Another number of as many bits, rarely any; another register with a home like it. */
static uint32_t another_value(ShapeField f, uint32_t word)
{
    int32_t now = shape_operand(f, word);
    if (f.slots == SHAPE_NUMBER) {
        uint32_t up = (uint32_t)(now < 0 ? ~now : now), top = up ? 1u << (31 - __builtin_clz(up)) : 1;
        return f.bits <= 6 || !below(16) ? below(1u << f.bits) : (uint32_t)now ^ below(top);
    }
    const uint8_t *like = registers_like(t.engine, f.slots);
    uint32_t r = below(32);
    return like[r] == like[now] || !below(32) ? r : (uint32_t)now;
}

static bool same_register(ShapeField a, ShapeField b, uint32_t word)
{
    return a.slots != SHAPE_NUMBER && b.slots != SHAPE_NUMBER && shape_operand(a, word) == shape_operand(b, word);
}

/* Operands that are the same register stay so. */
static uint32_t another_member(uint32_t word)
{
    InsnShape s;
    t.engine->guest->shape(word, 0, &s);
    uint32_t other = word;
    for (uint32_t k = 0; k < s.fields; k++) {
        uint32_t v = another_value(s.field[k], word);
        for (uint32_t n = 0; n < s.fields; n++)
            if (n == k || same_register(s.field[n], s.field[k], word))
                other = with(other, s.field[n], v);
    }
    return other;
}

/* Where in the page a branch of so many instructions goes to its last one, or to its first. */
static uint64_t just_inside(int32_t insns)
{
    return (insns < 0 ? -(uint64_t)insns * 4 : 0xffc - (uint64_t)insns * 4) & 0xffc;
}

/* In some families the stencil is learned of branches that only just stay in their page: few others can from there. */
static void family(uint32_t word, bool none)
{
    enum { LESSON = 8 };
    Piece p = { .mode = mode_of_family(), .none = none };
    uint64_t place = place_of_family();
    InsnShape s;
    t.engine->guest->shape(word, 0, &s);
    ShapeField number = { .bits = 1 };
    for (uint32_t k = 0; k < s.fields; k++)
        number = s.field[k].slots == SHAPE_NUMBER ? s.field[k] : number;
    bool at_an_end = !none && !below(3);
    word = at_an_end ? (uint32_t)s.key : word; /* the typical one */
    stencils_bound(t.engine->stencils);
    for (int k = 0; k < MEMBERS; k++) {
        bool lesson = at_an_end && k < LESSON;
        p.pc = somewhere(place, p.pc);
        p.pc = lesson ? (p.pc & ~0xfffull) | just_inside(shape_operand(number, word)) : p.pc;
        p.unit_pc = (p.pc & ~0xfffull) + (below((uint32_t)(p.pc & 0xfff) + 1) & ~3u);
        p.word = none || lesson || !below(4) ? word : another_member(word);
        compare(&p);
    }
}

static const char *const common[] = { "add_imm", "ldr_imm", "b_cond",  "cbz",    "adrp",      "bl", "ubfm",
                                      "movz",    "add_reg", "str_imm", "fadd_s", "ldr_imm_v", NULL };

static bool is_common(const char *name)
{
    for (const char *const *c = common; *c; c++)
        if (!strcmp(*c, name))
            return true;
    return false;
}

START_TEST(stencils_give_what_the_backend_makes)
{
    enum { EXTRA = 4 }; /* what there is much of, and its numbers are of many lengths */
    set_up();
    for (int n = 0; n < families; n++) {
        for (int r = 0; r < A64_ROWS; r++)
            for (int k = 0; k < (is_common(a64_rows[r].name) ? EXTRA : 1); k++)
                family(first_of_family(a64_random(&a64_rows[r], &seed)), false);
        family((uint32_t)random_next(&seed), false);
        family(0, true);
    }
    int without = 0;
    for (int r = 0; r < A64_ROWS; r++) {
        without += !t.of_row[r];
        if (tells_rows)
            printf("%8u %s\n", t.of_row[r], a64_rows[r].name);
        ck_assert_msg(t.of_row[r] || !is_common(a64_rows[r].name), "%s had no stencil", a64_rows[r].name);
    }
    printf("%u compared, %u differ; %d of %d rows without a stencil\n", t.compared, t.differ, without, A64_ROWS);
    fflush(stdout);
    ck_assert_uint_eq(t.differ, 0);
    ck_assert_uint_gt(t.compared, LEAST);
    arm_bench_free(&t.arm);
}
END_TEST

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) | 1 : seed;
    families = argc > 2 ? atoi(argv[2]) : families;
    tells_rows = argc > 3;
    return run_tests("stencils", (const TTest *const[]){ stencils_give_what_the_backend_makes, NULL }, NULL);
}
