#include "gic_bench.h"

enum {
    DIST = 0x08000000,
    PORT = 0x08010000,
    V2M = 0x08020000,
    CTLR = DIST,
    TYPER = DIST + 4,
    GROUP = DIST + 0x80,
    ENABLE = DIST + 0x100,
    DISABLE = DIST + 0x180,
    PEND = DIST + 0x200,
    UNPEND = DIST + 0x280,
    ACTIVE = DIST + 0x300,
    PRIORITY = DIST + 0x400,
    TARGET = DIST + 0x800,
    CONFIG = DIST + 0xc00,
    SGIR = DIST + 0xf00,
    SGI_CLEAR = DIST + 0xf10,
    SGI_SET = DIST + 0xf20,
    C_CTLR = PORT,
    C_PMR = PORT + 4,
    C_BPR = PORT + 8,
    C_IAR = PORT + 0xc,
    C_EOIR = PORT + 0x10,
    C_RPR = PORT + 0x14,
    C_HPPIR = PORT + 0x18,
    C_AIAR = PORT + 0x20,
    C_AEOIR = PORT + 0x24,
    C_APR = PORT + 0xd0,
    C_DIR = PORT + 0x1000,
    SPURIOUS = 1023,
};

static const Part parts[] = {
    { "gic", "gicv2", .at = { DIST, PORT } },
    { "v2m", "gicv2m", .at = { V2M }, .wire = "spi.0..63>gic.spi.48" },
    { 0 },
};

static Machine *m;
static Device *gic;

static uint32_t get(uint64_t at)
{
    return (uint32_t)load(m, at, 4);
}

static void set(uint64_t at, uint32_t value)
{
    store(m, at, value, 4);
}

static void on_cpu(int n)
{
    requester_cpu = n;
}

/* Distributor and both CPU interfaces on, all priorities let through. */
static void begin(void)
{
    m = bench_machine(parts, 2);
    gic = machine_device(m, "gic");
    set(CTLR, 1);
    for (int i = 1; i >= 0; i--) {
        on_cpu(i);
        set(C_CTLR, 1);
        set(C_PMR, 0xf0);
    }
}

static void enable(unsigned intid, uint8_t priority, uint8_t targets)
{
    store(m, PRIORITY + intid, priority, 1);
    store(m, TARGET + intid, targets, 1);
    set(ENABLE + intid / 32 * 4, 1u << intid % 32);
}

static void spi(int n, bool level)
{
    input(m, gic, "spi", n, level);
}

static bool irq(int cpu)
{
    return output(gic, "irq", cpu);
}

START_TEST(registers_show_a_gic_400)
{
    begin();
    ck_assert_uint_eq(get(TYPER), 8 | 1 << 5);
    ck_assert_uint_eq(get(DIST + 8), 0x0200143b);
    ck_assert_uint_eq(get(PORT + 0xfc), 0x0202143b);
    ck_assert_uint_eq(get(DIST + 0xfe8), 0x2b);
    ck_assert_uint_eq(get(DIST + 0xff0), 0x0d);
    ck_assert_uint_eq(get(CONFIG), 0xaaaaaaaa);
    ck_assert_uint_eq(get(C_BPR), 2);
}
END_TEST

START_TEST(a_pending_enabled_spi_raises_irq_of_its_target)
{
    begin();
    spi(5, true);
    ck_assert(!irq(0));
    enable(37, 0xa0, 2);
    ck_assert(!irq(0));
    ck_assert(irq(1));
    ck_assert_uint_eq(get(PEND + 4), 1 << 5);
}
END_TEST

START_TEST(acknowledging_returns_the_number_and_drops_the_line)
{
    begin();
    enable(37, 0xa0, 1);
    spi(5, true);
    ck_assert_uint_eq(get(C_HPPIR), 37);
    ck_assert_uint_eq(get(C_IAR), 37);
    ck_assert(!irq(0));
    ck_assert_uint_eq(get(C_RPR), 0xa0);
    ck_assert_uint_eq(get(ACTIVE + 4), 1 << 5);
    ck_assert_uint_eq(get(C_IAR), SPURIOUS);
}
END_TEST

START_TEST(a_level_interrupt_stays_pending_while_its_input_is_high)
{
    begin();
    enable(37, 0xa0, 1);
    spi(5, true);
    get(C_IAR);
    set(C_EOIR, 37);
    ck_assert(irq(0));
    ck_assert_uint_eq(get(C_IAR), 37);
    spi(5, false);
    set(C_EOIR, 37);
    ck_assert(!irq(0));
    ck_assert_uint_eq(get(PEND + 4), 0);
}
END_TEST

