/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learning from a table.
 *
 * The hold-out is that of lw_compare_run(), on the same rows and with the same steps as
 * the final fit, so the figures are of what is written.  Scores of the held-out normal
 * rows stay in the model: a new row's score means something beside theirs.
 */
#include "base/jsonw.h"
#include "base/mem.h"
#include "data/rows.h"
#include "detect/compare_table.h"
#include "detect/quantile.h"
#include "detect/tabular_priv.h"

#include <math.h>
#include <string.h>

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a model of a table");
}

/* One training. */
struct training {
    struct lw_tabular *t;
    const struct lw_frame *frame;
    const struct lw_tabular_config *cfg;
    struct lw_tabular_report *report;
    struct lw_target target;        /* owned */
    struct lw_compare_table *table; /* owned */
    struct buf dropped;             /* JSON objects of columns; owned */
    struct buf kept;
    bool is_out_of_memory; /* in a callback */
};

/* ---- columns and labels ---- */

/* Pass on what is said of a column, and write it down. */
static void note_column(void *ctx, const char *column, const char *why, bool kept)
{
    struct training *tr = ctx;
    const struct lw_compare_table_config *cfg = &tr->cfg->table;
    struct buf *to = kept ? &tr->kept : &tr->dropped;
    struct jsonw w;

    if (cfg->note != NULL)
        cfg->note(cfg->note_ctx, column, why, kept);
    tr->report->n_kept_leaks += kept ? 1 : 0;
    if (to->len > 0)
        buf_add_char(to, ',');
    jsonw_init(&w, to);
    jsonw_object(&w);
    jsonw_put_text(&w, "name", column);
    jsonw_put_text(&w, "why", why);
    jsonw_object_end(&w);
}

static enum lw_status take_columns(struct training *tr, struct lw_error *err)
{
    const struct lw_compare_table *table = tr->table;
    struct lw_tabular *t = tr->t;
    enum lw_status st = LW_OK;

    if (table->x.n_cols > TABULAR_COLUMNS_MAX)
        return lw_fail(err, LW_ELIMIT, "%zu columns to learn from, at most %d can be",
                       table->x.n_cols, TABULAR_COLUMNS_MAX);
    t->columns = mem_zalloc(table->x.n_cols, sizeof *t->columns);
    if (t->columns == NULL)
        return out_of_memory(err);
    for (size_t i = 0; st == LW_OK && i < table->x.n_cols; i++) {
        struct lw_column c;

        lw_frame_column(tr->frame, table->source[i], &c);
        st = tabular_add_column(t, &c, err);
    }
    return st;
}

static enum lw_status take_classes(struct lw_tabular *t,
                                   const struct lw_compare_table *table,
                                   struct lw_error *err)
{
    for (; t->n_classes < table->n_classes; t->n_classes++) {
        t->class_names[t->n_classes] = mem_strdup(table->class_names[t->n_classes]);
        if (t->class_names[t->n_classes] == NULL)
            return out_of_memory(err);
    }
    return LW_OK;
}

static enum lw_status take_labels(struct training *tr, struct lw_error *err)
{
    const struct lw_target *target = &tr->target;
    const struct lw_schema *schema = tr->cfg->table.schema;
    struct lw_tabular *t = tr->t;
    struct lw_column c;

    lw_frame_column(tr->frame, target->column, &c);
    t->label = mem_strdup(c.name);
    t->labels = mem_zalloc(target->n_words, sizeof *t->labels);
    if (t->label == NULL || t->labels == NULL)
        return out_of_memory(err);
    for (uint32_t w = 0; w < target->n_words; w++) {
        const char *word = target->words[w];
        struct tabular_label *to = &t->labels[t->n_labels];

        if (target->word_rows[w] == 0 || (target->word_side[w] == LW_SIDE_NEITHER &&
                                          !tr->cfg->table.neither_is_normal))
            continue;
        to->word = mem_strndup(word, compare_label_length(word));
        if (to->word == NULL)
            return out_of_memory(err);
        to->class_idx = (uint32_t)tr->table->type_class[w];
        t->n_labels++;
    }
    for (size_t i = 0; schema != NULL && i < schema->positive.n; i++) {
        if (i == 0)
            t->positive = mem_zalloc(schema->positive.n, sizeof *t->positive);
        if (t->positive == NULL ||
            (t->positive[i] = mem_strdup(schema->positive.items[i])) == NULL)
            return out_of_memory(err);
        t->n_positive++;
    }
    return LW_OK;
}

