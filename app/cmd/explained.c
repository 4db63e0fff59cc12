/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/explained.h"

#include "cmd/terminal.h"
#include "cmd/text.h"

#include <math.h>
#include <string.h>

enum { WORDS_MAX = 160 };

/* ---- making ---------------------------------------------------------------------- */

/* Heaviest first, equal ones in the order of the view. */
static void put_in_order(struct explained *e)
{
    uint16_t n = lw_classifier_view(e->c)->n_features;

    for (uint16_t i = 0; i < n; i++) {
        uint16_t at = i;

        while (at > 0 &&
               fabs(e->breakdown.part[e->order[at - 1]]) < fabs(e->breakdown.part[i])) {
            e->order[at] = e->order[at - 1];
            at--;
        }
        e->order[at] = i;
    }
}

static enum lw_status break_down(struct explained *e, struct lw_error *err)
{
    enum lw_status st = lw_classifier_breakdown(
        e->c, e->row, lw_classifier_class_of(e->c, &e->verdict),
        e->normals->n_rows > 0 ? e->normals : NULL, &e->breakdown, err);

    e->has_breakdown = st == LW_OK;
    if (st == LW_OK)
        put_in_order(e);
    return st == LW_EUNSUPPORTED ? LW_OK : st;
}

enum lw_status explained_make(struct explained *e, struct lw_error *err)
{
    enum lw_status st = lw_classifier_judge(e->c, e->row, 1, &e->verdict, err);

    if (st == LW_OK)
        st = lw_classifier_explain(e->c, e->row, &e->verdict, e->reasons,
                                   LW_MAX_REASONS, &e->n_reasons, err);
    if (st == LW_OK)
        st = break_down(e, err);
    if (st != LW_OK || e->normals->n_rows == 0)
        return st;
    st = lw_classifier_nearest(e->c, e->row, e->normals, &e->nearest, err);
    return st == LW_OK ? lw_classifier_change(e->c, e->row, e->normals, &e->change, err)
                       : st;
}

/* ---- for people ------------------------------------------------------------------ */

static const struct lw_feature *feature(const struct explained *e, size_t i)
{
    return &lw_classifier_view(e->c)->features[i];
}

static void print_verdict(FILE *out, const struct explained *e)
{
    const struct lw_verdict *v = &e->verdict;

    (void)fprintf(out, "%s%s%s  %.1f %%\n", terminal_style(out, STYLE_BOLD),
                  lw_verdict_name(v->verdict), terminal_style(out, STYLE_NONE),
                  100 * (double)v->confidence);
    (void)fprintf(out, "%s\nmodel %s (%s), view %s", e->source, e->model_path,
                  lw_classifier_id(e->c), lw_classifier_view(e->c)->name);
    if (v->unavailable > 0)
        (void)fprintf(out, ", %.0f %% of the features unavailable",
                      100 * (double)v->unavailable);
    (void)fprintf(out, "\n\n%-16s%12s%12s\n", "class", "probability",
                  v->n_classes_p > 0 ? "p-value" : "");
    for (uint32_t k = 0; k < lw_classifier_classes(e->c); k++) {
        (void)fprintf(out, "%-16s%10.2f %%", lw_classifier_class_name(e->c, k),
                      100 * (double)v->score[k]);
        if (v->n_classes_p > 0)
            (void)fprintf(out, "%12.4f%s", (double)v->class_p[k],
                          v->class_set >> k & 1 ? "  possible" : "");
        (void)fputc('\n', out);
    }
}

static void print_set(FILE *out, const struct explained *e)
{
    const struct lw_verdict *v = &e->verdict;
    unsigned n = 0;

    if (v->n_classes_p == 0)
        return;
    for (uint32_t k = 0; k < v->n_classes_p; k++)
        n += v->class_set >> k & 1;
    (void)fprintf(out, "At the level of %g %%: %s%s\n",
                  100 * (double)lw_classifier_level(e->c),
                  n == 0   ? "no class has rows as strange as this one"
                  : n == 1 ? "one class is possible"
                           : "several classes are possible",
                  v->verdict == LW_VERDICT_NOT_RECOGNIZED && n > 0
                      ? "; but a category was never seen in training"
                      : "");
}

