/* SPDX-License-Identifier: Apache-2.0 */
/* learn/proba.h - probabilities of the kinds that compute them without a softmax. */
#ifndef LEARN_PROBA_H
#define LEARN_PROBA_H

#include <lapwing/model.h>

#include <stddef.h>

/** Bring rows of `k` numbers that are not negative to the sum 1; what has the sum 0
 *  says nothing and becomes 1 / k. */
void proba_normalise(float *p, size_t n_rows, size_t k);

/** Logarithms in place, of at least 1e-7: their softmax is the probabilities again. */
void proba_log(float *p, size_t n);

/** `contributions` of kinds that cannot say: LW_EUNSUPPORTED. */
LW_MUST enum lw_status proba_no_reasons(const struct lw_model *m, const float *row,
                                        uint32_t class_idx, double *phi,
                                        struct lw_error *err);

#endif /* LEARN_PROBA_H */
