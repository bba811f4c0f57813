#include "tests/frontend/random_x86.h"

#include <string.h>

typedef struct Writer {
    uint8_t *p;
    uint64_t *seed;
} Writer;

static unsigned below(Writer *w, unsigned n)
{
    return x86_random_below(w->seed, n);
}

static void put(Writer *w, unsigned b)
{
    *w->p++ = (uint8_t)b;
}

static void prefixes(Writer *w, const X86Form *f, bool code64)
{
    static const uint8_t seg[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
    if (below(w, 6) == 0)
        put(w, seg[below(w, 6)]);
    if (below(w, 6) == 0)
        put(w, 0x67);
    if (f->vex)
        return;
    if (f->prefix == P_66 || (f->prefix != P_NP && below(w, 3) == 0))
        put(w, 0x66);
    if (f->prefix == P_F3 || f->prefix == P_F2)
        put(w, f->prefix == P_F3 ? 0xf3 : 0xf2);
    else if (f->prefix == P_ANY && below(w, 8) == 0)
        put(w, below(w, 2) ? 0xf3 : 0xf2);
    if (f->attr & X86_LOCK && below(w, 8) == 0)
        put(w, 0xf0);
    if (code64 && (f->w == 2 || below(w, 2)))
        put(w, 0x40 | below(w, 16) | (f->w == 2 ? 8u : 0) | 0);
}

static void vex(Writer *w, const X86Form *f, bool code64)
{
    static const uint8_t pp[] = { [P_NP] = 0, [P_66] = 1, [P_F3] = 2, [P_F2] = 3 };
    unsigned l = f->vl == 2 || (!f->vl && below(w, 2)) ? 4 : 0, bit_w = f->w ? f->w - 1u : below(w, 2);
    unsigned vvvv = 0;
    for (unsigned k = 0; k < f->operands; k++)
        if (f->op[k].code == 'B' || f->op[k].code == 'H')
            vvvv = below(w, code64 ? 16 : 8);
    if (f->map == MAP_0F && !bit_w && below(w, 2)) {
        put(w, 0xc5);
        put(w, (code64 && below(w, 2) ? 0 : 0x80) | (~vvvv & 15) << 3 | l | pp[f->prefix]);
        return;
    }
    put(w, 0xc4);
    put(w, (code64 ? below(w, 8) << 5 : 0xe0) | f->map);
    put(w, bit_w << 7 | (~vvvv & 15) << 3 | l | pp[f->prefix]);
}

static void map_bytes(Writer *w, const X86Form *f)
{
    if (f->map != MAP_1)
        put(w, 0x0f);
    if (f->map == MAP_0F38 || f->map == MAP_0F3A)
        put(w, f->map == MAP_0F38 ? 0x38 : 0x3a);
    if (f->map == MAP_3DNOW)
        put(w, 0x0f);
}

static void modrm(Writer *w, const X86Form *f)
{
    unsigned m = f->exacts ? f->exact + below(w, f->exacts) : below(w, 256);
    if (!f->exacts && below(w, 3) == 0)
        m |= 0xc0;
    if (f->mod == 'r')
        m |= 0xc0;
    if (f->mod == 'm' && m >= 0xc0)
        m &= 0xbf;
    if (f->digit != X86_NONE)
        m = (m & 0xc7) | f->digit << 3;
    if (f->attr & X86_VSIB)
        m = (m & 0xf8) | 4;
    put(w, m);
}

bool x86_random(int row, uint64_t mode, uint64_t *seed, uint8_t code[16])
{
    const X86Form *f = x86_form(row);
    bool code64 = mode & M_CODE64;
    Writer w = { .p = code, .seed = seed };
    if (f->attr & (code64 ? X86_I64 : X86_O64) || (f->w == 2 && !f->vex && !code64))
        return false;
    prefixes(&w, f, code64);
    if (f->vex)
        vex(&w, f, code64);
    else
        map_bytes(&w, f);
    if (f->map == MAP_3DNOW) { /* registers only, so that the opcode's place is known */
        put(&w, 0xc0 | below(&w, 64));
        put(&w, f->opcode);
    } else {
        put(&w, f->opcode + below(&w, f->opcodes));
        if (f->modrm)
            modrm(&w, f);
    }
    while (w.p < code + 16)
        put(&w, below(&w, 4) ? below(&w, 256) : below(&w, 2) * 255u);
    return true;
}
