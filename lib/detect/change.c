/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would have had to be different?
 *
 * A beam search over sets of changed features: every state of the beam is tried with
 * every further feature at values that normal records have there; as soon as some state
 * has another verdict, the one whose values moved least is taken.  Then it is made
 * smaller: features whose change is not needed go back to what they were, and numbers
 * go back towards it as far as the verdict stays.  Every step is judged by the
 * classifier itself, and so is the result.
 *
 * The values are possible one by one, not always together: a rate may contradict its
 * count.  It is a statement about the model, not a recipe for traffic.
 */
#include "base/mem.h"
#include "detect/classifier_priv.h"
#include "detect/quantile.h"
#include "learn/link.h"
#include "learn/model_ops.h"

#include <lapwing/explain.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BEAM = 6, VALUES = 12, OBSERVED_MAX = 512, BLOCK = 64 };

struct state {
    size_t n;
    uint16_t feature_idx[LW_CHANGE_MAX];
    float to[LW_CHANGE_MAX];
    double gain; /* how near it is to another verdict */
    double cost; /* how far its values moved */
    bool flips;
};

struct search {
    const struct lw_classifier *c;
    const float *row;
    const struct lw_matrix *normals;
    enum lw_verdict_class from;                   /* the row's verdict */
    size_t width;                                 /* features */
    float sd[LW_EXPLAIN_FEATURES_MAX];            /* of squashed normal values */
    float value[LW_EXPLAIN_FEATURES_MAX][VALUES]; /* to try, (width) */
    size_t n_values[LW_EXPLAIN_FEATURES_MAX];
    struct state *states;        /* (max_states) of one round, owned */
    float *rows;                 /* (max_states, width), owned */
    struct lw_verdict *verdicts; /* (max_states), owned */
    float *encoded;              /* (BLOCK, columns), owned */
    size_t max_states;
    uint64_t n_tried;
};

static bool differs(float a, float b)
{
    return a < b || a > b;
}

/* The different values of a feature, ascending, at most OBSERVED_MAX. */
static size_t observed(const struct search *s, size_t feature, float *out)
{
    size_t n = 0;
    size_t n_different = 0;

    for (size_t r = 0; r < s->normals->n_rows && n < OBSERVED_MAX; r++) {
        float v = s->normals->x[r * s->width + feature];

        if (!isnan(v))
            out[n++] = v;
    }
    qsort(out, n, sizeof *out, quantile_order);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || differs(out[i], out[n_different - 1]))
            out[n_different++] = out[i];
    return n_different;
}

/* What was not measured cannot be changed. */
static void choose_values(struct search *s)
{
    float all[OBSERVED_MAX];

    for (size_t f = 0; f < s->width; f++) {
        size_t n = isnan(s->row[f]) ? 0 : observed(s, f, all);
        size_t most = n < VALUES ? n : VALUES;

        s->n_values[f] = 0;
        for (size_t i = 0; i < most; i++) {
            float v = all[most > 1 ? i * (n - 1) / (most - 1) : 0];

            if (differs(v, s->row[f]))
                s->value[f][s->n_values[f]++] = v;
        }
    }
}

static double cost_of(const struct search *s, size_t feature, float to)
{
    if (s->c->view->features[feature].type == LW_FEATURE_CATEGORY)
        return 1;
    return (double)(fabsf(link_squash(to) - link_squash(s->row[feature])) /
                    s->sd[feature]);
}

static void apply(const struct search *s, const struct state *state, float *row)
{
    memcpy(row, s->row, s->width * sizeof *row);
    for (size_t i = 0; i < state->n; i++)
        row[state->feature_idx[i]] = state->to[i];
}

static bool flips(const struct search *s, const struct lw_verdict *v)
{
    return s->from == LW_VERDICT_NORMAL ? v->verdict != LW_VERDICT_NORMAL
                                        : v->verdict == LW_VERDICT_NORMAL;
}

/* How near a row is to being normal, or to not being it: log odds before the rule,
 * which tell apart what probabilities round to 0, and what p-values say. */
static double gain_of(const struct search *s, const struct lw_verdict *v,
                      const float *margins)
{
    float p = v->n_classes_p > 0 ? v->class_p[0] : v->p_value;
    double normal = link_log((double)fmaxf(p, 1e-9f));
    float other = -INFINITY;

    for (uint32_t k = 1; k < s->c->n_classes; k++)
        other = fmaxf(other, margins[k]);
    if (s->c->conformal == NULL) /* else the p-value is all there is */
        normal += (double)(margins[0] - other);
    return s->from == LW_VERDICT_NORMAL ? -normal : normal;
}

