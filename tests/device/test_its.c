#include "gicv3_bench.h"

enum {
    /* the guest's memory */
    QUEUE = RAM_AT + 0x100000,
    DEVICES = RAM_AT + 0x200000,
    COLLECTIONS = RAM_AT + 0x300000,
    CONFIGS = RAM_AT + 0x400000,
    PENDING = RAM_AT + 0x500000,
    EVENTS = RAM_AT + 0x600000,
    LEAF = RAM_AT + 0x700000,
    /* the ITS */
    CTLR = ITS,
    CBASER = ITS + 0x80,
    CWRITER = ITS + 0x88,
    CREADR = ITS + 0x90,
    BASER0 = ITS + 0x100,
    BASER1 = ITS + 0x108,
    PROPBASER = 0x70,
    PENDBASER = 0x78,
    LPI = 8192,
    DEVICE = 0x18,
};

static const uint64_t VALID = 1ull << 63, INDIRECT = 1ull << 62;

static void config(unsigned lpi, uint8_t byte)
{
    store(m, CONFIGS + lpi - 8192, byte, 1);
}

/* The queue at its start, flat tables, LPIs of both CPUs on. */
static void begin_its(uint64_t devices)
{
    begin();
    for (unsigned i = 0; i < 2; i++) {
        uint64_t redist = REDIST + i * 0x20000;
        store(m, redist + PROPBASER, CONFIGS | 15, 8);
        store(m, redist + PENDBASER, PENDING + i * 0x10000, 8);
        set(redist, 1);
    }
    store(m, CBASER, VALID | QUEUE | 0, 8);
    store(m, BASER0, VALID | devices, 8);
    store(m, BASER1, VALID | COLLECTIONS, 8);
    set(CTLR, 1);
}

static void command(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t at = load(m, CWRITER, 8), word[4] = { a, b, c, d };
    for (unsigned i = 0; i < 4; i++)
        store(m, QUEUE + at + i * 8, word[i], 8);
    store(m, CWRITER, (at + 32) % 4096, 8);
    ck_assert_uint_eq(load(m, CREADR, 8), (at + 32) % 4096);
}

static void mapd(uint64_t device, uint64_t bits, uint64_t table)
{
    command(0x08 | device << 32, bits - 1, VALID | table, 0);
}

static void mapc(uint64_t collection, uint64_t cpu)
{
    command(0x09, 0, VALID | cpu << 16 | collection, 0);
}

static void mapti(uint64_t device, uint64_t event, uint64_t lpi, uint64_t collection)
{
    command(0x0a | device << 32, lpi << 32 | event, collection, 0);
}

static void simple(uint8_t number, uint64_t device, uint64_t event)
{
    command(number | device << 32, event, 0, 0);
}

enum { MOVI = 1, INT = 3, CLEAR = 4, SYNC = 5, MAPI = 0xb, INV = 0xc, INVALL = 0xd, MOVALL = 0xe, DISCARD = 0xf };

static void map(void)
{
    begin_its(DEVICES);
    config(LPI + 3, 0xa1);
    mapd(DEVICE, 5, EVENTS);
    mapc(1, 1);
    mapc(0, 0);
    mapti(DEVICE, 7, LPI + 3, 1);
}

static void message(uint32_t device, uint32_t event)
{
    machine_lock(m);
    requester_id = device;
    space_store(m->memory, DOORBELL + 0x40, event, 4);
    requester_id = 0;
    machine_unlock(m);
}

static unsigned taken(int cpu)
{
    unsigned intid = (unsigned)mrs(cpu, IAR1);
    if (intid != SPURIOUS)
        msr(cpu, EOIR1, intid);
    return intid;
}

START_TEST(registers_tell_linux_what_to_allocate)
{
    begin();
    ck_assert_uint_eq(get(ITS), 0x80000000);
    ck_assert_uint_eq(load(m, ITS + 8, 8), 0x0000001f0001ef71);
    ck_assert_uint_eq(load(m, BASER0, 8), 0x0107000000000200);
    ck_assert_uint_eq(load(m, BASER1, 8), 0x0407000000000200);
    ck_assert_uint_eq(load(m, ITS + 0x110, 8), 0);
    store(m, ITS + 0x110, ~0ull, 8);
    ck_assert_uint_eq(load(m, ITS + 0x110, 8), 0);
    for (unsigned size = 0; size < 3; size++) {
        store(m, BASER0, size << 8, 8);
        ck_assert_uint_eq(load(m, BASER0, 8) >> 8 & 3, size);
    }
    store(m, BASER0, VALID | INDIRECT, 8);
    ck_assert(load(m, BASER0, 8) & INDIRECT);
    ck_assert_uint_eq(get(ITS + 0xffe8), 0x3b);
    set(ITS, 1);
    ck_assert_uint_eq(get(ITS), 1);
    store(m, BASER0, 0, 8);
    ck_assert_msg(load(m, BASER0, 8) & VALID, "not while it is enabled");
}
END_TEST

