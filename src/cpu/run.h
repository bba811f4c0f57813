/* What the engine keeps for each vCPU, and the layout that generated code relies on. Used by cpu/ and backend/ only. */
#pragma once
#include "cpu/backend.h"
#include "cpu/cpu.h"
#include "cpu/debug.h"
#include <pthread.h>
#include <stdatomic.h>

/* Direct-mapped; one unsigned compare `va - page <= 4096 - size` tells hit and no page crossing. An entry that holds
 * nothing has a page whose index bits differ from its place, so the compare always fails. */
typedef struct TlbEntry {
    uint64_t page;   /* guest virtual address of the page, tag bits included */
    uint64_t addend; /* host address - guest address */
} TlbEntry;

typedef struct JumpEntry { /* where the unit for a pc of this bank is */
    uint64_t pc;
    const void *code; /* executable address */
} JumpEntry;

enum {
    TLB_BITS = 12,
    TLB_SIZE = 1 << TLB_BITS,
    JUMP_SIZE = 32768,
    BANKS = 32,
    FETCHES = 512,
    RECENT = 4, /* banks that are found at once */
    WRITERS = 1024,
    SITES = 64
};

typedef struct FetchEntry { /* executable pages of a bank, direct-mapped */
    uint64_t page;          /* virtual page + 1; 0: none */
    uint32_t ram_page;
    bool global, local; /* local: in TlbBank.local_fetch */
    const uint8_t *bytes;
} FetchEntry;

/* What is remembered of a page beside its TLB entry. */
typedef struct TlbNote {
    uint32_t ram_page; /* number of the RAM page, for the reverse search; ~0: none */
    uint16_t next;     /* of the list in TlbBank.writer */
    uint8_t page_bits;
    bool global : 1, used : 1, local : 1; /* used, local: in the lists of TlbBank */
} TlbNote;

/* A second, larger level, for guests whose working set is beyond the first: what conflicts push out of there. Made when
 * a bank first has many conflicts. */
typedef struct FarEntry {
    uint64_t page, addend;
    uint32_t ram_page;
    uint32_t epoch; /* valid if equal to the bank's */
    uint8_t page_bits, prot;
    bool global;
} FarEntry;

enum { FAR_SIZE = 32768, FAR_CONFLICTS = 256 };

/* A page that has code, so that it is in no write table: stores beside the code need not walk the guest's tables. */
typedef struct BesideEntry {
    uint64_t page, addend;
    uint32_t ram_page;
    uint32_t epoch; /* valid if equal to the bank's far_epoch */
} BesideEntry;

enum { BESIDE_SIZE = 64 };

/* An access in a loop remembers where it found memory the last time, as far as the host has it in one piece: then the
 * address is needed for the access itself only, not to find out where it goes. A row of pages, which goes when one of
 * them is flushed; those of stores go, too, when any RAM page is taken from the write table. */
typedef struct TlbHint {
    uint64_t start, addend;
    uint64_t end;    /* good if guest address - start is less; 0: empty */
    uint32_t when;   /* far.c's: the last miss */
    uint16_t misses; /* in quick succession */
    bool global;
} TlbHint;

enum { HINTS = 512, HINT_SHIFT = 16, HINT_MISSES = 64 };

/* Loads and stores do not share one, nor do narrow and wide accesses: what the one found the other may not have. The
 * number says of which kind it is; 0 is none. A slow path is told it with IrMem. */
enum { HINT_WRITE = 1, HINT_WIDE = 2, HINT_KINDS = 4 };
static inline uint32_t hint_of(unsigned number)
{
    return number << HINT_SHIFT;
}
static inline unsigned hint_number(uint32_t mem)
{
    return mem >> HINT_SHIFT & (HINTS - 1);
}
/* Loads may have one of stores, among which they come first. */
static inline bool hint_is_for(unsigned number, bool write)
{
    return number && (number & HINT_WRITE || !write);
}
static inline unsigned hint_bytes(unsigned number) /* most that an access may have */
{
    return number & HINT_WIDE ? 64 : 16;
}

/* The page that the stack was last found in. Gone with any entry of its bank. */
enum { STACK_SPANS = 9, STACK_MOST = 64 }; /* of 4, 8, 16, 24 ... 64 bytes */
typedef struct StackHint {
    uint64_t start, host;      /* the page for the guest and for the host, which may be written */
    uint64_t end[STACK_SPANS]; /* guest address - start is less if as many bytes from there are in the page; 0: empty */
} StackHint;
static inline unsigned stack_span(int32_t bytes)
{
    return bytes <= 4 ? 0 : (unsigned)(bytes + 7) / 8;
}
static inline uint32_t stack_end(unsigned span)
{
    return 4096 + 1 - (span ? 8 * span : 4);
}

