/* ARM PrimeCell UART PL011 (ARM DDI 0183G), without DMA and modem lines. Sending takes no time. As guests expect from
 * this UART in emulators, the receive interrupt comes with the first character whatever the FIFO's trigger level: a
 * driver that enabled only that one would otherwise wait for the receive timeout. */
#include "core/device.h"
#include "host/chardev.h"

typedef struct Pl011 {
    Device dev;
    Chardev *chardev;
    Line irq;
    uint32_t ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr, rsr;
    uint16_t fifo[16]; /* DR as it will be read: data and error bits */
    uint32_t head, filled;
} Pl011;

enum { INT_RX = 1 << 4, INT_TX = 1 << 5, INT_BREAK = 1 << 9 };
enum { DR_BREAK = 1 << 10, DR_ERRORS = 0xf00 };
enum { FR_RX_EMPTY = 1 << 4, FR_RX_FULL = 1 << 6, FR_TX_EMPTY = 1 << 7 };
enum { LCR_BREAK = 1 << 0, LCR_FIFO = 1 << 4 };
enum { CR_LOOPBACK = 1 << 7 };

static void update(Pl011 *u)
{
    line_set(&u->irq, u->ris & u->imsc);
}

static uint32_t depth(const Pl011 *u)
{
    return u->lcr_h & LCR_FIFO ? 16 : 1;
}

static size_t room(void *dev)
{
    const Pl011 *u = dev;
    return u->filled < depth(u) ? depth(u) - u->filled : 0;
}

static void put(Pl011 *u, uint16_t character)
{
    if (!room(u))
        return;
    u->fifo[(u->head + u->filled++) % 16] = character;
    u->ris |= INT_RX;
}

static void receive(void *dev, const void *bytes, size_t n)
{
    Pl011 *u = dev;
    if (u->cr & CR_LOOPBACK) /* the input pin is cut off */
        return;
    for (size_t i = 0; i < n; i++)
        put(u, ((const uint8_t *)bytes)[i]);
    update(u);
}

static void event(void *dev, int what)
{
    Pl011 *u = dev;
    if (what != CHARDEV_BREAK || u->cr & CR_LOOPBACK)
        return;
    put(u, DR_BREAK);
    u->ris |= INT_BREAK;
    update(u);
}

static uint64_t dr_read(void *dev, int index)
{
    (void)index;
    Pl011 *u = dev;
    uint16_t character = u->fifo[u->head];
    if (u->filled) {
        u->head = (u->head + 1) % 16;
        u->filled--;
    }
    if (!u->filled)
        u->ris &= ~(uint32_t)INT_RX;
    u->rsr = (character & DR_ERRORS) >> 8;
    update(u);
    if (u->chardev && u->chardev->accept)
        u->chardev->accept(u->chardev);
    return character;
}

static void dr_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Pl011 *u = dev;
    uint8_t byte = (uint8_t)value;
    if (u->cr & CR_LOOPBACK)
        put(u, byte);
    else if (u->chardev)
        u->chardev->write(u->chardev, &byte, 1);
    u->ris |= INT_TX;
    update(u);
}

static void ecr_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    ((Pl011 *)dev)->rsr = 0;
}

static uint64_t fr_read(void *dev, int index)
{
    (void)index;
    const Pl011 *u = dev;
    return FR_TX_EMPTY | (u->filled ? 0 : FR_RX_EMPTY) | (u->filled >= depth(u) ? FR_RX_FULL : 0);
}

/* Turning the FIFO on or off empties it (3.3.7). */
static void lcr_h_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    Pl011 *u = dev;
    u->head = u->filled = 0;
    if (u->cr & CR_LOOPBACK && u->lcr_h & LCR_BREAK)
        put(u, DR_BREAK);
    update(u);
    if (u->chardev && u->chardev->accept)
        u->chardev->accept(u->chardev);
}

static void changed(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    update(dev);
}

static uint64_t mis_read(void *dev, int index)
{
    (void)index;
    const Pl011 *u = dev;
    return u->ris & u->imsc;
}

static uint64_t zero(void *dev, int index)
{
    (void)dev, (void)index;
    return 0;
}

static uint64_t id_read(void *dev, int index)
{
    (void)dev;
    static const uint8_t id[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
    return id[index];
}

static const Reg regs[] = {
    REG_CALL(0x000, dr, .read = dr_read, .written = dr_written),
    REG(0x004, Pl011, rsr, .written = ecr_written),
    REG_CALL(0x018, fr, .read = fr_read),
    REG(0x020, Pl011, ilpr, .writable = 0xff),
    REG(0x024, Pl011, ibrd, .writable = 0xffff),
    REG(0x028, Pl011, fbrd, .writable = 0x3f),
    REG(0x02c, Pl011, lcr_h, .writable = 0xff, .written = lcr_h_written),
    REG(0x030, Pl011, cr, .writable = 0xff87, .reset = 0x300),
    REG(0x034, Pl011, ifls, .writable = 0x3f, .reset = 0x12),
    REG(0x038, Pl011, imsc, .writable = 0x7ff, .written = changed),
    REG(0x03c, Pl011, ris),
    REG_CALL(0x040, mis, .read = mis_read),
    REG(0x044, Pl011, ris, .ack = 0x7ff, .read = zero, .written = changed),
    REG(0x048, Pl011, dmacr, .writable = 0x7),
    REG_CALL(0xfe0, id, .read = id_read, .count = 8),
    REG_END,
};

static const StateField state[] = {
    STATE_ARRAY(Pl011, fifo),
    STATE(Pl011, head, .below = 16),
    STATE(Pl011, filled, .below = 17),
    STATE_END,
};

static const Prop props[] = {
    { "chardev", "where the serial line goes", PROP_CHARDEV, offsetof(Pl011, chardev), "null" },
    { 0 },
};

static bool start(void *dev, Error *err)
{
    (void)err;
    Pl011 *u = dev;
    if (!u->chardev)
        return true;
    u->chardev->dev = u;
    u->chardev->room = room;
    u->chardev->receive = receive;
    u->chardev->event = event;
    if (u->chardev->accept)
        u->chardev->accept(u->chardev);
    return true;
}

static void reset(void *dev)
{
    update(dev);
}

const DeviceType pl011 = {
    .name = "pl011",
    .about = "ARM PrimeCell UART",
    .size = sizeof(Pl011),
    .props = props,
    .state = state,
    .windows = (const Window[]){ { .size = 0x1000, .regs = regs, .min = 4, .max = 4 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Pl011, irq), 1 }, { 0 } },
    .start = start,
    .reset = reset,
    .loaded = reset,
};
