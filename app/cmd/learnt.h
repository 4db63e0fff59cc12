/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/learnt.h - what a training says that judges itself on what it held out: for
 * people, as JSON, and as a page with tables of its figures and what a model judged
 * shows (report/page.h).
 */
#ifndef CMD_LEARNT_H
#define CMD_LEARNT_H

#include "report/page.h"

/** How a column of numbers is shown; "text", "count", "share" or "figure". */
struct learnt_column {
    const char *name;
    const char *kind;
    bool bar; /* also as bars, from 0 to 1 */
};

struct learnt_table {
    const char *id;
    const char *title;
    const char *note;
    const struct learnt_column *columns; /* (n_columns); the first names the row */
    size_t n_columns;
};

/** A training that has ended well. */
struct learnt {
    const char *output; /* the model file */
    const char *data;   /* what was learnt from; NULL: not said */
    const char *how;    /* "preset botnet" */
    const void *of;     /* the trainer's report, for all of these: */
    void (*print)(const void *of, const char *output); /* to standard output */
    report_put_fn json;  /* members of the object printed */
    report_put_fn facts; /* more of the page's: members with a text or a number each */
    report_put_fn page;  /* "tables", an array, and what REPORT_LEARNT has besides */
};

/** Print it, for people or as JSON, and write the page if a path is given; says what
 *  fails.  Returns an exit status. */
int learnt_tell(const struct learnt *l, bool json, const char *page);

/** Begin a table within the array "tables"; rows are arrays, as many values each as
 *  there are columns.  Then end it. */
void learnt_table_begin(struct jsonw *w, const struct learnt_table *t);
void learnt_table_end(struct jsonw *w);

#endif /* CMD_LEARNT_H */
