/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/lines.h - the lines of a stream, read where they lie in its window.
 *
 * A line ends with LF or CR LF; the last one may lack it.  Lines are bounded: a file
 * of no lines is told from one of long lines.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include "base/digest.h"
#include "base/stream.h"

enum { LINE_BYTES_MAX = 1024 * 1024 };

struct lines {
    struct stream *in;     /* borrowed */
    struct sha256 *digest; /* borrowed; of what was passed over; NULL: none wanted */
    struct span window;    /* what the stream shows; borrowed until the next peek */
    size_t used;           /* bytes of the window that are read */
    size_t at;             /* where in the window the current line starts */
    size_t number;         /* of the current line, from 1 */
    bool at_end;           /* the window reaches the end of the file */
};

/** Nothing to release. */
void lines_init(struct lines *l, struct stream *in, struct sha256 *digest);

/** The next line without its end, borrowed until the call after.  LW_END; LW_EFORMAT:
 *  a line too long; what stream_peek() says. */
LW_MUST enum lw_status lines_next(struct lines *l, struct span *text,
                                  struct lw_error *err);

/** Make the current line the next one again. */
void lines_unread(struct lines *l);

/** The current line begins n of its bytes later, should it be read again. */
void lines_pass(struct lines *l, size_t n);

/** The bytes ahead, at least n unless the file ends before; they stay ahead. */
LW_MUST enum lw_status lines_look_ahead(struct lines *l, size_t n, struct span *out,
                                        struct lw_error *err);

/** Let the stream and the digest pass over what was read. */
void lines_release(struct lines *l);

#endif /* BASE_LINES_H */
