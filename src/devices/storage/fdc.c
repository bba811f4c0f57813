/* The controller's registers in its PC-AT mode, resets, and the bytes of commands and results. */
#include "devices/storage/fdc.h"

#include <string.h>

enum { R_STATUS_A, R_STATUS_B, R_OUTPUT, R_TAPE, R_MAIN, R_FIFO, PORTS };
enum { MAIN_READY = 0x80, MAIN_TO_HOST = 0x40, MAIN_NO_DMA = 0x20, MAIN_BUSY = 0x10 };
enum { DSR_RESET = 0x80, RATE = 3, CONFIGURE_NO_POLL = 0x10, CONFIGURE_RESET = 0x20, DISK_CHANGED = 0x80 };
#define POLL_TIME INT64_C(100000)

void fdc_update(Fdc *f)
{
    bool moves = f->phase == FDC_TO_HOST || f->phase == FDC_TO_DISK;
    line_set(&f->irq, (f->interrupt || moves) && f->output & FDC_OUTPUT_GATE);
}

static bool is_reset(const Fdc *f)
{
    return !(f->output & FDC_OUTPUT_RUNS);
}

Drive *fdc_medium(const Fdc *f, int unit)
{
    Drive *d = unit < FDC_DRIVES ? f->drive[unit] : NULL;
    return d && d->bytes ? d : NULL;
}

void fdc_result(Fdc *f, const uint8_t *bytes, int count, bool interrupt)
{
    memcpy(f->fifo, bytes, (size_t)count);
    f->filled = (uint8_t)count;
    f->at = 0;
    f->phase = FDC_RESULT;
    f->interrupt |= interrupt;
    fdc_update(f);
}

/* ---- resets ---- */

/* What a drive still does is of no interest, but it uses the buffer. */
static void forget(Fdc *f)
{
    f->phase = FDC_COMMAND;
    f->at = f->filled = 0;
    timer_off(&f->work);
    for (int i = 0; i < FDC_DRIVES; i++)
        if (f->drive[i])
            f->drive[i]->drain(f->drive[i]);
}

/* By DOR or DSR. It then polls its drives, finds that all of them changed from not ready to ready, and says so. */
static void soft_reset(Fdc *f)
{
    forget(f);
    f->interrupt = false;
    if (!f->locked) {
        f->configured[0] = CONFIGURE_RESET;
        f->configured[1] = 0;
    }
    for (int i = 0; i < FDC_UNITS; i++) {
        f->unit[i].seeks = f->unit[i].ended = false;
        f->unit[i].number = 0;
    }
    timer_off(&f->seek);
    fdc_update(f);
}

static void come_up(Fdc *f)
{
    if (f->configured[0] & CONFIGURE_NO_POLL)
        return;
    for (int i = 0; i < FDC_UNITS; i++) {
        f->unit[i].seeks = true;
        f->unit[i].st0 = (uint8_t)(ST0_POLLED | i);
    }
    timer_at(&f->seek, time_now(f->dev.machine) + POLL_TIME);
}

/* ---- registers ---- */

static uint8_t main_status(const Fdc *f)
{
    static const uint8_t phases[] = { MAIN_READY, MAIN_BUSY, MAIN_READY | MAIN_TO_HOST | MAIN_NO_DMA | MAIN_BUSY,
                                      MAIN_READY | MAIN_NO_DMA | MAIN_BUSY, MAIN_READY | MAIN_TO_HOST | MAIN_BUSY };
    uint8_t status = phases[f->phase];
    if (is_reset(f))
        return 0;
    if (f->phase == FDC_COMMAND && f->at)
        status |= MAIN_BUSY;
    for (int i = 0; i < FDC_UNITS; i++)
        if (f->unit[i].seeks && (f->unit[i].st0 & ST0_POLLED) != ST0_POLLED)
            status |= (uint8_t)(1 << i);
    return status;
}

static void write_output(Fdc *f, uint8_t value)
{
    bool was = is_reset(f);
    f->output = value;
    if (is_reset(f) && !was)
        soft_reset(f);
    else if (was && !is_reset(f))
        come_up(f);
    fdc_update(f);
}

static void write_rate(Fdc *f, uint8_t value)
{
    f->rate = value & RATE;
    if (value & DSR_RESET) { /* clears itself */
        soft_reset(f);
        come_up(f);
    }
}

static void command_byte(Fdc *f, uint8_t value)
{
    if (!f->at)
        f->filled = (uint8_t)(1 + fdc_parameters(value));
    f->fifo[f->at++] = value;
    if (f->at < f->filled)
        return;
    f->at = 0;
    fdc_run(f);
}

static void write_fifo(Fdc *f, uint8_t value)
{
    if (is_reset(f))
        return;
    if (f->phase == FDC_COMMAND) {
        command_byte(f, value);
    } else if (f->phase == FDC_TO_DISK) {
        f->buffer[f->place++] = value;
        fdc_buffer_over(f);
    }
}

static uint8_t read_fifo(Fdc *f)
{
    uint8_t value = 0;
    if (is_reset(f))
        return 0;
    if (f->phase == FDC_TO_HOST) {
        value = f->buffer[f->place++];
        fdc_buffer_over(f);
    } else if (f->phase == FDC_RESULT) {
        f->interrupt = false;
        value = f->fifo[f->at++];
        if (f->at == f->filled) {
            f->at = 0;
            f->phase = FDC_COMMAND;
        }
        fdc_update(f);
    }
    return value;
}

static uint64_t port_read(void *dev, uint64_t at, int size)
{
    Fdc *f = dev;
    (void)size;
    return at == R_OUTPUT ? f->output
           : at == R_TAPE ? f->tape
           : at == R_MAIN ? main_status(f)
           : at == R_FIFO ? read_fifo(f)
                          : 0xff; /* the PS/2's status registers */
}

