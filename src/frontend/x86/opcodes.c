/* The opcode map: its rows, read once into what the decoder needs, and found by map and opcode. */
#include "frontend/x86/decode.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const X86Row x86_opcodes[] = {
#define OP(encoding, name, operands, attributes, feature) { encoding, #name, operands, attributes, X86_##feature },
#include "frontend/x86/opcodes.def"
};
enum { ROWS = sizeof x86_opcodes / sizeof *x86_opcodes };

X86Form x86_forms[ROWS];
X86Choice x86_choice[ROWS * 16]; /* of each opcode, rows that say a prefix first */
X86Choices x86_choices[X86_MAPS][256];
bool x86_rows_read;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- reading the rows ---- */

static const struct {
    const char *word;
    uint16_t bit;
} attributes[] = {
    { "lock", X86_LOCK },     { "i64", X86_I64 },        { "o64", X86_O64 },       { "d64", X86_D64 },
    { "f64", X86_F64 },       { "cpl0", X86_CPL0 },      { "prot", X86_PROT },     { "fpu", X86_FPU },
    { "mmx", X86_MMX },       { "sse", X86_SSE },        { "avx", X86_AVX },       { "raw", X86_RAW },
    { "halves", X86_HALVES }, { "unal", X86_UNALIGNED }, { "align", X86_ALIGNED }, { "vsib", X86_VSIB }
};

static const struct {
    const char *name;
    char code, size;
    uint8_t n;
} fixed[] = {
    { "AL", 'r', 'b', RAX },  { "CL", 'r', 'b', RCX },  { "AX", 'r', 'w', RAX },  { "DX", 'r', 'w', RDX },
    { "eAX", 'r', 'z', RAX }, { "rAX", 'r', 'v', RAX }, { "EAX", 'r', 'd', RAX }, { "RAX", 'r', 'q', RAX },
    { "yAX", 'r', 'y', RAX }, { "yDX", 'r', 'y', RDX }, { "1", '1', 'b', 0 },     { "ES", 's', 'w', ES },
    { "CS", 's', 'w', CS },   { "SS", 's', 'w', SS },   { "DS", 's', 'w', DS },   { "FS", 's', 'w', FS },
    { "GS", 's', 'w', GS },
};

/* Sizes of more than one letter get another one of their own. */
static const struct {
    const char *word;
    char size;
} sizes[] = { { "dq", 'x' }, { "qq", 'Q' }, { "ps", 'X' }, { "pd", 'X' }, { "ss", 'd' }, { "sd", 'q' },
              { "pi", 'q' }, { "t", 't' },  { "bs", 'b' }, { "x", 'X' },  { "o", 'x' } };

static void refuse(const X86Row *r, const char *what)
{
    fprintf(stderr, "opcodes: row \"%s\" %s \"%s\": cannot read %s\n", r->encoding, r->name, r->operands, what);
    abort();
}

/* Copies the next word, up to one of `stops`; false at the end. */
static bool word(const char **p, const char *stops, char out[32])
{
    size_t n;
    *p += strspn(*p, stops);
    n = strcspn(*p, stops);
    if (!n || n > 31)
        return false;
    memcpy(out, *p, n);
    out[n] = 0;
    *p += n;
    return true;
}

static char size_of(const char *s)
{
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++)
        if (!strcmp(s, sizes[k].word))
            return sizes[k].size;
    return s[0];
}

