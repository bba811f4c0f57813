/* One x86 instruction into the IR: what surrounds every handler. */
#include "frontend/x86/guest.h"
#include "frontend/x86/vector.h"

#include <string.h>

/* ---- exceptions ---- */

static IrRef raise(Trans *t, X86Vector vector, uint32_t error)
{
    return trans_call(t, I64, H_raise, x86_const(t, vector), x86_const(t, error), IR_NONE);
}

void x86_raise_at(Trans *t, X86Vector vector, uint32_t error)
{
    trans_set_pc(t, t->pc);
    raise(t, vector, error);
    x86_goto_state(t);
}

void x86_raise_if(Trans *t, IrRef cond, X86Vector vector, uint32_t error)
{
    IrRef what = x86_const(t, vector | (uint64_t)error << 8);
    ir_leave_if(t->ir, T_VOID, cond, x86_const(t, t->pc), what, H_raise_at);
}

/* ---- leaving ---- */

void x86_goto_state(Trans *t)
{
    trans_goto_state(t);
}

void x86_set_next(Trans *t, const X86Insn *i)
{
    trans_set_pc(t, i->next);
}

/* The pc slot holds where it goes on; a trap or the end of the interrupt shadow comes before that. */
static void after(Trans *t)
{
    trans_call(t, I64, H_after, x86_const(t, t->pc), IR_NONE, IR_NONE);
    x86_goto_state(t);
}

static bool stops_after(const Trans *t)
{
    return t->mode & M_ALONE;
}

/* Whether the target is within the code segment, else #GP(0). false: it certainly is not. */
static bool target_is_good(Trans *t, IrRef ip, bool known, uint64_t value)
{
    if (t->mode & M_IP16 && known) {
        if (value > 0xffff)
            x86_raise_at(t, X86_GP, 0);
        return value <= 0xffff;
    }
    if (t->mode & (M_IP16 | M_IP_LIMIT))
        trans_call(t, I64, H_check_ip, ip, IR_NONE, IR_NONE);
    return true;
}

bool x86_check_target(Trans *t, uint64_t linear)
{
    if (!(t->mode & (M_IP16 | M_IP_LIMIT)))
        return true;
    uint64_t ip = x86_eip(t, linear);
    return target_is_good(t, x86_const(t, ip), true, ip);
}

void x86_check_ip(Trans *t, const X86Insn *i, IrRef ip)
{
    if (!x86_code64(t) && !(t->mode & M_IP16 && i->opsize == 2))
        target_is_good(t, x86_widen(t, i->opsize, ip), false, 0);
}

void x86_goto(Trans *t, const X86Insn *i, uint64_t linear)
{
    (void)i;
    if (!x86_check_target(t, linear))
        return;
    if (!stops_after(t)) {
        trans_goto(t, linear);
        return;
    }
    trans_set_pc(t, linear);
    after(t);
}

void x86_goto_if(Trans *t, const X86Insn *i, IrRef cond, uint64_t linear)
{
    uint64_t ip = x86_eip(t, linear);
    bool far_out = t->mode & M_IP16 && ip > 0xffff;
    if (!stops_after(t) && !(t->mode & M_IP_LIMIT) && !far_out) {
        trans_goto_if(t, cond, linear);
        return;
    }
    if (far_out || t->mode & M_IP_LIMIT)
        trans_call(t, I64, H_check_ip, ir_pick(t->ir, I64, cond, x86_const(t, ip), x86_const(t, 0), 0), IR_NONE,
                   IR_NONE);
    IrRef to = ir_pick(t->ir, I64, cond, x86_const(t, linear), x86_const(t, i->next), 0);
    if (!stops_after(t)) {
        trans_goto_reg(t, to);
        return;
    }
    ir_put(t->ir, I64, to, IR_SLOT(S_RIP, 0));
    after(t);
}

void x86_goto_ip(Trans *t, const X86Insn *i, IrRef ip)
{
    Ir *ir = t->ir;
    x86_check_ip(t, i, ip);
    ip = x86_widen(t, i->opsize, ip);
    IrRef linear = ip;
    if (x86_cs_base(t))
        linear = ir_zext(ir, I64, ir_add(ir, I64, ip, x86_const(t, x86_cs_base(t)), 0), 32);
    if (!stops_after(t)) {
        trans_goto_reg(t, linear);
        return;
    }
    ir_put(ir, I64, linear, IR_SLOT(S_RIP, 0));
    after(t);
}

