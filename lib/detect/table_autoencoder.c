/* SPDX-License-Identifier: Apache-2.0 */
/* An autoencoder of any table; see lapwing/autoencoder.h.
 *
 * Sections of a checkpoint: AECOLS, le16 length and bytes of each column's name;
 * AESCALE (prep.h); AENET (net.h); AESTATE, f32 both moments of all parameters, le64
 * steps, le32 epochs; AECUT, f32. */
#include "base/mem.h"
#include "detect/quantile.h"
#include "learn/net.h"
#include "learn/prep.h"
#include "learn/store.h"

#include <lapwing/autoencoder.h>
#include <lapwing/bundle.h>
#include <lapwing/profile.h>
#include <lapwing/schema.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 5, LEAST_ROWS = 100, MOST_ROWS = 8000, FIFTH = 5, EPOCHS = 10 };

struct lw_autoencoder {
    char *names[NET_WIDTH_MAX]; /* (n_cols), owned */
    uint32_t n_cols;
    struct prep prep;
    struct net net;
    struct net_state state;
    float cut;
};

void lw_autoencoder_free(struct lw_autoencoder *a)
{
    if (a == NULL)
        return;
    for (uint32_t i = 0; i < a->n_cols; i++)
        mem_free(a->names[i]);
    prep_release(&a->prep);
    net_release(&a->net);
    net_state_release(&a->state);
    mem_free(a);
}

float lw_autoencoder_cut(const struct lw_autoencoder *a)
{
    return a->cut;
}

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for an autoencoder");
}

/* ---- columns and rows ---- */

static void say_dropped(const struct lw_autoencoder_config *cfg, const char *column,
                        const char *why)
{
    if (cfg->dropped != NULL)
        cfg->dropped(cfg->dropped_ctx, column, why);
}

/* Why a column is not to be learnt from, or NULL.  That it tells the classes apart is
 * no reason here: labels are not learnt. */
static const char *why_not(const struct lw_profile *p, size_t i,
                           const struct lw_column *c)
{
    for (size_t k = 0; k < p->n_leaks; k++)
        if (p->leaks[k].column == i && p->leaks[k].kind != LW_LEAK_LABEL &&
            p->leaks[k].kind != LW_LEAK_SEPARATES)
            return lw_leak_name(p->leaks[k].kind);
    /* How many of the makers' models told an NSL-KDD row's class. */
    if (strcmp(c->name, "difficulty") == 0)
        return "label";
    return c->type == LW_COLUMN_NUMBER ? NULL : "text";
}

static enum lw_status choose_columns(struct lw_autoencoder *a, const struct lw_frame *f,
                                     const struct lw_target *target,
                                     const struct lw_autoencoder_config *cfg,
                                     struct lw_error *err)
{
    const struct lw_profile_config how = {.no_pairs = true};
    struct lw_profile p = {0};
    enum lw_status st = lw_profile_make(&p, f, target, NULL, &how, err);

    for (size_t i = 0; st == LW_OK && i < lw_frame_columns(f); i++) {
        struct lw_column c;
        const char *why;

        if (target != NULL && target->is_label[i])
            continue;
        lw_frame_column(f, i, &c);
        why = why_not(&p, i, &c);
        if (why != NULL)
            say_dropped(cfg, c.name, why);
        else if (a->n_cols == NET_WIDTH_MAX)
            st = lw_fail(err, LW_ELIMIT, "more than %d columns", NET_WIDTH_MAX);
        else if ((a->names[a->n_cols] = mem_strdup(c.name)) == NULL)
            st = out_of_memory(err);
        else
            a->n_cols++;
    }
    if (st == LW_OK && a->n_cols == 0)
        st = lw_fail(err, LW_EFORMAT, "no column of numbers to learn from");
    lw_profile_release(&p);
    return st;
}

static enum lw_status find_columns(const struct lw_autoencoder *a,
                                   const struct lw_frame *f,
                                   const float *numbers[NET_WIDTH_MAX],
                                   struct lw_error *err)
{
    for (uint32_t i = 0; i < a->n_cols; i++) {
        int at = lw_frame_find(f, a->names[i]);
        struct lw_column c;

        if (at < 0)
            return lw_fail(err, LW_EFORMAT,
                           "no column '%.60s', which the checkpoint was trained on",
                           a->names[i]);
        lw_frame_column(f, (size_t)at, &c);
        if (c.type != LW_COLUMN_NUMBER)
            return lw_fail(err, LW_EFORMAT, "line %llu: column '%.60s' is not a number",
                           (unsigned long long)c.text_line, c.name);
        numbers[i] = c.numbers;
    }
    return LW_OK;
}

