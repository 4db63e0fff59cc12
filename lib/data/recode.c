/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that is learnt of a category are its values, and whether it was seen; those of a
 * category that is rare or new come behind the others'.
 *
 * Saved, little-endian: u8 kind, u32 width (values of a category), u32 inputs; an input
 * each: u32 categories (0: a number); for each category, and the one for others: u8
 * 0 not seen, 1 seen, 2 seen and rare, then f32 for each value.
 */
#include "data/recode.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/rng.h"
#include "data/encode_priv.h"

#include <math.h>
#include <string.h>

enum { FOLDS = 5, WIDTH_MAX = 1024 };
enum fate { NOT_SEEN, SEEN, RARE };

/* Rows of the average that a category has besides its own. */
static const double average_rows = 10;

struct recode_slot {
    uint32_t n;    /* categories; 0: a number */
    uint8_t *fate; /* (n + 1), owned; NULL: a number */
    float *values; /* (n + 1, width), owned */
};

struct recoder {
    enum recode_kind kind;
    uint32_t width; /* columns that a category makes */
    size_t n_inputs;
    size_t n_outputs;
    struct recode_slot *slots; /* (n_inputs), owned */
};

void recoder_free(struct recoder *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; r->slots != NULL && i < r->n_inputs; i++) {
        mem_free(r->slots[i].fate);
        mem_free(r->slots[i].values);
    }
    mem_free(r->slots);
    mem_free(r);
}

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for categories");
}

static struct recoder *recoder_new(enum recode_kind kind, uint32_t width, size_t n)
{
    struct recoder *r = mem_zalloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->kind = kind;
    r->width = width;
    r->n_inputs = n;
    r->slots = mem_zalloc(n, sizeof *r->slots);
    if (r->slots != NULL)
        return r;
    mem_free(r);
    return NULL;
}

static bool slot_init(struct recode_slot *s, uint32_t n, uint32_t width)
{
    s->n = n;
    if (n == 0)
        return true;
    s->fate = mem_zalloc((size_t)n + 1, sizeof *s->fate);
    s->values = mem_zalloc((size_t)n + 1, width * sizeof *s->values);
    return s->fate != NULL && s->values != NULL;
}

static void count_outputs(struct recoder *r)
{
    r->n_outputs = 0;
    for (size_t i = 0; i < r->n_inputs; i++)
        r->n_outputs += r->slots[i].n > 0 ? r->width : 1;
}

/* The category of a code; the one for others is the last. */
static uint32_t category_of(const struct recode_slot *s, float code)
{
    return code >= 0 && code < (float)s->n ? (uint32_t)code : s->n;
}

/* ---- fitting ---- */

/* What is counted of one input. */
struct counts {
    uint32_t *rows; /* (n + 1) */
    uint32_t *of;   /* (FOLDS, n + 1, n_classes): rows by fold and class; NULL: not
                       wanted */
    uint32_t n_classes;
};

static uint32_t *cell(const struct counts *c, const struct recode_slot *s,
                      unsigned fold, uint32_t category)
{
    return c->of + ((size_t)fold * (s->n + 1) + category) * c->n_classes;
}

static void count(const struct counts *c, const struct recode_slot *s,
                  const struct lw_matrix *x, size_t input, const uint32_t *labels,
                  const uint8_t *fold)
{
    for (size_t r = 0; r < x->n_rows; r++) {
        uint32_t k = category_of(s, x->x[r * x->n_cols + input]);

        c->rows[k]++;
        if (c->of != NULL)
            cell(c, s, fold[r], k)[labels[r]]++;
    }
}

static void find_fates(const struct counts *c, struct recode_slot *s, uint32_t rare)
{
    for (uint32_t k = 0; k <= s->n; k++)
        s->fate[k] = c->rows[k] == 0 ? NOT_SEEN : c->rows[k] < rare ? RARE : SEEN;
    s->fate[s->n] = RARE;
}

/* Rows of each class that a category's value is made of: out (n_classes), but for those
 * of one fold (FOLDS: of none).  The rare ones go together. */
