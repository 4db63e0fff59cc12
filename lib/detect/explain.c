/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reasons.  For a class: the features whose attributions to that class' score
 * (lw_model_contributions()) speak for it; the columns that an encoder made of one
 * category are added up.  For "Not recognized": categories never seen, then the
 * features that lie farthest from the nearest known group, in standard deviations.
 */
#include "base/mem.h"
#include "base/numfmt.h"
#include "detect/classifier_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct weighed {
    size_t feature_idx;
    double weight;
};

/* A number in the feature's unit: "96 %" of a share, "yes", "1 s", "246 connections",
 * "1 connection", "0.5 services per connection". */
static void number_text(const struct lw_feature *f, float v, char out[64])
{
    const char *per = strchr(f->unit, '/');
    size_t n = strlen(f->unit);
    char number[NUMFMT_MAX];

    if (strcmp(f->unit, "share") == 0) {
        (void)snprintf(out, 64, "%.3g %%", (double)v * 100);
        return;
    }
    if (strcmp(f->unit, "yes/no") == 0) {
        (void)snprintf(out, 64, "%s", v > 0.5F ? "yes" : "no");
        return;
    }
    if (v == truncf(v) || fabsf(v) >= 1000)
        (void)snprintf(number, sizeof number, "%.0f", (double)v);
    else
        (void)snprintf(number, sizeof number, "%.3g", (double)v);
    if (per != NULL)
        (void)snprintf(out, 64, "%s %.*s per %s", number, (int)(per - f->unit), f->unit,
                       per + 1);
    else if (strcmp(number, "1") == 0 && n > 1)
        (void)snprintf(out, 64, "1 %.*s", (int)(n - 1), f->unit);
    else
        (void)snprintf(out, 64, "%s%s%s", number, n == 0 ? "" : " ", f->unit);
}

/* The same without its unit, but for the sign of a percentage. */
static void bare_text(const struct lw_feature *f, float v, char out[64])
{
    char *blank;

    number_text(f, v, out);
    blank = strchr(out, ' ');
    if (blank != NULL && strcmp(f->unit, "share") != 0)
        *blank = '\0';
}

static void value_text(const struct lw_feature *f, float v, char out[64])
{
    if (f->type == LW_FEATURE_NUMBER)
        number_text(f, v, out);
    else if (v >= 0 && v < (float)f->n_categories)
        (void)snprintf(out, 64, "%s", f->categories[(size_t)v]);
    else
        (void)snprintf(out, 64, "(unknown)");
}

/* The template with its one %s replaced. */
static void fill_words(const struct lw_feature *f, const char *value, char *out,
                       size_t size)
{
    const char *at = strstr(f->words, "%s");

    if (at == NULL)
        (void)snprintf(out, size, "%s %s", f->words, value);
    else
        (void)snprintf(out, size, "%.*s%s%s", (int)(at - f->words), f->words, value,
                       at + 2);
}

static void describe(const struct lw_classifier *c, size_t i, float v, char out[128])
{
    const struct lw_feature *f = &c->view->features[i];
    char value[64];
    char lo[64];
    char hi[64];
    size_t n;

    if (isnan(v)) {
        (void)snprintf(out, 128, "%s could not be measured", f->name);
        return;
    }
    value_text(f, v, value);
    fill_words(f, value, out, 128);
    n = strlen(out);
    if (f->type == LW_FEATURE_CATEGORY || isnan(c->usual[i][0]))
        return;
    bare_text(f, c->usual[i][0], lo);
    bare_text(f, c->usual[i][1], hi);
    if (c->usual[i][0] >= c->usual[i][1] || strcmp(lo, hi) == 0)
        (void)snprintf(out + n, 128 - n, " (usual: %s)", hi);
    else
        (void)snprintf(out + n, 128 - n, " (usual: %s to %s)", lo, hi);
}

/* Insert into the heaviest `max`, heaviest first; equal weights keep feature order. */
static void keep_heaviest(struct weighed *top, size_t max, size_t *n, struct weighed w)
{
    size_t at = *n;

    if (!(w.weight > 0))
        return;
    while (at > 0 && top[at - 1].weight < w.weight)
        at--;
    if (at >= max)
        return;
    if (*n < max)
        ++*n;
    for (size_t i = *n - 1; i > at; i--)
        top[i] = top[i - 1];
    top[at] = w;
}