static void print_parts(FILE *out, const struct explained *e, size_t top)
{
    const struct lw_breakdown *b = &e->breakdown;
    size_t n = lw_classifier_view(e->c)->n_features;
    double rest = 0;
    char words[WORDS_MAX];

    if (!e->has_breakdown) {
        (void)fputs("\nThis kind of model cannot take its score apart without normal "
                    "records: name some with --normals.\n",
                    out);
        return;
    }
    (void)fprintf(out, "\nScore of %s: %.3f, %s\n%9.3f  before anything is known\n",
                  lw_classifier_class_name(e->c, b->class_idx), b->score,
                  b->kind == LW_BREAKDOWN_EXACT
                      ? "which adds up as"
                      : "estimated by putting values into normal records",
                  b->base);
    for (size_t i = 0; i < n; i++) {
        uint16_t f = e->order[i];

        if (i < top)
            (void)fprintf(out, "%+9.3f  %s\n", b->part[f],
                          lw_classifier_say(e->c, f, e->row[f], words, sizeof words));
        else
            rest += b->part[f];
    }
    if (n > top)
        (void)fprintf(out, "%+9.3f  %zu other features\n", rest, n - top);
}

static void print_reasons(FILE *out, const struct explained *e)
{
    if (e->verdict.verdict != LW_VERDICT_NOT_RECOGNIZED)
        return;
    (void)fputs("\nFarthest from anything known:\n", out);
    for (size_t i = 0; i < e->n_reasons; i++)
        (void)fprintf(out, "  %s\n", e->reasons[i].words);
}

static void print_pair(FILE *out, const struct explained *e, size_t f, float other,
                       const char *between)
{
    char here[WORDS_MAX];
    char there[WORDS_MAX];

    (void)lw_feature_say_value(feature(e, f), e->row[f], here, sizeof here);
    (void)lw_feature_say_value(feature(e, f), other, there, sizeof there);
    (void)fprintf(out, "  %-28s%s%s%s\n", feature(e, f)->name, here, between, there);
}

static void print_nearest(FILE *out, const struct explained *e, size_t top)
{
    const struct lw_neighbour *p = &e->nearest;
    size_t n = lw_classifier_view(e->c)->n_features;
    const float *other = e->normals->x + p->row_idx * n;
    bool said[LW_EXPLAIN_FEATURES_MAX] = {false};
    char count[TEXT_MAX];

    (void)fprintf(
        out, "\nNearest normal record of the %s %s: distance %.2f (here, there)\n",
        text_count(e->normals->n_rows, count), e->normals_from, (double)p->distance);
    for (size_t i = 0; i < top; i++) {
        size_t most = n;

        for (size_t f = 0; f < n; f++)
            if (!said[f] && p->apart[f] > 0 &&
                (most == n || p->apart[f] > p->apart[most]))
                most = f;
        if (most == n)
            break;
        said[most] = true;
        print_pair(out, e, most, other[most], ", ");
    }
}

static void print_change(FILE *out, const struct explained *e)
{
    const struct lw_change *ch = &e->change;
    char count[TEXT_MAX];

    if (ch->n == 0) {
        (void)fprintf(out,
                      "\nNo change of up to %d features to values of normal records "
                      "was found that gives another verdict (%s tried).\n",
                      LW_CHANGE_MAX, text_count(ch->n_tried, count));
        return;
    }
    (void)fprintf(out, "\nSmallest change found that makes it %s (%.1f %%):\n",
                  lw_verdict_name(ch->verdict.verdict),
                  100 * (double)ch->verdict.confidence);
    for (size_t i = 0; i < ch->n; i++)
        print_pair(out, e, ch->feature_idx[i], ch->to[i], " -> ");
}

void explained_print(FILE *out, const struct explained *e, size_t top)
{
    print_verdict(out, e);
    print_set(out, e);
    print_reasons(out, e);
    print_parts(out, e, top);
    if (e->normals->n_rows == 0) {
        (void)fputs("\nThe model file keeps no normal records to compare with: name "
                    "some with --normals.\n",
                    out);
        return;
    }
    print_nearest(out, e, top);
    print_change(out, e);
}
