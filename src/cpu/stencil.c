/* Finding stencils and filling their holes. */
#include "cpu/stencil.h"

#include "base/alloc.h"
#include "base/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENTRY_BITS = 17,
    MOST_ENTRIES = 1 << (ENTRY_BITS - 1),
    LEARN_AT = 4, /* times that such an instruction was met */
    MODES = 16,
    REGISTERS = 32,
    FILES = 2, /* of registers */
    ROOM_LEFT = STENCIL_BYTES + 64,
};

/* The key: what Guest.shape says, then */
enum {
    PC_SIZE = SHAPE_BITS,
    EQUAL = PC_SIZE + 2,
    MODE = EQUAL + SHAPE_FIELDS * (SHAPE_FIELDS - 1) / 2,
    KEY = 60,  /* it is one: not 0 */
    NEXT_SIZE, /* the next pc has another */
    NONE
};
_Static_assert(MODE + 4 <= KEY && MODES == 1 << 4, "what the key is made of does not overlap");

/* is: a pointer and ENDS; or how often the key was met, and COUNTS, or REFUSED: not by shape, but perhaps exact. */
typedef struct Entry {
    uint64_t key; /* 0: none */
    uint64_t is;
} Entry;
enum { ENDS = 1, COUNTS = 2, REFUSED = 4, ONCE = 8 };

typedef struct Like {
    uint8_t slots;
    uint8_t of[REGISTERS];
} Like;

struct Stencils {
    Entry entry[1 << ENTRY_BITS];
    uint32_t entries;
    uint64_t mode[MODES];
    uint32_t modes;
    Like like[FILES];
    uint32_t likes;
    Compiled room; /* to learn in */
};

Stencils *stencils_new(void)
{
    return xalloc(sizeof(Stencils));
}

static void free_all(const Stencils *s)
{
    for (int k = 0; k < 1 << ENTRY_BITS; k++)
        if (!(s->entry[k].is & (COUNTS | REFUSED)))
            free((void *)(uintptr_t)(s->entry[k].is & ~(uint64_t)ENDS));
}

static void forget_all(Stencils *s)
{
    free_all(s);
    memset(s->entry, 0, sizeof s->entry);
    s->entries = s->modes = 0;
}

void stencils_free(Stencils *s)
{
    if (!s)
        return;
    free_all(s);
    free(s->room.work);
    free(s);
}

void stencils_bound(Stencils *s)
{
    enum { OF_A_UNIT = 2 * UNIT_INSNS };
    if (s->entries > MOST_ENTRIES - OF_A_UNIT || s->modes == MODES)
        forget_all(s);
}

/* ---- keys ---- */

static void make_like(Engine *e, Like *l)
{
    for (unsigned r = 0; r < REGISTERS; r++) {
        unsigned like = 0;
        while (like < r && e->backend->home(e->guest, l->slots + like) != e->backend->home(e->guest, l->slots + r))
            like++;
        l->of[r] = (uint8_t)(r == REGISTERS - 1 ? r : like); /* the last is often another register, or none */
    }
}

static inline const uint8_t *likes(Engine *e, uint8_t slots)
{
    const Stencils *s = e->stencils;
    return __builtin_expect(s->like[0].slots == slots && s->likes, true) ? s->like[0].of : registers_like(e, slots);
}

const uint8_t *registers_like(Engine *e, uint8_t slots)
{
    Stencils *s = e->stencils;
    for (uint32_t k = 0; k < s->likes; k++)
        if (s->like[k].slots == slots)
            return s->like[k].of;
    assert(s->likes < FILES);
    Like *l = &s->like[s->likes++];
    l->slots = slots;
    make_like(e, l);
    return l->of;
}

static uint64_t mode_number(Stencils *s, uint64_t mode)
{
    uint32_t k = 0;
    while (k < s->modes && s->mode[k] != mode)
        k++;
    s->mode[k] = mode;
    s->modes += k == s->modes;
    return k;
}

