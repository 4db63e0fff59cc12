/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/capture.h - packets from files, pipes and interfaces.
 *
 * A capture yields raw frames in file order, each with its time and link type.
 * pcap and pcapng are recognised by their first bytes, plain or compressed (gzip,
 * zstd, xz), whatever the file is called.  A file that ends in the middle of a
 * packet yields what it holds, then LW_END, with `cut_off` set in the statistics.
 *
 * Thread safety: one thread per capture, except lw_capture_stop().
 */
#ifndef LW_CAPTURE_H
#define LW_CAPTURE_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_capture; /* opaque */

/** The end of time, in the year 2116: packet times are from 0 to this, so that their
 *  differences, and their sums with a timeout, fit their type. */
#define LW_TIME_MAX_NS ((INT64_C(1) << 62) - 1)

/** One frame.  `data` is borrowed until the next call on the same capture. */
struct lw_packet {
    int64_t time_ns;     /* since the Unix epoch, UTC */
    const uint8_t *data; /* (captured_bytes) */
    uint32_t captured_bytes;
    uint32_t wire_bytes; /* length on the wire; at least what the record says */
    uint32_t link_type;  /* LINKTYPE_ value of the pcap registry */
};

/** What was read so far. */
struct lw_capture_stats {
    uint64_t seen;         /* packets in the source, before the filter */
    uint64_t filtered;     /* packets that the filter did not let pass */
    uint64_t bytes_read;   /* of the source, before decompression; 0 if unknown */
    uint64_t bytes_total;  /* size of the source(s); 0 if unknown */
    uint64_t kernel_drops; /* live only: lost before we saw them */
    bool cut_off;          /* a file ended in the middle of a packet or block */
    char warning[256];     /* what was wrong, one line; "" when nothing was */
};

/** Zero means the default. */
struct lw_capture_config {
    const char *filter;  /* pcap filter expression; NULL or "": everything */
    uint32_t snaplen;    /* live only, default 262,144 */
    bool no_promiscuous; /* live only */
};

/** Open a capture file, "-" for standard input, or a directory, whose captures are
 *  read in the order of their first packets (files that are no captures are passed
 *  over; none at all is LW_ENOTFOUND).  On success the caller owns *out.
 *  LW_EIO, LW_EFORMAT (header unreadable or not a capture), LW_EINVAL (filter). */
LW_API LW_MUST enum lw_status lw_capture_open(struct lw_capture **out, const char *path,
                                              const struct lw_capture_config *cfg,
                                              struct lw_error *err);

/** Open a capture that is open as `fd`, from its beginning; it is duplicated and stays
 *  the caller's.  `name` is for messages.  Errors as lw_capture_open(). */
LW_API LW_MUST enum lw_status lw_capture_open_fd(struct lw_capture **out, int fd,
                                                 const char *name,
                                                 const struct lw_capture_config *cfg,
                                                 struct lw_error *err);

/** Open a capture held in memory; `data` is borrowed until close. */
LW_API LW_MUST enum lw_status
lw_capture_open_memory(struct lw_capture **out, const void *data, size_t n_bytes,
                       const struct lw_capture_config *cfg, struct lw_error *err);

/** Listen on an interface.  The kernel applies the filter, so what it does not let pass
 *  is neither seen nor counted.  LW_EPERM without the right to, LW_ENOTFOUND. */
LW_API LW_MUST enum lw_status lw_capture_open_live(struct lw_capture **out,
                                                   const char *interface,
                                                   const struct lw_capture_config *cfg,
                                                   struct lw_error *err);

/** The next packet that passes the filter.  LW_END at the end or after
 *  lw_capture_stop().  Live, at most a second passes without a return: a pause gives
 *  LW_OK with pkt->data NULL and time_ns the present time. */
LW_API LW_MUST enum lw_status
lw_capture_next(struct lw_capture *cap, struct lw_packet *pkt, struct lw_error *err);

/** Up to `max` (1 or more) packets in one go: the next one that passes the filter and
 *  those behind it that need no further reading.  The data of all are borrowed until
 * the next call on the same capture.  Otherwise as lw_capture_next(): *n_pkts is 0
 * unless the answer is LW_OK. */
LW_API LW_MUST enum lw_status lw_capture_next_batch(struct lw_capture *cap,
                                                    struct lw_packet *pkts, size_t max,
                                                    size_t *n_pkts,
                                                    struct lw_error *err);

/** Make the next lw_capture_next() answer LW_END.  Callable from a signal handler. */
LW_API void lw_capture_stop(struct lw_capture *cap);

LW_API void lw_capture_get_stats(const struct lw_capture *cap,
                                 struct lw_capture_stats *out);

/** What a link type is, in words ("802.11 plus radiotap header"); static storage. */
LW_API const char *lw_link_type_text(uint32_t link_type);

/** NULL is fine. */
LW_API void lw_capture_close(struct lw_capture *cap);

#ifdef __cplusplus
}
#endif

#endif /* LW_CAPTURE_H */
