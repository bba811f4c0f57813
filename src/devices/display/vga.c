#include "devices/display/vga.h"

#include "base/log.h"

#include <string.h>

enum { MONO_INDEX = 0x04, MONO_DATA = 0x05, MONO_STATUS = 0x0a };
enum {
    ATTRIBUTE = 0x10,
    ATTRIBUTE_READ,
    MISC_WRITE = 0x12,
    STATUS_0 = 0x12,
    SEQ_INDEX = 0x14,
    SEQ_DATA,
    DAC_MASK,
    DAC_READ,
    DAC_WRITE,
    DAC_DATA,
    FEATURE_READ,
    MISC_READ = 0x1c,
    GR_INDEX = 0x1e,
    GR_DATA,
    COLOR_INDEX = 0x24,
    COLOR_DATA,
    COLOR_STATUS = 0x2a
};
enum { MISC_COLOR = 1, CR_PROTECT = 0x80, CR_OVERFLOW = 7, CR_END_RETRACE = 0x11 };
enum { VBE_ID_LAST = 0xb0c5, VBE_ID_FIRST = 0xb0c0, VBE_MOST_X = 16000, VBE_MOST_Y = 12000, BANK = 64 << 10 };
#define FRAME   INT64_C(16666667) /* nanoseconds: 60 Hz, with 480 of 525 lines to be seen */
#define VISIBLE INT64_C(15238096)
#define LINE    INT64_C(31746)

/* Bits of a register that exist. */
static const uint8_t seq_mask[VGA_SEQ] = { 3, 61, 15, 63, 14 };
static const uint8_t gr_mask[VGA_GR] = { 15, 15, 15, 31, 3, 123, 15, 15, 255 };

/* ---- extensions ---- */

static uint32_t bytes_per_line(const Vga *v, uint32_t width)
{
    uint32_t bpp = v->vbe[VBE_BPP];
    return bpp == 4 ? width / 2 : width * ((bpp + 7) / 8);
}

/* Widths that do not fit the memory are made to; the height of the virtual screen follows. */
static void fix_vbe(Vga *v)
{
    uint16_t *r = v->vbe;
    static const uint8_t depths[] = { 4, 8, 15, 16, 24, 32 };
    if (!memchr(depths, r[VBE_BPP], sizeof depths) || r[VBE_BPP] > 255)
        r[VBE_BPP] = 8;
    r[VBE_XRES] = r[VBE_XRES] < 8 ? 8 : r[VBE_XRES] > VBE_MOST_X ? VBE_MOST_X : r[VBE_XRES] & ~7;
    if (r[VBE_VIRT_WIDTH] < r[VBE_XRES] || r[VBE_VIRT_WIDTH] > VBE_MOST_X)
        r[VBE_VIRT_WIDTH] = r[VBE_XRES];
    uint32_t line = bytes_per_line(v, r[VBE_VIRT_WIDTH]), lines = v->size / line;
    r[VBE_VIRT_HEIGHT] = (uint16_t)(lines > 0xffff ? 0xffff : lines);
    uint32_t most = lines < VBE_MOST_Y ? lines : VBE_MOST_Y;
    r[VBE_YRES] = (uint16_t)(r[VBE_YRES] < 1 ? 1 : r[VBE_YRES] > most ? most : r[VBE_YRES]);
    if (r[VBE_X] > r[VBE_VIRT_WIDTH] - r[VBE_XRES])
        r[VBE_X] = 0;
    if (r[VBE_Y] > r[VBE_VIRT_HEIGHT] - r[VBE_YRES])
        r[VBE_Y] = 0;
}

uint16_t vbe_read(const Vga *v, unsigned index)
{
    static const uint16_t most[] = { [VBE_XRES] = VBE_MOST_X, [VBE_YRES] = VBE_MOST_Y, [VBE_BPP] = 32 };
    if (index == VBE_VIDEO_MEMORY)
        return (uint16_t)(v->size / BANK);
    if (v->vbe[VBE_ENABLE] & VBE_CAPABILITIES && index >= VBE_XRES && index <= VBE_BPP)
        return most[index];
    return index < VBE_REGS ? v->vbe[index] : 0;
}

