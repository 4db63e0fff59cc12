/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of captures: choose a source, filter, count, stop.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "capture_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct lw_capture {
    struct capture_source *source; /* owned */
    struct capture_filter *filter; /* owned; NULL: everything passes */
    uint64_t seen;
    uint64_t filtered;
    atomic_bool stop;
    bool ended;             /* the source had nothing more: do not ask again */
    struct lw_error failed; /* code LW_OK, or what the next call is to answer */
};

/* Wrap a source, which is taken over also on failure. */
static enum lw_status capture_new(struct lw_capture **out, struct capture_source *src,
                                  const char *filter, struct lw_error *err)
{
    struct lw_capture *cap = mem_zalloc(1, sizeof *cap);
    enum lw_status st = LW_OK;

    if (cap == NULL) {
        capture_source_close(src);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    atomic_init(&cap->stop, false);
    cap->source = src;
    src->stop = &cap->stop;
    if (src->feed.in != NULL)
        stream_set_stop(src->feed.in, &cap->stop);
    if (filter != NULL && filter[0] != '\0')
        st = capture_filter_new(&cap->filter, filter, err);
    if (st != LW_OK) {
        lw_capture_close(cap);
        return st;
    }
    *out = cap;
    return LW_OK;
}

static bool is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

enum lw_status lw_capture_open(struct lw_capture **out, const char *path,
                               const struct lw_capture_config *cfg,
                               struct lw_error *err)
{
    struct capture_source *src = NULL;
    struct stream *in = NULL;
    enum lw_status st;

    if (is_directory(path)) {
        st = capture_dir_open(&src, path, err);
    } else {
        st = stream_open(&in, path, err);
        if (st == LW_OK)
            st = capture_source_open(&src, in, err);
    }
    if (st != LW_OK)
        return st;
    return capture_new(out, src, cfg == NULL ? NULL : cfg->filter, err);
}

enum lw_status lw_capture_open_memory(struct lw_capture **out, const void *data,
                                      size_t n_bytes,
                                      const struct lw_capture_config *cfg,
                                      struct lw_error *err)
{
    struct capture_source *src = NULL;
    struct stream *in = NULL;
    enum lw_status st = stream_open_memory(&in, data, n_bytes, "capture", err);

    if (st == LW_OK)
        st = capture_source_open(&src, in, err);
    if (st != LW_OK)
        return st;
    return capture_new(out, src, cfg == NULL ? NULL : cfg->filter, err);
}

/* The kernel filters for us: what does not pass is never seen. */
enum lw_status lw_capture_open_live(struct lw_capture **out, const char *interface,
                                    const struct lw_capture_config *cfg,
                                    struct lw_error *err)
{
    struct capture_source *src = NULL;
    enum lw_status st = capture_live_open(&src, interface, cfg, err);

    return st == LW_OK ? capture_new(out, src, NULL, err) : st;
}

/* Does a packet that the source gave pass?  A live pause always does. */
static bool passes(struct lw_capture *cap, const struct lw_packet *pkt)
{
    if (pkt->data == NULL)
        return true;
    cap->seen++;
    if (cap->filter == NULL || capture_filter_match(cap->filter, pkt))
        return true;
    cap->filtered++;
    return false;
}

enum lw_status lw_capture_next(struct lw_capture *cap, struct lw_packet *pkt,
                               struct lw_error *err)
{
    if (cap->failed.code != LW_OK)
        return lw_fail(err, cap->failed.code, "%s", cap->failed.msg);
    while (!cap->ended && !atomic_load_explicit(&cap->stop, memory_order_relaxed)) {
        enum lw_status st = cap->source->ops->next(cap->source, pkt, err);

        if (st != LW_OK) {
            cap->ended = st == LW_END;
            return st;
        }
        if (passes(cap, pkt))
            return LW_OK;
    }
    return LW_END;
}

/* As many more packets as are in sight.  A failure waits for the next call: what was
 * read before it is to be had first. */
static size_t next_in_sight(struct lw_capture *cap, struct lw_packet *pkts, size_t max)
{
    struct capture_source *src = cap->source;
    enum lw_status st = LW_OK;
    size_t n = 0;

    src->hold = true;
    src->held = false;
    while (n < max && (st = src->ops->next(src, &pkts[n], &cap->failed)) == LW_OK)
        n += passes(cap, &pkts[n]);
    src->hold = false;
    cap->ended = st == LW_END && !src->held;
    cap->failed.code = st == LW_END ? LW_OK : st;
    return n;
}

enum lw_status lw_capture_next_batch(struct lw_capture *cap, struct lw_packet *pkts,
                                     size_t max, size_t *n_pkts, struct lw_error *err)
{
    enum lw_status st;

    LW_ASSERT(max > 0);
    st = lw_capture_next(cap, &pkts[0], err);
    *n_pkts = st == LW_OK;
    if (st == LW_OK)
        *n_pkts += next_in_sight(cap, pkts + 1, max - 1);
    return st;
}

void lw_capture_stop(struct lw_capture *cap)
{
    atomic_store_explicit(&cap->stop, true, memory_order_relaxed);
}

void lw_capture_get_stats(const struct lw_capture *cap, struct lw_capture_stats *out)
{
    *out = (struct lw_capture_stats){.seen = cap->seen, .filtered = cap->filtered};
    capture_source_stats(cap->source, out);
    if (out->warning[0] == '\0' && cap->filter != NULL)
        (void)snprintf(out->warning, sizeof out->warning, "%s",
                       capture_filter_warning(cap->filter));
}

void lw_capture_close(struct lw_capture *cap)
{
    if (cap == NULL)
        return;
    capture_filter_free(cap->filter);
    capture_source_close(cap->source);
    mem_free(cap);
}
