/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/flowread.h - flow records from text: what other meters made.
 *
 * Argus flows as CSV in CTU-13's columns (binetflow) and Zeek's conn.log: with its
 * header lines, as JSON, re-encoded as CSV, with labels behind it or without.  A file
 * is known by its first lines, whatever it is called; gzip, zstd and xz are read.
 *
 * A record from text says in `lacks` what its source does not tell.  Index 0 of its
 * pairs is the side on the left, and the initiator.  `flow_id` counts the rows.
 *
 * Memory is bounded: a line at a time.  One thread per reader.
 */
#ifndef LW_FLOWREAD_H
#define LW_FLOWREAD_H

#include <lapwing/dataset.h>
#include <lapwing/error.h>
#include <lapwing/record.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_flow_reader; /* opaque */

/** Zero means the default. */
struct lw_flow_reader_config {
    enum lw_bad_rows bad_rows; /* MISSING leaves a row without time, addresses or
                                  protocol out */
};

/** rows = records + no_flow + left_out */
struct lw_flow_reader_stats {
    uint64_t rows;
    uint64_t records;
    uint64_t no_flow;     /* rows about something else */
    uint64_t left_out;    /* rows that could not be read */
    uint64_t unread;      /* values taken for unknown (LW_BAD_ROWS_MISSING) */
    char first_bad[256];  /* the message about the first of them; "" if none */
    uint64_t bytes_read;  /* before decompression */
    uint64_t bytes_total; /* 0: unknown */
};

/** Open a file, or standard input for "-".  The caller owns *out.
 *  LW_EUNSUPPORTED: neither of the two; standard input is as it was then, and whoever
 *  opens it next sees all of it.  LW_EIO; LW_EFORMAT: a header that lacks a column;
 *  LW_ETRUNCATED: compressed data cut off within the header; LW_ENOMEM. */
LW_API LW_MUST enum lw_status
lw_flow_reader_open(struct lw_flow_reader **out, const char *path,
                    const struct lw_flow_reader_config *cfg, struct lw_error *err);
/** From memory, borrowed until close; `name` is for messages. */
LW_API LW_MUST enum lw_status lw_flow_reader_open_memory(
    struct lw_flow_reader **out, const void *data, size_t n_bytes, const char *name,
    const struct lw_flow_reader_config *cfg, struct lw_error *err);
/** NULL is fine. */
LW_API void lw_flow_reader_close(struct lw_flow_reader *r);

/** The next record, borrowed until the call after.  LW_END; LW_EFORMAT; LW_EIO;
 *  LW_ETRUNCATED: compressed data cut off, there was no more; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_flow_reader_next(struct lw_flow_reader *r,
                                                  const struct lw_record **out,
                                                  struct lw_error *err);

/** The label of the record read last, as the file has it; "" where it has none.
 *  Borrowed until the next call; at most LW_LABEL_MAX (lapwing/labels.h) bytes. */
LW_API const char *lw_flow_reader_label(const struct lw_flow_reader *r);

/** A time before which no record ends any more, as files of this format are: a
 *  binetflow in the order of starts, a conn.log in the order of ends, but for an hour.
 *  INT64_MIN before the first record. */
LW_API int64_t lw_flow_reader_watermark_ns(const struct lw_flow_reader *r);

/** "binetflow" or "zeek". */
LW_API const char *lw_flow_reader_format(const struct lw_flow_reader *r);

/** Let the reading end as if the file did; may be called from another thread. */
LW_API void lw_flow_reader_stop(struct lw_flow_reader *r);

LW_API void lw_flow_reader_get_stats(const struct lw_flow_reader *r,
                                     struct lw_flow_reader_stats *out);

#ifdef __cplusplus
}
#endif

#endif /* LW_FLOWREAD_H */
