/* SPDX-License-Identifier: Apache-2.0 */
/* data/encode_priv.h - the layout that applying (encode.c) and storing (encode_io.c)
 * share. */
#ifndef DATA_ENCODE_PRIV_H
#define DATA_ENCODE_PRIV_H

#include "data/encode.h"

enum {
    ENCODE_INPUTS_MAX = 4096,
    ENCODE_CATEGORIES_MAX = 65535,
    ENCODE_GROUPS_MAX = 255,
    ENCODE_OUTPUTS_MAX = 65535
};

/* What becomes of one input: columns [first_output, first_output + n_outputs). */
struct encoder_slot {
    struct encode_input input;
    uint32_t first_output;
    uint32_t n_outputs;
    bool scaled;      /* a number that does not pass as it is */
    bool log1p;       /* it goes through log1p first */
    double mean;      /* then this is taken away */
    double deviation; /* > 0; then it is divided by this */
    uint16_t *column; /* categories: (n_categories), 1 + its column among the slot's
                         own, 0 for none; owned; NULL for numbers */
    uint8_t *seen;    /* (n_categories) 1 where training rows had it; owned */
    uint8_t *group;   /* (n_categories), owned; NULL: each is its own group */
};

struct encoder_output {
    uint16_t source;  /* input */
    int32_t category; /* -1 for a number */
};

struct encoder {
    size_t n_inputs;
    size_t n_outputs;
    struct encoder_slot *slots;     /* (n_inputs), owned */
    struct encoder_output *outputs; /* (n_outputs), owned; made last */
};

/* An encoder with empty slots, NULL when memory is out. */
struct encoder *encoder_new(size_t n_inputs);

/* Set up a slot, a category's with nothing seen and its groups copied; false when
 * memory is out.  The slot's input keeps no pointer. */
bool encoder_slot_init(struct encoder_slot *slot, struct encode_input input);

/* Number the columns once every slot knows what training rows had: categories in the
 * order of their codes, groups in that of their first category with a column.
 * LW_ELIMIT: more than ENCODE_OUTPUTS_MAX.  LW_ENOMEM. */
LW_MUST enum lw_status encoder_number_outputs(struct encoder *e, struct lw_error *err);

#endif /* DATA_ENCODE_PRIV_H */
