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
#include "icmp.h"

#include <lapwing/flow.h>

#include <math.h>
#include <string.h>

const char *lw_binetflow_header(void)
{
    return "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,"
           "TotPkts,TotBytes,SrcBytes,Label\n";
}

static int64_t to_us(int64_t ns)
{
    int64_t us = ns / NS_PER_US;

    return ns % NS_PER_US < 0 ? us - 1 : us;
}

static char *put_duration(char *p, const struct lw_record *rec)
{
    int64_t us = to_us(rec->end_ns) - to_us(rec->start_ns);
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

static char *put_port(char *p, const struct lw_record *rec, unsigned side)
{
    bool destination = side != rec->initiator;

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

/* ra centres the arrow in a column and cuts blanks off the end, even in CSV. */
static char *put_dir(char *p, enum lw_dir dir)
{
    const char *name = lw_dir_name(dir);

    p = put_text(p, name[0] == '<' || name[0] == 'w' ? "  " : "   ");
    return put_text(p, name);
}

static char *put_tos(char *p, const struct lw_side *s)
{
    return s->has_ip ? put_u64(p, s->tos) : p;
}

/* A label has what room is left: no line is longer than LW_BINETFLOW_LINE_MAX. */
static char *put_label(char *p, const char *label, const char *end)
{
    while (*label != '\0' && p < end)
        *p++ = *label++;
    return p;
}

size_t lw_binetflow_format(const struct lw_record *rec, const char *label,
                           char out[LW_BINETFLOW_LINE_MAX])
{
    unsigned src = rec->initiator;
    unsigned dst = 1 - src;
    char proto[16];
    char *p = out + timefmt_argus(rec->start_ns, out);

    *p++ = ',';
    p = put_duration(p, rec);
    *p++ = ',';
    p = put_text(p, lw_record_proto_text(rec, proto));
    *p++ = ',';
    p = put_addr(p, rec, src);
    *p++ = ',';
    p = put_port(p, rec, src);
    *p++ = ',';
    p = put_dir(p, rec->dir);
    *p++ = ',';
    p = put_addr(p, rec, dst);
    *p++ = ',';
    p = put_port(p, rec, dst);
    *p++ = ',';
    p = put_text(p, rec->state);
    *p++ = ',';
    p = put_tos(p, &rec->side[src]);
    *p++ = ',';
    p = put_tos(p, &rec->side[dst]);
    *p++ = ',';
    p = put_u64(p, rec->side[0].packets + rec->side[1].packets);
    *p++ = ',';
    p = put_u64(p, rec->side[0].frame_bytes + rec->side[1].frame_bytes);
    *p++ = ',';
    p = put_u64(p, rec->side[src].frame_bytes);
    *p++ = ',';
    p = put_label(p, label, out + LW_BINETFLOW_LINE_MAX - 2);
    *p++ = '\n';
    *p = '\0';
    return (size_t)(p - out);
}
