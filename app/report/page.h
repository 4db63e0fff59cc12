/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report/page.h - an analysis as one HTML file that needs nothing else.
 *
 * The figures are JSON in a block that is never executed; one style and three scripts
 * are inlined, and the page's own Content-Security-Policy names the SHA-256 of each:
 * nothing else may run, and no host is asked for anything.  The script puts every text
 * into the page as text, so that markup in a name stays text.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/jsonw.h"

#include <lapwing/curve.h>
#include <lapwing/error.h>
#include <lapwing/eval.h>

/** What a page shows; each has scripts of its own (ui/report/). */
enum report_kind {
    REPORT_TEST,    /* what report_put_eval() and report_put_curve() put */
    REPORT_PROFILE, /* "profile": what lapwing profile --json prints */
    REPORT_COMPARE, /* "experiments", as lapwing compare --json prints them */
    REPORT_TRAIN,   /* "learning", "importance", "by_rule", and what REPORT_TEST has */
    REPORT_LEARNT   /* "tables" (cmd/learnt.h), and of REPORT_TEST what there is */
};

/** Puts the members of the page's JSON object: "facts" (an object of texts or numbers),
 *  and what the kind says. */
typedef void (*report_put_fn)(struct jsonw *w, const void *of);

/** "eval": names (e->n_classes), matrix and figures. */
void report_put_eval(struct jsonw *w, const struct lw_eval *e,
                     const char *const *names);
/** "curve": points, distributions and reliability.  "calibrated": reliability of the
 *  same rows' calibrated probabilities, to show beside it. */
void report_put_curve(struct jsonw *w, const struct lw_curve *c);
void report_put_calibrated(struct jsonw *w, const struct lw_curve *c);

/** Write the page whole or not at all.  LW_EIO, LW_ENOMEM. */
LW_MUST enum lw_status report_write(const char *path, enum report_kind kind,
                                    const char *title, report_put_fn put,
                                    const void *of, struct lw_error *err);

#endif /* REPORT_PAGE_H */
