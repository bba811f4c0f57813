/* Every case begins and ends in a signal: the handler stores what the last case left, and puts the registers of the
 * next one in place of the interrupted ones, code segment included. */
#include "tests/frontend/x86_native.h"

#include <asm/ldt.h>
#include <cpuid.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK = 65536, CS64 = 0x33, CS32 = 0x23, SS_FLAT = 0x2b, CS16 = 1 << 3 | 7 };

static struct {
    X86Case *cases; /* shared with the child */
    pid_t pid;
    int to, from;
    bool has16;
    /* the child's */
    int count, at;
    gregset_t home;
    X86Fp home_fp;
    uint8_t *code, *page;
    unsigned ymm_at; /* in XSAVE's area; 0: there are none */
} native;

static const uint8_t order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

/* ---- the signal frame's floating-point state: FXSAVE's image, then XSAVE's header and the upper halves ---- */

enum { FX_BYTES = 416, FX_SW = 464, XSAVE_HEADER = 512, XSTATE_MAGIC = 0x46505853 };

static unsigned find_ymm(void)
{
    uint32_t size, at, c, d;
    return __get_cpuid_count(0xd, 2, &size, &at, &c, &d) && size >= 256 ? at : 0;
}

static unsigned ymm_at(const uint8_t *fx)
{
    uint32_t magic;
    memcpy(&magic, fx + FX_SW, 4);
    return magic == XSTATE_MAGIC ? native.ymm_at : 0;
}

static void load_fp(uint8_t *fx, const X86Fp *f)
{
    uint32_t mask;
    memcpy(&mask, fx + 28, 4);
    memcpy(fx, f, FX_BYTES);
    memcpy(fx + 28, &mask, 4);
    if (ymm_at(fx)) {
        fx[XSAVE_HEADER] |= 7;
        memcpy(fx + ymm_at(fx), f->ymm, sizeof f->ymm);
    }
}

static void store_fp(const uint8_t *fx, X86Fp *f)
{
    memcpy(f, fx, FX_BYTES);
    f->mxcsr_mask = 0;
    memset(f->ymm, 0, sizeof f->ymm);
    if (ymm_at(fx) && fx[XSAVE_HEADER] & 4)
        memcpy(f->ymm, fx + ymm_at(fx), sizeof f->ymm);
}

static uint64_t base_of(const X86Case *c)
{
    return c->bits == 16 ? X86_CODE : 0;
}

static void load_case(greg_t *g, uint8_t *fx)
{
    const X86Case *c = &native.cases[native.at];
    load_fp(fx, &c->before.fp);
    memcpy(native.code + X86_START, c->code, X86_CODE_SIZE);
    memcpy(native.page, c->before.page, X86_PAGE_SIZE);
    for (int n = 0; n < 16; n++)
        g[order[n]] = (greg_t)c->before.r[n];
    uint64_t cs = c->bits == 64 ? CS64 : c->bits == 32 ? CS32 : CS16;
    g[REG_RIP] = (greg_t)(X86_CODE + X86_START - base_of(c));
    g[REG_EFL] = c->before.eflags | 0x202;
    g[REG_CSGSFS] = (greg_t)(((uint64_t)g[REG_CSGSFS] & 0x0000ffffffff0000) | cs | (uint64_t)SS_FLAT << 48);
}

/* A trap is the end that was put behind the instruction or at a branch's target. A fault elsewhere than at an
 * instruction is one of fetching from where it branched to. */
static void store_case(int signal, const greg_t *g, const uint8_t *fx)
{
    X86Case *c = &native.cases[native.at];
    store_fp(fx, &c->after.fp);
    uint64_t ip = (uint64_t)g[REG_RIP], start = X86_CODE + X86_START - base_of(c);
    for (int n = 0; n < 16; n++)
        c->after.r[n] = (uint64_t)g[order[n]];
    c->after.eflags = (uint32_t)g[REG_EFL];
    c->after.signal = signal == SIGTRAP || ip - start >= c->length ? 0 : signal == SIGBUS ? SIGSEGV : (uint32_t)signal;
    c->after.ip = signal == SIGTRAP ? ip - 1 : ip;
    memcpy(c->after.page, native.page, X86_PAGE_SIZE);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint8_t *fx = (void *)((ucontext_t *)context)->uc_mcontext.fpregs;
    (void)info;
    if (native.at < 0) {
        memcpy(native.home, g, sizeof native.home);
        store_fp(fx, &native.home_fp);
    } else {
        store_case(signal, g, fx);
    }
    if (++native.at < native.count) {
        load_case(g, fx);
    } else {
        memcpy(g, native.home, sizeof native.home);
        load_fp(fx, &native.home_fp);
    }
}

static bool map_at(uint64_t at, int prot, uint8_t **p)
{
    *p = mmap((void *)at, X86_PAGE_SIZE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return *p != MAP_FAILED;
}

static bool make_code16(void)
{
    struct user_desc d = { .entry_number = 1, .base_addr = X86_CODE, .limit = 0xffff, .contents = 2, .useable = 1 };
    return syscall(SYS_modify_ldt, 1, &d, sizeof d) == 0;
}

static void child(int in, int out)
{
    static const int signals[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };
    stack_t stack = { .ss_sp = malloc(STACK), .ss_size = STACK };
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    char ready = map_at(X86_CODE, PROT_READ | PROT_WRITE | PROT_EXEC, &native.code) &&
                 map_at(X86_PAGE, PROT_READ | PROT_WRITE, &native.page);
    ready = (char)(ready ? 1 + make_code16() : 0);
    native.ymm_at = find_ymm();
    if (ready)
        memset(native.code, 0xcc, X86_PAGE_SIZE);
    /* compatibility mode needs them; 64-bit code does not look */
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" ::"r"(SS_FLAT));
    sigaltstack(&stack, NULL);
    for (unsigned n = 0; n < sizeof signals / sizeof *signals; n++)
        sigaction(signals[n], &action, NULL);
    if (write(out, &ready, 1) != 1)
        _exit(1);
    while (read(in, &native.count, sizeof native.count) == sizeof native.count) {
        native.at = -1;
        __asm__ volatile("int3" ::: "memory");
        if (write(out, &ready, 1) != 1)
            break;
    }
    _exit(0);
}

bool x86_native_start(int cases)
{
    int in[2], out[2];
    char ready = 0;
    native.cases =
        mmap(NULL, sizeof(X86Case) * (size_t)cases, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (native.cases == MAP_FAILED || pipe(in) || pipe(out))
        return false;
    native.pid = fork();
    if (native.pid == 0) {
        close(in[1]);
        close(out[0]);
        child(in[0], out[1]);
    }
    close(in[0]);
    close(out[1]);
    native.to = in[1];
    native.from = out[0];
    if (read(native.from, &ready, 1) != 1)
        ready = 0;
    native.has16 = ready == 2;
    return ready;
}

X86Case *x86_native_cases(void)
{
    return native.cases;
}

bool x86_native_has(unsigned bits)
{
    return bits != 16 || native.has16;
}

bool x86_native_run(int count)
{
    char done;
    return write(native.to, &count, sizeof count) == sizeof count && read(native.from, &done, 1) == 1;
}

void x86_native_stop(void)
{
    close(native.to);
    waitpid(native.pid, NULL, 0);
}
