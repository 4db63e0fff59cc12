/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Support vector machines with kernels, found by libsvm and used here: one against one
 * with probabilities by pairwise coupling, and one-class, which learns from normal rows
 * alone (Schoelkopf and others, "Estimating the support of a high-dimensional
 * distribution", 2001).
 *
 * Training takes time with the square of the rows and more, so the rows are limited.
 *
 * In a file: scales (prep.h); one-class: curve (anomaly.h); the machine (kernel.h).
 */
#include "base/mem.h"
#include "learn/anomaly.h"
#include "learn/kernel_libsvm.h"
#include "learn/model_option.h"
#include "learn/prep.h"
#include "learn/proba.h"

static const char *const kernels[] = {"rbf", "poly", "linear", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

enum {
    SCALE,
    KERNEL,
    GAMMA,
    DEGREE,
    COEF0,
    TOLERANCE,
    MAX_ROWS,
    CACHE,
    NU,
    COST = NU,
    BALANCED
};

#define KERNEL_OPTIONS(most)                                                           \
    [SCALE] = PREP_OPTION,                                                             \
    [KERNEL] = MODEL_WORD("kernel", kernels, "what likeness of two rows is"),          \
    [GAMMA] = MODEL_NUMBER("gamma", 0, 0, 1e6,                                         \
                           "of the kernel; 0: one over columns and their variance"),   \
    [DEGREE] = MODEL_WHOLE("degree", 3, 1, 10, "of the polynomial"),                   \
    [COEF0] = MODEL_NUMBER("coef0", 0, -1e6, 1e6, "constant of the polynomial"),       \
    [TOLERANCE] = MODEL_NUMBER("tolerance", 1e-3, 1e-8, 1, "when to stop"),            \
    [MAX_ROWS] = MODEL_WHOLE("max-rows", (most), 2, 1e7,                               \
                             "refuse to learn from more rows than this"),              \
    [CACHE] = MODEL_WHOLE("cache", 200, 1, 65536, "megabytes for kernel values")

static const struct lw_model_option svm_options[] = {
    KERNEL_OPTIONS(30000),
    [COST] = MODEL_NUMBER("cost", 1, 1e-6, 1e6, "of errors"),
    [BALANCED] =
        MODEL_WORD("balanced", no_yes, "give every class the same weight in all"),
};

static const struct lw_model_option one_class_options[] = {
    KERNEL_OPTIONS(30000),
    [NU] = MODEL_NUMBER("nu", 0.05, 1e-6, 1, "about the share of normal rows outside"),
};

struct svm {
    struct lw_model base;
    struct prep prep;
    struct anomaly_link link; /* one-class only */
    struct kernel_machine machine;
};

static void svm_free(struct lw_model *m)
{
    struct svm *s = (struct svm *)m;

    prep_release(&s->prep);
    anomaly_release(&s->link);
    kernel_release(&s->machine);
    mem_free(s);
}

static enum lw_status svm_new(struct svm **out, const struct model_ops *ops,
                              uint32_t n_cols, uint32_t n_classes, struct lw_error *err)
{
    struct svm *s;

    if (n_classes < 2 || n_classes > KERNEL_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "support vectors of %u classes; 2 to %d",
                       n_classes, KERNEL_CLASSES_MAX);
    s = mem_zalloc(1, sizeof *s);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    s->base = (struct lw_model){ops, n_cols, n_classes};
    *out = s;
    return LW_OK;
}

/* ---- fitting ---- */

/* One over the number of columns times the variance of all values, as scikit-learn's
 * "scale". */
static double usual_gamma(const struct lw_matrix *x)
{
    size_t n = x->n_rows * x->n_cols;
    double sum = 0;
    double squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x->x[i];
    sum /= (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)x->x[i] - sum) * ((double)x->x[i] - sum);
    squares /= (double)n;
    return 1 / ((double)x->n_cols * (squares > 1e-12 ? squares : 1));
}

/* x: prepared rows, all of them or the normal ones. */
static enum lw_status learn(struct svm *s, const struct lw_matrix *x,
                            const struct model_task *t, bool one_class,
                            struct lw_error *err)
{
    double weight[KERNEL_CLASSES_MAX] = {0};
    const double *o = t->option;
    struct kernel_task task = {.x = x,
                               .labels = one_class ? NULL : t->labels,
                               .class_weight = one_class ? NULL : weight,
                               .n_classes = t->n_classes,
                               .cost = one_class ? 1 : o[COST],
                               .nu = one_class ? o[NU] : 0.5,
                               .tolerance = o[TOLERANCE],
                               .cache_mb = o[CACHE],
                               .seed = t->params->seed};

    if ((double)x->n_rows > o[MAX_ROWS])
        return lw_fail(err, LW_ELIMIT,
                       "%zu rows; a support vector machine takes time with their "
                       "square: learn from fewer, or allow more with max-rows=%zu",
                       x->n_rows, x->n_rows);
    /* libsvm does not weigh rows one by one. */
    if (!one_class)
        model_class_weights(t, o[BALANCED] > 0, weight);
    s->machine.kind = (enum kernel_kind)o[KERNEL];
    s->machine.gamma = o[GAMMA] > 0 ? o[GAMMA] : usual_gamma(x);
    s->machine.degree = (uint32_t)o[DEGREE];
    s->machine.coef0 = o[COEF0];
    return kernel_train(&s->machine, &task, err);
}

static double one_class_score(const struct lw_model *m, const float *row)
{
    const struct svm *s = (const struct svm *)m;
    float x[PREP_COLS_MAX];
    double decision;

    prep_row(&s->prep, row, x);
    kernel_decide(&s->machine, x, &decision);
    return -decision;
}

static enum lw_status fit(struct lw_model **out, const struct model_ops *ops,
                          const struct model_task *t, bool one_class,
                          struct lw_error *err)
{
    const uint32_t *labels = one_class ? t->labels : NULL;
    struct lw_matrix x = {0};
    struct svm *s = NULL;
    enum lw_status st = svm_new(&s, ops, (uint32_t)t->x->n_cols, t->n_classes, err);

    if (s == NULL)
        return st;
    st = prep_fit(&s->prep, (enum prep_scale)t->option[SCALE], t->x, labels, 0, err);
    if (st == LW_OK)
        st = prep_rows(&s->prep, &x, t->x, labels, 0, err);
    if (st == LW_OK)
        st = learn(s, &x, t, one_class, err);
    lw_matrix_release(&x);
    if (st == LW_OK && one_class)
        st = anomaly_fit(&s->link, &s->base, one_class_score, NULL, t, err);
    if (st == LW_OK)
        *out = &s->base;
    else
        svm_free(&s->base);
    return st;
}

static enum lw_status svm_fit(struct lw_model **out, const struct model_task *t,
                              struct lw_error *err)
{
    return fit(out, &model_svm, t, false, err);
}

static enum lw_status one_class_fit(struct lw_model **out, const struct model_task *t,
                                    struct lw_error *err)
{
    return fit(out, &model_ocsvm, t, true, err);
}

/* ---- use ---- */

static void svm_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    const struct svm *s = (const struct svm *)m;
    double decision[KERNEL_PAIRS_MAX];
    double p[KERNEL_CLASSES_MAX];
    float x[PREP_COLS_MAX];

    for (size_t r = 0; r < n_rows; r++) {
        float *answer = out + r * m->n_classes;

        for (uint32_t k = 0; k < m->n_classes; k++)
            answer[k] = 0;
        prep_row(&s->prep, rows + r * m->n_cols, x);
        kernel_decide(&s->machine, x, decision);
        kernel_couple(&s->machine, decision, p);
        for (uint32_t i = 0; i < s->machine.n_present; i++)
            answer[s->machine.label[i]] = p[i] > 0 ? (float)p[i] : 0;
    }
    proba_normalise(out, n_rows, m->n_classes);
}

