/* Random instructions, run by the translator in every way it has and by qemu-aarch64: all must agree.
 *
 *     oracle ORACLE_GUEST [-n CASES_A_ROW] [-s SEED] [-r ROW] [-i|-f] [-b] [-c] [-v]
 *
 * -r tests the rows whose name begins so; "seq": sequences; -i leaves out floating point and vectors; -f tests floating
 * point alone, in all its modes. Prints what differs; -c, also which rows were executed, not being UNDEFINED, fewer
 * than 1000 times, and why; -v, all rows. Without qemu-aarch64 in the path it says so and is skipped (exit code 77). */
#include "tests/frontend/a64_bench.h"
#include "tests/frontend/oracle_cases.h"
#include "tests/frontend/oracle_known.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHOWN_A_ROW = 3, ENOUGH = 1000, MOST = 20, TRIES = 64 };

typedef struct Oracle {
    int to, from;
    pid_t pid;
    A64Bench *bench;
    OracleCase before[ORACLE_BATCH], after[ORACLE_BATCH];
    uint64_t seed;
    unsigned long cases, explained, different;
    unsigned executed; /* cases of the row that were not UNDEFINED to the peer */
    unsigned few;      /* rows that had too few */
} Oracle;

static struct Options {
    unsigned count;
    bool verbose, integer, fp, big, coverage;
    uint64_t seed;
    const char *only, *guest;
} options = { .count = 50, .seed = 1, .only = "" };

/* ---- the process under qemu ---- */

static void start(Oracle *o, const char *guest)
{
    int in[2], out[2];
    if (pipe(in) || pipe(out))
        exit(1);
    o->pid = fork();
    if (o->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        const char *qemu = options.big ? "qemu-aarch64_be" : "qemu-aarch64";
        execlp(qemu, qemu, "-cpu", "max,pauth=off", guest, NULL);
        _exit(77);
    }
    close(in[0]);
    close(out[1]);
    o->to = in[1];
    o->from = out[0];
}

static void transfer(int fd, void *data, size_t size, bool reading)
{
    for (char *p = data; size;) {
        ssize_t n = reading ? read(fd, p, size) : write(fd, p, size);
        if (n <= 0) {
            if (n < 0 && errno == EINTR)
                continue;
            fprintf(stderr, "oracle: the guest under qemu-aarch64 has gone\n");
            exit(reading ? 77 : 1);
        }
        p += n;
        size -= (size_t)n;
    }
}

/* The guest reads a whole batch before it writes. */
static void ask(Oracle *o, uint64_t cases)
{
    transfer(o->to, &cases, sizeof cases, false);
    transfer(o->to, o->before, cases * sizeof *o->before, false);
    transfer(o->from, o->after, cases * sizeof *o->after, true);
}

/* ---- comparing ---- */

static void show_word(const char *what, int n, uint64_t before, uint64_t want, uint64_t got)
{
    char name[32];
    snprintf(name, sizeof name, n < 0 ? "%s" : "%s%d", what, n);
    printf("    %-8s %016llx: want %016llx, got %016llx\n", name, (unsigned long long)before, (unsigned long long)want,
           (unsigned long long)got);
}

static void show(const OracleCase *c, const OracleState *want, const OracleState *got)
{
    const OracleState *s = &c->state;
    for (int n = 0; n < 31; n++)
        if (want->x[n] != got->x[n])
            show_word("x", n, s->x[n], want->x[n], got->x[n]);
    for (int n = 0; n < 32; n++)
        for (int half = 0; half < 2; half++)
            if (want->v[n][half] != got->v[n][half])
                show_word(half ? "v.hi" : "v.lo", n, s->v[n][half], want->v[n][half], got->v[n][half]);
    for (int n = 0; n < ORACLE_WINDOW_SIZE; n++)
        if (want->window[n] != got->window[n])
            show_word("byte ", n, s->window[n], want->window[n], got->window[n]);
    if (want->sp != got->sp)
        show_word("sp", -1, s->sp, want->sp, got->sp);
    if (want->pc != got->pc)
        show_word("pc", -1, 0, want->pc, got->pc);
    if (want->nzcv != got->nzcv)
        show_word("nzcv", -1, s->nzcv, want->nzcv, got->nzcv);
    if (want->fpsr != got->fpsr)
        show_word("fpsr", -1, s->fpsr, want->fpsr, got->fpsr);
    if (want->signal != got->signal)
        show_word("signal", -1, 0, want->signal, got->signal);
}

