/* Every row of the table: it is found, resets, keeps what may be written, is unique; and what single registers do. */
#include "arm_bench.h"

#include "core/sysregs.h"
#include "frontend/arm/helpers.h"
#include "tests/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static ArmBench b;
static ArmCpu *c;

static void setup(void)
{
    b = arm_bench(&aarch64_max, "el2=on");
    c = b.cpu;
}

static void setup_a57(void)
{
    b = arm_bench(&cortex_a57, "");
    c = b.cpu;
}

static void teardown(void)
{
    arm_bench_free(&b);
}

static const SysReg *reg(const char *name)
{
    for (int i = 0; i < arm_sysreg_count; i++)
        if (!strcmp(arm_sysregs[i].name, name))
            return &arm_sysregs[i];
    ck_abort_msg("no register %s", name);
}

static uint64_t get(const char *name)
{
    return sysreg_read(c, reg(name));
}

static void set(const char *name, uint64_t value)
{
    sysreg_write(c, reg(name), value);
}

START_TEST(rows_are_unique_and_make_sense)
{
    for (int i = 0; i < arm_sysreg_count; i++) {
        const SysReg *r = &arm_sysregs[i];
        for (int j = 0; j < i; j++)
            ck_assert_msg(arm_sysregs[j].encoding != r->encoding, "%s and %s", r->name, arm_sysregs[j].name);
        ck_assert_msg(r->size || r->get || r->read == NO, "%s cannot be read", r->name);
        ck_assert_msg(r->size || r->set || r->write == NO, "%s cannot be written", r->name);
        ck_assert_msg(r->encoding >> 14 >= 2, "%s: op0", r->name);
        unsigned op1 = r->encoding >> 11 & 7;
        unsigned lowest = r->read < r->write ? r->read : r->write;
        /* D19.1.2: op1 says from which level on */
        ck_assert_msg(op1 == 3 || (op1 == 4 ? lowest == 2 : lowest == 1), "%s: level %u", r->name, lowest);
        ck_assert_msg(!r->size || !(r->reset & ~r->writable & ~r->reset), "%s", r->name);
    }
}
END_TEST

/* Identification comes from the model, not from the row. */
static bool is_identification(const SysReg *r)
{
    return r->write == NO || !strcmp(r->name, "VPIDR_EL2") || !strcmp(r->name, "VMPIDR_EL2");
}

START_TEST(plain_registers_reset_and_hold_their_bits)
{
    for (int i = 0; i < arm_sysreg_count; i++) {
        const SysReg *r = &arm_sysregs[i];
        if (!r->size || !sysreg_find(c, r->encoding))
            continue;
        if (!is_identification(r))
            ck_assert_msg(sysreg_value(c, r) == r->reset, "%s is %llx after reset", r->name,
                          (unsigned long long)sysreg_value(c, r));
        if (r->set || r->write == NO)
            continue;
        uint64_t before = sysreg_value(c, r), fixed = before & ~r->writable;
        sysreg_write(c, r, ~0ull);
        ck_assert_msg(sysreg_read(c, r) == (fixed | r->writable), "%s keeps other bits", r->name);
        sysreg_write(c, r, 0);
        ck_assert_msg(sysreg_read(c, r) == fixed, "%s keeps ones", r->name);
        sysreg_write(c, r, before);
    }
}
END_TEST

/* Every row survives every value through its hooks; a second reset undoes it all. */
START_TEST(every_register_takes_any_value)
{
    static const uint64_t values[] = { 0, ~0ull, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 1ull << 63, 0x80000000 };
    for (int i = 0; i < arm_sysreg_count; i++) {
        const SysReg *r = &arm_sysregs[i];
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            if (r->write != NO)
                sysreg_write(c, r, values[v]);
            if (r->read != NO)
                sysreg_read(c, r);
        }
    }
    arm_reset(&c->cpu);
    ck_assert_uint_eq(get("SCTLR_EL1"), SCTLR_RES1);
    ck_assert_uint_eq(get("MIDR_EL1"), 0x000f0510);
}
END_TEST

START_TEST(reserved_identification_reads_as_zero)
{
    const SysReg *r = sysreg_find(c, SYSREG(3, 0, 0, 7, 7));
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(sysreg_read(c, r), 0);
    ck_assert_int_eq(r->write, NO);
    ck_assert_ptr_null(sysreg_find(c, SYSREG(3, 7, 15, 15, 7)));
}
END_TEST

