/* A bare program that debugs itself: hardware breakpoints, watchpoints, software steps and BRK at EL1 and EL0, and what
 * the exceptions say of them. selfdebug.sh compares what it prints with what it prints on QEMU. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READ(r)                                                                                                        \
    ({                                                                                                                 \
        uint64_t v_;                                                                                                   \
        __asm__ volatile("mrs %0, " #r : "=r"(v_));                                                                    \
        v_;                                                                                                            \
    })
#define WRITE(r, v) __asm__ volatile("msr " #r ", %0; isb" ::"r"((uint64_t)(v)) : "memory")

static void put(char c)
{
    *(volatile uint32_t *)0x09000000 = (uint8_t)c;
}

static void say(const char *text)
{
    for (; *text; text++)
        put(*text);
}

static void say_hex(uint64_t n)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[n >> shift & 15]);
}

typedef struct Frame {
    uint64_t x[31], elr, spsr;
} Frame;

enum { LINES_MOST = 12, EC_SVC = 0x15, EC_BREAK = 0x30, EC_STEP = 0x32, EC_WATCH = 0x34, EC_BRK = 0x3c };
#define MDE (1ull << 15)
#define KDE (1ull << 13)
#define SS  1ull

static uint64_t lines, steps;
static bool keep; /* the breakpoint or watchpoint stays, and the exception's return steps over it */
extern char code_start[], finished[], vectors[], user_code[], user_store[], user_end[], stack_top[], user_top[];
void run_user(void (*entry)(void), uint64_t spsr);

/* What an exception was, where it came from (relative to the code), and the address it names. */
static void report(const Frame *f, unsigned ec)
{
    uint64_t esr = READ(esr_el1);
    if (lines++ >= LINES_MOST)
        return;
    say(" esr ");
    say_hex(esr);
    say(" at +");
    say_hex(f->elr - (uint64_t)code_start);
    say(" spsr ");
    say_hex(f->spsr);
    if ((ec & ~1u) == EC_WATCH) {
        say(" far ");
        say_hex(READ(far_el1));
    }
    put('\n');
}

static void all_off(void)
{
    WRITE(dbgbcr0_el1, 0);
    WRITE(dbgbcr1_el1, 0);
    WRITE(dbgwcr0_el1, 0);
    WRITE(dbgwcr1_el1, 0);
    WRITE(mdscr_el1, 0);
}

void exception(Frame *f)
{
    unsigned ec = READ(esr_el1) >> 26 & 0x3f;
    report(f, ec);
    if (ec == EC_SVC || lines > 2 * LINES_MOST) { /* the end of a piece at EL0 */
        all_off();
        f->elr = (uint64_t)finished;
        f->spsr = 0x3c5;
    } else if (ec == EC_BRK) {
        f->elr += 4;
    } else if ((ec & ~1u) == EC_STEP) {
        if (--steps)
            f->spsr |= 1 << 21;
        else
            WRITE(mdscr_el1, READ(mdscr_el1) & ~SS);
    } else if (keep) { /* as Linux does: off, one step, on again */
        WRITE(mdscr_el1, (READ(mdscr_el1) & ~MDE) | SS);
        f->spsr |= 1 << 21;
        steps = 1;
    } else {
        all_off();
    }
}

static uint64_t word[8] __attribute__((aligned(64)));

__attribute__((noinline)) static uint64_t touch(volatile uint8_t *at, int how)
{
    uint64_t v = 1, w = 2, status;
    switch (how) {
    case 0:
        return *at;
    case 1:
        *at = 1;
        break;
    case 2:
        return *(volatile uint64_t *)at;
    case 3:
        *(volatile uint32_t *)at = 1;
        break;
    case 4:
        __asm__ volatile("ldp %0, %1, [%2]" : "=r"(v), "=r"(w) : "r"(at) : "memory");
        break;
    case 5:
        __asm__ volatile("stp %0, %1, [%2]" ::"r"(v), "r"(w), "r"(at) : "memory");
        break;
    case 6:
        __asm__ volatile("1: ldxr %0, [%2]; stxr %w1, %0, [%2]" : "=&r"(v), "=&r"(status) : "r"(at) : "memory");
        break;
    case 7:
        __asm__ volatile("ldr q0, [%0]" ::"r"(at) : "memory", "v0");
        break;
    case 8:
        __asm__ volatile("str q0, [%0]" ::"r"(at) : "memory");
        break;
    }
    return v;
}
enum { HOWS = 9 };

static void title(const char *text, uint64_t a, uint64_t b)
{
    say(text);
    put(' ');
    say_hex(a);
    put(' ');
    say_hex(b);
    put('\n');
    lines = 0;
}

