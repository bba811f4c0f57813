/* The system registers as one table, made from sysregs.def; reading, writing and resetting them. */
#include "frontend/arm/arm.h"

#include <string.h>

/* clang-format off */
const SysReg arm_sysregs[] = {
#define OWN(name_, op0, op1, crn, crm, op2, read_, write_, trap_, reset_, writable_, ...)                              \
    { .name = #name_, .encoding = SYSREG(op0, op1, crn, crm, op2), .read = read_, .write = write_, .trap = trap_,      \
      .size = 8, .offset = offsetof(ArmCpu, sys.name_), .reset = reset_, .writable = writable_, __VA_ARGS__ },
#define IN(name_, op0, op1, crn, crm, op2, read_, write_, trap_, field, reset_, writable_, ...)                        \
    { .name = #name_, .encoding = SYSREG(op0, op1, crn, crm, op2), .read = read_, .write = write_, .trap = trap_,      \
      .size = sizeof ((ArmCpu *)0)->field, .offset = offsetof(ArmCpu, field), .reset = reset_, .writable = writable_,  \
      __VA_ARGS__ },
#define CALL(name_, op0, op1, crn, crm, op2, read_, write_, trap_, ...)                                                \
    { .name = #name_, .encoding = SYSREG(op0, op1, crn, crm, op2), .read = read_, .write = write_, .trap = trap_,      \
      __VA_ARGS__ },
#include "frontend/arm/sysregs.def"
};
/* clang-format on */
const int arm_sysreg_count = sizeof arm_sysregs / sizeof *arm_sysregs;

/* The identification space that no register uses yet reads as zero: D19.1.4. So do those of AArch32, absent here. */
static const SysReg reserved_id = {
    .name = "ID (reserved)", .read = 1, .write = NO, .trap = TR_ID3, .get = sys_get_zero
};

static bool is_id_space(uint32_t encoding)
{
    return encoding >= SYSREG(3, 0, 0, 1, 0) && encoding <= SYSREG(3, 0, 0, 7, 7);
}

const SysReg *sysreg_find(const ArmCpu *c, uint32_t encoding)
{
    for (int i = 0; i < arm_sysreg_count; i++)
        if (arm_sysregs[i].encoding == encoding)
            return arm_has(c, arm_sysregs[i].needs) ? &arm_sysregs[i] : NULL;
    return is_id_space(encoding) ? &reserved_id : NULL;
}

uint64_t sysreg_value(const ArmCpu *c, const SysReg *r)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)c + r->offset, r->size);
    return value;
}

uint64_t sysreg_store(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t old = sysreg_value(c, r);
    value = (old & ~r->writable) | (value & r->writable);
    memcpy((char *)c + r->offset, &value, r->size);
    return old;
}

uint64_t sysreg_read(ArmCpu *c, const SysReg *r)
{
    return r->get ? r->get(c, r) : sysreg_value(c, r);
}

void sysreg_write(ArmCpu *c, const SysReg *r, uint64_t value)
{
    if (r->set)
        r->set(c, r, value);
    else
        sysreg_store(c, r, value);
}

void sysregs_reset(ArmCpu *c)
{
    for (const SysReg *r = arm_sysregs; r < arm_sysregs + arm_sysreg_count; r++)
        if (r->size)
            memcpy((char *)c + r->offset, &r->reset, r->size);
}
