#include "machines/firmware.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *in_folder(const char *folder, const char *name)
{
    char *path = folder ? xprintf("%s/%s", folder, name) : NULL;
    if (path && !access(path, R_OK))
        return path;
    free(path);
    return NULL;
}

char *firmware_find(const MachineConfig *c, const char *name, const char *const *folders)
{
    if (strchr(name, '/') || !access(name, R_OK))
        return xstrdup(name);
    char *path = in_folder(c->firmware_path, name);
    for (; !path && *folders; folders++)
        path = in_folder(*folders, name);
    return path ? path : xstrdup(name);
}
