/* Where firmware files are. */
#pragma once
#include "core/machine.h"

/* A name with a slash or of a file that is there is that file; else it is looked for in the -L folder, then in those of
 * the NULL-ended list. The caller frees the path; it is the name itself if nothing was found. */
char *firmware_find(const MachineConfig *, const char *name, const char *const *folders);
