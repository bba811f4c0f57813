#include "host/loop.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static struct Loop {
    pthread_mutex_t lock; /* held by the loop except while it waits */
    pthread_t thread;
    bool running, stop;
    int wake; /* eventfd, made by the first who needs it */
    bool woken;
    LoopSource *sources;
    struct pollfd *fds;
    size_t count, room;
    int64_t within; /* -1: for ever */
} loop = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = -1 };

static pthread_once_t wake_once = PTHREAD_ONCE_INIT;

static void wake_make(void)
{
    loop.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop.wake < 0) {
        perror("dragoman: eventfd");
        exit(1);
    }
}

int loop_poll(int fd, short events)
{
    if (!events || fd < 0)
        return -1; /* poll reports hang-ups to those who wait for nothing, too: they would spin */
    if (loop.count == loop.room) {
        loop.room = loop.room * 2 + 16;
        loop.fds = xrealloc(loop.fds, loop.room * sizeof *loop.fds);
    }
    loop.fds[loop.count] = (struct pollfd){ .fd = fd, .events = events };
    return (int)loop.count++;
}

void loop_within(int64_t ns)
{
    if (ns < 0)
        ns = 0;
    if (loop.within < 0 || ns < loop.within)
        loop.within = ns;
}

short loop_ready(int number)
{
    assert(number < (int)loop.count);
    return number < 0 ? 0 : loop.fds[number].revents;
}

static void wait_for_news(void)
{
    struct timespec t = { loop.within / 1000000000, loop.within % 1000000000 };
    size_t count = loop.count;
    pthread_mutex_unlock(&loop.lock);
    int found = ppoll(loop.fds, count, loop.within < 0 ? NULL : &t, NULL);
    pthread_mutex_lock(&loop.lock);
    if (found < 0)
        for (size_t i = 0; i < count; i++)
            loop.fds[i].revents = 0;
    if (loop.fds[0].revents) {
        uint64_t value;
        if (read(loop.wake, &value, sizeof value) < 0)
            assert(errno == EAGAIN);
        /* after the read: a waker that sees true before this has its say in the next prepare */
        __atomic_store_n(&loop.woken, false, __ATOMIC_SEQ_CST);
    }
}

static void turn(void)
{
    loop.count = 0;
    loop.within = -1;
    loop_poll(loop.wake, POLLIN);
    for (LoopSource *s = loop.sources; s; s = s->next)
        s->prepare(s->who);
    LoopSource *prepared = loop.sources;
    wait_for_news();
    /* one added meanwhile is in front and was not prepared; one removed is no longer in the list */
    LoopSource *s = loop.sources;
    while (s && s != prepared)
        s = s->next;
    for (; s; s = s->next)
        s->dispatch(s->who);
}

static void *run(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&loop.lock);
    while (!loop.stop)
        turn();
    pthread_mutex_unlock(&loop.lock);
    return NULL;
}

void loop_start(void)
{
    if (loop.running)
        return;
    pthread_once(&wake_once, wake_make);
    loop.stop = false;
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write(), not our end */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&loop.thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed) {
        fprintf(stderr, "dragoman: cannot start a thread: %s\n", strerror(failed));
        exit(1);
    }
    pthread_setname_np(loop.thread, "host loop");
    loop.running = true;
}

void loop_stop(void)
{
    if (!loop.running)
        return;
    pthread_mutex_lock(&loop.lock);
    loop.stop = true;
    pthread_mutex_unlock(&loop.lock);
    loop_wake();
    pthread_join(loop.thread, NULL);
    loop.running = false;
}

void loop_wake(void)
{
    pthread_once(&wake_once, wake_make);
    if (__atomic_exchange_n(&loop.woken, true, __ATOMIC_SEQ_CST))
        return; /* awake already, and not yet back at prepare */
    uint64_t one = 1;
    ssize_t wrote = write(loop.wake, &one, sizeof one); /* can only fail when it is readable already */
    (void)wrote;
}

void loop_add(LoopSource *s)
{
    pthread_mutex_lock(&loop.lock);
    s->next = loop.sources;
    loop.sources = s;
    pthread_mutex_unlock(&loop.lock);
    loop_wake();
}

void loop_remove(LoopSource *s)
{
    pthread_mutex_lock(&loop.lock);
    for (LoopSource **at = &loop.sources; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    pthread_mutex_unlock(&loop.lock);
    loop_wake();
}
