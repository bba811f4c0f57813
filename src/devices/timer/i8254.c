/* The programmable interval timer of a PC: an Intel 8254 (data sheet 231164) clocked at 1.193182 MHz. Counter 0 is the
 * system timer, counter 2 the speaker's tone, whose gate and output are at port 61h. A counter is where time has come
 * to since it was loaded; nothing ticks. */
#include "core/machine.h"

#define HZ     UINT64_C(1193182)
#define SECOND INT64_C(1000000000)

enum { COUNTERS = 3, SPEAKER = 2 };
enum { LATCH, LOW, HIGH, BOTH }; /* the RW field of a control word */
enum { REFRESH_NS = 15085 };     /* port 61h bit 4 toggles with each refresh of memory */
enum { GAP_NS = 100000, NEVER = -1 };

typedef struct Counter {
    uint16_t reload; /* as written; 0 is 65536 */
    uint8_t mode, access;
    bool bcd, gate, second_write, second_read, null_count;
    uint8_t low;   /* first byte of two */
    int64_t since; /* virtual time at which counting began */
    int64_t held;  /* gate low in mode 0 or 4: how long it had counted */
    uint16_t latched;
    uint8_t latch; /* bytes of `latched` to be read: LOW, HIGH, BOTH; LATCH: none */
    uint8_t status;
    bool status_latched;
} Counter;

typedef struct I8254 {
    Device dev;
    Counter counter[COUNTERS];
    bool speaker; /* port 61h bit 1 */
    Line irq;
    Timer edge;
    int64_t rise;   /* when counter 0's output rises next */
    int64_t polled; /* when counter 2's was last seen low; NEVER: or high since */
} I8254;

static uint32_t from_bcd(uint32_t v)
{
    return (v >> 12 & 15) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15);
}

