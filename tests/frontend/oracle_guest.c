/* Runs the oracle's cases on an AArch64 Linux, without a C library: reads OracleCase records, executes each one's words
 * in the state it gives, writes the records with the state after. */
#include "oracle.h"

#include <asm/sigcontext.h>
#include <stddef.h>

static long call(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
    return x0;
}
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_SIGALTSTACK = 132, SYS_SIGACTION = 134, SYS_MMAP = 222 };

OracleState *current;
uint64_t saved_sp;
static OracleCase batch[ORACLE_BATCH];
static uint8_t signal_stack[65536] __attribute__((aligned(16)));

void run_case(OracleState *, uint64_t code);
void exit_next(void), exit_taken(void), resume(void);

_Static_assert(offsetof(OracleState, sp) == 248 && offsetof(OracleState, pc) == 256 &&
                   offsetof(OracleState, nzcv) == 264 && offsetof(OracleState, fpcr) == 268 &&
                   offsetof(OracleState, fpsr) == 272 && offsetof(OracleState, v) == 280,
               "oracle_entry.S has other offsets");
static void copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

/* struct ucontext of the kernel, as far as it matters */
typedef struct Context {
    unsigned long flags;
    void *link;
    struct {
        void *sp;
        int flags;
        size_t size;
    } stack;
    uint64_t mask;
    uint8_t unused[1024 / 8 - sizeof(uint64_t)];
    struct sigcontext machine;
} Context;

static void on_signal(int number, void *info, Context *c)
{
    const struct fpsimd_context *fp = (const struct fpsimd_context *)c->machine.__reserved;
    (void)info;
    copy(current->x, c->machine.regs, sizeof current->x);
    current->sp = c->machine.sp;
    current->pc = c->machine.pc;
    current->nzcv = c->machine.pstate & 0xf0000000;
    copy(current->v, fp->vregs, sizeof current->v);
    current->fpsr = fp->fpsr;
    current->signal = (uint32_t)number;
    resume();
}

static void catch (int number)
{
    struct {
        void (*handler)(int, void *, Context *);
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = { on_signal, 0x4 | 0x08000000 | 0x40000000, 0, 0 }; /* SIGINFO, ONSTACK, NODEFER */
    call(SYS_SIGACTION, number, (long)&action, 0, 8, 0, 0);
}

static uint32_t branch(uint64_t from, void (*to)(void))
{
    return 0x14000000 | (((uint64_t)to - from) >> 2 & 0x3ffffff);
}

/* ---- byte order ---- records and instructions are little-endian, also where this program is not */

#ifdef __AARCH64EB__
static uint64_t little64(uint64_t v)
{
    return __builtin_bswap64(v);
}
static uint32_t little32(uint32_t v)
{
    return __builtin_bswap32(v);
}
#else
static uint64_t little64(uint64_t v)
{
    return v;
}
static uint32_t little32(uint32_t v)
{
    return v;
}
#endif

static void swap(uint64_t *a, uint64_t *b)
{
    uint64_t c = *a;
    *a = *b;
    *b = c;
}

/* Both ways. LDP of 128-bit registers takes the upper half first on a big-endian machine. */
static void convert(OracleState *s)
{
    for (uint64_t *p = s->x; p <= &s->pc; p++)
        *p = little64(*p);
    for (uint32_t *p = &s->nzcv; p <= &s->signal; p++)
        *p = little32(*p);
    for (int n = 0; n < 32; n++) {
        s->v[n][0] = little64(s->v[n][0]);
        s->v[n][1] = little64(s->v[n][1]);
        if (little32(1) != 1)
            swap(&s->v[n][0], &s->v[n][1]);
    }
}

static void write_code(const OracleCase *c, uint64_t at)
{
    uint32_t *w = (uint32_t *)at;
    w[0] = little32(0xf940781e); /* ldr x30, [x0, #240] */
    w[1] = little32(0xf9400000); /* ldr x0, [x0] */
    for (int i = 0; i < ORACLE_WORDS; i++)
        w[2 + i] = c->word[i];
    w[6] = little32(branch(at + 24, exit_next));
    w[7] = little32(branch(at + 28, exit_taken));
}

static void code_changed(uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at += 16)
        __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    for (uint64_t at = from; at < to; at += 16)
        __asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish\n isb" ::: "memory");
}

static void run_batch(long cases)
{
    uint8_t *page = (uint8_t *)(uint64_t)ORACLE_PAGE;
    for (long n = 0; n < cases; n++)
        write_code(&batch[n], ORACLE_CODE + (uint64_t)n * ORACLE_SLOT);
    code_changed(ORACLE_CODE, ORACLE_CODE + (uint64_t)cases * ORACLE_SLOT);
    for (long n = 0; n < cases; n++) {
        uint64_t at = ORACLE_CODE + (uint64_t)n * ORACLE_SLOT;
        for (uint64_t *p = (uint64_t *)page; (uint8_t *)p < page + ORACLE_PAGE_SIZE; p++)
            *(volatile uint64_t *)p = 0;
        current = &batch[n].state;
        copy(page + ORACLE_WINDOW, current->window, ORACLE_WINDOW_SIZE);
        convert(current);
        current->signal = 0;
        run_case(current, at);
        if (!current->signal)
            current->pc += at + ORACLE_LAST;
        convert(current);
        copy(current->window, page + ORACLE_WINDOW, ORACLE_WINDOW_SIZE);
    }
}

static long read_all(void *to, long want)
{
    long have = 0;
    while (have < want) {
        long n = call(SYS_READ, 0, (long)to + have, want - have, 0, 0, 0);
        if (n <= 0)
            break;
        have += n;
    }
    return have;
}

static void write_all(const void *from, long n)
{
    while (n > 0) {
        long done = call(SYS_WRITE, 1, (long)from, n, 0, 0, 0);
        if (done <= 0)
            call(SYS_EXIT, 1, 0, 0, 0, 0, 0);
        from = (const char *)from + done;
        n -= done;
    }
}

void _start(void)
{
    struct {
        void *sp;
        int flags;
        size_t size;
    } stack = { signal_stack, 0, sizeof signal_stack };
    call(SYS_MMAP, ORACLE_CODE, ORACLE_BATCH * ORACLE_SLOT, 7, 0x32, -1, 0); /* FIXED, ANONYMOUS, PRIVATE */
    call(SYS_MMAP, ORACLE_PAGE, ORACLE_PAGE_SIZE, 3, 0x32, -1, 0);
    call(SYS_SIGALTSTACK, (long)&stack, 0, 0, 0, 0, 0);
    catch (4);
    catch (5);
    catch (7);
    catch (11);
    for (;;) { /* one count, then as many cases */
        uint64_t cases;
        if (read_all(&cases, sizeof cases) != sizeof cases)
            break;
        cases = little64(cases);
        if (cases > ORACLE_BATCH)
            break;
        read_all(batch, (long)(cases * sizeof *batch));
        run_batch((long)cases);
        write_all(batch, (long)(cases * sizeof *batch));
    }
    call(SYS_EXIT, 0, 0, 0, 0, 0, 0);
}
