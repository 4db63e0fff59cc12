/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fourier_bench [ROUNDS] - our Fourier transform beside kissfft's.
 *
 * Sixteen complex sequences of the lengths that t-SNE's grids have, forward and back:
 * ours, all sixteen at a time, and kissfft's (Debian's, float), one after the other
 * with the sequences in memory as it wants them.  The two take turns; medians of
 * processor time, the ratio with its spread, and the greatest difference of the
 * results.
 */
#include "learn/fourier.h"

#include "bench.h"

#include <kissfft/kiss_fft.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 99, LENGTH_MAX = 2048, REPEAT = 200 };

static struct fourier_strip ours[LENGTH_MAX];
static kiss_fft_cpx theirs[FOURIER_SIDE][LENGTH_MAX];
static kiss_fft_cpx between[LENGTH_MAX];

static float value(size_t i, size_t side)
{
    return sinf((float)(i * 7 + side * 13));
}

static void fill(size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < FOURIER_SIDE; k++) {
            ours[i].re[k] = theirs[k][i].r = value(i, k);
            ours[i].im[k] = theirs[k][i].i = value(i, k + 99);
        }
}

/* Forward and back multiplies by n, so each turn is scaled down again by both. */
static double run_ours(const struct fourier *f)
{
    const float down = 1.0F / (float)f->n;
    double start = seconds();

    for (int r = 0; r < REPEAT; r++) {
        fourier_forward(f, ours);
        fourier_backward(f, ours);
        for (size_t i = 0; i < f->n; i++)
            for (size_t k = 0; k < FOURIER_SIDE; k++) {
                ours[i].re[k] *= down;
                ours[i].im[k] *= down;
            }
    }
    return seconds() - start;
}

static double run_theirs(size_t n, kiss_fft_cfg forward, kiss_fft_cfg back)
{
    const float down = 1.0F / (float)n;
    double start = seconds();

    for (int r = 0; r < REPEAT; r++)
        for (size_t k = 0; k < FOURIER_SIDE; k++) {
            kiss_fft(forward, theirs[k], between);
            kiss_fft(back, between, theirs[k]);
            for (size_t i = 0; i < n; i++) {
                theirs[k][i].r *= down;
                theirs[k][i].i *= down;
            }
        }
    return seconds() - start;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

static void compare(size_t n, size_t rounds)
{
    double ratio[ROUNDS_MAX];
    double mine[ROUNDS_MAX];
    kiss_fft_cfg forward = kiss_fft_alloc((int)n, 0, NULL, NULL);
    kiss_fft_cfg back = kiss_fft_alloc((int)n, 1, NULL, NULL);
    struct fourier f;
    float most = 0;

    if (forward == NULL || back == NULL || !fourier_init(&f, n))
        exit(1);
    fill(n);
    for (size_t i = 0; i < rounds; i++) {
        mine[i] = run_ours(&f);
        ratio[i] = run_theirs(n, forward, back) / mine[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < FOURIER_SIDE; k++)
            most = fmaxf(most, fabsf(ours[i].re[k] - theirs[k][i].r));
    qsort(ratio, rounds, sizeof ratio[0], ascending);
    qsort(mine, rounds, sizeof mine[0], ascending);
    (void)printf("%5zu  %9.2f us  %5.2f times (%.2f to %.2f)  %.1e apart\n", n,
                 mine[rounds / 2] / REPEAT * 1e6, ratio[rounds / 2], ratio[0],
                 ratio[rounds - 1], (double)most);
    fourier_release(&f);
    free(forward);
    free(back);
}

int main(int argc, char **argv)
{
    static const size_t lengths[] = {96,  128, 192,  256,  384,
                                     512, 768, 1024, 1536, 2048};
    size_t rounds = argc > 1 ? (size_t)atoi(argv[1]) : 11;

    if (rounds == 0 || rounds > ROUNDS_MAX)
        return 2;
    (void)printf(
        "16 sequences forth and back; length, ours, kissfft's time over ours\n");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        compare(lengths[i], rounds);
    return 0;
}
