/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one user of XGBoost (1.7, C interface).
 *
 * Trees are read out of the booster as the JSON of its model format
 * (learn/forest_xgboost.c).
 *
 * XGBoost refuses infinite training values.  They, and finite ones beyond VALUE_MAX,
 * are trained as +-VALUE_MAX: every split between such a value and the others is the
 * same, since thresholds lie between values.
 */
#include "learn/gbdt_xgboost.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "learn/forest_xgboost.h"

#include <xgboost/c_api.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* XGBoost's last threshold of a column is twice its largest value: keep it finite. */
#define VALUE_MAX (FLT_MAX / 4)

enum { PARAM_TEXT_MAX = NUMFMT_MAX };

struct booster {
    BoosterHandle handle; /* owned */
    uint32_t n_cols;
    uint32_t n_classes;
    uint32_t n_groups;
};

/* Every call of XGBoost passes through here. */
static enum lw_status check(int rc, struct lw_error *err)
{
    const char *why;

    if (rc == 0)
        return LW_OK;
    why = XGBGetLastError();
    if (strstr(why, "bad_alloc") != NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory in XGBoost");
    return lw_fail(err, LW_EINVAL, "XGBoost: %.*s", (int)strcspn(why, "\n"), why);
}

/* One parameter: its name there, our value or its default, and what is possible. */
struct booster_param {
    const char *name;
    double value;
    double fallback;
    double min;
    double max;
};

static enum lw_status set_number(struct booster *b, const struct booster_param *p,
                                 struct lw_error *err)
{
    double v = p->value == 0 ? p->fallback : p->value;
    char text[PARAM_TEXT_MAX];

    if (!(v >= p->min && v <= p->max))
        return lw_fail(err, LW_EINVAL, "%s is %g; possible is %g to %g", p->name, v,
                       p->min, p->max);
    numfmt_f64(v, text);
    return check(XGBoosterSetParam(b->handle, p->name, text), err);
}

static enum lw_status set_numbers(struct booster *b, const struct lw_model_params *p,
                                  struct lw_error *err)
{
    const struct booster_param numbers[] = {
        {"max_depth", p->max_depth, 6, 1, FOREST_DEPTH_MAX},
        {"eta", p->learning_rate, 0.3, 1e-6, 1},
        {"lambda", p->lambda, 1, 0, 1e6},
        {"min_child_weight", p->min_child_weight, 1, 0, 1e9},
        {"subsample", p->subsample, 1, 1e-3, 1},
        {"colsample_bytree", p->colsample, 1, 1e-3, 1},
        {"nthread", p->n_threads, 1, 1, 1024},
        /* XGBoost reads a signed number. */
        {"seed", (double)(p->seed % UINT32_C(0x7fffffff)), 0, 0, 0x7fffffff},
    };
    enum lw_status st = LW_OK;

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && st == LW_OK; i++)
        st = set_number(b, &numbers[i], err);
    return st;
}

static enum lw_status set_texts(struct booster *b, struct lw_error *err)
{
    char n_classes[PARAM_TEXT_MAX];
    const bool binary = b->n_groups == 1;
    const char *const texts[][2] = {
        {"tree_method", "hist"},
        {"objective", binary ? "binary:logistic" : "multi:softprob"},
        {"base_score", "0.5"},
        {"verbosity", "0"},
        {"num_class", n_classes}, /* last: must not be set for two classes */
    };
    size_t n = sizeof texts / sizeof texts[0] - (binary ? 1 : 0);
    enum lw_status st = LW_OK;

    numfmt_f64(b->n_classes, n_classes);
    for (size_t i = 0; i < n && st == LW_OK; i++)
        st = check(XGBoosterSetParam(b->handle, texts[i][0], texts[i][1]), err);
    return st;
}

/* "(1,0,-1)" */
static enum lw_status set_monotone(struct booster *b, const int8_t *monotone,
                                   struct lw_error *err)
{
    struct buf text;
    enum lw_status st;

    if (monotone == NULL)
        return LW_OK;
    buf_init(&text);
    for (uint32_t i = 0; i < b->n_cols; i++)
        buf_printf(&text, "%c%d", i == 0 ? '(' : ',',
                   monotone[i] > 0   ? 1
                   : monotone[i] < 0 ? -1
                                     : 0);
    buf_add_char(&text, ')');
    st = buf_ok(&text) ? check(XGBoosterSetParam(b->handle, "monotone_constraints",
                                                 buf_text(&text)),
                               err)
                       : lw_fail(err, LW_ENOMEM, "out of memory");
    buf_release(&text);
    return st;
}

