/* The firmware configuration device of QEMU's machines (docs/specs/fw_cfg.rst). Memory-mapped: a data register, a
 * selector and a DMA address, all but the data big-endian. At I/O ports: the selector, little-endian, with the data in
 * its upper byte; and the DMA address. */
#include "devices/system/fw-cfg.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 256, NAME = 56, ENTRY = 64 };
enum { DATA = 0x00, SELECTOR = 0x08, DMA = 0x10, END = 0x18 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };
enum { PADDING = 4096 }; /* how far beyond an item's end a transfer may read zeros */

typedef struct Item {
    uint16_t key;
    char name[NAME];
    uint8_t *data;
    uint32_t len;
    bool writable;
    void (*written)(void *who);
    void *who;
} Item;

typedef struct FwCfg {
    Device dev;
    uint16_t selected;
    uint32_t offset;
    uint64_t dma_at;
    Item *items;
    uint32_t count, files;
} FwCfg;

static Item *find(FwCfg *f, uint16_t key)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->items[i].key == key)
            return &f->items[i];
    return NULL;
}

static Item *find_or_make(FwCfg *f, uint16_t key)
{
    Item *item = find(f, key);
    if (item)
        return item;
    assert(f->count < MAX_ITEMS);
    f->items[f->count].key = key;
    return &f->items[f->count++];
}

static void store(Item *item, const void *data, size_t len)
{
    assert(len <= UINT32_MAX);
    if (!item->writable)
        free(item->data);
    item->data = xalloc(len);
    item->len = (uint32_t)len;
    item->writable = false;
    if (len)
        memcpy(item->data, data, len);
}

void fw_cfg_set(Device *dev, uint16_t key, const void *data, size_t len)
{
    store(find_or_make((FwCfg *)dev, key), data, len);
}

void fw_cfg_set_number(Device *dev, uint16_t key, uint64_t value, int size)
{
    fw_cfg_set(dev, key, &value, (size_t)size);
}

static void put_big(uint8_t *at, uint64_t value, int size)
{
    for (int i = size; i--; value >>= 8)
        at[i] = (uint8_t)value;
}

/* A count, then for each file its size, key and name. */
static void make_directory(FwCfg *f)
{
    size_t len = 4 + (size_t)f->files * ENTRY;
    uint8_t *data = xalloc(len), *at = data + 4;
    put_big(data, f->files, 4);
    for (uint32_t i = 0; i < f->files; i++, at += ENTRY) {
        const Item *file = find(f, (uint16_t)(FW_CFG_FILES + i));
        put_big(at, file->len, 4);
        put_big(at + 4, file->key, 2);
        memcpy(at + 8, file->name, NAME);
    }
    fw_cfg_set(&f->dev, FW_CFG_DIRECTORY, data, len);
    free(data);
}

static Item *file_named(FwCfg *f, const char *name)
{
    assert(strlen(name) < NAME);
    for (uint32_t i = 0; i < f->count; i++)
        if (!strcmp(f->items[i].name, name))
            return &f->items[i];
    Item *item = find_or_make(f, (uint16_t)(FW_CFG_FILES + f->files++));
    strcpy(item->name, name);
    return item;
}

void fw_cfg_add(Device *dev, const char *name, const void *data, size_t len)
{
    FwCfg *f = (FwCfg *)dev;
    store(file_named(f, name), data, len);
    make_directory(f);
}

void fw_cfg_add_writable(Device *dev, const char *name, void *data, size_t len, void (*written)(void *who), void *who)
{
    FwCfg *f = (FwCfg *)dev;
    Item *item = file_named(f, name);
    if (!item->writable)
        free(item->data);
    item->data = data;
    item->len = (uint32_t)len;
    item->writable = true;
    item->written = written;
    item->who = who;
    make_directory(f);
}

static void choose(FwCfg *f, uint16_t key)
{
    f->selected = key;
    f->offset = 0;
}

/* How much of [offset, offset + len) of the item there is. */
static uint32_t left(const FwCfg *f, const Item *item, uint32_t len)
{
    uint32_t rest = item && f->offset < item->len ? item->len - f->offset : 0;
    return len < rest ? len : rest;
}

static void advance(FwCfg *f, uint32_t len)
{
    f->offset = len > UINT32_MAX - f->offset ? UINT32_MAX : f->offset + len;
}

static bool read_to(FwCfg *f, const Item *item, uint64_t at, uint32_t len)
{
    static const uint8_t zeros[PADDING];
    uint32_t there = left(f, item, len), pad = len - there;
    bool ok = (!there || space_write(f->dev.dma, at, item->data + f->offset, there)) && pad <= PADDING &&
              space_write(f->dev.dma, at + there, zeros, pad);
    advance(f, len);
    return ok;
}

static bool write_from(FwCfg *f, Item *item, uint64_t at, uint32_t len)
{
    bool ok =
        item && item->writable && left(f, item, len) == len && space_read(f->dev.dma, at, item->data + f->offset, len);
    advance(f, len);
    if (ok && item->written)
        item->written(item->who);
    return ok;
}

