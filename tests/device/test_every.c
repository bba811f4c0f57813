/* What holds for every device type: reset values read back, read-only bits hold, and no access at any offset of any
 * size, aligned or not, does harm. Run it under the sanitizers. */
#include "tests/device/bench.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* With every chardev, drive and netdev it can have. */
static Bench bench_of(const DeviceType *t)
{
    Out set = { 0 };
    for (const Prop *p = t->props; p && p->name; p++)
        if (p->kind == PROP_CHARDEV || p->kind == PROP_DRIVE || p->kind == PROP_NET)
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
    Suite *s = suite_create("device/every");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, tables_are_well_formed, 0, types());
    tcase_add_loop_test(c, reset_values_read_back, 0, types());
    tcase_add_loop_test(c, bits_that_are_not_writable_hold, 0, types());
    tcase_add_loop_test(c, every_offset_and_size_survives, 0, types());
    tcase_add_loop_test(c, a_reset_is_the_same_as_the_first, 0, types());
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
