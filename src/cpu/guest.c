/* Looking things up in a guest's tables. */
#include "cpu/guest.h"

#include "base/alloc.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <string.h>

enum { GUESTS = 16 };
static struct {
    const StateField *state;
    Slot *slots;
    int count;
} made[GUESTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* "x5", but "tmp0[5]" where digits would run together. */
static const char *element_name(const StateField *f, unsigned index)
{
    if (f->count == 1)
        return f->name;
    bool digit = isdigit((unsigned char)f->name[strlen(f->name) - 1]);
    return xprintf(digit ? "%s[%u]" : "%s%u", f->name, index);
}

static int slot_count(const Guest *g)
{
    int count = 0;
    for (const StateField *f = g->state; f->name; f++)
        count += f->slot ? f->count : 0;
    return count;
}

static Slot *make_slots(const Guest *g, int count)
{
    Slot *slots = xalloc(sizeof *slots * (size_t)(count + 1)), *s = slots;
    assert(count <= IR_SLOTS);
    for (const StateField *f = g->state; f->name; f++)
        for (unsigned i = 0; f->slot && i < f->count; i++) {
            assert(f->size <= 16 && f->offset + i * f->size <= UINT16_MAX);
            *s++ = (Slot){ element_name(f, i), (uint16_t)i, (uint16_t)(f->offset + i * f->size), f->size };
        }
    return slots;
}

/* Where the guest's are or are to be. */
static int find_made(const Guest *g)
{
    int at = 0;
    const StateField *state;
    while ((state = __atomic_load_n(&made[at].state, __ATOMIC_ACQUIRE)) && state != g->state)
        at++;
    assert(at < GUESTS - 1);
    return at;
}

/* Asked for each unit and more often: what is made is found without the lock. */
const Slot *guest_slots(const Guest *g, int *count)
{
    int at = find_made(g);
    if (!__atomic_load_n(&made[at].state, __ATOMIC_ACQUIRE)) {
        pthread_mutex_lock(&lock);
        at = find_made(g);
        if (!made[at].state) {
            made[at].count = slot_count(g);
            made[at].slots = make_slots(g, made[at].count);
            __atomic_store_n(&made[at].state, g->state, __ATOMIC_RELEASE);
        }
        pthread_mutex_unlock(&lock);
    }
    if (count)
        *count = made[at].count;
    return made[at].slots;
}

int guest_helper(const Guest *g, const char *name)
{
    for (int i = 0; g->helpers && g->helpers[i].name; i++)
        if (!strcmp(g->helpers[i].name, name))
            return i;
    return -1;
}
