/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "detect/classifier_priv.h"
#include "learn/model_ops.h"

enum { BLOCK_ROWS = 64 };

enum lw_status lw_classifier_latent(const struct lw_classifier *c, const float *rows,
                                    size_t n_rows, struct lw_matrix *out,
                                    struct lw_error *err)
{
    uint32_t width = model_latent(c->model, NULL, 0, NULL);
    struct lw_matrix z = {0};
    enum lw_status st;
    float *x;

    if (width == 0)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "a model of kind %s has no layer of its own to show; take a "
                       "perceptron, a blend or an autoencoder",
                       lw_model_kind(c->model));
    st = lw_matrix_init(&z, n_rows, width, err);
    if (st != LW_OK)
        return st;
    x = mem_zalloc(BLOCK_ROWS * encoder_outputs(c->encoder), sizeof *x);
    if (x == NULL) {
        lw_matrix_release(&z);
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n_rows);
    }
    for (size_t at = 0; at < n_rows; at += BLOCK_ROWS) {
        size_t n = n_rows - at < BLOCK_ROWS ? n_rows - at : BLOCK_ROWS;

        encoder_apply(c->encoder, rows + at * c->view->n_features, n, x);
        (void)model_latent(c->model, x, n, z.x + at * width);
    }
    mem_free(x);
    *out = z;
    return LW_OK;
}
