#include "gicv3_bench.h"

#include <pthread.h>

static void enable(unsigned intid, uint8_t priority, unsigned cpu)
{
    store(m, DIST + PRIORITY + intid, priority, 1);
    store(m, DIST + ROUTER + intid * 8, cpu, 8);
    set(DIST + ENABLE + intid / 32 * 4, 1u << intid % 32);
}

static void spi(int n, bool level)
{
    input(m, gic, "spi", n, level);
}

START_TEST(identification_and_reset_values_are_those_linux_looks_for)
{
    begin();
    ck_assert_uint_eq(get(DIST + 0x0), 0x53);
    ck_assert_uint_eq(get(DIST + 0x4), 0x037a0008);
    ck_assert_uint_eq(get(DIST + 0x8), 0x43b);
    ck_assert_uint_eq(get(DIST + 0xffe8), 0x3b);
    ck_assert_uint_eq(get(REDIST + 0xffe8), 0x3b);
    ck_assert_uint_eq(load(m, REDIST + 8, 8), 0x01000001);
    ck_assert_uint_eq(load(m, REDIST_1 + 8, 8), 0x0000000101000111);
    ck_assert_uint_eq(get(REDIST_1 + 12), 1);
    ck_assert_uint_eq(get(REDIST), 2);
    ck_assert_uint_eq(get(REDIST + SGI_FRAME + CONFIG), 0xaaaaaaaa);
    store(m, REDIST + 0x70, ~0ull, 8);
    ck_assert_uint_eq(load(m, REDIST + 0x70, 8), 0x070fffffffffff9f);
    ck_assert_uint_eq(mrs(0, ICC_CTLR), 0x8c00);
    ck_assert_uint_eq(mrs(0, SRE), 7);
    ck_assert_uint_eq(mrs(0, BPR0), 2);
    ck_assert_uint_eq(mrs(0, BPR1), 3);
    ck_assert_uint_eq(mrs(0, RPR), 0xff);
    ck_assert_uint_eq(mrs(0, ICH_VTR), 0x90b80003);
}
END_TEST

START_TEST(the_redistributor_wakes_when_told)
{
    begin();
    ck_assert_uint_eq(get(REDIST + 0x14), 6);
    set(REDIST + 0x14, 0);
    ck_assert_uint_eq(get(REDIST + 0x14), 0);
    set(REDIST + 0x14, 2);
    ck_assert_uint_eq(get(REDIST + 0x14), 6);
}
END_TEST

START_TEST(a_pending_enabled_spi_raises_irq_where_it_is_routed)
{
    begin();
    spi(5, true);
    ck_assert(!irq(0) && !irq(1));
    enable(37, 0xa0, 1);
    ck_assert(!irq(0) && irq(1));
    store(m, DIST + ROUTER + 37 * 8, 0, 8);
    ck_assert(irq(0) && !irq(1));
    store(m, DIST + ROUTER + 37 * 8, 0x10000, 8); /* nobody has this affinity */
    ck_assert(!irq(0) && !irq(1));
}
END_TEST

START_TEST(acknowledging_returns_the_number_and_drops_the_line)
{
    begin();
    enable(37, 0xa0, 0);
    spi(5, true);
    ck_assert_uint_eq(mrs(0, HPPIR1), 37);
    ck_assert_uint_eq(mrs(1, IAR1), SPURIOUS);
    ck_assert_uint_eq(mrs(0, IAR0), SPURIOUS);
    ck_assert_uint_eq(mrs(0, IAR1), 37);
    ck_assert(!irq(0));
    ck_assert_uint_eq(mrs(0, RPR), 0xa0);
    ck_assert_uint_eq(mrs(0, AP1R0), 1u << 0x14);
    ck_assert_uint_eq(get(DIST + ACTIVE + 4), 1 << 5);
    ck_assert_uint_eq(mrs(0, IAR1), SPURIOUS);
    msr(0, EOIR1, 37);
    ck_assert_uint_eq(mrs(0, RPR), 0xff);
    ck_assert_msg(irq(0), "its input is still high");
    ck_assert_uint_eq(mrs(0, IAR1), 37);
    spi(5, false);
    msr(0, EOIR1, 37);
    ck_assert(!irq(0));
}
END_TEST

START_TEST(an_edge_is_latched_until_acknowledged)
{
    begin();
    set(DIST + CONFIG + 8, 2u << 10);
    enable(37, 0xa0, 0);
    spi(5, true);
    spi(5, false);
    ck_assert_uint_eq(mrs(0, IAR1), 37);
    spi(5, true);
    ck_assert_uint_eq(get(DIST + PEND + 4), 1 << 5);
    ck_assert(!irq(0));
    msr(0, EOIR1, 37);
    ck_assert(irq(0));
}
END_TEST

