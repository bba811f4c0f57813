/* Memory ordering by litmus tests on four CPUs. A test's threads each run a few instructions on two variables; the
 * outcome is what was loaded (or remains), a bit for each value. Types the number of runs, prints a histogram of the
 * outcomes of each test, and says which of them the architecture forbids.
 *
 * Names are those of the literature: MP message passing, SB store buffering, LB load buffering, IRIW independent reads
 * of independent writes, 2+2W two threads with two writes each. */
#include "litmus.h"

enum { CELLS = 32768, LEAST_PATIENCE = 40, PATIENCE = 4 << 20 };

typedef struct Cell { /* the variables of one run, each in a cache line of its own */
    Var x, fill[15], y, fill2[15];
} Cell;

void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

void print_number(Word n, unsigned base, unsigned digits)
{
    char text[24];
    unsigned at = sizeof text - 1, used = 0;
    text[at] = 0;
    for (; n || used < digits; n /= base, used++)
        text[--at] = (char)('0' + n % base);
    print(text + at);
}

static Word read_number(void)
{
    Word n = 0;
    for (;;) {
        unsigned c = (unsigned char)get();
        if (c == '\r' || c == '\n')
            return n;
        put((char)c);
        if (c >= '0' && c <= '9')
            n = n * 10 + c - '0';
    }
}

/* ---- running a test ---- */

static Cell cells[2][CELLS]; /* for each group of threads: two pairs, or all four */
static uint8_t outcome[CPUS][CELLS];
static volatile struct {
    Word at, fill[15];
} progress[CPUS]; /* so that the threads of a group stay near each other */
static const Test *volatile current;
static Word arrived, phase;

void barrier(void)
{
    Word now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == CPUS) {
        __atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&phase, now + 1, __ATOMIC_RELEASE);
    } else {
        while (__atomic_load_n(&phase, __ATOMIC_ACQUIRE) == now)
            relax();
    }
}

/* Waits for the others of the group. They may not be running just now, on a host with few processors: so for less time
 * when that was in vain. */
static int meet(unsigned first, unsigned threads, unsigned me, Word at, int patience)
{
    bool met = true;
    progress[me].at = at;
    for (unsigned k = first; k < first + threads; k++) {
        int tries = 0;
        while (tries < patience && progress[k].at < at)
            tries++;
        met = met && tries < patience;
    }
    if (threads > 2)
        return LEAST_PATIENCE;
    return met ? PATIENCE : patience / 2 > LEAST_PATIENCE ? patience / 2 : LEAST_PATIENCE;
}

static void part(unsigned me)
{
    const Test *t = current;
    unsigned thread = me % t->threads, first = me - thread;
    Cell *c = cells[first / t->threads];
    void (*run)(Var *, Var *, Var *) = t->body[thread].run;
    int patience = PATIENCE;
    for (unsigned k = 0; k < CELLS; k++) {
        Var out;
        patience = meet(first, t->threads, me, k + 1, patience);
        run(thread & 1 ? &c[k].y : &c[k].x, thread & 1 ? &c[k].x : &c[k].y, &out);
        outcome[me][k] = (uint8_t)out;
    }
}

void helper(unsigned me)
{
    for (;;) {
        barrier();
        if (current)
            part(me);
        else
            board_part(me);
        barrier();
    }
}

static unsigned outcome_of(const Test *t, unsigned group, unsigned k)
{
    const Cell *c = &cells[group][k];
    if (t->final)
        return (c->x == 1) << 1 | (c->y == 1);
    unsigned all = 0;
    for (unsigned n = 0; n < t->threads; n++)
        all = all << t->body[n].bits | outcome[group * t->threads + n][k];
    return all;
}

static void batch(const Test *t, Word *count)
{
    unsigned groups = CPUS / t->threads;
    for (unsigned g = 0; g < groups; g++)
        for (unsigned k = 0; k < CELLS; k++)
            cells[g][k].x = cells[g][k].y = 0;
    for (unsigned k = 0; k < CPUS; k++)
        progress[k].at = 0;
    current = t;
    barrier();
    part(0);
    barrier();
    for (unsigned g = 0; g < groups; g++)
        for (unsigned k = 0; k < CELLS; k++)
            count[outcome_of(t, g, k)]++;
}

/* Prints the histogram; the number of forbidden outcomes. */
static Word run_test(const Test *t, Word runs)
{
    static Word count[16];
    Word done = 0;
    for (unsigned k = 0; k < 16; k++)
        count[k] = 0;
    unsigned bits = t->final ? 2 : 0;
    for (unsigned n = 0; n < t->threads && !t->final; n++)
        bits += t->body[n].bits;
    for (; done < runs; done += CELLS * (CPUS / t->threads))
        batch(t, count);
    print(t->name);
    print(": ");
    print_number(done, 10, 1);
    print(" runs:");
    for (unsigned k = 0; k < 1u << bits; k++)
        if (count[k]) {
            print(" ");
            print_number(k, 2, bits);
            print((int)k == t->forbidden ? " FORBIDDEN " : " ");
            print_number(count[k], 10, 1);
        }
    print("\n");
    return t->forbidden < 0 ? 0 : count[t->forbidden];
}

/* What the board has of its own: all CPUs do their part. */
void everybody(void)
{
    current = NULL;
    barrier();
    board_part(0);
    barrier();
}

void run(void)
{
    Word forbidden = 0;
    print("runs: ");
    Word runs = read_number();
    print("\n");
    for (unsigned k = 0; tests[k].name; k++)
        if ((tests[k].needs & board_features()) == tests[k].needs)
            forbidden += run_test(&tests[k], runs);
    forbidden += board_tests(runs);
    print_number(forbidden, 10, 1);
    print(" forbidden outcomes\n");
    power_off();
}
