/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/flowlog.h - flow records as text, in everyone's format.
 *
 * A flow log takes records one after the other and makes text of them in memory; the
 * caller takes the text away and writes it where it likes:
 *
 *     lw_flowlog_new(&log, &(struct lw_flowlog_config){.format = "csv"}, &err);
 *     lw_flowlog_header(log);
 *     ... lw_flowlog_record(log, rec), and whenever lw_flowlog_pending(log) is more
 *         than LW_FLOWLOG_BLOCK, lw_flowlog_take() ...
 *     lw_flowlog_end(log);
 *     ... lw_flowlog_take() ...
 *     lw_flowlog_free(log);
 *
 * Nothing is allocated per record as long as text is taken away in time.
 * The same records give the same text: dates come from the records, never from the
 * clock.  Thread safety: one thread at a time per log.
 */
#ifndef LW_FLOWLOG_H
#define LW_FLOWLOG_H

#include <lapwing/error.h>
#include <lapwing/flow.h>
#include <lapwing/labels.h>
#include <lapwing/record.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- formats -------------------------------------------------------------------- */

struct lw_flow_format; /* opaque */

/** A column, or a key of an object. */
struct lw_flow_field {
    const char *name;
    const char *type;   /* "count", "interval", "time", "addr", "string", ... */
    const char *unit;   /* "s", "bytes", ...; "" */
    const char *doc;    /* definition, one sentence */
    const char *source; /* where the definition comes from */
    bool extra;         /* written only when it is asked for by name (a label also
                           when there is one) */
};

/** By name ("binetflow", "csv", "json", "eve", "zeek", "cic", "cic2018"), or NULL.
 * Static storage. */
LW_API const struct lw_flow_format *lw_flow_format_get(const char *name);
/** The i-th format, NULL past the last. */
LW_API const struct lw_flow_format *lw_flow_format_at(size_t i);
LW_API const char *lw_flow_format_name(const struct lw_flow_format *f);
LW_API const char *lw_flow_format_doc(const struct lw_flow_format *f);
/** By whose rules the meter should cut the flows that are written so. */
LW_API enum lw_cuts lw_flow_format_cuts(const struct lw_flow_format *f);
/** Does it take records with statistics (`flow_stats` in struct lw_meter_config)? */
LW_API bool lw_flow_format_needs_stats(const struct lw_flow_format *f);
/** The i-th field that can be selected; false past the last.  A format that is not
 *  made of columns has none. */
LW_API bool lw_flow_format_field(const struct lw_flow_format *f, size_t i,
                                 struct lw_flow_field *out);

/* ---- a log ---------------------------------------------------------------------- */

struct lw_flowlog; /* opaque */

/** Take the text away when there is more. */
enum { LW_FLOWLOG_BLOCK = 64 * 1024 };

/** Zero means the default.  The texts are copied. */
struct lw_flowlog_config {
    const char *format; /* default "binetflow" */
    const char *fields; /* names in the wanted order, "a,b,c"; NULL: those that the
                           format has by itself */
    const char *label;  /* of every record that has no other; default none */
    struct lw_labels *labels; /* where other labels come from; borrowed; NULL: none */
    bool no_header;           /* no header, no footer */
    bool apps; /* application protocols, too, where the format has a place for them */
    uint16_t community_id_seed;
};

/** records = written + left_out */
struct lw_flowlog_stats {
    uint64_t records;
    uint64_t written;
    uint64_t left_out; /* of kinds that the format has no place for */
};

/** Create a log.  The caller owns *out.  LW_EINVAL: no such format or field (the
 *  message names the nearest one), a field named twice, no place for applications,
 * fields for a format that has none to choose, a label too long or with a line end.
 * LW_ENOMEM. */
LW_API LW_MUST enum lw_status lw_flowlog_new(struct lw_flowlog **out,
                                             const struct lw_flowlog_config *cfg,
                                             struct lw_error *err);

/** Does a chosen field need `conn_log` of struct lw_meter_config? */
LW_API bool lw_flowlog_needs_conn_log(const struct lw_flowlog *log);

/** Does a chosen field need `apps` of struct lw_meter_config? */
LW_API bool lw_flowlog_needs_apps(const struct lw_flowlog *log);

/** Begin: once, before the first record.  A header with a date in it is made together
 *  with the first record, from its time. */
LW_API void lw_flowlog_header(struct lw_flowlog *log);

/** Add a record; borrowed for the call. */
LW_API void lw_flowlog_record(struct lw_flowlog *log, const struct lw_record *rec);

/** No more records: once, at the end. */
LW_API void lw_flowlog_end(struct lw_flowlog *log);

/** How many bytes wait to be taken. */
LW_API size_t lw_flowlog_pending(const struct lw_flowlog *log);

/** Take what was written since the last time: *text has *n bytes and is borrowed until
 *  the next call with this log.  LW_ENOMEM: records are lost, because text was not
 *  taken in time and memory ran out. */
LW_API LW_MUST enum lw_status lw_flowlog_take(struct lw_flowlog *log, const char **text,
                                              size_t *n, struct lw_error *err);

LW_API void lw_flowlog_get_stats(const struct lw_flowlog *log,
                                 struct lw_flowlog_stats *out);

/** NULL is fine. */
LW_API void lw_flowlog_free(struct lw_flowlog *log);

/* ---- parts of EVE events --------------------------------------------------------- */

/* For events that say more than the flow: members of a JSON object, separated by commas
 * but without one before or behind, ended by 0.  Each returns its length. */

enum { LW_EVE_PART_MAX = 1024 };

/** "timestamp", "flow_id", "event_type", endpoints and "community_id". */
LW_API size_t lw_eve_put_head(const struct lw_record *rec, const char *event_type,
                              uint16_t community_id_seed, char out[LW_EVE_PART_MAX]);

enum lw_eve_flow {
    LW_EVE_FLOW_BRIEF,  /* counters and start, as in an alert */
    LW_EVE_FLOW_QUIET,  /* all, for a flow without an alert */
    LW_EVE_FLOW_ALERTED /* all, for a flow with one */
};

/** "flow": {...} */
LW_API size_t lw_eve_put_flow(const struct lw_record *rec, enum lw_eve_flow what,
                              char out[LW_EVE_PART_MAX]);

/** "tcp": {...}, of a TCP flow. */
LW_API size_t lw_eve_put_tcp(const struct lw_record *rec, char out[LW_EVE_PART_MAX]);

#ifdef __cplusplus
}
#endif

#endif /* LW_FLOWLOG_H */