/* The first normal rows. */
static enum lw_status take_rows(const struct lw_autoencoder *a,
                                const struct lw_frame *f, const struct lw_target *t,
                                struct lw_matrix *out, struct lw_error *err)
{
    const float *numbers[NET_WIDTH_MAX];
    size_t n = 0;
    enum lw_status st = find_columns(a, f, numbers, err);

    if (st == LW_OK)
        st = lw_matrix_init(out, MOST_ROWS, a->n_cols, err);
    for (size_t r = 0; st == LW_OK && r < lw_frame_rows(f) && n < MOST_ROWS; r++) {
        if (t != NULL && t->word_side[t->codes[r]] != LW_SIDE_NEGATIVE)
            continue;
        for (uint32_t c = 0; c < a->n_cols; c++)
            out->x[n * a->n_cols + c] = numbers[c][r];
        n++;
    }
    out->n_rows = n;
    if (st == LW_OK && n < LEAST_ROWS)
        st = lw_fail(err, LW_EFORMAT, "%zu normal rows; at least %d are needed", n,
                     LEAST_ROWS);
    return st;
}

/* ---- fitting ---- */

static enum lw_status begin(struct lw_autoencoder *a, const struct lw_matrix *raw,
                            uint64_t seed, struct lw_error *err)
{
    const uint32_t width[] = {a->n_cols, 100, 50, 50, 100, a->n_cols};
    const enum net_act act[] = {NET_TANH, NET_RELU, NET_TANH, NET_TANH, NET_RELU};
    struct lw_matrix fitted = *raw;
    enum lw_status st;

    fitted.n_rows -= raw->n_rows / FIFTH;
    st = prep_fit(&a->prep, PREP_MINMAX, &fitted, NULL, 0, err);
    if (st == LW_OK)
        st = net_init(&a->net, LAYERS, width, act, err);
    if (st == LW_OK)
        st = net_state_init(&a->state, &a->net, err);
    if (st == LW_OK)
        net_begin(&a->net, seed);
    return st;
}

static void score_row(const struct lw_autoencoder *a, const float *x, float *out,
                      float *scratch, float *score)
{
    double sum = 0;

    net_run(&a->net, 0, LAYERS, x, 1, out, scratch);
    for (uint32_t c = 0; c < a->n_cols; c++)
        sum += ((double)out[c] - (double)x[c]) * ((double)out[c] - (double)x[c]);
    *score = (float)(sum / a->n_cols);
}

/* x: scaled. */
static enum lw_status score_rows(const struct lw_autoencoder *a,
                                 const struct lw_matrix *x, size_t first, float *score,
                                 struct lw_error *err)
{
    float *out = mem_zalloc(NET_WIDTH_MAX, sizeof *out);
    float *scratch = mem_zalloc(net_scratch(&a->net, 1), sizeof *scratch);
    enum lw_status st = out == NULL || scratch == NULL ? out_of_memory(err) : LW_OK;

    for (size_t r = first; st == LW_OK && r < x->n_rows; r++)
        score_row(a, x->x + r * x->n_cols, out, scratch, score + r - first);
    mem_free(out);
    mem_free(scratch);
    return st;
}

static enum lw_status find_cut(struct lw_autoencoder *a, const struct lw_matrix *x,
                               struct lw_error *err)
{
    size_t n = x->n_rows / FIFTH;
    float *score = mem_zalloc(n, sizeof *score);
    enum lw_status st = score == NULL ? out_of_memory(err)
                                      : score_rows(a, x, x->n_rows - n, score, err);

    if (st == LW_OK) {
        qsort(score, n, sizeof *score, quantile_order);
        a->cut = score[n - 1 - n / 100];
    }
    mem_free(score);
    return st;
}

static void note_epoch(void *ctx, uint32_t epoch, double loss, double validation_loss)
{
    struct lw_autoencoder_report *r = ctx;

    r->n_epochs = epoch;
    r->loss = loss;
    r->validation_loss = validation_loss;
}

