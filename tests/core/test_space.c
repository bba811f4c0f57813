#include "core/space.h"
#include "tests/suite.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A device that remembers its accesses. */
typedef struct Probe {
    Device dev;
    int reads, writes;
    uint64_t at[8], value[8];
    int size[8];
    Space *space; /* if set, each access stores to `target` of it */
    uint64_t target;
    bool went_through;
} Probe;

static uint64_t probe_read(void *dev, uint64_t at, int size)
{
    Probe *p = dev;
    p->at[p->reads % 8] = at;
    p->size[p->reads++ % 8] = size;
    return 0x8877665544332211 + at;
}

static void probe_write(void *dev, uint64_t at, uint64_t value, int size)
{
    Probe *p = dev;
    p->at[p->writes % 8] = at;
    p->value[p->writes % 8] = value;
    p->size[p->writes++ % 8] = size;
    if (p->space)
        p->went_through = space_store(p->space, p->target, 1, 4);
}

static const Window any = { .size = 0x1000, .read = probe_read, .write = probe_write };
static const Window words = { .size = 0x1000, .read = probe_read, .write = probe_write, .min = 4, .max = 4 };
static const Window doorbell = { .size = 0x1000, .read = probe_read, .write = probe_write, .messages = true };

static uint8_t memory[0x4000];
static const Region ram = { .name = "ram", .size = 0x2000, .ram = memory };
static const Region high = { .name = "high", .size = 0x1000, .ram = memory + 0x2000 };
static const Region rom = { .name = "rom", .size = 0x1000, .ram = memory + 0x3000, .readonly = true };

START_TEST(a_higher_region_hides_a_lower_one_and_unmapping_shows_it_again)
{
    Space *s = space_new("test");
    space_map(s, 0x1000, &ram, 0);
    space_map(s, 0x1800, &high, 1);
    Flat f;
    ck_assert(space_flat(s, 0x17ff, &f));
    ck_assert_ptr_eq(f.region, &ram);
    ck_assert_uint_eq(f.size, 0x800);
    ck_assert(space_flat(s, 0x1800, &f));
    ck_assert_ptr_eq(f.region, &high);
    ck_assert(space_flat(s, 0x2800, &f));
    ck_assert_ptr_eq(f.region, &ram);
    ck_assert_uint_eq(f.offset, 0x1800);
    ck_assert(!space_flat(s, 0x3000, &f));
    ck_assert(!space_flat(s, 0xfff, &f));
    space_unmap(s, &high);
    ck_assert(space_flat(s, 0x1900, &f));
    ck_assert_ptr_eq(f.region, &ram);
    ck_assert_uint_eq(f.size, 0x2000);
    space_free(s);
}
END_TEST

START_TEST(a_view_shows_what_is_mapped_in_another_space_later)
{
    Space *outer = space_new("outer"), *inner = space_new("inner");
    Region view = { .name = "view", .size = 0x1000, .into = inner, .into_at = 0x500 };
    space_map(outer, 0x10000, &view, 0);
    space_map(outer, 0x10000, &ram, -1);
    Flat f;
    ck_assert(space_flat(outer, 0x10100, &f));
    ck_assert_ptr_eq(f.region, &ram);
    space_map(inner, 0x600, &high, 0);
    ck_assert(space_flat(outer, 0x100ff, &f)); /* a view is transparent where it shows nothing */
    ck_assert_ptr_eq(f.region, &ram);
    ck_assert(space_flat(outer, 0x10100, &f));
    ck_assert_ptr_eq(f.region, &high);
    ck_assert_uint_eq(f.offset, 0);
    ck_assert_uint_eq(f.size, 0xf00); /* the view ends before the region does */
    space_free(outer);
    space_free(inner);
}
END_TEST

START_TEST(views_that_go_round_in_a_circle_end)
{
    Space *a = space_new("a"), *b = space_new("b");
    Region in_a = { .name = "in a", .size = 0x1000, .into = b }, in_b = { .name = "in b", .size = 0x1000, .into = a };
    space_map(a, 0, &in_a, 0);
    space_map(b, 0, &in_b, 0);
    Flat f;
    ck_assert(!space_flat(a, 0, &f));
    space_unmap(a, &in_a);
    space_free(b);
    space_free(a);
}
END_TEST

START_TEST(the_ends_of_the_address_space_hold)
{
    Space *s = space_new("test");
    space_map(s, UINT64_MAX - 0xfff, &ram, 0); /* longer than what is left */
    Flat f;
    ck_assert(space_flat(s, UINT64_MAX, &f));
    ck_assert_uint_eq(f.size, 0x1000);
    ck_assert(!space_flat(s, 0, &f));
    uint8_t bytes[16];
    ck_assert(!space_read(s, UINT64_MAX - 7, bytes, sizeof bytes));
    space_free(s);
}
END_TEST

