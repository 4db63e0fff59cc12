/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where packets come from: one row of functions per kind of source.
 *
 * A source embeds struct capture_source as its first member.  Files are recognised by
 * asking each kind's probe; the kinds without one (an interface, a directory) are made
 * by name.
 */
#ifndef PACKET_CAPTURE_PRIV_H
#define PACKET_CAPTURE_PRIV_H

#include "packet/feed.h"

#include <lapwing/capture.h>

#include <stdatomic.h>

struct capture_source;

struct capture_ops {
    const char *name;

    /* Does a file that begins with `head` (up to CAPTURE_HEAD_BYTES) look like one? */
    bool (*probe)(struct span head);

    /* Make a source of a recognised file.  On success it owns `in`, and the caller
     * *out; on failure nothing changed hands. */
    enum lw_status (*open)(struct capture_source **out, struct stream *in,
                           struct lw_error *err);

    /* The next packet; its data are NULL in a pause of a live source.  LW_END also
     * after damage, which is in the source's `warning` then. */
    enum lw_status (*next)(struct capture_source *src, struct lw_packet *pkt,
                           struct lw_error *err);

    /* As many packets as are in sight, at most `max`.  What next() would say instead of
     * a packet, it says when it is asked next.  NULL: next() does it, see
     * capture_more(). */
    size_t (*more)(struct capture_source *src, struct lw_packet *pkts, size_t max);

    /* Fill in bytes_read, bytes_total and kernel_drops.  NULL: the feed knows. */
    void (*stats)(const struct capture_source *src, struct lw_capture_stats *out);

    /* A packet is gone at the next call, whatever is done. */
    bool fleeting;

    /* The feed that the packets given last lie in, NULL when there is none.  No
     * function: the source's own. */
    struct feed *(*feed)(struct capture_source *src);

    /* Release what the source owns besides its feed and itself.  NULL: nothing. */
    void (*close)(struct capture_source *src);
};

struct capture_source {
    const struct capture_ops *ops;
    struct feed feed;        /* of a file; all zero otherwise */
    const atomic_bool *stop; /* borrowed from the capture: end what blocks; or NULL */
    /* While `hold` is set, next() answers LW_END rather than move what is in sight,
     * where the packets given before are; asked again without it, it says what is the
     * case. */
    bool hold;
    bool cut_off;
    char warning[256]; /* the first damage; "" while there is none */
};

/* Enough to recognise a file; no more than a pcap file without packets has. */
enum { CAPTURE_HEAD_BYTES = 24 };

/* A packet longer than any real one is a damaged length field.  The limits are those of
 * libpcap's pcap-common.c, which gives some link types of buses longer ones. */
uint32_t capture_packet_max(uint32_t link_type);

/* Bring `n` bytes in sight.  LW_END when the file ends before them: well, if it ends
 * exactly here, otherwise with a warning. */
enum lw_status capture_need_more(struct capture_source *src, size_t n,
                                 struct lw_error *err);

static inline enum lw_status capture_need(struct capture_source *src, size_t n,
                                          struct lw_error *err)
{
    return src->feed.ahead.n >= n ? LW_OK : capture_need_more(src, n, err);
}

/* Move on by `n` bytes, in sight or not; LW_END with a warning when the file ends
 * before. */
enum lw_status capture_pass(struct capture_source *src, size_t n, struct lw_error *err);

/* The source ends in the middle of something; returns LW_END. */
enum lw_status capture_cut_off(struct capture_source *src);

/* The source cannot be read on from the feed's present place; returns LW_END. */
enum lw_status capture_damaged(struct capture_source *src, const char *fmt, ...)
    LW_PRINTF(2, 3);

extern const struct capture_ops capture_pcap;   /* pcap_file.c */
extern const struct capture_ops capture_pcapng; /* pcapng_file.c */

/* capture_known.c: what a file that is no capture of ours seems to be, in words that
 * follow "is"; NULL when nothing is known of it. */
const char *capture_known(struct span head);

/* Make a source of an opened file, which it takes over; on failure the stream is
 * closed. */
enum lw_status capture_source_open(struct capture_source **out, struct stream *in,
                                   struct lw_error *err);
/* As many more packets as can be given with those given before staying where they are.
 */
size_t capture_more(struct capture_source *src, struct lw_packet *pkts, size_t max);
void capture_source_stats(const struct capture_source *src,
                          struct lw_capture_stats *out);
/* NULL is fine. */
void capture_source_close(struct capture_source *src);

/* capture_dir.c: all captures in a directory, by the time of their first packets. */
enum lw_status capture_dir_open(struct capture_source **out, const char *path,
                                struct lw_error *err);

/* live_pcap.c */
enum lw_status capture_live_open(struct capture_source **out, const char *interface,
                                 const struct lw_capture_config *cfg,
                                 struct lw_error *err);

/* live_pcap.c: a pcap filter expression, compiled for each link type it meets. */
struct capture_filter;

/* LW_EINVAL with the compiler's own words. */
enum lw_status capture_filter_new(struct capture_filter **out, const char *expression,
                                  struct lw_error *err);
bool capture_filter_match(struct capture_filter *f, const struct lw_packet *pkt);
/* "" unless the expression cannot be said of a link type that was met. */
const char *capture_filter_warning(const struct capture_filter *f);
/* NULL is fine. */
void capture_filter_free(struct capture_filter *f);

#endif /* PACKET_CAPTURE_PRIV_H */