static void watchpoints(void)
{
    static const uint64_t controls[] = {
        0x1ffb | 4, /* PAC 3, LSC 3, all bytes */
        1 | 1 << 1 | 1 << 3 | 0xff << 5,
        1 | 1 << 1 | 2 << 3 | 0xff << 5,
        1 | 1 << 1 | 3 << 3 | 0x02 << 5,
        1 | 1 << 1 | 3 << 3 | 0xf0 << 5,
        1 | 2 << 1 | 3 << 3 | 0xff << 5, /* EL0 only */
        1 | 1 << 1 | 3 << 3 | 0xff << 5 | 5 << 24,
    };
    for (unsigned k = 0; k < sizeof controls / sizeof *controls; k++)
        for (int how = 0; how < HOWS; how++)
            for (int at = -8; at <= 16; at += how < 2 ? 1 : how == 3 ? 4 : how > 6 ? 16 : 8) {
                if (how > 6 && at == -8)
                    at = 0;
                title("watch", controls[k], (uint64_t)(unsigned)(how << 16 | (at & 0xffff)));
                WRITE(dbgwvr0_el1, &word[2]);
                WRITE(dbgwcr0_el1, controls[k]);
                WRITE(mdscr_el1, MDE | KDE);
                __asm__ volatile("msr daifclr, #8");
                touch((uint8_t *)&word[2] + at, how);
                __asm__ volatile("msr daifset, #8");
                all_off();
            }
}

__attribute__((noinline)) static uint64_t leaf(uint64_t n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}

static void breakpoints(void)
{
    static const uint64_t controls[] = { 1 | 1 << 1 | 0xf << 5, 1 | 3 << 1 | 0xf << 5, 1 | 2 << 1 | 0xf << 5,
                                         1 | 1 << 1 | 1 << 13 | 0xf << 5, 0 | 1 << 1 | 0xf << 5 };
    for (unsigned k = 0; k < sizeof controls / sizeof *controls; k++)
        for (unsigned how = 0; how < 8; how++) {
            title("break", controls[k], how);
            keep = how & 1;
            leaf(1); /* translated before */
            WRITE(dbgbvr0_el1, leaf);
            WRITE(dbgbcr0_el1, controls[k]);
            WRITE(mdscr_el1, (how & 2 ? KDE : 0) | MDE);
            if (how & 4)
                __asm__ volatile("msr daifclr, #8");
            leaf(2);
            leaf(3);
            __asm__ volatile("msr daifset, #8");
            all_off();
            leaf(4);
        }
    keep = false;
}

/* Linked to a context. */
static void contexts(void)
{
    for (unsigned k = 0; k < 4; k++) {
        title("context", k, 0);
        WRITE(contextidr_el1, 8 * k);
        WRITE(dbgbvr4_el1, 16);
        WRITE(dbgbcr4_el1, 1 | 3 << 1 | 0xf << 5 | 3 << 20);
        WRITE(dbgbvr5_el1, 16);
        WRITE(dbgbcr5_el1, 1 | 3 << 1 | 0xf << 5 | 3 << 20);
        WRITE(dbgbvr0_el1, leaf);
        WRITE(dbgbcr0_el1, 1 | 1 << 1 | 0xf << 5 | (k & 1 ? 4 : 5) << 16 | 1 << 20);
        WRITE(mdscr_el1, KDE | MDE);
        __asm__ volatile("msr daifclr, #8");
        leaf(1);
        __asm__ volatile("msr daifset, #8");
        all_off();
        WRITE(dbgbcr4_el1, 0);
        WRITE(dbgbcr5_el1, 0);
    }
}

static void user(const char *name, uint64_t spsr, uint64_t mdscr, uint64_t bvr, uint64_t bcr, uint64_t wvr,
                 uint64_t wcr)
{
    title(name, spsr, mdscr);
    WRITE(dbgbvr1_el1, bvr);
    WRITE(dbgbcr1_el1, bcr);
    WRITE(dbgwvr1_el1, wvr);
    WRITE(dbgwcr1_el1, wcr);
    WRITE(mdscr_el1, mdscr);
    run_user((void (*)(void))(void *)user_code, spsr);
    all_off();
}

