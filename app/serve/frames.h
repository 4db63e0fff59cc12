/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/frames.h - talk with a process behind walls: one request in, frames out.
 *
 * A frame is u8 kind, le32 length, payload.  The process has seen a stranger's bytes:
 * whoever takes a frame checks what it says.
 */
#ifndef SERVE_FRAMES_H
#define SERVE_FRAMES_H

#include "base/buf.h"
#include "base/span.h"
#include "sandbox/child.h"

#include <stdbool.h>

enum {
    FRAMES_HEADER_BYTES = 5,
    FRAMES_PAYLOAD_MAX = 256 * 1024,
    FRAMES_PIECE_BYTES = 64 * 1024,
    FRAMES_LOG_MAX = 1024
};

/* ---- the process ---- */

struct teller {
    struct buf out;
    bool broken; /* nobody listens */
};

/** Begin a frame; its payload is what is added until frame_end(), which gets what this
 *  returned and fills in the length. */
size_t frame_begin(struct buf *out, uint8_t kind);
void frame_end(struct buf *out, size_t at);

/** Write what is there to descriptor 1, if it is so much.  False: nobody listens, or
 *  memory is out. */
bool tell(struct teller *t, size_t at_least);
/** All of descriptor 0. */
bool read_request(struct buf *out);

/* ---- the server ---- */

struct frames {
    struct child child;
    struct buf in;            /* frames, the first maybe begun */
    size_t taken;             /* bytes of `in` that were given out */
    char log[FRAMES_LOG_MAX]; /* what it wrote on standard error */
    size_t n_log;
    bool log_open;
};

/** Start the process with words (n_words) and descriptors fds (n_fds), and hand it the
 *  request.  On success frames_end() follows.  LW_EIO, LW_ENOMEM. */
LW_MUST enum lw_status frames_start(struct frames *f, const char *const *words,
                                    size_t n_words, const int *fds, size_t n_fds,
                                    const struct buf *request, struct lw_error *err);

enum frames_heard { FRAMES_HEARD, FRAMES_SILENCE, FRAMES_OVER };

/** Wait up to so many milliseconds for something to be said. */
enum frames_heard frames_wait(struct frames *f, int ms);

/** The next whole frame, borrowed until frames_wait().  LW_END: there is none yet.
 *  LW_EFORMAT: what is said is no frame.  LW_ENOMEM. */
LW_MUST enum lw_status frames_next(struct frames *f, uint8_t *kind,
                                   struct span *payload, struct lw_error *err);

/** End the process now, or wait until it ends by itself; release. */
struct child_result frames_end(struct frames *f, bool now);

#endif /* SERVE_FRAMES_H */
