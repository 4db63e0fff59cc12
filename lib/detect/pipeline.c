/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps follow each other and each is fitted on what the one before it makes of the
 * training rows.  Answers are given block by block, so that memory does not grow with
 * the rows asked about.
 */
#include "detect/pipeline.h"

#include "base/mem.h"
#include "learn/balance.h"
#include "learn/model_ops.h"

#include <math.h>
#include <time.h>

enum { BLOCK_ROWS = 1024 };

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a model of a table");
}

void pipeline_release(struct pipeline *p)
{
    recoder_free(p->recoder);
    encoder_free(p->encoder);
    cleaner_free(p->cleaner);
    lw_model_free(p->model);
    *p = (struct pipeline){0};
}

/* ---- fitting ---- */

/* *x (owned by the caller) becomes the rows recoded, *inputs what they are. */
static enum lw_status recode(struct pipeline *p, const struct pipeline_config *cfg,
                             const struct clean_config *steps,
                             const struct pipeline_rows *rows, struct lw_matrix *x,
                             struct encode_input **inputs, struct lw_error *err)
{
    const struct recode_config how = {.kind = steps->encode,
                                      .rare = (uint32_t)steps->rare,
                                      .n_classes = cfg->n_classes,
                                      .seed = cfg->params->seed};
    enum lw_status st =
        recoder_fit(&p->recoder, &how, cfg->inputs, rows->x, rows->label, x, err);

    if (st != LW_OK)
        return st;
    *inputs = mem_zalloc(x->n_cols, sizeof **inputs);
    if (*inputs == NULL)
        return out_of_memory(err);
    recoder_describe(p->recoder, *inputs);
    return LW_OK;
}

static enum lw_status encode(struct pipeline *p, const struct encode_input *inputs,
                             const struct lw_matrix *x, struct lw_matrix *out,
                             struct lw_error *err)
{
    enum lw_status st = encoder_fit(&p->encoder, inputs, x->n_cols, x, err);

    if (st == LW_OK)
        st = lw_matrix_init(out, x->n_rows, encoder_outputs(p->encoder), err);
    if (st == LW_OK)
        encoder_apply(p->encoder, x->x, x->n_rows, out->x);
    return st;
}

/* Categories to columns. */
static enum lw_status make_columns(struct pipeline *p,
                                   const struct pipeline_config *cfg,
                                   const struct clean_config *steps,
                                   const struct pipeline_rows *rows,
                                   struct lw_matrix *out, struct lw_error *err)
{
    struct encode_input *inputs = NULL;
    struct lw_matrix recoded = {0};
    enum lw_status st;

    if (steps->encode == RECODE_ONE_HOT && !(steps->rare > 0))
        return encode(p, cfg->inputs, rows->x, out, err);
    st = recode(p, cfg, steps, rows, &recoded, &inputs, err);
    if (st == LW_OK)
        st = encode(p, inputs, &recoded, out, err);
    lw_matrix_release(&recoded);
    mem_free(inputs);
    return st;
}

static bool has_infinite(const struct lw_matrix *x)
{
    for (size_t i = 0; i < x->n_rows * x->n_cols; i++)
        if (isinf(x->x[i]))
            return true;
    return false;
}

/* x becomes what is left of it. */
static enum lw_status clean(struct pipeline *p, const struct pipeline_config *cfg,
                            struct clean_config *steps, struct lw_matrix *x,
                            struct lw_error *err)
{
    struct lw_matrix cleaned = {0};
    enum lw_status st;

    if (steps->infinite == CLEAN_INFINITE_KEEP)
        steps->infinite = CLEAN_INFINITE_MISSING;
    st = cleaner_fit(&p->cleaner, steps, x, err);
    if (st == LW_OK && cfg->clean == NULL && !has_infinite(x))
        return LW_OK; /* it would change nothing here */

    if (st == LW_OK && cleaner_outputs(p->cleaner) == 0)
        st = lw_fail(err, LW_EINVAL, "cleaning leaves no column to learn from");
    if (st == LW_OK)
        st = lw_matrix_init(&cleaned, x->n_rows, cleaner_outputs(p->cleaner), err);
    if (st != LW_OK)
        return st;
    cleaner_apply(p->cleaner, x->x, x->n_rows, cleaned.x);
    lw_matrix_release(x);
    *x = cleaned;
    return LW_OK;
}

/* Training rows as they are learnt from. */
struct lesson {
    struct pipeline_rows rows;
    struct balanced balanced; /* owned; of rows that were resampled */
    uint32_t *label;          /* owned; the same */
    uint32_t *type;
    float *weight; /* owned; NULL: all the same */
};

static void lesson_release(struct lesson *l)
{
    balanced_release(&l->balanced);
    mem_free(l->label);
    mem_free(l->type);
    mem_free(l->weight);
}

