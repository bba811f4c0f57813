/* Types keys one after another, in the machine's time. */
#pragma once
#include "core/machine.h"

typedef struct Typist Typist;
Typist *typist_new(Machine *);
void typist_free(Typist *);
/* Presses the keys, and lets go of them in the opposite order after `hold_ns`. False: too many wait already. */
bool typist_press(Typist *, const int *keys, int count, int64_t hold_ns);
