/* Bytes to instructions: prefixes, opcode, ModRM, SIB, displacement, immediates. SDM volume 2, chapter 2 and appendix
 * A. */
#include "frontend/x86/decode.h"

#include <assert.h>
#include <string.h>

enum { LONGEST = 15, ROOM = 48 };

/* The bytes are followed by zeros, more of them than can be asked for once the prefixes are over; that too many were
 * read is found out afterwards. */
typedef struct Reader {
    uint8_t code[ROOM];
    unsigned have, at;
    uint64_t mode;
    const uint64_t *features;
    X86Decoded result; /* of the first thing that was wrong */
    unsigned stop;     /* where that was */
} Reader;

static inline unsigned limit(const Reader *r)
{
    return r->have < LONGEST ? r->have : LONGEST;
}

/* Bytes that are not there were missed before anything else was wrong. */
static __attribute__((noinline, cold)) void fail(Reader *r, X86Decoded why)
{
    bool missed = r->at > limit(r);
    if (r->result != X86_DECODED)
        return;
    r->result = !missed ? why : r->have < LONGEST ? X86_MORE : X86_TOO_LONG;
    r->stop = missed ? limit(r) : r->at;
}

static inline uint8_t byte(Reader *r)
{
    return r->code[r->at++];
}

static inline uint64_t number(Reader *r, unsigned bytes)
{
    uint64_t v;
    memcpy(&v, r->code + r->at, sizeof v);
    r->at += bytes;
    return bytes < sizeof v ? v & ((1ull << 8 * bytes) - 1) : v;
}

static uint64_t extended(uint64_t v, unsigned bytes)
{
    return bytes < 8 ? (uint64_t)((int64_t)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes)) : v;
}

static const uint8_t seg_prefix[256] = {
    [0x26] = 1 + ES, [0x2e] = 1 + CS, [0x36] = 1 + SS, [0x3e] = 1 + DS, [0x64] = 1 + FS, [0x65] = 1 + GS
};

static const bool is_prefix[256] = {
    [0x26] = true, [0x2e] = true, [0x36] = true, [0x3e] = true, [0x64] = true, [0x65] = true,
    [0x66] = true, [0x67] = true, [0xf0] = true, [0xf2] = true, [0xf3] = true
};

/* Up to the first byte of the opcode, which is returned. A REX prefix counts only right before it. */
static uint8_t prefixes(Reader *r, X86Insn *i, bool *op67)
{
    for (;;) {
        uint8_t b = byte(r);
        bool rex = r->mode & M_CODE64 && (b & 0xf0) == 0x40;
        if (!is_prefix[b] && !rex)
            return b;
        if (r->at > LONGEST) {
            fail(r, X86_TOO_LONG);
            return 0;
        }
        if (rex) {
            i->rex = b;
            continue;
        }
        if (b == 0x66)
            i->op66 = true;
        else if (b == 0x67)
            *op67 = true;
        else if (b == 0xf0)
            i->lock = true;
        else if (b == 0xf2 || b == 0xf3)
            i->rep = b;
        else {
            /* in 64-bit mode ES, CS, SS and DS overrides are ignored */
            if (!(r->mode & M_CODE64) || seg_prefix[b] > DS + 1)
                i->override = seg_prefix[b] - 1;
        }
        i->rex = 0;
    }
}

static bool is_vex(const Reader *r, uint8_t b)
{
    if (b != 0xc4 && b != 0xc5)
        return false;
    return r->mode & M_CODE64 || r->code[r->at] >> 6 == 3;
}

