/* What a monitor shows: text, planes of 16 colours, CGA's 4 colours, 256 colours, and the extensions' modes. */
#include "devices/display/vga.h"

#include <string.h>

enum { CR_END_H = 1, CR_OVERFLOW = 7, CR_SCAN = 9, CR_CURSOR = 0x0a, CR_CURSOR_END, CR_START, CR_CURSOR_AT = 0x0e };
enum { CR_END_V = 0x12, CR_OFFSET = 0x13, CR_MODE = 0x17, CR_COMPARE = 0x18 };
enum { AR_MODE = 0x10, AR_OVERSCAN = 0x11, AR_PLANES = 0x12, AR_PAN = 0x13, AR_SELECT = 0x14, AR_ON = 0x20 };
enum { AR_MODE_GRAPHICS = 1, AR_MODE_LINES = 4, AR_MODE_BLINK = 8, AR_MODE_P54 = 0x80 };
enum { SEQ_CLOCKING = 1, SEQ_FONTS = 3, SEQ_EIGHT = 1, SEQ_HALF_CLOCK = 8, SEQ_OFF = 0x20 };
enum { GR_MODE = 5, GR_MISC = 6, GR_GRAPHICS = 1, FONT_BYTES = 32 };
#define BLINK INT64_C(266666667) /* nanoseconds that a blinking character is there, and gone */

/* The display's own rows and columns; what a frame has of them. */
typedef struct Frame {
    Vga *v;
    int width, height;
    uint32_t start, pitch; /* bytes of video memory */
    uint32_t compare;      /* the line at which it begins again at 0 */
    uint32_t palette[256];
} Frame;

static uint32_t color(const Vga *v, uint8_t index)
{
    const uint8_t *c = v->dac + index * 3;
    if (v->vbe[VBE_ENABLE] & VBE_DAC8)
        return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
    uint32_t rgb = 0;
    for (int i = 0; i < 3; i++)
        rgb = rgb << 8 | ((c[i] & 63u) << 2 | (c[i] & 63u) >> 4);
    return rgb;
}

/* Sixteen colours go through the attribute controller's palette first. */
static void fill_palette(Frame *f, bool sixteen)
{
    const Vga *v = f->v;
    for (int i = 0; i < 256; i++) {
        uint8_t index = (uint8_t)i;
        if (sixteen) {
            uint8_t six = v->ar[i & 15];
            index = v->ar[AR_MODE] & AR_MODE_P54 ? (six & 15) | (uint8_t)((v->ar[AR_SELECT] & 15) << 4)
                                                 : (six & 63) | (uint8_t)((v->ar[AR_SELECT] & 12) << 4);
        }
        f->palette[i] = color(v, index & v->dac_mask);
    }
}

static uint8_t at(const Frame *f, uint32_t where)
{
    return f->v->memory->ram[where & (f->v->size - 1)];
}

static bool half_clock(const Vga *v)
{
    return v->seq[SEQ_CLOCKING] & SEQ_HALF_CLOCK;
}

static int visible_lines(const Vga *v)
{
    uint8_t over = v->cr[CR_OVERFLOW];
    return (v->cr[CR_END_V] | (over & 2) << 7 | (over & 0x40) << 3) + 1;
}

static uint32_t line_compare(const Vga *v)
{
    return v->cr[CR_COMPARE] | (v->cr[CR_OVERFLOW] & 0x10u) << 4 | (v->cr[CR_SCAN] & 0x40u) << 3;
}

static uint32_t start_address(const Vga *v)
{
    return (uint32_t)v->cr[CR_START] << 8 | v->cr[CR_START + 1];
}

static bool is_graphics(const Vga *v)
{
    return v->gr[GR_MISC] & GR_GRAPHICS;
}

static bool is_dark(const Vga *v)
{
    return !(v->ar_index & AR_ON) || v->seq[SEQ_CLOCKING] & SEQ_OFF;
}

/* ---- text ---- */

