/* The pair of Intel 8259A interrupt controllers of a PC (data sheet 231468), as the PIIX has them: with a register for
 * edge or level in each (ELCR), the second one's request on input 2 of the first. */
#include "devices/intc/i8259.h"

enum { ICW1 = 0x10, ICW1_IC4 = 1, OCW3 = 8, ICW4_AEOI = 2, ICW4_NESTED = 0x10 };
enum { READY, WANT_ICW2, WANT_ICW3, WANT_ICW4 }; /* what the next write to the data port is */
enum { CASCADE = 2, NONE = 8, LATE_MOST = 250 };

typedef struct Chip {
    uint8_t irr, isr, imr, level, lines; /* a bit for each input; `level` is ELCR */
    uint8_t lowest;                      /* the input of lowest priority */
    uint8_t base, expects;
    bool icw4, read_isr, poll, special_mask, auto_eoi, rotate_on_aeoi, nested;
    uint8_t counted, late[8]; /* inputs whose edges are counted, and those that are still to be requests */
} Chip;

typedef struct I8259 {
    Device dev;
    Chip chip[2];
    uint64_t counted; /* property: which inputs are clocks */
    Line intr;
} I8259;

/* Place in the order of priority of the first of `set`: 0 to 7; 8 if there is none. */
static int first(const Chip *c, unsigned set)
{
    int place = 0;
    while (place < NONE && !(set >> ((c->lowest + 1 + place) & 7) & 1))
        place++;
    return place;
}

static int input_at(const Chip *c, int place)
{
    return (c->lowest + 1 + place) & 7;
}

/* The input whose request goes on; -1: none. In the special fully nested mode the second chip may interrupt its own
 * service; a special mask lets everything through but what is masked. */
static int pending(const Chip *c, bool is_first)
{
    unsigned in_service = c->isr;
    if (c->special_mask)
        in_service &= ~(unsigned)c->imr;
    if (is_first && c->nested)
        in_service &= ~(1u << CASCADE);
    int wanted = first(c, c->irr & ~(unsigned)c->imr), served = first(c, in_service);
    return wanted < served ? input_at(c, wanted) : -1;
}

/* A clock's edge while the one before is still a request: the host may have had no time for the CPU, which would have
 * taken both. So there is another request after this one. */
static void edge(Chip *c, int n, uint8_t bit)
{
    if (c->irr & bit & c->counted & (uint8_t)~c->imr && c->late[n] < LATE_MOST)
        c->late[n]++;
    c->irr |= bit;
}

static void set_input(Chip *c, int n, bool level)
{
    uint8_t bit = (uint8_t)(1 << n);
    bool was = c->lines & bit;
    c->lines = level ? c->lines | bit : c->lines & ~bit;
    if (c->level & bit)
        c->irr = level ? c->irr | bit : c->irr & ~bit;
    else if (level && !was)
        edge(c, n, bit);
}

static void update(I8259 *p)
{
    set_input(&p->chip[0], CASCADE, pending(&p->chip[1], false) >= 0);
    line_set(&p->intr, pending(&p->chip[0], true) >= 0);
}

static void serve(Chip *c, int n)
{
    uint8_t bit = (uint8_t)(1 << n);
    if (!c->auto_eoi)
        c->isr |= bit;
    else if (c->rotate_on_aeoi)
        c->lowest = (uint8_t)n;
    if (c->late[n])
        c->late[n]--;
    else if (!(c->level & bit))
        c->irr &= ~bit;
}

/* A request that nobody makes any more is answered as input 7 (spurious), which is not in service then. */
static int acknowledge_chip(Chip *c, bool is_first)
{
    int n = pending(c, is_first);
    if (n < 0)
        return 7;
    serve(c, n);
    return n;
}

int i8259_acknowledge(Device *dev)
{
    I8259 *p = (I8259 *)(void *)dev;
    int n = acknowledge_chip(&p->chip[0], true), vector = p->chip[0].base + n;
    if (n == CASCADE) {
        vector = p->chip[1].base + acknowledge_chip(&p->chip[1], false);
        /* its request is a new edge for the first chip, should it have another */
        p->chip[0].lines &= ~(1 << CASCADE);
    }
    line_set(&p->intr, false);
    update(p);
    return vector;
}

static void initialise(Chip *c, uint8_t icw1)
{
    uint8_t level = c->level, lines = c->lines, counted = c->counted;
    *c = (Chip){ .level = level, .lines = lines, .irr = lines & level, .lowest = 7, .expects = WANT_ICW2 };
    c->counted = counted;
    c->icw4 = icw1 & ICW1_IC4;
}

/* OCW2: what the three top bits say. */
static void end_of_interrupt(Chip *c, uint8_t value)
{
    int specific = value & 7, place = first(c, c->special_mask ? c->isr & ~(unsigned)c->imr : c->isr);
    int n = value & 0x40 ? specific : place < NONE ? input_at(c, place) : -1;
    switch (value >> 5) {
    case 0: /* rotate on automatic EOI: clear, set */
    case 4:
        c->rotate_on_aeoi = value >> 7;
        break;
    case 1: /* EOI: of the most urgent in service, or a specific one; and with rotation */
    case 3:
    case 5:
    case 7:
        if (n < 0)
            break;
        c->isr &= ~(1 << n);
        if (value & 0x80)
            c->lowest = (uint8_t)n;
        break;
    case 6: /* set priority */
        c->lowest = (uint8_t)specific;
        break;
    }
}

