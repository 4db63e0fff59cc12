/* SPDX-License-Identifier: Apache-2.0 */
/* serve/suppressed.h - the suppressions that hold now, for whoever judges. */
#ifndef SERVE_SUPPRESSED_H
#define SERVE_SUPPRESSED_H

#include "store/alerts.h"

struct suppressed {
    struct store_suppression *items; /* (n), owned; their reasons are not kept */
    size_t n;
    size_t cap;
    bool failed;
};

/** Released in any case.  What the store says; LW_ENOMEM. */
LW_MUST enum lw_status suppressed_load(struct suppressed *out, struct store *s,
                                       int64_t now_ns, struct lw_error *err);
void suppressed_release(struct suppressed *p);

#endif /* SERVE_SUPPRESSED_H */
