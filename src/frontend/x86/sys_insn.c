/* Handlers of opcodes_sys.def: what they do is behind sys.h. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

/* ---- segment registers ---- */

/* To a register it is zero-extended to the operand size, to memory always 16 bits. */
bool i86_mov_from_seg(Trans *t, X86Insn *i)
{
    IrRef v = x86_get_operand(t, i, 1);
    if (i->op[0].kind == OPERAND_MEM)
        x86_store(t, i, 2, v);
    else
        x86_put_reg(t, i->opsize, i->op[0].n, i->opsize == 2 ? v : ir_zext(t->ir, x86_type(i->opsize), v, 16));
    return true;
}

/* What a quick helper says it has not done is for another. */
static void leave_rest(Trans *t, const X86Insn *i, IrRef said, X86Rest rest, uint64_t how)
{
    IrRef slow = ir_eq(t->ir, I64, said, x86_const(t, QUICK_SLOW), 0);
    ir_leave_if(t->ir, T_VOID, slow, x86_const(t, REST_ARG(rest, i->length, how)), x86_const(t, t->pc), H_rest);
}

static bool load_quick(Trans *t, const X86Insn *i, uint64_t how, IrRef selector)
{
    Ir *ir = t->ir;
    IrRef said = trans_call(t, I64, H_segment_quick, x86_const(t, how), selector, x86_const(t, i->next));
    leave_rest(t, i, said, REST_SEGMENT, how);
    if (!x86_code64(t))
        ir_leave_if(ir, T_VOID, ir_ne(ir, I64, said, x86_const(t, QUICK_DONE), 0), x86_const(t, 0), x86_const(t, 0),
                    H_nothing);
    return true;
}

static bool load_segment(Trans *t, X86Insn *i, uint64_t how, IrRef selector)
{
    bool plain = t->mode & M_PROT && !(t->mode & (M_VM | M_ALONE)) && (how & 0xff) != SS && !(how >> 24);
    if (plain)
        return load_quick(t, i, how, ir_zext(t->ir, I64, selector, 16));
    trans_call(t, I64, H_load_segment, x86_const(t, how), ir_zext(t->ir, I64, selector, 16), x86_const(t, i->next));
    return true;
}

bool i86_mov_to_seg(Trans *t, X86Insn *i)
{
    unsigned seg = i->op[1].n;
    if (seg == CS)
        return false;
    return load_segment(t, i, SEGMENT_ARG(seg, 2u, 0u, 0u), x86_get_operand(t, i, 0));
}

/* Whole, with zeros above: Intel's and AMD's processors write 16 bits of the place only, or all of it. */
bool i86_push_seg(Trans *t, X86Insn *i)
{
    IrRef v = x86_get_operand(t, i, 0);
    x86_push(t, i->opsize, i->opsize == 2 ? v : ir_zext(t->ir, x86_type(i->opsize), v, 16));
    return true;
}

/* The helper moves the stack pointer: only if the selector is good. */
bool i86_pop_seg(Trans *t, X86Insn *i)
{
    IrRef v = x86_pop(t, i->opsize, 0);
    return load_segment(t, i, SEGMENT_ARG(i->op[0].n, (unsigned)i->opsize, x86_stack_bytes(t), 0u), v);
}

/* LDS LES LSS LFS LGS: the offset to a register, the selector after it in memory. */
bool i86_load_far(Trans *t, X86Insn *i)
{
    static const uint8_t seg[] = { [0xc4] = ES, [0xc5] = DS, [0xb2] = SS, [0xb4] = FS, [0xb5] = GS };
    unsigned bytes = i->opsize;
    IrRef at = x86_offset(t, i);
    IrRef v = x86_load_at(t, i->seg, at, bytes);
    IrRef after = x86_widen(t, i->adsize, ir_add(t->ir, I64, at, x86_const(t, bytes), 0));
    IrRef selector = x86_load_at(t, i->seg, after, 2);
    ir_put(t->ir, I64, x86_widen(t, bytes, v), IR_SLOT(S_TMP0, 0));
    return load_segment(t, i, SEGMENT_ARG(seg[i->opcode], bytes, 0u, i->op[0].n + 1u), selector);
}

/* ---- far transfers ---- */

