/* Making a stencil: instructions of one key are compiled at another address, at another pc, and with one operand
 * changed at a time. Where bytes differ is a hole. What comes out must be right where everything is different, with
 * each operand at its least and at its greatest: as the host's instructions are the same there, they are so for all
 * between. */
#include "cpu/stencil.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { SHIFT = STENCIL_STEP, FAR = 0x1235000, NARROW = 0, MIDDLE = 1, WIDE = 2, SIZES };
enum { ALL_BITS = 6 }; /* of a field all values of which are tried */
static const int bytes_of[SIZES] = { 1, 4, 8 };

/* Code that was compiled of a piece, and where. */
typedef struct Sample {
    Piece piece;
    uint64_t address;
    uint32_t size, points, exits;
    bool ends;
    uint32_t point[STENCIL_POINTS];
    UnitExit exit[STENCIL_EXITS];
    uint8_t code[STENCIL_BYTES + STENCIL_STEP]; /* zeros behind */
} Sample;

typedef struct Sought { /* a hole, and how it would grow if it had that size */
    uint16_t at;
    uint8_t by, only;     /* only: its size is known; SIZES: MIDDLE or NARROW */
    int64_t scale[SIZES]; /* 0: it has not that size */
} Sought;

typedef struct Lesson {
    Cpu *cpu;
    Compiled *room;
    uint64_t key;
    const InsnShape *shape;
    Sample first, other;
    Sought hole[STENCIL_HOLES];
    uint32_t holes;
    StencilExit exit[STENCIL_EXITS];
} Lesson;

static bool of_key(const Lesson *l, const Piece *p)
{
    InsnShape shape;
    uint64_t key = piece_key(l->cpu->run->engine, p, &shape);
    if (l->key & KEY_EXACT)
        key = exact_key(key, p);
    return key == l->key;
}

static bool take_sample(Lesson *l, Sample *s, const Piece *piece, uint32_t shift)
{
    Compiled *room = l->room;
    s->piece = *piece;
    s->piece.unit_pc = piece->pc;
    room->size = room->points = room->exits = 0;
    room->at += shift;
    bool good = piece_compile(l->cpu, room, &s->piece, &s->ends) && room->size <= STENCIL_BYTES &&
                room->points <= STENCIL_POINTS && room->exits <= STENCIL_EXITS;
    s->address = (uint64_t)(room->at + room->to_exec);
    if (good) {
        memcpy(s->code, room->at, room->size);
        memset(s->code + room->size, 0, STENCIL_STEP);
        s->size = room->size;
        s->points = room->points;
        s->exits = room->exits;
        for (uint32_t k = 0; k < s->points; k++)
            s->point[k] = room->point[k].host;
        memcpy(s->exit, room->exit, s->exits * sizeof *s->exit);
    }
    room->at -= shift;
    return good;
}

/* All but numbers in the code and where exits go. */
static bool alike(const Sample *a, const Sample *b)
{
    bool same = a->size == b->size && a->points == b->points && a->exits == b->exits && a->ends == b->ends &&
                !memcmp(a->point, b->point, a->points * sizeof *a->point);
    for (uint32_t k = 0; same && k < a->exits; k++)
        same = a->exit[k].patch == b->exit[k].patch && a->exit[k].stub == b->exit[k].stub;
    return same;
}

/* How much more the signed number of that size is in the other sample. */
static int64_t more_there(const Lesson *l, uint32_t at, int size)
{
    uint64_t a = 0, b = 0;
    memcpy(&a, l->first.code + at, (size_t)bytes_of[size]);
    memcpy(&b, l->other.code + at, (size_t)bytes_of[size]);
    int unused = 64 - 8 * bytes_of[size];
    return (int64_t)((b - a) << unused) >> unused;
}

