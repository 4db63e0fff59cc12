/* SPDX-License-Identifier: Apache-2.0 */
/* feature/extract_priv.h - what each view's row maker offers to extract.c. */
#ifndef FEATURE_EXTRACT_PRIV_H
#define FEATURE_EXTRACT_PRIV_H

#include <lapwing/record.h>
#include <lapwing/view.h>

#include <stdbool.h>

/** How the rows of a view are made.  A row has two halves: what is taken from the
 * record alone, as soon as it comes, with all that it borrows; and what depends on the
 * records before it, when its turn has come. */
struct row_maker {
    const char *view;
    size_t n_columns;
    size_t n_own;  /* values that `take` makes; 0: none */
    bool in_order; /* rows wait for older ones */

    /** Does the flow have a row?  NULL: each has. */
    bool (*has_row)(const struct lw_record *rec);
    /** What rows remember of each other; NULL: nothing.  LW_ENOMEM. */
    enum lw_status (*begin)(void **state, const struct lw_extractor_config *cfg);
    void (*end)(void *state);
    /** Say what the state forgot; NULL: nothing to say. */
    void (*get_stats)(const void *state, struct lw_extractor_stats *out);
    /** Fill own (n_own). */
    void (*take)(const struct lw_record *rec, float *own);
    /** A record has its turn next, unless another comes before it: ask memory for what
     *  `make` will need of it, with `step` 0 for where that is, with 1 a little later
     *  for the thing itself.  NULL: nothing worth it. */
    void (*fetch)(void *state, const struct lw_record *rec, unsigned step);
    /** Fill values (n_columns).  `rec` borrows nothing any more. */
    void (*make)(void *state, const struct lw_record *rec, const float *own,
                 float *values);
};

extern const struct row_maker flow_rows;
extern const struct row_maker kdd_rows;
extern const struct row_maker netflow_rows;
extern const struct row_maker netflow_host_rows;

#endif /* FEATURE_EXTRACT_PRIV_H */
