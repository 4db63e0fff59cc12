/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reasons.  For a class: the features whose attributions to that class' score
 * (lw_model_contributions()) speak for it; the columns that an encoder made of one
 * category are added up.  For "Not recognized": categories never seen, then the
 * features that lie farthest from the nearest known group, in standard deviations.
 */
#include "detect/classifier_priv.h"

#include <lapwing/explain.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct weighed {
    size_t feature_idx;
    double weight;
};

/* One end of a usual range: without its unit, which the value before it has, but for
 * times, whose unit depends on how long they are. */
static void bare_text(const struct lw_feature *f, float v, char out[64])
{
    char *blank;

    (void)lw_feature_say_value(f, v, out, 64);
    blank = strchr(out, ' ');
    if (blank != NULL && strcmp(f->unit, "share") != 0 && strcmp(f->unit, "us") != 0)
        *blank = '\0';
}

static bool is_next_to_nothing(const float usual[2])
{
    return usual[0] > 0 && usual[0] < usual[1] / 1000;
}

static void say_usual(const struct lw_classifier *c, size_t i, char *out, size_t size)
{
    const struct lw_feature *f = &c->view->features[i];
    char lo[64];
    char hi[64];

    if (f->type == LW_FEATURE_CATEGORY || isnan(c->usual[i][0]))
        return;
    /* Damped counts never come down to 0; nobody wants to read 8.98e-07. */
    bare_text(f, is_next_to_nothing(c->usual[i]) ? 0 : c->usual[i][0], lo);
    bare_text(f, c->usual[i][1], hi);
    if (c->usual[i][0] >= c->usual[i][1] || strcmp(lo, hi) == 0)
        (void)snprintf(out, size, " (usual: %s)", hi);
    else
        (void)snprintf(out, size, " (usual: %s to %s)", lo, hi);
}

const char *lw_classifier_say(const struct lw_classifier *c, size_t feature_idx,
                              float value, char *out, size_t size)
{
    const struct lw_feature *f = &c->view->features[feature_idx];
    size_t n;

    if (isnan(value)) {
        (void)snprintf(out, size, "%s could not be measured", f->name);
        return out;
    }
    n = lw_feature_say(f, value, out, size);
    if (n < size)
        say_usual(c, feature_idx, out + n, size - n);
    return out;
}

void lw_classifier_usual(const struct lw_classifier *c, size_t feature_idx,
                         float out[2])
{
    bool number = c->view->features[feature_idx].type == LW_FEATURE_NUMBER;

    out[0] = number ? c->usual[feature_idx][0] : NAN;
    out[1] = number ? c->usual[feature_idx][1] : NAN;
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

/* Puts every usual value behind every unusual one that is at all worth a word. */
#define USUAL_DISCOUNT 1e6

static void weigh_novelty(const struct lw_classifier *c, const float *row,
                          double *weight)
{
    float numbers[CLASSIFIER_FEATURES_MAX];
    uint32_t group = 0;
    size_t first = 0;
    size_t n = 0;

    (void)classifier_squashed(c->view, row, numbers);
    (void)mahalanobis_distance(c->novelty.distance, numbers, &group);
    (void)classifier_numbers(c->view, row, numbers);
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

/* The heaviest of the features that were measured, or of those that were not. */
static size_t choose(const struct lw_classifier *c, const float *row,
                     const double *weight, bool measured, struct weighed *top,
                     size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < c->view->n_features; i++)
        if (isnan(row[i]) != measured)
            keep_heaviest(top, max, &n, (struct weighed){i, weight[i]});
    return n;
}

enum lw_status lw_classifier_explain(const struct lw_classifier *c, const float *row,
                                     const struct lw_verdict *v, struct lw_reason *out,
                                     size_t max, size_t *n_out, struct lw_error *err)
{
    double weight[CLASSIFIER_FEATURES_MAX] = {0};
    struct weighed top[LW_MAX_REASONS];
    struct lw_breakdown parts;
    enum lw_status st = LW_OK;
    size_t n;

    if (max > LW_MAX_REASONS)
        max = LW_MAX_REASONS;
    if (v->verdict == LW_VERDICT_NOT_RECOGNIZED)
        weigh_novelty(c, row, weight);
    else
        st = breakdown_exact(c, row, lw_classifier_class_of(c, v), &parts, err);
    if (v->verdict != LW_VERDICT_NOT_RECOGNIZED && st == LW_OK)
        memcpy(weight, parts.part, sizeof weight);
    /* Some kinds of models cannot say in the time there is: what is unusual is told
     * instead. */
    if (st == LW_EUNSUPPORTED) {
        (c->cut > 0 ? weigh_unusual : weigh_novelty)(c, row, weight);
        st = LW_OK;
    }
    if (st != LW_OK)
        return st;
    /* What was seen tells a reader more than what could not be. */
    n = choose(c, row, weight, true, top, max);
    if (v->verdict != LW_VERDICT_NOT_RECOGNIZED)
        n += choose(c, row, weight, false, top + n, max - n);
    for (size_t i = 0; i < n; i++) {
        size_t f = top[i].feature_idx;

        out[i].feature_idx = (uint16_t)f;
        out[i].value = row[f];
        out[i].contribution = (float)top[i].weight;
        (void)lw_classifier_say(c, f, row[f], out[i].words, sizeof out[i].words);
    }
    *n_out = n;
    return LW_OK;
}
