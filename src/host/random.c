#include "host/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct Chance {
    pthread_mutex_t lock;
    bool seeded;
    uint64_t state;
} chance = { .lock = PTHREAD_MUTEX_INITIALIZER };

void random_seed(uint64_t seed)
{
    chance.seeded = true;
    chance.state = seed;
}

uint64_t random_state(void)
{
    pthread_mutex_lock(&chance.lock);
    uint64_t state = chance.state;
    pthread_mutex_unlock(&chance.lock);
    return state;
}

void random_go_on(uint64_t state)
{
    pthread_mutex_lock(&chance.lock);
    chance.state = state;
    pthread_mutex_unlock(&chance.lock);
}

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
static uint64_t next(void)
{
    uint64_t z = chance.state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void seeded_bytes(uint8_t *to, size_t len)
{
    pthread_mutex_lock(&chance.lock);
    for (size_t n; len; to += n, len -= n) {
        uint64_t value = next();
        n = len < sizeof value ? len : sizeof value;
        memcpy(to, &value, n);
    }
    pthread_mutex_unlock(&chance.lock);
}

static void host_bytes(uint8_t *to, size_t len)
{
    while (len) {
        ssize_t n = getrandom(to, len, 0);
        if (n < 0 && errno != EINTR) {
            perror("dragoman: getrandom");
            exit(1);
        }
        if (n > 0) {
            to += n;
            len -= (size_t)n;
        }
    }
}

void random_bytes(void *to, size_t len)
{
    chance.seeded ? seeded_bytes(to, len) : host_bytes(to, len);
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
}
