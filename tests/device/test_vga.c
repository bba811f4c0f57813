/* What a VGA shows: modes set by the values of IBM's BIOS, pictures compared by content. */
#include "core/ports.h"
#include "core/run.h"
#include "host/display.h"
#include "tests/device/bench.h"
#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Bench b;

static void out1(uint16_t port, uint32_t value)
{
    port_out(b.machine, 0, port, value, 1);
}

static void poke(uint64_t at, uint64_t value, int size)
{
    machine_lock(b.machine);
    ck_assert(space_store(b.machine->memory, at, value, size));
    machine_unlock(b.machine);
}

static uint8_t peek(uint64_t at)
{
    machine_lock(b.machine);
    uint8_t value = (uint8_t)space_load(b.machine->memory, at, 1, NULL);
    machine_unlock(b.machine);
    return value;
}

typedef struct Mode {
    uint8_t misc, seq[5], cr[25], gr[9], ar[21];
} Mode;

static const Mode text = {
    0x67,
    { 3, 0, 3, 0, 2 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0,    0x4f, 0x0d, 0x0e, 0,
      0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff },
    { 0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0, 0x0f, 8, 0 },
};
static const Mode mode_12 = {
    0xe3,
    { 3, 1, 15, 0, 6 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0,    0x40, 0,    0,   0,
      0,    0,    0,    0xea, 0x8c, 0xdf, 0x28, 0,    0xe7, 4,    0xe3, 0xff },
    { 0, 0, 0, 0, 0, 0, 5, 15, 0xff },
    { 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 1, 0, 15, 0, 0 },
};
static const Mode mode_13 = {
    0x63,
    { 3, 1, 15, 0, 14 },
    { 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0,    0x41, 0,    0,   0,
      0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff },
    { 0, 0, 0, 0, 0, 0x40, 5, 15, 0xff },
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 15, 0, 0 },
};

static void set_colors(void)
{
    out1(0x3c8, 0);
    for (int i = 0; i < 256; i++)
        for (int part = 0; part < 3; part++)
            out1(0x3c9, (uint32_t)(i + part * 16) & 63);
}

static void set_mode(const Mode *m)
{
    out1(0x3c2, m->misc);
    for (uint32_t i = 0; i < 5; i++)
        port_out(b.machine, 0, 0x3c4, i | (uint32_t)m->seq[i] << 8, 2);
    port_out(b.machine, 0, 0x3d4, 0x11, 2); /* unprotect */
    for (uint32_t i = 0; i < 25; i++)
        port_out(b.machine, 0, 0x3d4, i | (uint32_t)m->cr[i] << 8, 2);
    for (uint32_t i = 0; i < 9; i++)
        port_out(b.machine, 0, 0x3ce, i | (uint32_t)m->gr[i] << 8, 2);
    port_in(b.machine, 0, 0x3da, 1);
    for (uint32_t i = 0; i < 21; i++) {
        out1(0x3c0, i);
        out1(0x3c0, m->ar[i]);
    }
    out1(0x3c0, 0x20);
    set_colors();
}

static uint32_t rgb(int index)
{
    uint32_t c = 0;
    for (int part = 0; part < 3; part++) {
        uint32_t six = (uint32_t)(index + part * 16) & 63;
        c = c << 8 | (six << 2 | six >> 4);
    }
    return c;
}

static Display *drawn(int width, int height)
{
    Display *d = display_first();
    ck_assert_ptr_nonnull(d);
    display_draw(d);
    ck_assert_int_eq(d->width, width);
    ck_assert_int_eq(d->height, height);
    return d;
}

static void begin(const Mode *m)
{
    b = bench("VGA", "romfile=");
    set_mode(m);
}