static enum lw_status fit(struct lw_autoencoder *a, const struct lw_matrix *raw,
                          const struct lw_autoencoder_config *cfg,
                          struct lw_autoencoder_report *report, struct lw_error *err)
{
    const struct net_plan plan = {
        .optimiser = NET_ADADELTA,
        .rate = 1,
        .activity_l1 = {1e-4f},
        .batch = 256,
        .n_epochs = cfg->n_epochs > 0 ? cfg->n_epochs : EPOCHS,
        .validation = 1.0 / FIFTH,
        .seed = cfg->seed,
        .progress = cfg->progress,
        .progress_ctx = cfg->progress_ctx,
    };
    struct lw_matrix x = {0};
    enum lw_status st = prep_rows(&a->prep, &x, raw, NULL, 0, err);

    if (st == LW_OK)
        st = net_fit(&a->net, &a->state, &plan, &x, &x, note_epoch, report, err);
    if (st == LW_OK)
        st = find_cut(a, &x, err);
    lw_matrix_release(&x);
    return st;
}

static enum lw_status train(struct lw_autoencoder **a, const struct lw_frame *frame,
                            const struct lw_target *target,
                            const struct lw_autoencoder_config *cfg,
                            struct lw_autoencoder_report *report, struct lw_error *err)
{
    struct lw_matrix raw = {0};
    bool is_new = *a == NULL;
    enum lw_status st = LW_OK;

    if (is_new && (*a = mem_zalloc(1, sizeof **a)) == NULL)
        return out_of_memory(err);
    if (is_new)
        st = choose_columns(*a, frame, target, cfg, err);
    if (st == LW_OK)
        st = take_rows(*a, frame, target, &raw, err);
    if (st == LW_OK && is_new)
        st = begin(*a, &raw, cfg->seed, err);
    if (st == LW_OK)
        st = fit(*a, &raw, cfg, report, err);
    report->n_rows = raw.n_rows;
    report->n_columns = (*a)->n_cols;
    lw_matrix_release(&raw);
    return st;
}

enum lw_status lw_autoencoder_train(struct lw_autoencoder **a,
                                    const struct lw_frame *frame,
                                    const struct lw_autoencoder_config *cfg,
                                    struct lw_autoencoder_report *report,
                                    struct lw_error *err)
{
    struct lw_target target = {0};
    enum lw_status st = lw_target_find(&target, frame, NULL, err);

    memset(report, 0, sizeof *report);
    if (st == LW_OK || st == LW_ENOTFOUND)
        st = train(a, frame, st == LW_OK ? &target : NULL, cfg, report, err);
    lw_target_release(&target);
    return st;
}

enum lw_status lw_autoencoder_score(const struct lw_autoencoder *a,
                                    const struct lw_frame *frame, float *out,
                                    struct lw_error *err)
{
    const float *numbers[NET_WIDTH_MAX];
    float *row = mem_zalloc(2 * NET_WIDTH_MAX, sizeof *row);
    struct lw_matrix x = {row, 1, a->n_cols};
    enum lw_status st =
        row == NULL ? out_of_memory(err) : find_columns(a, frame, numbers, err);

    for (size_t r = 0; st == LW_OK && r < lw_frame_rows(frame); r++) {
        for (uint32_t c = 0; c < a->n_cols; c++)
            row[NET_WIDTH_MAX + c] = numbers[c][r];
        prep_row(&a->prep, row + NET_WIDTH_MAX, row);
        st = score_rows(a, &x, 0, out + r, err);
    }
    mem_free(row);
    return st;
}

/* ---- checkpoints ---- */

typedef void (*part_fn)(const struct lw_autoencoder *a, struct buf *out);

static void put_names(const struct lw_autoencoder *a, struct buf *out)
{
    for (uint32_t i = 0; i < a->n_cols; i++) {
        buf_add_le16(out, (uint16_t)strlen(a->names[i]));
        buf_add_text(out, a->names[i]);
    }
}

static void put_scale(const struct lw_autoencoder *a, struct buf *out)
{
    prep_save(&a->prep, out);
}

static void put_net(const struct lw_autoencoder *a, struct buf *out)
{
    net_save(&a->net, out);
}

static void put_state(const struct lw_autoencoder *a, struct buf *out)
{
    store_floats(out, a->state.first, a->state.n_params);
    store_floats(out, a->state.second, a->state.n_params);
    buf_add_le64(out, a->state.n_steps);
    buf_add_le32(out, a->state.n_epochs);
}

