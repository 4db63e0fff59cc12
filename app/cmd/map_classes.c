/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/map_classes.h"

#include "base/mem.h"

#include <lapwing/dataset.h>

enum { NORMAL, FIRST_ATTACK, OTHER = 6, UNKNOWN = 7 };

static const struct map_class looks[MAP_CLASSES_MAX] = {
    {"Normal", "#009E73", MAP_CIRCLE, 0},
    {NULL, "#D55E00", MAP_UP, 0},
    {NULL, "#0072B2", MAP_SQUARE, 0},
    {NULL, "#CC79A7", MAP_DIAMOND, 0},
    {NULL, "#E69F00", MAP_DOWN, 0},
    {NULL, "#56B4E9", MAP_CROSS, 0},
    {"other attacks", "#000000", MAP_PLUS, 0},
    {"unlabelled", "#999999", MAP_CIRCLE, 0},
};

const char *const map_shape_path[MAP_N_SHAPES] = {
    [MAP_CIRCLE] = "M-2.4,0a2.4,2.4 0 1,0 4.8,0a2.4,2.4 0 1,0 -4.8,0z",
    [MAP_SQUARE] = "M-2.2,-2.2h4.4v4.4h-4.4z",
    [MAP_UP] = "M0,-3L2.8,2.2H-2.8z",
    [MAP_DIAMOND] = "M0,-3.2L3.2,0L0,3.2L-3.2,0z",
    [MAP_DOWN] = "M0,3L2.8,-2.2H-2.8z",
    [MAP_CROSS] =
        "M-3,-2.1L-2.1,-3 0,-.9 2.1,-3 3,-2.1 .9,0 3,2.1 2.1,3 0,.9-2.1,3-3,2.1-.9,0z",
    [MAP_PLUS] = "M-0.7,-3.2H0.7V-0.7H3.2V0.7H0.7V3.2H-0.7V0.7H-3.2V-0.7H-0.7z",
};

static bool all_are_kdd(const struct lw_target *t)
{
    for (uint32_t w = 0; w < t->n_words; w++)
        if (lw_kdd_class_of(t->words[w]) < 0)
            return false;
    return true;
}

/* The attacks that occur most each get a class. */
static void name_attacks(struct map_classes *c, const struct lw_target *t,
                         uint8_t *class_of)
{
    for (uint32_t w = 0; w < t->n_words; w++)
        class_of[w] = t->word_side[w] == LW_SIDE_NEGATIVE   ? NORMAL
                      : t->word_side[w] == LW_SIDE_POSITIVE ? OTHER
                                                            : UNKNOWN;
    for (uint8_t k = FIRST_ATTACK; k < OTHER; k++) {
        uint32_t best = t->n_words;

        for (uint32_t w = 0; w < t->n_words; w++)
            if (class_of[w] == OTHER &&
                (best == t->n_words || t->word_rows[w] > t->word_rows[best]))
                best = w;
        if (best == t->n_words)
            return;
        class_of[best] = k;
        c->of[k].name = t->words[best];
    }
}

static void name_classes(struct map_classes *c, const struct lw_target *t,
                         uint8_t *class_of)
{
    if (!all_are_kdd(t)) {
        name_attacks(c, t, class_of);
        return;
    }
    for (int k = 0; k < LW_N_KDD_CLASSES; k++)
        c->of[k].name = lw_kdd_class_name((enum lw_kdd_class)k);
    for (uint32_t w = 0; w < t->n_words; w++)
        class_of[w] = (uint8_t)lw_kdd_class_of(t->words[w]);
}

enum lw_status map_classes_init(struct map_classes *c, const struct lw_target *target,
                                const size_t *row, size_t n, struct lw_error *err)
{
    uint8_t *class_of = mem_zalloc(target == NULL ? 1 : target->n_words + 1, 1);
    uint8_t *point = mem_zalloc(n, 1);

    if (class_of == NULL || point == NULL) {
        mem_free(class_of);
        mem_free(point);
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu points", n);
    }
    *c = (struct map_classes){.n = MAP_CLASSES_MAX, .point = point};
    for (size_t k = 0; k < MAP_CLASSES_MAX; k++)
        c->of[k] = looks[k];
    if (target != NULL)
        name_classes(c, target, class_of);
    for (size_t i = 0; i < n; i++) {
        point[i] = target == NULL ? UNKNOWN : class_of[target->codes[row[i]]];
        c->of[point[i]].n_points++;
    }
    mem_free(class_of);
    return LW_OK;
}

void map_classes_release(struct map_classes *c)
{
    mem_free(c->point);
    *c = (struct map_classes){0};
}
