/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the EVE events of every class, kind of flow and way to end, judged and not,
 * for the schema. */
#include "fake_classifier.h"
#include "finding.h"
#include "sink/eve.h"

#include <lapwing/flowlog.h>

#include <stdio.h>
#include <stdlib.h>

static struct lw_classifier classifier;
static struct buf text;

static void set_kind(struct lw_record *rec, enum lw_flow_kind kind)
{
    rec->kind = kind;
    rec->has_ports = kind == LW_FLOW_TCP || kind == LW_FLOW_UDP || kind == LW_FLOW_SCTP;
    rec->conn = kind == LW_FLOW_TCP ? LW_CONN_SF : LW_CONN_NONE;
    rec->ip_version = kind == LW_FLOW_OTHER || kind == LW_FLOW_ARP ? 0 : 4;
}

static void sample_kind(struct finding *f, enum lw_flow_kind kind)
{
    set_kind(&f->rec, kind);
    eve_format(&text, &classifier, &f->f);
}

/* Of every kind of flow, with this label. */
static void sample_flows(const char *label)
{
    const struct lw_flowlog_config cfg = {.format = "eve", .label = label};
    struct lw_flowlog *log = NULL;
    struct finding f;
    const char *lines;
    size_t n;

    if (lw_flowlog_new(&log, &cfg, NULL) != LW_OK)
        exit(EXIT_FAILURE);
    (void)finding_make(&f, LW_VERDICT_NORMAL);
    for (unsigned kind = 0; kind < LW_N_FLOW_KINDS; kind++) {
        set_kind(&f.rec, (enum lw_flow_kind)kind);
        lw_flowlog_record(log, &f.rec);
    }
    if (lw_flowlog_take(log, &lines, &n, NULL) != LW_OK)
        exit(EXIT_FAILURE);
    buf_add(&text, lines, n);
    lw_flowlog_free(log);
}

int main(void)
{
    struct finding f;

    classifier = fake_classifier();
    buf_init(&text);
    sample_flows(NULL);
    sample_flows("flow=\"Background\"");
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
