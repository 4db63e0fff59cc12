/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/spool.h - bytes that are written first and read afterwards: in memory while
 * they are few, in a file without a name beyond that.
 */
#ifndef SERVE_SPOOL_H
#define SERVE_SPOOL_H

#include "base/buf.h"

#include <lapwing/error.h>

#include <sys/types.h>

enum { SPOOL_MEMORY_BYTES = 4 * 1024 * 1024 };

struct spool {
    struct buf memory; /* append here, then call spool_settle() */
    const char *dir;   /* borrowed: where the file goes */
    int fd;            /* -1: none yet */
    uint64_t written;  /* to the file */
    uint64_t read;     /* of both */
};

void spool_init(struct spool *s, const char *dir);
void spool_release(struct spool *s);
/** Move what is too much for memory to the file.  LW_EIO, LW_ENOMEM. */
LW_MUST enum lw_status spool_settle(struct spool *s, struct lw_error *err);
uint64_t spool_bytes(const struct spool *s);
/** Up to `max` of the bytes not read yet; 0 at the end, -1 on failure. */
ssize_t spool_read(struct spool *s, char *out, size_t max);

#endif /* SERVE_SPOOL_H */
