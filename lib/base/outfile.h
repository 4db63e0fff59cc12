/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/outfile.h - results go to a file whole, or not at all.
 *
 * A regular file is written beside its place under another name and renamed when it
 * is complete; whoever reads the path sees the old content or the new.  "-" is
 * standard output; devices and pipes are written directly.
 */
#ifndef BASE_OUTFILE_H
#define BASE_OUTFILE_H

#include <lapwing/error.h>

#include <stdio.h>

struct outfile; /* opaque */

/** The caller ends it with outfile_commit() or outfile_abort().  LW_EIO names path and
 *  reason. */
LW_MUST enum lw_status outfile_open(struct outfile **out, const char *path,
                                    struct lw_error *err);

/** The stream to write to; borrowed.  Write errors are reported by outfile_commit(). */
FILE *outfile_stream(struct outfile *f);

/** Flush, check every write, put the file in its place, free.  On failure nothing is
 *  left behind.  `f` is gone either way.  LW_EIO (disk full, ...). */
LW_MUST enum lw_status outfile_commit(struct outfile *f, struct lw_error *err);

/** Leave no trace; NULL is fine. */
void outfile_abort(struct outfile *f);

#endif /* BASE_OUTFILE_H */
