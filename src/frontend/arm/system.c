/* Exception generating instructions, hints and barriers. ARM DDI 0487, section C4.1.66 and following. */
#include "frontend/arm/arm.h"

#include "core/machine.h"
#include "frontend/arm/helpers.h"

/* ---- raising ---- */
void arm_raise(Trans *t, ArmEc ec, uint32_t iss, uint64_t return_pc)
{
    trans_set_pc(t, t->pc);
    trans_call(t, I64, H_raise, ir_imm(t->ir, I64, (uint64_t)ec << 32 | iss), ir_imm(t->ir, I64, return_pc), IR_NONE);
    trans_goto_state(t);
    t->done = true;
}

bool arm_undefined(Trans *t)
{
    (void)t;
    return false;
}

bool a64_svc(Trans *t, const A64 *i)
{
    arm_raise(t, EC_SVC64, i->imm & 0xffff, t->pc + 4);
    return true;
}

bool a64_brk(Trans *t, const A64 *i)
{
    arm_raise(t, EC_BRK64, i->imm & 0xffff, t->pc);
    return true;
}

bool a64_hlt(Trans *t, const A64 *i)
{
    (void)i;
    return arm_undefined(t);
}

bool a64_dcps1(Trans *t, const A64 *i)
{
    (void)i;
    return arm_undefined(t); /* these three: only in debug state */
}

bool a64_dcps2(Trans *t, const A64 *i)
{
    (void)i;
    return arm_undefined(t);
}

bool a64_dcps3(Trans *t, const A64 *i)
{
    (void)i;
    return arm_undefined(t);
}

bool a64_drps(Trans *t, const A64 *i)
{
    (void)i;
    return arm_undefined(t);
}

/* HVC and SMC end in EL2, in the firmware built in, or nowhere: then they are undefined. a: immediate | SMC << 16;
 * b: the next pc, which the pc slot already holds */
uint64_t arm_help_call(Cpu *cpu, uint64_t a, uint64_t next, uint64_t x)
{
    (void)x;
    ArmCpu *c = arm_of(cpu);
    bool smc = a >> 16 & 1, el2 = arm_has(c, ARM_el2);
    uint32_t iss = a & 0xffff;
    if (smc && c->el == 1 && arm_hcr(c) & HCR_TSC)
        arm_take_sync_to(c, 2, EC_SMC64, iss, next - 4, false, 0);
    else if (!smc && el2 && !(c->hcr & HCR_HCD))
        arm_take_sync_to(c, 2, EC_HVC64, iss, next, false, 0);
    else if (smc == el2 && c->psci)
        arm_psci(c);
    else
        arm_take_sync(c, EC_UNKNOWN, 0, next - 4, false, 0);
    return 0;
}

static bool firmware_call(Trans *t, uint32_t imm, bool smc)
{
    if (arm_el(t) == 0)
        return arm_undefined(t);
    trans_set_pc(t, t->pc + 4);
    trans_call(t, I64, H_call, ir_imm(t->ir, I64, (imm & 0xffff) | (uint64_t)smc << 16), ir_imm(t->ir, I64, t->pc + 4),
               IR_NONE);
    trans_goto_state(t);
    t->done = true;
    return true;
}

bool a64_hvc(Trans *t, const A64 *i)
{
    return firmware_call(t, i->imm, false);
}

bool a64_smc(Trans *t, const A64 *i)
{
    return firmware_call(t, i->imm, true);
}

bool a64_eret(Trans *t, const A64 *i)
{
    (void)i;
    if (arm_el(t) == 0)
        return arm_undefined(t);
    trans_call(t, I64, H_eret, IR_NONE, IR_NONE, IR_NONE);
    trans_goto_state(t);
    t->done = true;
    return true;
}

/* ---- hints ---- */
bool a64_hint(Trans *t, const A64 *i)
{
    (void)t, (void)i;
    return true;
}

bool a64_nop(Trans *t, const A64 *i)
{
    (void)t, (void)i;
    return true;
}

bool a64_sev(Trans *t, const A64 *i)
{
    (void)t, (void)i;
    return true; /* a WFE here never sleeps */
}

bool a64_sevl(Trans *t, const A64 *i)
{
    (void)t, (void)i;
    return true;
}

static bool pause(Trans *t, CpuExit how)
{
    trans_set_pc(t, t->pc + 4);
    trans_leave(t, how);
    t->done = true;
    return true;
}

bool a64_yield(Trans *t, const A64 *i)
{
    (void)i;
    return pause(t, EXIT_EVENT);
}

/* EL0 may be kept from them by SCTLR.nTWI and nTWE, EL1 by HCR_EL2.TWI and TWE. Leaves if it is. */
uint64_t arm_help_wait(Cpu *cpu, uint64_t wfe, uint64_t b, uint64_t x)
{
    (void)b, (void)x;
    ArmCpu *c = arm_of(cpu);
    uint32_t iss = 0x1e00000 | (uint32_t)wfe;
    int target = 0;
    if (c->el == 0 && !(c->sctlr[1] & (wfe ? SCTLR_NTWE : SCTLR_NTWI)))
        target = arm_hcr(c) & HCR_TGE ? 2 : 1;
    else if (c->el < 2 && arm_hcr(c) & (wfe ? HCR_TWE : HCR_TWI))
        target = 2;
    if (target)
        arm_take_sync_to(c, target, EC_WFX, iss, c->pc, false, 0);
    return target != 0;
}

static void check_wait(Trans *t, bool wfe)
{
    if (arm_el(t) == 0 || (arm_el(t) == 1 && arm_can(t, ARM_el2)))
        trans_call(t, I64, H_wait, ir_imm(t->ir, I64, wfe), IR_NONE, IR_NONE);
}

bool a64_wfe(Trans *t, const A64 *i)
{
    (void)i;
    check_wait(t, true);
    return pause(t, EXIT_EVENT);
}

bool a64_wfi(Trans *t, const A64 *i)
{
    (void)i;
    check_wait(t, false);
    return pause(t, EXIT_IDLE);
}

/* ---- barriers ---- */
static void fence(Trans *t, unsigned crm)
{
    static const uint8_t kind[] = { FENCE_FULL, FENCE_LOADS, FENCE_STORES, FENCE_FULL };
    ir_fence(t->ir, T_VOID, kind[crm & 3]);
}

bool a64_dmb(Trans *t, const A64 *i)
{
    fence(t, i->imm);
    return true;
}

bool a64_dsb(Trans *t, const A64 *i)
{
    fence(t, i->imm);
    if (t->cpu->dev.machine->config->cpus > 1)
        trans_call(t, I64, H_dsb, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

/* Changes of system registers end their units by themselves; what is left is to look for interrupts. */
bool a64_isb(Trans *t, const A64 *i)
{
    (void)i;
    trans_set_pc(t, t->pc + 4);
    trans_goto_state(t);
    t->done = true;
    return true;
}

bool a64_clrex(Trans *t, const A64 *i)
{
    (void)i;
    ir_put(t->ir, I64, ir_imm(t->ir, I64, ~0ull), IR_SLOT(S_EXCL_ADDR, 0));
    return true;
}

bool a64_cfinv(Trans *t, const A64 *i)
{
    (void)i;
    Ir *ir = t->ir;
    IrRef packed = ir_get(ir, I32, IR_SLOT(S_NZCV, 0));
    arm_set_flags(t, ir_asflags(ir, T_FLAGS, ir_xor(ir, I32, packed, ir_imm(ir, I32, FLAG_C), 0), 0));
    return true;
}
