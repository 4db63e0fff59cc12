/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waterfall of a score, alone or in a page.
 *
 * Bars go from what the score was to what it is with one feature more: red towards the
 * class, blue away from it.  The page is text and this picture, without a script: its
 * Content-Security-Policy lets nothing run and nothing be fetched.
 */
#include "cmd/explained.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 1120,
    TEXT_X = 20,
    BARS_X = 600,
    BARS_WIDTH = 420,
    TOP_Y = 92,
    STEP_Y = 26,
    WORDS_MAX = 160,
    WORDS_SHOWN = 88
};

#define TOWARDS "#c0392b"
#define AWAY    "#2471a3"
#define TOTAL   "#444"

static void put_text(FILE *out, const char *s, size_t most)
{
    for (size_t n = 0; *s != '\0'; s++, n++) {
        if (n >= most && ((unsigned char)*s & 0xc0) != 0x80) {
            (void)fputs("...", out);
            return;
        }
        if (*s == '<')
            (void)fputs("&lt;", out);
        else if (*s == '&')
            (void)fputs("&amp;", out);
        else if ((unsigned char)*s >= ' ')
            (void)fputc(*s, out);
    }
}

static void put_words(FILE *out, double y, const char *s)
{
    (void)fprintf(out, "<text x=\"%d\" y=\"%.0f\" font-size=\"13\">", TEXT_X, y);
    put_text(out, s, WORDS_SHOWN);
    (void)fputs("</text>\n", out);
}

struct scale {
    double low;
    double per_px;
};

static double at(const struct scale *s, double v)
{
    return BARS_X + (v - s->low) / s->per_px;
}

/* One bar with its number at the end that it goes to. */
static void put_bar(FILE *out, const struct scale *s, double y, double from, double to,
                    const char *colour, const char *number)
{
    double left = at(s, fmin(from, to));
    double right = at(s, fmax(from, to));

    (void)fprintf(out,
                  "<rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"16\" "
                  "fill=\"%s\"/>\n",
                  left, y - 13, fmax(right - left, 1), colour);
    (void)fprintf(out, "<text x=\"%.1f\" y=\"%.0f\" font-size=\"12\">%s</text>\n",
                  right + 5, y, number);
}

/* The lowest and highest point that the sum passes. */
static void find_scale(const struct explained *e, size_t n_shown, struct scale *s)
{
    size_t n = lw_classifier_view(e->c)->n_features;
    double sum = e->breakdown.base;
    double low = fmin(0, fmin(sum, e->breakdown.score));
    double high = fmax(0, fmax(sum, e->breakdown.score));

    for (size_t i = 0; i < n && i < n_shown; i++) {
        sum += e->breakdown.part[e->order[i]];
        low = fmin(low, sum);
        high = fmax(high, sum);
    }
    s->low = low;
    s->per_px = fmax(high - low, 1e-9) / BARS_WIDTH;
}

static void put_steps(FILE *out, const struct explained *e, size_t n_shown,
                      const struct scale *s)
{
    const struct lw_breakdown *b = &e->breakdown;
    size_t n = lw_classifier_view(e->c)->n_features;
    double y = TOP_Y;
    double sum = b->base;
    char words[WORDS_MAX];
    char number[32];

    (void)snprintf(number, sizeof number, "%.2f", b->base);
    put_words(out, y, "before anything is known of the record");
    put_bar(out, s, y, 0, b->base, TOTAL, number);
    for (size_t i = 0; i <= n_shown; i++) {
        double part = i < n_shown ? b->part[e->order[i]] : b->score - sum;

        if (i == n_shown && n == n_shown)
            break;
        if (i < n_shown)
            (void)lw_classifier_say(e->c, e->order[i], e->row[e->order[i]], words,
                                    sizeof words);
        else
            (void)snprintf(words, sizeof words, "%zu other features", n - n_shown);
        y += STEP_Y;
        (void)snprintf(number, sizeof number, "%+.2f", part);
        put_words(out, y, words);
        put_bar(out, s, y, sum, sum + part, part > 0 ? TOWARDS : AWAY, number);
        sum += part;
    }
    y += STEP_Y;
    (void)snprintf(number, sizeof number, "%.2f", b->score);
    put_words(out, y, "score");
    put_bar(out, s, y, 0, b->score, TOTAL, number);
}

void explained_svg(FILE *out, const struct explained *e, size_t top)
{
    size_t n = e->has_breakdown ? lw_classifier_view(e->c)->n_features : 0;
    size_t n_shown = n < top ? n : top;
    double bottom = TOP_Y + STEP_Y * (double)(n_shown + 2);
    struct scale s = {0, 1};

    (void)fprintf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
                  "font-family=\"sans-serif\" fill=\"#222\" role=\"img\">\n"
                  "<rect width=\"%d\" height=\"%.0f\" fill=\"#fff\"/>\n"
                  "<text x=\"%d\" y=\"28\" font-size=\"19\">%s, %.1f %%</text>\n"
                  "<text x=\"%d\" y=\"50\" font-size=\"12\" fill=\"#555\">",
                  WIDTH, bottom + 24, WIDTH, bottom + 24, TEXT_X,
                  lw_verdict_name(e->verdict.verdict),
                  100 * (double)e->verdict.confidence, TEXT_X);
    put_text(out, e->source, 140);
    (void)fputs("</text>\n", out);
    if (e->has_breakdown) {
        find_scale(e, n_shown, &s);
        (void)fprintf(out,
                      "<text x=\"%d\" y=\"68\" font-size=\"12\" fill=\"#555\">score of "
                      "%s: red speaks for it, blue against it</text>\n"
                      "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.0f\" "
                      "stroke=\"#bbb\"/>\n",
                      BARS_X, lw_classifier_class_name(e->c, e->breakdown.class_idx),
                      at(&s, 0), at(&s, 0), TOP_Y - 18, bottom + 8);
        put_steps(out, e, n_shown, &s);
    }
    (void)fputs("</svg>\n", out);
}

