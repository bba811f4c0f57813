/* What the oracle's two halves exchange: oracle_guest.c runs under qemu-aarch64, oracle.c judges. Both little-endian.
 */
#pragma once
#include <stdint.h>

/* One case's code: eight words at ORACLE_CODE + 32 * its number in the batch. Two load x30 and x0, four are the case's,
 * two leave: at ORACLE_LAST + 4 and + 8, so that the last of the four may be a branch. */
enum {
    ORACLE_CODE = 0x04000000,
    ORACLE_SLOT = 32,
    ORACLE_WORDS = 4,
    ORACLE_FIRST = 8, /* offset of the first word of the case in its slot */
    ORACLE_LAST = 20,
    ORACLE_BATCH = 4096,
    ORACLE_PAGE = 0x04040000, /* the data page: zeros, but for the window */
    ORACLE_PAGE_SIZE = 4096,
    ORACLE_WINDOW = 1792,
    ORACLE_WINDOW_SIZE = 512,
};

enum { SIGNAL_UNDEFINED = 4 }; /* SIGILL */

typedef struct OracleState {
    uint64_t x[31], sp, pc;
    uint32_t nzcv, fpcr, fpsr; /* nzcv as MRS shows it */
    uint32_t signal;           /* Linux's number: 4 undefined, 7 misaligned, 11 no such memory */
    uint64_t v[32][2];
    uint8_t window[ORACLE_WINDOW_SIZE];
} OracleState;

typedef struct OracleCase {
    uint32_t word[ORACLE_WORDS]; /* unused ones are NOP and come first */
    OracleState state;
} OracleCase;
