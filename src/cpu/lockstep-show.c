/* A difference that lockstep found: what differs, and the shortest piece of guest code that shows it, as a line for
 * tests/guest. */
#include "cpu/lockstep.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/machine.h"
#include "cpu/mem.h"

#include <stdlib.h>
#include <string.h>

/* A unit of so many instructions from the pc, apart from those there are. */
static Unit *unit_of(Cpu *cpu, uint64_t pc, uint32_t count)
{
    Engine *e = cpu->run->engine;
    Fetched f;
    if (!fetch_page(cpu, pc, &f) || f.ram_page == ~0u)
        return NULL;
    pthread_mutex_lock(&e->lock);
    Unit *u = cache_make(cpu, f.ram_page, pc, e->guest->mode(cpu), f.page_bytes, count, true);
    pthread_mutex_unlock(&e->lock);
    return u;
}

/* Runs the piece both ways from where the CPU is; the CPU is then behind it. */
static LockVerdict try_piece(Cpu *cpu, uint32_t count)
{
    Lockstep *l = cpu->run->engine->lockstep;
    CpuExit why;
    Unit *u = unit_of(cpu, *pc_of(cpu), count);
    if (!u || !lockstep_ir(cpu, u, count, l->ir))
        return LOCK_SKIPPED;
    return lockstep_pair(cpu, &(LockWay){ l->ir, u->code, u }, &why);
}

/* ---- memory as it was: of all pieces since the beginning of the unit ---- */

typedef struct Undo {
    uint8_t *host;
    uint32_t size;
    uint8_t bytes[16];
} Undo;

typedef struct Journal {
    Undo *undo;
    size_t count;
} Journal;

static void journal_add(Journal *j, const Lockstep *l)
{
    j->undo = xrealloc(j->undo, (j->count + l->writes + 1) * sizeof *j->undo);
    for (size_t k = 0; k < l->writes; k++) {
        Undo *u = &j->undo[j->count++];
        *u = (Undo){ .host = l->write[k].host, .size = l->write[k].size };
        memcpy(u->bytes, l->bytes + l->write[k].before, u->size);
    }
}

static void journal_undo(Journal *j)
{
    while (j->count) {
        const Undo *u = &j->undo[--j->count];
        memcpy(u->host, u->bytes, u->size);
    }
}

/* ---- the shortest piece that differs ---- */

enum { STEPS = 1000 };

/* Pieces of `count` instructions, each beginning one further, from the CPU's state on. */
static LockVerdict pieces(Cpu *cpu, const Unit *u, uint32_t count, Journal *j)
{
    Lockstep *l = cpu->run->engine->lockstep;
    for (int n = 0; n < STEPS && *pc_of(cpu) - u->pc < u->guest_bytes; n++) {
        LockVerdict v = try_piece(cpu, count);
        if (v == LOCK_SAME && count > 1) {
            lockstep_back(cpu);
            v = try_piece(cpu, 1);
        }
        if (v != LOCK_SAME)
            return v;
        journal_add(j, l);
    }
    return LOCK_SAME;
}

/* From the state before the unit. The CPU, memory and the log are then as that piece left them. 0: none found. */
static uint32_t shortest(Cpu *cpu, const Unit *u)
{
    Lockstep *l = cpu->run->engine->lockstep;
    Journal j = { 0 };
    Cpu *start = xalloc(l->guest.size);
    uint32_t count = 1;
    LockVerdict v = LOCK_SAME;
    memcpy(start, cpu, l->guest.size);
    for (; count <= u->guest_insns && v == LOCK_SAME; count++) {
        v = pieces(cpu, u, count, &j);
        if (v != LOCK_SAME)
            break;
        journal_undo(&j);
        lockstep_put_back(cpu, start, l->guest.size);
    }
    free(j.undo);
    free(start);
    return v == LOCK_DIFFERS ? count : 0;
}

/* ---- the line ---- */

static void show_words(Cpu *cpu, uint64_t pc, uint32_t count, Out *o)
{
    Fetched f;
    uint32_t word[64];
    if (!fetch_page(cpu, pc, &f))
        return;
    if (count > 64)
        count = 64;
    memcpy(word, f.page_bytes + (pc & 0xfff), count * 4);
    for (uint32_t k = 0; k < count; k++)
        out(o, "%s.inst 0x%08x", k ? " ; " : "", word[k]);
    out(o, "  ");
    for (uint32_t k = 0; k < count; k++)
        out(o, "%s%08x", k ? "," : "", word[k]);
}

enum { WORDS = 64 };
typedef struct Memory { /* 8-byte words that the piece touches */
    uint64_t va[WORDS], before[WORDS], after[WORDS];
    unsigned count;
} Memory;

static void add_word(Memory *m, uint64_t va)
{
    for (unsigned k = 0; k < m->count; k++)
        if (m->va[k] == va)
            return;
    if (m->count < WORDS)
        m->va[m->count++] = va;
}

static void read_words(Cpu *cpu, const Memory *m, uint64_t *to)
{
    for (unsigned k = 0; k < m->count; k++) {
        V128 v = { 0, 0 };
        to[k] = mem_load(cpu, m->va[k], 8, false, &v) ? v.lo : 0;
    }
}

static void find_words(const Lockstep *l, Memory *m)
{
    for (size_t k = 0; k < l->touches; k++)
        for (uint64_t va = l->touch[k].va & ~7ull; va < l->touch[k].va + (uint64_t)l->touch[k].size; va += 8)
            add_word(m, va);
}

