#include "devices/net/rtl8139.h"

#include "base/log.h"
#include "core/machine.h"

#include <string.h>

enum { EE_MODE = 0xc0, EE_CONFIG = 0xc0, EE_SELECT = 8, EE_CLOCK = 4, EE_IN = 2, EE_OUT = 1 };
enum { TSD_OWN = 1 << 13, BMCR_RESET = 0x8000, BMCR_RESTART = 0x0200, DUMP = 8, SOFT_POLL = 1 };
enum { MSR_NO_LINK = 4, PHY_LINK = 4 };
#define CHIP_C_PLUS 0x74800000u /* in TCR */
#define TICK        INT64_C(30) /* nanoseconds of the PCI clock that TCTR counts */

uint32_t rtl8139_get(const Rtl8139 *d, uint32_t at, int size)
{
    uint32_t value = 0;
    memcpy(&value, d->reg + at, (size_t)size);
    return value;
}

void rtl8139_put(Rtl8139 *d, uint32_t at, uint32_t value, int size)
{
    memcpy(d->reg + at, &value, (size_t)size);
}

static void update(Rtl8139 *d)
{
    pci_intx(&d->pci, rtl8139_get(d, R_ISR, 2) & rtl8139_get(d, R_IMR, 2));
}

void rtl8139_interrupt(Rtl8139 *d, uint32_t causes)
{
    rtl8139_put(d, R_ISR, rtl8139_get(d, R_ISR, 2) | causes, 2);
    update(d);
}

static void accept(Rtl8139 *d)
{
    if (d->net && d->net->accept && rtl8139_ready(d))
        d->net->accept(d->net);
}

/* ---- the timer ---- */

static uint32_t ticks(const Rtl8139 *d)
{
    return (uint32_t)((time_now(d->pci.dev.machine) - d->timer_base) / TICK);
}

static void set_timer(Rtl8139 *d)
{
    uint32_t at = rtl8139_get(d, R_TIMER_INT, 4), left = at - ticks(d);
    if (at)
        timer_at(&d->timer, time_now(d->pci.dev.machine) + (int64_t)left * TICK);
    else
        timer_off(&d->timer);
}

static void timer_fires(void *dev)
{
    rtl8139_interrupt(dev, I_TIMEOUT);
}

/* ---- what writing does: `old` is what was there; the new value is in its place, within the row's mask ---- */

static void reset_chip(Rtl8139 *d)
{
    bool link = d->net;
    memset(d->reg, 0, sizeof d->reg);
    memcpy(d->reg + R_IDR, d->mac, 6);
    for (uint32_t i = 0; i < 4; i++)
        rtl8139_put(d, R_TSD + i * 4, TSD_OWN, 4);
    rtl8139_put(d, R_CAPR, 0xfff0, 2);
    rtl8139_put(d, R_TCR, CHIP_C_PLUS, 4);
    d->reg[R_CONFIG0] = 0x10;
    d->reg[R_CONFIG1] = 0x0c; /* behind I/O ports and in memory */
    d->reg[R_RERID] = 0x10;
    d->reg[R_MSR] = link ? 0 : MSR_NO_LINK;
    rtl8139_put(d, R_BMCR, 0x3000, 2); /* negotiates by itself; 100 Mbit/s */
    rtl8139_put(d, R_BMSR, link ? 0x782d : 0x7809, 2);
    rtl8139_put(d, R_ANAR, 0x05e1, 2);
    rtl8139_put(d, R_ANLPAR, link ? 0x05e1 : 0, 2);
    rtl8139_put(d, R_ANER, 1, 2);
    rtl8139_put(d, R_CSCR, link ? 0x0108 : 0, 2);
    d->wires = (Microwire){ 0 };
    d->slot = d->next_tx[0] = d->next_tx[1] = d->next_rx = 0;
    d->filled = 0;
    d->timer_base = time_now(d->pci.dev.machine);
    timer_off(&d->timer);
    update(d);
}

static void write_cr(Rtl8139 *d, uint32_t old)
{
    (void)old;
    if (d->reg[R_CR] & CR_RESET) {
        reset_chip(d);
        return;
    }
    if (d->reg[R_CR] & CR_TRANSMIT)
        rtl8139_transmit(d);
    accept(d);
}

