/* Packets of a CD-ROM drive (MMC-3, SPC-2), as rows of a table. The medium is one data track. */
#include "devices/storage/ide.h"

#include "base/log.h"

#include <string.h>

enum { NOT_READY = 2, MEDIUM_ERROR = 3, ILLEGAL_REQUEST = 5, UNIT_ATTENTION = 6 };
enum { NO_MEDIUM = 0x3a, BAD_COMMAND = 0x20, OUT_OF_RANGE = 0x21, BAD_FIELD = 0x24, READ_ERROR = 0x11 };
enum { TRACK_LEAD_OUT = 0xaa, CHUNK_MOST = 0xfffe, LEAD_IN = 150 };
enum { REASON_COMMAND = 1, REASON_TO_HOST = 2 };

static uint32_t big(const uint8_t *at, int size)
{
    uint32_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static void put(uint8_t *at, uint32_t value, int size)
{
    for (int i = size; i--; value >>= 8)
        at[i] = (uint8_t)value;
}

static uint32_t blocks(const IdeUnit *u)
{
    return (uint32_t)(u->medium->bytes / IDE_CD_SECTOR);
}

static bool has_medium(const IdeUnit *u)
{
    return u->medium->bytes && !u->ejected;
}

static void set_sense(IdeUnit *u, uint8_t key, uint8_t code)
{
    u->sense[0] = key;
    u->sense[1] = code;
    u->sense[2] = 0;
}

static void good(IdeUnit *u)
{
    set_sense(u, 0, 0);
    u->count[0] = REASON_COMMAND | REASON_TO_HOST;
    ide_done(u);
}

static void bad(IdeUnit *u, uint8_t key, uint8_t code)
{
    set_sense(u, key, code);
    u->count[0] = REASON_COMMAND | REASON_TO_HOST;
    ide_fail(u, (uint8_t)(key << 4 | IDE_ABORTED));
}

/* ---- data to the host ---- */

/* By PIO in pieces of at most the byte count that the host wrote beside the packet command. */
static void offer(IdeUnit *u)
{
    uint32_t limit = u->mid[1] | (uint32_t)u->high[1] << 8, rest = u->filled - u->at;
    limit = limit && limit != 0xffff ? limit : CHUNK_MOST;
    uint32_t n = rest < limit ? rest : limit & ~1u;
    n = n ? n : rest < 2 ? rest : 2;
    u->chunk = u->at + n;
    u->mid[0] = (uint8_t)n;
    u->high[0] = (uint8_t)(n >> 8);
    u->count[0] = REASON_TO_HOST;
    u->phase = IDE_DATA_IN;
    u->status = IDE_READY | IDE_DRQ;
    ide_interrupt(u);
}

static void read_more(IdeUnit *u);

static void filled(IdeUnit *u)
{
    if (!u->dma) {
        offer(u);
        return;
    }
    if (!u->channel->started || !u->channel->started(u->channel->owner)) {
        u->phase = IDE_DMA;
        u->status = IDE_READY | IDE_DRQ;
        return;
    }
    if (u->channel->move(u->channel->owner, u->buffer, u->filled, true) < u->filled)
        u->left = 0; /* the memory that was given is full: as much as there is room for */
    read_more(u);
}

void atapi_dma(IdeUnit *u)
{
    filled(u);
}

void atapi_block_over(IdeUnit *u)
{
    if (u->phase != IDE_DATA_IN)
        return;
    if (u->command != 0xa0) { /* IDENTIFY's data */
        u->phase = IDE_IDLE;
        u->status = IDE_READY | IDE_DSC;
        return;
    }
    if (u->at < u->filled)
        offer(u);
    else
        read_more(u);
}

/* What is in the buffer, cut to what the host takes. */
static void reply(IdeUnit *u, uint32_t len, uint32_t most)
{
    u->left = 0;
    u->at = 0;
    u->filled = len < most ? len : most;
    if (u->filled)
        filled(u);
    else
        good(u);
}

static void read_more(IdeUnit *u)
{
    uint32_t most = IDE_BUFFER / IDE_CD_SECTOR, n = u->left < most ? (uint32_t)u->left : most;
    if (!n) {
        good(u);
        return;
    }
    u->at = 0;
    u->filled = n * IDE_CD_SECTOR;
    ide_submit(u, DRIVE_READ, u->sector * IDE_CD_SECTOR, u->filled);
    u->sector += n;
    u->left -= n;
}

void atapi_submitted(IdeUnit *u, bool ok)
{
    if (ok)
        filled(u);
    else
        bad(u, MEDIUM_ERROR, READ_ERROR);
}

static void read_blocks(IdeUnit *u, uint32_t at, uint32_t n)
{
    if (at > blocks(u) || n > blocks(u) - at) {
        bad(u, ILLEGAL_REQUEST, OUT_OF_RANGE);
        return;
    }
    u->sector = at;
    u->left = n;
    read_more(u);
}

/* ---- packets ---- */

static void test_ready(IdeUnit *u)
{
    good(u);
}

static void request_sense(IdeUnit *u)
{
    uint8_t *b = u->buffer;
    memset(b, 0, 18);
    b[0] = 0xf0;
    b[2] = u->sense[0];
    b[7] = 10;
    b[12] = u->sense[1];
    b[13] = u->sense[2];
    u->attention = false;
    reply(u, 18, u->packet[4]);
}

static void inquiry(IdeUnit *u)
{
    uint8_t *b = u->buffer;
    if (u->packet[1] & 1) {
        bad(u, ILLEGAL_REQUEST, BAD_FIELD);
        return;
    }
    memset(b, 0, 36);
    b[0] = 5;
    b[1] = 0x80;
    b[3] = 0x21;
    b[4] = 31;
    memcpy(b + 8, "QEMU    QEMU DVD-ROM    2.5+", 28);
    reply(u, 36, big(u->packet + 3, 2));
}

static void read_10(IdeUnit *u)
{
    read_blocks(u, big(u->packet + 2, 4), big(u->packet + 7, 2));
}

static void read_12(IdeUnit *u)
{
    read_blocks(u, big(u->packet + 2, 4), big(u->packet + 6, 4));
}

/* READ CD: the user data of data sectors only. */
static void read_cd(IdeUnit *u)
{
    uint32_t n = big(u->packet + 6, 3);
    uint8_t what = u->packet[9] & 0xf8;
    if (!n || !what)
        good(u);
    else if (what == 0x10)
        read_blocks(u, big(u->packet + 2, 4), n);
    else
        bad(u, ILLEGAL_REQUEST, BAD_FIELD);
}

static void capacity(IdeUnit *u)
{
    put(u->buffer, blocks(u) - 1, 4);
    put(u->buffer + 4, IDE_CD_SECTOR, 4);
    reply(u, 8, 8);
}

static void seek(IdeUnit *u)
{
    if (big(u->packet + 2, 4) >= blocks(u))
        bad(u, ILLEGAL_REQUEST, OUT_OF_RANGE);
    else
        good(u);
}

static uint8_t *put_position(uint8_t *at, uint32_t block, bool msf)
{
    uint32_t frame = block + LEAD_IN;
    if (msf)
        put(at, frame / 75 / 60 << 16 | frame / 75 % 60 << 8 | frame % 75, 4);
    else
        put(at, block, 4);
    return at + 4;
}

static uint8_t *put_track(uint8_t *at, uint8_t track, uint32_t block, bool msf)
{
    const uint8_t head[] = { 0, 0x14, track, 0 };
    memcpy(at, head, 4);
    return put_position(at + 4, block, msf);
}

/* The raw table: first and last track, lead-out, track 1. */
static uint8_t *put_raw_toc(IdeUnit *u, uint8_t *at, bool msf)
{
    static const uint8_t points[] = { 0xa0, 0xa1, 0xa2, 1 };
    for (int i = 0; i < 4; i++) {
        const uint8_t head[] = { 1, 0x14, 0, points[i], 0, 0, 0 };
        memcpy(at, head, 7);
        at += 7;
        if (i < 2) {
            put(at, 1u << 16 | 0, 4);
            at[0] = 0;
            at += 4;
        } else {
            at = put_position(at, i == 2 ? blocks(u) : 0, msf);
        }
    }
    return at;
}

static void toc(IdeUnit *u)
{
    bool msf = u->packet[1] & 2;
    uint8_t format = u->packet[2] & 15, *b = u->buffer, *at = b + 4, start = u->packet[6];
    format = format ? format : u->packet[9] >> 6;
    if (format > 2 || (format == 0 && start > 1 && start != TRACK_LEAD_OUT)) {
        bad(u, ILLEGAL_REQUEST, BAD_FIELD);
        return;
    }
    b[2] = b[3] = 1; /* first and last track or session */
    if (format == 2)
        at = put_raw_toc(u, at, msf);
    else if (format == 1 || start <= 1)
        at = put_track(at, 1, 0, msf);
    if (format == 0)
        at = put_track(at, TRACK_LEAD_OUT, blocks(u), msf);
    put(b, (uint32_t)(at - b) - 2, 2);
    reply(u, (uint32_t)(at - b), big(u->packet + 7, 2));
}

/* The capabilities page and that of error recovery. */
static uint32_t mode_page(uint8_t *b, uint8_t page)
{
    static const uint8_t recovery[] = { 0x01, 6, 0, 5, 0, 0, 0, 0 };
    static const uint8_t capabilities[] = { 0x2a, 18, 0x3b, 0, 0x70, 0x60, 0x2b, 0, 2, 0xc2, 0, 2, 2, 0, 2, 0xc2 };
    if (page == 0x01) {
        memcpy(b, recovery, sizeof recovery);
        return sizeof recovery;
    }
    if (page != 0x2a)
        return 0;
    memset(b, 0, 20);
    memcpy(b, capabilities, sizeof capabilities);
    return 20;
}

static void mode_sense(IdeUnit *u)
{
    uint8_t *b = u->buffer;
    memset(b, 0, 8);
    uint32_t n = u->packet[2] >> 6 == 3 ? 0 : mode_page(b + 8, u->packet[2] & 0x3f);
    if (!n) {
        bad(u, ILLEGAL_REQUEST, BAD_FIELD);
        return;
    }
    put(b, n + 6, 2);
    b[2] = has_medium(u) ? 0x01 : 0x70;
    reply(u, n + 8, big(u->packet + 7, 2));
}

/* ---- the medium and its tray ---- */

enum {
    EVENT_EJECT_REQUEST = 1,
    EVENT_NEW_MEDIUM,
    EVENT_REMOVAL
}; /* MMC-3, GET EVENT STATUS NOTIFICATION, media class */

static void move_tray(IdeUnit *u, bool open)
{
    if (u->ejected == open)
        return;
    u->ejected = open;
    u->event = open ? EVENT_REMOVAL : u->medium->bytes ? EVENT_NEW_MEDIUM : 0;
    u->attention |= has_medium(u);
}

static void user_changed(void *unit)
{
    IdeUnit *u = unit;
    u->event = has_medium(u) ? EVENT_NEW_MEDIUM : EVENT_REMOVAL;
    u->attention |= has_medium(u);
}

static void user_tray(void *unit, bool open)
{
    move_tray(unit, open);
}

static bool user_is_open(void *unit)
{
    return ((const IdeUnit *)unit)->ejected;
}

static bool user_is_locked(void *unit)
{
    return ((const IdeUnit *)unit)->locked;
}

static void user_asks(void *unit)
{
    ((IdeUnit *)unit)->event = EVENT_EJECT_REQUEST;
}

const DriveUser atapi_user = {
    .changed = user_changed, .tray = user_tray, .is_open = user_is_open, .is_locked = user_is_locked, .ask = user_asks
};

static void start_stop(IdeUnit *u)
{
    bool load_eject = u->packet[4] & 2, start = u->packet[4] & 1;
    if (load_eject && !start && u->locked) {
        bad(u, ILLEGAL_REQUEST, 0x53); /* removal prevented */
        return;
    }
    if (load_eject)
        move_tray(u, !start);
    good(u);
}

static void prevent(IdeUnit *u)
{
    u->locked = u->packet[4] & 1;
    good(u);
}

static void configuration(IdeUnit *u)
{
    static const uint8_t list[] = {
        0, 0, 0,    0, 0,    0,    0, 0x08,                /* header: current profile CD-ROM */
        0, 0, 0x03, 8, 0,    0x10, 0, 0,    0, 0x08, 1, 0, /* profiles: DVD-ROM, CD-ROM */
        0, 1, 0x0b, 8, 0,    0,    0, 2,    1, 0,    0, 0, /* core: ATAPI */
        0, 3, 0x03, 4, 0x29, 0,    0, 0,                   /* removable: tray, eject, lock */
    };
    memcpy(u->buffer, list, sizeof list);
    put(u->buffer, sizeof list - 4, 4);
    if (!has_medium(u))
        put(u->buffer + 6, 0, 2);
    reply(u, sizeof list, big(u->packet + 7, 2));
}

static void event_status(IdeUnit *u)
{
    uint8_t *b = u->buffer;
    if (!(u->packet[1] & 1)) { /* asynchronous */
        bad(u, ILLEGAL_REQUEST, BAD_FIELD);
        return;
    }
    bool media = u->packet[4] & 0x10;
    memset(b, 0, 8);
    put(b, media ? 6 : 2, 2);
    b[2] = media ? 4 : 0x80;
    b[3] = 0x10;
    b[4] = media ? u->event : 0;
    if (media)
        u->event = 0;
    b[5] = has_medium(u) ? 2 : u->ejected ? 1 : 0;
    reply(u, media ? 8 : 4, big(u->packet + 7, 2));
}

static void disc_information(IdeUnit *u)
{
    uint8_t *b = u->buffer;
    memset(b, 0, 34);
    b[1] = 32;
    b[2] = 0x0e; /* complete, one session */
    b[3] = b[4] = b[5] = b[6] = 1;
    b[7] = 0x20;
    reply(u, 34, big(u->packet + 7, 2));
}

static void mechanism(IdeUnit *u)
{
    memset(u->buffer, 0, 8);
    u->buffer[5] = 1;
    reply(u, 8, big(u->packet + 8, 2));
}

enum { NEEDS_MEDIUM = 1, EVEN_IN_ATTENTION = 2 };
static const struct Packet {
    uint8_t code, flags;
    void (*run)(IdeUnit *);
} packets[] = {
    { 0x00, NEEDS_MEDIUM, test_ready },
    { 0x03, EVEN_IN_ATTENTION, request_sense },
    { 0x12, EVEN_IN_ATTENTION, inquiry },
    { 0x1b, 0, start_stop },
    { 0x1e, 0, prevent },
    { 0x25, NEEDS_MEDIUM, capacity },
    { 0x28, NEEDS_MEDIUM, read_10 },
    { 0x2b, NEEDS_MEDIUM, seek },
    { 0x43, NEEDS_MEDIUM, toc },
    { 0x46, EVEN_IN_ATTENTION, configuration },
    { 0x4a, EVEN_IN_ATTENTION, event_status },
    { 0x51, NEEDS_MEDIUM, disc_information },
    { 0x5a, 0, mode_sense },
    { 0xa8, NEEDS_MEDIUM, read_12 },
    { 0xbb, 0, good },
    { 0xbd, 0, mechanism },
    { 0xbe, NEEDS_MEDIUM, read_cd },
};

void atapi_packet(IdeUnit *u)
{
    /* the host's byte count, which the answer's overwrites */
    u->mid[1] = u->mid[0];
    u->high[1] = u->high[0];
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        const struct Packet *p = &packets[i];
        if (p->code != u->packet[0])
            continue;
        if (u->attention && !(p->flags & EVEN_IN_ATTENTION)) {
            u->attention = false;
            bad(u, UNIT_ATTENTION, 0x28);
        } else if (p->flags & NEEDS_MEDIUM && !has_medium(u)) {
            bad(u, NOT_READY, NO_MEDIUM);
        } else {
            p->run(u);
        }
        return;
    }
    log_guest("%s: unknown packet 0x%02x", u->channel->dev->id, u->packet[0]);
    bad(u, ILLEGAL_REQUEST, BAD_COMMAND);
}
