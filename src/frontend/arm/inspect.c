/* What debuggers see of an Arm CPU beside the rows of its state table: the processor state in the form of the manual,
 * every system register, and how an address is translated. */
#include "frontend/arm/guest.h"

#include "core/machine.h"
#include "core/sysregs.h"
#include "frontend/arm/mmu.h"

#include <stdio.h>
#include <string.h>

/* ---- registers: CPSR, FPSR and FPCR in the features where gdb looks for them, then the rows of sysregs.def, then what
 * devices have ---- */

enum { OWN_CPSR, OWN_FPSR, OWN_FPCR, OWN_COUNT };
#define CORE   "org.gnu.gdb.aarch64.core"
#define FPU    "org.gnu.gdb.aarch64.fpu"
#define SYSTEM "org.dragoman.aarch64.system"

static const InspectReg own[OWN_COUNT] = {
    { .feature = CORE, .name = "cpsr", .type = "cpsr_flags", .bytes = 4 },
    { .feature = FPU, .name = "fpsr", .type = "int", .group = "float", .bytes = 4 },
    { .feature = FPU, .name = "fpcr", .type = "int", .group = "float", .bytes = 4 },
};

/* FPSR and FPCR are there already, what can only be written says nothing. */
static bool listed(const ArmCpu *c, const SysReg *r)
{
    return r->read != NO && r->trap != TR_FP && arm_has(c, (ArmFeature)r->needs);
}

/* NULL: it is beyond them, and *number counts from there. */
static const SysReg *system_row(const ArmCpu *c, int *number)
{
    for (int i = 0; i < arm_sysreg_count; i++)
        if (listed(c, &arm_sysregs[i]) && !(*number)--)
            return &arm_sysregs[i];
    return NULL;
}

/* Of EL1, and of EL2 if there is one. */
static bool exists(const ArmCpu *c, uint32_t encoding)
{
    unsigned op1 = encoding >> 11 & 7;
    return op1 < 4 || (op1 == 4 && arm_has(c, ARM_el2));
}

/* The interrupt controller's; NULL: there are not so many. */
static const char *port_row(const ArmCpu *c, int number, uint32_t *encoding)
{
    const char *name;
    for (const ArmPort *p = c->sys.port; p < c->sys.port + c->sys.ports; p++)
        for (int n = 0; p->port->name && (name = p->port->name(p->dev, n, encoding)); n++)
            if (exists(c, *encoding) && !number--)
                return name;
    return NULL;
}

static bool reg(Cpu *cpu, int number, InspectReg *r)
{
    if (number < OWN_COUNT) {
        *r = own[number];
        return true;
    }
    uint32_t encoding;
    number -= OWN_COUNT;
    const SysReg *row = system_row(arm_of(cpu), &number);
    const char *name = row ? row->name : port_row(arm_of(cpu), number, &encoding);
    if (!name)
        return false;
    *r = (InspectReg){ .feature = SYSTEM, .type = "uint64", .group = "system", .bytes = 8, .rare = true };
    snprintf(r->name, sizeof r->name, "%s", name);
    return true;
}

static const SysReg *fp_row(const ArmCpu *c, int number)
{
    return sysreg_find(c, number == OWN_FPSR ? SYSREG(3, 3, 4, 4, 1) : SYSREG(3, 3, 4, 4, 0));
}

/* The stack pointer in use is not where the others wait. */
static bool is_current_sp(const ArmCpu *c, const SysReg *r)
{
    return r->size && r->offset == offsetof(ArmCpu, sp_el) + (c->sp_sel ? c->el : 0u) * sizeof c->sp_el[0];
}

/* The row of a system register; NULL: a device has it, by that encoding. */
static const SysReg *row_of(const ArmCpu *c, int number, uint32_t *encoding)
{
    if (number < OWN_COUNT)
        return fp_row(c, number);
    number -= OWN_COUNT;
    const SysReg *r = system_row(c, &number);
    if (!r)
        port_row(c, number, encoding);
    return r;
}

static V128 get(Cpu *cpu, int number)
{
    ArmCpu *c = arm_of(cpu);
    uint32_t encoding;
    uint64_t value = 0;
    if (number == OWN_CPSR)
        return (V128){ arm_get_spsr(c), 0 };
    const SysReg *r = row_of(c, number, &encoding);
    if (!r)
        arm_port_read(c, encoding, &value);
    else
        value = is_current_sp(c, r) ? c->sp : sysreg_read(c, r);
    return (V128){ value, 0 };
}

static void set(Cpu *cpu, int number, V128 value)
{
    ArmCpu *c = arm_of(cpu);
    uint32_t encoding;
    if (number == OWN_CPSR) {
        arm_set_pstate(c, value.lo);
        return;
    }
    const SysReg *r = row_of(c, number, &encoding);
    if (!r)
        arm_port_write(c, encoding, value.lo);
    else if (is_current_sp(c, r))
        c->sp = value.lo;
    else if (r->write != NO)
        sysreg_write(c, r, value.lo);
}

