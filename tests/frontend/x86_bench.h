/* An x86 CPU that runs one instruction in a given state, in several ways that must agree. */
#pragma once
#include "frontend/x86/decode.h"
#include "tests/frontend/x86_native.h"

typedef enum X86Way {
    X86_WAY_RAW,    /* interpreted, as the handlers asked for it */
    X86_WAY_FOLDED, /* interpreted after folding */
    X86_WAY_JIT,    /* folded, compiled by the backend */
    X86_WAYS
} X86Way;
extern const char *const x86_way_names[X86_WAYS];

void x86_bench_start(void);
/* From X86Case.before; the state after. false: the backend refused it, as too much for one unit. */
bool x86_bench_run(X86Way, const X86Case *, X86State *state);
uint64_t x86_bench_mode(unsigned bits);
const uint64_t *x86_bench_features(void);
