/* Taking exceptions and returning from them. */
#include "arm_bench.h"

#include "base/fp.h"
#include "frontend/arm/helpers.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>

static ArmBench b;
static ArmCpu *c;

static void setup_with(const char *settings)
{
    b = arm_bench(&aarch64_max, settings);
    c = b.cpu;
    c->vbar[1] = 0x100000;
    c->vbar[2] = 0x200000;
}

static void setup(void)
{
    setup_with("");
}

static void setup_el2(void)
{
    setup_with("el2=on");
}

static void teardown(void)
{
    arm_bench_free(&b);
}

static void at(int el, int sp_sel, uint64_t pc)
{
    arm_set_pstate_el(c, el, sp_sel);
    c->pc = pc;
    c->daif = 0;
}

START_TEST(an_svc_from_el0_saves_everything_and_masks)
{
    at(0, 0, 0x4000);
    c->sp = 0x1111;
    c->sp_el[1] = 0x2222;
    c->nzcv = arm_pack_nzcv(0xa);
    c->daif = 4;
    c->ss = 1;
    arm_take_sync(c, EC_SVC64, 0x123, 0x4004, false, 0);
    ck_assert_uint_eq(c->esr[1], (uint64_t)EC_SVC64 << 26 | 1 << 25 | 0x123);
    ck_assert_uint_eq(c->elr[1], 0x4004);
    ck_assert_uint_eq(c->spsr[1], 0xaull << 28 | 1 << 21 | 4 << 6);
    ck_assert_uint_eq(c->pc, 0x100400);
    ck_assert_int_eq(c->el, 1);
    ck_assert_int_eq(c->sp_sel, 1);
    ck_assert_uint_eq(c->sp, 0x2222);
    ck_assert_uint_eq(c->sp_el[0], 0x1111);
    ck_assert_int_eq(c->daif, 15);
    ck_assert_int_eq(c->ss, 0);
}
END_TEST

START_TEST(the_vector_tells_where_it_came_from)
{
    static const struct {
        int el, sp_sel;
        uint64_t offset;
    } from[] = { { 1, 0, 0 }, { 1, 1, 0x200 }, { 0, 0, 0x400 } };
    for (int i = 0; i < 3; i++) {
        at(from[i].el, from[i].sp_sel, 0);
        arm_take_sync(c, EC_UNKNOWN, 0, 0, false, 0);
        ck_assert_uint_eq(c->pc, 0x100000 + from[i].offset);
        at(from[i].el, from[i].sp_sel, 0);
        arm_take_interrupt(c, false, 1);
        ck_assert_uint_eq(c->pc, 0x100080 + from[i].offset);
        at(from[i].el, from[i].sp_sel, 0);
        arm_take_interrupt(c, true, 1);
        ck_assert_uint_eq(c->pc, 0x100100 + from[i].offset);
    }
}
END_TEST

START_TEST(aborts_have_one_class_for_each_side)
{
    Walk w = { .fault = ARM_FAULT | (FSC_PERMISSION + 2) };
    at(0, 0, 0x5000);
    arm_fault(&c->cpu, 0xdead, STORE, &w, false);
    ck_assert_uint_eq(c->esr[1], 0x24ull << 26 | 1 << 25 | 1 << 6 | 0xe);
    ck_assert_uint_eq(c->far[1], 0xdead);
    ck_assert_uint_eq(c->elr[1], 0x5000);
    at(1, 1, 0x5000);
    arm_fault(&c->cpu, 0xbeef, LOAD, &w, false);
    ck_assert_uint_eq(c->esr[1], 0x25ull << 26 | 1 << 25 | 0xe);
    at(1, 1, 0x5000);
    arm_fault(&c->cpu, 0x6000, FETCH, &w, false);
    ck_assert_uint_eq(c->esr[1], 0x21ull << 26 | 1 << 25 | 0xe);
    ck_assert_uint_eq(c->elr[1], 0x6000);
    at(0, 0, 0x5000);
    arm_fault(&c->cpu, 0x6002, FETCH, &(Walk){ .fault = ARM_FAULT_PC }, false);
    ck_assert_uint_eq(c->esr[1], 0x22ull << 26 | 1 << 25);
    ck_assert_uint_eq(c->far[1], 0x6002);
}
END_TEST

