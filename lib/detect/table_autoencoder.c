/* SPDX-License-Identifier: Apache-2.0 */
/* An autoencoder of any table; see lapwing/autoencoder.h. */
#include "detect/table_autoencoder.h"

#include "base/mem.h"
#include "detect/quantile.h"

#include <lapwing/profile.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_ROWS = 100, MOST_ROWS = 8000, FIFTH = 5, EPOCHS = 10 };

void lw_autoencoder_free(struct lw_autoencoder *a)
{
    if (a == NULL)
        return;
    for (uint32_t i = 0; i < a->n_cols; i++)
        mem_free(a->names[i]);
    prep_release(&a->prep);
    net_release(&a->net);
    net_state_release(&a->state);
    autoencoder_kinds_release(&a->kinds);
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

enum lw_status autoencoder_find(const struct lw_autoencoder *a,
                                const struct lw_frame *f,
                                struct autoencoder_columns *out, struct lw_error *err)
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
        out->numbers[i] = c.numbers;
    }
    return LW_OK;
}

/* Append the normal rows of a table, as far as there is room; t NULL: all are. */
static enum lw_status take_rows(const struct lw_autoencoder *a,
                                const struct lw_frame *f, const struct lw_target *t,
                                struct lw_matrix *out, struct lw_error *err)
{
    struct autoencoder_columns cols;
    size_t n = out->n_rows;
    enum lw_status st = autoencoder_find(a, f, &cols, err);

    for (size_t r = 0; st == LW_OK && r < lw_frame_rows(f) && n < MOST_ROWS; r++) {
        if (t != NULL && t->word_side[t->codes[r]] != LW_SIDE_NEGATIVE)
            continue;
        for (uint32_t c = 0; c < a->n_cols; c++)
            out->x[n * a->n_cols + c] = cols.numbers[c][r];
        n++;
    }
    out->n_rows = n;
    return st;
}

/* The first normal rows of all tables. */
static enum lw_status gather(const struct lw_autoencoder *a,
                             const struct lw_frame *const *tables,
                             const struct lw_target *targets, size_t n_tables,
                             struct lw_matrix *out, struct lw_error *err)
{
    enum lw_status st = lw_matrix_init(out, MOST_ROWS, a->n_cols, err);

    out->n_rows = 0;
    for (size_t i = 0; st == LW_OK && i < n_tables; i++)
        st = take_rows(a, tables[i], targets[i].words == NULL ? NULL : &targets[i], out,
                       err);
    if (st == LW_OK && out->n_rows < LEAST_ROWS)
        st = lw_fail(err, LW_EFORMAT, "%zu normal rows; at least %d are needed",
                     out->n_rows, LEAST_ROWS);
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
        st = net_init(&a->net, AUTOENCODER_LAYERS, width, act, err);
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

    net_run(&a->net, 0, AUTOENCODER_LAYERS, x, 1, out, scratch);
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

struct watch {
    const struct lw_autoencoder_config *cfg;
    struct lw_autoencoder_report *report;
};

static void note_epoch(void *ctx, uint32_t epoch, double loss, double validation_loss)
{
    const struct watch *w = ctx;

    w->report->n_epochs = epoch;
    w->report->loss = loss;
    w->report->validation_loss = validation_loss;
    if (w->cfg->epoch != NULL)
        w->cfg->epoch(w->cfg->epoch_ctx, epoch, loss, validation_loss);
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
    struct watch watch = {cfg, report};
    struct lw_matrix x = {0};
    enum lw_status st = prep_rows(&a->prep, &x, raw, NULL, 0, err);

    if (st == LW_OK)
        st = net_fit(&a->net, &a->state, &plan, &x, &x, note_epoch, &watch, err);
    if (st == LW_OK)
        st = find_cut(a, &x, err);
    lw_matrix_release(&x);
    return st;
}

static enum lw_status train(struct lw_autoencoder **a,
                            const struct lw_frame *const *tables,
                            const struct lw_target *targets, size_t n_tables,
                            const struct lw_autoencoder_config *cfg,
                            struct lw_autoencoder_report *report, struct lw_error *err)
{
    struct lw_matrix raw = {0};
    bool is_new = *a == NULL;
    enum lw_status st = LW_OK;

