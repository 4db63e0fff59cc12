/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/fusion.h - one verdict of what several detectors say of a flow.
 *
 * Scores of different models cannot be compared; p-values can, when they are of the
 * same normal traffic: the share of its flows that look at least so much like an attack
 * to the detector.  The rule is Bonferroni's with weights: each detector has a share of
 * the false alarms that are allowed.  It holds however the detectors depend on each
 * other, which they do, as they look at the same packets; rules that multiply p-values
 * (Fisher) take what was seen twice for two findings.
 */
#ifndef LW_FUSION_H
#define LW_FUSION_H

#include <lapwing/detect.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What one detector says of a flow. */
struct lw_opinion {
    double weight; /* its share of the false alarms, beside the others' weights */
    bool is_heard; /* false: it made no row of the flow; its share is left over */
    double p;      /* 0 to 1, on normal traffic */
    enum lw_verdict_class verdict; /* its class, whatever p */
};

struct lw_fused {
    double p;   /* share of normal flows for which the fused p is so small, or fewer */
    bool alert; /* p is at most the level */
    size_t by;  /* number of the opinion that decides: the least p over its share */
    enum lw_verdict_class verdict; /* of an alert that opinion's class, or Anomaly where
                                      it names none; else normal */
    bool is_disputed; /* another one that was heard would, alone with the whole level,
                         have said otherwise: another class, or for an alert nothing */
};

/** Fuse n opinions at a level: the share of normal flows that may be alarmed.
 *  LW_EINVAL: none is heard, a weight that is no positive number, a p or level that is
 *  no share. */
LW_API LW_MUST enum lw_status lw_fuse(struct lw_fused *out,
                                      const struct lw_opinion *opinion, size_t n,
                                      double level, struct lw_error *err);

/** The p-value of a verdict for lw_fuse(): the share of normal rows that look at least
 *  so much like an attack, by the classifier's own record of held-out ones.  False: it
 *  keeps none.  v and p may be NULL, to ask whether it does. */
LW_API bool lw_classifier_normal_p(const struct lw_classifier *c,
                                   const struct lw_verdict *v, float *p);

/** What one of several classifiers says of a finding's flow. */
struct lw_fused_said {
    const struct lw_classifier *classifier;
    bool is_heard; /* false: it made no row of the flow, and the rest means nothing */
    float p;
    enum lw_verdict_class verdict; /* the attack it would name */
    float confidence;
    const struct lw_reason *reasons; /* (n_reasons) */
    size_t n_reasons;
};

/** How a finding's verdict came about; everything borrowed with the finding. */
struct lw_fused_finding {
    const struct lw_fused_said *said; /* (n), the finding's own classifier first */
    size_t n;
    size_t by; /* that decides; its view is that of the reasons */
    float p;
    bool is_disputed;
};

#ifdef __cplusplus
}
#endif

#endif /* LW_FUSION_H */
