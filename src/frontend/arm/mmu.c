/* Stage 1 address translation: EL1&0 and EL2 regimes, VMSAv8-64. ARM DDI 0487, chapter D8.
 *
 *   64-bit VA -> tag removed -> TTBR0 or TTBR1 -> up to four levels of tables -> output address -> stage 2 -> physical
 *
 * Runs without any lock on the vCPU's thread; a descriptor is changed only by compare-and-swap. */
#include "frontend/arm/mmu.h"

#include "base/log.h"

enum {
    DESC_VALID = 1,
    DESC_TABLE = 2, /* or a page at level 3 */
    DESC_AP_EL0 = 1 << 6,
    DESC_AP_RO = 1 << 7,
    DESC_AF = 1 << 10,
    DESC_NG = 1 << 11,
};
#define DESC_DBM       (1ull << 51)
#define DESC_PXN       (1ull << 53)
#define DESC_UXN       (1ull << 54)
#define DESC_PXN_TABLE (1ull << 59)
#define DESC_UXN_TABLE (1ull << 60)
#define DESC_NO_EL0    (1ull << 61)
#define DESC_NO_WRITE  (1ull << 62)

static const uint8_t tg0_shift[] = { 12, 16, 14, 12 }, tg1_shift[] = { 12, 14, 12, 16 };

/* TCR_EL1.IPS and the like, no more than the CPU has. */
static int output_bits(const ArmCpu *c, unsigned ps)
{
    static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };
    int has = bits[c->sys.ID_AA64MMFR0_EL1 & 7];
    return bits[ps & 7] < has ? bits[ps & 7] : has;
}

/* The first level and the base of its table. False: the size of the input is none that the granule allows. */
static bool start_level(TableWalk *t, unsigned tsz, uint64_t ttbr)
{
    if (tsz > 39)
        return false;
    t->input_bits = 64 - (tsz < 16 ? 16 : (int)tsz);
    int stride = t->page_shift - 3;
    t->level = 4 - (t->input_bits - t->page_shift + stride - 1) / stride;
    int index_bits = t->input_bits - (t->page_shift + (3 - t->level) * stride);
    t->base = ttbr & ((1ull << 48) - 1) & ~((8ull << index_bits) - 1);
    return true;
}

/* Chooses the table by the address: false if it is in no table's range. D8.2 */
static bool setup_el1(const ArmCpu *c, TableWalk *t, const ArmWalk *a)
{
    uint64_t tcr = c->tcr[1], va = a->addr;
    bool high = va >> 55 & 1, ignore_top = tcr >> (high ? 38 : 37) & 1;
    unsigned tsz = tcr >> (high ? 16 : 0) & 63;
    if (tcr >> (high ? 23 : 7) & 1) /* EPD */
        return false;
    if (!a->privileged && tcr >> (high ? 56 : 55) & 1) /* E0PD */
        return false;
    t->page_shift = high ? tg1_shift[tcr >> 30 & 3] : tg0_shift[tcr >> 14 & 3];
    t->output_bits = output_bits(c, tcr >> 32 & 7);
    t->set_access = arm_has(c, ARM_hafdbs) && tcr >> 39 & 1;
    t->set_dirty = t->set_access && tcr >> 40 & 1;
    t->big_endian = c->sctlr[1] & SCTLR_EE;
    if (!start_level(t, tsz, high ? c->ttbr1[1] : c->ttbr0[1]))
        return false;
    uint64_t sign = high ? ~0ull : 0, extended = ignore_top ? (uint64_t)((int64_t)(va << 8) >> 8) : va;
    t->addr = va & ((1ull << t->input_bits) - 1);
    return extended >> t->input_bits == sign >> t->input_bits;
}

