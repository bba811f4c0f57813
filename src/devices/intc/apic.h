/* The local APICs of an x86 machine, one device for all: Intel SDM volume 3, chapter "Advanced Programmable Interrupt
 * Controller". Who sends interrupts to them uses a message; what one CPU sees of its own is registers. */
#pragma once
#include "core/device.h"
#include "core/timer.h"

typedef enum ApicMode {
    APIC_FIXED,
    APIC_LOWEST,
    APIC_SMI,
    APIC_NMI = 4,
    APIC_INIT,
    APIC_STARTUP,
    APIC_EXTERNAL, /* the vector is the 8259's */
} ApicMode;

typedef struct ApicMessage {
    uint32_t destination;
    bool logical, level; /* level: its end is told to the I/O APIC */
    ApicMode mode;
    uint8_t vector;
} ApicMessage;

/* false: nobody hears of it, for all who are meant have such an interrupt waiting. */
bool apic_send(Device *, const ApicMessage *);
/* A message-signalled interrupt: what a device stores, and where (SDM 3A, "Message Signalled Interrupts"). */
void apic_signal(Device *, uint64_t address, uint32_t data);
/* The one who wants to hear when an interrupt is over. */
void apic_hear_ends(Device *, void (*ended)(void *who, uint8_t vector), void *who);

/* ---- private to apic*.c ---- */

enum { APICS = 16, LVTS = 6 };
enum { LVT_TIMER, LVT_THERMAL, LVT_COUNTER, LVT_LINT0, LVT_LINT1, LVT_ERROR };
enum { LVT_MASKED = 1 << 16, LVT_LEVEL = 1 << 15 };
enum { BASE_FIRST = 1 << 8, BASE_X2 = 1 << 10, BASE_ENABLED = 1 << 11 };
enum { SVR_ENABLED = 1 << 8 };

typedef struct Apic {
    uint64_t base;
    uint32_t id, ldr, dfr, svr, tpr, esr, errors, icr, icr_high;
    uint32_t lvt[LVTS];
    uint32_t isr[8], tmr[8], irr[8];
    uint32_t initial, divide;
    int64_t started;   /* when the timer was: virtual time */
    uint64_t deadline; /* TSC deadline; 0: none */
    bool waiting;      /* for a start-up message */
    Timer timer;       /* from here on: what a reset keeps */
    struct Apics *all;
    int number;
} Apic;

typedef struct Apics {
    Device dev;
    Device *pic;
    Apic apic[APICS];
    int count;
    bool external; /* level of the 8259's output */
    Line intr[APICS], nmi[APICS], smi[APICS];
    void (*ended)(void *who, uint8_t vector);
    void *who;
} Apics;

void apic_update(Apic *);
bool apic_request(Apic *, uint8_t vector, bool level); /* false: it was waiting already */
bool apic_deliver(Apic *, ApicMode, uint8_t vector, bool level);
void apic_end(Apic *);
uint32_t apic_priority(const Apic *);
int apic_take(Apic *); /* the vector; -1: none */
void apic_reset(Apic *, bool init);
bool apic_x2(const Apic *);
void apic_write_icr(Apic *, uint32_t low, uint32_t destination);

/* apic_timer.c */
void apic_timer_init(Apic *);
void apic_timer_changed(Apic *); /* its LVT, initial count or divider was written: count anew */
uint32_t apic_timer_count(const Apic *);
void apic_timer_mode_changed(Apic *);

/* apic_regs.c: `at` is the number of the register, 0 to 0x3f of 16 bytes each */
uint64_t apic_read(Apic *, uint32_t at);
void apic_write(Apic *, uint32_t at, uint64_t value);