static void read_operand(const X86Row *r, X86Form *f, const char *s)
{
    if (f->operands == 4)
        refuse(r, "so many operands");
    uint8_t access = *s == '=' ? X86_WRITE : *s == '+' ? X86_READ | X86_WRITE : X86_READ;
    s += access != X86_READ;
    unsigned n = f->operands++;
    f->op[n].access = access;
    for (unsigned k = 0; k < sizeof fixed / sizeof *fixed; k++)
        if (!strcmp(s, fixed[k].name)) {
            f->op[n].code = fixed[k].code;
            f->op[n].size = fixed[k].size;
            f->op[n].n = fixed[k].n;
            return;
        }
    if (!strchr("ABCDEGHIJLMNOPQRSUVWXYZ", *s))
        refuse(r, s);
    f->op[n].code = *s;
    f->op[n].size = size_of(s + 1);
    f->op[n].sign = !strcmp(s, "Ibs");
    f->modrm |= strchr("CDEGMNPQRSUVW", *s) != NULL;
    f->relative |= *s == 'J';
    f->registers |= *s == 'R';
    f->mmx |= strchr("NPQ", *s) != NULL;
    if (*s == 'M')
        f->mod = 'm';
    if (*s == 'U' || *s == 'N')
        f->mod = 'r';
}

static void read_prefix_word(X86Form *f, const char *s)
{
    f->prefix = !strcmp(s, "NP")   ? P_NP
                : !strcmp(s, "66") ? P_66
                : !strcmp(s, "F3") ? P_F3
                : !strcmp(s, "F2") ? P_F2
                                   : P_NF;
}

static void read_vex(const X86Row *r, X86Form *f, const char *s)
{
    char w[32];
    f->vex = true;
    while (word(&s, ".", w)) {
        if (!strcmp(w, "128") || !strcmp(w, "256"))
            f->vl = w[0] == '1' ? 1 : 2;
        else if (!strcmp(w, "W0") || !strcmp(w, "W1"))
            f->w = w[1] == '0' ? 1 : 2;
        else if (!strcmp(w, "NP") || !strcmp(w, "66") || !strcmp(w, "F3") || !strcmp(w, "F2"))
            read_prefix_word(f, w);
        else if (!strncmp(w, "0F", 2))
            f->map = !w[2] ? MAP_0F : w[3] == '8' ? MAP_0F38 : MAP_0F3A;
        else if (strcmp(w, "VEX") && strcmp(w, "LIG") && strcmp(w, "WIG"))
            refuse(r, w);
    }
}

static void read_encoding(const X86Row *r, X86Form *f)
{
    char w[32];
    const char *p = r->encoding;
    bool opcode = false;
    while (word(&p, " ", w)) {
        if (!opcode && !f->vex &&
            (!strcmp(w, "NP") || !strcmp(w, "NF") || !strcmp(w, "66") || !strcmp(w, "F3") || !strcmp(w, "F2")) && *p)
            read_prefix_word(f, w);
        else if (!strncmp(w, "VEX", 3))
            read_vex(r, f, w);
        else if (!strcmp(w, "REX.W"))
            f->w = 2;
        else if (!strcmp(w, "m") || !strcmp(w, "r"))
            f->mod = (uint8_t)w[0];
        else if (w[0] == '/') {
            f->digit = w[1] == 'r' ? X86_NONE : (uint8_t)(w[1] - '0');
            f->modrm = true;
        } else if (!opcode && f->map == MAP_1 && !strcmp(w, "0F") && *p) {
            f->map = MAP_0F;
        } else if (!opcode && f->map == MAP_0F && *p && (!strcmp(w, "38") || !strcmp(w, "3A") || !strcmp(w, "0F")) &&
                   p[1] != '/') {
            f->map = w[0] == '0' ? MAP_3DNOW : w[1] == '8' ? MAP_0F38 : MAP_0F3A;
        } else {
            unsigned long v = strtoul(w, NULL, 16);
            uint8_t many = strstr(w, "+cc") ? 16 : strchr(w, '+') ? 8 : 1;
            if (opcode) {
                f->exact = (uint8_t)v;
                f->exacts = many;
                f->modrm = true;
            } else {
                f->opcode = (uint8_t)v;
                f->opcodes = many;
            }
            opcode = true;
        }
    }
    if (!opcode)
        refuse(r, "an opcode");
}

