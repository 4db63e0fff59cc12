/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/usual.h"

#include "base/mem.h"
#include "detect/quantile.h"

#include <math.h>
#include <stdlib.h>

enum { TAIL = 20 }; /* one in so many values is left out at either end */

enum lw_status usual_find(struct lw_classifier *c, usual_row_fn row, const void *of,
                          size_t n, struct lw_error *err)
{
    float *v = mem_zalloc(n + 1, sizeof *v);

    if (v == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
    for (size_t f = 0; f < c->view->n_features; f++) {
        size_t k = 0;

        for (size_t i = 0; i < n; i++) {
            const float *x = row(of, i);

            if (x != NULL && !isnan(x[f]))
                v[k++] = x[f];
        }
        qsort(v, k, sizeof *v, quantile_order);
        c->usual[f][0] = k > 0 ? v[k / TAIL] : NAN;
        c->usual[f][1] = k > 0 ? v[k - 1 - k / TAIL] : NAN;
    }
    mem_free(v);
    return LW_OK;
}