static enum lw_status make_table(struct training *tr, struct lw_error *err)
{
    struct lw_compare_table_config cfg = tr->cfg->table;
    struct lw_tabular_report *r = tr->report;
    struct lw_tabular *t = tr->t;
    enum lw_status st = lw_target_find(&tr->target, tr->frame, cfg.schema, err);

    cfg.view = NULL;
    cfg.ordinal = false;
    cfg.balance = NULL;
    cfg.drop_repeats = true;
    cfg.note = note_column;
    cfg.note_ctx = tr;
    if (st == LW_OK)
        st = compare_table_make(&tr->table, tr->frame, &tr->target, &cfg, err);
    if (st != LW_OK)
        return st;
    r->n_neither = cfg.neither_is_normal ? 0 : tr->target.side_rows[LW_SIDE_NEITHER];
    r->n_rows = tr->target.n_rows - r->n_neither;
    r->n_distinct_rows = tr->table->x.n_rows;
    r->n_columns = (uint32_t)tr->table->x.n_cols;
    t->level = cfg.level;
    if (cfg.level == LW_LEVEL_AUTO)
        t->level =
            tr->table->n_classes == LW_N_KDD_CLASSES ? LW_LEVEL_CLASS : LW_LEVEL_BINARY;
    t->threshold = tr->cfg->judge.threshold;
    st = take_columns(tr, err);
    if (st == LW_OK)
        st = take_classes(t, tr->table, err);
    return st == LW_OK ? take_labels(tr, err) : st;
}

/* Rows that equal one of another class in every column. */
static enum lw_status count_contradicting(struct training *tr, struct lw_error *err)
{
    const struct lw_compare_table *table = tr->table;
    uint32_t *first = mem_zalloc(table->x.n_rows, sizeof *first);
    size_t n_distinct = 0;
    enum lw_status st = first == NULL
                            ? out_of_memory(err)
                            : rows_find_first(&table->x, NULL, first, &n_distinct, err);

    for (size_t r = 0; st == LW_OK && r < table->x.n_rows; r++)
        tr->report->n_contradicting +=
            table->label[r] != table->label[first[r]] ? 1 : 0;
    mem_free(first);
    return st;
}

/* ---- the hold-out ---- */

/* What normal rows score that were held out. */
static void take_scores(void *ctx, const uint32_t *truth, const float *attack_score,
                        size_t n_rows)
{
    struct training *tr = ctx;
    struct lw_tabular *t = tr->t;
    float *normal = mem_zalloc(n_rows, sizeof *normal);
    size_t n = 0;

    tr->is_out_of_memory = tr->is_out_of_memory || normal == NULL;
    for (size_t i = 0; normal != NULL && i < n_rows; i++)
        if (truth[i] == 0 && isfinite(attack_score[i]))
            normal[n++] = attack_score[i];
    t->n_scores = n < TABULAR_SCORES_MAX ? n : TABULAR_SCORES_MAX;
    if (t->n_scores == 1)
        t->scores[0] = normal[0];
    else if (t->n_scores > 1)
        quantile_fit(t->scores, t->n_scores, normal, n);
    mem_free(normal);
}

static enum lw_status judge(struct training *tr, const char *kind, struct lw_eval *out,
                            struct lw_error *err)
{
    struct lw_compare_config cfg = tr->cfg->judge;
    const struct lw_compare_model model = {
        .kind = kind, .options = tr->cfg->params.options, .params = tr->cfg->params};
    struct lw_compare_score *score = mem_zalloc(1, sizeof *score);
    enum lw_status st = LW_OK;

    if (score == NULL)
        return out_of_memory(err);
    cfg.n_seeds = 1;
    if (out == &tr->report->held_out) {
        cfg.answers = take_scores;
        cfg.answers_ctx = tr;
    }
    st = lw_compare_run(score, tr->table, &model, &cfg, err);
    if (st == LW_OK && tr->is_out_of_memory)
        st = out_of_memory(err);
    *out = score->eval[0];
    mem_free(score);
    return st;
}

