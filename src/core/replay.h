/* Recording what comes to a machine from outside, and playing it again: host/replay.h, for machines that count. */
#pragma once
#include "core/machine.h"

/* The machine is made, and does not run yet: whose recording it is, written or compared. Nothing without one. */
bool replay_begin(Machine *, Error *err);
/* One has begun: no way leads back to before it. */
bool replay_has_begun(void);
/* For CPUs that are the clock: the moment something comes from a recording, at which they are to look (machine_turn);
 * false: there is none. */
bool replay_ahead(uint64_t *count, int64_t *time);
void replay_lost(Machine *); /* they cannot come there */