    if (is_new && (*a = mem_zalloc(1, sizeof **a)) == NULL)
        return out_of_memory(err);
    if (is_new)
        st = choose_columns(*a, tables[0],
                            targets[0].words == NULL ? NULL : &targets[0], cfg, err);
    if (st == LW_OK)
        st = gather(*a, tables, targets, n_tables, &raw, err);
    if (st == LW_OK && is_new)
        st = begin(*a, &raw, cfg->seed, err);
    if (st == LW_OK)
        st = fit(*a, &raw, cfg, report, err);
    report->n_rows = raw.n_rows;
    report->n_columns = (*a)->n_cols;
    lw_matrix_release(&raw);
    if (st == LW_OK && (cfg->learn_kinds || (*a)->kinds.n > 0))
        st = autoencoder_kinds_fit(*a, tables, targets, n_tables, cfg->seed, err);
    report->n_kinds = (*a)->kinds.n;
    return st;
}

enum lw_status
lw_autoencoder_train(struct lw_autoencoder **a, const struct lw_frame *const *tables,
                     size_t n_tables, const struct lw_autoencoder_config *cfg,
                     struct lw_autoencoder_report *report, struct lw_error *err)
{
    struct lw_target *targets = mem_zalloc(n_tables, sizeof *targets);
    enum lw_status st = targets == NULL ? out_of_memory(err) : LW_OK;

    memset(report, 0, sizeof *report);
    for (size_t i = 0; st == LW_OK && i < n_tables; i++) {
        st = lw_target_find(&targets[i], tables[i], NULL, err);
        if (st == LW_ENOTFOUND)
            st = LW_OK;
    }
    if (st == LW_OK)
        st = train(a, tables, targets, n_tables, cfg, report, err);
    for (size_t i = 0; targets != NULL && i < n_tables; i++)
        lw_target_release(&targets[i]);
    mem_free(targets);
    return st;
}

/* ---- scoring ---- */

static void scale_row(const struct lw_autoencoder *a,
                      const struct autoencoder_columns *cols, size_t row, float *raw,
                      float *out)
{
    for (uint32_t c = 0; c < a->n_cols; c++)
        raw[c] = cols->numbers[c][row];
    prep_row(&a->prep, raw, out);
}

enum lw_status lw_autoencoder_score(const struct lw_autoencoder *a,
                                    const struct lw_frame *frame, float *out,
                                    struct lw_error *err)
{
    struct autoencoder_columns cols;
    float *row = mem_zalloc(2 * NET_WIDTH_MAX, sizeof *row);
    struct lw_matrix x = {row, 1, a->n_cols};
    enum lw_status st =
        row == NULL ? out_of_memory(err) : autoencoder_find(a, frame, &cols, err);

    for (size_t r = 0; st == LW_OK && r < lw_frame_rows(frame); r++) {
        scale_row(a, &cols, r, row + NET_WIDTH_MAX, row);
        st = score_rows(a, &x, 0, out + r, err);
    }
    mem_free(row);
    return st;
}

size_t autoencoder_scratch(const struct lw_autoencoder *a)
{
    return 2 * NET_WIDTH_MAX + net_scratch(&a->net, 1);
}

uint32_t autoencoder_width(const struct lw_autoencoder *a)
{
    return a->net.layer[AUTOENCODER_MIDDLE - 1].n_out;
}

void autoencoder_middle(const struct lw_autoencoder *a,
                        const struct autoencoder_columns *c, size_t row, float *out,
                        float *scratch)
{
    float *x = scratch + NET_WIDTH_MAX;

    scale_row(a, c, row, scratch, x);
    net_run(&a->net, 0, AUTOENCODER_MIDDLE, x, 1, out, x + NET_WIDTH_MAX);
}

enum lw_status lw_autoencoder_latent(const struct lw_autoencoder *a,
                                     const struct lw_frame *frame, const size_t *rows,
                                     size_t n_rows, struct lw_matrix *out,
                                     struct lw_error *err)
{
    struct autoencoder_columns cols;
    struct lw_matrix z = {0};
    uint32_t width = autoencoder_width(a);
    float *scratch = mem_zalloc(autoencoder_scratch(a), sizeof *scratch);
    enum lw_status st =
        scratch == NULL ? out_of_memory(err) : autoencoder_find(a, frame, &cols, err);

    if (st == LW_OK)
        st = lw_matrix_init(&z, n_rows, width, err);
    for (size_t i = 0; st == LW_OK && i < n_rows; i++)
        autoencoder_middle(a, &cols, rows[i], z.x + i * width, scratch);
    mem_free(scratch);
    if (st == LW_OK)
        *out = z;
    return st;
}
