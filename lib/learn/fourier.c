/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 16 sequences go side by side through the transform, so that all of it is plain loops
 * over 16 floats, which compilers make vectors of without changing a bit; neither the
 * order of sums nor the factors depend on the machine, which a library's would.
 * Forward goes by decimation in frequency, back by decimation in time (Cooley and
 * Tukey, 1965; Gentleman and Sande, 1966), so nothing is put in order in between.
 * Stages go two at a time, for what is moved to and fro is then half as much.
 */
#include "learn/fourier.h"

#include "base/mem.h"
#include "base/simd.h"

#include <math.h>

/* e^(-2 pi i k / n) by half angles and products: square roots are the same everywhere,
 * sines are not. */
static void make_waves(float *t, size_t n)
{
    size_t third = n % 3 == 0 ? n / 3 : n / 2;
    double base[2] = {n % 3 == 0 ? -0.5 : -1, n % 3 == 0 ? sqrt(0.75) : 0};

    for (size_t k = 0; k < n; k++) {
        double c = base[0];
        double s = base[1];
        double re = 1;
        double im = 0;

        for (size_t turn = 0; turn < k / third; turn++) {
            double r = re * c + im * s;

            im = im * c - re * s;
            re = r;
        }
        for (size_t bit = third / 2; bit > 0; bit /= 2) {
            double half = c <= -1 ? 0 : sqrt((1 + c) / 2);

            s = half > 0 ? s / (2 * half) : 1;
            c = half;
            if ((k % third) & bit) {
                double r = re * c + im * s;

                im = im * c - re * s;
                re = r;
            }
        }
        t[2 * k] = (float)re;
        t[2 * k + 1] = (float)im;
    }
}

/* Where the transform puts frequency k: by the remainder of 3 if n has a factor 3, then
 * by the bits from the last to the first. */
static void make_places(size_t *place, size_t n)
{
    size_t thirds = n % 3 == 0 ? 3 : 1;
    size_t whole = n / thirds;

    for (size_t k = 0; k < n; k++) {
        size_t at = 0;

        for (size_t bit = 1, value = whole / 2; bit < whole; bit *= 2, value /= 2)
            at += (k / thirds) & bit ? value : 0;
        place[k] = (k % thirds) * whole + at;
    }
}

bool fourier_init(struct fourier *f, size_t n)
{
    *f = (struct fourier){.n = n};
    f->wave = mem_zalloc(2 * n, sizeof *f->wave);
    f->place = mem_zalloc(n, sizeof *f->place);
    if (f->wave == NULL || f->place == NULL) {
        fourier_release(f);
        return false;
    }
    for (size_t two = n % 3 == 0 ? n / 3 : n; two > 1; two /= 2)
        f->is_odd = !f->is_odd;
    make_waves(f->wave, n);
    make_places(f->place, n);
    return true;
}

void fourier_release(struct fourier *f)
{
    mem_free(f->wave);
    mem_free(f->place);
    *f = (struct fourier){0};
}

struct turn {
    float c;
    float s;
};

static struct turn turn_of(const struct fourier *f, size_t k)
{
    return (struct turn){f->wave[2 * k], f->wave[2 * k + 1]};
}

#define FORCE_INLINE static inline __attribute__((always_inline))

/* Sum and difference of neighbouring rows, forth and back: the stage that is left where
 * the power of two is an odd one.  Through variables of its own: that two rows which
 * follow each other are different ones the compiler does not see. */
FORCE_INLINE void add_pairs(struct fourier_strip *v, size_t n)
{
    for (size_t r = 0; r < n; r += 2) {
        struct fourier_strip sum;
        struct fourier_strip dif;

        for (int i = 0; i < FOURIER_SIDE; i++) {
            sum.re[i] = v[r].re[i] + v[r + 1].re[i];
            sum.im[i] = v[r].im[i] + v[r + 1].im[i];
            dif.re[i] = v[r].re[i] - v[r + 1].re[i];
            dif.im[i] = v[r].im[i] - v[r + 1].im[i];
        }
        v[r] = sum;
        v[r + 1] = dif;
    }
}

/* Two stages of splitting at once: four rows a quarter of `len` apart. */
FORCE_INLINE void split_twice(struct fourier_strip *restrict v, size_t quarter,
                              struct turn w, struct turn w2)
{
    struct fourier_strip *restrict a = v;
    struct fourier_strip *restrict b = v + quarter;
    struct fourier_strip *restrict c = v + 2 * quarter;
    struct fourier_strip *restrict d = v + 3 * quarter;

