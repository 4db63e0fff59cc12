/* SPDX-License-Identifier: Apache-2.0 */
/* data/frame_priv.h - a frame's layout, shared by frame.c and the readers. */
#ifndef DATA_FRAME_PRIV_H
#define DATA_FRAME_PRIV_H

#include "base/digest.h"
#include "data/dict.h"

#include <lapwing/dataset.h>

/* Text of a cell to a number; false when it is none. */
typedef bool (*frame_parse_fn)(const char *p, size_t n, double *out);

struct frame_column {
    char *name; /* owned */
    enum lw_column_type type;
    float *numbers;    /* (cap), owned; NULL for text */
    uint32_t *codes;   /* (cap), owned; NULL for numbers */
    struct dict dict;  /* of a text column */
    const char *again; /* borrowed from `dict`: the word of the last plain cell, which
                          the next one probably has; NULL: not known */
    size_t n_again;
    uint32_t again_code;
    frame_parse_fn parse; /* of a time: seconds since 1970; NULL for other numbers */
    double origin;        /* of a time: its first value, which is 0 in `numbers` */
    bool has_origin;
    bool is_dropped;     /* its cells are passed over; gone once the table is read */
    bool is_spelt;       /* numbers so far do not have their only spelling: 1.0, 007 */
    size_t changed_row;  /* row + 1 that brought a new word, or was repaired; 0: none */
    uint64_t text_line;  /* where a column of numbers became one of text; 0: nowhere */
    uint64_t n_repaired; /* values that were no numbers and became missing */
};

struct lw_frame {
    const char *format;           /* static storage */
    struct frame_column *columns; /* (n_columns), owned */
    size_t n_columns;
    size_t n_rows;
    size_t cap; /* rows that fit */
    uint8_t digest[SHA256_BYTES];
    struct lw_read_report report;
};

/* Change the capacity of every column.  False when memory is out: the frame is whole,
 * with its old capacity.  cap >= n_rows. */
bool frame_set_capacity(struct lw_frame *f, size_t cap);

/* Take the columns that were dropped out of the frame. */
void frame_forget_dropped(struct lw_frame *f);

#endif /* DATA_FRAME_PRIV_H */
