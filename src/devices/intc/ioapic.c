/* The I/O APIC of a PC (Intel 82093AA, with the EOI register of later ones): 24 inputs, each sent as a message to local
 * APICs. */
#include "core/machine.h"
#include "devices/intc/apic.h"

enum { PINS = 24 };
enum { SELECT = 0x00, DATA = 0x10, EOI = 0x40, SIZE = 0x1000 };
enum { R_ID, R_VERSION, R_ARBITRATION, R_ENTRIES = 0x10 };
enum { VERSION = 0x20, LATE_MOST = 250 };
#define E_LOGICAL    (1ull << 11)
#define E_PENDING    (1ull << 12)
#define E_LOW        (1ull << 13)
#define E_REMOTE_IRR (1ull << 14)
#define E_LEVEL      (1ull << 15)
#define E_MASKED     (1ull << 16)
#define E_READONLY   (E_PENDING | E_REMOTE_IRR)
#define E_WRITABLE   (0xff0000000001ffffull & ~E_READONLY)

typedef struct Ioapic {
    Device dev;
    Device *apic;
    uint8_t select, id;
    uint64_t entry[PINS];
    uint32_t lines, requested; /* levels; what waits to be sent */
    uint64_t counted;          /* property: the inputs whose edges are counted */
    uint8_t late[PINS];        /* those that are still to be sent */
} Ioapic;

static bool send(Ioapic *p, int n)
{
    uint64_t e = p->entry[n];
    if (!p->apic)
        return true;
    ApicMessage m = { (uint32_t)(e >> 56), e & E_LOGICAL, e & E_LEVEL, e >> 8 & 7, (uint8_t)e };
    return apic_send(p->apic, &m);
}

/* A clock's edge at a CPU that has not taken the one before: the host may have had no time for that CPU. On a processor
 * of its own it would have taken both, so this one is sent again when it comes to the end of one. */
static void send_edge(Ioapic *p, int n)
{
    if (!send(p, n) && p->counted >> n & 1 && p->late[n] < LATE_MOST)
        p->late[n]++;
}

/* A level waits for the end of the one before; an edge that is masked is lost. */
static void serve(Ioapic *p, int n)
{
    uint32_t bit = 1u << n;
    uint64_t *e = &p->entry[n];
    if (!(p->requested & bit) || *e & E_MASKED)
        return;
    if (*e & E_LEVEL) {
        if (*e & E_REMOTE_IRR)
            return;
        *e |= E_REMOTE_IRR;
        send(p, n);
    } else {
        p->requested &= ~bit;
        send_edge(p, n);
    }
}

static void input(void *dev, int n, bool level)
{
    Ioapic *p = dev;
    uint32_t bit = 1u << n;
    bool was = p->lines & bit;
    p->lines = level ? p->lines | bit : p->lines & ~bit;
    if (p->entry[n] & E_LEVEL)
        p->requested = level ? p->requested | bit : p->requested & ~bit;
    else if (level && !was && !(p->entry[n] & E_MASKED))
        p->requested |= bit;
    serve(p, n);
}

static void ended(void *dev, uint8_t vector)
{
    Ioapic *p = dev;
    for (int n = 0; n < PINS; n++) {
        uint64_t *e = &p->entry[n];
        if ((uint8_t)*e != vector)
            continue;
        if (*e & E_REMOTE_IRR) {
            *e &= ~E_REMOTE_IRR;
            serve(p, n);
        } else if (p->late[n] && send(p, n)) {
            p->late[n]--;
        }
    }
}

static void write_entry(Ioapic *p, int n, bool high, uint32_t value)
{
    uint64_t old = p->entry[n], mask = high ? 0xffffffff00000000 : 0xffffffff;
    uint64_t new = (old & ~mask) | ((uint64_t)value << (high ? 32 : 0) & mask);
    uint32_t bit = 1u << n;
    p->entry[n] = (new &E_WRITABLE) | (old & E_READONLY);
    if (!(new &E_LEVEL))
        p->entry[n] &= ~E_REMOTE_IRR; /* as Linux expects: it ends a level by making it an edge and back */
    if (new &(E_LEVEL | E_MASKED))
        p->late[n] = 0;
    if (new &E_LEVEL)
        p->requested = p->lines & bit ? p->requested | bit : p->requested & ~bit;
    else if (old & E_LEVEL)
        p->requested &= ~bit;
    serve(p, n);
}

static uint32_t read_data(const Ioapic *p)
{
    unsigned n = p->select - (unsigned)R_ENTRIES;
    if (p->select >= R_ENTRIES && n / 2 < PINS)
        return (uint32_t)(p->entry[n / 2] >> (n % 2 * 32));
    if (p->select == R_VERSION)
        return VERSION | (PINS - 1) << 16;
    return p->select == R_ID || p->select == R_ARBITRATION ? (uint32_t)p->id << 24 : 0;
}

static void write_data(Ioapic *p, uint32_t value)
{
    unsigned n = p->select - (unsigned)R_ENTRIES;
    if (p->select >= R_ENTRIES && n / 2 < PINS)
        write_entry(p, (int)(n / 2), n % 2, value);
    else if (p->select == R_ID)
        p->id = value >> 24 & 15;
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)size;
    const Ioapic *p = dev;
    return at == SELECT ? p->select : at == DATA ? read_data(p) : 0;
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Ioapic *p = dev;
    if (at == SELECT)
        p->select = (uint8_t)value;
    else if (at == DATA)
        write_data(p, (uint32_t)value);
    else if (at == EOI)
        ended(p, (uint8_t)value);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    Ioapic *p = dev;
    if (p->apic)
        apic_hear_ends(p->apic, ended, p);
    return true;
}

const DeviceType ioapic = {
    .name = "ioapic",
    .about = "I/O APIC",
    .size = sizeof(Ioapic),
    .props = (const Prop[]){ { "apic", "the local APICs", PROP_DEVICE, offsetof(Ioapic, apic), NULL },
                             { "counted", "inputs that are clocks, none of whose edges is lost, as bits", PROP_UINT,
                               offsetof(Ioapic, counted), "0" },
                             { 0 } },
    .state =
        (const StateField[]){ STATE(Ioapic, select), STATE(Ioapic, id), STATE_ARRAY(Ioapic, entry, .reset = E_MASKED),
                              STATE(Ioapic, lines), STATE(Ioapic, requested), STATE_ARRAY(Ioapic, late), STATE_END },
    .windows = (const Window[]){ { SIZE, .read = window_read, .write = window_write, .min = 4, .max = 4 }, { 0 } },
    .pins = (const Pin[]){ { .name = "in", .in = input, .count = PINS }, { 0 } },
    .start = start,
};
