/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mahalanobis, "On the generalised distance in statistics" (1936), with the
 * within-group covariance of linear discriminant analysis, shrunk towards its diagonal:
 * constant and collinear columns would make it singular.  With the Cholesky factor L of
 * the covariance, the distance is the length of L^-1 (x - mean), so a row is whitened
 * once per group of missing columns and compared with means that are whitened already.
 *
 * In a file: u32 columns, u32 groups, then f32 means (n_groups, n_cols), f32 inverse
 * factor (n_cols (n_cols + 1) / 2, row after row), f32 standard deviations (n_cols).
 */
#include "learn/mahalanobis.h"

#include "base/mem.h"
#include "learn/link.h"

#include <float.h>
#include <math.h>

enum { COLUMNS_MAX = 128, GROUPS_MAX = 1024 };

/* Share of the diagonal in the covariance, and the least variance of a column (in
 * squared log units): both only keep the matrix well away from singular. */
#define SHRINK       0.1
#define LEAST_SPREAD 1e-4

struct mahalanobis {
    uint32_t n_cols;
    uint32_t n_groups;
    float *mean;    /* (n_groups, n_cols), owned */
    float *inverse; /* lower triangle of L^-1, row after row; owned */
    float *sd;      /* (n_cols), owned */
    float *white;   /* (n_groups, n_cols) L^-1 mean, made last; owned */
};

void mahalanobis_free(struct mahalanobis *m)
{
    if (m == NULL)
        return;
    mem_free(m->mean);
    mem_free(m->inverse);
    mem_free(m->sd);
    mem_free(m->white);
    mem_free(m);
}

static size_t triangle(size_t n)
{
    return n * (n + 1) / 2;
}

static struct mahalanobis *alloc(uint32_t n_cols, uint32_t n_groups)
{
    struct mahalanobis *m = mem_zalloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    m->n_cols = n_cols;
    m->n_groups = n_groups;
    m->mean = mem_zalloc((size_t)n_cols * n_groups, sizeof *m->mean);
    m->inverse = mem_zalloc(triangle(n_cols), sizeof *m->inverse);
    m->sd = mem_zalloc(n_cols, sizeof *m->sd);
    m->white = mem_zalloc((size_t)n_cols * n_groups, sizeof *m->white);
    if (m->mean == NULL || m->inverse == NULL || m->sd == NULL || m->white == NULL) {
        mahalanobis_free(m);
        return NULL;
    }
    return m;
}

/* A group without rows is no place that anything is near to: it takes the mean of the
 * first row's group, and so is never nearer than that. */
static void replace_empty(struct mahalanobis *m, const struct lw_matrix *x,
                          const uint32_t *groups)
{
    uint8_t has_rows[GROUPS_MAX] = {0};

    for (size_t r = 0; r < x->n_rows; r++)
        has_rows[groups[r]] = 1;
    for (uint32_t g = 0; g < m->n_groups; g++)
        if (!has_rows[g])
            memcpy(m->mean + (size_t)g * m->n_cols,
                   m->mean + (size_t)groups[0] * m->n_cols,
                   m->n_cols * sizeof *m->mean);
}

static enum lw_status fit_means(struct mahalanobis *m, const struct lw_matrix *x,
                                const uint32_t *groups, struct lw_error *err)
{
    size_t n = (size_t)m->n_cols * m->n_groups;
    double *sum = mem_zalloc(n, sizeof *sum);
    double *count = mem_zalloc(n, sizeof *count);

    if (sum == NULL || count == NULL) {
        mem_free(sum);
        mem_free(count);
        return lw_fail(err, LW_ENOMEM, "out of memory for group means");
    }
    for (size_t r = 0; r < x->n_rows; r++) {
        for (size_t c = 0; c < m->n_cols; c++) {
            float v = x->x[r * m->n_cols + c];

            if (isnan(v))
                continue;
            sum[groups[r] * (size_t)m->n_cols + c] += (double)link_squash(v);
            count[groups[r] * (size_t)m->n_cols + c] += 1;
        }
    }
    for (size_t i = 0; i < n; i++)
        m->mean[i] = count[i] > 0 ? (float)(sum[i] / count[i]) : 0.0f;
    replace_empty(m, x, groups);
    mem_free(sum);
    mem_free(count);
    return LW_OK;
}

/* cov (n, n): every group weighs the same, so that the largest does not set the scale
 * for all. */
