/* What holds for every device type: reset values read back, read-only bits hold, and no access at any offset of any
 * size, aligned or not, does harm. Run it under the sanitizers. */
#include "core/snapshot_device.h"
#include "tests/device/bench.h"

#include "base/alloc.h"
#include "tests/suite.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static const DeviceType *type_at(int i)
{
    return device_types[i];
}

static int types(void)
{
    int n = 0;
    while (device_types[n])
        n++;
    return n;
}

/* With a chardev, a drive and a netdev, if it can have them. */
static Bench bench_of(const DeviceType *t)
{
    Out set = { 0 };
    int given[PROP_DEVICE + 1] = { 0 };
    for (const Prop *p = t->props; p && p->name; p++)
        if ((p->kind == PROP_CHARDEV || p->kind == PROP_DRIVE || p->kind == PROP_NET) && !given[p->kind]++)
            out(&set, "%s%s=mem", set.len ? "," : "", p->name);
    Bench b = bench(t->name, set.text);
    out_free(&set);
    return b;
}

/* The windows of a device on a bus are not at the bench's addresses. */
static int own_windows(const DeviceType *t)
{
    return t->bus ? 0 : device_windows(t);
}

static uint32_t width(const Reg *r)
{
    return r->size ? r->size : 4;
}

static void check_reset(Bench *b, int window, const Reg *r)
{
    uint64_t value, mask = width(r) >= 8 ? UINT64_MAX : (1ull << width(r) * 8) - 1;
    for (uint32_t i = 0; i < (r->count ? r->count : 1); i++) {
        ck_assert(bench_load(b, window, r->at + i * width(r), (int)width(r), &value));
        ck_assert_msg((value & mask) == r->reset, "%s.%s[%u] is %" PRIx64 " after reset, not %" PRIx64,
                      b->dev->type->name, r->name, i, value, r->reset);
    }
}

/* Only rows that say their reset value, and no hook answers in their place. */
START_TEST(reset_values_read_back)
{
    const DeviceType *t = type_at(_i);
    Bench b = bench_of(t);
    for (int w = 0; w < own_windows(t); w++)
        for (const Reg *r = t->windows[w].regs; r && r->name; r++)
            if (r->size && r->reset && !r->read)
                check_reset(&b, w, r);
    bench_end(&b);
}
END_TEST

static uint64_t field(const Bench *b, const Reg *r, uint32_t i)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)b->dev + r->field + i * r->size, r->size);
    return value;
}

/* Plain rows: no hook changes them behind our back. */
START_TEST(bits_that_are_not_writable_hold)
{
    const DeviceType *t = type_at(_i);
    Bench b = bench_of(t);
    for (int w = 0; w < own_windows(t); w++)
        for (const Reg *r = t->windows[w].regs; r && r->name; r++)
            for (uint32_t i = 0; r->size && !r->written && i < (r->count ? r->count : 1); i++) {
                uint64_t before = field(&b, r, i), value = random_next();
                bench_store(&b, w, r->at + i * r->size, value, (int)r->size);
                uint64_t want = ((before & ~r->writable) | (value & r->writable)) & ~(value & r->ack);
                ck_assert_msg(field(&b, r, i) == want, "%s.%s", t->name, r->name);
            }
    bench_end(&b);
}
END_TEST

static void hammer(Bench *b, int window, uint64_t at)
{
    static const int sizes[] = { 1, 2, 4, 8 };
    for (int s = 0; s < 4; s++) {
        bench_load(b, window, at, sizes[s], NULL);
        bench_store(b, window, at, random_next(), sizes[s]);
        bench_load(b, window, at, sizes[s], NULL);
    }
}

START_TEST(every_offset_and_size_survives)
{
    const DeviceType *t = type_at(_i);
    Bench b = bench_of(t);
    for (int w = 0; w < bench_windows(&b) && w < 8; w++) {
        uint64_t size = bench_window_size(&b, w);
        for (uint64_t at = 0; at < size && at < 0x2000; at++)
            hammer(&b, w, at);
        for (int i = 0; i < 2000; i++)
            hammer(&b, w, random_next() % size);
        hammer(&b, w, size - 1);
        bench_sleep(&b, 1000000);
    }
    bench_sleep(&b, 1000000000);
    bench_reset(&b);
    bench_end(&b);
}
END_TEST

START_TEST(a_reset_is_the_same_as_the_first)
{
    const DeviceType *t = type_at(_i);
    Bench b = bench_of(t);
    if (t->state) {
        void *first = malloc(t->size);
        memcpy(first, b.dev, t->size);
        for (int w = 0; w < bench_windows(&b) && w < 8; w++)
            for (int i = 0; i < 200; i++)
                hammer(&b, w, random_next() % bench_window_size(&b, w));
        for (const StateField *f = t->state; f->name; f++)
            if (f->kept)
                memcpy((char *)first + f->offset, (char *)b.dev + f->offset, (size_t)f->size * f->count);
        bench_reset(&b);
        Out o = { 0 };
        ck_assert_msg(!state_diff(t->state, first, b.dev, &o), "%s: %s", t->name, o.text);
        out_free(&o);
        free(first);
    }
    bench_end(&b);
}
END_TEST

