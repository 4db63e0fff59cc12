/* SPDX-License-Identifier: Apache-2.0 */
/* data/profile_priv.h - what the parts of a profile share. */
#ifndef DATA_PROFILE_PRIV_H
#define DATA_PROFILE_PRIV_H

#include <lapwing/profile.h>

/* Below this Student's and the normal distribution are no good model of a mean. */
enum { PROFILE_VALUES_MIN = 30 };

/* What a feature is to lint, besides what is published. */
struct profile_hint {
    double purity;    /* share of rows in their value's more frequent class */
    double ascending; /* share of rows with at least the value before; NaN for text */
    bool is_whole;    /* all numbers are whole */
};

/* A profile in the making: only rows that are normal or attacks count. */
struct profiling {
    const struct lw_profile_config *cfg; /* borrowed; NULL: the defaults */
    const struct lw_frame *frame;
    uint8_t *side; /* (n_rows) of enum lw_target_side, owned */
    size_t n_rows; /* of the frame */
    size_t n;      /* rows that count */
    uint64_t side_rows[3];
    uint64_t *items;            /* (n) for sorting, owned */
    uint64_t *scratch;          /* (n), owned */
    float *values;              /* (n) one side's numbers, then the other's; owned */
    struct profile_hint *hints; /* (n_features), owned */
};

/* The bits of a float so that they sort as unsigned numbers; -0 is 0. */
uint32_t profile_order_of(float v);
float profile_value_of(uint32_t order);

/* Sort n items by their bits [shift, shift + 32); what is equal keeps its order. */
void profile_sort(uint64_t *items, uint64_t *scratch, size_t n, unsigned shift);

/* Describe a column; its name and type are there already. */
void profile_number(struct profiling *p, struct lw_profile_feature *f,
                    struct profile_hint *hint);
LW_MUST enum lw_status profile_text(struct profiling *p, struct lw_profile_feature *f,
                                    struct profile_hint *hint, struct lw_error *err);

/* Correlations and variance inflation. */
LW_MUST enum lw_status profile_pairs(const struct profiling *p, struct lw_profile *out,
                                     size_t max_rows, struct lw_error *err);

/* Sweep a symmetric matrix (n, n) by its k-th pivot, which is not 0.  When all are
 * swept it is the inverse (Goodnight, Am. Stat. 33, 1979). */
void profile_sweep(double *a, size_t n, size_t k);

/* The logistic regression. */
LW_MUST enum lw_status profile_logit(const struct profiling *p, struct lw_profile *out,
                                     size_t max_rows, struct lw_error *err);

/* Correct the p-values of tests that apply, together; reorders `tests`. */
void profile_correct(struct lw_profile_test **tests, size_t n);

/* Bits that the rows of a table's cells tell of the side, n (n_cells, 2), less what
 * chance makes of them on average (Miller 1955): a cell for every row tells all, and
 * nothing. */
double profile_information(const uint64_t *n, size_t n_cells);

LW_MUST enum lw_status profile_leaks(const struct profiling *p,
                                     const struct lw_schema *schema,
                                     struct lw_profile *out, struct lw_error *err);

/* Is the feature one that the rows are compared by? */
bool profile_is_compared(const struct lw_profile *p, size_t feature);

LW_MUST enum lw_status profile_rows(const struct profiling *p, struct lw_profile *out,
                                    struct lw_error *err);

#endif /* DATA_PROFILE_PRIV_H */
