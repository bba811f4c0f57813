/* What handlers of SSE's and AVX's floating point share. */
#pragma once
#include "frontend/x86/helpers.h"
#include "frontend/x86/vector.h"

/* How all of SSE's floating-point ops are to be done. With an exception that is not masked underflow is another one
 * (SDM volume 1, 4.9.1.5), which the host, with all masked, does not find. */
static inline uint64_t x86_fp_rules(const Trans *t)
{
    return FP_NAN_FIRST | (t->mode & M_FP_TRAPS ? FP_SOFT : 0);
}

/* A helper that finds a and b in scratch 0 and 1 and puts its vector into 2. */
IrRef x86_call_vectors(Trans *, int helper, IrRef a, IrRef b, uint64_t arg);

typedef struct SseKind {
    uint8_t bits; /* of a lane */
    bool scalar;
} SseKind;
