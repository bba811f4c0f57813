/* Commands of the floppy disk controller, as rows of a table (82077AA data sheet, 5). */
#include "devices/storage/fdc.h"

#include <string.h>

enum { MOST_STEPS = 79, VERSION_ENHANCED = 0x90, LAST_CYLINDER = 255 };
enum { CONFIGURE_IMPLIED_SEEK = 0x40, DRIVE_BITS = 3, HEAD_BIT = 4 };
#define SEEK_TIME INT64_C(1000000)
#define ID_TIME   INT64_C(500000)

static void one_byte(Fdc *f, uint8_t value)
{
    fdc_result(f, &value, 1, false);
}

static void invalid(Fdc *f)
{
    one_byte(f, ST0_INVALID);
}

static void done(Fdc *f)
{
    f->phase = FDC_COMMAND;
}

static int unit_asked(const Fdc *f)
{
    return f->fifo[1] & DRIVE_BITS;
}

/* ---- heads ---- */

/* A step takes the change line away if there is a medium. */
static void move_heads(Fdc *f, int n, int cylinder)
{
    FdcUnit *u = &f->unit[n];
    if (cylinder != u->cylinder && fdc_medium(f, n))
        u->changed = false;
    u->cylinder = (uint8_t)cylinder;
}

static void seek_to(Fdc *f, int n, int cylinder)
{
    bool there = n < FDC_DRIVES && f->drive[n];
    if (there)
        move_heads(f, n, cylinder);
    f->unit[n].number = (uint8_t)cylinder;
    f->unit[n].st0 = (uint8_t)(ST0_SEEK_END | (f->fifo[1] & (HEAD_BIT | DRIVE_BITS)));
    f->unit[n].seeks = true;
    timer_at(&f->seek, time_now(f->dev.machine) + SEEK_TIME);
    done(f);
}

void fdc_seek_ended(void *fdc)
{
    Fdc *f = fdc;
    for (int i = 0; i < FDC_UNITS; i++) {
        f->unit[i].ended |= f->unit[i].seeks;
        f->unit[i].seeks = false;
    }
    f->interrupt = true;
    fdc_update(f);
}

static void seek(Fdc *f)
{
    seek_to(f, unit_asked(f), f->fifo[2]);
}

/* By so many cylinders; neither below the first nor beyond the last. */
static void relative_seek(Fdc *f)
{
    bool up = f->fifo[0] & 0x40;
    int from = f->unit[unit_asked(f)].number, to = up ? from + f->fifo[2] : from - f->fifo[2];
    seek_to(f, unit_asked(f), to < 0 ? 0 : to > LAST_CYLINDER ? LAST_CYLINDER : to);
}

/* Steps out until the drive says that it is at cylinder 0, which one that is not there never does. */
static void recalibrate(Fdc *f)
{
    int n = unit_asked(f), far = f->unit[n].cylinder - MOST_STEPS;
    bool there = n < FDC_DRIVES && f->drive[n];
    f->fifo[1] &= DRIVE_BITS;
    seek_to(f, n, there && far > 0 ? far : 0);
    f->unit[n].number = 0;
    if (!there || far > 0)
        f->unit[n].st0 |= ST0_ABNORMAL | ST0_CHECK;
}

static void sense_interrupt(Fdc *f)
{
    for (int i = 0; i < FDC_UNITS; i++) {
        FdcUnit *u = &f->unit[i];
        if (!u->ended)
            continue;
        const uint8_t result[] = { u->st0, u->number };
        u->ended = f->interrupt = false;
        fdc_result(f, result, 2, false);
        return;
    }
    invalid(f);
}

static void sense_drive(Fdc *f)
{
    int n = unit_asked(f);
    const Drive *medium = fdc_medium(f, n);
    uint8_t st3 = ST3_ONES | (f->fifo[1] & (HEAD_BIT | DRIVE_BITS));
    if (n < FDC_DRIVES && f->drive[n] && !f->unit[n].cylinder)
        st3 |= ST3_TRACK_0;
    if (medium && medium->readonly)
        st3 |= ST3_PROTECTED;
    one_byte(f, st3);
}

/* ---- the controller itself ---- */

static void specify(Fdc *f)
{
    memcpy(f->specified, f->fifo + 1, 2);
    done(f);
}

static void configure(Fdc *f)
{
    memcpy(f->configured, f->fifo + 2, 2);
    done(f);
}

static void version(Fdc *f)
{
    one_byte(f, VERSION_ENHANCED);
}

static void perpendicular(Fdc *f)
{
    uint8_t keep = f->fifo[1] & 0x80 ? 0 : 0x3c; /* OW: the bits of drives are written, too */
    f->perpendicular = (uint8_t)((f->perpendicular & keep) | (f->fifo[1] & 0x3f & ~keep));
    done(f);
}

static void lock(Fdc *f)
{
    f->locked = f->fifo[0] & 0x80;
    one_byte(f, f->locked ? 0x10 : 0);
}

static void dump(Fdc *f)
{
    uint8_t result[10];
    for (int i = 0; i < FDC_UNITS; i++)
        result[i] = f->unit[i].number;
    memcpy(result + 4, f->specified, 2);
    result[6] = f->transfer.eot;
    result[7] = (uint8_t)((f->locked ? 0x80 : 0) | f->perpendicular);
    memcpy(result + 8, f->configured, 2);
    fdc_result(f, result, sizeof result, false);
}

/* ---- what moves data ---- */

