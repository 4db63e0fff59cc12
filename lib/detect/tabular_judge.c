/* SPDX-License-Identifier: Apache-2.0 */
/* A tabular model's answers to the rows of a table, and how right they are. */
#include "base/mem.h"
#include "data/rows.h"
#include "detect/quantile.h"
#include "detect/tabular_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum lw_status out_of_memory(size_t n_rows, struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n_rows);
}

/* ---- answers ---- */

static uint32_t likeliest(const float *p, uint32_t from, uint32_t n)
{
    uint32_t best = from;

    for (uint32_t c = from + 1; c < n; c++)
        best = p[c] > p[best] ? c : best;
    return best;
}

/* p (n_classes) of one row. */
static void answer_row(const struct lw_tabular *t, const float *p,
                       struct lw_tabular_answer *out)
{
    float attack = 1 - p[0];

    if (t->threshold > 0)
        out->class_idx =
            attack >= (float)t->threshold ? likeliest(p, 1, t->n_classes) : 0;
    else
        out->class_idx = likeliest(p, 0, t->n_classes);
    out->confidence = p[out->class_idx];
    out->attack_score = attack;
    out->p_value =
        t->n_scores == 0 ? NAN : quantile_p_value(t->scores, t->n_scores, attack);
}

static enum lw_status answer_rows(const struct lw_tabular *t, const struct lw_matrix *x,
                                  struct lw_tabular_answer *out, struct lw_error *err)
{
    enum { BLOCK_ROWS = 4096 };
    float *p = mem_zalloc(BLOCK_ROWS, t->n_classes * sizeof *p);
    enum lw_status st = p == NULL ? out_of_memory(BLOCK_ROWS, err) : LW_OK;

    for (size_t at = 0; st == LW_OK && at < x->n_rows; at += BLOCK_ROWS) {
        size_t n = x->n_rows - at < BLOCK_ROWS ? x->n_rows - at : BLOCK_ROWS;

        st = pipeline_predict(&t->line, x->x + at * x->n_cols, n, p, err);
        for (size_t i = 0; st == LW_OK && i < n; i++)
            answer_row(t, p + i * t->n_classes, &out[at + i]);
    }
    mem_free(p);
    return st;
}

enum lw_status lw_tabular_score(const struct lw_tabular *t,
                                const struct lw_frame *frame,
                                struct lw_tabular_answer *out, struct lw_error *err)
{
    struct lw_matrix x = {0};
    enum lw_status st = tabular_rows(t, frame, &x, err);

    if (st == LW_OK)
        st = answer_rows(t, &x, out, err);
    lw_matrix_release(&x);
    return st;
}

/* ---- judging ---- */

struct judging {
    const struct lw_tabular *t;
    struct lw_target target;          /* owned */
    struct tabular_meaning *meanings; /* (target.n_words), owned */
    struct lw_matrix x;               /* owned */
    struct lw_tabular_answer *answer; /* (n_rows), owned */
    uint32_t *truth;                  /* (n_rows) of those judged, owned */
    uint32_t *said;
    float *score;
    size_t n;
};

static void judging_release(struct judging *j)
{
    lw_target_release(&j->target);
    lw_matrix_release(&j->x);
    mem_free(j->meanings);
    mem_free(j->answer);
    mem_free(j->truth);
    mem_free(j->said);
    mem_free(j->score);
}

/* The column that the schema names, or the one called as the model's. */
static enum lw_status find_target(struct judging *j, const struct lw_frame *frame,
                                  const struct lw_schema *schema, struct lw_error *err)
{
    struct lw_schema mine = {0};
    enum lw_status st;

    if (schema != NULL)
        mine = *schema; /* borrowed: not released */
    if (mine.label == NULL && lw_frame_find_like(frame, j->t->label) >= 0)
        mine.label = j->t->label;
    st = lw_target_find(&j->target, frame, &mine, err);
    if (st == LW_OK && j->target.by_place)
        return lw_fail(err, LW_ENOTFOUND,
                       "no column is called %.60s, as the label was in training",
                       j->t->label);
    return st;
}

static enum lw_status make_room(struct judging *j, struct lw_error *err)
{
    size_t n = j->x.n_rows;

    j->meanings = mem_zalloc(j->target.n_words, sizeof *j->meanings);
    j->answer = mem_zalloc(n, sizeof *j->answer);
    j->truth = mem_zalloc(n, sizeof *j->truth);
    j->said = mem_zalloc(n, sizeof *j->said);
    j->score = mem_zalloc(n, sizeof *j->score);
    return j->meanings == NULL || j->answer == NULL || j->truth == NULL ||
                   j->said == NULL || j->score == NULL
               ? out_of_memory(n, err)
               : LW_OK;
}