static int character_width(const Vga *v)
{
    return v->seq[SEQ_CLOCKING] & SEQ_EIGHT ? 8 : 9;
}

static int character_height(const Vga *v)
{
    return (v->cr[CR_SCAN] & 31) + 1;
}

static int columns_of(const Vga *v)
{
    int n = v->cr[CR_END_H] + 1;
    return n > 160 ? 160 : n;
}

static int rows_of(const Vga *v)
{
    int n = visible_lines(v) / character_height(v);
    return n < 1 ? 1 : n > 100 ? 100 : n;
}

static bool scan_doubled(const Vga *v)
{
    return v->cr[CR_SCAN] & 0x80;
}

static int cursor_cell(const Vga *v)
{
    uint32_t where = (uint32_t)v->cr[CR_CURSOR_AT] << 8 | v->cr[CR_CURSOR_AT + 1], from = start_address(v);
    uint32_t pitch = v->cr[CR_OFFSET] * 2u;
    if (v->cr[CR_CURSOR] & 0x20 || where < from || !pitch)
        return -1;
    uint32_t row = (where - from) / pitch, column = (where - from) % pitch;
    if (row >= (uint32_t)rows_of(v) || column >= (uint32_t)columns_of(v))
        return -1;
    return (int)(row * (uint32_t)columns_of(v) + column);
}

static void fill_cells(Vga *v)
{
    Frame f = { .v = v };
    for (int y = 0; y < rows_of(v); y++)
        for (int x = 0; x < columns_of(v); x++) {
            uint32_t where = start_address(v) * 4 + (uint32_t)y * v->cr[CR_OFFSET] * 8 + (uint32_t)x * 4;
            v->cells[y * columns_of(v) + x] = (uint16_t)(at(&f, where) | at(&f, where + 1) << 8);
        }
}

bool vga_text(void *vga, TextScreen *t)
{
    Vga *v = vga;
    if (vbe_on(v) || is_graphics(v) || is_dark(v))
        return false;
    fill_cells(v);
    *t = (TextScreen){ columns_of(v), rows_of(v), cursor_cell(v), v->cells };
    return true;
}

/* Where plane 2 has a font: the two that bit 3 of the attribute chooses from (IBM VGA, Character Map Select). */
static uint32_t font_at(const Vga *v, bool other)
{
    uint8_t s = v->seq[SEQ_FONTS];
    unsigned n = other ? (s & 0x20) >> 5 | (s >> 2 & 3) << 1 : (s & 0x10) >> 4 | (s & 3) << 1;
    return ((n & 6) << 13 | (n & 1) << 15) >> 0;
}

typedef struct Glyph {
    uint8_t character, attribute;
    bool cursor;
} Glyph;

static void draw_glyph(Frame *f, uint32_t *to, Glyph g, bool blink_on)
{
    const Vga *v = f->v;
    int width = character_width(v), height = character_height(v), scale = half_clock(v) ? 2 : 1;
    bool blinks = v->ar[AR_MODE] & AR_MODE_BLINK, two_fonts = font_at(v, true) != font_at(v, false);
    uint8_t fore = g.attribute & (two_fonts ? 7 : 15), back = g.attribute >> 4 & (blinks ? 7 : 15);
    if (blinks && g.attribute & 0x80 && !blink_on)
        fore = back;
    uint32_t font = font_at(v, g.attribute & 8) + g.character * (uint32_t)FONT_BYTES;
    bool line = v->ar[AR_MODE] & AR_MODE_LINES && g.character >= 0xc0 && g.character <= 0xdf;
    int first = v->cr[CR_CURSOR] & 31, last = v->cr[CR_CURSOR_END] & 31;
    for (int y = 0; y < height; y++, to += f->width) {
        unsigned bits = (unsigned)at(f, (font + (uint32_t)y) * 4 + 2) << 1;
        if (line)
            bits |= bits >> 1 & 1;
        if (g.cursor && blink_on && y >= first && y <= last)
            bits = 0x1ff;
        for (int x = 0; x < width * scale; x++)
            to[x] = f->palette[bits >> (8 - x / scale) & 1 ? fore : back];
    }
}

