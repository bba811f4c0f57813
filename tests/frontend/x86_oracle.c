/* Random instructions of every row, run by the translator in every way it has and by the host processor: all must
 * agree.
 *
 *     x86_oracle [-n CASES] [-s SEED] [-r ROW] [-b BITS] [-p K/N] [-v]
 *
 * -n: of each row, code size and operand size. -r: rows whose handler's name begins so; "seq": sequences. -p: the K-th
 * of N parts of the rows, from 0; sequences are the part N. Prints what differs; with -v what was executed, by row. A
 * row's cases depend on it and on the seed alone. Skipped (77) where the host cannot run the cases. */
#include "tests/frontend/x86_bench.h"
#include "tests/frontend/x86_cases.h"
#include "tests/frontend/x86_fp.h"
#include "tests/frontend/x86_known.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 256, SHOWN = 3, ROWS_MAX = 4096, SIZES = 3 };

static struct {
    unsigned count, bits, verbose, part, parts;
    uint64_t seed;
    const char *only;
} options = { .count = 10, .seed = 1, .only = "" };

typedef struct Tally {
    unsigned long made, executed, finished; /* executed: no #UD; finished: no exception at all */
} Tally;

static struct {
    X86Insn insn[BATCH];
    unsigned long cases, explained, different, refused;
    unsigned shown[ROWS_MAX];
    Tally of[ROWS_MAX][SIZES][SIZES]; /* by code size and operand size */
} o;

/* 16, 32, 64 or 2, 4, 8 to 0, 1, 2 */
static unsigned nth(unsigned size)
{
    return size > 8 ? size / 32 : size / 4;
}

/* ---- comparing ---- */

static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                     "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

static void show_number(const char *name, uint64_t before, uint64_t want, uint64_t got)
{
    if (want != got)
        printf("    %-7s %016llx: host %016llx, here %016llx\n", name, (unsigned long long)before,
               (unsigned long long)want, (unsigned long long)got);
}

static void show_flags(uint32_t before, uint32_t want, uint32_t got)
{
    static const char letters[] = "C-P-A-ZS--DO";
    const uint32_t sets[] = { before, want, got };
    static const char *const titles[] = { "before", "host", "here" };
    printf("    flags  ");
    for (int k = 0; k < 3; k++) {
        printf(" %s ", titles[k]);
        for (int n = 11; n >= 0; n--)
            if (letters[n] != '-')
                putchar(sets[k] >> n & 1 ? letters[n] : '.');
    }
    putchar('\n');
}

static void show(const X86Case *c, const X86Insn *i, X86Way way, const X86State *want, const X86State *got,
                 uint32_t flags)
{
    printf("%s \"%s\" in %u-bit code, operands of %u, addresses of %u, %s:", i->row->name, i->row->encoding, c->bits,
           i->opsize, i->adsize, x86_way_names[way]);
    for (uint32_t n = 0; n < c->length; n++)
        printf(" %02x", c->code[n]);
    printf("\n");
    for (int n = 0; n < 16; n++)
        show_number(names[n], c->before.r[n], want->r[n], got->r[n]);
    show_number("ip", 0, want->ip, got->ip);
    show_number("signal", 0, want->signal, got->signal);
    if ((want->eflags ^ got->eflags) & flags)
        show_flags(c->before.eflags, want->eflags & flags, got->eflags & flags);
    x86_fp_show(&c->before.fp, &want->fp, &got->fp, i);
    for (int n = 0, shown = 0; n < X86_PAGE_SIZE && shown < 8; n++)
        if (want->page[n] != got->page[n]) {
            char name[16];
            snprintf(name, sizeof name, "[%x]", (unsigned)X86_PAGE + (unsigned)n);
            show_number(name, c->before.page[n], want->page[n], got->page[n]);
            shown++;
        }
    for (int n = 0; n < 8; n++)
        printf("    %s=%llx", names[n], (unsigned long long)c->before.r[n]);
    printf("\n");
}