/* ---- the page -------------------------------------------------------------------- */

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Lapwing: a verdict explained</title>\n<style>\n"
    "body{font:15px/1.5 sans-serif;color:#222;max-width:1120px;margin:2em auto;"
    "padding:0 1em}\n"
    "h1{font-size:1.6em;margin:0}h2{font-size:1.15em;margin:2em 0 .5em}\n"
    "p{margin:.2em 0;color:#555}svg{width:100%;height:auto;border:1px solid #ddd;"
    "margin-top:1em}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse}\n"
    "td,th{text-align:left;padding:.2em 1.2em .2em 0;border-bottom:1px solid #eee;"
    "vertical-align:top}\n"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "</style>\n</head>\n<body>\n";

static void put_cell(FILE *out, const char *s)
{
    (void)fputs("<td>", out);
    put_text(out, s, WORDS_MAX);
    (void)fputs("</td>", out);
}

static void put_value(FILE *out, const struct explained *e, size_t f, float v)
{
    char text[WORDS_MAX];

    (void)lw_feature_say_value(&lw_classifier_view(e->c)->features[f], v, text,
                               sizeof text);
    put_cell(out, text);
}

static void put_classes(FILE *out, const struct explained *e)
{
    const struct lw_verdict *v = &e->verdict;
    bool sets = v->n_classes_p > 0;

    (void)fprintf(out, "<h2>Classes</h2>\n<table>\n<tr><th>class<th>probability%s\n",
                  sets ? "<th>p-value<th>" : "");
    for (uint32_t k = 0; k < lw_classifier_classes(e->c); k++) {
        (void)fprintf(out, "<tr><td>%s<td class=\"n\">%.2f %%",
                      lw_classifier_class_name(e->c, k), 100 * (double)v->score[k]);
        if (sets)
            (void)fprintf(out, "<td class=\"n\">%.4f<td>%s", (double)v->class_p[k],
                          v->class_set >> k & 1 ? "possible" : "excluded");
        (void)fputc('\n', out);
    }
    (void)fputs("</table>\n", out);
    if (sets)
        (void)fprintf(out,
                      "<p>A p-value is the share of the class's held-out rows that "
                      "were at least as strange; at %g %% a class is excluded.</p>\n",
                      100 * (double)lw_classifier_level(e->c));
}

static void put_change(FILE *out, const struct explained *e)
{
    const struct lw_change *ch = &e->change;

    (void)fputs("<h2>Smallest change found</h2>\n", out);
    if (ch->n == 0) {
        (void)fprintf(out,
                      "<p>No change of up to %d features to values of normal records "
                      "gives another verdict.</p>\n",
                      LW_CHANGE_MAX);
        return;
    }
    (void)fprintf(out, "<p>With these values it would be %s (%.1f %%).</p>\n<table>\n",
                  lw_verdict_name(ch->verdict.verdict),
                  100 * (double)ch->verdict.confidence);
    for (size_t i = 0; i < ch->n; i++) {
        (void)fputs("<tr>", out);
        put_cell(out, lw_classifier_view(e->c)->features[ch->feature_idx[i]].name);
        put_value(out, e, ch->feature_idx[i], e->row[ch->feature_idx[i]]);
        (void)fputs("<td>&rarr;</td>", out);
        put_value(out, e, ch->feature_idx[i], ch->to[i]);
        (void)fputc('\n', out);
    }
    (void)fputs("</table>\n", out);
}

/* Every feature, with the nearest normal record's where there is one. */
static void put_features(FILE *out, const struct explained *e)
{
    size_t n = lw_classifier_view(e->c)->n_features;
    bool near = e->normals->n_rows > 0;

    (void)fprintf(out,
                  "<h2>All features</h2>\n<div class=\"wide\"><table>\n"
                  "<tr><th>part<th>in words%s\n",
                  near ? "<th>nearest normal record" : "");
    for (size_t i = 0; i < n; i++) {
        size_t f = e->has_breakdown ? e->order[i] : i;
        char words[WORDS_MAX];

        (void)fprintf(out, "<tr><td class=\"n\">%+.3f",
                      e->has_breakdown ? e->breakdown.part[f] : 0);
        put_cell(out, lw_classifier_say(e->c, f, e->row[f], words, sizeof words));
        if (near)
            put_value(out, e, f, e->normals->x[e->nearest.row_idx * n + f]);
        (void)fputc('\n', out);
    }
    (void)fputs("</table></div>\n", out);
    if (near)
        (void)fprintf(out,
                      "<p>The nearest of %zu normal records %s, at a distance of "
                      "%.2f.</p>\n",
                      e->normals->n_rows, e->normals_from, (double)e->nearest.distance);
}

void explained_page(FILE *out, const struct explained *e, size_t top)
{
    (void)fputs(head, out);
    (void)fprintf(out, "<h1>%s, %.1f %%</h1>\n<p>", lw_verdict_name(e->verdict.verdict),
                  100 * (double)e->verdict.confidence);
    put_text(out, e->source, 1000);
    (void)fprintf(out,
                  "</p>\n<p>model %s, view %s; %.0f %% of the features "
                  "unavailable</p>\n",
                  lw_classifier_id(e->c), lw_classifier_view(e->c)->name,
                  100 * (double)e->verdict.unavailable);
    explained_svg(out, e, top);
    put_classes(out, e);
    if (e->normals->n_rows > 0)
        put_change(out, e);
    put_features(out, e);
    (void)fputs("</body>\n</html>\n", out);
}
