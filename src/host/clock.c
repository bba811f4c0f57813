#include "host/clock.h"

#include <stdbool.h>
#include <time.h>

static int64_t now(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t clock_ns(void)
{
    return now(CLOCK_MONOTONIC);
}

static int64_t shift;

void clock_wall_shift(int64_t ns)
{
    shift = ns;
}

static bool stands;
static int64_t standing;

void clock_wall_stand(int64_t ns)
{
    stands = true;
    standing = ns;
}

int64_t clock_wall_ns(void)
{
    if (stands)
        return standing;
    return now(CLOCK_REALTIME) + shift;
}
