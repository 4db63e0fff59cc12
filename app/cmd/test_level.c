/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_level.h"

#include "cmd/text.h"

#include <lapwing/dataset.h>

#include <stdio.h>
#include <string.h>

/* ---- levels ---- */

/* The class of KDD'99 of each of the model's; false: one is none. */
static bool kdd_groups(const char *const *names, uint32_t n, uint32_t *group)
{
    for (uint32_t k = 0; k < n; k++) {
        int c = lw_kdd_class_of(names[k]);

        if (c < 0 || (c == 0) != (k == 0))
            return false;
        group[k] = (uint32_t)c;
    }
    return true;
}

static enum lw_status merge(struct test_level *out, enum lw_level level,
                            const struct lw_eval *eval, const char *const *names,
                            struct lw_error *err)
{
    uint32_t group[LW_EVAL_MAX_CLASSES] = {0};
    uint32_t n_groups = level == LW_LEVEL_BINARY ? 2 : LW_N_KDD_CLASSES;

    if (level == LW_LEVEL_CLASS && !kdd_groups(names, eval->n_classes, group))
        return lw_fail(err, LW_EINVAL,
                       "--level class: the model says %s, which is none of KDD'99's "
                       "five classes",
                       names[eval->n_classes - 1]);
    for (uint32_t k = 0; level == LW_LEVEL_BINARY && k < eval->n_classes; k++)
        group[k] = k == 0 ? 0 : 1;
    out->class_names[0] = "Normal";
    out->class_names[1] = "Attack";
    for (int c = 0; level == LW_LEVEL_CLASS && c < LW_N_KDD_CLASSES; c++)
        out->class_names[c] = lw_kdd_class_name((enum lw_kdd_class)c);
    return lw_eval_merge(&out->eval, eval, group, n_groups, err);
}

enum lw_status test_level_make(struct test_level *out, enum lw_level level,
                               const struct lw_eval *eval,
                               const char *const *class_names,
                               const struct lw_eval_names *names, struct lw_error *err)
{
    *out = (struct test_level){.eval = *eval,
                               .names = level == LW_LEVEL_NAME ? names : NULL,
                               .said_names = class_names,
                               .n_said = eval->n_classes};
    for (uint32_t k = 0; k < eval->n_classes; k++)
        out->class_names[k] = class_names[k];
    return level == LW_LEVEL_BINARY || level == LW_LEVEL_CLASS
               ? merge(out, level, eval, class_names, err)
               : LW_OK;
}

/* ---- by label ---- */

static double found(const struct lw_eval_name *n)
{
    double normal = (double)n->said[0];

    return (n->is_attack ? (double)n->n_rows - normal : normal) / (double)n->n_rows;
}

void test_level_print(const struct test_level *l)
{
    size_t width = 16;
    char count[TEXT_MAX];

    if (l->names == NULL)
        return;
    for (size_t i = 0; i < l->names->n; i++)
        if (text_length(l->names->name[i].name) > width)
            width = text_length(l->names->name[i].name);
    (void)printf("\nBy label: rows, share known for normal or attack, and what was "
                 "said (+: not trained on)\n");
    for (size_t i = 0; i < l->names->n; i++) {
        const struct lw_eval_name *n = &l->names->name[i];

        text_left(stdout, n->name, width);
        (void)printf("%c%11s %7.2f %% ", n->is_unseen ? '+' : ' ',
                     text_count(n->n_rows, count), 100 * found(n));
        for (uint32_t k = 0; k <= l->n_said; k++)
            if (n->said[k] > 0)
                (void)printf(" %s %s", k == l->n_said ? "none" : l->said_names[k],
                             text_count(n->said[k], count));
        (void)putchar('\n');
    }
    if (l->names->n_left_out > 0)
        (void)printf("and %zu labels more\n", l->names->n_left_out);
}

void test_level_put(struct jsonw *w, const struct test_level *l)
{
    if (l->names == NULL)
        return;
    jsonw_key(w, "per_name");
    jsonw_object(w);
    for (size_t i = 0; i < l->names->n; i++) {
        const struct lw_eval_name *n = &l->names->name[i];

        jsonw_key(w, n->name);
        jsonw_object(w);
        jsonw_put_u64(w, "rows", n->n_rows);
        jsonw_put_bool(w, "attack", n->is_attack);
        jsonw_put_bool(w, "unseen", n->is_unseen);
        jsonw_put_f64(w, "found", found(n));
        jsonw_key(w, "said");
        jsonw_object(w);
        for (uint32_t k = 0; k < l->n_said; k++)
            jsonw_put_u64(w, l->said_names[k], n->said[k]);
        jsonw_object_end(w);
        jsonw_object_end(w);
    }
    jsonw_object_end(w);
    jsonw_put_u64(w, "names_left_out", l->names->n_left_out);
}