    for (int i = 0; i < FOURIER_SIDE; i++) {
        float sum_re = a->re[i] + c->re[i];
        float sum_im = a->im[i] + c->im[i];
        float dif_re = a->re[i] - c->re[i];
        float dif_im = a->im[i] - c->im[i];
        float sum2_re = b->re[i] + d->re[i];
        float sum2_im = b->im[i] + d->im[i];
        /* times -i */
        float dif2_re = b->im[i] - d->im[i];
        float dif2_im = d->re[i] - b->re[i];
        float p_re = (dif_re + dif2_re) * w.c - (dif_im + dif2_im) * w.s;
        float p_im = (dif_re + dif2_re) * w.s + (dif_im + dif2_im) * w.c;
        float m_re = (dif_re - dif2_re) * w.c - (dif_im - dif2_im) * w.s;
        float m_im = (dif_re - dif2_re) * w.s + (dif_im - dif2_im) * w.c;

        a->re[i] = sum_re + sum2_re;
        a->im[i] = sum_im + sum2_im;
        b->re[i] = (sum_re - sum2_re) * w2.c - (sum_im - sum2_im) * w2.s;
        b->im[i] = (sum_re - sum2_re) * w2.s + (sum_im - sum2_im) * w2.c;
        c->re[i] = p_re;
        c->im[i] = p_im;
        d->re[i] = m_re * w2.c - m_im * w2.s;
        d->im[i] = m_re * w2.s + m_im * w2.c;
    }
}

FORCE_INLINE void join_twice(struct fourier_strip *restrict v, size_t quarter,
                             struct turn w, struct turn w2)
{
    struct fourier_strip *restrict a = v;
    struct fourier_strip *restrict b = v + quarter;
    struct fourier_strip *restrict c = v + 2 * quarter;
    struct fourier_strip *restrict d = v + 3 * quarter;

    for (int i = 0; i < FOURIER_SIDE; i++) {
        float b_re = b->re[i] * w2.c + b->im[i] * w2.s;
        float b_im = b->im[i] * w2.c - b->re[i] * w2.s;
        float d_re = d->re[i] * w2.c + d->im[i] * w2.s;
        float d_im = d->im[i] * w2.c - d->re[i] * w2.s;
        float sum_re = a->re[i] + b_re;
        float sum_im = a->im[i] + b_im;
        float dif_re = a->re[i] - b_re;
        float dif_im = a->im[i] - b_im;
        float p_re = c->re[i] + d_re;
        float p_im = c->im[i] + d_im;
        float m_re = c->re[i] - d_re;
        float m_im = c->im[i] - d_im;
        float far_re = p_re * w.c + p_im * w.s;
        float far_im = p_im * w.c - p_re * w.s;
        /* times i */
        float far2_re = -(m_im * w.c - m_re * w.s);
        float far2_im = m_re * w.c + m_im * w.s;

        a->re[i] = sum_re + far_re;
        a->im[i] = sum_im + far_im;
        c->re[i] = sum_re - far_re;
        c->im[i] = sum_im - far_im;
        b->re[i] = dif_re + far2_re;
        b->im[i] = dif_im + far2_im;
        d->re[i] = dif_re - far2_re;
        d->im[i] = dif_im - far2_im;
    }
}

/* Three rows a third of n apart become those whose frequencies are 0, 1 and 2 modulo
 * 3. */
FORCE_INLINE void split_thirds(struct fourier_strip *restrict v, size_t third,
                               struct turn w, struct turn w2)
{
    const float root = 0.866025403784f;
    struct fourier_strip *restrict b = v + third;
    struct fourier_strip *restrict c = v + 2 * third;

    for (int i = 0; i < FOURIER_SIDE; i++) {
        float sum_re = b->re[i] + c->re[i];
        float sum_im = b->im[i] + c->im[i];
        float mid_re = v->re[i] - 0.5f * sum_re;
        float mid_im = v->im[i] - 0.5f * sum_im;
        float off_re = root * (b->im[i] - c->im[i]);
        float off_im = root * (c->re[i] - b->re[i]);

        v->re[i] += sum_re;
        v->im[i] += sum_im;
        b->re[i] = (mid_re + off_re) * w.c - (mid_im + off_im) * w.s;
        b->im[i] = (mid_re + off_re) * w.s + (mid_im + off_im) * w.c;
        c->re[i] = (mid_re - off_re) * w2.c - (mid_im - off_im) * w2.s;
        c->im[i] = (mid_re - off_re) * w2.s + (mid_im - off_im) * w2.c;
    }
}

