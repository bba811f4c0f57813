/* Following translation tables through physical memory, and stage 2. ARM DDI 0487, sections D8.3 and D8.2.11. */
#include "frontend/arm/mmu.h"

#include "core/machine.h"

#include <string.h>

/* Where the 8 bytes of a descriptor are in host memory. False: no memory there. The tables of one walk are mostly in
 * one stretch of memory, which t->memory remembers. */
static bool find_descriptor(ArmCpu *c, TableWalk *t, uint64_t at)
{
    Flat *f = &t->memory;
    if (at - f->at >= f->size && (!space_flat(c->cpu.dev.machine->memory, at, f) || !f->region->ram)) {
        f->size = 0;
        return false;
    }
    if (at - f->at > f->size - 8)
        return false;
    t->host = (uint64_t *)(void *)(f->region->ram + f->offset + (at - f->at));
    return true;
}

static uint64_t in_order(const TableWalk *t, uint64_t descriptor)
{
    return t->big_endian ? __builtin_bswap64(descriptor) : descriptor;
}

bool table_update(TableWalk *t, uint64_t descriptor)
{
    const Region *region = t->memory.region;
    if (region->readonly)
        return true;
    uint64_t old = t->entry;
    bool ok =
        __atomic_compare_exchange_n(t->host, &old, in_order(t, descriptor), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    space_dirty(region, (uint64_t)((uint8_t *)t->host - region->ram), 8);
    return ok;
}

static uint32_t read_descriptor(ArmCpu *c, TableWalk *t, ArmWalk *a, uint64_t at)
{
    if (t->stage2_on && !arm_stage2_table(c, &at, a))
        return ARM_FAULT;
    if (!find_descriptor(c, t, at))
        return ARM_FAULT | (FSC_EXTERNAL_WALK + (uint32_t)t->level);
    t->entry = __atomic_load_n(t->host, __ATOMIC_ACQUIRE);
    t->descriptor = in_order(t, t->entry);
    return 0;
}

/* Blocks are allowed from this level on: D8.3.1. */
static int first_block_level(int page_shift)
{
    return page_shift == 12 ? 1 : 2;
}

uint32_t table_walk(ArmCpu *c, TableWalk *t, ArmWalk *a)
{
    uint64_t at_mask = (1ull << 48) - (1ull << t->page_shift);
    int stride = t->page_shift - 3, index_top = t->input_bits;
    if (t->base >> t->output_bits)
        return ARM_FAULT | FSC_ADDRESS_SIZE; /* of the TTBR: level 0 */
    for (;;) {
        int shift = t->page_shift + (3 - t->level) * stride;
        uint64_t index = (t->addr & ((1ull << index_top) - 1)) >> shift;
        uint32_t fault = read_descriptor(c, t, a, t->base | index * 8);
        if (fault)
            return fault;
        if (t->show)
            out(t->show, "stage %d level %d: %016llx at 0x%llx\n", t->stage, t->level,
                (unsigned long long)t->descriptor, (unsigned long long)(t->base | index * 8));
        bool table = t->descriptor & 2;
        if (!(t->descriptor & 1) || (t->level == 3 ? !table : !table && t->level < first_block_level(t->page_shift)))
            return ARM_FAULT | (FSC_TRANSLATION + (uint32_t)t->level);
        uint64_t out = t->descriptor & at_mask;
        if (t->level == 3 || !table) {
            out &= ~((1ull << shift) - 1);
            t->phys = out | (t->addr & ((1ull << shift) - 1));
        }
        if (out >> t->output_bits)
            return ARM_FAULT | (FSC_ADDRESS_SIZE + (uint32_t)t->level);
        if (t->level == 3 || !table)
            return 0;
        t->table_bits |= t->descriptor;
        t->base = out;
        t->level++;
        index_top = shift;
    }
}

/* ---- stage 2 ---- */
enum { S2_READ = 1 << 6, S2_WRITE = 1 << 7, S2_AF = 1 << 10 };
#define S2_XN  (1ull << 54)
#define S2_DBM (1ull << 51)

static const uint8_t vtcr_shift[] = { 12, 16, 14, 12 };

/* VTCR_EL2.SL0 and T0SZ: the first level, whose table may be up to 16 concatenated ones. */
static bool setup(const ArmCpu *c, TableWalk *t, uint64_t ipa)
{
    static const uint8_t pa_bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };
    uint64_t vtcr = c->vtcr;
    unsigned sl0 = vtcr >> 6 & 3, t0sz = vtcr & 63, has = pa_bits[c->sys.ID_AA64MMFR0_EL1 & 7];
    t->page_shift = vtcr_shift[vtcr >> 14 & 3];
    t->level = (t->page_shift == 12 ? 2 : 3) - (int)sl0;
    t->output_bits = pa_bits[vtcr >> 16 & 7] < has ? pa_bits[vtcr >> 16 & 7] : (int)has;
    t->big_endian = c->sctlr[2] & SCTLR_EE;
    t->set_access = arm_has(c, ARM_hafdbs) && vtcr >> 21 & 1;
    t->set_dirty = t->set_access && vtcr >> 22 & 1;
    t->addr = ipa;
    t->input_bits = 64 - (int)t0sz;
    int stride = t->page_shift - 3, index_bits = t->input_bits - (t->page_shift + (3 - t->level) * stride);
    if (sl0 == 3 || t0sz < 16 || t->level < 0 || index_bits < 1 || index_bits > stride + 4)
        return false;
    t->base = c->vttbr & ((1ull << 48) - 1) & ~((8ull << index_bits) - 1);
    return ipa >> t->input_bits == 0;
}