static void begin(Fdc *f, FdcTransfer t)
{
    const uint8_t *p = f->fifo;
    t.multitrack = p[0] & 0x80;
    t.skip = p[0] & 0x20;
    t.unit = p[1] & DRIVE_BITS;
    t.head = p[1] >> 2 & 1;
    t.c = p[2], t.h = p[3], t.r = p[4], t.n = p[5], t.eot = p[6];
    if (!(p[0] & 0x40))
        t.st1 = ST1_NO_MARK; /* single density: no such medium */
    f->transfer = t;
    if (f->configured[0] & CONFIGURE_IMPLIED_SEEK && t.unit < FDC_DRIVES && f->drive[t.unit]) {
        move_heads(f, t.unit, t.c);
        f->unit[t.unit].number = t.c;
    }
    fdc_begin(f);
}

static void read_data(Fdc *f)
{
    begin(f, (FdcTransfer){ 0 });
}

static void read_deleted(Fdc *f)
{
    begin(f, (FdcTransfer){ .deleted = true });
}

static void write_data(Fdc *f)
{
    begin(f, (FdcTransfer){ .writes = true });
}

/* All of the track, whatever the sector that is named. */
static void read_track(Fdc *f)
{
    f->fifo[4] = 1;
    f->fifo[0] &= 0x7f;
    begin(f, (FdcTransfer){ 0 });
}

/* EC, the uppermost bit of the head's byte: the last one says how many sectors rather than nothing. */
static void verify(Fdc *f)
{
    begin(f, (FdcTransfer){ .verifies = true, .left = f->fifo[1] & 0x80 ? f->fifo[8] : 0 });
}

static void scan(Fdc *f)
{
    begin(f, (FdcTransfer){ .scans = true, .st2 = ST2_EQUAL });
}

/* For each sector its address comes from the host; the track is filled with one byte. */
static void format(Fdc *f)
{
    uint8_t size = f->fifo[2], count = f->fifo[3], filler = f->fifo[5];
    memset(f->buffer, filler, sizeof f->buffer);
    f->fifo[2] = f->unit[unit_asked(f)].cylinder;
    f->fifo[3] = f->fifo[1] >> 2 & 1;
    f->fifo[4] = 1;
    f->fifo[5] = size;
    f->fifo[6] = count;
    f->fifo[0] &= 0x5f;
    if (!count) {
        f->transfer.st1 = f->transfer.st2 = 0;
        fdc_end(f, 0);
        return;
    }
    begin(f, (FdcTransfer){ .writes = true, .formats = true, .left = count });
}

/* The address of the next sector that comes by. */
static void read_id(Fdc *f)
{
    f->transfer = (FdcTransfer){ .unit = f->fifo[1] & DRIVE_BITS, .head = f->fifo[1] >> 2 & 1 };
    f->work_st1 = f->fifo[0] & 0x40 ? 0 : ST1_NO_MARK;
    f->phase = FDC_WAITS;
    timer_at(&f->work, time_now(f->dev.machine) + ID_TIME);
}

void fdc_work_ended(void *fdc)
{
    Fdc *f = fdc;
    FdcTransfer *t = &f->transfer;
    const Drive *medium = fdc_medium(f, t->unit);
    const Geometry *g = medium ? floppy_geometry(medium->bytes) : NULL;
    int cylinder = f->unit[t->unit].cylinder / (g && g->double_step ? 2 : 1);
    t->st1 = f->work_st1;
    if (!g || !(g->rates >> f->rate & 1) || cylinder >= g->cylinders || t->head >= g->heads)
        t->st1 |= ST1_NO_MARK;
    if (!t->st1) {
        t->c = (uint8_t)cylinder;
        t->h = t->head;
        t->r = (uint8_t)(f->id++ % g->sectors + 1);
        t->n = FDC_SIZE_CODE;
    }
    fdc_end(f, t->st1 ? ST0_ABNORMAL : 0);
}

static const struct FdcCommand {
    uint8_t code, bits; /* of the first byte, that say which it is */
    uint8_t parameters;
    void (*run)(Fdc *);
} commands[] = {
    { 0x06, 0x1f, 8, read_data },
    { 0x0c, 0x1f, 8, read_deleted },
    { 0x05, 0x3f, 8, write_data },
    { 0x09, 0x3f, 8, write_data },
    { 0x02, 0x9f, 8, read_track },
    { 0x16, 0x1f, 8, verify },
    { 0x10, 0xff, 0, version },
    { 0x0d, 0xbf, 5, format },
    { 0x11, 0x1f, 8, scan },
    { 0x19, 0x1f, 8, scan },
    { 0x1d, 0x1f, 8, scan },
    { 0x07, 0xff, 1, recalibrate },
    { 0x08, 0xff, 0, sense_interrupt },
    { 0x03, 0xff, 2, specify },
    { 0x04, 0xff, 1, sense_drive },
    { 0x13, 0xff, 3, configure },
    { 0x0f, 0xff, 2, seek },
    { 0x8f, 0xbf, 2, relative_seek },
    { 0x0e, 0xff, 0, dump },
    { 0x0a, 0xbf, 1, read_id },
    { 0x12, 0xff, 1, perpendicular },
    { 0x14, 0x7f, 0, lock },
};

static const struct FdcCommand *command(uint8_t code)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].code == (code & commands[i].bits))
            return &commands[i];
    return NULL;
}

int fdc_parameters(uint8_t code)
{
    return command(code) ? command(code)->parameters : 0;
}

void fdc_run(Fdc *f)
{
    const struct FdcCommand *c = command(f->fifo[0]);
    if (c)
        c->run(f);
    else
        invalid(f);
}
