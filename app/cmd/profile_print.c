/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile for people: what was found of the table, then columns by how much they
 * tell, then what is wrong with them.  Words of the table are shown without bytes that
 * a terminal would obey.
 */
#include "cmd/profile_print.h"

#include "base/mem.h"
#include "cmd/profile_logit.h"
#include "cmd/profile_put.h"
#include "cmd/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_WIDTH = PROFILE_NAME_WIDTH,
    WORD_WIDTH = 9,
    LABELS_SHOWN = 8,
    LABEL_WIDTH = 30,
    WORDS_SHOWN = 4,
    PAIRS_SHOWN = 20
};

/* Correlations that are worth a line. */
static const double strong = .95;

static const char *const side_names[] = {"normal", "attack"};

/* ---- the table ---- */

static void print_head(FILE *f, const struct profile_view *v)
{
    struct lw_read_report r;
    char count[TEXT_MAX];
    char columns[TEXT_MAX];

    lw_frame_read_report(v->frame, &r);
    profile_put_word(f, v->path, 0);
    (void)fprintf(f, ": %s, %s rows, %s columns", lw_frame_format(v->frame),
                  text_count(lw_frame_rows(v->frame), count),
                  text_count(lw_frame_columns(v->frame), columns));
    if (strcmp(lw_frame_format(v->frame), "csv") == 0)
        (void)fprintf(f, ", %s, separated by %s",
                      r.has_header ? "a header" : "no header",
                      r.delimiter == '\t'  ? "tabs"
                      : r.delimiter == ';' ? "semicolons"
                      : r.delimiter == '|' ? "pipes"
                      : r.delimiter == ',' ? "commas"
                                           : "another character");
    (void)fputc('\n', f);
    if (r.n_renamed > 0)
        (void)fprintf(f, "%zu columns had no name, or another's\n", r.n_renamed);
    if (r.n_headers > 0)
        (void)fprintf(f, "%llu repeated header lines passed over\n",
                      (unsigned long long)r.n_headers);
}

static void print_target(FILE *f, const struct profile_view *v)
{
    const struct lw_target *t = v->target;
    struct lw_column c;
    char count[TEXT_MAX];
    char other[TEXT_MAX];

    if (t == NULL) {
        (void)fprintf(f, "no label column: all rows are taken for normal\n");
        return;
    }
    lw_frame_column(v->frame, t->column, &c);
    (void)fputs("label: column ", f);
    profile_put_word(f, c.name, 0);
    (void)fprintf(f, "%s; %s normal rows, %s of attacks",
                  t->by_place ? " (the last; no name told)" : "",
                  text_count(t->side_rows[LW_SIDE_NEGATIVE], count),
                  text_count(t->side_rows[LW_SIDE_POSITIVE], other));
    if (t->side_rows[LW_SIDE_NEITHER] > 0)
        (void)fprintf(f, ", %s of neither, which are left out",
                      text_count(t->side_rows[LW_SIDE_NEITHER], count));
    (void)fputc('\n', f);
    for (uint8_t side = 0; side < 3; side++) {
        static const char *const names[] = {"normal: ", "attack: ", "neither:"};
        size_t n = 0;

        for (uint32_t w = 0; w < t->n_words; w++) {
            if (t->word_side[w] != side)
                continue;
            if (n < LABELS_SHOWN) {
                (void)fprintf(f, "%s", n == 0 ? names[side] : ",");
                (void)fputc(' ', f);
                profile_put_word(f, t->words[w][0] == '\0' ? "(nothing)" : t->words[w],
                                 strlen(t->words[w]) > LABEL_WIDTH ? LABEL_WIDTH : 0);
                (void)fprintf(f, " %s", text_count(t->word_rows[w], count));
            }
            n++;
        }
        if (n > LABELS_SHOWN)
            (void)fprintf(f, " and %zu more", n - LABELS_SHOWN);
        if (n > 0)
            (void)fputc('\n', f);
    }
}

/* ---- the columns ---- */

