/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/profile_logit.h"

#include "base/mem.h"
#include "cmd/profile_put.h"
#include "cmd/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 512, NAMES_WIDTH = 78 };

/* Rows of the rarer class for each coefficient; fewer make them unsure (Peduzzi and
 * others, J. Clin. Epidemiol. 49, 1996). */
enum { ROWS_FOR_A_TERM = 10 };

static const double z_95 = 1.959964;

static const char *name_of(const struct lw_profile *p, const struct lw_logit_term *t,
                           char out[NAME_MAX_BYTES])
{
    const struct lw_profile_feature *f = &p->features[t->feature];

    if (f->is_text)
        (void)snprintf(out, NAME_MAX_BYTES, "%s=%s", f->name,
                       t->word == NULL      ? "(other)"
                       : t->word[0] == '\0' ? "(nothing)"
                                            : t->word);
    else
        (void)snprintf(out, NAME_MAX_BYTES, t->is_log ? "log %s" : "%s", f->name);
    return out;
}

static int by_strength(const void *a, const void *b)
{
    const struct lw_logit_term *x = *(const struct lw_logit_term *const *)a;
    const struct lw_logit_term *y = *(const struct lw_logit_term *const *)b;
    double u = fabs(x->wald.statistic);
    double v = fabs(y->wald.statistic);

    return u != v ? (u < v) - (u > v) : (x > y) - (x < y);
}

static void print_term(FILE *f, const struct lw_profile *p,
                       const struct lw_logit_term *t)
{
    char name[NAME_MAX_BYTES];

    profile_put_word(f, name_of(p, t, name), -PROFILE_NAME_WIDTH);
    profile_put_digits(f, 11, t->coefficient);
    profile_put_digits(f, 10, t->error);
    profile_put_digits(f, 11, exp(t->coefficient));
    profile_put_digits(f, 11, exp(t->coefficient - z_95 * t->error));
    profile_put_digits(f, 11, exp(t->coefficient + z_95 * t->error));
    profile_put_decimals(f, 8, 1, t->wald.statistic);
    profile_put_chance(f, 9, t->wald.q);
    (void)fputc('\n', f);
}

static void print_fitted(FILE *f, const struct profile_view *v)
{
    const struct lw_profile_logit *l = &v->profile->logit;
    const struct lw_logit_term **order = mem_zalloc(l->n_terms, sizeof *order);
    size_t n = 0;

    if (order == NULL) {
        (void)fputs("out of memory\n", f);
        return;
    }
    for (size_t i = 0; i < l->n_terms; i++)
        if (l->terms[i].wald.state == LW_TEST_APPLIES)
            order[n++] = &l->terms[i];
    qsort(order, n, sizeof(const struct lw_logit_term *), by_strength);
    if (n > 0)
        (void)fprintf(f, "%-*s%11s%10s%11s%22s%8s%9s\n", PROFILE_NAME_WIDTH, "term",
                      "coefficient", "error", "odds", "95 % of the odds", "z", "q");
    for (size_t i = 0; i < n && (v->top == 0 || i < v->top); i++)
        print_term(f, v->profile, order[i]);
    if (n > 0)
        (void)fputs(
            "odds: what those of an attack are multiplied with when a number "
            "grows by one standard\ndeviation (log: of its logarithm), or for a "
            "word in place of the column's usual one, the\nother columns being "
            "the same\n",
            f);
    mem_free(order);
}

/* The terms of a state, as one paragraph. */
static void print_state(FILE *f, const struct lw_profile *p, enum lw_logit_state state)
{
    const struct lw_profile_logit *l = &p->logit;
    size_t at = 0;

    for (size_t i = 0; i < l->n_terms; i++) {
        const struct lw_logit_term *t = &l->terms[i];
        char name[NAME_MAX_BYTES];
        size_t n;

        if (t->state != state)
            continue;
        n = strlen(name_of(p, t, name)) + (state == LW_LOGIT_SEPARATES ? 6 : 2);
        if (at == 0)
            (void)fprintf(f, "%s:", lw_logit_state_text(state));
        if (at == 0 || at + n > NAMES_WIDTH) {
            (void)fprintf(f, "%s\n   ", at == 0 ? "" : ",");
            at = 3;
        } else {
            (void)fputc(',', f);
        }
        (void)fputc(' ', f);
        profile_put_word(f, name, 0);
        if (state == LW_LOGIT_SEPARATES)
            (void)fputs(t->coefficient > 0 ? " (+)" : " (-)", f);
        at += n;
    }
    if (at > 0)
        (void)fputc('\n', f);
}

static void print_warnings(FILE *f, const struct lw_profile_logit *l)
{
    uint64_t rarer =
        l->side_rows[0] < l->side_rows[1] ? l->side_rows[0] : l->side_rows[1];
    char count[TEXT_MAX];

    if (l->is_complete)
        (void)fputs("warning: together the columns separate the classes without a "
                    "mistake; no coefficient has a bound\n",
                    f);
    else if (l->n_separate > 0)
        (void)fprintf(f,
                      "warning: some rows are told from the other class without a "
                      "mistake (by %s);\nthe figures are those of the rows that are "
                      "left\n",
                      text_plural(l->n_separate, "term", count, sizeof count));
    if (!l->is_converged)
        (void)fputs(
            "warning: the fit did not settle; the figures are of its last step\n", f);
    if (rarer < ROWS_FOR_A_TERM * l->n_terms)
        (void)fprintf(f, "warning: %s rows of the rarer class are few for %zu terms\n",
                      text_count(rarer, count), l->n_terms);
    if (l->n_left_out > 0)
        (void)fprintf(f, "%s columns are not in it, which takes 512 terms\n",
                      text_count(l->n_left_out, count));
}

void profile_print_logit(FILE *f, const struct profile_view *v)
{
    const struct lw_profile_logit *l = &v->profile->logit;
    char count[TEXT_MAX];

    if (l->state == LW_TEST_NO_CLASSES ||
        (l->state == LW_TEST_APPLIES && l->n_terms == 0))
        return;
    profile_put_title(f, "Attack or not by all columns together (logistic regression)");
    if (l->state != LW_TEST_APPLIES) {
        (void)fprintf(f, "does not apply: %s\n", lw_test_state_text(l->state));
        return;
    }
    if (!l->is_complete)
        print_fitted(f, v);
    (void)fprintf(f, "from %s rows, evenly spaced; %.1f %% of the deviance explained\n",
                  text_count(l->n_rows, count), 100 * l->explained);
    print_warnings(f, l);
    if (!l->is_complete)
        print_state(f, v->profile, LW_LOGIT_SEPARATES);
    print_state(f, v->profile, LW_LOGIT_DETERMINED);
    print_state(f, v->profile, LW_LOGIT_CONSTANT);
}