static void read_row(int n)
{
    const X86Row *r = &x86_opcodes[n];
    X86Form *f = &x86_forms[n];
    char w[32];
    f->digit = X86_NONE;
    read_encoding(r, f);
    for (const char *p = r->operands; word(&p, ",", w);)
        read_operand(r, f, w);
    for (const char *p = r->attributes; word(&p, " ", w);) {
        unsigned k = 0;
        while (k < sizeof attributes / sizeof *attributes && strcmp(attributes[k].word, w))
            k++;
        if (k == sizeof attributes / sizeof *attributes)
            refuse(r, w);
        f->attr |= attributes[k].bit;
    }
}

static void want(X86Choice *c, unsigned mask, unsigned value)
{
    c->mask |= (uint16_t)mask;
    c->value |= (uint16_t)value;
}

static X86Choice choice_of(int n)
{
    static const uint16_t prefix_mask[] = { 0,
                                            CHOICE_66 | CHOICE_F3 | CHOICE_F2,
                                            CHOICE_66 | CHOICE_F3 | CHOICE_F2,
                                            CHOICE_F3,
                                            CHOICE_F2,
                                            CHOICE_F3 | CHOICE_F2 };
    static const uint16_t prefix_value[] = { 0, 0, CHOICE_66, CHOICE_F3, CHOICE_F2, 0 };
    const X86Form *f = &x86_forms[n];
    X86Choice c = { .row = (uint16_t)n, .feature = x86_opcodes[n].feature };
    want(&c, prefix_mask[f->prefix], prefix_value[f->prefix]);
    want(&c, CHOICE_VEX, f->vex ? CHOICE_VEX : 0);
    if (f->attr & (X86_I64 | X86_O64))
        want(&c, CHOICE_CODE64, f->attr & X86_O64 ? CHOICE_CODE64 : 0);
    if (f->vl)
        want(&c, CHOICE_256, f->vl == 2 ? CHOICE_256 : 0);
    if (f->w)
        want(&c, CHOICE_W, f->w == 2 ? CHOICE_W : 0);
    if (f->modrm && f->digit != X86_NONE)
        want(&c, 7 << 3, (unsigned)f->digit << 3);
    if (f->modrm && f->mod)
        want(&c, CHOICE_REGISTER, f->mod == 'r' ? CHOICE_REGISTER : 0);
    if (f->modrm && f->exacts) {
        assert((f->exacts == 1 || f->exacts == 8) && !(f->exact & (f->exacts - 1)));
        want(&c, CHOICE_MODRM & ~(f->exacts - 1u), f->exact);
    }
    return c;
}

static void add_choices(int map, int opcode, bool says_prefix, uint16_t *at)
{
    X86Choices *of = &x86_choices[map][opcode];
    for (int n = 0; n < ROWS; n++) {
        const X86Form *f = &x86_forms[n];
        if (f->map != map || opcode < f->opcode || opcode >= f->opcode + f->opcodes ||
            (f->prefix != P_ANY) != says_prefix)
            continue;
        assert(*at < sizeof x86_choice / sizeof *x86_choice);
        x86_choice[(*at)++] = choice_of(n);
        of->count++;
        of->modrm[f->vex] |= f->modrm;
    }
}

static void read_rows(void)
{
    uint16_t at = 0;
    for (int n = 0; n < ROWS; n++)
        read_row(n);
    for (int map = 0; map < X86_MAPS; map++)
        for (int opcode = 0; opcode < 256; opcode++) {
            x86_choices[map][opcode].first = at;
            add_choices(map, opcode, true, &at);
            add_choices(map, opcode, false, &at);
        }
}

const X86Row *x86_rows(int *count)
{
    pthread_once(&once, read_rows);
    __atomic_store_n(&x86_rows_read, true, __ATOMIC_RELEASE);
    if (count)
        *count = ROWS;
    return x86_opcodes;
}

const X86Form *x86_form(int row)
{
    pthread_once(&once, read_rows);
    return &x86_forms[row];
}
