/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mahalanobis, "On the generalised distance in statistics" (1936), with the
 * within-group covariance of linear discriminant analysis, shrunk towards its diagonal:
 * constant and collinear columns would make it singular.  With the Cholesky factor L of
 * the covariance, the distance is the length of L^-1 (x - mean), so a row is whitened
 * once per group of missing columns and compared with means that are whitened already.
 *
 * Vectors run over the rows of L^-1 and over the groups: each sum is one lane, in the
 * order of the columns, so their width changes nothing.
 *
 * In a file: u32 columns, u32 groups, then f32 means (n_groups, n_cols), f32 inverse
 * factor (n_cols (n_cols + 1) / 2, row after row), f32 standard deviations (n_cols).
 */
#include "learn/mahalanobis.h"

#include "base/mem.h"
#include "base/simd.h"
#include "learn/link.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { COLUMNS_MAX = MAHALANOBIS_COLUMNS_MAX, GROUPS_MAX = 1024, LANES = 8 };

typedef float lanes __attribute__((vector_size(4 * LANES)));

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
    /* Made of these last, in panels of 8 rows, or groups, side by side: */
    float *panels; /* (panels of rows, n_cols, 8) L^-1, owned */
    float *white;  /* (panels of groups, n_cols, 8) L^-1 mean; owned */
};

void mahalanobis_free(struct mahalanobis *m)
{
    if (m == NULL)
        return;
    mem_free(m->mean);
    mem_free(m->inverse);
    mem_free(m->sd);
    mem_free(m->panels);
    mem_free(m->white);
    mem_free(m);
}

static size_t triangle(size_t n)
{
    return n * (n + 1) / 2;
}

/* How many panels `n` things take. */
static size_t panels_of(size_t n)
{
    return (n + LANES - 1) / LANES;
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
    m->panels = mem_zalloc(panels_of(n_cols) * n_cols * LANES, sizeof *m->panels);
    m->white = mem_zalloc(panels_of(n_groups) * n_cols * LANES, sizeof *m->white);
    if (m->mean == NULL || m->inverse == NULL || m->sd == NULL || m->panels == NULL ||
        m->white == NULL) {
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

/* out (panels of n_cols) = L^-1 v. */
SIMD_BODY void whiten(const struct mahalanobis *m, const float *v, float *out)
{
    const float *panel = m->panels;

    for (size_t i = 0; i < m->n_cols; i += LANES, panel += m->n_cols * LANES) {
        size_t n = i + LANES < m->n_cols ? i + LANES : m->n_cols;
        lanes sum = {0};

#pragma GCC unroll 4
        for (size_t j = 0; j < n; j++) {
            lanes l;

            memcpy(&l, panel + j * LANES, sizeof l);
            sum += l * v[j];
        }
        memcpy(out + i, &sum, sizeof sum);
    }
}

/* out (panels of n_groups) = squared distances of z, a row that is whitened. */
SIMD_BODY void square_distances(const struct mahalanobis *m, const float *z, float *out)
{
    const float *panel = m->white;

    for (size_t g = 0; g < m->n_groups; g += LANES, panel += m->n_cols * LANES) {
        lanes sum = {0};

#pragma GCC unroll 4
        for (size_t i = 0; i < m->n_cols; i++) {
            lanes apart;

            memcpy(&apart, panel + i * LANES, sizeof apart);
            apart = z[i] - apart;
            sum += apart * apart;
        }
        memcpy(out + g, &sum, sizeof sum);
    }
}

static void lay_panels(struct mahalanobis *m)
{
    size_t n = m->n_cols;
    float z[COLUMNS_MAX + LANES];

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            m->panels[(i / LANES * n + j) * LANES + i % LANES] =
                m->inverse[triangle(i) + j];
    for (size_t g = 0; g < m->n_groups; g++) {
        whiten(m, m->mean + g * n, z);
        for (size_t i = 0; i < n; i++)
            m->white[(g / LANES * n + i) * LANES + g % LANES] = z[i];
    }
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
    lay_panels(m);
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

/* The squared distances of a row with missing values: they count as the group's mean,
 * so the row is whitened anew for each. */
SIMD_BODY void missing_distances(const struct mahalanobis *m, const float *squashed,
                                 float *out)
{
    float dev[COLUMNS_MAX];
    float z[COLUMNS_MAX + LANES];

    for (size_t g = 0; g < m->n_groups; g++) {
        const float *mean = m->mean + g * m->n_cols;

        for (size_t i = 0; i < m->n_cols; i++)
            dev[i] = isnan(squashed[i]) ? 0.0f : squashed[i] - mean[i];
        whiten(m, dev, z);
        out[g] = 0;
        for (size_t i = 0; i < m->n_cols; i++)
            out[g] += z[i] * z[i];
    }
}

SIMD_BODY void distances_body(const struct mahalanobis *m, const float *squashed,
                              float *out)
{
    float z[COLUMNS_MAX + LANES];
    int missing = 0;

    for (size_t i = 0; i < m->n_cols; i++)
        missing |= isnan(squashed[i]);
    if (missing != 0) {
        missing_distances(m, squashed, out);
        return;
    }
    whiten(m, squashed, z);
    square_distances(m, z, out);
}

static void distances_plain(const struct mahalanobis *m, const float *squashed,
                            float *out)
{
    distances_body(m, squashed, out);
}

SIMD_AVX2 static void distances_avx2(const struct mahalanobis *m, const float *squashed,
                                     float *out)
{
    distances_body(m, squashed, out);
}

/* The squared distance of a row to each group. */
struct distances {
    float of[GROUPS_MAX + LANES];
};

static void measure(const struct mahalanobis *m, const float *squashed,
                    struct distances *d)
{
    (simd_has_avx2() ? distances_avx2 : distances_plain)(m, squashed, d->of);
}

uint32_t mahalanobis_groups(const struct mahalanobis *m)
{
    return m->n_groups;
}

/* Roots keep the order, so they are taken of what is left. */
static float nearest(const struct mahalanobis *m, const struct distances *d)
{
    float best = INFINITY;

    for (uint32_t g = 0; g < m->n_groups; g++)
        best = d->of[g] < best ? d->of[g] : best;
    return sqrtf(best);
}

float mahalanobis_by_class(const struct mahalanobis *m, const float *squashed,
                           const uint8_t *class_of, uint32_t n_classes, float *out)
{
    struct distances d;

    measure(m, squashed, &d);
    for (uint32_t k = 0; k < n_classes; k++)
        out[k] = INFINITY;
    for (uint32_t g = 0; g < m->n_groups; g++)
        if (class_of[g] < n_classes && d.of[g] < out[class_of[g]])
            out[class_of[g]] = d.of[g];
    for (uint32_t k = 0; k < n_classes; k++)
        out[k] = fminf(sqrtf(out[k]), FLT_MAX);
    return nearest(m, &d);
}

float mahalanobis_distance(const struct mahalanobis *m, const float *squashed,
                           uint32_t *group)
{
    struct distances d;
    float best;

    measure(m, squashed, &d);
    best = nearest(m, &d);
    for (uint32_t g = 0; group != NULL && g < m->n_groups; g++)
        if (sqrtf(d.of[g]) <= best) {
            *group = g;
            break;
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
    lay_panels(m);
    *out = m;
    return LW_OK;
}
