/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/packet_stream_priv.h - what a model of packet streams is made of.
 *
 * Sections of its file:
 *
 *     STREAM   u32 version, f64 share of false alarms, f32 threshold, the ensemble
 *     TAIL     scores of held-out normal packets (detect/tail.h)
 *     RIVALn   u8 length and name, f32 threshold, a model (learn/model_ops.h); from 0
 *              on without gaps
 *     PROV     provenance, JSON
 */
#ifndef DETECT_PACKET_STREAM_PRIV_H
#define DETECT_PACKET_STREAM_PRIV_H

#include "detect/tail.h"
#include "feature/damped.h"
#include "learn/ensemble.h"
#include "learn/model_ops.h"

#include <lapwing/packet_stream.h>

enum {
    STREAM_VERSION = 1, /* of the statistics and the form */
    STREAM_LANES = DAMPED_STATS * DAMPED_LANES,
    STREAM_RIVAL_NAME = 40
};

struct stream_rival {
    char name[STREAM_RIVAL_NAME];
    struct lw_model *model; /* owned; scores rows (DAMPED_FEATURES) */
    float threshold;        /* at the model's share of false alarms */
};

struct lw_stream_model {
    struct ensemble ensemble;
    struct tail tail;
    float threshold;
    double false_alarm;
    struct stream_rival rivals[LW_STREAM_RIVALS_MAX];
    uint32_t n_rivals;
    char *provenance; /* owned */
    char id[13];
};

/** What is looked at of a packet; false: nothing could be decoded. */
bool packet_stream_look(const struct lw_packet *pkt, struct damped_packet *out);

/** From lanes to a row: out (DAMPED_FEATURES). */
void packet_stream_row(const float lanes[STREAM_LANES], float out[DAMPED_FEATURES]);

LW_MUST enum lw_status packet_stream_save(const struct lw_stream_model *m,
                                          const char *path, struct lw_error *err);

#endif /* DETECT_PACKET_STREAM_PRIV_H */
