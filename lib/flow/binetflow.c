/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CTU-13 binetflow form: what ra of Argus 3.0.8.2 prints with
 *
 *     -Z b -c , -p 6 -s stime dur proto saddr sport dir daddr dport state stos dtos
 *                       pkts bytes sbytes
 *
 * and a label behind it.  The initiator stands left.  Times are cut to microseconds.
 * The duration is a single-precision number there, and so its last digits are rounded
 * here, too.  An ICMP message has its code and type as source port and, byte-swapped as
 * Argus keeps it, its identifier (or the port that it complains about) as destination
 * port; an ICMPv6 message has type and code, in decimal.  A ToS that never was heard is
 * empty.
 */
#include "base/put.h"
#include "base/timefmt.h"
#include "format.h"
#include "icmp.h"

#include <lapwing/flow.h>

#include <math.h>
#include <string.h>

static int64_t to_us(int64_t ns)
{
    int64_t us = ns / NS_PER_US;

    return ns % NS_PER_US < 0 ? us - 1 : us;
}

/* What Argus says where it has something else to say than the record (else), and the
 * index of the side on the left. */
#define SAYS(rec, field, otherwise)                                                    \
    ((rec)->argus.is_set ? (rec)->argus.field : (otherwise))

static unsigned left(const struct flow_line *l)
{
    return SAYS(l->rec, source, l->src);
}

/* The endpoint whose name a side has. */
static unsigned named(const struct lw_record *rec, unsigned side)
{
    return rec->argus.is_set && rec->argus.swapped ? 1 - side : side;
}

static int64_t start_of(const struct lw_record *rec)
{
    return SAYS(rec, start_ns, rec->start_ns);
}

static char *put_duration(char *p, const struct flow_line *l)
{
    const struct lw_record *rec = l->rec;
    int64_t us = to_us(SAYS(rec, end_ns, rec->end_ns)) - to_us(start_of(rec));
    /* Up to 16 s single precision does not show in six decimals. */
    uint64_t shown = us < 16000000
                         ? (uint64_t)us
                         : (uint64_t)rint((double)(float)((double)us / 1e6) * 1e6);

    return put_fixed(p, (int64_t)shown, 6);
}

static char *put_addr(char *p, const struct lw_record *rec, unsigned side)
{
    return p + lw_record_addr_text(rec, side, p);
}

/* Argus shows the question's type when it saw the question. */
static char *put_icmp_port(char *p, const struct lw_record *rec, bool destination)
{
    bool v6 = rec->kind == LW_FLOW_ICMP6;
    uint8_t type = rec->icmp_type;

    if (v6 || rec->side[rec->initiator].packets > 0)
        (void)icmp_pair(v6, type, &type);
    else if (icmp_pair(v6, type, &type))
        type = 0;
    if (v6)
        return put_u64(p, destination ? rec->icmp_code : type);
    if (destination)
        return put_hex(put_text(p, "0x"), __builtin_bswap16(rec->icmp_id), 4);
    return put_hex(put_text(p, "0x"), (uint64_t)(rec->icmp_code << 8 | type), 4);
}

