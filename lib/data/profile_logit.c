/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logistic regression: how the odds of an attack change with each column while all the
 * others stay as they are.
 *
 * It is here to be read, not to predict (lib/learn has a model for that), so it is the
 * plain maximum of the likelihood, by Newton's steps from 0, with standard errors from
 * the information matrix.  The matrix is inverted by sweeping: a term whose pivot is
 * next to nothing is a sum of terms before it and stays out, as in other programs.
 *
 * Where some terms tell rows apart without a mistake (Albert and Anderson, Biometrika
 * 71, 1984), the likelihood has no maximum: it grows for ever with their coefficients,
 * and what a program prints is where it stopped.  The likelihood settles nevertheless;
 * from there on a few more steps are taken.  Coefficients that have a maximum stand
 * still by then, those that have none move on by the same step again and again, which
 * is how they are told (after Lesaffre and Albert, J. R. Stat. Soc. B 51, 1989).  What
 * is left of the others' figures is that of the rows which are not separated.
 */
#include "base/mem.h"
#include "data/distribution.h"
#include "data/profile_priv.h"

#include <math.h>
#include <string.h>

enum {
    TERMS_MAX = 512,
    ROWS_MIN = 2000,
    STEPS_MAX = 60,
    STEPS_MORE = 3,
    HALVINGS = 12
};

/* Multiplications that a step may take. */
static const double work_max = 1e8;

/* A tail that reaches farther than so many deviations, and beyond this value (a rare
 * yes is no tail), is taken by its logarithm. */
static const double tail_max = 10;

/* Values are floats: a term of which less is its own is a sum of the others. */
static const double own_min = 1e-7;

/* The likelihood has settled when a step gains less of it. */
static const double gain_min = 1e-9;

/* Coefficients that move on by so much of themselves have no maximum. */
static const double move_min = 1e-3;

/* A fit that leaves less of the deviance than this a row separates the classes. */
static const double complete_max = 1e-5;

const char *lw_logit_state_text(enum lw_logit_state s)
{
    static const char *const texts[] = {
#define LOGIT_TEXT(name, text) text,
        LW_LOGIT_LIST(LOGIT_TEXT)
#undef LOGIT_TEXT
    };

    return texts[s];
}

/* Term t of the profile is column t + 1 here; column 0 is the constant. */
struct regression {
    const struct profiling *p;
    struct lw_profile_logit *out;
    size_t n;         /* rows */
    size_t d;         /* columns */
    uint32_t *rows;   /* (n) of the frame, owned */
    float *x;         /* (n, d), owned */
    uint8_t *y;       /* (n) 1: attack; owned */
    double *beta;     /* (d), owned */
    double *step;     /* (d), owned */
    double *gradient; /* (d), owned */
    double *matrix;   /* (d, d) information, then its inverse; owned */
    bool *is_out;     /* (d) not in the fit; owned */
    bool *is_swept;   /* (d) in the step; owned */
    double deviance;
};

static void regression_release(struct regression *r)
{
    mem_free(r->rows);
    mem_free(r->x);
    mem_free(r->y);
    mem_free(r->beta);
    mem_free(r->step);
    mem_free(r->gradient);
    mem_free(r->matrix);
    mem_free(r->is_out);
    mem_free(r->is_swept);
}

/* ---- terms ---- */

static size_t terms_of(const struct lw_profile_feature *f)
{
    if (!f->is_text)
        return 1;
    return (f->n_top > 0 ? f->n_top - 1 : 0) + (f->n_distinct > f->n_top ? 1 : 0);
}

static void name_terms(struct lw_profile *out)
{
    struct lw_profile_logit *l = &out->logit;

    for (size_t i = 0; i < out->n_features; i++) {
        const struct lw_profile_feature *f = &out->features[i];
        size_t n = profile_is_compared(out, i) ? terms_of(f) : 0;

        if (l->n_terms + n > TERMS_MAX) {
            l->n_left_out++;
            continue;
        }
        for (size_t k = 0; k < n; k++)
            l->terms[l->n_terms++] = (struct lw_logit_term){
                .feature = i,
                .word = f->is_text && k + 1 < f->n_top ? f->top[k + 1].word : NULL,
                .deviation = 1,
                .coefficient = (double)NAN,
                .error = (double)NAN,
                .wald = {LW_TEST_OTHER_TYPE, (double)NAN, (double)NAN, (double)NAN,
                         (double)NAN}};
    }
}

