/* Parallel NOR flash with Intel's command set (Intel/Micron P30 data sheet; JESD68.01 for the CFI query), as boards
 * have it: two 16-bit chips side by side on a 32-bit bus, each command given to both. While the chips are in array mode
 * the flash is plain read-only memory whose writes come here; in any other mode reads come here too.
 *
 * What is not covered by a drive reads as zero, like programmed cells; firmware erases what it wants to use. */
#include "devices/storage/cfi01.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"
#include "host/drive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHIPS = 2, CFI_SIZE = 0x40, BUFFER = 2048 };
enum { READY = 0x80, ERASE_ERROR = 0x20, PROGRAM_ERROR = 0x10, LOCKED = 0x02 };

/* What a read gives. */
typedef enum Mode { ARRAY, STATUS, IDENTITY, QUERY } Mode;

typedef struct Flash {
    Device dev;
    uint64_t base, bytes, sector; /* properties */
    Drive *drive;
    Region *array;  /* the cells, and what array mode shows */
    Region command; /* shown above it in the other modes */
    bool covered;
    uint8_t mode;
    uint8_t command_byte;      /* waits for its second cycle; 0: none */
    uint8_t status;            /* of each chip */
    uint32_t expected, filled; /* bytes of a buffered write, and how many came */
    uint64_t buffer_at;        /* where the first goes */
    uint8_t buffer[BUFFER];
    uint8_t cfi[CFI_SIZE];
    uint64_t unsaved, unsaved_end; /* cells the drive does not have yet */
    bool saving;
    struct iovec saving_what;
} Flash;

static uint64_t both(uint16_t chip)
{
    return (uint64_t)chip << 16 | chip;
}

static uint64_t ones(int size)
{
    return size >= 8 ? UINT64_MAX : (1ull << size * 8) - 1;
}

static void show_mode(Flash *f, Mode mode)
{
    f->mode = mode;
    bool cover = mode != ARRAY;
    if (cover == f->covered)
        return;
    f->covered = cover;
    if (cover)
        space_map(f->dev.machine->memory, f->base, &f->command, 1);
    else
        space_unmap(f->dev.machine->memory, &f->command);
}

static void save(Flash *f);

static void saved(void *who, bool ok)
{
    Flash *f = who;
    f->saving = false;
    if (!ok)
        log_line("%s: the drive '%s' did not take a write; its file is out of date", f->dev.id, f->drive->id);
    save(f);
}

/* One request at a time; what changes meanwhile goes with the next. */
static void save(Flash *f)
{
    if (!f->drive || f->drive->readonly || f->saving || f->unsaved >= f->unsaved_end)
        return;
    uint64_t at = f->unsaved, end = f->unsaved_end < f->drive->bytes ? f->unsaved_end : f->drive->bytes;
    f->unsaved = UINT64_MAX;
    f->unsaved_end = 0;
    if (at >= end)
        return;
    f->saving = true;
    f->saving_what = (struct iovec){ f->array->ram + at, end - at };
    f->drive->submit(f->drive, DRIVE_WRITE, at, end - at, &f->saving_what, 1, saved, f);
}

static void cells_changed(Flash *f, uint64_t at, uint64_t len)
{
    f->unsaved = at < f->unsaved ? at : f->unsaved;
    f->unsaved_end = at + len > f->unsaved_end ? at + len : f->unsaved_end;
}

static bool writable(Flash *f, uint8_t error)
{
    if (!f->drive || !f->drive->readonly)
        return true;
    f->status |= error | LOCKED;
    return false;
}

/* Programming can only clear bits. */
static void program(Flash *f, uint64_t at, const uint8_t *bytes, uint64_t len)
{
    if (!writable(f, PROGRAM_ERROR))
        return;
    for (uint64_t i = 0; i < len; i++)
        f->array->ram[at + i] &= bytes[i];
    space_dirty(f->array, at, len);
    cells_changed(f, at, len);
}

static void erase(Flash *f, uint64_t at)
{
    at -= at % f->sector;
    if (!writable(f, ERASE_ERROR))
        return;
    memset(f->array->ram + at, 0xff, f->sector);
    space_dirty(f->array, at, f->sector);
    cells_changed(f, at, f->sector);
}

/* The cycles of a command after its first; each returns the command that still waits, or 0. */
typedef uint8_t Cycle(Flash *, uint64_t at, uint64_t value, int size);

static uint8_t program_word(Flash *f, uint64_t at, uint64_t value, int size)
{
    program(f, at, (const uint8_t *)&value, (uint64_t)size);
    return 0;
}