START_TEST(a_less_urgent_interrupt_does_not_preempt_and_a_more_urgent_one_does)
{
    begin();
    enable(37, 0xa0, 0);
    enable(38, 0xa0, 0);
    enable(39, 0x80, 0);
    spi(5, true);
    ck_assert_uint_eq(mrs(0, IAR1), 37);
    spi(6, true);
    ck_assert(!irq(0));
    spi(7, true);
    ck_assert(irq(0));
    ck_assert_uint_eq(mrs(0, IAR1), 39);
    msr(0, EOIR1, 39);
    ck_assert_uint_eq(mrs(0, RPR), 0xa0);
}
END_TEST

START_TEST(the_priority_mask_and_the_binary_point_hold_interrupts_back)
{
    begin();
    enable(37, 0xa0, 0);
    enable(38, 0x80, 0);
    spi(5, true);
    msr(0, PMR, 0xa0);
    ck_assert(!irq(0));
    ck_assert_uint_eq(mrs(0, PMR), 0xa0);
    msr(0, PMR, 0xff);
    ck_assert(irq(0));
    ck_assert_uint_eq(mrs(0, PMR), 0xf8);
    msr(0, BPR1, 6); /* priorities 0x80 and 0xa0 are of one preemption level */
    mrs(0, IAR1);
    spi(6, true);
    ck_assert(!irq(0));
    msr(0, BPR1, 0);
    ck_assert_uint_eq(mrs(0, BPR1), 3);
    ck_assert(!irq(0)); /* it runs at the level it was acknowledged with */
    msr(0, ICC_CTLR, 1);
    ck_assert_uint_eq(mrs(0, BPR1), 3);
    msr(0, BPR0, 7);
    ck_assert_uint_eq(mrs(0, BPR1), 7);
}
END_TEST

START_TEST(with_eoimode_only_dir_deactivates)
{
    begin();
    msr(0, ICC_CTLR, 2);
    enable(37, 0xa0, 0);
    spi(5, true);
    mrs(0, IAR1);
    msr(0, EOIR1, 37);
    ck_assert_uint_eq(mrs(0, RPR), 0xff);
    ck_assert(!irq(0));
    msr(1, DIR, 37); /* another CPU without EOImode: ignored */
    ck_assert(!irq(0));
    msr(0, DIR, 37);
    ck_assert(irq(0));
}
END_TEST

START_TEST(sgis_reach_the_cpus_they_name)
{
    begin();
    set(REDIST + SGI_FRAME + ENABLE, 0xffff);
    set(REDIST_1 + SGI_FRAME + ENABLE, 0xffff);
    msr(0, SGI1R, 5 << 24 | 2);
    ck_assert(!irq(0) && irq(1));
    ck_assert_uint_eq(get(REDIST_1 + SGI_FRAME + PEND), 1 << 5);
    ck_assert_uint_eq(mrs(1, IAR1), 5);
    msr(1, EOIR1, 5);
    msr(1, SGI1R, 1ull << 40 | 6 << 24); /* all others */
    ck_assert(irq(0) && !irq(1));
    ck_assert_uint_eq(mrs(0, IAR1), 6);
    msr(0, EOIR1, 6);
    msr(0, SGI1R, 5 << 24 | 1 << 16 | 3); /* cluster 1 is empty */
    msr(0, SGI0R, 5 << 24 | 3);           /* they are of group 1 */
    ck_assert(!irq(0) && !irq(1));
}
END_TEST

START_TEST(ppis_are_private)
{
    begin();
    set(REDIST_1 + SGI_FRAME + ENABLE, 1 << 27);
    input(m, gic, "ppi", 11, true);
    ck_assert(!irq(0) && !irq(1));
    input(m, gic, "ppi", 16 + 11, true);
    ck_assert(!irq(0) && irq(1));
    ck_assert_uint_eq(get(DIST + PEND), 0);
    ck_assert_uint_eq(get(REDIST_1 + SGI_FRAME + PEND), 1 << 27);
    ck_assert_uint_eq(mrs(1, IAR1), 27);
}
END_TEST

START_TEST(group_0_is_fiq)
{
    begin();
    set(DIST + GROUP + 4, ~(1u << 5));
    enable(37, 0xa0, 0);
    spi(5, true);
    ck_assert(!irq(0) && output(gic, "fiq", 0));
    ck_assert_uint_eq(mrs(0, IAR1), SPURIOUS);
    ck_assert_uint_eq(mrs(0, IAR0), 37);
    ck_assert_uint_eq(mrs(0, AP0R0), 1u << 0x14);
    spi(5, false);
    msr(0, EOIR0, 37);
    ck_assert_uint_eq(mrs(0, RPR), 0xff);
    msr(0, IGRPEN0, 0);
    spi(5, true);
    ck_assert(!output(gic, "fiq", 0));
}
END_TEST

