/* MSR, MRS, SYS and SYSL. Registers that are slots are read and written in line; the rest by helpers, which check
 * what depends on more than the exception level. ARM DDI 0487, section C5. */
#include "frontend/arm/arm.h"

#include "base/log.h"
#include "core/sysregs.h"

#include "frontend/arm/helpers.h"

/* ---- helpers ---- */
enum { PACK_RT = 16, PACK_WRITE = 24 };

static void undefined_here(ArmCpu *c)
{
    arm_take_sync(c, EC_UNKNOWN, 0, c->pc, false, 0);
}

/* True: the access trapped, and the exception was taken. */
static bool trapped(ArmCpu *c, SysTrap trap, uint32_t encoding, bool write, unsigned rt)
{
    int ec;
    uint32_t iss;
    int target = sysreg_trap(c, trap, encoding, write, rt, &ec, &iss);
    if (target)
        arm_take_sync_to(c, target, ec, iss, c->pc, false, 0);
    return target;
}

/* index: row of arm_sysregs */
uint64_t arm_help_sysreg_read(Cpu *cpu, uint64_t index, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    return sysreg_read(arm_of(cpu), &arm_sysregs[index]);
}

uint64_t arm_help_sysreg_write(Cpu *cpu, uint64_t index, uint64_t value, uint64_t x)
{
    (void)x;
    sysreg_write(arm_of(cpu), &arm_sysregs[index], value);
    return 0;
}

/* The same where it may trap; leaves if it did. */
uint64_t arm_help_sysreg_read_checked(Cpu *cpu, uint64_t index, uint64_t rt, uint64_t x)
{
    (void)x;
    ArmCpu *c = arm_of(cpu);
    const SysReg *r = &arm_sysregs[index];
    if (trapped(c, r->trap, r->encoding, false, (unsigned)rt))
        return 1;
    uint64_t value = sysreg_read(c, r);
    if (rt < 31)
        c->x[rt] = value;
    return 0;
}

uint64_t arm_help_sysreg_write_checked(Cpu *cpu, uint64_t index, uint64_t value, uint64_t rt)
{
    ArmCpu *c = arm_of(cpu);
    const SysReg *r = &arm_sysregs[index];
    if (trapped(c, r->trap, r->encoding, true, (unsigned)rt))
        return 1;
    sysreg_write(c, r, value);
    return 0;
}

bool arm_port_read(ArmCpu *c, uint32_t encoding, uint64_t *value)
{
    for (int i = 0; i < c->sys.ports; i++)
        if (c->sys.port[i].port->read(c->sys.port[i].dev, cpu_number(&c->cpu), encoding, value))
            return true;
    return false;
}

bool arm_port_write(ArmCpu *c, uint32_t encoding, uint64_t value)
{
    for (int i = 0; i < c->sys.ports; i++)
        if (c->sys.port[i].port->write(c->sys.port[i].dev, cpu_number(&c->cpu), encoding, value))
            return true;
    return false;
}

/* Registers that live in a device. a: encoding | rt << 16 | write << 24; leaves if no device has it. */
uint64_t arm_help_sysreg_port(Cpu *cpu, uint64_t a, uint64_t value, uint64_t x)
{
    (void)x;
    ArmCpu *c = arm_of(cpu);
    uint32_t encoding = a & 0xffff, rt = a >> PACK_RT & 31;
    bool write = a >> PACK_WRITE & 1;
    if (write ? arm_port_write(c, encoding, value) : arm_port_read(c, encoding, &value)) {
        if (!write && rt < 31)
            c->x[rt] = value;
        return 0;
    }
    log_unimp("pc %llx: system register %x", (unsigned long long)c->pc, encoding);
    undefined_here(c);
    return 1;
}

/* a: encoding | rt << 16 | may trap << 24 */
uint64_t arm_help_sysop(Cpu *cpu, uint64_t a, uint64_t value, uint64_t x)
{
    (void)x;
    ArmCpu *c = arm_of(cpu);
    const SysOp *op = sysop_find(c, a & 0xffff);
    if (a >> PACK_WRITE & 1 && trapped(c, op->trap, op->encoding, true, a >> PACK_RT & 31))
        return 1;
    return sysop_run(c, op, value);
}

