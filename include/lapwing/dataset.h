/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/dataset.h - labelled records from files, as columns.
 *
 * A frame holds a table column by column, four bytes a value: numbers as floats,
 * text as codes into the column's own dictionary.  Readers parse; what the columns
 * mean to a detector is decided by a view (lapwing/view.h).
 */
#ifndef LW_DATASET_H
#define LW_DATASET_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Called now and then during long work, `done` from 0 to 1. */
typedef void (*lw_progress_fn)(void *ctx, double done, const char *what);

/** A dense row-major matrix; release with lw_matrix_release(). */
struct lw_matrix {
    float *x; /* (n_rows, n_cols), owned */
    size_t n_rows;
    size_t n_cols;
};

LW_API LW_MUST enum lw_status lw_matrix_init(struct lw_matrix *m, size_t n_rows,
                                             size_t n_cols, struct lw_error *err);
LW_API void lw_matrix_release(struct lw_matrix *m);

enum lw_column_type { LW_COLUMN_NUMBER, LW_COLUMN_TEXT };

/** One column; everything borrowed from the frame. */
struct lw_column {
    const char *name;
    enum lw_column_type type;
    const float *numbers; /* (n_rows), NaN where missing; NULL for text */
    double origin;        /* of a time: its first value, in seconds since 1970, which is
                             0 in `numbers`; 0 for other numbers */
    const uint32_t *codes; /* (n_rows), index into dictionary; NULL for numbers */
    const char *const *dictionary; /* (n_words), in order of first appearance */
    uint32_t n_words;
    uint64_t text_line; /* of a column that was taken for numbers: the line of the first
                           value that is none; else 0 */
    uint64_t n_repaired; /* values that were no numbers and became missing */
};

struct lw_frame; /* opaque */

/** What becomes of a row with a value that cannot be read, too few or too many fields,
 * or damaged quotes. */
#define LW_BAD_ROWS_LIST(X)                                                            \
    X(STOP, "stop")       /* LW_EFORMAT, naming file, line, column and value */        \
    X(SKIP, "skip")       /* it is left out, and counted */                            \
    X(MISSING, "missing") /* the value is missing; a row that has not as many fields   \
                             as columns is left out, for any of them may be lost */

enum lw_bad_rows {
#define LW_BAD_ROWS_ENUM(name, text) LW_BAD_ROWS_##name,
    LW_BAD_ROWS_LIST(LW_BAD_ROWS_ENUM)
#undef LW_BAD_ROWS_ENUM
        LW_N_BAD_ROWS
};

struct lw_schema; /* lapwing/schema.h */

/** Told of each bad row that does not stop the reading: file, line, column and value.
 *  `message` is borrowed for the call. */
typedef void (*lw_bad_row_fn)(void *ctx, const char *message);

/** Told now and then how many rows were read; `done` of the file, from 0 to 1, negative
 *  where its size is not known. */
typedef void (*lw_rows_read_fn)(void *ctx, uint64_t n_rows, double done);

/** Zero means the default. */
struct lw_frame_config {
    const char *format; /* "nsl-kdd", "kdd99", "zeek", "zeek-csv", "binetflow", "json",
                           "csv"; NULL: found by looking */
    uint64_t max_rows;  /* 0: all */
    const struct lw_schema *schema; /* what was said of the columns; borrowed for the
                                       call; NULL: nothing */
    enum lw_bad_rows bad_rows;      /* unless the schema says */
    lw_bad_row_fn bad_row;          /* NULL: nobody is told */
    void *bad_row_ctx;
    bool *stopped; /* set to true where a bad row stopped the reading; borrowed; NULL */
    lw_rows_read_fn rows_read; /* NULL: nobody is told */
    void *rows_read_ctx;       /* borrowed */
    bool no_digest;            /* the digest is not wanted, and will be zeros */
};

/** What reading met. */
struct lw_read_report {
    char delimiter;      /* between fields */
    bool has_header;     /* names are the file's own */
    uint64_t n_skipped;  /* bad rows left out */
    uint64_t n_repaired; /* values that were no numbers and became missing */
    uint64_t n_headers;  /* lines that repeat the header, passed over */
    size_t n_renamed;    /* columns without a name, or with that of another */
};

/** Read a file, plain or compressed (gz, zst, xz), or "-".  The caller owns *out.
 *  KDD'99 and NSL-KDD files without a header get the columns' standard names
 *  (underscored) and `label` (attack name), NSL-KDD also `difficulty`.  Argus flows in
 *  CSV and Zeek logs are known by their headers.  JSON is read an object a line: keys
 *  (joined by dots where objects hold objects) are columns, of Suricata's events flows
 *  are rows.  Any other table is looked at: a first
 *  line without numbers is a header, else columns are called column_1 and so on; a name
 *  that an earlier column has gets ".1" behind it.  A column is numeric unless a value
 *  near its beginning is no number, and becomes text when a later one is none and all
 *  before were whole numbers, which are words as well.
 *  In numeric columns an empty value, "?", "-", "NA", "null" and "nan" are missing;
 *  words stay as they are spelt, without the blanks around them.  LW_EIO; LW_EFORMAT
 *  names file, line, column and value; LW_EINVAL: the schema names a column that is not
 *  there; LW_EUNSUPPORTED; LW_ETRUNCATED: compressed data cut off. */
LW_API LW_MUST enum lw_status lw_frame_read(struct lw_frame **out, const char *path,
                                            const struct lw_frame_config *cfg,
                                            struct lw_error *err);
LW_API LW_MUST enum lw_status lw_frame_read_memory(struct lw_frame **out,
                                                   const void *data, size_t n_bytes,
                                                   const char *name,
                                                   const struct lw_frame_config *cfg,
                                                   struct lw_error *err);
LW_API void lw_frame_free(struct lw_frame *f);

LW_API size_t lw_frame_rows(const struct lw_frame *f);
LW_API size_t lw_frame_columns(const struct lw_frame *f);
LW_API void lw_frame_column(const struct lw_frame *f, size_t i, struct lw_column *out);
/** Index by name, -1 when absent. */
LW_API int lw_frame_find(const struct lw_frame *f, const char *name);
/** The reader's name that recognised the file. */
LW_API const char *lw_frame_format(const struct lw_frame *f);
LW_API void lw_frame_read_report(const struct lw_frame *f, struct lw_read_report *out);
/** SHA-256 of the uncompressed bytes, up to the last row read. */
LW_API void lw_frame_digest(const struct lw_frame *f, uint8_t out[32]);

/** The five classes of KDD'99, in this order in every model and report. */
#define LW_KDD_CLASS_LIST(X)                                                           \
    X(NORMAL, "Normal")                                                                \
    X(DOS, "DoS")                                                                      \
    X(PROBE, "Probe")                                                                  \
    X(R2L, "R2L")                                                                      \
    X(U2R, "U2R")

enum lw_kdd_class {
#define LW_KDD_CLASS_ENUM(name, text) LW_KDD_##name,
    LW_KDD_CLASS_LIST(LW_KDD_CLASS_ENUM)
#undef LW_KDD_CLASS_ENUM
        LW_N_KDD_CLASSES
};

LW_API const char *lw_kdd_class_name(enum lw_kdd_class c);

/** The class of an attack name (or of a class name) by the official mapping
 *  (httptunnel is U2R, worm is R2L); a trailing dot and case are ignored.
 *  -1 for a name it does not know. */
LW_API int lw_kdd_class_of(const char *attack);

#ifdef __cplusplus
}
#endif

#endif /* LW_DATASET_H */
