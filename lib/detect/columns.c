/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/columns.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

static bool is_used_category(const struct lw_feature *f, const struct column_use *uses,
                             size_t n_uses)
{
    for (size_t i = 0; i < n_uses; i++) {
        if (uses[i].category != NULL && strcmp(uses[i].feature, f->name) == 0)
            return true;
    }
    return false;
}

enum lw_status columns_fit(struct encoder **out, const struct lw_view *view,
                           const struct column_use *uses, size_t n_uses,
                           const struct lw_matrix *rows, struct lw_error *err)
{
    struct encode_input *inputs = mem_zalloc(view->n_features, sizeof *inputs);
    enum lw_status st;

    if (inputs == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for an encoder");
    for (size_t i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];

        inputs[i] = (struct encode_input){
            .type = is_used_category(f, uses, n_uses) ? ENCODE_CATEGORY : ENCODE_NUMBER,
            .n_categories = f->n_categories,
        };
    }
    st = encoder_fit(out, inputs, view->n_features, rows, err);
    mem_free(inputs);
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
            (category >= 0 && strcmp(f->categories[category], uses[i].category) == 0)) {
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
