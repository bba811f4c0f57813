#include "backend/x86_64/asm.h"

#include <assert.h>

/* The bytes of an instruction are laid down with as few branches as can be, because which kinds follow one another is
 * as random as the guest's code: what may be absent is written anyway and then not counted. */
static inline uint8_t *byte(uint8_t *p, unsigned b)
{
    *p = (uint8_t)b;
    return p + 1;
}

static inline uint8_t *byte_if(uint8_t *p, bool there, unsigned b)
{
    *p = (uint8_t)b;
    return p + there;
}

static inline uint8_t *word32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

static uint8_t *special_modrm(const Asm *a, uint8_t *p, unsigned reg, Rm rm, unsigned after)
{
    if (rm.kind == RM_POOL) {
        p = byte(p, reg | 5);
        return word32(p, (uint32_t)(rm.target - (p + a->to_exec + 4 + after)));
    }
    p = byte(p, reg | 4); /* index only: SIB without base has a disp32 */
    p = byte(p, (unsigned)rm.scale << 6 | (rm.index & 7u) << 3 | 5);
    return word32(p, (uint32_t)rm.disp);
}

static inline uint8_t *modrm(const Asm *a, uint8_t *p, unsigned reg, Rm rm, unsigned after)
{
    reg = (reg & 7) << 3;
    if (rm.kind == RM_REG)
        return byte(p, 0xc0 | reg | (rm.base & 7u));
    if (rm.base == NO_REG)
        return special_modrm(a, p, reg, rm, after);
    bool sib = rm.index != NO_REG || (rm.base & 7) == RSP, none = rm.disp == 0 && (rm.base & 7) != RBP,
         small = rm.disp == (int8_t)rm.disp;
    unsigned mod = none ? 0 : small ? 0x40 : 0x80;
    p = byte(p, mod | reg | (sib ? 4 : rm.base & 7u));
    p = byte_if(p, sib, (unsigned)rm.scale << 6 | (rm.index == NO_REG ? 4u : rm.index & 7u) << 3 | (rm.base & 7u));
    word32(p, (uint32_t)rm.disp);
    return p + (none ? 0 : small ? 1 : 4);
}

/* REX.R, X and B; a register that is none has no bit 3 set. */
static inline unsigned rex_of(unsigned reg, Rm rm)
{
    return (reg & 8) >> 1 | (rm.index & 8u & ~(rm.index >> 4)) >> 2 | (rm.base & 8u & ~(rm.base >> 4)) >> 3;
}

static inline uint8_t *tail(const Asm *a, uint8_t *p, Enc e, unsigned reg, Rm rm, uint64_t imm)
{
    p = byte(p, e.opcode);
    p = modrm(a, p, e.ext < 8 ? e.ext : reg, rm, e.imm);
    memcpy(p, &imm, 8);
    return p + e.imm;
}

static inline void legacy(Asm *a, Enc e, unsigned rex, unsigned reg, Rm rm, uint64_t imm)
{
    uint8_t *p = a->p;
    p = byte_if(p, e.prefix, e.prefix);
    p = byte_if(p, rex, 0x40 | rex);
    p = byte_if(p, e.map, 0x0f);
    p = byte_if(p, e.map > 1, e.map == 2 ? 0x38 : 0x3a);
    a->p = tail(a, p, e, reg, rm, imm);
}

void asm_op(Asm *a, Enc e, bool w, unsigned reg, Rm rm, uint64_t imm)
{
    legacy(a, e, (w || e.w ? 8u : 0) | rex_of(e.ext < 8 ? 0 : reg, rm), reg, rm, imm);
}

void asm_op8(Asm *a, Enc e, unsigned reg, Rm rm, uint64_t imm)
{
    legacy(a, e, 0x40 | rex_of(e.ext < 8 ? 0 : reg, rm), reg, rm, imm);
}

void asm_vex(Asm *a, Enc e, bool l256, unsigned reg, unsigned vvvv, Rm rm, uint64_t imm)
{
    unsigned pp = e.prefix == 0x66 ? 1 : e.prefix ? 5u - (e.prefix & 3u) : 0; /* 66 F3 F2: 1 2 3 */
    unsigned rex = rex_of(e.ext < 8 ? 0 : reg, rm), last = (~vvvv & 15) << 3 | (l256 ? 4u : 0) | pp;
    bool two = e.map == 1 && !e.w && !(rex & 3);
    uint8_t *p = a->p;
    p[0] = two ? 0xc5 : 0xc4;
    p[1] = (uint8_t)(two ? (rex & 4 ? 0 : 0x80) | last : (~rex & 7) << 5 | e.map);
    p[2] = (uint8_t)((e.w ? 0x80u : 0) | last);
    a->p = tail(a, p + (two ? 2 : 3), e, reg, rm, imm);
}

/* ---- the kinds that most code consists of: one opcode byte, registers or [base + disp] ---- */

static inline void one_byte_reg(Asm *a, unsigned opcode, bool w, unsigned reg, unsigned rm)
{
    unsigned rex = 0x40 | (unsigned)w << 3 | (reg & 8) >> 1 | (rm & 8) >> 3;
    uint32_t v = opcode | (0xc0 | (reg & 7) << 3 | (rm & 7)) << 8;
    bool has_rex = rex != 0x40;
    word32(a->p, has_rex ? v << 8 | rex : v);
    a->p += 2 + has_rex;
}

