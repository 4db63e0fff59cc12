/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/explain.h - why a verdict is what it is, and what would change it.
 *
 * Four answers to "why": a class's score taken apart into the features of the row; each
 * value in words beside what is usual; the normal record that is most like the row; the
 * smallest change of the row that another verdict would follow.
 */
#ifndef LW_EXPLAIN_H
#define LW_EXPLAIN_H

#include <lapwing/detect.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_EXPLAIN_FEATURES_MAX = 256, LW_CHANGE_MAX = 10 };

/** How a score was taken apart. */
enum lw_breakdown_kind {
    LW_BREAKDOWN_EXACT,   /* as the kind of model says: lw_model_contributions() */
    LW_BREAKDOWN_SHUFFLED /* by putting the row's values into normal records, one after
                             the other in random orders (Strumbelj and Kononenko 2014)
                           */
};

/** A class's score before the decision rule: base + the sum of parts. */
struct lw_breakdown {
    enum lw_breakdown_kind kind;
    uint32_t class_idx;
    double base;  /* what is expected while nothing is known of the row */
    double score; /* in log-odds, but for models of what is normal: their distance */
    double part[LW_EXPLAIN_FEATURES_MAX]; /* (view->n_features) */
};

/** Take a class's score for one row apart.  normals (n, view->n_features): records to
 *  shuffle values with, for kinds of models that cannot say themselves; NULL: those
 * that the model file keeps.  LW_EUNSUPPORTED: needs such records and there are none.
 *  LW_ENOMEM. */
LW_API LW_MUST enum lw_status
lw_classifier_breakdown(const struct lw_classifier *c, const float *row,
                        uint32_t class_idx, const struct lw_matrix *normals,
                        struct lw_breakdown *out, struct lw_error *err);

/** Index of the class whose score speaks for a verdict: that of `decision`. */
LW_API uint32_t lw_classifier_class_of(const struct lw_classifier *c,
                                       const struct lw_verdict *v);

/** A feature's value in words, with what is usual among normal training rows: "438
 *  connections to this host in 2 s (usual: 1 to 12)".  Returns `out`. */
LW_API const char *lw_classifier_say(const struct lw_classifier *c, size_t feature_idx,
                                     float value, char *out, size_t size);

/** The middle 90 % of the normal training rows; NaN: not known, or a category. */
LW_API void lw_classifier_usual(const struct lw_classifier *c, size_t feature_idx,
                                float out[2]);

/** Normal training rows that the model file keeps (n, view->n_features); borrowed; no
 * rows: it keeps none. */
LW_API const struct lw_matrix *lw_classifier_normals(const struct lw_classifier *c);

/** The normal record most like a row. */
struct lw_neighbour {
    size_t row_idx;
    float distance;                       /* root of the sum of `apart` squared */
    float apart[LW_EXPLAIN_FEATURES_MAX]; /* (n_features) standard deviations of the
                                             normal records, on a logarithmic scale; a
                                             category that differs: 1 */
};

/** normals: as for lw_classifier_breakdown().  A value missing in either is not
 *  compared.  LW_ENOTFOUND: there are none. */
LW_API LW_MUST enum lw_status lw_classifier_nearest(const struct lw_classifier *c,
                                                    const float *row,
                                                    const struct lw_matrix *normals,
                                                    struct lw_neighbour *out,
                                                    struct lw_error *err);

/** A change of a row that another verdict follows. */
struct lw_change {
    size_t n; /* features changed; 0: none was found */
    uint16_t feature_idx[LW_CHANGE_MAX];
    float to[LW_CHANGE_MAX];
    struct lw_verdict verdict; /* of the row so changed: judged, not estimated */
    uint64_t n_tried;          /* rows judged on the way */
};

/** Look for the smallest change of at most LW_CHANGE_MAX features, to values that
 * normal records have, that makes an alert normal, or of a row that is normal something
 * else. It is the smallest found, not proven to be the smallest.  normals: as above.
 *  LW_ENOTFOUND: there are none.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_classifier_change(const struct lw_classifier *c,
                                                   const float *row,
                                                   const struct lw_matrix *normals,
                                                   struct lw_change *out,
                                                   struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_EXPLAIN_H */
