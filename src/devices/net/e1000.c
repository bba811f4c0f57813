/* Intel 82540EM Ethernet controller (manual 317453): registers, EEPROM, PHY, interrupts. Interrupts are not delayed. */
#include "devices/net/e1000.h"

#include "base/log.h"

#include <string.h>

enum { MEMORY = 128 << 10, PORTS = 64 };
enum {
    EECD_CLOCK = 1,
    EECD_SELECT = 2,
    EECD_IN = 4,
    EECD_OUT = 8,
    EECD_REQUEST = 0x40,
    EECD_GRANT = 0x80,
    EECD_PRESENT = 0x100
};
enum { EERD_START = 1, EERD_DONE = 16 };
enum {
    MDIC_WRITE = 1 << 26,
    MDIC_READ = 2 << 26,
    MDIC_READY = 1 << 28,
    MDIC_INTERRUPT = 1 << 29,
    MDIC_ERROR = 1 << 30
};
enum { PHY_CONTROL = 0, PHY_RESET = 0x8000, PHY_RESTART = 0x0200 };
enum { STATUS_UP = 0x80080783 & 0x7fffffff, EEPROM_SUM = 0xbaba };
#define RAH_VALID (1u << 31)

static void update(E1000 *d)
{
    pci_intx(&d->pci, *e1000_reg(d, R_ICR) & *e1000_reg(d, R_IMS));
}

void e1000_interrupt(E1000 *d, uint32_t causes)
{
    *e1000_reg(d, R_ICR) |= causes;
    update(d);
}

static void accept(E1000 *d)
{
    if (d->net && d->net->accept && e1000_ready(d))
        d->net->accept(d->net);
}

/* ---- EEPROM: by its register, or bit by bit ---- */

static void read_word(E1000 *d, uint32_t value)
{
    uint32_t at = value >> 8 & 0xff;
    if (value & EERD_START)
        *e1000_reg(d, R_EERD) = (at < MICROWIRE_WORDS ? (uint32_t)d->eeprom[at] << 16 : 0) | at << 8 | EERD_DONE;
}

static void write_eecd(E1000 *d, uint32_t value)
{
    microwire_pins(&d->wires, d->eeprom, value & EECD_SELECT, value & EECD_CLOCK, value & EECD_IN);
    *e1000_reg(d, R_EECD) = value & (EECD_CLOCK | EECD_SELECT | EECD_IN | EECD_REQUEST);
}

static uint32_t read_eecd(E1000 *d)
{
    uint32_t reg = *e1000_reg(d, R_EECD);
    return reg | EECD_PRESENT | (reg & EECD_REQUEST ? EECD_GRANT : 0) | (d->wires.out ? EECD_OUT : 0);
}

static void fill_eeprom(E1000 *d)
{
    static const uint16_t words[MICROWIRE_WORDS] = {
        [3] = 0x0000, [4] = 0x0000, [8] = 0x3000, 0x1000, 0x6403, 0x100e, 0x8086, 0x100e, 0x8086, 0x3040, 0x0008,
        0x2000,       0x7e14,       0x0048,       0x1000, 0x00d8, 0x0000, 0x2700, 0x6cc9, 0x3150, 0x0722, 0x040b,
        0x0984,       0x0000,       0xc000,       0x0706, 0x1008, 0x0000, 0x0f04, 0x7fff, 0x4d01
    };
    uint16_t sum = 0;
    memcpy(d->eeprom, words, sizeof words);
    for (int i = 0; i < 3; i++)
        d->eeprom[i] = (uint16_t)(d->mac[i * 2] | d->mac[i * 2 + 1] << 8);
    for (int i = 0; i < MICROWIRE_WORDS - 1; i++)
        sum = (uint16_t)(sum + d->eeprom[i]);
    d->eeprom[MICROWIRE_WORDS - 1] = (uint16_t)(EEPROM_SUM - sum);
}

/* ---- PHY: one that always has a link of 1000 Mbit/s ---- */

static void reset_phy(E1000 *d)
{
    static const uint16_t values[32] = { 0x1140,       0x796d, 0x0141,        0x0c20, 0x0de1, 0x41e1,       0x0001,
                                         [9] = 0x0e00, 0x7c00, [15] = 0x3000, 0x0360, 0xac4c, [20] = 0x0d60 };
    memcpy(d->phy, values, sizeof values);
}

static void write_mdic(E1000 *d, uint32_t value)
{
    uint32_t reg = value >> 16 & 31, *mdic = e1000_reg(d, R_MDIC);
    bool there = (value >> 21 & 31) == 1;
    if (there && value & MDIC_READ)
        value = (value & 0xffff0000) | d->phy[reg];
    else if (there && value & MDIC_WRITE && reg == PHY_CONTROL)
        d->phy[reg] = (uint16_t)(value & ~(uint32_t)(PHY_RESET | PHY_RESTART));
    else if (there && value & MDIC_WRITE && reg != 1 && reg != 2 && reg != 3)
        d->phy[reg] = (uint16_t)value;
    *mdic = value | MDIC_READY | (there ? 0 : MDIC_ERROR);
    if (value & MDIC_INTERRUPT)
        e1000_interrupt(d, I_MDAC);
}

/* ---- registers ---- */

static void reset_registers(E1000 *d)
{
    memset(d->reg, 0, sizeof d->reg);
    *e1000_reg(d, R_STATUS) = STATUS_UP;
    *e1000_reg(d, R_CTRL) = 0x00140240 & ~CTRL_SLU;
    memcpy(e1000_reg(d, R_RAL), d->mac, 6);
    *e1000_reg(d, R_RAL + 4) |= RAH_VALID;
    reset_phy(d);
    d->wires = (Microwire){ 0 };
    d->filled = d->options = 0;
    d->offload = (E1000Offload){ 0 };
    update(d);
}

