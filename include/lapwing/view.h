/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/view.h - feature views: what a detector is shown of a connection.
 *
 * A view is an ordered list of features.  The same code makes a view's rows for
 * training and for serving, and a model file carries the view's hash: a model never
 * sees features that mean something else than those it was trained on.
 *
 * A row is `n_features` floats.  A value that the source cannot give is unavailable
 * and stored as NaN.  A categorical value is the index of its name in the feature's
 * own list of categories; a name that is not in the list is LW_CAT_UNSEEN.
 */
#ifndef LW_VIEW_H
#define LW_VIEW_H

#include <lapwing/dataset.h>
#include <lapwing/error.h>
#include <lapwing/record.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lw_feature_type { LW_FEATURE_NUMBER, LW_FEATURE_CATEGORY };

/** How a feature's value comes about, by kind of source. */
enum lw_evidence { LW_EVIDENCE_UNAVAILABLE, LW_EVIDENCE_MEASURED, LW_EVIDENCE_DERIVED };

enum lw_source { LW_SOURCE_PACKETS, LW_SOURCE_BINETFLOW, LW_SOURCE_ZEEK, LW_N_SOURCES };

/** The code of a category that is not in the feature's list. */
#define LW_CAT_UNSEEN (-1.0f)

struct lw_feature {
    const char *name;
    const char *alias;  /* other spellings, separated by spaces; "" if none */
    const char *unit;   /* "s", "bytes", "connections", "share", "yes/no", "" */
    const char *doc;    /* definition, one sentence */
    const char *source; /* where the definition comes from */
    const char
        *words; /* a reason in words, e.g. "%s connections to this host in 2 s" */
    const char *const *categories; /* (n_categories), NULL for numbers */
    enum lw_feature_type type;
    uint16_t n_categories;
    enum lw_evidence evidence[LW_N_SOURCES];
};

struct lw_view {
    const char *name;
    const char *doc;
    uint32_t version; /* raised when a definition changes without changing its row */
    uint16_t n_features;
    const struct lw_feature *features; /* (n_features) */
};

enum { LW_VIEW_HASH_BYTES = 32 };

/** The view of that name ("kdd", "kdd31", "netflow", "netflow_host", "flow"), or NULL.
 * Static storage.
 */
LW_API const struct lw_view *lw_view_get(const char *name);

/** The i-th view, NULL past the last. */
LW_API const struct lw_view *lw_view_at(size_t i);

/** Index of the feature with that name or alias, case and underscores ignored, or -1.
 */
LW_API int lw_view_find(const struct lw_view *view, const char *name);

/** SHA-256 over names, order, types, categories and definition version. */
LW_API void lw_view_hash(const struct lw_view *view, uint8_t out[LW_VIEW_HASH_BYTES]);

/** Code of a category by name (exact), or LW_CAT_UNSEEN. */
LW_API float lw_feature_category(const struct lw_feature *f, const char *name);

/** A value as a reason in words: "438 connections to this host in 2 s", "97 % of ...",
 *  "service http", "hot: unavailable".  Returns the length that was or would be
 *  written, as snprintf. */
LW_API size_t lw_feature_say(const struct lw_feature *f, float value, char *out,
                             size_t size);

/** The value alone: "438 connections", "97 %", "http", "unavailable".  Returns the
 * length that was or would be written, as snprintf. */
LW_API size_t lw_feature_say_value(const struct lw_feature *f, float value, char *out,
                                   size_t size);

/** Fill `out` (view->n_features, view order) with a row's values taken from a wider
 *  view of the same names ("kdd31" from "kdd").  LW_EMISMATCH names what is missing. */
LW_API LW_MUST enum lw_status lw_view_project(const struct lw_view *from,
                                              const float *row,
                                              const struct lw_view *to, float *out,
                                              struct lw_error *err);

/** Map a frame's columns to the view, by name or alias: *out becomes a new matrix
 *  (frame rows, view->n_features) that the caller releases with lw_matrix_release().
 *  A column that the view wants and the frame lacks is LW_EFORMAT naming it. */
LW_API LW_MUST enum lw_status lw_view_map(const struct lw_view *view,
                                          const struct lw_frame *frame,
                                          struct lw_matrix *out, struct lw_error *err);