/* MSR DAIFSet and DAIFClr at EL0 without SCTLR_EL1.UMA, WFI and WFE without nTWI and nTWE. */
uint64_t arm_help_check(Cpu *cpu, uint64_t trap, uint64_t encoding, uint64_t rt)
{
    return trapped(arm_of(cpu), (SysTrap)trap, (uint32_t)encoding, true, (unsigned)rt);
}

/* ---- registers in line ---- */
typedef struct InLine {
    uint16_t encoding;
    uint16_t slot;
    bool narrow;    /* 32 bits, the rest reads as zero */
    bool read_only; /* writes go through the table */
} InLine;

static const InLine in_line[] = {
    { SYSREG(3, 3, 13, 0, 2), S_TPIDR_EL0, false, false }, { SYSREG(3, 3, 13, 0, 3), S_TPIDRRO_EL0, false, false },
    { SYSREG(3, 0, 13, 0, 4), S_TPIDR_EL1, false, false }, { SYSREG(3, 0, 4, 1, 0), S_SP_EL0, false, false },
    { SYSREG(3, 0, 4, 0, 1), S_ELR_EL1, false, false },    { SYSREG(3, 0, 4, 0, 0), S_SPSR_EL1, true, false },
    { SYSREG(3, 0, 5, 2, 0), S_ESR_EL1, true, false },     { SYSREG(3, 0, 6, 0, 0), S_FAR_EL1, false, false },
    { SYSREG(3, 3, 4, 4, 0), S_FPCR, true, true },
};

static const InLine *find_in_line(uint32_t encoding)
{
    for (size_t i = 0; i < sizeof in_line / sizeof *in_line; i++)
        if (in_line[i].encoding == encoding)
            return &in_line[i];
    return NULL;
}

static void read_in_line(Trans *t, const InLine *l, unsigned rt)
{
    arm_put(t, !l->narrow, rt, ir_get(t->ir, arm_width(!l->narrow), IR_SLOT(l->slot, 0)));
}

static void write_in_line(Trans *t, const InLine *l, unsigned rt)
{
    IrRef value = arm_get(t, true, rt);
    if (l->narrow)
        value = ir_zext(t->ir, I64, value, 32);
    ir_put(t->ir, l->slot == S_FPCR ? I32 : I64, value, IR_SLOT(l->slot, 0));
}

/* NZCV: packed flags have N and Z in 15 and 14, not-C in 8 and V in 0 (arm.h). */
static void read_nzcv(Trans *t, unsigned rt)
{
    Ir *ir = t->ir;
    IrRef p = ir_get(ir, I32, IR_SLOT(S_NZCV, 0));
    IrRef nz = ir_shl(ir, I32, ir_and(ir, I32, p, ir_imm(ir, I32, FLAG_N | FLAG_Z), 0), ir_imm(ir, I32, 16), 0);
    IrRef c = ir_shl(ir, I32, ir_andn(ir, I32, ir_imm(ir, I32, FLAG_C), p, 0), ir_imm(ir, I32, 21), 0);
    IrRef v = ir_shl(ir, I32, ir_and(ir, I32, p, ir_imm(ir, I32, FLAG_V), 0), ir_imm(ir, I32, 28), 0);
    arm_put(t, false, rt, ir_or(ir, I32, nz, ir_or(ir, I32, c, v, 0), 0));
}

static void write_nzcv(Trans *t, unsigned rt)
{
    Ir *ir = t->ir;
    IrRef x = arm_get(t, false, rt);
    IrRef nz = ir_and(ir, I32, ir_shr(ir, I32, x, ir_imm(ir, I32, 16), 0), ir_imm(ir, I32, FLAG_N | FLAG_Z), 0);
    IrRef c = ir_andn(ir, I32, ir_imm(ir, I32, FLAG_C), ir_shr(ir, I32, x, ir_imm(ir, I32, 21), 0), 0);
    IrRef v = ir_and(ir, I32, ir_shr(ir, I32, x, ir_imm(ir, I32, 28), 0), ir_imm(ir, I32, FLAG_V), 0);
    arm_set_flags(t, ir_asflags(ir, T_FLAGS, ir_or(ir, I32, nz, ir_or(ir, I32, c, v, 0), 0), 0));
}

/* ---- DAIF ---- */
static IrRef constant(Trans *t, uint64_t value)
{
    return ir_imm(t->ir, I64, value);
}