static void write_mask(Rtl8139 *d, uint32_t old)
{
    (void)old;
    update(d);
    accept(d); /* a driver that lets interrupts come again has given buffers back */
}

static void write_isr(Rtl8139 *d, uint32_t old)
{
    rtl8139_put(d, R_ISR, old & ~rtl8139_get(d, R_ISR, 2), 2); /* ones acknowledge */
    update(d);
    accept(d);
}

static void write_capr(Rtl8139 *d, uint32_t old)
{
    (void)old;
    accept(d);
}

static bool has_rings(const Rtl8139 *d)
{
    return rtl8139_get(d, R_CPCR, 2) & (CP_TRANSMIT | CP_RECEIVE);
}

/* With descriptors the first two are an address where the counters are put. */
static void dump_counts(Rtl8139 *d)
{
    uint64_t at = (uint64_t)rtl8139_get(d, R_TSD + 4, 4) << 32 | (rtl8139_get(d, R_TSD, 4) & ~63u);
    space_write(d->pci.dev.dma, at, &d->counts, sizeof d->counts);
    rtl8139_put(d, R_TSD, rtl8139_get(d, R_TSD, 4) & ~(uint32_t)DUMP, 4);
}

static void write_tsd(Rtl8139 *d, uint32_t old)
{
    (void)old;
    if (!has_rings(d))
        rtl8139_transmit(d);
    else if (d->reg[R_TSD] & DUMP)
        dump_counts(d);
}

static void write_ring(Rtl8139 *d, uint32_t old)
{
    (void)old;
    d->next_tx[0] = d->next_tx[1] = 0;
    d->filled = 0;
}

static void write_rx_ring(Rtl8139 *d, uint32_t old)
{
    (void)old;
    d->next_rx = 0;
}

static void write_tctr(Rtl8139 *d, uint32_t old)
{
    (void)old;
    d->timer_base = time_now(d->pci.dev.machine);
    set_timer(d);
}

static void write_timer(Rtl8139 *d, uint32_t old)
{
    (void)old;
    set_timer(d);
}

static void write_mpc(Rtl8139 *d, uint32_t old)
{
    (void)old;
    rtl8139_put(d, R_MPC, 0, 4);
}

static void write_eeprom(Rtl8139 *d, uint32_t old)
{
    uint8_t value = d->reg[R_9346CR];
    (void)old;
    bool wired = (value & EE_MODE) == 0x80;
    microwire_pins(&d->wires, d->eeprom, wired && value & EE_SELECT, value & EE_CLOCK, value & EE_IN);
}

static void write_bmcr(Rtl8139 *d, uint32_t old)
{
    uint32_t value = rtl8139_get(d, R_BMCR, 2);
    (void)old;
    rtl8139_put(d, R_BMCR, value & BMCR_RESET ? 0x3000 : value & ~(uint32_t)BMCR_RESTART, 2);
}

static void write_poll(Rtl8139 *d, uint32_t old)
{
    uint8_t queues = d->reg[R_TPPOLL];
    (void)old;
    d->reg[R_TPPOLL] = 0;
    if (queues & SOFT_POLL)
        rtl8139_interrupt(d, I_SOFT);
    rtl8139_poll(d, queues);
}

