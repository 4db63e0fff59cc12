/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/present.h - what the store keeps, as the API shows it (share/openapi.yaml).
 *
 * Each put_<what>() writes one JSON value; routes and events use the same.
 */
#ifndef SERVE_PRESENT_H
#define SERVE_PRESENT_H

#include "base/jsonw.h"
#include "store/admin.h"
#include "store/alerts.h"
#include "store/flows.h"
#include "store/store.h"

extern const char *const severity_names[5]; /* [0] is "", [1] "low" to [4] "critical" */

/** "2026-03-01T10:15:02.000125Z". */
void put_time(struct jsonw *w, const char *key, int64_t time_ns);
/** null for 0. */
void put_time_or_null(struct jsonw *w, const char *key, int64_t time_ns);
/** null for NULL or "". */
void put_text_or_null(struct jsonw *w, const char *key, const char *text);
/** null for 0. */
void put_id_or_null(struct jsonw *w, const char *key, int64_t id);
/** null for NaN. */
void put_share(struct jsonw *w, const char *key, double v);
void put_share32(struct jsonw *w, const char *key, float v);
/** A threshold; negative, which is a model's own rule: null. */
void put_rule(struct jsonw *w, const char *key, float threshold);

void put_capture(struct jsonw *w, const struct store_capture *c);
void put_upload(struct jsonw *w, const struct store_upload *u);
void put_job(struct jsonw *w, const struct store_job *j);
void put_flow(struct jsonw *w, const struct store_flow *f);
/** Its members, with scores, reasons and first packets. */
void put_flow_detail(struct jsonw *w, const struct store_flow *f);
void put_alert(struct jsonw *w, const struct store_alert *a);
void put_artefact(struct jsonw *w, const struct store_artefact *a);
void put_suppression(struct jsonw *w, const struct store_suppression *p,
                     int64_t now_ns);
void put_audit(struct jsonw *w, const struct store_audit *a);
void put_user(struct jsonw *w, const struct store_user *u);
void put_token(struct jsonw *w, const struct store_token *t);

/** A network as text: "10.0.0.0/8", "10.0.0.1". */
void net_text(const struct store_net *net, char out[STORE_ADDR_TEXT_MAX + 4]);

/** Now, as the store counts time. */
int64_t clock_ns(void);

#endif /* SERVE_PRESENT_H */