/* C4 and C5 with ModRM.mod 11 are LES and LDS without a register form, but VEX only in protected mode: 2.3.6. */
static uint8_t vex(Reader *r, X86Insn *i, uint8_t first)
{
    static const uint8_t pp[] = { 0, 0x66, 0xf3, 0xf2 };
    bool bad = i->rex || i->lock || i->op66 || i->rep || !(r->mode & M_PROT) || r->mode & M_VM;
    uint8_t b = byte(r), map = 1;
    i->vex = true;
    i->rex = 0x40 | (b & 0x80 ? 0 : 4);
    if (first == 0xc4) {
        map = b & 0x1f;
        i->rex |= (b & 0x40 ? 0 : 2) | (b & 0x20 ? 0 : 1);
        b = byte(r);
        i->w = b & 0x80;
        i->rex |= i->w && r->mode & M_CODE64 ? 8 : 0;
    }
    i->vvvv = ~b >> 3 & 15;
    i->l256 = b & 4;
    i->op66 = pp[b & 3] == 0x66;
    i->rep = pp[b & 3] > 0x66 ? pp[b & 3] : 0;
    if (!(r->mode & M_CODE64)) {
        i->rex = 0x40;
        i->vvvv &= 7;
    }
    if (bad || map < 1 || map > 3)
        fail(r, X86_UNDEFINED);
    i->map = map;
    return byte(r);
}

static uint8_t opcode_byte(Reader *r, X86Insn *i, uint8_t b)
{
    if (is_vex(r, b))
        return vex(r, i, b);
    i->w = i->rex & 8;
    if (b != 0x0f)
        return b;
    i->map = MAP_0F;
    b = byte(r);
    if (b != 0x38 && b != 0x3a && b != 0x0f)
        return b;
    i->map = b == 0x0f ? MAP_3DNOW : b == 0x38 ? MAP_0F38 : MAP_0F3A;
    return b == 0x0f ? 0 : byte(r);
}

/* Of what was read so far, as X86Choice asks for it. */
static inline uint32_t choice_key(const Reader *r, const X86Insn *i)
{
    uint32_t key = i->modrm | (i->modrm >= 0xc0 ? CHOICE_REGISTER : 0) | (r->mode & M_CODE64 ? CHOICE_CODE64 : 0);
    if (i->op66 | i->rep | i->vex)
        key |= (i->op66 ? CHOICE_66 : 0) | (i->rep == 0xf3 ? CHOICE_F3 : 0) | (i->rep == 0xf2 ? CHOICE_F2 : 0) |
               (i->vex ? CHOICE_VEX : 0) | (i->l256 ? CHOICE_256 : 0);
    return key | (i->w ? CHOICE_W : 0);
}

static int find(const Reader *r, const X86Insn *i, const X86Choices *choices)
{
    uint32_t key = choice_key(r, i);
    const X86Choice *c = &x86_choice[choices->first], *end = c + choices->count;
    for (; c < end; c++)
        if ((key & c->mask) == c->value && (!r->features || r->features[c->feature >> 6] >> (c->feature & 63) & 1))
            return c->row;
    return -1;
}

/* ---- ModRM ---- */

static void default_segment(X86Insn *i, bool stack)
{
    i->seg = i->override != X86_NONE ? i->override : stack ? SS : DS;
}

/* Table 2-1. */
static void address16(Reader *r, X86Insn *i, unsigned mod, unsigned rm)
{
    static const uint8_t base[] = { RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX };
    static const uint8_t index[] = { RSI, RDI, RSI, RDI, X86_NONE, X86_NONE, X86_NONE, X86_NONE };
    if (mod == 0 && rm == 6) {
        i->disp = (int64_t)number(r, 2);
        default_segment(i, false);
        return;
    }
    i->base = base[rm];
    i->index = index[rm];
    i->disp = mod ? (int64_t)extended(number(r, mod), mod) : 0;
    default_segment(i, i->base == RBP);
}

/* Tables 2-2 and 2-3. */
static void address(Reader *r, X86Insn *i, unsigned mod, unsigned rm)
{
    unsigned base = rm;
    if (i->attr & X86_VSIB && rm != 4)
        fail(r, X86_UNDEFINED);
    if (rm == 4) {
        uint8_t sib = byte(r);
        base = sib & 7;
        i->scale = sib >> 6;
        i->index = (sib >> 3 & 7) | (i->rex & 2 ? 8 : 0);
        if (i->index == RSP && !(i->attr & X86_VSIB))
            i->index = X86_NONE;
    }
    if (mod == 0 && base == 5) {
        i->disp = (int64_t)extended(number(r, 4), 4);
        i->rip_relative = rm == 5 && r->mode & M_CODE64;
    } else {
        i->base = (uint8_t)(base | (i->rex & 1 ? 8 : 0));
        unsigned bytes = mod == 1 ? 1 : mod == 2 ? 4 : 0;
        i->disp = bytes ? (int64_t)extended(number(r, bytes), bytes) : 0;
    }
    default_segment(i, i->base == RSP || i->base == RBP);
}

