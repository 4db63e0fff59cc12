/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several estimators that agree on one answer: the mean of their scores, which is the
 * geometric mean of their probabilities, or that of the probabilities.
 *
 * Trees and a perceptron err on different attacks of types that they have not seen;
 * these two are the kind `blend`.  Of `mean` the members are a parameter.  Reasons are
 * the mean of the members', which sum to the score where scores are averaged.
 *
 * In a file: of `mean` u8, 1 where probabilities are averaged; then members.h.
 */
#include "base/mem.h"
#include "learn/link.h"
#include "learn/members.h"
#include "learn/model_c.h"
#include "learn/model_option.h"
#include "learn/proba.h"

#include <string.h>

enum { OF, BY };
enum { BY_PROBABILITY, BY_SCORE };

static const char *const bys[] = {"probability", "score", NULL};

static const struct lw_model_option mean_options[] = {
    [OF] = MODEL_LIST("of", members_kinds,
                      MODEL_LIST_OF_3(MEMBERS_GBDT, MEMBERS_FOREST, MEMBERS_LOGIT), 2,
                      MEMBERS_MAX, "whose mean; KIND.NAME=VALUE is for one of them"),
    [BY] = MODEL_WORD("by", bys, "what is averaged"),
};

struct blend {
    struct lw_model base;
    struct members members;
    bool by_probability;
};

static const struct blend *blend_of(const struct lw_model *m)
{
    return (const struct blend *)m;
}

static void blend_free(struct lw_model *m)
{
    members_release(&((struct blend *)m)->members);
    mem_free(m);
}

static enum lw_status blend_new(struct blend **out, const struct model_ops *ops,
                                uint32_t n_cols, uint32_t n_classes,
                                struct lw_error *err)
{
    struct blend *b;

    if (n_classes > MEMBERS_CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "a %s for %u classes; %d are possible",
                       ops->name, n_classes, MEMBERS_CLASSES_MAX);
    b = mem_zalloc(1, sizeof *b);
    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->base = (struct lw_model){ops, n_cols, n_classes};
    *out = b;
    return LW_OK;
}

/* ---- fitting ---- */

static enum lw_status fit_members(struct lw_model **out, const struct model_ops *ops,
                                  const struct model_ops *const *kinds, uint32_t n,
                                  bool by_probability, const struct model_task *task,
                                  struct lw_error *err)
{
    struct blend *b = NULL;
    enum lw_status st =
        blend_new(&b, ops, (uint32_t)task->x->n_cols, task->n_classes, err);

    if (b == NULL)
        return st;
    b->by_probability = by_probability;
    for (uint32_t i = 0; st == LW_OK && i < n; i++)
        st = members_add(&b->members, kinds[i], task, n, err);
    if (st == LW_OK)
        *out = &b->base;
    else
        blend_free(&b->base);
    return st;
}

static enum lw_status blend_fit(struct lw_model **out, const struct model_task *task,
                                struct lw_error *err)
{
    static const struct model_ops *const kinds[] = {&model_gbdt, &model_mlp};

    return fit_members(out, &model_blend, kinds, sizeof kinds / sizeof kinds[0], false,
                       task, err);
}

static enum lw_status mean_fit(struct lw_model **out, const struct model_task *task,
                               struct lw_error *err)
{
    const struct model_ops *kinds[MEMBERS_MAX];
    uint32_t at[LW_MODEL_LIST_MAX];
    uint32_t n = lw_model_option_list(task->option[OF], at);
    enum lw_status st;

    for (uint32_t i = 0; i < n; i++) {
        kinds[i] = model_ops_get(members_kinds[at[i]]);
        for (uint32_t k = 0; k < i; k++)
            if (at[k] == at[i])
                return lw_fail(err, LW_EINVAL, "mean: %s is named twice",
                               kinds[i]->name);
    }
    st = members_check_options(task->params->options, kinds, n, err);
    return st == LW_OK ? fit_members(out, &model_mean, kinds, n,
                                     (int)task->option[BY] == BY_PROBABILITY, task, err)
                       : st;
}

/* ---- use ---- */

/* The mean of what `ask` says of each member. */
static void average(const struct blend *b, const float *rows, size_t n_rows, float *out,
                    void (*ask)(const struct lw_model *m, const float *rows,
                                size_t n_rows, float *out))
{
    size_t k = b->base.n_classes;
    size_t d = b->base.n_cols;
    size_t most = MEMBERS_BLOCK_SCORES / k;
    float score[MEMBERS_BLOCK_SCORES];

    for (size_t at = 0; at < n_rows; at += most) {
        size_t n = n_rows - at < most ? n_rows - at : most;
        float *sum = out + at * k;

        ask(b->members.of[0], rows + at * d, n, sum);
        for (uint32_t i = 1; i < b->members.n; i++) {
            ask(b->members.of[i], rows + at * d, n, score);
            for (size_t j = 0; j < n * k; j++)
                sum[j] += score[j];
        }
        for (size_t j = 0; j < n * k; j++)
            sum[j] /= (float)b->members.n;
    }
}

