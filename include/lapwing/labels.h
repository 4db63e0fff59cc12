/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/labels.h - ground truth: which flows are what.
 *
 * A file of rules, one a line, below a header that names its columns (in any order, of
 * which others are ignored):
 *
 *     start,end   when the flow's first packet came, to the microsecond: seconds since
 *                 1970 or a date, UTC
 *     src,dst     an address or a network such as 10.20.30.0/24
 *     sport,dport ports
 *     proto       a name such as tcp, or an IP protocol number
 *     label       the label (or `class`)
 *
 * Empty, "*" and "any" stand for anything; a column that is not there, too.  A rule
 * holds for both directions.  Of several rules that fit, the one with the longest
 * address prefixes wins, then the one with more ports, with a protocol, with times; of
 * those that are equal in all that, the first.
 *
 * Labelled flows (binetflow files, Zeek's conn.log in its own form or as CSV, what
 * `lapwing flows --format csv` writes) are such files, too: their columns are known by
 * their names.  Plain or compressed.
 *
 * Thread safety: one thread at a time.
 */
#ifndef LW_LABELS_H
#define LW_LABELS_H

#include <lapwing/error.h>
#include <lapwing/record.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_labels; /* opaque */

enum {
    LW_LABEL_MAX = 255,            /* bytes of a label */
    LW_LABELS_RULES_MAX = 1 << 22, /* rules of a file, */
    LW_LABELS_SHAPES_MAX = 256     /* of so many kinds: prefix lengths, what is given */
};

/** Read a file, or "-".  The caller owns *out.  LW_ENOTFOUND, LW_EIO; LW_EFORMAT names
 * file, line, column, value and what is right; LW_ELIMIT; LW_ETRUNCATED; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_labels_read(struct lw_labels **out, const char *path,
                                             struct lw_error *err);
LW_API LW_MUST enum lw_status lw_labels_read_memory(struct lw_labels **out,
                                                    const void *data, size_t n_bytes,
                                                    const char *name,
                                                    struct lw_error *err);

/** The label of a record's flow, or NULL when no rule fits; borrowed. */
LW_API const char *lw_labels_find(struct lw_labels *labels,
                                  const struct lw_record *rec);

struct lw_labels_stats {
    uint64_t rules;
    uint64_t rules_used;         /* that labelled a record */
    uint64_t records_labelled;   /* so many lw_labels_find() found a label for */
    uint64_t records_unlabelled; /* and so many it did not */
};

LW_API void lw_labels_get_stats(const struct lw_labels *labels,
                                struct lw_labels_stats *out);

/** NULL is fine. */
LW_API void lw_labels_free(struct lw_labels *labels);

#ifdef __cplusplus
}
#endif

#endif /* LW_LABELS_H */
