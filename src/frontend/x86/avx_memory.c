/* Accesses of chosen lanes: masked moves and gathers, one lane after another by helpers. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/sse.h"
#include "frontend/x86/sys.h"

#include <string.h>

/* What a helper is told beside the address. */
typedef struct LaneAccess {
    uint8_t seg, data, mask, index; /* registers */
    uint8_t lane, wide;             /* bytes of a lane; 1: 256 bits */
    uint8_t index_bytes, scale;     /* of a gather; address size in the upper half of scale */
} LaneAccess;
_Static_assert(sizeof(LaneAccess) == 8, "one argument");

static uint64_t packed(LaneAccess a)
{
    uint64_t v;
    memcpy(&v, &a, sizeof v);
    return v;
}

static LaneAccess unpacked(uint64_t v)
{
    LaneAccess a;
    memcpy(&a, &v, sizeof a);
    return a;
}

static uint8_t *lane_at(X86Cpu *c, unsigned reg, unsigned at)
{
    return (uint8_t *)(at < 16 ? &c->xmm[reg] : &c->ymm[reg]) + (at & 15);
}

static bool is_chosen(X86Cpu *c, const LaneAccess *a, unsigned at)
{
    return *lane_at(c, a->mask, at + a->lane - 1) >> 7;
}

/* ---- VMASKMOV ---- */

uint64_t x86_help_masked_load(Cpu *cpu, uint64_t offset, uint64_t how, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    LaneAccess a = unpacked(how);
    uint8_t v[32] = { 0 };
    (void)x;
    for (unsigned at = 0; at < (a.wide ? 32 : 16); at += a.lane) {
        uint64_t lane = 0;
        if (is_chosen(c, &a, at) && !x86_read(c, (X86Seg)a.seg, offset + at, a.lane, &lane))
            return 1;
        memcpy(v + at, &lane, a.lane);
    }
    memcpy(&c->xmm[a.data], v, 16);
    memcpy(&c->ymm[a.data], v + 16, 16);
    return 0;
}

/* Nothing is written before everything can be. */
static bool may_write(X86Cpu *c, const LaneAccess *a, uint64_t offset, unsigned bytes)
{
    uint64_t linear;
    for (unsigned at = 0; at < bytes; at += a->lane)
        if (is_chosen(c, a, at) && (!x86_linear_of(c, (X86Seg)a->seg, offset + at, a->lane, true, &linear) ||
                                    !mem_probe(&c->cpu, linear, a->lane, STORE, false)))
            return false;
    return true;
}

uint64_t x86_help_masked_store(Cpu *cpu, uint64_t offset, uint64_t how, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    LaneAccess a = unpacked(how);
    unsigned bytes = a.wide ? 32 : 16;
    (void)x;
    if (!may_write(c, &a, offset, bytes))
        return 1;
    for (unsigned at = 0; at < bytes; at += a.lane) {
        uint64_t lane = 0;
        memcpy(&lane, lane_at(c, a.data, at), a.lane);
        if (is_chosen(c, &a, at) && !x86_write(c, (X86Seg)a.seg, offset + at, a.lane, lane))
            return 1;
    }
    return 0;
}

static bool masked(Trans *t, X86Insn *i, unsigned lane)
{
    bool write = i->op[0].kind == OPERAND_MEM;
    LaneAccess a = {
        .seg = i->seg, .data = i->op[write ? 2 : 0].n, .mask = i->vvvv, .lane = (uint8_t)lane, .wide = i->l256
    };
    trans_call(t, I64, write ? H_masked_store : H_masked_load, x86_offset(t, i), x86_const(t, packed(a)), IR_NONE);
    return true;
}

bool i86_maskmovps(Trans *t, X86Insn *i)
{
    return masked(t, i, 4);
}

bool i86_maskmovpd(Trans *t, X86Insn *i)
{
    return masked(t, i, 8);
}

bool i86_pmaskmovd(Trans *t, X86Insn *i)
{
    return masked(t, i, 4);
}