static bool setup_el2(const ArmCpu *c, TableWalk *t, uint64_t va)
{
    uint64_t tcr = c->tcr[2];
    t->page_shift = tg0_shift[tcr >> 14 & 3];
    t->output_bits = output_bits(c, tcr >> 16 & 7);
    t->set_access = arm_has(c, ARM_hafdbs) && tcr >> 21 & 1;
    t->set_dirty = t->set_access && tcr >> 22 & 1;
    t->big_endian = c->sctlr[2] & SCTLR_EE;
    if (!start_level(t, tcr & 63, c->ttbr0[2]))
        return false;
    t->addr = va & ((1ull << t->input_bits) - 1);
    return (tcr >> 20 & 1 ? va << 8 >> 8 : va) >> t->input_bits == 0;
}

/* ---- permissions: D8.4 ---- */
static unsigned permissions_el1(const ArmCpu *c, const TableWalk *t, const ArmWalk *a)
{
    uint64_t d = t->descriptor;
    bool el0 = d & DESC_AP_EL0 && !(t->table_bits & DESC_NO_EL0);
    bool write = !(d & DESC_AP_RO) && !(t->table_bits & DESC_NO_WRITE);
    bool uxn = d & DESC_UXN || t->table_bits & DESC_UXN_TABLE;
    bool pxn = d & DESC_PXN || t->table_bits & DESC_PXN_TABLE;
    bool data = a->privileged ? !(a->pan && el0) : el0;
    bool fetch = a->privileged ? !pxn && !(el0 && write) : !uxn;
    if (c->sctlr[1] & SCTLR_WXN && write && (a->privileged || el0))
        fetch = false;
    return (data ? PROT_LOAD : 0) | (data && write ? PROT_STORE : 0) | (fetch ? PROT_FETCH : 0);
}

static unsigned permissions_el2(const ArmCpu *c, const TableWalk *t)
{
    bool write = !(t->descriptor & DESC_AP_RO) && !(t->table_bits & DESC_NO_WRITE);
    bool fetch = !(t->descriptor & DESC_UXN) && !(t->table_bits & DESC_UXN_TABLE);
    if (c->sctlr[2] & SCTLR_WXN && write)
        fetch = false;
    return PROT_LOAD | (write ? PROT_STORE : 0) | (fetch ? PROT_FETCH : 0);
}

/* Hardware update of the access flag and dirty state, D8.4.5: what the descriptor becomes for this access. */
static uint64_t updated(const TableWalk *t, const ArmWalk *a)
{
    uint64_t d = t->descriptor;
    if (t->set_access)
        d |= DESC_AF;
    if (t->set_dirty && a->access == STORE && d & DESC_DBM)
        d &= ~(uint64_t)DESC_AP_RO;
    return d;
}

typedef enum Step { STEP_DONE, STEP_AGAIN } Step;

static void set_fault(ArmWalk *a, uint32_t code)
{
    a->w->fault = ARM_FAULT | code;
}

/* The descriptor was found: access flag, permissions, and their hardware update. */
static Step finish(ArmCpu *c, uint32_t regime, TableWalk *t, ArmWalk *a)
{
    uint64_t now = updated(t, a), found = t->descriptor;
    if (a->inspect) {
        a->w->prot = (uint8_t)(regime == R_EL2 ? permissions_el2(c, t) : permissions_el1(c, t, a));
        return STEP_DONE;
    }
    if (!(now & DESC_AF)) {
        set_fault(a, FSC_ACCESS_FLAG + (unsigned)t->level);
        return STEP_DONE;
    }
    t->descriptor = now;
    unsigned prot = regime == R_EL2 ? permissions_el2(c, t) : permissions_el1(c, t, a);
    if (!(prot >> a->access & 1)) {
        set_fault(a, FSC_PERMISSION + (unsigned)t->level);
        return STEP_DONE;
    }
    if (a->probe) /* an AT sets the access flag, but is no write */
        now |= found & DESC_AP_RO;
    if (now != found && !table_update(t, now))
        return STEP_AGAIN;
    a->w->prot = (uint8_t)prot;
    a->w->dirty_pending = t->set_dirty && now & DESC_DBM && now & DESC_AP_RO;
    return STEP_DONE;
}

