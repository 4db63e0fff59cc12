/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/view_say.c - a feature's value in words.
 *
 * The template of the feature's row has one "%s" for the value with its unit.  It is
 * filled in by hand: a table's text is data, not a format.
 */
#include "base/numfmt.h"

#include <lapwing/view.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 96 };

/* Whole numbers as they are, others to three significant digits at least. */
static void number_text(float v, char out[NUMFMT_MAX])
{
    if (v == truncf(v) || fabsf(v) >= 1000.0f)
        (void)snprintf(out, NUMFMT_MAX, "%.0f", (double)v);
    else
        (void)snprintf(out, NUMFMT_MAX, "%.3g", (double)v);
}

/* "1 packet", "2 packets/s", "0.5 services per connection": what is counted is written
 * in the plural. */
static void with_unit(float v, const char *unit, char out[VALUE_MAX])
{
    char number[NUMFMT_MAX];
    size_t n = strcspn(unit, "/");
    const char *rest = unit + n;
    bool of_words = strlen(rest) > 2;

    number_text(v, number);
    if (v == 1.0f && n > 1 && unit[n - 1] == 's')
        n--;
    (void)snprintf(out, VALUE_MAX, "%s%s%.*s%s%s", number, *unit != '\0' ? " " : "",
                   (int)n, unit, of_words ? " per " : "", rest + (of_words ? 1 : 0));
}

/* Microseconds, in the unit that suits them. */
static void time_text(float us, char out[VALUE_MAX])
{
    if (us < 1e3f)
        (void)snprintf(out, VALUE_MAX, "%.3g us", (double)us);
    else if (us < 1e6f)
        (void)snprintf(out, VALUE_MAX, "%.3g ms", (double)us * 1e-3);
    else
        with_unit(us * 1e-6f, "s", out);
}

static void value_text(const struct lw_feature *f, float v, char out[VALUE_MAX])
{
    const char *name = "not seen in training";

    if (f->type == LW_FEATURE_CATEGORY) {
        if (v >= 0.0f && v < (float)f->n_categories)
            name = f->categories[(size_t)v];
        (void)snprintf(out, VALUE_MAX, "%s", name);
    } else if (strcmp(f->unit, "share") == 0) {
        (void)snprintf(out, VALUE_MAX, "%.3g %%", (double)v * 100.0);
    } else if (strcmp(f->unit, "yes/no") == 0) {
        (void)snprintf(out, VALUE_MAX, "%s", v != 0.0f ? "yes" : "no");
    } else if (strcmp(f->unit, "us") == 0) {
        time_text(v, out);
    } else {
        with_unit(v, f->unit, out);
    }
}

size_t lw_feature_say_value(const struct lw_feature *f, float value, char *out,
                            size_t size)
{
    char text[VALUE_MAX] = "unavailable";
    int n;

    if (!isnan(value))
        value_text(f, value, text);
    n = snprintf(out, size, "%s", text);
    return n > 0 ? (size_t)n : 0;
}

size_t lw_feature_say(const struct lw_feature *f, float value, char *out, size_t size)
{
    char text[VALUE_MAX];
    const char *gap = strstr(f->words, "%s");
    int n;

    if (isnan(value) || gap == NULL) {
        n = snprintf(out, size, "%s: unavailable", f->name);
    } else {
        value_text(f, value, text);
        n = snprintf(out, size, "%.*s%s%s", (int)(gap - f->words), f->words, text,
                     gap + 2);
    }
    return n > 0 ? (size_t)n : 0;
}
