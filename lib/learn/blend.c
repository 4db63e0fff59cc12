/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several estimators that agree on one answer: the mean of their scores, which is the
 * geometric mean of their probabilities.
 *
 * Trees and a perceptron err on different attacks of types that they have not seen.
 * Reasons are the trees' part of the answer: those of the first member that can give
 * any.
 *
 * In a file: u8 number of members; per member u32 bytes and an estimator with its
 * header (model.c).  No member is a blend.
 */
#include "base/mem.h"
#include "learn/link.h"
#include "learn/model_ops.h"

#include <string.h>

/* Scores are added up a few rows at a time, on the stack. */
enum { MEMBERS_MAX = 8, BLOCK_SCORES = 1024, CLASSES_MAX = BLOCK_SCORES };

struct blend {
    struct lw_model base;
    struct lw_model *member[MEMBERS_MAX]; /* owned */
    uint32_t n_members;
};

static const struct blend *blend_of(const struct lw_model *m)
{
    return (const struct blend *)m;
}

static void blend_free(struct lw_model *m)
{
    struct blend *b = (struct blend *)m;

    for (uint32_t i = 0; i < b->n_members; i++)
        lw_model_free(b->member[i]);
    mem_free(b);
}

static enum lw_status blend_new(struct blend **out, uint32_t n_cols, uint32_t n_classes,
                                struct lw_error *err)
{
    struct blend *b;

    if (n_classes > CLASSES_MAX)
        return lw_fail(err, LW_ELIMIT, "a blend for %u classes; %d are possible",
                       n_classes, CLASSES_MAX);
    b = mem_zalloc(1, sizeof *b);
    if (b == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    b->base.ops = &model_blend;
    b->base.n_cols = n_cols;
    b->base.n_classes = n_classes;
    *out = b;
    return LW_OK;
}

/* Progress of one member is a part of the whole. */
struct part {
    const struct lw_model_params *of;
    double from;
    double share;
};

static void pass_on(void *ctx, double done, const char *what)
{
    const struct part *p = ctx;

    p->of->progress(p->of->progress_ctx, p->from + done * p->share, what);
}

static enum lw_status blend_fit(struct lw_model **out, const struct model_task *task,
                                struct lw_error *err)
{
    static const struct model_ops *const members[] = {&model_gbdt, &model_mlp};
    enum { N = sizeof members / sizeof members[0] };
    struct blend *b = NULL;
    enum lw_status st = blend_new(&b, (uint32_t)task->x->n_cols, task->n_classes, err);

    if (b == NULL)
        return st;
    for (size_t i = 0; st == LW_OK && i < N; i++) {
        struct part part = {task->params, (double)i / N, 1.0 / N};
        struct lw_model_params params = *task->params;
        struct model_task one = *task;

        if (params.progress != NULL) {
            params.progress = pass_on;
            params.progress_ctx = &part;
        }
        one.params = &params;
        st = members[i]->fit(&b->member[i], &one, err);
        b->n_members += st == LW_OK ? 1 : 0;
    }
    if (st == LW_OK)
        *out = &b->base;
    else
        blend_free(&b->base);
    return st;
}

static void blend_margins(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    const struct blend *b = blend_of(m);
    size_t k = m->n_classes;
    size_t most = BLOCK_SCORES / k;
    float score[BLOCK_SCORES];

    for (size_t at = 0; at < n_rows; at += most) {
        size_t n = n_rows - at < most ? n_rows - at : most;
        float *sum = out + at * k;

        model_margins(b->member[0], rows + at * m->n_cols, n, sum);
        for (uint32_t i = 1; i < b->n_members; i++) {
            model_margins(b->member[i], rows + at * m->n_cols, n, score);
            for (size_t j = 0; j < n * k; j++)
                sum[j] += score[j];
        }
        for (size_t j = 0; j < n * k; j++)
            sum[j] /= (float)b->n_members;
    }
}

static void blend_predict(const struct lw_model *m, const float *rows, size_t n_rows,
                          float *out)
{
    blend_margins(m, rows, n_rows, out);
    for (size_t r = 0; r < n_rows; r++)
        link_softmax(out + r * m->n_classes, m->n_classes);
}

static enum lw_status blend_contributions(const struct lw_model *m, const float *row,
                                          uint32_t class_idx, double *phi,
                                          struct lw_error *err)
{
    const struct blend *b = blend_of(m);
    enum lw_status st = LW_EUNSUPPORTED;

