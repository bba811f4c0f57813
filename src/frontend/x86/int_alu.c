/* Arithmetic, logic, multiplication, division, moves. A handler takes in[] and gives out[] and flags: decode.h. */
#include "frontend/x86/operand.h"

static IrType type_of(const X86Insn *i)
{
    return x86_type(x86_bytes(i));
}

/* ---- two operands and flags ---- */

static bool result(Trans *t, X86Insn *i, IrRef r)
{
    i->flags = ir_flags(t->ir, type_of(i), r, 0);
    i->out[0] = r;
    return true;
}

/* Folding gives nothing that the flags do not take back, but for a value with itself. */
static bool with_flags(Trans *t, X86Insn *i, IrOp op, IrRef a, IrRef b)
{
    i->out[0] = ir_with_flags(t->ir, op, type_of(i), a, b, &i->flags);
    return true;
}

bool i86_add(Trans *t, X86Insn *i)
{
    return with_flags(t, i, IR_add, i->in[0], i->in[1]);
}

bool i86_sub(Trans *t, X86Insn *i)
{
    if (i->in[0] != i->in[1])
        return with_flags(t, i, IR_sub, i->in[0], i->in[1]);
    return result(t, i, ir_sub(t->ir, type_of(i), i->in[0], i->in[1], 0));
}

bool i86_cmp(Trans *t, X86Insn *i)
{
    return with_flags(t, i, IR_sub, i->in[0], i->in[1]);
}

bool i86_and(Trans *t, X86Insn *i)
{
    return result(t, i, ir_and(t->ir, type_of(i), i->in[0], i->in[1], 0));
}

bool i86_test(Trans *t, X86Insn *i)
{
    return with_flags(t, i, IR_and, i->in[0], i->in[1]);
}

bool i86_or(Trans *t, X86Insn *i)
{
    return result(t, i, ir_or(t->ir, type_of(i), i->in[0], i->in[1], 0));
}

bool i86_xor(Trans *t, X86Insn *i)
{
    return result(t, i, ir_xor(t->ir, type_of(i), i->in[0], i->in[1], 0));
}

bool i86_adc(Trans *t, X86Insn *i)
{
    IrRef carry = x86_carry(t);
    return result(t, i, ir_adc(t->ir, type_of(i), i->in[0], i->in[1], carry, 0));
}

bool i86_sbb(Trans *t, X86Insn *i)
{
    IrRef carry = x86_carry(t);
    return result(t, i, ir_sbb(t->ir, type_of(i), i->in[0], i->in[1], carry, 0));
}

bool i86_neg(Trans *t, X86Insn *i)
{
    return with_flags(t, i, IR_sub, ir_imm(t->ir, type_of(i), 0), i->in[0]);
}

bool i86_not(Trans *t, X86Insn *i)
{
    i->out[0] = ir_not(t->ir, type_of(i), i->in[0], 0);
    return true;
}

/* The packed flags of `flags`, with those in `keep` as they were. */
static IrRef keeping(Trans *t, IrRef flags, uint32_t keep)
{
    Ir *ir = t->ir;
    IrRef now = ir_and(ir, I32, flags, ir_imm(ir, I32, FLAGS_ALL & ~keep), 0);
    IrRef old = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, keep), 0);
    return x86_as_flags(t, ir_or(ir, I32, now, old, 0));
}

static bool step(Trans *t, X86Insn *i, IrRef r)
{
    i->out[0] = r;
    i->flags = keeping(t, ir_flags(t->ir, type_of(i), r, 0), FLAG_C);
    return true;
}

bool i86_inc(Trans *t, X86Insn *i)
{
    return step(t, i, ir_add(t->ir, type_of(i), i->in[0], ir_imm(t->ir, type_of(i), 1), 0));
}

bool i86_dec(Trans *t, X86Insn *i)
{
    return step(t, i, ir_sub(t->ir, type_of(i), i->in[0], ir_imm(t->ir, type_of(i), 1), 0));
}

