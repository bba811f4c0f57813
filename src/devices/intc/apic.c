/* Requests, priorities, messages, and how CPUs and devices reach the local APICs: a window at FEE00000h in which each
 * CPU sees its own and devices signal, and model-specific registers (core/sysregs.h), whose encoding is the number of
 * the register; 80000008h stands for CR8. */
#include "devices/intc/apic.h"

#include "base/log.h"
#include "core/cpu_port.h"
#include "core/machine.h"
#include "core/requester.h"
#include "core/sysregs.h"
#include "devices/intc/i8259.h"

#include <string.h>

enum { MSR_BASE = 0x1b, MSR_DEADLINE = 0x6e0, MSR_X2 = 0x800, MSR_X2_LAST = 0x83f, CR8 = 0x80000008 };
enum { R_DFR = 0x0e, R_ICR_HIGH = 0x31, PAGE = 0x1000 };
#define BASE_ADDRESS    0xfee00000ull
#define RESET_VECTOR    0xfffffff0ull
#define EVERYBODY       0xffu
#define EVERYBODY_X2    UINT32_MAX
#define ILLEGAL_SENT    0x20u
#define ILLEGAL_ARRIVED 0x40u

bool apic_x2(const Apic *a)
{
    return a->base & BASE_X2;
}

static void set(uint32_t *bits, unsigned n)
{
    bits[n / 32] |= 1u << n % 32;
}

static void clear(uint32_t *bits, unsigned n)
{
    bits[n / 32] &= ~(1u << n % 32);
}

static bool is_set(const uint32_t *bits, unsigned n)
{
    return bits[n / 32] >> n % 32 & 1;
}

static int highest(const uint32_t *bits)
{
    for (int i = 7; i >= 0; i--)
        if (bits[i])
            return i * 32 + 31 - __builtin_clz(bits[i]);
    return -1;
}

/* The processor priority: of the task, or of the class in service. */
uint32_t apic_priority(const Apic *a)
{
    int served = highest(a->isr);
    uint32_t class = served < 0 ? 0 : (uint32_t)served & 0xf0;
    return (a->tpr & 0xf0) >= class ? a->tpr : class;
}

static int pending(const Apic *a)
{
    int wanted = highest(a->irr);
    bool on = a->base & BASE_ENABLED && a->svr & SVR_ENABLED;
    return on && wanted >= 0 && ((uint32_t)wanted & 0xf0) > (apic_priority(a) & 0xf0) ? wanted : -1;
}

/* An 8259 is behind LINT0, or at the CPU's own pin while its APIC is off. */
static bool external(const Apic *a)
{
    uint32_t lint0 = a->lvt[LVT_LINT0];
    bool off = !(a->base & BASE_ENABLED) && a->base & BASE_FIRST;
    return a->all->external && (off || (!(lint0 & LVT_MASKED) && (lint0 >> 8 & 7) == APIC_EXTERNAL));
}

void apic_update(Apic *a)
{
    line_set(&a->all->intr[a->number], pending(a) >= 0 || external(a));
}

bool apic_request(Apic *a, uint8_t vector, bool level)
{
    if (vector < 16) {
        a->errors |= ILLEGAL_ARRIVED;
        return true;
    }
    bool waits = is_set(a->irr, vector);
    set(a->irr, vector);
    if (level)
        set(a->tmr, vector);
    else
        clear(a->tmr, vector);
    apic_update(a);
    return !waits;
}

int apic_take(Apic *a)
{
    int vector = pending(a);
    if (vector >= 0) {
        clear(a->irr, (unsigned)vector);
        set(a->isr, (unsigned)vector);
    } else if (external(a) && a->all->pic) {
        vector = i8259_acknowledge(a->all->pic);
    } else {
        vector = a->svr & 0xff; /* the request has gone meanwhile */
    }
    apic_update(a);
    return vector;
}

void apic_end(Apic *a)
{
    int vector = highest(a->isr);
    if (vector < 0)
        return;
    clear(a->isr, (unsigned)vector);
    if (a->all->ended)
        a->all->ended(a->all->who, (uint8_t)vector);
    apic_update(a);
}

static Device *cpu_of(const Apic *a)
{
    return (Device *)(void *)a->all->dev.machine->cpu[a->number];
}