    for (uint32_t i = 0; st == LW_EUNSUPPORTED && i < b->n_members; i++)
        st = lw_model_contributions(b->member[i], row, class_idx, phi, err);
    return st;
}

static void blend_save(const struct lw_model *m, struct buf *out)
{
    const struct blend *b = blend_of(m);

    buf_add_u8(out, (uint8_t)b->n_members);
    for (uint32_t i = 0; i < b->n_members; i++) {
        struct buf one;

        buf_init(&one);
        model_save(b->member[i], &one);
        buf_add_le32(out, (uint32_t)one.len);
        if (buf_ok(&one))
            buf_add(out, one.data, one.len);
        else
            out->failed = true;
        buf_release(&one);
    }
}

static enum lw_status load_member(struct blend *b, struct span *s, struct lw_error *err)
{
    struct lw_model *m = NULL;
    struct span bytes;
    uint32_t n;
    enum lw_status st;

    if (!span_take_le32(s, &n) || !span_take(s, n, &bytes))
        return lw_fail(err, LW_ETRUNCATED, "blend: cut off in a member");
    /* Before it is read: blends in blends would go as deep as the file is long. */
    if (span_begins(bytes, model_blend.name, strlen(model_blend.name)))
        return lw_fail(err, LW_EFORMAT, "blend: a member is a blend");
    st = model_load(&m, bytes, err);
    if (st != LW_OK)
        return st;
    b->member[b->n_members++] = m;
    if (m->n_cols != b->base.n_cols || m->n_classes != b->base.n_classes)
        return lw_fail(err, LW_EFORMAT, "blend: its members do not fit together");
    return LW_OK;
}

static enum lw_status blend_load(struct lw_model **out, struct span s, uint32_t n_cols,
                                 uint32_t n_classes, struct lw_error *err)
{
    struct blend *b = NULL;
    uint8_t n;
    enum lw_status st;

    if (!span_take_u8(&s, &n))
        return lw_fail(err, LW_ETRUNCATED, "blend: cut off in its header");
    if (n < 1 || n > MEMBERS_MAX)
        return lw_fail(err, LW_EFORMAT, "blend: %u members; 1 to %d are possible", n,
                       MEMBERS_MAX);
    st = blend_new(&b, n_cols, n_classes, err);
    if (b == NULL)
        return st;
    for (uint32_t i = 0; st == LW_OK && i < n; i++)
        st = load_member(b, &s, err);
    if (st == LW_OK && s.n > 0)
        st = lw_fail(err, LW_EFORMAT, "blend: bytes behind its last member");
    if (st == LW_OK)
        *out = &b->base;
    else
        blend_free(&b->base);
    return st;
}

/* That of the first member which has one. */
static uint32_t blend_latent(const struct lw_model *m, const float *rows, size_t n_rows,
                             float *out)
{
    const struct blend *b = blend_of(m);

    for (uint32_t i = 0; i < b->n_members; i++)
        if (model_latent(b->member[i], NULL, 0, NULL) > 0)
            return model_latent(b->member[i], rows, n_rows, out);
    return 0;
}

const struct model_ops model_blend = {
    .name = "blend",
    .doc = "the mean of gbdt and mlp",
    .fit = blend_fit,
    .predict = blend_predict,
    .margins = blend_margins,
    .latent = blend_latent,
    .contributions = blend_contributions,
    .save = blend_save,
    .load = blend_load,
    .free = blend_free,
};