static Sought *seek(Lesson *l, uint32_t at, unsigned by, unsigned only)
{
    if (l->holes == STENCIL_HOLES)
        return NULL;
    Sought *h = &l->hole[l->holes++];
    *h = (Sought){ .at = (uint16_t)at, .by = (uint8_t)by, .only = (uint8_t)only };
    return h;
}

/* Numbers of one size that are `more` in the other sample; the lowest `same` bytes of them do not differ. */
static bool find_numbers(Lesson *l, int size, uint32_t same, unsigned by, int64_t more, int64_t scale)
{
    const Sample *a = &l->first, *b = &l->other;
    if (!alike(a, b))
        return false;
    for (uint32_t k = 0; k < a->size; k++) {
        if (a->code[k] == b->code[k])
            continue;
        uint32_t at = k - same;
        Sought *h = k >= same && more_there(l, at, size) == more ? seek(l, at, by, (unsigned)size) : NULL;
        if (!h)
            return false;
        h->scale[size] = scale;
        k = at + (uint32_t)bytes_of[size] - 1;
    }
    return true;
}

static bool by_address(Lesson *l)
{
    return take_sample(l, &l->other, &l->first.piece, SHIFT) && find_numbers(l, MIDDLE, 0, BY_ADDRESS, -SHIFT, -1);
}

/* All numbers of a large pc have 8 bytes, of others 4: the key says which. Those that are the same all over a page grow
 * with that only. */
static bool by_pc(Lesson *l)
{
    uint64_t above = l->first.piece.pc >> 31;
    bool large = above > 1 && above != ~0ull >> 31;
    Piece far = l->first.piece, near = far;
    far.pc += far.pc & 1 << 30 ? -(uint64_t)FAR : FAR;
    near.pc ^= 8;
    uint32_t before = l->holes;
    if (!of_key(l, &far) || !take_sample(l, &l->other, &far, 0) ||
        !find_numbers(l, large ? WIDE : MIDDLE, 1, BY_PC, (int64_t)(far.pc - l->first.piece.pc), 1))
        return false;
    if (l->holes == before || !of_key(l, &near))
        return true;
    if (!take_sample(l, &l->other, &near, 0) || !alike(&l->first, &l->other))
        return false;
    bool of_page = !memcmp(l->first.code, l->other.code, l->first.size);
    for (uint32_t k = before; of_page && k < l->holes; k++)
        l->hole[k].by = BY_PAGE;
    return true;
}

/* ---- operands ---- */

static bool is_register(ShapeField f)
{
    return f.slots != SHAPE_NUMBER;
}

static bool same_register(const Piece *p, ShapeField a, ShapeField b)
{
    return is_register(a) && is_register(b) && shape_operand(a, p->word) == shape_operand(b, p->word);
}

/* Operands that are the same register stay the same: the first of them stands for all. */
static bool is_repeated(const Lesson *l, uint32_t operand)
{
    for (uint32_t k = 0; k < operand; k++)
        if (same_register(&l->first.piece, l->shape->field[k], l->shape->field[operand]))
            return true;
    return false;
}

/* The instruction with another value of the operand; false: it has another key. */
static bool with(const Lesson *l, const Piece *p, uint32_t operand, int32_t v, Piece *to)
{
    *to = *p;
    for (uint32_t k = 0; k < l->shape->fields; k++) {
        ShapeField f = l->shape->field[k];
        if (k != operand && !same_register(p, f, l->shape->field[operand]))
            continue;
        uint32_t mask = ((1u << f.bits) - 1) << f.at;
        to->word = (to->word & ~mask) | ((uint32_t)v << f.at & mask);
    }
    return of_key(l, to);
}

/* In *to the instruction with the least value, or the greatest, that the operand may have beside those of the others.
 * A field of more than ALL_BITS has all values with as many bits, as guests' shapes are made. */
