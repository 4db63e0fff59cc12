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

    /* The next packet.  LW_END also after damage, which is told by
     * capture_source_cut() or capture_source_damaged(). */
    enum lw_status (*next)(struct capture_source *src, struct lw_packet *pkt,
                           struct lw_error *err);

    /* Fill in what the source itself knows: bytes_read, bytes_total, kernel_drops. */
    void (*stats)(const struct capture_source *src, struct lw_capture_stats *out);

    void (*close)(struct capture_source *src);
};

struct capture_source {
    const struct capture_ops *ops;
    bool cut_off;
    char warning[256]; /* the first damage; "" while there is none */
};

enum { CAPTURE_HEAD_BYTES = 32 };

/* A packet longer than any real one is a damaged length field.  The limits are those of
 * libpcap's pcap-common.c, which gives some link types of buses longer ones. */
uint32_t capture_packet_max(uint32_t link_type);

/* The source ended in the middle of something; returns LW_END. */
enum lw_status capture_source_cut(struct capture_source *src, const struct feed *f);

/* The source cannot be read on from the feed's present place; returns LW_END. */
enum lw_status capture_source_damaged(struct capture_source *src, const struct feed *f,
                                      const char *fmt, ...) LW_PRINTF(3, 4);

/* What a failed feed_need() means to a reader that has begun: damaged compression ends
 * the capture with a warning, anything else is a failure. */
enum lw_status capture_source_failed(struct capture_source *src, enum lw_status st,
                                     const struct lw_error *why, struct lw_error *err);

extern const struct capture_ops capture_pcap;   /* pcap_file.c */
extern const struct capture_ops capture_pcapng; /* pcapng_file.c */

/* capture_known.c: what a file that is no capture of ours seems to be, in words that
 * follow "is"; NULL when nothing is known of it. */
const char *capture_known(struct span head);

/* capture.c: make a source of an opened file, which it takes over; on failure the
 * stream is closed. */
enum lw_status capture_source_open(struct capture_source **out, struct stream *in,
                                   struct lw_error *err);

#endif /* PACKET_CAPTURE_PRIV_H */
