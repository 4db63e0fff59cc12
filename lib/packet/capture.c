/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of captures: choose a source, filter, count, stop.
 */
#include "base/assert.h"
#include "base/mem.h"
#include "capture_priv.h"
#include "capture_trade.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct lw_capture {
    struct capture_source *source; /* owned */
    struct capture_filter *filter; /* owned; NULL: everything passes */
    uint64_t seen;
    uint64_t filtered;
    atomic_bool stop;
    bool ended; /* the source had nothing more: do not ask again */
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

enum lw_status lw_capture_open_fd(struct lw_capture **out, int fd, const char *name,
                                  const struct lw_capture_config *cfg,
                                  struct lw_error *err)
{
    struct capture_source *src = NULL;
    struct stream *in = NULL;
    enum lw_status st = stream_open_fd(&in, fd, name, err);

    if (st == LW_OK)
        st = capture_source_open(&src, in, err);
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

/* As many more packets as are in sight. */
static size_t next_in_sight(struct lw_capture *cap, struct lw_packet *pkts, size_t max)
{
    size_t n = capture_more(cap->source, pkts, max);
    size_t kept = 0;

    if (cap->filter == NULL) {
        cap->seen += n;
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        pkts[kept] = pkts[i];
        kept += passes(cap, &pkts[kept]);
    }
    return kept;
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

bool capture_can_trade(const struct lw_capture *cap)
{
    return !cap->source->ops->fleeting;
}

bool capture_trade(struct lw_capture *cap, struct stream_buffer *buf)
{
    struct capture_source *src = cap->source;
    struct feed *feed = src->ops->feed == NULL ? &src->feed : src->ops->feed(src);

    LW_ASSERT(capture_can_trade(cap));
    return feed == NULL || feed_trade(feed, buf);
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
