/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/fuse.h - lapwing detect --fuse: one verdict of what several models say.
 *
 * Every further model judges the capture in a pass of its own, before the main one,
 * whose findings are then fused with what the others said of the same flow
 * (lapwing/fusion.h).  A detector may say more than one thing of a flow; what counts is
 * the least p-value.
 */
#ifndef CMD_FUSE_H
#define CMD_FUSE_H

#include "cmd/capture_loop.h"
#include "cmd/options.h"

#include <lapwing/fusion.h>

/* Of normal flows that are alarmed, where --fpr says nothing: what was measured. */
#define FUSE_LEVEL 0.001

struct fuse; /* opaque */

/** Load the models; the main one is borrowed.  level: share of normal flows that may be
 *  alarmed.  LW_EUNSUPPORTED: a model that keeps no record of normal flows; what
 *  lw_classifier_load() says. */
LW_MUST enum lw_status fuse_new(struct fuse **out, const struct lw_classifier *main,
                                const struct opt_list *models, double level,
                                struct lw_error *err);
void fuse_free(struct fuse *f); /* NULL is fine */

/** Have the further models judge the capture; cfg as for the main one, but for what
 *  belongs to a pass.  Returns an exit status. */
int fuse_listen(struct fuse *f, const struct lw_detector_config *cfg,
                char *const *filter, size_t n_filter);

/** The main model's finding with the verdict of all; the copy's `fused` is borrowed
 *  until the next call.  A sign decides whatever models say. */
LW_MUST enum lw_status fuse_finding(struct fuse *f, const struct lw_finding *finding,
                                    struct lw_finding *out, struct lw_error *err);

/** What became of the flows. */
struct fuse_totals {
    uint64_t rows;
    uint64_t alerts;
    uint64_t by_class[LW_N_VERDICTS];
    uint64_t agreed_normal; /* rows of which two models or more were heard */
    uint64_t agreed_attack;
    uint64_t disputed;
    uint64_t one_voice; /* rows of which one model was heard alone */
    uint64_t by_sign;
};

const struct fuse_totals *fuse_get(const struct fuse *f);
double fuse_level(const struct fuse *f);
size_t fuse_models(const struct fuse *f);
/** Model i, from 0, the main one: its classifier, its rows that were heard, and those
 *  it would have alarmed alone at the level. */
const struct lw_classifier *fuse_model(const struct fuse *f, size_t i,
                                       uint64_t *n_heard, uint64_t *n_alone);

#endif /* CMD_FUSE_H */
