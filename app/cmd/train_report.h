/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/train_report.h - what lapwing train --report writes. */
#ifndef CMD_TRAIN_REPORT_H
#define CMD_TRAIN_REPORT_H

#include <lapwing/compare.h>
#include <lapwing/detect.h>
#include <lapwing/tabular.h>

/** A training and what it found.  All borrowed. */
struct train_report {
    const char *path; /* the page to write */
    const char *data; /* what was learnt from, for the page */
    const char *output;
    const struct lw_frame *frame;
    const struct lw_compare_table_config *table; /* rows, columns and classes */
    const struct lw_compare_config *judge;       /* the protocol held to */
    const struct lw_compare_model *model;
    const struct lw_train_report *recipe; /* NULL: it was no recipe */
};

/** Measure the learning curve and what columns are worth, and write the page; says what
 *  fails.  Returns an exit status. */
int train_report_write(const struct train_report *t);

#endif /* CMD_TRAIN_REPORT_H */
