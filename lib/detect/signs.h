/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/signs.h - signs of attacks that need no learning.
 *
 * A sign is one of two things.  Something that no honest program sends: a packet from
 * an address to itself, a segment without any of the flags that a segment must have, an
 * answer that gives another's address as one's own.  Or a count that no honest host
 * reaches: so many hosts asked for in a minute, so many half-open connections to a
 * service in ten seconds.  The counts are damped (feature/decay.h), of one host, of
 * two, or of a service, and a row has a sign when it is of the kind that is counted and
 * the count, itself included, has reached what the table says (sign_table.c).
 *
 * The first rows of what is counted are known for what they were only when the count is
 * reached.  Whoever keeps rows for a while is told of them then.
 *
 * They find what the classifier was never shown, and are found in the order of rows, so
 * that a file gives the same ones whatever the number of threads.
 */
#ifndef DETECT_SIGNS_H
#define DETECT_SIGNS_H

#include <lapwing/detect.h>

struct signs;

/** A count has reached what the table says, and a row so many rows before this one was
 *  one of those counted: it has the sign as well.  The reason is that of this row. */
typedef void (*signs_earlier_fn)(void *ctx, uint64_t rows_ago,
                                 const struct lw_sign *sign,
                                 const struct lw_reason *why);

/** Who is told of earlier rows, of the last `n_rows`; 0: nobody. */
struct sign_hindsight {
    uint32_t n_rows;
    signs_earlier_fn fn;
    void *ctx; /* borrowed */
};

/** Ready for rows of this view.  `max_hosts` 0: the default; `h` NULL: nobody is told
 *  of earlier rows.  NULL when memory is out. */
struct signs *signs_new(const struct lw_view *view, uint32_t max_hosts,
                        const struct sign_hindsight *h);
/** NULL is fine. */
void signs_free(struct signs *s);

/** Are there any for rows of that view? */
bool signs_apply(const struct lw_view *view);

/** The gravest sign of a row whose turn it is, or NULL; fills *why where there is one.
 *  row (view->n_features). */
const struct lw_sign *signs_find(struct signs *s, const struct lw_record *rec,
                                 const float *row, struct lw_reason *why);

#endif /* DETECT_SIGNS_H */
