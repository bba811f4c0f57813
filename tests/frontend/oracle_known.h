/* Differences between qemu-aarch64 and us that the manual allows, or in which it is with us. */
#pragma once
#include "tests/frontend/oracle.h"
#include <stdbool.h>

bool oracle_known(const char *row, const OracleCase *, const OracleState *want, const OracleState *got);
bool oracle_known_row(const char *row); /* some are: left out of sequences, where they would spread */
