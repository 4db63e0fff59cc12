/* SPDX-License-Identifier: Apache-2.0 */
/* detect/capture_rows.h - a capture as rows of a view, as lapwing detect makes them. */
#ifndef DETECT_CAPTURE_ROWS_H
#define DETECT_CAPTURE_ROWS_H

#include <lapwing/detect.h>

/** Call fn for every row of the capture, in the order in which flows end; rows of flows
 *  that go on among them.  LW_ENOMEM, and what reading a capture says. */
LW_MUST enum lw_status capture_rows_run(const struct lw_view *view,
                                        struct lw_capture *cap, lw_row_fn fn, void *ctx,
                                        struct lw_error *err);

#endif /* DETECT_CAPTURE_ROWS_H */