START_TEST(pan_is_set_unless_span)
{
    at(0, 0, 0);
    c->sctlr[1] |= SCTLR_SPAN;
    arm_take_sync(c, EC_SVC64, 0, 0, false, 0);
    ck_assert_int_eq(c->pan, 0);
    at(0, 0, 0);
    c->sctlr[1] &= ~SCTLR_SPAN;
    arm_take_sync(c, EC_SVC64, 0, 0, false, 0);
    ck_assert_int_eq(c->pan, 1);
    ck_assert_int_eq(arm_regime(&c->cpu, false).regime, R_EL1_PAN);
}
END_TEST

START_TEST(eret_restores_what_entry_saved)
{
    at(0, 0, 0x4000);
    c->sp = 0x1111;
    c->nzcv = arm_pack_nzcv(5);
    c->daif = 3;
    uint64_t before = arm_get_spsr(c);
    arm_take_sync(c, EC_SVC64, 0, 0x4004, false, 0);
    c->excl_addr = 0x1000;
    arm_eret(c);
    ck_assert_uint_eq(arm_get_spsr(c), before);
    ck_assert_uint_eq(c->pc, 0x4004);
    ck_assert_uint_eq(c->sp, 0x1111);
    ck_assert_uint_eq(c->excl_addr, ~0ull);
}
END_TEST

START_TEST(illegal_returns_raise_illegal_state)
{
    static const uint64_t illegal[] = { 0x10 /* AArch32 */, 0x8 /* EL2 */, 0xd /* EL3 */, 0x1 /* EL0h */, 0x6 };
    for (size_t i = 0; i < sizeof illegal / sizeof *illegal; i++) {
        at(1, 1, 0);
        c->spsr[1] = illegal[i] | 0xfull << 28;
        c->elr[1] = 0x7000;
        arm_eret(c);
        ck_assert_uint_eq(c->esr[1], (uint64_t)EC_ILLEGAL << 26 | 1 << 25);
        ck_assert_uint_eq(c->elr[1], 0x7000);
        ck_assert_uint_eq(c->spsr[1], 0xfull << 28 | 1 << 20 | 5);
        ck_assert_uint_eq(c->pc, 0x100200);
        ck_assert_int_eq(c->il, 0);
    }
}
END_TEST

START_TEST(interrupts_obey_the_masks)
{
    at(1, 1, 0x3000);
    c->daif = 15;
    cpu_interrupt_line(&c->cpu, ARM_IRQ, true);
    ck_assert(!arm_interrupt(&c->cpu));
    ck_assert(arm_wakes(&c->cpu));
    c->daif = 13;
    ck_assert(arm_interrupt(&c->cpu));
    ck_assert_uint_eq(c->pc, 0x100280);
    ck_assert_uint_eq(c->elr[1], 0x3000);
    at(1, 1, 0x3000);
    cpu_interrupt_line(&c->cpu, ARM_FIQ, true);
    ck_assert(arm_interrupt(&c->cpu));
    ck_assert_uint_eq(c->pc, 0x100300); /* FIQ before IRQ */
    cpu_interrupt_line(&c->cpu, ARM_IRQ, false);
    cpu_interrupt_line(&c->cpu, ARM_FIQ, false);
    at(1, 1, 0);
    ck_assert(!arm_interrupt(&c->cpu));
    ck_assert(!arm_wakes(&c->cpu));
}
END_TEST

START_TEST(daif_writes_leave_only_for_an_interrupt)
{
    at(1, 1, 0x3000);
    c->daif = 15;
    ck_assert_uint_eq(arm_help_daif(&c->cpu, 2, 1, 0x3004), 0);
    ck_assert_int_eq(c->daif, 13);
    ck_assert_uint_eq(arm_help_daif(&c->cpu, 2, 0, 0x3004), 0);
    ck_assert_int_eq(c->daif, 15);
    cpu_interrupt_line(&c->cpu, ARM_IRQ, true);
    c->cpu.stop = 0;
    ck_assert_uint_eq(arm_help_daif(&c->cpu, 0, 2, 0x3004), 1);
    ck_assert_int_eq(c->daif, 0);
    ck_assert_uint_eq(c->pc, 0x3004);
    ck_assert_uint_ne(c->cpu.stop, 0);
    cpu_interrupt_line(&c->cpu, ARM_IRQ, false);
}
END_TEST