static void modrm_operand(Reader *r, X86Insn *i)
{
    unsigned mod = i->modrm >> 6, rm = i->modrm & 7;
    i->reg = (i->modrm >> 3 & 7) | (i->rex & 4 ? 8 : 0);
    i->rm = (uint8_t)(rm | (i->rex & 1 ? 8 : 0));
    if (mod == 3)
        return;
    i->memory = true;
    if (i->adsize == 2 && i->attr & X86_VSIB)
        fail(r, X86_UNDEFINED);
    if (i->adsize == 2)
        address16(r, i, mod, rm);
    else
        address(r, i, mod, rm);
}

/* ---- sizes and operands ---- */

static void choose_sizes(const Reader *r, X86Insn *i, bool op67)
{
    if (r->mode & M_CODE64) {
        i->adsize = op67 ? 4 : 8;
        i->opsize = i->w ? 8 : i->op66 ? 2 : 4;
    } else {
        bool code32 = r->mode & M_CODE32;
        i->adsize = code32 != op67 ? 4 : 2;
        i->opsize = code32 != i->op66 ? 4 : 2;
    }
}

static void attribute_sizes(const Reader *r, X86Insn *i)
{
    if (!(r->mode & M_CODE64))
        return;
    if (i->attr & X86_F64)
        i->opsize = 8;
    else if (i->attr & X86_D64 && i->opsize == 4)
        i->opsize = 8;
}

static inline uint8_t bytes_of(const X86Insn *i, char size)
{
    static const uint8_t bytes[128][4] = {
        /* with operands of 2, 4, 8 */
        ['b'] = { 1, 1, 1 },    ['w'] = { 2, 2, 2 },    ['d'] = { 4, 4, 4 },    ['q'] = { 8, 8, 8 },
        ['v'] = { 2, 4, 8 },    ['z'] = { 2, 4, 4 },    ['y'] = { 4, 4, 8 },    ['p'] = { 4, 6, 10 },
        ['a'] = { 4, 8, 8 },    ['t'] = { 10, 10, 10 }, ['x'] = { 16, 16, 16 }, ['X'] = { 16, 16, 16 },
        ['Q'] = { 32, 32, 32 },
    };
    return size == 'X' && i->l256 ? 32 : bytes[size & 127][i->opsize >> 2];
}

/* Without REX, byte registers 4 to 7 are AH CH DH BH. */
static void general(X86Operand *o, const X86Insn *i, unsigned n)
{
    bool high = o->bytes == 1 && !i->rex && n >= 4 && n < 8;
    o->kind = high ? OPERAND_HIGH : OPERAND_REG;
    o->n = (uint8_t)(high ? n - 4 : n);
}

static void register_or_memory(X86Operand *o, const X86Insn *i, X86Kind kind)
{
    o->kind = i->memory ? OPERAND_MEM : (uint8_t)kind;
    o->n = kind == OPERAND_MMX ? i->rm & 7 : i->rm;
    o->vector = kind != OPERAND_REG;
    if (!i->memory && kind == OPERAND_REG)
        general(o, i, i->rm);
}

static void immediate(Reader *r, X86Insn *i, X86Operand *o, bool sign, bool second)
{
    uint64_t v = number(r, o->bytes > 4 && i->opcode < 0xb8 ? 4 : o->bytes);
    if (sign)
        v = extended(v, 1);
    else if (o->bytes == 4)
        v = extended(v, 4);
    o->kind = OPERAND_IMM;
    if (second)
        i->imm2 = v;
    else
        i->imm = v;
}

