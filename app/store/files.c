/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files come into being in partial/, are synced, renamed to their place, and the
 * folders are synced: after that a power cut cannot take them.
 */
#include "store/files.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

enum lw_status files_fail(const char *path, int number, struct lw_error *err)
{
    if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        return lw_fail(err, LW_EIO,
                       "%s: the disk is full: make room, or lower the retention", path);
    if (number == EROFS || number == EACCES || number == EPERM)
        return lw_fail(
            err, LW_EPERM,
            "%s: %s: check owner and permissions, and whether the file system "
            "is mounted read-only",
            path, strerror(number));
    if (number == ENOENT)
        return lw_fail(err, LW_ENOTFOUND, "%s: no such file", path);
    return lw_fail(err, LW_EIO, "%s: %s", path, strerror(number));
}

enum lw_status files_path(char out[FILES_PATH_MAX], const char *dir, const char *name,
                          struct lw_error *err)
{
    int n = snprintf(out, FILES_PATH_MAX, "%s/%s", dir, name);

    if (n < 0 || n >= FILES_PATH_MAX)
        return lw_fail(err, LW_EINVAL, "%.100s...: the path is too long", dir);
    return LW_OK;
}

enum lw_status files_blob_path(char out[FILES_PATH_MAX], const char *dir,
                               const char *sha256, struct lw_error *err)
{
    char name[STORE_SHA_TEXT + 16];

    (void)snprintf(name, sizeof name, FILES_BLOBS "/%.2s/%s", sha256, sha256 + 2);
    return files_path(out, dir, name, err);
}

enum lw_status files_run_path(char out[FILES_PATH_MAX], const char *dir, int64_t run,
                              struct lw_error *err)
{
    char name[48];

    (void)snprintf(name, sizeof name, FILES_FLOWS "/%" PRId64 ".db", run);
    return files_path(out, dir, name, err);
}

enum lw_status files_new_run_path(char out[FILES_PATH_MAX], const char *dir,
                                  int64_t run, struct lw_error *err)
{
    char name[48];

    (void)snprintf(name, sizeof name, FILES_PARTIAL "/run-%" PRId64 ".db", run);
    return files_path(out, dir, name, err);
}

enum lw_status files_upload_path(char out[FILES_PATH_MAX], const char *dir,
                                 int64_t upload, struct lw_error *err)
{
    char name[48];

    (void)snprintf(name, sizeof name, FILES_PARTIAL "/upload-%" PRId64, upload);
    return files_path(out, dir, name, err);
}

enum lw_status files_make_dir(const char *path, struct lw_error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return files_fail(path, errno, err);
    return LW_OK;
}

enum lw_status files_sync_dir(const char *path, struct lw_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = 0;

    if (fd < 0)
        return files_fail(path, errno, err);
    if (fsync(fd) != 0 && errno != EINVAL)
        failed = errno;
    (void)close(fd);
    return failed == 0 ? LW_OK : files_fail(path, failed, err);
}

static enum lw_status sync_parent(const char *path, struct lw_error *err)
{
    char dir[FILES_PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return files_sync_dir(".", err);
    (void)snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    return files_sync_dir(dir, err);
}

enum lw_status files_place(const char *from, const char *to, struct lw_error *err)
{
    enum lw_status st;

    if (rename(from, to) != 0)
        return files_fail(to, errno, err);
    st = sync_parent(to, err);
    return st == LW_OK ? sync_parent(from, err) : st;
}

enum lw_status files_remove(const char *path, struct lw_error *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return files_fail(path, errno, err);
    return LW_OK;
}

enum lw_status files_link_blob(const char *from, const char *dir, const char *sha256,
                               struct lw_error *err)
{
    char to[FILES_PATH_MAX];
    char folder[FILES_PATH_MAX];
    char name[16];
    enum lw_status st;

    (void)snprintf(name, sizeof name, FILES_BLOBS "/%.2s", sha256);
    st = files_path(folder, dir, name, err);
    if (st == LW_OK)
        st = files_make_dir(folder, err);
    if (st == LW_OK)
        st = sync_parent(folder, err);
    if (st == LW_OK)
        st = files_blob_path(to, dir, sha256, err);
    if (st != LW_OK)
        return st;
    if (link(from, to) == 0 || errno == EEXIST)
        return files_sync_dir(folder, err);
    /* A file system without hard links. */
    return errno == EPERM || errno == EOPNOTSUPP ? files_place(from, to, err)
                                                 : files_fail(to, errno, err);
}

enum lw_status files_write(int fd, const char *path, const void *data, size_t n,
                           uint64_t offset, struct lw_error *err)
{
    const char *p = data;

    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return files_fail(path, done < 0 ? errno : ENOSPC, err);
        p += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return LW_OK;
}

static enum lw_status write_synced(int fd, const char *path, const void *data, size_t n,
                                   struct lw_error *err)
{
    enum lw_status st = files_write(fd, path, data, n, 0, err);