static inline void one_byte_mem(Asm *a, unsigned opcode, bool w, unsigned reg, unsigned base, int32_t disp)
{
    unsigned rex = 0x40 | (unsigned)w << 3 | (reg & 8) >> 1 | (base & 8) >> 3;
    bool none = disp == 0 && (base & 7) != RBP, small = disp == (int8_t)disp;
    uint8_t *p = byte_if(a->p, rex != 0x40, rex);
    p = byte(p, opcode);
    p = byte(p, (none ? 0 : small ? 0x40 : 0x80u) | (reg & 7) << 3 | (base & 7));
    p = byte_if(p, (base & 7) == RSP, 0x24);
    word32(p, (uint32_t)disp);
    a->p = p + (none ? 0 : small ? 1 : 4);
}

/* Any operand. */
static inline void one_byte(Asm *a, unsigned opcode, bool w, unsigned reg, Rm rm)
{
    if (rm.kind == RM_REG)
        one_byte_reg(a, opcode, w, reg, rm.base);
    else if (rm.index == NO_REG && rm.base != NO_REG)
        one_byte_mem(a, opcode, w, reg, rm.base, rm.disp);
    else
        asm_op(a, (Enc){ .opcode = (uint8_t)opcode, .ext = 8 }, w, reg, rm, 0);
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
    one_byte_reg(a, 0x8b, w, dst, src);
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
    static const Enc ZERO[] = { [1] = { .map = 1, .opcode = 0xb6, .ext = 8 }, { .map = 1, .opcode = 0xb7, .ext = 8 } };
    static const Enc SIGN[] = { [1] = { .map = 1, .opcode = 0xbe, .ext = 8 }, { .map = 1, .opcode = 0xbf, .ext = 8 } };
    if (bytes >= 4)
        one_byte(a, bytes == 4 && sign64 ? 0x63 : 0x8b, bytes == 8 || sign64, dst, rm);
    else if (sign64)
        asm_op(a, SIGN[bytes], true, dst, rm, 0);
    else if (bytes == 1)
        asm_op8(a, ZERO[1], dst, rm, 0);
    else
        asm_op(a, ZERO[bytes], false, dst, rm, 0);
}

void asm_store(Asm *a, int bytes, unsigned src, Rm rm)
{
    static const Enc B = { .opcode = 0x88, .ext = 8 }, H = { .prefix = 0x66, .opcode = 0x89, .ext = 8 };
    if (bytes >= 4)
        one_byte(a, 0x89, bytes == 8, src, rm);
    else if (bytes == 2)
        asm_op(a, H, false, src, rm, 0);
    else
        asm_op8(a, B, src, rm, 0);
}

void asm_lea(Asm *a, bool w, unsigned dst, Rm rm)
{
    one_byte(a, 0x8d, w, dst, rm);
}

void asm_alu(Asm *a, unsigned n, bool w, unsigned dst, Rm src)
{
    one_byte(a, n << 3 | 3, w, dst, src);
}

void asm_alu_imm(Asm *a, unsigned n, bool w, Rm dst, int32_t value)
{
    bool small = value == (int8_t)value;
    one_byte(a, small ? 0x83 : 0x81, w, n, dst);
    word32(a->p, (uint32_t)value);
    a->p += small ? 1 : 4;
}

/* One row in the width of `bytes`: byte opcodes are one below the others. */
static void op_bytes(Asm *a, Enc e, int bytes, unsigned reg, Rm rm, uint64_t imm)
{
    e.prefix = bytes == 2 ? 0x66 : 0;
    if (bytes == 1) {
        e.opcode--;
        asm_op8(a, e, reg, rm, imm);
    } else {
        asm_op(a, e, bytes == 8, reg, rm, imm);
    }
}

void asm_alu_bytes(Asm *a, unsigned n, int bytes, unsigned dst, Rm src)
{
    op_bytes(a, (Enc){ .opcode = (uint8_t)(n << 3 | 3), .ext = 8 }, bytes, dst, src, 0);
}

void asm_alu_imm_bytes(Asm *a, unsigned n, int bytes, Rm dst, int32_t value)
{
    int32_t v = bytes == 1 ? (int8_t)value : bytes == 2 ? (int16_t)value : value;
    bool small = v == (int8_t)v && bytes > 1;
    Enc e = { .opcode = small ? 0x83 : 0x81,
              .ext = (uint8_t)n,
              .imm = (uint8_t)(small || bytes == 1 ? 1
                               : bytes == 2        ? 2
                                                   : 4) };
    op_bytes(a, e, bytes, 0, dst, (uint64_t)(int64_t)v);
}

void asm_shift_bytes(Asm *a, unsigned n, int bytes, unsigned dst, unsigned count)
{
    op_bytes(a, (Enc){ .opcode = 0xc1, .ext = (uint8_t)n, .imm = 1 }, bytes, 0, rm_reg(dst), count);
}

void asm_test_bytes(Asm *a, int bytes, unsigned x, Rm y)
{
    op_bytes(a, (Enc){ .opcode = 0x85, .ext = 8 }, bytes, x, y, 0);
}

void asm_test_imm_bytes(Asm *a, int bytes, Rm x, int32_t value)
{
    op_bytes(a, (Enc){ .opcode = 0xf7, .imm = (uint8_t)(bytes > 2 ? 4 : bytes) }, bytes, 0, x,
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

uint8_t *asm_jcc(Asm *a, Cc cc)
{
    uint8_t *rel32 = byte(byte(a->p, 0x0f), 0x80u | cc);
    a->p = word32(rel32, 0);
    return rel32;
}

uint8_t *asm_jmp(Asm *a)
{
    uint8_t *rel32 = byte(a->p, 0xe9);
    a->p = word32(rel32, 0);
    return rel32;
}

uint8_t *asm_call(Asm *a)
{
    uint8_t *rel32 = byte(a->p, 0xe8);
    a->p = word32(rel32, 0);
    return rel32;
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

void asm_align_jcc(Asm *a, unsigned before)
{
    align(a, before + 2);
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
