/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/flow.h - the flow meter: packets in, bidirectional flow records out.
 *
 * A flow is the packets between two endpoints over one protocol.  The table never
 * outgrows its limit; unanswered flows are evicted first.
 *
 * Time is packet time, never the clock: a file always gives the same flows.
 * Thread safety: one thread per meter.
 */
#ifndef LW_FLOW_H
#define LW_FLOW_H

#include <lapwing/capture.h>
#include <lapwing/error.h>
#include <lapwing/record.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lw_meter; /* opaque */

/** Receives each record; `rec` is borrowed for the call. */
typedef void (*lw_record_fn)(void *ctx, const struct lw_record *rec);

/** By whose rules packets are one flow, and flows end. */
enum lw_cuts {
    /* Argus' flows, but a connection that was closed or reset and begins again is
     * another flow, and idle timeouts run from the last packet: 60 s for TCP, 5 s once
     * it is closed, 5 s for ICMP and ARP, 30 s for others. */
    LW_CUTS_PLAIN,
    /* As Argus 3.0.8.2 does it, also where that is not what happened
     * (docs/argus-parity.md).  Idle timeouts that are left at 0 are Argus': they run
     * from the end of the status interval that the last packet was in. */
    LW_CUTS_ARGUS,
    /* Zeek's: lookups from one port and echoes to one host are one flow; no records in
     * between; a SYN that nobody answers is over after 5 s.  Idle timeouts by default:
     * TCP 300 s, others 60 s.  Fills conn_log, which is then what Zeek would log. */
    LW_CUTS_ZEEK
};

/** Which flows a packet in a tunnel counts in. */
#define LW_TUNNEL_MODE_LIST(X)                                                         \
    X(OUTER, "outer") /* that of its outermost IP header */                            \
    X(INNER, "inner") /* that of the innermost packet that can be decoded */           \
    X(BOTH, "both")   /* one for each level */

enum lw_tunnel_mode {
#define LW_TUNNEL_MODE_ENUM(name, text) LW_TUNNEL_MODE_##name,
    LW_TUNNEL_MODE_LIST(LW_TUNNEL_MODE_ENUM)
#undef LW_TUNNEL_MODE_ENUM
        LW_N_TUNNEL_MODES
};

/** Zero means the default; that of the timeouts is for LW_CUTS_PLAIN. */
struct lw_meter_config {
    uint32_t max_flows;         /* default 1,048,576; at most 2^24 */
    int64_t status_interval_ns; /* default 3,600 s */
    uint32_t status_packets;    /* a long flow is also reported each time it had so many
                                   packets; default never */
    int64_t idle_tcp_ns;        /* default 60 s */
    int64_t closed_tcp_ns; /* default 5 s: a closed connection waits for stragglers */
    int64_t idle_udp_ns;   /* default 30 s, also whatever is not named here */
    int64_t idle_icmp_ns;  /* default 5 s */
    int64_t idle_arp_ns;   /* default 5 s */
    /* Fill the records' `conn_log`.  Costs 440 bytes a flow and a sum over every
     * packet, as Zeek leaves out packets with wrong checksums. */
    bool conn_log;
    enum lw_cuts cuts;
    bool icmp_messages;    /* LW_CUTS_PLAIN: each message of ICMP is a flow of its own,
                              with    the later fragments of its datagram */
    bool ignore_checksums; /* take packets with wrong checksums into conn_log, too: for
                              captures of the sender's own, where the network card
                              was to write them */
    bool flow_stats; /* collect lapwing/flow_stats.h for the records, at the cost of
                        some 1,200 bytes more a flow */
    enum lw_tunnel_mode tunnels;   /* default outer */
    uint32_t reassembly_bytes;     /* of incomplete datagrams: default 4 MiB, 128 KiB to
                                      31 MiB */
    uint32_t reassembly_datagrams; /* incomplete ones: default 2,048, at most 65,536 */
    /* Recognise application protocols (`app` of the records), which puts the first
     * bytes of TCP connections in order.  Set by itself when one of the next two is. */
    bool apps;
    bool handshakes; /* read what is in clear of TLS, QUIC and SSH (`handshake`) */
    const struct lw_stream_tap *tap; /* static storage; NULL: nobody listens.  Its
                                        states come with the records (`tapped`) */
    uint32_t stream_flows; /* in which streams are put in order at one time: default
                              65,536, at most 2^20; others wait unheard */
    uint32_t stream_bytes; /* of each side that a tap gets to read: default 1 MiB */
    uint32_t stream_held_bytes; /* of each side, out of order: default 256 KiB */
    uint32_t stream_pool_bytes; /* of all sides, out of order: default 16 MiB, 64 KiB to
                                   1 GiB */
};

/** Why a packet that was decoded no further than this was counted so. */
struct lw_meter_stats {
    /* seen = decoded + truncated + unsupported + malformed */
    uint64_t seen;                  /* packets handed to lw_meter_add() */
    uint64_t decoded;               /* decoded = in_flows + not_in_flows */
    uint64_t truncated;             /* headers cut off by the capture length */
    uint64_t unsupported;           /* link types we do not decode */
    uint32_t unsupported_link_type; /* of the first of them */
    uint64_t malformed;             /* headers that contradict themselves */
    uint64_t in_flows;              /* each packet once, whatever it carries */
    uint64_t not_in_flows;
    uint64_t inner_in_flows;  /* further entries of the same packets in the flows of
                                 their inner levels (LW_TUNNEL_MODE_BOTH): the packets
                                 of all records = in_flows + inner_in_flows */
    uint64_t tunnelled;       /* packets in which a tunnel was followed */
    uint64_t inner_truncated; /* packets of a tunnel that ended before what is in it: */
    uint64_t inner_malformed; /* cut off by the capture length, or contradicting */
    uint64_t tunnels_too_deep; /* itself; or had more tunnels than are followed (4) */