static uint32_t read_register(E1000 *d, uint32_t at)
{
    if (at / 4 >= E1000_WORDS)
        return 0;
    uint32_t value = d->reg[at / 4];
    if (at == R_ICR) {
        d->reg[at / 4] = 0;
        update(d);
    } else if (at == R_EECD) {
        value = read_eecd(d);
    } else if (at == R_ICS || at == R_IMC) {
        value = 0;
    } else if (at >= R_STATS && at < R_STATS_END) {
        d->reg[at / 4] = 0; /* statistics count from the last reading */
    }
    return value;
}

static void write_register(E1000 *d, uint32_t at, uint32_t value)
{
    if (at / 4 >= E1000_WORDS) {
        log_guest("%s: write to offset 0x%x", d->pci.dev.id, at);
        return;
    }
    uint32_t *reg = e1000_reg(d, at);
    switch (at) {
    case R_CTRL:
        if (value & CTRL_RESET) {
            reset_registers(d);
            break;
        }
        if (value & CTRL_SLU && !(*reg & CTRL_SLU))
            e1000_interrupt(d, I_LSC);
        *reg = value;
        break;
    case R_STATUS:
        break;
    case R_EECD:
        write_eecd(d, value);
        break;
    case R_EERD:
        read_word(d, value);
        break;
    case R_MDIC:
        write_mdic(d, value);
        break;
    case R_ICR:
        *reg &= ~value;
        update(d);
        break;
    case R_ICS:
        e1000_interrupt(d, value);
        break;
    case R_IMS:
        *reg |= value;
        update(d);
        break;
    case R_IMC:
        *e1000_reg(d, R_IMS) &= ~value;
        update(d);
        break;
    case R_RDT:
    case R_RCTL:
        *reg = value;
        accept(d);
        break;
    case R_TDT:
    case R_TCTL:
        *reg = value;
        e1000_transmit(d);
        break;
    default:
        *reg = value;
    }
}

static uint64_t memory_read(void *dev, uint64_t at, int size)
{
    (void)size;
    return read_register(dev, (uint32_t)at);
}

static void memory_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    write_register(dev, (uint32_t)at, (uint32_t)value);
}

/* An address register, and the register that it names. */
static uint64_t port_read(void *dev, uint64_t at, int size)
{
    (void)size;
    E1000 *d = dev;
    return at == 0 ? d->io_address : at == 4 ? read_register(d, d->io_address) : 0;
}

static void port_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    E1000 *d = dev;
    if (at == 0)
        d->io_address = (uint32_t)value & (MEMORY - 4);
    else if (at == 4)
        write_register(d, d->io_address, (uint32_t)value);
}

static bool start(void *dev, Error *err)
{
    E1000 *d = dev;
    if (!net_mac(d->mac_text, d->mac, err))
        return false;
    fill_eeprom(d);
    if (!d->net)
        return true;
    d->net->dev = d;
    d->net->ready = e1000_ready;
    d->net->receive = e1000_receive;
    return true;
}

static void reset(void *dev)
{
    E1000 *d = dev;
    pci_reset(&d->pci);
    reset_registers(d);
}

static void loaded(void *dev)
{
    E1000 *d = dev;
    pci_loaded(&d->pci);
    accept(d);
}

static const StateField offload_state[] = {
    STATE(E1000Offload, ip_start), STATE(E1000Offload, ip_sum),  STATE(E1000Offload, tcp_start),
    STATE(E1000Offload, tcp_sum),  STATE(E1000Offload, header),  STATE(E1000Offload, ip_end),
    STATE(E1000Offload, tcp_end),  STATE(E1000Offload, segment), STATE(E1000Offload, tcp),
    STATE(E1000Offload, ip4),      STATE(E1000Offload, split),   STATE_END,
};
static const StateField state[] = {
    STATE_STRUCT(E1000, pci, pci_state),
    STATE_ARRAY(E1000, reg),
    STATE_ARRAY(E1000, phy),
    STATE(E1000, io_address, .below = MEMORY),
    STATE_STRUCT(E1000, wires, microwire_state),
    STATE_STRUCT(E1000, offload, offload_state),
    STATE(E1000, options),
    STATE(E1000, filled, .below = E1000_FRAME + 1),
    STATE_ARRAY(E1000, frame),
    STATE_END,
};

static const PciBar bars[] = { { 0, 0, 0 }, { 1, 1, PCI_BAR_IO }, PCI_BARS_END };
static const PciType function = {
    .vendor = 0x8086,
    .device = 0x100e,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x020000,
    .revision = 3,
    .pin = 1,
    .bars = bars,
};

const DeviceType e1000 = {
    .name = "e1000",
    .about = "Intel 82540EM Ethernet card",
    .bus = "pci",
    .size = sizeof(E1000),
    .props = (const Prop[]){ PCI_PROPS(E1000),
                             { "netdev", "the network", PROP_NET, offsetof(E1000, net), NULL },
                             { "mac", "its address", PROP_TEXT, offsetof(E1000, mac_text), "52:54:00:12:34:56" },
                             { "bootindex", "accepted; firmware finds its own order", PROP_UINT,
                               offsetof(E1000, bootindex), "0" },
                             { 0 } },
    .state = state,
    .windows = (const Window[]){ { MEMORY, .read = memory_read, .write = memory_write, .min = 4, .max = 4 },
                                 { PORTS, .read = port_read, .write = port_write, .min = 4, .max = 4 },
                                 { 0 } },
    .interface = &function,
    .start = start,
    .reset = reset,
    .loaded = loaded,
};
