/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "detect/fit.h"
#include "detect/normal_priv.h"
#include "detect/quantile.h"
#include "detect/usual.h"
#include "learn/model_ops.h"

#include <string.h>

enum { SLOW_ROWS = 4000 };

#define DDOS_AUTOENCODER                                                               \
    "scale=minmax,clip=0,units=100,latent=50,act=tanh,output=relu,epochs=10,"          \
    "batch=256,optimiser=adadelta,rate=1,activity-l1=1e-4,validation=0.2,patience=0,"  \
    "max-rows=8000,score=plain"

/* The first one is what `--model autoencoder` means. */
const struct normal_method normal_methods[NORMAL_METHODS] = {
    {"autoencoder", "autoencoder", NULL, 0, false},
    {"ddos-autoencoder", "autoencoder", DDOS_AUTOENCODER, 0, false},
    {"mahalanobis", "mahal", NULL, 0, true},
    {"pca residual", "pca", NULL, 0, false},
    {"isolation forest", "iforest", NULL, 0, false},
    {"local outlier factor", "lof", NULL, SLOW_ROWS, false},
    {"one-class svm", "ocsvm", "nu=0.05", SLOW_ROWS, false},
    {"histograms", "hist", NULL, 0, true},
    {"one threshold per feature", "limits", NULL, 0, true},
};

enum lw_status normal_list_methods(struct normal_method *out, size_t *n, size_t *asked,
                                   const char *preset, const char *model,
                                   const char *options, struct lw_error *err)
{
    bool is_preset = preset == NULL || strcmp(preset, "normal") == 0;

    *asked = NORMAL_METHODS + 1;
    memcpy(out, normal_methods, sizeof normal_methods);
    *n = NORMAL_METHODS;
    for (size_t i = 0; !is_preset && i < NORMAL_METHODS; i++)
        if (strcmp(normal_methods[i].name, preset) == 0)
            *asked = i;
    if (!is_preset && *asked > NORMAL_METHODS)
        return lw_fail(err, LW_EINVAL,
                       "no preset '%s'; there are normal and ddos-autoencoder", preset);
    for (size_t i = NORMAL_METHODS; model != NULL && is_preset && i-- > 0;)
        if (strcmp(normal_methods[i].kind, model) == 0)
            *asked = i;
    if (model != NULL && *asked > NORMAL_METHODS)
        return lw_fail(err, LW_EINVAL,
                       "%s does not learn from normal rows alone; mahal, pca, iforest, "
                       "lof, ocsvm, hist, limits and autoencoder do",
                       model);
    if (options != NULL && *asked > NORMAL_METHODS)
        return lw_fail(err, LW_EINVAL, "parameters are for a kind of model: name it");
    if (options == NULL)
        return LW_OK;
    out[*n] = normal_methods[*asked];
    out[*n].name = "as asked for";
    out[*n].options = options;
    *asked = (*n)++;
    return LW_OK;
}

/* Rows of the view by number, at most `most` of them, evenly spread; 0: all. */
static enum lw_status gather(struct lw_matrix *out, const struct train_set *s,
                             const size_t *rows, size_t n, size_t most,
                             struct lw_error *err)
{
    size_t kept = most > 0 && most < n ? most : n;
    enum lw_status st = lw_matrix_init(out, kept, s->x.n_cols, err);

    for (size_t i = 0; st == LW_OK && i < kept; i++)
        memcpy(out->x + i * s->x.n_cols, s->x.x + rows[i * n / kept] * s->x.n_cols,
               s->x.n_cols * sizeof *s->x.x);
    return st;
}

enum lw_status normal_fit(struct lw_classifier *c, const struct train_set *s,
                          const struct normal_method *m, const size_t *rows, size_t n,
                          uint64_t seed, struct lw_error *err)
{
    const struct lw_model_params params = {.options = m->options, .seed = seed};
    struct lw_matrix raw = {0};
    struct lw_matrix x = {0};
    uint32_t *label = NULL;
    enum lw_status st = gather(&raw, s, rows, n, m->most_rows, err);

    if (st == LW_OK)
        st = fit_encoder(c, &raw, err);
    if (st == LW_OK)
        st = lw_matrix_init(&x, raw.n_rows, encoder_outputs(c->encoder), err);
    if (st == LW_OK) {
        label = mem_zalloc(raw.n_rows, sizeof *label);
        encoder_apply(c->encoder, raw.x, raw.n_rows, x.x);
        st = label == NULL
                 ? lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", raw.n_rows)
                 : lw_model_fit(&c->model, m->kind, &params, &x, label, 2, NULL, err);
    }
    mem_free(label);
    lw_matrix_release(&raw);
    lw_matrix_release(&x);
    return st;
}

enum lw_status normal_score(const struct lw_classifier *c, const struct train_set *s,
                            const size_t *rows, size_t n, float *out,
                            struct lw_error *err)
{
    float *x = mem_zalloc(encoder_outputs(c->encoder), sizeof *x);

    if (x == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a row");
    for (size_t i = 0; i < n; i++) {
        encoder_apply(c->encoder, s->x.x + rows[i] * s->x.n_cols, 1, x);
        out[i] = (float)c->model->ops->score(c->model, x);
    }
    mem_free(x);
    return LW_OK;
}

void normal_clear(struct lw_classifier *c)
{
    encoder_free(c->encoder);
    lw_model_free(c->model);
    mem_free(c->conformal);
    mem_free(c->types);
    mem_free(c->provenance);
}

enum lw_status normal_calibrate(struct lw_classifier *c, const struct train_set *s,
                                const size_t *rows, size_t n, struct lw_error *err)
{
    float *v = mem_zalloc(n, sizeof *v);
    enum lw_status st = LW_ENOMEM;

    c->conformal = mem_zalloc(CONFORMAL_QUANTILES, sizeof *c->conformal);
    if (v == NULL || c->conformal == NULL)
        (void)lw_fail(err, LW_ENOMEM, "out of memory for %zu scores", n);
    else
        st = normal_score(c, s, rows, n, v, err);
    if (st == LW_OK)
        quantile_fit(c->conformal, CONFORMAL_QUANTILES, v, n);
    mem_free(v);
    return st;
}

/* Normal rows of a set. */
struct chosen {
    const struct train_set *set;
    const size_t *rows;
};

static const float *chosen_row(const void *of, size_t i)
{
    const struct chosen *c = of;

    return c->set->x.x + c->rows[i] * c->set->x.n_cols;
}

enum lw_status normal_usual(struct lw_classifier *c, const struct train_set *s,
                            const size_t *rows, size_t n, struct lw_error *err)
{
    return usual_find(c, chosen_row, &(struct chosen){s, rows}, n, err);
}

enum lw_status normal_judged_init(struct normal_judged *j, size_t n,
                                  struct lw_error *err)
{
    j->rows = mem_zalloc(n, sizeof *j->rows);
    j->score = mem_zalloc(n, sizeof *j->score);
    j->truth = mem_zalloc(n, sizeof *j->truth);
    return j->rows == NULL || j->score == NULL || j->truth == NULL
               ? lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n)
               : LW_OK;
}

void normal_judged_release(struct normal_judged *j)
{
    mem_free(j->rows);
    mem_free(j->score);
    mem_free(j->truth);
}
