#include "host/door.h"

#include "base/alloc.h"
#include "base/log.h"
#include "host/replay.h"

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

typedef struct Source {
    struct Source *next;
    DoorKind kind;
    const char *name;
    DoorFn *play, *lost;
    void *who;
    bool about; /* the machine, not to it */
} Source;

/* The process has one door, as it has one machine (core/space.h has one watch for the same reason). */
static struct Door {
    pthread_mutex_t lock;
    pthread_cond_t came;
    DoorPost *post;
    void *to;
    Message *first, **last;
    Source *sources;
} door = { .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .last = &door.first };

static const char *const kinds[] = {
    [DOOR_CHARS] = "chars",         [DOOR_EVENT] = "event", [DOOR_FRAME] = "frame", [DOOR_INPUT] = "input",
    [DOOR_RECORDED] = "no message", [DOOR_DISK] = "disk",   [DOOR_ORDER] = "order",
};

static bool find(DoorKind kind, const char *name, const void *who, Source *found)
{
    pthread_mutex_lock(&door.lock);
    const Source *s = door.sources;
    while (s && (s->kind != kind || (who && s->who != who) || (name && strcmp(s->name, name))))
        s = s->next;
    if (s)
        *found = *s;
    pthread_mutex_unlock(&door.lock);
    return s;
}

/* What came while a recording is played gives way to what came then. */
static bool gives_way(const Message *m, const Source *s)
{
    if (replay_mode() == REPLAY_RECORDS)
        replay_note(kinds[m->kind], m->source, m->bytes, m->len);
    if (replay_mode() != REPLAY_PLAYS)
        return false;
    if (s->lost)
        s->lost(m->who, m->bytes, m->len);
    return true;
}

static void deliver(Message *m)
{
    Source s;
    if (log_on(LOG_DOOR))
        log_line("door: %s %s, %zu bytes", kinds[m->kind], m->source, m->len);
    bool recorded = m->kind < DOOR_RECORDED && find(m->kind, NULL, m->who, &s) && !s.about;
    if (!recorded || !gives_way(m, &s))
        m->fn(m->who, m->bytes, m->len);
    free(m);
}

static Message *take_one(void)
{
    pthread_mutex_lock(&door.lock);
    Message *m = door.first;
    if (m) {
        door.first = m->next;
        if (!door.first)
            door.last = &door.first;
    }
    pthread_mutex_unlock(&door.lock);
    return m;
}

/* Messages stay here until their turn, so that they can still be forgotten: there may be none left. */
static void deliver_one(void *unused, uint64_t data)
{
    (void)unused, (void)data;
    Message *m = take_one();
    if (m)
        deliver(m);
}

void door_post(DoorKind kind, const char *source, DoorFn *fn, void *who, const void *bytes, size_t len)
{
    Message *m = xalloc(sizeof *m + len);
    *m = (Message){ .fn = fn, .who = who, .kind = kind, .source = source, .len = len };
    if (len)
        memcpy(m->bytes, bytes, len);
    pthread_mutex_lock(&door.lock);
    *door.last = m;
    door.last = &m->next;
    if (door.post)
        door.post(door.to, deliver_one, NULL, 0);
    else
        pthread_cond_broadcast(&door.came);
    pthread_mutex_unlock(&door.lock);
}

void door_open(DoorPost *post, void *to)
{
    pthread_mutex_lock(&door.lock);
    door.post = post;
    door.to = to;
    for (const Message *m = door.first; m; m = m->next)
        post(to, deliver_one, NULL, 0);
    pthread_mutex_unlock(&door.lock);
}

void door_shut(void)
{
    pthread_mutex_lock(&door.lock);
    door.post = NULL;
    pthread_mutex_unlock(&door.lock);
}

static void forget_messages(const void *who)
{
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
}

static void forget_sources(const void *who)
{
    for (Source **at = &door.sources; *at;) {
        Source *s = *at;
        if (s->who != who) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
}

void door_forget(const void *who)
{
    pthread_mutex_lock(&door.lock);
    forget_messages(who);
    forget_sources(who);
    pthread_mutex_unlock(&door.lock);
}

int door_deliver(void)
{
    int count = 0;
    pthread_mutex_lock(&door.lock);
    for (const Message *m = door.first; m; m = m->next)
        count++;
    pthread_mutex_unlock(&door.lock);
    for (int left = count; left; left--)
        deliver_one(NULL, 0);
    return count;
}

void door_source(DoorKind kind, const char *source, DoorFn *play, DoorFn *lost, void *who)
{
    Source *s = xalloc(sizeof *s);
    pthread_mutex_lock(&door.lock);
    *s = (Source){ door.sources, kind, source, play, lost, who, false };
    door.sources = s;
    pthread_mutex_unlock(&door.lock);
}

void door_about(const void *who)
{
    pthread_mutex_lock(&door.lock);
    for (Source *s = door.sources; s; s = s->next)
        s->about |= s->who == who;
    pthread_mutex_unlock(&door.lock);
}

static DoorKind kind_named(const char *name)
{
    int k = 0;
    while (k < DOOR_RECORDED && strcmp(kinds[k], name))
        k++;
    return (DoorKind)k;
}

bool door_play(void)
{
    const ReplayEntry *e = replay_next();
    Source s;
    if (!find(kind_named(e->kind), e->source, NULL, &s))
        return false;
    if (log_on(LOG_DOOR))
        log_line("door: %s %s, %zu bytes, as recorded", e->kind, e->source, e->len);
    replay_taken(); /* what it does may ask for the next */
    uint8_t *bytes = xalloc(e->len + 1);
    size_t len = e->len;
    memcpy(bytes, e->bytes, len);
    s.play(s.who, bytes, len);
    free(bytes);
    return true;
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
