/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/route.h - which request goes where.
 *
 * One row of the table in route_table.c per method and path pattern; the handler is in
 * the file route_<what>.c.  HEAD is GET; an unknown path is 404, a known path with
 * another method 405, and OPTIONS tells the methods.  The description of all this for
 * people and programs is share/openapi.yaml.
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "serve/http.h"

struct server; /* serve/server.h */
struct route;

/** What a client must be allowed to do. */
enum route_scope { SCOPE_NONE, SCOPE_READ, SCOPE_ANALYSE, SCOPE_ADMIN };

enum { ROUTE_ARGS_MAX = 2, ROUTE_ARG_BYTES_MAX = 256 };

/** A request at its handler; all borrowed for the call. */
struct call {
    struct server *server;
    const struct http_request *req;
    struct http_reply *reply;
    const struct route *route;
    const char *who; /* asks; "": nobody was asked who he is */
    void *sink;      /* what the route's open() made of the body; NULL */
    size_t n_args;
    char arg[ROUTE_ARGS_MAX][ROUTE_ARG_BYTES_MAX]; /* what {...} of the path are */
};

typedef void (*route_fn)(const struct call *c);

struct route {
    const char *method;
    const char *pattern; /* "/api/v1/flows/{id}" */
    enum route_scope scope;
    route_fn handle;
    size_t max_body_bytes; /* 0: ROUTE_BODY_BYTES; beyond it 413 */
    bool slow;  /* waits for a disk or much work: not on a listener's thread */
    bool notes; /* writes to the audit log by itself */
    /** Make plan->sink, where a body must not go into memory; or refuse.  `c` has all
     *  but `sink`. */
    void (*open)(const struct call *c, struct http_plan *plan);
};

#define ROUTE_BODY_BYTES ((size_t)64 * 1024)

extern const struct route route_table[];
extern const size_t n_routes;

/** An http_plan_fn; `ctx` is a struct server. */
void route_plan(void *ctx, const struct http_request *req, struct http_plan *plan,
                struct http_reply *reply);
/** An http_handler_fn. */
void route_request(void *ctx, const struct http_request *req,
                   const struct http_plan *plan, struct http_reply *reply);
/** An http_done_fn. */
void route_done(void *ctx, const struct http_request *req, const struct http_plan *plan,
                unsigned status);

/** An argument of the path as an id; otherwise the reply is 404. */
bool route_id(const struct call *c, size_t arg, int64_t *out);

/* The handlers, and what opens the body of some. */
void route_session_get(const struct call *c);
void route_session_create(const struct call *c);
void route_session_delete(const struct call *c);
void route_administrator_create(const struct call *c);
void route_token_list(const struct call *c);
void route_token_create(const struct call *c);
void route_token_revoke(const struct call *c);
void route_user_change(const struct call *c);
void route_user_create(const struct call *c);
void route_user_delete(const struct call *c);
void route_user_list(const struct call *c);
void route_audit_list(const struct call *c);
void route_about(const struct call *c);
void route_alert_change(const struct call *c);
void route_alert_delete(const struct call *c);
void route_alert_delete_resolved(const struct call *c);
void route_alert_flows(const struct call *c);
void route_alert_get(const struct call *c);
void route_alert_list(const struct call *c);
void route_alert_undo(const struct call *c);
void route_artefact_delete(const struct call *c);
void route_artefact_get(const struct call *c);
void route_artefact_list(const struct call *c);
void route_batch(const struct call *c);
void route_capture_delete(const struct call *c);
void route_capture_file(const struct call *c);
void route_capture_get(const struct call *c);
void route_capture_list(const struct call *c);
void route_capture_post(const struct call *c);
void route_classify(const struct call *c);
void route_description(const struct call *c);
void route_events(const struct call *c);
void route_file_list(const struct call *c);
void route_file_post(const struct call *c);
void route_file_process(const struct call *c);
void route_flow_alert_list(const struct call *c);
void route_flow_alert_resolve(const struct call *c);
void route_flow_export(const struct call *c);
void route_flow_get(const struct call *c);
void route_flow_list(const struct call *c);
void route_flow_packets(const struct call *c);
void route_health(const struct call *c);
void route_job_cancel(const struct call *c);
void route_job_get(const struct call *c);
void route_job_list(const struct call *c);
void route_job_log(const struct call *c);
void route_job_submit(const struct call *c);
void route_live_list(const struct call *c);
void route_live_start(const struct call *c);
void route_live_stop(const struct call *c);
void route_metrics(const struct call *c);
void route_model_activate(const struct call *c);
void route_model_delete(const struct call *c);
void route_model_get(const struct call *c);
void route_model_list(const struct call *c);
void route_model_roll_back(const struct call *c);
void route_model_upload(const struct call *c);
void route_ready(const struct call *c);
void route_settings_change(const struct call *c);
void route_settings_get(const struct call *c);
void route_stats_conversations(const struct call *c);
void route_stats_health(const struct call *c);
void route_stats_series(const struct call *c);
void route_stats_summary(const struct call *c);
void route_stats_top(const struct call *c);
void route_suppression_create(const struct call *c);
void route_suppression_delete(const struct call *c);
void route_suppression_list(const struct call *c);
void route_upload_append(const struct call *c);
void route_upload_create(const struct call *c);
void route_upload_drop(const struct call *c);
void route_upload_get(const struct call *c);
void route_welcome(const struct call *c);
void route_batch_open(const struct call *c, struct http_plan *plan);
void route_capture_post_open(const struct call *c, struct http_plan *plan);
void route_capture_put_open(const struct call *c, struct http_plan *plan);
void route_file_open(const struct call *c, struct http_plan *plan);
void route_upload_append_open(const struct call *c, struct http_plan *plan);

#endif /* SERVE_ROUTE_H */