START_TEST(an_edge_is_latched_until_acknowledged)
{
    begin();
    set(CONFIG + 8, 2u << 10);
    enable(37, 0xa0, 1);
    spi(5, true);
    spi(5, false);
    ck_assert(irq(0));
    ck_assert_uint_eq(get(C_IAR), 37);
    ck_assert_uint_eq(get(PEND + 4), 0);
    spi(5, true);
    ck_assert_uint_eq(get(PEND + 4), 1 << 5);
    set(C_EOIR, 37);
    ck_assert(irq(0));
}
END_TEST

START_TEST(a_less_urgent_interrupt_does_not_preempt_and_a_more_urgent_one_does)
{
    begin();
    enable(37, 0xa0, 1);
    enable(38, 0xa0, 1);
    enable(39, 0x80, 1);
    spi(5, true);
    ck_assert_uint_eq(get(C_IAR), 37);
    spi(6, true);
    ck_assert(!irq(0));
    spi(7, true);
    ck_assert(irq(0));
    ck_assert_uint_eq(get(C_IAR), 39);
    ck_assert_uint_eq(get(C_RPR), 0x80);
    ck_assert_uint_eq(get(C_APR), 1u << 0x10 | 1u << 0x14);
    set(C_EOIR, 39);
    ck_assert_uint_eq(get(C_RPR), 0xa0);
}
END_TEST

START_TEST(the_binary_point_and_the_mask_limit_preemption)
{
    begin();
    set(C_BPR, 5); /* only bits 7 and 6 preempt */
    enable(37, 0xb0, 1);
    enable(38, 0x80, 1);
    spi(5, true);
    get(C_IAR);
    spi(6, true);
    ck_assert(!irq(0));
    set(C_EOIR, 37);
    spi(5, false);
    set(C_PMR, 0x80);
    ck_assert(!irq(0));
    ck_assert_uint_eq(get(C_IAR), SPURIOUS);
    set(C_PMR, 0x88);
    ck_assert(irq(0));
}
END_TEST

START_TEST(the_most_urgent_comes_first_and_the_lowest_number_among_equals)
{
    begin();
    enable(40, 0xa0, 1);
    enable(39, 0xa0, 1);
    enable(60, 0x90, 1);
    spi(8, true), spi(7, true), spi(28, true);
    ck_assert_uint_eq(get(C_IAR), 60);
    set(C_EOIR, 60), spi(28, false);
    get(C_IAR);
    set(C_EOIR, 60);
    ck_assert_uint_eq(get(C_HPPIR), 40);
    ck_assert_uint_eq(get(ACTIVE + 4), 1 << 7);
}
END_TEST

START_TEST(an_sgi_reaches_the_cpus_it_names_and_tells_its_sender)
{
    begin();
    on_cpu(1);
    set(SGIR, 1 << 16 | 3);
    ck_assert(irq(0) && !irq(1));
    on_cpu(0);
    set(SGIR, 2 << 24 | 3); /* to itself */
    ck_assert_uint_eq(get(SGI_SET), 3u << 24);
    ck_assert_uint_eq(get(C_IAR), 3);
    set(C_EOIR, 3);
    ck_assert_uint_eq(get(C_IAR), 3 | 1 << 10);
    set(C_EOIR, 3 | 1 << 10);
    ck_assert(!irq(0));
    set(SGIR, 1 << 24 | 4); /* to all others */
    ck_assert(!irq(0) && irq(1));
    on_cpu(1);
    set(SGI_CLEAR + 4, 1);
    ck_assert(!irq(1));
}
END_TEST

START_TEST(ppis_are_private)
{
    begin();
    on_cpu(1);
    set(ENABLE, 1 << 27);
    input(m, gic, "ppi", 16 + 11, true);
    input(m, gic, "ppi", 11, true);
    ck_assert(irq(1) && !irq(0));
    ck_assert_uint_eq(get(C_IAR), 27);
    on_cpu(0);
    ck_assert_uint_eq(get(ENABLE), 0xffff);
}
END_TEST

START_TEST(with_eoimode_the_end_only_drops_the_priority)
{
    begin();
    set(C_CTLR, 1 | 1 << 9);
    enable(37, 0xa0, 1);
    enable(38, 0xa0, 1);
    spi(5, true);
    get(C_IAR);
    set(C_EOIR, 37);
    ck_assert_uint_eq(get(C_RPR), 0xff);
    ck_assert_msg(!irq(0), "37 is still active");
    spi(6, true);
    ck_assert(irq(0));
    set(DISABLE + 4, 1 << 6);
    set(C_DIR, 37);
    ck_assert_uint_eq(get(C_IAR), 37);
}
END_TEST