/* Judge the first n of the states. */
static enum lw_status judge(struct search *s, size_t n, struct lw_error *err)
{
    enum lw_status st;

    for (size_t i = 0; i < n; i++)
        apply(s, &s->states[i], s->rows + i * s->width);
    st = lw_classifier_judge(s->c, s->rows, n, s->verdicts, err);
    for (size_t i = 0; st == LW_OK && i < n; i += BLOCK) {
        size_t n_block = n - i < BLOCK ? n - i : BLOCK;
        float margins[BLOCK * LW_MAX_CLASSES];

        encoder_apply(s->c->encoder, s->rows + i * s->width, n_block, s->encoded);
        model_margins(s->c->model, s->encoded, n_block, margins);
        for (size_t k = 0; k < n_block; k++) {
            s->states[i + k].flips = flips(s, &s->verdicts[i + k]);
            s->states[i + k].gain =
                gain_of(s, &s->verdicts[i + k], margins + k * s->c->n_classes);
        }
    }
    s->n_tried += n;
    return st;
}

static bool has_feature(const struct state *state, size_t feature)
{
    for (size_t i = 0; i < state->n; i++)
        if (state->feature_idx[i] == feature)
            return true;
    return false;
}

/* Every state of the beam with one feature more; returns how many. */
static size_t expand(struct search *s, const struct state *beam, size_t n_beam)
{
    size_t n = 0;

    for (size_t b = 0; b < n_beam; b++)
        for (size_t f = 0; f < s->width; f++)
            for (size_t k = 0; k < s->n_values[f] && !has_feature(&beam[b], f); k++) {
                struct state *next = &s->states[n++];

                *next = beam[b];
                next->feature_idx[next->n] = (uint16_t)f;
                next->to[next->n++] = s->value[f][k];
                next->cost += cost_of(s, f, s->value[f][k]);
            }
    return n;
}

static bool same_features(const struct state *a, const struct state *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!has_feature(b, a->feature_idx[i]))
            return false;
    return a->n == b->n;
}

/* The best states with different sets of features; returns how many. */
static size_t keep_best(const struct search *s, size_t n, struct state *beam)
{
    size_t n_beam = 0;

    for (size_t i = 0; i < n; i++) {
        const struct state *x = &s->states[i];
        size_t at = 0;
        size_t end;

        while (at < n_beam && beam[at].gain >= x->gain && !same_features(&beam[at], x))
            at++;
        if (at >= BEAM || (at < n_beam && beam[at].gain >= x->gain))
            continue; /* not among the best, or worse than its like */
        for (end = at; end < n_beam && !same_features(&beam[end], x); end++)
            ;
        if (end == n_beam && n_beam < BEAM)
            n_beam++;
        else if (end == n_beam)
            end = n_beam - 1;
        memmove(&beam[at + 1], &beam[at], (end - at) * sizeof *beam);
        beam[at] = *x;
    }
    return n_beam;
}

static const struct state *cheapest_flip(const struct search *s, size_t n)
{
    const struct state *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (s->states[i].flips && (best == NULL || s->states[i].cost < best->cost))
            best = &s->states[i];
    return best;
}

/* *found->n is 0 when nothing flips. */
static enum lw_status find(struct search *s, struct state *found, struct lw_error *err)
{
    struct state beam[BEAM + 1] = {{0}};
    size_t n_beam = 1;

    *found = (struct state){0};
    for (size_t depth = 0; depth < LW_CHANGE_MAX && n_beam > 0; depth++) {
        size_t n = expand(s, beam, n_beam);
        const struct state *flip;
        enum lw_status st = judge(s, n, err);

        if (st != LW_OK)
            return st;
        flip = cheapest_flip(s, n);
        if (flip != NULL) {
            *found = *flip;
            return LW_OK;
        }
        n_beam = keep_best(s, n, beam);
    }
    return LW_OK;
}

/* Take back what is not needed, until every part is. */
static enum lw_status drop_needless(struct search *s, struct state *found,
                                    struct lw_error *err)
{
    for (size_t i = 0; i < found->n && found->n > 1;) {
        struct state less = *found;
        enum lw_status st;

        less.n--;
        memmove(&less.feature_idx[i], &less.feature_idx[i + 1],
                (less.n - i) * sizeof less.feature_idx[0]);
        memmove(&less.to[i], &less.to[i + 1], (less.n - i) * sizeof less.to[0]);
        s->states[0] = less;
        st = judge(s, 1, err);
        if (st != LW_OK)
            return st;
        if (s->states[0].flips) {
            *found = s->states[0];
            i = 0;
        } else {
            i++;
        }
    }
    return LW_OK;
}