START_TEST(text_is_readable_and_drawn_with_its_font)
{
    begin(&text);
    for (uint64_t i = 0; i < 2000; i++)
        poke(0xb8000 + i * 2, 0x0720, 2);
    poke(0xb8000, 0x1f48, 2);
    poke(0xb8002, 0x1f69, 2);
    poke(0xb8000 + 160, 0x07c4, 2);
    Out o = { 0 };
    ck_assert(display_print(display_first(), &o));
    ck_assert_int_eq(memcmp(o.text, "Hi\n\xe2\x94\x80\n\n", 8), 0);
    out_free(&o);
    /* the font is in plane 2; load a shape for H as the BIOS does */
    port_out(b.machine, 0, 0x3c4, 0x0402, 2);
    port_out(b.machine, 0, 0x3c4, 0x0604, 2);
    port_out(b.machine, 0, 0x3ce, 0x0005, 2);
    port_out(b.machine, 0, 0x3ce, 0x0406, 2);
    for (uint64_t y = 0; y < 16; y++)
        poke(0xa0000 + 'H' * 32 + y, 0x81, 1);
    set_mode(&text);
    Display *d = drawn(720, 400);
    ck_assert_uint_eq(d->pixels[0], rgb(0x3f));
    ck_assert_uint_eq(d->pixels[1], rgb(1));
    ck_assert_uint_eq(d->pixels[7 + 720], rgb(0x3f));
    ck_assert_uint_eq(d->pixels[8], rgb(1)); /* the ninth column */
    ck_assert_uint_eq(d->pixels[18], rgb(0));
    bench_end(&b);
}
END_TEST

START_TEST(planes_are_written_in_four_ways)
{
    begin(&mode_12);
    port_out(b.machine, 0, 0x3c4, 0x0502, 2); /* planes 0 and 2 */
    poke(0xa0000, 0xf0, 1);
    port_out(b.machine, 0, 0x3c4, 0x0f02, 2);
    port_out(b.machine, 0, 0x3ce, 0x0205, 2); /* write mode 2: a colour where the mask is */
    port_out(b.machine, 0, 0x3ce, 0x0108, 2);
    peek(0xa0000);
    poke(0xa0000, 0x0a, 1);
    port_out(b.machine, 0, 0x3ce, 0x0105, 2); /* write mode 1: the latches */
    peek(0xa0000);
    poke(0xa0001, 0, 1);
    port_out(b.machine, 0, 0x3ce, 0xff08, 2);
    Display *d = drawn(640, 480);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(d->pixels[i * 8], rgb(5));
        ck_assert_uint_eq(d->pixels[i * 8 + 4], rgb(0));
        ck_assert_uint_eq(d->pixels[i * 8 + 7], rgb(0x3a)); /* 10, by the palette */
    }
    port_out(b.machine, 0, 0x3ce, 0x0805, 2); /* read mode 1 */
    port_out(b.machine, 0, 0x3ce, 0x0a02, 2);
    ck_assert_uint_eq(peek(0xa0000), 1);
    port_out(b.machine, 0, 0x3ce, 0x0005, 2);
    port_out(b.machine, 0, 0x3ce, 0x0304, 2);
    ck_assert_uint_eq(peek(0xa0000), 1); /* plane 3 */
    bench_end(&b);
}
END_TEST

START_TEST(mode_13_has_a_byte_for_each_pixel)
{
    begin(&mode_13);
    for (uint64_t i = 0; i < 64000; i += 4)
        poke(0xa0000 + i, i % 320 * 0x01010101, 4);
    Display *d = drawn(640, 400);
    ck_assert_uint_eq(d->pixels[0], rgb(0));
    ck_assert_uint_eq(d->pixels[16], rgb(8));
    ck_assert_uint_eq(d->pixels[17], rgb(8));
    ck_assert_uint_eq(d->pixels[399 * 640 + 400], rgb(200 % 256));
    ck_assert_uint_eq(peek(0xa0000 + 320 * 199 + 100), 100);
    Out o = { 0 };
    ck_assert(!display_print(d, &o));
    bench_end(&b);
}
END_TEST

static void vbe(uint16_t index, uint16_t value)
{
    port_out(b.machine, 0, 0x1ce, index, 2);
    port_out(b.machine, 0, 0x1cf, value, 2);
}