START_TEST(registers_of_others_and_of_the_wrong_direction_are_refused)
{
    begin();
    const SysregPort *port = gic->type->interface;
    uint64_t value;
    ck_assert(!port->read(gic, 0, VBAR, &value));
    ck_assert(!port->read(gic, 0, EOIR1, &value));
    ck_assert(!port->write(gic, 0, IAR1, 0));
    ck_assert(!port->read(gic, 2, PMR, &value));
    for (uint32_t e = 0; e < 1 << 16; e++) {
        port->read(gic, 0, e, &value);
        port->write(gic, 0, e, ~0ull);
    }
}
END_TEST

START_TEST(list_registers_are_stored)
{
    begin();
    msr(0, ICH_LR1, 0x5000000000000021);
    ck_assert_uint_eq(mrs(0, ICH_LR1), 0x5000000000000021);
    ck_assert_uint_eq(mrs(0, ICH_ELRSR), 0xd);
    msr(0, ICH_HCR, 1);
    ck_assert_uint_eq(mrs(0, ICH_HCR), 1);
    ck_assert_uint_eq(mrs(1, ICH_HCR), 0);
}
END_TEST

START_TEST(byte_registers_take_accesses_of_any_size)
{
    begin();
    store(m, DIST + PRIORITY + 33, 0xff, 1);
    store(m, DIST + PRIORITY + 34, 0x5050, 2);
    ck_assert_uint_eq(get(DIST + PRIORITY + 32), 0x5050f800);
    ck_assert_uint_eq(load(m, DIST + PRIORITY + 32, 8), 0x5050f800);
    store(m, DIST + ENABLE + 5, 0x80, 1);
    ck_assert_uint_eq(get(DIST + ENABLE + 4), 0x8000);
    set(DIST + ROUTER + 40 * 8, 1);
    ck_assert_uint_eq(load(m, DIST + ROUTER + 40 * 8, 8), 1);
    ck_assert_uint_eq(get(DIST + PRIORITY), 0);
}
END_TEST

START_TEST(a_reset_starts_over_with_the_inputs_as_they_are)
{
    begin();
    enable(37, 0xa0, 0);
    mrs(0, IAR1);
    machine_reset(m);
    ck_assert(!irq(0));
    ck_assert_uint_eq(get(DIST), 0x50);
    ck_assert_uint_eq(mrs(0, PMR), 0);
    ck_assert_uint_eq(mrs(0, IGRPEN1), 0);
    ck_assert_uint_eq(mrs(0, BPR1), 3);
}
END_TEST

START_TEST(every_offset_survives_every_access)
{
    begin();
    for (uint64_t at = 0; at < 0x20000; at++)
        for (int size = 1; size <= 8; size *= 2) {
            load(m, DIST + at, size);
            store(m, DIST + at, ~0ull, size);
            load(m, REDIST_1 + at, size);
            store(m, REDIST_1 + at, ~0ull, size);
        }
    for (uint64_t at = REDIST; at < REDIST + 0x200000; at += 0xff8)
        store(m, at, ~0ull, 8);
    spi(991, true);
    spi(255, true);
}
END_TEST

enum { ROUNDS = 20000 };

static void *toggle(void *cpu)
{
    (void)cpu;
    for (int i = 0; i < ROUNDS; i++)
        spi(5, i & 1);
    return NULL;
}

/* The vCPU changes its mask without the lock while an input changes under it: the line must end up right. */
START_TEST(masks_and_inputs_may_change_at_the_same_time)
{
    begin();
    enable(37, 0xa0, 0);
    pthread_t other;
    for (int round = 0; round < 4; round++) {
        pthread_create(&other, NULL, toggle, NULL);
        for (int i = 0; i < ROUNDS; i++)
            msr(0, PMR, i & 1 ? 0xf0 : 0);
        pthread_join(other, NULL);
        ck_assert(irq(0)); /* mask open, input high */
        msr(0, PMR, 0);
        ck_assert(!irq(0));
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { identification_and_reset_values_are_those_linux_looks_for,
                                   the_redistributor_wakes_when_told,
                                   a_pending_enabled_spi_raises_irq_where_it_is_routed,
                                   acknowledging_returns_the_number_and_drops_the_line,
                                   an_edge_is_latched_until_acknowledged,
                                   a_less_urgent_interrupt_does_not_preempt_and_a_more_urgent_one_does,
                                   the_priority_mask_and_the_binary_point_hold_interrupts_back,
                                   with_eoimode_only_dir_deactivates,
                                   sgis_reach_the_cpus_they_name,
                                   ppis_are_private,
                                   group_0_is_fiq,
                                   registers_of_others_and_of_the_wrong_direction_are_refused,
                                   list_registers_are_stored,
                                   byte_registers_take_accesses_of_any_size,
                                   a_reset_starts_over_with_the_inputs_as_they_are,
                                   every_offset_survives_every_access,
                                   masks_and_inputs_may_change_at_the_same_time,
                                   NULL };
    return run_tests("gicv3", tests, NULL);
}