static uint32_t to_bcd(uint32_t v)
{
    return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

static uint32_t period(const Counter *c)
{
    uint32_t n = c->bcd ? from_bcd(c->reload) : c->reload;
    return n ? n : c->bcd ? 10000 : 65536;
}

static uint64_t to_ticks(int64_t ns)
{
    return (uint64_t)((unsigned __int128)(ns < 0 ? 0 : (uint64_t)ns) * HZ / (uint64_t)SECOND);
}

/* The first nanosecond at which that many ticks have passed. */
static int64_t to_ns(uint64_t ticks)
{
    return (int64_t)(((unsigned __int128)ticks * (uint64_t)SECOND + HZ - 1) / HZ);
}

static bool holds(const Counter *c)
{
    return !c->gate && (c->mode == 0 || c->mode == 4);
}

static uint64_t ticks(const Counter *c, int64_t now)
{
    return to_ticks(holds(c) ? c->held : now - c->since);
}

static bool output(const Counter *c, int64_t now)
{
    uint64_t t = ticks(c, now), n = period(c);
    switch (c->mode) {
    case 0:
        return !c->null_count && t >= n;
    case 1:
        return t >= n;
    case 2:
        return !c->gate || t % n != n - 1;
    case 3:
        return !c->gate || t % n < (n + 1) / 2;
    default:
        return t != n;
    }
}

static uint16_t value(const Counter *c, int64_t now)
{
    uint64_t t = ticks(c, now), n = period(c), left;
    if (c->mode == 2)
        left = n - t % n;
    else if (c->mode == 3)
        left = (n - t * 2 % n) & ~1ull; /* counts by two */
    else
        left = (n - t) % (c->bcd ? 10000 : 65536);
    return (uint16_t)(c->bcd ? to_bcd((uint32_t)left) : left);
}

/* When counter 0's output next rises after `now`; TIMER_OFF: never. */
static int64_t next_rise(const Counter *c, int64_t now)
{
    uint64_t t = ticks(c, now), n = period(c);
    if (holds(c) || c->null_count)
        return TIMER_OFF;
    if (c->mode == 2 || c->mode == 3)
        return c->since + to_ns((t / n + 1) * n);
    uint64_t at = c->mode == 4 || c->mode == 5 ? n + 1 : n;
    return t < at ? c->since + to_ns(at) : TIMER_OFF;
}

static void schedule(I8254 *p)
{
    int64_t now = time_now(p->dev.machine);
    line_set(&p->irq, output(&p->counter[0], now));
    p->rise = next_rise(&p->counter[0], now);
    timer_at(&p->edge, p->rise);
}

/* Of a periodic output only its rising is of interest, so it falls just before that. When this comes late, the ticks
 * that are missing follow at once, but not those of a long sleep of the host. */
static void edge(void *dev)
{
    I8254 *p = dev;
    int64_t now = time_now(p->dev.machine);
    line_set(&p->irq, false);
    line_set(&p->irq, true);
    p->rise = next_rise(&p->counter[0], now - p->rise > SECOND ? now : p->rise);
    timer_at(&p->edge, p->rise);
}

static void load(I8254 *p, Counter *c, uint16_t reload)
{
    c->reload = reload;
    c->null_count = false;
    c->since = time_now(p->dev.machine);
    c->held = 0;
    if (c == &p->counter[0])
        schedule(p);
}

static void write_counter(I8254 *p, Counter *c, uint8_t byte)
{
    if (c->access == LOW) {
        load(p, c, byte);
    } else if (c->access == HIGH) {
        load(p, c, (uint16_t)(byte << 8));
    } else if (c->second_write) {
        c->second_write = false;
        load(p, c, (uint16_t)(c->low | byte << 8));
    } else {
        c->second_write = true;
        c->low = byte;
        if (c->mode == 0)
            c->null_count = true; /* writing the first byte stops it */
    }
}

static uint8_t read_counter(I8254 *p, Counter *c)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    if (c->latch) {
        bool high = c->latch == HIGH;
        c->latch = c->latch == BOTH ? HIGH : LATCH;
        return (uint8_t)(c->latched >> (high ? 8 : 0));
    }
    uint16_t now = value(c, time_now(p->dev.machine));
    bool high = c->access == HIGH || (c->access == BOTH && c->second_read);
    if (c->access == BOTH)
        c->second_read = !c->second_read;
    return (uint8_t)(now >> (high ? 8 : 0));
}

static void latch_count(I8254 *p, Counter *c)
{
    if (c->latch)
        return;
    c->latched = value(c, time_now(p->dev.machine));
    c->latch = c->access;
}

static void latch_status(I8254 *p, Counter *c)
{
    if (c->status_latched)
        return;
    c->status = (uint8_t)(output(c, time_now(p->dev.machine)) << 7 | c->null_count << 6 | c->access << 4 |
                          c->mode << 1 | c->bcd);
    c->status_latched = true;
}

static void read_back(I8254 *p, uint8_t word)
{
    for (int i = 0; i < COUNTERS; i++) {
        if (!(word & 2 << i))
            continue;
        if (!(word & 0x20))
            latch_count(p, &p->counter[i]);
        if (!(word & 0x10))
            latch_status(p, &p->counter[i]);
    }
}

static void write_control(I8254 *p, uint8_t word)
{
    int number = word >> 6;
    if (number == 3) {
        read_back(p, word);
        return;
    }
    Counter *c = &p->counter[number];
    if (!(word >> 4 & 3)) {
        latch_count(p, c);
        return;
    }
    bool gate = c->gate;
    uint16_t reload = c->reload;
    *c = (Counter){ .reload = reload, .access = word >> 4 & 3, .bcd = word & 1, .gate = gate, .null_count = true };
    c->mode = word >> 1 & 7;
    if (c->mode > 5)
        c->mode -= 4; /* the top bit of modes 2 and 3 is ignored */
    c->since = time_now(p->dev.machine);
    if (!number) {
        timer_off(&p->edge);
        line_set(&p->irq, c->mode != 0);
    }
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)size;
    I8254 *p = dev;
    return at < COUNTERS ? read_counter(p, &p->counter[at]) : 0; /* the control word cannot be read */
}

