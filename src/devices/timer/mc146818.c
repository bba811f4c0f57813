/* The real-time clock of a PC with its battery-backed memory: Motorola MC146818. It takes the host's time of day when
 * the machine starts and from then on counts virtual time. Neither time nor memory are lost at a reset. */
#include "devices/timer/mc146818.h"

#include "core/machine.h"
#include "host/clock.h"

#include <string.h>
#include <time.h>

enum {
    R_SECONDS = 0,
    R_SECONDS_ALARM,
    R_MINUTES,
    R_MINUTES_ALARM,
    R_HOURS,
    R_HOURS_ALARM,
    R_WEEKDAY,
    R_DAY,
    R_MONTH,
    R_YEAR,
    R_A,
    R_B,
    R_C,
    R_D,
    R_CENTURY = 0x32,
    BYTES = 128
};
enum { A_UPDATING = 0x80, A_RATE = 0x0f, A_DIVIDER = 0x70, A_RUNS = 0x20 };
enum { B_SET = 0x80, B_PERIODIC = 0x40, B_ALARM = 0x20, B_UPDATE = 0x10, B_BINARY = 4, B_24 = 2 };
enum { C_IRQ = 0x80, C_PERIODIC = 0x40, C_ALARM = 0x20, C_UPDATE = 0x10 };
enum { D_VALID = 0x80, HOUR_PM = 0x80, ALARM_ANY = 0xc0 };

#define SECOND        INT64_C(1000000000)
#define UPDATE_WARNED 244000 /* update-in-progress comes that many nanoseconds before the update */
#define OSCILLATOR    INT64_C(32768)

typedef struct Mc146818 {
    Device dev;
    uint8_t index;
    uint8_t cmos[BYTES];
    int64_t offset; /* nanoseconds since 1970 at virtual time 0 */
    Line irq;
    Timer update, periodic;
} Mc146818;

static int64_t wall(const Mc146818 *r)
{
    return r->offset + time_now(r->dev.machine);
}

static bool counting(const Mc146818 *r)
{
    return !(r->cmos[R_B] & B_SET) && (r->cmos[R_A] & A_DIVIDER) <= A_RUNS;
}

static uint8_t encode(const Mc146818 *r, int v)
{
    return (uint8_t)(r->cmos[R_B] & B_BINARY ? v : v / 10 << 4 | v % 10);
}

static int decode(const Mc146818 *r, uint8_t v)
{
    return r->cmos[R_B] & B_BINARY ? v : (v >> 4) * 10 + (v & 15);
}

