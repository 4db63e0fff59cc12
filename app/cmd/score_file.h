/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/score_file.h - a table as it is, with what a model says of each row behind it.
 *
 * The lines of the table are passed on unchanged, whatever their columns, with three
 * fields more: label, score and p_value (predicted_label and so on where the table has
 * such a column).  Of a Zeek log the lines #fields and #types get them too; a JSON
 * object gets members.
 */
#ifndef CMD_SCORE_FILE_H
#define CMD_SCORE_FILE_H

#include <lapwing/dataset.h>
#include <lapwing/error.h>

struct score_row {
    const char *label; /* borrowed for the call; NULL: the row cannot be judged, and its
                          fields stay empty */
    float score;       /* of an attack */
    float p_value;     /* NaN: unknown */
};

/** What is said of the row with that number. */
typedef void (*score_row_fn)(const void *ctx, size_t row, struct score_row *out);

struct score_file {
    const char *input;  /* the table, read once more: not standard input itself, see
                           score_spool() */
    const char *output; /* "-": standard output */
    const struct lw_frame *frame; /* of the table, all of its rows */
    score_row_fn get;
    const void *ctx;
};

/** Write it whole or not at all.  LW_EINVAL: rows were left out, or a format without
 *  columns; LW_EIO; LW_EFORMAT: the table is not what it was; LW_ENOMEM. */
LW_MUST enum lw_status score_file_write(const struct score_file *s,
                                        struct lw_error *err);

enum { SCORE_PATH_MAX = 64 };

/** Keep standard input in a file without a name, under a path that can be read as often
 *  as needed while the program runs.  LW_EIO. */
LW_MUST enum lw_status score_spool(char path[SCORE_PATH_MAX], struct lw_error *err);

#endif /* CMD_SCORE_FILE_H */
