/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/learnt_page.h - the report of a training that judges itself on what it held out:
 * tables of its figures, and what a model judged shows (report/page.h).
 */
#ifndef CMD_LEARNT_PAGE_H
#define CMD_LEARNT_PAGE_H

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

struct learnt_page {
    const char *path;   /* of the page */
    const char *data;   /* what was learnt from; NULL: not said */
    const char *output; /* the model file */
    const char *how;    /* "preset botnet" */
    /** Puts more facts: members with a text or a number each.  NULL: none. */
    report_put_fn facts;
    /** Puts "tables", an array, and what REPORT_LEARNT has besides. */
    report_put_fn put;
    const void *of; /* for both */
};

/** Write the page; says what fails.  Returns an exit status. */
int learnt_page_write(const struct learnt_page *p);

/** Begin a table within the array "tables"; rows are arrays, as many values each as
 *  there are columns.  Then end it. */
void learnt_table_begin(struct jsonw *w, const struct learnt_table *t);
void learnt_table_end(struct jsonw *w);

#endif /* CMD_LEARNT_PAGE_H */