static bool at_end(const Lesson *l, const Piece *p, uint32_t operand, bool greatest, Piece *to)
{
    ShapeField f = l->shape->field[operand];
    int32_t now = shape_operand(f, p->word);
    if (f.bits > ALL_BITS) {
        uint32_t up = (uint32_t)(now < 0 ? ~now : now), top = up ? 1u << (31 - __builtin_clz(up)) : 0;
        int32_t v = (int32_t)(greatest && top ? 2 * top - 1 : top);
        return with(l, p, operand, now < 0 ? ~v : v, to);
    }
    const uint8_t *like = is_register(f) ? registers_like(l->cpu->run->engine, f.slots) : NULL;
    for (int32_t k = 0; k < 1 << f.bits; k++) {
        uint32_t bits = (uint32_t)(greatest ? (1 << f.bits) - 1 - k : k);
        if (like && like[bits] != like[now])
            continue;
        if (with(l, p, operand, shape_operand(f, bits << f.at), to))
            return true;
    }
    return false;
}

/* One with another value of the operand, the nearer the better. */
static bool beside(const Lesson *l, uint32_t operand, Piece *to)
{
    enum { NEAR = 10 };
    const Piece *p = &l->first.piece;
    ShapeField f = l->shape->field[operand];
    int32_t now = shape_operand(f, p->word);
    const uint8_t *like = is_register(f) ? registers_like(l->cpu->run->engine, f.slots) : NULL;
    for (int32_t k = 1; k < NEAR; k++)
        for (int32_t v = now - k; v <= now + k; v += 2 * k) {
            bool fits = shape_operand(f, (uint32_t)v << f.at) == v;
            if (fits && (!like || like[v] == like[now]) && with(l, p, operand, v, to))
                return true;
        }
    return false;
}

/* No instruction of this key has another value of the operand. Registers of its kind that other operands have are such
 * values, though this instruction cannot be changed to them alone. */
static bool is_only_value(const Lesson *l, uint32_t operand)
{
    const Piece *p = &l->first.piece;
    ShapeField f = l->shape->field[operand];
    Piece least, greatest;
    if (!is_register(f))
        return !at_end(l, p, operand, false, &least) || !at_end(l, p, operand, true, &greatest) ||
               least.word == greatest.word;
    const uint8_t *like = registers_like(l->cpu->run->engine, f.slots);
    int32_t now = shape_operand(f, p->word), k = 0;
    while (k < 1 << f.bits && (k == now || like[k] != like[now]))
        k++;
    return k == 1 << f.bits;
}

/* A number that the pc is part of may be anything: what else is added to it goes over its whole width. */
static const Sought *pc_number(const Lesson *l, uint32_t at)
{
    for (uint32_t k = 0; k < l->holes; k++) {
        const Sought *h = &l->hole[k];
        if ((h->by == BY_PC || h->by == BY_PAGE) && at >= h->at && at < h->at + (uint32_t)bytes_of[h->only])
            return h;
    }
    return NULL;
}

static bool exits_by(Lesson *l, uint32_t by, int32_t more)
{
    for (uint32_t k = 0; k < l->first.exits; k++) {
        int64_t d = (int64_t)(l->other.exit[k].pc - l->first.exit[k].pc);
        if (!d)
            continue;
        if (d % more || l->exit[k].by != BY_NOTHING)
            return false;
        l->exit[k].by = (uint8_t)by;
        l->exit[k].scale = (int32_t)(d / more);
    }
    return true;
}

/* The home of a register is a number of the size that the backend says. Others show it when they are large: NARROW or
 * MIDDLE, and SIZES for now. */
static unsigned size_of_number(const Lesson *l, ShapeField f, uint32_t word)
{
    const Engine *e = l->cpu->run->engine;
    if (!is_register(f))
        return SIZES;
    return e->backend->home(e->guest, f.slots + (uint32_t)shape_operand(f, word)) == HOME_BYTE ? NARROW : MIDDLE;
}