START_TEST(blocks_cross_stretches_and_stop_at_holes)
{
    Space *s = space_new("test");
    memset(memory, 0, sizeof memory);
    space_map(s, 0, &ram, 0);
    space_map(s, 0x2000, &rom, 0);
    uint8_t out[0x100], in[0x100];
    memset(out, 0xa5, sizeof out);
    ck_assert(space_write(s, 0x1f80, out, sizeof out)); /* half of it to ROM: dropped */
    ck_assert(space_read(s, 0x1f80, in, sizeof in));
    ck_assert_uint_eq(in[0x7f], 0xa5);
    ck_assert_uint_eq(in[0x80], 0);
    ck_assert(space_poke(s, 0x1f80, out, sizeof out));
    ck_assert(space_read(s, 0x1f80, in, sizeof in));
    ck_assert_uint_eq(in[0x80], 0xa5);
    ck_assert(!space_read(s, 0x2f80, in, sizeof in));
    ck_assert_uint_eq(in[0x80], 0);
    ck_assert(!space_write(s, 0x5000, out, 1));
    space_free(s);
}
END_TEST

START_TEST(device_accesses_are_split_and_widened)
{
    Space *s = space_new("test");
    Probe p = { 0 };
    Region r = { .name = "probe", .size = 0x1000, .dev = &p, .window = &words };
    space_map(s, 0x1000, &r, 0);
    bool ok;
    /* eight bytes: two words, low one first */
    ck_assert_uint_eq(space_load(s, 0x1010, 8, &ok), 0x4433222544332221);
    ck_assert(ok);
    ck_assert_int_eq(p.reads, 2);
    ck_assert_uint_eq(p.at[1], 0x14);
    /* a byte: its lane of a word */
    p.reads = 0;
    ck_assert_uint_eq(space_load(s, 0x1002, 1, &ok), 0x33);
    ck_assert_int_eq(p.size[0], 4);
    ck_assert_uint_eq(p.at[0], 0);
    ck_assert(space_store(s, 0x1003, 0xab, 1));
    ck_assert_uint_eq(p.value[0], 0xab000000);
    ck_assert_int_eq(p.size[0], 4);
    /* misaligned: no access crosses its natural alignment */
    p.writes = 0;
    ck_assert(space_store(s, 0x1006, 0x44332211, 4));
    ck_assert_int_eq(p.writes, 2);
    ck_assert_uint_eq(p.value[0], 0x22110000);
    ck_assert_uint_eq(p.value[1], 0x4433);
    space_free(s);
}
END_TEST

START_TEST(an_access_over_the_edge_of_a_device_is_refused)
{
    Space *s = space_new("test");
    Probe p = { 0 };
    Region r = { .name = "probe", .size = 0x1000, .dev = &p, .window = &any };
    space_map(s, 0x1000, &r, 0);
    bool ok;
    space_load(s, 0x1ffc, 8, &ok);
    ck_assert(!ok);
    ck_assert(!space_store(s, 0x1ffe, 0, 4));
    ck_assert(!space_store(s, 0xffe, 0, 4));
    ck_assert_int_eq(p.reads + p.writes, 0);
    space_free(s);
}
END_TEST

START_TEST(a_device_cannot_enter_a_window_but_may_ring_anothers_doorbell)
{
    Space *s = space_new("test");
    Probe dma = { .space = s, .target = 0x2000 }, other = { 0 };
    Region r = { .name = "dma", .size = 0x1000, .dev = &dma, .window = &doorbell };
    Region plain = { .name = "plain", .size = 0x1000, .dev = &other, .window = &any };
    Region bell = { .name = "bell", .size = 0x1000, .dev = &other, .window = &doorbell };
    space_map(s, 0x1000, &r, 0);
    space_map(s, 0x2000, &plain, 0);
    space_map(s, 0x3000, &bell, 0);
    ck_assert(space_store(s, 0x1000, 0, 4));
    ck_assert(!dma.went_through);
    ck_assert_int_eq(other.writes, 0);
    dma.target = 0x3000;
    ck_assert(space_store(s, 0x1000, 0, 4));
    ck_assert(dma.went_through);
    ck_assert_int_eq(other.writes, 1);
    dma.target = 0x1000; /* its own doorbell */
    ck_assert(space_store(s, 0x1000, 0, 4));
    ck_assert(!dma.went_through);
    space_device_begin(); /* a timer's function */
    ck_assert(!space_store(s, 0x2000, 0, 4));
    ck_assert(space_store(s, 0x3000, 0, 4));
    bool ok;
    space_load(s, 0x2000, 4, &ok);
    ck_assert(!ok);
    space_device_end();
    ck_assert(space_store(s, 0x2000, 0, 4));
    space_free(s);
}
END_TEST

