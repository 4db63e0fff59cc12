/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn/net_step.h - what fitting a network does to each number by itself.
 */
#ifndef LEARN_NET_STEP_H
#define LEARN_NET_STEP_H

#include "learn/net.h"

/** One step of the plan's optimiser against the gradient (state->n_params). */
void net_step(const struct net_plan *plan, struct net_state *state, float *param,
              const float *gradient);

/** From the gradient by a layer's outputs to that by its sums: g (n) times the slope of
 *  the activation at out (n), after the penalties l1 and l2 on activity. */
void net_slopes(enum net_act act, const float *out, float l1, float l2, float *g,
                size_t n);

#endif /* LEARN_NET_STEP_H */