/* After INIT the first CPU begins at the reset vector, the others wait to be told where (SDM 3A 9.4). */
static void init_cpu(Apic *a)
{
    Device *cpu = cpu_of(a);
    const CpuPort *port = cpu ? cpu->type->interface : NULL;
    apic_reset(a, true);
    a->waiting = !(a->base & BASE_FIRST);
    if (port && a->waiting)
        port->stop(cpu);
    else if (port)
        port->start(cpu, RESET_VECTOR, 0);
}

static void start_up(Apic *a, uint8_t page)
{
    Device *cpu = cpu_of(a);
    const CpuPort *port = cpu ? cpu->type->interface : NULL;
    if (!a->waiting)
        return;
    a->waiting = false;
    if (port)
        port->start(cpu, (uint64_t)page << 12, 0);
}

static void pulse(Line *line)
{
    line_set(line, true);
    line_set(line, false);
}

bool apic_deliver(Apic *a, ApicMode mode, uint8_t vector, bool level)
{
    switch (mode) {
    case APIC_FIXED:
    case APIC_LOWEST:
        return apic_request(a, vector, level);
    case APIC_SMI:
        pulse(&a->all->smi[a->number]);
        break;
    case APIC_NMI:
        pulse(&a->all->nmi[a->number]);
        break;
    case APIC_INIT:
        init_cpu(a);
        break;
    case APIC_STARTUP:
        start_up(a, vector);
        break;
    default:
        log_unimp("apic %d: delivery mode %d", a->number, mode);
    }
    return true;
}

/* Logical destinations: x2APIC's are a cluster and a set; xAPIC's a set, or in the cluster model four bits of each. */
static bool in_set(const Apic *a, uint32_t destination)
{
    if (apic_x2(a))
        return destination >> 16 == a->id >> 4 && destination & 1u << (a->id & 15);
    uint32_t ldr = a->ldr >> 24;
    if (a->dfr >> 28 == 0xf)
        return ldr & destination;
    return ldr >> 4 == (destination >> 4 & 15) && ldr & destination & 15;
}

static bool is_for(const Apic *a, const ApicMessage *m)
{
    if (m->destination == (apic_x2(a) ? EVERYBODY_X2 : EVERYBODY))
        return true;
    return m->logical ? in_set(a, m->destination) : a->id == m->destination;
}

static Apic *least_busy(Apics *s, const ApicMessage *m)
{
    Apic *best = NULL;
    for (int i = 0; i < s->count; i++)
        if (is_for(&s->apic[i], m) && (!best || apic_priority(&s->apic[i]) < apic_priority(best)))
            best = &s->apic[i];
    return best;
}

bool apic_send(Device *dev, const ApicMessage *m)
{
    Apics *s = (Apics *)(void *)dev;
    if (m->mode == APIC_LOWEST) {
        Apic *a = least_busy(s, m);
        return !a || apic_deliver(a, m->mode, m->vector, m->level);
    }
    int meant = 0, heard = 0;
    for (int i = 0; i < s->count; i++)
        if (is_for(&s->apic[i], m)) {
            meant++;
            heard += apic_deliver(&s->apic[i], m->mode, m->vector, m->level);
        }
    return heard || !meant;
}

void apic_signal(Device *dev, uint64_t address, uint32_t data)
{
    apic_send(dev, &(ApicMessage){
                       .destination = address >> 12 & 0xff,
                       .logical = address & 4,
                       .mode = data >> 8 & 7,
                       .vector = (uint8_t)data,
                       .level = data >> 15 & 1,
                   });
}

void apic_hear_ends(Device *dev, void (*ended)(void *who, uint8_t vector), void *who)
{
    Apics *s = (Apics *)(void *)dev;
    s->ended = ended;
    s->who = who;
}