START_TEST(el2_gets_what_hcr_routes_to_it)
{
    at(1, 1, 0x3000);
    c->daif = 15;
    c->hcr |= HCR_IMO;
    cpu_interrupt_line(&c->cpu, ARM_IRQ, true);
    ck_assert(arm_interrupt(&c->cpu)); /* PSTATE cannot mask it */
    ck_assert_int_eq(c->el, 2);
    ck_assert_uint_eq(c->pc, 0x200480);
    cpu_interrupt_line(&c->cpu, ARM_IRQ, false);
    at(1, 1, 0x3000);
    c->hcr |= HCR_VI;
    ck_assert(arm_wakes(&c->cpu));
    ck_assert(arm_interrupt(&c->cpu));
    ck_assert_int_eq(c->el, 1);
    at(2, 1, 0);
    ck_assert(!arm_interrupt(&c->cpu));
    at(0, 0, 0);
    c->hcr = HCR_TGE;
    arm_take_sync(c, EC_SVC64, 0, 4, false, 0);
    ck_assert_int_eq(c->el, 2);
    ck_assert_uint_eq(c->pc, 0x200400);
}
END_TEST

START_TEST(a_virtual_serror_is_taken_once)
{
    at(1, 1, 0x3000);
    c->hcr |= HCR_AMO | HCR_VSE;
    ck_assert(arm_interrupt(&c->cpu));
    ck_assert_uint_eq(c->pc, 0x100380);
    ck_assert(!(c->hcr & HCR_VSE));
}
END_TEST

START_TEST(a_stage_2_fault_goes_to_el2_with_its_address)
{
    at(1, 1, 0x3000);
    Walk w = { .fault = ARM_FAULT | ARM_FAULT_STAGE2 | (FSC_TRANSLATION + 1), .fault_info = 0x87654321000 };
    arm_fault(&c->cpu, 0xffff0000dead0123, LOAD, &w, false);
    ck_assert_int_eq(c->el, 2);
    ck_assert_uint_eq(c->hpfar, 0x87654321000 >> 8);
    ck_assert_uint_eq(c->far[2], 0xffff0000dead0123);
    ck_assert_uint_eq(c->esr[2], 0x24ull << 26 | 1 << 25 | 5);
}
END_TEST

START_TEST(software_step_lets_one_instruction_through)
{
    c->mdscr = MDSCR_SS;
    c->sys.OSLSR_EL1 = 8; /* unlocked */
    at(1, 1, 0);
    c->daif = 15;
    c->spsr[1] = 1 << 21; /* to EL0 with SS */
    c->elr[1] = 0x4000;
    arm_eret(c);
    ck_assert_int_eq(c->ss, 1);
    ck_assert(arm_mode(&c->cpu) & M_STEP);
    ck_assert_uint_eq(arm_help_step(&c->cpu, 0x4000, 0, 0), 0);
    ck_assert_uint_eq(arm_help_step(&c->cpu, 0x4004, 0, 0), 1);
    ck_assert_uint_eq(c->esr[1], 0x32ull << 26 | 1 << 25 | 1 << 24 | 0x22);
    ck_assert_uint_eq(c->elr[1], 0x4004);
    ck_assert_uint_eq(c->spsr[1], 0);
    ck_assert(!(arm_mode(&c->cpu) & M_STEP));
}
END_TEST

START_TEST(an_instruction_that_faults_is_stepped_again)
{
    c->mdscr = MDSCR_SS;
    c->sys.OSLSR_EL1 = 8;
    at(0, 0, 0x4000);
    c->ss = 1;
    ck_assert_uint_eq(arm_help_step(&c->cpu, 0x4000, 0, 0), 0);
    arm_fault(&c->cpu, 0x1234, LOAD, &(Walk){ .fault = ARM_FAULT | 7 }, false);
    ck_assert_uint_eq(c->spsr[1], 1 << 21);
    arm_eret(c);
    ck_assert_int_eq(c->ss, 1);
}
END_TEST

