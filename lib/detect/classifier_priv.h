/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/classifier_priv.h - a classifier's parts and their sections in a model file.
 *
 * VIEW     u16 name length, name, u16 features, 32 bytes view hash
 * ENCODER  data/encode.c
 * MODEL    learn/model_ops.h
 * CLASSES  u8 count, one u8 enum lw_verdict_class each
 * RULE     detect/rule.c
 * NOVELTY  detect/novelty.c
 * NORMAL   detect/normality.c
 * USUAL    per feature f32 least and greatest usual value of normal training rows
 * TYPES    names of the attack types trained on, each ended by 0
 * PROV     provenance and validation figures, JSON
 * CONF     f32 scores of held-out normal rows, as quantiles; only beside CUT, and only
 *          of models that learnt from normal rows alone: a score is 1 - its p-value
 * SETS     detect/conformal.c; only of files that have a rule
 * CALIB    detect/calibration.c; not of older files, whose rows are judged as they
 * always were.  Beside CUT it makes the confidence; scores stay what thresholds are of
 * SAMPLE   detect/sample.c; only of files that keep some normal training rows
 * CUT      f32 score of each class but the first; only of classes that are told from
 *          normal by a threshold, which have no rule and no distance (detect/cut.h)
 * TAIL     how high held-out normal rows score for each of these classes: u32 bytes and
 *          detect/tail.h; only beside CUT, and not of every model
 */
#ifndef DETECT_CLASSIFIER_PRIV_H
#define DETECT_CLASSIFIER_PRIV_H

#include "data/encode.h"
#include "detect/calibration.h"
#include "detect/conformal.h"
#include "detect/normality.h"
#include "detect/novelty.h"
#include "detect/rule.h"
#include "detect/sample.h"
#include "detect/tail.h"

#include <lapwing/bundle.h>
#include <lapwing/detect.h>
#include <lapwing/explain.h>

enum { CLASSIFIER_FEATURES_MAX = 256, CONFORMAL_QUANTILES = 10001 };

struct lw_classifier {
    const struct lw_view *view; /* static storage */
    struct encoder *encoder;    /* owned */
    struct lw_model *model;     /* owned */
    struct rule rule;
    struct novelty novelty;     /* owned */
    struct normality normality; /* owned */
    struct calibration calibration;
    struct conformal conformal_sets; /* owned */
    uint32_t n_classes;
    enum lw_verdict_class class_of[LW_MAX_CLASSES]; /* (n_classes), 0 is normal */
    float cut;                       /* class 1 from this score on; 0: by the rule */
    float more_cuts[LW_MAX_CLASSES]; /* of classes from 2 on, that are decided so */
    struct tail *tail; /* (LW_MAX_CLASSES) of classes from 1 on, owned; NULL: none */
    float *conformal;  /* (CONFORMAL_QUANTILES) ascending, owned; NULL: none */
    float usual[CLASSIFIER_FEATURES_MAX][2]; /* (n_features) of normal training rows */
    struct lw_matrix sample; /* normal training rows (n, n_features), owned; no rows:
                                the file keeps none */
    char *types;             /* attack types trained on, separated by commas; owned */
    char *provenance;        /* JSON text, owned */
    char id[13];
    char view_hash[17];
};

/** The numeric features' columns of a row, which the distance is taken over:
 *  out (at least n_features); returns how many. */
size_t classifier_numbers(const struct lw_view *view, const float *row, float *out);

/** The same, squashed (link_squash_all()), as distances are measured. */
size_t classifier_squashed(const struct lw_view *view, const float *row, float *out);

/** Posterior probabilities out (n_classes) by the decision rule, from scores
 *  (n_classes) and the squashed numbers of a row.  Returns the class decided. */
uint32_t classifier_decide(const struct lw_classifier *c, const float *margins,
                           const float *squashed, float *out);

/** lw_classifier_breakdown() without normal records: LW_EUNSUPPORTED when the kind of
 *  model cannot say by itself. */
LW_MUST enum lw_status breakdown_exact(const struct lw_classifier *c, const float *row,
                                       uint32_t class_idx, struct lw_breakdown *out,
                                       struct lw_error *err);

/** Write everything but the id as a model file. */
LW_MUST enum lw_status classifier_save(const struct lw_classifier *c, const char *path,
                                       struct lw_error *err);

#endif /* DETECT_CLASSIFIER_PRIV_H */
