/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/embed.h - maps: rows of many columns as points of a plane.
 *
 * t-SNE (van der Maaten and Hinton, 2008) keeps neighbours together and says nothing
 * of the distance between groups; PCA keeps the directions of greatest variance.  The
 * same rows, configuration and seed give the same points, on every machine.
 */
#ifndef LW_EMBED_H
#define LW_EMBED_H

#include <lapwing/dataset.h>
#include <lapwing/error.h>
#include <lapwing/model.h>
#include <lapwing/schema.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lw_embed_method { LW_EMBED_TSNE, LW_EMBED_PCA };

/** Where t-SNE's points are before the first step: the two principal components, or at
 *  random. */
enum lw_embed_start { LW_EMBED_START_PCA, LW_EMBED_START_RANDOM };

/** How t-SNE's points push each other away: pair by pair, or by way of a grid, which
 *  takes a time that hardly grows with the number of rows.  AUTO: pairs up to
 *  LW_EMBED_PAIRS_MAX rows. */
enum lw_embed_push { LW_EMBED_PUSH_AUTO, LW_EMBED_PUSH_PAIRS, LW_EMBED_PUSH_GRID };

/** How each row's neighbours are found: exactly, or nearly by trees of random planes
 * and neighbours of neighbours.  AUTO: exactly up to LW_EMBED_EXACT_MAX rows. */
enum lw_embed_search {
    LW_EMBED_SEARCH_AUTO,
    LW_EMBED_SEARCH_EXACT,
    LW_EMBED_SEARCH_NEARLY
};

enum { LW_EMBED_PAIRS_MAX = 1000, LW_EMBED_EXACT_MAX = 5000 };

/** Zero means the default. */
struct lw_embed_config {
    enum lw_embed_method method;
    enum lw_embed_start start;
    enum lw_embed_push push;
    enum lw_embed_search search;
    double perplexity;    /* about how many neighbours count; default 30, at most 80 */
    double exaggeration;  /* of what pulls, in the early steps; default 12 */
    double learning_rate; /* default: rows / 4, in the early steps over exaggeration; at
                             least 50 */
    uint32_t n_steps;     /* default 500 */
    uint32_t n_early;     /* steps with exaggeration; default a sixth of all */
    uint64_t seed;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

/** What came of it. */
struct lw_embed_report {
    double kl;           /* t-SNE: Kullback-Leibler divergence in nats; PCA: NaN */
    double explained[2]; /* PCA: share of the variance of each component; t-SNE: NaN */
    uint32_t n_neighbours; /* t-SNE: that each row was given */
};

/** Points for the rows of x, finite numbers: *out becomes a matrix (n_rows, 2) that the
 *  caller releases.  LW_EINVAL: too few rows for the perplexity, or a parameter out of
 *  range.  LW_ELIMIT: more columns than principal components are found of (300), where
 *  they are wanted.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_embed(struct lw_matrix *out, const struct lw_matrix *x,
                                       const struct lw_embed_config *cfg,
                                       struct lw_embed_report *report,
                                       struct lw_error *err);

/** How well a map keeps neighbours. */
struct lw_embed_quality {
    double trustworthiness; /* Venna and Kaski, 2001: 1 where no row among the k nearest
                               of the map is far in truth; 0.5 is chance, about */
    double recall;          /* share of the k nearest rows that are so in the map too */
    uint32_t k;
    size_t n_rows; /* that were looked at, evenly spaced; each against all */
};

/** Compare the rows x (n_rows, n_cols) with their points y (n_rows, 2).  k: neighbours,
 *  below half of the rows.  max_rows: so many are looked at; 0: all.  LW_EINVAL,
 *  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_embed_judge(struct lw_embed_quality *out,
                                             const struct lw_matrix *x,
                                             const struct lw_matrix *y, uint32_t k,
                                             size_t max_rows, struct lw_error *err);

/** What rows of a table a map is made of. */
struct lw_embed_rows {
    struct lw_matrix x; /* (n, encoded columns), owned: numbers on a logarithmic scale
                           with mean 0 and variance 1, words one column each, what is
                           missing 0 */
    size_t *row;        /* (n) of the frame, ascending, owned */
    bool *is_used;      /* (columns of the frame), owned */
};

LW_API void lw_embed_rows_release(struct lw_embed_rows *r);

/** Take `n` rows at random (0: all) from a frame.  Labels, what leakage lint names an
 *  identifier, time, address, port or label, and columns of more than 256 words are
 *  left out.  target and schema: NULL is fine.  LW_EINVAL: no column is left.
 *  LW_ELIMIT.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status
lw_embed_rows_make(struct lw_embed_rows *out, const struct lw_frame *f,
                   const struct lw_target *target, const struct lw_schema *schema,
                   size_t n, uint64_t seed, struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_EMBED_H */