/* ---- what must hold before an instruction ---- */

/* SDM volume 3, 13.1 and table 2-2: which unit the instruction needs, and what CR0 and CR4 say to that. */
static bool unit_is_there(Trans *t, const X86Insn *i)
{
    bool em = t->mode & M_EM, ts = t->mode & M_TS;
    bool missing = (i->attr & X86_MMX && em) || (i->attr & X86_SSE && (em || !(t->mode & M_SSE))) ||
                   (i->attr & X86_AVX && !(t->mode & M_AVX));
    bool off = ts || (i->attr & X86_FPU && em);
    if (!(i->attr & (X86_FPU | X86_MMX | X86_SSE | X86_AVX)) || (!missing && !off))
        return true;
    x86_raise_at(t, missing ? X86_UD : X86_NM, 0);
    return false;
}

static bool is_allowed(Trans *t, const X86Insn *i)
{
    if (!(i->attr & (X86_PROT | X86_CPL0 | X86_FPU | X86_MMX | X86_SSE | X86_AVX)))
        return true;
    if (i->attr & X86_PROT && (!(t->mode & M_PROT) || t->mode & M_VM)) {
        x86_raise_at(t, X86_UD, 0);
        return false;
    }
    if (i->attr & X86_CPL0 && x86_cpl(t)) {
        x86_raise_at(t, X86_GP, 0);
        return false;
    }
    return unit_is_there(t, i);
}

/* The instruction lies within its code segment. */
static bool is_within(Trans *t, unsigned length)
{
    if (!(t->mode & (M_IP16 | M_IP_LIMIT)))
        return true;
    uint64_t last = x86_eip(t, t->pc) + length - 1;
    if (t->mode & M_IP16 && last > 0xffff) {
        x86_raise_at(t, X86_GP, 0);
        return false;
    }
    if (t->mode & M_IP_LIMIT)
        trans_call(t, I64, H_check_ip, x86_const(t, last), IR_NONE, IR_NONE);
    return true;
}

/* ---- the instruction ---- */

/* LOCK: the old value is read and the new one written by compare and swap; if somebody came between, the instruction
 * starts again. */
static void put_locked(Trans *t, X86Insn *i, IrRef v)
{
    unsigned bytes = i->op[0].bytes;
    IrType type = x86_type(bytes);
    IrMem m = x86_mem(t, bytes);
    m.order = ORDER_BOTH;
    IrRef address = x86_address(t, i, bytes, true, &m.disp);
    IrRef seen = ir_cas(t->ir, type, address, i->in[0], v, ir_mem(m));
    trans_goto_if(t, ir_ne(t->ir, type, seen, i->in[0], 0), t->pc);
}

static void write_operand(Trans *t, X86Insn *i, unsigned k)
{
    if (i->lock && i->op[k].kind == OPERAND_MEM)
        put_locked(t, i, i->out[k]);
    else
        x86_put_operand(t, i, k, i->out[k]);
}

/* Memory first: what can fault comes before what is committed. */
static void write_back(Trans *t, X86Insn *i)
{
    for (unsigned k = 0; k < i->operands && i->memory; k++)
        if (i->op[k].access & X86_WRITE && i->out[k] && i->op[k].kind == OPERAND_MEM)
            write_operand(t, i, k);
    for (unsigned k = 0; k < i->operands; k++)
        if (i->op[k].access & X86_WRITE && i->out[k] && i->op[k].kind != OPERAND_MEM)
            write_operand(t, i, k);
    if (i->flags)
        x86_put_flags(t, i->flags);
}

static void load_operands(Trans *t, X86Insn *i)
{
    for (unsigned k = 0; k < i->operands; k++)
        if (i->op[k].access & X86_READ) {
            i->in[k] = x86_get_operand(t, i, k);
            bool wide = i->op[k].vector && i->op[k].bytes == 32;
            i->in_high[k] = wide ? x86_get_vector(t, i, k, true) : i->in[k];
        }
}