START_TEST(the_extensions_show_true_colours)
{
    begin(&text);
    port_out(b.machine, 0, 0x1ce, 0, 2);
    ck_assert_uint_eq(port_in(b.machine, 0, 0x1cf, 2), 0xb0c5);
    vbe(4, 0);
    vbe(1, 800);
    vbe(2, 600);
    vbe(3, 32);
    vbe(4, 0x41);
    port_out(b.machine, 0, 0x1ce, 6, 2);
    ck_assert_uint_eq(port_in(b.machine, 0, 0x1cf, 2), 800);
    set_mode(&mode_13); /* the window at A0000h shows the first bank */
    poke(0xa0000, 0xff123456, 4);
    vbe(5, 1);
    poke(0xa0000, 0x00abcdef, 4);
    Display *d = drawn(800, 600);
    ck_assert_uint_eq(d->pixels[0], 0x123456);
    ck_assert_uint_eq(d->pixels[65536 / 4], 0xabcdef);
    vbe(9, 20);
    ck_assert_uint_eq(drawn(800, 600)->pixels[0], 0);
    vbe(4, 0);
    bench_end(&b);
}
END_TEST

/* Who keeps copies of memory is told after the write. */
static uint8_t seen[4];

static void note(void *who, uint64_t page, uint64_t offset, uint64_t len)
{
    (void)len;
    memcpy(seen, (uint8_t *)who + (page << 12) + (offset & ~3ull), 4);
}

START_TEST(who_watches_memory_hears_of_a_write_after_it)
{
    begin(&mode_12);
    const SpaceWatch watch = { .dirty = note, .who = b.machine->run->ram };
    space_watch(&watch);
    poke(0xa0000 + 2, 0xa5, 1);
    ck_assert_mem_eq(seen, "\xa5\xa5\xa5\xa5", 4);
    set_mode(&mode_13);
    poke(0xa0000 + 5, 0x5a, 1);
    ck_assert_uint_eq(seen[1], 0x5a);
    set_mode(&text);
    poke(0xb8000 + 2, 0x3c, 1);
    ck_assert_uint_eq(seen[0], 0x3c);
    vbe(4, 0x41);
    ck_assert_mem_eq(seen, "\0\0\0\0", 4);
    space_watch(NULL);
    bench_end(&b);
}
END_TEST

START_TEST(hostile_sizes_are_made_to_fit)
{
    begin(&mode_13);
    for (uint32_t i = 0; i < 3000; i++) {
        vbe((uint16_t)(i % 11), (uint16_t)(i * 40503));
        if (i % 37 == 0)
            display_draw(display_first());
        port_out(b.machine, 0, 0x3d4, (i * 7 % 25) | (i * 2654435761u >> 24) << 8, 2);
        port_out(b.machine, 0, 0x3ce, (i * 5 % 9) | (i * 2654435761u >> 20 & 0xff) << 8, 2);
        port_out(b.machine, 0, 0x3c4, (i * 3 % 5) | (i * 2654435761u >> 16 & 0xff) << 8, 2);
        poke(0xa0000 + i * 977 % 0x1fff0, i, 8);
    }
    bench_end(&b);
}
END_TEST

START_TEST(a_screenshot_is_a_picture_file)
{
    char path[] = "/tmp/dragoman-vga-XXXXXX", head[32] = "";
    Error err;
    int fd = mkstemp(path);
    begin(&mode_13);
    ck_assert(display_save(display_first(), path, false, &err));
    ck_assert_int_eq(read(fd, head, 15), 15);
    ck_assert_str_eq(head, "P6\n640 400\n255\n");
    if (display_save(display_first(), path, true, &err)) {
        ck_assert_int_eq(pread(fd, head, 24, 0), 24);
        ck_assert_mem_eq(head, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x90", 24);
    }
    close(fd);
    unlink(path);
    bench_end(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { text_is_readable_and_drawn_with_its_font,
                                   planes_are_written_in_four_ways,
                                   mode_13_has_a_byte_for_each_pixel,
                                   the_extensions_show_true_colours,
                                   who_watches_memory_hears_of_a_write_after_it,
                                   hostile_sizes_are_made_to_fit,
                                   a_screenshot_is_a_picture_file,
                                   NULL };
    return run_tests("device/vga", tests, NULL);
}
