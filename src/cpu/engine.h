/* What the vCPUs of a machine share: translated code, what is known of each page of RAM, and how they stop for one
 * another. Private to cpu/. */
#pragma once
#include "core/machine.h"
#include "cpu/backend.h"
#include "cpu/debug.h"
#include "cpu/run.h"

/* One translated piece of guest code: what follows from one pc, inside one page. */
struct Unit {
    uint64_t pc, mode;
    uint32_t ram_page;
    uint32_t second; /* page in which its only instruction ends; NO_PAGE: it is all in the first */
    uint32_t code_size;
    const uint8_t *code; /* executable address */
    uint16_t guest_bytes, guest_insns, exits, points;
    uint32_t banks; /* bit by number of a bank: some CPU's jump table may hold the unit there */
    bool dead;
    bool quick;   /* made of stencils */
    int32_t left; /* quick: entries until it is to be made again in full */
    UnitExit *exit;
    UnitPoint *point;
    UnitExit *linked_from;
    Unit *next_hash, **at_hash, *next_page, **at_page; /* at: what points here; a page may have thousands of units */
    Unit *next_end, **at_end;                          /* of those that end in the second page */
    void *leader;                                      /* lockstep: what the interpreter runs */
    bool turns;                                        /* lockstep: left at each turn of a loop inside */
};

#define NO_PAGE  (~0u)
#define LOOKS_UP (~0u - 1) /* in place of a second page: the unit looks up the one that is there now */

enum { PAGE_CODE = 1, PAGE_WRITTEN = 2 }; /* has units; may be in somebody's write table */

enum { GRANULES = 64 }; /* of 64 bytes, in a page */

static inline bool unit_is_across(const Unit *u)
{
    return u->second < LOOKS_UP;
}

static inline uint64_t granules_of(uint32_t offset, uint32_t len)
{
    uint32_t first = offset / 64, last = (offset + len - 1) / 64;
    return (last >= GRANULES - 1 ? ~0ull : (1ull << (last + 1)) - 1) & ~0ull << first;
}

typedef struct CodePage {    /* of a page with PAGE_CODE */
    Unit *units[GRANULES];   /* by where they start: a store must not look at thousands */
    Unit *ends;              /* units that begin in a page before */
    uint64_t granules;       /* bit for each that units were made from since the page had none, or are being made */
    uint32_t count, longest; /* units; most bytes that one was made from */
    uint32_t turns;          /* how often it got its first unit; HOT: it is code and data by turns, and stays a page */
    uint32_t idle;           /* ... with PAGE_CODE until it has seen so many stores without becoming code again */
} CodePage;
enum { HOT_TURNS = 4, HOT_STORES = 256 };

/* A store there hit no code; true: it was the last that a page without units waits for. An estimate if several CPUs
 * store. */
static inline bool page_idle(CodePage *p)
{
    uint32_t idle = __atomic_load_n(&p->idle, __ATOMIC_RELAXED);
    __atomic_store_n(&p->idle, idle + (idle < HOT_STORES), __ATOMIC_RELAXED);
    return idle == HOT_STORES;
}

typedef struct CodeRegion {
    uint8_t *w;           /* writable view */
    uint32_t used, ready; /* bytes; ready: the host has pages for them */
    Unit **units;         /* by code address */
    uint32_t count, room;
    char **block;                             /* what Unit structs are in */
    uint32_t blocks, blocks_room, block_left; /* bytes left in the last one */
} CodeRegion;

enum { REGIONS = 16, HASH_BITS = 19 }; /* a full cache holds about as many units */

/* Bits of the mode word that are the engine's, not the guest's. */
#define MODE_COUNT (1ull << 62) /* charges for instructions */
#define MODE_STEP  (1ull << 63) /* units of one instruction, without breakpoints, that nothing links to */

/* Why a CPU runs one instruction by itself. */
enum { STEP_NONE, STEP_ONE /* the debugger wants it */, STEP_PAST /* past a stop that was told */ };

