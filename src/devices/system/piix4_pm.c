/* Power management of the PIIX4 (82371AB data sheet 290562, function 3) as QEMU puts it beside a PIIX3: ACPI's fixed
 * registers and timer behind an I/O base in configuration space, the ports of APM that make system management
 * interrupts, and an SMBus controller with nobody on its bus. ACPI 6.4, 4.8. */
#include "base/log.h"
#include "core/machine.h"
#include "devices/bus/pci.h"

enum { R_BASE = 0x40, R_DEVACTB = 0x58, R_ENABLE = 0x80, R_SMB_BASE = 0x90, R_SMB_ENABLE = 0xd2 };
enum { PM_PORTS = 64, SMB_PORTS = 64, GPE_PORTS = 4, GPE_AT = 0xafe0 };
enum { P_STATUS = 0, P_ENABLE = 2, P_CONTROL = 4, P_TIMER = 8 };
enum { TIMER_STATUS = 1, POWER_BUTTON = 1 << 8, RTC_STATUS = 1 << 10, PM1_EVENTS = 0x0721, STATUS_ACK = 0x8f31 };
enum { SCI_ENABLED = 1, SLEEP = 1 << 13, SLEEP_TYPE_SHIFT = 10 };
enum { ACPI_ENABLE = 0xf1, ACPI_DISABLE = 0xf0 };
enum { PM_TIMER_BITS = 24 };
enum { SMB_HOST_STATUS = 0, SMB_CONTROL = 2, SMB_START = 0x40, SMB_DEVICE_ERROR = 4, SMB_ACK = 0x1e };
#define APMC_SMI    (1u << 25)
#define PM_TIMER_HZ UINT64_C(3579545)
#define SECOND      INT64_C(1000000000)

typedef struct Piix4Pm {
    PciDevice pci;
    bool no_smm; /* property: tells firmware that system management mode is set up, so that it keeps away */
    uint16_t status, enable, control;
    uint8_t apm_control, apm_status;
    uint8_t gpe_status[2], gpe_enable[2];
    uint8_t smb[16];
    uint32_t slots_up, slots_down; /* that something came to, or is asked to leave; the guest was not told yet */
    Region pm, smbus, gpe, slots;
    uint64_t pm_at, smbus_at; /* where they are mapped; 0: nowhere */
    Line irq, smi;
    Timer overflow;
} Piix4Pm;

static uint64_t ticks(const Piix4Pm *p)
{
    return (uint64_t)((unsigned __int128)(uint64_t)time_now(p->pci.dev.machine) * PM_TIMER_HZ / (uint64_t)SECOND);
}

static void update(Piix4Pm *p)
{
    bool gpe = (p->gpe_status[0] & p->gpe_enable[0]) || (p->gpe_status[1] & p->gpe_enable[1]);
    line_set(&p->irq, p->control & SCI_ENABLED && (gpe || (p->status & p->enable & PM1_EVENTS)));
}

/* The status bit is set when the timer's top bit changes. */
static void schedule(Piix4Pm *p)
{
    uint64_t half = 1ull << (PM_TIMER_BITS - 1), next = (ticks(p) / half + 1) * half;
    if (p->enable & TIMER_STATUS)
        timer_at(&p->overflow, (int64_t)(((unsigned __int128)next * (uint64_t)SECOND + PM_TIMER_HZ - 1) / PM_TIMER_HZ));
    else
        timer_off(&p->overflow);
}

static void overflow(void *dev)
{
    Piix4Pm *p = dev;
    p->status |= TIMER_STATUS;
    update(p);
    schedule(p);
}

/* SLP_TYP as the DSDT says: 0 is off. To RAM and to disk there is nobody to wake it. */
static void sleep(Piix4Pm *p)
{
    int type = p->control >> SLEEP_TYPE_SHIFT & 7;
    if (type == 0)
        machine_stop(p->pci.dev.machine, STOP_POWEROFF);
    else
        log_guest("%s: sleep state of type %d", p->pci.dev.id, type);
}

