/* Handlers of opcodes_control.def. */
#include "frontend/x86/helpers.h"
#include "frontend/x86/sys.h"

/* The helper changed what translation depends on, or what is mapped: nothing of this unit may follow. Where something
 * comes after the instruction, x86_after goes on. */
bool x86_go_on(Trans *t, X86Insn *i)
{
    if (t->mode & M_ALONE)
        return true;
    x86_set_next(t, i);
    x86_goto_state(t);
    return true;
}

static unsigned word(const Trans *t) /* size of control and debug registers */
{
    return x86_code64(t) ? 8 : 4;
}

/* ---- control registers ---- */

bool i86_mov_from_cr(Trans *t, X86Insn *i)
{
    unsigned n = i->op[1].n;
    x86_put_reg(t, word(t), i->op[0].n, trans_call(t, x86_type(word(t)), H_read_cr, x86_const(t, n), IR_NONE, IR_NONE));
    return true;
}

bool i86_mov_to_cr(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_write_cr, x86_const(t, i->op[0].n), x86_get_wide(t, word(t), i->op[1].n), IR_NONE);
    return x86_go_on(t, i);
}

bool i86_mov_from_dr(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_read_dr, x86_const(t, i->op[1].n), IR_NONE, IR_NONE);
    x86_put_reg(t, word(t), i->op[0].n, ir_get(t->ir, x86_type(word(t)), IR_SLOT(S_TMP0, 0)));
    return true;
}

bool i86_mov_to_dr(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_write_dr, x86_const(t, i->op[0].n), x86_get_wide(t, word(t), i->op[1].n), IR_NONE);
    return x86_go_on(t, i);
}