/* CF and OF alone: ADX. */
static bool add_with(Trans *t, X86Insn *i, uint32_t flag, IrCond cond)
{
    Ir *ir = t->ir;
    IrType type = type_of(i);
    IrRef in = ir_cond(ir, T_FLAGS, x86_get_flags(t), cond);
    IrRef sum = ir_add(ir, type, i->in[0], i->in[1], 0), r = ir_add(ir, type, sum, in, 0);
    IrRef out = ir_or(ir, I64, ir_ltu(ir, type, sum, i->in[0], 0), ir_ltu(ir, type, r, sum, 0), 0);
    IrRef others = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, FLAGS_ALL & ~flag), 0);
    IrRef bit = ir_pick(ir, I32, out, ir_imm(ir, I32, flag), ir_imm(ir, I32, 0), 0);
    i->out[0] = r;
    i->flags = x86_as_flags(t, ir_or(ir, I32, others, bit, 0));
    return true;
}

bool i86_adcx(Trans *t, X86Insn *i)
{
    return add_with(t, i, FLAG_C, IF_C);
}

bool i86_adox(Trans *t, X86Insn *i)
{
    return add_with(t, i, FLAG_V, IF_V);
}

/* ---- exchange ---- */

static bool exchange(Trans *t, X86Insn *i, unsigned with)
{
    unsigned bytes = x86_bytes(i);
    IrMem m = x86_mem(t, bytes);
    m.order = ORDER_BOTH;
    m.rmw = RMW_SWAP;
    IrRef address = x86_address(t, i, bytes, true, &m.disp);
    IrRef old = ir_rmw(t->ir, x86_type(bytes), address, x86_get_operand(t, i, with), ir_mem(m));
    x86_put_operand(t, i, with, old);
    return true;
}

/* With memory it is locked whether the prefix is there or not. 90 is NOP, also of EAX in 64-bit mode. */
bool i86_xchg(Trans *t, X86Insn *i)
{
    if (i->op[0].kind == OPERAND_MEM)
        return exchange(t, i, 1);
    if (i->opcode == 0x90 && i->op[0].n == RAX)
        return true;
    IrRef a = x86_get_operand(t, i, 0), b = x86_get_operand(t, i, 1);
    x86_put_operand(t, i, 0, b);
    x86_put_operand(t, i, 1, a);
    return true;
}

/* The destination is written last: xadd of a register with itself leaves the sum. write_back goes in the order of the
 * operands, so the source's write is left out then. */
bool i86_xadd(Trans *t, X86Insn *i)
{
    bool same = i->op[0].kind == i->op[1].kind && i->op[0].n == i->op[1].n;
    i86_add(t, i);
    i->out[1] = same ? IR_NONE : i->in[0];
    return true;
}

/* A register that does not take the value keeps its upper half, too. */
static void put_if(Trans *t, unsigned bytes, unsigned n, IrRef cond, IrRef v)
{
    Ir *ir = t->ir;
    bool whole = bytes == 4;
    IrType type = whole ? I64 : x86_type(bytes);
    IrRef to = whole ? ir_zext(ir, I64, v, 32) : v;
    x86_put_reg(t, whole ? 8 : bytes, n, ir_pick(ir, type, cond, to, x86_get_reg(t, whole ? 8 : bytes, n), 0));
}

