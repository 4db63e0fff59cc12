/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/table.h - a table while it is read: what the engine (table_read.c) and the
 * formats (format_*.c) share.
 *
 * A format is a row of functions.  Its probe looks at the file's first line; begin()
 * names and types the columns and passes over the header; split(), where the format
 * has one, cuts a line into fields.  The engine does the rest.
 */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "base/csv_line.h"
#include "base/lines.h"
#include "data/frame_priv.h"
#include "data/schema.h"

struct table_format;

struct table {
    const char *name;     /* of the file; borrowed from the stream */
    struct lines lines;   /* of the file, and what was read of it for its digest */
    struct csv_line line; /* the fields of the current line */
    char delimiter;
    bool types_by_looking;  /* a column of nothing but missing values may become text */
    struct lw_frame *frame; /* owned until handed over */
    const struct table_format *format;
    const struct lw_frame_config *cfg; /* borrowed, never NULL */
    enum lw_bad_rows bad_rows;
    char *header; /* the header line, (n_header), owned; NULL: there is none, or the
                     format reads such lines itself */
    size_t n_header;
};

struct table_format {
    const char *name;
    /* The first line, and its fields in t->line. */
    bool (*probe)(const struct table *t, struct span text);
    /* The same line is the current one.  When it returns, the next line is a row. */
    enum lw_status (*begin)(struct table *t, struct span text, struct lw_error *err);
    /* Fields of a line into t->line; no field: the line is no row.  NULL: cut at the
     * delimiter, with quotes. */
    enum lw_status (*split)(struct table *t, struct span text, struct lw_error *err);
};

extern const struct table_format table_format_nsl_kdd;   /* format_kdd.c */
extern const struct table_format table_format_kdd99;     /* format_kdd.c */
extern const struct table_format table_format_zeek;      /* format_zeek.c */
extern const struct table_format table_format_zeek_csv;  /* format_zeek.c */
extern const struct table_format table_format_binetflow; /* format_binetflow.c */
extern const struct table_format table_format_json;      /* format_json.c */
extern const struct table_format table_format_csv;       /* format_csv.c */

/* Cut a line at the delimiter, with quotes, into t->line. */
LW_MUST enum lw_status table_split(struct table *t, struct span text,
                                   struct lw_error *err);

/* Name the columns: from `names`, or where that is NULL from the fields of t->line;
 * all are numbers at first.  Returns LW_OK, LW_EFORMAT (too many) or LW_ENOMEM. */
LW_MUST enum lw_status table_name_columns(struct table *t, const char *const *names,
                                          struct lw_error *err);

/* Text of a cell to a number: decimal, or hexadecimal behind "0x" as in ports of
 * ICMP. */
bool table_parse_number(const char *p, size_t n, double *out);

bool table_field_is(struct csv_field f, const char *text);
/* Nothing, "?", "-", "NA" or "null": no value.  ("nan" is a number that is none.) */
bool table_field_is_missing(struct csv_field f);

#endif /* DATA_TABLE_H */