/* ---- the matrix ---- */

static double bent(double v)
{
    return copysign(log1p(fabs(v)), v);
}

/* Mean and deviation of a column's finite values; how far the farthest lies. */
struct moments {
    double mean;
    double deviation;
    double reach;    /* deviations */
    double greatest; /* absolute value */
};

static struct moments moments_of(const struct regression *r, size_t column)
{
    struct moments m = {0, 0, 0, 0};
    double n = 0;
    double far = 0;

    for (size_t i = 0; i < r->n; i++) {
        float v = r->x[i * r->d + column];

        if (isfinite(v)) {
            m.mean += (double)v;
            m.greatest = fabs((double)v) > m.greatest ? fabs((double)v) : m.greatest;
            n++;
        }
    }
    m.mean = n > 0 ? m.mean / n : 0;
    for (size_t i = 0; i < r->n; i++) {
        float v = r->x[i * r->d + column];
        double off = isfinite(v) ? (double)v - m.mean : 0;

        m.deviation += off * off;
        far = fabs(off) > far ? fabs(off) : far;
    }
    m.deviation = n > 1 ? sqrt(m.deviation / (n - 1)) : 0;
    m.reach = m.deviation > 0 ? far / m.deviation : 0;
    return m;
}

static void fill_numbers(struct regression *r, size_t column, const float *numbers,
                         struct lw_logit_term *t)
{
    struct moments m;

    for (size_t i = 0; i < r->n; i++)
        r->x[i * r->d + column] = numbers[r->rows[i]];
    m = moments_of(r, column);
    if (m.reach > tail_max && m.greatest > tail_max) {
        t->is_log = true;
        for (size_t i = 0; i < r->n; i++) {
            float *v = &r->x[i * r->d + column];

            *v = isfinite(*v) ? (float)bent((double)*v) : (float)NAN;
        }
        m = moments_of(r, column);
    }
    t->deviation = m.deviation;
    if (!(m.deviation > 0))
        t->state = LW_LOGIT_CONSTANT;
    for (size_t i = 0; i < r->n; i++) {
        float *v = &r->x[i * r->d + column];

        *v = isfinite(*v) && m.deviation > 0
                 ? (float)(((double)*v - m.mean) / m.deviation)
                 : 0;
    }
}

/* One column for each of `n` terms from `column` on. */
static enum lw_status fill_words(struct regression *r, size_t column,
                                 const struct lw_column *c,
                                 const struct lw_profile_feature *f,
                                 struct lw_error *err)
{
    size_t *place = mem_alloc(c->n_words * sizeof *place); /* 0: the usual word */

    if (place == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %u words",
                       (unsigned)c->n_words);
    for (uint32_t w = 0; w < c->n_words; w++) {
        place[w] = f->n_top;
        for (size_t k = 0; k < f->n_top; k++)
            if (strcmp(f->top[k].word, c->dictionary[w]) == 0)
                place[w] = k;
    }
    for (size_t i = 0; i < r->n; i++) {
        size_t k = place[c->codes[r->rows[i]]];

        if (k > 0)
            r->x[i * r->d + column + k - 1] = 1;
    }
    mem_free(place);
    return LW_OK;
}

static enum lw_status fill_matrix(struct regression *r,
                                  const struct lw_profile *profile,
                                  struct lw_error *err)
{
    struct lw_profile_logit *l = r->out;
    enum lw_status st = LW_OK;

    for (size_t i = 0; i < r->n; i++)
        r->x[i * r->d] = 1;
    for (size_t t = 0; st == LW_OK && t < l->n_terms;) {
        const struct lw_profile_feature *f = &profile->features[l->terms[t].feature];
        struct lw_column c;

        lw_frame_column(r->p->frame, f->column, &c);
        if (f->is_text)
            st = fill_words(r, t + 1, &c, f, err);
        else
            fill_numbers(r, t + 1, c.numbers, &l->terms[t]);
        t += terms_of(f);
    }
    return st;
}