struct TlbBank {
    TlbEntry read[TLB_SIZE], write[TLB_SIZE]; /* write at +BANK_WRITE */
    JumpEntry no_jump, jump[JUMP_SIZE];       /* at BANK_JUMP + CPU_STOP, which no pc is found at; at BANK_JUMP */
    StackHint stack;
    TlbHint hint[HINTS];
    uint16_t hints[HINTS], hint_count; /* those that are not empty */
    uint64_t hinted;                   /* hint_place of their pages */
    TlbNote note[2][TLB_SIZE];
    uint16_t touched[2][TLB_SIZE], touched_count[2];
    uint16_t writer[WRITERS]; /* by hash of the RAM page: lists of the places in `write`, each plus 1; 0: the end */
    /* Places of entries that are not global, and perhaps of others: what a new address space needs looking at. */
    uint16_t local[2][TLB_SIZE], local_count[2], local_fetch[FETCHES], local_fetches;
    /* Of code; the second of each is of what is global. */
    uint16_t jumps[2][JUMP_SIZE], jump_count[2]; /* places in `jump` */
    uint64_t jump_set[2][JUMP_SIZE / 64];        /* bit for each of these places */
    uint64_t exec_pages[2][512];                 /* by hash: virtual pages with entries in jump */
    Regime key;
    uint64_t mode; /* Guest.mode the jump table was filled under */
    uint64_t when; /* last switched to: the oldest bank is reused */
    FetchEntry fetch[FETCHES];
    uint64_t big_from[2], big_to[2]; /* range of mappings larger than 4 KiB, by half: an address in it flushes all */
    FarEntry *far;                   /* FAR_SIZE, or NULL */
    BesideEntry beside[BESIDE_SIZE]; /* direct-mapped */
    uint32_t far_epoch, conflicts;
    TlbBank *parent; /* another of the regime, whose global entries are still to be taken over, or NULL */
    bool live;
    uint8_t number;
};
/* Where the table of lookups has a pc. If instructions may begin anywhere, what is called begins at multiples of 16, so
 * the page's number goes in, too: else few places would be used. What is added then is the pc turned by 8 bits and the
 * pc times 8, because a host does so in two instructions, and of the sum a place's offset is cut out. */
static inline unsigned jump_place(uint64_t pc, unsigned pc_shift)
{
    uint32_t low = (uint32_t)pc;
    return (pc_shift ? low >> pc_shift : ((low >> 8 | low << 24) + low * 8) >> 4) & (JUMP_SIZE - 1);
}
enum { BANK_READ = 0, BANK_WRITE = TLB_SIZE * 16, BANK_JUMP = 2 * TLB_SIZE * 16 + 16 };

typedef struct Posted {
    void (*fn)(Cpu *, uint64_t);
    uint64_t arg;
} Posted;

/* What a device was asked by an instruction that may have to be done again. */
typedef struct DebugPast {
    uint64_t phys, value;
    uint8_t size;
    bool store, used; /* used: by the instruction as it runs now */
} DebugPast;
enum { DEBUG_PASTS = 8 };

/* How a debugger lets a CPU run: debug.c. */
typedef struct CpuDebug {
    uint64_t mode;        /* what is added to Guest.mode: MODE_STEP */
    uint64_t stopped_at;  /* pc of the last stop that was told: going on from there goes past it; ~0: none */
    uint8_t step;         /* STEP_* */
    bool held, irq_steps; /* stays where it is; may take an interrupt while it steps */
    bool watch_passed;    /* the stop was before this access: it may be done now */
    bool watch_hit;       /* an access was refused because the memory is watched: */
    bool watch_after;     /* ... which is told once it is done */
    uint8_t watch_kind;
    uint64_t watch_at;
    bool late;    /* that was done, and is still to be told */
    bool stopped; /* an event was told: stay until all halt */
    bool careful; /* the instruction reaches a device: it is to run by itself */
    uint8_t pasts;
    DebugPast past[DEBUG_PASTS]; /* the latest */
} CpuDebug;

