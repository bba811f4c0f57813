/* Commands of a disk (ATA-6, T13/1410D), as rows of a table. */
#include "devices/storage/ide.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { MULTIPLE_MOST = 16, SELECT_LBA = 0x40 };

void ide_geometry(const IdeUnit *u, uint32_t *cylinders, uint32_t *heads, uint32_t *sectors)
{
    uint64_t total = u->medium ? u->medium->bytes / IDE_SECTOR : 0, c = total / (16 * 63);
    *heads = 16;
    *sectors = 63;
    *cylinders = c > 16383 ? 16383 : c < 2 ? 2 : (uint32_t)c;
}

static uint64_t size_of(const IdeUnit *u)
{
    return u->medium->bytes / IDE_SECTOR;
}

/* ---- IDENTIFY ---- */

static void words_text(uint8_t *buffer, int word, int words, const char *text)
{
    for (int i = 0; i < words * 2; i++)
        buffer[word * 2 + (i ^ 1)] = *text ? (uint8_t)*text++ : ' ';
}

static void put(uint8_t *buffer, int word, uint32_t value)
{
    buffer[word * 2] = (uint8_t)value;
    buffer[word * 2 + 1] = (uint8_t)(value >> 8);
}

static void identify_disk(const IdeUnit *u, uint8_t *b)
{
    uint32_t cylinders, heads, sectors;
    ide_geometry(u, &cylinders, &heads, &sectors);
    uint64_t total = size_of(u), now = total / (u->heads * u->sectors), chs = (uint64_t)cylinders * heads * sectors;
    put(b, 0, 0x40);
    put(b, 1, cylinders);
    put(b, 3, heads);
    put(b, 6, sectors);
    put(b, 47, 0x8000 | MULTIPLE_MOST);
    put(b, 48, 1); /* data by 32 bits */
    put(b, 54, now > 65535 ? 65535 : (uint32_t)now);
    put(b, 55, u->heads);
    put(b, 56, u->sectors);
    put(b, 57, (uint32_t)chs & 0xffff);
    put(b, 58, (uint32_t)(chs >> 16));
    put(b, 59, u->multiple ? 0x100u | u->multiple : 0);
    uint32_t small = total > 0x0fffffff ? 0x0fffffff : (uint32_t)total;
    put(b, 60, small & 0xffff);
    put(b, 61, small >> 16);
    for (int i = 0; i < 4; i++)
        put(b, 100 + i, (uint32_t)(total >> i * 16) & 0xffff);
}

void ide_identify(IdeUnit *u)
{
    uint8_t *b = u->buffer;
    char serial[24];
    memset(b, 0, IDE_SECTOR);
    snprintf(serial, sizeof serial, "%s", u->serial);
    if (u->cdrom)
        put(b, 0, 0x85c0); /* a CD-ROM; removable; DRQ within 50 us of the packet command */
    else
        identify_disk(u, b);
    words_text(b, 10, 10, serial);
    put(b, 20, 3);
    put(b, 21, 512);
    words_text(b, 23, 4, "2.5+");
    words_text(b, 27, 20, u->cdrom ? "QEMU DVD-ROM" : "QEMU HARDDISK");
    put(b, 49, 0x0b00 & (u->cdrom ? 0x0300 : 0xffff)); /* DMA, LBA */
    put(b, 51, 0x200);
    put(b, 52, 0x200);
    put(b, 53, 7);
    put(b, 63, 7); /* multiword DMA 0 to 2 */
    put(b, 64, 3); /* PIO 3 and 4 */
    for (int i = 65; i <= 68; i++)
        put(b, i, 120);
    put(b, 80, u->cdrom ? 0x1e : 0xf0);
    put(b, 82, u->cdrom ? 0x0210 : 0x4021);
    put(b, 83, u->cdrom ? 0x4000 : 0x7400); /* FLUSH CACHE, also extended; 48 bits */
    put(b, 84, 0x4000);
    put(b, 85, u->cdrom ? 0x0210 : 0x4021);
    put(b, 86, u->cdrom ? 0 : 0x3400);
    put(b, 87, 0x4000);
    put(b, 88, 0x203f); /* Ultra DMA 0 to 5, 5 is active */
    put(b, 93, 0x6001 | (u->number ? 0 : 0x2000));
}

/* ---- where and how much ---- */