START_TEST(max_advertises_what_it_has_and_no_more)
{
    uint64_t isar0 = get("ID_AA64ISAR0_EL1"), pfr0 = get("ID_AA64PFR0_EL1"), mmfr1 = get("ID_AA64MMFR1_EL1");
    ck_assert_uint_eq(isar0 >> 20 & 15, 2);                     /* LSE */
    ck_assert_uint_eq(isar0 >> 32 & 0xfff, 0);                  /* SHA3, SM3, SM4 */
    ck_assert_uint_eq(get("ID_AA64ISAR1_EL1") >> 4 & 0xff, 0);  /* PAuth */
    ck_assert_uint_eq(get("ID_AA64PFR1_EL1"), 0);               /* BTI, SSBS, MTE */
    ck_assert_uint_eq(pfr0 & 0xffff, 0x0111);                   /* AArch64 only, EL2, no EL3 */
    ck_assert_uint_eq(pfr0 >> 32 & 0xffff, 0);                  /* SVE, RAS's neighbours */
    ck_assert_uint_eq(pfr0 >> 56, 0x13);                        /* CSV2, CSV3 */
    ck_assert_uint_eq(mmfr1 >> 8 & 15, 0);                      /* VHE */
    ck_assert_uint_eq(get("ID_AA64MMFR0_EL1"), 0x110125 & ~0u); /* 48 bits, 16-bit ASIDs, mixed endian, 16 KiB */
}
END_TEST

START_TEST(a_switched_off_feature_disappears)
{
    teardown();
    b = arm_bench(&aarch64_max, "pan=off,lse=off,uao=off");
    c = b.cpu;
    ck_assert_uint_eq(get("ID_AA64ISAR0_EL1") >> 20 & 15, 0);
    ck_assert_ptr_null(sysreg_find(c, SYSREG(3, 0, 4, 2, 3)));
    ck_assert_ptr_null(sysreg_find(c, SYSREG(3, 0, 4, 2, 4)));
}
END_TEST

START_TEST(models_have_their_numbers)
{
    ck_assert_uint_eq(get("MIDR_EL1"), 0x411fd070);
    ck_assert_uint_eq(get("MPIDR_EL1"), 0x80000000);
    ck_assert_uint_eq(get("ID_AA64ISAR0_EL1"), 0x11120);
    ck_assert_uint_eq(get("ID_AA64PFR0_EL1"), 0x11);
    ck_assert_uint_eq(get("CTR_EL0"), 0x8444c004);
    ck_assert_uint_eq(get("DCZID_EL0"), 4);
    set("CSSELR_EL1", 0);
    ck_assert_uint_eq(get("CCSIDR_EL1"), 0x701fe00a);
    set("CSSELR_EL1", 1);
    ck_assert_uint_eq(get("CCSIDR_EL1"), 0x201fe012);
    ck_assert_ptr_null(sysreg_find(c, SYSREG(3, 0, 4, 2, 3))); /* PAN: not in v8.0 */
    ck_assert_ptr_nonnull(sysreg_find(c, SYSREG(3, 1, 15, 2, 1)));
}
END_TEST

typedef struct TrapCase {
    const char *name;
    int el, expected;
    const char *control; /* written with `value` before */
    uint64_t value;
    bool write;
} TrapCase;

