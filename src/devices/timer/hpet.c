/* The high precision event timers of a PC (IA-PC HPET specification 1.0a): a counter of 100 MHz and three comparators.
 * With legacy routing the first two stand in for the interval timer and the clock. */
#include "core/machine.h"

enum { TIMERS = 3, ROUTES = 32, SIZE = 0x400 };
enum { R_CAPABILITIES = 0, R_CONFIG = 0x10, R_STATUS = 0x20, R_COUNTER = 0xf0, R_TIMERS = 0x100, TIMER_SIZE = 0x20 };
enum { T_CONFIG = 0, T_COMPARATOR = 8, T_MESSAGE = 16 };
enum { ON = 1, LEGACY = 2 };
enum { T_LEVEL = 2, T_ENABLED = 4, T_PERIODIC = 8, T_CAN_PERIODIC = 16, T_64 = 32, T_SET_VALUE = 64, T_32 = 256 };
enum { T_WRITABLE = 0x3f4e | T_32 };
#define PERIOD_FS    UINT64_C(10000000) /* of the counter */
#define NS_PER_TICK  INT64_C(10)
#define CAPABILITIES (PERIOD_FS << 32 | 0x8086a201)
#define LATE_MOST    UINT64_C(100000000) /* ticks: a second */

typedef struct HpetTimer {
    uint64_t config, comparator, period;
    Timer timer;
    struct Hpet *all;
    int number;
} HpetTimer;

typedef struct Hpet {
    Device dev;
    uint64_t routes;                  /* property: a bit for each input of the I/O APIC that a timer may use */
    uint64_t config, status, counter; /* counter: at `since`, or for good while it is off */
    int64_t since;
    HpetTimer t[TIMERS];
    bool old_in[2]; /* levels of what the first two replace */
    Line irq[ROUTES], old[2];
} Hpet;

static uint64_t counter(const Hpet *h)
{
    if (!(h->config & ON))
        return h->counter;
    return h->counter + (uint64_t)((time_now(h->dev.machine) - h->since) / NS_PER_TICK);
}

static bool legacy(const Hpet *h)
{
    return h->config & LEGACY;
}

static Line *line_of(HpetTimer *t)
{
    if (legacy(t->all) && t->number < 2)
        return &t->all->old[t->number];
    return &t->all->irq[t->config >> 9 & 31];
}

static void interrupt(HpetTimer *t)
{
    Line *line = line_of(t);
    if (!(t->config & T_ENABLED) || !(t->all->config & ON))
        return;
    if (t->config & T_LEVEL) {
        t->all->status |= 1ull << t->number;
        line_set(line, true);
    } else {
        line_set(line, true);
        line_set(line, false);
    }
}

static uint64_t mask(const HpetTimer *t)
{
    return t->config & T_32 ? UINT32_MAX : UINT64_MAX;
}

static bool is_periodic(const HpetTimer *t)
{
    return t->config & T_PERIODIC && t->period;
}

/* How far the counter is beyond the comparator. */
static uint64_t behind(const HpetTimer *t)
{
    return (counter(t->all) - t->comparator) & mask(t);
}

/* A comparator matches when the counter comes to it: the distance ahead, modulo its width, from the tick that was last.
 */
static void schedule(HpetTimer *t)
{
    uint64_t ahead = -behind(t) & mask(t);
    if (!(t->all->config & ON)) {
        timer_off(&t->timer);
        return;
    }
    ahead = ahead ? ahead : mask(t);
    int64_t now = time_now(t->all->dev.machine), tick = now - (now - t->all->since) % NS_PER_TICK;
    int64_t ns = ahead > (uint64_t)(INT64_MAX / 4 / NS_PER_TICK) ? INT64_MAX / 4 : (int64_t)ahead * NS_PER_TICK;
    timer_at(&t->timer, tick + ns);
}

/* Periods that are late follow at once. */
static void go_on(HpetTimer *t)
{
    if (is_periodic(t) && t->all->config & ON && behind(t) <= LATE_MOST)
        timer_at(&t->timer, time_now(t->all->dev.machine));
    else
        schedule(t);
}

/* After a long sleep of the host the comparator moves to the first period ahead. */
static void fire(void *timer)
{
    HpetTimer *t = timer;
    if (is_periodic(t)) {
        uint64_t late = behind(t), passed = late > LATE_MOST ? late / t->period : 0;
        t->comparator = (t->comparator + (passed + 1) * t->period) & mask(t);
    }
    interrupt(t);
    go_on(t);
}

static void show_old(Hpet *h)
{
    for (int i = 0; i < 2; i++)
        line_set(&h->old[i], !legacy(h) && h->old_in[i]);
}

static void write_config(Hpet *h, uint64_t value)
{
    uint64_t now = counter(h);
    h->counter = now;
    h->since = time_now(h->dev.machine);
    h->config = value & (ON | LEGACY);
    show_old(h);
    for (int i = 0; i < TIMERS; i++) {
        if (!(h->config & ON) && h->status & 1ull << i)
            line_set(line_of(&h->t[i]), false);
        schedule(&h->t[i]);
    }
}