/* The handler again, with the upper halves of 256-bit operands. */
static bool do_upper_half(Trans *t, X86Insn *i)
{
    IrRef low[4];
    memcpy(low, i->out, sizeof low);
    memcpy(i->in, i->in_high, sizeof i->in);
    i->high = true;
    bool done = x86_handlers[i->number](t, i);
    memcpy(i->out_high, i->out, sizeof low);
    memcpy(i->out, low, sizeof low);
    return done;
}

static bool is_wide(const X86Insn *i)
{
    if (!(i->attr & X86_HALVES))
        return false;
    for (unsigned k = 0; k < i->operands; k++)
        if (i->op[k].bytes == 32)
            return true;
    return false;
}

/* SDM volume 1, 11.5.2: an exception that is not masked comes before the result. The handler runs with all of them
 * masked and no flag set; what it has raised is looked at before anything is written. */
static void before_unmasked(Trans *t, const X86Insn *i)
{
    if (i->attr & (X86_SSE | X86_AVX) && t->mode & M_FP_TRAPS)
        trans_call(t, I64, H_fp_begin, IR_NONE, IR_NONE, IR_NONE);
}

/* A page fault of the store comes before them: SDM volume 3, table 6-2. */
static void after_unmasked(Trans *t, X86Insn *i)
{
    if (!(i->attr & (X86_SSE | X86_AVX)) || !(t->mode & M_FP_TRAPS))
        return;
    IrRef at = IR_NONE, bytes = x86_const(t, 0);
    if (i->op[0].kind == OPERAND_MEM && i->op[0].access & X86_WRITE) {
        int32_t disp = 0;
        at = x86_address(t, i, i->op[0].bytes, true, &disp);
        at = ir_add(t->ir, I64, at, x86_const(t, (uint64_t)(int64_t)disp), 0);
        bytes = x86_const(t, i->op[0].bytes);
    }
    trans_call(t, I64, H_fp_check, at, bytes, IR_NONE);
}

/* Those of SSE too that have one of its registers. */
static bool uses_mmx(const X86Insn *i)
{
    bool any = i->attr & X86_MMX;
    if (!x86_forms[i->number].mmx)
        return any;
    for (unsigned k = 0; k < i->operands; k++)
        any |= i->op[k].kind == OPERAND_MMX;
    return any;
}

static bool handle(Trans *t, X86Insn *i)
{
    bool mmx = uses_mmx(i);
    if (mmx)
        x86_mmx_wait(t);
    if (mmx && i->attr & X86_RAW)
        x86_mmx_begin(t);
    if (i->attr & X86_RAW)
        return x86_handlers[i->number](t, i);
    load_operands(t, i);
    if (mmx)
        x86_mmx_begin(t);
    before_unmasked(t, i);
    if (!x86_handlers[i->number](t, i) || (is_wide(i) && !do_upper_half(t, i)))
        return false;
    if (t->done)
        return true;
    after_unmasked(t, i);
    write_back(t, i);
    return true;
}

static void decoded(Trans *t, X86Insn *i)
{
    if (!is_allowed(t, i))
        return;
    if (!handle(t, i)) {
        x86_raise_at(t, X86_UD, 0);
        return;
    }
    if (!t->done && stops_after(t)) {
        x86_set_next(t, i);
        after(t);
    }
}

void x86_translate(Trans *t)
{
    X86Insn i;
    const X86Cpu *c = (const X86Cpu *)t->cpu;
    X86Decoded how = x86_decode(t->code, t->have, t->pc, t->mode, c->features, &i);
    t->length = i.length;
    if (how == X86_MORE) {
        t->more = true;
        return;
    }
    if (t->mode & M_DEBUG)
        trans_call(t, I64, H_check_break, x86_const(t, t->pc), IR_NONE, IR_NONE);
    if (!is_within(t, i.length ? i.length : 1))
        return;
    if (how == X86_DECODED)
        decoded(t, &i);
    else
        x86_raise_at(t, how == X86_UNDEFINED ? X86_UD : X86_GP, 0);
}