static void show_inputs(const OracleCase *c)
{
    A64 i = { 0 };
    a64_decode(c->word[ORACLE_WORDS - 1], &i);
    printf("    nzcv %x fpcr %x", c->state.nzcv >> 28, c->state.fpcr);
    const struct {
        const char *name;
        unsigned number;
    } used[] = { { "n", i.rn }, { "m", i.rm }, { "d", i.rd }, { "a", i.ra }, { "t", i.rt }, { "s", i.rs } };
    for (unsigned k = 0; k < sizeof used / sizeof *used; k++) {
        unsigned r = used[k].number;
        if (!r && k > 1)
            continue;
        printf("  r%s=%u x %llx v %016llx%016llx", used[k].name, r,
               (unsigned long long)(r < 31 ? c->state.x[r] : c->state.sp), (unsigned long long)c->state.v[r][1],
               (unsigned long long)c->state.v[r][0]);
    }
    printf("\n");
}

static bool same(OracleState *want, const OracleState *got)
{
    want->fpcr = got->fpcr;
    return !memcmp(want, got, sizeof *want);
}

static void judge(Oracle *o, const OracleCase *c, OracleState *want, uint64_t pc, const char *row, unsigned *shown)
{
    for (A64Way way = 0; way < A64_WAYS; way++) {
        OracleState got = c->state;
        a64_bench_run(o->bench, way, c->word, ORACLE_WORDS, pc, &got);
        if (same(want, &got))
            continue;
        if (oracle_known(row, c, want, &got)) {
            o->explained++;
            return;
        }
        o->different++;
        if ((*shown)++ < SHOWN_A_ROW) {
            printf("%s: %08x %08x %08x %08x differs (%s)\n", row, c->word[0], c->word[1], c->word[2], c->word[3],
                   a64_way_names[way]);
            show_inputs(c);
            show(c, want, &got);
        }
        return;
    }
}

static uint64_t place(uint64_t n)
{
    return ORACLE_CODE + n * ORACLE_SLOT + ORACLE_FIRST;
}

static void judge_batch(Oracle *o, uint64_t cases, const char *row, unsigned *shown)
{
    ask(o, cases);
    for (uint64_t n = 0; n < cases; n++) {
        o->executed += o->after[n].state.signal != SIGNAL_UNDEFINED;
        judge(o, &o->before[n], &o->after[n].state, place(n), row, shown);
    }
    o->cases += cases;
}

/* Why the row has no cases; NULL: it has. */
static const char *left_out(const Oracle *o, const A64Row *row)
{
    bool vector = (row->value >> 25 & 7) == 7;
    if (!oracle_can(row))
        return "enters the kernel, waits or is about system registers: frontend/oracle_a64, test_sysregs";
    if (!a64_bench_has(o->bench, row->feature))
        return "the model max does not have it";
    if ((options.integer && vector) || (options.fp && !oracle_is_fp(row)))
        return "-i or -f leaves it out";
    return NULL;
}

/* A case of the row; where most words are UNDEFINED, seldom such a one. */
static void make_case(Oracle *o, OracleCase *c, const A64Row *row, uint64_t pc, bool steer)
{
    for (int n = 0; n < TRIES; n++) {
        oracle_case(c, row, pc, &o->seed);
        if (options.fp)
            oracle_fp_state(&c->state, &o->seed);
        OracleState got = c->state;
        if (!steer || o->seed >> 61 == 0)
            return;
        a64_bench_run(o->bench, A64_FOLDED, &c->word[ORACLE_WORDS - 1], 1, pc, &got);
        if (got.signal != SIGNAL_UNDEFINED)
            return;
    }
}

