/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/schema.h - what a table's columns are, where looking does not tell.
 *
 * A schema holds what somebody said of a table: its delimiter, whether it has a header,
 * names for its columns, which is the label and which of its values mean an attack,
 * what to leave out.  It is given to lw_frame_read() in its configuration, and to
 * lw_target_find().  What it does not say is found by looking.
 */
#ifndef LW_SCHEMA_H
#define LW_SCHEMA_H

#include <lapwing/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_words {
    char **items; /* (n), owned as the words are */
    size_t n;
    size_t cap;
};

enum lw_header { LW_HEADER_BY_LOOKING, LW_HEADER_YES, LW_HEADER_NO };

/** All zero says nothing; release with lw_schema_release(). */
struct lw_schema {
    char *format;   /* a reader's name; owned, NULL: found by looking */
    char *label;    /* name of the label column; owned, NULL: found by looking */
    char delimiter; /* 0: found by looking */
    enum lw_header header;
    enum lw_bad_rows bad_rows;
    bool has_bad_rows;        /* it was said */
    struct lw_words columns;  /* names of all columns, in place of a header's */
    struct lw_words positive; /* label values that mean an attack; "*" at an end of one
                                 stands for anything */
    struct lw_words drop;     /* columns that are not kept */
    struct lw_words categorical; /* columns of words, even if they look like numbers */
    struct lw_words keep;        /* columns that leakage lint leaves alone */
};

LW_API void lw_schema_release(struct lw_schema *s);

/** Say one thing: `key` is "format", "label", "delimiter" (a character, or comma, tab,
 *  semicolon, pipe), "header" (yes, no, auto), "on_bad_row" (stop, skip, missing), or
 *  adds one word to "columns", "positive", "drop", "categorical", "keep".
 *  LW_EINVAL: no such key or value, or a thing said twice.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_schema_set(struct lw_schema *s, const char *key,
                                            const char *value, struct lw_error *err);

/** Add what a YAML file says: a mapping of the keys above to words, or to lists of
 *  them.  LW_EIO; LW_EFORMAT names file and line; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_schema_load(struct lw_schema *s, const char *path,
                                             struct lw_error *err);
LW_API LW_MUST enum lw_status lw_schema_parse(struct lw_schema *s, const void *data,
                                              size_t n_bytes, const char *name,
                                              struct lw_error *err);

/** The column that is meant: by its name, or by the only one that is the same but for
 *  case, blanks and punctuation.  -1: there is none. */
LW_API int lw_frame_find_like(const struct lw_frame *f, const char *name);

/* ---- labels ---- */

enum lw_target_side {
    LW_SIDE_NEGATIVE, /* normal, benign */
    LW_SIDE_POSITIVE, /* an attack */
    LW_SIDE_NEITHER   /* background: nobody knows */
};

/** What the label column says of each row; release with lw_target_release(). */
struct lw_target {
    size_t column;       /* of the frame */
    bool by_place;       /* it is the last one; no name told */
    uint32_t n_words;    /* different labels, in order of first appearance */
    char **words;        /* (n_words), owned */
    uint8_t *word_side;  /* (n_words) of enum lw_target_side, owned */
    uint64_t *word_rows; /* (n_words), owned */
    uint32_t *codes;     /* (n_rows) index into words, owned */
    size_t n_rows;
    uint64_t side_rows[3]; /* by enum lw_target_side */
    bool *is_label;        /* (n_columns of the frame), owned: this one, and those whose
                              names say that they are labels too */
};

LW_API void lw_target_release(struct lw_target *l);

/** Find the label column: the one that the schema names (NULL: no schema), else one
 *  with a name that labels have, else the last one if it has few values.  A value is an
 *  attack when the schema's positive words say so; without those, unless it is a usual
 *  word for normal traffic ("normal", "BENIGN", "0", nothing).  Values with
 * "background" in them are neither, unless the schema calls them positive.
 *  LW_ENOTFOUND: no label column.  LW_EINVAL: the schema names one that is not there,
 * or a positive value that no row has.  LW_ELIMIT: too many different values.
 * LW_ENOMEM.
 */
LW_API LW_MUST enum lw_status lw_target_find(struct lw_target *out,
                                             const struct lw_frame *f,
                                             const struct lw_schema *schema,
                                             struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_SCHEMA_H */
