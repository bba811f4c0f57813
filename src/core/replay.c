/* Recordings (host/replay.h) of a machine that counts instructions: whose they are, and when it is time for what. */
#include "core/replay.h"

#include "base/log.h"
#include "core/describe.h"
#include "core/run.h"
#include "host/clock.h"
#include "host/door.h"
#include "host/random.h"
#include "host/replay.h"

static bool begun;

static Moment moment(void *machine)
{
    const Machine *m = machine;
    return (Moment){ .count = m->cpus->count(m), .time = time_now(m), .fired = m->run->timers_fired };
}

static void option(Out *o, const char *name, const char *value)
{
    out(o, "%s: %s\n", name, value ? value : "none");
}

/* What decides how a machine begins and goes on, if nothing comes from outside. */
static void describe(Machine *m, Out *o)
{
    const MachineConfig *c = m->config;
    machine_describe(m, o);
    option(o, "kernel", c->kernel);
    option(o, "initrd", c->initrd);
    option(o, "append", c->append);
    option(o, "firmware", c->bios);
    out(o, "random numbers from: %llx\n", (unsigned long long)random_state());
    out(o, "date: %lld\n", (long long)(clock_wall_ns() / 1000000000));
}

bool replay_begin(Machine *m, Error *err)
{
    if (replay_mode() == REPLAY_OFF)
        return true;
    if (!m->cpus || !m->cpus->count)
        return error_set(err, "a machine without CPUs has no moments to record");
    if (!drives_are_kept("a recording does not begin with again", err))
        return false;
    Out o = { 0 };
    describe(m, &o);
    bool ok = replay_machine(o.text, err);
    out_free(&o);
    replay_clock(moment, m);
    begun = ok;
    return ok;
}

bool replay_has_begun(void)
{
    return begun;
}

/* ---- playing ---- */

static void end(Machine *m, const char *why)
{
    Moment now = moment(m);
    log_line("replay: at instruction %llu %s", (unsigned long long)now.count, why);
    machine_exit(m, 1);
}

/* True: the next entry of the recording is of this moment. */
static bool is_due(Machine *m, const ReplayEntry *e)
{
    Moment now = moment(m);
    int order = moment_order(&now, &e->when);
    if (order > 0)
        end(m, "the machine does not do what it did when it was recorded");
    return !order;
}

void replay_turn(Machine *m)
{
    if (replay_mode() != REPLAY_PLAYS)
        return;
    for (const ReplayEntry *e; machine_stopping(m) == RUN;) {
        e = replay_next();
        if (!e)
            end(m, "the recording is cut off");
        else if (!is_due(m, e))
            break;
        else if (e->end)
            machine_stop(m, STOP_QUIT);
        else if (!door_play())
            end(m, "something came by a way that is not there now; give the options it was recorded with");
    }
}

bool replay_ahead(uint64_t *count, int64_t *time)
{
    const ReplayEntry *e = replay_mode() == REPLAY_PLAYS ? replay_next() : NULL;
    if (e) {
        *count = e->when.count;
        *time = e->when.time;
    }
    return e;
}

void replay_lost(Machine *m)
{
    end(m, "nothing is left to do, but the recording goes on");
}

/* ---- the end ---- */

static void compare(Machine *m, const uint64_t sums[2])
{
    const ReplayEntry *e = replay_next();
    Moment now = moment(m);
    if (!e || !e->end || moment_order(&now, &e->when))
        log_line("replay: ended at instruction %llu, before the recording did", (unsigned long long)now.count);
    else
        log_line("replay: %llu instructions, %s as recorded", (unsigned long long)now.count,
                 e->sums[0] == sums[0] && e->sums[1] == sums[1] ? "memory and registers" : "but NOT the same state");
}

void replay_finish(Machine *m)
{
    uint64_t sums[2];
    if (replay_mode() == REPLAY_OFF || !m->cpus)
        return;
    m->cpus->sums(m, sums);
    if (replay_mode() == REPLAY_RECORDS)
        replay_note_end(sums);
    else
        compare(m, sums);
    log_flush();
}
