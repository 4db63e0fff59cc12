/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/format.h - a format of flow records: a row of functions and a table of fields.
 *
 * A format made of columns needs little more than the table: each field has a function
 * that puts the value's text, the same in every format; the format's record() puts them
 * side by side.  A field that puts nothing is absent.
 *
 * All functions write at `p` and return the place behind (base/put.h).  Room: a field
 * takes at most FLOW_FIELD_MAX bytes (a label: FLOW_LABEL_ROOM), a header's or record's
 * fixed parts FLOW_FIXED_MAX.
 */
#ifndef FLOW_FORMAT_H
#define FLOW_FORMAT_H

#include <lapwing/flowlog.h>

enum {
    FLOW_FIELD_MAX = 128,
    FLOW_LABEL_ROOM = 6 * LW_LABEL_MAX + 16,
    FLOW_FIXED_MAX = 2048
};

/* One record while it is written. */
struct flow_line {
    const struct lw_record *rec; /* borrowed */
    const char *label;           /* "": none; borrowed */
    /* How the format writes text that may have any byte in it. */
    char *(*put_text)(char *p, const char *s, size_t n);
    uint8_t src; /* the initiator's index in the record's pairs; dst is the other */
    uint8_t dst;
    uint16_t community_id_seed;
};

enum flow_field_shape {
    FLOW_NUMBER, /* JSON's kind of number */
    FLOW_WORD,   /* text that no format must escape */
    FLOW_TEXT    /* any text, a label: written through put_text() */
};

/* What the meter keeps for those who ask; without it the field is absent. */
enum flow_field_need { FLOW_NEEDS_NOTHING, FLOW_NEEDS_CONN_LOG, FLOW_NEEDS_APPS };

struct flow_field {
    struct lw_flow_field about;
    char *(*put)(char *p, const struct flow_line *l);
    enum flow_field_shape shape;
    enum flow_field_need needs;
};

/* The fields that were chosen, in order. */
struct flow_columns {
    const struct flow_field *const *fields; /* (n), borrowed from the log */
    const uint8_t *name_len;                /* (n) bytes of their names, borrowed */
    size_t n;
};

struct lw_flow_format {
    const char *name;
    const char *doc;
    const struct flow_field *fields; /* (n_fields); NULL: none to choose */
    size_t n_fields;
    char *(*put_text)(char *p, const char *s, size_t n);
    /* NULL: there is none.  `time_ns` is the first record's start or the last end. */
    char *(*header)(char *p, struct flow_columns c, int64_t time_ns);
    char *(*record)(char *p, struct flow_columns c, const struct flow_line *l);
    char *(*footer)(char *p, int64_t time_ns);
    /* NULL: every record has its place. */
    bool (*takes)(const struct lw_record *rec);
    enum lw_cuts cuts; /* whose flows these are */
    bool dated;        /* the header has a time in it */
    bool needs_stats;  /* little is known without lapwing/flow_stats.h */
};

extern const struct lw_flow_format flow_format_binetflow; /* binetflow.c */
extern const struct lw_flow_format flow_format_csv;       /* fields.c */
extern const struct lw_flow_format flow_format_json;      /* fields.c */
extern const struct lw_flow_format flow_format_eve;       /* eve.c */
extern const struct lw_flow_format flow_format_zeek;      /* zeek.c */
extern const struct lw_flow_format flow_format_cic;       /* cic.c */
extern const struct lw_flow_format flow_format_cic2018;   /* cic.c */

/* The columns' names, and one record's values, between separators; an absent value is
 * `unset`.  Both without line end. */
char *flow_put_names(char *p, struct flow_columns c, char separator);
char *flow_put_values(char *p, struct flow_columns c, const struct flow_line *l,
                      char separator, const char *unset);

#endif /* FLOW_FORMAT_H */
