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
 * They find what the classifier was never shown, and are found in the order of rows, so
 * that a file gives the same ones whatever the number of threads.
 */
#ifndef DETECT_SIGNS_H
#define DETECT_SIGNS_H

#include <lapwing/detect.h>

struct signs;

/** Ready for rows of this view.  `max_hosts` 0: the default.  NULL when memory is out.
 */
struct signs *signs_new(const struct lw_view *view, uint32_t max_hosts);
/** NULL is fine. */
void signs_free(struct signs *s);

/** Are there any for rows of that view? */
bool signs_apply(const struct lw_view *view);

/** The gravest sign of a row whose turn it is, or NULL; fills *why where there is one.
 *  row (view->n_features). */
const struct lw_sign *signs_find(struct signs *s, const struct lw_record *rec,
                                 const float *row, struct lw_reason *why);

#endif /* DETECT_SIGNS_H */
