/* A guest that asks the processor what it does in IA-32e mode, and prints the answers: tests/machine/peer.sh compares
 * those of two programs. */
#pragma once
#include "../x86bare/bare.h"

typedef struct Caught {
    uint64_t gs, fs, es, ds, r11, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
} Caught;
extern Caught caught;
extern uint64_t caught_cr2, caught_frame; /* where the processor's frame ended */
extern uint32_t caught_ss;
extern uint64_t root[512], pointers[512];
extern struct {
    uint64_t rip, cs, rflags, rsp, ss;
} frame;
extern struct {
    uint64_t rax, rcx, rdx, rbx, unused, rbp, rsi, rdi, r8, r11;
} regs;
extern char stubs[], landing[], landing_ret[], stack_top[];
void enter(void);

extern uint64_t gdt[64], idt[512];
extern struct __attribute__((packed)) Tss {
    uint32_t zero0;
    uint64_t rsp[3], zero1, ist[8]; /* ist[0] is number 1 */
    uint32_t zero2;
    uint16_t zero3, map;
} tss;
enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3_32 = 0x1b,
    DATA3 = 0x23,
    CODE3 = 0x2b,
    TSS = 0x30,
    LDT = 0x40,
    CODE0_32 = 0x50,
    FIRST = 12 /* of a test's own */
};
#define STACK (stack_top - 16384) /* of cases */
#define BAD   0x8000000000000ull  /* no canonical address */

int is_peer(void);
typedef struct Cpuid {
    uint32_t a, b, c, d;
} Cpuid;
Cpuid cpuid(uint32_t leaf);
void gate(uint64_t *at, uint32_t selector, uint64_t offset, uint32_t type, uint32_t ist);
void fresh(void); /* all tables as they were */
void load_tables(void);
void set_msr(uint32_t msr, uint64_t v);

/* Runs code (a string of bytes, then INT 80h) with a code segment, and prints what came of it. */
extern uint8_t code_area[256];
void run(const char *what, uint16_t cs, const char *code, int length);
void result(const char *what);
/* For what the peer does not do as the manual says: nothing is printed unless this was not what happened. */
void expect(const char *what, uint16_t cs, const char *code, int length, uint32_t vector, uint32_t error);
#define EXPECT(what, cs, code, vector, error) expect(what, cs, code, sizeof code - 1, vector, error)
#define RUN(what, cs, code)                   run(what, cs, code, sizeof code - 1)
