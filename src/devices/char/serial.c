/* A 16550A UART (National Semiconductor PC16550D data sheet). Sending takes no time; received bytes below the trigger
 * level interrupt when four characters' time has passed without another. */
#include "core/machine.h"
#include "host/chardev.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum { IER_DATA = 1, IER_EMPTY = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_EMPTY = 2, IIR_DATA = 4, IIR_LINE = 6, IIR_TIMEOUT = 12, IIR_FIFOS = 0xc0 };
enum { FCR_ON = 1, FCR_CLEAR_IN = 2, FCR_CLEAR_OUT = 4 };
enum { LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16 };
enum { LSR_DATA = 1, LSR_OVERRUN = 2, LSR_BREAK = 16, LSR_EMPTY = 0x60 };
enum { MSR_CTS = 16, MSR_DSR = 32, MSR_RI = 64, MSR_DCD = 128 };
enum { FIFO = 16 };

typedef struct Serial {
    Device dev;
    Chardev *chardev;
    Line irq;
    Timer quiet;
    uint8_t ier, lcr, mcr, lsr, msr, scr, fcr;
    uint16_t divisor;
    uint8_t fifo[FIFO];
    uint32_t head, filled;
    bool sent;      /* the transmitter became empty and nobody has read that in IIR */
    bool timed_out; /* characters wait below the trigger level */
} Serial;

static uint32_t depth(const Serial *s)
{
    return s->fcr & FCR_ON ? FIFO : 1;
}

static uint32_t trigger(const Serial *s)
{
    static const uint8_t levels[] = { 1, 4, 8, 14 };
    return s->fcr & FCR_ON ? levels[s->fcr >> 6] : 1;
}

/* In the order of their priority. */
static uint8_t cause(const Serial *s)
{
    if (s->ier & IER_LINE && s->lsr & 0x1e)
        return IIR_LINE;
    if (s->ier & IER_DATA && s->filled >= trigger(s))
        return IIR_DATA;
    if (s->ier & IER_DATA && s->timed_out)
        return IIR_TIMEOUT;
    if (s->ier & IER_EMPTY && s->sent)
        return IIR_EMPTY;
    if (s->ier & IER_MODEM && s->msr & 0x0f)
        return IIR_MODEM;
    return IIR_NONE;
}

static void update(Serial *s)
{
    line_set(&s->irq, cause(s) != IIR_NONE);
}

static int64_t character_ns(const Serial *s)
{
    unsigned divisor = s->divisor ? s->divisor : 1;
    return INT64_C(1000000000) * 10 * divisor / 115200;
}

static size_t room(void *dev)
{
    const Serial *s = dev;
    return s->mcr & MCR_LOOP || s->filled >= depth(s) ? 0 : depth(s) - s->filled;
}

static void put(Serial *s, uint8_t byte)
{
    if (s->filled >= depth(s)) {
        s->lsr |= LSR_OVERRUN;
        return;
    }
    s->fifo[(s->head + s->filled++) % FIFO] = byte;
    s->lsr |= LSR_DATA;
    s->timed_out = false;
    timer_at(&s->quiet, time_now(s->dev.machine) + 4 * character_ns(s));
}

static void quiet(void *dev)
{
    Serial *s = dev;
    s->timed_out = s->filled;
    update(s);
}

static void receive(void *dev, const void *bytes, size_t n)
{
    Serial *s = dev;
    for (size_t i = 0; i < n; i++)
        put(s, ((const uint8_t *)bytes)[i]);
    update(s);
}

static void event(void *dev, int what)
{
    Serial *s = dev;
    if (what != CHARDEV_BREAK || s->mcr & MCR_LOOP)
        return;
    put(s, 0);
    s->lsr |= LSR_BREAK;
    update(s);
}

static void accept(Serial *s)
{
    if (s->chardev && s->chardev->accept)
        s->chardev->accept(s->chardev);
}

static uint8_t take(Serial *s)
{
    uint8_t byte = s->fifo[s->head];
    if (s->filled) {
        s->head = (s->head + 1) % FIFO;
        s->filled--;
    }
    s->timed_out = false;
    if (s->filled)
        timer_at(&s->quiet, time_now(s->dev.machine) + 4 * character_ns(s));
    else
        s->lsr &= ~LSR_DATA;
    update(s);
    accept(s);
    return byte;
}

static void send(Serial *s, uint8_t byte)
{
    if (s->mcr & MCR_LOOP)
        put(s, byte);
    else if (s->chardev)
        s->chardev->write(s->chardev, &byte, 1);
    s->sent = true;
    update(s);
}

static uint8_t read_iir(Serial *s)
{
    uint8_t why = cause(s);
    if (why == IIR_EMPTY)
        s->sent = false;
    update(s);
    return why | (s->fcr & FCR_ON ? IIR_FIFOS : 0);
}