static uint8_t encode_hour(const Mc146818 *r, int hour)
{
    if (r->cmos[R_B] & B_24)
        return encode(r, hour);
    return encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static int decode_hour(const Mc146818 *r, uint8_t v)
{
    if (r->cmos[R_B] & B_24)
        return decode(r, v);
    return decode(r, v & ~HOUR_PM) % 12 + (v & HOUR_PM ? 12 : 0);
}

/* The time registers as they are now. While the guest sets the clock they are what it wrote. */
static void show_time(Mc146818 *r)
{
    if (!counting(r))
        return;
    time_t seconds = (time_t)(wall(r) / SECOND);
    struct tm t;
    gmtime_r(&seconds, &t);
    r->cmos[R_SECONDS] = encode(r, t.tm_sec);
    r->cmos[R_MINUTES] = encode(r, t.tm_min);
    r->cmos[R_HOURS] = encode_hour(r, t.tm_hour);
    r->cmos[R_WEEKDAY] = encode(r, t.tm_wday + 1);
    r->cmos[R_DAY] = encode(r, t.tm_mday);
    r->cmos[R_MONTH] = encode(r, t.tm_mon + 1);
    r->cmos[R_YEAR] = encode(r, t.tm_year % 100);
    r->cmos[R_CENTURY] = encode(r, (t.tm_year + 1900) / 100);
}

/* A year that the host's clock cannot count to in nanoseconds is taken for one that it can. */
static int known_year(int year)
{
    return year < 1970 ? 1970 : year > 2200 ? 2200 : year;
}

static void take_time(Mc146818 *r)
{
    struct tm t = {
        .tm_sec = decode(r, r->cmos[R_SECONDS]),
        .tm_min = decode(r, r->cmos[R_MINUTES]),
        .tm_hour = decode_hour(r, r->cmos[R_HOURS]),
        .tm_mday = decode(r, r->cmos[R_DAY]),
        .tm_mon = decode(r, r->cmos[R_MONTH]) - 1,
        .tm_year = known_year(decode(r, r->cmos[R_YEAR]) + decode(r, r->cmos[R_CENTURY]) * 100) - 1900,
    };
    int64_t now = time_now(r->dev.machine);
    r->offset = (int64_t)timegm(&t) * SECOND - now;
}

static void update_irq(Mc146818 *r)
{
    uint8_t flags = r->cmos[R_C] & r->cmos[R_B] & (C_PERIODIC | C_ALARM | C_UPDATE);
    r->cmos[R_C] = flags ? r->cmos[R_C] | C_IRQ : r->cmos[R_C] & ~C_IRQ;
    line_set(&r->irq, flags);
}

static bool alarm_matches(const Mc146818 *r)
{
    static const uint8_t pairs[][2] = { { R_SECONDS, R_SECONDS_ALARM },
                                        { R_MINUTES, R_MINUTES_ALARM },
                                        { R_HOURS, R_HOURS_ALARM } };
    for (int i = 0; i < 3; i++) {
        uint8_t want = r->cmos[pairs[i][1]];
        if ((want & ALARM_ANY) != ALARM_ANY && want != r->cmos[pairs[i][0]])
            return false;
    }
    return true;
}

static void schedule_update(Mc146818 *r)
{
    int64_t into = wall(r) % SECOND;
    timer_at(&r->update,
             counting(r) ? time_now(r->dev.machine) + SECOND - (into < 0 ? into + SECOND : into) : TIMER_OFF);
}

static void updated(void *dev)
{
    Mc146818 *r = dev;
    show_time(r);
    r->cmos[R_C] |= C_UPDATE | (alarm_matches(r) ? C_ALARM : 0);
    update_irq(r);
    schedule_update(r);
}

/* 0: none. Rates 1 and 2 are those of 8 and 9. */
static int64_t period_ns(const Mc146818 *r)
{
    int rate = r->cmos[R_A] & A_RATE;
    if (!rate || (r->cmos[R_A] & A_DIVIDER) > A_RUNS)
        return 0;
    return SECOND * (1ll << (rate < 3 ? rate + 6 : rate - 1)) / OSCILLATOR;
}

/* Periods are counted from virtual time 0, so that they do not drift; a guest that polls gets the flag, too. */
static void schedule_periodic(Mc146818 *r)
{
    int64_t period = period_ns(r), now = time_now(r->dev.machine);
    bool wanted = period && r->cmos[R_B] & B_PERIODIC;
    timer_at(&r->periodic, wanted ? (now / period + 1) * period : TIMER_OFF);
}

static void period_over(void *dev)
{
    Mc146818 *r = dev;
    r->cmos[R_C] |= C_PERIODIC;
    update_irq(r);
    schedule_periodic(r);
}

static uint8_t read_a(const Mc146818 *r)
{
    int64_t left = SECOND - wall(r) % SECOND;
    return r->cmos[R_A] | (counting(r) && left <= UPDATE_WARNED ? A_UPDATING : 0);
}

/* Reading register C is the acknowledgement. */
static uint8_t read_c(Mc146818 *r)
{
    uint8_t c = r->cmos[R_C];
    r->cmos[R_C] = 0;
    update_irq(r);
    return c;
}

static uint8_t read_byte(Mc146818 *r)
{
    show_time(r);
    switch (r->index) {
    case R_A:
        return read_a(r);
    case R_C:
        return read_c(r);
    case R_D:
        return D_VALID;
    default:
        return r->cmos[r->index];
    }
}

static void write_b(Mc146818 *r, uint8_t value)
{
    show_time(r);
    bool was = counting(r);
    if (value & B_SET)
        value &= ~B_UPDATE;
    /* leaving SET, the registers are read in the format that is set with the same write */
    r->cmos[R_B] = value;
    if (!was && counting(r))
        take_time(r);
    update_irq(r);
    schedule_update(r);
    schedule_periodic(r);
}

static void write_time(Mc146818 *r, uint8_t value)
{
    show_time(r);
    r->cmos[r->index] = value;
    if (counting(r)) {
        take_time(r);
        schedule_update(r);
    }
}

static void write_byte(Mc146818 *r, uint8_t value)
{
    switch (r->index) {
    case R_SECONDS:
    case R_MINUTES:
    case R_HOURS:
    case R_WEEKDAY:
    case R_DAY:
    case R_MONTH:
    case R_YEAR:
    case R_CENTURY:
        write_time(r, value);
        break;
    case R_A: {
        bool was = counting(r);
        show_time(r);
        r->cmos[R_A] = value & ~A_UPDATING;
        if (!was && counting(r))
            take_time(r);
        schedule_update(r);
        schedule_periodic(r);
        break;
    }
    case R_B:
        write_b(r, value);
        break;
    case R_C:
    case R_D:
        break;
    default:
        r->cmos[r->index] = value;
    }
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)size;
    return at ? read_byte(dev) : 0xff; /* the index cannot be read */
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Mc146818 *r = dev;
    if (at)
        write_byte(r, (uint8_t)value);
    else
        r->index = value & (BYTES - 1); /* the top bit masks NMI, which nothing here causes */
}

void mc146818_set(Device *dev, uint8_t at, uint8_t value)
{
    ((Mc146818 *)(void *)dev)->cmos[at % BYTES] = value;
}

static bool start(void *dev, Error *err)
{
    (void)err;
    Mc146818 *r = dev;
    timer_init(&r->update, r->dev.machine, updated, r);
    timer_init(&r->periodic, r->dev.machine, period_over, r);
    r->offset = clock_wall_ns() - time_now(r->dev.machine);
    r->cmos[R_A] = A_RUNS | 6; /* 1024 Hz */
    r->cmos[R_B] = B_24;
    return true;
}

/* A reset clears the interrupt enables and flags only. */
static void reset(void *dev)
{
    Mc146818 *r = dev;
    r->cmos[R_B] &= ~(B_PERIODIC | B_ALARM | B_UPDATE);
    r->cmos[R_C] = 0;
    update_irq(r);
    schedule_update(r);
    schedule_periodic(r);
}

static void loaded(void *dev)
{
    Mc146818 *r = dev;
    update_irq(r);
    schedule_update(r);
    schedule_periodic(r);
}

static void stop(void *dev)
{
    Mc146818 *r = dev;
    timer_off(&r->update);
    timer_off(&r->periodic);
}

static const StateField state[] = {
    STATE(Mc146818, index, .below = BYTES),
    STATE_ARRAY(Mc146818, cmos, .kept = true),
    STATE(Mc146818, offset, .kept = true),
    STATE_END,
};

const DeviceType mc146818 = {
    .name = "mc146818rtc",
    .about = "real-time clock and CMOS memory",
    .size = sizeof(Mc146818),
    .state = state,
    .windows = (const Window[]){ { 2, .read = window_read, .write = window_write, .max = 1 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Mc146818, irq), 1 }, { 0 } },
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
