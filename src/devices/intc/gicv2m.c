/* The GICv2m frame: turns a store of an SPI's number into an edge on that SPI, so that PCI's message-signalled
 * interrupts reach a GICv2. Arm Server Base System Architecture, appendix "GICv2m". */
#include "base/log.h"
#include "core/device.h"
#include "devices/intc/gic.h"

enum { IIDR = 0x43b };

typedef struct Gicv2m {
    Device dev;
    uint64_t base, count; /* properties: the first of its SPIs (0: INTID 32) and how many */
    Line spi[GIC_SPIS];
} Gicv2m;

static uint64_t typer_read(void *dev, int index)
{
    (void)index;
    const Gicv2m *m = dev;
    return (m->base + GIC_INTERNAL) << 16 | m->count;
}

static uint64_t iidr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return IIDR;
}

static void setspi_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Gicv2m *m = dev;
    uint64_t n = (value & 0x3ff) - GIC_INTERNAL - m->base;
    if (n >= m->count) {
        log_guest("%s: message for interrupt %u, which is not one of its own", m->dev.id, (unsigned)value);
        return;
    }
    line_set(&m->spi[n], true);
    line_set(&m->spi[n], false);
}

static bool start(void *dev, Error *err)
{
    const Gicv2m *m = dev;
    if (m->base < GIC_SPIS && m->count <= GIC_SPIS - m->base)
        return true;
    return error_set(err, "%s: there are only %d SPIs", m->dev.id, GIC_SPIS);
}

static const Reg regs[] = {
    REG_CALL(0x008, msi_typer, .read = typer_read),
    REG_CALL(0x040, msi_setspi_ns, .written = setspi_written),
    REG_CALL(0xfcc, msi_iidr, .read = iidr_read),
    REG_END,
};

static const Prop props[] = {
    { "base-spi", "number of the first SPI it may raise, counted from 0", PROP_UINT, offsetof(Gicv2m, base), "48" },
    { "num-spi", "how many SPIs it has", PROP_UINT, offsetof(Gicv2m, count), "64" },
    { 0 },
};

static const Window windows[] = { { 0x1000, regs, .min = 4, .max = 4, .messages = true }, { 0 } };
static const Pin pins[] = { { "spi", offsetof(Gicv2m, spi), GIC_SPIS }, { 0 } };

const DeviceType gicv2m = {
    .name = "gicv2m",
    .about = "GICv2 message-signalled interrupt frame",
    .size = sizeof(Gicv2m),
    .props = props,
    .windows = windows,
    .pins = pins,
    .start = start,
};