static uint64_t address_of(const IdeUnit *u)
{
    uint64_t low = u->low[0] | (uint64_t)u->mid[0] << 8 | (uint64_t)u->high[0] << 16;
    if (!(u->select & SELECT_LBA)) {
        uint64_t cylinder = low >> 8, head = u->select & 15;
        /* sectors are counted from 1; a 0 is out of bounds */
        return u->low[0] ? (cylinder * u->heads + head) * u->sectors + u->low[0] - 1u : UINT64_MAX;
    }
    if (u->wide)
        return low | (uint64_t)u->low[1] << 24 | (uint64_t)u->mid[1] << 32 | (uint64_t)u->high[1] << 40;
    return low | (uint64_t)(u->select & 15) << 24;
}

static void set_address(IdeUnit *u, uint64_t at)
{
    if (!(u->select & SELECT_LBA)) {
        uint64_t track = at / u->sectors, cylinder = track / u->heads;
        u->low[0] = (uint8_t)(at % u->sectors + 1);
        u->mid[0] = (uint8_t)cylinder;
        u->high[0] = (uint8_t)(cylinder >> 8);
        u->select = (uint8_t)((u->select & 0xf0) | track % u->heads);
        return;
    }
    u->low[0] = (uint8_t)at;
    u->mid[0] = (uint8_t)(at >> 8);
    u->high[0] = (uint8_t)(at >> 16);
    if (!u->wide) {
        u->select = (uint8_t)((u->select & 0xf0) | (at >> 24 & 15));
        return;
    }
    u->low[1] = (uint8_t)(at >> 24);
    u->mid[1] = (uint8_t)(at >> 32);
    u->high[1] = (uint8_t)(at >> 40);
}

static uint64_t count_of(const IdeUnit *u)
{
    uint32_t n = u->wide ? u->count[0] | (uint32_t)u->count[1] << 8 : u->count[0];
    return n ? n : u->wide ? 65536 : 256;
}

/* ---- transfers ---- a buffer at a time; the processor gets or fills it in blocks, each with an interrupt */

static uint32_t per_block(const IdeUnit *u)
{
    return (u->multiple && u->chunk ? u->multiple : 1u) * IDE_SECTOR;
}

/* For the processor: the next block of the buffer. */
static void next_block(IdeUnit *u)
{
    uint32_t rest = u->piece - u->filled, block = per_block(u);
    u->filled += rest < block ? rest : block;
    u->phase = u->writes ? IDE_DATA_OUT : IDE_DATA_IN;
    u->status = IDE_READY | IDE_DSC | IDE_DRQ;
}

static void next_piece(IdeUnit *u)
{
    u->piece = (u->left < IDE_BUFFER / IDE_SECTOR ? (uint32_t)u->left : IDE_BUFFER / IDE_SECTOR) * IDE_SECTOR;
    u->at = u->filled = 0;
    if (!u->writes) {
        ide_submit(u, DRIVE_READ, u->sector * IDE_SECTOR, u->piece);
    } else if (u->dma) {
        uint32_t got = u->channel->move(u->channel->owner, u->buffer, u->piece, false);
        if (got == u->piece)
            ide_submit(u, DRIVE_WRITE, u->sector * IDE_SECTOR, u->piece);
        else
            ide_fail(u, IDE_ABORTED);
    } else {
        next_block(u);
    }
}

static void advance(IdeUnit *u)
{
    uint32_t n = u->piece / IDE_SECTOR;
    u->sector += n;
    u->left -= n;
    set_address(u, u->sector - 1); /* the registers tell the last one */
}

static void transfer(IdeUnit *u)
{
    u->sector = address_of(u);
    u->left = count_of(u);
    uint64_t size = size_of(u);
    if (u->sector >= size || u->left > size - u->sector) {
        ide_fail(u, IDE_NOT_FOUND | IDE_ABORTED);
        return;
    }
    if (u->writes && u->medium->readonly) {
        ide_fail(u, IDE_ABORTED);
        return;
    }
    if (!u->dma) {
        next_piece(u);
        return;
    }
    u->phase = IDE_DMA;
    u->status = IDE_READY | IDE_DSC | IDE_DRQ;
    ide_dma_start(u->channel);
}

void ata_dma(IdeUnit *u)
{
    next_piece(u);
}