START_TEST(a_mapped_event_reaches_the_cpu_of_its_collection)
{
    map();
    simple(INT, DEVICE, 7);
    ck_assert(!irq(0) && irq(1));
    ck_assert_uint_eq(mrs(1, IAR1), LPI + 3);
    ck_assert(!irq(1));
    ck_assert_uint_eq(mrs(1, RPR), 0xa0);
    msr(1, EOIR1, LPI + 3);
    ck_assert(!irq(1));
    simple(SYNC, 0, 0);
}
END_TEST

START_TEST(a_message_to_the_doorbell_is_told_apart_by_its_sender)
{
    map();
    message(DEVICE + 1, 7);
    message(DEVICE, 6);
    ck_assert(!irq(1));
    message(DEVICE, 7);
    message(DEVICE, 7);
    ck_assert_uint_eq(taken(1), LPI + 3);
    ck_assert_uint_eq(taken(1), SPURIOUS);
    message(DEVICE, 7);
    ck_assert_uint_eq(taken(1), LPI + 3);
    set(CTLR, 0);
    message(DEVICE, 7);
    ck_assert(!irq(1));
}
END_TEST

START_TEST(mapi_takes_the_event_for_the_number)
{
    map();
    mapd(DEVICE, 16, EVENTS);
    config(9000, 0x81);
    command(MAPI | (uint64_t)DEVICE << 32, 9000, 0, 0);
    message(DEVICE, 9000);
    ck_assert_uint_eq(taken(0), 9000);
}
END_TEST

START_TEST(movi_takes_what_is_pending_along)
{
    map();
    message(DEVICE, 7);
    command(MOVI | (uint64_t)DEVICE << 32, 7, 0, 0);
    ck_assert(irq(0) && !irq(1));
    ck_assert_uint_eq(taken(0), LPI + 3);
    message(DEVICE, 7);
    ck_assert(irq(0) && !irq(1));
}
END_TEST

START_TEST(movall_moves_everything_pending)
{
    map();
    message(DEVICE, 7);
    command(MOVALL, 0, 1 << 16, 0 << 16);
    ck_assert(irq(0) && !irq(1));
    command(MOVALL, 0, 0 << 16, 9 << 16);
    ck_assert(irq(0));
}
END_TEST

START_TEST(clear_and_discard_forget_a_pending_interrupt)
{
    map();
    message(DEVICE, 7);
    simple(CLEAR, DEVICE, 7);
    ck_assert(!irq(1));
    message(DEVICE, 7);
    simple(DISCARD, DEVICE, 7);
    ck_assert(!irq(1));
    message(DEVICE, 7);
    ck_assert_msg(!irq(1), "it is no longer mapped");
}
END_TEST

START_TEST(unmapping_a_device_or_collection_stops_its_events)
{
    map();
    message(DEVICE, 7);
    taken(1);
    command(0x09, 0, 1, 0);
    message(DEVICE, 7);
    ck_assert(!irq(1));
    mapc(1, 0);
    message(DEVICE, 7);
    ck_assert_uint_eq(taken(0), LPI + 3);
    command(0x08 | (uint64_t)DEVICE << 32, 0, 0, 0);
    message(DEVICE, 7);
    ck_assert(!irq(0));
}
END_TEST

START_TEST(configuration_is_read_again_after_inv)
{
    map();
    config(LPI + 3, 0xa0);
    simple(INV, DEVICE, 7);
    message(DEVICE, 7);
    ck_assert(!irq(1));
    config(LPI + 3, 0x61);
    ck_assert(!irq(1));
    simple(INV, DEVICE, 7);
    ck_assert(irq(1));
    config(LPI + 3, 0x60);
    command(INVALL, 0, 1, 0);
    ck_assert(!irq(1));
    config(LPI + 3, 0x61);
    command(INVALL, 0, 1, 0);
    ck_assert_uint_eq(mrs(1, IAR1), LPI + 3);
    ck_assert_uint_eq(mrs(1, RPR), 0x60);
}
END_TEST

START_TEST(the_most_urgent_lpi_comes_first)
{
    map();
    config(LPI + 200, 0x41);
    config(LPI + 1000, 0xa1);
    mapti(DEVICE, 8, LPI + 200, 1);
    mapti(DEVICE, 9, LPI + 1000, 1);
    message(DEVICE, 9), message(DEVICE, 7), message(DEVICE, 8);
    ck_assert_uint_eq(taken(1), LPI + 200);
    ck_assert_uint_eq(taken(1), LPI + 3);
    ck_assert_uint_eq(taken(1), LPI + 1000);
    ck_assert_uint_eq(taken(1), SPURIOUS);
}
END_TEST

START_TEST(a_device_table_may_have_two_levels)
{
    begin_its(INDIRECT | DEVICES);
    config(LPI, 0xa1);
    mapc(0, 0);
    mapd(0x1234, 5, EVENTS); /* no leaf yet: fails */
    store(m, DEVICES + 0x1234 / 512 * 8, VALID | LEAF, 8);
    mapti(0x1234, 1, LPI, 0);
    message(0x1234, 1);
    ck_assert(!irq(0));
    mapd(0x1234, 5, EVENTS);
    mapti(0x1234, 1, LPI, 0);
    message(0x1234, 1);
    ck_assert_uint_eq(taken(0), LPI);
    ck_assert(load(m, LEAF + 0x1234 % 512 * 8, 8) & VALID);
}
END_TEST