static bool by_operand(Lesson *l, uint32_t by)
{
    const Sample *a = &l->first, *b = &l->other;
    Piece p;
    if (is_repeated(l, by))
        return true;
    if (!beside(l, by, &p))
        return is_only_value(l, by);
    if (!take_sample(l, &l->other, &p, 0) || !alike(a, b))
        return false;
    ShapeField f = l->shape->field[by];
    int32_t more = shape_operand(f, p.word) - shape_operand(f, a->piece.word);
    for (uint32_t k = 0; k < a->size; k++) {
        if (a->code[k] == b->code[k])
            continue;
        const Sought *pc = pc_number(l, k);
        Sought *h = seek(l, pc ? pc->at : k, by, pc ? pc->only : size_of_number(l, f, p.word));
        if (!h)
            return false;
        for (int size = 0; size < SIZES; size++) {
            int64_t d = more_there(l, h->at, size);
            h->scale[size] = d % more ? 0 : d / more;
        }
        k = h->only == SIZES ? k : h->at + (uint32_t)bytes_of[h->only] - 1;
    }
    return exits_by(l, by, more);
}

/* ---- proof ---- */

/* All operands at their least or greatest. */
static Piece all_at_end(const Lesson *l, bool greatest)
{
    Piece p = l->first.piece;
    for (uint32_t k = 0; k < l->shape->fields; k++) {
        Piece q;
        if (!is_repeated(l, k) && at_end(l, &p, k, greatest, &q))
            p = q;
    }
    return p;
}

/* By the other sample: which numbers are not of 4 bytes. */
static void decide_sizes(Lesson *l)
{
    for (uint32_t k = 0; k < l->holes; k++) {
        Sought *h = &l->hole[k];
        if (h->only != SIZES)
            continue;
        ShapeField f = l->shape->field[h->by];
        int64_t more = shape_operand(f, l->other.piece.word) - shape_operand(f, l->first.piece.word);
        if (!h->scale[MIDDLE] || h->scale[MIDDLE] != (int32_t)h->scale[MIDDLE] ||
            more_there(l, h->at, MIDDLE) != (int32_t)(uint32_t)(uint64_t)(more * h->scale[MIDDLE]))
            h->only = NARROW;
    }
}

static Stencil *make(const Lesson *l)
{
    const Sample *a = &l->first;
    uint32_t size = stencil_steps(a->size);
    Stencil *s = xalloc(sizeof *s + size + STENCIL_HOLES * sizeof(Hole) + a->exits * sizeof(StencilExit) +
                        a->points * sizeof(uint16_t));
    uint8_t count[SIZES] = { 0 };
    Hole *to = (Hole *)(void *)(s->code + size);
    for (unsigned only = 0; only < SIZES; only++)
        for (uint32_t k = 0; k < l->holes; k++) {
            const Sought *h = &l->hole[k];
            unsigned is = h->only == SIZES ? MIDDLE : h->only;
            if (is != only)
                continue;
            *to++ = (Hole){ h->at, h->by, (int32_t)h->scale[is] };
            count[only]++;
        }
    s->pc = a->piece.pc;
    s->address = a->address;
    s->word = a->piece.word;
    s->size = (uint16_t)a->size;
    s->narrow = count[NARROW];
    s->middle = count[MIDDLE];
    s->wide = count[WIDE];
    s->points = (uint8_t)a->points;
    s->exits = (uint8_t)a->exits;
    s->ends = a->ends;
    memcpy(s->code, a->code, a->size);
    memcpy((StencilExit *)(uintptr_t)stencil_exits(s), l->exit, a->exits * sizeof(StencilExit));
    uint16_t *point = (uint16_t *)(uintptr_t)stencil_points(s);
    for (uint32_t k = 0; k < a->points; k++)
        point[k] = (uint16_t)a->point[k];
    return s;
}

