/* From guest instructions to the IR of a unit: straight on from one pc while branches stay conditional, inside one
 * page. */
#include "cpu/translate.h"

#include "base/log.h"
#include "cpu/engine.h"

#include <string.h>

void trans_set_pc(Trans *t, uint64_t pc)
{
    ir_put(t->ir, I64, ir_imm(t->ir, I64, pc), IR_SLOT(t->cpu->run->guest->pc_slot, 0));
}

void trans_goto(Trans *t, uint64_t pc)
{
    ir_goto_(t->ir, T_VOID, pc);
    t->done = true;
}

void trans_goto_if(Trans *t, IrRef cond, uint64_t pc)
{
    ir_goto_if(t->ir, T_VOID, cond, pc);
    if (pc > t->pc && pc < t->page_end && t->targets < sizeof t->target / sizeof *t->target)
        t->target[t->targets++] = pc;
}

void trans_goto_reg(Trans *t, IrRef pc)
{
    ir_goto_reg(t->ir, T_VOID, pc, 0);
    t->done = true;
}

void trans_goto_state(Trans *t)
{
    ir_goto_pc(t->ir, T_VOID, 0);
    t->done = true;
}

void trans_leave(Trans *t, CpuExit why)
{
    ir_leave(t->ir, T_VOID, why);
    t->done = true;
}

IrRef trans_call(Trans *t, IrType result, int helper, IrRef a, IrRef b, IrRef c)
{
    if (t->cpu->run->guest->helpers[helper].effects & H_LEAVES)
        trans_set_pc(t, t->pc);
    return ir_call(t->ir, result, a, b, c, (uint64_t)helper);
}

/* Forgets the targets that decoding has passed. */
static bool arrived(Trans *t)
{
    bool here = false;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < t->targets; k++) {
        here |= t->target[k] == t->pc;
        if (t->target[k] > t->pc)
            t->target[kept++] = t->target[k];
    }
    t->targets = kept;
    return here;
}

/* Compilers align what is only jumped to: behind a return a target may be a few bytes on. */
static bool over_padding(Trans *t)
{
    uint64_t next = t->target[0];
    for (uint32_t k = 1; k < t->targets; k++)
        next = t->target[k] < next ? t->target[k] : next;
    if (next - t->pc >= UNIT_PADDING)
        return false;
    t->pc = next;
    return arrived(t);
}

/* The breakpoint belongs to the unit, so that its removal finds it; the instruction is not even decoded. */
static void stop_here(Trans *t)
{
    trans_set_pc(t, t->pc);
    trans_leave(t, EXIT_DEBUG);
    t->length = (uint8_t)(1u << t->cpu->run->guest->pc_shift);
}

/* Field by field: `target` and `code` are large, and need no beginning. */
static inline void begin(Trans *t, Cpu *cpu, Ir *ir, uint64_t pc, uint64_t mode)
{
    const Guest *g = cpu->run->guest;
    ir_begin(ir, guest_slots(g, NULL), g->helpers);
    t->ir = ir;
    t->cpu = cpu;
    t->pc = pc;
    t->mode = mode;
    t->page_end = (pc & ~0xfffull) + 0x1000;
    t->have = t->length = 0;
    t->last = t->done = t->more = false;
    t->stops = debug_may_stop(cpu->run->engine) && !(mode & MODE_STEP);
    t->watched = t->stops || mode & MODE_COUNT;
    t->charge = IR_NONE;
    t->looked = t->targets = 0;
}

/* Counting: instructions are charged for in groups that end with the first op at which somebody may look at the count,
 * or which may leave. */
static __attribute__((noinline)) void charge(Trans *t)
{
    Ir *ir = t->ir;
    for (; t->looked < ir->count; t->looked++) {
        uint8_t op = ir->insn[t->looked].op;
        if (op == IR_label || ir_effects((IrOp)op) & (FAULTS | LEAVES | CALLS))
            t->charge = IR_NONE;
    }
    if (!t->charge) {
        t->charge = ir_charge(ir, T_VOID, 0);
        t->looked = ir->count;
    }
    ir->insn[t->charge].imm++;
}

/* What was built from `mark` on. */
static __attribute__((noinline)) void take_back(Trans *t, uint32_t mark, bool label)
{
    Ir *ir = t->ir;
    ir->labels -= label && !ir->full;
    ir->insn[t->charge].imm -= t->charge && t->charge < mark;
    while (mark < ir->count)
        ir->insn[mark++] = (IrInsn){ .op = IR_nop, .type = T_VOID };
}