static uint64_t pm_read(void *dev, uint64_t at, int size)
{
    const Piix4Pm *p = dev;
    (void)size;
    switch (at) {
    case P_STATUS:
        return p->status;
    case P_ENABLE:
        return p->enable;
    case P_CONTROL:
        return p->control;
    case P_TIMER:
        return ticks(p) & ((1u << PM_TIMER_BITS) - 1);
    case P_TIMER + 2:
        return ticks(p) >> 16 & 0xff;
    }
    return 0;
}

static void pm_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Piix4Pm *p = dev;
    (void)size;
    if (at == P_STATUS) {
        p->status &= (uint16_t) ~(value & STATUS_ACK);
    } else if (at == P_ENABLE) {
        p->enable = (uint16_t)value;
        schedule(p);
    } else if (at == P_CONTROL) {
        p->control = (uint16_t)(value & ~(uint64_t)SLEEP);
        if (value & SLEEP)
            sleep(p);
    }
    update(p);
}

/* Registers are 16 bits wide; a byte is read out of its word and written with the other byte zero in a status register,
 * where zeros do nothing, and as it is elsewhere. */
static uint64_t pm_window_read(void *dev, uint64_t at, int size)
{
    if (at >= P_TIMER)
        return pm_read(dev, P_TIMER, 4) >> (at % 4 * 8) & (at < P_TIMER + 4 ? UINT64_MAX : 0);
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (pm_read(dev, (at + (uint64_t)i) & ~1ull, 2) >> ((at + (uint64_t)i) % 2 * 8) & 0xff) << i * 8;
    return value;
}

static void pm_window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    if (size == 4) {
        pm_write(dev, at, value & 0xffff, 2);
        pm_write(dev, at + 2, value >> 16, 2);
    } else if (size == 2) {
        pm_write(dev, at, value, 2);
    } else {
        uint64_t word = at & ~1ull, shift = at % 2 * 8, keep = word == P_STATUS ? 0 : pm_read(dev, word, 2);
        pm_write(dev, word, (keep & ~(0xffull << shift)) | value << shift, 2);
    }
}

static uint64_t gpe_read(void *dev, uint64_t at, int size)
{
    (void)size;
    const Piix4Pm *p = dev;
    return at < 2 ? p->gpe_status[at] : p->gpe_enable[at - 2];
}

static void gpe_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Piix4Pm *p = dev;
    if (at < 2)
        p->gpe_status[at] &= (uint8_t)~value;
    else
        p->gpe_enable[at - 2] = (uint8_t)value;
    update(p);
}

static uint64_t smb_read(void *dev, uint64_t at, int size)
{
    (void)size;
    return at < sizeof((Piix4Pm *)dev)->smb ? ((Piix4Pm *)dev)->smb[at] : 0;
}

/* Whoever is addressed does not answer. */
static void smb_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Piix4Pm *p = dev;
    if (at == SMB_HOST_STATUS)
        p->smb[at] &= (uint8_t) ~(value & SMB_ACK);
    else if (at < sizeof p->smb)
        p->smb[at] = (uint8_t)value;
    if (at == SMB_CONTROL && value & SMB_START) {
        p->smb[SMB_CONTROL] &= ~SMB_START;
        p->smb[SMB_HOST_STATUS] |= SMB_DEVICE_ERROR;
    }
}

/* ---- PCI hot plug (QEMU's docs/specs/acpi_pci_hotplug.rst) ---- */

enum { SLOTS_UP = 0, SLOTS_DOWN = 4, SLOTS_EJECT = 8, SLOTS_REMOVABLE = 12, SLOTS_PORTS = 20, SLOTS_AT = 0xae00 };
enum { GPE_SLOTS = 2 };

static void slot_changed(void *dev, unsigned slot, bool in)
{
    Piix4Pm *p = dev;
    *(in ? &p->slots_up : &p->slots_down) |= 1u << slot;
    p->gpe_status[0] |= GPE_SLOTS;
    update(p);
}

