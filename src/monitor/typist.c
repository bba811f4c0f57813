#include "monitor/typist.h"

#include "base/alloc.h"
#include "host/input.h"

#include <stdlib.h>

enum { QUEUE = 1024 };

typedef struct Stroke {
    int key;
    bool down;
    int64_t wait; /* before the next one */
} Stroke;

struct Typist {
    Timer timer; /* on while a wait lasts */
    Stroke queue[QUEUE];
    int first, count;
};

static void go_on(void *typist)
{
    Typist *t = typist;
    while (t->count) {
        Stroke s = t->queue[t->first];
        t->first = (t->first + 1) % QUEUE;
        t->count--;
        input_key(s.key, s.down);
        if (s.wait) {
            timer_at(&t->timer, time_now(t->timer.machine) + s.wait);
            return;
        }
    }
}

static void add(Typist *t, int key, bool down, int64_t wait)
{
    t->queue[(t->first + t->count++) % QUEUE] = (Stroke){ key, down, wait };
}

bool typist_press(Typist *t, const int *keys, int count, int64_t hold_ns)
{
    if (t->count + count * 2 > QUEUE)
        return false;
    for (int i = 0; i < count; i++)
        add(t, keys[i], true, i == count - 1 ? hold_ns : 0);
    for (int i = count; i--;)
        add(t, keys[i], false, i ? 0 : hold_ns);
    if (t->timer.when == TIMER_OFF)
        go_on(t);
    return true;
}

Typist *typist_new(Machine *m)
{
    Typist *t = xalloc(sizeof *t);
    timer_init(&t->timer, m, go_on, t);
    return t;
}

void typist_free(Typist *t)
{
    timer_off(&t->timer);
    free(t);
}