static void gather(const struct counts *c, const struct recode_slot *s, uint32_t k,
                   unsigned without, double *out)
{
    bool together = s->fate[k] == RARE;

    memset(out, 0, c->n_classes * sizeof *out);
    for (uint32_t other = together ? 0 : k; other <= (together ? s->n : k); other++) {
        if (together && s->fate[other] != RARE)
            continue;
        for (unsigned f = 0; f < FOLDS; f++)
            for (uint32_t y = 0; f != without && y < c->n_classes; y++)
                out[y] += cell(c, s, f, other)[y];
    }
}

/* values (n_classes - 1) from rows of each class and the shares in all rows. */
static void estimate(const double *rows, const double *average, uint32_t n_classes,
                     float *values)
{
    double n = average_rows;

    for (uint32_t y = 0; y < n_classes; y++)
        n += rows[y];
    for (uint32_t y = 1; y < n_classes; y++)
        values[y - 1] = (float)((rows[y] + average_rows * average[y]) / n);
}

static void find_average(const struct counts *c, const struct recode_slot *s,
                         unsigned without, double *out)
{
    double n = 0;

    memset(out, 0, c->n_classes * sizeof *out);
    for (unsigned f = 0; f < FOLDS; f++)
        for (uint32_t k = 0; f != without && k <= s->n; k++)
            for (uint32_t y = 0; y < c->n_classes; y++) {
                out[y] += cell(c, s, f, k)[y];
                n += cell(c, s, f, k)[y];
            }
    for (uint32_t y = 0; y < c->n_classes; y++)
        out[y] = n > 0 ? out[y] / n : 0;
}

/* values (n + 1, width) without a fold; work (2 * n_classes). */
static void find_targets(const struct counts *c, const struct recode_slot *s,
                         unsigned without, float *values, double *work)
{
    double *rows = work + c->n_classes;

    find_average(c, s, without, work);
    for (uint32_t k = 0; k <= s->n; k++) {
        gather(c, s, k, without, rows);
        estimate(rows, work, c->n_classes, values + (size_t)k * (c->n_classes - 1));
    }
}

static void find_shares(const struct counts *c, struct recode_slot *s, size_t n_rows)
{
    double rare = 0;

    for (uint32_t k = 0; k <= s->n; k++)
        rare += s->fate[k] == RARE ? c->rows[k] : 0;
    for (uint32_t k = 0; k <= s->n; k++)
        s->values[k] =
            (float)((s->fate[k] == RARE ? rare : c->rows[k]) / (double)n_rows);
}

/* One fitting. */
struct fitting {
    struct recoder *r;
    const struct recode_config *cfg;
    const struct lw_matrix *x;
    const uint32_t *labels;
    uint8_t *fold;         /* (n_rows), owned; NULL: not wanted */
    struct lw_matrix *out; /* the training rows, recoded */
};

/* The training rows' values of one input, each without its own fold. */
static enum lw_status write_targets(const struct fitting *f, const struct counts *c,
                                    const struct recode_slot *s, size_t input,
                                    size_t at, struct lw_error *err)
{
    uint32_t width = f->r->width;
    float *values = mem_zalloc((size_t)s->n + 1, width * sizeof *values);
    double *work = mem_zalloc(2 * c->n_classes, sizeof *work);
    enum lw_status st = values == NULL || work == NULL ? out_of_memory(err) : LW_OK;

    for (unsigned without = 0; st == LW_OK && without <= FOLDS; without++) {
        float *to = without < FOLDS ? values : s->values;

        find_targets(c, s, without, to, work);
        for (size_t r = 0; r < f->x->n_rows; r++)
            if (f->fold[r] == without)
                memcpy(f->out->x + r * f->out->n_cols + at,
                       to + (size_t)category_of(s, f->x->x[r * f->x->n_cols + input]) *
                                width,
                       width * sizeof *to);
    }
    mem_free(values);
    mem_free(work);
    return st;
}

static enum lw_status fit_slot(const struct fitting *f, size_t input, size_t at,
                               struct lw_error *err)
{
    struct recode_slot *s = &f->r->slots[input];
    struct counts c = {.n_classes = f->cfg->n_classes};
    enum lw_status st = LW_OK;

    c.rows = mem_zalloc((size_t)s->n + 1, sizeof *c.rows);
    if (f->fold != NULL)
        c.of = mem_zalloc(FOLDS * ((size_t)s->n + 1), c.n_classes * sizeof *c.of);
    if (c.rows == NULL || (f->fold != NULL && c.of == NULL)) {
        st = out_of_memory(err);
    } else {
        count(&c, s, f->x, input, f->labels, f->fold);
        find_fates(&c, s, f->cfg->rare);
        if (f->r->kind == RECODE_FREQUENCY)
            find_shares(&c, s, f->x->n_rows);
        if (f->r->kind == RECODE_TARGET)
            st = write_targets(f, &c, s, input, at, err);
    }
    mem_free(c.rows);
    mem_free(c.of);
    return st;
}

