/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/decay.h - how much of the past still counts.
 *
 * A damped sum forgets by halves: what happened one half-life ago counts half.  It
 * needs no list of what is in a window, and no moment at which something falls out of
 * one; a sum is brought up to date by one factor when it is looked at.  Four half-lives
 * are kept side by side, which is what one vector register holds.
 *
 * Time goes in ticks of 4.2 ms.  A sum that is touched every microsecond would
 * otherwise never lose anything: what 600 s halve, loses less in a microsecond than a
 * float can tell.  For the same reason it is the part that is lost which is computed,
 * not the part that is left.
 *
 * That is a polynomial with a relative error below 6e-7, not exp2() of the C library,
 * whose last bits depend on the processor: a file gives the same rows everywhere.
 */
#ifndef FEATURE_DECAY_H
#define FEATURE_DECAY_H

#include <stdint.h>
#include <string.h>

enum { DECAY_N = 4, DECAY_TICK_SHIFT = 22 };

/** One number for each half-life. */
struct decayed {
    float v[DECAY_N];
};

/** 1, 10, 60 and 600 s. */
extern const float decay_half_lives_s[DECAY_N];
extern const float decay_per_ns[DECAY_N]; /* half-lives in a nanosecond */

/** The time in whole ticks. */
static inline int64_t decay_tick_ns(int64_t time_ns)
{
    return (int64_t)((uint64_t)time_ns >> DECAY_TICK_SHIFT << DECAY_TICK_SHIFT);
}

/** The part that is lost after some time, 1 - 2^-(age / half-life), of n sums with
 *  per_ns half-lives in a nanosecond; an age below 0 is 0. */
static inline void decay_lost_of(const float *per_ns, unsigned n, int64_t age_ns,
                                 float *restrict out)
{
    /* 1 - 2^-f for f from 0 to 1, by the least greatest relative error. */
    static const float c[] = {0.69314694F, -0.24021381F, 0.055404279F, -0.0093375184F,
                              0.0010003194F};
    enum { FORGOTTEN = 126 }; /* half-lives: 2^-126 is the least normal float */
    const float age = age_ns > 0 ? (float)age_ns : 0.0F;

    for (unsigned i = 0; i < n; i++) {
        float x = age * per_ns[i];
        float capped = x < (float)FORGOTTEN ? x : (float)FORGOTTEN;
        int32_t whole = (int32_t)capped;
        float f = capped - (float)whole;
        int32_t bits = (127 - whole) * (1 << 23); /* 2^-whole as a float */
        float scale;

        memcpy(&scale, &bits, sizeof scale);
        f = f * (c[0] + f * (c[1] + f * (c[2] + f * (c[3] + f * c[4]))));
        out[i] = (1.0F - scale) + scale * f;
    }
}

/** The same of the four half-lives. */
static inline struct decayed decay_lost(int64_t age_ns)
{
    struct decayed out;

    decay_lost_of(decay_per_ns, DECAY_N, age_ns, out.v);
    return out;
}

/** What is less than a 10^-18th of one, after some 60 half-lives, is nothing. */
static inline void decay_by(struct decayed *d, const struct decayed *lost)
{
    for (unsigned i = 0; i < DECAY_N; i++) {
        float left = d->v[i] - d->v[i] * lost->v[i];

        d->v[i] = left < 1e-18F ? 0.0F : left;
    }
}

static inline void decay_add(struct decayed *d, float amount)
{
    for (unsigned i = 0; i < DECAY_N; i++)
        d->v[i] += amount;
}

#endif /* FEATURE_DECAY_H */
