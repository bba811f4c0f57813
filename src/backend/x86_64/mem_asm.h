/* The instructions that most accesses to guest memory consist of, each put together as one word. */
#pragma once
#include "backend/x86_64/asm.h"

/* dst = base + disp. */
static inline void asm_address(Asm *a, unsigned dst, unsigned base, int32_t disp)
{
    unsigned low = base & 7, sib = low == RSP, small = disp == (int8_t)disp, head = 24 + 8 * sib;
    uint64_t v = 0x48 | (dst & 8) >> 1 | base >> 3;
    if (!disp) { /* mov */
        v |= 0x8b << 8 | (0xc0 | (dst & 7) << 3 | low) << 16;
        memcpy(a->p, &v, 4);
        a->p += 3;
        return;
    }
    v |= 0x8d << 8 | ((small ? 0x40 : 0x80) | (dst & 7) << 3 | low) << 16; /* lea */
    v |= (uint64_t)(0x24 & -sib) << 24 | (uint64_t)(uint32_t)disp << head;
    memcpy(a->p, &v, 8);
    a->p += head / 8 + (small ? 1 : 4);
}

/* mov or one that extends, between a register and memory: which one. */
typedef struct AccessForm {
    uint16_t opcode;
    uint8_t bits; /* of it */
    bool half, w; /* 16 bits, by a prefix; 64 bits */
    bool byte;    /* REX is forced where the register would be dh, bh or the like */
} AccessForm;

/* [base + disp], or [base + rax + disp]. */
static inline void asm_access(Asm *a, AccessForm f, unsigned reg, unsigned base, bool rax_too, int32_t disp)
{
    unsigned low = base & 7, sib = rax_too || low == RSP;
    bool none = !disp && low != RBP, small = disp == (int8_t)disp;
    unsigned rex = (unsigned)f.w << 3 | (reg & 8) >> 1 | base >> 3, has_rex = rex || (f.byte && reg >= 4);
    uint64_t v = (none ? 0 : small ? 0x40u : 0x80u) | (reg & 7) << 3 | (sib ? 4 : low) | (rax_too ? low : 0x24) << 8;
    v = v << f.bits | f.opcode;
    v = has_rex ? v << 8 | 0x40 | rex : v;
    if (f.half)
        put8(a, 0x66);
    memcpy(a->p, &v, 8);
    a->p += 1 + sib + has_rex + f.bits / 8;
    memcpy(a->p, &disp, 4);
    a->p += none ? 0 : small ? 1 : 4;
}

/* push imm; call: a slow path, which pops the number. */
static inline void asm_push_call(Asm *a, uint32_t imm, const void *exec)
{
    bool small = imm < 0x80;
    uint64_t v = (small ? 0x6a : 0x68) | (uint64_t)imm << 8;
    memcpy(a->p, &v, 8);
    uint8_t *p = a->p + (small ? 2 : 5);
    int32_t rel = (int32_t)((const uint8_t *)exec - (p + a->to_exec + 5));
    p[0] = 0xe8;
    memcpy(p + 1, &rel, 4);
    a->p = p + 5;
}

/* mov dst, rax, or only its lower half. */
static inline void asm_mov_rax(Asm *a, bool w, unsigned dst)
{
    unsigned rex = (unsigned)w << 3 | (dst & 8) >> 1;
    uint32_t v = 0x8b | (0xc0 | (dst & 7) << 3) << 8;
    v = rex ? v << 8 | 0x40 | rex : v;
    memcpy(a->p, &v, 4);
    a->p += rex ? 3 : 2;
}

/* xor reg, reg; test reg, reg and je, which returns where its rel32 is. */
static inline void asm_clear(Asm *a, unsigned reg)
{
    uint32_t v = 0x33 | (0xc0 | (reg & 7) * 9) << 8;
    v = reg & 8 ? v << 8 | 0x45 : v;
    memcpy(a->p, &v, 4);
    a->p += 2 + (reg >> 3);
}
static inline uint8_t *asm_if_zero(Asm *a, unsigned reg)
{
    uint64_t v = 0x48 | (reg & 8) >> 1 | reg >> 3 | 0x85 << 8 | (0xc0 | (reg & 7) * 9) << 16 | 0x840full << 24;
    memcpy(a->p, &v, 8);
    a->p += 9;
    return a->p - 4;
}

static inline void asm_jmp_back(Asm *a, const uint8_t *target)
{
    int32_t rel = (int32_t)(target - (a->p + 5));
    a->p[0] = 0xe9;
    memcpy(a->p + 1, &rel, 4);
    a->p += 5;
}