static void draw_text(Vga *v, Display *d)
{
    Frame f = { .v = v };
    int columns = columns_of(v), rows = rows_of(v), cursor = cursor_cell(v);
    int wide = character_width(v) * (half_clock(v) ? 2 : 1), high = character_height(v);
    bool on = time_now(v->dev->machine) / BLINK % 2 == 0;
    display_size(d, columns * wide, rows * high);
    f.width = d->width;
    fill_palette(&f, true);
    fill_cells(v);
    for (int i = 0; i < columns * rows; i++) {
        Glyph g = { (uint8_t)v->cells[i], (uint8_t)(v->cells[i] >> 8), i == cursor };
        draw_glyph(&f, d->pixels + (i / columns) * high * d->width + i % columns * wide, g, on);
    }
}

/* ---- graphics of old ---- */

/* Byte address of a scan line: the CRT controller can put bits of the row into the address, as CGA and Hercules had
 * their rows in banks. */
static uint32_t row_address(const Frame *f, uint32_t from, uint32_t row, uint32_t scan)
{
    uint32_t mode = f->v->cr[CR_MODE], where = from + row * f->pitch;
    uint32_t bank = mode & 0x40 ? 15 : 14;
    if (!(mode & 1))
        where = (where & ~(1u << bank)) | (scan & 1) << bank;
    if (!(mode & 2))
        where = (where & ~(1u << (bank + 1))) | (scan >> 1 & 1) << (bank + 1);
    return where;
}

/* 16 colours: one bit of each plane makes a pixel. */
static void row_of_planes(const Frame *f, uint32_t *to, uint32_t from, int scale)
{
    unsigned enabled = f->v->ar[AR_PLANES] & 15;
    for (int x = 0; x < f->width / scale; x++) {
        uint32_t four = from + (uint32_t)x / 8 * 4;
        int bit = 7 - x % 8;
        unsigned c = 0;
        for (uint32_t p = 0; p < 4; p++)
            c |= (unsigned)(at(f, four + p) >> bit & 1) << p;
        for (int i = 0; i < scale; i++)
            to[x * scale + i] = f->palette[c & enabled];
    }
}

/* CGA's 4 colours: two bits a pixel, even bytes in plane 0, odd ones in plane 1. */
static void row_of_pairs(const Frame *f, uint32_t *to, uint32_t from, int scale)
{
    unsigned enabled = f->v->ar[AR_PLANES] & 15;
    for (int x = 0; x < f->width / scale; x++) {
        uint32_t cell = from + (uint32_t)x / 8 * 4, odd = (uint32_t)x / 4 & 1;
        int shift = 6 - x % 4 * 2;
        unsigned c = at(f, cell + odd) >> shift & 3;
        c |= (at(f, cell + odd + 2) >> shift & 3u) << 2;
        for (int i = 0; i < scale; i++)
            to[x * scale + i] = f->palette[c & enabled];
    }
}

/* 256 colours: a byte a pixel, each twice as wide. */
static void row_of_bytes(const Frame *f, uint32_t *to, uint32_t from)
{
    for (int x = 0; x < f->width; x++)
        to[x] = f->palette[at(f, from + (uint32_t)x / 2)];
}

