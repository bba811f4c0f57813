#include "devices/virtio/virtio_blk.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, HEADER = 16, SERIAL = 20 };
enum { F_SEG_MAX = 1 << 2, F_RO = 1 << 5, F_BLK_SIZE = 1 << 6, F_FLUSH = 1 << 9, F_DISCARD = 1 << 13 };
enum { F_WRITE_ZEROES = 1 << 14 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { ZEROES_UNMAP = 1 };
enum { SEGMENTS = VIRTIO_BLK_MOST - 2, RANGE_SECTORS = 1 << 21 };

/* 5.2.4 */
typedef struct Config {
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
    uint8_t physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback, unused;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap, unused1[3];
} Config;
_Static_assert(sizeof(Config) == 64 && offsetof(Config, max_discard_sectors) == 36, "layout");
enum { CONFIG_SIZE = 60 };

/* 5.2.6 */
typedef struct Header {
    uint32_t type, reserved;
    uint64_t sector;
} Header;

typedef struct Range {
    uint64_t sector;
    uint32_t sectors, flags;
} Range;

/* A request that the drive has; its memory is the guest's. */
typedef struct Request {
    VirtioBlk *blk;
    Chain *chain; /* the pieces to write; iov and in only as far as they are used */
} Request;

/* 5.2.6.1: the driver looks again at the capacity. */
static void resized(void *who)
{
    VirtioBlk *b = who;
    uint64_t capacity = b->drive->bytes / SECTOR;
    memcpy(b->v.config + offsetof(Config, capacity), &capacity, sizeof capacity);
    virtio_config_changed(&b->v);
}

static const DriveUser drive_user = { .changed = resized, .resized = resized };

static bool start(Virtio *v, Error *err)
{
    VirtioBlk *b = (VirtioBlk *)v;
    if (!b->drive)
        return error_set(err, "a medium is needed: drive=ID");
    if (b->block < SECTOR || b->block > 4096 || b->block & (b->block - 1))
        return error_set(err, "logical_block_size=%u: choose 512, 1024, 2048 or 4096", (unsigned)b->block);
    Config c = {
        .capacity = b->drive->bytes / SECTOR,
        .seg_max = SEGMENTS,
        .blk_size = (uint32_t)b->block,
        .max_discard_sectors = RANGE_SECTORS,
        .max_discard_seg = 1,
        .discard_sector_alignment = (uint32_t)b->block / SECTOR,
        .max_write_zeroes_sectors = RANGE_SECTORS,
        .max_write_zeroes_seg = 1,
        .write_zeroes_may_unmap = 1,
    };
    memcpy(v->config, &c, CONFIG_SIZE);
    b->drive->kept = true;
    b->drive->user = &drive_user;
    b->drive->user_of = b;
    v->offered |= F_SEG_MAX | F_BLK_SIZE | F_FLUSH | (b->drive->readonly ? F_RO : F_DISCARD | F_WRITE_ZEROES);
    return true;
}

/* The status is the last byte the device writes. */
static void answer(VirtioBlk *b, const Chain *c, uint8_t status)
{
    chain_write(c, c->in_len - 1, &status, 1);
    virtio_put(&b->v, 0, c->head, c->in_len);
}

static void finished(void *who, bool ok)
{
    Request *r = who;
    VirtioBlk *b = r->blk;
    chain_dirty(r->chain); /* code that was translated while the drive wrote */
    answer(b, r->chain, ok ? OK : IOERR);
    free(r->chain);
    free(r);
    b->flying--;
    virtio_tell(&b->v, 0);
    virtio_notify(&b->v, 0); /* there may be what had to wait */
}

/* Part of the pieces [first, first + count), without `skip` bytes at the front and what is beyond `len` bytes. */
static int part(const struct iovec *from, int count, uint64_t skip, uint64_t len, struct iovec *to)
{
    int n = 0;
    for (int i = 0; i < count && len; i++) {
        uint64_t left = from[i].iov_len;
        if (skip >= left) {
            skip -= left;
            continue;
        }
        uint64_t take = left - skip < len ? left - skip : len;
        to[n++] = (struct iovec){ (char *)from[i].iov_base + skip, take };
        len -= take;
        skip = 0;
    }
    return n;
}

/* A chain's arrays are long, and mostly empty: what is kept with a request is only what is used of them. `data` are the
 * pieces that the drive is given; they follow the chain. */
static Request *request_new(VirtioBlk *b, const Chain *c, struct iovec **data)
{
    Request *r = xalloc(sizeof *r);
    size_t pieces = (size_t)(c->outs + c->ins);
    r->blk = b;
    r->chain = malloc(sizeof *c + pieces * sizeof **data);
    if (!r->chain)
        abort();
    *data = (struct iovec *)(void *)(r->chain + 1);
    memcpy(r->chain, c, offsetof(Chain, iov) + pieces * sizeof *c->iov);
    memcpy(r->chain->in, c->in, (size_t)c->ins * sizeof *c->in);
    return r;
}

static void submit(VirtioBlk *b, const Chain *c, DriveOp op, uint64_t at, uint64_t bytes)
{
    struct iovec *data;
    Request *r = request_new(b, c, &data);
    int n = op == DRIVE_READ    ? part(c->iov + c->outs, c->ins, 0, bytes, data)
            : op == DRIVE_WRITE ? part(c->iov, c->outs, HEADER, bytes, data)
                                : 0;
    if (op == DRIVE_READ)
        chain_dirty(c);
    b->flying++;
    b->drive->submit(b->drive, op, at, bytes, data, n, finished, r);
}

static bool fits(const VirtioBlk *b, uint64_t sector, uint64_t bytes)
{
    return sector <= b->drive->bytes / SECTOR && bytes <= b->drive->bytes - sector * SECTOR && !(bytes % SECTOR);
}

static void transfer(VirtioBlk *b, const Chain *c, const Header *h)
{
    bool in = h->type == T_IN;
    uint64_t bytes = in ? c->in_len - 1 : c->out_len - HEADER;
    if (!fits(b, h->sector, bytes))
        answer(b, c, IOERR);
    else
        submit(b, c, in ? DRIVE_READ : DRIVE_WRITE, h->sector * SECTOR, bytes);
}

static void flush(VirtioBlk *b, const Chain *c, const Header *h)
{
    (void)h;
    submit(b, c, DRIVE_FLUSH, 0, 0);
}

static void get_id(VirtioBlk *b, const Chain *c, const Header *h)
{
    (void)h;
    char id[SERIAL] = "";
    memcpy(id, b->serial, strnlen(b->serial, SERIAL));
    chain_write(c, 0, id, c->in_len - 1 < SERIAL ? c->in_len - 1 : SERIAL);
    answer(b, c, OK);
}

/* 5.2.6.2: flags that are not known are refused with UNSUPP; so is unmap, which has no meaning for a discard. */
static void range(VirtioBlk *b, const Chain *c, const Header *h)
{
    Range r;
    bool zeroes = h->type == T_WRITE_ZEROES;
    if (c->out_len != HEADER + sizeof r) {
        answer(b, c, IOERR);
        return;
    }
    chain_read(c, HEADER, &r, sizeof r);
    if (r.flags & ~(zeroes ? (uint32_t)ZEROES_UNMAP : 0u))
        answer(b, c, UNSUPP);
    else if (r.sectors > RANGE_SECTORS || !fits(b, r.sector, (uint64_t)r.sectors * SECTOR))
        answer(b, c, IOERR);
    else
        submit(b, c, zeroes ? DRIVE_ZERO : DRIVE_DISCARD, r.sector * SECTOR, (uint64_t)r.sectors * SECTOR);
}

static const struct Kind {
    uint32_t type;
    void (*run)(VirtioBlk *, const Chain *, const Header *);
} kinds[] = {
    { T_IN, transfer },   { T_OUT, transfer },  { T_FLUSH, flush },
    { T_GET_ID, get_id }, { T_DISCARD, range }, { T_WRITE_ZEROES, range },
};

static void run(VirtioBlk *b, const Chain *c)
{
    Header h;
    if (c->in_len < 1 || chain_read(c, 0, &h, sizeof h) < sizeof h) {
        virtio_wrong(&b->v, 0, "a request has no header, or no place for its status");
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == h.type) {
            kinds[i].run(b, c, &h);
            return;
        }
    answer(b, c, UNSUPP);
}

/* No more requests than the queue has entries are on their way, whatever the driver writes into the ring. */
static void notify(Virtio *v, int queue)
{
    VirtioBlk *b = (VirtioBlk *)v;
    for (uint32_t n = 0; b->flying < v->queue[queue].size; n++) {
        if (n == v->queue[queue].size) {
            virtio_again(v, queue);
            break;
        }
        if (!virtio_take(v, queue, v->chain))
            break;
        run(b, v->chain);
    }
    virtio_tell(v, queue);
}

/* The drive lets go of the guest's memory before the driver may use it for something else. */
static void reset(Virtio *v)
{
    VirtioBlk *b = (VirtioBlk *)v;
    if (b->drive && b->flying)
        b->drive->drain(b->drive);
}

/* ---- snapshots ---- */

static void settle(Virtio *v)
{
    VirtioBlk *b = (VirtioBlk *)v;
    DriveLater later;
    for (b->laters = 0; b->drive && b->laters < VIRTIO_BLK_MOST && drive_later(b->drive, (int)b->laters, &later);) {
        b->later_when[b->laters] = later.when;
        b->later_head[b->laters] = ((const Request *)later.who)->chain->head;
        b->later_ok[b->laters++] = later.ok;
    }
}

static void loaded(Virtio *v)
{
    VirtioBlk *b = (VirtioBlk *)v;
    b->flying = 0;
    for (uint32_t n = 0; n < b->laters && v->queue[0].ready; n++) {
        struct iovec *data;
        v->chain->head = (uint16_t)b->later_head[n];
        const char *why = queue_take_again(&v->queue[0], v->dev->dma, v->chain);
        if (why || !v->chain->in_len)
            continue; /* who put it there has changed it since */
        b->flying++;
        drive_finish_later(b->drive, &(DriveLater){ request_new(b, v->chain, &data), b->later_when[n], b->later_ok[n] },
                           finished);
    }
}

const VirtioType virtio_blk_type = {
    .name = "virtio-blk",
    .id = 2,
    .queue_most = { VIRTIO_BLK_MOST },
    .config_size = CONFIG_SIZE,
    .start = start,
    .notify = notify,
    .reset = reset,
    .settle = settle,
    .loaded = loaded,
};

typedef struct VirtioBlkDevice {
    Device dev;
    VirtioBlk blk;
} VirtioBlkDevice;

const DeviceType virtio_blk = {
    .name = "virtio-blk-device",
    .about = "virtio disk",
    .bus = "virtio",
    .size = sizeof(VirtioBlkDevice),
    .props = (const Prop[]){ VIRTIO_BLK_PROPS(VirtioBlkDevice, blk), { 0 } },
    .state = (const StateField[]){ STATE_STRUCT(VirtioBlkDevice, blk.v, virtio_state),
                                   VIRTIO_BLK_STATE(VirtioBlkDevice, blk), STATE_END },
    .interface = &virtio_blk_type,
    .start = virtio_device_start,
    .reset = virtio_device_reset,
    .settle = virtio_device_settle,
    .loaded = virtio_device_loaded,
    .stop = virtio_device_stop,
};
