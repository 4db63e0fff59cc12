/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/damped.h - damped incremental statistics of a stream of packets.
 *
 * What Mirsky et al., "Kitsune: an ensemble of autoencoders for online network
 * intrusion detection" (NDSS 2018), sections IV-B and IV-C, keep of every packet's
 * context: how many packets of what size, at which intervals, came lately from its
 * source and between its two ends.  "Lately" is told five times over: a statistic of
 * rate r forgets by the factor 2^-(r t) in t seconds.
 *
 *     from the source's MAC and address   size: weight, mean, deviation
 *     from the source's address           size: weight, mean, deviation
 *     channel: from address to address    size: weight, mean, deviation; with the
 *                                         other direction: magnitude, radius,
 *                                         covariance, correlation
 *     channel: from address to address    interval: weight, mean, deviation
 *     socket: from port to port           size: the same seven as of a channel
 *
 * 23 statistics at 5 rates are the 115 features of a packet, its own size included.
 * Memory is bounded (base/lru_table.h): who was not heard longest is forgotten.
 */
#ifndef FEATURE_DAMPED_H
#define FEATURE_DAMPED_H

#include <lapwing/record.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    DAMPED_RATES = 5,
    DAMPED_STATS = 23,
    DAMPED_FEATURES = DAMPED_STATS * DAMPED_RATES,
    DAMPED_LANES = 8,  /* rates in memory: what one vector register holds */
    DAMPED_BLOCK = 16, /* packets, of damped_turn() */
    DAMPED_NAME_MAX = 64
};

/** Halvings in a second: 5, 3, 1, 0.1 and 0.01, as in the paper. */
extern const float damped_rates[DAMPED_RATES];

/** What is looked at of a packet. */
struct damped_packet {
    int64_t time_ns;
    uint32_t bytes; /* on the wire */
    uint8_t kind;   /* of the addresses: 4 (also ARP's), 6, 0 for MACs */
    uint8_t protocol;
    uint16_t port[2]; /* source, destination; 0 without ports */
    uint8_t mac[6];   /* of the source; 0 where the link has none */
    struct lw_addr addr[2];
};

struct damped; /* opaque */

/** Zero means the default. */
struct damped_config {
    uint32_t
        max_sockets; /* 65,536; of the others half as many.  About 900 bytes each */
};

/** NULL when memory is out. */
struct damped *damped_new(const struct damped_config *cfg);
/** NULL is fine. */
void damped_free(struct damped *d);

/** Add a packet; out (DAMPED_STATS, DAMPED_LANES) becomes its features, statistic by
 *  statistic; lanes from DAMPED_RATES on repeat the last rate.  False: memory was out
 *  for the very first. */
LW_MUST bool damped_add(struct damped *d, const struct damped_packet *p,
                        float out[DAMPED_STATS * DAMPED_LANES]);

/** Whoever was forgotten so far because there was no room. */
uint64_t damped_forgotten(const struct damped *d);

/** Name of feature i (statistic * DAMPED_RATES + rate), such as "socket size mean,
 *  10 s". */
const char *damped_name(unsigned i, char out[DAMPED_NAME_MAX]);

/** Bring features to scales on which models can compare them: those that span orders of
 *  magnitude (weights, radius, covariance, intervals) become sign(x) log2(1 + |x|). */
void damped_spread(float features[DAMPED_STATS * DAMPED_LANES]);

/** damped_spread() of a block of packets, rows (DAMPED_BLOCK, DAMPED_STATS,
 *  DAMPED_LANES), feature by feature: out (DAMPED_FEATURES, DAMPED_BLOCK). */
void damped_turn(const float *rows, float *out);

#endif /* FEATURE_DAMPED_H */
