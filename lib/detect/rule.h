/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/rule.h - from a model's scores to a class.
 *
 * Attacks of tomorrow are not those of the training set, so the probabilities of a
 * model are too sure of themselves and too fond of "normal".  Five numbers correct
 * them:
 *
 *   temperature    scores are divided by it: how far they can be trusted
 *   attack_factor  the odds of attack against normal are multiplied by it
 *   novelty_power  P(normal) is multiplied by p^novelty_power, p being the share of the
 *                  normal training rows that lie as far from the mean of the normal
 *   mix            this share of the attacks' probability is spread evenly over them
 *   nearness       the odds between classes of attack are multiplied by e^(nearness *
 *                  difference of the row's distances to the nearest known type of each)
 *
 * The class said is the one whose expected cost is least (Elkan, "The foundations of
 * cost-sensitive learning", IJCAI 2001); where every mistake costs the same, that is
 * the likeliest.  The first four are chosen in training, by what they do to attack
 * types that were left out (detect/tune.h), the last is the preset's.
 */
#ifndef DETECT_RULE_H
#define DETECT_RULE_H

#include "base/buf.h"
#include "base/span.h"

#include <lapwing/cost.h>
#include <lapwing/detect.h>

struct rule {
    float temperature;   /* > 0 */
    float attack_factor; /* > 0 */
    float novelty_power; /* >= 0 */
    float mix;           /* 0 to 1 */
    float nearness;      /* >= 0 */
    struct lw_cost cost; /* class 0 is normal */
};

/** Trusts the model: all numbers neutral, every mistake costs 1. */
void rule_init(struct rule *r, uint32_t n_classes);

/** Apply the nearness to margins (n_classes): the odds between attacks, not those of
 *  attack against normal.  distance (n_classes) to the nearest known type of each
 * class; not looked at where the nearness is 0. */
void rule_draw_near(const struct rule *r, float *margins, const float *distance);

/** Probabilities out (n_classes) from scores (n_classes) and the logarithm of the
 *  novelty's p-value. */
void rule_posterior(const struct rule *r, const float *margins, float log_p,
                    float *out);

/** The class of least expected cost; of equals the first.  posterior (n_classes) need
 *  not sum to 1. */
uint32_t rule_decide(const struct rule *r, const float *posterior);

/** Append to a section; read it back, trusting nothing.  LW_EFORMAT. */
void rule_save(const struct rule *r, struct buf *out);
LW_MUST enum lw_status rule_load(struct rule *r, struct span in, struct lw_error *err);

#endif /* DETECT_RULE_H */
