/* Differences between qemu-aarch64 and us that the manual allows. */
#pragma once
#include "tests/frontend/oracle.h"
#include <stdbool.h>

bool oracle_known(const char *row, const OracleCase *, const OracleState *want, const OracleState *got);
