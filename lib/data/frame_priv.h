/* SPDX-License-Identifier: Apache-2.0 */
/* data/frame_priv.h - a frame's layout, shared by frame.c and frame_read.c. */
#ifndef DATA_FRAME_PRIV_H
#define DATA_FRAME_PRIV_H

#include "base/digest.h"
#include "data/dict.h"

#include <lapwing/dataset.h>

struct frame_column {
    char *name; /* owned */
    enum lw_column_type type;
    float *numbers;   /* (cap), owned; NULL for text */
    uint32_t *codes;  /* (cap), owned; NULL for numbers */
    struct dict dict; /* of a text column */
};

struct lw_frame {
    const char *format;           /* static storage */
    struct frame_column *columns; /* (n_columns), owned */
    size_t n_columns;
    size_t n_rows;
    size_t cap; /* rows that fit */
    uint8_t digest[SHA256_BYTES];
};

#endif /* DATA_FRAME_PRIV_H */