/* Numbers of registers give way to their likes; which of them are the same is part of the key. */
uint64_t piece_key(Engine *e, const Piece *p, InsnShape *shape)
{
    uint64_t size = number_size(p->pc), next = number_size(p->pc + (1u << e->guest->pc_shift));
    uint64_t key = 1ull << KEY | size << PC_SIZE | (uint64_t)(next != size) << NEXT_SIZE;
    key |= mode_number(e->stencils, p->mode) << MODE;
    if (p->none) {
        bool leaves_page = !((p->pc + (1u << e->guest->pc_shift)) & 0xfff);
        *shape = (InsnShape){ 0 };
        return key | 1ull << NONE | leaves_page;
    }
    e->guest->shape(p->word, p->pc, shape);
    key |= shape->key;
    unsigned number[SHAPE_FIELDS], n = 0, bit = EQUAL;
    for (uint32_t k = 0; k < shape->fields; k++) {
        ShapeField f = shape->field[k];
        if (f.slots == SHAPE_NUMBER)
            continue;
        unsigned r = p->word >> f.at & (REGISTERS - 1);
        key ^= (uint64_t)(r ^ likes(e, f.slots)[r]) << f.at;
        for (unsigned before = 0; before < n; before++)
            key |= (uint64_t)(number[before] == r) << bit++;
        number[n++] = r;
    }
    return key;
}

static inline Entry *first_place(Stencils *s, uint64_t key)
{
    return &s->entry[key * 0x9e3779b97f4a7c15 >> (64 - ENTRY_BITS)];
}

/* Where an entry for the key is, or could be. */
static inline Entry *find(Stencils *s, uint64_t key)
{
    Entry *n = first_place(s, key);
    while (n->key && n->key != key)
        n = n + 1 == s->entry + (1 << ENTRY_BITS) ? s->entry : n + 1;
    return n;
}

/* ---- use ---- */

bool piece_compile(Cpu *cpu, Compiled *out, const Piece *p, bool *ends)
{
    Ir *ir = cpu->run->ir;
    uint32_t size = out->size, exits = out->exits, points = out->points;
    *ends = translate_piece(cpu, ir, p->pc, p->mode, p->none ? NULL : (const uint8_t *)&p->word);
    if (!ir_full(ir) && cpu->run->engine->backend->compile_piece(cpu->run->guest, ir, p->unit_pc, out))
        return true;
    out->size = size;
    out->exits = exits;
    out->points = points;
    return false;
}

/* Behind what `out` has; nothing, if that leaves no room. */
static void learn(Cpu *cpu, const Compiled *out, Entry *n, const Piece *p, const InsnShape *shape)
{
    Compiled *room = &cpu->run->engine->stencils->room;
    uint32_t from = stencil_steps(out->size);
    room->at = out->at + from;
    room->to_exec = out->to_exec;
    room->room = out->room > from + STENCIL_STEP ? out->room - from - STENCIL_STEP : 0;
    const Stencil *s = stencil_learn(cpu, room, p, n->key, shape);
    n->is = s ? (uintptr_t)s | (s->ends ? ENDS : 0) : REFUSED;
}

static inline bool is_learned(const Entry *n)
{
    return n->key && !(n->is & (COUNTS | REFUSED));
}

static inline void take(const Entry *n, Found *f)
{
    f->stencil = (const Stencil *)(uintptr_t)(n->is & ~(uint64_t)ENDS);
    f->ends = n->is & ENDS;
}

static __attribute__((noinline)) void meet(Cpu *cpu, const Compiled *out, Entry *n, const Piece *p, Found *f)
{
    Stencils *s = cpu->run->engine->stencils;
    InsnShape shape = { .field = f->field, .fields = f->fields };
    if (n->is == REFUSED) {
        shape.fields = f->fields = 0;
        f->key = exact_key(f->key, p);
        n = find(s, f->key);
    }
    if (!n->key) {
        s->entries++;
        *n = (Entry){ .key = f->key, .is = COUNTS };
    }
    if (n->is & COUNTS && (n->is += ONCE) == LEARN_AT * ONCE + COUNTS)
        learn(cpu, out, n, p, &shape);
    if (is_learned(n))
        take(n, f);
}

void stencil_seek(Engine *e, const Piece *p, Found *f)
{
    InsnShape shape;
    f->key = piece_key(e, p, &shape);
    f->field = shape.field;
    f->fields = shape.fields;
    f->word = p->word;
    __builtin_prefetch(first_place(e->stencils, f->key));
}

void stencil_find(Cpu *cpu, const Compiled *out, const Piece *p, Found *f)
{
    enum { LINE = 64, LINES = 3 };
    Entry *n = find(cpu->run->engine->stencils, f->key);
    f->stencil = NULL;
    f->ends = false;
    if (__builtin_expect(is_learned(n), true))
        take(n, f);
    else
        meet(cpu, out, n, p, f);
    for (int k = 0; f->stencil && k < LINES; k++)
        __builtin_prefetch((const char *)f->stencil + k * LINE);
}