static unsigned permissions(uint64_t d)
{
    return (d & S2_READ ? PROT_LOAD : 0) | (d & S2_WRITE ? PROT_STORE : 0) |
           (d & S2_READ && !(d & S2_XN) ? PROT_FETCH : 0);
}

static uint64_t updated(const TableWalk *t, Access access)
{
    uint64_t d = t->descriptor | (t->set_access ? S2_AF : 0);
    return t->set_dirty && access == STORE && d & S2_DBM ? d | S2_WRITE : d;
}

/* Walks stage 2 for one access. 0, the fault code, or ~0 to walk again. */
static uint32_t walk_once(ArmCpu *c, TableWalk *t, uint64_t ipa, Access access, const ArmWalk *a)
{
    *t = (TableWalk){ .stage = 2, .show = a->show };
    uint32_t fault = setup(c, t, ipa) ? table_walk(c, t, NULL) : FSC_TRANSLATION | ARM_FAULT;
    if (fault || a->inspect)
        return fault;
    uint64_t now = updated(t, access), found = t->descriptor;
    t->descriptor = now;
    if (!(now & S2_AF))
        return ARM_FAULT | (FSC_ACCESS_FLAG + (uint32_t)t->level);
    if (!(permissions(now) >> access & 1))
        return ARM_FAULT | (FSC_PERMISSION + (uint32_t)t->level);
    if (a->probe)
        now &= found | ~(uint64_t)S2_WRITE;
    return now != found && !table_update(t, now) ? ~0u : 0;
}

static uint32_t stage2(ArmCpu *c, TableWalk *t, uint64_t ipa, Access access, const ArmWalk *a)
{
    uint32_t fault;
    while ((fault = walk_once(c, t, ipa, access, a)) == ~0u)
        ;
    if (fault) {
        a->w->fault = fault | ARM_FAULT_STAGE2;
        a->w->fault_info = ipa;
    }
    return fault;
}

static bool is_on(const ArmCpu *c)
{
    return arm_hcr(c) & (HCR_VM | HCR_DC);
}

bool arm_stage2_table(ArmCpu *c, uint64_t *at, ArmWalk *a)
{
    TableWalk t;
    if (!is_on(c))
        return true;
    uint32_t fault = stage2(c, &t, *at, LOAD, a);
    /* A table in device memory: HCR_EL2.PTW */
    if (!fault && arm_hcr(c) & HCR_PTW && !(t.descriptor >> 4 & 3)) {
        fault = ARM_FAULT | (FSC_PERMISSION + (uint32_t)t.level);
        a->w->fault = fault | ARM_FAULT_STAGE2;
        a->w->fault_info = *at;
    }
    if (fault)
        a->w->fault |= ARM_FAULT_S1PTW;
    *at = t.phys;
    return !fault;
}

void arm_stage2(ArmCpu *c, ArmWalk *a)
{
    TableWalk t;
    Walk *w = a->w;
    if (!is_on(c) || stage2(c, &t, w->phys, a->access, a))
        return;
    unsigned bits = (unsigned)(t.page_shift + (3 - t.level) * (t.page_shift - 3));
    w->phys = t.phys;
    w->page_bits = bits < w->page_bits ? (uint8_t)bits : w->page_bits;
    w->dirty_pending |= t.set_dirty && t.descriptor & S2_DBM && !(t.descriptor & S2_WRITE);
    w->prot &= (uint8_t)permissions(t.descriptor);
    w->device |= !(t.descriptor >> 4 & 3);
}
