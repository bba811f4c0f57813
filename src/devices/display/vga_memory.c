/* How the processor reaches video memory: through the window at A0000h, with the graphics controller between. */
#include "devices/display/vga.h"

enum { BANK = 64 << 10 };
enum { GR_SET_RESET, GR_ENABLE_SET_RESET, GR_COMPARE, GR_ROTATE, GR_READ_MAP, GR_MODE, GR_MISC, GR_IGNORE, GR_MASK };
enum { MODE_READ_COMPARE = 8, MODE_ODD_EVEN = 0x10, SEQ_MAP_MASK = 2, SEQ_MEMORY = 4, SEQ_SEQUENTIAL = 4 };

/* The four maps of the window: all of it, or one of A0000h, B0000h, B8000h. False: not there now. */
static bool in_map(const Vga *v, uint64_t *at)
{
    static const struct {
        uint32_t from, size;
    } maps[] = { { 0, 0x20000 }, { 0, 0x10000 }, { 0x10000, 0x8000 }, { 0x18000, 0x8000 } };
    int n = v->gr[GR_MISC] >> 2 & 3;
    if (*at < maps[n].from || *at - maps[n].from >= maps[n].size)
        return false;
    *at -= maps[n].from;
    if (n <= 1 && vbe_on(v))
        *at += (uint64_t)v->vbe[VBE_BANK] * BANK;
    return true;
}

/* One byte for each plane, replicated. */
static uint32_t spread(uint8_t byte)
{
    return byte * 0x01010101u;
}

/* Each bit of four becomes a byte of ones or zeros. */
static uint32_t planes(uint8_t bits)
{
    return (bits & 1 ? 0xffu : 0) | (bits & 2 ? 0xff00u : 0) | (bits & 4 ? 0xff0000u : 0) |
           (bits & 8 ? 0xff000000u : 0);
}

static uint32_t get_all(const uint8_t *four)
{
    return four[0] | (uint32_t)four[1] << 8 | (uint32_t)four[2] << 16 | (uint32_t)four[3] << 24;
}

static void put_all(uint8_t *four, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        four[i] = (uint8_t)(value >> i * 8);
}

/* Read mode 1: a one for each pixel whose planes, those that are cared for, have the colour. */
static uint8_t compare(const Vga *v, uint32_t latch)
{
    uint32_t differs = (latch ^ planes(v->gr[GR_COMPARE])) & planes(v->gr[GR_IGNORE]);
    return (uint8_t) ~(differs | differs >> 8 | differs >> 16 | differs >> 24);
}

static bool odd_even(const Vga *v)
{
    return v->gr[GR_MODE] & MODE_ODD_EVEN;
}

/* Where a byte is if planes are chained: two by the lowest address bit, or four by the lowest two. */
static uint32_t chained(const Vga *v, uint64_t at)
{
    uint64_t where = vga_chain4(v) ? at : (at & ~1ull) * 2 + (at & 1);
    return (uint32_t)where & (v->size - 1);
}

static uint8_t read_byte(Vga *v, uint64_t at)
{
    if (!in_map(v, &at))
        return 0xff;
    if (vga_chain4(v))
        return v->memory->ram[chained(v, at)];
    if (odd_even(v))
        return v->memory->ram[chained(v, at) | (v->gr[GR_READ_MAP] & 2)];
    const uint8_t *four = v->memory->ram + ((uint32_t)at * 4 & (v->size - 1));
    put_all(v->latch, get_all(four));
    if (v->gr[GR_MODE] & MODE_READ_COMPARE)
        return compare(v, get_all(v->latch));
    return v->latch[v->gr[GR_READ_MAP] & 3];
}

static uint32_t combine(const Vga *v, uint32_t value, uint32_t latch)
{
    switch (v->gr[GR_ROTATE] >> 3 & 3) {
    case 1:
        return value & latch;
    case 2:
        return value | latch;
    case 3:
        return value ^ latch;
    default:
        return value;
    }
}

/* What the four write modes make of a byte for all planes. */
static uint32_t written(const Vga *v, uint8_t byte)
{
    uint32_t latch = get_all(v->latch), mask = spread(v->gr[GR_MASK]), value;
    int by = v->gr[GR_ROTATE] & 7, mode = v->gr[GR_MODE] & 3;
    uint8_t rotated = (uint8_t)(byte >> by | byte << (8 - by));
    if (mode == 1)
        return latch;
    if (mode == 0) {
        uint32_t fixed = planes(v->gr[GR_ENABLE_SET_RESET]);
        value = (spread(rotated) & ~fixed) | (planes(v->gr[GR_SET_RESET]) & fixed);
    } else if (mode == 2) {
        value = planes(byte & 15);
    } else {
        mask &= spread(rotated);
        value = planes(v->gr[GR_SET_RESET]);
    }
    value = combine(v, value, latch);
    return (value & mask) | (latch & ~mask);
}

/* The memory may also be reached as such, and run from there. */
static void write_byte(Vga *v, uint64_t at, uint8_t byte)
{
    uint8_t map_mask = v->seq[SEQ_MAP_MASK];
    if (!in_map(v, &at))
        return;
    if (vga_chain4(v) || (odd_even(v) && !(v->seq[SEQ_MEMORY] & SEQ_SEQUENTIAL))) {
        uint32_t where = chained(v, at);
        if (vga_chain4(v) ? map_mask >> (at & 3) & 1 : map_mask >> (at & 1) & 1)
            v->memory->ram[where] = byte;
        if (!vga_chain4(v) && map_mask >> ((at & 1) + 2) & 1)
            v->memory->ram[where | 2] = byte;
        space_dirty(v->memory, where & ~3u, 4);
        return;
    }
    uint32_t where = (uint32_t)at * 4 & (v->size - 1), mask = planes(map_mask & 15);
    uint8_t *four = v->memory->ram + where;
    put_all(four, (written(v, byte) & mask) | (get_all(four) & ~mask));
    space_dirty(v->memory, where, 4);
}

uint64_t vga_memory_read(Vga *v, uint64_t at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)read_byte(v, at + (uint64_t)i) << i * 8;
    return value;
}

void vga_memory_write(Vga *v, uint64_t at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        write_byte(v, at + (uint64_t)i, (uint8_t)(value >> i * 8));
}