static void at_el0(void)
{
    uint64_t any = 1 | 3 << 1 | 0xf << 5, user_only = 1 | 2 << 1 | 0xf << 5, watch = 1 | 2 << 1 | 3 << 3 | 0xff << 5;
    uint64_t store = (uint64_t)user_store, top = (uint64_t)user_top - 16;
    steps = 6;
    user("step", 1 << 21, SS, 0, 0, 0, 0);
    steps = 6;
    user("step that is due", 0, SS, 0, 0, 0, 0);
    steps = 3;
    user("step and break", 1 << 21, SS | MDE, store, any, 0, 0);
    steps = 20;
    user("step all of it", 1 << 21, SS, 0, 0, 0, 0);
    user("break", 0, MDE, store, user_only, 0, 0);
    user("break without MDE", 0, 0, store, user_only, 0, 0);
    user("watch", 0, MDE, 0, 0, top, watch);
    keep = true;
    user("break and go on", 0, MDE, store, user_only, 0, 0);
    user("watch and go on", 0, MDE, 0, 0, top, watch);
    keep = false;
    user("nothing", 0, 0, 0, 0, 0, 0);
}

int main(void)
{
    WRITE(vbar_el1, vectors);
    WRITE(cpacr_el1, 3 << 20);
    WRITE(oslar_el1, 0);
    breakpoints();
    contexts();
    watchpoints();
    at_el0();
    title("BRK", 0, 0);
    __asm__ volatile("brk #0x1234");
    say("done\n");
    for (;;) {
        register uint64_t off __asm__("x0") = 0x84000008; /* PSCI */
        __asm__ volatile("hvc #0" : "+r"(off));
    }
}

__asm__(".globl _start\n_start:\ncode_start:\n"
        "    adrp x0, stack_top\n    add x0, x0, :lo12:stack_top\n    mov sp, x0\n    b main\n"
        ".macro vector\n    .balign 128\n    b take\n.endm\n"
        ".balign 2048\nvectors:\n.rept 16\n    vector\n.endr\n"
        "take:\n    sub sp, sp, #272\n"
        "    stp x0, x1, [sp]\n    stp x2, x3, [sp, #16]\n    stp x4, x5, [sp, #32]\n    stp x6, x7, [sp, #48]\n"
        "    stp x8, x9, [sp, #64]\n    stp x10, x11, [sp, #80]\n    stp x12, x13, [sp, #96]\n    stp x14, x15, [sp, "
        "#112]\n"
        "    stp x16, x17, [sp, #128]\n    stp x18, x19, [sp, #144]\n    stp x20, x21, [sp, #160]\n"
        "    stp x22, x23, [sp, #176]\n    stp x24, x25, [sp, #192]\n    stp x26, x27, [sp, #208]\n"
        "    stp x28, x29, [sp, #224]\n    mrs x0, elr_el1\n    stp x30, x0, [sp, #240]\n    mrs x0, spsr_el1\n"
        "    str x0, [sp, #256]\n    mov x0, sp\n    bl exception\n"
        "    ldr x0, [sp, #256]\n    msr spsr_el1, x0\n    ldp x30, x0, [sp, #240]\n    msr elr_el1, x0\n"
        "    ldp x0, x1, [sp]\n    ldp x2, x3, [sp, #16]\n    ldp x4, x5, [sp, #32]\n    ldp x6, x7, [sp, #48]\n"
        "    ldp x8, x9, [sp, #64]\n    ldp x10, x11, [sp, #80]\n    ldp x12, x13, [sp, #96]\n    ldp x14, x15, [sp, "
        "#112]\n"
        "    ldp x16, x17, [sp, #128]\n    ldp x18, x19, [sp, #144]\n    ldp x20, x21, [sp, #160]\n"
        "    ldp x22, x23, [sp, #176]\n    ldp x24, x25, [sp, #192]\n    ldp x26, x27, [sp, #208]\n"
        "    ldp x28, x29, [sp, #224]\n    add sp, sp, #272\n    eret\n"
        /* Callee-saved registers wait on the stack until `finished`, which is where EL0's last call returns to. */
        ".globl run_user\nrun_user:\n    stp x29, x30, [sp, #-16]!\n    stp x19, x20, [sp, #-16]!\n"
        "    adrp x2, user_top\n    add x2, x2, :lo12:user_top\n    msr sp_el0, x2\n"
        "    msr elr_el1, x0\n    msr spsr_el1, x1\n    mov x1, #0\n    mov x2, #0\n    eret\n"
        "finished:\n    ldp x19, x20, [sp], #16\n    ldp x29, x30, [sp], #16\n    ret\n"
        "user_code:\n    mov x1, #5\n    sub x1, x1, #1\nuser_store:\n    str x1, [sp, #-16]!\n    ldr x2, [sp], #16\n"
        "    mov x3, sp\n    sub x3, x3, #16\n    ldxr x2, [x3]\n    ldxrb w4, [x3]\n    clrex\n    cmp x1, x2\n    "
        "b.eq 1f\n    nop\n1:  svc #7\nuser_end:\n"
        ".bss\n.balign 16\n.space 16384\nstack_top:\n.space 4096\nuser_top:\n.space 64\n.text\n");