static enum lw_status resample(struct lesson *l, const struct pipeline_config *cfg,
                               const struct balance_config *how, struct lw_error *err)
{
    const struct lw_matrix *x = l->rows.x;
    bool *is_category = mem_zalloc(x->n_cols, sizeof *is_category);
    enum lw_status st = is_category == NULL ? out_of_memory(err) : LW_OK;
    size_t n;

    for (size_t i = 0; st == LW_OK && i < x->n_cols; i++)
        is_category[i] = cfg->inputs[i].type == ENCODE_CATEGORY;
    if (st == LW_OK)
        st = balance_rows(&l->balanced, how, x, is_category, l->rows.label,
                          cfg->n_classes, cfg->params->seed, err);
    mem_free(is_category);
    if (st != LW_OK)
        return st;
    n = l->balanced.x.n_rows;
    l->label = mem_zalloc(n, sizeof *l->label);
    l->type = mem_zalloc(n, sizeof *l->type);
    if (l->label == NULL || l->type == NULL)
        return out_of_memory(err);
    for (size_t r = 0; r < n; r++) {
        l->label[r] = l->rows.label[l->balanced.source[r]];
        l->type[r] = l->rows.type[l->balanced.source[r]];
    }
    l->rows.x = &l->balanced.x;
    l->rows.label = l->label;
    l->rows.type = l->type;
    return LW_OK;
}

static enum lw_status weigh(struct lesson *l, const struct pipeline_config *cfg,
                            enum balance_weights how, struct lw_error *err)
{
    bool by_type = how == BALANCE_BY_TYPE;

    l->weight = mem_zalloc(l->rows.x->n_rows, sizeof *l->weight);
    if (l->weight == NULL)
        return out_of_memory(err);
    return balance_weigh(how, by_type ? l->rows.type : l->rows.label, l->rows.x->n_rows,
                         by_type ? l->rows.n_types : cfg->n_classes, l->weight, err);
}

static enum lw_status prepare(struct lesson *l, const struct pipeline_config *cfg,
                              const struct pipeline_rows *rows, struct lw_error *err)
{
    struct balance_config how;
    enum lw_status st =
        balance_config_read(&how, cfg->balance == NULL ? "" : cfg->balance, err);

    l->rows = *rows;
    if (st == LW_OK && how.n_steps > 0)
        st = resample(l, cfg, &how, err);
    if (st == LW_OK && how.weights != BALANCE_NO_WEIGHTS)
        st = weigh(l, cfg, how.weights, err);
    return st;
}

enum lw_status pipeline_fit(struct pipeline *p, const struct pipeline_config *cfg,
                            const struct pipeline_rows *rows, struct lw_error *err)
{
    struct clean_config steps;
    struct lesson l = {0};
    struct lw_matrix x = {0};
    clock_t start;
    enum lw_status st =
        clean_config_read(&steps, cfg->clean == NULL ? "" : cfg->clean, err);

    *p = (struct pipeline){0};
    if (st == LW_OK)
        st = prepare(&l, cfg, rows, err);
    if (st == LW_OK)
        st = make_columns(p, cfg, &steps, &l.rows, &x, err);
    if (st == LW_OK)
        st = clean(p, cfg, &steps, &x, err);
    start = clock();
    if (st == LW_OK)
        st = lw_model_fit(&p->model, cfg->kind, cfg->params, &x, l.rows.label,
                          cfg->n_classes, l.weight, err);
    p->fit_s = (double)(clock() - start) / CLOCKS_PER_SEC;
    lw_matrix_release(&x);
    lesson_release(&l);
    if (st != LW_OK)
        pipeline_release(p);
    return st;
}

/* ---- use ---- */

size_t pipeline_unseen(const struct pipeline *p, const float *row)
{
    return p->recoder != NULL ? recoder_unseen(p->recoder, row)
                              : encoder_unseen(p->encoder, row, NULL);
}

/* What the rows of a block become on their way. */
struct block {
    float *recoded; /* (BLOCK_ROWS, recoder's outputs); NULL: they are not */
    float *encoded; /* (BLOCK_ROWS, encoder's outputs) */
    float *cleaned; /* (BLOCK_ROWS, encoder's outputs) */
};

static void predict_block(const struct pipeline *p, const struct block *b,
                          const float *rows, size_t n, float *out)
{
    if (p->recoder != NULL) {
        recoder_apply(p->recoder, rows, n, b->recoded);
        rows = b->recoded;
    }
    encoder_apply(p->encoder, rows, n, b->encoded);
    cleaner_apply(p->cleaner, b->encoded, n, b->cleaned);
    lw_model_predict(p->model, b->cleaned, n, out);
}