/* Labelled rows, evenly spaced. */
static void choose_rows(struct regression *r)
{
    const struct profiling *p = r->p;
    size_t seen = 0;
    size_t k = 0;

    for (size_t i = 0; i < p->n_rows && k < r->n; i++) {
        if (p->side[i] == LW_SIDE_NEITHER)
            continue;
        if ((double)seen++ * (double)r->n < (double)k * (double)p->n)
            continue;
        r->y[k] = p->side[i] == LW_SIDE_POSITIVE;
        r->out->side_rows[r->y[k]]++;
        r->rows[k++] = (uint32_t)i;
    }
    r->n = k;
}

/* ---- the fit ---- */

/* Deviance at beta; with it gradient and information, unless `alone`. */
static double look(struct regression *r, bool alone)
{
    size_t d = r->d;
    double deviance = 0;

    if (!alone) {
        memset(r->gradient, 0, d * sizeof *r->gradient);
        memset(r->matrix, 0, d * d * sizeof *r->matrix);
    }
    for (size_t i = 0; i < r->n; i++) {
        const float *x = r->x + i * d;
        double y = (double)r->y[i];
        double eta = 0;
        double p;

        for (size_t j = 0; j < d; j++)
            eta += r->beta[j] * (double)x[j];
        deviance += 2 * (log1p(exp(-fabs(eta))) + (eta > 0 ? eta : 0) - y * eta);
        if (alone)
            continue;
        p = 1 / (1 + exp(-eta));
        for (size_t j = 0; j < d; j++) {
            double wx = p * (1 - p) * (double)x[j];

            if (r->is_out[j] || x[j] == 0)
                continue;
            r->gradient[j] += (y - p) * (double)x[j];
            for (size_t k = j; k < d; k++)
                r->matrix[j * d + k] += wx * (double)x[k];
        }
    }
    return deviance;
}

/* Invert the information; what has too little of its own is not swept. */
static void invert(struct regression *r, bool first)
{
    double *a = r->matrix;
    size_t d = r->d;

    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < j; k++)
            a[j * d + k] = a[k * d + j];
    for (size_t j = 0; j < d; j++)
        r->step[j] = a[j * d + j];
    for (size_t j = 0; j < d; j++) {
        r->is_swept[j] =
            !r->is_out[j] && r->step[j] > 1e-12 && a[j * d + j] > own_min * r->step[j];
        if (r->is_swept[j])
            profile_sweep(a, d, j);
        else if (first && !r->is_out[j]) {
            r->is_out[j] = true;
            if (j > 0 && r->out->terms[j - 1].state == LW_LOGIT_FITTED)
                r->out->terms[j - 1].state =
                    r->step[j] > 1e-12 ? LW_LOGIT_DETERMINED : LW_LOGIT_CONSTANT;
        }
    }
}

static void find_step(struct regression *r)
{
    size_t d = r->d;

    for (size_t j = 0; j < d; j++) {
        r->step[j] = 0;
        for (size_t k = 0; r->is_swept[j] && k < d; k++)
            if (r->is_swept[k])
                r->step[j] += r->matrix[j * d + k] * r->gradient[k];
    }
}

/* Go the step, or a part of it that does not make things worse. */
static void go(struct regression *r)
{
    double share = 1;
    double before = r->deviance;

    for (size_t j = 0; j < r->d; j++)
        r->beta[j] += r->step[j];
    for (int i = 0; i < HALVINGS; i++) {
        r->deviance = look(r, true);
        if (r->deviance <= before * (1 + 1e-12))
            return;
        share /= 2;
        for (size_t j = 0; j < r->d; j++)
            r->beta[j] -= share * r->step[j];
    }
    r->deviance = look(r, true);
}

/* Terms that the last step still moved. */
static void find_separating(struct regression *r)
{
    struct lw_profile_logit *l = r->out;

    for (size_t j = 1; j < r->d; j++) {
        double move = fabs(r->step[j]);

        if (r->is_out[j] ||
            (r->is_swept[j] && (move <= move_min * fabs(r->beta[j]) || move < 1e-5)))
            continue;
        l->terms[j - 1].state = LW_LOGIT_SEPARATES;
        l->n_separate++;
    }
}

