/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory as one capture: its captures one after the other.
 *
 * Programs that write rings of files (tcpdump -C, dumpcap -b) name them in ways that do
 * not sort by time, so each file is opened once to find its first packet.  Only one is
 * open at a time.  Files that are no captures are passed over without a word; files
 * that cannot be read are passed over with a warning.  Subdirectories are not entered.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "capture_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct entry {
    char *path; /* owned */
    int64_t first_ns;
    uint64_t n_bytes;
};

struct capture_dir {
    struct capture_source source; /* first */
    struct entry *entries;        /* (n_entries), owned */
    size_t n_entries;
    size_t cap_entries;
    size_t next_idx;
    struct capture_source *now; /* owned; the open one, or NULL */
    uint64_t bytes_done;        /* of the files before it */
    uint64_t bytes_total;
};

static struct capture_dir *dir_of(struct capture_source *src)
{
    return (struct capture_dir *)src;
}

/* Keep what a file had to say, if it is the first with something to say. */
static void keep_warning(struct capture_dir *d, const char *warning)
{
    if (d->source.warning[0] == '\0')
        (void)snprintf(d->source.warning, sizeof d->source.warning, "%s", warning);
}

/* Find the time of the first packet.  A capture without packets comes last. */
static enum lw_status look_into(const char *path, int64_t *first_ns,
                                struct lw_error *err)
{
    struct capture_source *src = NULL;
    struct stream *in = NULL;
    struct lw_packet pkt;
    enum lw_status st = stream_open(&in, path, err);

    if (st == LW_OK)
        st = capture_source_open(&src, in, err);
    if (st != LW_OK)
        return st;
    st = src->ops->next(src, &pkt, err);
    *first_ns = st == LW_OK ? pkt.time_ns : INT64_MAX;
    capture_source_close(src);
    return st == LW_END ? LW_OK : st;
}

/* Take over `path` as an entry if it is a capture. */
static enum lw_status add_file(struct capture_dir *d, char *path, uint64_t n_bytes,
                               struct lw_error *err)
{
    struct lw_error why;
    int64_t first_ns;
    enum lw_status st = look_into(path, &first_ns, &why);
    void *p;

    if (st == LW_ENOMEM)
        goto no_memory;
    if (st != LW_OK) {
        if (st != LW_EFORMAT)
            keep_warning(d, why.msg);
        mem_free(path);
        return LW_OK;
    }
    p = mem_grow(d->entries, &d->cap_entries, d->n_entries + 1, sizeof *d->entries);
    if (p == NULL)
        goto no_memory;
    d->entries = p;
    d->entries[d->n_entries++] = (struct entry){path, first_ns, n_bytes};
    d->bytes_total += n_bytes;
    return LW_OK;
no_memory:
    st = lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    mem_free(path);
    return st;
}

static enum lw_status add_name(struct capture_dir *d, const char *dir, const char *name,
                               struct lw_error *err)
{
    struct stat info;
    struct buf path;

    buf_init(&path);
    buf_printf(&path, "%s/%s", dir, name);
    if (!buf_ok(&path)) {
        buf_release(&path);
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", dir);
    }
    if (stat(path.data, &info) != 0 || !S_ISREG(info.st_mode)) {
        buf_release(&path);
        return LW_OK;
    }
    return add_file(d, buf_take(&path, NULL), (uint64_t)info.st_size, err);
}

static enum lw_status scan(struct capture_dir *d, const char *path,
                           struct lw_error *err)
{
    DIR *dir = opendir(path);
    enum lw_status st = LW_OK;
    struct dirent *e;

    if (dir == NULL)
        return lw_fail(err, LW_EIO, "%s: cannot open: %s", path, strerror(errno));
    while (st == LW_OK && (e = readdir(dir)) != NULL)
        st = add_name(d, path, e->d_name, err);
    (void)closedir(dir);
    return st;
}

static int by_first_packet(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;

    if (x->first_ns != y->first_ns)
        return x->first_ns < y->first_ns ? -1 : 1;
    return strcmp(x->path, y->path);
}

static const struct capture_ops capture_dir;

enum lw_status capture_dir_open(struct capture_source **out, const char *path,
                                struct lw_error *err)
{
    struct capture_dir *d = mem_zalloc(1, sizeof *d);
    enum lw_status st;

    if (d == NULL)
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", path);
    d->source.ops = &capture_dir;
    st = scan(d, path, err);
    if (st == LW_OK && d->n_entries == 0)
        st = lw_fail(err, LW_ENOTFOUND,
                     "%s: no captures in this directory (subdirectories are not "
                     "entered)%s%s",
                     path, d->source.warning[0] == '\0' ? "" : "; ", d->source.warning);
    if (st != LW_OK) {
        capture_source_close(&d->source);
        return st;
    }
    qsort(d->entries, d->n_entries, sizeof *d->entries, by_first_packet);
    *out = &d->source;
    return LW_OK;
}

static enum lw_status open_next(struct capture_dir *d, struct lw_error *err)
{
    struct stream *in = NULL;
    enum lw_status st;

    if (d->next_idx == d->n_entries)
        return LW_END;
    st = stream_open(&in, d->entries[d->next_idx].path, err);
    if (st == LW_OK)
        st = capture_source_open(&d->now, in, err);
    if (st == LW_OK)
        d->next_idx++;
    return st;
}

static void close_now(struct capture_dir *d)
{
    d->source.cut_off |= d->now->cut_off;
    keep_warning(d, d->now->warning);
    capture_source_close(d->now);
    d->now = NULL;
    d->bytes_done += d->entries[d->next_idx - 1].n_bytes;
}

static enum lw_status dir_next(struct capture_source *src, struct lw_packet *pkt,
                               struct lw_error *err)
{
    struct capture_dir *d = dir_of(src);

    for (;;) {
        enum lw_status st = d->now == NULL ? open_next(d, err) : LW_OK;

        if (st != LW_OK)
            return st;
        st = d->now->ops->next(d->now, pkt, err);
        if (st != LW_END)
            return st;
        close_now(d);
    }
}

static size_t dir_more(struct capture_source *src, struct lw_packet *pkts, size_t max)
{
    struct capture_source *now = dir_of(src)->now;

    return now == NULL ? 0 : capture_more(now, pkts, max);
}

static void dir_stats(const struct capture_source *src, struct lw_capture_stats *out)
{
    const struct capture_dir *d = (const struct capture_dir *)src;

    out->bytes_total = d->bytes_total;
    out->bytes_read = d->bytes_done;
    if (d->now != NULL)
        out->bytes_read += stream_bytes_read(d->now->feed.in);
}

static struct feed *dir_feed(struct capture_source *src)
{
    struct capture_dir *d = dir_of(src);

    return d->now == NULL ? NULL : &d->now->feed;
}

static void dir_close(struct capture_source *src)
{
    struct capture_dir *d = dir_of(src);

    capture_source_close(d->now);
    for (size_t i = 0; i < d->n_entries; i++)
        mem_free(d->entries[i].path);
    mem_free(d->entries);
}

static const struct capture_ops capture_dir = {
    .name = "directory",
    .next = dir_next,
    .more = dir_more,
    .stats = dir_stats,
    .feed = dir_feed,
    .close = dir_close,
};
