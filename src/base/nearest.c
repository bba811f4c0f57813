#include "base/nearest.h"

#include <string.h>

enum { LONGEST = 63 };

/* Levenshtein: insertions, deletions and replacements. */
static int distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    int row[LONGEST + 1];
    for (size_t j = 0; j <= n; j++)
        row[j] = (int)j;
    for (size_t i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = (int)i + 1;
        for (size_t j = 0; j < n; j++) {
            int replaced = diagonal + (a[i] != b[j]), least = row[j] < row[j + 1] ? row[j] : row[j + 1];
            diagonal = row[j + 1];
            row[j + 1] = least + 1 < replaced ? least + 1 : replaced;
        }
    }
    return row[n];
}

void nearest_try(Nearest *n, const char *candidate)
{
    if (strlen(candidate) > LONGEST || strlen(n->word) > LONGEST)
        return;
    int d = distance(n->word, candidate);
    if (n->best && d >= n->distance)
        return;
    n->best = candidate;
    n->distance = d;
}

const char *nearest_answer(const Nearest *n)
{
    size_t len = strlen(n->word);
    return n->best && n->distance <= (int)(len / 3) + 1 ? n->best : NULL;
}
