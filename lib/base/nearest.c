/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <string.h>

enum { NEAREST_WORD_MAX = 64 };

/* Optimal string alignment distance: insert, delete, replace, swap neighbours. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[3][NEAREST_WORD_MAX + 1];

    for (size_t j = 0; j <= m; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = d[i % 3];
        const size_t *up = d[(i - 1) % 3];
        const size_t *up2 = d[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = up[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

            best = up[j] + 1 < best ? up[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            row[j] = best;
        }
    }
    return d[n % 3][m];
}

const char *nearest_word(const char *word, const char *const *candidates)
{
    size_t n = strlen(word);
    size_t best = n / 3 + 1; /* a third of the word may be wrong, and one letter */
    const char *found = NULL;

    if (n == 0 || n > NEAREST_WORD_MAX)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        size_t m = strlen(*candidates);
        size_t d;

        if (m > NEAREST_WORD_MAX)
            continue;
        d = edit_distance(word, n, *candidates, m);
        if (d <= best && (found == NULL || d < best)) {
            best = d;
            found = *candidates;
        }
    }
    return found;
}