static void fit_covariance(const struct mahalanobis *m, const struct lw_matrix *x,
                           const uint32_t *groups, const double *weight, double *cov)
{
    size_t n = m->n_cols;
    double dev[COLUMNS_MAX];

    for (size_t r = 0; r < x->n_rows; r++) {
        for (size_t c = 0; c < n; c++) {
            float v = x->x[r * n + c];

            dev[c] =
                isnan(v) ? 0.0 : (double)(link_squash(v) - m->mean[groups[r] * n + c]);
        }
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++)
                cov[i * n + j] += weight[groups[r]] * dev[i] * dev[j];
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            cov[i * n + j] *= 1 - SHRINK;
        cov[i * n + i] += LEAST_SPREAD;
    }
}

/* cov becomes its Cholesky factor L, lower triangle. */
static void factor(double *cov, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double s = cov[i * n + j];

            for (size_t k = 0; k < j; k++)
                s -= cov[i * n + k] * cov[j * n + k];
            cov[i * n + j] =
                i == j ? sqrt(s > LEAST_SPREAD ? s : LEAST_SPREAD) : s / cov[j * n + j];
        }
    }
}

/* Forward substitution, column by column of the unit matrix. */
static void invert(struct mahalanobis *m, const double *l)
{
    size_t n = m->n_cols;
    double col[COLUMNS_MAX];

    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) {
            double s = i == j ? 1.0 : 0.0;

            for (size_t k = j; k < i; k++)
                s -= l[i * n + k] * col[k];
            col[i] = s / l[i * n + i];
            m->inverse[triangle(i) + j] = (float)col[i];
        }
    }
}

/* out (n_cols) = L^-1 v. */
static void whiten(const struct mahalanobis *m, const float *v, float *out)
{
    const float *l = m->inverse;

    for (size_t i = 0; i < m->n_cols; i++) {
        out[i] = 0;
        for (size_t j = 0; j <= i; j++)
            out[i] += *l++ * v[j];
    }
}

static void whiten_means(struct mahalanobis *m)
{
    for (size_t g = 0; g < m->n_groups; g++)
        whiten(m, m->mean + g * m->n_cols, m->white + g * m->n_cols);
}

enum lw_status mahalanobis_fit(struct mahalanobis **out, const struct lw_matrix *x,
                               const uint32_t *groups, uint32_t n_groups,
                               struct lw_error *err)
{
    struct mahalanobis *m = NULL;
    double *cov = NULL;
    double *weight = NULL; /* (n_groups) of each row of a group */
    enum lw_status st;

    if (x->n_rows == 0 || x->n_cols == 0 || x->n_cols > COLUMNS_MAX || n_groups == 0 ||
        n_groups > GROUPS_MAX)
        return lw_fail(err, LW_EINVAL, "no distance over %zu columns and %u groups",
                       x->n_cols, n_groups);
    m = alloc((uint32_t)x->n_cols, n_groups);
    cov = mem_zalloc(x->n_cols * x->n_cols, sizeof *cov);
    weight = mem_zalloc(n_groups, sizeof *weight);
    if (m == NULL || cov == NULL || weight == NULL) {
        st = lw_fail(err, LW_ENOMEM, "out of memory for a covariance");
        goto out;
    }
    st = fit_means(m, x, groups, err);
    if (st != LW_OK)
        goto out;
    for (size_t r = 0; r < x->n_rows; r++)
        weight[groups[r]] += 1;
    for (uint32_t g = 0; g < n_groups; g++)
        weight[g] = weight[g] > 0 ? 1 / (weight[g] * n_groups) : 0;
    fit_covariance(m, x, groups, weight, cov);
    for (size_t c = 0; c < x->n_cols; c++)
        m->sd[c] = (float)sqrt(cov[c * x->n_cols + c]);
    factor(cov, x->n_cols);
    invert(m, cov);
    whiten_means(m);
    *out = m;
    m = NULL;
out:
    mahalanobis_free(m);
    mem_free(cov);
    mem_free(weight);
    return st;
}

size_t mahalanobis_columns(const struct mahalanobis *m)
{
    return m->n_cols;
}

/* The distance of a row with missing values to a group: they count as the group's mean,
 * so the row is whitened anew for each. */