static enum lw_status weigh_class(const struct lw_classifier *c, const float *row,
                                  uint32_t class_idx, double *weight,
                                  struct lw_error *err)
{
    size_t n_cols = encoder_outputs(c->encoder);
    float *x = mem_zalloc(n_cols, sizeof *x);
    double *phi = mem_zalloc(n_cols + 1, sizeof *phi);
    enum lw_status st = LW_ENOMEM;

    if (x == NULL || phi == NULL) {
        (void)lw_fail(err, LW_ENOMEM, "out of memory for reasons");
        goto out;
    }
    encoder_apply(c->encoder, row, 1, x);
    st = lw_model_contributions(c->model, x, class_idx, phi, err);
    for (size_t i = 0; st == LW_OK && i < n_cols; i++)
        weight[encoder_source(c->encoder, i)] += phi[i];
out:
    mem_free(x);
    mem_free(phi);
    return st;
}

/* Puts every usual value behind every unusual one that is at all worth a word. */
#define USUAL_DISCOUNT 1e6

static void weigh_novelty(const struct lw_classifier *c, const float *row,
                          double *weight)
{
    float numbers[CLASSIFIER_FEATURES_MAX];
    uint32_t group = 0;
    size_t first = 0;
    size_t n = 0;

    (void)classifier_numbers(c->view, row, numbers);
    (void)mahalanobis_distance(c->novelty.distance, numbers, &group);
    for (size_t i = 0; i < c->view->n_features; i++)
        if (c->view->features[i].type == LW_FEATURE_NUMBER) {
            weight[i] = (double)fabsf(
                mahalanobis_deviation(c->novelty.distance, numbers, n++, group));
            /* What is usual is no reason, however far it lies from a kind of attack
             * that happens to be nearest; it stays only to fill up the list. */
            if (row[i] >= c->usual[i][0] && row[i] <= c->usual[i][1])
                weight[i] /= USUAL_DISCOUNT;
        }
    if (encoder_unseen(c->encoder, row, &first) > 0)
        weight[first] = HUGE_VAL;
}

/* By how far values lie outside what is usual, in widths of that. */
static void weigh_unusual(const struct lw_classifier *c, const float *row,
                          double *weight)
{
    for (size_t i = 0; i < c->view->n_features; i++) {
        double low = (double)c->usual[i][0];
        double high = (double)c->usual[i][1];
        double width = fmax(high - low, 1e-3 * fabs(high) + 1e-3);

        if (c->view->features[i].type == LW_FEATURE_NUMBER)
            weight[i] =
                fmax(fmax(low - (double)row[i], (double)row[i] - high), 0) / width;
    }
}

static uint32_t class_index(const struct lw_classifier *c, enum lw_verdict_class v)
{
    for (uint32_t i = 0; i < c->n_classes; i++)
        if (c->class_of[i] == v)
            return i;
    return 0;
}

enum lw_status lw_classifier_explain(const struct lw_classifier *c, const float *row,
                                     const struct lw_verdict *v, struct lw_reason *out,
                                     size_t max, size_t *n_out, struct lw_error *err)
{
    double weight[CLASSIFIER_FEATURES_MAX] = {0};
    struct weighed top[LW_MAX_REASONS];
    enum lw_status st = LW_OK;
    size_t n = 0;

    if (max > LW_MAX_REASONS)
        max = LW_MAX_REASONS;
    if (v->verdict == LW_VERDICT_NOT_RECOGNIZED)
        weigh_novelty(c, row, weight);
    else
        st = weigh_class(c, row, class_index(c, v->verdict), weight, err);
    /* Some kinds of models cannot say: what is unusual is told instead. */
    if (st == LW_EUNSUPPORTED) {
        (c->cut > 0 ? weigh_unusual : weigh_novelty)(c, row, weight);
        st = LW_OK;
    }
    if (st != LW_OK)
        return st;
    for (size_t i = 0; i < c->view->n_features; i++)
        if (!isnan(row[i]) || v->verdict != LW_VERDICT_NOT_RECOGNIZED)
            keep_heaviest(top, max, &n, (struct weighed){i, weight[i]});
    for (size_t i = 0; i < n; i++) {
        size_t f = top[i].feature_idx;

        out[i].feature_idx = (uint16_t)f;
        out[i].value = row[f];
        out[i].contribution = (float)top[i].weight;
        describe(c, f, row[f], out[i].words);
    }
    *n_out = n;
    return LW_OK;
}
