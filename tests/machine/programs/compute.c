/* Integers of all widths, floating point, sorting, recursion, calls through pointers, threads. */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t noise(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void sorting(void)
{
    enum { N = 100000 };
    uint64_t *v = malloc(N * sizeof *v), x = 88172645463325252u;
    for (int k = 0; k < N; k++)
        v[k] = noise(&x);
    qsort(v, N, sizeof *v, compare);
    for (int k = 0; k < N; k += 1009)
        printf("%016" PRIx64 "\n", v[k]);
    free(v);
}

static void integers(void)
{
    uint64_t x = 42, sum = 0;
    for (int k = 0; k < 300000; k++) {
        uint64_t a = noise(&x), b = noise(&x) | 1;
        sum += a / b + a % b + (uint64_t)((int64_t)a / (int32_t)((uint32_t)b | 1)) + (uint32_t)a / (uint16_t)b;
        sum ^= (uint64_t)((unsigned __int128)a * b >> 64) + (uint64_t)((int64_t)a >> (b & 63)) + (a << (b & 31));
        sum += (uint64_t)__builtin_popcountll(a) + (uint64_t)__builtin_clzll(b) + __builtin_bswap64(a);
    }
    printf("%016" PRIx64 "\n", sum);
}

static void floating_point(void)
{
    uint64_t x = 7;
    double s = 0;
    float f = 0;
    for (int k = 0; k < 200000; k++) {
        double a = (double)(int64_t)noise(&x) / 1e9, b = (double)(noise(&x) >> 40) + 0.5;
        s += sqrt(fabs(a)) / b - floor(a / b) * 1e-12;
        f = f * 0.99f + (float)(a / b);
        if (k % 5000 == 0)
            printf("%a %a %d %" PRId64 "\n", s, (double)f, (int)(a / b), (int64_t)(a * 1000));
    }
}

static uint64_t ackermann(uint64_t m, uint64_t n)
{
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t locked, counted;

static void *worker(void *arg)
{
    (void)arg;
    for (int k = 0; k < 20000; k++) {
        __atomic_fetch_add(&counted, 3, __ATOMIC_RELAXED);
        pthread_mutex_lock(&lock);
        locked += 2;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t t[4];
    for (int k = 0; k < 4; k++)
        if (pthread_create(&t[k], NULL, worker, NULL))
            abort();
    for (int k = 0; k < 4; k++)
        pthread_join(t[k], NULL);
    printf("%" PRIu64 " %" PRIu64 "\n", counted, locked);
}

int main(void)
{
    sorting();
    integers();
    floating_point();
    printf("%" PRIu64 "\n", ackermann(3, 6));
    threads();
    return 0;
}
