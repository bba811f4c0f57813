/* A guest that asks the processor what it does with descriptors, gates, tasks, virtual-8086 mode, debug registers and
 * system management, and prints the answers: tests/machine/system.sh compares those of two programs. */
#pragma once
#include "../x86bare/bare.h"

typedef struct Caught {
    uint32_t gs, fs, es, ds, edi, esi, ebp, esp0, ebx, edx, ecx, eax;
    uint32_t vector, error, eip, cs, eflags, esp, ss, ves, vds, vfs, vgs;
} Caught;
extern Caught caught;
extern uint32_t caught_ss, frame[12], frame_words;
extern struct {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
} regs;
extern char stubs[], landing[], landing_ret[], stack_top[];
void enter(void);

typedef uint64_t Descriptor;
extern Descriptor gdt[128], ldt[16], idt[256];
extern uint8_t tss[4][0x2100];
enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3 = 0x1b,
    DATA3 = 0x23,
    TSS_MAIN = 0x28,
    LDT = 0x30,
    FIRST = 8 /* of a test's own */
};
enum { LF = 0x202 };

Descriptor gate(uint32_t selector, uint32_t offset, uint32_t type, uint32_t params);
void fresh(void); /* all tables as they were */
void load_tables(void);

/* Runs code (a string of bytes, then INT 80h) at a privilege level, and prints what came of it. */
extern uint8_t code_area[256];
void run(const char *what, int cpl, const char *code, int length);
void result(const char *what);
/* For what the peer does not do as the manual says: nothing is printed unless this was not what happened. */
void expect(const char *what, int cpl, const char *code, int length, uint32_t vector, uint32_t error);
#define EXPECT(what, cpl, code, vector, error) expect(what, cpl, code, sizeof code - 1, vector, error)
#define RUN(what, cpl, code)                   run(what, cpl, code, sizeof code - 1)

void test_segments(void);
void test_far(void);
void test_interrupts(void);
void test_tasks(void);
void test_virtual(void);
void test_debug(void);
void test_smm(void);
void test_pages(void);
void test_own_stores(void);
