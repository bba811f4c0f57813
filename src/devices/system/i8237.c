/* The two ISA DMA controllers of a PC (Intel 8237A, data sheet 231466): channels 0 to 3 move bytes, 5 to 7 words, 4 is
 * the cascade. Page registers hold the address bits above. */
#include "devices/system/i8237.h"

#include "core/space.h"

enum { CHANNELS = 8, PAGES = 16, HALF = 4 };
enum { S_COMMAND = 8, S_REQUEST, S_MASK, S_MODE, S_CLEAR_LATCH, S_MASTER_CLEAR, S_CLEAR_MASK, S_MASKS };
enum { MODE_READ = 8, MODE_WRITE = 4, MODE_AUTO = 0x10, MODE_DOWN = 0x20 };

typedef struct Channel {
    uint16_t base, base_count, address, count;
    uint8_t mode;
} Channel;

typedef struct I8237 {
    Device dev;
    Channel channel[CHANNELS];
    uint8_t page[PAGES];
    uint8_t command[2], status[2], mask[2];
    bool high[2]; /* the next byte of a 16-bit register is its high one */
} I8237;

/* Which page register is whose: ports 80h to 8Fh. */
static const uint8_t page_of[CHANNELS] = { 7, 3, 1, 2, 15, 11, 9, 10 };

static uint64_t address_of(const I8237 *d, int n)
{
    const Channel *c = &d->channel[n];
    uint64_t page = d->page[page_of[n]];
    return n < HALF ? page << 16 | c->address : (page & 0xfe) << 16 | (uint64_t)c->address << 1;
}

static void at_end(I8237 *d, int n)
{
    Channel *c = &d->channel[n];
    d->status[n / HALF] |= (uint8_t)(1 << n % HALF);
    if (c->mode & MODE_AUTO) {
        c->address = c->base;
        c->count = c->base_count;
    } else {
        d->mask[n / HALF] |= (uint8_t)(1 << n % HALF);
    }
}

/* One step: a byte, or a word of channels 5 to 7. The count is one less than the number of steps. */
static bool step(I8237 *d, int n, uint8_t *bytes)
{
    Channel *c = &d->channel[n];
    size_t width = n < HALF ? 1 : 2;
    uint64_t at = address_of(d, n);
    if (c->mode & MODE_WRITE)
        space_write(d->dev.dma, at, bytes, width);
    else if (c->mode & MODE_READ)
        space_read(d->dev.dma, at, bytes, width);
    c->address += c->mode & MODE_DOWN ? UINT16_MAX : 1;
    if (c->count--)
        return false;
    at_end(d, n);
    return true;
}

uint32_t i8237_transfer(Device *dev, int n, void *bytes, uint32_t len, bool *last)
{
    I8237 *d = (I8237 *)(void *)dev;
    uint32_t done = 0, width = n < HALF ? 1 : 2;
    *last = false;
    if (d->mask[n / HALF] >> n % HALF & 1)
        return 0;
    while (len - done >= width && !*last) {
        *last = step(d, n, (uint8_t *)bytes + done);
        done += width;
    }
    return done;
}

static uint8_t half_of(I8237 *d, int unit, uint16_t value)
{
    d->high[unit] = !d->high[unit];
    return (uint8_t)(d->high[unit] ? value : value >> 8);
}

static void set_half(I8237 *d, int unit, uint16_t *base, uint16_t *now, uint8_t byte)
{
    *base = d->high[unit] ? (uint16_t)((*base & 0xff) | byte << 8) : (uint16_t)((*base & 0xff00) | byte);
    *now = *base;
    d->high[unit] = !d->high[unit];
}

static uint64_t unit_read(I8237 *d, int unit, uint64_t at)
{
    const Channel *c = &d->channel[unit * HALF + (int)(at / 2 % HALF)];
    if (at < S_COMMAND)
        return half_of(d, unit, at % 2 ? c->count : c->address);
    if (at == S_MASKS)
        return d->mask[unit] | 0xf0;
    if (at != S_COMMAND)
        return 0;
    uint8_t status = d->status[unit];
    d->status[unit] &= 0xf0; /* reading clears the terminal counts */
    return status;
}

static void clear(I8237 *d, int unit)
{
    d->command[unit] = d->status[unit] = 0;
    d->high[unit] = false;
    d->mask[unit] = 0x0f;
}

static void unit_write(I8237 *d, int unit, uint64_t at, uint8_t byte)
{
    Channel *c = &d->channel[unit * HALF + (int)(at / 2 % HALF)];
    uint8_t bit = (uint8_t)(1 << (byte & 3));
    if (at < S_COMMAND) {
        if (at % 2)
            set_half(d, unit, &c->base_count, &c->count, byte);
        else
            set_half(d, unit, &c->base, &c->address, byte);
        return;
    }
    switch (at) {
    case S_COMMAND:
        d->command[unit] = byte;
        break;
    case S_REQUEST:
        bit <<= 4;
        d->status[unit] = byte & 4 ? d->status[unit] | bit : d->status[unit] & ~bit;
        break;
    case S_MASK:
        d->mask[unit] = byte & 4 ? d->mask[unit] | bit : d->mask[unit] & ~bit;
        break;
    case S_MODE:
        d->channel[unit * HALF + (byte & 3)].mode = byte & 0xfc;
        break;
    case S_CLEAR_LATCH:
        d->high[unit] = false;
        break;
    case S_MASTER_CLEAR:
        clear(d, unit);
        break;
    case S_CLEAR_MASK:
        d->mask[unit] = 0;
        break;
    case S_MASKS:
        d->mask[unit] = byte & 0x0f;
        break;
    }
}

static uint64_t read_bytes(void *dev, uint64_t at, int size)
{
    (void)size;
    return unit_read(dev, 0, at);
}

static void write_bytes(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    unit_write(dev, 0, at, (uint8_t)value);
}

/* The second one's registers are at every other port. */
static uint64_t read_words(void *dev, uint64_t at, int size)
{
    (void)size;
    return unit_read(dev, 1, at / 2);
}

static void write_words(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    unit_write(dev, 1, at / 2, (uint8_t)value);
}

static uint64_t read_page(void *dev, uint64_t at, int size)
{
    (void)size;
    return ((I8237 *)dev)->page[at];
}

/* Those that are no channel's are only memory: port 80h shows how far a BIOS has come. */
static void write_page(void *dev, uint64_t at, uint64_t value, int size)
{
    (void)size;
    ((I8237 *)dev)->page[at] = (uint8_t)value;
}

static void reset(void *dev)
{
    clear(dev, 0);
    clear(dev, 1);
}

static const StateField channel_state[] = {
    STATE(Channel, base),  STATE(Channel, base_count), STATE(Channel, address),
    STATE(Channel, count), STATE(Channel, mode),       STATE_END,
};

const DeviceType i8237 = {
    .name = "i8257",
    .about = "ISA DMA controllers",
    .size = sizeof(I8237),
    .state = (const StateField[]){ STATE_STRUCTS(I8237, channel, channel_state), STATE_ARRAY(I8237, page),
                                   STATE_ARRAY(I8237, command), STATE_ARRAY(I8237, status), STATE_ARRAY(I8237, mask),
                                   STATE_ARRAY(I8237, high), STATE_END },
    .windows = (const Window[]){ { 16, .read = read_bytes, .write = write_bytes, .max = 1 },
                                 { 32, .read = read_words, .write = write_words, .max = 1 },
                                 { PAGES, .read = read_page, .write = write_page, .max = 1 },
                                 { 0 } },
    .reset = reset,
};