static void put_cut(const struct lw_autoencoder *a, struct buf *out)
{
    buf_add_f32(out, a->cut);
}

enum lw_status lw_autoencoder_save(const struct lw_autoencoder *a, const char *path,
                                   struct lw_error *err)
{
    static const struct {
        const char *tag;
        part_fn put;
    } parts[] = {{"AECOLS", put_names},
                 {"AESCALE", put_scale},
                 {"AENET", put_net},
                 {"AESTATE", put_state},
                 {"AECUT", put_cut}};
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_new(&b, err);

    for (size_t i = 0; st == LW_OK && i < sizeof parts / sizeof parts[0]; i++) {
        struct buf out;

        buf_init(&out);
        parts[i].put(a, &out);
        st = buf_ok(&out) ? lw_bundle_put(b, parts[i].tag, out.data, out.len, err)
                          : out_of_memory(err);
        buf_release(&out);
    }
    if (st == LW_OK)
        st = lw_bundle_save(b, path, err);
    lw_bundle_free(b);
    return st;
}

static struct span part(const struct lw_bundle *b, const char *tag)
{
    size_t n = 0;
    const void *p = lw_bundle_get(b, tag, &n);

    return span_of(p, p == NULL ? 0 : n);
}

static bool take_names(struct lw_autoencoder *a, struct span s)
{
    while (s.n > 0) {
        struct span name;
        uint16_t n;
        char *copy;

        if (a->n_cols == NET_WIDTH_MAX || !span_take_le16(&s, &n) ||
            !span_take(&s, n, &name))
            return false;
        copy = mem_zalloc((size_t)n + 1, 1);
        if (copy == NULL)
            return false;
        if (n > 0)
            memcpy(copy, name.p, n);
        a->names[a->n_cols++] = copy;
    }
    return a->n_cols > 0;
}

static bool take_state(struct lw_autoencoder *a, struct span s)
{
    struct net_state *t = &a->state;

    if (!store_take_floats(&s, t->first, t->n_params, 1e30f) ||
        !store_take_floats(&s, t->second, t->n_params, 1e30f) ||
        !span_take_le64(&s, &t->n_steps) || !span_take_le32(&s, &t->n_epochs))
        return false;
    for (size_t i = 0; i < t->n_params; i++)
        if (t->first[i] < 0 || t->second[i] < 0)
            return false;
    return s.n == 0;
}

static enum lw_status take_parts(struct lw_autoencoder *a, const struct lw_bundle *b,
                                 struct lw_error *err)
{
    struct span s = part(b, "AESCALE");
    struct span cut = part(b, "AECUT");
    enum lw_status st;

    if (!take_names(a, part(b, "AECOLS")) ||
        !store_take_floats(&cut, &a->cut, 1, 1e30f))
        return lw_fail(err, LW_EFORMAT, "no checkpoint of an autoencoder");
    st = prep_load(&a->prep, &s, a->n_cols, err);
    s = part(b, "AENET");
    if (st == LW_OK)
        st = net_load(&a->net, &s, err);
    if (st == LW_OK &&
        (a->net.n_layers != LAYERS || a->net.layer[0].n_in != a->n_cols ||
         a->net.layer[LAYERS - 1].n_out != a->n_cols))
        st = lw_fail(err, LW_EFORMAT, "a network of another shape");
    if (st == LW_OK)
        st = net_state_init(&a->state, &a->net, err);
    if (st == LW_OK && !take_state(a, part(b, "AESTATE")))
        st = lw_fail(err, LW_EFORMAT, "the optimiser's moments are damaged");
    return st;
}

enum lw_status lw_autoencoder_load(struct lw_autoencoder **out, const char *path,
                                   struct lw_error *err)
{
    struct lw_autoencoder *a = mem_zalloc(1, sizeof *a);
    struct lw_bundle *b = NULL;
    enum lw_status st;

    if (a == NULL)
        return out_of_memory(err);
    st = lw_bundle_load(&b, path, err);
    if (st == LW_OK) {
        struct lw_error why;

        st = take_parts(a, b, &why);
        if (st != LW_OK)
            (void)lw_fail(err, st, "%s: %s", path, why.msg);
    }
    lw_bundle_free(b);
    if (st == LW_OK)
        *out = a;
    else
        lw_autoencoder_free(a);
    return st;
}
