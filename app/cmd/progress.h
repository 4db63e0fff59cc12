/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/progress.h - one line on standard error that tells how far long work is.
 *
 * Shown only where standard error is a terminal and --quiet was not said, from the
 * first second on, at most ten times a second.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdint.h>

/** Call often: `done` from 0 to 1, negative when unknown; `what` is a short text.  Fits
 *  lw_progress_fn; `ctx` is not used. */
void progress_show(void *ctx, double done, const char *what);

/** Tell of a table that is read.  Fits lw_rows_read_fn; `ctx` is its name, NULL: none.
 */
void progress_rows(void *ctx, uint64_t n_rows, double done);

/** Take the line off the screen, before something else is printed or at the end. */
void progress_clear(void);

/** The same at the end of a work, so that the next one's time starts anew. */
void progress_end(void);

#endif /* CMD_PROGRESS_H */