static inline void add(uint8_t *to, int bytes, uint64_t more)
{
    uint64_t v = 0;
    __builtin_memcpy(&v, to, (size_t)bytes);
    v += more;
    __builtin_memcpy(to, &v, (size_t)bytes);
}

static inline uint64_t growth(const int64_t *by, const Hole *h)
{
    return (uint64_t)by[h->by] * (uint64_t)(int64_t)h->scale;
}

bool stencil_fill(Compiled *out, const Piece *p, const Found *f)
{
    const Stencil *s = f->stencil;
    uint32_t from = s->exits ? (out->size + 3) & ~3u : out->size; /* what is patched is aligned */
    if (out->room < from + ROOM_LEFT || out->points + s->points > UNIT_POINTS || out->exits + s->exits > UNIT_EXITS)
        return false;
    __builtin_memset(out->at + out->size, 0x90, 4);
    uint8_t *to = out->at + from;
    for (uint32_t k = 0; k < s->size; k += STENCIL_STEP)
        __builtin_memcpy(to + k, s->code + k, STENCIL_STEP);
    int64_t by[BY_KINDS];
    for (uint32_t k = 0; k < f->fields; k++)
        by[k] = shape_operand(f->field[k], p->word) - shape_operand(f->field[k], s->word);
    by[BY_ADDRESS] = (int64_t)((uint64_t)(to + out->to_exec) - s->address);
    by[BY_PC] = (int64_t)(p->pc - s->pc);
    by[BY_PAGE] = (int64_t)((p->pc & ~0xfffull) - (s->pc & ~0xfffull));
    by[BY_NOTHING] = 0;
    const Hole *h = stencil_holes(s), *middle = h + s->narrow, *wide = middle + s->middle, *end = wide + s->wide;
    for (; h < middle; h++)
        add(to + h->at, 1, growth(by, h));
    for (; h < wide; h++)
        add(to + h->at, 4, growth(by, h));
    for (; h < end; h++)
        add(to + h->at, 8, growth(by, h));
    const StencilExit *x = stencil_exits(s);
    const uint16_t *point = stencil_points(s);
    for (uint32_t k = 0; k < s->points; k++)
        out->point[out->points++] = (UnitPoint){ from + point[k], (uint32_t)(p->pc - p->unit_pc) };
    for (uint32_t k = 0; k < s->exits; k++, x++)
        out->exit[out->exits++] = (UnitExit){ .pc = p->pc + (uint64_t)(x->to + by[x->by] * x->scale),
                                              .patch = x->patch ? from + x->patch : 0,
                                              .stub = from + x->stub };
    out->size = from + s->size;
    return true;
}

/* In builds that verify: is it what the backend would have made? */
static void check(Cpu *cpu, const Compiled *out, const Stencil *s, const Piece *p)
{
    Compiled *room = &cpu->run->engine->stencils->room;
    uint32_t from = out->size - s->size;
    uint8_t code[STENCIL_BYTES];
    bool ends;
    memcpy(code, out->at + from, s->size);
    *room = (Compiled){ .at = out->at, .to_exec = out->to_exec, .room = out->room, .size = from, .work = room->work };
    bool good = piece_compile(cpu, room, p, &ends) && room->size == out->size && ends == s->ends &&
                room->points == s->points && room->exits == s->exits && !memcmp(room->at + from, code, s->size);
    for (uint32_t k = 0; good && k < s->points; k++)
        good = !memcmp(&room->point[k], &out->point[out->points - s->points + k], sizeof *room->point);
    for (uint32_t k = 0; good && k < s->exits; k++) {
        const UnitExit *a = &room->exit[k], *b = &out->exit[out->exits - s->exits + k];
        good = a->pc == b->pc && a->patch == b->patch && a->stub == b->stub;
    }
    if (!good)
        log_line("the stencil of %08x at %llx, made of %08x at %llx, gives other code", p->word,
                 (unsigned long long)p->pc, s->word, (unsigned long long)s->pc);
    assert(good);
}

bool stencil_place(Cpu *cpu, Compiled *out, const Piece *p, const Found *f, bool *ends)
{
    if (!f->stencil)
        return out->room > out->size + ROOM_LEFT && piece_compile(cpu, out, p, ends);
    *ends = f->ends;
    if (!stencil_fill(out, p, f))
        return false;
    if (ir_checking)
        check(cpu, out, f->stencil, p);
    return true;
}