static const struct Row {
    uint8_t at, size;
    uint32_t writable;
    bool guarded; /* only while 9346CR lets configuration be written */
    void (*written)(Rtl8139 *, uint32_t old);
} rows[] = {
    { R_IDR, 4, 0xffffffff, true, NULL },
    { R_IDR + 4, 2, 0xffff, true, NULL },
    { R_MAR, 4, 0xffffffff, false, NULL },
    { R_MAR + 4, 4, 0xffffffff, false, NULL },
    { R_TSD, 4, 0xffffffff, false, write_tsd },
    { R_TSD + 4, 4, 0xffffffff, false, write_tsd },
    { R_TSD + 8, 4, 0xffffffff, false, write_tsd },
    { R_TSD + 12, 4, 0xffffffff, false, write_tsd },
    { R_TSAD, 4, 0xffffffff, false, write_ring },
    { R_TSAD + 4, 4, 0xffffffff, false, write_ring },
    { R_TSAD + 8, 4, 0xffffffff, false, write_ring },
    { R_TSAD + 12, 4, 0xffffffff, false, write_ring },
    { R_RBSTART, 4, 0xffffffff, false, NULL },
    { R_CR, 1, CR_TRANSMIT | CR_RECEIVE | CR_RESET, false, write_cr },
    { R_CAPR, 2, 0xffff, false, write_capr },
    { R_IMR, 2, 0xffff, false, write_mask },
    { R_ISR, 2, 0xffff, false, write_isr },
    { R_TCR, 4, 0x030707f1, false, NULL },
    { R_RCR, 4, 0x0f03ffbf, false, write_capr },
    { R_TCTR, 4, 0, false, write_tctr },
    { R_MPC, 4, 0, false, write_mpc },
    { R_9346CR, 1, EE_MODE | EE_SELECT | EE_CLOCK | EE_IN, false, write_eeprom },
    { R_CONFIG1, 1, 0xf3, true, NULL },
    { R_TIMER_INT, 4, 0xffffffff, false, write_timer },
    { R_MSR, 1, 0xc0, false, NULL },
    { R_CONFIG3, 1, 0x61, true, NULL },
    { R_CONFIG4, 1, 0x7f, true, NULL },
    { R_MULINT, 2, 0x0fff, false, NULL },
    { R_BMCR, 2, 0xb300, false, write_bmcr },
    { R_ANAR, 2, 0xffff, false, NULL },
    { R_CSCR, 2, 0x77ff, false, NULL },
    { R_CONFIG5, 1, 0x7f, false, NULL },
    { R_TPPOLL, 1, 0xff, false, write_poll },
    { R_CPCR, 2, 0x7b, false, NULL },
    { R_INTMIT, 2, 0xffff, false, NULL },
    { R_RDSAR, 4, ~63u, false, write_rx_ring },
    { R_RDSAR + 4, 4, 0xffffffff, false, write_rx_ring },
    { R_ETTHR, 1, 0x3f, false, NULL },
};

/* The bytes of the access that are the row's, in its place. */
static void write_row(Rtl8139 *d, const struct Row *r, uint32_t at, uint64_t value, int size)
{
    uint32_t old = rtl8139_get(d, r->at, r->size), bits = 0, mask = 0;
    for (int i = 0; i < size; i++) {
        uint32_t byte = at + (uint32_t)i - r->at;
        if (at + (uint32_t)i < r->at || byte >= r->size)
            continue;
        bits |= (uint32_t)(value >> i * 8 & 0xff) << byte * 8;
        mask |= 0xffu << byte * 8;
    }
    if (!mask || (r->guarded && (d->reg[R_9346CR] & EE_MODE) != EE_CONFIG))
        return;
    mask &= r->writable;
    uint32_t keep = r->at == R_ISR ? 0 : old & ~mask;
    rtl8139_put(d, r->at, keep | (bits & mask), r->size);
    if (r->written)
        r->written(d, old);
}

/* The state of the four slots: OWN, TABT, TUN, TOK of each. */
static uint32_t all_slots(const Rtl8139 *d)
{
    static const uint8_t bits[] = { 13, 30, 14, 15 };
    uint32_t value = 0;
    for (uint32_t slot = 0; slot < 4; slot++)
        for (uint32_t i = 0; i < 4; i++)
            value |= (rtl8139_get(d, R_TSD + slot * 4, 4) >> bits[i] & 1) << (i * 4 + slot);
    return value;
}

static void refresh(Rtl8139 *d)
{
    rtl8139_put(d, R_TCTR, ticks(d), 4);
    rtl8139_put(d, R_TSAD_ALL, all_slots(d), 2);
    d->reg[R_CR] = (uint8_t)((d->reg[R_CR] & ~CR_EMPTY) | (rtl8139_ring_is_empty(d) ? CR_EMPTY : 0));
    d->reg[R_9346CR] = (uint8_t)((d->reg[R_9346CR] & ~EE_OUT) | (d->wires.out ? EE_OUT : 0));
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    Rtl8139 *d = dev;
    refresh(d);
    return rtl8139_get(d, (uint32_t)at, size);
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Rtl8139 *d = dev;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        write_row(d, &rows[i], (uint32_t)at, value, size);
}