/* Is it right for the other sample? */
static bool proves(Lesson *l, const Stencil *s, uint32_t shift)
{
    const Sample *b = &l->other;
    Found f = { .stencil = s, .field = l->shape->field, .fields = l->shape->fields };
    Compiled *room = l->room;
    room->at += shift;
    room->size = room->points = room->exits = 0;
    bool good = b->ends == s->ends && stencil_fill(room, &b->piece, &f) && room->size == b->size &&
                room->points == b->points && room->exits == b->exits && !memcmp(room->at, b->code, b->size);
    room->at -= shift;
    for (uint32_t k = 0; good && k < b->points; k++)
        good = room->point[k].host == b->point[k];
    for (uint32_t k = 0; good && k < b->exits; k++) {
        const UnitExit *x = &room->exit[k];
        good = x->pc == b->exit[k].pc && x->patch == b->exit[k].patch && x->stub == b->exit[k].stub;
    }
    return good;
}

static Stencil *prove(Lesson *l)
{
    Piece least = all_at_end(l, false), greatest = all_at_end(l, true), far = greatest;
    far.pc ^= 0x10000;
    if (!take_sample(l, &l->other, &least, SHIFT))
        return NULL;
    decide_sizes(l);
    if (!take_sample(l, &l->other, of_key(l, &far) ? &far : &greatest, 0))
        return NULL;
    decide_sizes(l);
    Stencil *s = make(l);
    bool good = proves(l, s, 0) && take_sample(l, &l->other, &least, SHIFT) && proves(l, s, SHIFT);
    if (good)
        return s;
    free(s);
    return NULL;
}

/* Can long numbers be the least and the greatest with as many bits? Where a branch goes to the same page only some can
 * near its end: others would seem not to be there. */
static bool has_ends(const Lesson *l, const Piece *p)
{
    for (uint32_t k = 0; k < l->shape->fields; k++) {
        ShapeField f = l->shape->field[k];
        Piece q;
        if (!is_register(f) && f.bits > ALL_BITS && !(at_end(l, p, k, false, &q) && at_end(l, p, k, true, &q)))
            return false;
    }
    return true;
}

/* The same with typical numbers, which can all be changed one by one. false: there is none in the page. */
static bool typical(const Lesson *l, const Piece *p, Piece *to)
{
    Piece q = *p;
    for (uint32_t k = 0; k < l->shape->fields; k++) {
        ShapeField f = l->shape->field[k];
        uint32_t mask = is_register(f) ? 0 : ((1u << f.bits) - 1) << f.at;
        q.word = (q.word & ~mask) | ((uint32_t)l->key & mask);
    }
    const uint64_t page = p->pc & ~0xfffull, last = page + 0x1000 - (1u << l->cpu->run->guest->pc_shift);
    const Piece tries[] = { q,
                            *p,
                            { .pc = page, .mode = p->mode, .word = q.word, .none = p->none },
                            { .pc = last, .mode = p->mode, .word = q.word, .none = p->none } };
    for (unsigned k = 0; k < sizeof tries / sizeof *tries; k++) {
        *to = tries[k];
        if (of_key(l, to) && has_ends(l, to))
            return true;
    }
    return false;
}

Stencil *stencil_learn(Cpu *cpu, Compiled *room, const Piece *p, uint64_t key, const InsnShape *shape)
{
    Lesson l;
    l.cpu = cpu;
    l.room = room;
    l.key = key;
    l.shape = shape;
    l.holes = 0;
    Piece q;
    if (!typical(&l, p, &q) || !take_sample(&l, &l.first, &q, 0))
        return NULL;
    for (uint32_t k = 0; k < l.first.exits; k++)
        l.exit[k] = (StencilExit){ .patch = (uint16_t)l.first.exit[k].patch,
                                   .stub = (uint16_t)l.first.exit[k].stub,
                                   .by = BY_NOTHING,
                                   .to = (int32_t)(l.first.exit[k].pc - q.pc) };
    bool good = by_address(&l) && by_pc(&l);
    for (uint32_t k = 0; good && k < shape->fields; k++)
        good = by_operand(&l, k);
    return good ? prove(&l) : NULL;
}
