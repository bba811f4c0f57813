/* The first process of a Linux guest: a debugger of its own child, by single steps, hardware breakpoints and hardware
 * watchpoints, as gdb is. ptrace.py boots it. */
#include <asm/ptrace.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENABLED = 1 | 2 << 1, LOAD = 1, STORE = 2, TRACED = 2, HARDWARE = 4 }; /* si_code */

static volatile uint64_t watched[4], sum;

__attribute__((noinline)) static uint64_t leaf(uint64_t n)
{
    __asm__ volatile("" : "+r"(n));
    return n + 1;
}

static void child(void)
{
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (uint64_t n = 0; n < 5; n++) {
        sum += leaf(n);
        watched[1] = sum;
        sum += watched[2];
    }
    _exit((int)sum);
}

static void end(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    _exit(1);
}

static void must(int holds, const char *what)
{
    if (!holds) {
        printf("wrong: %s (%s)\n", what, strerror(errno));
        end("ptrace: not right");
    }
}

/* The child goes on by that request; the pc where it stops for SIGTRAP, 0: it ended. */
static uint64_t next(pid_t pid, int request, siginfo_t *info)
{
    int status;
    struct user_pt_regs regs;
    struct iovec iov = { &regs, sizeof regs };
    must(!ptrace(request, pid, 0, 0), "ptrace");
    waitpid(pid, &status, 0);
    if (WIFEXITED(status)) {
        must(WEXITSTATUS(status) == 15, "what the child has added up");
        return 0;
    }
    must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "a trap");
    must(!ptrace(PTRACE_GETSIGINFO, pid, 0, info), "its information");
    must(!ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), "registers");
    return regs.pc;
}

static void set_point(pid_t pid, long set, const volatile void *at, unsigned control)
{
    struct user_hwdebug_state state = { 0 };
    struct iovec iov = { &state, offsetof(struct user_hwdebug_state, dbg_regs) + sizeof state.dbg_regs[0] };
    state.dbg_regs[0].addr = (uintptr_t)at;
    state.dbg_regs[0].ctrl = control;
    must(!ptrace(PTRACE_SETREGSET, pid, set, &iov), "setting a debug register");
}

static pid_t begin(void)
{
    int status;
    pid_t pid = fork();
    if (!pid)
        child();
    waitpid(pid, &status, 0);
    must(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP, "the child stops itself");
    return pid;
}

static void steps(void)
{
    siginfo_t info;
    pid_t pid = begin();
    uint64_t seen = 0, count = 0;
    for (uint64_t pc; (pc = next(pid, PTRACE_SINGLESTEP, &info)); count++)
        seen += pc == (uintptr_t)leaf;
    must(seen == 5 && count > 50 && count < 5000, "single steps through leaf");
}

/* Each stop is stepped past with the point taken away, as gdb does. */
static int stops(long set, const volatile void *at, unsigned control, const volatile void *told)
{
    siginfo_t info;
    int count = 0;
    pid_t pid = begin();
    set_point(pid, set, at, control);
    for (uint64_t pc; (pc = next(pid, PTRACE_CONT, &info)); count++) {
        must(info.si_code == HARDWARE, "the kind of trap");
        must((uintptr_t)info.si_addr == (uintptr_t)told, "the address that is told");
        must(set != NT_ARM_HW_BREAK || pc == (uintptr_t)at, "the pc at a breakpoint");
        set_point(pid, set, at, control & ~1u);
        must(next(pid, PTRACE_SINGLESTEP, &info) && info.si_code == TRACED, "a step past it");
        set_point(pid, set, at, control);
    }
    return count;
}

int main(void)
{
    unsigned all = 0xff << 5;
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    must(freopen("/dev/console", "w", stdout) != NULL, "the console");
    steps();
    must(stops(NT_ARM_HW_BREAK, (void *)leaf, ENABLED | 0xf << 5, (void *)leaf) == 5, "hardware breakpoints");
    must(stops(NT_ARM_HW_WATCH, &watched[1], ENABLED | STORE << 3 | all, &watched[1]) == 5, "watched stores");
    must(stops(NT_ARM_HW_WATCH, &watched[1], ENABLED | LOAD << 3 | all, &watched[1]) == 0, "stores are no loads");
    must(stops(NT_ARM_HW_WATCH, &watched[2], ENABLED | LOAD << 3 | all, &watched[2]) == 5, "watched loads");
    must(stops(NT_ARM_HW_WATCH, &watched[0], ENABLED | (LOAD | STORE) << 3 | all, NULL) == 0, "its neighbour");
    end("ptrace: all right");
}
