/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/route.h"

#define MODEL_BYTES ((size_t)64 * 1024 * 1024)
#define LOGIN_BYTES ((size_t)4 * 1024)

/* What has a name of its own comes before what a {...} would take; the first row is the
 * busiest.  Whatever asks the store is slow: a disk may be. */
const struct route route_table[] = {
    {"POST", "/classify", SCOPE_READ, .handle = route_classify},

    /* The server. */
    {"GET", "/", SCOPE_NONE, .handle = route_welcome},
    {"GET", "/healthz", SCOPE_NONE, .handle = route_health},
    {"GET", "/readyz", SCOPE_NONE, .handle = route_ready, .slow = true},
    {"GET", "/metrics", SCOPE_READ, .handle = route_metrics, .slow = true},
    {"GET", "/api/v1", SCOPE_NONE, .handle = route_about},
    {"GET", "/api/v1/openapi.yaml", SCOPE_NONE, .handle = route_description},
    {"GET", "/api/v1/events", SCOPE_READ, .handle = route_events},

    /* Who may. */
    {"GET", "/api/v1/session", SCOPE_NONE, .handle = route_session_get, .slow = true},
    {"POST", "/api/v1/session", SCOPE_NONE, .handle = route_session_create,
     .max_body_bytes = LOGIN_BYTES, .slow = true, .notes = true},
    {"DELETE", "/api/v1/session", SCOPE_READ, .handle = route_session_delete,
     .slow = true},
    {"POST", "/api/v1/administrator", SCOPE_NONE, .handle = route_administrator_create,
     .max_body_bytes = LOGIN_BYTES, .slow = true, .notes = true},
    {"GET", "/api/v1/users", SCOPE_ADMIN, .handle = route_user_list, .slow = true},
    {"POST", "/api/v1/users", SCOPE_ADMIN, .handle = route_user_create,
     .max_body_bytes = LOGIN_BYTES, .slow = true, .notes = true},
    {"PATCH", "/api/v1/users/{id}", SCOPE_ADMIN, .handle = route_user_change,
     .max_body_bytes = LOGIN_BYTES, .slow = true},
    {"DELETE", "/api/v1/users/{id}", SCOPE_ADMIN, .handle = route_user_delete,
     .slow = true},
    {"GET", "/api/v1/tokens", SCOPE_ADMIN, .handle = route_token_list, .slow = true},
    {"POST", "/api/v1/tokens", SCOPE_ADMIN, .handle = route_token_create, .slow = true},
    {"DELETE", "/api/v1/tokens/{id}", SCOPE_ADMIN, .handle = route_token_revoke,
     .slow = true},
    {"GET", "/api/v1/audit", SCOPE_ADMIN, .handle = route_audit_list, .slow = true},

    /* Captures, whole and in pieces. */
    {"GET", "/api/v1/captures", SCOPE_READ, .handle = route_capture_list, .slow = true},
    {"POST", "/api/v1/captures", SCOPE_ANALYSE, .handle = route_capture_post,
     .open = route_capture_post_open, .slow = true},
    {"PUT", "/api/v1/captures/{capture}", SCOPE_ANALYSE, .handle = route_capture_post,
     .open = route_capture_put_open, .slow = true},
    {"GET", "/api/v1/captures/{capture}", SCOPE_READ, .handle = route_capture_get,
     .slow = true},
    {"DELETE", "/api/v1/captures/{capture}", SCOPE_ANALYSE,
     .handle = route_capture_delete, .slow = true},
    {"GET", "/api/v1/captures/{capture}/file", SCOPE_READ, .handle = route_capture_file,
     .slow = true},
    {"POST", "/api/v1/uploads", SCOPE_ANALYSE, .handle = route_upload_create,
     .slow = true},
    {"GET", "/api/v1/uploads/{id}", SCOPE_ANALYSE, .handle = route_upload_get,
     .slow = true},
    {"PATCH", "/api/v1/uploads/{id}", SCOPE_ANALYSE, .handle = route_upload_append,
     .open = route_upload_append_open, .slow = true},
    {"DELETE", "/api/v1/uploads/{id}", SCOPE_ANALYSE, .handle = route_upload_drop,
     .slow = true},

    /* Jobs and what they make. */
    {"GET", "/api/v1/jobs", SCOPE_READ, .handle = route_job_list, .slow = true},
    {"POST", "/api/v1/jobs", SCOPE_ANALYSE, .handle = route_job_submit, .slow = true},
    {"GET", "/api/v1/jobs/{id}", SCOPE_READ, .handle = route_job_get, .slow = true},
    {"POST", "/api/v1/jobs/{id}/cancel", SCOPE_ANALYSE, .handle = route_job_cancel,
     .slow = true},
    {"GET", "/api/v1/jobs/{id}/log", SCOPE_READ, .handle = route_job_log, .slow = true},
    {"GET", "/api/v1/artefacts", SCOPE_READ, .handle = route_artefact_list,
     .slow = true},
    {"GET", "/api/v1/artefacts/{id}", SCOPE_READ, .handle = route_artefact_get,
     .slow = true},
    {"DELETE", "/api/v1/artefacts/{id}", SCOPE_ANALYSE, .handle = route_artefact_delete,
     .slow = true},

    /* Flows and alerts. */
    {"GET", "/api/v1/flows", SCOPE_READ, .handle = route_flow_list, .slow = true},
    {"GET", "/api/v1/flows/export", SCOPE_READ, .handle = route_flow_export,
     .slow = true},
    {"GET", "/api/v1/flows/{id}", SCOPE_READ, .handle = route_flow_get, .slow = true},
    {"GET", "/api/v1/flows/{id}/packets", SCOPE_READ, .handle = route_flow_packets,
     .slow = true},
    {"GET", "/api/v1/alerts", SCOPE_READ, .handle = route_alert_list, .slow = true},
    {"DELETE", "/api/v1/alerts", SCOPE_ANALYSE, .handle = route_alert_delete_resolved,
     .slow = true},
    {"POST", "/api/v1/alerts/undo", SCOPE_ANALYSE, .handle = route_alert_undo,
     .slow = true},
    {"GET", "/api/v1/alerts/{id}", SCOPE_READ, .handle = route_alert_get, .slow = true},
    {"PATCH", "/api/v1/alerts/{id}", SCOPE_ANALYSE, .handle = route_alert_change,
     .slow = true},
    {"DELETE", "/api/v1/alerts/{id}", SCOPE_ANALYSE, .handle = route_alert_delete,
     .slow = true},
    {"GET", "/api/v1/alerts/{id}/flows", SCOPE_READ, .handle = route_alert_flows,
     .slow = true},

    /* Interfaces. */
    {"GET", "/api/v1/live", SCOPE_READ, .handle = route_live_list},
    {"POST", "/api/v1/live/{interface}/start", SCOPE_ADMIN, .handle = route_live_start,
     .slow = true},
    {"POST", "/api/v1/live/{interface}/stop", SCOPE_ADMIN, .handle = route_live_stop,
     .slow = true},

    /* Models and their verdicts on records. */
    {"GET", "/api/v1/models", SCOPE_READ, .handle = route_model_list, .slow = true},
    {"POST", "/api/v1/models", SCOPE_ADMIN, .handle = route_model_upload,
     .max_body_bytes = MODEL_BYTES, .slow = true},
    {"POST", "/api/v1/models/rollback", SCOPE_ADMIN, .handle = route_model_roll_back,
     .slow = true},
    {"GET", "/api/v1/models/{model}", SCOPE_READ, .handle = route_model_get,
     .slow = true},
    {"DELETE", "/api/v1/models/{model}", SCOPE_ADMIN, .handle = route_model_delete,
     .slow = true},
    {"POST", "/api/v1/models/{model}/activate", SCOPE_ADMIN,
     .handle = route_model_activate, .slow = true},
    {"POST", "/api/v1/classify", SCOPE_READ, .handle = route_batch,
     .open = route_batch_open},

    /* Figures and settings. */
    {"GET", "/api/v1/stats/summary", SCOPE_READ, .handle = route_stats_summary,
     .slow = true},
    {"GET", "/api/v1/stats/series", SCOPE_READ, .handle = route_stats_series,
     .slow = true},
    {"GET", "/api/v1/stats/top", SCOPE_READ, .handle = route_stats_top, .slow = true},
    {"GET", "/api/v1/stats/conversations", SCOPE_READ,
     .handle = route_stats_conversations, .slow = true},
    {"GET", "/api/v1/stats/health", SCOPE_READ, .handle = route_stats_health,
     .slow = true},
    {"GET", "/api/v1/settings", SCOPE_READ, .handle = route_settings_get},
    {"PATCH", "/api/v1/settings", SCOPE_ADMIN, .handle = route_settings_change,
     .slow = true},
    {"GET", "/api/v1/suppressions", SCOPE_READ, .handle = route_suppression_list,
     .slow = true},
    {"POST", "/api/v1/suppressions", SCOPE_ANALYSE, .handle = route_suppression_create,
     .slow = true},
    {"DELETE", "/api/v1/suppressions/{id}", SCOPE_ANALYSE,
     .handle = route_suppression_delete, .slow = true},

    /* For clients of other systems. */
    {"GET", "/files.json", SCOPE_READ, .handle = route_file_list},
    {"GET", "/files/process/{id}", SCOPE_ANALYSE, .handle = route_file_process,
     .slow = true},
    {"POST", "/files/{name}", SCOPE_ANALYSE, .handle = route_file_post,
     .open = route_file_open, .slow = true},
    {"GET", "/alerts.json", SCOPE_READ, .handle = route_flow_alert_list},
    {"DELETE", "/alerts/{id}", SCOPE_ANALYSE, .handle = route_flow_alert_resolve,
     .slow = true},
};

const size_t n_routes = sizeof route_table / sizeof route_table[0];
