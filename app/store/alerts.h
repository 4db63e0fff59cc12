/* SPDX-License-Identifier: Apache-2.0 */
/* store/alerts.h - alerts, one for many flows of one kind, and what people say of them.
 */
#ifndef STORE_ALERTS_H
#define STORE_ALERTS_H

#include "store/flows.h"

enum store_label { STORE_LABEL_NONE, STORE_LABEL_RIGHT, STORE_LABEL_WRONG };

struct store_alert {
    int64_t id;
    int64_t capture;
    enum lw_verdict_class verdict;
    const char *detector;
    uint8_t severity;              /* 1 low to 4 critical: the highest of its flows */
    const char *attack_id;         /* ATT&CK technique; NULL */
    double score;                  /* the highest of its flows */
    struct store_addr source;      /* kind 0: many */
    struct store_addr destination; /* kind 0: many */
    const char *source_name;       /* NULL */
    const char *destination_name;
    uint64_t sources; /* different ones */
    uint64_t destinations;
    uint64_t ports;      /* different destination ports */
    const char *proto;   /* of its first flow, as what follows */
    const char *service; /* NULL */
    int64_t first_ns;    /* start of its first flow, end of the last one to end */
    int64_t last_ns;
    uint64_t flows;
    bool resolved;
    int64_t resolved_ns;
    enum store_label label;
    const char *comment; /* NULL */
    const char *words;   /* of the flow with the highest score; "" */
    int64_t flow;        /* that flow */
};

typedef void (*store_alert_fn)(void *ctx, const struct store_alert *a);

enum store_alert_sort {
    STORE_ALERT_TIME,
    STORE_ALERT_SEVERITY,
    STORE_ALERT_SCORE,
    STORE_ALERT_FLOWS
};

struct store_alert_filter {
    int64_t capture;       /* 0: all */
    int64_t from_ns;       /* of its last flow's end; INT64_MIN: any */
    int64_t to_ns;         /* its first flow before; INT64_MAX: any */
    struct store_net host; /* of one of its flows */
    int resolved;          /* 0 open, 1 resolved, -1 all */
    int verdict;           /* -1: any */
    int severity;          /* at least; 0: any */
    int label;             /* enum store_label; -1: any */
    enum store_alert_sort sort;
    bool ascending;
};

void store_alert_filter_init(struct store_alert_filter *f);

LW_MUST enum lw_status store_alert_list(struct store *s,
                                        const struct store_alert_filter *f,
                                        struct store_page *page, store_alert_fn fn,
                                        void *ctx, struct lw_error *err);
LW_MUST enum lw_status store_alert_get(struct store *s, int64_t id, store_alert_fn fn,
                                       void *ctx, struct lw_error *err);
/** Its flows in the order of time. */
LW_MUST enum lw_status store_alert_flows(struct store *s, int64_t id,
                                         struct store_page *page, store_flow_fn fn,
                                         void *ctx, struct lw_error *err);

/** What to change; -1 and NULL leave it. */
struct store_alert_change {
    int resolved;        /* 0 reopen, 1 resolve */
    int label;           /* enum store_label */
    const char *comment; /* "" removes it */
};

/** Each of these is a step that store_undo() takes back; *step may be NULL. */
LW_MUST enum lw_status store_alert_change(struct store *s, int64_t id,
                                          const struct store_alert_change *c,
                                          int64_t *step, struct lw_error *err);
/** Its flows stay, and are no longer part of an alert. */
LW_MUST enum lw_status store_alert_delete(struct store *s, int64_t id, int64_t *step,
                                          struct lw_error *err);
/** capture 0: of all captures. */
LW_MUST enum lw_status store_alert_delete_resolved(struct store *s, int64_t capture,
                                                   uint64_t *n, int64_t *step,
                                                   struct lw_error *err);
/** Put back what a step changed, as it was before; 0: the latest step.  Alerts changed
 *  since by other steps are left alone.  Steps are kept for a day; deleted captures do
 *  not come back.  *n alerts were put back.  LW_ENOTFOUND: no such step, or undone. */
LW_MUST enum lw_status store_undo(struct store *s, int64_t step, uint64_t *n,
                                  struct lw_error *err);

/** Flow by flow, for clients that know no other alerts: every flow that is `told`,
 *  with that verdict, unless it was resolved alone or its alert is no longer open.
 *  Analysis by analysis, in the order of time.  limit beyond STORE_PAGE_MAX is taken
 *  here. */
LW_MUST enum lw_status store_flow_alert_list(struct store *s, struct store_page *page,
                                             store_flow_fn fn, void *ctx,
                                             struct lw_error *err);
/** Resolve one of these.  With the last flow of an alert, the alert is resolved. */
LW_MUST enum lw_status store_flow_alert_resolve(struct store *s, int64_t flow,
                                                struct lw_error *err);

/* --------------------------------------------------------------- suppressions */

struct store_suppression {
    int64_t id;
    struct store_net source; /* kind 0: any */
    struct store_net destination;
    int32_t port; /* either side; -1: any */
    int verdict;  /* -1: any */
    const char *reason;
    int64_t created_ns;
    int64_t expires_ns; /* 0: never */
};

typedef void (*store_suppression_fn)(void *ctx, const struct store_suppression *p);

LW_MUST enum lw_status store_suppression_add(struct store *s,
                                             const struct store_suppression *p,
                                             int64_t *id, struct lw_error *err);
LW_MUST enum lw_status store_suppression_delete(struct store *s, int64_t id,
                                                struct lw_error *err);
/** active_at_ns 0: also those that ran out.  The latest first. */
LW_MUST enum lw_status store_suppression_list(struct store *s, int64_t active_at_ns,
                                              store_suppression_fn fn, void *ctx,
                                              struct lw_error *err);
/** Does it forbid an alert on this flow?  (Its time is not looked at.) */
bool store_suppression_covers(const struct store_suppression *p,
                              const struct store_flow *f);

#endif /* STORE_ALERTS_H */
