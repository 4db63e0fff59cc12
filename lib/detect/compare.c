/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One model, one protocol, several seeds.
 *
 * The seed deals the folds and is the model's own, so that an interval over seeds tells
 * of both.  Answers of a seed's folds are gathered and judged once: a fold that holds
 * out a rare type has too few rows for figures of its own.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "data/clean.h"
#include "detect/compare_table.h"
#include "detect/pipeline.h"
#include "learn/balance.h"
#include "learn/baseline.h"
#include "learn/model_ops.h"

#include <lapwing/split.h>

#include <math.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_FOLDS = 4, BLOCK_ROWS = 4096, ONE_MILLION = 1000000 };

static const char *const names[] = {
#define PROTOCOL_NAME(name, text, doc) text,
    LW_PROTOCOL_LIST(PROTOCOL_NAME)
#undef PROTOCOL_NAME
};
static const char *const docs[] = {
#define PROTOCOL_DOC(name, text, doc) doc,
    LW_PROTOCOL_LIST(PROTOCOL_DOC)
#undef PROTOCOL_DOC
};

const char *lw_protocol_name(enum lw_protocol p)
{
    return names[p];
}

const char *lw_protocol_doc(enum lw_protocol p)
{
    return docs[p];
}

/* Everything of one run; what is per fold is made anew for each. */
struct run {
    const struct lw_compare_table *t;
    const struct lw_compare_model *model;
    const struct lw_compare_config *cfg;
    struct lw_compare_score *out;
    struct lw_split split;
    uint32_t *truth; /* (n_test) of one seed, owned */
    uint32_t *said;  /* (n_test), owned */
    float *score;    /* (n_test) of an attack, owned */
    size_t n_test;
    uint64_t seed;
    uint32_t n_fits;
    size_t n_predicted; /* rows, over all fits */
    double predict_s;
    double model_bytes;
    double n_train;
    const struct compare_hook *hook;
    double done; /* share of the run before this fit */
    double share;
};

static enum lw_status out_of_memory(struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for a comparison");
}

static double seconds_since(clock_t start)
{
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void tell(void *ctx, double done, const char *what)
{
    const struct run *r = ctx;

    (void)what;
    if (r->cfg->progress != NULL)
        r->cfg->progress(r->cfg->progress_ctx, r->done + done * r->share,
                         r->model->kind);
}

/* ---- the split ---- */

static enum lw_status make_split(struct run *r, struct lw_error *err)
{
    const struct lw_compare_table *t = r->t;
    double share = r->cfg->test_share > 0 ? r->cfg->test_share : 0.3;
    size_t folds = r->cfg->n_folds > 0 ? r->cfg->n_folds : DEFAULT_FOLDS;
    size_t n = t->x.n_rows;

    if (t->group == NULL && (r->cfg->protocol == LW_PROTOCOL_GROUP ||
                             r->cfg->protocol == LW_PROTOCOL_LEAVE_GROUP_OUT))
        return lw_fail(err, LW_EINVAL,
                       "protocol %s needs a column that says what belongs together",
                       names[r->cfg->protocol]);
    switch (r->cfg->protocol) {
    case LW_PROTOCOL_RANDOM:
        return lw_split_random(&r->split, n, share, r->seed, err);
    case LW_PROTOCOL_STRATIFIED:
        return lw_split_stratified(&r->split, t->label, n, share, r->seed, err);
    case LW_PROTOCOL_TIME:
        return lw_split_ordered(&r->split, t->time, n, share, err);
    case LW_PROTOCOL_GROUP:
        return lw_split_grouped(&r->split, t->group, n, t->n_groups, folds, r->seed,
                                err);
    case LW_PROTOCOL_LEAVE_GROUP_OUT:
        return lw_split_grouped(&r->split, t->group, n, t->n_groups, 0, r->seed, err);
    case LW_PROTOCOL_LEAVE_ATTACK_OUT:
        return lw_split_leave_attack_out(&r->split, t->type, n, t->type_class,
                                         t->n_types, folds, r->seed, err);
    case LW_N_PROTOCOLS:
        break;
    }
    return lw_fail(err, LW_EINVAL, "no such protocol");
}

/* Room for the answers to all rows that are tested, some of them by several folds. */
static enum lw_status make_room(struct run *r, struct lw_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < r->split.n_folds * r->split.n_rows; i++)
        n += r->split.part[i] != LW_PART_TRAIN ? 1 : 0;
    r->truth = mem_zalloc(n, sizeof *r->truth);
    r->said = mem_zalloc(n, sizeof *r->said);
    r->score = mem_zalloc(n, sizeof *r->score);
    r->n_test = 0;
    return r->truth == NULL || r->said == NULL || r->score == NULL ? out_of_memory(err)
                                                                   : LW_OK;
}