/* What is in a slot can go if all of it was plugged in. */
static bool is_removable(const PciBus *bus, unsigned slot)
{
    bool any = false;
    for (unsigned i = 0; i < 8; i++) {
        const PciDevice *f = bus->function[slot * 8 + i];
        if (f && !f->dev.plugged)
            return false;
        any |= f != NULL;
    }
    return any;
}

static uint32_t removable(const PciBus *bus)
{
    uint32_t slots = 0;
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
        slots |= (uint32_t)is_removable(bus, slot) << slot;
    return slots;
}

static void eject(Piix4Pm *p, uint32_t slots)
{
    PciBus *bus = p->pci.bus;
    for (unsigned i = 0; i < PCI_FUNCTIONS; i++)
        if (slots >> i / 8 & 1 && bus->function[i] && is_removable(bus, i / 8))
            machine_unplug(p->pci.dev.machine, &bus->function[i]->dev);
}

/* Reading tells the guest, once. */
static uint64_t slots_read(void *dev, uint64_t at, int size)
{
    Piix4Pm *p = dev;
    (void)size;
    uint32_t *told = at == SLOTS_UP ? &p->slots_up : at == SLOTS_DOWN ? &p->slots_down : NULL;
    uint32_t value = told ? *told : at == SLOTS_REMOVABLE && p->pci.bus ? removable(p->pci.bus) : 0;
    if (told)
        *told = 0;
    return value;
}

static void slots_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Piix4Pm *p = dev;
    (void)size;
    if (at == SLOTS_EJECT && p->pci.bus)
        eject(p, (uint32_t)value);
}

static const Window slots_window = { SLOTS_PORTS, .read = slots_read, .write = slots_write, .min = 4, .max = 4 };
static const Window pm_window = { PM_PORTS, .read = pm_window_read, .write = pm_window_write, .max = 4 };
static const Window gpe_window = { GPE_PORTS, .read = gpe_read, .write = gpe_write, .max = 1 };
static const Window smb_window = { SMB_PORTS, .read = smb_read, .write = smb_write, .max = 1 };

static uint64_t apm_read(void *dev, uint64_t at, int size)
{
    (void)size;
    const Piix4Pm *p = dev;
    return at ? p->apm_status : p->apm_control;
}

/* QEMU's firmware tables say that writing these values turns ACPI mode on and off, with or without a handler. */
static void apm_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    Piix4Pm *p = dev;
    if (at) {
        p->apm_status = (uint8_t)value;
        return;
    }
    p->apm_control = (uint8_t)value;
    if (value == ACPI_ENABLE)
        p->control |= SCI_ENABLED;
    else if (value == ACPI_DISABLE)
        p->control &= ~SCI_ENABLED;
    update(p);
    if (pci_get(&p->pci, R_DEVACTB, 4) & APMC_SMI && !p->no_smm) {
        line_set(&p->smi, true);
        line_set(&p->smi, false);
    }
}

static void map(Piix4Pm *p, Region *r, uint64_t *mapped, uint64_t at)
{
    Space *ports = p->pci.dev.machine->ports;
    if (at == *mapped)
        return;
    if (*mapped)
        space_unmap(ports, r);
    *mapped = at;
    if (at)
        space_map(ports, at, r, 0);
}

static void map_all(Piix4Pm *p)
{
    uint32_t base = pci_get(&p->pci, R_BASE, 4) & 0xffc0, smb = pci_get(&p->pci, R_SMB_BASE, 4) & 0xffc0;
    map(p, &p->pm, &p->pm_at, pci_get(&p->pci, R_ENABLE, 1) & 1 ? base : 0);
    map(p, &p->smbus, &p->smbus_at, pci_get(&p->pci, R_SMB_ENABLE, 1) & 1 ? smb : 0);
}

static void written(void *dev, uint32_t at, uint32_t size)
{
    if (at + size > 0x40)
        map_all(dev);
}