typedef struct Debug { /* debug.c */
    DebugPoint point[DEBUG_POINTS];
    int count, breaks, watches;
    int own_breaks;       /* atomic: of all CPUs' own_point */
    pthread_mutex_t lock; /* of the next two */
    bool waits;           /* an event is on its way to the listener */
    DebugEvent event;
    bool (*stopped)(void *who, const DebugEvent *);
    void *who;
} Debug;

typedef struct Lockstep Lockstep;
typedef struct Counting Counting;
typedef struct Stencils Stencils;

typedef struct Engine {
    Machine *machine;
    CpuRun **run; /* of each vCPU, as far as they are made */
    SpaceWatch watch;
    const Guest *guest;
    const Backend *backend;
    Lockstep *lockstep; /* --lockstep, or NULL */
    Counting *counting; /* -icount, or NULL */
    Stencils *stencils; /* NULL: units are made in full at once */
    uint64_t translated_insns, translated_units;
    uint64_t quick_from; /* instructions, before which it is done in full */
    uint8_t *page_flags; /* per RAM page; atomic */
    CodePage **code_page;
    uint64_t pages;

    pthread_mutex_t lock; /* translation, links, lookup-table entries, page lists */
    uint8_t *base;        /* of the code cache, the writable view */
    ptrdiff_t to_exec;
    int code_fd; /* of the file that both views are of */
    uint32_t region_size, prologue_size, region_now;
    uint32_t regions;                    /* in use: fewer in a small cache */
    uint32_t no_hints;                   /* bits that were set in the next */
    uint64_t no_hint[NO_HINT_BITS / 64]; /* by hash of the pc: accesses for which hints do not pay */
    uint32_t own_stores;                 /* bits that were set in the next */
    uint64_t
        own_store[NO_HINT_BITS / 64]; /* by the same hash: with these a unit ends, for they store to what follows */
    uint32_t unit_insns;              /* most that are translated together */
    CodeRegion region[REGIONS];
    Unit *hash[1 << HASH_BITS];
    uint64_t evictions, invalidations;
    uint32_t generation; /* changes when units are freed; read by vCPUs that keep everybody from freeing */

    pthread_mutex_t stop_lock; /* exclusive */
    pthread_cond_t stopped, resumed;
    Debug debug;
    uint32_t wanted;  /* atomic: somebody wants everybody out of translated code */
    uint32_t halting; /* atomic: the machine stops or pauses */
} Engine;

typedef struct Fetched {
    uint32_t ram_page;         /* ~0: not memory */
    const uint8_t *page_bytes; /* of the 4 KiB page */
} Fetched;

Engine *engine_of(const Cpu *);
void engine_free(Machine *); /* the CPU devices are gone */

/* ---- code-cache.c, code-make.c, code-discard.c; all under engine->lock unless said ---- */
enum { UNIT_ROOM = 128 << 10 }; /* that must be left in a region for a unit */
bool cache_init(Engine *, uint64_t bytes, Error *err);
void cache_free(Engine *);
/* If its instruction goes on in another page, any that begins so: cache_find_across then tells. */
Unit **cache_place(Engine *, uint32_t ram_page, uint64_t pc, uint64_t mode); /* the list that it is in */
Unit *cache_find(Engine *, uint32_t ram_page, uint64_t pc, uint64_t mode);
Unit *cache_find_across(Engine *, uint32_t ram_page, uint32_t second, uint64_t pc, uint64_t mode);
/* Makes the unit; NULL if no room could be made now (a region must be evicted: cache_evict without the lock), or if it
 * cannot be made: then CpuRun.interpret or .across say how to go on. */
Unit *cache_make(Cpu *, uint32_t ram_page, uint64_t pc, uint64_t mode, const uint8_t *page_bytes, uint32_t limit,
                 bool hot /* not quickly */);
