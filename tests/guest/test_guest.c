/* Guest instructions as text: each line of a64/NAME.t is run in every way a64_bench.h has.
 *
 *     adcs x0, x1, x2   ba020020   x1=ffffffffffffffff x2=0 nzcv=2   ->   x0=0 nzcv=6
 *
 * Columns are separated by two spaces or more: assembly (for the reader), up to four words, what the state holds
 * before, what it holds after. What is not named before has a pattern (fresh), what is not named after must not have
 * changed. x0..x30 sp nzcv fpcr fpsr v0..v31 are hexadecimal; [4040700]=8 bytes of memory as a number;
 * pc=+8 where it goes on, counted from the first word (else behind the last); signal=4 undefined, 7 misaligned, b no
 * such memory. ';' separates instructions, ',' their words; a line that begins with # is a comment. tests/guest/fill.py
 * writes lines, and so does --lockstep: at=ffffffc008012340 is the address of the first word, and memory may then be
 * anywhere. */
#include "tests/frontend/a64_bench.h"
#include "tests/frontend/random_a64.h"
#include "tests/suite.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 16384, COLUMNS = 4, WORDS = 64, STORES = 256 };

typedef struct Store { /* memory beyond the window */
    uint64_t at, value;
} Store;

typedef struct Test {
    const char *file;
    int line;
    char text[LINE], *column[COLUMNS]; /* assembly, words, before, after */
    uint32_t word[WORDS];
    int words;
    A64Bench *bench;
    Store memory[2][STORES]; /* before, after */
    int stores[2];
    uint64_t pc; /* of the first word; the last is where oracle.h has it */
} Test;

static void bad(const Test *t, const char *what)
{
    ck_abort_msg("%s:%d: %s", t->file, t->line, what);
}

/* The pattern that registers have unless the line says otherwise. */
static OracleState fresh(void)
{
    OracleState s = { .sp = ORACLE_PAGE + ORACLE_WINDOW + 256 };
    for (uint64_t n = 0; n < 31; n++)
        s.x[n] = (n + 1) * 0x0101010101010101;
    for (uint64_t n = 0; n < 32; n++) {
        s.v[n][0] = n * 0x0101010101010101 ^ 0xa0a1a2a3a4a5a6a7;
        s.v[n][1] = n * 0x0101010101010101 ^ 0xb0b1b2b3b4b5b6b7;
    }
    for (int n = 0; n < ORACLE_WINDOW_SIZE; n++)
        s.window[n] = (uint8_t)(n * 7);
    return s;
}

/* ---- one line ---- */

static void split(Test *t)
{
    char *p = t->text;
    p[strcspn(p, "\n")] = 0;
    for (int n = 0; n < COLUMNS; n++) {
        p += strspn(p, " ");
        t->column[n] = p;
        char *arrow = n == 2 ? strstr(p, "->") : NULL, *gap = n < 2 ? strstr(p, "  ") : arrow;
        if (n == COLUMNS - 1)
            break;
        if (!gap)
            bad(t, "has too few columns");
        *gap = 0;
        p = gap + 2;
    }
}

static void read_words(Test *t)
{
    char *p = t->column[1];
    for (t->words = 0; *p && t->words < WORDS; p += *p == ',')
        t->word[t->words++] = (uint32_t)strtoul(p, &p, 16);
    if (!t->words || *p)
        bad(t, "has no words");
}

static void set_wide(OracleState *s, unsigned n, const char *digits, const Test *t)
{
    char high[17] = "";
    size_t length = strlen(digits), above = length > 16 ? length - 16 : 0;
    if (n > 31 || !length || above > 16)
        bad(t, "v has 1 to 32 digits");
    memcpy(high, digits, above);
    s->v[n][1] = strtoull(high, NULL, 16);
    s->v[n][0] = strtoull(digits + above, NULL, 16);
}

static void set_memory(OracleState *s, uint64_t at, uint64_t value, Test *t, bool after)
{
    uint64_t offset = at - ORACLE_PAGE - ORACLE_WINDOW;
    if (offset <= ORACLE_WINDOW_SIZE - 8)
        memcpy(s->window + offset, &value, 8);
    else if (at - ORACLE_PAGE < ORACLE_PAGE_SIZE)
        bad(t, "memory is beside the window");
    else if (t->stores[after] == STORES || (at & 7))
        bad(t, "memory is misaligned or too much");
    else
        t->memory[after][t->stores[after]++] = (Store){ at, value };
}

