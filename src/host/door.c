#include "host/door.h"

#include "base/alloc.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Message Message;
struct Message {
    Message *next;
    DoorFn *fn;
    void *who;
    DoorKind kind;
    const char *source;
    size_t len;
    uint8_t bytes[];
};

/* The process has one door, as it has one machine (core/space.h has one watch for the same reason). */
static struct Door {
    pthread_mutex_t lock;
    pthread_cond_t came;
    DoorPost *post;
    void *to;
    Message *first, **last;
} door = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .last = &door.first };

static void deliver(void *message, uint64_t unused)
{
    static const char *const kinds[] = { "chars", "frame", "disk", "order" };
    (void)unused;
    Message *m = message;
    if (log_on(LOG_DOOR))
        log_line("door: %s %s, %zu bytes", kinds[m->kind], m->source, m->len);
    m->fn(m->who, m->bytes, m->len);
    free(m);
}

void door_post(DoorKind kind, const char *source, DoorFn *fn, void *who, const void *bytes, size_t len)
{
    Message *m = xalloc(sizeof *m + len);
    *m = (Message){ .fn = fn, .who = who, .kind = kind, .source = source, .len = len };
    if (len)
        memcpy(m->bytes, bytes, len);
    pthread_mutex_lock(&door.lock);
    if (door.post) {
        door.post(door.to, deliver, m, 0);
    } else {
        *door.last = m;
        door.last = &m->next;
        pthread_cond_broadcast(&door.came);
    }
    pthread_mutex_unlock(&door.lock);
}

static Message *take_all(void)
{
    Message *list = door.first;
    door.first = NULL;
    door.last = &door.first;
    return list;
}

void door_open(DoorPost *post, void *to)
{
    pthread_mutex_lock(&door.lock);
    door.post = post;
    door.to = to;
    for (Message *m = take_all(), *next; m; m = next) {
        next = m->next;
        post(to, deliver, m, 0);
    }
    pthread_mutex_unlock(&door.lock);
}

void door_shut(void)
{
    pthread_mutex_lock(&door.lock);
    door.post = NULL;
    pthread_mutex_unlock(&door.lock);
}

void door_forget(const void *who)
{
    pthread_mutex_lock(&door.lock);
    Message **at = &door.first;
    while (*at) {
        Message *m = *at;
        if (m->who != who) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        free(m);
    }
    door.last = at;
    pthread_mutex_unlock(&door.lock);
}

int door_deliver(void)
{
    pthread_mutex_lock(&door.lock);
    Message *m = take_all();
    pthread_mutex_unlock(&door.lock);
    int count = 0;
    for (Message *next; m; m = next, count++) {
        next = m->next;
        deliver(m, 0);
    }
    return count;
}

bool door_wait(int at_most_ms)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += at_most_ms / 1000;
    end.tv_nsec += at_most_ms % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&door.lock);
    while (!door.first && !pthread_cond_timedwait(&door.came, &door.lock, &end))
        ;
    bool waits = door.first;
    pthread_mutex_unlock(&door.lock);
    return waits;
}