static const GuestTypes types[] = {
    { CORE, "<flags id=\"cpsr_flags\" size=\"4\">"
            "<field name=\"SP\" start=\"0\" end=\"0\"/><field name=\"EL\" start=\"2\" end=\"3\"/>"
            "<field name=\"F\" start=\"6\" end=\"6\"/><field name=\"I\" start=\"7\" end=\"7\"/>"
            "<field name=\"A\" start=\"8\" end=\"8\"/><field name=\"D\" start=\"9\" end=\"9\"/>"
            "<field name=\"BTYPE\" start=\"10\" end=\"11\"/><field name=\"IL\" start=\"20\" end=\"20\"/>"
            "<field name=\"SS\" start=\"21\" end=\"21\"/><field name=\"PAN\" start=\"22\" end=\"22\"/>"
            "<field name=\"UAO\" start=\"23\" end=\"23\"/><field name=\"DIT\" start=\"24\" end=\"24\"/>"
            "<field name=\"V\" start=\"28\" end=\"28\"/><field name=\"C\" start=\"29\" end=\"29\"/>"
            "<field name=\"Z\" start=\"30\" end=\"30\"/><field name=\"N\" start=\"31\" end=\"31\"/></flags>" },
    { FPU, "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/><vector id=\"v2u\" type=\"uint64\" count=\"2\"/>"
           "<vector id=\"v2i\" type=\"int64\" count=\"2\"/><vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
           "<vector id=\"v4u\" type=\"uint32\" count=\"4\"/><vector id=\"v4i\" type=\"int32\" count=\"4\"/>"
           "<vector id=\"v8f\" type=\"ieee_half\" count=\"8\"/><vector id=\"v8u\" type=\"uint16\" count=\"8\"/>"
           "<vector id=\"v8i\" type=\"int16\" count=\"8\"/><vector id=\"v16u\" type=\"uint8\" count=\"16\"/>"
           "<vector id=\"v16i\" type=\"int8\" count=\"16\"/><vector id=\"v1u\" type=\"uint128\" count=\"1\"/>"
           "<vector id=\"v1i\" type=\"int128\" count=\"1\"/>"
           "<union id=\"vnd\"><field name=\"f\" type=\"v2d\"/><field name=\"u\" type=\"v2u\"/>"
           "<field name=\"s\" type=\"v2i\"/></union>"
           "<union id=\"vns\"><field name=\"f\" type=\"v4f\"/><field name=\"u\" type=\"v4u\"/>"
           "<field name=\"s\" type=\"v4i\"/></union>"
           "<union id=\"vnh\"><field name=\"f\" type=\"v8f\"/><field name=\"u\" type=\"v8u\"/>"
           "<field name=\"s\" type=\"v8i\"/></union>"
           "<union id=\"vnb\"><field name=\"u\" type=\"v16u\"/><field name=\"s\" type=\"v16i\"/></union>"
           "<union id=\"vnq\"><field name=\"u\" type=\"v1u\"/><field name=\"s\" type=\"v1i\"/></union>"
           "<union id=\"aarch64v\"><field name=\"d\" type=\"vnd\"/><field name=\"s\" type=\"vns\"/>"
           "<field name=\"h\" type=\"vnh\"/><field name=\"b\" type=\"vnb\"/><field name=\"q\" type=\"vnq\"/></union>" },
    { NULL },
};

/* ---- vtop ---- */

static const char *const regimes[] = {
    [R_EL0] = "EL0", [R_EL1] = "EL1", [R_EL1_PAN] = "EL1 with PAN", [R_EL2] = "EL2", [R_COUNT] = NULL
};

static void explain(Cpu *cpu, uint64_t addr, Out *o)
{
    ArmCpu *c = arm_of(cpu);
    Walk w = { 0 };
    uint32_t regime = arm_regime(cpu, false).regime;
    ArmWalk a = { .addr = addr, .access = LOAD, .privileged = regime != R_EL0, .inspect = true, .w = &w, .show = o };
    out(o, "0x%016llx in regime %s\n", (unsigned long long)addr, regimes[regime]);
    arm_stage1(c, regime, &a);
    if (!w.fault && regime != R_EL2)
        arm_stage2(c, &a);
    if (w.fault)
        out(o, "fault: status code 0x%x%s\n", w.fault & 0x3f, w.fault & ARM_FAULT_STAGE2 ? " of stage 2" : "");
    else
        out(o, "physical 0x%llx, %s, mapped by %llu KiB\n", (unsigned long long)w.phys,
            w.device ? "device memory" : "normal memory", 1ull << w.page_bits >> 10);
}

/* struct user_pt_regs of Linux (arch/arm64/include/uapi/asm/ptrace.h). */
static const char *const core_regs[] = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",   "x10", "x11",
    "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",  "x22", "x23",
    "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc",  "cpsr", NULL,
};
static const GuestCore core = { .machine = 183, .regs = core_regs };

const GuestDebug arm_debug = {
    .architecture = "aarch64",
    .core = &core,
    .types = types,
    .regimes = regimes,
    .watch_before = true,
    .reg = reg,
    .get = get,
    .set = set,
    .own_break = arm_own_break,
    .own_watch = arm_own_watch,
    .explain = explain,
};