static uint8_t confirm_erase(Flash *f, uint64_t at, uint64_t value, int size)
{
    (void)size;
    if ((uint8_t)value == 0xd0)
        erase(f, at);
    else
        f->status |= ERASE_ERROR | PROGRAM_ERROR; /* a wrong sequence */
    return 0;
}

static uint8_t wrong(Flash *f, const char *what)
{
    log_guest("%s: %s", f->dev.id, what);
    f->status |= PROGRAM_ERROR;
    return 0;
}

/* 0xe8: the number of words less one, the words, 0xd0. */
static uint8_t buffer_count(Flash *f, uint64_t at, uint64_t value, int size)
{
    (void)at;
    uint32_t words = (value & 0xffff) + 1;
    if (words * (uint32_t)size > BUFFER)
        return wrong(f, "a buffered write of more than the buffer holds");
    f->expected = words * (uint32_t)size;
    f->filled = 0;
    memset(f->buffer, 0xff, sizeof f->buffer);
    return 0xe9; /* data comes */
}

static uint8_t buffer_confirm(Flash *f, uint64_t value)
{
    if ((uint8_t)value != 0xd0)
        return wrong(f, "a buffered write without confirmation");
    if (f->buffer_at % f->sector + f->expected > f->sector)
        return wrong(f, "a buffered write across the end of a sector");
    program(f, f->buffer_at, f->buffer, f->expected);
    return 0;
}

static uint8_t buffer_data(Flash *f, uint64_t at, uint64_t value, int size)
{
    if (f->filled >= f->expected)
        return buffer_confirm(f, value);
    if (!f->filled)
        f->buffer_at = at;
    uint64_t offset = at - f->buffer_at;
    if (offset >= f->expected || f->expected - offset < (uint64_t)size)
        return wrong(f, "a buffered write leaves its buffer");
    memcpy(f->buffer + offset, &value, (size_t)size);
    f->filled += (uint32_t)size;
    return 0xe9;
}

/* Lock, unlock, lock down: accepted; nothing is locked. */
static uint8_t lock(Flash *f, uint64_t at, uint64_t value, int size)
{
    (void)f, (void)at, (void)value, (void)size;
    return 0;
}

static const struct Command {
    uint8_t byte, mode; /* the mode it puts reads in */
    Cycle *next;
} commands[] = {
    { 0x10, STATUS, program_word },  { 0x40, STATUS, program_word },
    { 0x20, STATUS, confirm_erase }, { 0xe8, STATUS, buffer_count },
    { 0xe9, STATUS, buffer_data },   { 0x60, STATUS, lock },
    { 0x70, STATUS, NULL },          { 0x90, IDENTITY, NULL },
    { 0x98, QUERY, NULL },           { 0x50, ARRAY, NULL /* clears the status, changes no mode */ },
    { 0x00, ARRAY, NULL },           { 0xf0, ARRAY, NULL },
    { 0xff, ARRAY, NULL },
};

static const struct Command *command(uint8_t byte)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].byte == byte)
            return &commands[i];
    return NULL;
}

static void first_cycle(Flash *f, uint8_t byte)
{
    const struct Command *c = byte == 0xe9 ? NULL : command(byte);
    if (!c) {
        log_guest("%s: unknown command 0x%02x", f->dev.id, byte);
        show_mode(f, ARRAY);
        return;
    }
    if (byte == 0x50) {
        f->status = READY;
        return;
    }
    f->command_byte = c->next ? byte : 0;
    show_mode(f, c->mode);
    if (c->mode == ARRAY)
        save(f);
}

static void flash_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Flash *f = dev;
    if (f->command_byte) {
        f->command_byte = command(f->command_byte)->next(f, at, value, size);
        if (!f->command_byte)
            save(f);
        return;
    }
    first_cycle(f, (uint8_t)value);
}

static uint16_t identity(uint64_t word)
{
    static const uint8_t id[] = { 0x89, 0x18 }; /* Intel; 128 Mbit, top parameters */
    return word < 2 ? id[word] : 0;             /* beyond: nothing is locked */
}

static uint64_t flash_read(void *dev, uint64_t at, int size)
{
    Flash *f = dev;
    uint64_t value = 0, word = at / (2 * CHIPS) & 0xff;
    switch ((Mode)f->mode) {
    case ARRAY: /* between the mode's change and this access */
        memcpy(&value, f->array->ram + at, (size_t)size);
        return value;
    case STATUS:
        value = both(f->status);
        break;
    case IDENTITY:
        value = both(identity(word));
        break;
    case QUERY:
        value = both(word < CFI_SIZE ? f->cfi[word] : 0);
        break;
    }
    return value >> at % 4 * 8 & ones(size);
}