enum { DAIF_SET, DAIF_CLEAR, DAIF_ASSIGN };

static void call_daif(Trans *t, IrRef bits, unsigned what)
{
    trans_call(t, I64, H_daif, bits, constant(t, what), constant(t, t->pc + 4));
}

static void write_daif(Trans *t, unsigned rt)
{
    Ir *ir = t->ir;
    IrRef bits = ir_shr(ir, I64, arm_get(t, true, rt), ir_imm(ir, I64, 6), 0);
    call_daif(t, ir_and(ir, I64, bits, ir_imm(ir, I64, 15), 0), DAIF_ASSIGN);
}

static void write_pan(Trans *t, IrRef pan)
{
    trans_call(t, I64, H_pan, pan, IR_NONE, IR_NONE);
}

static void check(Trans *t, SysTrap trap, uint32_t encoding, unsigned rt)
{
    trans_call(t, I64, H_check, constant(t, trap), constant(t, encoding), constant(t, rt));
}

static void end_unit(Trans *t)
{
    trans_set_pc(t, t->pc + 4);
    trans_goto_state(t);
    t->done = true;
}

/* ---- MRS, MSR ---- */
enum {
    NZCV_ENCODING = SYSREG(3, 3, 4, 2, 0),
    DAIF_ENCODING = SYSREG(3, 3, 4, 2, 1),
    CURRENT_EL = SYSREG(3, 0, 4, 2, 2),
    SP_EL0_ENCODING = SYSREG(3, 0, 4, 1, 0),
    CNTVCT_ENCODING = SYSREG(3, 3, 14, 0, 2),
    FPCR_ENCODING = SYSREG(3, 3, 4, 4, 0),
    PAN_ENCODING = SYSREG(3, 0, 4, 2, 3),
    TTBR0_ENCODING = SYSREG(3, 0, 2, 0, 0),
    TTBR1_ENCODING = SYSREG(3, 0, 2, 0, 1),
};

/* Devices have the registers of the interrupt controller: CRn 12, and ICC_PMR_EL1. */
static bool in_port(const Trans *t, uint32_t encoding)
{
    const ArmCpu *c = (const ArmCpu *)t->cpu;
    unsigned crn = encoding >> 7 & 15, op1 = encoding >> 11 & 7;
    bool theirs = crn == 12 || encoding == SYSREG(3, 0, 4, 6, 0);
    return theirs && c->sys.ports && encoding >> 14 == 3 && arm_el(t) >= (op1 == 4 ? 2 : op1 == 0 ? 1 : 3);
}

static bool use_port(Trans *t, const A64 *i, uint32_t encoding, bool write)
{
    if (!in_port(t, encoding)) {
        log_unimp("pc %llx: system register S%u_%u_C%u_C%u_%u", (unsigned long long)t->pc, encoding >> 14,
                  encoding >> 11 & 7, encoding >> 7 & 15, encoding >> 3 & 15, encoding & 7);
        return false;
    }
    uint64_t packed = encoding | i->rt << PACK_RT | (uint64_t)write << PACK_WRITE;
    trans_call(t, I64, H_sysreg_port, constant(t, packed), arm_get(t, true, i->rt), IR_NONE);
    return true;
}

static bool exists(const Trans *t, const SysReg *r, int lowest)
{
    return arm_el(t) >= lowest && (r->encoding != SP_EL0_ENCODING || t->mode & M_SP_SEL);
}

static bool quick_read(Trans *t, const SysReg *r, unsigned rt)
{
    const InLine *l = find_in_line(r->encoding);
    if (l)
        read_in_line(t, l, rt);
    else if (r->encoding == NZCV_ENCODING)
        read_nzcv(t, rt);
    else if (r->encoding == CURRENT_EL)
        arm_put(t, true, rt, constant(t, (uint64_t)arm_el(t) << 2));
    else if (r->encoding == DAIF_ENCODING)
        arm_put(t, true, rt, trans_call(t, I64, H_get_daif, IR_NONE, IR_NONE, IR_NONE));
    else if (r->encoding == CNTVCT_ENCODING)
        arm_put(t, true, rt, trans_call(t, I64, H_cntvct, IR_NONE, IR_NONE, IR_NONE));
    else if (!r->get)
        arm_put(t, true, rt, trans_call(t, I64, H_sysreg_plain, constant(t, r->offset), constant(t, r->size), IR_NONE));
    else
        return false;
    return true;
}

