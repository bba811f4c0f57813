/* The ISA bridge of the PIIX3 (82371SB data sheet 290550): function 0 routes the four PCI interrupts to ISA ones. Its
 * other parts - DMA, timer, interrupt controllers - are devices of their own. */
#include "devices/bus/pci.h"

enum { R_ROUTE = 0x60, OLD = 16, ROUTE_OFF = 0x80 };

typedef struct Piix3 {
    PciDevice pci;
    bool level[PCI_PINS];
    Line irq[OLD];
} Piix3;

static void update(Piix3 *p)
{
    uint32_t on = 0;
    for (int i = 0; i < PCI_PINS; i++) {
        uint8_t route = p->pci.config[R_ROUTE + i];
        if (p->level[i] && !(route & ROUTE_OFF))
            on |= 1u << (route & 15);
    }
    for (int n = 0; n < OLD; n++)
        line_set(&p->irq[n], on >> n & 1);
}

static void written(void *dev, uint32_t at, uint32_t size)
{
    if (at < R_ROUTE + PCI_PINS && at + size > R_ROUTE)
        update(dev);
}

static void input(void *dev, int pin, bool level)
{
    Piix3 *p = dev;
    p->level[pin] = level;
    update(p);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    /* values after a reset: 82371SB, 2.2; QEMU's guests find the same */
    static const struct {
        uint8_t at, value;
    } values[] = { { 0x4c, 0x4d }, { 0x4e, 0x03 }, { 0x60, 0x80 }, { 0x61, 0x80 }, { 0x62, 0x80 },
                   { 0x63, 0x80 }, { 0x69, 0x02 }, { 0x70, 0x80 }, { 0x76, 0x0c }, { 0x77, 0x0c },
                   { 0x78, 0x02 }, { 0xa0, 0x08 }, { 0xa8, 0x0f } };
    PciDevice *d = dev;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        pci_set(d, values[i].at, values[i].value, 1);
    for (uint32_t at = 0x40; at < PCI_CONFIG; at++)
        pci_set_writable(d, at, 0xff, 1);
    pci_set(d, PCI_STATUS, 0x0200, 2);
    pci_set(d, PCI_HEADER, 0x80, 1);
    return true;
}

static void reset(void *dev)
{
    pci_reset(dev);
    update(dev);
}

static void loaded(void *dev)
{
    pci_loaded(dev);
    update(dev);
}

static const PciType function = {
    .vendor = 0x8086,
    .device = 0x7000,
    .subsystem_vendor = 0x1af4,
    .subsystem = 0x1100,
    .class = 0x060100,
    .written = written,
};

const DeviceType piix3 = {
    .name = "PIIX3",
    .about = "PIIX3 ISA bridge",
    .bus = "pci",
    .size = sizeof(Piix3),
    .props = (const Prop[]){ PCI_PROPS(Piix3), { 0 } },
    .state = (const StateField[]){ STATE_STRUCT(Piix3, pci, pci_state), STATE_ARRAY(Piix3, level), STATE_END },
    .pins = (const Pin[]){ { .name = "pirq", .in = input, .count = PCI_PINS },
                           { "irq", offsetof(Piix3, irq), OLD },
                           { 0 } },
    .interface = &function,
    .start = start,
    .reset = reset,
    .loaded = loaded,
};