/* What is linked to in place of a unit on two pages, as the second may change: it looks up the pc. */
Unit *cache_make_gate(Cpu *, const Unit *across);
/* Of one instruction on two pages. */
Unit *cache_make_across(Cpu *, const Fetched *first, const Fetched *second, uint64_t pc, uint64_t mode);
enum { UNIT_INSNS = 64 };    /* the usual limit */
enum { UNIT_PADDING = 16 };  /* behind an instruction that ends code: less than this is skipped */
void cache_evict(Cpu *self); /* no lock held */
void cache_link(Engine *, UnitExit *, Unit *to);
Unit *cache_unit_at(Engine *, const void *host); /* which unit an executable address is in, or NULL */
void cache_invalidate(Engine *, uint32_t ram_page, uint32_t offset, uint32_t len); /* units made from these bytes */
void cache_discard(Engine *, Unit *);        /* the unit for its pc is made anew */
void cache_forget_pc(Engine *, uint64_t pc); /* units that hold the instruction at this virtual address */
void cache_jump_fill(TlbBank *, Unit *, unsigned pc_shift);
void cache_no_hint(Engine *, const void *ret);             /* of the instruction there; takes the lock itself */
bool cache_point(Engine *, const void *ret, uint64_t *pc); /* takes the lock itself */
/* Of a store that is about to be done: whether it changes the unit that it is part of while more of that follows. The
 * instruction is then to be tried again, when it will be its unit's last. Takes the lock itself. */
bool cache_changes_itself(Engine *, const void *ret, uint32_t ram_page, uint32_t offset, uint32_t len);

UnitExit *cache_exit_at(Engine *, const void *stub); /* what EXIT_LINK left by */
uint64_t cache_exit_pc(Engine *, const void *stub);  /* where it goes; takes the lock itself */

/* ---- lockstep.c, lockstep-log.c ---- */
Lockstep *lockstep_new(const Guest *); /* NULL: not asked for */
void lockstep_free(Lockstep *);        /* NULL: nothing */
const Guest *lockstep_guest(Lockstep *);
CpuExit lockstep_run(Cpu *, Unit *); /* under machine_lock_around */
/* Memory is about to be written, by a vCPU and by a device. */
void lockstep_write(Cpu *, void *host, int size);
static inline void about_to_write(Cpu *cpu, void *host, int size)
{
    if (cpu->run->engine->lockstep)
        lockstep_write(cpu, host, size);
}
void lockstep_device_writes(Lockstep *);
/* A vCPU reaches for a device. true: done, with what the device said to the leader. */
bool lockstep_device(Cpu *, Access, uint64_t phys, int size, uint64_t *value, bool *ok);
void lockstep_device_done(Cpu *, Access, uint64_t phys, int size, uint64_t value, bool ok);
HelperThrough lockstep_call;

/* ---- page-guard.c: who may write where ---- */
/* Whether the page may go to a write table: it has no units, and whoever makes one will see that it is written. */
static inline bool page_may_write(Engine *e, uint32_t ram_page)
{
    if (__atomic_load_n(&e->page_flags[ram_page], __ATOMIC_SEQ_CST) & PAGE_CODE)
        return false;
    __atomic_fetch_or(&e->page_flags[ram_page], PAGE_WRITTEN, __ATOMIC_SEQ_CST);
    return !(__atomic_load_n(&e->page_flags[ram_page], __ATOMIC_SEQ_CST) & PAGE_CODE);
}
/* No lock held: no write table maps it afterwards, until page_protected says no. */
void page_protect(Cpu *self, uint32_t ram_page);
bool page_protected(Engine *, uint32_t ram_page);
/* After any write to a PAGE_CODE page: a unit that is made before sees this, one that is made later sees the write. */
void page_written(Engine *, uint32_t ram_page, uint32_t offset, uint32_t len);
/* Under the lock, before bytes are read to make a unit of them: nobody stores there unseen. Returns those granules that
 * were free; what the unit does not need of them is given back. */
uint64_t page_claim(Cpu *self, uint32_t ram_page, uint64_t granules);
void page_unclaim(Engine *, uint32_t ram_page, uint64_t granules);

/* ---- bank.c ---- */
/* What is built without vector registers calls no memset; returns where it ended. */
static inline void *words_set(void *to, uint64_t value, uint64_t words)
{
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(value) : "memory");
    return to;
}

static inline uint64_t hint_place(uint64_t va) /* a bit for 2 MiB, of which a row of pages touches two at most */
{
    return 1ull << (va >> 21 & 63);
}

