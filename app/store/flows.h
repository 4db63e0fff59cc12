/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/flows.h - judged flows: loading those of a capture, finding them again.
 *
 * An analysis loads all flows of a capture at once into a file of its own, which
 * replaces that of the analysis before when it is complete.  A flow's id says which
 * analysis it is of (upper bits) and which flow (lower 32 bits).
 */
#ifndef STORE_FLOWS_H
#define STORE_FLOWS_H

#include "base/span.h"
#include "store/store.h"

#include <lapwing/detect.h>

enum { STORE_DETECTORS_MAX = 4, STORE_ADDR_BYTES = 17 };

/** An endpoint: byte 0 is the kind (4, 6, or 'm' for a MAC address; 0: none), then 4,
 * 16 or 6 bytes as on the wire; the rest is zero. */
struct store_addr {
    uint8_t bytes[STORE_ADDR_BYTES];
};

enum { STORE_ADDR_TEXT_MAX = 48 };

/** The endpoint of a record. */
struct store_addr store_addr_of(const struct lw_record *rec, unsigned side);
/** Text to address: IPv4, IPv6, MAC.  False when it is none. */
bool store_addr_parse(struct span text, struct store_addr *out);
/** "10.0.0.1"; "" for kind 0.  Returns the length. */
size_t store_addr_text(const struct store_addr *a, char out[STORE_ADDR_TEXT_MAX]);

/** Addresses that begin with the same bits. */
struct store_net {
    struct store_addr addr; /* the first of them; kind 0: not set */
    uint8_t bits;
};

/** "10.0.0.0/8", or an address alone.  Bits beyond the prefix are cleared. */
bool store_net_parse(struct span text, struct store_net *out);
bool store_net_has(const struct store_net *net, const struct store_addr *a);

/** What one detector said of a flow. */
struct store_score {
    const char *detector; /* "traffic", "attack", "botnet" */
    const char *model;    /* id */
    enum lw_verdict_class verdict;
    float score;     /* NaN: it said nothing, as what follows */
    float threshold; /* alerts from here on */
    float p_value;
    float confidence;
    float unavailable;   /* share of evidence that was missing */
    const char *reasons; /* JSON array of {feature, value, contribution, words}; NULL */
    const char *view;    /* name, of the vector */
    const float *vector; /* (n_vector), for the replay of the verdict; of the first
                            score without reasons: to compare others with; NULL */
    uint32_t n_vector;
    bool alert;
};

/** A flow and its verdict.  Texts are borrowed; "" and NULL mean the same: none.
 *  Index 0 is the initiator (source), 1 the other (destination). */
struct store_flow {
    int64_t id;      /* given by the store */
    int64_t capture; /* likewise */
    int64_t alert;   /* likewise: of which alert it is part; 0 */
    int64_t start_ns;
    int64_t duration_ns;
    const char *proto;   /* "tcp", "udp", ... */
    const char *service; /* application protocol; NULL */
    const char *state;
    struct store_addr addr[2];
    int32_t port[2];     /* -1: none */
    const char *name[2]; /* host names from the capture itself; NULL */
    uint64_t packets[2];
    uint64_t bytes[2]; /* of whole frames */
    const char *community_id;
    const char *tags;              /* words separated by commas; NULL */
    const char *attack_id;         /* ATT&CK technique; NULL */
    enum lw_verdict_class verdict; /* of all detectors together */
    float confidence;
    float score;       /* of scores[detector]; NaN counts as 0 */
    uint8_t severity;  /* 0: none; 1 low, 2 medium, 3 high, 4 critical */
    uint8_t detector;  /* index into `scores` of whose verdict it is */
    bool alerted;      /* belongs to an alert */
    bool suppressed;   /* would be alerted, if a suppression did not forbid it */
    const char *words; /* why, a sentence; of an alert; NULL */
    /* Shape of the first packets: time since start, bytes, negative from the other
     * side.  Kept as it is; NULL. */
    const char *first_packets; /* JSON array */
    const struct store_score
        *scores; /* (n_scores); in lists without reasons and vectors */
    uint32_t n_scores;
    const char *detector_name; /* given by the store: of scores[detector]; NULL: none */
    /* Whoever knows alerts flow by flow (store_flow_alert_list()) is told of this one,
     * and this verdict, whether it belongs to an alert or not. */
    bool told;
    enum lw_verdict_class told_verdict;
};

typedef void (*store_flow_fn)(void *ctx, const struct store_flow *f);

/* -------------------------------------------------------------------- loading */

struct store_load; /* opaque; one thread at a time */

/** Begin to load an analysis of `job`'s capture. */
LW_MUST enum lw_status store_load_begin(struct store_load **out, struct store *s,
                                        int64_t job, struct lw_error *err);
/** Add the next flow, in any order of time; id, capture and alert are not looked at.
 * Alerted flows of one class that share the source (floods: the destination) and lie
 * close in time become one alert, as do three or more of those that share the other
 * endpoint. Scores and reasons are kept of flows with
 * `keep_detail`, and those alerted. */
LW_MUST enum lw_status store_load_add(struct store_load *l, const struct store_flow *f,
                                      bool keep_detail, struct lw_error *err);
/** A host's name, seen in DNS or TLS; the first one told stays. */
LW_MUST enum lw_status store_load_name(struct store_load *l, const struct store_addr *a,
                                       const char *name, struct lw_error *err);

struct store_load_totals {
    uint64_t packets; /* of the capture, in flows or not */
    int64_t first_ns; /* of its packets; 0: as its flows say */
    int64_t last_ns;
};