static bool may_trap(const Trans *t, const SysReg *r)
{
    return sysreg_may_trap((const ArmCpu *)t->cpu, (SysTrap)r->trap, arm_el(t)) &&
           !(r->encoding == CNTVCT_ENCODING && t->mode & M_COUNTER);
}

bool a64_mrs(Trans *t, const A64 *i)
{
    uint32_t encoding = SYSREG(i->op0, i->op1, i->crn, i->crm, i->op2);
    const ArmCpu *c = (const ArmCpu *)t->cpu;
    const SysReg *r = sysreg_find(c, encoding);
    if (!r)
        return use_port(t, i, encoding, false);
    if (!exists(t, r, r->read))
        return false;
    if (r->trap == TR_FP && !arm_fp_ok(t))
        return true;
    bool in_table = r >= arm_sysregs && r < arm_sysregs + arm_sysreg_count;
    if (!in_table) { /* the reserved identification registers */
        if (sysreg_may_trap(c, r->trap, arm_el(t)))
            check(t, r->trap, encoding, i->rt);
        arm_put(t, true, i->rt, constant(t, 0));
        return true;
    }
    IrRef index = constant(t, (uint64_t)(r - arm_sysregs));
    if (may_trap(t, r))
        trans_call(t, I64, H_sysreg_read_checked, index, constant(t, i->rt), IR_NONE);
    else if (!quick_read(t, r, i->rt))
        arm_put(t, true, i->rt, trans_call(t, I64, H_sysreg_read, index, IR_NONE, IR_NONE));
    return true;
}

static bool quick_write(Trans *t, const SysReg *r, unsigned rt)
{
    const InLine *l = find_in_line(r->encoding);
    if (l && !l->read_only)
        write_in_line(t, l, rt);
    else if (r->encoding == NZCV_ENCODING)
        write_nzcv(t, rt);
    else if (r->encoding == DAIF_ENCODING)
        write_daif(t, rt);
    else if (r->encoding == FPCR_ENCODING)
        trans_call(t, I64, H_fpcr, arm_get(t, true, rt), constant(t, r->writable), constant(t, t->pc + 4));
    else if (r->encoding == PAN_ENCODING)
        write_pan(t, ir_and(t->ir, I64, ir_shr(t->ir, I64, arm_get(t, true, rt), ir_imm(t->ir, I64, 22), 0),
                            ir_imm(t->ir, I64, 1), 0));
    else if (r->encoding == TTBR0_ENCODING || r->encoding == TTBR1_ENCODING)
        trans_call(t, I64, H_ttbr, constant(t, r->encoding == TTBR1_ENCODING), arm_get(t, true, rt), IR_NONE);
    else if (!r->set && r->size == 8)
        trans_call(t, I64, H_sysreg_put, constant(t, r->offset), arm_get(t, true, rt), constant(t, r->writable));
    else
        return false;
    return true;
}

bool a64_msr(Trans *t, const A64 *i)
{
    uint32_t encoding = SYSREG(i->op0, i->op1, i->crn, i->crm, i->op2);
    const ArmCpu *c = (const ArmCpu *)t->cpu;
    const SysReg *r = sysreg_find(c, encoding);
    if (!r)
        return use_port(t, i, encoding, true);
    if (!exists(t, r, r->write))
        return false;
    if (r->trap == TR_FP && !arm_fp_ok(t))
        return true;
    bool checked = may_trap(t, r);
    if (!checked && quick_write(t, r, i->rt))
        return true;
    IrRef index = constant(t, (uint64_t)(r - arm_sysregs)), value = arm_get(t, true, i->rt);
    if (checked)
        trans_call(t, I64, H_sysreg_write_checked, index, value, constant(t, i->rt));
    else
        trans_call(t, I64, H_sysreg_write, index, value, IR_NONE);
    if (r->ends)
        end_unit(t);
    return true;
}

/* ---- MSR (immediate) ---- */
typedef struct PstateField {
    uint8_t op1, op2, el;
    uint16_t needs;
    uint16_t as;   /* MSR of this register ... */
    uint8_t shift; /* ... with bit 0 of the immediate here */
} PstateField;

