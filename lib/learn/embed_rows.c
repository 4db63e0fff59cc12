/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table brought to numbers between which a distance means something. */
#include "base/mem.h"
#include "base/rng.h"
#include "data/encode.h"

#include <lapwing/embed.h>
#include <lapwing/profile.h>

#include <math.h>

enum { WORDS_MAX = 256 };

void lw_embed_rows_release(struct lw_embed_rows *r)
{
    lw_matrix_release(&r->x);
    mem_free(r->row);
    mem_free(r->is_used);
    *r = (struct lw_embed_rows){0};
}

/* Vitter's method S: each row by the chance that is left for it. */
static size_t choose_rows(size_t *row, size_t n_rows, size_t n, uint64_t seed)
{
    struct rng rng;
    size_t have = 0;

    rng_init(&rng, seed);
    for (size_t r = 0; r < n_rows && have < n; r++)
        if (rng_below(&rng, n_rows - r) < n - have)
            row[have++] = r;
    return have;
}

static enum lw_status choose_columns(bool *is_used, const struct lw_frame *f,
                                     const struct lw_target *target,
                                     const struct lw_schema *schema,
                                     struct lw_error *err)
{
    const struct lw_profile_config cfg = {.no_pairs = true};
    struct lw_profile p = {0};
    enum lw_status st = lw_profile_make(&p, f, target, schema, &cfg, err);

    if (st != LW_OK)
        return st;
    for (size_t c = 0; c < lw_frame_columns(f); c++) {
        struct lw_column col;

        lw_frame_column(f, c, &col);
        is_used[c] = !(target != NULL && target->is_label[c]) &&
                     (col.type == LW_COLUMN_NUMBER || col.n_words <= WORDS_MAX);
    }
    for (size_t i = 0; i < p.n_leaks; i++)
        if (!p.leaks[i].is_kept && p.leaks[i].kind != LW_LEAK_SEPARATES)
            is_used[p.leaks[i].column] = false;
    lw_profile_release(&p);
    return LW_OK;
}

static void gather(struct lw_matrix *x, struct encode_input *in,
                   const struct lw_embed_rows *r, const struct lw_frame *f)
{
    size_t to = 0;

    for (size_t c = 0; c < lw_frame_columns(f); c++) {
        struct lw_column col;

        if (!r->is_used[c])
            continue;
        lw_frame_column(f, c, &col);
        in[to] = (struct encode_input){
            .type = col.type == LW_COLUMN_NUMBER ? ENCODE_NUMBER : ENCODE_CATEGORY,
            .n_categories = col.n_words};
        for (size_t i = 0; i < x->n_rows; i++) {
            size_t row = r->row[i];
            float v =
                col.type == LW_COLUMN_NUMBER ? col.numbers[row] : (float)col.codes[row];

            x->x[i * x->n_cols + to] = isfinite(v) ? v : NAN;
        }
        to++;
    }
}

static enum lw_status encode(struct lw_matrix *out, const struct lw_matrix *x,
                             const struct encode_input *in, struct lw_error *err)
{
    const struct encode_scale scale = {.log1p = true, .standardise = true};
    struct encoder *e = NULL;
    enum lw_status st = encoder_fit_scaled(&e, in, x->n_cols, scale, x, err);

    if (st == LW_OK)
        st = lw_matrix_init(out, x->n_rows, encoder_outputs(e), err);
    if (st == LW_OK)
        encoder_apply(e, x->x, x->n_rows, out->x);
    for (size_t i = 0; st == LW_OK && i < out->n_rows * out->n_cols; i++)
        out->x[i] = isfinite(out->x[i]) ? out->x[i] : 0.0f;
    encoder_free(e);
    return st;
}

static enum lw_status encode_rows(struct lw_embed_rows *r, size_t n,
                                  const struct lw_frame *f, struct lw_error *err)
{
    struct lw_matrix x = {0};
    struct encode_input *in = NULL;
    enum lw_status st;
    size_t n_used = 0;

    for (size_t c = 0; c < lw_frame_columns(f); c++)
        n_used += r->is_used[c];
    if (n_used == 0 || n == 0)
        return lw_fail(err, LW_EINVAL, "no column is left to make a map of");
    st = lw_matrix_init(&x, n, n_used, err);
    in = mem_zalloc(n_used, sizeof *in);
    if (st == LW_OK && in == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    if (st == LW_OK) {
        gather(&x, in, r, f);
        st = encode(&r->x, &x, in, err);
    }
    mem_free(in);
    lw_matrix_release(&x);
    return st;
}

enum lw_status lw_embed_rows_make(struct lw_embed_rows *out, const struct lw_frame *f,
                                  const struct lw_target *target,
                                  const struct lw_schema *schema, size_t n,
                                  uint64_t seed, struct lw_error *err)
{
    size_t n_rows = lw_frame_rows(f);
    struct lw_embed_rows r = {0};
    enum lw_status st;

    n = n == 0 || n > n_rows ? n_rows : n;
    r.row = mem_zalloc(n + 1, sizeof *r.row);
    r.is_used = mem_zalloc(lw_frame_columns(f) + 1, sizeof *r.is_used);
    if (r.row == NULL || r.is_used == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    else
        st = choose_columns(r.is_used, f, target, schema, err);
    if (st == LW_OK)
        st = encode_rows(&r, choose_rows(r.row, n_rows, n, seed), f, err);
    if (st == LW_OK)
        *out = r;
    else
        lw_embed_rows_release(&r);
    return st;
}
