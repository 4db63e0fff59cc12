/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/map_layout.h"

void map_window_find(struct map_window *w, const struct lw_matrix *m)
{
    double high[2] = {(double)m->x[0], (double)m->x[1]};
    double span = 1e-9;

    w->low[0] = high[0];
    w->low[1] = high[1];
    for (size_t i = 0; i < 2 * m->n_rows; i++) {
        double v = (double)m->x[i];

        w->low[i % 2] = v < w->low[i % 2] ? v : w->low[i % 2];
        high[i % 2] = v > high[i % 2] ? v : high[i % 2];
    }
    for (size_t a = 0; a < 2; a++)
        span = high[a] - w->low[a] > span ? high[a] - w->low[a] : span;
    for (size_t a = 0; a < 2; a++)
        w->low[a] -= (span - (high[a] - w->low[a])) / 2;
    w->scale = MAP_SIDE / span;
}

double map_window_x(const struct map_window *w, const float point[2])
{
    return ((double)point[0] - w->low[0]) * w->scale;
}

double map_window_y(const struct map_window *w, const float point[2])
{
    return MAP_TOP + MAP_SIDE - ((double)point[1] - w->low[1]) * w->scale;
}

size_t map_kth_largest(const struct map_classes *c, size_t k)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t before = 0;

        for (size_t j = 0; j < c->n; j++)
            before += c->of[j].n_points > c->of[i].n_points ||
                      (c->of[j].n_points == c->of[i].n_points && j < i);
        if (before == k)
            return i;
    }
    return 0;
}