FORCE_INLINE void join_thirds(struct fourier_strip *restrict v, size_t third,
                              struct turn w, struct turn w2)
{
    const float root = 0.866025403784f;
    struct fourier_strip *restrict b = v + third;
    struct fourier_strip *restrict c = v + 2 * third;

    for (int i = 0; i < FOURIER_SIDE; i++) {
        float b_re = b->re[i] * w.c + b->im[i] * w.s;
        float b_im = b->im[i] * w.c - b->re[i] * w.s;
        float c_re = c->re[i] * w2.c + c->im[i] * w2.s;
        float c_im = c->im[i] * w2.c - c->re[i] * w2.s;
        float mid_re = v->re[i] - 0.5f * (b_re + c_re);
        float mid_im = v->im[i] - 0.5f * (b_im + c_im);
        float off_re = root * (c_im - b_im);
        float off_im = root * (b_re - c_re);

        v->re[i] += b_re + c_re;
        v->im[i] += b_im + c_im;
        b->re[i] = mid_re + off_re;
        b->im[i] = mid_im + off_im;
        c->re[i] = mid_re - off_re;
        c->im[i] = mid_im - off_im;
    }
}

/* Rows of a part that stays in the first-level cache from stage to stage: 16 KB. */
enum { PART = 128 };

/* One stage: every `len` rows of v (n) by themselves. */
FORCE_INLINE void split_stage(const struct fourier *f, struct fourier_strip *v,
                              size_t n, size_t len)
{
    for (size_t from = 0; from < n; from += len)
        for (size_t j = 0; j < len / 4; j++)
            split_twice(v + from + j, len / 4, turn_of(f, j * (f->n / len)),
                        turn_of(f, 2 * j * (f->n / len)));
}

FORCE_INLINE void join_stage(const struct fourier *f, struct fourier_strip *v, size_t n,
                             size_t len)
{
    for (size_t from = 0; from < n; from += len)
        for (size_t j = 0; j < len / 4; j++)
            join_twice(v + from + j, len / 4, turn_of(f, j * (f->n / len)),
                       turn_of(f, 2 * j * (f->n / len)));
}

FORCE_INLINE void forward_loop(const struct fourier *f, struct fourier_strip *v)
{
    size_t len = f->n;

    if (len % 3 == 0) {
        for (size_t j = 0; j < len / 3; j++)
            split_thirds(v + j, len / 3, turn_of(f, j), turn_of(f, 2 * j));
        len /= 3;
    }
    for (; len > PART; len /= 4)
        split_stage(f, v, f->n, len);
    for (size_t from = 0; from < f->n; from += len) {
        size_t inner = len;

        for (; inner >= 4; inner /= 4)
            split_stage(f, v + from, len, inner);
        if (inner == 2)
            add_pairs(v + from, len);
    }
}

/* Times n. */
FORCE_INLINE void backward_loop(const struct fourier *f, struct fourier_strip *v)
{
    size_t whole = f->n % 3 == 0 ? f->n / 3 : f->n;
    size_t len = whole;

    while (len > PART)
        len /= 4;
    for (size_t from = 0; from < f->n; from += len) {
        if (f->is_odd)
            add_pairs(v + from, len);
        for (size_t inner = f->is_odd ? 8 : 4; inner <= len; inner *= 4)
            join_stage(f, v + from, len, inner);
    }
    while (len < whole) {
        len *= 4;
        join_stage(f, v, f->n, len);
    }
    for (size_t j = 0; whole < f->n && j < whole; j++)
        join_thirds(v + j, whole, turn_of(f, j), turn_of(f, 2 * j));
}

/* The same loops with the vectors that the processor has: no operation is fused, so the
 * bits are the same. */
SIMD_AVX2 static void forward_avx2(const struct fourier *f, struct fourier_strip *v)
{
    forward_loop(f, v);
}

SIMD_AVX2 static void backward_avx2(const struct fourier *f, struct fourier_strip *v)
{
    backward_loop(f, v);
}

void fourier_forward(const struct fourier *f, struct fourier_strip *v)
{
    if (simd_has_avx2()) {
        forward_avx2(f, v);
        return;
    }
    forward_loop(f, v);
}

void fourier_backward(const struct fourier *f, struct fourier_strip *v)
{
    if (simd_has_avx2()) {
        backward_avx2(f, v);
        return;
    }
    backward_loop(f, v);
}