    if (st == LW_OK && fsync(fd) != 0)
        st = files_fail(path, errno, err);
    return st;
}

enum lw_status files_put_blob(const char *dir, const void *data, size_t n,
                              char sha256[STORE_SHA_TEXT], struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    uint8_t digest[SHA256_BYTES];
    enum lw_status st = files_path(path, dir, FILES_PARTIAL "/blob-XXXXXX", err);
    int fd;

    if (st != LW_OK)
        return st;
    digest_sha256(data, n, digest);
    digest_hex(digest, sizeof digest, sha256);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return files_fail(path, errno, err);
    st = write_synced(fd, path, data, n, err);
    (void)close(fd);
    if (st == LW_OK)
        st = files_link_blob(path, dir, sha256, err);
    (void)unlink(path);
    return st;
}

enum lw_status files_open(const char *path, int *fd, uint64_t *size_bytes,
                          struct lw_error *err)
{
    struct stat info;
    int f = open(path, O_RDONLY | O_CLOEXEC);

    if (f < 0)
        return files_fail(path, errno, err);
    if (fstat(f, &info) != 0) {
        enum lw_status st = files_fail(path, errno, err);

        (void)close(f);
        return st;
    }
    *fd = f;
    *size_bytes = (uint64_t)info.st_size;
    return LW_OK;
}

static enum lw_status digest_of(int fd, const char *path, uint64_t n,
                                struct sha256 *sum, char *bytes, struct lw_error *err)
{
    while (n > 0) {
        ssize_t got = read(fd, bytes, n < COPY_BYTES ? (size_t)n : COPY_BYTES);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return files_fail(path, errno, err);
        if (got == 0)
            return lw_fail(err, LW_ETRUNCATED, "%s: shorter than it was", path);
        sha256_add(sum, bytes, (size_t)got);
        n -= (uint64_t)got;
    }
    return LW_OK;
}

enum lw_status files_digest(const char *path, uint64_t n, struct sha256 **out,
                            struct lw_error *err)
{
    struct sha256 *sum = sha256_new();
    char *bytes = mem_alloc(COPY_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum lw_status st;

    if (sum == NULL || bytes == NULL)
        st = lw_fail(err, LW_ENOMEM, "out of memory");
    else if (fd < 0)
        st = files_fail(path, errno, err);
    else
        st = digest_of(fd, path, n, sum, bytes, err);
    if (fd >= 0)
        (void)close(fd);
    mem_free(bytes);
    if (st == LW_OK)
        *out = sum;
    else
        sha256_free(sum);
    return st;
}

/* Folders are few and flat: those of blobs/ at most. */
static enum lw_status each(const char *root, const char *below, unsigned depth,
                           files_each_fn fn, void *ctx, struct lw_error *err)
{
    char path[FILES_PATH_MAX];
    enum lw_status st = files_path(path, root, below, err);
    DIR *d = st == LW_OK ? opendir(path) : NULL;
    const struct dirent *e;

    if (st == LW_OK && d == NULL)
        return errno == ENOENT ? LW_OK : files_fail(path, errno, err);
    while (st == LW_OK && (e = readdir(d)) != NULL) {
        char name[2 * sizeof e->d_name + 2];
        struct stat info;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(name, sizeof name, "%s%s%s", below, *below == '\0' ? "" : "/",
                       e->d_name);
        if (fstatat(dirfd(d), e->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue; /* gone meanwhile */
        if (S_ISDIR(info.st_mode) && depth > 0)
            st = each(root, name, depth - 1, fn, ctx, err);
        else if (!S_ISDIR(info.st_mode))
            fn(ctx, name, (uint64_t)info.st_size);
    }
    if (d != NULL)
        (void)closedir(d);
    return st;
}

enum lw_status files_each(const char *path, unsigned depth, files_each_fn fn, void *ctx,
                          struct lw_error *err)
{
    return each(path, "", depth, fn, ctx, err);
}