START_TEST(read_only_memory_with_a_window_reads_as_memory_and_writes_to_the_device)
{
    Space *s = space_new("test");
    Probe p = { 0 };
    Region r = { .name = "flash", .size = 0x1000, .ram = memory, .readonly = true, .dev = &p, .window = &any };
    memory[5] = 0x5a;
    space_map(s, 0, &r, 0);
    ck_assert_uint_eq(space_load(s, 5, 1, NULL), 0x5a);
    ck_assert(space_store(s, 5, 0x11, 1));
    ck_assert_int_eq(p.writes, 1);
    ck_assert_uint_eq(memory[5], 0x5a);
    space_free(s);
}
END_TEST

static struct Note {
    int dirty, remapped;
    uint64_t page, offset, len, at, size;
} note;

static void note_dirty(void *who, uint64_t page, uint64_t offset, uint64_t len)
{
    struct Note *n = who;
    *n = (struct Note){ n->dirty + 1, n->remapped, page, offset, len, n->at, n->size };
}

static void note_remapped(void *who, Space *s, uint64_t at, uint64_t len)
{
    (void)s;
    struct Note *n = who;
    n->remapped++;
    n->at = at;
    n->size = len;
}

START_TEST(the_watcher_hears_of_writes_and_of_exactly_what_changed_in_the_map)
{
    static const SpaceWatch watch = { note_dirty, note_remapped, &note };
    Region paged = { .name = "paged", .size = 0x2000, .ram = memory, .page = 40 };
    Space *s = space_new("test");
    space_map(s, 0x1000, &paged, 0);
    space_watch(&watch);
    ck_assert(space_store(s, 0x2010, 1, 4));
    ck_assert_int_eq(note.dirty, 1);
    ck_assert_uint_eq(note.page, 41);
    ck_assert_uint_eq(note.offset, 0x10);
    ck_assert_uint_eq(note.len, 4);
    space_map(s, 0x2000, &high, 1);
    ck_assert_int_eq(note.remapped, 1);
    ck_assert_uint_eq(note.at, 0x2000);
    ck_assert_uint_eq(note.size, 0x1000);
    space_map(s, 0, &ram, -1); /* shows below 0x1000 only */
    ck_assert_int_eq(note.remapped, 2);
    ck_assert_uint_eq(note.at, 0);
    ck_assert_uint_eq(note.size, 0x1000);
    space_watch(NULL);
    space_free(s);
}
END_TEST

static int reading_done;

static void *read_for_ever(void *space)
{
    Flat f;
    while (!__atomic_load_n(&reading_done, __ATOMIC_RELAXED)) {
        ck_assert(space_flat(space, 0x1000, &f));
        ck_assert(f.region == &ram || f.region == &high);
    }
    return NULL;
}

START_TEST(readers_see_a_whole_map_while_it_changes)
{
    Space *s = space_new("test");
    space_map(s, 0x1000, &ram, 0);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, read_for_ever, s);
    for (int i = 0; i < 20000; i++) {
        space_map(s, 0x1000, &high, 1);
        space_unmap(s, &high);
    }
    __atomic_store_n(&reading_done, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    space_free(s);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("all");
    tcase_add_test(c, a_higher_region_hides_a_lower_one_and_unmapping_shows_it_again);
    tcase_add_test(c, a_view_shows_what_is_mapped_in_another_space_later);
    tcase_add_test(c, views_that_go_round_in_a_circle_end);
    tcase_add_test(c, the_ends_of_the_address_space_hold);
    tcase_add_test(c, blocks_cross_stretches_and_stop_at_holes);
    tcase_add_test(c, device_accesses_are_split_and_widened);
    tcase_add_test(c, an_access_over_the_edge_of_a_device_is_refused);
    tcase_add_test(c, a_device_cannot_enter_a_window_but_may_ring_anothers_doorbell);
    tcase_add_test(c, read_only_memory_with_a_window_reads_as_memory_and_writes_to_the_device);
    tcase_add_test(c, the_watcher_hears_of_writes_and_of_exactly_what_changed_in_the_map);
    tcase_add_test(c, readers_see_a_whole_map_while_it_changes);
    return run_suite("core/space", (TCase *[]){ c, NULL });
}