static bool agrees(const X86State *a, const X86State *b, uint32_t flags, bool code64, const X86Insn *i, bool others)
{
    for (int n = 0; n < 16; n++)
        if ((code64 || n < 8) && a->r[n] != b->r[n])
            return false;
    return a->ip == b->ip && a->signal == b->signal && !((a->eflags ^ b->eflags) & flags) &&
           x86_fp_agrees(&a->fp, &b->fp, i, a->signal != 0, others) && !memcmp(a->page, b->page, X86_PAGE_SIZE);
}

static void count_case(const X86Case *c, const X86Insn *i)
{
    Tally *t = &o.of[i->number][nth(c->bits)][nth(i->opsize)];
    o.cases++;
    if (c->length > i->length)
        return;
    t->made++;
    t->executed += c->after.signal != SIGILL || !strcmp(i->row->name, "ud2");
    t->finished += !c->after.signal;
}

static void compare(X86Case *c, const X86Insn *i)
{
    static X86State got;
    if (c->area) /* MXCSR_MASK: bit 17 is AMD's misaligned mode */
        c->after.page[c->area + 30] &= 0xfd;
    uint32_t all = FL_ARITH | FL_DF, flags = all & ~x86_undefined_flags(i);
    count_case(c, i);
    if (flags != all || x86_nothing_to_say(i, c))
        o.explained++;
    if (x86_nothing_to_say(i, c))
        return;
    for (X86Way way = 0; way < X86_WAYS; way++) {
        if (!x86_bench_run(way, c, &got)) {
            o.refused++;
            if (c->length > i->length)
                continue;
            got = (X86State){ .signal = ~0u };
        }
        uint32_t open = x86_undefined_mxcsr(i, c);
        bool others = c->length > i->length;
        got.fp.mxcsr = (got.fp.mxcsr & ~open) | (c->after.fp.mxcsr & open);
        if (agrees(&c->after, &got, flags, c->bits == 64, i, others) ||
            (x86_estimate_agrees(i, c, &got) && agrees(&c->after, &got, flags, c->bits == 64, i, others)))
            continue;
        o.different++;
        if (o.shown[i->number]++ < SHOWN)
            show(c, i, way, &c->after, &got, flags);
        return;
    }
}

/* ---- running ---- */

static void run_batch(int count)
{
    X86Case *cases = x86_native_cases();
    if (count && !x86_native_run(count)) {
        printf("the process that runs cases has gone\n");
        exit(1);
    }
    for (int n = 0; n < count; n++)
        compare(&cases[n], &o.insn[n]);
}

/* FNV-1a: a row's cases stay the same when others come and go. */
static uint64_t seed_of(const char *text, unsigned bits)
{
    uint64_t h = 0xcbf29ce484222325 ^ options.seed * 0x9e3779b97f4a7c15 ^ bits;
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 0x100000001b3;
    return h | 1;
}

static bool all_full(const Tally *of)
{
    for (unsigned k = 0; k < SIZES; k++)
        if (of[k].made && of[k].executed < options.count)
            return false;
    return true;
}

/* Cases of the operand sizes that do not have enough yet. */
static int make_batch(int row, unsigned bits, const Tally *of, unsigned *tries, unsigned *seen)
{
    X86Case *cases = x86_native_cases();
    unsigned long soon[SIZES];
    int n = 0;
    for (unsigned k = 0; k < SIZES; k++)
        soon[k] = of[k].executed;
    for (unsigned end = *tries + 4 * BATCH, vain = 0; n < BATCH && *tries < end && vain < 64; ++*tries) {
        cases[n].bits = bits;
        if (!x86_case(row, &cases[n], &o.insn[n]))
            continue;
        ++*seen;
        bool full = soon[nth(o.insn[n].opsize)]++ >= options.count;
        n += !full;
        vain = full ? vain + 1 : 0;
    }
    return n;
}

