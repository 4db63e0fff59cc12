/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/fake_classifier.h - a classifier whose verdicts a test decides.
 *
 * fake_classifier.c defines the lw_classifier_* functions that judging needs; a test
 * that is linked with it gets these in place of the library's.
 */
#ifndef SUPPORT_FAKE_CLASSIFIER_H
#define SUPPORT_FAKE_CLASSIFIER_H

#include <lapwing/detect.h>

struct lw_classifier {
    const struct lw_view *view;
    /** The verdict of a row; NULL: all are normal. */
    enum lw_verdict_class (*verdict)(const float *row);
    unsigned fail_judge_at; /* that many calls from now judging fails; 0: never */
    unsigned n_judged;      /* calls */
    unsigned n_explained;
    size_t largest_batch;
};

/** A classifier of view `kdd` that finds everything normal. */
struct lw_classifier fake_classifier(void);

#endif /* SUPPORT_FAKE_CLASSIFIER_H */