static void relative(Reader *r, X86Insn *i, X86Operand *o)
{
    i->imm = extended(number(r, o->bytes), o->bytes); /* finish() makes it the target */
    o->kind = OPERAND_REL;
}

enum { CONTROL_REGISTERS = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8 }; /* others: #UD, whoever asks */

static void read_operand_code(Reader *r, X86Insn *i, const X86Form *f, unsigned k)
{
    X86Operand *o = &i->op[k];
    bool second = k > 0 && (i->op[k - 1].kind == OPERAND_IMM);
    *o = (X86Operand){ .access = f->op[k].access, .bytes = bytes_of(i, f->op[k].size), .n = f->op[k].n };
    switch (f->op[k].code) {
    case 'E':
        register_or_memory(o, i, OPERAND_REG);
        break;
    case 'W':
        register_or_memory(o, i, OPERAND_XMM);
        break;
    case 'Q':
        register_or_memory(o, i, OPERAND_MMX);
        break;
    case 'M':
        o->kind = OPERAND_MEM;
        break;
    case 'R':
        general(o, i, i->rm);
        break;
    case 'G':
        general(o, i, i->reg);
        break;
    case 'Z':
        general(o, i, (i->opcode & 7u) | (i->rex & 1 ? 8u : 0u));
        break;
    case 'B':
        general(o, i, i->vvvv);
        break;
    case 'r':
        o->kind = OPERAND_REG;
        break;
    case 's':
        o->kind = OPERAND_SEG;
        break;
    case 'S':
        o->kind = OPERAND_SEG;
        o->n = i->reg & 7;
        if (o->n >= SEGS)
            fail(r, X86_UNDEFINED);
        break;
    case 'C':
        o->kind = OPERAND_CR;
        o->n = i->reg;
        if (!(CONTROL_REGISTERS >> o->n & 1) || (o->n == 8 && !(r->mode & M_CODE64)))
            fail(r, X86_UNDEFINED);
        break;
    case 'D':
        o->kind = OPERAND_DR;
        o->n = i->reg;
        if (o->n > 7)
            fail(r, X86_UNDEFINED);
        break;
    case 'V':
        o->kind = OPERAND_XMM;
        o->n = i->reg;
        break;
    case 'H':
        o->kind = OPERAND_XMM;
        o->n = i->vvvv;
        break;
    case 'U':
        o->kind = OPERAND_XMM;
        o->n = i->rm;
        break;
    case 'L':
        o->kind = OPERAND_XMM;
        o->n = (uint8_t)(byte(r) >> 4 & (r->mode & M_CODE64 ? 15 : 7));
        break;
    case 'P':
        o->kind = OPERAND_MMX;
        o->n = i->reg & 7;
        break;
    case 'N':
        o->kind = OPERAND_MMX;
        o->n = i->rm & 7;
        break;
    case 'X':
        o->kind = OPERAND_SOURCE;
        default_segment(i, false);
        break;
    case 'Y':
        o->kind = OPERAND_DEST;
        break;
    case 'O':
        o->kind = OPERAND_MEM;
        i->memory = true;
        i->disp = (int64_t)number(r, i->adsize);
        default_segment(i, false);
        break;
    case 'A':
        i->imm = number(r, i->opsize);
        i->imm2 = number(r, 2);
        o->kind = OPERAND_FAR;
        break;
    case 'J':
        relative(r, i, o);
        break;
    case '1':
        o->kind = OPERAND_IMM;
        i->imm = 1;
        break;
    default: /* I */
        immediate(r, i, o, f->op[k].sign, second);
        if (f->op[k].sign)
            o->bytes = i->op[0].bytes;
    }
}

static uint64_t cut(const Reader *r, uint64_t linear)
{
    return r->mode & M_CODE64 ? linear : (uint32_t)linear;
}