static void window_write(void *dev, uint64_t at, uint64_t byte, int size)
{
    (void)size;
    I8254 *p = dev;
    if (at < COUNTERS)
        write_counter(p, &p->counter[at], (uint8_t)byte);
    else
        write_control(p, (uint8_t)byte);
}

/* Modes 1, 2, 3 and 5 begin anew when the gate rises; 0 and 4 go on. */
static void set_gate(I8254 *p, Counter *c, bool gate)
{
    int64_t now = time_now(p->dev.machine);
    if (gate == c->gate)
        return;
    if (!gate)
        c->held = now - c->since;
    else
        c->since = c->mode == 0 || c->mode == 4 ? now - c->held : now;
    c->gate = gate;
}

/* Systems measure other clocks by looking here until a one-shot ends. When the host has no time for the CPU towards the
 * end, what they saw last may be long ago, and nothing tells them: Linux then takes the time stamp counter for one of a
 * tenth of its rate. So after a gap the end shows at the second look, and the first shows them the gap. */
static bool speaker_output(I8254 *p, int64_t now)
{
    const Counter *c = &p->counter[SPEAKER];
    bool high = output(c, now);
    bool late = high && c->mode == 0 && p->polled >= c->since && now - p->polled > GAP_NS;
    p->polled = high ? NEVER : now;
    return high && !late;
}

static uint64_t speaker_read(void *dev, uint64_t at, int size)
{
    (void)at, (void)size;
    I8254 *p = dev;
    int64_t now = time_now(p->dev.machine);
    return (uint64_t)p->counter[SPEAKER].gate | (uint64_t)p->speaker << 1 | (uint64_t)(now / REFRESH_NS & 1) << 4 |
           (uint64_t)speaker_output(p, now) << 5;
}

static void speaker_write(void *dev, uint64_t at, uint64_t byte, int size)
{
    (void)at, (void)size;
    I8254 *p = dev;
    set_gate(p, &p->counter[SPEAKER], byte & 1);
    p->speaker = byte & 2;
}

static bool start(void *dev, Error *err)
{
    (void)err;
    I8254 *p = dev;
    timer_init(&p->edge, p->dev.machine, edge, p);
    return true;
}

static void reset(void *dev)
{
    I8254 *p = dev;
    timer_off(&p->edge);
    for (int i = 0; i < COUNTERS; i++)
        p->counter[i] = (Counter){ .access = BOTH, .mode = 3, .gate = i != SPEAKER, .null_count = true };
}

static void stop(void *dev)
{
    timer_off(&((I8254 *)dev)->edge);
}

static const StateField counter_state[] = {
    STATE(Counter, reload),
    STATE(Counter, mode, .below = 6),
    STATE(Counter, access, .below = 4),
    STATE(Counter, bcd),
    STATE(Counter, gate),
    STATE(Counter, second_write),
    STATE(Counter, second_read),
    STATE(Counter, null_count),
    STATE(Counter, low),
    STATE(Counter, since),
    STATE(Counter, held),
    STATE(Counter, latched),
    STATE(Counter, latch),
    STATE(Counter, status),
    STATE(Counter, status_latched),
    STATE_END,
};

const DeviceType i8254 = {
    .name = "isa-pit",
    .about = "8254 interval timer",
    .size = sizeof(I8254),
    .state =
        (const StateField[]){ STATE_STRUCTS(I8254, counter, counter_state), STATE(I8254, speaker), STATE(I8254, rise),
                              STATE(I8254, polled, .reset = (uint64_t)NEVER), STATE_TIMER(I8254, edge), STATE_END },
    .windows = (const Window[]){ { 4, .read = window_read, .write = window_write, .max = 1 },
                                 { 1, .read = speaker_read, .write = speaker_write, .max = 1 },
                                 { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(I8254, irq), 1 }, { 0 } },
    .start = start,
    .reset = reset,
    .stop = stop,
};
