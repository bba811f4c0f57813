/* The host's clock: with host/random.h, the only way time and chance reach a machine. */
#pragma once
#include <stdint.h>

int64_t clock_ns(void);            /* monotonic nanoseconds; lock-free */
int64_t clock_wall_ns(void);       /* since 1970-01-01 UTC, as the guest is to see it */
void clock_wall_stand(int64_t ns); /* makes it that, for good: for a machine that is to do the same every time */
void clock_wall_shift(int64_t ns); /* makes it that much later (-rtc base=); before the machine is made */