/* Turning it on makes the mode of the resolution set before, and clears the screen unless told not to. */
static void enable_vbe(Vga *v, uint16_t value)
{
    bool was = vbe_on(v);
    v->vbe[VBE_ENABLE] = value;
    v->vbe[VBE_BANK] = 0;
    if (!(value & VBE_ENABLED) || was)
        return;
    v->vbe[VBE_VIRT_WIDTH] = v->vbe[VBE_X] = v->vbe[VBE_Y] = 0;
    fix_vbe(v);
    if (value & VBE_NO_CLEAR)
        return;
    uint32_t len = bytes_per_line(v, v->vbe[VBE_VIRT_WIDTH]) * v->vbe[VBE_YRES];
    memset(v->memory->ram, 0, len);
    space_dirty(v->memory, 0, len);
}

void vbe_write(Vga *v, unsigned index, uint16_t value)
{
    switch (index) {
    case VBE_ID:
        if (value >= VBE_ID_FIRST && value <= VBE_ID_LAST)
            v->vbe[VBE_ID] = value;
        break;
    case VBE_XRES:
    case VBE_YRES:
    case VBE_BPP:
    case VBE_VIRT_WIDTH:
    case VBE_X:
    case VBE_Y:
        v->vbe[index] = value;
        if (vbe_on(v))
            fix_vbe(v);
        break;
    case VBE_BANK:
        v->vbe[VBE_BANK] = value & (uint16_t)(v->size / BANK - 1);
        break;
    case VBE_ENABLE:
        enable_vbe(v, value);
        break;
    }
}

/* ---- palette ---- */

/* The three parts of a colour come one after the other; a colour changes when the last has come. */
static void write_dac(Vga *v, uint8_t byte)
{
    v->dac_cache[v->dac_part++] = byte;
    if (v->dac_part < 3)
        return;
    memcpy(v->dac + v->dac_write++ * 3, v->dac_cache, 3);
    v->dac_part = 0;
}

static uint8_t read_dac(Vga *v)
{
    uint8_t byte = v->dac[v->dac_read * 3 + v->dac_part++];
    if (v->dac_part == 3) {
        v->dac_part = 0;
        v->dac_read++;
    }
    return byte;
}

/* ---- registers ---- */

static void write_attribute(Vga *v, uint8_t byte)
{
    static const uint8_t masks[] = { [0x10] = 0xef, [0x11] = 0xff, [0x12] = 0x3f, [0x13] = 0x0f, [0x14] = 0x0f };
    if (!v->ar_data)
        v->ar_index = byte & 0x3f;
    else if ((v->ar_index & 31) < 0x15)
        v->ar[v->ar_index & 31] = byte & ((v->ar_index & 31) < 16 ? 0x3f : masks[v->ar_index & 31]);
    v->ar_data = !v->ar_data;
}

/* The first eight are protected, but for one bit of line compare. */
static void write_cr(Vga *v, uint8_t byte)
{
    uint8_t *r = &v->cr[v->cr_index % VGA_CR];
    if (v->cr[CR_END_RETRACE] & CR_PROTECT && v->cr_index <= CR_OVERFLOW) {
        if (v->cr_index == CR_OVERFLOW)
            *r = (*r & ~0x10) | (byte & 0x10);
        return;
    }
    if (v->cr_index < 0x19)
        *r = byte;
}

/* Retraces, by the clock; reading resets whose turn it is at the attribute port. */
static uint8_t read_status(Vga *v)
{
    int64_t t = time_now(v->dev->machine) % FRAME;
    v->ar_data = false;
    return t > VISIBLE ? 9 : t % LINE > LINE * 4 / 5 ? 1 : 0;
}

/* The monochrome places of the CRT controller and the colour ones exclude each other. */
static bool answers(const Vga *v, uint64_t at)
{
    bool mono = at < 0x10, color = at >= 0x20;
    return v->misc & MISC_COLOR ? !mono : !color;
}

