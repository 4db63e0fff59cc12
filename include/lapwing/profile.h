/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/profile.h - what tells attacks from normal rows in a labelled table, and what
 * should not be allowed to.
 *
 * A profile describes every column apart from the labels: how it is distributed among
 * normal and attack rows, by which tests the two differ, and how well it tells them
 * apart alone.  Leakage lint names the columns that tell because of how the data were
 * collected: addresses, times, identifiers, copies of the label.  docs/data.md says
 * what each figure means and when a test does not apply.
 */
#ifndef LW_PROFILE_H
#define LW_PROFILE_H

#include <lapwing/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zero means the default. */
struct lw_profile_config {
    size_t max_pair_rows; /* rows, evenly spaced, that correlations are computed from;
                             default 200,000, and fewer for very many columns */
    bool no_pairs;        /* leave out correlations, variance inflation and the logistic
                             regression */
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

enum { LW_PROFILE_QUANTILES = 7, LW_PROFILE_TOP = 8 };

/** Minimum, 5 %, quartiles, 95 %, maximum. */
LW_API extern const double lw_profile_quantile[LW_PROFILE_QUANTILES];

/** A column among the rows of one side. */
struct lw_profile_side {
    uint64_t n_rows;
    uint64_t n_missing;
    uint64_t n_infinite;                   /* of numbers */
    double mean;                           /* of finite numbers; NaN: there are none */
    double deviation;                      /* with n - 1; NaN: fewer than two */
    double quantile[LW_PROFILE_QUANTILES]; /* linear between two values; NaN */
};

/** Why a test says nothing. */
#define LW_TEST_STATE_LIST(X)                                                          \
    X(APPLIES, "")                                                                     \
    X(NO_CLASSES, "rows of one class only")                                            \
    X(TOO_FEW, "fewer than 30 values of a class")                                      \
    X(CONSTANT, "one value only")                                                      \
    X(RARE, "fewer than two words with an expected count of 5")                        \
    X(OTHER_TYPE, "not for this type of column")

enum lw_test_state {
#define LW_TEST_ENUM(name, text) LW_TEST_##name,
    LW_TEST_STATE_LIST(LW_TEST_ENUM)
#undef LW_TEST_ENUM
};

/** Why, in words; "" when it applies. */
LW_API const char *lw_test_state_text(enum lw_test_state s);

struct lw_profile_test {
    enum lw_test_state state; /* figures are NaN unless it applies */
    double statistic;
    double df; /* degrees of freedom; NaN for the rank test */
    double p;
    double q; /* p after Benjamini and Hochberg, over all tests of the profile */
};

/** A frequent word. */
struct lw_profile_word {
    const char *word; /* borrowed from the frame */
    uint64_t n[2];    /* rows of each side */
};

/** One column. */
struct lw_profile_feature {
    size_t column;    /* of the frame */
    const char *name; /* borrowed from the frame */
    bool is_text;
    bool is_label;                     /* a label too: what it tells is no finding */
    struct lw_profile_side side[2];    /* by enum lw_target_side */
    uint64_t n_distinct;               /* different values, of normal and attack rows */
    struct lw_profile_test welch;      /* numbers: do the means differ? */
    struct lw_profile_test rank;       /* numbers: Mann and Whitney */
    struct lw_profile_test chi_square; /* words: do the shares differ? */
    uint64_t n_pooled; /* words taken together because each was expected fewer than 5
                          times */
    double cohen_d;    /* difference of means over the pooled deviation; NaN */
    double cramer_v;   /* 0 to 1; NaN */
    double
        auc; /* the chance that an attack row has the greater value; of words, the one
                with the greater share of attacks in the other half of the rows; NaN */
    double mutual_information; /* bits shared with the class; NaN */
    uint64_t n_outliers_iqr;   /* beyond 1.5 interquartile ranges of the quartiles */
    uint64_t n_outliers_z;     /* more than 3.5 robust deviations from the median */
    double vif;         /* variance inflation; NaN: not computed, infinite: the others
                           determine it */
    double correlation; /* the strongest with another column; NaN */
    size_t correlated_with;                     /* its number among the features */
    struct lw_profile_word top[LW_PROFILE_TOP]; /* most frequent first */
    size_t n_top;
};

/** Rows that occur more than once. */
struct lw_profile_rows {
    uint64_t n_rows; /* normal and attack */
    uint64_t n_distinct;
    uint64_t n_contradicting; /* rows whose like has the other class too */
    uint64_t n_last;          /* the last 30 % of the rows, in the order of the file, */
    uint64_t n_last_known;    /* of which so many are like one of the first 70 % */
};

/** What became of a term of the logistic regression. */
#define LW_LOGIT_LIST(X)                                                               \
    X(FITTED, "")                                                                      \
    X(SEPARATES, "tells rows apart without a mistake: its coefficient has no bound")   \
    X(DETERMINED, "the terms before determine it")                                     \
    X(CONSTANT, "one value only")

enum lw_logit_state {
#define LW_LOGIT_ENUM(name, text) LW_LOGIT_##name,
    LW_LOGIT_LIST(LW_LOGIT_ENUM)
#undef LW_LOGIT_ENUM
};

/** Why a term has no figures, in words; "" when it has. */
LW_API const char *lw_logit_state_text(enum lw_logit_state s);

/** A term of the logistic regression: a column of numbers, or a word of a column of
 *  words against the column's most frequent one. */
struct lw_logit_term {
    size_t feature;   /* its number among the features */
    const char *word; /* NULL: a column of numbers, or all words that are not among the
                         most frequent; borrowed from the frame */
    bool is_log; /* the logarithm of 1 + the number (of its absolute value, with its
                    sign): for tails that reach more than 10 deviations */
    enum lw_logit_state state;
    double deviation; /* of the number, or its logarithm, which is what the coefficient
                         is for; 1 for words */
    double coefficient; /* of the log odds of an attack; where the term SEPARATES, its
                           sign alone means something; NaN: not in the fit */
    double error;       /* its standard error; NaN unless FITTED */
    struct lw_profile_test wald; /* statistic: coefficient over error, normal; q is over
                                    all terms */
};

/** Attack or not by all columns together, that are neither labels nor leaks.  Missing
 *  numbers have the column's mean. */
struct lw_profile_logit {
    enum lw_test_state state;    /* there are terms only if it applies */
    size_t n_rows;               /* evenly spaced */
    uint64_t side_rows[2];       /* of these */
    double intercept;            /* log odds, numbers at their means, words the usual */
    double explained;            /* share of the deviance (McFadden) */
    bool is_complete;            /* the terms together separate the classes: no
                                    coefficient means anything */
    bool is_converged;           /* false: figures are of the last step */
    size_t n_left_out;           /* columns beyond the 512th term */
    struct lw_logit_term *terms; /* (n_terms), in the order of the columns, owned */
    size_t n_terms;
    size_t n_separate; /* terms that do */
};

/** What lint finds. */
#define LW_LEAK_LIST(X)                                                                \
    X(IDENTIFIER, "identifier", "a value for nearly every row")                        \
    X(TIME, "time", "says when, not what")                                             \
    X(ADDRESS, "address", "says who, not what")                                        \
    X(PORT, "port", "a number given by chance, or by who made the data")               \
    X(LABEL, "label", "determines the label")                                          \
    X(SEPARATES, "separates", "tells the classes apart alone")

enum lw_leak_kind {
#define LW_LEAK_ENUM(name, word, text) LW_LEAK_##name,
    LW_LEAK_LIST(LW_LEAK_ENUM)
#undef LW_LEAK_ENUM
        LW_N_LEAK_KINDS
};

LW_API const char *lw_leak_name(enum lw_leak_kind k);

struct lw_leak {
    size_t column; /* of the frame */
    enum lw_leak_kind kind;
    double figure;    /* what the finding rests on: a share or an AUC */
    bool is_kept;     /* the schema says so */
    char reason[128]; /* in words, with the figure */
};

struct lw_profile {
    uint64_t side_rows[3]; /* by enum lw_target_side; those of neither are left out */
    struct lw_profile_feature *features; /* (n_features), owned */
    size_t n_features;
    size_t n_tests; /* that apply, and were corrected for */
    size_t n_pair_rows;
    size_t *numbers; /* (n_numbers) features that the matrices are of; owned */
    size_t n_numbers;
    float *pearson;  /* (n_numbers, n_numbers), owned; NaN where undefined */
    float *spearman; /* the same, of ranks */
    struct lw_profile_logit logit;
    struct lw_profile_rows rows;
    struct lw_leak *leaks; /* (n_leaks) in the order of the columns, owned */
    size_t n_leaks;
};

LW_API void lw_profile_release(struct lw_profile *p);

/** Profile a table.  `target` (NULL: no labels, every row is on one side) and `schema`
 *  (NULL is fine) are those of the frame, which the profile borrows names and words
 *  from.  LW_ENOMEM, LW_ELIMIT. */
LW_API LW_MUST enum lw_status
lw_profile_make(struct lw_profile *out, const struct lw_frame *f,
                const struct lw_target *target, const struct lw_schema *schema,
                const struct lw_profile_config *cfg, struct lw_error *err);

/** How many rows of the test part of a split (1 in `part`, (n_rows); 0: training) have
 * a like in the training part, over the features that are neither labels nor leaks.
 *  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_profile_known_rows(const struct lw_frame *f,
                                                    const struct lw_profile *p,
                                                    const uint8_t *part,
                                                    uint64_t *n_test, uint64_t *n_known,
                                                    struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_PROFILE_H */
