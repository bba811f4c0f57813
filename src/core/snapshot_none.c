/* In place of snapshot.c in a build without zlib. */
#include "core/snapshot.h"

static bool refuse(Error *err)
{
    return error_set(err, "snapshots need zlib, which this program was built without; install zlib1g-dev, build again");
}

bool snapshot_save(Machine *m, const char *path, Error *err)
{
    (void)m, (void)path;
    return refuse(err);
}

bool snapshot_peek(const char *path, int64_t *clock, Error *err)
{
    (void)path, (void)clock;
    return refuse(err);
}

bool snapshot_load(Machine *m, const char *path, Error *err)
{
    (void)m, (void)path;
    return refuse(err);
}