/* ---- as a device ---- */

static void fill_eeprom(Rtl8139 *d)
{
    static const uint16_t words[MICROWIRE_WORDS] = { 0x8129, 0x10ec, 0x8139, 0x1100, 0x1af4 };
    memcpy(d->eeprom, words, sizeof words);
    for (int i = 0; i < 3; i++)
        d->eeprom[7 + i] = (uint16_t)(d->mac[i * 2] | d->mac[i * 2 + 1] << 8);
}

static bool start(void *dev, Error *err)
{
    Rtl8139 *d = dev;
    if (!net_mac(d->mac_text, d->mac, err))
        return false;
    fill_eeprom(d);
    timer_init(&d->timer, d->pci.dev.machine, timer_fires, d);
    if (!d->net)
        return true;
    d->net->dev = d;
    d->net->ready = rtl8139_ready;
    d->net->receive = rtl8139_receive;
    return true;
}

static void reset(void *dev)
{
    Rtl8139 *d = dev;
    pci_reset(&d->pci);
    d->counts = (Rtl8139Counts){ 0 };
    reset_chip(d);
}

static void loaded(void *dev)
{
    Rtl8139 *d = dev;
    pci_loaded(&d->pci);
    accept(d);
}

static void stop(void *dev)
{
    timer_off(&((Rtl8139 *)dev)->timer);
}

static const StateField counts_state[] = {
    STATE(Rtl8139Counts, sent),          STATE(Rtl8139Counts, received),
    STATE(Rtl8139Counts, send_errors),   STATE(Rtl8139Counts, receive_errors),
    STATE(Rtl8139Counts, missed),        STATE(Rtl8139Counts, misaligned),
    STATE(Rtl8139Counts, one_collision), STATE(Rtl8139Counts, collisions),
    STATE(Rtl8139Counts, to_us),         STATE(Rtl8139Counts, to_all),
    STATE(Rtl8139Counts, to_groups),     STATE(Rtl8139Counts, aborted),
    STATE(Rtl8139Counts, underruns),     STATE_END,
};
static const StateField state[] = {
    STATE_STRUCT(Rtl8139, pci, pci_state),
    STATE_ARRAY(Rtl8139, reg),
    STATE_STRUCT(Rtl8139, wires, microwire_state),
    STATE_STRUCT(Rtl8139, counts, counts_state),
    STATE(Rtl8139, slot, .below = 4),
    STATE_ARRAY(Rtl8139, next_tx),
    STATE(Rtl8139, next_rx),
    STATE(Rtl8139, timer_base),
    STATE_TIMER(Rtl8139, timer),
    STATE(Rtl8139, filled, .below = RTL_FRAME + 1),
    STATE_ARRAY(Rtl8139, frame),
    STATE_END,
};

static const PciBar bars[] = { { 0, 0, PCI_BAR_IO }, { 1, 1, 0 }, PCI_BARS_END };
static const PciType function = {
    .vendor = 0x10ec,
    .device = 0x8139,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x020000,
    .revision = 0x20, /* C+ */
    .pin = 1,
    .bars = bars,
};

const DeviceType rtl8139 = {
    .name = "rtl8139",
    .about = "Realtek RTL8139C+ Ethernet card",
    .bus = "pci",
    .size = sizeof(Rtl8139),
    .props = (const Prop[]){ PCI_PROPS(Rtl8139),
                             { "netdev", "the network", PROP_NET, offsetof(Rtl8139, net), NULL },
                             { "mac", "its address", PROP_TEXT, offsetof(Rtl8139, mac_text), "52:54:00:12:34:56" },
                             { "bootindex", "accepted; firmware finds its own order", PROP_UINT,
                               offsetof(Rtl8139, bootindex), "0" },
                             { 0 } },
    .state = state,
    .windows = (const Window[]){ { RTL_WINDOW, .read = window_read, .write = window_write, .max = 4 },
                                 { RTL_WINDOW, .read = window_read, .write = window_write, .max = 4 },
                                 { 0 } },
    .interface = &function,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
