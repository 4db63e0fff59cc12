/* SPDX-License-Identifier: Apache-2.0 */
/* detect/normal_priv.h - methods that learn from normal rows alone, for those who train
 * them on records and on captures. */
#ifndef DETECT_NORMAL_PRIV_H
#define DETECT_NORMAL_PRIV_H

#include "detect/classifier_priv.h"
#include "detect/train_set.h"

#include <lapwing/normal.h>

struct normal_method {
    const char *name;
    const char *kind;
    const char *options;
    size_t most_rows; /* normal rows fitted on, evenly spread; 0: all */
    bool is_trivial;
};

enum { NORMAL_METHODS = 9 };

/** The first one is what `--model autoencoder` means. */
extern const struct normal_method normal_methods[NORMAL_METHODS];

/** Which methods are judged: out (NORMAL_METHODS + 1, *n of them used).  *asked is the
 *  one that is to be written, or more than NORMAL_METHODS.  LW_EINVAL. */
LW_MUST enum lw_status normal_list_methods(struct normal_method *out, size_t *n,
                                           size_t *asked, const char *preset,
                                           const char *model, const char *options,
                                           struct lw_error *err);

/** Give *c, whose view is set, an encoder and a model fitted on n rows of the set, by
 *  number.  Whatever comes of it, normal_clear() frees it. */
LW_MUST enum lw_status normal_fit(struct lw_classifier *c, const struct train_set *s,
                                  const struct normal_method *m, const size_t *rows,
                                  size_t n, uint64_t seed, struct lw_error *err);
void normal_clear(struct lw_classifier *c);

/** How strange rows are: out (n). */
LW_MUST enum lw_status normal_score(const struct lw_classifier *c,
                                    const struct train_set *s, const size_t *rows,
                                    size_t n, float *out, struct lw_error *err);

/** p-values by the scores of normal rows that were kept back. */
LW_MUST enum lw_status normal_calibrate(struct lw_classifier *c,
                                        const struct train_set *s, const size_t *rows,
                                        size_t n, struct lw_error *err);
/** What is usual, by normal rows. */
LW_MUST enum lw_status normal_usual(struct lw_classifier *c, const struct train_set *s,
                                    const size_t *rows, size_t n, struct lw_error *err);

/** Rows that a method is judged on: their numbers, their scores, and 1 where one is not
 *  normal. */
struct normal_judged {
    size_t *rows;
    float *score;
    uint32_t *truth;
    size_t n;
};

/** Room for n rows; release also what failed.  LW_ENOMEM. */
LW_MUST enum lw_status normal_judged_init(struct normal_judged *j, size_t n,
                                          struct lw_error *err);
/** Zeroes are fine. */
void normal_judged_release(struct normal_judged *j);

#endif /* DETECT_NORMAL_PRIV_H */
