/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/columns.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Is a word one of "a|b|c"? */
static bool is_among(const char *word, const char *list)
{
    size_t n = strlen(word);

    for (const char *p = list; p != NULL; p = strchr(p, '|')) {
        p += *p == '|' ? 1 : 0;
        if (strncmp(p, word, n) == 0 && (p[n] == '|' || p[n] == '\0'))
            return true;
    }
    return false;
}

static bool is_used_category(const struct lw_feature *f, const struct column_use *uses,
                             size_t n_uses)
{
    for (size_t i = 0; i < n_uses; i++) {
        if (uses[i].category != NULL && strcmp(uses[i].feature, f->name) == 0)
            return true;
    }
    return false;
}

/* Which of a feature's categories share a column: those that a use names together.
 * group (n_categories); false: none do. */
static bool find_groups(const struct lw_feature *f, const struct column_use *uses,
                        size_t n_uses, uint8_t *group)
{
    bool any = false;

    for (uint32_t c = 0; c < f->n_categories && c < UINT8_MAX; c++)
        group[c] = (uint8_t)c;
    for (size_t i = 0; i < n_uses; i++) {
        uint32_t first = UINT32_MAX;

        if (uses[i].category == NULL || strchr(uses[i].category, '|') == NULL ||
            strcmp(uses[i].feature, f->name) != 0)
            continue;
        for (uint32_t c = 0; c < f->n_categories && c < UINT8_MAX; c++) {
            if (!is_among(f->categories[c], uses[i].category))
                continue;
            first = first == UINT32_MAX ? c : first;
            group[c] = (uint8_t)first;
            any = true;
        }
    }
    return any;
}

enum lw_status columns_fit(struct encoder **out, const struct lw_view *view,
                           const struct column_use *uses, size_t n_uses,
                           const struct lw_matrix *rows, struct lw_error *err)
{
    struct encode_input *inputs = mem_zalloc(view->n_features, sizeof *inputs);
    uint8_t(*groups)[UINT8_MAX] = mem_zalloc(view->n_features, sizeof *groups);
    enum lw_status st = LW_ENOMEM;

    if (inputs == NULL || groups == NULL) {
        (void)lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
        goto out;
    }
    for (size_t i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];
        bool is_category = is_used_category(f, uses, n_uses);

        inputs[i] = (struct encode_input){
            .type = is_category ? ENCODE_CATEGORY : ENCODE_NUMBER,
            .n_categories = f->n_categories,
            .group = is_category && find_groups(f, uses, n_uses, groups[i]) ? groups[i]
                                                                            : NULL,
        };
    }
    st = encoder_fit(out, inputs, view->n_features, rows, err);
out:
    mem_free(inputs);
    mem_free(groups);
    return st;
}

/* Is an encoded column used?  Sets which way. */
static bool use_of(const struct encoder *e, const struct lw_view *view,
                   const struct column_use *uses, size_t n_uses, size_t column,
                   int8_t *monotone)
{
    const struct lw_feature *f = &view->features[encoder_source(e, column)];
    int32_t category = encoder_category(e, column);

    for (size_t i = 0; i < n_uses; i++) {
        if (strcmp(uses[i].feature, f->name) != 0)
            continue;
        if (uses[i].category == NULL ||
            (category >= 0 && is_among(f->categories[category], uses[i].category))) {
            *monotone = uses[i].monotone;
            return true;
        }
    }
    return false;
}

/* Columns that may not be used have nothing to split on. */
enum lw_status columns_encode(const struct encoder *e, const struct lw_view *view,
                              const struct column_use *uses, size_t n_uses,
                              const struct lw_matrix *rows, struct lw_matrix *x,
                              int8_t *monotone, struct lw_error *err)
{
    enum lw_status st = lw_matrix_init(x, rows->n_rows, encoder_outputs(e), err);

    if (st != LW_OK)
        return st;
    if (x->n_cols > COLUMNS_MAX)
        return lw_fail(err, LW_ELIMIT, "view %s has too many columns", view->name);
    encoder_apply(e, rows->x, rows->n_rows, x->x);
    for (size_t i = 0; i < x->n_cols; i++) {
        monotone[i] = 0;
        if (use_of(e, view, uses, n_uses, i, &monotone[i]))
            continue;
        for (size_t r = 0; r < x->n_rows; r++)
            x->x[r * x->n_cols + i] = NAN;
    }
    return LW_OK;
}