/* What is known only at the end: the next instruction, and what is relative to it. EIP wraps at the operand size. */
static void finish(const Reader *r, X86Insn *i)
{
    uint64_t base = r->mode & M_CODE64 ? 0 : (uint32_t)(r->mode >> M_CS_BASE_SHIFT);
    i->length = (uint8_t)r->at;
    i->next = cut(r, i->pc + r->at);
    if (x86_forms[i->number].relative) {
        uint64_t ip = i->next - base + i->imm;
        i->imm = cut(r, base + (i->opsize == 2 ? (uint16_t)ip : i->opsize == 4 ? (uint32_t)ip : ip));
    }
    if (i->rip_relative) {
        i->disp = (int64_t)(i->next + (uint64_t)i->disp);
        i->disp = i->adsize == 4 ? (int64_t)(uint32_t)i->disp : i->disp;
    }
}

/* An opcode without ModRM that no row has is undefined before anything after it is looked at. */
static void row_of(Reader *r, X86Insn *i)
{
    const X86Choices *choices = &x86_choices[i->map][i->opcode];
    i->has_modrm = choices->modrm[i->vex] || i->map == MAP_3DNOW;
    if (i->has_modrm)
        i->modrm = byte(r);
    if (i->map == MAP_3DNOW) { /* the opcode follows ModRM, SIB and displacement */
        modrm_operand(r, i);
        i->opcode = byte(r);
        choices = &x86_choices[i->map][i->opcode];
    }
    int n = find(r, i, choices);
    if (n < 0) {
        fail(r, X86_UNDEFINED);
        return;
    }
    i->number = (uint16_t)n;
    i->row = &x86_opcodes[n];
    i->attr = x86_forms[n].attr;
}

static void operands_of(Reader *r, X86Insn *i)
{
    const X86Form *f = &x86_forms[i->number];
    attribute_sizes(r, i);
    if (f->registers)
        i->modrm |= 0xc0; /* MOV of control and debug registers does not look at mod */
    if (i->has_modrm && i->map != MAP_3DNOW)
        modrm_operand(r, i);
    i->operands = f->operands;
    for (unsigned k = 0; k < f->operands; k++) {
        read_operand_code(r, i, f, k);
        i->op[k].vector |= i->op[k].kind == OPERAND_XMM || i->op[k].kind == OPERAND_MMX;
    }
}

/* VEX.vvvv that names no operand must be 1111: 2.3.5.6 */
static bool vvvv_is_good(const X86Insn *i)
{
    if (!i->vex)
        return true;
    const X86Form *f = &x86_forms[i->number];
    bool used = !i->vvvv;
    for (unsigned k = 0; k < f->operands; k++)
        used |= f->op[k].code == 'B' || f->op[k].code == 'H';
    return used;
}

/* LOCK needs a row that allows it and a memory operand that is written. */
static bool lock_is_good(const X86Insn *i)
{
    return !i->lock || (i->attr & X86_LOCK && i->op[0].kind == OPERAND_MEM);
}

X86Decoded x86_decode(const uint8_t *code, unsigned have, uint64_t pc, uint64_t mode, const uint64_t *features,
                      X86Insn *i)
{
    Reader r = { .have = have, .mode = mode, .features = features };
    bool op67 = false;
    if (!__atomic_load_n(&x86_rows_read, __ATOMIC_ACQUIRE))
        x86_rows(NULL);
    if (have >= 16)
        memcpy(r.code, code, 16);
    else
        memcpy(r.code, code, have);
    *i = (X86Insn){ .pc = pc, .override = X86_NONE, .base = X86_NONE, .index = X86_NONE, .seg = DS };
    uint8_t b = prefixes(&r, i, &op67);
    i->opcode = r.result == X86_DECODED ? opcode_byte(&r, i, b) : 0;
    choose_sizes(&r, i, op67);
    if (r.result == X86_DECODED)
        row_of(&r, i);
    if (r.result == X86_DECODED)
        operands_of(&r, i);
    if (!lock_is_good(i) || !vvvv_is_good(i) || r.at > limit(&r))
        fail(&r, X86_UNDEFINED);
    i->length = (uint8_t)(r.result == X86_DECODED ? r.at : r.stop);
    if (r.result == X86_DECODED)
        finish(&r, i);
    return r.result;
}
