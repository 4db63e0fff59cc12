/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/row_file.h - the rows of a view into a file, as CSV or as a NumPy array.
 *
 * NumPy's form (version 1.0 of its format, numpy.lib.format) is a matrix of 32-bit
 * floats, little-endian, a row after the other: numpy.load() reads it, also as a map of
 * the file.  A category is its number, -1 one that the view does not list; a value that
 * cannot be had is NaN.  What the columns are is written beside it as JSON, under the
 * same name with .json for .npy; whose rows they are, and their labels, where they are
 * asked for, as CSV with .csv.
 *
 * Rows are counted as they are written and the count is put into the header at the end,
 * so memory does not grow with them.
 */
#ifndef CMD_ROW_FILE_H
#define CMD_ROW_FILE_H

#include <lapwing/view.h>

#include <stdio.h>

struct row_file; /* opaque */

enum row_format { ROW_FORMAT_BY_NAME, ROW_FORMAT_CSV, ROW_FORMAT_NPY };

struct row_file_config {
    const struct lw_view *view; /* static storage */
    const char *path;           /* borrowed until the end; "-": standard output */
    enum row_format format;     /* by name: .npy, or else CSV */
    bool no_header;             /* CSV: leave out the line with the names */
    bool zero;                  /* 0 for what cannot be had */
    bool keys;                  /* whose row it is */
    bool label;                 /* and its label */
};

/** LW_EINVAL: NumPy's form on standard output.  LW_EIO: cannot write, or cannot go back
 *  to where the number of rows belongs. */
LW_MUST enum lw_status row_file_open(struct row_file **out,
                                     const struct row_file_config *cfg,
                                     struct lw_error *err);

/** `label` is read where labels are asked for.  A failure shows in the stream, or at
 * the end. */
void row_file_put(struct row_file *f, const struct lw_row *row, const char *label);

/** Where it goes; borrowed. */
FILE *row_file_stream(struct row_file *f);

/** Put it in place, whole.  `f` is gone either way. */
LW_MUST enum lw_status row_file_commit(struct row_file *f, struct lw_error *err);

/** Leave no trace; NULL is fine. */
void row_file_abort(struct row_file *f);

#endif /* CMD_ROW_FILE_H */
