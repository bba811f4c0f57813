/* Random cases for the oracle: an instruction of a row, in a state that makes it do something. */
#pragma once
#include "tests/frontend/oracle.h"
#include "tests/frontend/random_a64.h"

/* Whether a case of the row says anything: not for those that enter the kernel, wait, or touch system registers. */
bool oracle_can(const A64Row *row);

/* Its words run at `pc` and after: the last one is the row's, at pc + ORACLE_LAST - ORACLE_FIRST. */
void oracle_case(OracleCase *, const A64Row *row, uint64_t pc, uint64_t *seed);

/* Rows that compute with floating point, and registers and modes for them: one precision throughout, numbers near one
 * another, every rounding mode, FZ, FZ16, DN and AHP. */
bool oracle_is_fp(const A64Row *row);
void oracle_fp_state(OracleState *, uint64_t *seed);

/* Several instructions that only compute, one after the other, of rows that can. */
void oracle_sequence(OracleCase *, const bool can[A64_ROWS], uint64_t *seed);