/* Of a register if there is a table, or anywhere. */
static uint64_t some_offset(Bench *b, int window)
{
    const Reg *regs = own_windows(b->dev->type) ? b->dev->type->windows[window].regs : NULL;
    int n = 0;
    while (regs && regs[n].name)
        n++;
    return n && random_next() & 1 ? regs[random_next() % (unsigned)n].at : random_next() % bench_window_size(b, window);
}

/* Noise on windows, input pins and from the world, so that the device holds something. */
static void disturb(Bench *b)
{
    for (int w = 0; w < bench_windows(b) && w < 8; w++)
        for (int i = 0; i < 300; i++)
            hammer(b, w, some_offset(b, w));
    for (const Prop *p = b->dev->type->props; p && p->name; p++)
        if (p->kind == PROP_CHARDEV)
            bench_type(b, "some text");
    for (const Pin *p = b->dev->type->pins; p && p->name; p++)
        for (int i = 0; p->in && i < 40; i++) {
            char *pin =
                p->count > 1 ? xprintf("%s.%d", p->name, (int)(random_next() % (unsigned)p->count)) : xstrdup(p->name);
            bench_drive(b, pin, random_next() & 1);
            free(pin);
        }
    bench_sleep(b, 1000000);
}

static char *saved(Bench *b)
{
    Out o = { 0 };
    if (b->dev->type->settle)
        b->dev->type->settle(b->dev);
    snapshot_print_device(b->dev, &o);
    return o.text ? o.text : xstrdup("");
}

static bool is_pointer(uint64_t value)
{
    unsigned char there;
    return !value || (value < 1ull << 47 && !mincore((void *)(uintptr_t)(value & ~4095ull), 1, &there));
}

/* What a snapshot must bring along is in the tables: two devices whose tables say the same are the same in every byte,
 * pointers apart. */
START_TEST(a_snapshot_has_all_of_it)
{
    const DeviceType *t = type_at(_i);
    Bench from = bench_of(t), to = bench_of(t);
    disturb(&from);
    char *text = saved(&from);
    memcpy(to.ram, from.ram, BENCH_RAM);
    Error err;
    ck_assert_msg(snapshot_fits_device(to.dev, text, &err) && snapshot_scan_device(to.dev, text, &err), "%s", err.text);
    if (t->loaded)
        t->loaded(to.dev);
    char *again = saved(&to);
    ck_assert_str_eq(again, text);
    for (size_t at = sizeof(Device); at + 8 <= t->size; at += 8) {
        uint64_t a, b;
        memcpy(&a, (char *)from.dev + at, 8);
        memcpy(&b, (char *)to.dev + at, 8);
        /* the padding behind a bool may hold what is left of one */
        bool padding = (a & 0xff) == (b & 0xff) && is_pointer(a >> 8) && is_pointer(b >> 8);
        ck_assert_msg(a == b || padding || (is_pointer(a) && is_pointer(b)),
                      "%s: byte %zu: %" PRIx64 " was saved, %" PRIx64 " came back", t->name, at, a, b);
    }
    free(text);
    free(again);
    bench_end(&from);
    bench_end(&to);
}
END_TEST

START_TEST(tables_are_well_formed)
{
    const DeviceType *t = type_at(_i);
    ck_assert_ptr_nonnull(t->about);
    ck_assert_uint_ge(t->size, sizeof(Device));
    for (int i = 0; i < _i; i++)
        ck_assert_str_ne(t->name, type_at(i)->name);
    for (const Pin *p = t->pins; p && p->name; p++)
        ck_assert_msg(p->in || p->line + (size_t)(p->count ? p->count : 1) * sizeof(Line) <= t->size, "%s.%s", t->name,
                      p->name);
    for (const Prop *p = t->props; p && p->name; p++)
        ck_assert_msg(p->help && p->offset < t->size, "%s.%s", t->name, p->name);
    for (int w = 0; w < device_windows(t); w++) {
        const Window *win = &t->windows[w];
        ck_assert(win->regs || win->read || win->write);
        for (const Reg *r = win->regs; r && r->name; r++)
            ck_assert_msg(r->at + (uint64_t)width(r) * (r->count ? r->count : 1) <= win->size &&
                              r->field + (uint64_t)r->size * (r->count ? r->count : 1) <= t->size,
                          "%s.%s", t->name, r->name);
    }
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, tables_are_well_formed, 0, types());
    tcase_add_loop_test(c, reset_values_read_back, 0, types());
    tcase_add_loop_test(c, bits_that_are_not_writable_hold, 0, types());
    tcase_add_loop_test(c, every_offset_and_size_survives, 0, types());
    tcase_add_loop_test(c, a_reset_is_the_same_as_the_first, 0, types());
    tcase_add_loop_test(c, a_snapshot_has_all_of_it, 0, types());
    return run_suite("device/every", (TCase *[]){ c, NULL });
}
