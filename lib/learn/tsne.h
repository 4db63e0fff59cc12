/* SPDX-License-Identifier: Apache-2.0 */
/* learn/tsne.h - t-SNE from prepared rows and first points. */
#ifndef LEARN_TSNE_H
#define LEARN_TSNE_H

#include <lapwing/embed.h>

/** How much rows belong together: symmetric, all values add up to 1. */
struct tsne_pull {
    size_t *from;  /* (n + 1), owned: where each row's entries begin */
    uint32_t *row; /* (from[n]), owned */
    float *p;      /* (from[n]), owned */
    size_t n;
    uint32_t n_neighbours;
};

/** LW_EINVAL: too few rows.  LW_ENOMEM. */
LW_MUST enum lw_status tsne_pull_make(struct tsne_pull *out, const struct lw_matrix *x,
                                      double perplexity,
                                      const struct lw_embed_config *cfg,
                                      struct lw_error *err);
void tsne_pull_release(struct tsne_pull *p);

/** Kullback-Leibler divergence of points y (n, 2) in nats, and its slope (n, 2) unless
 *  that is NULL; pair by pair. */
double tsne_divergence(const struct tsne_pull *p, const float *y, float *slope,
                       float *room);

/** Move the points y (n, 2); cfg is complete.  *kl: of what came out. */
LW_MUST enum lw_status tsne_run(float *y, const struct tsne_pull *p,
                                const struct lw_embed_config *cfg, double *kl,
                                struct lw_error *err);

#endif /* LEARN_TSNE_H */