static void release_seed(struct run *r)
{
    lw_split_release(&r->split);
    mem_free(r->truth);
    mem_free(r->said);
    mem_free(r->score);
    r->truth = r->said = NULL;
    r->score = NULL;
}

/* ---- one fold ---- */

struct fold {
    const uint8_t *part;  /* (n_rows), borrowed from the split */
    struct lw_matrix x;   /* (n_train, n_inputs), owned */
    uint32_t *label;      /* (n_train), owned */
    uint32_t *type;       /* (n_train), owned */
    struct pipeline line; /* owned; no model of a trivial rival */
    struct one_rule rule;
    uint32_t majority;
};

static void fold_release(struct fold *f)
{
    lw_matrix_release(&f->x);
    mem_free(f->label);
    mem_free(f->type);
    pipeline_release(&f->line);
}

/* Take rows that are not to be learnt from out of the training part.  `seen`
 * (n_classes) counts those of each class. */
static bool is_learnt(const struct run *r, uint32_t label, size_t *seen)
{
    double share = r->hook->train_share;
    size_t k = seen[label]++;

    return share <= 0 || ceil((double)(k + 1) * share) > ceil((double)k * share);
}

static enum lw_status gather(const struct run *r, struct fold *f, struct lw_error *err)
{
    const struct lw_compare_table *t = r->t;
    size_t seen[LW_EVAL_MAX_CLASSES] = {0};
    size_t width = t->x.n_cols;
    size_t n = 0;
    enum lw_status st;

    for (size_t i = 0; i < t->x.n_rows; i++)
        n += f->part[i] == LW_PART_TRAIN ? 1 : 0;
    if (n == 0 || n == t->x.n_rows)
        return lw_fail(err, LW_EINVAL, "a fold has %s",
                       n == 0 ? "nothing to learn from" : "nothing to judge");
    st = lw_matrix_init(&f->x, n, width, err);
    if (st != LW_OK)
        return st;
    f->label = mem_zalloc(n, sizeof *f->label);
    f->type = mem_zalloc(n, sizeof *f->type);
    if (f->label == NULL || f->type == NULL)
        return out_of_memory(err);
    n = 0;
    for (size_t i = 0; i < t->x.n_rows; i++) {
        if (f->part[i] != LW_PART_TRAIN || !is_learnt(r, t->label[i], seen))
            continue;
        memcpy(f->x.x + n * width, t->x.x + i * width, width * sizeof *t->x.x);
        f->type[n] = t->type[i];
        f->label[n++] = t->label[i];
    }
    f->x.n_rows = n;
    return LW_OK;
}

enum lw_status lw_balance_check(const char *text, struct lw_error *err)
{
    struct balance_config cfg;

    return balance_config_read(&cfg, text, err);
}

enum lw_status lw_clean_check(const char *text, struct lw_error *err)
{
    struct clean_config cfg;

    return clean_config_read(&cfg, text, err);
}

static enum lw_status fit_model(struct run *r, struct fold *f, struct lw_error *err)
{
    struct lw_model_params params = r->model->params;
    const struct pipeline_config cfg = {.kind = r->model->kind,
                                        .params = &params,
                                        .clean = r->cfg->clean,
                                        .balance = r->cfg->balance,
                                        .inputs = r->t->inputs,
                                        .n_classes = r->t->n_classes};
    const struct pipeline_rows rows = {&f->x, f->label, f->type, r->t->n_types};
    struct buf bytes;
    enum lw_status st;