/* Each operand size that a row has gets its cases, however seldom chance makes one; the first 64 show which it has. */
static void run_row(const X86Row *rows, int row, unsigned bits)
{
    Tally *of = o.of[row][nth(bits)];
    unsigned tries = 0, seen = 0;
    x86_case_seed(seed_of(rows[row].encoding, bits), options.count);
    while (tries < 100 * options.count + 2000 && (seen < 64 || !all_full(of)))
        run_batch(make_batch(row, bits, of, &tries, &seen));
}

/* As many sequences as ten rows would have cases. */
static void run_sequences(int rows, unsigned bits)
{
    X86Case *cases = x86_native_cases();
    x86_case_seed(seed_of("seq", bits), 10 * options.count);
    for (unsigned made = 0; made < 10 * options.count;) {
        int n = 0;
        while (n < BATCH && made < 10 * options.count) {
            cases[n].bits = bits;
            bool good = x86_case_sequence(rows, &cases[n], &o.insn[n]);
            n += good;
            made += good;
        }
        run_batch(n);
    }
}

/* ---- the result ---- */

static void show_tally(const X86Row *row, unsigned bits, unsigned opsize, const Tally *t)
{
    printf("%8lu made %8lu executed %8lu finished: %s \"%s\" %u bits, operands of %u\n", t->made, t->executed,
           t->finished, row->name, row->encoding, bits, opsize);
}

static void report(const X86Row *rows, int count)
{
    int some = 0, forms = 0, few = 0;
    for (int n = 0; n < count; n++) {
        int before = forms;
        for (unsigned b = 0; b < SIZES; b++)
            for (unsigned k = 0; k < SIZES; k++) {
                const Tally *t = &o.of[n][b][k];
                forms += t->made != 0;
                few += t->made && t->executed < options.count;
                if (t->made && (options.verbose || t->executed < options.count))
                    show_tally(&rows[n], 16u << b, 2u << k, t);
            }
        some += forms != before;
    }
    printf("%lu cases of %d rows with %d sizes (%d of these executed less than %u times), %lu with what the SDM leaves "
           "open, %lu too much for the backend, %lu differ\n",
           o.cases, some, forms, few, options.count, o.explained, o.refused, o.different);
}

static bool wanted(const X86Row *row, int n, int count)
{
    unsigned long at = (unsigned long)n * options.parts;
    return !strncmp(row->name, options.only, strlen(options.only)) &&
           (!options.parts || at / (unsigned)count == options.part);
}

static bool wants_sequences(void)
{
    return options.parts ? options.part == options.parts : !*options.only || !strcmp(options.only, "seq");
}

static bool read_options(int argc, char **argv)
{
    int opt;
    while ((opt = getopt(argc, argv, "n:s:r:b:p:v")) != -1) {
        if (opt == 'n')
            options.count = (unsigned)atoi(optarg);
        else if (opt == 's')
            options.seed = (uint64_t)atoll(optarg);
        else if (opt == 'r')
            options.only = optarg;
        else if (opt == 'b')
            options.bits = (unsigned)atoi(optarg);
        else if (opt == 'v')
            options.verbose = 1;
        else if (opt != 'p' || sscanf(optarg, "%u/%u", &options.part, &options.parts) != 2)
            return false;
    }
    return true;
}

static void run(const X86Row *rows, int count, unsigned bits)
{
    if ((options.bits && options.bits != bits) || !x86_native_has(bits))
        return;
    for (int row = 0; row < count; row++)
        if (wanted(&rows[row], row, count))
            run_row(rows, row, bits);
    if (wants_sequences())
        run_sequences(count, bits);
}

int main(int argc, char **argv)
{
    int count;
    const X86Row *rows = x86_rows(&count);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!read_options(argc, argv) || count > ROWS_MAX)
        return 2;
    if (!x86_native_start(BATCH)) {
        printf("this host cannot run the cases\n");
        return 77;
    }
    x86_bench_start();
    for (unsigned bits = 16; bits <= 64; bits *= 2)
        run(rows, count, bits);
    x86_native_stop();
    report(rows, count);
    return o.different != 0;
}
