/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/stream.h - reading files, pipes and memory, compressed or not.
 *
 * gzip, zstd and xz are recognised by their first bytes, whatever the file is called;
 * concatenated members are read on.  Readers look at bytes where they are:
 * stream_peek() makes at least `n` of them contiguous, stream_skip() moves on.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/span.h"

#include <lapwing/error.h>

#include <stdatomic.h>
#include <stdbool.h>

struct stream; /* opaque */

/** A decompressor: `in` is compressed input, of which *used bytes were taken; *made
 *  bytes were put into out.  `last` says that no input follows. */
struct stream_codec_ops {
    const char *name;
    const uint8_t *magic;
    size_t n_magic;
    void *(*open)(void); /* NULL when memory is out */
    /** 1: more to come; 0: the end of a member was reached; -1: damaged. */
    int (*step)(void *state, struct span in, size_t *used, uint8_t *out, size_t size,
                size_t *made, bool last);
    /** Get ready for another member. */
    bool (*again)(void *state);
    void (*close)(void *state);
};

extern const struct stream_codec_ops stream_codec_gzip; /* stream_zlib.c */
extern const struct stream_codec_ops stream_codec_zstd; /* stream_zstd.c */
extern const struct stream_codec_ops stream_codec_xz;   /* stream_lzma.c */

/** Open a file, or standard input for "-".  The caller owns *out. */
LW_MUST enum lw_status stream_open(struct stream **out, const char *path,
                                   struct lw_error *err);
/** Read what is open as `fd`, from its beginning where that can be (pipes: from where
 *  they are); it is duplicated and stays the caller's.  `name` is for messages.  No
 * path is looked up. */
LW_MUST enum lw_status stream_open_fd(struct stream **out, int fd, const char *name,
                                      struct lw_error *err);
/** Read from memory, borrowed until close; `name` is for messages. */
LW_MUST enum lw_status stream_open_memory(struct stream **out, const void *data,
                                          size_t n_bytes, const char *name,
                                          struct lw_error *err);
/** NULL is fine. */
void stream_close(struct stream *s);

/** Close a stream of which nothing was skipped.  Standard input is kept instead, with
 *  what was peeked at, for whoever opens it next: for finding out what it has.  Not for
 *  use with threads. */
void stream_put_back(struct stream *s);

/** Look at `stop` while waiting for a pipe, borrowed until close: once it is true, the
 *  data end. */
void stream_set_stop(struct stream *s, const atomic_bool *stop);

/** Make at least `n` bytes visible in *out (more may be); they are borrowed until the
 *  next call.  At the end of the data *out has fewer, maybe none, with LW_OK.
 *  LW_EIO; LW_EFORMAT (damaged compression); LW_ETRUNCATED (compressed data cut off:
 *  *out has what there was); LW_ENOMEM.  A failure to read on is told every time that
 *  more is asked for than there is. */
LW_MUST enum lw_status stream_peek(struct stream *s, size_t n, struct span *out,
                                   struct lw_error *err);

/** Move on by `n` bytes, at most what the last peek showed. */
void stream_skip(struct stream *s, size_t n);

/** A buffer that changes hands; all zero is one without memory. */
struct stream_buffer {
    uint8_t *data; /* owned; mem_free() */
    size_t cap;
};

/** Give the bytes shown so far to the caller for good: *buf, whatever it held before,
 * is given for them, and what was not skipped yet is copied there.  Bytes of a memory
 *  source stay where they are anyway, and *buf as it is.  What was shown is to be
 * peeked at again.  False, with nothing changed, when memory is out. */
LW_MUST bool stream_trade(struct stream *s, struct stream_buffer *buf);

const char *stream_name(const struct stream *s);
/** Bytes taken from the source so far, before decompression, and its size (0 when
 *  unknown): for progress. */
uint64_t stream_bytes_read(const struct stream *s);
uint64_t stream_bytes_total(const struct stream *s);

#endif /* BASE_STREAM_H */