static void recode_row(const struct recoder *r, const float *row, bool but_targets,
                       float *out);

static enum lw_status fit(struct fitting *f, struct lw_error *err)
{
    size_t at = 0;
    enum lw_status st = lw_matrix_init(f->out, f->x->n_rows, f->r->n_outputs, err);

    for (size_t i = 0; st == LW_OK && i < f->r->n_inputs; i++) {
        if (f->r->slots[i].n > 0)
            st = fit_slot(f, i, at, err);
        at += f->r->slots[i].n > 0 ? f->r->width : 1;
    }
    for (size_t r = 0; st == LW_OK && r < f->x->n_rows; r++)
        recode_row(f->r, f->x->x + r * f->x->n_cols, true,
                   f->out->x + r * f->out->n_cols);
    return st;
}

static bool deal_folds(struct fitting *f)
{
    struct rng rng;

    f->fold = mem_zalloc(f->x->n_rows, sizeof *f->fold);
    if (f->fold == NULL)
        return false;
    rng_init(&rng, f->cfg->seed);
    for (size_t r = 0; r < f->x->n_rows; r++)
        f->fold[r] = (uint8_t)rng_below(&rng, FOLDS);
    return true;
}

enum lw_status recoder_fit(struct recoder **out, const struct recode_config *cfg,
                           const struct encode_input *inputs, const struct lw_matrix *x,
                           const uint32_t *labels, struct lw_matrix *rows,
                           struct lw_error *err)
{
    uint32_t width = cfg->kind == RECODE_TARGET ? cfg->n_classes - 1 : 1;
    struct fitting f = {.cfg = cfg, .x = x, .labels = labels, .out = rows};
    bool ok;
    enum lw_status st;

    if (x->n_rows == 0 || x->n_cols == 0 || x->n_cols > ENCODE_INPUTS_MAX ||
        width > WIDTH_MAX)
        return lw_fail(err, LW_EINVAL, "cannot recode %zu rows of %zu columns",
                       x->n_rows, x->n_cols);
    f.r = recoder_new(cfg->kind, width, x->n_cols);
    ok = f.r != NULL;
    for (size_t i = 0; ok && i < x->n_cols; i++)
        ok = slot_init(&f.r->slots[i],
                       inputs[i].type == ENCODE_CATEGORY ? inputs[i].n_categories : 0,
                       width);
    if (ok && cfg->kind == RECODE_TARGET)
        ok = deal_folds(&f);
    if (ok)
        count_outputs(f.r);
    if (ok && f.r->n_outputs > ENCODE_INPUTS_MAX)
        st = lw_fail(err, LW_ELIMIT, "%zu columns of recoded categories, of at most %d",
                     f.r->n_outputs, ENCODE_INPUTS_MAX);
    else
        st = ok ? fit(&f, err) : out_of_memory(err);
    mem_free(f.fold);
    if (st == LW_OK) {
        *out = f.r;
    } else {
        recoder_free(f.r);
        lw_matrix_release(rows);
    }
    return st;
}

/* ---- use ---- */

size_t recoder_inputs(const struct recoder *r)
{
    return r->n_inputs;
}

size_t recoder_outputs(const struct recoder *r)
{
    return r->n_outputs;
}

void recoder_describe(const struct recoder *r, struct encode_input *out)
{
    for (size_t i = 0; i < r->n_inputs; i++) {
        bool stays = r->slots[i].n > 0 && r->kind == RECODE_ONE_HOT;

        for (uint32_t w = 0; w < (r->slots[i].n > 0 ? r->width : 1); w++)
            *out++ =
                (struct encode_input){.type = stays ? ENCODE_CATEGORY : ENCODE_NUMBER,
                                      .n_categories = stays ? r->slots[i].n + 1 : 0};
    }
}

