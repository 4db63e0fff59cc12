/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/judge_apart.h - judge a capture in a process of its own, behind walls.
 *
 * The capture is a stranger's: whatever it does to the code that reads it, it does
 * there (sandbox/walls.h), and at worst its own job fails.
 */
#ifndef SERVE_JUDGE_APART_H
#define SERVE_JUDGE_APART_H

#include "serve/judge.h"

/** argv[1] of that process: main() then calls judge_apart_main(). */
#define JUDGE_APART_WORD "judge-one-capture"

struct judge_limits {
    uint64_t memory_bytes;
    uint32_t cpu_s;
};

/** As judge_capture().  LW_ELIMIT also: its memory or processor time was used up.
 *  LW_EIO: it crashed, or did what it must not; the message says so. */
LW_MUST enum lw_status judge_apart(const struct judge_config *cfg,
                                   const struct judge_limits *limits,
                                   struct judge_totals *out, struct lw_error *err);

/** The process: reads a request from descriptor 0 and the capture from 3, closes the
 *  walls in between, writes frames to 1.  words (n_words): behind JUDGE_APART_WORD, the
 *  limits.  Its exit status. */
int judge_apart_main(char *const *words, size_t n_words);

#endif /* SERVE_JUDGE_APART_H */