static void sort_rows(struct judging *j, struct lw_tabular_result *out)
{
    for (size_t r = 0; r < j->x.n_rows; r++) {
        const struct tabular_meaning *m = &j->meanings[j->target.codes[r]];
        const struct lw_tabular_answer *a = &j->answer[r];

        out->n_neither += m->is_neither ? 1 : 0;
        out->n_unseen_rows += m->is_unseen ? 1 : 0;
        out->n_unseen_found += m->is_unseen && a->class_idx != 0 ? 1 : 0;
        out->n_new_word_rows +=
            pipeline_unseen(&j->t->line, j->x.x + r * j->x.n_cols) > 0 ? 1 : 0;
        if (m->class_idx < 0)
            continue;
        j->truth[j->n] = (uint32_t)m->class_idx;
        j->said[j->n] = a->class_idx;
        j->score[j->n++] = a->attack_score;
    }
}

static void list_unseen(const struct judging *j, struct lw_tabular_result *out)
{
    size_t n = 0;

    for (uint32_t w = 0; w < j->target.n_words; w++) {
        const char *word = j->target.words[w];

        if (!j->meanings[w].is_unseen || j->target.word_rows[w] == 0 ||
            n + strlen(word) + 2 >= sizeof out->unseen_types)
            continue;
        n += (size_t)snprintf(out->unseen_types + n, sizeof out->unseen_types - n,
                              "%s%s", n > 0 ? "," : "", word);
    }
}

/* What was said of each label that is normal or an attack. */
static enum lw_status count_names(const struct judging *j, struct lw_eval_names *out,
                                  struct lw_error *err)
{
    size_t *place = mem_zalloc(j->target.n_words, sizeof *place); /* one more */

    if (place == NULL)
        return out_of_memory(j->target.n_words, err);
    for (uint32_t w = 0; w < j->target.n_words; w++) {
        const struct tabular_meaning *m = &j->meanings[w];

        if (m->is_neither || j->target.word_rows[w] == 0)
            continue;
        if (out->n == LW_EVAL_NAMES_MAX) {
            out->n_left_out++;
            continue;
        }
        (void)snprintf(out->name[out->n].name, sizeof out->name[0].name, "%s",
                       j->target.words[w]);
        out->name[out->n].is_attack = m->class_idx != 0;
        out->name[out->n].is_unseen = m->is_unseen;
        place[w] = ++out->n;
    }
    for (size_t r = 0; r < j->x.n_rows; r++) {
        size_t at = place[j->target.codes[r]];

        if (at == 0)
            continue;
        out->name[at - 1].n_rows++;
        out->name[at - 1].said[j->answer[r].class_idx]++;
    }
    mem_free(place);
    return LW_OK;
}

static enum lw_status count_distinct(const struct judging *j,
                                     struct lw_tabular_result *out,
                                     struct lw_error *err)
{
    uint32_t *first = mem_zalloc(j->x.n_rows, sizeof *first);
    size_t n = 0;
    enum lw_status st = first == NULL
                            ? out_of_memory(j->x.n_rows, err)
                            : rows_find_first(&j->x, j->target.codes, first, &n, err);

    out->n_distinct_rows = n;
    mem_free(first);
    return st;
}

static enum lw_status judge(struct judging *j, struct lw_tabular_result *out,
                            struct lw_error *err)
{
    enum lw_status st = tabular_meanings(j->t, &j->target, j->meanings, err);

    if (st == LW_OK)
        st = answer_rows(j->t, &j->x, j->answer, err);
    if (st == LW_OK)
        st = count_names(j, &out->names, err);
    if (st == LW_OK)
        st = count_distinct(j, out, err);
    if (st != LW_OK)
        return st;
    sort_rows(j, out);
    list_unseen(j, out);
    if (j->n == 0)
        return lw_fail(err, LW_EFORMAT,
                       "no row has a label of the model's classes in column %.60s",
                       j->t->label);
    st = lw_curve_compute(&out->curve, j->truth, j->score, j->n, err);
    if (st != LW_OK)
        return st;
    return lw_eval_compute(&out->all, j->truth, j->said, j->n, j->t->n_classes,
                           j->score, err);
}

enum lw_status lw_tabular_judge(const struct lw_tabular *t,
                                const struct lw_frame *frame,
                                const struct lw_schema *schema,
                                struct lw_tabular_result *out, struct lw_error *err)
{
    struct judging j = {.t = t};
    enum lw_status st;

    memset(out, 0, sizeof *out);
    st = find_target(&j, frame, schema, err);
    if (st == LW_OK)
        st = tabular_rows(t, frame, &j.x, err);
    if (st == LW_OK)
        st = make_room(&j, err);
    if (st == LW_OK)
        st = judge(&j, out, err);
    judging_release(&j);
    return st;
}