static uint8_t read_lsr(Serial *s)
{
    uint8_t lsr = s->lsr;
    s->lsr &= ~(LSR_OVERRUN | LSR_BREAK);
    update(s);
    return lsr;
}

/* In loopback the modem's inputs are its outputs. */
static uint8_t modem_inputs(const Serial *s)
{
    if (!(s->mcr & MCR_LOOP))
        return MSR_DCD | MSR_DSR | MSR_CTS;
    return (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) | (s->mcr & MCR_OUT1 ? MSR_RI : 0) |
           (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static uint8_t read_msr(Serial *s)
{
    uint8_t msr = s->msr;
    s->msr &= 0xf0;
    update(s);
    return msr;
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    (void)size;
    Serial *s = dev;
    bool dlab = s->lcr & LCR_DLAB;
    switch (at) {
    case DATA:
        return dlab ? s->divisor & 0xff : take(s);
    case IER:
        return dlab ? s->divisor >> 8 : s->ier;
    case IIR:
        return read_iir(s);
    case LCR:
        return s->lcr;
    case MCR:
        return s->mcr;
    case LSR:
        return read_lsr(s);
    case MSR:
        return read_msr(s);
    default:
        return s->scr;
    }
}

/* Enabling the interrupt of an empty transmitter gives it at once. */
static void write_ier(Serial *s, uint8_t value)
{
    if (value & IER_EMPTY && !(s->ier & IER_EMPTY))
        s->sent = true;
    s->ier = value & 0x0f;
}

static void write_fcr(Serial *s, uint8_t value)
{
    if ((value ^ s->fcr) & FCR_ON || value & FCR_CLEAR_IN) {
        s->head = s->filled = 0;
        s->timed_out = false;
        s->lsr &= ~(LSR_DATA | LSR_BREAK);
    }
    s->fcr = value & FCR_ON ? value & 0xc9 : 0;
    accept(s);
}

static void write_mcr(Serial *s, uint8_t value)
{
    s->mcr = value & 0x1f;
    uint8_t now = modem_inputs(s), changed = (now ^ s->msr) >> 4;
    if (changed & 4 && now & MSR_RI)
        changed &= ~4; /* it tells of the ring indicator's falling only */
    s->msr = now | (s->msr & 0x0f) | changed;
    accept(s);
}

static void set_divisor(Serial *s, uint16_t mask, unsigned value)
{
    s->divisor = (uint16_t)((s->divisor & ~mask) | value);
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Serial *s = dev;
    uint8_t byte = (uint8_t)value;
    bool dlab = s->lcr & LCR_DLAB;
    if (at == DATA && dlab)
        set_divisor(s, 0xff, byte);
    else if (at == DATA)
        send(s, byte);
    else if (at == IER && dlab)
        set_divisor(s, 0xff00, byte * 256u);
    else if (at == IER)
        write_ier(s, byte);
    else if (at == IIR)
        write_fcr(s, byte);
    else if (at == LCR)
        s->lcr = byte;
    else if (at == MCR)
        write_mcr(s, byte);
    else if (at == SCR)
        s->scr = byte;
    update(s);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    Serial *s = dev;
    timer_init(&s->quiet, s->dev.machine, quiet, s);
    if (!s->chardev)
        return true;
    s->chardev->dev = s;
    s->chardev->room = room;
    s->chardev->receive = receive;
    s->chardev->event = event;
    accept(s);
    return true;
}

static void reset(void *dev)
{
    Serial *s = dev;
    timer_off(&s->quiet);
    update(s);
}

static void stop(void *dev)
{
    timer_off(&((Serial *)dev)->quiet);
}

static const StateField state[] = {
    STATE(Serial, ier),
    STATE(Serial, lcr),
    STATE(Serial, mcr, .reset = MCR_OUT2),
    STATE(Serial, lsr, .reset = LSR_EMPTY),
    STATE(Serial, msr, .reset = MSR_DCD | MSR_DSR | MSR_CTS),
    STATE(Serial, scr),
    STATE(Serial, fcr),
    STATE(Serial, divisor, .reset = 12),
    STATE_ARRAY(Serial, fifo),
    STATE(Serial, head, .below = FIFO),
    STATE(Serial, filled, .below = FIFO + 1),
    STATE(Serial, sent),
    STATE(Serial, timed_out),
    STATE_TIMER(Serial, quiet),
    STATE_END,
};

static const Prop props[] = {
    { "chardev", "where the serial line goes", PROP_CHARDEV, offsetof(Serial, chardev), "null" },
    { 0 },
};

const DeviceType serial = {
    .name = "isa-serial",
    .about = "16550A serial port",
    .size = sizeof(Serial),
    .props = props,
    .state = state,
    .windows = (const Window[]){ { 8, .read = window_read, .write = window_write, .max = 1 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Serial, irq), 1 }, { 0 } },
    .start = start,
    .reset = reset,
    .stop = stop,
};
