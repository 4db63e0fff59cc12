/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/arrival.h - a packet on its way to its flow.
 *
 * Metering has two halves.  Preparing (decoding, the key, its hash) depends on the
 * packet alone: it may be done for many packets ahead, by any thread.  Adding goes
 * packet by packet in their order, by one thread at a time; that is what makes the
 * output the same however the first half was shared out.
 */
#ifndef FLOW_ARRIVAL_H
#define FLOW_ARRIVAL_H

#include "table.h"

#include <lapwing/flow.h>

struct arrival {
    int64_t time_ns;
    struct flow *likely; /* as a guess, its key not compared yet; NULL: none */
    uint32_t hash;
    unsigned from; /* the side of the key that sent it */
    struct flow_key key;
    bool is_pause; /* time only: nothing of what follows is set, but has_key and
                      is_plain, to false */
    bool has_key;  /* it belongs to a flow: key, hash and from are set */
    bool is_plain; /* `plain` is set, `d` is not yet */
    uint32_t link_type;
    struct plain plain; /* its bytes are borrowed from the packet, */
    struct decoded d;   /* and so is its payload */
};

/** The key of a decoded packet or level, if it has one. */
void arrival_make_key(const struct lw_meter *m, struct arrival *a);

/** From now on, decode every packet, as if none were plain: what tests compare with. */
void meter_decode_all(struct lw_meter *m);

/** Prepare `n` packets; `out` has room for as many.  Reads nothing of the meter that
 *  adding changes. */
void meter_prepare(const struct lw_meter *m, const struct lw_packet *pkts, size_t n,
                   struct arrival *out);

/** Add what was prepared, in its order. */
void meter_add_arrivals(struct lw_meter *m, struct arrival *as, size_t n,
                        lw_record_fn fn, void *ctx);

/** Sizes of what its records only lend, multiples of 8; 0: nothing. */
struct meter_lends {
    size_t stats_bytes;
    size_t tapped_bytes;
    size_t handshake_bytes;
};

struct meter_lends meter_lends(const struct lw_meter *m);

/** As lw_meter_watermark_ns(), of the present always. */
int64_t meter_watermark_ns(const struct lw_meter *m);

/** What a meter answers when it is asked about itself. */
struct meter_moment {
    int64_t watermark_ns;
    struct lw_meter_stats stats;
};

void meter_now(const struct lw_meter *m, struct meter_moment *out);

/** From now on, answer with what is in *shown, borrowed; NULL: with the present.  A run
 *  whose records are seen later than they were made keeps it at what held then. */
void meter_show(struct lw_meter *m, const struct meter_moment *shown);

#endif /* FLOW_ARRIVAL_H */