static inline void hint_note(TlbBank *b, const TlbHint *h)
{
    b->hinted |= hint_place(h->start) | hint_place(h->start + h->end);
}
void bank_flush(TlbBank *);
void bank_flush_jumps(TlbBank *);
void bank_drop_page(TlbBank *, uint32_t ram_page); /* from the write table */
void bank_set(TlbBank *, bool write, uint64_t page_va, uint64_t addend, uint32_t ram_page, uint8_t page_bits,
              bool global);
void bank_set_fetch(TlbBank *, uint64_t pc, uint32_t ram_page, const uint8_t *bytes, bool global);
void bank_note_big(TlbBank *, uint64_t page_va, uint8_t page_bits); /* before anything is kept of such a mapping */
/* What TlbBank.parent says: under the engine's lock, while nobody has all others stopped. */
void bank_inherit(TlbBank *, CpuRun *);
void bank_set_jump(TlbBank *, unsigned at, JumpEntry);

static inline bool bank_same_page(uint64_t entry, uint64_t va)
{
    return !((entry ^ va) << 8 >> 20); /* tag bits of the entry's address do not count */
}

static inline bool bank_fetch_is_global(const TlbBank *b, uint64_t pc)
{
    const FetchEntry *f = &b->fetch[(pc >> 12) & (FETCHES - 1)];
    return f->page == (pc & ~0xfffull) + 1 && f->global;
}

enum { CODE_MAX = 16 }; /* no instruction is longer */

/* May the instruction there go on in the next page? */
static inline bool code_may_cross(uint64_t pc)
{
    return (pc & 0xfff) > 0x1000 - CODE_MAX;
}

static inline bool bank_code_is_global(const TlbBank *b, uint64_t pc)
{
    return bank_fetch_is_global(b, pc) && (!code_may_cross(pc) || bank_fetch_is_global(b, pc + CODE_MAX));
}

/* What the CPU sees at physical addresses. */
static inline Space *space_of(const Cpu *cpu)
{
    Machine *m = cpu->dev.machine;
    return cpu->run->private_memory && m->private_memory ? m->private_memory : m->memory;
}

/* ---- far.c: the second level, and stores beside code ---- */
void far_beside(TlbBank *, uint64_t page_va, uint64_t addend, uint32_t ram_page);
uint8_t *far_page_with_code(const Engine *, TlbBank *, uint64_t va, unsigned size,
                            uint32_t *ram_page);   /* NULL: is none */
void far_keep(TlbBank *, bool write, unsigned at); /* the entry there is about to be replaced */
void far_flush(TlbBank *);
void far_flush_va(TlbBank *, uint64_t va, bool only_global);

/* ---- translate.c ---- */
/* Builds the IR of a unit; returns guest instructions, 0 if nothing could be decoded. */
/* One instruction; its length, 0: it is longer than that. */
uint32_t translate_one(Cpu *, Ir *, uint64_t pc, uint64_t mode, const uint8_t *code, uint32_t have);
/* Nothing but one instruction of insn_max bytes, or, code being NULL, a goto to the one behind it. true: it ends there.
 */
bool translate_piece(Cpu *, Ir *, uint64_t pc, uint64_t mode, const uint8_t *code);
void translate_lookup(Cpu *, Ir *, uint64_t pc); /* nothing but that */
uint32_t translate_unit(Cpu *, Ir *, uint64_t pc, uint64_t mode, const uint8_t *page_bytes, uint32_t limit,
                        uint32_t *bytes);

/* ---- quick.c ---- */
/* The code of a unit, instruction by instruction, to `out`; how many, of how many bytes. 0: no room. */
uint32_t quick_unit(Cpu *, const Unit *like, const uint8_t *code, uint32_t limit, Compiled *out, uint32_t *bytes);
void quick_counts(const Engine *, Unit *); /* once its code is in place: entries are counted */
bool quick_wanted(Cpu *, const Unit *like);
void quick_begin(Engine *, TranslateQuickly);
static inline bool unit_is_hot(const Unit *u)
{
    return u->quick && __atomic_load_n(&u->left, __ATOMIC_RELAXED) <= 0;
}