static void set(OracleState *s, char *name, char *digits, Test *t, bool after)
{
    uint64_t value = strtoull(digits, NULL, 16);
    char *end;
    unsigned long n = strtoul(name + 1, &end, 10);
    if (name[0] == 'x' && !*end && n < 31)
        s->x[n] = value;
    else if (name[0] == 'v' && !*end)
        set_wide(s, (unsigned)n, digits, t);
    else if (name[0] == '[')
        set_memory(s, strtoull(name + 1, NULL, 16), value, t, after);
    else if (!strcmp(name, "sp"))
        s->sp = value;
    else if (!strcmp(name, "nzcv"))
        s->nzcv = (uint32_t)value << 28;
    else if (!strcmp(name, "fpcr"))
        s->fpcr = (uint32_t)value;
    else if (!strcmp(name, "fpsr"))
        s->fpsr = (uint32_t)value;
    else if (!strcmp(name, "pc"))
        s->pc = t->pc + (uint64_t)strtoll(digits, NULL, 0);
    else if (!strcmp(name, "at") && !after)
        s->pc = (t->pc = value) + 4 * (uint64_t)t->words;
    else if (!strcmp(name, "signal"))
        s->signal = (uint32_t)value;
    else
        bad(t, "names something unknown");
}

static void set_all(OracleState *s, char *settings, Test *t, bool after)
{
    for (char *save = NULL, *word = strtok_r(settings, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(word, '=');
        if (!equals)
            bad(t, "a setting has no =");
        *equals = 0;
        set(s, word, equals + 1, t, after);
    }
}

static void differ(const Test *t, A64Way way, const char *what, unsigned n, uint64_t want, uint64_t got)
{
    if (want != got)
        ck_abort_msg("%s:%d: %s (%s): %s%u is %llx, not %llx", t->file, t->line, t->column[0], a64_way_names[way], what,
                     n, (unsigned long long)got, (unsigned long long)want);
}

static void compare(const Test *t, A64Way way, const OracleState *want, const OracleState *got)
{
    differ(t, way, "signal ", 0, want->signal, got->signal);
    differ(t, way, "pc ", 0, want->pc - t->pc, got->pc - t->pc);
    for (unsigned n = 0; n < 31; n++)
        differ(t, way, "x", n, want->x[n], got->x[n]);
    differ(t, way, "sp ", 0, want->sp, got->sp);
    differ(t, way, "nzcv ", 0, want->nzcv >> 28, got->nzcv >> 28);
    differ(t, way, "fpsr ", 0, want->fpsr, got->fpsr);
    for (unsigned n = 0; n < 64; n++)
        differ(t, way, n & 1 ? "upper half of v" : "lower half of v", n / 2, want->v[n / 2][n & 1],
               got->v[n / 2][n & 1]);
    for (unsigned n = 0; n < ORACLE_WINDOW_SIZE; n++)
        differ(t, way, "byte of memory ", n, want->window[n], got->window[n]);
}

static void memory_before(Test *t)
{
    a64_bench_forget(t->bench);
    for (int k = 0; k < t->stores[0]; k++)
        memcpy(a64_bench_memory(t->bench, t->memory[0][k].at), &t->memory[0][k].value, 8);
}

/* What is said last of a place holds. */
static void compare_memory(const Test *t, A64Way way)
{
    Store all[2 * STORES];
    int count = t->stores[0] + t->stores[1];
    memcpy(all, t->memory[0], (size_t)t->stores[0] * sizeof *all);
    memcpy(all + t->stores[0], t->memory[1], (size_t)t->stores[1] * sizeof *all);
    for (int k = 0; k < count; k++) {
        uint64_t got;
        bool again = false;
        for (int n = k + 1; n < count; n++)
            again |= all[n].at == all[k].at;
        memcpy(&got, a64_bench_memory(t->bench, all[k].at), 8);
        if (!again)
            differ(t, way, "memory, item ", (unsigned)k, all[k].value, got);
    }
}

static void run_line(A64Bench *b, Test *t)
{
    OracleState before = fresh(), after;
    split(t);
    read_words(t);
    t->pc = ORACLE_CODE + ORACLE_LAST + 4 - 4 * (uint64_t)t->words;
    before.pc = ORACLE_CODE + ORACLE_LAST + 4;
    t->bench = b;
    t->stores[0] = t->stores[1] = 0;
    set_all(&before, t->column[2], t, false);
    after = before;
    set_all(&after, t->column[3], t, true);
    for (A64Way way = 0; way < A64_WAYS; way++) {
        OracleState got = before;
        memory_before(t);
        a64_bench_run(b, way, t->word, t->words, t->pc, &got);
        compare(t, way, &after, &got);
        compare_memory(t, way);
    }
}

static int run_file(A64Bench *b, const char *path)
{
    Test t = { .file = path };
    int lines = 0;
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    while (fgets(t.text, sizeof t.text, file)) {
        t.line++;
        if (t.text[strspn(t.text, " ")] == '#' || t.text[0] == '\n')
            continue;
        run_line(b, &t);
        lines++;
    }
    fclose(file);
    return lines;
}

START_TEST(every_line_holds)
{
    static const char folder[] = "tests/guest/a64";
    A64Bench *b = a64_bench();
    DIR *dir = opendir(folder);
    int files = 0;
    ck_assert(dir != NULL);
    for (struct dirent *e; (e = readdir(dir));) {
        char path[512];
        size_t length = strlen(e->d_name);
        if (length < 3 || strcmp(e->d_name + length - 2, ".t") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        ck_assert_int_gt(run_file(b, path), 0);
        files++;
    }
    closedir(dir);
    ck_assert_int_gt(files, 0);
    a64_bench_free(b);
}
END_TEST

/* CPACR_EL1.FPEN: all FP and vector data processing traps and does nothing else, whatever its operands. Words that are
 * undefined may be so first. */
static bool traps(A64Bench *b, uint32_t word)
{
    OracleState on = fresh(), off = fresh(), before = fresh();
    a64_bench_run(b, A64_FOLDED, &word, 1, ORACLE_CODE, &on);
    a64_bench_fp_off(b, true);
    a64_bench_run(b, A64_FOLDED, &word, 1, ORACLE_CODE, &off);
    a64_bench_fp_off(b, false);
    bool undefined = on.signal == 4 && off.signal == 4;
    before.signal = off.signal;
    before.pc = off.pc;
    return undefined || (off.signal == 5 && !memcmp(&before, &off, sizeof off));
}

START_TEST(fp_access_traps)
{
    enum { FP_CLASS = 7, TRIES = 20 }; /* bits 27-25 */
    A64Bench *b = a64_bench();
    uint64_t seed = 1;
    int rows = 0;
    for (int r = 0; r < A64_ROWS; r++) {
        const A64Row *row = &a64_rows[r];
        if ((row->value >> 25 & 7) != FP_CLASS || !a64_bench_has(b, row->feature))
            continue;
        for (int n = 0; n < TRIES; n++) {
            uint32_t word = a64_random(row, &seed);
            ck_assert_msg(traps(b, word), "%s: %08x", row->name, word);
        }
        rows++;
    }
    ck_assert_int_gt(rows, 0);
    a64_bench_free(b);
}
END_TEST

static uint32_t immediate(uint32_t word, uint32_t value)
{
    return word | (value >> 5) << 16 | (value & 31) << 5;
}

static void same_both_ways(A64Bench *b, const uint32_t *words, int count)
{
    OracleState want = fresh(), got = fresh();
    a64_bench_run(b, A64_FOLDED, words, count, ORACLE_CODE, &want);
    a64_bench_run(b, A64_JIT, words, count, ORACLE_CODE, &got);
    ck_assert_msg(!memcmp(&want, &got, sizeof got), "%08x %08x", words[0], words[count - 1]);
}

/* However many the guest has, those that the backend itself needs find room. */
START_TEST(constants_do_not_run_out)
{
    static const uint32_t own[] = { 0x2e23fc41 /* fdiv v1.2s, v2.2s, v3.2s */, 0x4e205841 /* cnt v1.16b, v2.16b */,
                                    0x4e24d461 /* fadd v1.4s, v3.4s, v4.4s */, 0x1e622861 /* fadd d1, d3, d2 */,
                                    0x4e200841 /* rev64 v1.16b, v2.16b */ };
    A64Bench *b = a64_bench();
    for (uint32_t n = 0; n < 5000; n++) {
        uint32_t words[2] = { immediate(0x4f000400, n >> 8) /* movi v0.4s, #n */,
                              immediate(0x4f003400, n & 255) /* orr v0.4s, #n, lsl #8 */ };
        same_both_ways(b, words, 2);
    }
    for (unsigned k = 0; k < sizeof own / sizeof *own; k++)
        same_both_ways(b, &own[k], 1);
    a64_bench_free(b);
}
END_TEST

/* test_guest FILE...: these instead. */
static char **given;

START_TEST(every_given_line_holds)
{
    A64Bench *b = a64_bench();
    for (char **path = given; *path; path++)
        ck_assert_int_gt(run_file(b, *path), 0);
    a64_bench_free(b);
}
END_TEST

int main(int argc, char **argv)
{
    given = argv + 1;
    TCase *c = tcase_create("a64");
    if (argc > 1) {
        tcase_add_test(c, every_given_line_holds);
    } else {
        tcase_add_test(c, every_line_holds);
        tcase_add_test(c, fp_access_traps);
        tcase_add_test(c, constants_do_not_run_out);
    }
    return run_suite("guest", (TCase *[]){ c, NULL });
}
