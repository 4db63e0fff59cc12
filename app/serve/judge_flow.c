/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/judge_flow.h"

uint8_t judge_severity(enum lw_verdict_class verdict)
{
    /* ORDER lw_verdict_class; 1 low to 4 critical */
    static const uint8_t severities[LW_N_VERDICTS] = {
        [LW_VERDICT_NORMAL] = 0,  [LW_VERDICT_DOS] = 3,
        [LW_VERDICT_PROBE] = 2,   [LW_VERDICT_R2L] = 3,
        [LW_VERDICT_U2R] = 4,     [LW_VERDICT_BOTNET] = 3,
        [LW_VERDICT_ANOMALY] = 1, [LW_VERDICT_NOT_RECOGNIZED] = 1,
    };

    return severities[verdict];
}

static bool is_home(const struct judge_config *cfg, const struct store_addr *a)
{
    for (size_t i = 0; i < cfg->n_home; i++)
        if (store_net_has(&cfg->home[i], a))
            return true;
    return false;
}

static const char *direction(const struct judge_config *cfg, const struct store_flow *f)
{
    bool from = is_home(cfg, &f->addr[0]);
    bool to = is_home(cfg, &f->addr[1]);

    if (cfg->n_home == 0)
        return NULL;
    return from ? (to ? "internal" : "outbound") : (to ? "inbound" : "external");
}

void judge_describe(const struct judge_config *cfg, const struct host_names *names,
                    const struct lw_record *rec, struct store_flow *f,
                    struct flow_texts *texts)
{
    unsigned from = lw_record_initiator(rec);

    *f = (struct store_flow){.start_ns = rec->start_ns,
                             .duration_ns = rec->end_ns - rec->start_ns,
                             .state = rec->state};
    f->proto = lw_record_proto_text(rec, texts->proto);
    f->service = rec->app == LW_APP_UNKNOWN ? NULL : lw_app_name(rec->app);
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i == 0 ? from : 1 - from;

        f->addr[i] = store_addr_of(rec, side);
        f->name[i] = host_names_get(names, &f->addr[i]);
        f->port[i] = rec->has_ports ? (int32_t)rec->port[side] : -1;
        f->packets[i] = rec->side[side].packets;
        f->bytes[i] = rec->side[side].frame_bytes;
    }
    lw_record_community_id(rec, 0, texts->community_id);
    f->community_id = texts->community_id;
    f->tags = direction(cfg, f);
}

void judge_suppress(const struct judge_config *cfg, struct store_flow *f)
{
    struct store_flow told = *f;

    told.verdict = f->told_verdict;
    for (size_t i = 0; i < cfg->n_suppressions; i++) {
        const struct store_suppression *p = &cfg->suppressions[i];

        if (f->alerted && store_suppression_covers(p, f)) {
            f->alerted = false;
            f->suppressed = true;
        }
        if (f->told && store_suppression_covers(p, &told))
            f->told = false;
    }
}
