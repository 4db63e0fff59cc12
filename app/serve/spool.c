/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/spool.h"

#include "base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void spool_init(struct spool *s, const char *dir)
{
    *s = (struct spool){.dir = dir, .fd = -1};
    buf_init(&s->memory);
}

void spool_release(struct spool *s)
{
    buf_release(&s->memory);
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
}

static enum lw_status write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return LW_EIO;
        data += done;
        n -= (size_t)done;
    }
    return LW_OK;
}

enum lw_status spool_settle(struct spool *s, struct lw_error *err)
{
    if (!buf_ok(&s->memory))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    if (s->memory.len < SPOOL_MEMORY_BYTES)
        return LW_OK;
    if (s->fd < 0)
        s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0 || write_all(s->fd, s->memory.data, s->memory.len) != LW_OK)
        return lw_fail(err, LW_EIO, "%.160s: %s", s->dir, strerror(errno));
    s->written += s->memory.len;
    buf_reset(&s->memory);
    return LW_OK;
}

uint64_t spool_bytes(const struct spool *s)
{
    return s->written + s->memory.len;
}

ssize_t spool_read(struct spool *s, char *out, size_t max)
{
    uint64_t left = spool_bytes(s) - s->read;
    size_t n = left < max ? (size_t)left : max;
    ssize_t done;

    LW_ASSERT(s->read <= spool_bytes(s));
    if (n == 0)
        return 0;
    if (s->read >= s->written) {
        memcpy(out, s->memory.data + (s->read - s->written), n);
        s->read += n;
        return (ssize_t)n;
    }
    if (n > s->written - s->read)
        n = (size_t)(s->written - s->read);
    do
        done = pread(s->fd, out, n, (off_t)s->read);
    while (done < 0 && errno == EINTR);
    if (done <= 0)
        return -1;
    s->read += (uint64_t)done;
    return done;
}