enum { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

void apic_write_icr(Apic *a, uint32_t low, uint32_t destination)
{
    a->icr = low & 0xccfff; /* sent at once: the delivery status is always idle */
    ApicMessage m = { destination, low >> 11 & 1, false, low >> 8 & 7, (uint8_t)low };
    int to = low >> 18 & 3;
    if (m.mode == APIC_INIT && low & 1 << 15 && !(low & 1 << 14))
        return; /* INIT de-assert: only for the arbitration of old */
    if (m.mode <= APIC_LOWEST && m.vector < 16)
        a->errors |= ILLEGAL_SENT;
    if (to == TO_DESTINATION) {
        apic_send(&a->all->dev, &m);
        return;
    }
    for (int i = 0; i < a->all->count; i++) {
        Apic *other = &a->all->apic[i];
        if (to == TO_ALL || (other == a) == (to == TO_SELF))
            apic_deliver(other, m.mode, m.vector, false);
    }
}

/* INIT leaves the ID and the base as they are (SDM 3A 11.4.7.3). */
void apic_reset(Apic *a, bool init)
{
    timer_off(&a->timer);
    uint64_t base = init ? a->base : BASE_ADDRESS | BASE_ENABLED | (a->number ? 0 : BASE_FIRST);
    uint32_t id = init ? a->id : (uint32_t)a->number;
    memset(a, 0, offsetof(Apic, timer)); /* holes too: snapshots are compared by bytes in tests */
    a->base = base;
    a->id = id;
    a->dfr = UINT32_MAX;
    a->svr = 0xff;
    a->waiting = a->number;
    for (int i = 0; i < LVTS; i++)
        a->lvt[i] = LVT_MASKED;
    /* software that knows of no APIC gets its interrupts from the 8259 through it */
    if (!a->number)
        a->lvt[LVT_LINT0] = APIC_EXTERNAL << 8;
    apic_update(a);
}

static Apic *own(Apics *s)
{
    return requester_cpu < s->count ? &s->apic[requester_cpu] : NULL;
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)size;
    Apic *a = own(dev);
    bool there = a && at < PAGE && a->base & BASE_ENABLED && !apic_x2(a);
    return there ? (uint32_t)apic_read(a, (uint32_t)at >> 4) : UINT32_MAX;
}

/* The first 16 bytes of a page have no register: what is stored there, or beyond the CPU's own page, is a message. */
static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Apics *s = dev;
    Apic *a = own(s);
    if (at >= PAGE || at < 16)
        apic_signal(&s->dev, BASE_ADDRESS + at, (uint32_t)value);
    else if (a && a->base & BASE_ENABLED && !apic_x2(a))
        apic_write(a, (uint32_t)at >> 4, (uint32_t)value);
}

static void write_base(Apic *a, uint64_t value)
{
    uint64_t flags = value & (BASE_ENABLED | BASE_X2);
    if ((value & ~0xfffull) != BASE_ADDRESS)
        log_unimp("apic %d: moved to 0x%llx", a->number, (unsigned long long)value);
    if (!(value & BASE_ENABLED) && a->base & BASE_ENABLED)
        apic_reset(a, true);
    a->waiting = false;
    if (flags & BASE_X2 && !apic_x2(a))
        a->id = (uint32_t)a->number;
    a->base = BASE_ADDRESS | flags | (a->base & BASE_FIRST);
    apic_update(a);
}

static bool has_register(uint32_t encoding)
{
    return encoding == MSR_BASE || encoding == MSR_DEADLINE || encoding == CR8 ||
           (encoding >= MSR_X2 && encoding <= MSR_X2_LAST);
}

/* In x2APIC mode some registers are gone, the others exist there only. */
static bool exists(const Apic *a, uint32_t encoding)
{
    if (encoding < MSR_X2 || encoding == CR8)
        return true;
    return apic_x2(a) && encoding - MSR_X2 != R_DFR && encoding - MSR_X2 != R_ICR_HIGH;
}

/* Whose register that is; NULL: it does not have it now. */
static Apic *owner(Apics *s, int cpu, uint32_t encoding)
{
    return cpu < s->count && exists(&s->apic[cpu], encoding) ? &s->apic[cpu] : NULL;
}

static bool sysreg_read(void *dev, int cpu, uint32_t encoding, uint64_t *value)
{
    Apics *s = dev;
    if (!has_register(encoding))
        return false;
    machine_lock(s->dev.machine);
    Apic *a = owner(s, cpu, encoding);
    if (a)
        *value = encoding == MSR_BASE       ? a->base
                 : encoding == MSR_DEADLINE ? a->deadline
                 : encoding == CR8          ? a->tpr >> 4
                                            : apic_read(a, encoding - MSR_X2);
    machine_unlock(s->dev.machine);
    return a;
}