enum lw_status pipeline_predict(const struct pipeline *p, const float *rows,
                                size_t n_rows, float *out, struct lw_error *err)
{
    bool recodes = p->recoder != NULL;
    size_t n_inputs = recodes ? recoder_inputs(p->recoder) : encoder_inputs(p->encoder);
    size_t width = encoder_outputs(p->encoder);
    struct block b = {.recoded =
                          recodes ? mem_zalloc(BLOCK_ROWS, recoder_outputs(p->recoder) *
                                                               sizeof *b.recoded)
                                  : NULL,
                      .encoded = mem_zalloc(BLOCK_ROWS, width * sizeof *b.encoded),
                      .cleaned = mem_zalloc(BLOCK_ROWS, width * sizeof *b.cleaned)};
    bool ok = b.encoded != NULL && b.cleaned != NULL && (b.recoded != NULL || !recodes);

    for (size_t at = 0; ok && at < n_rows; at += BLOCK_ROWS)
        predict_block(p, &b, rows + at * n_inputs,
                      n_rows - at < BLOCK_ROWS ? n_rows - at : BLOCK_ROWS,
                      out + at * lw_model_classes(p->model));
    mem_free(b.recoded);
    mem_free(b.encoded);
    mem_free(b.cleaned);
    return ok ? LW_OK : out_of_memory(err);
}

/* ---- in a file ---- */

static enum lw_status put(struct lw_bundle *b, const char *tag, struct buf *bytes,
                          struct lw_error *err)
{
    enum lw_status st = buf_ok(bytes)
                            ? lw_bundle_put(b, tag, buf_text(bytes), bytes->len, err)
                            : out_of_memory(err);

    buf_release(bytes);
    return st;
}

enum lw_status pipeline_save(const struct pipeline *p, struct lw_bundle *b,
                             struct lw_error *err)
{
    struct buf bytes;
    enum lw_status st = LW_OK;

    if (p->recoder != NULL) {
        buf_init(&bytes);
        recoder_save(p->recoder, &bytes);
        st = put(b, "RECODE", &bytes, err);
    }
    if (st != LW_OK)
        return st;
    buf_init(&bytes);
    encoder_save(p->encoder, &bytes);
    st = put(b, "ENCODER", &bytes, err);
    if (st != LW_OK)
        return st;
    buf_init(&bytes);
    cleaner_save(p->cleaner, &bytes);
    st = put(b, "CLEAN", &bytes, err);
    if (st != LW_OK)
        return st;
    buf_init(&bytes);
    model_save(p->model, &bytes);
    return put(b, "MODEL", &bytes, err);
}

static enum lw_status section(const struct lw_bundle *b, const char *tag,
                              struct span *out, struct lw_error *err)
{
    size_t n = 0;
    const void *p = lw_bundle_get(b, tag, &n);

    *out = span_of(p, p == NULL ? 0 : n);
    return p == NULL ? lw_fail(err, LW_EFORMAT, "no section %s: damaged", tag) : LW_OK;
}

static enum lw_status load_parts(struct pipeline *p, const struct lw_bundle *b,
                                 struct lw_error *err)
{
    struct span in;
    size_t n;
    enum lw_status st = LW_OK;

    if (lw_bundle_get(b, "RECODE", &n) != NULL) {
        st = section(b, "RECODE", &in, err);
        if (st == LW_OK)
            st = recoder_load(&p->recoder, &in, err);
    }
    if (st == LW_OK)
        st = section(b, "ENCODER", &in, err);

    if (st == LW_OK)
        st = encoder_load(&p->encoder, &in, err);
    if (st == LW_OK)
        st = section(b, "CLEAN", &in, err);
    if (st == LW_OK)
        st = cleaner_load(&p->cleaner, &in, err);
    if (st == LW_OK)
        st = section(b, "MODEL", &in, err);
    return st == LW_OK ? model_load(&p->model, in, err) : st;
}

enum lw_status pipeline_load(struct pipeline *p, const struct lw_bundle *b,
                             size_t n_inputs, uint32_t n_classes, struct lw_error *err)
{
    enum lw_status st;

    *p = (struct pipeline){0};
    st = load_parts(p, b, err);
    if (st == LW_OK && p->recoder != NULL) {
        if (recoder_inputs(p->recoder) != n_inputs)
            st = lw_fail(err, LW_EFORMAT, "categories of other columns: damaged");
        n_inputs = recoder_outputs(p->recoder);
    }
    if (st == LW_OK && (encoder_inputs(p->encoder) != n_inputs ||
                        cleaner_inputs(p->cleaner) != encoder_outputs(p->encoder) ||
                        lw_model_columns(p->model) != cleaner_outputs(p->cleaner) ||
                        lw_model_classes(p->model) != n_classes))
        st = lw_fail(err, LW_EFORMAT, "parts that do not fit together: damaged");
    if (st != LW_OK)
        pipeline_release(p);
    return st;
}
