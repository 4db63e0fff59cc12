/* SPDX-License-Identifier: Apache-2.0 */
/* A view's features as inputs to compare on. */
#include "base/mem.h"
#include "detect/compare_table.h"

#include <lapwing/view.h>

enum lw_status compare_table_take_view(struct lw_compare_table *t, const char *name,
                                       const struct lw_frame *frame,
                                       struct lw_error *err)
{
    const struct lw_view *view = lw_view_get(name);
    enum lw_status st;

    if (view == NULL)
        return lw_fail(err, LW_EINVAL, "no view is called \"%s\"", name);
    st = lw_view_map(view, frame, &t->x, err);
    if (st == LW_OK)
        st = compare_table_alloc_inputs(t, view->n_features, err);
    mem_free(t->source);
    t->source = NULL;
    for (size_t i = 0; st == LW_OK && i < view->n_features; i++) {
        t->is_category[i] = view->features[i].type == LW_FEATURE_CATEGORY;
        t->inputs[i] = (struct encode_input){
            .type = t->is_category[i] ? ENCODE_CATEGORY : ENCODE_NUMBER,
            .n_categories = view->features[i].n_categories};
    }
    return st;
}
