/* The generic timers: a counter of 62.5 MHz that all CPUs share, and in each CPU a physical, a virtual and an EL2
 * timer. ARM DDI 0487, chapter D12. */
#include "frontend/arm/arm.h"

#include "core/machine.h"
#include "frontend/arm/helpers.h"

enum { CTL_ENABLE = 1, CTL_IMASK = 2, CTL_ISTATUS = 4 };

uint64_t arm_count(const ArmCpu *c)
{
    return (uint64_t)time_now(c->cpu.dev.machine) / ARM_TIMER_NS;
}

/* What the virtual counter is behind the physical one. */
static uint64_t offset(const ArmCpu *c, int index)
{
    return index == TIMER_VIRT && arm_has(c, ARM_el2) ? c->sys.CNTVOFF_EL2 : 0;
}

static bool met_at(const ArmCpu *c, int index, uint64_t now)
{
    return now - offset(c, index) >= c->sys.timer[index].cval;
}

static bool met(const ArmCpu *c, int index)
{
    return met_at(c, index, arm_count(c));
}

/* When the counter, which has not reached cval at `now`, does so; it may need centuries. */
static int64_t due(const ArmCpu *c, int index, uint64_t now)
{
    uint64_t left = c->sys.timer[index].cval - (now - offset(c, index));
    if (left > (uint64_t)INT64_MAX / ARM_TIMER_NS - now - 1)
        return TIMER_OFF;
    return (int64_t)((now + left) * ARM_TIMER_NS);
}

/* The counter is read once: between two readings it may reach cval. */
static void compare(ArmCpu *c, int index)
{
    ArmTimer *t = &c->sys.timer[index];
    uint64_t now = arm_count(c);
    bool enabled = t->ctl & CTL_ENABLE, reached = enabled && met_at(c, index, now);
    if (enabled && !reached)
        timer_at(&t->timer, due(c, index, now));
    else
        timer_off(&t->timer);
    line_set(&c->timer_out[index], reached && !(t->ctl & CTL_IMASK));
}

void arm_timers_changed(ArmCpu *c)
{
    for (int i = 0; i < TIMERS; i++)
        compare(c, i);
}

static void fire(void *who)
{
    arm_timers_changed(who);
}

void arm_timers_start(ArmCpu *c)
{
    for (int i = 0; i < TIMERS; i++)
        timer_init(&c->sys.timer[i].timer, c->cpu.dev.machine, fire, c);
}

static void changed(ArmCpu *c, int index)
{
    machine_lock(c->cpu.dev.machine);
    compare(c, index);
    machine_unlock(c->cpu.dev.machine);
}

uint64_t sys_get_cntpct(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return arm_count(c);
}

uint64_t sys_get_cntvct(ArmCpu *c, const SysReg *r)
{
    (void)r;
    return arm_count(c) - offset(c, TIMER_VIRT);
}

uint64_t sys_get_cval(ArmCpu *c, const SysReg *r)
{
    return c->sys.timer[r->index].cval;
}

void sys_set_cval(ArmCpu *c, const SysReg *r, uint64_t value)
{
    c->sys.timer[r->index].cval = value;
    changed(c, r->index);
}

uint64_t sys_get_tval(ArmCpu *c, const SysReg *r)
{
    return (uint32_t)(c->sys.timer[r->index].cval - (arm_count(c) - offset(c, r->index)));
}

void sys_set_tval(ArmCpu *c, const SysReg *r, uint64_t value)
{
    uint64_t now = arm_count(c) - offset(c, r->index);
    sys_set_cval(c, r, now + (uint64_t)(int64_t)(int32_t)value);
}

uint64_t sys_get_timer_ctl(ArmCpu *c, const SysReg *r)
{
    const ArmTimer *t = &c->sys.timer[r->index];
    return t->ctl | (t->ctl & CTL_ENABLE && met(c, r->index) ? CTL_ISTATUS : 0);
}

void sys_set_timer_ctl(ArmCpu *c, const SysReg *r, uint64_t value)
{
    c->sys.timer[r->index].ctl = value & (CTL_ENABLE | CTL_IMASK);
    changed(c, r->index);
}

void sys_set_cntvoff(ArmCpu *c, const SysReg *r, uint64_t value)
{
    sysreg_store(c, r, value);
    changed(c, TIMER_VIRT);
}

/* CNTVCT_EL0 from translated code. */
uint64_t arm_help_cntvct(Cpu *cpu, uint64_t a, uint64_t b, uint64_t x)
{
    (void)a, (void)b, (void)x;
    return sys_get_cntvct(arm_of(cpu), NULL);
}