/* ---- the whole ---- */

static enum lw_status fit(struct training *tr, const char *kind, struct lw_error *err)
{
    struct lw_model_params params = tr->cfg->params;
    const struct lw_compare_config *judge_cfg = &tr->cfg->judge;
    const struct pipeline_config cfg = {.kind = kind,
                                        .params = &params,
                                        .clean = judge_cfg->clean,
                                        .balance = judge_cfg->balance,
                                        .inputs = tr->table->inputs,
                                        .n_classes = tr->table->n_classes};
    const struct pipeline_rows rows = {&tr->table->x, tr->table->label, tr->table->type,
                                       tr->table->n_types};
    enum lw_status st;

    params.seed = judge_cfg->seed;
    params.n_threads = 1;
    params.progress = judge_cfg->progress;
    params.progress_ctx = judge_cfg->progress_ctx;
    st = pipeline_fit(&tr->t->line, &cfg, &rows, err);
    tr->report->train_seconds = tr->t->line.fit_s;
    return st;
}

static enum lw_status train(struct training *tr, struct lw_error *err)
{
    const char *kind = tr->cfg->model == NULL ? "gbdt" : tr->cfg->model;
    struct lw_tabular_report *r = tr->report;
    enum lw_status st = make_table(tr, err);

    if (st == LW_OK)
        st = count_contradicting(tr, err);
    if (st == LW_OK)
        st = judge(tr, "majority", &r->majority, err);
    if (st == LW_OK)
        st = judge(tr, "one-rule", &r->one_rule, err);
    if (st == LW_OK)
        st = judge(tr, kind, &r->held_out, err);
    if (st == LW_OK)
        st = fit(tr, kind, err);
    if (st == LW_OK && !(buf_ok(&tr->dropped) && buf_ok(&tr->kept)))
        st = out_of_memory(err);
    return st == LW_OK ? tabular_write_provenance(tr->t, tr->frame, tr->cfg, r,
                                                  buf_text(&tr->dropped),
                                                  buf_text(&tr->kept), err)
                       : st;
}

enum lw_status lw_tabular_train(struct lw_tabular **out, const struct lw_frame *frame,
                                const struct lw_tabular_config *cfg,
                                struct lw_tabular_report *report, struct lw_error *err)
{
    struct training tr = {.frame = frame, .cfg = cfg, .report = report};
    enum lw_status st;

    memset(report, 0, sizeof *report);
    buf_init(&tr.dropped);
    buf_init(&tr.kept);
    tr.t = mem_zalloc(1, sizeof *tr.t);
    st = tr.t == NULL ? out_of_memory(err) : train(&tr, err);
    buf_release(&tr.dropped);
    buf_release(&tr.kept);
    lw_target_release(&tr.target);
    lw_compare_table_free(tr.table);
    if (st == LW_OK)
        *out = tr.t;
    else
        lw_tabular_free(tr.t);
    return st;
}

/* ---- what a model is ---- */

const char *lw_tabular_id(const struct lw_tabular *t)
{
    return t->id;
}

const char *lw_tabular_kind(const struct lw_tabular *t)
{
    return lw_model_kind(t->line.model);
}

const char *lw_tabular_provenance(const struct lw_tabular *t)
{
    return t->provenance;
}

const char *lw_tabular_label(const struct lw_tabular *t)
{
    return t->label;
}

uint32_t lw_tabular_classes(const struct lw_tabular *t)
{
    return t->n_classes;
}

const char *const *lw_tabular_class_names(const struct lw_tabular *t)
{
    return (const char *const *)t->class_names;
}

size_t lw_tabular_columns(const struct lw_tabular *t)
{
    return t->n_columns;
}

void lw_tabular_column(const struct lw_tabular *t, size_t i,
                       struct lw_tabular_column *out)
{
    *out = (struct lw_tabular_column){.name = t->columns[i].name,
                                      .is_text = t->columns[i].is_text,
                                      .n_words = t->columns[i].n_words};
}