/* Counting (count.c): how far the machine is. The first CPU has it, so that a snapshot keeps it. */
typedef struct CountState {
    uint64_t done;   /* instructions begun in earlier turns */
    int64_t skipped; /* ns that passed while no CPU had anything to do */
    uint32_t next;   /* CPU whose turn it is */
    uint32_t left;   /* instructions of its turn, if that was interrupted; 0: a whole one */
} CountState;

struct CpuRun {
    V128 io[4]; /* wide values to and from slow paths */
    uint32_t host_mxcsr;
    const void *ret; /* return address of the slow path that is running, or NULL */
    struct Engine *engine;
    const Guest *guest;
    TlbBank *bank[BANKS];        /* made when first used */
    TlbBank *recent[16][RECENT]; /* by regime: the banks used last, the latest first */
    uint64_t clock;              /* counts bank switches */
    uint32_t heirs[2]; /* by half: banks that may have code of others, of these pcs, whatever Unit.banks says */
    uint64_t heir_from[2], heir_to[2];
    _Atomic uint32_t lines, powered, in_code, resync;
    _Atomic bool storing; /* beside code: whoever makes a unit of the page waits for it */
    pthread_t thread;
    bool has_thread;
    int thread_number; /* the host's */
    pthread_mutex_t wake_lock;
    pthread_cond_t wake;
    uint64_t waits_at;                   /* the pc behind an instruction that waits for an interrupt, or ~0 */
    bool asleep;                         /* under wake_lock: others run what is posted, in its place */
    uint32_t private_memory;             /* sees Machine.private_memory */
    bool settled;                        /* code just looked up where to go on: banks are those of the CPU's mode */
    bool interpret;                      /* the instruction at the pc cannot be compiled */
    bool across;                         /* ... goes on in the next page */
    bool alone;                          /* it is to run while no other CPU does */
    bool is_alone;                       /* it does */
    CpuExit alone_exit;                  /* how it ended */
    uint64_t posted_number, done_number; /* under wake_lock */
    Posted *post;
    size_t posts, posts_room;
    uint64_t mode_bits; /* the engine's part of the mode that is always set */
    Ir *ir;
    Compiled *compiled;
    uint8_t bad_guesses[SITES]; /* the backend's, by hash of the place */
    uint64_t lookups;
    int number;
    uint32_t generation; /* of the code cache when the next unit was found */
    CpuDebug debug;
    DebugPoint own_point[DEBUG_OWN]; /* the guest's */
    int own_watches;
    CountState count;
};

/* For frontends: makes the CPU one of its machine's, run by this engine. In the device's start(). */
bool cpu_init(Cpu *, const Guest *, Error *err);
/* What all machines use; before any CPU is made. */
void cpu_use_backend(const Backend *, Translation);

/* Whether machines run each unit twice, interpreted and translated, and stop at a difference; before any CPU is made.
 */
void cpu_use_lockstep(bool);
void cpu_lockstep_balance(const Machine *, Out *);

/* Counting: all vCPUs take turns on one thread, switching at exact counts, and time is what they have run: an
 * instruction takes 2^shift ns. The same machine does the same every time. Before any CPU is made. */
typedef struct CountOptions {
    bool on;
    int shift;
    bool sleep;       /* while no CPU has anything to do, let the time pass; else skip it */
    uint64_t stop_at; /* not 0: end after so many instructions, and print what memory and registers hash to */
} CountOptions;
void cpu_use_counting(const CountOptions *);
uint64_t cpu_count(Machine *); /* instructions begun so far by all vCPUs; 0 if they are not counted */

/* What the second level of the TLB can serve; false: nothing happened. Called with no vector register saved. */
bool far_load(Cpu *, uint64_t addr, uint32_t mem);
bool far_store(Cpu *, uint64_t addr, uint32_t mem);

/* Slow paths that thunks call with all vector registers saved. `ret`: return address inside a unit, which tells the
 * guest pc. The operand is in io[1] (and io[2] for cas), the result goes to io[0]. */
enum { SLOW_DONE, SLOW_FAULT };
uint32_t slow_load(Cpu *, uint64_t addr, uint32_t mem, const void *ret);
uint32_t slow_store(Cpu *, uint64_t addr, uint32_t mem, const void *ret);
uint32_t slow_rmw(Cpu *, uint64_t addr, uint32_t mem, const void *ret);
uint32_t slow_cas(Cpu *, uint64_t addr, uint32_t mem, const void *ret);