/* A copy of the rows with infinities brought into range. */
static enum lw_status bounded_copy(float **out, const struct lw_matrix *x,
                                   struct lw_error *err)
{
    size_t n = x->n_rows * x->n_cols;
    float *copy = mem_zalloc(n, sizeof *copy);

    if (copy == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory: %zu rows to train on",
                       x->n_rows);
    for (size_t i = 0; i < n; i++) {
        float v = x->x[i];

        copy[i] = v > VALUE_MAX ? VALUE_MAX : v < -VALUE_MAX ? -VALUE_MAX : v;
    }
    *out = copy;
    return LW_OK;
}

static enum lw_status set_targets(DMatrixHandle d, const struct model_task *task,
                                  struct lw_error *err)
{
    size_t n = task->x->n_rows;
    float *labels = mem_zalloc(n, sizeof *labels);
    enum lw_status st;

    if (labels == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory: %zu labels", n);
    for (size_t i = 0; i < n; i++)
        labels[i] = (float)task->labels[i];
    st = check(XGDMatrixSetFloatInfo(d, "label", labels, n), err);
    if (st == LW_OK && task->weights != NULL)
        st = check(XGDMatrixSetFloatInfo(d, "weight", task->weights, n), err);
    mem_free(labels);
    return st;
}

/* The training rows inside XGBoost; the caller frees *out with XGDMatrixFree(). */
static enum lw_status make_matrix(DMatrixHandle *out, const struct model_task *task,
                                  struct lw_error *err)
{
    DMatrixHandle d = NULL;
    float *rows = NULL;
    enum lw_status st = bounded_copy(&rows, task->x, err);

    if (st == LW_OK)
        st = check(XGDMatrixCreateFromMat_omp(rows, task->x->n_rows, task->x->n_cols,
                                              NAN, &d, 1),
                   err);
    mem_free(rows);
    if (st == LW_OK)
        st = set_targets(d, task, err);
    if (st != LW_OK) {
        if (d != NULL)
            (void)XGDMatrixFree(d);
        return st;
    }
    *out = d;
    return LW_OK;
}

static enum lw_status boost(struct booster *b, DMatrixHandle d,
                            const struct lw_model_params *p, struct lw_error *err)
{
    enum { ROUNDS_DEFAULT = 100, ROUNDS_MAX = 100000 };
    uint32_t n = p->n_rounds == 0 ? ROUNDS_DEFAULT : p->n_rounds;
    enum lw_status st = LW_OK;

    if (n > ROUNDS_MAX)
        return lw_fail(err, LW_EINVAL, "%u boosting rounds; possible is 1 to %d", n,
                       ROUNDS_MAX);
    for (uint32_t i = 0; i < n && st == LW_OK; i++) {
        st = check(XGBoosterUpdateOneIter(b->handle, (int)i, d), err);
        if (p->progress != NULL)
            p->progress(p->progress_ctx, (i + 1.0) / n, "growing trees");
    }
    return st;
}

enum lw_status booster_fit(struct booster **out, const struct model_task *task,
                           struct lw_error *err)
{
    struct booster *b = NULL;
    DMatrixHandle d = NULL;
    enum lw_status st;

    if (task->x->n_cols > FOREST_COLS_MAX || task->n_classes > FOREST_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "%zu columns and %u classes; at most %d and %d",
                       task->x->n_cols, task->n_classes, FOREST_COLS_MAX,
                       FOREST_CLASSES_MAX);
    b = mem_zalloc(1, sizeof *b);
    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->n_cols = (uint32_t)task->x->n_cols;
    b->n_classes = task->n_classes;
    b->n_groups = task->n_classes == 2 ? 1 : task->n_classes;
    st = make_matrix(&d, task, err);
    if (st != LW_OK)
        goto out;
    st = check(XGBoosterCreate(&d, 1, &b->handle), err);
    if (st == LW_OK)
        st = set_texts(b, err);
    if (st == LW_OK)
        st = set_numbers(b, task->params, err);
    if (st == LW_OK)
        st = set_monotone(b, task->params->monotone, err);
    if (st == LW_OK)
        st = boost(b, d, task->params, err);
    if (st != LW_OK)
        goto out;
    *out = b;
    b = NULL;
out:
    booster_free(b);
    if (d != NULL)
        (void)XGDMatrixFree(d);
    return st;
}

void booster_free(struct booster *b)
{
    if (b == NULL)
        return;
    if (b->handle != NULL)
        (void)XGBoosterFree(b->handle);
    mem_free(b);
}

enum lw_status booster_save(const struct booster *b, bool binary, struct buf *out,
                            struct lw_error *err)
{
    const char *bytes = NULL; /* borrowed from XGBoost until its next call */
    bst_ulong n_bytes = 0;
    enum lw_status st = check(
        XGBoosterSaveModelToBuffer(
            b->handle, binary ? "{\"format\": \"ubj\"}" : "{\"format\": \"json\"}",
            &n_bytes, &bytes),
        err);