static void put16(uint8_t *at, uint64_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static uint8_t log2_of(uint64_t value)
{
    return (uint8_t)(63 - __builtin_clzll(value));
}

/* JESD68.01 table 4 and Intel's extension, for one chip. */
static void make_query(Flash *f)
{
    uint64_t sector = f->sector / CHIPS, sectors = f->bytes / f->sector;
    static const uint8_t head[] = {
        'Q',  'R',  'Y', 1, 0, 0x31, 0,  0, 0, 0, 0, /* Intel, extension at 0x31 */
        0x45, 0x55, 0,   0, 7, 7,    10, 0, 4, 4, 4, 0
    }; /* supply, typical and most times */
    memcpy(f->cfi + 0x10, head, sizeof head);
    f->cfi[0x27] = log2_of(f->bytes / CHIPS);
    f->cfi[0x28] = 2; /* 8 or 16 bits wide */
    f->cfi[0x2a] = log2_of(BUFFER / CHIPS);
    f->cfi[0x2c] = 1; /* region of equal sectors */
    put16(f->cfi + 0x2d, sectors - 1);
    put16(f->cfi + 0x2f, sector / 256);
    memcpy(f->cfi + 0x31, "PRI10", 5);
    f->cfi[0x3f] = 1;
}

static const Window window = { .size = 1, .read = flash_read, .write = flash_write, .max = 4 };

static bool power_of_two(uint64_t x)
{
    return x && !(x & (x - 1));
}

typedef struct Loading {
    bool done, ok;
} Loading;

static void load_done(void *who, bool ok)
{
    *(Loading *)who = (Loading){ true, ok };
}

static bool load(Flash *f, Error *err)
{
    Drive *d = f->drive;
    if (!d)
        return true;
    if (d->bytes > f->bytes)
        return error_set(err,
                         "the drive '%s' has %" PRIu64 " bytes, but the flash only %" PRIu64 "; take a smaller image",
                         d->id, d->bytes, f->bytes);
    Loading loading = { 0 };
    struct iovec all = { f->array->ram, d->bytes };
    d->submit(d, DRIVE_READ, 0, d->bytes, &all, 1, load_done, &loading);
    while (!loading.done)
        d->drain(d);
    return loading.ok || error_set(err, "the drive '%s' cannot be read", d->id);
}

static bool start(void *dev, Error *err)
{
    Flash *f = dev;
    if (!power_of_two(f->bytes) || !power_of_two(f->sector) || f->sector < 512 || f->bytes < f->sector ||
        f->bytes / f->sector > 65536)
        return error_set(err, "size and sector-length must be powers of two, the size the larger");
    f->array = ram_add(f->dev.machine, f->dev.id, f->bytes, true, err);
    if (!f->array)
        return false;
    f->array->dev = f;
    f->array->window = &window;
    f->command = (Region){ .name = f->dev.id, .size = f->bytes, .dev = f, .window = &window };
    f->unsaved = UINT64_MAX;
    make_query(f);
    space_map(f->dev.machine->memory, f->base, f->array, 0);
    return load(f, err);
}

static void reset(void *dev)
{
    Flash *f = dev;
    show_mode(f, ARRAY);
    save(f);
}

static void loaded(void *dev)
{
    Flash *f = dev;
    show_mode(f, f->mode);
}

static void stop(void *dev)
{
    Flash *f = dev;
    save(f);
    while (f->saving) /* each done may begin the next */
        f->drive->drain(f->drive);
    show_mode(f, ARRAY);
    space_unmap(f->dev.machine->memory, f->array);
}

bool cfi01_filled(const Device *dev)
{
    return ((const Flash *)dev)->drive;
}

static const StateField state[] = {
    STATE(Flash, mode, .below = QUERY + 1),
    STATE(Flash, command_byte),
    STATE(Flash, status, .reset = READY),
    STATE(Flash, expected, .below = BUFFER + 1),
    STATE(Flash, filled, .below = BUFFER + 1),
    STATE(Flash, buffer_at),
    STATE_ARRAY(Flash, buffer),
    STATE_END,
};

static const Prop props[] = {
    { "base", "its address", PROP_UINT, offsetof(Flash, base), "0" },
    { "size", "bytes in all", PROP_UINT, offsetof(Flash, bytes), "64M" },
    { "sector-length", "bytes erased together", PROP_UINT, offsetof(Flash, sector), "256K" },
    { "drive", "what it holds, and where its changes go", PROP_DRIVE, offsetof(Flash, drive), "none" },
    { 0 },
};

const DeviceType cfi01 = {
    .name = "cfi.pflash01",
    .about = "parallel NOR flash, Intel command set",
    .size = sizeof(Flash),
    .props = props,
    .state = state,
    .start = start,
    .reset = reset,
    .loaded = loaded,
    .stop = stop,
};