static void flushed(IdeUnit *u, bool ok)
{
    if (ok)
        ide_done(u);
    else
        ide_fail(u, IDE_ABORTED);
}

void ata_submitted(IdeUnit *u, bool ok)
{
    if (!u->left || !ok) {
        flushed(u, ok);
        return;
    }
    if (!u->writes && !u->dma) {
        next_block(u);
        ide_interrupt(u);
        return;
    }
    if (u->dma && !u->writes && u->channel->move(u->channel->owner, u->buffer, u->piece, true) != u->piece) {
        ide_fail(u, IDE_ABORTED);
        return;
    }
    advance(u);
    if (!u->left) {
        ide_done(u);
        return;
    }
    next_piece(u);
    if (u->phase == IDE_DATA_OUT)
        ide_interrupt(u);
}

void ata_block_over(IdeUnit *u)
{
    if (u->filled < u->piece) {
        next_block(u);
        ide_interrupt(u);
        return;
    }
    if (u->phase == IDE_DATA_OUT) {
        ide_submit(u, DRIVE_WRITE, u->sector * IDE_SECTOR, u->piece);
        return;
    }
    if (u->left)
        advance(u);
    if (u->left) {
        next_piece(u);
        return;
    }
    /* the last of the data was the end of the command: no interrupt */
    u->phase = IDE_IDLE;
    u->status = IDE_READY | IDE_DSC;
}

/* ---- commands ---- */

enum {
    F_WIDE = 1,
    F_DMA = 2,
    F_WRITE = 4,
    F_MULTIPLE = 8,
    F_DISK = 16, /* not for a CD-ROM, which answers with its signature */
    F_PACKET = 32,
};

static void do_transfer(IdeUnit *u)
{
    transfer(u);
}

static void verify(IdeUnit *u)
{
    uint64_t at = address_of(u), n = count_of(u), size = size_of(u);
    if (at >= size || n > size - at)
        ide_fail(u, IDE_NOT_FOUND | IDE_ABORTED);
    else
        ide_done(u);
}

static void identify(IdeUnit *u)
{
    ide_identify(u);
    u->left = 0;
    u->chunk = 0;
    u->piece = IDE_SECTOR;
    ide_data_in(u, IDE_SECTOR);
}

static void not_a_disk(IdeUnit *u)
{
    ide_signature(u);
    ide_fail(u, IDE_ABORTED);
}

static void flush(IdeUnit *u)
{
    u->left = 0;
    ide_submit(u, DRIVE_FLUSH, 0, 0);
}

static void set_multiple(IdeUnit *u)
{
    uint8_t n = u->count[0];
    if (n > MULTIPLE_MOST || n & (n - 1)) {
        ide_fail(u, IDE_ABORTED);
        return;
    }
    u->multiple = n;
    ide_done(u);
}

static void set_parameters(IdeUnit *u)
{
    if (u->count[0]) {
        u->sectors = u->count[0];
        u->heads = (u->select & 15u) + 1;
    }
    ide_done(u);
}

/* Transfer modes and caches change nothing here; others are not known. */
static void set_features(IdeUnit *u)
{
    static const uint8_t known[] = { 0x02, 0x03, 0x05, 0x42, 0x55, 0x66, 0x69, 0x82, 0x85, 0xaa, 0xc2, 0xcc };
    if (memchr(known, u->feature[0], sizeof known))
        ide_done(u);
    else
        ide_fail(u, IDE_ABORTED);
}

static void native_max(IdeUnit *u)
{
    uint64_t last = size_of(u) - 1, most = u->wide ? last : 0x0fffffff;
    u->select |= SELECT_LBA;
    set_address(u, last < most ? last : most);
    ide_done(u);
}

static void power_mode(IdeUnit *u)
{
    u->count[0] = 0xff; /* active or idle */
    ide_done(u);
}

static void packet(IdeUnit *u)
{
    u->dma = u->feature[0] & 1;
    u->at = 0;
    u->phase = IDE_PACKET_OUT;
    u->status = IDE_READY | IDE_DRQ;
    u->count[0] = 1; /* command, to the device */
}