    if (st != LW_OK)
        return st;
    buf_add(out, bytes, n_bytes);
    return buf_ok(out) ? LW_OK : lw_fail(err, LW_ENOMEM, "out of memory");
}

enum lw_status booster_load(struct booster **out, const void *model, size_t n_bytes,
                            uint32_t n_cols, uint32_t n_classes, struct lw_error *err)
{
    struct booster *b = mem_zalloc(1, sizeof *b);
    enum lw_status st;

    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->n_cols = n_cols;
    b->n_classes = n_classes;
    b->n_groups = n_classes == 2 ? 1 : n_classes;
    st = check(XGBoosterCreate(NULL, 0, &b->handle), err);
    if (st == LW_OK)
        st = check(XGBoosterLoadModelFromBuffer(b->handle, model, n_bytes), err);
    if (st == LW_OK)
        st = check(XGBoosterSetParam(b->handle, "nthread", "1"), err);
    if (st != LW_OK) {
        booster_free(b);
        return st;
    }
    *out = b;
    return LW_OK;
}

enum lw_status booster_export(struct forest **out, const struct booster *b,
                              struct lw_error *err)
{
    enum lw_status st;
    struct buf text;

    buf_init(&text);
    st = booster_save(b, false, &text, err);
    if (st == LW_OK)
        st = forest_from_xgboost(out, span_of(buf_text(&text), text.len), err);
    buf_release(&text);
    return st;
}

/* The result is borrowed from XGBoost: copy it at once. */
static enum lw_status copy_result(int rc, const bst_ulong *shape, bst_ulong n_dims,
                                  const float *result, float *out, size_t n_out,
                                  struct lw_error *err)
{
    enum lw_status st = check(rc, err);
    size_t n = 1;

    if (st != LW_OK)
        return st;
    for (bst_ulong i = 0; i < n_dims; i++)
        n *= shape[i];
    LW_ASSERT(n == n_out);
    memcpy(out, result, n * sizeof *out);
    return LW_OK;
}

enum lw_status booster_predict(const struct booster *b, const float *rows,
                               size_t n_rows, enum booster_output what, float *out,
                               size_t n_out, struct lw_error *err)
{
    const bst_ulong *shape = NULL;
    const float *result = NULL;
    bst_ulong n_dims = 0;
    DMatrixHandle d = NULL;
    enum lw_status st;
    char config[192];
    int rc;

    (void)snprintf(config, sizeof config,
                   "{\"type\": %d, \"training\": false, \"iteration_begin\": 0, "
                   "\"iteration_end\": 0, \"strict_shape\": true, \"cache_id\": 0, "
                   "\"missing\": NaN}",
                   (int)what);
    if (what != BOOSTER_CONTRIBUTIONS) {
        char array[160];

        (void)snprintf(array, sizeof array,
                       "{\"data\": [%" PRIuPTR ", true], \"shape\": [%zu, %u], "
                       "\"typestr\": \"<f4\", \"version\": 3}",
                       (uintptr_t)rows, n_rows, b->n_cols);
        rc = XGBoosterPredictFromDense(b->handle, array, config, NULL, &shape, &n_dims,
                                       &result);
        return copy_result(rc, shape, n_dims, result, out, n_out, err);
    }
    st = check(XGDMatrixCreateFromMat_omp(rows, n_rows, b->n_cols, NAN, &d, 1), err);
    if (st != LW_OK)
        return st;
    rc = XGBoosterPredictFromDMatrix(b->handle, d, config, &shape, &n_dims, &result);
    st = copy_result(rc, shape, n_dims, result, out, n_out, err);
    (void)XGDMatrixFree(d);
    return st;
}

void gbdt_trainer_version(char out[32])
{
    int major = 0;
    int minor = 0;
    int patch = 0;

    XGBoostVersion(&major, &minor, &patch);
    (void)snprintf(out, 32, "XGBoost %d.%d.%d", major, minor, patch);
}
