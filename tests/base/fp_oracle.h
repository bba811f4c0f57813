/* What test_fp_arm.c (on the host) and fp_oracle.c (AArch64) exchange; op is a row of fp_arm.def. */
#pragma once
#include <stdint.h>

typedef struct OracleCase {
    uint32_t op, fpcr;
    uint64_t v[3];
} OracleCase;

typedef struct OracleResult {
    uint64_t value;
    uint32_t fpsr, pad;
} OracleResult;
