/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/print_json.h"
#include "cmd/profile_print.h"

#include <math.h>

static const char *const side_names[] = {"normal", "attack", "neither"};

static void put_table(struct jsonw *w, const struct profile_view *v)
{
    char delimiter[2] = {0};
    struct lw_read_report r;

    lw_frame_read_report(v->frame, &r);
    delimiter[0] = r.delimiter;
    jsonw_put_text(w, "file", v->path);
    jsonw_put_text(w, "format", lw_frame_format(v->frame));
    jsonw_put_u64(w, "rows", lw_frame_rows(v->frame));
    jsonw_put_text(w, "delimiter", delimiter);
    jsonw_put_bool(w, "header", r.has_header);
    jsonw_put_u64(w, "renamed_columns", r.n_renamed);
    jsonw_put_u64(w, "repeated_headers", r.n_headers);
    jsonw_put_u64(w, "rows_left_out", r.n_skipped);
    jsonw_put_u64(w, "values_made_missing", r.n_repaired);
}

static void put_target(struct jsonw *w, const struct profile_view *v)
{
    const struct lw_target *t = v->target;
    struct lw_column c;

    jsonw_key(w, "label");
    if (t == NULL) {
        jsonw_null(w);
        return;
    }
    lw_frame_column(v->frame, t->column, &c);
    jsonw_object(w);
    jsonw_put_text(w, "column", c.name);
    jsonw_put_bool(w, "by_place", t->by_place);
    for (size_t s = 0; s < 3; s++)
        jsonw_put_u64(w, side_names[s], t->side_rows[s]);
    jsonw_key(w, "values");
    jsonw_array(w);
    for (uint32_t i = 0; i < t->n_words; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "value", t->words[i]);
        jsonw_put_text(w, "side", side_names[t->word_side[i]]);
        jsonw_put_u64(w, "rows", t->word_rows[i]);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_columns(struct jsonw *w, const struct profile_view *v)
{
    jsonw_key(w, "columns");
    jsonw_array(w);
    for (size_t i = 0; i < lw_frame_columns(v->frame); i++) {
        struct lw_column c;

        lw_frame_column(v->frame, i, &c);
        jsonw_object(w);
        jsonw_put_text(w, "name", c.name);
        jsonw_put_text(w, "type", c.type == LW_COLUMN_TEXT ? "text" : "number");
        jsonw_put_text(w, "role",
                       v->target == NULL || !v->target->is_label[i] ? "feature"
                       : i == v->target->column                     ? "label"
                                                                    : "other_label");
        if (c.type == LW_COLUMN_TEXT)
            jsonw_put_u64(w, "words", c.n_words);
        if (c.origin != 0)
            jsonw_put_f64(w, "origin", c.origin);
        if (c.text_line > 0)
            jsonw_put_u64(w, "text_since_line", c.text_line);
        if (c.n_repaired > 0)
            jsonw_put_u64(w, "values_made_missing", c.n_repaired);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

/* ---- features ---- */

static void put_side(struct jsonw *w, const struct lw_profile_side *s, bool is_text)
{
    jsonw_object(w);
    jsonw_put_u64(w, "rows", s->n_rows);
    jsonw_put_u64(w, "missing", s->n_missing);
    if (!is_text) {
        jsonw_put_u64(w, "infinite", s->n_infinite);
        jsonw_put_f64(w, "mean", s->mean);
        jsonw_put_f64(w, "deviation", s->deviation);
        jsonw_key(w, "quantiles");
        jsonw_array(w);
        for (size_t q = 0; q < LW_PROFILE_QUANTILES; q++)
            jsonw_f64(w, s->quantile[q]);
        jsonw_array_end(w);
    }
    jsonw_object_end(w);
}

static void put_test(struct jsonw *w, const char *key, const struct lw_profile_test *t)
{
    if (t->state == LW_TEST_OTHER_TYPE)
        return;
    jsonw_key(w, key);
    jsonw_object(w);
    if (t->state != LW_TEST_APPLIES) {
        jsonw_put_text(w, "does_not_apply", lw_test_state_text(t->state));
    } else {
        jsonw_put_f64(w, "statistic", t->statistic);
        jsonw_put_f64(w, "df", t->df);
        jsonw_put_f64(w, "p", t->p);
        jsonw_put_f64(w, "q", t->q);
    }
    jsonw_object_end(w);
}

static void put_words(struct jsonw *w, const struct lw_profile_feature *x)
{
    jsonw_put_u64(w, "rare_words", x->n_pooled);
    jsonw_put_f64(w, "cramer_v", x->cramer_v);
    jsonw_key(w, "top");
    jsonw_array(w);
    for (size_t i = 0; i < x->n_top; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "word", x->top[i].word);
        for (size_t s = 0; s < 2; s++)
            jsonw_put_u64(w, side_names[s], x->top[i].n[s]);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_numbers(struct jsonw *w, const struct lw_profile *p,
                        const struct lw_profile_feature *x)
{
    jsonw_put_f64(w, "cohen_d", x->cohen_d);
    jsonw_put_u64(w, "outliers_iqr", x->n_outliers_iqr);
    jsonw_put_u64(w, "outliers_robust_z", x->n_outliers_z);
    jsonw_put_f64(w, "vif", x->vif);
    jsonw_put_bool(w, "vif_infinite", isinf(x->vif) != 0);
    jsonw_put_f64(w, "correlation", x->correlation);
    jsonw_key(w, "correlated_with");
    if (isnan(x->correlation))
        jsonw_null(w);
    else
        jsonw_text(w, p->features[x->correlated_with].name);
}

static void put_features(struct jsonw *w, const struct lw_profile *p)
{
    jsonw_key(w, "features");
    jsonw_array(w);
    for (size_t i = 0; i < p->n_features; i++) {
        const struct lw_profile_feature *x = &p->features[i];

        jsonw_object(w);
        jsonw_put_text(w, "name", x->name);
        jsonw_put_text(w, "type", x->is_text ? "text" : "number");
        jsonw_put_bool(w, "is_label", x->is_label);
        jsonw_put_u64(w, "distinct", x->n_distinct);
        for (size_t s = 0; s < 2; s++) {
            jsonw_key(w, side_names[s]);
            put_side(w, &x->side[s], x->is_text);
        }
        put_test(w, "welch", &x->welch);
        put_test(w, "rank", &x->rank);
        put_test(w, "chi_square", &x->chi_square);
        jsonw_put_f64(w, "auc", x->auc);
        jsonw_put_f64(w, "mutual_information", x->mutual_information);
        if (x->is_text)
            put_words(w, x);
        else
            put_numbers(w, p, x);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_put_u64(w, "tests", p->n_tests);
}

/* ---- pairs, rows, lint ---- */

static void put_matrix(struct jsonw *w, const char *key, const float *m, size_t n)
{
    jsonw_key(w, key);
    jsonw_array(w);
    for (size_t i = 0; i < n; i++) {
        jsonw_array(w);
        for (size_t k = 0; k < n; k++)
            jsonw_f32(w, m[i * n + k]);
        jsonw_array_end(w);
    }
    jsonw_array_end(w);
}

static void put_pairs(struct jsonw *w, const struct lw_profile *p)
{
    jsonw_key(w, "correlations");
    jsonw_object(w);
    jsonw_put_u64(w, "rows", p->n_pair_rows);
    jsonw_key(w, "columns");
    jsonw_array(w);
    for (size_t i = 0; i < p->n_numbers; i++)
        jsonw_text(w, p->features[p->numbers[i]].name);
    jsonw_array_end(w);
    put_matrix(w, "pearson", p->pearson, p->n_numbers);
    put_matrix(w, "spearman", p->spearman, p->n_numbers);
    jsonw_object_end(w);
}

/* ---- the logistic regression ---- */

static void put_term(struct jsonw *w, const struct lw_profile *p,
                     const struct lw_logit_term *t)
{
    const struct lw_profile_feature *f = &p->features[t->feature];

    jsonw_object(w);
    jsonw_put_text(w, "column", f->name);
    if (f->is_text) {
        jsonw_key(w, "word");
        if (t->word == NULL)
            jsonw_null(w);
        else
            jsonw_text(w, t->word);
    }
    jsonw_put_bool(w, "logarithm", t->is_log);
    jsonw_put_f64(w, "deviation", t->deviation);
    if (t->state != LW_LOGIT_FITTED)
        jsonw_put_text(w, "does_not_apply", lw_logit_state_text(t->state));
    if (t->state == LW_LOGIT_SEPARATES)
        jsonw_put_text(w, "direction", t->coefficient > 0 ? "attack" : "normal");
    if (t->wald.state == LW_TEST_APPLIES) {
        jsonw_put_f64(w, "coefficient", t->coefficient);
        jsonw_put_f64(w, "standard_error", t->error);
        jsonw_put_f64(w, "odds_ratio", exp(t->coefficient));
        jsonw_put_f64(w, "odds_ratio_low", exp(t->coefficient - 1.959964 * t->error));
        jsonw_put_f64(w, "odds_ratio_high", exp(t->coefficient + 1.959964 * t->error));
        jsonw_put_f64(w, "z", t->wald.statistic);
        jsonw_put_f64(w, "p", t->wald.p);
        jsonw_put_f64(w, "q", t->wald.q);
    }
    jsonw_object_end(w);
}

static void put_logistic(struct jsonw *w, const struct lw_profile *p)
{
    const struct lw_profile_logit *l = &p->logit;

    jsonw_key(w, "logistic");
    jsonw_object(w);
    if (l->state != LW_TEST_APPLIES) {
        jsonw_put_text(w, "does_not_apply", lw_test_state_text(l->state));
        jsonw_object_end(w);
        return;
    }
    jsonw_put_u64(w, "rows", l->n_rows);
    for (size_t s = 0; s < 2; s++)
        jsonw_put_u64(w, side_names[s], l->side_rows[s]);
    jsonw_put_f64(w, "intercept", l->intercept);
    jsonw_put_f64(w, "explained_deviance", l->explained);
    jsonw_put_bool(w, "converged", l->is_converged);
    jsonw_put_text(w, "separation",
                   l->is_complete      ? "complete"
                   : l->n_separate > 0 ? "partial"
                                       : "none");
    jsonw_put_u64(w, "columns_left_out", l->n_left_out);
    jsonw_key(w, "terms");
    jsonw_array(w);
    for (size_t i = 0; i < l->n_terms; i++)
        put_term(w, p, &l->terms[i]);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_findings(struct jsonw *w, const struct profile_view *v)
{
    const struct lw_profile *p = v->profile;

    jsonw_key(w, "repeated");
    jsonw_object(w);
    jsonw_put_u64(w, "rows", p->rows.n_rows);
    jsonw_put_u64(w, "distinct", p->rows.n_distinct);
    jsonw_put_u64(w, "contradicting", p->rows.n_contradicting);
    jsonw_put_u64(w, "last", p->rows.n_last);
    jsonw_put_u64(w, "last_known", p->rows.n_last_known);
    jsonw_object_end(w);
    jsonw_key(w, "leaks");
    jsonw_array(w);
    for (size_t i = 0; i < p->n_leaks; i++) {
        struct lw_column c;

        lw_frame_column(v->frame, p->leaks[i].column, &c);
        jsonw_object(w);
        jsonw_put_text(w, "column", c.name);
        jsonw_put_text(w, "kind", lw_leak_name(p->leaks[i].kind));
        jsonw_put_f64(w, "figure", p->leaks[i].figure);
        jsonw_put_text(w, "reason", p->leaks[i].reason);
        jsonw_put_bool(w, "kept", p->leaks[i].is_kept);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

void profile_put_json(struct jsonw *w, const struct profile_view *v)
{
    put_table(w, v);
    put_target(w, v);
    put_columns(w, v);
    if (v->profile != NULL) {
        put_features(w, v->profile);
        put_pairs(w, v->profile);
        put_logistic(w, v->profile);
        put_findings(w, v);
    }
}

static void put_profile(struct jsonw *w, const void *of)
{
    profile_put_json(w, of);
}

int profile_print_json(const struct profile_view *v)
{
    return print_json(put_profile, v);
}
