/* The guest-visible state of an Arm CPU: the rows are slots for the translator (those that enum S_* numbers), and
 * what reset, snapshots, `info registers` and gdb walk. */
#include "frontend/arm/arm.h"

static const StateField timer_state[] = {
    STATE(ArmTimer, cval),
    STATE(ArmTimer, ctl, .below = 4),
    STATE_END,
};

#define CORE .gdb = "org.gnu.gdb.aarch64.core"
#define FPU  .gdb = "org.gnu.gdb.aarch64.fpu", .gdb_type = "aarch64v"

const StateField arm_state[] = {
    STATE_ARRAY(ArmCpu, x, .slot = true, CORE),
    STATE(ArmCpu, sp, .slot = true, CORE, .gdb_type = "data_ptr"),
    STATE(ArmCpu, pc, .slot = true, CORE, .gdb_type = "code_ptr"),
    STATE(ArmCpu, nzcv, .slot = true, .reset = FLAG_C),
    STATE_ARRAY(ArmCpu, v, .slot = true, FPU),
    STATE(ArmCpu, qc, .slot = true),
    STATE(ArmCpu, excl_addr, .slot = true, .reset = ~0ull),
    STATE(ArmCpu, excl_lo, .slot = true),
    STATE(ArmCpu, excl_hi, .slot = true),
    STATE(ArmCpu, excl_size, .slot = true),
    STATE_ARRAY(ArmCpu, scratch, .slot = true, .brief = true),
    STATE_ARRAY(ArmCpu, tmp, .slot = true, .brief = true),
    STATE(ArmCpu, fpcr, .slot = true),
    STATE(ArmCpu, fpsr, .slot = true),
    STATE(ArmCpu, tpidr[0], .name = "tpidr_el0", .slot = true),
    STATE(ArmCpu, tpidrro, .name = "tpidrro_el0", .slot = true),
    STATE(ArmCpu, tpidr[1], .name = "tpidr_el1", .slot = true),
    STATE(ArmCpu, sp_el[0], .name = "sp_el0", .slot = true),
    STATE(ArmCpu, elr[1], .name = "elr_el1", .slot = true),
    STATE(ArmCpu, spsr[1], .name = "spsr_el1", .slot = true),
    STATE(ArmCpu, esr[1], .name = "esr_el1", .slot = true),
    STATE(ArmCpu, far[1], .name = "far_el1", .slot = true),
    /* from here on no slots */
    STATE(ArmCpu, elr[2], .name = "elr_el2"),
    STATE(ArmCpu, spsr[2], .name = "spsr_el2"),
    STATE(ArmCpu, esr[2], .name = "esr_el2"),
    STATE(ArmCpu, far[2], .name = "far_el2"),
    STATE(ArmCpu, tpidr[2], .name = "tpidr_el2"),
    STATE(ArmCpu, sp_el[1], .name = "sp_el1"),
    STATE(ArmCpu, sp_el[2], .name = "sp_el2"),
    STATE(ArmCpu, el, .reset = 1, .below = ARM_ELS),
    STATE(ArmCpu, sp_sel, .reset = 1, .below = 2),
    STATE(ArmCpu, daif, .reset = 15, .below = 16),
    STATE(ArmCpu, pan, .below = 2),
    STATE(ArmCpu, uao, .below = 2),
    STATE(ArmCpu, dit, .below = 2),
    STATE(ArmCpu, ss, .below = 2),
    STATE(ArmCpu, il, .below = 2),
    STATE(ArmCpu, btype, .below = 4),
    STATE(ArmCpu, tco, .below = 2),
    STATE_ARRAY(ArmCpu, sctlr),
    STATE_ARRAY(ArmCpu, ttbr0),
    STATE_ARRAY(ArmCpu, ttbr1),
    STATE_ARRAY(ArmCpu, tcr),
    STATE_ARRAY(ArmCpu, mair),
    STATE_ARRAY(ArmCpu, vbar),
    STATE_ARRAY(ArmCpu, afsr0),
    STATE_ARRAY(ArmCpu, afsr1),
    STATE_ARRAY(ArmCpu, contextidr),
    STATE(ArmCpu, cpacr),
    STATE(ArmCpu, cptr_el2),
    STATE(ArmCpu, hcr),
    STATE(ArmCpu, vttbr),
    STATE(ArmCpu, vtcr),
    STATE(ArmCpu, hpfar),
    STATE(ArmCpu, par),
    STATE(ArmCpu, mdscr),
    STATE(ArmCpu, cntkctl),
    STATE(ArmCpu, cnthctl),
    STATE(ArmCpu, step_pc, .reset = ~0ull),
    STATE(ArmCpu, step_exclusive),
#define OWN(name_, ...) STATE(ArmCpu, sys.name_, .name = #name_),
#define IN(...)
#define CALL(...)
#include "frontend/arm/sysregs.def"
    STATE_STRUCTS(ArmCpu, sys.timer, timer_state),
    STATE(ArmCpu, sys.cycles),
    STATE_END,
};
