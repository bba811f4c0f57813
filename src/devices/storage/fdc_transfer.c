/* Sectors between a floppy disk and the host, by DMA or through the FIFO, one after another until the terminal count of
 * the DMA controller or the end of the track (82077AA data sheet, 5.1 and 6). */
#include "devices/storage/fdc.h"
#include "devices/system/i8237.h"

#include <string.h>

/* By their size, as raw images are; rates are 500, 300, 250 kbit/s and 1 Mbit/s. */
static const Geometry geometries[] = {
    { 40, 1, 8, 6, FLOPPY_1200K, true },   { 40, 1, 9, 6, FLOPPY_1200K, true },   { 40, 2, 8, 6, FLOPPY_1200K, true },
    { 40, 2, 9, 6, FLOPPY_1200K, true },   { 80, 2, 9, 4, FLOPPY_1440K, false },  { 80, 2, 10, 4, FLOPPY_1440K, false },
    { 82, 2, 10, 4, FLOPPY_1440K, false }, { 80, 2, 15, 1, FLOPPY_1200K, false }, { 80, 2, 18, 1, FLOPPY_1440K, false },
    { 80, 2, 20, 1, FLOPPY_1440K, false }, { 80, 2, 21, 1, FLOPPY_1440K, false }, { 82, 2, 21, 1, FLOPPY_1440K, false },
    { 83, 2, 21, 1, FLOPPY_1440K, false }, { 80, 2, 36, 8, FLOPPY_2880K, false },
};
enum { GEOMETRIES = sizeof geometries / sizeof *geometries, USUAL = 8 };

/* An image of another size is a disk of 1.44M, of which something is missing, or that is too large. */
const Geometry *floppy_geometry(uint64_t bytes)
{
    for (int i = 0; i < GEOMETRIES && bytes; i++) {
        const Geometry *g = &geometries[i];
        if (bytes == (uint64_t)g->cylinders * g->heads * g->sectors * FDC_SECTOR)
            return g;
    }
    return bytes ? &geometries[USUAL] : NULL;
}

/* ---- the end ---- */

void fdc_end(Fdc *f, uint8_t st0)
{
    const FdcTransfer *t = &f->transfer;
    const uint8_t result[] = { (uint8_t)(st0 | t->head << 2 | t->unit), t->st1, t->st2, t->c, t->h, t->r, t->n };
    fdc_result(f, result, sizeof result, true);
}

void fdc_fail(Fdc *f, uint8_t st1)
{
    f->transfer.st1 |= st1;
    fdc_end(f, ST0_ABNORMAL);
}

/* Which sector the result names is the next one (data sheet, table 5-6). False: this was the last one. */
static bool advance(FdcTransfer *t)
{
    if (t->r != t->eot) {
        t->r++;
        return true;
    }
    bool more = t->multitrack && !t->head;
    t->r = 1;
    if (t->multitrack) {
        t->h ^= 1;
        t->head ^= more;
    }
    t->c += !more;
    return more;
}

/* ---- where ---- */

/* Whether the sector is on the medium, under the heads; else status says what is wrong. */
static bool find(Fdc *f, uint64_t *at)
{
    FdcTransfer *t = &f->transfer;
    const Drive *medium = fdc_medium(f, t->unit);
    const Geometry *g = medium ? floppy_geometry(medium->bytes) : NULL;
    uint8_t cylinder = f->unit[t->unit].cylinder;
    if (!g || t->st1 || !(g->rates >> f->rate & 1) || t->head >= g->heads) {
        t->st1 |= ST1_NO_MARK;
        return false;
    }
    /* one that steps singly over a disk of 40 cylinders finds them, too */
    bool there = t->c == cylinder || (g->double_step && t->c == cylinder / 2);
    if (!there || t->c >= g->cylinders)
        t->st2 |= ST2_WRONG_CYLINDER;
    if (!there || t->c >= g->cylinders || t->h != t->head || t->n != FDC_SIZE_CODE || !t->r || t->r > g->sectors) {
        t->st1 |= ST1_NO_DATA;
        return false;
    }
    *at = ((uint64_t)(t->c * g->heads + t->head) * g->sectors + t->r - 1) * FDC_SECTOR;
    return true;
}

/* ---- sector by sector ---- */

static void next(Fdc *f);

static void sector_over(Fdc *f)
{
    FdcTransfer *t = &f->transfer;
    bool more = advance(t);
    if (t->last || (t->left && !--t->left)) {
        fdc_end(f, 0);
    } else if (more) {
        next(f);
    } else if (t->verifies) {
        fdc_end(f, 0);
    } else {
        fdc_fail(f, ST1_END);
    }
}

