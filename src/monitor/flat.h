/* What was asked in JSON as a line of options, as the command line has them. */
#pragma once
#include "base/text.h"
#include <jansson.h>

/* ",KEY=VALUE" for each member; of an object in an object "KEY.INNER=VALUE". Those called `skip` or `skip_also` are
 * left out. */
void flat_add(Out *, const json_t *object, const char *skip, const char *skip_also);