/* Memory is written in either case; the destination last among registers, as it may be the accumulator. */
bool i86_cmpxchg(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrType type = type_of(i);
    unsigned bytes = x86_bytes(i);
    bool memory = i->op[0].kind == OPERAND_MEM;
    IrRef acc = x86_get_reg(t, bytes, RAX), old = i->in[0];
    if (i->lock) {
        IrMem m = x86_mem(t, bytes);
        m.order = ORDER_BOTH;
        IrRef address = x86_address(t, i, bytes, true, &m.disp);
        old = ir_cas(ir, type, address, acc, i->in[1], ir_mem(m));
    }
    i->flags = ir_flags(ir, type, ir_sub(ir, type, acc, old, 0), 0);
    IrRef equal = ir_cond(ir, T_FLAGS, i->flags, IF_EQ), other = ir_cond(ir, T_FLAGS, i->flags, IF_NE);
    if (memory && !i->lock)
        x86_put_operand(t, i, 0, ir_pick(ir, type, equal, i->in[1], old, 0));
    put_if(t, bytes, RAX, other, old);
    if (i->op[0].kind == OPERAND_REG)
        put_if(t, bytes, i->op[0].n, equal, i->in[1]);
    else if (!memory)
        x86_put_operand(t, i, 0, ir_pick(ir, type, equal, i->in[1], old, 0));
    return true;
}

/* Both widths by a helper, which sets ZF and the registers. */
static bool compare_pair(Trans *t, X86Insn *i, unsigned bytes)
{
    int32_t disp;
    IrRef address = x86_address(t, i, bytes, true, &disp);
    if (disp)
        address = ir_add(t->ir, I64, address, x86_const(t, (uint64_t)(int64_t)disp), 0);
    trans_call(t, I64, H_cmpxchg_pair, address, x86_const(t, bytes), IR_NONE);
    return true;
}

bool i86_cmpxchg8b(Trans *t, X86Insn *i)
{
    return compare_pair(t, i, 8);
}

bool i86_cmpxchg16b(Trans *t, X86Insn *i)
{
    return compare_pair(t, i, 16);
}

/* ---- moves ---- */

bool i86_mov(Trans *t, X86Insn *i)
{
    (void)t;
    i->out[0] = i->in[1];
    return true;
}

bool i86_movzx(Trans *t, X86Insn *i)
{
    unsigned from = i->op[1].bytes, to = x86_bytes(i);
    i->out[0] = from < to ? ir_zext(t->ir, type_of(i), i->in[1], 8 * from) : i->in[1];
    return true;
}

bool i86_movsx(Trans *t, X86Insn *i)
{
    unsigned from = i->op[1].bytes, to = x86_bytes(i);
    i->out[0] = from < to ? ir_sext(t->ir, type_of(i), i->in[1], 8 * from) : i->in[1];
    return true;
}

bool i86_movbe(Trans *t, X86Insn *i)
{
    i->out[0] = ir_bswap(t->ir, type_of(i), i->in[1], 0);
    return true;
}

/* Of 16 bits it is undefined; processors clear the register's low half. */
bool i86_bswap(Trans *t, X86Insn *i)
{
    i->out[0] = x86_bytes(i) == 2 ? ir_imm(t->ir, I16, 0) : ir_bswap(t->ir, type_of(i), i->in[0], 0);
    return true;
}

bool i86_lea(Trans *t, X86Insn *i)
{
    if (x86_bytes(i) == 4 && i->adsize == 8) /* what would be above is not wanted */
        i->adsize = 4;
    x86_put_reg(t, x86_bytes(i), i->op[0].n, x86_offset(t, i));
    return true;
}

bool i86_xlat(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrType type = x86_type(i->adsize);
    IrRef al = ir_zext(ir, type, x86_get_reg(t, 1, RAX), 8);
    IrRef offset = ir_add(ir, type, x86_get_reg(t, i->adsize, RBX), al, 0);
    x86_put_reg(t, 1, RAX, x86_load_at(t, i->seg, x86_widen(t, i->adsize, offset), 1));
    return true;
}

/* CBW CWDE CDQE: rAX from its lower half. */
bool i86_cbw(Trans *t, X86Insn *i)
{
    unsigned half = i->opsize / 2u;
    IrRef low = x86_get_reg(t, half, RAX);
    x86_put_reg(t, i->opsize, RAX, ir_sext(t->ir, x86_type(i->opsize), low, 8 * half));
    return true;
}