bool i86_clts(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_clts, IR_NONE, IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

void x86_check_umip(Trans *t)
{
    if (x86_cpl(t))
        trans_call(t, I64, H_umip, IR_NONE, IR_NONE, IR_NONE);
}

/* To memory always 16 bits. */
bool i86_smsw(Trans *t, X86Insn *i)
{
    x86_check_umip(t);
    bool memory = i->op[0].kind == OPERAND_MEM;
    unsigned bytes = memory ? 2 : i->opsize;
    IrRef v = trans_call(t, x86_type(bytes), H_read_cr, x86_const(t, 0), IR_NONE, IR_NONE);
    if (memory)
        x86_store(t, i, 2, v);
    else
        x86_put_reg(t, bytes, i->op[0].n, v);
    return true;
}

bool i86_lmsw(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_lmsw, ir_zext(t->ir, I64, i->in[0], 16), IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

bool i86_xgetbv(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_xsave_on, IR_NONE, IR_NONE, IR_NONE);
    trans_call(t, I64, H_xgetbv, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

bool i86_xsetbv(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_xsave_on, IR_NONE, IR_NONE, IR_NONE);
    trans_call(t, I64, H_xsetbv, IR_NONE, IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

/* ---- model-specific registers and counters ---- */

bool i86_rdmsr(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_rdmsr, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

bool i86_wrmsr(Trans *t, X86Insn *i)
{
    trans_call(t, I64, H_wrmsr, IR_NONE, IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

bool i86_rdtsc(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_rdtsc, x86_const(t, 0), IR_NONE, IR_NONE);
    return true;
}

bool i86_rdtscp(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_rdtsc, x86_const(t, 1), IR_NONE, IR_NONE);
    return true;
}

/* There are no performance counters. */
bool i86_rdpmc(Trans *t, X86Insn *i)
{
    (void)i;
    x86_raise_at(t, X86_GP, 0);
    return true;
}

bool i86_rdpid(Trans *t, X86Insn *i)
{
    i->out[0] = trans_call(t, x86_type(x86_bytes(i)), H_rdpid, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

/* ---- system calls ---- */

static bool transfer(Trans *t, int helper, uint64_t a)
{
    trans_set_pc(t, t->pc);
    trans_call(t, I64, helper, x86_const(t, a), IR_NONE, IR_NONE);
    x86_goto_state(t);
    return true;
}

/* `quick` mostly does it, else says so and changed nothing. */
static bool transfer_quick(Trans *t, int quick, int helper, uint64_t a)
{
    Ir *ir = t->ir;
    if (t->mode & M_ALONE)
        return transfer(t, helper, a);
    trans_set_pc(t, t->pc);
    IrRef left = trans_call(t, I64, quick, x86_const(t, a), IR_NONE, IR_NONE);
    ir_leave_if(ir, T_VOID, ir_ne(ir, I64, left, x86_const(t, 0), 0), x86_const(t, a), x86_const(t, 0),
                (uint64_t)helper);
    x86_goto_state(t);
    return true;
}

bool i86_syscall(Trans *t, X86Insn *i)
{
    return transfer_quick(t, H_syscall_quick, H_syscall, i->next);
}

bool i86_sysret(Trans *t, X86Insn *i)
{
    return transfer_quick(t, H_sysret_quick, H_sysret, i->opsize == 8);
}

bool i86_sysenter(Trans *t, X86Insn *i)
{
    (void)i;
    return transfer_quick(t, H_sysenter_quick, H_sysenter, 0);
}

bool i86_sysexit(Trans *t, X86Insn *i)
{
    return transfer_quick(t, H_sysexit_quick, H_sysexit, i->opsize == 8);
}

bool i86_swapgs(Trans *t, X86Insn *i)
{
    (void)i;
    trans_call(t, I64, H_swapgs, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

static bool read_base(Trans *t, X86Insn *i, unsigned seg)
{
    if (!(t->mode & M_FSGSBASE))
        return false;
    i->out[0] = ir_get(t->ir, x86_type(x86_bytes(i)), IR_SLOT(S_BASE0 + seg, 0));
    return true;
}

static bool write_base(Trans *t, X86Insn *i, unsigned seg)
{
    Ir *ir = t->ir;
    if (!(t->mode & M_FSGSBASE))
        return false;
    IrRef v = i->in[0];
    if (x86_bytes(i) == 8) {
        IrRef whole = ir_sar(ir, I64, ir_shl(ir, I64, v, x86_const(t, 16), 0), x86_const(t, 16), 0);
        x86_raise_if(t, ir_ne(ir, I64, whole, v, 0), X86_GP, 0);
    } else {
        v = ir_zext(ir, I64, v, 32);
    }
    ir_put(ir, I64, v, IR_SLOT(S_BASE0 + seg, 0));
    return true;
}

bool i86_rdfsbase(Trans *t, X86Insn *i)
{
    return read_base(t, i, FS);
}

bool i86_rdgsbase(Trans *t, X86Insn *i)
{
    return read_base(t, i, GS);
}

bool i86_wrfsbase(Trans *t, X86Insn *i)
{
    return write_base(t, i, FS);
}

bool i86_wrgsbase(Trans *t, X86Insn *i)
{
    return write_base(t, i, GS);
}

static bool set_access(Trans *t, X86Insn *i, bool on)
{
    if (x86_cpl(t))
        return false;
    trans_call(t, I64, H_access, x86_const(t, on), IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

bool i86_clac(Trans *t, X86Insn *i)
{
    return set_access(t, i, false);
}

bool i86_stac(Trans *t, X86Insn *i)
{
    return set_access(t, i, true);
}

/* ---- caches and the TLB ---- */

/* There are no caches to write back. */
bool i86_invd(Trans *t, X86Insn *i)
{
    (void)t, (void)i;
    return true;
}

bool i86_wbinvd(Trans *t, X86Insn *i)
{
    (void)t, (void)i;
    return true;
}

bool i86_invlpg(Trans *t, X86Insn *i)
{
    int32_t disp;
    IrRef linear = x86_address(t, i, 1, false, &disp);
    linear = ir_add(t->ir, I64, linear, x86_const(t, (uint64_t)(int64_t)disp), 0);
    trans_call(t, I64, H_invlpg, linear, IR_NONE, IR_NONE);
    return x86_go_on(t, i);
}

bool i86_invpcid(Trans *t, X86Insn *i)
{
    int32_t disp;
    IrRef linear = x86_address(t, i, 16, false, &disp);
    linear = ir_add(t->ir, I64, linear, x86_const(t, (uint64_t)(int64_t)disp), 0);
    trans_call(t, I64, H_invpcid, x86_get_wide(t, word(t), i->op[0].n), linear, IR_NONE);
    return x86_go_on(t, i);
}

/* ---- order, and lines of the caches ---- */

static bool fence(Trans *t, IrFence kind)
{
    ir_fence(t->ir, T_VOID, kind);
    return true;
}

bool i86_lfence(Trans *t, X86Insn *i)
{
    (void)i;
    return fence(t, FENCE_LOADS);
}

bool i86_mfence(Trans *t, X86Insn *i)
{
    (void)i;
    return fence(t, FENCE_FULL);
}

bool i86_sfence(Trans *t, X86Insn *i)
{
    (void)i;
    return fence(t, FENCE_STORES);
}

/* There is nothing to write back, but the address must be one that can be read. */
bool i86_clflush(Trans *t, X86Insn *i)
{
    x86_load(t, i, 1);
    return true;
}

bool i86_clflushopt(Trans *t, X86Insn *i)
{
    return i86_clflush(t, i);
}

bool i86_clwb(Trans *t, X86Insn *i)
{
    return i86_clflush(t, i);
}

/* ---- waiting for a store ---- no address is watched: MWAIT ends at once, as it may, after others had their turn */

bool i86_monitor(Trans *t, X86Insn *i)
{
    IrRef at = x86_linear(t, i->override == X86_NONE ? DS : i->override, x86_get_wide(t, i->adsize, RAX), 1, false);
    x86_raise_if(t, ir_ne(t->ir, I32, x86_get_reg(t, 4, RCX), ir_imm(t->ir, I32, 0), 0), X86_GP, 0);
    ir_load(t->ir, I8, at, ir_mem(x86_mem(t, 1)));
    return true;
}

bool i86_mwait(Trans *t, X86Insn *i)
{
    if (t->mode & M_ALONE)
        return true;
    x86_set_next(t, i);
    trans_leave(t, EXIT_EVENT);
    return true;
}
