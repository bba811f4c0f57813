/* Stencils: the code of one guest instruction with holes, so that those that differ only in what is put in the holes
 * need neither be decoded nor compiled again (copy-and-patch: Xu and Kjolstad, OOPSLA 2021). They are not written but
 * learned: stencil-learn.c has Backend.compile_piece make the code of several instructions of one shape and compares.
 * What a stencil gives is byte for byte what compile_piece would have made at that address. All under engine->lock. */
#pragma once
#include "cpu/engine.h"

enum { STENCIL_BYTES = 512, STENCIL_HOLES = 16, STENCIL_POINTS = 8, STENCIL_EXITS = 4, STENCIL_STEP = 16 };

/* What a hole grows with: an operand of the shape, by number, or one of these. */
enum { BY_ADDRESS = SHAPE_FIELDS /* of the code: goes down */, BY_PC, BY_PAGE /* of the pc */, BY_NOTHING, BY_KINDS };

typedef struct Hole {
    uint16_t at;
    uint8_t by;
    int32_t scale;
} Hole;

typedef struct StencilExit {
    uint16_t patch, stub;
    uint8_t by;
    int32_t to, scale; /* where it goes, less the instruction's pc */
} StencilExit;

/* What it was learned from, and the code that this gave: `size` bytes and zeros to a multiple of STENCIL_STEP. Holes
 * follow, those of 1, 4 and 8 bytes in this order; exits; points. */
typedef struct Stencil {
    uint64_t pc, address; /* executable */
    uint32_t word;
    uint16_t size;
    uint8_t narrow, middle, wide;
    uint8_t points, exits;
    bool ends; /* nothing comes after it but by a branch */
    uint8_t code[];
} Stencil;

static inline uint32_t stencil_steps(uint32_t bytes) /* up to whole steps */
{
    return (bytes + STENCIL_STEP - 1) & ~(STENCIL_STEP - 1u);
}
static inline const Hole *stencil_holes(const Stencil *s)
{
    return (const Hole *)(const void *)(s->code + stencil_steps(s->size));
}
static inline const StencilExit *stencil_exits(const Stencil *s)
{
    return (const StencilExit *)(const void *)(stencil_holes(s) + s->narrow + s->middle + s->wide);
}
static inline const uint16_t *stencil_points(const Stencil *s)
{
    return (const uint16_t *)(const void *)(stencil_exits(s) + s->exits);
}

Stencils *stencils_new(void);
void stencils_free(Stencils *);  /* NULL: nothing */
void stencils_bound(Stencils *); /* makes room for more: before a unit */

/* An instruction, or none: the step to the next one, that ends a unit. */
typedef struct Piece {
    uint64_t unit_pc, pc, mode;
    uint32_t word;
    bool none;
} Piece;

/* What to look for, and what was found: in two steps, so that several are on their way from memory at a time. One that
 * is met often is learned, in the room behind the code of `out`. */
typedef struct Found {
    const Stencil *stencil; /* NULL: there is none */
    const ShapeField *field;
    uint64_t key;
    uint32_t fields, word; /* the latter is the piece's: that in memory may be another by now */
    bool ends;             /* Stencil.ends */
} Found;
void stencil_seek(Engine *, const Piece *, Found *);
void stencil_find(Cpu *, const Compiled *out, const Piece *, Found *);
/* Appends its code to that of `out`, from the stencil if there is one. false: no room. */
bool stencil_place(Cpu *, Compiled *out, const Piece *, const Found *, bool *ends);
bool stencil_fill(Compiled *out, const Piece *, const Found *);
bool piece_compile(Cpu *, Compiled *out, const Piece *, bool *ends); /* always by the backend */

/* ---- between stencil.c and stencil-learn.c ---- */
#define KEY_EXACT (1ull << 63)                            /* of this word alone */
uint64_t piece_key(Engine *, const Piece *, InsnShape *); /* who has the same key has the same stencil */
static inline uint64_t exact_key(uint64_t key, const Piece *p)
{
    return (key & ~0xffffffffull) | p->word | KEY_EXACT;
}
const uint8_t *registers_like(Engine *, uint8_t slots); /* for each the least with the same kind of home */
/* The stencil for all with this key, malloc'ed; NULL: their code does not differ by numbers alone. */
Stencil *stencil_learn(Cpu *, Compiled *room, const Piece *, uint64_t key, const InsnShape *);
