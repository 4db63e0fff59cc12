/* SPDX-License-Identifier: Apache-2.0 */
#include "finding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void finding_host(struct finding *out, unsigned side, unsigned host, uint16_t port)
{
    const uint8_t addr[4] = {10, 0, (uint8_t)(host >> 8), (uint8_t)host};

    memcpy(out->rec.addr[side].bytes, addr, sizeof addr);
    out->rec.port[side] = port;
}

static struct lw_record connection(void)
{
    struct lw_record rec = {
        .flow_id = 7,
        .start_ns = INT64_C(1577934245250000000),
        .end_ns = INT64_C(1577934246750000000),
        .kind = LW_FLOW_TCP,
        .dir = LW_DIR_FORWARD,
        .conn = LW_CONN_SF,
        .end_reason = LW_END_CLOSED,
        .ether_type = 0x0800,
        .ip_version = 4,
        .protocol = 6,
        .has_ports = true,
        .state = "FSPA_FSPA",
    };

    rec.side[0] = (struct lw_side){.packets = 2, .frame_bytes = 140, .tcp_flags = 0x1b};
    rec.side[1] = (struct lw_side){.packets = 1, .frame_bytes = 60, .tcp_flags = 0x12};
    return rec;
}

struct lw_finding *finding_make(struct finding *out, enum lw_verdict_class verdict)
{
    memset(out, 0, sizeof *out);
    out->rec = connection();
    finding_host(out, 0, 1, 40000);
    finding_host(out, 1, 2, 80);
    out->f = (struct lw_finding){
        .rec = &out->rec,
        .view = lw_view_get("kdd"),
        .values = out->values,
        .alert = verdict != LW_VERDICT_NORMAL,
        .verdict = {.verdict = verdict,
                    .confidence = 0.75F,
                    .score = {0.125F, 0.125F, 0.75F},
                    .attack_score = 0.875F,
                    .p_value = 0.5F,
                    .unavailable = 0.25F,
                    .class_p = {0.25F, 0.001F, 0.5F, 0.001F, 0.002F},
                    .n_classes_p = 5,
                    .class_set = 5},
    };
    if (!out->f.alert)
        return &out->f;
    out->f.n_reasons = 2;
    out->f.reasons[0] = (struct lw_reason){.feature_idx = 22,
                                           .value = 438,
                                           .contribution = 2.5F,
                                           .words = "438 \"times\""};
    out->f.reasons[1] = (struct lw_reason){
        .feature_idx = 9, .value = NAN, .contribution = 1, .words = "hot unknown"};
    return &out->f;
}
