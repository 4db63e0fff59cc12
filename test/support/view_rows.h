/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/view_rows.h - a view's rows of a conversation written as text.
 *
 *     struct view_rows got;
 *     view_rows_run(&got, "flow", NULL, "0 udp 10.0.0.1:5 > 10.0.0.2:53 len=9\n");
 *     assert_near(got.row[0][FLOW_total_fwd_packets], 1, 0);
 *
 * Lines are those of support/metered.h.
 */
#ifndef SUPPORT_VIEW_ROWS_H
#define SUPPORT_VIEW_ROWS_H

#include <lapwing/flow.h>
#include <lapwing/view.h>

enum { VIEW_ROWS_MAX = 128, VIEW_COLUMNS_MAX = 256 };

struct view_rows {
    float row[VIEW_ROWS_MAX][VIEW_COLUMNS_MAX]; /* the first n_rows of them */
    size_t n_rows;                              /* may be more than are kept */
};

/** Meter `lines` to their end as the view wants it; `cfg` may be NULL. */
void view_rows_run(struct view_rows *out, const char *view,
                   const struct lw_meter_config *cfg, const char *lines);

#endif /* SUPPORT_VIEW_ROWS_H */