static void write_status(Hpet *h, uint64_t value)
{
    for (int i = 0; i < TIMERS; i++)
        if (value & h->status & 1ull << i)
            line_set(line_of(&h->t[i]), false);
    h->status &= ~value;
}

static void write_timer_config(HpetTimer *t, uint64_t value)
{
    line_set(line_of(t), false);
    t->config = value & T_WRITABLE;
    if (t->config & T_32)
        t->comparator &= UINT32_MAX;
    schedule(t);
}

/* A periodic timer's comparator is the period, too; with T_SET_VALUE the first match is set apart from it. */
static void write_comparator(HpetTimer *t, uint64_t value)
{
    value &= mask(t);
    if (!(t->config & T_PERIODIC) || t->config & T_SET_VALUE)
        t->comparator = value;
    if (t->config & T_PERIODIC)
        t->period = value;
    t->config &= ~(uint64_t)T_SET_VALUE;
    schedule(t);
}

static uint64_t read_timer(const HpetTimer *t, uint64_t at)
{
    uint64_t fixed = t->all->routes << 32 | T_CAN_PERIODIC | T_64;
    return at == T_CONFIG ? t->config | fixed : at == T_COMPARATOR ? t->comparator : 0;
}

static uint64_t read_register(const Hpet *h, uint64_t at)
{
    if (at >= R_TIMERS && (at - R_TIMERS) / TIMER_SIZE < TIMERS)
        return read_timer(&h->t[(at - R_TIMERS) / TIMER_SIZE], (at - R_TIMERS) % TIMER_SIZE);
    return at == R_CAPABILITIES ? CAPABILITIES
           : at == R_CONFIG     ? h->config
           : at == R_STATUS     ? h->status
           : at == R_COUNTER    ? counter(h)
                                : 0;
}

static void write_register(Hpet *h, uint64_t at, uint64_t value)
{
    HpetTimer *t = at >= R_TIMERS && (at - R_TIMERS) / TIMER_SIZE < TIMERS ? &h->t[(at - R_TIMERS) / TIMER_SIZE] : NULL;
    if (t && at % TIMER_SIZE == T_CONFIG) {
        write_timer_config(t, value);
    } else if (t && at % TIMER_SIZE == T_COMPARATOR) {
        write_comparator(t, value);
    } else if (at == R_CONFIG) {
        write_config(h, value);
    } else if (at == R_STATUS) {
        write_status(h, value);
    } else if (at == R_COUNTER && !(h->config & ON)) {
        h->counter = value;
    }
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    uint64_t whole = read_register(dev, at & ~7ull);
    return size == 8 ? whole : (uint32_t)(whole >> (at & 4) * 8);
}

/* Half of a register is written as the whole with the other half as it is; a periodic comparator's other half is that
 * of the period. */
static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    uint64_t where = at & ~7ull, whole = read_register(dev, where), shift = (at & 4) * 8;
    if (where == R_STATUS)
        whole = 0; /* its bits are cleared by ones */
    if (size == 4)
        value = (whole & ~(0xffffffffull << shift)) | (value & 0xffffffff) << shift;
    write_register(dev, where, value);
}

static void old_input(void *dev, int pin, bool level)
{
    Hpet *h = dev;
    h->old_in[pin] = level;
    if (!legacy(h))
        line_set(&h->old[pin], level);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    Hpet *h = dev;
    for (int i = 0; i < TIMERS; i++) {
        h->t[i].all = h;
        h->t[i].number = i;
        timer_init(&h->t[i].timer, h->dev.machine, fire, &h->t[i]);
    }
    return true;
}

static void stop(void *dev)
{
    Hpet *h = dev;
    for (int i = 0; i < TIMERS; i++)
        timer_off(&h->t[i].timer);
}

static void loaded(void *dev)
{
    Hpet *h = dev;
    show_old(h);
    for (int i = 0; i < TIMERS; i++)
        go_on(&h->t[i]);
}

static const StateField timer_state[] = {
    STATE(HpetTimer, config),
    STATE(HpetTimer, comparator, .reset = UINT64_MAX),
    STATE(HpetTimer, period),
    STATE_END,
};
static const StateField state[] = {
    STATE(Hpet, config),
    STATE(Hpet, status),
    STATE(Hpet, counter),
    STATE(Hpet, since),
    STATE_STRUCTS(Hpet, t, timer_state),
    STATE_ARRAY(Hpet, old_in),
    STATE_END,
};

const DeviceType hpet = {
    .name = "hpet",
    .about = "high precision event timers",
    .size = sizeof(Hpet),
    .props = (const Prop[]){ { "intcap", "I/O APIC inputs that its timers may use, as bits", PROP_UINT,
                               offsetof(Hpet, routes), "4" },
                             { 0 } },
    .state = state,
    .windows = (const Window[]){ { SIZE, .read = window_read, .write = window_write, .min = 4, .max = 8 }, { 0 } },
    .pins = (const Pin[]){ { .name = "pit", .in = old_input, .first = 0 },
                           { .name = "rtc", .in = old_input, .first = 1 },
                           { "irq", offsetof(Hpet, irq), ROUTES },
                           { "old", offsetof(Hpet, old), 2 },
                           { 0 } },
    .start = start,
    .reset = stop,
    .loaded = loaded,
    .stop = stop,
};