/* ---- listing.c: -d in_asm,op,op_opt,out_asm ---- */
void listing_unit(Cpu *, const Unit *, const uint8_t *code);
void listing_ir(const char *title, const Ir *);

/* ---- fetch: tlb.c ---- where code at the pc is. false: the guest's fault was raised */
bool fetch_page(Cpu *, uint64_t pc, Fetched *);

/* ---- debug.c: what the others ask ---- */
bool debug_stops(const Engine *, uint64_t pc, const uint8_t *host); /* a breakpoint is at pc, whose bytes are there */
static inline bool debug_may_stop(const Engine *e)                  /* ... anywhere */
{
    return e->debug.breaks || __atomic_load_n(&e->debug.own_breaks, __ATOMIC_RELAXED);
}
bool debug_watches_page(Cpu *, uint64_t va, uint64_t phys);
/* The access touches watched memory and is not to be done: what translated code returns to is told. */
bool debug_refuses(Cpu *, uint64_t va, uint64_t phys, int size, unsigned kinds, bool user);
/* While something is watched an instruction that reaches devices runs by itself, and what they said is kept until it is
 * done: if it is refused another access and done again later, they are not asked again. */
typedef enum DebugDevice { DEVICE_ASK, DEVICE_LATER, DEVICE_KNOWN } DebugDevice;
DebugDevice debug_device(Cpu *, bool store, uint64_t phys, int size, uint64_t *value);
void debug_device_said(Cpu *, bool store, uint64_t phys, int size, uint64_t value);
void debug_begin(Cpu *);          /* its thread starts */
void debug_after(Cpu *, CpuExit); /* a unit, or with a step one instruction, was run */
static inline bool debug_wants(const Cpu *cpu, CpuExit why)
{
    const CpuDebug *own = &cpu->run->debug;
    return why == EXIT_DEBUG || own->step || own->watch_hit || own->careful;
}
static inline bool debug_interruptible(const Cpu *cpu)
{
    return !cpu->run->debug.step || (cpu->run->debug.irq_steps && cpu->run->debug.step == STEP_ONE);
}

/* ---- count.c ---- */
Counting *counting_new(Machine *); /* NULL: not asked for */
void counting_free(Counting *);    /* NULL: nothing */
void counting_interrupt(const Cpu *);
extern const MachineCpus counting_cpus;

/* ---- signal.c ---- */
void cpu_run_posted(Cpu *);
/* While it is in translated code nobody frees any, nor has it alone. */
void cpu_enter_code(Cpu *);
void cpu_leave_code(Cpu *);

/* ---- next.c ---- */
/* The unit for the pc slot; NULL: look again. *why then says what came of the instruction if it was interpreted or its
 * fetch faulted. */
Unit *next_unit(Cpu *, CpuExit *why);
Unit *next_by_link(Cpu *, const void *stub); /* that a direct exit left by; NULL: it is not there yet */
CpuExit interpret_rest(Cpu *);               /* of the budget, a unit's length at most */

/* ---- run.c ---- */
/* Does what is asked of the CPU from elsewhere; then there is no next unit. */
void cpu_attend(Cpu *, Unit **next);
/* Runs a unit, or what the CPU finds instead: *next is the unit that follows if that is known. Its exit. */
CpuExit run_once(Cpu *, Unit **next);
bool cpu_waits(Cpu *); /* for an interrupt that has not come */
void cpu_thread_begin(Cpu *);
void stop_cpus(Machine *);
extern const MachineCpus machine_cpus;
void reset_cpus(Machine *);
void settle_cpus(Machine *);
#define RUN_STATE                                                                                                      \
    { .name = "lines", .offset = offsetof(CpuRun, lines), .size = 4, .count = 1 },                                     \
        { .name = "powered", .offset = offsetof(CpuRun, powered), .size = 4, .count = 1, .below = 2 },                 \
        STATE(CpuRun, waits_at), STATE(CpuRun, private_memory, .below = 2)
void *run_of(Cpu *);
uint64_t *pc_of(Cpu *);