static bool far_transfer(Trans *t, X86Insn *i, unsigned what)
{
    Ir *ir = t->ir;
    uint64_t how = what | (uint64_t)i->opsize << 8;
    IrRef selector = x86_const(t, i->imm2 & 0xffff), offset = x86_const(t, i->imm);
    if (i->op[0].kind == OPERAND_MEM) {
        IrRef at = x86_offset(t, i);
        offset = x86_widen(t, i->opsize, x86_load_at(t, i->seg, at, i->opsize));
        IrRef after = x86_widen(t, i->adsize, ir_add(ir, I64, at, x86_const(t, i->opsize), 0));
        selector = ir_zext(ir, I64, x86_load_at(t, i->seg, after, 2), 16);
    }
    selector = ir_shl(ir, I64, selector, x86_const(t, 16), 0);
    trans_set_pc(t, t->pc);
    trans_call(t, I64, H_far, ir_or(ir, I64, selector, x86_const(t, how), 0), offset, x86_const(t, i->next));
    x86_goto_state(t);
    return true;
}

bool i86_jmp_far(Trans *t, X86Insn *i)
{
    return far_transfer(t, i, FAR_JUMP);
}

bool i86_call_far(Trans *t, X86Insn *i)
{
    return far_transfer(t, i, FAR_CALL);
}

bool i86_ret_far(Trans *t, X86Insn *i)
{
    uint64_t how = FAR_RETURN | (uint64_t)i->opsize << 8 | (i->operands ? i->imm & 0xffff : 0) << 16;
    trans_set_pc(t, t->pc);
    trans_call(t, I64, H_far, x86_const(t, how), x86_const(t, 0), x86_const(t, i->next));
    x86_goto_state(t);
    return true;
}

/* ---- interrupts ---- */

static bool interrupt(Trans *t, X86Insn *i, X86Soft kind, unsigned vector)
{
    trans_set_pc(t, t->pc);
    trans_call(t, I64, H_soft_interrupt, x86_const(t, vector), x86_const(t, i->next), x86_const(t, kind));
    x86_goto_state(t);
    return true;
}

bool i86_int(Trans *t, X86Insn *i)
{
    return interrupt(t, i, SOFT_INT, i->imm & 0xff);
}

bool i86_int3(Trans *t, X86Insn *i)
{
    return interrupt(t, i, SOFT_TRAP, X86_BP);
}

bool i86_int1(Trans *t, X86Insn *i)
{
    return interrupt(t, i, SOFT_INT1, X86_DB);
}

bool i86_into(Trans *t, X86Insn *i)
{
    IrRef of = x86_cond(t, 0);
    trans_call(t, I64, H_into, of, x86_const(t, i->next), IR_NONE);
    return true;
}

bool i86_iret(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef bytes = x86_const(t, i->opsize), next = x86_const(t, i->next);
    bool quick = t->mode & M_PROT && !(t->mode & (M_VM | M_ALONE)) && !x86_cpl(t) && i->opsize > 2;
    trans_set_pc(t, t->pc);
    if (quick) {
        IrRef said = trans_call(t, I64, H_iret_quick, bytes, IR_NONE, IR_NONE);
        ir_leave_if(ir, T_VOID, ir_ne(ir, I64, said, x86_const(t, QUICK_DONE), 0), bytes, next, H_iret);
    } else {
        trans_call(t, I64, H_iret, bytes, next, IR_NONE);
    }
    x86_goto_state(t);
    return true;
}

bool i86_bound(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    unsigned bytes = i->opsize;
    IrType type = x86_type(bytes);
    IrRef at = x86_offset(t, i), low = x86_load_at(t, i->seg, at, bytes);
    IrRef after = x86_widen(t, i->adsize, ir_add(ir, I64, at, x86_const(t, bytes), 0));
    IrRef high = x86_load_at(t, i->seg, after, bytes), v = x86_get_operand(t, i, 0);
    IrRef outside = ir_or(ir, I64, ir_lts(ir, type, v, low, 0), ir_lts(ir, type, high, v, 0), 0);
    x86_raise_if(t, outside, X86_BR, 0);
    return true;
}

bool i86_ud2(Trans *t, X86Insn *i)
{
    (void)t, (void)i;
    return false;
}

/* ---- flags ---- */