    params.options = r->model->options;
    params.seed = r->seed;
    params.n_threads = 1;
    params.progress = tell;
    params.progress_ctx = r;
    st = pipeline_fit(&f->line, &cfg, &rows, err);
    if (st != LW_OK)
        return st;
    r->out->fit_s += f->line.fit_s;
    buf_init(&bytes);
    model_save(f->line.model, &bytes);
    r->model_bytes += (double)bytes.len;
    if (!buf_ok(&bytes))
        st = out_of_memory(err);
    buf_release(&bytes);
    return st;
}

static enum lw_status fit(struct run *r, struct fold *f, struct lw_error *err)
{
    clock_t start = clock();
    enum lw_status st = LW_OK;

    if (strcmp(r->model->kind, "majority") == 0)
        f->majority = baseline_majority(f->label, f->x.n_rows, r->t->n_classes);
    else if (strcmp(r->model->kind, "one-rule") == 0)
        st = one_rule_fit(&f->rule, &f->x, r->t->is_category, f->label, r->t->n_classes,
                          err);
    else
        return fit_model(r, f, err);
    r->out->fit_s += seconds_since(start);
    return st;
}

/* ---- answers ---- */

static void answer_trivial(struct run *r, const struct fold *f, const float *row)
{
    uint32_t said = strcmp(r->model->kind, "majority") == 0
                        ? f->majority
                        : one_rule_predict(&f->rule, row);

    r->said[r->n_test] = said;
    r->score[r->n_test] = said != 0 ? 1 : 0;
}

static uint32_t likeliest(const float *p, uint32_t from, uint32_t n_classes)
{
    uint32_t best = from;

    for (uint32_t c = from + 1; c < n_classes; c++)
        best = p[c] > p[best] ? c : best;
    return best;
}

/* proba (n_rows, n_classes) of the rows whose answers follow r->n_test. */
static void answer(struct run *r, const float *proba, size_t n_rows)
{
    uint32_t k = r->t->n_classes;
    float threshold = (float)r->cfg->threshold;

    for (size_t i = 0; i < n_rows; i++) {
        const float *p = proba + i * k;
        float attack = 1 - p[0];

        if (threshold > 0)
            r->said[r->n_test + i] = attack >= threshold ? likeliest(p, 1, k) : 0;
        else
            r->said[r->n_test + i] = likeliest(p, 0, k);
        r->score[r->n_test + i] = attack;
    }
}

/* Work space for a block of rows. */
struct block {
    float *raw;   /* (BLOCK_ROWS, n_inputs), owned */
    float *proba; /* (BLOCK_ROWS, n_classes), owned */
    size_t n;
};

static enum lw_status flush_block(struct run *r, const struct fold *f, struct block *b,
                                  struct lw_error *err)
{
    clock_t start = clock();
    enum lw_status st = LW_OK;

    if (f->line.model != NULL) {
        st = pipeline_predict(&f->line, b->raw, b->n, b->proba, err);
        if (st == LW_OK)
            answer(r, b->proba, b->n);
        r->n_test += b->n;
    } else {
        for (size_t i = 0; i < b->n; i++, r->n_test++)
            answer_trivial(r, f, b->raw + i * r->t->x.n_cols);
    }
    r->predict_s += seconds_since(start);
    r->n_predicted += b->n;
    b->n = 0;
    return st;
}

static enum lw_status judge(struct run *r, const struct fold *f, struct lw_error *err)
{
    const struct lw_compare_table *t = r->t;
    size_t width = t->x.n_cols;
    size_t at = r->n_test;
    struct block b = {.raw = mem_zalloc(BLOCK_ROWS, width * sizeof *b.raw),
                      .proba = mem_zalloc(BLOCK_ROWS, t->n_classes * sizeof *b.proba)};
    enum lw_status st = b.raw != NULL && b.proba != NULL ? LW_OK : out_of_memory(err);

