/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/cut.h - verdicts by thresholds, one for each class of attack.
 *
 * What counts for a class is q = P(class) / (P(class) + P(normal)): how much more a row
 * looks like it than like normal, whatever the other classes say.  Where a classifier
 * keeps how normal rows scored (detect/tail.h), q has a p-value: the share of normal
 * rows that look so much like that attack.
 *
 * The rule that makes one verdict of several opinions is Bonferroni's (Dunn, JASA
 * 56:52, 1961): with k classes a budget of false alarms is divided by k, a row is an
 * alert when the q of any class reaches what so small a share of normal rows reaches,
 * and the p-value of the verdict is k times the least.  It holds however the opinions
 * depend on each other.  The class said is the one of least p-value; of equals the one
 * of greatest q.
 */
#ifndef DETECT_CUT_H
#define DETECT_CUT_H

#include "detect/classifier_priv.h"

/** q of class i from 1 on, by v->score. */
float cut_likeness(const struct lw_classifier *c, const struct lw_verdict *v,
                   uint32_t i);

/** The classifier's own thresholds: cuts (n_classes), the first not used. */
void cut_own(const struct lw_classifier *c, float cuts[LW_MAX_CLASSES]);

/** Those that together at most this share of normal rows reaches; needs tails. */
void cut_budget(const struct lw_classifier *c, double share,
                float cuts[LW_MAX_CLASSES]);

/** Fill verdict, decision, confidence, attack score and p-value from v->score
 *  (probabilities) by thresholds. */
void cut_decide(const struct lw_classifier *c, const float *cuts, struct lw_verdict *v);

#endif /* DETECT_CUT_H */