/* Equal bytes, FFh on either side fitting all, and the two kinds of not equal; a match ends the command. */
static void compare(Fdc *f, const uint8_t *host)
{
    FdcTransfer *t = &f->transfer;
    uint8_t kind = f->fifo[0] & 0x1f;
    int order = 0;
    for (int i = 0; i < FDC_SECTOR && !order; i++)
        if (host[i] != 0xff && f->buffer[i] != 0xff)
            order = f->buffer[i] - host[i];
    bool fits = !order || (kind == 0x19 && order < 0) || (kind == 0x1d && order > 0);
    t->st2 = !order ? ST2_EQUAL : fits ? 0 : ST2_UNEQUAL;
    t->last |= fits;
}

static uint32_t transfer(Fdc *f, uint8_t *bytes, uint32_t len)
{
    bool open = f->dma && f->output & FDC_OUTPUT_GATE, last = false;
    uint32_t n = open ? i8237_transfer(f->dma, FDC_DMA_CHANNEL, bytes, len, &last) : 0;
    f->transfer.last |= last;
    return n;
}

static bool uses_dma(const Fdc *f)
{
    return !(f->specified[1] & FDC_NO_DMA);
}

/* A sector is in the buffer and goes to the host. */
static void to_host(Fdc *f)
{
    FdcTransfer *t = &f->transfer;
    uint8_t host[FDC_SECTOR];
    if (t->deleted)
        t->st2 |= ST2_CONTROL_MARK;
    if (t->verifies) {
        sector_over(f);
    } else if (!uses_dma(f)) {
        f->place = 0;
        f->phase = FDC_TO_HOST;
        fdc_update(f);
    } else if (transfer(f, t->scans ? host : f->buffer, FDC_SECTOR) < FDC_SECTOR && !t->last) {
        fdc_fail(f, ST1_OVERRUN);
    } else {
        if (t->scans)
            compare(f, host);
        t->last |= t->deleted; /* no sector of an image is marked so; the first that is not is the last to be read */
        sector_over(f);
    }
}

static void moved(void *fdc, bool ok)
{
    Fdc *f = fdc;
    if (f->phase != FDC_WAITS)
        return; /* it was reset meanwhile */
    if (!ok)
        fdc_fail(f, ST1_DATA_ERROR);
    else if (f->transfer.writes)
        sector_over(f);
    else
        to_host(f);
}

/* What an image is too short for reads as zeros. */
static void submit(Fdc *f, uint64_t at)
{
    const FdcTransfer *t = &f->transfer;
    Drive *d = fdc_medium(f, t->unit);
    f->phase = FDC_WAITS;
    if (!t->writes && at + FDC_SECTOR > d->bytes) {
        memset(f->buffer, 0, sizeof f->buffer);
        moved(f, true);
        return;
    }
    d->submit(d, t->writes ? DRIVE_WRITE : DRIVE_READ, at, FDC_SECTOR, &f->iov, 1, moved, f);
}

/* The address of the sector that is to be formatted; what it is filled with stays in the buffer. */
static bool take_address(Fdc *f)
{
    FdcTransfer *t = &f->transfer;
    uint8_t address[4];
    if (transfer(f, address, 4) < 4)
        return false;
    t->c = address[0], t->h = address[1], t->r = address[2], t->n = address[3];
    return true;
}

static void write_next(Fdc *f, uint64_t at)
{
    FdcTransfer *t = &f->transfer;
    if (!t->formats) {
        uint32_t n = transfer(f, f->buffer, FDC_SECTOR);
        if (n < FDC_SECTOR && !t->last) {
            fdc_fail(f, ST1_OVERRUN);
            return;
        }
        memset(f->buffer + n, 0, FDC_SECTOR - n);
    }
    submit(f, at);
}

static void next(Fdc *f)
{
    FdcTransfer *t = &f->transfer;
    const Drive *medium = fdc_medium(f, t->unit);
    uint64_t at;
    if (t->formats && !take_address(f)) {
        fdc_fail(f, ST1_OVERRUN);
        return;
    }
    if (t->formats) /* the last is what says when to end, not the order of sectors */
        t->last = false, t->eot = 0;
    if (!find(f, &at)) {
        fdc_fail(f, 0);
    } else if (t->writes && medium->readonly) {
        fdc_fail(f, ST1_PROTECTED);
    } else if (!t->writes) {
        submit(f, at);
    } else if (uses_dma(f) || t->formats) {
        write_next(f, at);
    } else {
        f->place = 0;
        f->phase = FDC_TO_DISK;
        fdc_update(f);
    }
}

void fdc_begin(Fdc *f)
{
    f->phase = FDC_WAITS;
    next(f);
}

/* Without DMA: a byte went; after the last one of a sector it goes on. */
void fdc_buffer_over(Fdc *f)
{
    uint64_t at;
    if (f->place < FDC_SECTOR)
        return;
    f->place = 0;
    if (f->phase == FDC_TO_HOST)
        sector_over(f);
    else if (find(f, &at))
        submit(f, at);
    else
        fdc_fail(f, 0);
    fdc_update(f);
}