static void slots_read(const Ir *ir, bool *read)
{
    for (uint32_t k = 1; k < ir->count; k++)
        if (ir->insn[k].op == IR_get)
            read[ir_slot(ir->insn[k].imm)] = true;
        else if (ir->insn[k].op == IR_call && ir->helpers[ir->insn[k].imm & 0xffff].effects & H_STATE)
            memset(read, true, IR_SLOTS); /* who knows */
}

/* For a guest without such tests: code, the state it begins with as far as it is read, and what the interpreter made of
 * it. The CPU is before the piece. */
static void show_state(Cpu *cpu, const Cpu *end, const bool *read, const Unit *piece)
{
    const Lockstep *l = cpu->run->engine->lockstep;
    int slots;
    const Slot *slot = guest_slots(&l->guest, &slots);
    Fetched f;
    Out o = { 0 };
    out(&o, "code at %llx:", (unsigned long long)piece->pc);
    for (unsigned k = 0; fetch_page(cpu, piece->pc, &f) && k < piece->guest_bytes; k++)
        out(&o, " %02x", f.page_bytes[(piece->pc & 0xfff) + k]);
    out(&o, "\nmode %llx, before:", (unsigned long long)piece->mode);
    for (int k = 0; k < slots; k++) {
        uint64_t value[2] = { 0, 0 };
        memcpy(value, (const char *)cpu + slot[k].offset, slot[k].size);
        if (read[k])
            out(&o, slot[k].size > 8 ? " %s=%llx:%llx" : " %s=%llx", slot[k].name,
                (unsigned long long)value[slot[k].size > 8], (unsigned long long)value[0]);
    }
    out(&o, "\nbefore, after:\n");
    state_diff(l->guest.state, cpu, end, &o);
    log_text(o.text);
    out_free(&o);
}

/* The CPU is before the piece. */
static void show_line(Cpu *cpu, const Cpu *end, const bool *read, uint32_t count, Memory *m)
{
    const Lockstep *l = cpu->run->engine->lockstep;
    Out line = { 0 }, before = { 0 }, after = { 0 };
    uint64_t pc = *pc_of(cpu);
    read_words(cpu, m, m->before);
    show_words(cpu, pc, count, &line);
    l->guest.test_line(cpu, end, read, pc + 4ull * count, &before, &after);
    for (unsigned k = 0; k < m->count; k++) {
        out(&before, " [%llx]=%llx", (unsigned long long)m->va[k], (unsigned long long)m->before[k]);
        if (m->before[k] != m->after[k])
            out(&after, " [%llx]=%llx", (unsigned long long)m->va[k], (unsigned long long)m->after[k]);
    }
    out(&line, "  at=%llx%s  -> %s\n", (unsigned long long)pc, before.text ? before.text : "",
        after.text ? after.text : "");
    log_text("A line for tests/guest that shows it:\n");
    log_text(line.text);
    out_free(&line);
    out_free(&before);
    out_free(&after);
}

/* The CPU is behind the piece, the log is of it. */
static void show_piece(Cpu *cpu, uint32_t count)
{
    Lockstep *l = cpu->run->engine->lockstep;
    bool read[IR_SLOTS] = { false };
    Memory m = { .count = 0 };
    Cpu *end = xalloc(l->guest.size);
    find_words(l, &m);
    read_words(cpu, &m, m.after);
    memcpy(end, cpu, l->guest.size);
    lockstep_back(cpu);
    slots_read(l->ir, read);
    const Unit *piece = l->guest.test_line ? NULL : unit_of(cpu, *pc_of(cpu), count);
    if (l->guest.test_line)
        show_line(cpu, end, read, count, &m);
    else if (piece)
        show_state(cpu, end, read, piece);
    lockstep_put_back(cpu, end, l->guest.size);
    free(end);
}

static void show_listing(Cpu *cpu, const Unit *u, const char *title, uint32_t count)
{
    Fetched f;
    uint32_t bytes;
    uint32_t mask = log_mask;
    if (!fetch_page(cpu, u->pc, &f))
        return;
    log_text(title);
    log_mask |= LOG_IN_ASM | LOG_OP_OPT | LOG_OUT_ASM;
    translate_unit(cpu, cpu->run->ir, u->pc, u->mode, f.page_bytes, count, &bytes);
    listing_unit(cpu, u, f.page_bytes + (u->pc & 0xfff));
    log_mask = mask;
}

/* The CPU is behind the unit as the interpreter left it; the log has both runs. */
void lockstep_report(Cpu *cpu, Unit *u)
{
    Engine *e = cpu->run->engine;
    Lockstep *l = e->lockstep;
    if (l->reported)
        return;
    l->reported = true;
    log_line("lockstep: after %llu units the interpreter and the translation of the unit at %llx differ (cpu %d):",
             (unsigned long long)l->units, (unsigned long long)u->pc, cpu->run->number);
    log_text(l->what.text);
    lockstep_back(cpu);
    l->noting = true;
    uint32_t count = shortest(cpu, u);
    if (count) {
        log_line("lockstep: %u of its %u instructions, alone:", count, u->guest_insns);
        log_text(l->what.text);
        show_piece(cpu, count);
        lockstep_back(cpu);
        Unit *piece = unit_of(cpu, *pc_of(cpu), count);
        if (piece)
            show_listing(cpu, piece, "The piece:\n", count);
    } else {
        show_listing(cpu, u, "No part of the unit shows it alone. The unit:\n", u->guest_insns);
    }
    log_flush();
    machine_exit(e->machine, 1);
    __atomic_store_n(&e->halting, 1, __ATOMIC_SEQ_CST);
}