static void put_range(FILE *f, const struct lw_column *c, size_t n_rows)
{
    double low = (double)INFINITY;
    double high = -(double)INFINITY;
    uint64_t n_missing = 0;
    uint64_t n_infinite = 0;
    char count[TEXT_MAX];

    for (size_t r = 0; r < n_rows; r++) {
        double x = (double)c->numbers[r];

        n_missing += isnan(x) ? 1 : 0;
        n_infinite += isinf(x) ? 1 : 0;
        if (isfinite(x)) {
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
    }
    (void)fprintf(f, "%11s  ", text_count(n_missing, count));
    if (low <= high)
        (void)fprintf(f, "%.6g to %.6g", low + c->origin, high + c->origin);
    else
        (void)fputs("nothing", f);
    if (c->origin != 0)
        (void)fputs(", a time", f);
    if (n_infinite > 0)
        (void)fprintf(f, ", %s infinite", text_count(n_infinite, count));
    if (c->n_repaired > 0)
        (void)fprintf(f, ", %s were no numbers", text_count(c->n_repaired, count));
}

static void put_words(FILE *f, const struct lw_column *c, size_t n_rows)
{
    uint64_t n_missing = 0;
    uint32_t shown = 0;
    char count[TEXT_MAX];

    for (size_t r = 0; r < n_rows; r++)
        n_missing += c->dictionary[c->codes[r]][0] == '\0' ? 1 : 0;
    (void)fprintf(f, "%11s  ", text_count(n_missing, count));
    (void)fprintf(f, "%s words:", text_count(c->n_words, count));
    for (uint32_t w = 0; w < c->n_words && shown < WORDS_SHOWN; w++) {
        if (c->dictionary[w][0] == '\0')
            continue;
        (void)fputc(' ', f);
        profile_put_word(f, c->dictionary[w], strlen(c->dictionary[w]) > 16 ? 16 : 0);
        shown++;
    }
    if (c->n_words > WORDS_SHOWN)
        (void)fputs(" ...", f);
    if (c->text_line > 0)
        (void)fprintf(f, " (numbers up to line %llu)",
                      (unsigned long long)c->text_line - 1);
}

static void print_columns(FILE *f, const struct profile_view *v)
{
    profile_put_title(f, "Columns");
    (void)fprintf(f, "%-*s %-7s %-8s %10s  %s\n", NAME_WIDTH, "column", "type", "role",
                  "missing", "holds");
    for (size_t i = 0; i < lw_frame_columns(v->frame); i++) {
        struct lw_column c;
        const char *role = "feature";

        lw_frame_column(v->frame, i, &c);
        if (v->target != NULL && v->target->is_label[i])
            role = i == v->target->column ? "label" : "label 2";
        profile_put_word(f, c.name, -NAME_WIDTH);
        (void)fprintf(f, " %-7s %-7s", c.type == LW_COLUMN_TEXT ? "text" : "number",
                      role);
        if (c.type == LW_COLUMN_TEXT)
            put_words(f, &c, lw_frame_rows(v->frame));
        else
            put_range(f, &c, lw_frame_rows(v->frame));
        (void)fputc('\n', f);
    }
}

/* ---- what tells ---- */

static int by_information(const void *a, const void *b)
{
    const struct lw_profile_feature *x = *(const struct lw_profile_feature *const *)a;
    const struct lw_profile_feature *y = *(const struct lw_profile_feature *const *)b;
    double u = isnan(x->mutual_information) ? -1 : x->mutual_information;
    double v = isnan(y->mutual_information) ? -1 : y->mutual_information;

    return u != v ? (u < v) - (u > v)
                  : (x->column > y->column) - (x->column < y->column);
}

/* The word that a side has most often. */
static const char *usual_word(const struct lw_profile_feature *x, size_t side)
{
    size_t best = 0;

    for (size_t i = 1; i < x->n_top; i++)
        if (x->top[i].n[side] > x->top[best].n[side])
            best = i;
    return x->n_top == 0 || x->top[best].n[side] == 0 ? "-" : x->top[best].word;
}

static void print_feature(FILE *f, const struct lw_profile_feature *x)
{
    uint64_t n_rows = x->side[0].n_rows + x->side[1].n_rows;

    profile_put_word(f, x->name, -NAME_WIDTH);
    for (size_t s = 0; s < 2; s++) {
        (void)fputc(' ', f);
        if (x->is_text)
            profile_put_word(f, usual_word(x, s), WORD_WIDTH);
        else
            profile_put_digits(f, WORD_WIDTH, x->side[s].quantile[3]);
    }
    (void)fputs(x->is_text ? "  V" : "  d", f);
    profile_put_decimals(f, 6, 2, x->is_text ? x->cramer_v : x->cohen_d);
    profile_put_decimals(f, 6, 3, x->auc);
    profile_put_decimals(f, 7, 3, x->mutual_information);
    profile_put_chance(f, 9, x->is_text ? x->chi_square.q : x->rank.q);
    (void)fputc(' ', f);
    profile_put_digits(f, 9, x->vif);
    profile_put_decimals(f, 7, 1,
                         x->is_text || n_rows == 0
                             ? (double)NAN
                             : 100 * (double)x->n_outliers_iqr / (double)n_rows);
    (void)fputc('\n', f);
}

static void print_side(FILE *f, const struct lw_profile_side *s, const char *name)
{
    char count[TEXT_MAX];

    (void)fprintf(f, "  %-7s%11s", name, text_count(s->n_rows, count));
    (void)fprintf(f, "%10s", text_count(s->n_missing, count));
    profile_put_digits(f, 11, s->mean);
    profile_put_digits(f, 11, s->deviation);
    for (size_t q = 0; q < LW_PROFILE_QUANTILES; q++)
        profile_put_digits(f, 10, s->quantile[q]);
    if (s->n_infinite > 0)
        (void)fprintf(f, "  %s infinite", text_count(s->n_infinite, count));
    (void)fputc('\n', f);
}

static void print_test(FILE *f, const char *name, const char *letter,
                       const struct lw_profile_test *t)
{
    if (t->state == LW_TEST_OTHER_TYPE)
        return;
    if (t->state != LW_TEST_APPLIES) {
        (void)fprintf(f, "  %s does not apply: %s\n", name,
                      lw_test_state_text(t->state));
        return;
    }
    (void)fprintf(f, "  %s: %s = %.4g", name, letter, t->statistic);
    if (!isnan(t->df))
        (void)fprintf(f, ", df %.6g", t->df);
    (void)fputs(", p ", f);
    profile_put_chance(f, 0, t->p);
    (void)fputs(", corrected ", f);
    profile_put_chance(f, 0, t->q);
    (void)fputc('\n', f);
}

static void print_numbers(FILE *f, const struct profile_view *v,
                          const struct lw_profile_feature *x)
{
    char count[TEXT_MAX];
    char other[TEXT_MAX];

    (void)fprintf(f, "  %-7s%11s%10s%11s%11s%10s%10s%10s%10s%10s%10s%10s\n", "", "rows",
                  "missing", "mean", "deviation", "minimum", "5 %", "25 %", "median",
                  "75 %", "95 %", "maximum");
    for (size_t s = 0; s < 2; s++)
        print_side(f, &x->side[s], side_names[s]);
    print_test(f, "Welch's test of the means", "t", &x->welch);
    print_test(f, "Mann and Whitney's test of the ranks", "z", &x->rank);
    (void)fprintf(f, "  outliers: %s by quartiles, %s by the robust z-score\n",
                  text_count(x->n_outliers_iqr, count),
                  text_count(x->n_outliers_z, other));
    if (!isnan(x->correlation)) {
        (void)fprintf(f, "  correlation: %.3f with ", x->correlation);
        profile_put_word(f, v->profile->features[x->correlated_with].name, 0);
        (void)fputc('\n', f);
    }
}

static void print_words(FILE *f, const struct lw_profile_feature *x)
{
    char count[TEXT_MAX];

    (void)fprintf(f, "  %-24s%20s%20s\n", "", side_names[0], side_names[1]);
    for (size_t i = 0; i < x->n_top; i++) {
        (void)fputs("  ", f);
        profile_put_word(f, x->top[i].word[0] == '\0' ? "(nothing)" : x->top[i].word,
                         -24);
        for (size_t s = 0; s < 2; s++) {
            (void)fprintf(f, "%11s", text_count(x->top[i].n[s], count));
            profile_put_decimals(
                f, 7, 1, 100 * (double)x->top[i].n[s] / (double)x->side[s].n_rows);
            (void)fputs(" %", f);
        }
        (void)fputc('\n', f);
    }
    if (x->n_distinct > x->n_top)
        (void)fprintf(f, "  and %s words more\n",
                      text_count(x->n_distinct - x->n_top, count));
    print_test(f, "chi-square test of the shares", "chi2", &x->chi_square);
    if (x->n_pooled > 0 && x->chi_square.state == LW_TEST_APPLIES)
        (void)fprintf(f, "  %s rare words were taken together for it\n",
                      text_count(x->n_pooled, count));
}

static void print_features(FILE *f, const struct profile_view *v)
{
    const struct lw_profile *p = v->profile;
    const struct lw_profile_feature **order = mem_zalloc(p->n_features, sizeof *order);
    size_t n = 0;

    if (order == NULL) {
        (void)fputs("out of memory\n", f);
        return;
    }
    for (size_t i = 0; i < p->n_features; i++)
        if (!p->features[i].is_label)
            order[n++] = &p->features[i];
    qsort(order, n, sizeof(const struct lw_profile_feature *), by_information);
    if (v->top > 0 && v->top < n)
        n = v->top;
    profile_put_title(f, "What tells attacks apart, by the bits shared with the class");
    (void)fprintf(f, "%-*s%10s%10s%9s%6s%7s%9s%10s%7s\n", NAME_WIDTH, "column",
                  "normal", "attack", "effect", "AUC", "bits", "q", "VIF", "outl.%");
    for (size_t i = 0; i < n; i++)
        print_feature(f, order[i]);
    (void)fprintf(f,
                  "normal, attack: median or most frequent word; d: Cohen's, V: "
                  "Cramer's; q: rank or chi-square\ntest, corrected for %zu tests; "
                  "AUC below .5: attacks have the lower values\n",
                  p->n_tests);
    for (size_t i = 0; v->distributions && i < n; i++) {
        (void)fputc('\n', f);
        profile_put_word(f, order[i]->name, 0);
        (void)fputc('\n', f);
        if (order[i]->is_text)
            print_words(f, order[i]);
        else
            print_numbers(f, v, order[i]);
    }
    mem_free(order);
}

/* ---- what is wrong ---- */

static void print_pairs(FILE *f, const struct lw_profile *p)
{
    size_t n = p->n_numbers;
    size_t n_strong = 0;
    char count[TEXT_MAX];

    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            double r = (double)p->pearson[i * n + k];

            if (!(fabs(r) >= strong) || n_strong++ >= PAIRS_SHOWN)
                continue;
            if (n_strong == 1) {
                profile_put_title(
                    f, "Columns that say the same (correlation of .95 and more)");
                (void)fprintf(f, "%-*s %-*s%8s%9s\n", NAME_WIDTH, "column", NAME_WIDTH,
                              "and", "Pearson", "Spearman");
            }
            profile_put_word(f, p->features[p->numbers[i]].name, -NAME_WIDTH);
            (void)fputc(' ', f);
            profile_put_word(f, p->features[p->numbers[k]].name, -NAME_WIDTH);
            profile_put_decimals(f, 8, 3, r);
            profile_put_decimals(f, 9, 3, (double)p->spearman[i * n + k]);
            (void)fputc('\n', f);
        }
    if (n_strong > PAIRS_SHOWN)
        (void)fprintf(f, "and %zu pairs more\n", n_strong - PAIRS_SHOWN);
    if (n_strong > 0)
        (void)fprintf(f, "from %s rows, evenly spaced\n",
                      text_count(p->n_pair_rows, count));
}