/* VM and RF are pushed as 0. */
bool i86_pushf(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    if (t->mode & M_VM) {
        trans_call(t, I64, H_pushf, x86_const(t, i->opsize), IR_NONE, IR_NONE);
        x86_push(t, i->opsize, ir_get(ir, x86_type(i->opsize), IR_SLOT(S_TMP0, 0)));
        return true;
    }
    IrRef packed = x86_flags_int(t);
    IrRef low = ir_and(ir, I32, ir_shr(ir, I32, packed, ir_imm(ir, I32, 8), 0), ir_imm(ir, I32, 0xd5), 0);
    IrRef of = ir_shl(ir, I32, ir_and(ir, I32, packed, ir_imm(ir, I32, 1), 0), ir_imm(ir, I32, 11), 0);
    IrRef rest = ir_and(ir, I32, ir_get(ir, I32, IR_SLOT(S_EFLAGS, 0)), ir_imm(ir, I32, ~(uint32_t)(FL_VM | FL_RF)), 0);
    IrRef all = ir_or(ir, I32, ir_or(ir, I32, low, of, 0), ir_or(ir, I32, rest, ir_imm(ir, I32, 2), 0), 0);
    x86_push(t, i->opsize, i->opsize == 8 ? ir_zext(ir, I64, all, 32) : all);
    return true;
}

bool i86_popf(Trans *t, X86Insn *i)
{
    IrRef v = x86_pop(t, i->opsize, 0);
    uint64_t how = i->opsize | (uint64_t)x86_stack_bytes(t) << 8;
    if (!(t->mode & (M_VM | M_ALONE)) && !x86_cpl(t) && i->opsize > 2) {
        IrRef said = trans_call(t, I64, H_popf_quick, v, IR_NONE, IR_NONE);
        leave_rest(t, i, said, REST_POPF, how);
        x86_drop(t, i->opsize);
        return true;
    }
    trans_call(t, I64, H_popf, v, x86_const(t, how), x86_const(t, i->next));
    return true;
}

bool i86_cli(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    if (!x86_cpl(t)) { /* whatever IOPL is */
        IrRef f = ir_get(ir, I32, IR_SLOT(S_EFLAGS, 0));
        ir_put(ir, I32, ir_and(ir, I32, f, ir_imm(ir, I32, ~(uint32_t)FL_IF), 0), IR_SLOT(S_EFLAGS, 0));
        return true;
    }
    trans_call(t, I64, H_interrupts, x86_const(t, 0), x86_const(t, i->next), IR_NONE);
    return true;
}

bool i86_sti(Trans *t, X86Insn *i)
{
    /* the next instruction may be another unit's: perhaps the page ends in it */
    bool last = t->last || t->page_end - i->next < 15 || t->mode & (M_STEP | M_SHADOW) || t->mode >> 62;
    if (!last && !x86_cpl(t) && !(t->mode & (M_VM | M_ALONE))) {
        leave_rest(t, i, trans_call(t, I64, H_sti_quick, IR_NONE, IR_NONE, IR_NONE), REST_STI, 0);
        return true;
    }
    trans_call(t, I64, H_interrupts, x86_const(t, 1), x86_const(t, i->next), x86_const(t, last));
    return true;
}

bool i86_hlt(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_hlt, IR_NONE, IR_NONE, IR_NONE);
    x86_set_next(t, i);
    trans_leave(t, EXIT_IDLE);
    return true;
}

/* ---- ports ---- */

static IrRef port(Trans *t, X86Insn *i, unsigned k)
{
    return i->op[k].kind == OPERAND_IMM ? x86_const(t, i->imm & 0xff) : x86_get_operand(t, i, k);
}

bool i86_in(Trans *t, X86Insn *i)
{
    unsigned bytes = x86_bytes(i);
    trans_call(t, I64, H_in, port(t, i, 1), x86_const(t, bytes), IR_NONE);
    x86_put_reg(t, bytes, RAX, ir_get(t->ir, x86_type(bytes), IR_SLOT(S_TMP0, 0)));
    return true;
}

/* The device may have raised a line or changed the map: looks before it goes on. */
bool i86_out(Trans *t, X86Insn *i)
{
    unsigned bytes = i->op[1].bytes;
    trans_call(t, I64, H_out, port(t, i, 0), x86_const(t, bytes), x86_get_operand(t, i, 1));
    if (t->mode & M_ALONE)
        return true;
    x86_set_next(t, i);
    x86_goto_state(t);
    return true;
}

/* ---- identification ---- */

bool i86_cpuid(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_cpuid, IR_NONE, IR_NONE, IR_NONE);
    return true;
}
