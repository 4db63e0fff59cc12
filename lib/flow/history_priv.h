/* SPDX-License-Identifier: Apache-2.0 */
/* flow/history_priv.h - what the two halves of the history share. */
#ifndef FLOW_HISTORY_PRIV_H
#define FLOW_HISTORY_PRIV_H

#include "history.h"

/** Append a letter, given in upper case, for what side `from` did. */
void history_letter(struct history *h, unsigned from, char letter);

/** Count what happened once more; the 1st, 10th, 100th ... time is written. */
void history_count(struct history *h, unsigned from, uint32_t *n, char letter);

/** Letter '^': the other side is the originator after all. */
void history_flip(struct history *h);

/** A TCP segment with a right checksum. */
void history_tcp(struct history *h, const struct decoded *d, unsigned from,
                 int64_t time_ns);

/** Bytes of the stream that side `s` sent, as Zeek counts them. */
uint64_t history_tcp_bytes(const struct history *h, unsigned s);

/** histories_is_over() for TCP. */
bool history_tcp_is_over(const struct history *h, const struct decoded *d,
                         int64_t time_ns);

#endif /* FLOW_HISTORY_PRIV_H */
