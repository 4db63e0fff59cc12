/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/profile_print.h - what `lapwing profile` says, for people and as JSON. */
#ifndef CMD_PROFILE_PRINT_H
#define CMD_PROFILE_PRINT_H

#include "base/jsonw.h"

#include <lapwing/profile.h>

#include <stdio.h>

/** All borrowed. */
struct profile_view {
    const char *path;
    const struct lw_frame *frame;
    const struct lw_target *target;   /* NULL: no label column */
    const struct lw_profile *profile; /* NULL: only the columns are shown */
    size_t top;                       /* features listed at most; 0: all */
    bool distributions;               /* quantiles and frequent words, too */
};

void profile_print(FILE *f, const struct profile_view *v);

/** The members of an object that is open already. */
void profile_put_json(struct jsonw *w, const struct profile_view *v);

/** Print as JSON on standard output; returns an exit status. */
int profile_print_json(const struct profile_view *v);

#endif /* CMD_PROFILE_PRINT_H */