START_TEST(group_0_goes_to_fiq_if_asked_and_group_1_has_registers_of_its_own)
{
    begin();
    set(CTLR, 3);
    set(C_CTLR, 3 | 1 << 3);
    set(GROUP + 4, 1 << 6);
    enable(37, 0xa0, 1);
    enable(38, 0x90, 1);
    spi(5, true);
    ck_assert(!irq(0) && output(gic, "fiq", 0));
    spi(6, true);
    ck_assert(irq(0) && !output(gic, "fiq", 0));
    ck_assert_uint_eq(get(C_IAR), 1022);
    ck_assert_uint_eq(get(C_AIAR), 38);
    set(C_AEOIR, 38), spi(6, false);
    ck_assert_uint_eq(get(C_AIAR), SPURIOUS);
    ck_assert_uint_eq(get(C_IAR), 37);
}
END_TEST

START_TEST(software_can_make_interrupts_pending_and_active)
{
    begin();
    enable(37, 0xa0, 1);
    store(m, PEND + 4, 1 << 5, 1);
    ck_assert(irq(0));
    set(UNPEND + 4, 1 << 5);
    ck_assert(!irq(0));
    set(PEND + 4, 1 << 5);
    set(ACTIVE + 4, 1 << 5);
    ck_assert(!irq(0));
    set(PEND, 0xffff);
    ck_assert_msg(get(PEND) == 0, "SGIs only become pending by GICD_SGIR");
}
END_TEST

START_TEST(byte_registers_take_accesses_of_any_size)
{
    begin();
    store(m, PRIORITY + 34, 0x57, 1);
    store(m, PRIORITY + 36, 0xffff, 2);
    ck_assert_uint_eq(get(PRIORITY + 32), 0x00500000);
    ck_assert_uint_eq(get(PRIORITY + 36), 0x0000f8f8);
    ck_assert_uint_eq(load(m, PRIORITY + 34, 1), 0x50);
    set(TARGET + 32, 0x0201ff00);
    ck_assert_uint_eq(get(TARGET + 32), 0x02010300);
    on_cpu(1);
    ck_assert_uint_eq(get(TARGET), 0x02020202);
    ck_assert_uint_eq(load(m, PRIORITY + 0x3ff, 1), 0);
}
END_TEST

START_TEST(a_message_to_the_v2m_frame_is_an_edge)
{
    begin();
    ck_assert_uint_eq(get(V2M + 8), 80 << 16 | 64);
    set(CONFIG + 20, 0xaaaaaaaa);
    enable(81, 0xa0, 1);
    set(V2M + 0x40, 81);
    ck_assert(irq(0));
    ck_assert_uint_eq(get(C_IAR), 81);
    set(V2M + 0x40, 79);
    set(V2M + 0x40, 144);
    set(V2M + 0x40, 0xffffffff);
    set(C_EOIR, 81);
    ck_assert(!irq(0));
}
END_TEST

START_TEST(a_reset_forgets_all_but_the_inputs)
{
    begin();
    enable(37, 0xa0, 1);
    set(PEND + 4, 1 << 6);
    machine_reset(m);
    ck_assert(!irq(0));
    ck_assert_uint_eq(get(CTLR), 0);
    ck_assert_uint_eq(get(ENABLE + 4), 0);
    ck_assert_uint_eq(get(PEND + 4), 0);
    ck_assert_uint_eq(get(C_PMR), 0);
    ck_assert_uint_eq(get(C_BPR), 2);
}
END_TEST

START_TEST(every_offset_survives_every_access)
{
    begin();
    for (uint64_t at = 0; at < 0x12000; at++)
        for (int size = 1; size <= 8; size *= 2) {
            load(m, DIST + at, size);
            store(m, DIST + at, 0xffffffffffffffff, size);
            load(m, DIST + at, size);
        }
    spi(991, true);
    spi(255, true);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { registers_show_a_gic_400,
                                   a_pending_enabled_spi_raises_irq_of_its_target,
                                   acknowledging_returns_the_number_and_drops_the_line,
                                   a_level_interrupt_stays_pending_while_its_input_is_high,
                                   an_edge_is_latched_until_acknowledged,
                                   a_less_urgent_interrupt_does_not_preempt_and_a_more_urgent_one_does,
                                   the_binary_point_and_the_mask_limit_preemption,
                                   the_most_urgent_comes_first_and_the_lowest_number_among_equals,
                                   an_sgi_reaches_the_cpus_it_names_and_tells_its_sender,
                                   ppis_are_private,
                                   with_eoimode_the_end_only_drops_the_priority,
                                   group_0_goes_to_fiq_if_asked_and_group_1_has_registers_of_its_own,
                                   software_can_make_interrupts_pending_and_active,
                                   byte_registers_take_accesses_of_any_size,
                                   a_message_to_the_v2m_frame_is_an_edge,
                                   a_reset_forgets_all_but_the_inputs,
                                   every_offset_survives_every_access,
                                   NULL };
    return run_tests("gicv2", tests, NULL);
}