static void draw_graphics(Vga *v, Display *d)
{
    Frame f = { .v = v, .compare = line_compare(v) };
    int kind = v->gr[GR_MODE] >> 5 & 3, scale = half_clock(v) ? 2 : 1;
    uint32_t per_row = (uint32_t)character_height(v) * (scan_doubled(v) ? 2 : 1);
    int lines = visible_lines(v);
    display_size(d, columns_of(v) * 8 * (kind >= 2 ? 1 : scale), lines);
    f.width = d->width;
    f.pitch = v->cr[CR_OFFSET] * 8u;
    f.start = start_address(v) * 4;
    fill_palette(&f, kind < 2);
    uint32_t from = f.start, line = 0;
    for (int y = 0; y < lines; y++, line++) {
        if ((uint32_t)y == f.compare + 1)
            from = line = 0;
        uint32_t *to = d->pixels + y * d->width;
        bool banks = (v->cr[CR_MODE] & 3) != 3;
        uint32_t scan = banks ? line / (scan_doubled(v) ? 2 : 1) % (uint32_t)character_height(v) : 0;
        uint32_t where = row_address(&f, from, line / per_row, scan);
        if (kind >= 2)
            row_of_bytes(&f, to, where);
        else if (kind == 1)
            row_of_pairs(&f, to, where, scale);
        else
            row_of_planes(&f, to, where, scale);
    }
}

/* ---- extensions ---- */

static uint32_t pixel(const Frame *f, uint32_t where, int x, int bpp)
{
    uint32_t p;
    switch (bpp) {
    case 8:
        return f->palette[at(f, where + (uint32_t)x)];
    case 15:
        where += (uint32_t)x * 2;
        p = at(f, where) | (uint32_t)at(f, where + 1) << 8;
        return (p & 0x7c00) << 9 | (p & 0x7000) << 4 | (p & 0x3e0) << 6 | (p & 0x380) << 1 | (p & 31) << 3 |
               (p & 0x1c) >> 2;
    case 16:
        where += (uint32_t)x * 2;
        p = at(f, where) | (uint32_t)at(f, where + 1) << 8;
        return (p & 0xf800) << 8 | (p & 0xe000) << 3 | (p & 0x7e0) << 5 | (p & 0x600) >> 1 | (p & 31) << 3 |
               (p & 0x1c) >> 2;
    default:
        where += (uint32_t)(x * bpp / 8);
        return at(f, where) | (uint32_t)at(f, where + 1) << 8 | (uint32_t)at(f, where + 2) << 16;
    }
}

static void draw_vbe(Vga *v, Display *d)
{
    const uint16_t *r = v->vbe;
    int bpp = r[VBE_BPP], width = r[VBE_XRES] > 8192 ? 8192 : r[VBE_XRES],
        height = r[VBE_YRES] > 8192 ? 8192 : r[VBE_YRES];
    Frame f = { .v = v };
    display_size(d, width, height);
    f.width = width;
    fill_palette(&f, bpp == 4);
    uint32_t pitch = bpp == 4 ? r[VBE_VIRT_WIDTH] / 2u : r[VBE_VIRT_WIDTH] * ((bpp + 7u) / 8);
    uint32_t from = r[VBE_Y] * pitch + (bpp == 4 ? r[VBE_X] / 8u * 4 : r[VBE_X] * ((bpp + 7u) / 8));
    for (int y = 0; y < height; y++, from += pitch) {
        uint32_t *to = d->pixels + y * width;
        if (bpp == 4)
            row_of_planes(&f, to, from, 1);
        else if (bpp == 32 && from + (uint32_t)width * 4 <= v->size)
            memcpy(to, v->memory->ram + from, (size_t)width * 4);
        else
            for (int x = 0; x < width; x++)
                to[x] = pixel(&f, from, x, bpp);
        for (int x = 0; bpp == 32 && x < width; x++)
            to[x] &= 0xffffff;
    }
}

void vga_draw(void *vga, Display *d)
{
    Vga *v = vga;
    if (vbe_on(v) && v->ar_index & AR_ON) {
        draw_vbe(v, d);
    } else if (is_dark(v)) {
        display_size(d, d->width ? d->width : 640, d->height ? d->height : 480);
        memset(d->pixels, 0, (size_t)d->width * (size_t)d->height * sizeof *d->pixels);
    } else if (is_graphics(v)) {
        draw_graphics(v, d);
    } else {
        draw_text(v, d);
    }
}