static void ocw3(Chip *c, uint8_t value)
{
    c->poll = value & 4;
    if (value & 2)
        c->read_isr = value & 1;
    if (value & 0x40)
        c->special_mask = value & 0x20;
}

static void write_command(Chip *c, uint8_t value)
{
    if (value & ICW1)
        initialise(c, value);
    else if (value & OCW3)
        ocw3(c, value);
    else
        end_of_interrupt(c, value);
}

static void write_data(Chip *c, uint8_t value)
{
    switch (c->expects) {
    case WANT_ICW2:
        c->base = value & 0xf8;
        c->expects = WANT_ICW3;
        break;
    case WANT_ICW3:
        c->expects = c->icw4 ? WANT_ICW4 : READY;
        break;
    case WANT_ICW4:
        c->auto_eoi = value & ICW4_AEOI;
        c->nested = value & ICW4_NESTED;
        c->expects = READY;
        break;
    default:
        c->imr = value;
        for (int n = 0; n < 8; n++)
            c->late[n] = value >> n & 1 ? 0 : c->late[n];
    }
}

static void chip_write(I8259 *p, int n, uint64_t at, uint64_t value)
{
    if (at)
        write_data(&p->chip[n], (uint8_t)value);
    else
        write_command(&p->chip[n], (uint8_t)value);
    update(p);
}

/* A poll is an acknowledgement by reading. */
static uint64_t chip_read(I8259 *p, int n, uint64_t at)
{
    Chip *c = &p->chip[n];
    if (!c->poll)
        return at ? c->imr : c->read_isr ? c->isr : c->irr;
    c->poll = false;
    int wanted = pending(c, !n);
    if (wanted >= 0)
        serve(c, wanted);
    update(p);
    return wanted < 0 ? 0 : 0x80u | (unsigned)wanted;
}

static uint64_t read_first(void *dev, uint64_t at, int size)
{
    (void)size;
    return chip_read(dev, 0, at);
}

static void write_first(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    chip_write(dev, 0, at, value);
}

static uint64_t read_second(void *dev, uint64_t at, int size)
{
    (void)size;
    return chip_read(dev, 1, at);
}

static void write_second(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    chip_write(dev, 1, at, value);
}

static uint64_t read_elcr(void *dev, uint64_t at, int size)
{
    (void)size;
    return ((I8259 *)dev)->chip[at].level;
}

/* The timer, keyboard, cascade, clock and coprocessor inputs are always edges (82371SB, 2.5.8). */
static void write_elcr(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    ((I8259 *)dev)->chip[at].level = (uint8_t)value & (at ? 0xde : 0xf8);
}

static void input(void *dev, int n, bool level)
{
    I8259 *p = dev;
    set_input(&p->chip[n / 8], n % 8, level);
    update(p);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    I8259 *p = dev;
    p->chip[0].counted = (uint8_t)p->counted;
    p->chip[1].counted = (uint8_t)(p->counted >> 8);
    return true;
}

static void update_outputs(void *dev)
{
    update(dev);
}

static const StateField chip_state[] = {
    STATE(Chip, irr),
    STATE(Chip, isr),
    STATE(Chip, imr),
    STATE(Chip, level),
    STATE(Chip, lines),
    STATE(Chip, lowest, .reset = 7, .below = 8),
    STATE(Chip, base),
    STATE(Chip, expects, .below = 4),
    STATE(Chip, icw4),
    STATE(Chip, read_isr),
    STATE(Chip, poll),
    STATE(Chip, special_mask),
    STATE(Chip, auto_eoi),
    STATE(Chip, rotate_on_aeoi),
    STATE(Chip, nested),
    STATE_ARRAY(Chip, late),
    STATE_END,
};

const DeviceType i8259 = {
    .name = "isa-i8259",
    .about = "pair of 8259A interrupt controllers",
    .size = sizeof(I8259),
    .props = (const Prop[]){ { "counted", "inputs that are clocks, none of whose edges is lost, as bits", PROP_UINT,
                               offsetof(I8259, counted), "0" },
                             { 0 } },
    .state = (const StateField[]){ STATE_STRUCTS(I8259, chip, chip_state), STATE_END },
    .windows = (const Window[]){ { 2, .read = read_first, .write = write_first, .max = 1 },
                                 { 2, .read = read_second, .write = write_second, .max = 1 },
                                 { 2, .read = read_elcr, .write = write_elcr, .max = 1 },
                                 { 0 } },
    .pins = (const Pin[]){ { .name = "in", .in = input, .count = 16 }, { "intr", offsetof(I8259, intr), 1 }, { 0 } },
    .start = start,
    .reset = update_outputs,
    .loaded = update_outputs,
};