/* The request is control, length and address; its control word becomes 0, or DMA_ERROR. */
static void transfer(FwCfg *f)
{
    struct {
        uint32_t control, len;
        uint64_t at;
    } r;
    uint64_t request = f->dma_at;
    f->dma_at = 0;
    if (!space_read(f->dev.dma, request, &r, sizeof r)) {
        log_guest("%s: there is no request at 0x%" PRIx64, f->dev.id, request);
        return;
    }
    uint32_t control = __builtin_bswap32(r.control), len = __builtin_bswap32(r.len);
    uint64_t at = __builtin_bswap64(r.at);
    if (control & DMA_SELECT)
        choose(f, (uint16_t)(control >> 16));
    Item *item = find(f, f->selected);
    bool ok = true;
    if (control & DMA_READ)
        ok = read_to(f, item, at, len);
    else if (control & DMA_WRITE)
        ok = write_from(f, item, at, len);
    else if (control & DMA_SKIP)
        advance(f, len);
    if (!ok)
        log_guest("%s: a transfer of %u bytes of item 0x%x failed", f->dev.id, len, f->selected);
    uint32_t answer = ok ? 0 : __builtin_bswap32(DMA_ERROR);
    space_write(f->dev.dma, request, &answer, sizeof answer);
}

/* Bytes come in the order of the item, whatever the width. */
static uint64_t read_data(FwCfg *f, int size)
{
    uint64_t value = 0;
    const Item *item = find(f, f->selected);
    uint32_t there = left(f, item, (uint32_t)size);
    if (there)
        memcpy(&value, item->data + f->offset, there);
    advance(f, (uint32_t)size);
    return value;
}

static uint64_t window_read(void *dev, uint64_t at, int size)
{
    uint64_t value = 0;
    if (at < SELECTOR)
        return read_data(dev, size);
    if (at >= DMA && at + (uint64_t)size <= END)
        memcpy(&value, &"QEMU CFG"[at - DMA], (size_t)size);
    return value;
}

static void window_write(void *dev, uint64_t at, uint64_t value, int size)
{
    FwCfg *f = dev;
    if (at == SELECTOR && size == 2)
        choose(f, __builtin_bswap16((uint16_t)value));
    else if (at == DMA && size == 4)
        f->dma_at = (uint64_t)__builtin_bswap32((uint32_t)value) << 32;
    else if (at == DMA + 4 && size == 4)
        f->dma_at |= __builtin_bswap32((uint32_t)value), transfer(f);
    else if (at == DMA && size == 8)
        f->dma_at = __builtin_bswap64(value), transfer(f);
    else
        log_guest("%s: write of %d bytes to offset 0x%" PRIx64, f->dev.id, size, at);
}

static uint64_t port_read(void *dev, uint64_t at, int size)
{
    return at == 1 && size == 1 ? read_data(dev, 1) : 0;
}

static void port_write(void *dev, uint64_t at, uint64_t value, int size)
{
    if (at == 0 && size == 2)
        choose(dev, (uint16_t)value);
}

static uint64_t dma_read(void *dev, uint64_t at, int size)
{
    return window_read(dev, DMA + at, size);
}

static void dma_write(void *dev, uint64_t at, uint64_t value, int size)
{
    window_write(dev, DMA + at, value, size);
}

static bool start(void *dev, Error *err)
{
    (void)err;
    FwCfg *f = dev;
    const MachineConfig *c = f->dev.machine->config;
    f->items = xalloc(MAX_ITEMS * sizeof *f->items);
    fw_cfg_set(dev, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_set_number(dev, FW_CFG_ID, 3, 4); /* the traditional interface, and DMA */
    fw_cfg_set_number(dev, FW_CFG_RAM_SIZE, c->ram, 8);
    fw_cfg_set_number(dev, FW_CFG_CPUS, (uint64_t)c->cpus, 2);
    fw_cfg_set_number(dev, FW_CFG_MAX_CPUS, (uint64_t)c->cpus, 2);
    make_directory(f);
    return true;
}

static void stop(void *dev)
{
    FwCfg *f = dev;
    for (uint32_t i = 0; i < f->count; i++)
        if (!f->items[i].writable)
            free(f->items[i].data);
    free(f->items);
}

static const StateField state[] = {
    STATE(FwCfg, selected),
    STATE(FwCfg, offset),
    STATE(FwCfg, dma_at),
    STATE_END,
};

const DeviceType fw_cfg = {
    .name = "fw-cfg",
    .about = "firmware configuration",
    .size = sizeof(FwCfg),
    .state = state,
    .windows = (const Window[]){ { .size = END, .read = window_read, .write = window_write },
                                 { .size = 2, .read = port_read, .write = port_write, .max = 2 },
                                 { .size = END - DMA, .read = dma_read, .write = dma_write },
                                 { 0 } },
    .start = start,
    .stop = stop,
};
