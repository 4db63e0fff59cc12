/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/progress.h - one line on standard error that tells how far long work is.
 *
 * Shown only where standard error is a terminal and --quiet was not said, from the
 * first second on, at most ten times a second.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

/** Call often: `done` from 0 to 1, negative when unknown; `what` is a short text.  Fits
 *  lw_progress_fn; `ctx` is not used. */
void progress_show(void *ctx, double done, const char *what);

/** Take the line off the screen, before something else is printed or at the end. */
void progress_clear(void);

#endif /* CMD_PROGRESS_H */