/** Index, sync, put in the place of the former analysis, end the job; frees `l` also on
 *  failure.  Labels, comments and resolutions of former alerts pass to those of the
 * same class, endpoints and first flow.  LW_ENOTFOUND: the capture was deleted. LW_END:
 * the job is to stop (the caller then calls store_job_cancelled()). */
LW_MUST enum lw_status store_load_finish(struct store_load *l,
                                         const struct store_load_totals *totals,
                                         struct lw_error *err);
/** Leave no trace; the job is not ended.  NULL is fine. */
void store_load_abort(struct store_load *l);

/* -------------------------------------------------------------------- queries */

enum store_sort {
    STORE_SORT_TIME,
    STORE_SORT_SCORE,
    STORE_SORT_DURATION,
    STORE_SORT_PACKETS,
    STORE_SORT_BYTES,
    STORE_N_SORTS
};

/** Which flows.  store_flow_filter_init() makes one that takes all. */
struct store_flow_filter {
    int64_t capture;       /* 0: all */
    int64_t from_ns;       /* start at or after; INT64_MIN: any */
    int64_t to_ns;         /* start before; INT64_MAX: any */
    struct store_net host; /* either side; bits 0 and kind 0: any */
    struct store_net source;
    struct store_net destination;
    int32_t port;     /* either side; -1: any */
    char proto[17];   /* "": any */
    char service[33]; /* "": any */
    int verdict;      /* enum lw_verdict_class; -1: any */
    double min_score; /* 0: any */
    int alerted;      /* 0 no, 1 yes, -1: any */
    enum store_sort sort;
    bool ascending;
};

void store_flow_filter_init(struct store_flow_filter *f);
/** Set one by the name and text of a request's parameter: capture, from, to, host,
 *  source, destination, port, protocol, service, class, min_score, alerted, sort,
 * order. host, source and destination take networks too.  LW_EINVAL: what is wrong with
 * the value.  LW_ENOTFOUND: no such name. */
LW_MUST enum lw_status store_flow_filter_set(struct store_flow_filter *f,
                                             const char *name, struct span value,
                                             struct lw_error *err);

/** A page of flows.  LW_EINVAL: a cursor that is none, or of another filter. */
LW_MUST enum lw_status store_flow_list(struct store *s,
                                       const struct store_flow_filter *f,
                                       struct store_page *page, store_flow_fn fn,
                                       void *ctx, struct lw_error *err);
/** One flow with its scores, reasons and vectors. */
LW_MUST enum lw_status store_flow_get(struct store *s, int64_t id, store_flow_fn fn,
                                      void *ctx, struct lw_error *err);

typedef void (*store_vector_fn)(void *ctx, int64_t flow, const float *vector,
                                uint32_t n);

enum { STORE_NORMALS_MAX = 1000 };

/** What is kept of normal flows of the same analysis as a flow, to compare it with:
 * what the detector of their first score saw.  At most STORE_NORMALS_MAX. LW_ENOTFOUND:
 * no such analysis. */
LW_MUST enum lw_status store_flow_normals(struct store *s, int64_t flow,
                                          store_vector_fn fn, void *ctx,
                                          struct lw_error *err);

/* ----------------------------------------------------------------- aggregates */

struct store_summary {
    uint64_t captures;
    uint64_t flows;
    uint64_t packets; /* in flows */
    uint64_t bytes;
    int64_t first_ns; /* start of the first flow, end of the last */
    int64_t last_ns;
    uint64_t by_class[LW_N_VERDICTS];
    uint64_t alerts_open;
    uint64_t alerts_resolved;
    uint64_t open_by_severity[5]; /* [1] low to [4] critical */
};

/** Of the filter only capture, from_ns and to_ns count, here and below. */
LW_MUST enum lw_status store_stats_summary(struct store *s,
                                           const struct store_flow_filter *f,
                                           struct store_summary *out,
                                           struct lw_error *err);

enum { STORE_BINS_MAX = 1000 };

struct store_bin {
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
    uint64_t alerted;
    uint64_t by_class[LW_N_VERDICTS];
};

struct store_series {
    int64_t from_ns; /* both 0: there are no flows */
    int64_t to_ns;
    int64_t bin_ns; /* bin i: [from + i * bin_ns, from + (i + 1) * bin_ns) */
};

/** bins (n_bins) is filled; n_bins is at most STORE_BINS_MAX. */
LW_MUST enum lw_status store_stats_series(struct store *s,
                                          const struct store_flow_filter *f,
                                          struct store_bin *bins, uint32_t n_bins,
                                          struct store_series *out,
                                          struct lw_error *err);

enum store_top {
    STORE_TOP_SOURCES,
    STORE_TOP_DESTINATIONS,
    STORE_TOP_SERVICES,
    STORE_TOP_PORTS,
    STORE_TOP_PROTOCOLS,
    STORE_TOP_CONVERSATIONS
};
enum store_top_by { STORE_BY_FLOWS, STORE_BY_PACKETS, STORE_BY_BYTES, STORE_BY_ALERTS };

struct store_top_row {
    const char *key;  /* address, service, port or protocol; source of a conversation */
    const char *key2; /* destination of a conversation; NULL */
    const char *name; /* host name of key; NULL */
    const char *name2;
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
    uint64_t alerted;
};

typedef void (*store_top_fn)(void *ctx, const struct store_top_row *row);

/** The largest first, equal ones by key. */
LW_MUST enum lw_status store_stats_top(struct store *s, enum store_top what,
                                       enum store_top_by by,
                                       const struct store_flow_filter *f,
                                       uint32_t limit, store_top_fn fn, void *ctx,
                                       struct lw_error *err);

#endif /* STORE_FLOWS_H */
