/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public face of captures: find the kind of source, filter, count, stop.
 */
#include "base/mem.h"
#include "capture_priv.h"

#include <lapwing/log.h>

#include <stdio.h>

static const struct capture_ops *const file_kinds[] = {
    &capture_pcap,
    &capture_pcapng,
};

struct lw_capture {
    struct capture_source *source; /* owned */
    uint64_t seen;
    uint64_t filtered;
    atomic_bool stop;
    bool ended; /* the source had nothing more: do not ask again */
};

uint32_t capture_packet_max(uint32_t link_type)
{
    enum {
        LINKTYPE_DBUS = 231,
        LINKTYPE_USBPCAP = 249,
        LINKTYPE_USB_DARWIN = 266,
        LINKTYPE_EBHSCR = 279
    };

    switch (link_type) {
    case LINKTYPE_DBUS:
    case LINKTYPE_USBPCAP:
    case LINKTYPE_USB_DARWIN:
        return 128U << 20;
    case LINKTYPE_EBHSCR:
        return 8U << 20;
    default:
        return 262144;
    }
}

enum lw_status capture_source_cut(struct capture_source *src, const struct feed *f)
{
    src->cut_off = true;
    if (src->warning[0] == '\0')
        (void)snprintf(src->warning, sizeof src->warning,
                       "%s: cut off in the middle of a packet at byte %llu",
                       stream_name(f->in), (unsigned long long)feed_offset(f));
    return LW_END;
}

enum lw_status capture_source_damaged(struct capture_source *src, const struct feed *f,
                                      const char *fmt, ...)
{
    char what[128];
    va_list ap;

    if (src->warning[0] != '\0')
        return LW_END;
    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    (void)snprintf(src->warning, sizeof src->warning,
                   "%s: damaged at byte %llu (%s); the rest was not read",
                   stream_name(f->in), (unsigned long long)feed_offset(f), what);
    return LW_END;
}

enum lw_status capture_source_failed(struct capture_source *src, enum lw_status st,
                                     const struct lw_error *why, struct lw_error *err)
{
    if (st != LW_EFORMAT && st != LW_ETRUNCATED)
        return lw_fail(err, st, "%s", why->msg);
    src->cut_off |= st == LW_ETRUNCATED;
    if (src->warning[0] == '\0')
        (void)snprintf(src->warning, sizeof src->warning, "%s", why->msg);
    return LW_END;
}

static enum lw_status refuse(struct span head, const char *name, struct lw_error *err)
{
    const char *what = capture_known(head);

    if (head.n == 0)
        return lw_fail(err, LW_EFORMAT, "%s: empty, not a capture", name);
    if (what == NULL)
        return lw_fail(err, LW_EFORMAT, "%s: not a capture (neither pcap nor pcapng)",
                       name);
    return lw_fail(err, LW_EFORMAT, "%s: is %s; Lapwing reads pcap and pcapng", name,
                   what);
}

enum lw_status capture_source_open(struct capture_source **out, struct stream *in,
                                   struct lw_error *err)
{
    struct span head;
    enum lw_status st = stream_peek(in, CAPTURE_HEAD_BYTES, &head, err);

    if (st == LW_ETRUNCATED && head.n > 0)
        st = LW_OK; /* what there is may be enough */
    if (st != LW_OK)
        goto out;
    for (size_t i = 0; i < sizeof file_kinds / sizeof file_kinds[0]; i++) {
        if (!file_kinds[i]->probe(head))
            continue;
        st = file_kinds[i]->open(out, in, err);
        goto out;
    }
    st = refuse(head, stream_name(in), err);
out:
    if (st != LW_OK)
        stream_close(in);
    return st;
}

/* Wrap a source, which is taken over also on failure. */
static enum lw_status capture_new(struct lw_capture **out, struct capture_source *src,
                                  const struct lw_capture_config *cfg,
                                  struct lw_error *err)
{
    struct lw_capture *cap = mem_zalloc(1, sizeof *cap);

    (void)cfg;
    if (cap == NULL) {
        src->ops->close(src);
        return lw_fail(err, LW_ENOMEM, "out of memory");
    }
    cap->source = src;
    atomic_init(&cap->stop, false);
    *out = cap;
    return LW_OK;
}

enum lw_status lw_capture_open(struct lw_capture **out, const char *path,
                               const struct lw_capture_config *cfg,
                               struct lw_error *err)
{
    struct capture_source *src = NULL;
    struct stream *in = NULL;
    enum lw_status st = stream_open(&in, path, err);

    if (st == LW_OK)
        st = capture_source_open(&src, in, err);
    return st == LW_OK ? capture_new(out, src, cfg, err) : st;
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
    return st == LW_OK ? capture_new(out, src, cfg, err) : st;
}

enum lw_status lw_capture_next(struct lw_capture *cap, struct lw_packet *pkt,
                               struct lw_error *err)
{
    enum lw_status st;

    if (cap->ended || atomic_load_explicit(&cap->stop, memory_order_relaxed))
        return LW_END;
    st = cap->source->ops->next(cap->source, pkt, err);
    if (st != LW_OK) {
        cap->ended = st == LW_END;
        return st;
    }
    cap->seen++;
    return LW_OK;
}

void lw_capture_stop(struct lw_capture *cap)
{
    atomic_store_explicit(&cap->stop, true, memory_order_relaxed);
}

void lw_capture_get_stats(const struct lw_capture *cap, struct lw_capture_stats *out)
{
    const struct capture_source *src = cap->source;

    *out = (struct lw_capture_stats){
        .seen = cap->seen,
        .filtered = cap->filtered,
        .cut_off = src->cut_off,
    };
    (void)snprintf(out->warning, sizeof out->warning, "%s", src->warning);
    src->ops->stats(src, out);
}

void lw_capture_close(struct lw_capture *cap)
{
    if (cap == NULL)
        return;
    cap->source->ops->close(cap->source);
    mem_free(cap);
}
