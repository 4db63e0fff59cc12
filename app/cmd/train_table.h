/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_table.h - lapwing train on the columns that a table happens to have. */
#ifndef CMD_TRAIN_TABLE_H
#define CMD_TRAIN_TABLE_H

#include "cmd/options.h"

#include <lapwing/model.h>
#include <lapwing/schema.h>

#include <stdbool.h>

/** The options of it alone; see also table_group. */
extern const struct opt_group train_table_group;

struct train_table {
    const char *data;   /* for messages */
    const char *output; /* the model file */
    const char *model;  /* kind; NULL: the default */
    const struct lw_schema *schema;
    struct lw_model_params params; /* with the seed */
    const char *report;            /* page to write; NULL: none */
    bool json;
};

/** The first option on the command line that only this takes; NULL: none is there. */
const char *train_table_said(void);

/** Do the options ask for classes that only this has (--level)? */
bool train_table_wanted(void);

/** Whether options make sense; an exit status. */
int train_table_check(void);

/** Are the columns and labels those of KDD'99, which recipes are for? */
bool train_table_is_kdd(const struct lw_frame *frame, const struct lw_schema *schema);

/** Train, write the model and print what to expect of it; an exit status. */
int train_table(const struct lw_frame *frame, const struct train_table *cfg);

#endif /* CMD_TRAIN_TABLE_H */
