/* Virtual time in nanoseconds since the machine started; a timer runs a function under the machine lock. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct Machine Machine;
typedef struct Timer {
    int64_t when; /* INT64_MAX: off */
    void (*fire)(void *who);
    void *who;
    Machine *machine;
    struct Timer *next;
} Timer;

#define TIMER_OFF INT64_MAX

int64_t time_now(const Machine *); /* lock-free */
void timer_init(Timer *, Machine *, void (*fire)(void *who), void *who);
void timer_at(Timer *, int64_t when); /* under the machine lock, as are the next two */
void timer_off(Timer *);
int64_t timers_run(Machine *); /* fires what is due; when the next one is, or TIMER_OFF */
