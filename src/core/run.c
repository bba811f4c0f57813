/* The machine's own thread: posted events, timers, reset and the end. */
#include "core/run.h"

#include "base/alloc.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

bool run_init(Machine *m, Error *err)
{
    pthread_mutex_init(&m->run->posts_lock, NULL);
    m->run->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return m->run->wake >= 0 || error_set(err, "eventfd: %s", strerror(errno));
}

void run_free(Machine *m)
{
    free(m->run->posts.at);
    free(m->run->stills.at);
    pthread_mutex_destroy(&m->run->posts_lock);
    if (m->run->wake >= 0)
        close(m->run->wake);
}

void run_wake(Machine *m)
{
    uint64_t one = 1;
    ssize_t wrote = write(m->run->wake, &one, sizeof one); /* it can only fail when it is awake already */
    (void)wrote;
}

static void post(Machine *m, Posts *to, Posted what)
{
    pthread_mutex_lock(&m->run->posts_lock);
    if (to->count == to->room) {
        to->room = to->room * 2 + 16;
        to->at = xrealloc(to->at, to->room * sizeof *to->at);
    }
    to->at[to->count++] = what;
    pthread_mutex_unlock(&m->run->posts_lock);
    run_wake(m);
}

static Posts take(Machine *m, Posts *from)
{
    pthread_mutex_lock(&m->run->posts_lock);
    Posts batch = *from;
    *from = (Posts){ 0 };
    pthread_mutex_unlock(&m->run->posts_lock);
    return batch;
}

void machine_post(Machine *m, void (*fn)(void *dev, uint64_t data), void *dev, uint64_t data)
{
    post(m, &m->run->posts, (Posted){ fn, dev, data });
}

/* What is posted meanwhile waits for the next round. */
void run_posts(Machine *m)
{
    Posts batch = take(m, &m->run->posts);
    for (size_t i = 0; i < batch.count; i++)
        batch.at[i].fn(batch.at[i].dev, batch.at[i].data);
    free(batch.at);
}

static void call_still(void *who, uint64_t fn)
{
    ((void (*)(void *))(uintptr_t)fn)(who);
}

void machine_still(Machine *m, void (*fn)(void *who), void *who)
{
    post(m, &m->run->stills, (Posted){ call_still, who, (uint64_t)(uintptr_t)fn });
}

void machine_tell(Machine *m, void (*told)(void *who, MachineNews), void *who)
{
    MachineTold *t = m->run->told, *end = t + sizeof m->run->told / sizeof *t;
    while (t < end && t->fn && t->who != who)
        t++;
    assert(t < end);
    *t = (MachineTold){ told, who };
}

static void tell(void *machine, uint64_t news)
{
    Machine *m = machine;
    for (unsigned k = 0; k < sizeof m->run->told / sizeof *m->run->told; k++)
        if (m->run->told[k].fn)
            m->run->told[k].fn(m->run->told[k].who, (MachineNews)news);
}

void run_unplugged(Machine *m, const char *id)
{
    m->run->unplugged = id;
    tell(m, NEWS_UNPLUGGED);
    m->run->unplugged = NULL;
}

const char *machine_unplugged(const Machine *m)
{
    return m->run->unplugged;
}

/* At once if this is the machine's business already: an order's effects are told before it is answered. */
static void tell_soon(Machine *m, MachineNews news)
{
    if (machine_locked(m))
        tell(m, news);
    else
        machine_post(m, tell, m, news);
}

static void tell_locked(Machine *m, MachineNews news)
{
    machine_lock(m);
    tell(m, news);
    machine_unlock(m);
}