static char *put_port(char *p, const struct lw_record *rec, unsigned side,
                      bool destination)
{
    switch (rec->kind) {
    case LW_FLOW_TCP:
    case LW_FLOW_UDP:
        return put_u64(p, rec->port[side]);
    case LW_FLOW_ICMP:
    case LW_FLOW_ICMP6:
        return put_icmp_port(p, rec, destination);
    case LW_FLOW_OTHER:
        return put_u64(p, rec->llc[destination ? 1 : 0]);
    case LW_FLOW_ESP:
        return destination ? put_hex(put_text(p, "0x"), rec->spi, 8) : p;
    case LW_FLOW_IGMP:
    case LW_FLOW_ARP:
    case LW_FLOW_GRE:
    case LW_FLOW_SCTP:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
    return p;
}

/* ---- one function a column ------------------------------------------------------ */

static char *put_start(char *p, const struct flow_line *l)
{
    return p + timefmt_argus(start_of(l->rec), p);
}

static char *put_proto(char *p, const struct flow_line *l)
{
    char text[16];

    if (l->rec->argus.is_set && l->rec->argus.proto != NULL)
        return put_text(p, l->rec->argus.proto);
    return put_text(p, lw_record_proto_text(l->rec, text));
}

static char *put_src_addr(char *p, const struct flow_line *l)
{
    return put_addr(p, l->rec, named(l->rec, left(l)));
}

static char *put_dst_addr(char *p, const struct flow_line *l)
{
    const struct lw_argus *a = &l->rec->argus;

    if (a->is_set && a->has_group)
        return put_ip4(p, a->group);
    return put_addr(p, l->rec, named(l->rec, 1 - left(l)));
}

static char *put_src_port(char *p, const struct flow_line *l)
{
    return put_port(p, l->rec, named(l->rec, left(l)), false);
}

static char *put_dst_port(char *p, const struct flow_line *l)
{
    return put_port(p, l->rec, named(l->rec, 1 - left(l)), true);
}

/* ra centres the arrow in a column and cuts blanks off the end, even in CSV. */
static char *put_dir(char *p, const struct flow_line *l)
{
    const char *name = lw_dir_name(SAYS(l->rec, dir, l->rec->dir));

    p = put_text(p, name[0] == '<' || name[0] == 'w' ? "  " : "   ");
    return put_text(p, name);
}

static char *put_state(char *p, const struct flow_line *l)
{
    return put_text(p, SAYS(l->rec, state, l->rec->state));
}

static char *put_tos(char *p, const struct lw_record *rec, unsigned side)
{
    if (!SAYS(rec, has_tos[side], rec->side[side].has_ip))
        return p;
    return put_u64(p, SAYS(rec, tos[side], rec->side[side].tos));
}

static char *put_src_tos(char *p, const struct flow_line *l)
{
    return put_tos(p, l->rec, left(l));
}

static char *put_dst_tos(char *p, const struct flow_line *l)
{
    return put_tos(p, l->rec, 1 - left(l));
}

static char *put_packets(char *p, const struct flow_line *l)
{
    return put_u64(p, l->rec->side[0].packets + l->rec->side[1].packets);
}

static uint64_t bytes_of(const struct lw_record *rec, unsigned side)
{
    const struct lw_side *s = &rec->side[side];
    uint64_t uncounted = s->packets * SAYS(rec, link_bytes, 0U);

    return s->frame_bytes > uncounted ? s->frame_bytes - uncounted : 0;
}

static char *put_all_bytes(char *p, const struct flow_line *l)
{
    return put_u64(p, bytes_of(l->rec, 0) + bytes_of(l->rec, 1));
}

static char *put_src_bytes(char *p, const struct flow_line *l)
{
    return put_u64(p, bytes_of(l->rec, left(l)));
}

static char *put_label(char *p, const struct flow_line *l)
{
    return l->put_text(p, l->label, strlen(l->label));
}

/* ---- the table ------------------------------------------------------------------ */

#define COLUMN(name, shape, type, unit, doc, put)                                      \
    {                                                                                  \
        {name, type, unit, doc, "Argus 3.0.8, CTU-13", false}, put, FLOW_##shape,      \
            false                                                                      \
    }

/* Label stands last. */
static const struct flow_field columns[] = {
    COLUMN("StartTime", WORD, "time", "", "first packet, UTC", put_start),
    COLUMN("Dur", NUMBER, "interval", "s", "time from the first to the last packet",
           put_duration),
    COLUMN("Proto", WORD, "enum", "", "protocol", put_proto),
    COLUMN("SrcAddr", WORD, "addr", "", "address of the initiator", put_src_addr),
    COLUMN("Sport", WORD, "string", "", "its port; code and type of ICMP",
           put_src_port),
    COLUMN("Dir", WORD, "enum", "", "direction", put_dir),
    COLUMN("DstAddr", WORD, "addr", "", "address of the other endpoint", put_dst_addr),
    COLUMN("Dport", WORD, "string", "", "its port; identifier of ICMP", put_dst_port),
    COLUMN("State", WORD, "string", "", "TCP flags of both sides, or what fits",
           put_state),
    COLUMN("sTos", NUMBER, "count", "", "type of service of the initiator",
           put_src_tos),
    COLUMN("dTos", NUMBER, "count", "", "type of service of the other endpoint",
           put_dst_tos),
    COLUMN("TotPkts", NUMBER, "count", "packets", "packets of both", put_packets),
    COLUMN("TotBytes", NUMBER, "count", "bytes", "whole frames of both", put_all_bytes),
    COLUMN("SrcBytes", NUMBER, "count", "bytes", "whole frames of the initiator",
           put_src_bytes),
    COLUMN("Label", TEXT, "string", "", "what --label or --labels says", put_label),
};

enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static char *header(char *p, struct flow_columns c, int64_t time_ns)
{
    (void)time_ns;
    return put_text(flow_put_names(p, c, ','), "\n");
}

static char *record(char *p, struct flow_columns c, const struct flow_line *l)
{
    return put_text(flow_put_values(p, c, l, ',', ""), "\n");
}

const struct lw_flow_format flow_format_binetflow = {
    .name = "binetflow",
    .doc = "the 15 columns of the CTU-13 data sets, as ra of Argus prints them",
    .fields = columns,
    .n_fields = N_COLUMNS,
    .put_text = put_csv,
    .header = header,
    .record = record,
    .cuts = LW_CUTS_ARGUS,
};

/* ---- a single line --------------------------------------------------------------- */

const char *lw_binetflow_header(void)
{
    return "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,"
           "TotPkts,TotBytes,SrcBytes,Label\n";
}

/* The label has what room is left: no line is longer than LW_BINETFLOW_LINE_MAX. */
size_t lw_binetflow_format(const struct lw_record *rec, const char *label,
                           char out[LW_BINETFLOW_LINE_MAX])
{
    const struct flow_line line = {
        .rec = rec, .src = rec->initiator, .dst = (uint8_t)(1 - rec->initiator)};
    const char *end = out + LW_BINETFLOW_LINE_MAX - 2;
    char *p = out;

    for (unsigned i = 0; i + 1 < N_COLUMNS; i++) {
        p = columns[i].put(p, &line);
        *p++ = ',';
    }
    while (*label != '\0' && p < end)
        *p++ = *label++;
    *p++ = '\n';
    *p = '\0';
    return (size_t)(p - out);
}