    for (size_t i = 0; st == LW_OK && i < t->x.n_rows; i++) {
        if (f->part[i] == LW_PART_TRAIN)
            continue;
        r->truth[at++] = t->label[i];
        memcpy(b.raw + b.n++ * width, t->x.x + i * width, width * sizeof *t->x.x);
        if (b.n == BLOCK_ROWS)
            st = flush_block(r, f, &b, err);
    }
    if (st == LW_OK)
        st = flush_block(r, f, &b, err);
    mem_free(b.raw);
    mem_free(b.proba);
    LW_ASSERT(st != LW_OK || at == r->n_test);
    return st;
}

static enum lw_status run_fold(struct run *r, size_t fold_idx, struct lw_error *err)
{
    struct fold f = {.part = r->split.part + fold_idx * r->split.n_rows};
    enum lw_status st = gather(r, &f, err);

    if (st == LW_OK)
        st = fit(r, &f, err);
    if (st == LW_OK)
        st = judge(r, &f, err);
    if (st == LW_OK && r->hook->fitted != NULL)
        st = r->hook->fitted(r->hook->ctx, &f.line, f.part, err);
    if (st == LW_OK) {
        r->n_train += (double)f.x.n_rows;
        r->n_fits++;
    }
    fold_release(&f);
    return st;
}

/* ---- the run ---- */

static enum lw_status run_seed(struct run *r, uint32_t i, struct lw_error *err)
{
    uint32_t n_seeds = r->out->n_seeds;
    enum lw_status st = make_split(r, err);

    if (st == LW_OK)
        st = make_room(r, err);
    for (size_t f = 0; st == LW_OK && f < r->split.n_folds; f++) {
        r->share = 1.0 / (double)r->split.n_folds / n_seeds;
        r->done = (double)i / n_seeds + (double)f * r->share;
        tell(r, 0, NULL);
        st = run_fold(r, f, err);
    }
    if (st == LW_OK)
        st = lw_eval_compute(&r->out->eval[i], r->truth, r->said, r->n_test,
                             r->t->n_classes, r->score, err);
    if (st == LW_OK && r->cfg->answers != NULL)
        r->cfg->answers(r->cfg->answers_ctx, r->truth, r->score, r->n_test);
    release_seed(r);
    return st;
}

enum lw_status compare_run(struct lw_compare_score *out,
                           const struct lw_compare_table *t,
                           const struct lw_compare_model *model,
                           const struct lw_compare_config *cfg,
                           const struct compare_hook *hook, struct lw_error *err)
{
    struct run r = {.t = t, .model = model, .cfg = cfg, .out = out, .hook = hook};
    enum lw_status st = LW_OK;

    memset(out, 0, sizeof *out);
    out->n_seeds = cfg->n_seeds > 0 ? cfg->n_seeds : 1;
    if (out->n_seeds > LW_COMPARE_SEEDS_MAX)
        return lw_fail(err, LW_EINVAL, "%u seeds; at most %d are possible",
                       out->n_seeds, LW_COMPARE_SEEDS_MAX);
    if (cfg->peak_bytes != NULL)
        (void)cfg->peak_bytes(cfg->peak_ctx);
    for (uint32_t i = 0; st == LW_OK && i < out->n_seeds; i++) {
        r.seed = cfg->seed + i;
        st = run_seed(&r, i, err);
    }
    if (st != LW_OK)
        return st;
    if (cfg->peak_bytes != NULL)
        out->peak_bytes = cfg->peak_bytes(cfg->peak_ctx);
    out->fit_s /= r.n_fits;
    out->predict_s = r.predict_s / (double)r.n_predicted * ONE_MILLION;
    out->model_bytes = (uint64_t)(r.model_bytes / r.n_fits);
    out->n_train = (size_t)(r.n_train / r.n_fits);
    out->n_test = r.n_predicted / out->n_seeds;
    return LW_OK;
}

enum lw_status lw_compare_run(struct lw_compare_score *out,
                              const struct lw_compare_table *t,
                              const struct lw_compare_model *model,
                              const struct lw_compare_config *cfg, struct lw_error *err)
{
    static const struct compare_hook none;

    return compare_run(out, t, model, cfg, &none, err);
}
