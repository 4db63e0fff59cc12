/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the EVE events of every class, kind of flow and way to end, for the schema. */
#include "fake_classifier.h"
#include "finding.h"
#include "sink/eve.h"

#include <stdio.h>
#include <stdlib.h>

static struct lw_classifier classifier;
static struct buf text;

static void sample_kind(struct finding *f, enum lw_flow_kind kind)
{
    bool ports = kind == LW_FLOW_TCP || kind == LW_FLOW_UDP || kind == LW_FLOW_SCTP;

    f->rec.kind = kind;
    f->rec.has_ports = ports;
    f->rec.conn = kind == LW_FLOW_TCP ? LW_CONN_SF : LW_CONN_NONE;
    if (kind == LW_FLOW_OTHER || kind == LW_FLOW_ARP)
        f->rec.ip_version = 0;
    eve_format(&text, &classifier, &f->f);
}

int main(void)
{
    struct finding f;

    classifier = fake_classifier();
    buf_init(&text);
    for (unsigned v = 0; v < LW_N_VERDICTS; v++)
        eve_format(&text, &classifier, finding_make(&f, (enum lw_verdict_class)v));
    (void)finding_make(&f, LW_VERDICT_DOS);
    f.rec.vlan_id = 4095;
    for (unsigned kind = 0; kind < LW_N_FLOW_KINDS; kind++)
        sample_kind(&f, (enum lw_flow_kind)kind);
    (void)finding_make(&f, LW_VERDICT_PROBE);
    for (unsigned conn = 0; conn < LW_N_CONNS; conn++) {
        f.rec.conn = (enum lw_conn)conn;
        f.rec.side[0].tcp_flags = (uint8_t)(1U << (conn % 8));
        eve_format(&text, &classifier, &f.f);
    }
    for (unsigned end = 0; end < LW_N_END_REASONS; end++) {
        f.rec.end_reason = (enum lw_end_reason)end;
        eve_format(&text, &classifier, &f.f);
    }
    if (!buf_ok(&text) || fputs(buf_text(&text), stdout) == EOF)
        return EXIT_FAILURE;
    buf_release(&text);
    return EXIT_SUCCESS;
}
