#include "base/nearest.h"

#include <string.h>

enum { LONGEST = 63 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Letters inserted, deleted, changed or swapped with their neighbour (optimal string alignment). */
static int distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    int row[3][LONGEST + 1] = { 0 }; /* the last three rows of the table, by i modulo 3 */
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *now = row[i % 3], *before = row[(i + 2) % 3], *older = row[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(least(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], older[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

void nearest_try(Nearest *n, const char *candidate)
{
    if (strlen(candidate) > LONGEST || strlen(n->word) > LONGEST)
        return;
    int d = distance(n->word, candidate);
    /* a name the word begins is nearer than its length says: "-serial" for "-ser" */
    if (strlen(n->word) >= 3 && !strncmp(n->word, candidate, strlen(n->word)))
        d = least(d, 1);
    if (n->best && d >= n->distance)
        return;
    n->best = candidate;
    n->distance = d;
}

const char *nearest_answer(const Nearest *n)
{
    size_t len = strlen(n->word);
    return n->best && n->distance <= (len <= 3 ? 1 : (int)len / 3 + 1) ? n->best : NULL;
}
