/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EVE file.  Lines are appended to an open file as they come, not put in place at
 * the end: a log is read while it grows, and a kill -9 must not take back an alert that
 * somebody has already seen.  So this does not go through base/outfile.
 *
 * A sensor's log goes on where it was (`append`); the findings of a capture file are
 * a result, and a second run replaces the first.
 */
#include "sink/eve.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_BYTES = 65536 };

struct eve_file {
    const struct lw_classifier *classifier; /* borrowed */
    char *name;                             /* for messages, owned */
    int fd;                                 /* owned unless standard output */
    struct buf out;                         /* lines not yet written */
};

static void close_file(void *state)
{
    struct eve_file *e = state;

    if (e == NULL)
        return;
    if (e->fd > STDERR_FILENO)
        (void)close(e->fd);
    buf_release(&e->out);
    mem_free(e->name);
    mem_free(e);
}

static enum lw_status open_fd(struct eve_file *e, const struct sink_config *cfg,
                              struct lw_error *err)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (cfg->append ? O_APPEND : O_TRUNC);
    struct stat st;

    if (strcmp(cfg->target, "-") == 0) {
        e->fd = STDOUT_FILENO;
        return LW_OK;
    }
    if (stat(cfg->target, &st) == 0 && S_ISDIR(st.st_mode))
        return lw_fail(err, LW_EIO, "%s: is a directory; name a file", cfg->target);
    e->fd = open(cfg->target, flags, 0666);
    if (e->fd < 0)
        return lw_fail(err, LW_EIO, "%s: cannot write: %s", cfg->target,
                       strerror(errno));
    return LW_OK;
}

static enum lw_status open_file(void **state, const struct sink_config *cfg,
                                struct lw_error *err)
{
    const char *name = strcmp(cfg->target, "-") == 0 ? "standard output" : cfg->target;
    struct eve_file *e = mem_zalloc(1, sizeof *e);
    enum lw_status st = LW_ENOMEM;

    if (e == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    e->classifier = cfg->classifier;
    e->fd = -1;
    buf_init(&e->out);
    e->name = mem_strdup(name);
    if (e->name == NULL)
        (void)lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    else
        st = open_fd(e, cfg, err);
    if (st != LW_OK) {
        close_file(e);
        return st;
    }
    *state = e;
    return LW_OK;
}

static enum lw_status flush_file(void *state, struct lw_error *err)
{
    struct eve_file *e = state;
    size_t done = 0;

    while (done < e->out.len) {
        ssize_t n = write(e->fd, e->out.data + done, e->out.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return lw_fail(err, LW_EIO, "%s: cannot write: %s", e->name,
                           strerror(errno));
        done += (size_t)n;
    }
    buf_reset(&e->out);
    return LW_OK;
}

static enum lw_status put_finding(void *state, const struct lw_finding *f,
                                  struct lw_error *err)
{
    struct eve_file *e = state;

    eve_format(&e->out, e->classifier, f);
    if (!buf_ok(&e->out))
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", e->name);
    return e->out.len < WRITE_BYTES ? LW_OK : flush_file(e, err);
}

const struct sink_ops sink_eve = {
    .name = "eve",
    .open = open_file,
    .put = put_finding,
    .flush = flush_file,
    .close = close_file,
};