static float distance_missing(const struct mahalanobis *m, const float *squashed,
                              uint32_t group)
{
    const float *mean = m->mean + (size_t)group * m->n_cols;
    float dev[COLUMNS_MAX];
    float z[COLUMNS_MAX];
    float sum = 0;

    for (size_t i = 0; i < m->n_cols; i++)
        dev[i] = isnan(squashed[i]) ? 0.0f : squashed[i] - mean[i];
    whiten(m, dev, z);
    for (size_t i = 0; i < m->n_cols; i++)
        sum += z[i] * z[i];
    return sqrtf(sum);
}

static float distance_white(const struct mahalanobis *m, const float *z, uint32_t group)
{
    const float *white = m->white + (size_t)group * m->n_cols;
    float sum = 0;

    for (size_t i = 0; i < m->n_cols; i++)
        sum += (z[i] - white[i]) * (z[i] - white[i]);
    return sqrtf(sum);
}

/* A row on the scale of the groups. */
struct place {
    float squashed[COLUMNS_MAX];
    float z[COLUMNS_MAX]; /* unless something is missing */
    bool missing;
};

static void find_place(const struct mahalanobis *m, const float *row, struct place *p)
{
    p->missing = false;
    for (size_t i = 0; i < m->n_cols; i++) {
        p->squashed[i] = link_squash(row[i]);
        p->missing = p->missing || isnan(p->squashed[i]);
    }
    if (!p->missing)
        whiten(m, p->squashed, p->z);
}

static float distance_to(const struct mahalanobis *m, const struct place *p,
                         uint32_t group)
{
    return p->missing ? distance_missing(m, p->squashed, group)
                      : distance_white(m, p->z, group);
}

uint32_t mahalanobis_groups(const struct mahalanobis *m)
{
    return m->n_groups;
}

void mahalanobis_by_class(const struct mahalanobis *m, const float *row,
                          const uint8_t *class_of, uint32_t n_classes, float *out)
{
    struct place p;

    find_place(m, row, &p);
    for (uint32_t k = 0; k < n_classes; k++)
        out[k] = FLT_MAX;
    for (uint32_t g = 0; g < m->n_groups; g++)
        if (class_of[g] < n_classes)
            out[class_of[g]] = fminf(out[class_of[g]], distance_to(m, &p, g));
}

float mahalanobis_distance(const struct mahalanobis *m, const float *row,
                           uint32_t *group)
{
    struct place p;
    float best = INFINITY;

    find_place(m, row, &p);
    for (uint32_t g = 0; g < m->n_groups; g++) {
        float d = distance_to(m, &p, g);

        if (d < best) {
            best = d;
            if (group != NULL)
                *group = g;
        }
    }
    return best;
}

float mahalanobis_deviation(const struct mahalanobis *m, const float *row,
                            size_t column, uint32_t group)
{
    if (isnan(row[column]))
        return 0.0f;
    return (link_squash(row[column]) - m->mean[(size_t)group * m->n_cols + column]) /
           m->sd[column];
}

static void save_floats(struct buf *out, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_f32(out, v[i]);
}

void mahalanobis_save(const struct mahalanobis *m, struct buf *out)
{
    buf_add_le32(out, m->n_cols);
    buf_add_le32(out, m->n_groups);
    save_floats(out, m->mean, (size_t)m->n_cols * m->n_groups);
    save_floats(out, m->inverse, triangle(m->n_cols));
    save_floats(out, m->sd, m->n_cols);
}

static bool load_floats(struct span *in, float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!span_take_f32(in, &v[i]) || !isfinite(v[i]))
            return false;
    return true;
}

enum lw_status mahalanobis_load(struct mahalanobis **out, struct span *in,
                                struct lw_error *err)
{
    struct mahalanobis *m;
    uint32_t n_cols;
    uint32_t n_groups;

    if (!span_take_le32(in, &n_cols) || !span_take_le32(in, &n_groups) || n_cols == 0 ||
        n_cols > COLUMNS_MAX || n_groups == 0 || n_groups > GROUPS_MAX)
        return lw_fail(err, LW_EFORMAT, "the distance from what is known is damaged");
    m = alloc(n_cols, n_groups);
    if (m == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for a covariance");
    if (!load_floats(in, m->mean, (size_t)n_cols * n_groups) ||
        !load_floats(in, m->inverse, triangle(n_cols)) ||
        !load_floats(in, m->sd, n_cols)) {
        mahalanobis_free(m);
        return lw_fail(err, LW_EFORMAT, "the distance from what is known is damaged");
    }
    whiten_means(m);
    *out = m;
    return LW_OK;
}
