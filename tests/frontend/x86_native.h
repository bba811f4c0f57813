/* Instructions on the host processor itself, for the oracle: 64-bit code as it is, 32-bit code in compatibility mode,
 * 16-bit code in a segment of the local descriptor table. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Where things are, natively and emulated: code in the low 4 GiB, data where 16-bit addresses reach it. */
#define X86_CODE 0x10000000ull
#define X86_PAGE 0x8000ull
enum { X86_START = 0x800, X86_PAGE_SIZE = 4096, X86_WINDOW = 0x780, X86_WINDOW_SIZE = 256, X86_CODE_SIZE = 144 };

/* As FXSAVE64 has it (SDM volume 1, table 10-4), and the upper halves of YMM registers. */
typedef struct X86Fp {
    uint16_t control, status;
    uint8_t tags, zero;
    uint16_t opcode;
    uint64_t ip, dp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16], xmm[16][16];
    uint8_t ymm[16][16];
} X86Fp;

typedef struct X86State {
    uint64_t r[16];
    uint64_t ip; /* offset in the code segment */
    uint32_t eflags;
    uint32_t signal; /* Linux's number for the exception; 0: none */
    X86Fp fp;
    uint8_t page[X86_PAGE_SIZE];
} X86State;

typedef struct X86Case {
    uint8_t code[X86_CODE_SIZE];
    uint32_t length; /* bytes of instructions; int3 follows */
    uint32_t bits;   /* of the code segment: 16, 32, 64 */
    uint32_t area;   /* in the page: of an instruction that saves there; 0: none */
    X86State before, after;
} X86Case;

/* The child process that runs cases from shared memory. false: the host cannot. */
bool x86_native_start(int cases);
X86Case *x86_native_cases(void);
bool x86_native_run(int count); /* before to after; false: the child has gone */
void x86_native_stop(void);
bool x86_native_has(unsigned bits);
