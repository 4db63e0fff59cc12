/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox/child.h - this program once more, for work that may go wrong.
 *
 * The child is the same binary, run anew: nothing of the parent's memory is in it.  It
 * gets its descriptors, of the environment where libraries are, and nothing else: 0
 * reads what the parent writes to `in`, 1 goes to `out`, 2 to `log`, and from 3 on
 * those handed over.
 */
#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

#include <lapwing/error.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CHILD_FDS_MAX = 8, CHILD_FIRST_FD = 3, CHILD_WORDS_MAX = 8 };

struct child {
    pid_t pid;
    int in;  /* write here; owned */
    int out; /* read from here; owned */
    int log; /* read from here; owned */
};

/** Run /proc/self/exe with `words` (n_words, argv[1] on).  fds (n_fds) stay the
 *  caller's.  LW_EIO: no process or pipe is to be had. */
LW_MUST enum lw_status child_start(struct child *out, const char *const *words,
                                   size_t n_words, const int *fds, size_t n_fds,
                                   struct lw_error *err);

/** How it ended. */
enum child_end {
    CHILD_OK,     /* exit status 0 */
    CHILD_FAILED, /* another; it said why */
    CHILD_TIME,   /* its processor time was used up */
    CHILD_CALL,   /* it tried what is forbidden */
    CHILD_KILLED, /* SIGKILL: cancelled, or the machine had no memory */
    CHILD_CRASHED /* any other signal */
};

struct child_result {
    enum child_end end;
    int status; /* exit status, or the signal */
};

/** Close the pipes and wait for the end. */
struct child_result child_wait(struct child *c);
/** End it now, from any thread, as long as child_wait() has not begun to return. */
void child_kill(const struct child *c);

/** Ask it to end (TERM), likewise. */
void child_stop(const struct child *c);

/** "its processor time was used up", for messages. */
const char *child_end_text(enum child_end end);

#endif /* SANDBOX_CHILD_H */
