/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all kinds of sources share: being found, reading on, and being damaged.
 *
 * A file that is refused has its reason in an error.  Once packets are being read,
 * damage no longer takes back what was read: it ends the capture with a warning.
 */
#include "base/mem.h"
#include "capture_priv.h"

#include <stdio.h>

static const struct capture_ops *const file_kinds[] = {
    &capture_pcap,
    &capture_pcapng,
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

static void warn(struct capture_source *src, const char *what, const char *why)
{
    if (src->warning[0] == '\0')
        (void)snprintf(src->warning, sizeof src->warning, "%s: %s at byte %llu%s%s",
                       stream_name(src->feed.in), what,
                       (unsigned long long)feed_offset(&src->feed),
                       why == NULL ? "" : ", not read on: ", why == NULL ? "" : why);
}

enum lw_status capture_damaged(struct capture_source *src, const char *fmt, ...)
{
    char why[128];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    warn(src, "damaged", why);
    return LW_END;
}

enum lw_status capture_cut_off(struct capture_source *src)
{
    src->cut_off = true;
    warn(src, "cut off in the middle of a packet", NULL);
    return LW_END;
}

/* The stream failed: damaged compression ends the capture with a warning, anything else
 * is a failure. */
static enum lw_status failed(struct capture_source *src, enum lw_status st,
                             const struct lw_error *why, struct lw_error *err)
{
    if (st != LW_EFORMAT && st != LW_ETRUNCATED)
        return lw_fail(err, st, "%s", why->msg);
    src->cut_off |= st == LW_ETRUNCATED;
    if (src->warning[0] == '\0')
        (void)snprintf(src->warning, sizeof src->warning, "%s", why->msg);
    return LW_END;
}

enum lw_status capture_need_more(struct capture_source *src, size_t n,
                                 struct lw_error *err)
{
    struct lw_error why;
    enum lw_status st;

    if (src->hold)
        return LW_END;
    st = feed_more(&src->feed, n, &why);
    if (st != LW_OK)
        return failed(src, st, &why, err);
    if (src->feed.ahead.n >= n)
        return LW_OK;
    return src->feed.ahead.n == 0 ? LW_END : capture_cut_off(src);
}

enum lw_status capture_pass(struct capture_source *src, size_t n, struct lw_error *err)
{
    struct lw_error why;
    enum lw_status st;
    bool whole;

    st = feed_pass(&src->feed, n, &whole, &why);
    if (st != LW_OK)
        return failed(src, st, &why, err);
    return whole ? LW_OK : capture_cut_off(src);
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
        st = LW_OK; /* what there is may be enough to begin with */
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

size_t capture_more(struct capture_source *src, struct lw_packet *pkts, size_t max)
{
    struct lw_error ignored;
    size_t n = 0;

    if (src->ops->more != NULL)
        return src->ops->more(src, pkts, max);
    src->hold = true;
    while (n < max && src->ops->next(src, &pkts[n], &ignored) == LW_OK)
        n++;
    src->hold = false;
    return n;
}

void capture_source_stats(const struct capture_source *src,
                          struct lw_capture_stats *out)
{
    out->cut_off = src->cut_off;
    (void)snprintf(out->warning, sizeof out->warning, "%s", src->warning);
    if (src->ops->stats != NULL) {
        src->ops->stats(src, out);
    } else {
        out->bytes_read = stream_bytes_read(src->feed.in);
        out->bytes_total = stream_bytes_total(src->feed.in);
    }
}

void capture_source_close(struct capture_source *src)
{
    if (src == NULL)
        return;
    if (src->ops->close != NULL)
        src->ops->close(src);
    feed_release(&src->feed);
    mem_free(src);
}