START_TEST(pending_bits_come_from_memory_and_go_back)
{
    begin();
    config(LPI + 5, 0xa1);
    store(m, PENDING + 1024, 1 << 5, 1);
    store(m, REDIST + PROPBASER, CONFIGS | 15, 8);
    store(m, REDIST + PENDBASER, PENDING, 8);
    set(REDIST, 1);
    ck_assert_uint_eq(get(REDIST), 3);
    ck_assert(irq(0));
    set(REDIST, 0);
    ck_assert(!irq(0));
    ck_assert_uint_eq(load(m, PENDING + 1024, 1), 1 << 5);
    store(m, REDIST + PENDBASER, 1ull << 62 | PENDING, 8); /* the guest says that the table is zero */
    set(REDIST, 1);
    ck_assert(!irq(0));
}
END_TEST

START_TEST(bad_commands_are_survived)
{
    map();
    for (uint64_t number = 0; number < 256; number++)
        for (uint64_t fill = 0; fill < 3; fill++) {
            uint64_t v = fill == 0 ? 0 : fill == 1 ? ~0ull : 0x5555555555555555;
            command((v & ~0xffull) | number, v, v, v);
        }
    mapd(DEVICE, 5, EVENTS);
    mapti(DEVICE, 32, LPI, 0); /* beyond its events */
    mapti(DEVICE, 1, 8191, 0); /* not an LPI */
    mapti(DEVICE, 1, 65536, 0);
    mapd(0x10000, 5, EVENTS);           /* beyond the table */
    mapd(DEVICE + 1, 5, 0x10000000000); /* not memory */
    mapti(DEVICE + 1, 1, LPI, 0);
    mapc(3, 7); /* no such CPU */
    mapti(DEVICE, 1, LPI, 3);
    message(DEVICE, 1), message(DEVICE, 32), message(DEVICE + 1, 1), message(~0u, ~0u);
    mapc(1, 1);
    mapti(DEVICE, 7, LPI + 3, 1);
    config(LPI + 3, 0xa1);
    command(INVALL, 0, 1, 0);
    message(DEVICE, 7);
    ck_assert_uint_eq(taken(1), LPI + 3);
}
END_TEST

START_TEST(a_queue_that_is_no_memory_stalls)
{
    begin_its(DEVICES);
    set(CTLR, 0);
    store(m, CBASER, VALID | 0x20000000, 8);
    set(CTLR, 1);
    store(m, CWRITER, 32, 8);
    ck_assert_uint_eq(load(m, CREADR, 8), 1);
    store(m, CWRITER, 0x8000, 8); /* outside */
    ck_assert_uint_eq(load(m, CREADR, 8), 1);
    set(CTLR, 0);
    store(m, CBASER, VALID | QUEUE, 8);
    ck_assert_uint_eq(load(m, CREADR, 8), 0);
}
END_TEST

static void quit_later(void *its, uint64_t rounds)
{
    if (rounds)
        machine_post(m, quit_later, its, rounds - 1);
    else
        machine_stop(m, STOP_QUIT);
}

START_TEST(a_long_queue_is_worked_off_in_pieces)
{
    begin_its(DEVICES);
    set(CTLR, 0);
    store(m, CBASER, VALID | QUEUE | 31, 8); /* 4096 commands of zeros */
    set(CTLR, 1);
    store(m, CWRITER, 4000 * 32, 8);
    ck_assert_uint_lt(load(m, CREADR, 8), 4000 * 32);
    machine_post(m, quit_later, NULL, 8);
    machine_run(m);
    ck_assert_uint_eq(load(m, CREADR, 8), 4000 * 32);
}
END_TEST

START_TEST(every_offset_survives_every_access)
{
    begin_its(DEVICES);
    for (uint64_t at = 0; at < 0x20000; at += 4)
        for (int size = 1; size <= 8; size *= 2) {
            load(m, ITS + at, size);
            store(m, ITS + at, ~0ull, size);
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { registers_tell_linux_what_to_allocate,
                                   a_mapped_event_reaches_the_cpu_of_its_collection,
                                   a_message_to_the_doorbell_is_told_apart_by_its_sender,
                                   mapi_takes_the_event_for_the_number,
                                   movi_takes_what_is_pending_along,
                                   movall_moves_everything_pending,
                                   clear_and_discard_forget_a_pending_interrupt,
                                   unmapping_a_device_or_collection_stops_its_events,
                                   configuration_is_read_again_after_inv,
                                   the_most_urgent_lpi_comes_first,
                                   a_device_table_may_have_two_levels,
                                   pending_bits_come_from_memory_and_go_back,
                                   bad_commands_are_survived,
                                   a_queue_that_is_no_memory_stalls,
                                   a_long_queue_is_worked_off_in_pieces,
                                   every_offset_survives_every_access,
                                   NULL };
    return run_tests("its", tests, NULL);
}