static const TrapCase traps[] = {
    { "CTR_EL0", 0, 1, "SCTLR_EL1", 0, false },
    { "CTR_EL0", 0, 0, "SCTLR_EL1", 1 << 15, false },
    { "CTR_EL0", 1, 0, "SCTLR_EL1", 0, false },
    { "SCXTNUM_EL0", 0, 1, "SCTLR_EL1", 1 << 20, true },
    { "SCXTNUM_EL1", 1, 0, "HCR_EL2", 1ull << 53, true },
    { "SCXTNUM_EL1", 1, 2, "HCR_EL2", 0, true },
    { "DAIF", 0, 1, "SCTLR_EL1", 0, true },
    { "DAIF", 0, 0, "SCTLR_EL1", 1 << 9, true },
    { "CNTVCT_EL0", 0, 1, "CNTKCTL_EL1", 0, false },
    { "CNTVCT_EL0", 0, 0, "CNTKCTL_EL1", 2, false },
    { "CNTPCT_EL0", 0, 1, "CNTKCTL_EL1", 2, false },
    { "CNTPCT_EL0", 0, 0, "CNTKCTL_EL1", 1, false },
    { "CNTPCT_EL0", 1, 2, "CNTHCTL_EL2", 0, false },
    { "CNTFRQ_EL0", 0, 1, "CNTKCTL_EL1", 0, false },
    { "CNTFRQ_EL0", 0, 0, "CNTKCTL_EL1", 2, false },
    { "CNTP_CTL_EL0", 0, 1, "CNTKCTL_EL1", 0x103, false },
    { "CNTP_CTL_EL0", 0, 0, "CNTKCTL_EL1", 0x200, false },
    { "CNTP_CVAL_EL0", 1, 2, "CNTHCTL_EL2", 1, true },
    { "CNTV_CTL_EL0", 0, 0, "CNTKCTL_EL1", 0x100, true },
    { "PMCCNTR_EL0", 0, 1, "PMUSERENR_EL0", 0, false },
    { "PMCCNTR_EL0", 0, 0, "PMUSERENR_EL0", 4, false },
    { "PMCCNTR_EL0", 0, 1, "PMUSERENR_EL0", 4, true },
    { "PMCR_EL0", 0, 0, "PMUSERENR_EL0", 1, true },
    { "PMSELR_EL0", 0, 0, "PMUSERENR_EL0", 8, true },
    { "PMSWINC_EL0", 0, 0, "PMUSERENR_EL0", 2, true },
    { "PMCR_EL0", 1, 2, "MDCR_EL2", 1 << 5, false },
    { "PMCCNTR_EL0", 1, 2, "MDCR_EL2", 1 << 6, false },
    { "TTBR0_EL1", 1, 2, "HCR_EL2", 1ull << 26, true },
    { "TTBR0_EL1", 1, 0, "HCR_EL2", 1ull << 26, false },
    { "TTBR0_EL1", 1, 2, "HCR_EL2", 1ull << 30, false },
    { "TTBR0_EL1", 2, 0, "HCR_EL2", 1ull << 30, false },
    { "ID_AA64PFR0_EL1", 1, 2, "HCR_EL2", 1 << 18, false },
    { "CLIDR_EL1", 1, 2, "HCR_EL2", 1 << 17, false },
    { "REVIDR_EL1", 1, 2, "HCR_EL2", 1 << 16, false },
    { "ACTLR_EL1", 1, 2, "HCR_EL2", 1 << 21, true },
    { "CPACR_EL1", 1, 2, "CPTR_EL2", 1ull << 31, true },
    { "MDSCR_EL1", 1, 2, "MDCR_EL2", 1 << 9, true },
    { "OSLAR_EL1", 1, 2, "MDCR_EL2", 1 << 10, true },
    { "MDCCSR_EL0", 0, 1, "MDSCR_EL1", 1 << 12, false },
};

START_TEST(accesses_trap_where_they_must)
{
    const TrapCase *t = &traps[_i];
    const SysReg *r = reg(t->name);
    set("CNTHCTL_EL2", 3);
    set(t->control, t->value);
    c->el = (uint8_t)t->el;
    int ec;
    uint32_t iss;
    int target = sysreg_may_trap(c, r->trap, t->el) ? sysreg_trap(c, r->trap, r->encoding, t->write, 7, &ec, &iss) : 0;
    ck_assert_msg(target == t->expected, "%s at EL%d with %s = %llx: EL%d", t->name, t->el, t->control,
                  (unsigned long long)t->value, target);
    if (target) {
        uint32_t e = r->encoding;
        ck_assert_int_eq(ec, EC_SYSREG);
        ck_assert_uint_eq(iss, (e >> 14) << 20 | (e & 7) << 17 | (e >> 11 & 7) << 14 | (e >> 7 & 15) << 10 | 7 << 5 |
                                   (e >> 3 & 15) << 1 | !t->write);
    }
}
END_TEST

START_TEST(el2_names_what_el1_sees)
{
    set("VPIDR_EL2", 0x1234);
    set("VMPIDR_EL2", 0x80000042);
    c->el = 2;
    ck_assert_uint_eq(get("MIDR_EL1"), 0x000f0510);
    c->el = 1;
    ck_assert_uint_eq(get("MIDR_EL1"), 0x1234);
    ck_assert_uint_eq(get("MPIDR_EL1"), 0x80000042);
}
END_TEST

START_TEST(processor_state_reads_as_registers)
{
    c->nzcv = arm_pack_nzcv(9);
    ck_assert_uint_eq(get("NZCV"), 9ull << 28);
    set("NZCV", 6ull << 28);
    ck_assert_uint_eq(arm_unpack_nzcv(c->nzcv), 6);
    set("DAIF", 0x280);
    ck_assert_int_eq(c->daif, 10);
    ck_assert_uint_eq(get("DAIF"), 0x280);
    ck_assert_uint_eq(get("CurrentEL"), 8);
    set("PAN", ~0ull);
    ck_assert_uint_eq(get("PAN"), 1 << 22);
    c->sp = 77;
    set("SPSel", 0);
    ck_assert_uint_eq(c->sp_el[2], 77);
    ck_assert_uint_eq(get("SPSel"), 0);
}
END_TEST