/* The instruction's bytes, of which `have` can be fetched. */
static inline void fetch(Trans *t, const uint8_t *code, uint64_t have)
{
    t->have = sizeof t->code;
    if (have >= sizeof t->code)
        memcpy(t->code, code, sizeof t->code);
    else
        memcpy(t->code, code, t->have = (uint8_t)have);
}

/* Somebody counts instructions or stops at some. */
static __attribute__((noinline)) void translate_watched(Trans *t, void (*translate)(Trans *), const uint8_t *code)
{
    if (t->mode & MODE_COUNT)
        charge(t);
    if (t->stops && debug_stops(t->cpu->run->engine, t->pc, code))
        stop_here(t);
    else
        translate(t);
}

/* One instruction, of which `have` bytes are at code, with a label if somebody branches to it; false: it is longer than
 * that, and nothing was built. */
static inline bool translate_insn(Trans *t, void (*translate)(Trans *), bool label, const uint8_t *code, uint64_t have)
{
    uint32_t mark = t->ir->count;
    bool done = t->done;
    t->done = false;
    if (label)
        ir_label(t->ir, T_VOID, t->pc);
    ir_insn(t->ir, T_VOID, t->pc);
    fetch(t, code, have);
    if (__builtin_expect(t->watched, false))
        translate_watched(t, translate, code);
    else
        translate(t);
    if (__builtin_expect(t->more, false)) {
        take_back(t, mark, label);
        t->done = done;
    }
    return !t->more;
}

uint32_t translate_one(Cpu *cpu, Ir *ir, uint64_t pc, uint64_t mode, const uint8_t *code, uint32_t have)
{
    Trans t;
    begin(&t, cpu, ir, pc, mode);
    t.last = true;
    bool whole = translate_insn(&t, cpu->run->guest->translate, true, code, have);
    if (!t.done)
        ir_goto_(ir, T_VOID, t.pc + t.length);
    return whole ? t.length : 0;
}

bool translate_piece(Cpu *cpu, Ir *ir, uint64_t pc, uint64_t mode, const uint8_t *code)
{
    const Guest *g = cpu->run->guest;
    Trans t;
    begin(&t, cpu, ir, pc, mode);
    if (code) {
        translate_insn(&t, g->translate, false, code, g->insn_max);
    } else {
        ir_insn(ir, T_VOID, pc);
        trans_goto(&t, pc + (1u << g->pc_shift));
    }
    return t.done;
}

void translate_lookup(Cpu *cpu, Ir *ir, uint64_t pc)
{
    Trans t;
    begin(&t, cpu, ir, pc, 0);
    ir_goto_reg(ir, T_VOID, ir_imm(ir, I64, pc), 0);
}

static void check(Cpu *cpu, const Ir *ir)
{
    int slots;
    guest_slots(cpu->run->guest, &slots);
    ir_check(ir, slots, "as it was built");
}

static bool stores_to_itself(const Engine *e, uint64_t pc)
{
    unsigned bit = no_hint_bit(pc);
    return e->own_store[bit / 64] >> bit % 64 & 1;
}

/* Ends before an instruction that goes on in the next page; *bytes is 0 if that is the first. */
uint32_t translate_unit(Cpu *cpu, Ir *ir, uint64_t pc, uint64_t mode, const uint8_t *page_bytes, uint32_t limit,
                        uint32_t *bytes)
{
    Trans t;
    begin(&t, cpu, ir, pc, mode);
    void (*translate)(Trans *) = cpu->run->guest->translate;
    uint32_t insns = 0;
    bool label = !(mode & MODE_STEP); /* a step's unit is left even by a branch to itself */
    const Engine *e = cpu->run->engine;
    while (insns < limit && t.pc < t.page_end && !ir_full(ir) && (!t.done || label)) {
        if (e->own_stores && stores_to_itself(e, t.pc))
            limit = insns + 1;
        t.last = insns + 1 == limit;
        if (!translate_insn(&t, translate, label, page_bytes + (t.pc & 0xfff), t.page_end - t.pc))
            break;
        insns++;
        t.pc += t.length;
        label = t.targets && (arrived(&t) || (t.done && t.targets && over_padding(&t)));
    }
    if (!t.done && t.more) /* to what may change though this page does not: it is looked up */
        ir_goto_reg(ir, T_VOID, ir_imm(ir, I64, t.pc), 0);
    else if (!t.done)
        ir_goto_(ir, T_VOID, t.pc);
    *bytes = (uint32_t)(t.pc - pc);
    if (ir_checking && !ir_full(ir))
        check(cpu, ir);
    if (log_on(LOG_OP) && log_in_filter(pc))
        listing_ir("OP:", ir);
    return insns;
}
