/* Read-modify-write and compare-and-swap by the host's locked instructions. */
#include "backend/x86_64/mem.h"

/* Atomics that are not on a plain page: operands in rcx and CpuRun.io. */
static void atomic_slow(Comp *c, Cold *s, const uint8_t *thunk)
{
    go_slow(c, s, thunk);
    jump_back(c, s);
}

static void rmw_slow(Comp *c, Cold *s)
{
    asm_mov(&c->a, true, RCX, s->reg[1]);
    atomic_slow(c, s, thunks.rmw);
}

static const Enc MOVQ_TO = { 0x66, 1, 0x7e, 8, 0, true, false }, MOVQ_FROM = { 0x66, 1, 0x6e, 8, 0, true, false };

static void lock_op(Comp *c, uint8_t map, uint8_t opcode, int size, unsigned reg, Rm rm)
{
    put8(&c->a, 0xf0);
    Enc e = { size == 1 ? 0x66 : 0, map, (uint8_t)(size ? opcode | 1 : opcode & 0xfe), 8, 0, false, false };
    if (size == 0)
        asm_op8(&c->a, e, reg, rm, 0);
    else
        asm_op(&c->a, e, size == 3, reg, rm, 0);
}

static void zero_extend(Comp *c, unsigned dst, unsigned src, int size)
{
    asm_load(&c->a, 1 << size, false, dst, rm_reg(src));
}

/* cmpxchg loop: to = new value from rax = old and the operand. */
static void combine(Comp *c, IrRmw op, int size, unsigned operand_reg, unsigned to)
{
    static const uint8_t alu[] = {
        [RMW_ADD] = ALU_ADD, [RMW_ANDN] = ALU_AND, [RMW_XOR] = ALU_XOR, [RMW_OR] = ALU_OR, [RMW_AND] = ALU_AND
    };
    static const uint8_t keep[] = { [RMW_SMAX] = CC_L, [RMW_SMIN] = CC_G, [RMW_UMAX] = CC_B, [RMW_UMIN] = CC_A };
    bool w = size == 3;
    if (op < RMW_SMAX || op == RMW_AND) {
        asm_mov(&c->a, w, to, operand_reg);
        if (op == RMW_ANDN)
            asm_op(&c->a, *enc_int(IR_not), w, 0, rm_reg(to), 0);
        asm_alu(&c->a, alu[op], w, to, rm_reg(RAX));
        return;
    }
    bool sign = op == RMW_SMAX || op == RMW_SMIN;
    asm_load(&c->a, 1 << size, sign && size < 3, to, rm_reg(operand_reg)); /* operand as a full number */
    if (size <
        2) { /* compare at full width: rax zero-extended from memory is sign-extended in place by a compare of bytes */
        Enc cmp = { size == 1 ? 0x66 : 0, 0, size == 1 ? 0x3b : 0x3a, 8, 0, false, false };
        asm_op8(&c->a, cmp, RAX, rm_reg(to), 0);
    } else {
        asm_alu(&c->a, ALU_CMP, w, RAX, rm_reg(to));
    }
    /* to = old unless (old keep-condition operand) */
    asm_op(&c->a, (Enc){ 0, 1, (uint8_t)(0x40 | (keep[op] ^ 1)), 8, 0, false, false }, true, to, rm_reg(RAX), 0);
}

void op_rmw(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    IrMem m = ir_mem_of(i->imm);
    m.align = m.align ? m.align : ALIGN_SIZE; /* a host atomic may not cross a page: the slow path sorts it out */
    take_rax_rcx(c);
    unsigned address = use(c, i->arg[0]);
    unsigned operand_reg = use(c, i->arg[1]);
    Cold *s = check(c, address, m, true, rmw_slow);
    asm_lea(&c->a, true, RCX, rm_index(address, RAX, 0, m.disp)); /* host address */
    if (m.rmw == RMW_ADD || m.rmw == RMW_SWAP) {
        asm_mov(&c->a, true, RAX, operand_reg);
        lock_op(c, m.rmw == RMW_ADD, m.rmw == RMW_ADD ? 0xc0 : 0x86, m.size, RAX, rm_mem(RCX, 0)); /* xadd, xchg */
    } else { /* one register more than there are: its value waits in XS */
        unsigned to = operand_reg == RDX ? R13 : RDX;
        asm_vec2(&c->a, MOVQ_FROM, XS, rm_reg(to), 0);
        asm_load(&c->a, 1 << m.size, false, RAX, rm_mem(RCX, 0));
        uint8_t *again = c->a.p;
        combine(c, (IrRmw)m.rmw, m.size, operand_reg, to);
        lock_op(c, 1, 0xb0, m.size, to, rm_mem(RCX, 0)); /* cmpxchg */
        asm_target(asm_jcc(&c->a, CC_NE), again);
        asm_vec2(&c->a, MOVQ_TO, XS, rm_reg(to), 0);
    }
    zero_extend(c, RAX, RAX, m.size);
    s->reg[1] = (uint8_t)operand_reg;
    goes_on(c, s);
    result_in(c, RAX);
}

static void cas_slow(Comp *c, Cold *s)
{
    asm_load(&c->a, 8, false, RAX, cpu_rm(offsetof(Cpu, run)));
    asm_store(&c->a, 8, s->reg[3], rm_mem(RAX, offsetof(CpuRun, io) + 32));
    asm_vec2(&c->a, MOVQ_TO, XS, rm_reg(RCX), 0);
    atomic_slow(c, s, thunks.cas);
}

void op_cas(Comp *c)
{
    IrInsn *i = insn_of(c, (IrRef)c->at);
    IrMem m = ir_mem_of(i->imm);
    m.align = m.align ? m.align : ALIGN_SIZE;
    unsigned address = use_beside_rax(c, i->arg[0]); /* one value may be all three */
    unsigned desired = use_beside_rax(c, i->arg[2]);
    use_in(c, i->arg[1], RAX);
    take(c, RCX);
    clobber_flags(c);
    asm_vec2(&c->a, MOVQ_FROM, XS, rm_reg(RAX), 0); /* expected */
    Cold *s = check(c, address, m, true, cas_slow);
    asm_lea(&c->a, true, RCX, rm_index(address, RAX, 0, m.disp));
    asm_vec2(&c->a, MOVQ_TO, XS, rm_reg(RAX), 0);
    lock_op(c, 1, 0xb0, m.size, desired, rm_mem(RCX, 0)); /* cmpxchg */
    zero_extend(c, RAX, RAX, m.size);
    s->reg[3] = (uint8_t)desired;
    goes_on(c, s);
    result_in(c, RAX);
}
