/* Units that are made quickly, of stencils, instruction by instruction: nothing is carried from one to the next. Most
 * code is run a few times only. What is entered often is made again in full. */
#include "base/log.h"
#include "cpu/stencil.h"

#include <assert.h>
#include <string.h>

enum {
    WORTH_LEARNING = 1 << 19, /* instructions that are translated before: what runs shortly would only learn */
    ENTRIES = 256,            /* before it is made in full: by then the better code would have paid */
    KNOWN = 2,                /* of so many instructions one must have a stencil */
    WAITING = 16,             /* branches to what may come yet */
};

typedef struct Quick {
    Cpu *cpu;
    Compiled *out;
    Piece piece;
    uint64_t page_end;
    const uint8_t *code;
    uint32_t found; /* of the next: looked for in advance */
    Found ahead[UNIT_INSNS];
    uint32_t waits;
    struct Waiting {
        uint64_t pc;
        uint32_t exit;
    } wait[WAITING];
} Quick;

void quick_begin(Engine *e, TranslateQuickly when)
{
    bool can = e->guest->shape && when != QUICK_OFF && e->unit_insns > 1 && !e->lockstep && !e->counting;
    assert(!e->guest->shape || e->guest->insn_max == sizeof(uint32_t));
    e->stencils = can ? stencils_new() : NULL;
    e->quick_from = when == QUICK_ON ? 0 : WORTH_LEARNING;
}

bool quick_wanted(Cpu *cpu, const Unit *like)
{
    const Engine *e = cpu->run->engine;
    return e->stencils && e->translated_insns >= e->quick_from && !(like->mode & MODE_STEP) && !debug_may_stop(e) &&
           !log_on(LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM);
}

static Piece piece_at(const Quick *q, uint64_t pc)
{
    Piece p = q->piece;
    p.pc = pc;
    memcpy(&p.word, q->code + (pc - p.unit_pc), sizeof p.word);
    return p;
}

/* As far as the code goes straight on, some at a time; false: too little of it has stencils. */
static bool look_ahead(Quick *q, uint32_t limit)
{
    enum { AT_A_TIME = 8 };
    Engine *e = q->cpu->run->engine;
    uint32_t known = 0, most = (uint32_t)(q->page_end - q->piece.pc) / sizeof q->piece.word;
    most = most < limit ? most : limit;
    while (q->found < most) {
        uint32_t from = q->found, to = most - from < AT_A_TIME ? most : from + AT_A_TIME;
        Piece p[AT_A_TIME];
        for (uint32_t k = from; k < to; k++) {
            p[k - from] = piece_at(q, q->piece.pc + k * sizeof q->piece.word);
            stencil_seek(e, &p[k - from], &q->ahead[k]);
        }
        for (uint32_t k = from; k < to; k++) {
            stencil_find(q->cpu, q->out, &p[k - from], &q->ahead[k]);
            q->found++;
            known += q->ahead[k].stencil != NULL;
            if (known * KNOWN + AT_A_TIME < q->found)
                return false;
            if (q->ahead[k].ends)
                return known * KNOWN >= q->found;
        }
    }
    return known * KNOWN >= q->found;
}

/* A branch in the unit is no exit. */
static void jump_here(Quick *q, uint32_t exit)
{
    Compiled *out = q->out;
    uint8_t *rel32 = out->at + out->exit[exit].patch;
    int32_t rel = (int32_t)(out->at + out->size - (rel32 + 4));
    memcpy(rel32, &rel, sizeof rel);
    out->exit[exit] = out->exit[--out->exits];
    for (uint32_t k = 0; k < q->waits; k++)
        if (q->wait[k].exit == out->exits)
            q->wait[k].exit = exit;
}

/* What comes next is the instruction at the piece's pc: branches that wait for it go here. */
static bool arrived(Quick *q)
{
    bool any = false;
    for (uint32_t k = 0; k < q->waits;) {
        struct Waiting w = q->wait[k];
        if (w.pc > q->piece.pc) {
            k++;
            continue;
        }
        q->wait[k] = q->wait[--q->waits];
        if (w.pc < q->piece.pc)
            continue;
        jump_here(q, w.exit);
        any = true;
    }
    return any;
}

static bool over_padding(Quick *q)
{
    uint64_t next = ~0ull;
    for (uint32_t k = 0; k < q->waits; k++)
        next = q->wait[k].pc < next ? q->wait[k].pc : next;
    if (next - q->piece.pc >= UNIT_PADDING)
        return false;
    q->piece.pc = next;
    return arrived(q);
}

static void note_exits(Quick *q, uint32_t from)
{
    for (uint32_t k = from; k < q->out->exits; k++) {
        const UnitExit *x = &q->out->exit[k];
        if (x->pc > q->piece.pc && x->patch && q->waits < WAITING)
            q->wait[q->waits++] = (struct Waiting){ x->pc, k };
    }
}

static bool find_and_place(Quick *q, const Piece *p, bool *ends)
{
    Found f;
    stencil_seek(q->cpu->run->engine, p, &f);
    stencil_find(q->cpu, q->out, p, &f);
    return stencil_place(q->cpu, q->out, p, &f, ends);
}

/* Appends the next instruction. */
static bool place(Quick *q, bool *ends)
{
    Piece p = piece_at(q, q->piece.pc);
    uint32_t number = (uint32_t)(p.pc - p.unit_pc) / sizeof p.word, exits = q->out->exits;
    const Found *f = number < q->found ? &q->ahead[number] : NULL;
    p.word = f ? f->word : p.word;
    if (f ? !stencil_place(q->cpu, q->out, &p, f, ends) : !find_and_place(q, &p, ends))
        return false;
    note_exits(q, exits);
    q->piece.pc += sizeof p.word;
    return true;
}

/* From behind the last instruction to the unit that follows. */
static bool go_on(Quick *q)
{
    bool ends;
    Piece p = q->piece;
    p.pc -= sizeof p.word;
    p.none = true;
    return find_and_place(q, &p, &ends);
}

uint32_t quick_unit(Cpu *cpu, const Unit *like, const uint8_t *code, uint32_t limit, Compiled *out, uint32_t *bytes)
{
    Engine *e = cpu->run->engine;
    Quick q;
    q.cpu = cpu;
    q.out = out;
    q.code = code;
    q.piece = (Piece){ .unit_pc = like->pc, .pc = like->pc, .mode = like->mode };
    q.page_end = (like->pc & ~0xfffull) + 0x1000;
    q.found = q.waits = out->size = 0;
    stencils_bound(e->stencils);
    if (!look_ahead(&q, limit))
        return 0;
    uint32_t insns = 0;
    bool ends = false, here = true;
    e->backend->count_entries(like->pc, out);
    while (insns < limit && q.piece.pc < q.page_end && (!ends || here)) {
        if (!place(&q, &ends))
            return 0;
        insns++;
        here = q.waits && (arrived(&q) || (ends && q.waits && over_padding(&q)));
    }
    *bytes = (uint32_t)(q.piece.pc - like->pc);
    return (ends && !here) || go_on(&q) ? insns : 0;
}

void quick_counts(const Engine *e, Unit *u)
{
    u->left = ENTRIES;
    e->backend->unit_counts((uint8_t *)(uintptr_t)u->code - e->to_exec, &u->left);
}