static float code_of(const struct recoder *r, const struct recode_slot *s, uint32_t k)
{
    if (r->kind == RECODE_ONE_HOT)
        return (float)(s->fate[k] == RARE ? s->n : k);
    if (s->fate[k] == NOT_SEEN || k == s->n)
        return NAN;
    return (float)(s->fate[k] == RARE ? s->n : k);
}

static void recode_row(const struct recoder *r, const float *row, bool but_targets,
                       float *out)
{
    for (size_t i = 0; i < r->n_inputs; i++) {
        const struct recode_slot *s = &r->slots[i];
        uint32_t k;

        if (s->n == 0) {
            *out++ = row[i];
            continue;
        }
        k = category_of(s, row[i]);
        if (r->kind == RECODE_ONE_HOT || r->kind == RECODE_ORDINAL)
            *out = code_of(r, s, k);
        else if (r->kind == RECODE_FREQUENCY || !but_targets)
            memcpy(out, s->values + (size_t)k * r->width, r->width * sizeof *out);
        out += r->width;
    }
}

void recoder_apply(const struct recoder *r, const float *rows, size_t n_rows,
                   float *out)
{
    for (size_t i = 0; i < n_rows; i++)
        recode_row(r, rows + i * r->n_inputs, false, out + i * r->n_outputs);
}

size_t recoder_unseen(const struct recoder *r, const float *row)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_inputs; i++) {
        const struct recode_slot *s = &r->slots[i];
        uint32_t k = s->n == 0 ? 0 : category_of(s, row[i]);

        n += s->n > 0 && (k == s->n || s->fate[k] == NOT_SEEN) ? 1 : 0;
    }
    return n;
}

/* ---- files ---- */

void recoder_save(const struct recoder *r, struct buf *out)
{
    buf_add_u8(out, (uint8_t)r->kind);
    buf_add_le32(out, r->width);
    buf_add_le32(out, (uint32_t)r->n_inputs);
    for (size_t i = 0; i < r->n_inputs; i++) {
        const struct recode_slot *s = &r->slots[i];

        buf_add_le32(out, s->n);
        for (uint32_t k = 0; s->n > 0 && k <= s->n; k++) {
            buf_add_u8(out, s->fate[k]);
            for (uint32_t w = 0; w < r->width; w++)
                buf_add_f32(out, s->values[(size_t)k * r->width + w]);
        }
    }
}

static enum lw_status damaged(struct lw_error *err)
{
    return lw_fail(err, LW_EFORMAT, "damaged categories");
}

static enum lw_status load_slot(struct recode_slot *s, uint32_t width, struct span *in,
                                struct lw_error *err)
{
    uint32_t n;

    if (!span_take_le32(in, &n) || n > ENCODE_CATEGORIES_MAX ||
        (n > 0 && ((size_t)n + 1) * (1 + 4 * (size_t)width) > in->n))
        return damaged(err);
    if (!slot_init(s, n, width))
        return out_of_memory(err);
    for (uint32_t k = 0; n > 0 && k <= n; k++) {
        if (!span_take_u8(in, &s->fate[k]) || s->fate[k] > RARE)
            return damaged(err);
        for (uint32_t w = 0; w < width; w++) {
            float *v = &s->values[(size_t)k * width + w];

            if (!span_take_f32(in, v) || !isfinite(*v))
                return damaged(err);
        }
    }
    return LW_OK;
}

enum lw_status recoder_load(struct recoder **out, struct span *in, struct lw_error *err)
{
    uint8_t kind;
    uint32_t width;
    uint32_t n;
    struct recoder *r;
    enum lw_status st = LW_OK;

    if (!span_take_u8(in, &kind) || kind >= RECODE_N_KINDS ||
        !span_take_le32(in, &width) || width == 0 || width > WIDTH_MAX ||
        (kind != RECODE_TARGET && width != 1) || !span_take_le32(in, &n) || n == 0 ||
        n > ENCODE_INPUTS_MAX)
        return damaged(err);
    r = recoder_new((enum recode_kind)kind, width, n);
    if (r == NULL)
        return out_of_memory(err);
    for (uint32_t i = 0; st == LW_OK && i < n; i++)
        st = load_slot(&r->slots[i], width, in, err);
    if (st == LW_OK) {
        count_outputs(r);
        if (r->n_outputs > ENCODE_INPUTS_MAX)
            st = damaged(err);
    }
    if (st != LW_OK) {
        recoder_free(r);
        return st;
    }
    *out = r;
    return LW_OK;
}