static void svm_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                        float *out)
{
    svm_predict(m, rows, n_rows, out);
    proba_log(out, n_rows * m->n_classes);
}

static void one_class_predict(const struct lw_model *m, const float *rows,
                              size_t n_rows, float *out)
{
    anomaly_predict(&((const struct svm *)m)->link, m, one_class_score, rows, n_rows,
                    out);
}

static void one_class_margins(const struct lw_model *m, const float *rows,
                              size_t n_rows, float *out)
{
    anomaly_margins(&((const struct svm *)m)->link, m, one_class_score, rows, n_rows,
                    out);
}

/* ---- storage ---- */

static void svm_save(const struct lw_model *m, struct buf *out)
{
    const struct svm *s = (const struct svm *)m;

    prep_save(&s->prep, out);
    if (m->ops == &model_ocsvm)
        anomaly_save(&s->link, out);
    kernel_save(&s->machine, out);
}

static enum lw_status load(struct lw_model **out, const struct model_ops *ops,
                           struct span in, uint32_t n_cols, uint32_t n_classes,
                           struct lw_error *err)
{
    bool one_class = ops == &model_ocsvm;
    struct svm *s = NULL;
    enum lw_status st = svm_new(&s, ops, n_cols, n_classes, err);

    if (s == NULL)
        return st;
    st = prep_load(&s->prep, &in, n_cols, err);
    if (st == LW_OK && one_class)
        st = anomaly_load(&s->link, &in, n_classes, err);
    if (st == LW_OK)
        st = kernel_load(&s->machine, &in, n_cols, one_class ? 0 : n_classes, err);
    if (st == LW_OK)
        *out = &s->base;
    else
        svm_free(&s->base);
    return st;
}

static enum lw_status svm_load_model(struct lw_model **out, struct span in,
                                     uint32_t n_cols, uint32_t n_classes,
                                     struct lw_error *err)
{
    return load(out, &model_svm, in, n_cols, n_classes, err);
}

static enum lw_status one_class_load(struct lw_model **out, struct span in,
                                     uint32_t n_cols, uint32_t n_classes,
                                     struct lw_error *err)
{
    return load(out, &model_ocsvm, in, n_cols, n_classes, err);
}

const struct model_ops model_svm = {
    .name = "svm",
    .doc = "support vector machine with kernels by libsvm",
    .options = svm_options,
    .n_options = sizeof svm_options / sizeof svm_options[0],
    .fit = svm_fit,
    .predict = svm_predict,
    .margins = svm_margins,
    .contributions = proba_no_reasons,
    .save = svm_save,
    .load = svm_load_model,
    .free = svm_free,
};

const struct model_ops model_ocsvm = {
    .name = "ocsvm",
    .doc = "one-class support vector machine by libsvm; learns from normal rows only",
    .options = one_class_options,
    .n_options = sizeof one_class_options / sizeof one_class_options[0],
    .fit = one_class_fit,
    .predict = one_class_predict,
    .margins = one_class_margins,
    .contributions = proba_no_reasons,
    .score = one_class_score,
    .save = svm_save,
    .load = one_class_load,
    .free = svm_free,
};
