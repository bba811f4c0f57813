#include "backend/x86_64/asm.h"

#include <assert.h>

const uint8_t *asm_pool;

/* The bytes of an instruction are laid down with as few branches as can be, because which kinds follow one another is
 * as random as the guest's code: words are put together and stored whole, and only what belongs to them is counted. */
static inline uint8_t *byte(uint8_t *p, unsigned b)
{
    *p = (uint8_t)b;
    return p + 1;
}

static inline void word64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

static inline uint8_t *word32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

/* `after`: bytes of immediate that follow. */
static inline uint8_t *modrm(const Asm *a, uint8_t *p, unsigned reg, Rm rm, unsigned after)
{
    reg = (reg & 7) << 3;
    if (rm.kind == RM_POOL) { /* relative to the next instruction */
        p = byte(p, reg | 5);
        return word32(p, (uint32_t)(asm_pool + rm.bytes - (p + a->to_exec + 4 + after)));
    }
    word64(p, rm.bytes | reg);
    return p + rm.len;
}

/* REX.R, X and B. */
static inline unsigned rex_of(unsigned reg, Rm rm)
{
    return (reg & 8) >> 1 | rm.rex;
}

static inline uint8_t *tail(const Asm *a, uint8_t *p, Enc e, unsigned reg, Rm rm, uint64_t imm)
{
    p = modrm(a, p, e.ext < 8 ? e.ext : reg, rm, e.imm);
    word64(p, imm);
    return p + e.imm;
}

/* Prefix, REX, map and opcode as one word, put together from its end. */
static inline void legacy(Asm *a, Enc e, unsigned rex, unsigned reg, Rm rm, uint64_t imm)
{
    static const uint16_t map[] = { 0, 0x0f, 0x380f, 0x3a0f };
    unsigned maps = e.map ? 8 + 8 * (e.map > 1) : 0, has_rex = rex ? 8 : 0, has_prefix = e.prefix ? 8 : 0;
    uint64_t v = map[e.map] | (uint64_t)e.opcode << maps;
    v = v << has_rex | (rex ? 0x40 | rex : 0);
    v = v << has_prefix | e.prefix;
    word64(a->p, v);
    a->p = tail(a, a->p + (8 + maps + has_rex + has_prefix) / 8, e, reg, rm, imm);
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
    unsigned short_form = 0xc5 | ((rex & 4 ? 0 : 0x80) | last) << 8 | (unsigned)e.opcode << 16;
    unsigned long_form =
        0xc4 | ((~rex & 7) << 5 | e.map) << 8 | ((e.w ? 0x80u : 0) | last) << 16 | (unsigned)e.opcode << 24;
    word32(a->p, two ? short_form : long_form);
    a->p = tail(a, a->p + (two ? 3 : 4), e, reg, rm, imm);
}

/* ---- the kinds that most code consists of: one opcode byte ---- */

static inline void one_byte_reg(Asm *a, unsigned opcode, bool w, unsigned reg, unsigned rm)
{
    unsigned rex = 0x40 | (unsigned)w << 3 | (reg & 8) >> 1 | (rm & 8) >> 3;
    uint32_t v = opcode | (0xc0 | (reg & 7) << 3 | (rm & 7)) << 8;
    bool has_rex = rex != 0x40;
    word32(a->p, has_rex ? v << 8 | rex : v);
    a->p += 2 + has_rex;
}

static inline void one_byte(Asm *a, unsigned opcode, bool w, unsigned reg, Rm rm)
{
    unsigned rex = 0x40 | (unsigned)w << 3 | rex_of(reg, rm), has_rex = rex != 0x40;
    word32(a->p, has_rex ? rex | opcode << 8 : opcode);
    a->p = modrm(a, a->p + 1 + has_rex, reg, rm, 0);
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
    assert(dst.kind != RM_POOL); /* its address would count from the end of the immediate */
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
    if (bytes >= 4)
        one_byte(a, n << 3 | 3, bytes == 8, dst, src);
    else
        op_bytes(a, (Enc){ .opcode = (uint8_t)(n << 3 | 3), .ext = 8 }, bytes, dst, src, 0);
}

void asm_alu_imm_bytes(Asm *a, unsigned n, int bytes, Rm dst, int32_t value)
{
    if (bytes >= 4) {
        asm_alu_imm(a, n, bytes == 8, dst, value);
        return;
    }
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
    if (bytes >= 4)
        one_byte(a, 0x85, bytes == 8, x, y);
    else
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