static void blend_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    const struct blend *b = blend_of(m);

    average(b, rows, n_rows, out, b->by_probability ? lw_model_predict : model_margins);
    if (b->by_probability)
        proba_log(out, n_rows * m->n_classes);
}

static void blend_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    const struct blend *b = blend_of(m);

    average(b, rows, n_rows, out, b->by_probability ? lw_model_predict : model_margins);
    for (size_t r = 0; !b->by_probability && r < n_rows; r++)
        link_softmax(out + r * m->n_classes, m->n_classes);
}

static enum lw_status blend_contributions(const struct lw_model *m, const float *row,
                                          uint32_t class_idx, double *phi,
                                          struct lw_error *err)
{
    return members_contributions(&blend_of(m)->members, row, class_idx, phi, err);
}

static uint32_t blend_latent(const struct lw_model *m, const float *rows, size_t n_rows,
                             float *out)
{
    return members_latent(&blend_of(m)->members, rows, n_rows, out);
}

/* ---- as C ---- */

static void put_mean(const struct blend *b, const char *name, struct buf *out)
{
    uint32_t k = b->base.n_classes;
    char part[MODEL_C_NAME_MAX];

    buf_printf(out,
               "static void %s_margins(const float *row, float *margin)\n{\n"
               "    float one[%u];\n\n",
               name, k);
    for (uint32_t i = 0; i < b->members.n; i++) {
        buf_printf(out, "    %s_margins(row, %s);\n", model_c_member(name, i, part),
                   i == 0 ? "margin" : "one");
        if (i > 0)
            buf_printf(out,
                       "    for (int c = 0; c < %u; c++)\n"
                       "        margin[c] += one[c];\n",
                       k);
    }
    buf_printf(out, "    for (int c = 0; c < %u; c++)\n        margin[c] /= %u;\n}\n\n",
               k, b->members.n);
}

static enum lw_status blend_to_c(const struct lw_model *m, const char *name,
                                 struct buf *out, struct lw_error *err)
{
    const struct blend *b = blend_of(m);
    char part[MODEL_C_NAME_MAX];
    enum lw_status st = LW_OK;

    if (b->by_probability)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "a mean of probabilities cannot be told in C; one with by=score "
                       "can");
    for (uint32_t i = 0; st == LW_OK && i < b->members.n; i++)
        st = model_part_to_c(b->members.of[i], model_c_member(name, i, part), out, err);
    if (st == LW_OK)
        put_mean(b, name, out);
    return st;
}

/* ---- storage ---- */

static void blend_save(const struct lw_model *m, struct buf *out)
{
    members_save(&blend_of(m)->members, out);
}

static void mean_save(const struct lw_model *m, struct buf *out)
{
    buf_add_u8(out, blend_of(m)->by_probability ? 1 : 0);
    members_save(&blend_of(m)->members, out);
}

static enum lw_status load(struct lw_model **out, const struct model_ops *ops,
                           bool by_probability, struct span s, uint32_t n_cols,
                           uint32_t n_classes, struct lw_error *err)
{
    struct blend *b = NULL;
    enum lw_status st = blend_new(&b, ops, n_cols, n_classes, err);

    if (b == NULL)
        return st;
    b->by_probability = by_probability;
    st = members_load(&b->members, s, n_cols, ops->name, err);
    for (uint32_t i = 0; st == LW_OK && i < b->members.n; i++)
        if (b->members.of[i]->n_classes != n_classes)
            st = lw_fail(err, LW_EFORMAT, "%s: its members do not fit together",
                         ops->name);
    if (st == LW_OK)
        *out = &b->base;
    else
        blend_free(&b->base);
    return st;
}

static enum lw_status blend_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err)
{
    return load(out, &model_blend, false, s, n_cols, n_classes, err);
}

static enum lw_status mean_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                uint32_t n_classes, struct lw_error *err)
{
    uint8_t by;

    if (!span_take_u8(&s, &by))
        return lw_fail(err, LW_ETRUNCATED, "mean: cut off in its header");
    if (by > 1)
        return lw_fail(err, LW_EFORMAT, "mean: of %u; 0 and 1 are possible", by);
    return load(out, &model_mean, by == 1, s, n_cols, n_classes, err);
}

const struct model_ops model_blend = {
    .name = "blend",
    .doc = "the mean of gbdt and mlp",
    .fit = blend_fit,
    .predict = blend_predict,
    .margins = blend_margins,
    .latent = blend_latent,
    .contributions = blend_contributions,
    .to_c = blend_to_c,
    .save = blend_save,
    .load = blend_load,
    .free = blend_free,
};

const struct model_ops model_mean = {
    .name = "mean",
    .doc = "the mean of several kinds",
    .options = mean_options,
    .n_options = sizeof mean_options / sizeof mean_options[0],
    .fit = mean_fit,
    .predict = blend_predict,
    .margins = blend_margins,
    .latent = blend_latent,
    .contributions = blend_contributions,
    .to_c = blend_to_c,
    .save = mean_save,
    .load = mean_load,
    .free = blend_free,
};