/* The observed value between a change and the original that is nearest to the original
 * and still flips. */
static enum lw_status move_back(struct search *s, struct state *found, size_t i,
                                struct lw_error *err)
{
    float all[OBSERVED_MAX];
    float was = s->row[found->feature_idx[i]];
    size_t n_all = observed(s, found->feature_idx[i], all);
    size_t n = 0;
    size_t best;
    enum lw_status st;

    for (size_t k = 0; k < n_all && n < s->max_states; k++) {
        bool between =
            all[k] > fminf(was, found->to[i]) && all[k] < fmaxf(was, found->to[i]);

        if (!between)
            continue;
        s->states[n] = *found;
        s->states[n++].to[i] = all[k];
    }
    st = judge(s, n, err);
    best = n;
    for (size_t k = 0; st == LW_OK && k < n; k++)
        if (s->states[k].flips && (best == n || fabsf(s->states[k].to[i] - was) <
                                                    fabsf(s->states[best].to[i] - was)))
            best = k;
    if (best < n)
        *found = s->states[best];
    return st;
}

static enum lw_status make_smaller(struct search *s, struct state *found,
                                   struct lw_error *err)
{
    enum lw_status st = drop_needless(s, found, err);

    for (size_t i = 0; st == LW_OK && i < found->n; i++)
        if (s->c->view->features[found->feature_idx[i]].type == LW_FEATURE_NUMBER)
            st = move_back(s, found, i, err);
    /* What was needed before the others moved may not be any more. */
    return st == LW_OK ? drop_needless(s, found, err) : st;
}

static enum lw_status search_begin(struct search *s, struct lw_error *err)
{
    float mean[LW_EXPLAIN_FEATURES_MAX];

    sample_spread(s->normals, mean, s->sd);
    choose_values(s);
    s->max_states = OBSERVED_MAX;
    for (size_t f = 0; f < s->width; f++)
        s->max_states += BEAM * s->n_values[f];
    s->states = mem_zalloc(s->max_states, sizeof *s->states);
    s->rows = mem_zalloc(s->max_states * s->width, sizeof *s->rows);
    s->verdicts = mem_zalloc(s->max_states, sizeof *s->verdicts);
    s->encoded = mem_alloc(BLOCK * encoder_outputs(s->c->encoder) * sizeof(float));
    if (s->states == NULL || s->rows == NULL || s->verdicts == NULL ||
        s->encoded == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the smallest change");
    return LW_OK;
}

static enum lw_status search_run(struct search *s, struct lw_change *out,
                                 struct lw_error *err)
{
    struct lw_verdict now;
    struct state found = {0};
    enum lw_status st = lw_classifier_judge(s->c, s->row, 1, &now, err);

    s->from = now.verdict;
    if (st == LW_OK)
        st = find(s, &found, err);
    if (st == LW_OK && found.n > 0)
        st = make_smaller(s, &found, err);
    s->states[0] = found;
    if (st == LW_OK)
        st = judge(s, 1, err);
    out->n = found.n;
    memcpy(out->feature_idx, found.feature_idx, sizeof out->feature_idx);
    memcpy(out->to, found.to, sizeof out->to);
    out->verdict = s->verdicts[0];
    out->n_tried = s->n_tried;
    return st;
}

enum lw_status lw_classifier_change(const struct lw_classifier *c, const float *row,
                                    const struct lw_matrix *normals,
                                    struct lw_change *out, struct lw_error *err)
{
    struct search *s;
    enum lw_status st;

    if (normals == NULL)
        normals = &c->sample;
    *out = (struct lw_change){0};
    if (normals->n_rows == 0)
        return lw_fail(err, LW_ENOTFOUND, "the model file keeps no normal records");
    s = mem_zalloc(1, sizeof *s);
    if (s == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for the smallest change");
    s->c = c;
    s->row = row;
    s->normals = normals;
    s->width = c->view->n_features;
    st = search_begin(s, err);
    if (st == LW_OK)
        st = search_run(s, out, err);
    mem_free(s->states);
    mem_free(s->rows);
    mem_free(s->verdicts);
    mem_free(s->encoded);
    mem_free(s);
    return st;
}
