/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a file: u8 classes, n; f32 temperature, attack factor, novelty power, mix; then
 * f32 costs (n, n), row by row of the true class; then, where it is not 0, f32
 * nearness.
 */
#include "detect/rule.h"

#include "learn/link.h"

#include <math.h>

/* Beyond these no number was chosen by training, and within them no score becomes
 * infinite. */
#define TEMPERATURE_MIN   1e-3f
#define TEMPERATURE_MAX   1e3f
#define ATTACK_FACTOR_MAX 1e6f
#define NOVELTY_POWER_MAX 1e3f
#define NEARNESS_MAX      1e3f

/* Farther is as far as this: the squares of scores must stay finite. */
#define DISTANCE_MAX 1e4f

void rule_init(struct rule *r, uint32_t n_classes)
{
    *r = (struct rule){.temperature = 1, .attack_factor = 1};
    lw_cost_plain(&r->cost, n_classes);
}

/* log of the sum of e^v over v (n). */
static float log_sum(const float *v, uint32_t n)
{
    float most = v[0];
    double sum = 0;

    for (uint32_t i = 1; i < n; i++)
        most = v[i] > most ? v[i] : most;
    for (uint32_t i = 0; i < n; i++)
        sum += (double)link_exp(v[i] - most);
    return most + (float)link_log(sum);
}

void rule_draw_near(const struct rule *r, float *margins, const float *distance)
{
    uint32_t n = r->cost.n_classes;
    float before;
    float gained;

    if (!(r->nearness > 0))
        return;
    before = log_sum(margins + 1, n - 1);
    for (uint32_t i = 1; i < n; i++)
        margins[i] -= r->nearness * fminf(distance[i], DISTANCE_MAX);
    gained = before - log_sum(margins + 1, n - 1);
    for (uint32_t i = 1; i < n; i++)
        margins[i] += gained;
}

void rule_posterior(const struct rule *r, const float *margins, float log_p, float *out)
{
    uint32_t n = r->cost.n_classes;
    float attack = (float)link_log((double)r->attack_factor);
    float even;

    out[0] = margins[0] / r->temperature + r->novelty_power * log_p;
    for (uint32_t i = 1; i < n; i++)
        out[i] = margins[i] / r->temperature + attack;
    link_softmax(out, n);
    even = r->mix * (1 - out[0]) / (float)(n - 1);
    for (uint32_t i = 1; i < n; i++)
        out[i] = (1 - r->mix) * out[i] + even;
}

uint32_t rule_decide(const struct rule *r, const float *posterior)
{
    uint32_t n = r->cost.n_classes;
    uint32_t best = 0;
    float least = INFINITY;

    for (uint32_t said = 0; said < n; said++) {
        float expected = 0;

        for (uint32_t truth = 0; truth < n; truth++)
            expected += posterior[truth] * r->cost.of[truth][said];
        if (expected < least) {
            least = expected;
            best = said;
        }
    }
    return best;
}

void rule_save(const struct rule *r, struct buf *out)
{
    uint32_t n = r->cost.n_classes;

    buf_add_u8(out, (uint8_t)n);
    buf_add_f32(out, r->temperature);
    buf_add_f32(out, r->attack_factor);
    buf_add_f32(out, r->novelty_power);
    buf_add_f32(out, r->mix);
    for (uint32_t i = 0; i < n * n; i++)
        buf_add_f32(out, r->cost.of[i / n][i % n]);
    if (r->nearness > 0)
        buf_add_f32(out, r->nearness);
}

/* No comparison holds for NaN. */
static bool is_in_order(const struct rule *r)
{
    return r->temperature >= TEMPERATURE_MIN && r->temperature <= TEMPERATURE_MAX &&
           r->attack_factor >= 1 / ATTACK_FACTOR_MAX &&
           r->attack_factor <= ATTACK_FACTOR_MAX && r->novelty_power >= 0 &&
           r->novelty_power <= NOVELTY_POWER_MAX && r->mix >= 0 && r->mix <= 1;
}

enum lw_status rule_load(struct rule *r, struct span in, struct lw_error *err)
{
    uint8_t n = 0;
    bool ok = span_take_u8(&in, &n) && n >= 2 && n <= LW_MAX_CLASSES &&
              span_take_f32(&in, &r->temperature) &&
              span_take_f32(&in, &r->attack_factor) &&
              span_take_f32(&in, &r->novelty_power) && span_take_f32(&in, &r->mix) &&
              is_in_order(r);

    r->cost.n_classes = n;
    r->nearness = 0;
    for (uint32_t i = 0; ok && i < (uint32_t)n * n; i++) {
        float *cost = &r->cost.of[i / n][i % n];

        ok = span_take_f32(&in, cost) && *cost >= 0 && *cost <= LW_COST_MAX;
    }
    if (ok && in.n > 0)
        ok = span_take_f32(&in, &r->nearness) && r->nearness > 0 &&
             r->nearness <= NEARNESS_MAX;
    return ok && in.n == 0
               ? LW_OK
               : lw_fail(err, LW_EFORMAT, "the decision rule's section is damaged");
}