static Step stage1_tables(ArmCpu *c, uint32_t regime, ArmWalk *a)
{
    TableWalk t = { .stage2_on = regime != R_EL2, .stage = 1, .show = a->show };
    bool inside = regime == R_EL2 ? setup_el2(c, &t, a->addr) : setup_el1(c, &t, a);
    uint32_t fault = inside ? table_walk(c, &t, a) : ARM_FAULT | FSC_TRANSLATION;
    a->w->page_bits = inside ? (uint8_t)(t.page_shift + (3 - t.level) * (t.page_shift - 3)) : 0;
    if (fault) {
        a->w->fault = a->w->fault ? a->w->fault : fault; /* stage 2 may have refused to read a table */
        return STEP_DONE;
    }
    if (finish(c, regime, &t, a) == STEP_AGAIN)
        return STEP_AGAIN;
    uint64_t mair = c->mair[regime == R_EL2 ? 2 : 1];
    a->attributes = mair >> (t.descriptor >> 2 & 7) * 8 & 0xff;
    a->shareability = t.descriptor >> 8 & 3;
    a->w->phys = t.phys;
    a->w->global = regime == R_EL2 || !(t.descriptor & DESC_NG);
    return STEP_DONE;
}

/* Stage 1 off: D8.2.10. Data is Device-nGnRnE, or with HCR_EL2.DC Normal. */
static void stage1_off(ArmCpu *c, uint32_t regime, ArmWalk *a)
{
    uint64_t tcr = c->tcr[regime == R_EL2 ? 2 : 1], va = a->addr;
    bool cached = regime != R_EL2 && arm_hcr(c) & HCR_DC;
    if (tcr >> (regime == R_EL2 ? 20 : va >> 55 & 1 ? 38 : 37) & 1)
        va = va << 8 >> 8;
    if (va >> output_bits(c, 7)) {
        set_fault(a, FSC_ADDRESS_SIZE);
        return;
    }
    a->attributes = cached || a->access == FETCH ? 0xff : 0;
    a->shareability = cached ? 0 : 2;
    a->w->phys = va;
    a->w->page_bits = a->inspect ? (uint8_t)output_bits(c, 7) : 12;
    a->w->prot = PROT_LOAD | PROT_STORE | PROT_FETCH;
    a->w->global = true;
    a->w->device = !cached;
}

void arm_stage1(ArmCpu *c, uint32_t regime, ArmWalk *a)
{
    bool on = c->sctlr[regime == R_EL2 ? 2 : 1] & SCTLR_M;
    if (regime != R_EL2 && arm_hcr(c) & (HCR_TGE | HCR_DC))
        on = false;
    if (!on) {
        if (a->show)
            out(a->show, "stage 1 is off\n");
        stage1_off(c, regime, a);
        return;
    }
    while (stage1_tables(c, regime, a) == STEP_AGAIN)
        a->w->fault = 0;
    a->w->device = !(a->attributes & 0xf0);
}

void arm_walk(Cpu *cpu, uint64_t addr, Access access, uint32_t regime, Walk *w)
{
    ArmCpu *c = arm_of(cpu);
    *w = (Walk){ 0 };
    if (access == FETCH && addr & 3) {
        w->fault = ARM_FAULT_PC;
        return;
    }
    ArmWalk a = { .addr = addr,
                  .access = access == INSPECT ? LOAD : access,
                  .privileged = regime != R_EL0,
                  .pan = regime == R_EL1_PAN,
                  .inspect = access == INSPECT,
                  .w = w };
    arm_stage1(c, regime, &a);
    if (!w->fault && regime != R_EL2)
        arm_stage2(c, &a);
    if (log_on(LOG_MMU))
        log_line("cpu %d: walk %llx %s regime %u: phys %llx prot %x page 2^%u fault %x", cpu_number(cpu),
                 (unsigned long long)addr,
                 access == FETCH  ? "fetch"
                 : access == LOAD ? "load"
                                  : "store",
                 regime, (unsigned long long)w->phys, w->prot, w->page_bits, w->fault);
}