START_TEST(set_and_clear_registers_are_two_views)
{
    set("PMCNTENSET_EL0", ~0ull);
    ck_assert_uint_eq(get("PMCNTENCLR_EL0"), 1u << 31);
    set("PMCNTENCLR_EL0", 1u << 31);
    ck_assert_uint_eq(get("PMCNTENSET_EL0"), 0);
    set("DBGCLAIMSET_EL1", 5);
    ck_assert_uint_eq(get("DBGCLAIMCLR_EL1"), 5);
    set("DBGCLAIMCLR_EL1", 1);
    ck_assert_uint_eq(get("DBGCLAIMCLR_EL1"), 4);
    set("OSLAR_EL1", 0);
    ck_assert_uint_eq(get("OSLSR_EL1"), 8);
    set("OSLAR_EL1", 1);
    ck_assert_uint_eq(get("OSLSR_EL1"), 10);
}
END_TEST

START_TEST(mode_follows_control_registers)
{
    c->el = 1;
    uint64_t mode = arm_mode(&c->cpu);
    ck_assert(mode & M_FP_TRAP && mode & M_MMU_OFF && !(mode & M_ALIGN));
    set("CPACR_EL1", 3 << 20);
    set("SCTLR_EL1", SCTLR_M | SCTLR_A | SCTLR_EE);
    set("TCR_EL1", 1ull << 38);
    set("FPCR", 1 << 24 | 1 << 26);
    mode = arm_mode(&c->cpu);
    ck_assert(!(mode & M_FP_TRAP) && !(mode & M_MMU_OFF) && mode & M_ALIGN && mode & M_BIG);
    ck_assert(mode & M_TBI1 && !(mode & M_TBI0) && mode & M_FP_SOFT && mode & M_FP_SOFT16);
    set("CPACR_EL1", 1 << 20);
    ck_assert(!(arm_mode(&c->cpu) & M_FP_TRAP));
    c->el = 0;
    mode = arm_mode(&c->cpu);
    ck_assert(mode & M_FP_TRAP && !(mode & M_BIG));
    set("CPACR_EL1", 3 << 20);
    set("CPTR_EL2", 1 << 10);
    ck_assert(arm_mode(&c->cpu) & M_FP_TRAP);
}
END_TEST

START_TEST(the_tag_is_the_asid_that_a1_chooses)
{
    c->el = 1;
    set("TTBR0_EL1", 0x1234ull << 48);
    set("TTBR1_EL1", 0x5678ull << 48);
    ck_assert_uint_eq(arm_regime(&c->cpu, false).tag, 0x34);
    set("TCR_EL1", 1ull << 36);
    ck_assert_uint_eq(arm_regime(&c->cpu, false).tag, 0x1234);
    set("TCR_EL1", 1ull << 36 | 1 << 22);
    ck_assert_uint_eq(arm_regime(&c->cpu, true).tag, 0x5678);
    ck_assert_int_eq(arm_regime(&c->cpu, true).regime, R_EL0);
    set("VTTBR_EL2", 9ull << 48);
    ck_assert_uint_eq(arm_regime(&c->cpu, false).tag, 0x95678);
    c->el = 2;
    ck_assert_int_eq(arm_regime(&c->cpu, false).regime, R_EL2);
}
END_TEST

static uint64_t in_device;

static bool port_read(void *dev, int cpu, uint32_t encoding, uint64_t *value)
{
    *value = in_device;
    return dev == &in_device && cpu == 0 && encoding == SYSREG(3, 0, 12, 12, 0);
}

static bool port_write(void *dev, int cpu, uint32_t encoding, uint64_t value)
{
    if (dev != &in_device || cpu != 0 || encoding != SYSREG(3, 0, 12, 12, 1))
        return false;
    in_device = value;
    return true;
}

START_TEST(a_device_may_own_registers)
{
    static const SysregPort port = { port_read, port_write };
    const uint64_t iar = SYSREG(3, 0, 12, 12, 0), eoir = SYSREG(3, 0, 12, 12, 1), write = 1 << 24;
    c->sys.port[c->sys.ports++] = (ArmPort){ &port, &in_device };
    c->pc = 0x1000;
    ck_assert_uint_eq(arm_help_sysreg_port(&c->cpu, eoir | write, 1020, 0), 0);
    ck_assert_uint_eq(in_device, 1020);
    ck_assert_uint_eq(arm_help_sysreg_port(&c->cpu, iar | 7 << 16, 0, 0), 0);
    ck_assert_uint_eq(c->x[7], 1020);
    ck_assert_uint_eq(arm_help_sysreg_port(&c->cpu, eoir, 0, 0), 1); /* cannot be read: undefined */
    ck_assert_uint_eq(c->esr[2], 1 << 25);
    ck_assert_uint_eq(c->elr[2], 0x1000);
    arm_model_reset(c);
    ck_assert_uint_eq(get("ID_AA64PFR0_EL1") >> 24 & 15, 1);
}
END_TEST