static void press(void *dev, int pin, bool level)
{
    (void)pin;
    Piix4Pm *p = dev;
    if (!level)
        return;
    p->status |= POWER_BUTTON;
    update(p);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    Piix4Pm *p = dev;
    PciDevice *d = &p->pci;
    for (uint32_t at = 0x40; at < PCI_CONFIG; at++)
        pci_set_writable(d, at, 0xff, 1);
    pci_set(d, PCI_STATUS, 0x0280, 2);
    pci_set(d, PCI_INTERRUPT_PIN, 1, 1);
    pci_set(d, R_BASE, 1, 1);
    pci_set(d, 0x5f, 0x10, 1); /* which ISA ports have something: */
    pci_set(d, 0x63, 0x60, 1); /* keyboard, floppy, serial and parallel */
    pci_set(d, 0x67, 0x98, 1);
    pci_set(d, R_SMB_BASE, 1, 1);
    if (p->no_smm)
        pci_set(d, R_DEVACTB, APMC_SMI, 4);
    p->pm = (Region){ .name = "pm", .size = PM_PORTS, .dev = p, .window = &pm_window };
    p->smbus = (Region){ .name = "smbus", .size = SMB_PORTS, .dev = p, .window = &smb_window };
    p->gpe = (Region){ .name = "gpe", .size = GPE_PORTS, .dev = p, .window = &gpe_window };
    p->slots = (Region){ .name = "slots", .size = SLOTS_PORTS, .dev = p, .window = &slots_window };
    space_map(d->dev.machine->ports, GPE_AT, &p->gpe, 0);
    space_map(d->dev.machine->ports, SLOTS_AT, &p->slots, 0);
    d->bus->hotplug = slot_changed;
    d->bus->hotplug_who = p;
    d->dev.machine->power_key = (Line){ .changed = press, .dev = p };
    timer_init(&p->overflow, d->dev.machine, overflow, p);
    return true;
}

static void loaded(void *dev)
{
    Piix4Pm *p = dev;
    pci_loaded(&p->pci);
    map_all(p);
    schedule(p);
    update(p);
}

static void reset(void *dev)
{
    pci_reset(dev);
    loaded(dev);
}

static void stop(void *dev)
{
    Piix4Pm *p = dev;
    Space *ports = p->pci.dev.machine->ports;
    timer_off(&p->overflow);
    map(p, &p->pm, &p->pm_at, 0);
    map(p, &p->smbus, &p->smbus_at, 0);
    space_unmap(ports, &p->gpe);
    space_unmap(ports, &p->slots);
}

static const PciType function = {
    .vendor = 0x8086,
    .device = 0x7113,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x068000,
    .revision = 3,
    .written = written,
};

static const StateField state[] = {
    STATE_STRUCT(Piix4Pm, pci, pci_state),
    STATE(Piix4Pm, status),
    STATE(Piix4Pm, enable),
    STATE(Piix4Pm, control),
    STATE(Piix4Pm, apm_control),
    STATE(Piix4Pm, apm_status),
    STATE_ARRAY(Piix4Pm, gpe_status),
    STATE_ARRAY(Piix4Pm, gpe_enable),
    STATE_ARRAY(Piix4Pm, smb),
    STATE(Piix4Pm, slots_up),
    STATE(Piix4Pm, slots_down),
    STATE_END,
};

const DeviceType piix4_pm = {
    .name = "PIIX4_PM",
    .about = "PIIX4 power management",
    .bus = "pci",
    .size = sizeof(Piix4Pm),
    .props = (const Prop[]){ PCI_PROPS(Piix4Pm),
                             { "smm-disabled", "firmware is to keep away from system management mode", PROP_BOOL,
                               offsetof(Piix4Pm, no_smm), "off" },
                             { 0 } },
    .state = state,
    .windows = (const Window[]){ { 2, .read = apm_read, .write = apm_write, .max = 1 }, { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Piix4Pm, irq), 1 }, { "smi", offsetof(Piix4Pm, smi), 1 }, { 0 } },
    .interface = &function,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