static uint8_t read_port(Vga *v, uint64_t at)
{
    if (!answers(v, at))
        return 0xff;
    switch (at) {
    case MONO_INDEX:
    case COLOR_INDEX:
        return v->cr_index;
    case MONO_DATA:
    case COLOR_DATA:
        return v->cr[v->cr_index % VGA_CR];
    case MONO_STATUS:
    case COLOR_STATUS:
        return read_status(v);
    case ATTRIBUTE:
        return v->ar_data ? 0 : v->ar_index;
    case ATTRIBUTE_READ:
        return (v->ar_index & 31) < 0x15 ? v->ar[v->ar_index & 31] : 0;
    case STATUS_0:
        return 0x70; /* a colour monitor is there */
    case SEQ_INDEX:
        return v->seq_index;
    case SEQ_DATA:
        return v->seq[v->seq_index];
    case DAC_MASK:
        return v->dac_mask;
    case DAC_READ:
        return v->dac_state;
    case DAC_WRITE:
        return v->dac_write;
    case DAC_DATA:
        return read_dac(v);
    case FEATURE_READ:
        return v->feature;
    case MISC_READ:
        return v->misc;
    case GR_INDEX:
        return v->gr_index;
    case GR_DATA:
        return v->gr[v->gr_index];
    }
    return 0xff;
}

static void write_port(Vga *v, uint64_t at, uint8_t byte)
{
    if (!answers(v, at))
        return;
    switch (at) {
    case MONO_INDEX:
    case COLOR_INDEX:
        v->cr_index = byte;
        break;
    case MONO_DATA:
    case COLOR_DATA:
        write_cr(v, byte);
        break;
    case MONO_STATUS:
    case COLOR_STATUS:
        v->feature = byte & 0x10;
        break;
    case ATTRIBUTE:
        write_attribute(v, byte);
        break;
    case MISC_WRITE:
        v->misc = byte & ~0x10;
        break;
    case SEQ_INDEX:
        v->seq_index = byte % VGA_SEQ;
        break;
    case SEQ_DATA:
        v->seq[v->seq_index] = byte & seq_mask[v->seq_index];
        break;
    case DAC_MASK:
        v->dac_mask = byte;
        break;
    case DAC_READ:
        v->dac_read = byte;
        v->dac_part = 0;
        v->dac_state = 3;
        break;
    case DAC_WRITE:
        v->dac_write = byte;
        v->dac_part = 0;
        v->dac_state = 0;
        break;
    case DAC_DATA:
        write_dac(v, byte);
        break;
    case GR_INDEX:
        v->gr_index = byte % VGA_GR;
        break;
    case GR_DATA:
        v->gr[v->gr_index] = byte & gr_mask[v->gr_index];
        break;
    }
}

uint64_t vga_port_read(Vga *v, uint64_t at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint64_t)read_port(v, at + (uint64_t)i) << i * 8;
    return value;
}

void vga_port_write(Vga *v, uint64_t at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        write_port(v, at + (uint64_t)i, (uint8_t)(value >> i * 8));
}

void vga_reset(Vga *v)
{
    v->dac_mask = 0xff;
    v->vbe[VBE_ID] = VBE_ID_LAST;
    v->gr[6] = 0;
}

bool vga_init(Vga *v, Device *dev, uint32_t size, Error *err)
{
    v->dev = dev;
    v->size = size;
    v->memory = ram_add(dev->machine, "vga.vram", size, false, err);
    if (!v->memory)
        return false;
    v->display = (Display){ .id = dev->id, .draw = vga_draw, .text = vga_text, .dev = v };
    display_add(&v->display);
    return true;
}

void vga_stop(Vga *v)
{
    display_remove(&v->display);
}

const StateField vga_state[] = {
    STATE_ARRAY(Vga, seq),
    STATE_ARRAY(Vga, gr),
    STATE_ARRAY(Vga, cr),
    STATE_ARRAY(Vga, ar),
    STATE_ARRAY(Vga, dac),
    STATE(Vga, seq_index, .below = VGA_SEQ),
    STATE(Vga, gr_index, .below = VGA_GR),
    STATE(Vga, cr_index),
    STATE(Vga, ar_index),
    STATE(Vga, misc),
    STATE(Vga, feature),
    STATE(Vga, ar_data),
    STATE(Vga, dac_read),
    STATE(Vga, dac_write),
    STATE(Vga, dac_part, .below = 3),
    STATE(Vga, dac_mask, .reset = 0xff),
    STATE(Vga, dac_state),
    STATE_ARRAY(Vga, dac_cache),
    STATE_ARRAY(Vga, latch),
    STATE_ARRAY(Vga, vbe),
    STATE(Vga, vbe_index),
    STATE_END,
};
