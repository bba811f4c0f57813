/* A CPU that runs a few instructions in a given state, in several ways that must agree. */
#pragma once
#include "tests/frontend/oracle.h"
#include <stdbool.h>

typedef enum A64Way {
    A64_RAW,    /* interpreted, as the handlers asked for it */
    A64_FOLDED, /* interpreted after folding */
    A64_KNOWN,  /* the same, with the state's numbers known to the folder */
    A64_JIT,    /* folded, compiled by the backend */
    A64_WAYS
} A64Way;
extern const char *const a64_way_names[A64_WAYS];

typedef struct A64Bench A64Bench;
A64Bench *a64_bench(void);
void a64_bench_free(A64Bench *);

/* Runs the words, which lie at pc, or as many as there are before one leaves. state->pc is where it goes on; after an
 * exception state->signal says which (oracle.h), and pc is that of the instruction that raised it. */
void a64_bench_run(A64Bench *, A64Way, const uint32_t *words, int count, uint64_t pc, OracleState *state);
/* Where memory at addr is. Beyond the oracle's page there is some, zeros at first, from the first call for it until
 * a64_bench_forget. */
uint8_t *a64_bench_memory(A64Bench *, uint64_t addr);
void a64_bench_forget(A64Bench *);
void a64_bench_big_endian(A64Bench *, bool); /* data accesses from now on */
void a64_bench_fp_off(A64Bench *, bool);     /* FP and vector instructions trap from now on */
bool a64_bench_has(const A64Bench *, unsigned feature);