static void fit(struct regression *r)
{
    struct lw_profile_logit *l = r->out;
    double null = 0;
    double total = (double)(l->side_rows[0] + l->side_rows[1]);
    int more = STEPS_MORE;

    for (size_t s = 0; s < 2; s++)
        null -= 2 * (double)l->side_rows[s] * log((double)l->side_rows[s] / total);
    r->deviance = look(r, true);
    for (int i = 0; i < STEPS_MAX && more > 0; i++) {
        double before = r->deviance;

        (void)look(r, false);
        invert(r, i == 0);
        find_step(r);
        go(r);
        if (before - r->deviance <= gain_min * before || r->deviance < complete_max)
            more--;
    }
    l->is_converged = more == 0;
    l->is_complete = r->deviance < complete_max * (double)r->n;
    l->explained = 1 - r->deviance / null;
    find_separating(r);
    (void)look(r, false);
    invert(r, false);
}

/* ---- the figures ---- */

static enum lw_status take_figures(const struct regression *r, struct lw_error *err)
{
    struct lw_profile_logit *l = r->out;
    struct lw_profile_test **tests = mem_zalloc(l->n_terms, sizeof *tests);
    size_t n = 0;

    if (tests == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu terms", l->n_terms);
    l->intercept = r->beta[0];
    for (size_t t = 0; t < l->n_terms; t++) {
        struct lw_logit_term *term = &l->terms[t];
        size_t j = t + 1;

        if (r->is_out[j])
            continue;
        term->coefficient = r->beta[j];
        if (term->state != LW_LOGIT_FITTED || l->is_complete)
            continue;
        term->error = sqrt(r->matrix[j * r->d + j]);
        term->wald.state = LW_TEST_APPLIES;
        term->wald.statistic = term->coefficient / term->error;
        term->wald.p = normal_two_sided(term->wald.statistic);
        tests[n++] = &term->wald;
    }
    profile_correct(tests, n);
    mem_free(tests);
    return LW_OK;
}

static enum lw_status regression_init(struct regression *r, size_t max_rows,
                                      struct lw_error *err)
{
    size_t d = r->d = r->out->n_terms + 1;
    double fit_rows = work_max / ((double)d * (double)d);
    size_t n = (double)max_rows < fit_rows ? max_rows : (size_t)fit_rows;

    n = n < ROWS_MIN ? ROWS_MIN : n;
    r->n = n < r->p->n ? n : r->p->n;
    r->rows = mem_zalloc(r->n, sizeof *r->rows);
    r->x = mem_zalloc(r->n, d * sizeof *r->x);
    r->y = mem_zalloc(r->n, sizeof *r->y);
    r->beta = mem_zalloc(d, sizeof *r->beta);
    r->step = mem_zalloc(d, sizeof *r->step);
    r->gradient = mem_zalloc(d, sizeof *r->gradient);
    r->matrix = mem_zalloc(d * d, sizeof *r->matrix);
    r->is_out = mem_zalloc(d, sizeof *r->is_out);
    r->is_swept = mem_zalloc(d, sizeof *r->is_swept);
    if (r->rows == NULL || r->x == NULL || r->y == NULL || r->beta == NULL ||
        r->step == NULL || r->gradient == NULL || r->matrix == NULL ||
        r->is_out == NULL || r->is_swept == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a regression of %zu terms",
                       d - 1);
    choose_rows(r);
    r->out->n_rows = r->n;
    return LW_OK;
}

enum lw_status profile_logit(const struct profiling *p, struct lw_profile *out,
                             size_t max_rows, struct lw_error *err)
{
    struct lw_profile_logit *l = &out->logit;
    struct regression r = {.p = p, .out = l};
    enum lw_status st = LW_OK;

    l->state = p->side_rows[0] == 0 || p->side_rows[1] == 0 ? LW_TEST_NO_CLASSES
                                                            : LW_TEST_APPLIES;
    if (l->state != LW_TEST_APPLIES)
        return LW_OK;
    l->terms = mem_zalloc(TERMS_MAX, sizeof *l->terms);
    if (l->terms == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a regression");
    name_terms(out);
    st = regression_init(&r, max_rows, err);
    if (st == LW_OK && (l->side_rows[0] < PROFILE_VALUES_MIN ||
                        l->side_rows[1] < PROFILE_VALUES_MIN)) {
        l->state = LW_TEST_TOO_FEW;
        l->n_terms = 0;
    } else if (st == LW_OK) {
        st = fill_matrix(&r, out, err);
        if (st == LW_OK) {
            fit(&r);
            st = take_figures(&r, err);
        }
    }
    regression_release(&r);
    return st;
}