static void test_row(Oracle *o, const A64Row *row, unsigned count)
{
    unsigned shown = 0;
    unsigned long before = o->different, known = o->explained;
    unsigned done = 0, want = options.coverage && count > ENOUGH ? ENOUGH : 0;
    o->executed = 0;
    while (done < count || (o->executed < want && done < count * MOST)) {
        unsigned batch = count - done < ORACLE_BATCH / 4 ? count - done : ORACLE_BATCH / 4;
        if (done >= count)
            batch = ORACLE_BATCH / 4;
        bool steer = done && o->executed < done / 2;
        for (unsigned n = 0; n < batch; n++)
            make_case(o, &o->before[n], row, place(n), steer);
        judge_batch(o, batch, row->name, &shown);
        done += batch;
    }
    if (options.verbose || o->different > before)
        printf("%-16s %6u cases, %u executed, %lu explained, %lu different\n", row->name, done, o->executed,
               o->explained - known, o->different - before);
    if (options.coverage && o->executed < ENOUGH && ++o->few)
        printf("%-16s executed %u times only: nearly all its words are UNDEFINED\n", row->name, o->executed);
}

static void test_sequences(Oracle *o, unsigned count)
{
    static bool can[A64_ROWS];
    unsigned shown = 0;
    for (int r = 0; r < A64_ROWS; r++)
        can[r] = !left_out(o, &a64_rows[r]) && !oracle_known_row(a64_rows[r].name);
    for (unsigned done = 0; done < count;) {
        unsigned batch = count - done < ORACLE_BATCH ? count - done : ORACLE_BATCH;
        for (unsigned n = 0; n < batch; n++)
            oracle_sequence(&o->before[n], can, &o->seed);
        judge_batch(o, batch, "sequence", &shown);
        done += batch;
    }
    if (options.verbose)
        printf("%-16s %6u cases\n", "sequence", count);
}

/* The bench reports through Check. */
START_TEST(all_ways_agree_with_qemu)
{
    Oracle *o = calloc(1, sizeof *o);
    o->seed = options.seed;
    start(o, options.guest);
    o->bench = a64_bench();
    a64_bench_big_endian(o->bench, options.big);
    for (int r = 0; r < A64_ROWS; r++) {
        const A64Row *row = &a64_rows[r];
        const char *why = left_out(o, row);
        if (strncmp(row->name, options.only, strlen(options.only)))
            continue;
        if (!why)
            test_row(o, row, options.count);
        else if (options.coverage && !options.fp && ++o->few)
            printf("%-16s not executed: %s\n", row->name, why);
    }
    if ((!*options.only || !strcmp(options.only, "seq")) && !options.fp)
        test_sequences(o, options.count * 100);
    if (options.coverage)
        printf("%u of %d rows below %d\n", o->few, A64_ROWS, ENOUGH);
    close(o->to);
    waitpid(o->pid, NULL, 0);
    printf("%lu cases, %lu explained differences, %lu others\n", o->cases, o->explained, o->different);
    ck_assert(o->cases);
    ck_assert_uint_eq(o->different, 0);
    a64_bench_free(o->bench);
    free(o);
}
END_TEST

int main(int argc, char **argv)
{
    for (int opt; (opt = getopt(argc, argv, "n:s:r:ifbcv")) != -1;) {
        if (opt == 'n')
            options.count = (unsigned)strtoul(optarg, NULL, 0);
        else if (opt == 's')
            options.seed = strtoull(optarg, NULL, 0) | 1;
        else if (opt == 'r')
            options.only = optarg;
        else if (opt == 'b')
            options.big = true;
        else if (opt == 'i')
            options.integer = true;
        else if (opt == 'f')
            options.fp = true;
        else if (opt == 'c')
            options.coverage = true;
        else
            options.verbose = true;
    }
    if (optind >= argc) {
        fprintf(stderr, "usage: oracle ORACLE_GUEST [-n CASES] [-s SEED] [-r ROW] [-i|-f] [-b] [-c] [-v]\n");
        return 2;
    }
    options.guest = argv[optind];
    Suite *s = suite_create("oracle");
    TCase *c = tcase_create("a64");
    tcase_add_test(c, all_ways_agree_with_qemu);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK); /* the guest is our child, and exit codes are ours */
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