static const struct Command {
    uint8_t first, last;
    uint8_t flags;
    void (*run)(IdeUnit *);
} commands[] = {
    { 0x10, 0x1f, F_DISK, ide_done },                                    /* RECALIBRATE */
    { 0x20, 0x21, F_DISK, do_transfer },                                 /* READ SECTORS */
    { 0x24, 0x24, F_DISK | F_WIDE, do_transfer },                        /* READ SECTORS EXT */
    { 0x25, 0x25, F_DISK | F_WIDE | F_DMA, do_transfer },                /* READ DMA EXT */
    { 0x27, 0x27, F_DISK | F_WIDE, native_max },                         /* READ NATIVE MAX ADDRESS EXT */
    { 0x29, 0x29, F_DISK | F_WIDE | F_MULTIPLE, do_transfer },           /* READ MULTIPLE EXT */
    { 0x30, 0x31, F_DISK | F_WRITE, do_transfer },                       /* WRITE SECTORS */
    { 0x34, 0x34, F_DISK | F_WIDE | F_WRITE, do_transfer },              /* WRITE SECTORS EXT */
    { 0x35, 0x35, F_DISK | F_WIDE | F_DMA | F_WRITE, do_transfer },      /* WRITE DMA EXT */
    { 0x39, 0x39, F_DISK | F_WIDE | F_WRITE | F_MULTIPLE, do_transfer }, /* WRITE MULTIPLE EXT */
    { 0x40, 0x41, F_DISK, verify },                                      /* READ VERIFY SECTORS */
    { 0x42, 0x42, F_DISK | F_WIDE, verify },                             /* READ VERIFY SECTORS EXT */
    { 0x70, 0x70, F_DISK, ide_done },                                    /* SEEK */
    { 0x91, 0x91, F_DISK, set_parameters },                              /* INITIALIZE DEVICE PARAMETERS */
    { 0x94, 0x97, 0, ide_done },                                         /* STANDBY, IDLE, of old */
    { 0x98, 0x98, 0, power_mode },                                       /* CHECK POWER MODE, of old */
    { 0xa0, 0xa0, F_PACKET, packet },                                    /* PACKET */
    { 0xa1, 0xa1, F_PACKET, identify },                                  /* IDENTIFY PACKET DEVICE */
    { 0xc4, 0xc4, F_DISK | F_MULTIPLE, do_transfer },                    /* READ MULTIPLE */
    { 0xc5, 0xc5, F_DISK | F_MULTIPLE | F_WRITE, do_transfer },          /* WRITE MULTIPLE */
    { 0xc6, 0xc6, F_DISK, set_multiple },                                /* SET MULTIPLE MODE */
    { 0xc8, 0xc9, F_DISK | F_DMA, do_transfer },                         /* READ DMA */
    { 0xca, 0xcb, F_DISK | F_DMA | F_WRITE, do_transfer },               /* WRITE DMA */
    { 0xe0, 0xe3, 0, ide_done },                                         /* STANDBY, IDLE */
    { 0xe5, 0xe5, 0, power_mode },                                       /* CHECK POWER MODE */
    { 0xe6, 0xe6, 0, ide_done },                                         /* SLEEP */
    { 0xe7, 0xe7, F_DISK, flush },                                       /* FLUSH CACHE */
    { 0xea, 0xea, F_DISK, flush },                                       /* FLUSH CACHE EXT */
    { 0xec, 0xec, F_DISK, identify },                                    /* IDENTIFY DEVICE */
    { 0xef, 0xef, 0, set_features },                                     /* SET FEATURES */
    { 0xf8, 0xf8, F_DISK, native_max },                                  /* READ NATIVE MAX ADDRESS */
};

void ata_command(IdeUnit *u, uint8_t command)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct Command *c = &commands[i];
        if (command < c->first || command > c->last)
            continue;
        u->wide = c->flags & F_WIDE;
        u->dma = c->flags & F_DMA;
        u->writes = c->flags & F_WRITE;
        u->chunk = c->flags & F_MULTIPLE;
        bool wrong = u->cdrom ? c->flags & F_DISK : c->flags & F_PACKET;
        if (wrong && u->cdrom)
            not_a_disk(u);
        else if (wrong || (c->flags & F_MULTIPLE && !u->multiple) || (u->dma && !u->channel->move))
            ide_fail(u, IDE_ABORTED);
        else
            c->run(u);
        return;
    }
    log_guest("%s: unknown command 0x%02x", u->channel->dev->id, command);
    ide_fail(u, IDE_ABORTED);
}