bool i86_pmaskmovq(Trans *t, X86Insn *i)
{
    return masked(t, i, 8);
}

/* Bytes, to DS:rDI. */
bool i86_maskmovdqu(Trans *t, X86Insn *i)
{
    LaneAccess a = {
        .seg = i->override == X86_NONE ? DS : i->override, .data = i->op[0].n, .mask = i->op[1].n, .lane = 1
    };
    IrRef offset = x86_get_wide(t, i->adsize, RDI);
    trans_call(t, I64, H_masked_store, offset, x86_const(t, packed(a)), IR_NONE);
    return true;
}

/* ---- gathers ---- the mask of a lane that is done is cleared, so that after a fault only the rest follows */

static int64_t index_of(X86Cpu *c, const LaneAccess *a, unsigned n)
{
    int64_t index = 0;
    memcpy(&index, lane_at(c, a->index, n * a->index_bytes), a->index_bytes);
    return a->index_bytes == 4 ? (int32_t)index : index;
}

/* The SDM's loop ends with both registers cut to what was gathered. */
static void clear_rest(X86Cpu *c, const LaneAccess *a, unsigned bytes)
{
    for (unsigned at = bytes; at < 32; at++)
        *lane_at(c, a->data, at) = 0;
    c->xmm[a->mask] = c->ymm[a->mask] = (V128){ 0 };
}

uint64_t x86_help_gather(Cpu *cpu, uint64_t base, uint64_t how, uint64_t x)
{
    X86Cpu *c = x86_of(cpu);
    LaneAccess a = unpacked(how);
    unsigned widest = a.lane > a.index_bytes ? a.lane : a.index_bytes, lanes = (a.wide ? 32 : 16) / widest;
    (void)x;
    for (unsigned n = 0; n < lanes; n++) {
        uint64_t offset = base + ((uint64_t)index_of(c, &a, n) << (a.scale & 3)), value;
        offset = a.scale >> 4 == 8 ? offset : (uint32_t)offset;
        if (is_chosen(c, &a, n * a.lane)) {
            if (!x86_read(c, (X86Seg)a.seg, offset, a.lane, &value))
                return 1;
            memcpy(lane_at(c, a.data, n * a.lane), &value, a.lane);
        }
        memset(lane_at(c, a.mask, n * a.lane), 0, a.lane);
    }
    clear_rest(c, &a, lanes * a.lane);
    return 0;
}

static bool gather(Trans *t, X86Insn *i, unsigned lane, unsigned index_bytes)
{
    LaneAccess a = { .seg = i->seg,
                     .data = i->reg,
                     .mask = i->vvvv,
                     .index = i->index,
                     .lane = (uint8_t)lane,
                     .wide = i->l256,
                     .index_bytes = (uint8_t)index_bytes,
                     .scale = (uint8_t)(i->scale | i->adsize << 4) };
    IrRef base = i->base == X86_NONE ? x86_const(t, 0) : x86_get_wide(t, i->adsize, i->base);
    base = ir_add(t->ir, I64, base, x86_const(t, (uint64_t)i->disp), 0);
    if (a.data == a.mask || a.data == a.index || a.mask == a.index)
        return false;
    trans_call(t, I64, H_gather, base, x86_const(t, packed(a)), IR_NONE);
    return true;
}

#define GATHER(name, lane, index)                                                                                      \
    bool i86_##name(Trans *t, X86Insn *i)                                                                              \
    {                                                                                                                  \
        return gather(t, i, lane, index);                                                                              \
    }
GATHER(pgatherdd, 4, 4)
GATHER(pgatherdq, 8, 4)
GATHER(pgatherqd, 4, 8)
GATHER(pgatherqq, 8, 8)
GATHER(gatherdps, 4, 4)
GATHER(gatherdpd, 8, 4)
GATHER(gatherqps, 4, 8)
GATHER(gatherqpd, 8, 8)