    /* Of all levels that are looked at.  datagrams = reassembled + malformed +
     * timed_out + evicted + dropped + those that are incomplete now. */
    uint64_t fragments;
    uint64_t fragments_unusable;  /* cannot be part of a datagram; not captured whole */
    uint64_t fragments_duplicate; /* repeat what is there */
    uint64_t fragments_overlapping; /* contradict it, or go beyond it */
    uint64_t datagrams;             /* begun */
    uint64_t datagrams_reassembled;
    uint64_t datagrams_malformed; /* complete, but what is in them contradicts itself */
    uint64_t datagrams_timed_out;
    uint64_t datagrams_evicted; /* gave way to newer ones */
    uint64_t datagrams_dropped; /* overlapping IPv6 fragments, or contradicting ends */

    /* Of streams that ended (struct lw_meter_config: apps, tap). */
    uint64_t streams;               /* TCP connections that were put in order, so far */
    uint64_t streams_refused;       /* that were not, or not listened to: no room */
    uint64_t stream_bytes;          /* in order, */
    uint64_t stream_bytes_missing;  /* or missing between those */
    uint64_t stream_bytes_repeated; /* had come before */

    uint64_t flows_created;
    uint64_t records;            /* reported */
    uint64_t evicted_unanswered; /* flows pushed out of a full table */
    uint64_t evicted_answered;
    uint64_t active; /* flows in the table now */
    uint64_t active_max;
    uint64_t out_of_order; /* packets older than one before them */
};

/** Create a meter.  On success the caller owns *out; on failure *out is untouched.
 *  LW_EINVAL: a limit out of range.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_meter_new(struct lw_meter **out,
                                           const struct lw_meter_config *cfg,
                                           struct lw_error *err);

/** Add one packet, reporting records that ended before it.  `pkt` is borrowed.  A
 *  packet without data only moves time on.  Returns the flow's id (with
 *  LW_TUNNEL_MODE_BOTH that of the outermost one), or 0 when the packet is in no flow.
 */
LW_API uint64_t lw_meter_add(struct lw_meter *m, const struct lw_packet *pkt,
                             lw_record_fn fn, void *ctx);

/** Add packets in their order: the same as adding each, in less time the more there
 * are. The data of all of them are borrowed for the call. */
LW_API void lw_meter_add_batch(struct lw_meter *m, const struct lw_packet *pkts,
                               size_t n, lw_record_fn fn, void *ctx);

/** What was done of a run so far. */
struct lw_run_batch {
    const struct lw_packet
        *packets;     /* (n_packets) of this batch, borrowed for the call */
    size_t n_packets; /* 1 or more; live, one without data is a pause */
    const struct lw_capture_stats
        *capture; /* as of this batch, borrowed for the call */
};

/** After the records of a batch; a failure ends the run, which returns it. */
typedef enum lw_status (*lw_run_batch_fn)(void *ctx, const struct lw_run_batch *batch,
                                          struct lw_error *err);

/** How lw_meter_run() is to run, and whom it tells.  The two functions are never called
 * at the same time, but with more than one thread from any of them. */
struct lw_run {
    unsigned n_threads;    /* at most 64; 0 and 1: the caller's alone.  An interface is
                              always read by the caller's alone */
    lw_record_fn record;   /* NULL: nobody */
    void *record_ctx;      /* borrowed */
    lw_run_batch_fn batch; /* NULL: nobody */
    void *batch_ctx;       /* borrowed */
};

/** Meter a capture from where it stands to its end, or until lw_capture_stop().
 *  What is reported, and in which order, does not depend on the number of threads;
 *  nor do the answers of lw_meter_watermark_ns() inside `record`.  With several
 *  threads, lw_meter_get_stats() there answers for the batches before.  Nothing is
 *  flushed.  LW_OK at the end; the capture's failures; LW_EINVAL: too many threads,
 *  or they cannot be started; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_meter_run(struct lw_meter *m, struct lw_capture *cap,
                                           const struct lw_run *run,
                                           struct lw_error *err);

/** Report everything that is left, in the order of the last packets. */
LW_API void lw_meter_flush(struct lw_meter *m, lw_record_fn fn, void *ctx);

/** No record reported from now on ends before this time: the last packet of the
 *  longest silent active flow; the present packet time when none is active. */
LW_API int64_t lw_meter_watermark_ns(const struct lw_meter *m);

LW_API void lw_meter_get_stats(const struct lw_meter *m, struct lw_meter_stats *out);

/** Free without reporting what is left.  NULL is fine. */
LW_API void lw_meter_free(struct lw_meter *m);

enum { LW_BINETFLOW_LINE_MAX = 512 };

/** The header line of the CTU-13 binetflow form, with line end:
 *  StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,
 *  TotBytes,SrcBytes,Label */
LW_API const char *lw_binetflow_header(void);

/** One record as a binetflow line with line end; `label` may be "".  Returns its
 *  length; `out` always ends in 0. */
LW_API size_t lw_binetflow_format(const struct lw_record *rec, const char *label,
                                  char out[LW_BINETFLOW_LINE_MAX]);

#ifdef __cplusplus
}
#endif

#endif /* LW_FLOW_H */
