#pragma once
#include "core/machine.h"

char *object_path(const Machine *, const Device *); /* free it */
