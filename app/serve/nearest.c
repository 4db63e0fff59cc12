/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/nearest.h"

#include "base/mem.h"
#include "serve/models.h"
#include "serve/server_priv.h"

#include <lapwing/explain.h>

#include <math.h>
#include <string.h>

enum { DIFFERENCES_MAX = 8 };

/* The normal flows, side by side. */
struct normals {
    uint32_t width;
    float *rows;    /* (n, width) owned */
    int64_t *flows; /* (n) owned */
    size_t rows_cap;
    size_t flows_cap;
    size_t n;
    int64_t except; /* the flow itself */
    bool failed;
};

static void on_normal(void *ctx, int64_t flow, const float *vector, uint32_t n)
{
    struct normals *l = ctx;
    float *rows;
    int64_t *flows;

    if (l->failed || n != l->width || flow == l->except)
        return;
    rows = mem_grow(l->rows, &l->rows_cap, (l->n + 1) * n, sizeof *rows);
    if (rows != NULL)
        l->rows = rows;
    flows = mem_grow(l->flows, &l->flows_cap, l->n + 1, sizeof *flows);
    if (flows != NULL)
        l->flows = flows;
    l->failed = rows == NULL || flows == NULL;
    if (l->failed)
        return;
    memcpy(rows + l->n * n, vector, n * sizeof *vector);
    flows[l->n++] = flow;
}

static void put_value(struct jsonw *w, const char *key, float v)
{
    jsonw_key(w, key);
    jsonw_f32(w, v); /* null for NaN */
}

static void put_difference(struct jsonw *w, const struct lw_classifier *c, size_t at,
                           float here, float there)
{
    char words[128];

    jsonw_object(w);
    jsonw_put_text(w, "feature", lw_classifier_view(c)->features[at].name);
    put_value(w, "value", here);
    put_value(w, "normal", there);
    jsonw_put_text(w, "words", lw_classifier_say(c, at, here, words, sizeof words));
    jsonw_put_text(w, "normal_words",
                   lw_classifier_say(c, at, there, words, sizeof words));
    jsonw_object_end(w);
}

/* Of a family (the same at half-lives of 1 s, 10 s, ...) one is told. */
static bool is_like(const char *a, const char *b)
{
    size_t n = strcspn(a, "0123456789");

    return n > 0 && strncmp(a, b, n) == 0 && a[n] != '\0' && b[n] >= '0' && b[n] <= '9';
}

static void drop_family(const struct lw_view *view, size_t of, float *apart)
{
    for (size_t i = 0; i < view->n_features; i++)
        if (i == of || is_like(view->features[of].name, view->features[i].name))
            apart[i] = 0;
}

/* What has no part in the verdict says nothing of it. */
static void drop_unused(const struct lw_classifier *c, const float *row, float *apart)
{
    struct lw_breakdown b;
    struct lw_verdict v;

    if (lw_classifier_judge(c, row, 1, &v, NULL) != LW_OK ||
        lw_classifier_breakdown(c, row, lw_classifier_class_of(c, &v), NULL, &b,
                                NULL) != LW_OK)
        return;
    for (size_t i = 0; i < lw_classifier_view(c)->n_features; i++)
        if (!(fabs(b.part[i]) > 0))
            apart[i] = 0;
}

/* The greatest first. */
static void put_differences(struct jsonw *w, const struct lw_classifier *c,
                            const float *row, const float *normal, float *apart)
{
    size_t n = lw_classifier_view(c)->n_features;

    drop_unused(c, row, apart);
    for (int k = 0; k < DIFFERENCES_MAX; k++) {
        size_t most = 0;

        for (size_t i = 1; i < n; i++)
            most = apart[i] > apart[most] ? i : most;
        if (!(apart[most] > 0))
            return;
        put_difference(w, c, most, row[most], normal[most]);
        drop_family(lw_classifier_view(c), most, apart);
    }
}

static bool put_nearest(struct jsonw *w, const struct lw_classifier *c,
                        const struct normals *l, const float *row)
{
    const struct lw_matrix m = {.x = l->rows, .n_rows = l->n, .n_cols = l->width};
    struct lw_neighbour near;

    if (l->failed || l->n == 0 ||
        lw_classifier_nearest(c, row, &m, &near, NULL) != LW_OK)
        return false;
    jsonw_object(w);
    jsonw_key(w, "flow");
    jsonw_i64(w, l->flows[near.row_idx]);
    put_value(w, "distance", near.distance);
    jsonw_put_u64(w, "of", l->n);
    jsonw_key(w, "differences");
    jsonw_array(w);
    put_differences(w, c, row, l->rows + near.row_idx * l->width, near.apart);
    jsonw_array_end(w);
    jsonw_object_end(w);
    return true;
}

/* The score whose row normal flows were kept of: the first, if it is of this model. */
static const struct store_score *score_with_row(const struct store_flow *f,
                                                const struct model *m)
{
    const struct store_score *s = f->n_scores > 0 ? &f->scores[0] : NULL;

    if (s == NULL || m == NULL || s->vector == NULL || s->model == NULL ||
        strcmp(s->model, lw_classifier_id(m->classifier)) != 0 ||
        s->n_vector != lw_classifier_view(m->classifier)->n_features)
        return NULL;
    return s;
}

void nearest_put(struct jsonw *w, struct server *s, const struct store_flow *f)
{
    struct model *m = models_take(s->models, MODEL_ROLE_TRAFFIC);
    const struct store_score *score = score_with_row(f, m);
    struct normals l = {.except = f->id};
    bool put = false;

    jsonw_key(w, "nearest_normal");
    if (score != NULL && f->verdict != LW_VERDICT_NORMAL) {
        l.width = score->n_vector;
        if (store_flow_normals(s->store, f->id, on_normal, &l, NULL) == LW_OK)
            put = put_nearest(w, m->classifier, &l, score->vector);
    }
    if (!put)
        jsonw_null(w);
    mem_free(l.rows);
    mem_free(l.flows);
    model_drop(m);
}
