#include "backend/x86_64/asm.h"

#include <assert.h>

void asm_modrm(Asm *a, unsigned reg, Rm rm, unsigned after)
{
    reg = (reg & 7) << 3;
    if (rm.kind == RM_REG) {
        put8(a, 0xc0 | reg | (rm.base & 7));
        return;
    }
    if (rm.kind == RM_POOL) {
        put8(a, reg | 5);
        put32(a, (uint32_t)(rm.target - (a->p + a->to_exec + 4 + after)));
        return;
    }
    if (rm.base == NO_REG) { /* index only: SIB without base has a disp32 */
        put8(a, reg | 4);
        put8(a, (unsigned)rm.scale << 6 | (rm.index & 7u) << 3 | 5);
        put32(a, (uint32_t)rm.disp);
        return;
    }
    bool sib = rm.index != NO_REG || (rm.base & 7) == RSP;
    unsigned mod = rm.disp == 0 && (rm.base & 7) != RBP ? 0 : rm.disp == (int8_t)rm.disp ? 0x40 : 0x80;
    put8(a, mod | reg | (sib ? 4 : rm.base & 7));
    if (sib)
        put8(a, (unsigned)rm.scale << 6 | (rm.index == NO_REG ? 4u : rm.index & 7u) << 3 | (rm.base & 7u));
    if (mod == 0x40)
        put8(a, (uint8_t)rm.disp);
    else if (mod == 0x80)
        put32(a, (uint32_t)rm.disp);
}

static unsigned rex_of(unsigned reg, Rm rm)
{
    unsigned rex = (reg & 8) >> 1;
    if (rm.index != NO_REG)
        rex |= (rm.index & 8u) >> 2;
    if (rm.base != NO_REG)
        rex |= (rm.base & 8u) >> 3;
    return rex;
}

static void put_imm(Asm *a, unsigned bytes, uint64_t imm)
{
    memcpy(a->p, &imm, 8);
    a->p += bytes;
}

static void op(Asm *a, Enc e, unsigned rex, unsigned reg, Rm rm, uint64_t imm)
{
    if (e.prefix)
        put8(a, e.prefix);
    if (rex)
        put8(a, 0x40 | rex);
    if (e.map) {
        put8(a, 0x0f);
        if (e.map > 1)
            put8(a, e.map == 2 ? 0x38 : 0x3a);
    }
    put8(a, e.opcode);
    asm_modrm(a, e.ext < 8 ? e.ext : reg, rm, e.imm);
    if (e.imm)
        put_imm(a, e.imm, imm);
}

void asm_op(Asm *a, Enc e, bool w, unsigned reg, Rm rm, uint64_t imm)
{
    op(a, e, (w || e.w ? 8u : 0) | rex_of(e.ext < 8 ? 0 : reg, rm), reg, rm, imm);
}

void asm_op8(Asm *a, Enc e, unsigned reg, Rm rm, uint64_t imm)
{
    op(a, e, 0x40 | rex_of(e.ext < 8 ? 0 : reg, rm), reg, rm, imm);
}

void asm_vex(Asm *a, Enc e, bool l256, unsigned reg, unsigned vvvv, Rm rm, uint64_t imm)
{
    static const uint8_t pp[256] = { [0x66] = 1, [0xf3] = 2, [0xf2] = 3 };
    unsigned rex = rex_of(e.ext < 8 ? 0 : reg, rm), tail = (~vvvv & 15) << 3 | (l256 ? 4u : 0) | pp[e.prefix];
    if (e.map == 1 && !e.w && !(rex & 3)) {
        put8(a, 0xc5);
        put8(a, (rex & 4 ? 0 : 0x80) | tail);
    } else {
        put8(a, 0xc4);
        put8(a, (~rex & 7) << 5 | e.map);
        put8(a, (e.w ? 0x80u : 0) | tail);
    }
    put8(a, e.opcode);
    asm_modrm(a, e.ext < 8 ? e.ext : reg, rm, e.imm);
    if (e.imm)
        put_imm(a, e.imm, imm);
}

static const Enc MOVAPS = { 0, 1, 0x28, 8, 0, false, false }, MOVUPS = { 0, 1, 0x10, 8, 0, false, false };

void asm_vmov(Asm *a, unsigned dst, unsigned src)
{
    if (dst == src)
        return;
    if (a->avx)
        asm_vex(a, MOVAPS, false, dst, 0, rm_reg(src), 0);
    else
        asm_op(a, MOVAPS, false, dst, rm_reg(src), 0);
}

void asm_vec(Asm *a, Enc e, unsigned dst, unsigned src1, Rm src2, uint64_t imm)
{
    if (a->avx) {
        asm_vex(a, e, false, dst, src1, src2, imm);
        return;
    }
    assert(!(src2.kind == RM_REG && src2.base == dst && src1 != dst));
    asm_vmov(a, dst, src1);
    /* Legacy SSE memory operands must be aligned; guest slots and pools are, callers load anything else first. */
    asm_op(a, e, false, dst, src2, imm);
}

void asm_vec2(Asm *a, Enc e, unsigned dst, Rm src, uint64_t imm)
{
    if (a->avx)
        asm_vex(a, e, false, dst, 0, src, imm);
    else
        asm_op(a, e, false, dst, src, imm);
}

void asm_mov(Asm *a, bool w, unsigned dst, unsigned src)
{
    static const Enc MOV = { .opcode = 0x8b, .ext = 8 };
    asm_op(a, MOV, w, dst, rm_reg(src), 0);
}