/* CWD CDQ CQO: the sign of rAX all over rDX. */
bool i86_cwd(Trans *t, X86Insn *i)
{
    IrType type = i->opsize == 8 ? I64 : I32;
    IrRef a = x86_get_reg(t, i->opsize, RAX);
    if (i->opsize == 2)
        a = ir_sext(t->ir, I32, a, 16);
    x86_put_reg(t, i->opsize, RDX, ir_sar(t->ir, type, a, x86_const(t, i->opsize == 8 ? 63 : 31), 0));
    return true;
}

bool i86_cmov(Trans *t, X86Insn *i)
{
    i->out[0] = ir_pick(t->ir, type_of(i), x86_cond(t, i->opcode & 15), i->in[1], i->in[0], 0);
    return true;
}

bool i86_setcc(Trans *t, X86Insn *i)
{
    i->out[0] = x86_cond(t, i->opcode & 15);
    return true;
}

bool i86_nop(Trans *t, X86Insn *i)
{
    (void)t, (void)i;
    return true;
}

/* ---- flags ---- */

static bool change_flags(Trans *t, X86Insn *i, uint32_t clear, uint32_t set, uint32_t flip)
{
    Ir *ir = t->ir;
    IrRef f = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, FLAGS_ALL & ~clear), 0);
    f = ir_or(ir, I32, f, ir_imm(ir, I32, set), 0);
    i->flags = x86_as_flags(t, ir_xor(ir, I32, f, ir_imm(ir, I32, flip), 0));
    return true;
}

bool i86_clc(Trans *t, X86Insn *i)
{
    return change_flags(t, i, FLAG_C, 0, 0);
}

bool i86_stc(Trans *t, X86Insn *i)
{
    return change_flags(t, i, 0, FLAG_C, 0);
}

bool i86_cmc(Trans *t, X86Insn *i)
{
    return change_flags(t, i, 0, 0, FLAG_C);
}

static bool direction(Trans *t, uint32_t set)
{
    Ir *ir = t->ir;
    IrRef f = ir_and(ir, I32, ir_get(ir, I32, IR_SLOT(S_EFLAGS, 0)), ir_imm(ir, I32, ~(uint32_t)FL_DF), 0);
    ir_put(ir, I32, ir_or(ir, I32, f, ir_imm(ir, I32, set), 0), IR_SLOT(S_EFLAGS, 0));
    return true;
}

bool i86_cld(Trans *t, X86Insn *i)
{
    (void)i;
    return direction(t, 0);
}

bool i86_std(Trans *t, X86Insn *i)
{
    (void)i;
    return direction(t, FL_DF);
}

/* AH has SF ZF AF PF CF where packed flags have them, one byte up. */
bool i86_sahf(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    const uint32_t in_ah = FLAGS_ALL & ~(uint32_t)FLAG_V;
    IrRef ah = ir_and(ir, I32, x86_get_reg(t, 4, RAX), ir_imm(ir, I32, in_ah), 0);
    IrRef of = ir_and(ir, I32, x86_get_flags(t), ir_imm(ir, I32, FLAG_V), 0);
    i->flags = x86_as_flags(t, ir_or(ir, I32, ah, of, 0));
    return true;
}

bool i86_lahf(Trans *t, X86Insn *i)
{
    Ir *ir = t->ir;
    IrRef f = ir_or(ir, I32, x86_flags_int(t), ir_imm(ir, I32, 2 << 8), 0);
    (void)i;
    ir_put(ir, I8, ir_shr(ir, I32, f, ir_imm(ir, I32, 8), 0), IR_SLOT(S_R0 + RAX, 1));
    return true;
}

bool i86_salc(Trans *t, X86Insn *i)
{
    (void)i;
    x86_put_reg(t, 1, RAX, ir_neg(t->ir, I32, x86_carry(t), 0));
    return true;
}
