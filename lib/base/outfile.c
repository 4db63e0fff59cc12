/* SPDX-License-Identifier: Apache-2.0 */
#include "base/outfile.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct outfile {
    FILE *stream; /* owned unless it is stdout */
    char *path;   /* owned */
    char *tmp;    /* owned; NULL when written directly */
};

static void outfile_free(struct outfile *f)
{
    mem_free(f->path);
    mem_free(f->tmp);
    mem_free(f);
}

/* A regular file or nothing at all can be replaced; anything else is a device. */
static bool is_replaceable(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

static enum lw_status open_stream(struct outfile *f, struct lw_error *err)
{
    const char *path = f->path;
    struct buf name;
    struct stat st;
    int fd;

    if (strcmp(path, "-") == 0) {
        f->stream = stdout;
        return LW_OK;
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return lw_fail(err, LW_EIO, "%s: is a directory; name a file", path);
    if (!is_replaceable(path)) {
        f->stream = fopen(path, "we");
        if (f->stream == NULL)
            return lw_fail(err, LW_EIO, "%s: cannot write: %s", path, strerror(errno));
        return LW_OK;
    }
    buf_init(&name);
    buf_printf(&name, "%s.%ld.part", path, (long)getpid());
    f->tmp = buf_ok(&name) ? buf_take(&name, NULL) : NULL;
    buf_release(&name);
    if (f->tmp == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    fd = open(f->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    f->stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (f->stream == NULL) {
        int e = errno;

        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(f->tmp);
        }
        return lw_fail(err, LW_EIO, "%s: cannot write: %s", path, strerror(e));
    }
    return LW_OK;
}

enum lw_status outfile_open(struct outfile **out, const char *path,
                            struct lw_error *err)
{
    struct outfile *f = mem_zalloc(1, sizeof *f);
    enum lw_status st;

    if (f == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    f->path = mem_strdup(path);
    if (f->path == NULL) {
        outfile_free(f);
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    }
    st = open_stream(f, err);
    if (st != LW_OK) {
        outfile_free(f);
        return st;
    }
    *out = f;
    return LW_OK;
}

FILE *outfile_stream(struct outfile *f)
{
    return f->stream;
}

enum lw_status outfile_commit(struct outfile *f, struct lw_error *err)
{
    enum lw_status st = LW_OK;
    const char *path = strcmp(f->path, "-") == 0 ? "standard output" : f->path;
    bool bad;

    errno = 0;
    bad = fflush(f->stream) != 0 || ferror(f->stream) != 0;
    if (!bad && f->tmp != NULL)
        bad = fsync(fileno(f->stream)) != 0;
    if (bad)
        st = lw_fail(err, LW_EIO, "%s: cannot write: %s", path,
                     errno != 0 ? strerror(errno) : "an earlier write failed");
    if (f->stream != stdout && fclose(f->stream) != 0 && st == LW_OK)
        st = lw_fail(err, LW_EIO, "%s: cannot write: %s", path, strerror(errno));
    if (f->tmp != NULL && st == LW_OK && rename(f->tmp, f->path) != 0)
        st = lw_fail(err, LW_EIO, "%s: cannot put in place: %s", path, strerror(errno));
    if (f->tmp != NULL && st != LW_OK)
        (void)unlink(f->tmp);
    outfile_free(f);
    return st;
}

void outfile_abort(struct outfile *f)
{
    if (f == NULL)
        return;
    if (f->stream != stdout)
        (void)fclose(f->stream);
    if (f->tmp != NULL)
        (void)unlink(f->tmp);
    outfile_free(f);
}