static bool sysreg_write(void *dev, int cpu, uint32_t encoding, uint64_t value)
{
    Apics *s = dev;
    if (!has_register(encoding))
        return false;
    machine_lock(s->dev.machine);
    Apic *a = owner(s, cpu, encoding);
    if (a && encoding == MSR_BASE) {
        write_base(a, value);
    } else if (a && encoding == MSR_DEADLINE) {
        a->deadline = value;
        apic_timer_mode_changed(a);
    } else if (a && encoding == CR8) {
        a->tpr = (uint32_t)(value & 15) << 4;
        apic_update(a);
    } else if (a) {
        apic_write(a, encoding - MSR_X2, value);
    }
    machine_unlock(s->dev.machine);
    return a;
}

static int acknowledge(void *dev, int cpu)
{
    Apics *s = dev;
    if (cpu >= s->count)
        return 0xff;
    machine_lock(s->dev.machine);
    int vector = apic_take(&s->apic[cpu]);
    machine_unlock(s->dev.machine);
    return vector;
}

static void external_input(void *dev, int pin, bool level)
{
    (void)pin;
    Apics *s = dev;
    s->external = level;
    for (int i = 0; i < s->count; i++)
        apic_update(&s->apic[i]);
}

static void smi_input(void *dev, int pin, bool level)
{
    (void)pin;
    if (level)
        apic_deliver(&((Apics *)dev)->apic[0], APIC_SMI, 0, false);
}

static bool start(void *dev, Error *err)
{
    Apics *s = dev;
    s->count = s->dev.machine->config->cpus;
    if (s->count > APICS)
        return error_set(err, "%d CPUs: there are at most %d local APICs", s->count, APICS);
    for (int i = 0; i < APICS; i++) {
        s->apic[i].all = s;
        s->apic[i].number = i;
        apic_timer_init(&s->apic[i]);
    }
    return true;
}

static void reset(void *dev)
{
    Apics *s = dev;
    for (int i = 0; i < APICS; i++)
        apic_reset(&s->apic[i], false);
}

static void loaded(void *dev)
{
    Apics *s = dev;
    for (int i = 0; i < APICS; i++) {
        apic_timer_mode_changed(&s->apic[i]);
        apic_update(&s->apic[i]);
    }
}

static void stop(void *dev)
{
    Apics *s = dev;
    for (int i = 0; i < APICS; i++)
        timer_off(&s->apic[i].timer);
}

static const StateField apic_state[] = {
    STATE(Apic, base),      STATE(Apic, id),        STATE(Apic, ldr),       STATE(Apic, dfr),
    STATE(Apic, svr),       STATE(Apic, tpr),       STATE(Apic, esr),       STATE(Apic, errors),
    STATE(Apic, icr),       STATE(Apic, icr_high),  STATE_ARRAY(Apic, lvt), STATE_ARRAY(Apic, isr),
    STATE_ARRAY(Apic, tmr), STATE_ARRAY(Apic, irr), STATE(Apic, initial),   STATE(Apic, divide),
    STATE(Apic, started),   STATE(Apic, deadline),  STATE(Apic, waiting),   STATE_END,
};
static const SysregPort sysregs = { sysreg_read, sysreg_write, acknowledge };

const DeviceType apic = {
    .name = "apic",
    .about = "local APICs",
    .size = sizeof(Apics),
    .props = (const Prop[]){ { "pic", "the 8259 pair behind them", PROP_DEVICE, offsetof(Apics, pic), NULL }, { 0 } },
    .state = (const StateField[]){ STATE_STRUCTS(Apics, apic, apic_state), STATE(Apics, external), STATE_END },
    .windows =
        (const Window[]){ { 1 << 20, .read = window_read, .write = window_write, .min = 4, .max = 4, .messages = true },
                          { 0 } },
    .pins = (const Pin[]){ { "intr", offsetof(Apics, intr), APICS },
                           { "nmi", offsetof(Apics, nmi), APICS },
                           { "smi", offsetof(Apics, smi), APICS },
                           { .name = "external", .in = external_input },
                           { .name = "smi", .in = smi_input },
                           { 0 } },
    .interface = &sysregs,
    .offers = SYSREGS,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