START_TEST(slots_are_numbered_as_arm_h_says)
{
    static const struct {
        int slot;
        size_t offset;
    } known[] = {
        { S_X30, offsetof(ArmCpu, x[30]) },
        { S_SP, offsetof(ArmCpu, sp) },
        { S_PC, offsetof(ArmCpu, pc) },
        { S_NZCV, offsetof(ArmCpu, nzcv) },
        { S_V31, offsetof(ArmCpu, v[31]) },
        { S_QC, offsetof(ArmCpu, qc) },
        { S_EXCL_SIZE, offsetof(ArmCpu, excl_size) },
        { S_TMP0, offsetof(ArmCpu, tmp) },
        { S_FPCR, offsetof(ArmCpu, fpcr) },
        { S_TPIDR_EL0, offsetof(ArmCpu, tpidr[0]) },
        { S_TPIDR_EL1, offsetof(ArmCpu, tpidr[1]) },
        { S_SP_EL0, offsetof(ArmCpu, sp_el[0]) },
        { S_ELR_EL1, offsetof(ArmCpu, elr[1]) },
        { S_SPSR_EL1, offsetof(ArmCpu, spsr[1]) },
        { S_ESR_EL1, offsetof(ArmCpu, esr[1]) },
        { S_FAR_EL1, offsetof(ArmCpu, far[1]) },
    };
    int count;
    const Slot *slots = guest_slots(&aarch64_guest, &count);
    ck_assert_int_eq(count, S_COUNT);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_msg(slots[known[i].slot].offset == known[i].offset, "slot %d is %s", known[i].slot,
                      slots[known[i].slot].name);
}
END_TEST

START_TEST(every_sys_operation_runs)
{
    static const struct {
        uint8_t op1, crm, op2;
    } tlbi[] = { { 0, 7, 0 }, { 0, 3, 1 }, { 0, 7, 2 }, { 0, 3, 3 }, { 0, 7, 5 }, { 0, 3, 7 }, { 4, 7, 0 },
                 { 4, 3, 1 }, { 4, 7, 4 }, { 4, 3, 5 }, { 4, 7, 6 }, { 4, 0, 1 }, { 4, 4, 5 } };
    for (size_t i = 0; i < sizeof tlbi / sizeof *tlbi; i++) {
        const SysOp *op = sysop_find(c, SYSREG(1, tlbi[i].op1, 8, tlbi[i].crm, tlbi[i].op2));
        ck_assert_msg(op && op->fn, "tlbi %zu", i);
        ck_assert_int_eq(op->all, tlbi[i].crm < 4);
        sysop_run(c, op, 0x0001000000123456);
    }
    ck_assert_ptr_null(sysop_find(c, SYSREG(1, 0, 8, 7, 4)));
    ck_assert_int_eq(sysop_find(c, SYSREG(1, 3, 7, 4, 1))->el, 0);
    ck_assert_int_eq(sysop_find(c, SYSREG(1, 0, 7, 6, 1))->el, 1);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("max"), *a57 = tcase_create("cortex-a57");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, rows_are_unique_and_make_sense);
    tcase_add_test(t, plain_registers_reset_and_hold_their_bits);
    tcase_add_test(t, every_register_takes_any_value);
    tcase_add_test(t, reserved_identification_reads_as_zero);
    tcase_add_test(t, max_advertises_what_it_has_and_no_more);
    tcase_add_test(t, a_switched_off_feature_disappears);
    tcase_add_loop_test(t, accesses_trap_where_they_must, 0, sizeof traps / sizeof *traps);
    tcase_add_test(t, el2_names_what_el1_sees);
    tcase_add_test(t, processor_state_reads_as_registers);
    tcase_add_test(t, set_and_clear_registers_are_two_views);
    tcase_add_test(t, mode_follows_control_registers);
    tcase_add_test(t, the_tag_is_the_asid_that_a1_chooses);
    tcase_add_test(t, a_device_may_own_registers);
    tcase_add_test(t, slots_are_numbered_as_arm_h_says);
    tcase_add_test(t, every_sys_operation_runs);
    tcase_add_checked_fixture(a57, setup_a57, teardown);
    tcase_add_test(a57, models_have_their_numbers);
    return run_suite("sysregs", (TCase *[]){ t, a57, NULL });
}