static const PstateField pstate_fields[] = {
    { 0, 3, 1, ARM_uao, SYSREG(3, 0, 4, 2, 4), 23 },
    { 0, 4, 1, ARM_pan, SYSREG(3, 0, 4, 2, 3), 22 },
    { 0, 5, 1, ARM_v8, SYSREG(3, 0, 4, 2, 0), 0 },
    { 3, 2, 0, ARM_dit, SYSREG(3, 3, 4, 2, 5), 24 },
};

static bool msr_daif(Trans *t, const A64 *i)
{
    if (arm_el(t) == 0)
        check(t, TR_DAIF, SYSREG(0, i->op1, 4, i->crm, i->op2), 31);
    call_daif(t, constant(t, i->crm), i->op2 == 6 ? DAIF_SET : DAIF_CLEAR);
    return true;
}

bool a64_msr_imm(Trans *t, const A64 *i)
{
    const ArmCpu *c = (const ArmCpu *)t->cpu;
    if (i->op1 == 3 && (i->op2 == 6 || i->op2 == 7))
        return msr_daif(t, i);
    for (size_t n = 0; n < sizeof pstate_fields / sizeof *pstate_fields; n++) {
        const PstateField *f = &pstate_fields[n];
        if (f->op1 != i->op1 || f->op2 != i->op2 || arm_el(t) < f->el || !arm_has(c, f->needs))
            continue;
        if (f->needs == ARM_pan) {
            write_pan(t, constant(t, i->crm & 1));
            return true;
        }
        const SysReg *r = sysreg_find(c, f->as);
        IrRef value = constant(t, (uint64_t)(i->crm & 1) << f->shift);
        trans_call(t, I64, H_sysreg_write, constant(t, (uint64_t)(r - arm_sysregs)), value, IR_NONE);
        if (r->ends)
            end_unit(t);
        return true;
    }
    return false;
}

/* ---- SYS, SYSL ---- */
enum { DC_ZVA = SYSREG(1, 3, 7, 4, 1), ZVA_BYTES = 64 };

/* Clears the block around the address. In Device memory, which all is without stage 1, that is an alignment fault. */
static void dc_zva(Trans *t, unsigned rt)
{
    Ir *ir = t->ir;
    IrRef address = arm_get(t, true, rt);
    if (t->mode & M_MMU_OFF) {
        trans_call(t, I64, H_align_fault, address, constant(t, STORE), IR_NONE);
        return;
    }
    address = ir_and(ir, I64, address, ir_imm(ir, I64, ~(uint64_t)(ZVA_BYTES - 1)), 0);
    IrRef zero = ir_wide(ir, I64X2, 0, 0);
    for (int at = 0; at < ZVA_BYTES; at += 16)
        arm_store(t, I64X2, address, zero, (IrMem){ .size = 4, .disp = at });
}

bool a64_sys(Trans *t, const A64 *i)
{
    uint32_t encoding = SYSREG(1, i->op1, i->crn, i->crm, i->op2);
    const ArmCpu *c = (const ArmCpu *)t->cpu;
    const SysOp *op = sysop_find(c, encoding);
    if (!op || arm_el(t) < op->el) {
        if (!op)
            log_unimp("pc %llx: sys #%u, C%u, C%u, #%u", (unsigned long long)t->pc, i->op1, i->crn, i->crm, i->op2);
        return false;
    }
    bool allowed = (op->trap == TR_ZVA && t->mode & M_ZVA) || (op->trap == TR_POINT && t->mode & M_CACHE);
    bool checked = !allowed && sysreg_may_trap(c, (SysTrap)op->trap, arm_el(t));
    if (encoding == DC_ZVA || (!op->fn && i->crn == 7 && i->crm != 8 && i->crm != 9)) {
        if (checked)
            check(t, op->trap, encoding, i->rt);
        if (encoding == DC_ZVA)
            dc_zva(t, i->rt);
        return true;
    }
    uint64_t packed = encoding | i->rt << PACK_RT | (uint64_t)checked << PACK_WRITE;
    trans_call(t, I64, H_sysop, constant(t, packed), arm_get(t, true, i->rt), IR_NONE);
    return true;
}

bool a64_sysl(Trans *t, const A64 *i)
{
    (void)i;
    log_unimp("pc %llx: sysl", (unsigned long long)t->pc);
    return false;
}