void asm_mov_imm(Asm *a, unsigned dst, uint64_t value)
{
    if (value <= UINT32_MAX) {
        if (dst & 8)
            put8(a, 0x41);
        put8(a, 0xb8 | (dst & 7));
        put32(a, (uint32_t)value);
    } else if ((int64_t)value == (int32_t)value) {
        put8(a, 0x48 | (dst >> 3 & 1));
        put8(a, 0xc7);
        put8(a, 0xc0 | (dst & 7));
        put32(a, (uint32_t)value);
    } else {
        put8(a, 0x48 | (dst >> 3 & 1));
        put8(a, 0xb8 | (dst & 7));
        put64(a, value);
    }
}

void asm_load(Asm *a, int bytes, bool sign64, unsigned dst, Rm rm)
{
    static const Enc ZERO[] = { { .map = 1, .opcode = 0xb6, .ext = 8 },
                                { .map = 1, .opcode = 0xb7, .ext = 8 },
                                { .opcode = 0x8b, .ext = 8 } };
    static const Enc SIGN[] = { { .map = 1, .opcode = 0xbe, .ext = 8 },
                                { .map = 1, .opcode = 0xbf, .ext = 8 },
                                { .opcode = 0x63, .ext = 8 } };
    int k = bytes == 1 ? 0 : bytes == 2 ? 1 : 2;
    if (bytes == 8)
        asm_op(a, ZERO[2], true, dst, rm, 0);
    else if (sign64)
        asm_op(a, SIGN[k], true, dst, rm, 0);
    else if (bytes == 1)
        asm_op8(a, ZERO[0], dst, rm, 0);
    else
        asm_op(a, ZERO[k], false, dst, rm, 0);
}

void asm_store(Asm *a, int bytes, unsigned src, Rm rm)
{
    static const Enc B = { .opcode = 0x88, .ext = 8 }, H = { .prefix = 0x66, .opcode = 0x89, .ext = 8 },
                     S = { .opcode = 0x89, .ext = 8 };
    if (bytes == 1)
        asm_op8(a, B, src, rm, 0);
    else
        asm_op(a, bytes == 2 ? H : S, bytes == 8, src, rm, 0);
}

void asm_lea(Asm *a, bool w, unsigned dst, Rm rm)
{
    static const Enc LEA = { .opcode = 0x8d, .ext = 8 };
    asm_op(a, LEA, w, dst, rm, 0);
}

void asm_alu(Asm *a, unsigned n, bool w, unsigned dst, Rm src)
{
    asm_op(a, (Enc){ .opcode = (uint8_t)(n << 3 | 3), .ext = 8 }, w, dst, src, 0);
}

void asm_alu_imm(Asm *a, unsigned n, bool w, Rm dst, int32_t value)
{
    bool small = value == (int8_t)value;
    asm_op(a, (Enc){ .opcode = small ? 0x83 : 0x81, .ext = (uint8_t)n, .imm = small ? 1 : 4 }, w, 0, dst,
           (uint64_t)(int64_t)value);
}

void asm_vload(Asm *a, int bytes, unsigned dst, Rm rm)
{
    static const Enc D = { 0x66, 1, 0x6e, 8, 0, false, false }, Q = { 0xf3, 1, 0x7e, 8, 0, false, false };
    asm_vec2(a, bytes == 16 ? MOVUPS : bytes == 8 ? Q : D, dst, rm, 0);
}

void asm_vstore(Asm *a, int bytes, unsigned src, Rm rm)
{
    static const Enc BY[] = { [1] = { 0x66, 3, 0x14, 8, 1, false, false },
                              [2] = { 0x66, 3, 0x15, 8, 1, false, false },
                              [4] = { 0x66, 1, 0x7e, 8, 0, false, false },
                              [8] = { 0x66, 1, 0xd6, 8, 0, false, false },
                              [16] = { 0, 1, 0x11, 8, 0, false, false } };
    asm_vec2(a, BY[bytes], src, rm, 0);
}

static uint8_t *rel32(Asm *a)
{
    put32(a, 0);
    return a->p - 4;
}

uint8_t *asm_jcc(Asm *a, Cc cc)
{
    put8(a, 0x0f);
    put8(a, 0x80 | cc);
    return rel32(a);
}

uint8_t *asm_jmp(Asm *a)
{
    put8(a, 0xe9);
    return rel32(a);
}

/* Long nops, as the SDM recommends under NOP, so that a rel32 after `opcode` bytes is at a multiple of 4. */
static void align(Asm *a, unsigned opcode)
{
    static const uint8_t nops[][3] = { { 0 }, { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 } };
    unsigned need = -(unsigned)(uintptr_t)(a->p + opcode) & 3;
    memcpy(a->p, nops[need], 3);
    a->p += need;
}

uint8_t *asm_jcc_aligned(Asm *a, Cc cc)
{
    align(a, 2);
    return asm_jcc(a, cc);
}

uint8_t *asm_jmp_aligned(Asm *a)
{
    align(a, 1);
    return asm_jmp(a);
}

void asm_target(uint8_t *at, const uint8_t *target)
{
    int32_t rel = (int32_t)(target - (at + 4));
    memcpy(at, &rel, 4);
}

void asm_here(Asm *a, uint8_t *at)
{
    asm_target(at, a->p);
}

static void rel_to(Asm *a, const void *exec)
{
    put32(a, (uint32_t)((const uint8_t *)exec - (a->p + a->to_exec + 4)));
}

void asm_jmp_to(Asm *a, const void *exec)
{
    put8(a, 0xe9);
    rel_to(a, exec);
}

void asm_jcc_to(Asm *a, Cc cc, const void *exec)
{
    put8(a, 0x0f);
    put8(a, 0x80 | cc);
    rel_to(a, exec);
}

void asm_call_to(Asm *a, const void *exec)
{
    put8(a, 0xe8);
    rel_to(a, exec);
}