struct lw_meter_config; /* lapwing/flow.h */

/** Switch on in a meter's configuration what the view's rows are made from; what the
 *  view does not need stays as it is.  View flow has a row of a flow that goes on every
 *  10 s, where no status interval is set.  Call it before lw_meter_new(). */
LW_API void lw_view_meter_needs(const struct lw_view *view,
                                struct lw_meter_config *cfg);

/** A row of a view, made from a flow. */
struct lw_row {
    uint64_t flow_id;
    const float *values;         /* (view->n_features), borrowed for the call */
    const struct lw_record *rec; /* borrowed for the call */
};

typedef void (*lw_row_fn)(void *ctx, const struct lw_row *row);

struct lw_extractor; /* opaque */

/** Zero means the default. */
struct lw_extractor_config {
    int64_t max_delay_ns; /* live: no row waits longer for older ones, in packet time;
                             default 0: strict order, wait as long as needed */
    uint32_t max_waiting; /* records that wait at most, default 262,144; beyond it the
                             oldest leaves early */
    /* Views flow and netflow_host: what is remembered of the past, at about 200 bytes a
     * host and 8 a contact; netflow_host adds 150 a host and 130 a contact. */
    uint32_t max_hosts;    /* sources, destinations and services, so many of each:
                              default 65,536 */
    uint32_t max_contacts; /* of hosts with others that they had to do with: default
                              262,144 */
};

/** records = rows + no_row + waiting */
struct lw_extractor_stats {
    uint64_t records; /* taken */
    uint64_t rows;    /* reported */
    uint64_t no_row;  /* the view has no row for them (kdd: not TCP, UDP or ICMP) */
    uint64_t waiting; /* for older ones, now */
    uint64_t early;   /* rows that left while an older one could still come */
    uint64_t late;    /* rows that came after a younger one had left */
    /* View flow: what made room for others, and so counts as new when it comes again.
     */
    uint64_t hosts;              /* remembered now, in all three roles */
    uint64_t hosts_forgotten;    /* so far */
    uint64_t contacts_forgotten; /* within an hour of when they were seen last */
    int64_t contact_memory_ns;   /* the least time after which one was forgotten, A: no
                                    number of peers or ports is too great by more than a
                                    factor of 1 / (1 - 2^-(A / half-life)); INT64_MAX:
                                    none was */
};

/** Make an extractor of a view's rows from flow records.  The caller owns *out.
 *  LW_EUNSUPPORTED: the view cannot be made from traffic.  LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_extractor_new(struct lw_extractor **out,
                                               const struct lw_view *view,
                                               const struct lw_extractor_config *cfg,
                                               struct lw_error *err);

/** Add a record; rows that have become final are reported.  Views with windows take
 *  records in the order (end, start, key): `watermark_ns` is the meter's promise that
 *  nothing ending earlier comes any more (lw_meter_watermark_ns()).
 *  LW_ENOMEM: the record was not taken. */
LW_API LW_MUST enum lw_status lw_extractor_add(struct lw_extractor *x,
                                               const struct lw_record *rec,
                                               int64_t watermark_ns, lw_row_fn fn,
                                               void *ctx);

/** Report rows that have become final as time moved on without a record. */
LW_API void lw_extractor_advance(struct lw_extractor *x, int64_t watermark_ns,
                                 lw_row_fn fn, void *ctx);

/** Report every row that still waits. */
LW_API void lw_extractor_flush(struct lw_extractor *x, lw_row_fn fn, void *ctx);

LW_API void lw_extractor_get_stats(const struct lw_extractor *x,
                                   struct lw_extractor_stats *out);

/** NULL is fine. */
LW_API void lw_extractor_free(struct lw_extractor *x);

/** The CSV header of a view and one row, both with line end.  `out` grows as needed
 *  up to `size`; returns the length that was or would be written, as snprintf. */
LW_API size_t lw_view_csv_header(const struct lw_view *view, char *out, size_t size);
LW_API size_t lw_view_csv_row(const struct lw_view *view, const float *values,
                              char *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* LW_VIEW_H */