static void port_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Fdc *f = dev;
    (void)size;
    if (at == R_OUTPUT)
        write_output(f, (uint8_t)value);
    else if (at == R_TAPE)
        f->tape = value & 3;
    else if (at == R_MAIN)
        write_rate(f, (uint8_t)value);
    else if (at == R_FIFO)
        write_fifo(f, (uint8_t)value);
}

/* The change line of the drive that is selected and whose motor is on. */
static uint64_t input_read(void *dev, uint64_t at, int size)
{
    const Fdc *f = dev;
    (void)at, (void)size;
    int unit = f->output & 3;
    bool there = unit < FDC_DRIVES && f->drive[unit] && f->output >> (4 + unit) & 1;
    return there && (f->unit[unit].changed || !fdc_medium(f, unit)) ? DISK_CHANGED : 0;
}

static void control_write(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)at, (void)size;
    ((Fdc *)dev)->rate = value & RATE;
}

/* ---- as a device ---- */

FloppyKind fdc_drive_kind(Device *dev, int n)
{
    const Fdc *f = (const Fdc *)(void *)dev;
    if (!f->drive[n])
        return FLOPPY_NONE;
    return f->drive[n]->bytes ? (FloppyKind)floppy_geometry(f->drive[n]->bytes)->kind : FLOPPY_2880K;
}

static void medium_changed(void *fdc)
{
    Fdc *f = fdc;
    for (int i = 0; i < FDC_DRIVES; i++)
        f->unit[i].changed = true;
}

static const DriveUser user = { .changed = medium_changed };

static bool start(void *dev, Error *err)
{
    (void)err;
    Fdc *f = dev;
    timer_init(&f->seek, f->dev.machine, fdc_seek_ended, f);
    timer_init(&f->work, f->dev.machine, fdc_work_ended, f);
    f->iov = (struct iovec){ f->buffer, FDC_SECTOR };
    for (int i = 0; i < FDC_DRIVES; i++)
        if (f->drive[i] && f->drive[i]->removable) {
            f->drive[i]->user = &user;
            f->drive[i]->user_of = f;
        }
    return true;
}

static void reset(void *dev)
{
    Fdc *f = dev;
    soft_reset(f);
    f->transfer = (FdcTransfer){ 0 };
    fdc_update(f);
}

static void loaded(void *dev)
{
    fdc_update(dev);
}

static void stop(void *dev)
{
    Fdc *f = dev;
    forget(f);
    timer_off(&f->seek);
}

static const StateField unit_state[] = {
    STATE(FdcUnit, cylinder),
    STATE(FdcUnit, number),
    STATE(FdcUnit, st0),
    STATE(FdcUnit, seeks),
    STATE(FdcUnit, ended),
    STATE(FdcUnit, changed, .reset = 1),
    STATE_END,
};

static const StateField transfer_state[] = {
    STATE(FdcTransfer, unit, .below = FDC_UNITS),
    STATE(FdcTransfer, head, .below = 2),
    STATE(FdcTransfer, c),
    STATE(FdcTransfer, h),
    STATE(FdcTransfer, r),
    STATE(FdcTransfer, n),
    STATE(FdcTransfer, eot),
    STATE(FdcTransfer, multitrack),
    STATE(FdcTransfer, skip),
    STATE(FdcTransfer, writes),
    STATE(FdcTransfer, verifies),
    STATE(FdcTransfer, formats),
    STATE(FdcTransfer, scans),
    STATE(FdcTransfer, deleted),
    STATE(FdcTransfer, last),
    STATE(FdcTransfer, left),
    STATE(FdcTransfer, st1),
    STATE(FdcTransfer, st2),
    STATE_END,
};

static const StateField state[] = {
    STATE(Fdc, output),
    STATE(Fdc, tape),
    STATE(Fdc, rate, .reset = 2),
    STATE_ARRAY(Fdc, specified),
    STATE_ARRAY(Fdc, configured),
    STATE(Fdc, perpendicular),
    STATE(Fdc, locked),
    STATE(Fdc, interrupt),
    STATE(Fdc, phase, .below = FDC_RESULT + 1),
    STATE_ARRAY(Fdc, fifo),
    STATE(Fdc, at, .below = FDC_FIFO),
    STATE(Fdc, filled, .below = FDC_FIFO + 1),
    STATE_STRUCTS(Fdc, unit, unit_state),
    STATE_STRUCT(Fdc, transfer, transfer_state),
    STATE(Fdc, id),
    STATE_TIMER(Fdc, seek),
    STATE_TIMER(Fdc, work),
    STATE(Fdc, work_st1),
    STATE(Fdc, place, .below = FDC_SECTOR),
    STATE_ARRAY(Fdc, buffer),
    STATE_END,
};

const DeviceType fdc = {
    .name = "isa-fdc",
    .about = "floppy disk controller 82077AA",
    .size = sizeof(Fdc),
    .props = (const Prop[]){ { "dma", "the DMA controller", PROP_DEVICE, offsetof(Fdc, dma), NULL },
                             { "driveA", "the first drive", PROP_DRIVE, offsetof(Fdc, drive[0]), NULL },
                             { "driveB", "the second drive", PROP_DRIVE, offsetof(Fdc, drive[1]), NULL },
                             { 0 } },
    .state = state,
    .windows = (const Window[]){ { PORTS, .read = port_read, .write = port_write, .max = 1 },
                                 { 1, .read = input_read, .write = control_write },
                                 { 0 } },
    .pins = (const Pin[]){ { "irq", offsetof(Fdc, irq), 1 }, { 0 } },
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
