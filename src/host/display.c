#include "host/display.h"

#include "base/alloc.h"
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if HAVE_ZLIB
#include <zlib.h>
#endif

enum { MOST = 8192 };

static Display *displays;

void display_add(Display *d)
{
    d->next = displays;
    displays = d;
}

void display_remove(Display *d)
{
    Display **at = &displays;
    while (*at && *at != d)
        at = &(*at)->next;
    if (*at)
        *at = d->next;
    free(d->pixels);
    d->pixels = NULL;
    d->width = d->height = 0;
}

Display *display_first(void)
{
    return displays;
}

void display_size(Display *d, int width, int height)
{
    assert(width > 0 && height > 0 && width <= MOST && height <= MOST);
    if (width == d->width && height == d->height)
        return;
    d->width = width;
    d->height = height;
    d->pixels = xrealloc(d->pixels, (size_t)width * (size_t)height * sizeof *d->pixels);
    memset(d->pixels, 0, (size_t)width * (size_t)height * sizeof *d->pixels);
}

void display_draw(Display *d)
{
    d->draw(d->dev, d);
}

/* ---- text ---- */

/* Code page 437 as Unicode; letters, digits and marks of ASCII are themselves. */
static const uint16_t low[32] = { 0x20,   0x263a, 0x263b, 0x2665, 0x2666, 0x2663, 0x2660, 0x2022,
                                  0x25d8, 0x25cb, 0x25d9, 0x2642, 0x2640, 0x266a, 0x266b, 0x263c,
                                  0x25ba, 0x25c4, 0x2195, 0x203c, 0xb6,   0xa7,   0x25ac, 0x21a8,
                                  0x2191, 0x2193, 0x2192, 0x2190, 0x221f, 0x2194, 0x25b2, 0x25bc };
static const uint16_t high[129] = {
    0x2302, 0xc7,   0xfc,   0xe9,   0xe2,   0xe4,   0xe0,   0xe5,   0xe7,   0xea,   0xeb,   0xe8,   0xef,
    0xee,   0xec,   0xc4,   0xc5,   0xc9,   0xe6,   0xc6,   0xf4,   0xf6,   0xf2,   0xfb,   0xf9,   0xff,
    0xd6,   0xdc,   0xa2,   0xa3,   0xa5,   0x20a7, 0x192,  0xe1,   0xed,   0xf3,   0xfa,   0xf1,   0xd1,
    0xaa,   0xba,   0xbf,   0x2310, 0xac,   0xbd,   0xbc,   0xa1,   0xab,   0xbb,   0x2591, 0x2592, 0x2593,
    0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560,
    0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518,
    0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x3b1,  0xdf,   0x393,  0x3c0,  0x3a3,  0x3c3,  0xb5,
    0x3c4,  0x3a6,  0x398,  0x3a9,  0x3b4,  0x221e, 0x3c6,  0x3b5,  0x2229, 0x2261, 0xb1,   0x2265, 0x2264,
    0x2320, 0x2321, 0xf7,   0x2248, 0xb0,   0x2219, 0xb7,   0x221a, 0x207f, 0xb2,   0x25a0, 0x20
};

uint32_t display_character(uint8_t c)
{
    return c < 32 ? low[c] : c < 127 ? c : high[c - 127];
}

static void print_character(Out *o, uint8_t c)
{
    uint32_t u = display_character(c);
    if (u < 0x80)
        out(o, "%c", u);
    else if (u < 0x800)
        out(o, "%c%c", 0xc0 | u >> 6, 0x80 | (u & 63));
    else
        out(o, "%c%c%c", 0xe0 | u >> 12, 0x80 | (u >> 6 & 63), 0x80 | (u & 63));
}

bool display_print(Display *d, Out *o)
{
    TextScreen t;
    if (!d->text || !d->text(d->dev, &t))
        return false;
    for (int y = 0; y < t.rows; y++) {
        const uint16_t *row = t.cells + y * t.columns;
        int len = t.columns;
        while (len && ((row[len - 1] & 0xff) == ' ' || !(row[len - 1] & 0xff)))
            len--;
        for (int x = 0; x < len; x++)
            print_character(o, (uint8_t)row[x]);
        out(o, "\n");
    }
    return true;
}

/* ---- files ---- */

/* Rows of red, green, blue, each after `before` zero bytes. */
static uint8_t *rows_of(const Display *d, size_t before, size_t *len)
{
    size_t row = before + (size_t)d->width * 3;
    *len = row * (size_t)d->height;
    uint8_t *all = xalloc(*len), *at = all;
    for (int y = 0; y < d->height; y++) {
        at += before;
        for (int x = 0; x < d->width; x++) {
            uint32_t p = d->pixels[y * d->width + x];
            *at++ = (uint8_t)(p >> 16);
            *at++ = (uint8_t)(p >> 8);
            *at++ = (uint8_t)p;
        }
    }
    return all;
}

static bool write_ppm(const Display *d, FILE *f)
{
    size_t len;
    uint8_t *rows = rows_of(d, 0, &len);
    bool ok = fprintf(f, "P6\n%d %d\n255\n", d->width, d->height) > 0 && fwrite(rows, 1, len, f) == len;
    free(rows);
    return ok;
}

#if HAVE_ZLIB
static void put_big(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static bool write_chunk(FILE *f, const char *name, const uint8_t *bytes, size_t len)
{
    uint8_t head[8], tail[4];
    put_big(head, (uint32_t)len);
    memcpy(head + 4, name, 4);
    uLong crc = crc32(crc32(0, head + 4, 4), bytes, (uInt)len);
    put_big(tail, (uint32_t)crc);
    return fwrite(head, 1, 8, f) == 8 && fwrite(bytes, 1, len, f) == len && fwrite(tail, 1, 4, f) == 4;
}

/* PNG (ISO/IEC 15948): header, one chunk of compressed rows without filters, end. */
static bool write_png(const Display *d, FILE *f)
{
    size_t len;
    uint8_t header[13] = { [8] = 8, [9] = 2 }, *rows = rows_of(d, 1, &len);
    uLongf packed_len = compressBound(len);
    uint8_t *packed = xalloc(packed_len);
    put_big(header, (uint32_t)d->width);
    put_big(header + 4, (uint32_t)d->height);
    bool ok = compress(packed, &packed_len, rows, len) == Z_OK && fwrite("\x89PNG\r\n\x1a\n", 1, 8, f) == 8 &&
              write_chunk(f, "IHDR", header, sizeof header) && write_chunk(f, "IDAT", packed, packed_len) &&
              write_chunk(f, "IEND", NULL, 0);
    free(packed);
    free(rows);
    return ok;
}
#else
static bool write_png(const Display *d, FILE *f)
{
    (void)d, (void)f;
    return false;
}
#endif

bool display_save(Display *d, const char *path, bool png, Error *err)
{
    if (png && !HAVE_ZLIB)
        return error_set(err, "%s: PNG needs zlib, which this program was built without; write PPM", path);
    display_draw(d);
    FILE *f = fopen(path, "we");
    bool ok = f && (png ? write_png(d, f) : write_ppm(d, f));
    if (f && fclose(f))
        ok = false;
    return ok || error_set(err, "%s: %s", path, strerror(errno));
}