static void print_states(FILE *f, const struct lw_profile *p)
{
    bool any = false;

    for (size_t i = 0; i < p->n_features; i++) {
        const struct lw_profile_feature *x = &p->features[i];
        enum lw_test_state s = x->is_text ? x->chi_square.state : x->rank.state;

        if (x->is_label || s == LW_TEST_APPLIES)
            continue;
        if (!any)
            profile_put_title(f, "Tests that do not apply");
        any = true;
        profile_put_word(f, x->name, -NAME_WIDTH);
        (void)fprintf(f, " %s\n", lw_test_state_text(s));
    }
}

static void print_rows(FILE *f, const struct lw_profile *p)
{
    const struct lw_profile_rows *r = &p->rows;
    char a[TEXT_MAX];
    char b[TEXT_MAX];

    profile_put_title(f, "Repeated rows (without labels and what lint finds)");
    (void)fprintf(f, "%s of %s rows are different\n", text_count(r->n_distinct, a),
                  text_count(r->n_rows, b));
    if (r->n_contradicting > 0)
        (void)fprintf(f, "%s rows have the same values as one of the other class\n",
                      text_count(r->n_contradicting, a));
    if (r->n_last > 0)
        (void)fprintf(f,
                      "%.1f %% of the last 30 %% of the rows are among the first 70 %%"
                      " already\n",
                      100 * (double)r->n_last_known / (double)r->n_last);
}

static void print_leaks(FILE *f, const struct profile_view *v)
{
    const struct lw_profile *p = v->profile;

    profile_put_title(f, "Leakage lint: columns that should be no features");
    if (p->n_leaks == 0)
        (void)fputs("none found\n", f);
    for (size_t i = 0; i < p->n_leaks; i++) {
        const struct lw_leak *l = &p->leaks[i];
        struct lw_column c;

        lw_frame_column(v->frame, l->column, &c);
        profile_put_word(f, c.name, -NAME_WIDTH);
        (void)fprintf(f, " %-10s %s%s\n", lw_leak_name(l->kind), l->reason,
                      l->is_kept ? " (kept)" : "");
    }
}

void profile_print(FILE *f, const struct profile_view *v)
{
    print_head(f, v);
    print_target(f, v);
    if (v->profile == NULL) {
        print_columns(f, v);
        return;
    }
    print_features(f, v);
    print_pairs(f, v->profile);
    profile_print_logit(f, v);
    print_states(f, v->profile);
    print_rows(f, v->profile);
    print_leaks(f, v);
}
