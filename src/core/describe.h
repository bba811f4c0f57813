/* What machine this is, for files that belong to one: snapshots and recordings. */
#pragma once
#include "base/text.h"
#include "core/machine.h"

/* As members of a JSON object, one a line: those of another machine differ. */
void machine_describe(Machine *, Out *);
/* Whether all drives are at the end what they were in the beginning, but for writes of the machine's own. `lost`: what
 * becomes of them otherwise, "a snapshot does not keep". */
bool drives_are_kept(const char *lost, Error *err);
