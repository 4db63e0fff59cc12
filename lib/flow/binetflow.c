/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CTU-13 binetflow form: what `ra` prints of Argus records with
 * -s stime dur proto saddr sport dir daddr dport state stos dtos pkts bytes sbytes
 * label, numeric ports, TCP flags of both sides (-Z b), microseconds.
 * Sides are printed initiator first; what a side that sent nothing would say is empty.
 */
#include "base/timefmt.h"

#include <lapwing/flow.h>

#include <string.h>

struct line {
    char *out;
    size_t len;
};

static void add_char(struct line *l, char c)
{
    if (l->len + 2 < LW_BINETFLOW_LINE_MAX) /* room for the line's end */
        l->out[l->len++] = c;
}

static void add_text(struct line *l, const char *s)
{
    for (; *s != '\0'; s++)
        add_char(l, *s);
}

static void add_u64(struct line *l, uint64_t v)
{
    char digits[20];
    size_t n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    while (n > 0)
        add_char(l, digits[--n]);
}

static void add_hex(struct line *l, uint16_t v, int digits)
{
    add_text(l, "0x");
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        add_char(l, "0123456789abcdef"[(v >> shift) & 15]);
}

/* Seconds with six decimals: the difference of two times cut to microseconds. */
static void add_duration(struct line *l, const struct lw_record *rec)
{
    uint64_t us =
        (uint64_t)(rec->end_ns / NS_PER_US) - (uint64_t)(rec->start_ns / NS_PER_US);

    add_u64(l, us / 1000000);
    add_char(l, '.');
    for (uint64_t unit = 100000; unit > 0; unit /= 10)
        add_char(l, (char)('0' + us / unit % 10));
}

/* Argus has no ports for ICMP: type and code stand first, the identifier second. */
static void add_port(struct line *l, const struct lw_record *rec, unsigned side,
                     bool source)
{
    if (rec->has_ports)
        add_u64(l, rec->port[side]);
    else if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6)
        add_hex(
            l, source ? (uint16_t)(rec->icmp_code << 8 | rec->icmp_type) : rec->icmp_id,
            4);
}

static void add_tos(struct line *l, const struct lw_record *rec, unsigned side)
{
    if (rec->ip_version != 0 && rec->side[side].packets > 0)
        add_u64(l, rec->side[side].tos);
}

const char *lw_binetflow_header(void)
{
    return "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,"
           "TotPkts,TotBytes,SrcBytes,Label\n";
}

/* "  <->": right-aligned in five columns, as ra prints it into CSV. */
static void add_dir(struct line *l, enum lw_dir dir)
{
    const char *name = lw_dir_name(dir);

    for (size_t n = strlen(name); n < 5; n++)
        add_char(l, ' ');
    add_text(l, name);
}

size_t lw_binetflow_format(const struct lw_record *rec, const char *label,
                           char out[LW_BINETFLOW_LINE_MAX])
{
    unsigned from = lw_record_initiator(rec);
    struct line l = {out, 0};
    char text[LW_ADDR_TEXT_MAX];
    char proto[16];

    l.len = timefmt_argus(rec->start_ns, out);
    add_char(&l, ',');
    add_duration(&l, rec);
    add_char(&l, ',');
    add_text(&l, lw_record_proto_text(rec, proto));
    add_char(&l, ',');
    (void)lw_record_addr_text(rec, from, text);
    add_text(&l, text);
    add_char(&l, ',');
    add_port(&l, rec, from, true);
    add_char(&l, ',');
    add_dir(&l, from == 1 && rec->dir == LW_DIR_BACKWARD ? LW_DIR_FORWARD : rec->dir);
    add_char(&l, ',');
    (void)lw_record_addr_text(rec, 1 - from, text);
    add_text(&l, text);
    add_char(&l, ',');
    add_port(&l, rec, 1 - from, false);
    add_char(&l, ',');
    add_text(&l, rec->state);
    add_char(&l, ',');
    add_tos(&l, rec, from);
    add_char(&l, ',');
    add_tos(&l, rec, 1 - from);
    add_char(&l, ',');
    add_u64(&l, rec->side[0].packets + rec->side[1].packets);
    add_char(&l, ',');
    add_u64(&l, rec->side[0].frame_bytes + rec->side[1].frame_bytes);
    add_char(&l, ',');
    add_u64(&l, rec->side[from].frame_bytes);
    add_char(&l, ',');
    add_text(&l, label);
    out[l.len++] = '\n';
    out[l.len] = '\0';
    return l.len;
}
