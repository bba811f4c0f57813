#include "host/quit.h"

#include "host/loop.h"
#include "host/terminal.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct Quit {
    void (*fn)(void *who);
    void *who;
    int signal_fd, poll_number;
    int by; /* atomic */
} quit = { .signal_fd = -1 };

void quit_to(void (*fn)(void *who), void *who)
{
    quit.who = who;
    __atomic_store_n(&quit.fn, fn, __ATOMIC_SEQ_CST);
}

void quit_ask(void)
{
    void (*fn)(void *) = __atomic_load_n(&quit.fn, __ATOMIC_SEQ_CST);
    if (!fn)
        exit(0);
    fn(quit.who);
}

int quit_signal(void)
{
    return __atomic_load_n(&quit.by, __ATOMIC_SEQ_CST);
}

static void end_by(int signo)
{
    if (!__atomic_load_n(&quit.fn, __ATOMIC_SEQ_CST) || quit_signal()) {
        terminal_restore();
        _exit(128 + signo);
    }
    __atomic_store_n(&quit.by, signo, __ATOMIC_SEQ_CST);
    quit_ask();
}

static void suspend(int signo)
{
    (void)signo;
    terminal_restore();
    kill(getpid(), SIGSTOP);
}

static void resume(int signo)
{
    (void)signo;
    terminal_again();
}

static const struct SignalRow {
    int number;
    void (*fn)(int);
} signals[] = {
    { SIGINT, end_by }, { SIGTERM, end_by }, { SIGHUP, end_by }, { SIGTSTP, suspend }, { SIGCONT, resume },
};
enum { SIGNALS = sizeof signals / sizeof *signals };

static void prepare(void *unused)
{
    (void)unused;
    quit.poll_number = loop_poll(quit.signal_fd, POLLIN);
}

static void dispatch(void *unused)
{
    (void)unused;
    struct signalfd_siginfo info;
    if (!loop_ready(quit.poll_number) || read(quit.signal_fd, &info, sizeof info) != sizeof info)
        return;
    for (int i = 0; i < SIGNALS; i++)
        if (signals[i].number == (int)info.ssi_signo)
            signals[i].fn(signals[i].number);
}

void quit_on_signals(void)
{
    static LoopSource source = { .prepare = prepare, .dispatch = dispatch };
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&set, signals[i].number);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    quit.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (quit.signal_fd < 0) {
        perror("dragoman: signalfd");
        exit(1);
    }
    loop_add(&source);
}
