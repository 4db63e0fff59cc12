/* SPDX-License-Identifier: Apache-2.0 */
#include "learn/kernel.h"

#include "base/mem.h"
#include "learn/link.h"
#include "learn/prep.h"
#include "learn/store.h"

#include <math.h>
#include <string.h>

/* Bounds of what a file may hold. */
#define NUMBER_MAX 1e30

enum { DEGREE_MAX = 10 };

void kernel_release(struct kernel_machine *m)
{
    mem_free(m->vector);
    mem_free(m->weight);
    mem_free(m->rho);
    mem_free(m->slope);
    mem_free(m->offset);
    memset(m, 0, sizeof *m);
}

enum lw_status kernel_alloc(struct kernel_machine *m, struct lw_error *err)
{
    size_t n = m->n_vectors;
    size_t n_pairs = kernel_pairs(m);

    m->vector = mem_zalloc(n * m->n_cols, sizeof *m->vector);
    m->weight = mem_zalloc(n * kernel_weights(m), sizeof *m->weight);
    m->rho = mem_zalloc(n_pairs, sizeof *m->rho);
    m->slope = mem_zalloc(n_pairs, sizeof *m->slope);
    m->offset = mem_zalloc(n_pairs, sizeof *m->offset);
    if (m->vector == NULL || m->weight == NULL || m->rho == NULL || m->slope == NULL ||
        m->offset == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory for %zu support vectors", n);
    return LW_OK;
}

/* ---- use ---- */

static double squared_distance(const float *a, const float *b, uint32_t n)
{
    double sum = 0;

    for (uint32_t c = 0; c < n; c++) {
        double d = (double)a[c] - (double)b[c];

        sum += d * d;
    }
    return sum;
}

static double product(const float *a, const float *b, uint32_t n)
{
    double sum = 0;

    for (uint32_t c = 0; c < n; c++)
        sum += (double)a[c] * (double)b[c];
    return sum;
}

static double kernel(const struct kernel_machine *m, const float *a, const float *b)
{
    double base;
    double out = 1;

    if (m->kind == KERNEL_RBF) {
        double e = m->gamma * squared_distance(a, b, m->n_cols);

        return e < 200 ? (double)link_exp((float)-e) : 0;
    }
    base = product(a, b, m->n_cols);
    if (m->kind == KERNEL_LINEAR)
        return base;
    base = m->gamma * base + m->coef0;
    base = fmax(fmin(base, 1e15), -1e15);
    for (uint32_t i = 0; i < m->degree; i++)
        out *= base;
    return out;
}

/* Number of the pair i < j. */
static uint32_t pair_of(uint32_t n, uint32_t i, uint32_t j)
{
    return i * (2 * n - i - 1) / 2 + (j - i - 1);
}

/* A vector of class i speaks in every decision of its class. */
static void add_vector(const struct kernel_machine *m, uint32_t i, uint32_t v,
                       double likeness, double *out)
{
    size_t n = m->n_vectors;

    for (uint32_t j = 0; j < i; j++)
        out[pair_of(m->n_present, j, i)] += m->weight[j * n + v] * likeness;
    for (uint32_t j = i + 1; j < m->n_present; j++)
        out[pair_of(m->n_present, i, j)] += m->weight[(j - 1) * n + v] * likeness;
}

void kernel_decide(const struct kernel_machine *m, const float *row, double *out)
{
    uint32_t v = 0;

    for (uint32_t p = 0; p < kernel_pairs(m); p++)
        out[p] = -m->rho[p];
    for (uint32_t i = 0; i < m->n_present; i++)
        for (uint32_t k = 0; k < m->n_of[i]; k++, v++) {
            double likeness = kernel(m, row, m->vector + (size_t)v * m->n_cols);

            if (m->n_present < 2)
                out[0] += m->weight[v] * likeness;
            else
                add_vector(m, i, v, likeness, out);
        }
}

/* P(i) where it is i or j. */
static double pair_probability(const struct kernel_machine *m, uint32_t pair,
                               double decision)
{
    double z = m->slope[pair] * decision + m->offset[pair];
    double p = (double)link_logistic((float)fmax(fmin(-z, 80), -80));

    return fmax(fmin(p, 1 - 1e-7), 1e-7); /* as in libsvm */
}

void kernel_couple(const struct kernel_machine *m, const double *decision, double *out)
{
    uint32_t k = m->n_present;
    double r[KERNEL_CLASSES_MAX][KERNEL_CLASSES_MAX] = {{0}};
    double q[KERNEL_CLASSES_MAX][KERNEL_CLASSES_MAX] = {{0}};
    double qp[KERNEL_CLASSES_MAX];
    uint32_t pair = 0;

    for (uint32_t i = 0; i < k; i++)
        for (uint32_t j = i + 1; j < k; j++, pair++) {
            r[i][j] = pair_probability(m, pair, decision[pair]);
            r[j][i] = 1 - r[i][j];
        }
    for (uint32_t t = 0; t < k; t++) {
        out[t] = 1.0 / k;
        for (uint32_t j = 0; j < k; j++)
            if (j != t) {
                q[t][t] += r[j][t] * r[j][t];
                q[t][j] = -r[j][t] * r[t][j];
            }
    }
    for (uint32_t round = 0; round < (k > 100 ? k : 100); round++) {
        double pqp = 0;
        double worst = 0;

        for (uint32_t t = 0; t < k; t++) {
            qp[t] = 0;
            for (uint32_t j = 0; j < k; j++)
                qp[t] += q[t][j] * out[j];
            pqp += out[t] * qp[t];
        }
        for (uint32_t t = 0; t < k; t++)
            worst = fmax(worst, fabs(qp[t] - pqp));
        if (worst < 0.005 / k)
            return;
        for (uint32_t t = 0; t < k; t++) {
            double diff = (pqp - qp[t]) / q[t][t];

            out[t] += diff;
            pqp = (pqp + diff * (diff * q[t][t] + 2 * qp[t])) / (1 + diff) / (1 + diff);
            for (uint32_t j = 0; j < k; j++) {
                qp[j] = (qp[j] + diff * q[t][j]) / (1 + diff);
                out[j] /= 1 + diff;
            }
        }
    }
}

/* ---- storage ---- */

void kernel_save(const struct kernel_machine *m, struct buf *out)
{
    buf_add_u8(out, (uint8_t)m->kind);
    buf_add_f64(out, m->gamma);
    buf_add_f64(out, m->coef0);
    buf_add_le32(out, m->degree);
    buf_add_le32(out, m->n_present);
    buf_add_le32(out, m->n_vectors);
    for (uint32_t i = 0; i < m->n_present; i++) {
        buf_add_le32(out, m->label[i]);
        buf_add_le32(out, m->n_of[i]);
    }
    store_doubles(out, m->rho, kernel_pairs(m));
    store_doubles(out, m->slope, kernel_pairs(m));
    store_doubles(out, m->offset, kernel_pairs(m));
    store_doubles(out, m->weight, (size_t)kernel_weights(m) * m->n_vectors);
    store_floats(out, m->vector, (size_t)m->n_vectors * m->n_cols);
}

static bool take_head(struct kernel_machine *m, struct span *s, uint32_t n_classes)
{
    uint64_t n_vectors = 0;
    uint8_t kind;

    if (!span_take_u8(s, &kind) || kind > KERNEL_LINEAR ||
        !store_take_doubles(s, &m->gamma, 1, NUMBER_MAX) || m->gamma < 0 ||
        !store_take_doubles(s, &m->coef0, 1, NUMBER_MAX) ||
        !span_take_le32(s, &m->degree) || m->degree > DEGREE_MAX ||
        !span_take_le32(s, &m->n_present) || m->n_present < 1 ||
        m->n_present > KERNEL_CLASSES_MAX || !span_take_le32(s, &m->n_vectors))
        return false;
    m->kind = (enum kernel_kind)kind;
    if (n_classes == 0 ? m->n_present != 1
                       : m->n_present < 2 || m->n_present > n_classes)
        return false;
    for (uint32_t i = 0; i < m->n_present; i++) {
        if (!span_take_le32(s, &m->label[i]) || !span_take_le32(s, &m->n_of[i]) ||
            (n_classes > 0 && m->label[i] >= n_classes))
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (m->label[j] == m->label[i])
                return false;
        n_vectors += m->n_of[i];
    }
    return n_vectors == m->n_vectors;
}

static bool take_numbers(struct kernel_machine *m, struct span *s)
{
    uint32_t n_pairs = kernel_pairs(m);

    return store_take_doubles(s, m->rho, n_pairs, NUMBER_MAX) &&
           store_take_doubles(s, m->slope, n_pairs, NUMBER_MAX) &&
           store_take_doubles(s, m->offset, n_pairs, NUMBER_MAX) &&
           store_take_doubles(s, m->weight, (size_t)kernel_weights(m) * m->n_vectors,
                              NUMBER_MAX) &&
           store_take_floats(s, m->vector, (size_t)m->n_vectors * m->n_cols,
                             PREP_VALUE_MAX);
}

enum lw_status kernel_load(struct kernel_machine *m, struct span *s, uint32_t n_cols,
                           uint32_t n_classes, struct lw_error *err)
{
    enum lw_status st;

    memset(m, 0, sizeof *m);
    m->n_cols = n_cols;
    if (!take_head(m, s, n_classes))
        return lw_fail(err, LW_EFORMAT, "support vectors: the header is damaged");
    if (s->n != 24 * (uint64_t)kernel_pairs(m) +
                    (uint64_t)m->n_vectors *
                        (8 * (uint64_t)kernel_weights(m) + 4 * (uint64_t)n_cols))
        return lw_fail(err, LW_EFORMAT, "support vectors: %zu bytes for %u", s->n,
                       m->n_vectors);
    st = kernel_alloc(m, err);
    if (st == LW_OK && !take_numbers(m, s))
        st = lw_fail(err, LW_EFORMAT, "support vectors: a number is out of range");
    if (st != LW_OK)
        kernel_release(m);
    return st;
}
