#include "devices/intc/gicv3_its.h"

#include "base/log.h"
#include "core/requester.h"

enum { CTLR_ENABLED = 1, PAGES_64K = 2 << 8, IDS = 0xffd0 };

static const uint64_t QUIESCENT = 1ull << 31, TYPE_DEVICES = 1ull << 56, TYPE_COLLECTIONS = 4ull << 56,
                      ENTRY_SIZE = (uint64_t)(ITS_ENTRY - 1) << 48, BASER_WRITABLE = 0xf8e0ffffffffffff,
                      CBASER_WRITABLE = 0xb8effffffffffcff, STALLED = 1, RETRY = 1, OFFSET = 0xfffe0;

static uint64_t ctlr_read(void *dev, int index)
{
    (void)index;
    const Its *s = dev;
    return s->ctlr | (s->ctlr & CTLR_ENABLED ? 0 : QUIESCENT);
}

static void ctlr_written(void *dev, int index, uint64_t value)
{
    (void)index, (void)value;
    its_forget_routes(dev);
    its_run_commands(dev);
}

static uint64_t iidr_read(void *dev, int index)
{
    (void)dev, (void)index;
    return GICV3_IIDR;
}

/* 64 bits wide, in two words. Physical LPIs; collections have the same numbers of bits as the others (CIL, CIDbits);
 * CPUs are named by number (PTA 0). */
static uint64_t typer_read(void *dev, int index)
{
    (void)dev;
    if (index)
        return 1 << 4 | (ITS_ID_BITS - 1);
    return (ITS_ID_BITS - 1) << 13 | (ITS_ID_BITS - 1) << 8 | (ITS_ENTRY - 1) << 4 | 1;
}

/* GITS_CBASER and GITS_BASERn only change while the ITS is disabled (12.12.1, 12.12.2). */
static bool writable(const Its *s)
{
    if (s->ctlr & CTLR_ENABLED)
        log_guest("%s: a table's address is written while it is in use", s->dev.id);
    return !(s->ctlr & CTLR_ENABLED);
}

static void cbaser_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Its *s = dev;
    if (!writable(s))
        return;
    s->cbaser = value & CBASER_WRITABLE;
    s->creadr = 0;
}

static void cwriter_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Its *s = dev;
    s->cwriter = value & OFFSET;
    if (value & RETRY)
        s->creadr &= ~STALLED;
    its_run_commands(s);
}

static void baser_written(void *dev, int index, uint64_t value)
{
    Its *s = dev;
    if (index < ITS_TABLES && writable(s))
        s->baser[index] = (s->baser[index] & ~BASER_WRITABLE) | (value & BASER_WRITABLE);
    its_forget_routes(s);
}

static const Reg regs[] = {
    REG(0x000, Its, ctlr, .writable = CTLR_ENABLED, .read = ctlr_read, .written = ctlr_written),
    REG_CALL(0x004, iidr, .read = iidr_read),
    REG_CALL(0x008, typer, .count = 2, .read = typer_read),
    REG(0x080, Its, cbaser, .written = cbaser_written),
    REG(0x088, Its, cwriter, .written = cwriter_written),
    REG(0x090, Its, creadr),
    REG_ARRAY(0x100, Its, baser, .written = baser_written),
    REG_END,
};

/* PIDR4-7, PIDR0-3, CIDR0-3; part 0x494. */
static const uint8_t ids[12] = { 0x44, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static uint64_t control_read(void *dev, uint64_t at, int size)
{
    if (at >= IDS)
        return at % 4 ? 0 : ids[(at - IDS) / 4];
    return reg_read(regs, dev, at, size);
}

static void control_write(void *dev, uint64_t at, uint64_t value, int size)
{
    reg_write(regs, dev, at, value, size);
}

/* GITS_TRANSLATER: the bus master's number and the event it stores name the interrupt. */
static void translater_written(void *dev, int index, uint64_t value)
{
    (void)index;
    Its *s = dev;
    Gicv3Cpu *cpu;
    uint32_t lpi;
    if (!(s->ctlr & CTLR_ENABLED))
        return;
    if (its_route(s, requester_id, (uint32_t)value, &cpu, &lpi))
        gicv3_lpi_set(cpu, lpi, true);
    else
        log_guest("%s: device 0x%x event 0x%x is not mapped", s->dev.id, requester_id, (uint32_t)value);
}

static const Reg doorbell[] = { REG_CALL(0x40, translater, .written = translater_written), REG_END };

static bool start(void *dev, Error *err)
{
    Its *s = dev;
    if (!s->gic_dev || s->gic_dev->type != &gicv3)
        return error_set(err, "%s: the property gic must name a gicv3", s->dev.id);
    s->gic = (Gicv3 *)(void *)s->gic_dev;
    if (!s->gic->lpis)
        return error_set(err, "%s: %s has no LPIs", s->dev.id, s->gic_dev->id);
    return true;
}

static void loaded(void *dev)
{
    its_forget_routes(dev);
    its_continue(dev);
}

static void reset(void *dev)
{
    Its *s = dev;
    reg_reset(regs, s);
    s->baser[ITS_TABLE_DEVICES] = TYPE_DEVICES | ENTRY_SIZE | PAGES_64K;
    s->baser[ITS_TABLE_COLLECTIONS] = TYPE_COLLECTIONS | ENTRY_SIZE | PAGES_64K;
    its_forget_routes(s);
}

static const StateField state[] = {
    STATE(Its, ctlr),
    STATE(Its, cbaser),
    STATE(Its, cwriter, .below = 1 << 20),
    STATE(Its, creadr, .below = 1 << 20),
    STATE_ARRAY(Its, baser),
    STATE_END,
};

static const Prop props[] = {
    { "gic", "the gicv3 whose LPIs it raises", PROP_DEVICE, offsetof(Its, gic_dev), NULL },
    { 0 },
};

static const Window windows[] = {
    { GICV3_FRAME, .read = control_read, .write = control_write, .min = 4 },
    { GICV3_FRAME, .regs = doorbell, .min = 4, .max = 4, .messages = true },
    { 0 },
};

const DeviceType gicv3_its = {
    .name = "gicv3-its",
    .about = "GICv3 interrupt translation service",
    .size = sizeof(Its),
    .props = props,
    .state = state,
    .windows = windows,
    .start = start,
    .reset = reset,
    .loaded = loaded,
};