void machine_stop(Machine *m, StopReason why)
{
    int none = RUN;
    __atomic_compare_exchange_n(&m->run->stop, &none, (int)why, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (m->run->running && m->cpus && m->cpus->poke)
        m->cpus->poke(m);
    run_wake(m);
}

void machine_exit(Machine *m, int code)
{
    __atomic_store_n(&m->run->exit_code, code, __ATOMIC_RELAXED);
    machine_stop(m, STOP_QUIT);
}

StopReason machine_stopping(const Machine *m)
{
    return (StopReason)__atomic_load_n(&m->run->stop, __ATOMIC_ACQUIRE);
}

void machine_powerdown(Machine *m)
{
    if (m->power_key.changed)
        m->power_key.changed(m->power_key.dev, m->power_key.pin, true);
    tell(m, NEWS_POWERDOWN);
}

static int cpus_start(Machine *m)
{
    if (!m->run->time_held)
        clock_thaw(m);
    m->run->running = true;
    return m->cpus && m->cpus->start ? m->cpus->start(m) : 0;
}

static void cpus_stop(Machine *m)
{
    if (m->run->running && m->cpus && m->cpus->stop)
        m->cpus->stop(m);
    m->run->running = false;
}

static void set_pause(Machine *m, bool pause)
{
    if (__atomic_exchange_n(&m->run->pause_wanted, pause, __ATOMIC_SEQ_CST) != pause)
        tell_soon(m, pause ? NEWS_STOP : NEWS_RESUME);
    run_wake(m);
}

void machine_pause(Machine *m)
{
    set_pause(m, true);
}

void machine_continue(Machine *m)
{
    set_pause(m, false);
}

void machine_hold_time(Machine *m, bool hold)
{
    m->run->time_held = hold;
}

bool machine_pause_wanted(const Machine *m)
{
    return __atomic_load_n(&m->run->pause_wanted, __ATOMIC_SEQ_CST);
}

bool machine_paused(const Machine *m)
{
    return __atomic_load_n(&m->run->frozen, __ATOMIC_ACQUIRE) != NOT_FROZEN;
}

/* Brings the CPUs and the clock to what was asked for; the exit code if they cannot start. */
static int follow_pause(Machine *m)
{
    bool pause = machine_pause_wanted(m);
    if (pause && m->run->running) {
        cpus_stop(m);
        clock_freeze(m);
    }
    return pause || m->run->running ? 0 : cpus_start(m);
}

/* Orders that need a machine standing still; the CPUs go on afterwards as follow_pause says. */
static void run_stills(Machine *m)
{
    Posts batch = take(m, &m->run->stills);
    if (!batch.count)
        return;
    cpus_stop(m);
    clock_freeze(m);
    machine_lock(m);
    for (size_t i = 0; i < batch.count; i++)
        batch.at[i].fn(batch.at[i].dev, batch.at[i].data);
    machine_unlock(m);
    free(batch.at);
}

int64_t machine_turn(Machine *m)
{
    machine_lock(m);
    space_device_begin();
    run_posts(m);
    replay_turn(m);
    int64_t next = machine_paused(m) ? TIMER_OFF : timers_run(m);
    /* From here on a timer set for earlier wakes the loop; what was set before is in `next`. */
    __atomic_store_n(&m->run->sleeps_until, next, __ATOMIC_SEQ_CST);
    space_device_end();
    machine_unlock(m);
    return next;
}

/* CPUs that are the clock take their turns themselves. */
static int64_t turn(Machine *m)
{
    if (!m->run->running || !m->cpus || !m->cpus->poke)
        return machine_turn(m);
    pthread_mutex_lock(&m->run->posts_lock);
    bool posted = m->run->posts.count;
    pthread_mutex_unlock(&m->run->posts_lock);
    if (posted)
        m->cpus->poke(m);
    return TIMER_OFF;
}

static void sleep_until(Machine *m, int64_t next)
{
    int64_t left = next == TIMER_OFF ? 0 : next - time_now(m);
    struct timespec wait = { 0, 0 };
    if (left > 0) {
        wait.tv_sec = left / 1000000000;
        wait.tv_nsec = left % 1000000000;
    }
    struct pollfd fd = { .fd = m->run->wake, .events = POLLIN };
    uint64_t count;
    if (ppoll(&fd, 1, next == TIMER_OFF ? NULL : &wait, NULL) > 0 && read(fd.fd, &count, sizeof count) < 0)
        assert(errno == EAGAIN);
}

/* True: the machine goes on. */
static bool handle_stop(Machine *m, StopReason why)
{
    cpus_stop(m);
    if (why != STOP_RESET || m->config->no_reboot)
        return false;
    __atomic_store_n(&m->run->stop, RUN, __ATOMIC_SEQ_CST);
    machine_reset(m);
    tell_locked(m, NEWS_RESET);
    return true;
}

int machine_run(Machine *m)
{
    int failed;
    prctl(PR_SET_TIMERSLACK, 1000); /* ns: the default of 50 us makes a guest's timers late */
    StopReason why = RUN;
    for (failed = 0; !failed;) {
        why = machine_stopping(m);
        if (why != RUN && !handle_stop(m, why))
            break;
        run_stills(m);
        failed = follow_pause(m);
        if (!failed)
            sleep_until(m, turn(m));
    }
    cpus_stop(m);
    clock_freeze(m);
    replay_finish(m);
    tell_locked(m, NEWS_SHUTDOWN);
    return failed ? failed : why == STOP_PANIC ? 1 : __atomic_load_n(&m->run->exit_code, __ATOMIC_RELAXED);
}