START_TEST(firmware_answers_hvc)
{
    at(1, 1, 0x3000);
    c->x[0] = 0x84000000;
    arm_help_call(&c->cpu, 0, 0x3004, 0);
    ck_assert_uint_eq(c->x[0], 0x10001);
    c->x[0] = 0x84000003; /* CPU_ON of this very one */
    c->x[1] = 0;
    arm_help_call(&c->cpu, 0, 0x3004, 0);
    ck_assert_int_eq((int64_t)c->x[0], -4);
    c->x[0] = 0xc4000003;
    c->x[1] = 77;
    arm_help_call(&c->cpu, 0, 0x3004, 0);
    ck_assert_int_eq((int64_t)c->x[0], -2);
    c->x[0] = 0x12345678;
    arm_help_call(&c->cpu, 0, 0x3004, 0);
    ck_assert_int_eq((int64_t)c->x[0], -1);
    ck_assert_int_eq(c->el, 1);
    arm_help_call(&c->cpu, 1 << 16, 0x3004, 0); /* SMC: there is no EL3 */
    ck_assert_uint_eq(c->esr[1], 1 << 25);
    ck_assert_uint_eq(c->elr[1], 0x3000);
}
END_TEST

START_TEST(system_off_stops_the_machine)
{
    at(1, 1, 0x3000);
    c->x[0] = 0x84000008;
    arm_help_call(&c->cpu, 0, 0x3004, 0);
    ck_assert_int_eq(machine_stopping(b.machine), STOP_POWEROFF);
}
END_TEST

START_TEST(fpsr_gathers_what_the_host_saw)
{
    c->cpu.mxcsr = 0x1f80 | 0x3d; /* IE ZE OE UE PE */
    c->qc.hi = 4;
    ck_assert_uint_eq(sys_get_fpsr(c, NULL), 1u << 27 | 0x1f);
    ck_assert_uint_eq(c->cpu.mxcsr, 0x1f80);
    sys_set_fpsr(c, NULL, 0);
    ck_assert_uint_eq(sys_get_fpsr(c, NULL), 0);
    static const uint32_t round[] = { 0x1f80, 0x5f80, 0x3f80, 0x7f80 };
    for (uint32_t mode = 0; mode < 4; mode++) {
        c->fpcr = mode << 22;
        arm_sync_mxcsr(c);
        ck_assert_uint_eq(c->cpu.mxcsr, round[mode]);
    }
}
END_TEST

START_TEST(fpcr_becomes_an_environment)
{
    FpEnv env;
    c->fpcr = 1u << 25 | 3u << 22 | 1u << 19;
    arm_fp_begin(c, &env, 16);
    ck_assert(env.flush_in && env.flush_out && env.default_nan && env.tiny_before && !env.half_alt);
    ck_assert_int_eq(env.round, FP_RZ);
    env.flags = FP_INPUT_DENORMAL | FP_INEXACT;
    arm_fp_end(c, &env, 16);
    ck_assert_uint_eq(c->fpsr, 16);
    arm_fp_begin(c, &env, 32);
    ck_assert(!env.flush_in);
    env.flags = FP_INPUT_DENORMAL | FP_DIVZERO;
    arm_fp_end(c, &env, 32);
    ck_assert_uint_eq(c->fpsr, 128 | 16 | 2);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("EL1"), *h = tcase_create("EL2");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, an_svc_from_el0_saves_everything_and_masks);
    tcase_add_test(t, the_vector_tells_where_it_came_from);
    tcase_add_test(t, aborts_have_one_class_for_each_side);
    tcase_add_test(t, pan_is_set_unless_span);
    tcase_add_test(t, eret_restores_what_entry_saved);
    tcase_add_test(t, illegal_returns_raise_illegal_state);
    tcase_add_test(t, interrupts_obey_the_masks);
    tcase_add_test(t, daif_writes_leave_only_for_an_interrupt);
    tcase_add_test(t, software_step_lets_one_instruction_through);
    tcase_add_test(t, an_instruction_that_faults_is_stepped_again);
    tcase_add_test(t, firmware_answers_hvc);
    tcase_add_test(t, system_off_stops_the_machine);
    tcase_add_test(t, fpsr_gathers_what_the_host_saw);
    tcase_add_test(t, fpcr_becomes_an_environment);
    tcase_add_checked_fixture(h, setup_el2, teardown);
    tcase_add_test(h, el2_gets_what_hcr_routes_to_it);
    tcase_add_test(h, a_virtual_serror_is_taken_once);
    tcase_add_test(h, a_stage_2_fault_goes_to_el2_with_its_address);
    return run_suite("exception", (TCase *[]){ t, h, NULL });
}
