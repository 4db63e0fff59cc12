/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/packet_stream.h - what is normal on this network, packet by packet.
 *
 * Each packet gets 115 damped statistics of what its source, its channel and its socket
 * did lately, and an ensemble of small autoencoders says how unlike the packets they
 * were fitted on these are (Mirsky et al., "Kitsune", NDSS 2018).  No flow has to end
 * first, and no label is needed.
 *
 * A model learns from captures declared normal.  The first four fifths of each are
 * fitted on; the scores of the last fifth make the p-values and the threshold.  Beside
 * it are fitted, on the same statistics, the rivals that it has to beat.
 */
#ifndef LW_PACKET_STREAM_H
#define LW_PACKET_STREAM_H

#include <lapwing/capture.h>
#include <lapwing/error.h>
#include <lapwing/flow.h>
#include <lapwing/model.h>
#include <lapwing/model_kind.h>
#include <lapwing/record.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_STREAM_RIVALS_MAX = 8, LW_STREAM_REASON_MAX = 64 };

/* ---- models ---------------------------------------------------------------------- */

struct lw_stream_model; /* opaque; unchanged after loading, so any thread may use it */

/** Load a model file; the caller owns *out.  LW_EMISMATCH: it is of another kind;
 *  LW_EIO, LW_EFORMAT, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_stream_model_load(struct lw_stream_model **out,
                                                   const char *path,
                                                   struct lw_error *err);
LW_API LW_MUST enum lw_status
lw_stream_model_load_memory(struct lw_stream_model **out, const void *data,
                            size_t n_bytes, const char *name, struct lw_error *err);
/** NULL is fine. */
LW_API void lw_stream_model_free(struct lw_stream_model *m);

/** First 12 hexadecimal digits of the file's SHA-256. */
LW_API const char *lw_stream_model_id(const struct lw_stream_model *m);
/** How it was trained, as JSON text. */
LW_API const char *lw_stream_model_provenance(const struct lw_stream_model *m);
/** Autoencoders, without the one over them. */
LW_API uint32_t lw_stream_model_groups(const struct lw_stream_model *m);
/** What a score must reach at the least to be alarmed, and how often held-out normal
 *  packets did. */
LW_API float lw_stream_model_threshold(const struct lw_stream_model *m);
LW_API double lw_stream_model_false_alarm(const struct lw_stream_model *m);
/** Rivals that are in the file, and the name of one of them. */
LW_API uint32_t lw_stream_model_rivals(const struct lw_stream_model *m);
LW_API const char *lw_stream_model_rival_name(const struct lw_stream_model *m,
                                              uint32_t i);

/* ---- scoring --------------------------------------------------------------------- */

/** One packet judged.  Borrowed for the call. */
struct lw_stream_packet {
    uint64_t number; /* in the stream, from 1, those not scored counted too */
    int64_t time_ns;
    uint32_t bytes; /* on the wire */
    bool is_scored; /* false: nothing could be decoded, the rest is 0 */
    bool alert;
    uint8_t ip_version; /* 4, 6; 0: the addresses are MACs */
    uint8_t protocol;   /* IP's number; 0 for ARP and what is not IP */
    uint16_t port[2];   /* source, destination; 0 without ports */
    struct lw_addr addr[2];
    float score;
    float p_value;                           /* share of held-out normal packets that
                                                scored at least so high */
    char reason[LW_STREAM_REASON_MAX];       /* of an alert: the statistic that is least
                                                as it was; "" otherwise */
    float rival_score[LW_STREAM_RIVALS_MAX]; /* where asked for */
    bool rival_alert[LW_STREAM_RIVALS_MAX];
};

typedef void (*lw_stream_fn)(void *ctx, const struct lw_stream_packet *p);

/** Zero means the default. */
struct lw_stream_config {
    uint32_t max_sockets; /* remembered, 65,536; of hosts and channels half as many */
    double false_alarm;   /* share of normal packets alarmed, instead of the model's */
    bool rivals;          /* ask the rivals, too */
    lw_stream_fn packet;  /* every packet, in order, up to 16 packets later */
    void *ctx;            /* borrowed */
};

struct lw_stream_stats {
    uint64_t packets;
    uint64_t scored;
    uint64_t alerts;
    uint64_t rival_alerts[LW_STREAM_RIVALS_MAX];
    uint64_t forgotten; /* hosts, channels and sockets that there was no room for */
};

struct lw_stream; /* opaque; one thread */

/** The model is borrowed until free.  LW_EINVAL: a share that is none; LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_stream_new(struct lw_stream **out,
                                            const struct lw_stream_model *m,
                                            const struct lw_stream_config *cfg,
                                            struct lw_error *err);
/** Add a packet; borrowed.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status
lw_stream_add(struct lw_stream *s, const struct lw_packet *pkt, struct lw_error *err);
/** A whole capture; run->batch is told of each batch, threads are not used (each packet
 *  changes what the next is compared with). */
LW_API LW_MUST enum lw_status lw_stream_run(struct lw_stream *s, struct lw_capture *cap,
                                            const struct lw_run *run,
                                            struct lw_error *err);
/** Judge what still waits for a block to be full. */
LW_API void lw_stream_flush(struct lw_stream *s);
LW_API void lw_stream_get_stats(const struct lw_stream *s, struct lw_stream_stats *out);
/** NULL is fine. */
LW_API void lw_stream_free(struct lw_stream *s);

/* ---- training -------------------------------------------------------------------- */

/** Zero means the default. */
struct lw_stream_train_config {
    const char *const *captures; /* (n_captures) files or folders, each a stream of its
                                    own; not standard input: they are read repeatedly */
    size_t n_captures;
    const char *options; /* "name=value,...": of lw_stream_kind(); NULL */
    double false_alarm;  /* share of normal packets alarmed, 1e-4 */
    uint64_t seed;
    bool no_rivals;
    lw_progress_fn progress; /* NULL: silent */
    void *progress_ctx;      /* borrowed */
};

struct lw_stream_train_report {
    uint64_t n_packets; /* that could be scored */
    uint64_t n_fitted;
    uint64_t n_held_out;
    uint32_t n_groups;
    float threshold;
    double false_alarm;   /* asked for */
    uint64_t n_alarmed;   /* of the held-out packets */
    double train_seconds; /* CPU time; not stored in the model */
};

/** Name and options of what is trained; everything in *out is static. */
LW_API void lw_stream_kind(struct lw_model_kind *out);

/** Train and write a model file (atomically).  LW_EINVAL: an option; LW_EFORMAT: too
 *  few packets; what lw_capture_open() says; LW_EIO, LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_stream_train(const char *path,
                                              const struct lw_stream_train_config *cfg,
                                              struct lw_stream_train_report *report,
                                              struct lw_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LW_PACKET_STREAM_H */
