/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format zeek: conn.log as Zeek 8 writes it (columns and meaning:
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html; the
 * lines that begin with #: https://docs.zeek.org/en/master/log-formats.html).
 *
 *   uid          Zeek's form, "C" and base 62; made from the flow's key and start, so
 *                that a capture read twice gives the same
 *   ports        of ICMP: the type, and the type that answers it or the code
 *   duration     and the bytes are unset in a record of one moment, as Zeek leaves them
 *   the rest     is what the record's conn_log says (flow/history.h); of a record
 *                without one, what the flow itself knows
 *   service      is told only when the meter looks for applications; Zeek names others
 *   local_*      whether the address is in a block that is not routed globally, which
 *                is Zeek's default
 *   #open        times of packets, not of the clock: the first record's start and the
 *   #close       latest end
 *
 * Flows that are not IP have no place in conn.log.  A value that looks like one of the
 * marks for "unset" and "empty" is written with its first byte escaped.
 */
#include "base/assert.h"
#include "base/digest.h"
#include "base/put.h"
#include "base/timefmt.h"
#include "format.h"
#include "icmp.h"

#include <string.h>

/* ---- times ----------------------------------------------------------------------- */

/* Rounded down, as a capture of microseconds has it. */
static int64_t to_us(int64_t ns)
{
    int64_t us = ns / NS_PER_US;

    return ns % NS_PER_US < 0 ? us - 1 : us;
}

static int64_t start_of(const struct lw_record *rec)
{
    return rec->conn_log.known ? rec->conn_log.start_ns : rec->start_ns;
}

static int64_t duration_us(const struct lw_record *rec)
{
    const struct lw_conn_log *c = &rec->conn_log;

    if (c->known)
        return to_us(c->start_ns + c->duration_ns) - to_us(c->start_ns);
    return to_us(rec->end_ns) - to_us(rec->start_ns);
}

static char *put_ts(char *p, const struct flow_line *l)
{
    return put_fixed(p, to_us(start_of(l->rec)), 6);
}

static char *put_duration(char *p, const struct flow_line *l)
{
    int64_t us = duration_us(l->rec);

    return us > 0 ? put_fixed(p, us, 6) : p;
}

/* ---- uid ------------------------------------------------------------------------- */

/* Eight digits of base 62. */
static char *put_base62(char *p, uint64_t v)
{
    static const char digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    for (unsigned i = 8; i > 0; i--) {
        p[i - 1] = digits[v % 62];
        v /= 62;
    }
    return p + 8;
}

static uint64_t get_be(const uint8_t *bytes, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++)
        v = v << 8 | bytes[i];
    return v;
}

static uint8_t *add_be(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        *p++ = (uint8_t)(v >> 8 * (n - 1 - i));
    return p;
}

/* What tells flows between the same endpoints apart. */
static uint64_t detail_of(const struct lw_record *rec)
{
    if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6)
        return (uint64_t)rec->icmp_id << 16 | (uint64_t)rec->icmp_type << 8 |
               rec->icmp_code;
    return rec->spi;
}

/* Two times 47.6 bits of SHA-1, over what fits one of its blocks. */
static char *put_uid(char *p, const struct flow_line *l)
{
    const struct lw_record *rec = l->rec;
    uint8_t text[52];
    uint8_t sum[SHA1_BYTES];
    uint8_t *end = text;

    for (unsigned i = 0; i < 2; i++) {
        memcpy(end, rec->addr[i].bytes, 16);
        end = add_be(end + 16, rec->port[i], 2);
    }
    end = add_be(end, (uint64_t)start_of(rec), 8);
    end = add_be(end, detail_of(rec), 4);
    end = add_be(end, rec->vlan_id, 2);
    end = add_be(end, rec->protocol, 1);
    end = add_be(end, (unsigned)rec->kind, 1);
    LW_ASSERT(end == text + sizeof text);
    digest_sha1(text, sizeof text, sum);
    *p++ = 'C';
    p = put_base62(p, get_be(sum, 8));
    return put_base62(p, get_be(sum + 8, 8));
}

/* ---- endpoints ------------------------------------------------------------------- */

static char *put_orig_addr(char *p, const struct flow_line *l)
{
    return p + lw_record_addr_text(l->rec, l->src, p);
}

static char *put_resp_addr(char *p, const struct flow_line *l)
{
    return p + lw_record_addr_text(l->rec, l->dst, p);
}

/* The first packet's sender has sent icmp_type. */
static uint64_t icmp_port(const struct lw_record *rec, unsigned side)
{
    int answer = icmp_counterpart(rec->kind == LW_FLOW_ICMP6, rec->icmp_type);

    if (side == 0)
        return rec->icmp_type;
    return answer >= 0 ? (uint64_t)answer : rec->icmp_code;
}

static char *put_port(char *p, const struct lw_record *rec, unsigned side)
{
    if (rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6)
        return put_u64(p, icmp_port(rec, side));
    if (rec->kind == LW_FLOW_TCP || rec->kind == LW_FLOW_UDP)
        return put_u64(p, rec->port[side]);
    return put_u64(p, 0);
}

static char *put_orig_port(char *p, const struct flow_line *l)
{
    return put_port(p, l->rec, l->src);
}

static char *put_resp_port(char *p, const struct flow_line *l)
{
    return put_port(p, l->rec, l->dst);
}

static char *put_proto(char *p, const struct flow_line *l)
{
    switch (l->rec->kind) {
    case LW_FLOW_TCP:
        return put_text(p, "tcp");
    case LW_FLOW_UDP:
        return put_text(p, "udp");
    case LW_FLOW_ICMP:
    case LW_FLOW_ICMP6:
        return put_text(p, "icmp");
    case LW_FLOW_OTHER:
    case LW_FLOW_IGMP:
    case LW_FLOW_ARP:
    case LW_FLOW_ESP:
    case LW_FLOW_GRE:
    case LW_FLOW_SCTP:
    case LW_FLOW_IP:
    case LW_N_FLOW_KINDS:
        break;
    }
    return put_text(p, "unknown_transport");
}

/* ---- local addresses ------------------------------------------------------------- */

struct net {
    uint8_t bytes[9];
    uint8_t bits;
};

/* What Zeek 8 takes for local by itself: the blocks of IANA's IPv4 and IPv6
 * Special-Purpose Address Registries that are not globally reachable, multicast that
 * stays on the link or at home (RFC 5771, RFC 2365), and fec0::/10 (RFC 3879). */
static const struct net local4[] = {{{0}, 8},
                                    {{10}, 8},
                                    {{100, 64}, 10},
                                    {{127}, 8},
                                    {{169, 254}, 16},
                                    {{172, 16}, 12},
                                    {{192, 0, 0}, 24},
                                    {{192, 0, 2}, 24},
                                    {{192, 168}, 16},
                                    {{198, 18}, 15},
                                    {{198, 51, 100}, 24},
                                    {{203, 0, 113}, 24},
                                    {{224, 0, 0}, 24},
                                    {{239}, 8},
                                    {{240}, 4}};

static const struct net local6[] = {{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48},
                                    {{0x01}, 64},
                                    {{0x20, 0x01, 0x00}, 23},
                                    {{0x20, 0x01, 0x0d, 0xb8}, 32},
                                    {{0xfc}, 7},
                                    {{0xfe, 0x80}, 10},
                                    {{0xfe, 0xc0}, 10}};

static bool in_nets(const uint8_t *bytes, const struct net *nets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t whole = nets[i].bits / 8;
        uint8_t mask = (uint8_t)(0xff00U >> nets[i].bits % 8);

        if (memcmp(bytes, nets[i].bytes, whole) == 0 &&
            ((bytes[whole] ^ nets[i].bytes[whole]) & mask) == 0)
            return true;
    }
    return false;
}

static bool is_local4(const uint8_t *bytes)
{
    return in_nets(bytes, local4, sizeof local4 / sizeof local4[0]);
}

static bool is_local6(const uint8_t bytes[16])
{
    static const uint8_t zero[15];

    if (memcmp(bytes, zero, sizeof zero) == 0 && bytes[15] <= 1)
        return true; /* unspecified and loopback */
    if (bytes[0] == 0x20 && bytes[1] == 0x02)
        return is_local4(bytes + 2); /* 6to4 */
    return in_nets(bytes, local6, sizeof local6 / sizeof local6[0]);
}

static char *put_local(char *p, const struct lw_record *rec, unsigned side)
{
    const uint8_t *bytes = rec->addr[side].bytes;

    *p++ = (rec->ip_version == 6 ? is_local6(bytes) : is_local4(bytes)) ? 'T' : 'F';
    return p;
}

static char *put_local_orig(char *p, const struct flow_line *l)
{
    return put_local(p, l->rec, l->src);
}

static char *put_local_resp(char *p, const struct flow_line *l)
{
    return put_local(p, l->rec, l->dst);
}

/* ---- what was sent --------------------------------------------------------------- */

/* What Zeek counts of a side. */
struct sent {
    uint64_t bytes;
    uint64_t packets;
    uint64_t ip_bytes;
};

static struct sent sent_by(const struct lw_record *rec, unsigned side)
{
    const struct lw_conn_log *c = &rec->conn_log;
    const struct lw_side *s = &rec->side[side];

    if (c->known)
        return (struct sent){c->bytes[side], c->packets[side], c->ip_bytes[side]};
    return (struct sent){s->payload_bytes, s->packets, s->ip_bytes};
}

static char *put_orig_bytes(char *p, const struct flow_line *l)
{
    return duration_us(l->rec) > 0 ? put_u64(p, sent_by(l->rec, l->src).bytes) : p;
}

static char *put_resp_bytes(char *p, const struct flow_line *l)
{
    return duration_us(l->rec) > 0 ? put_u64(p, sent_by(l->rec, l->dst).bytes) : p;
}

static char *put_orig_packets(char *p, const struct flow_line *l)
{
    return put_u64(p, sent_by(l->rec, l->src).packets);
}

static char *put_resp_packets(char *p, const struct flow_line *l)
{
    return put_u64(p, sent_by(l->rec, l->dst).packets);
}

static char *put_orig_ip_bytes(char *p, const struct flow_line *l)
{
    return put_u64(p, sent_by(l->rec, l->src).ip_bytes);
}

static char *put_resp_ip_bytes(char *p, const struct flow_line *l)
{
    return put_u64(p, sent_by(l->rec, l->dst).ip_bytes);
}

static char *put_conn_state(char *p, const struct flow_line *l)
{
    const struct lw_record *rec = l->rec;
    enum lw_conn conn = rec->conn_log.known ? rec->conn_log.state : rec->conn;

    return conn == LW_CONN_NONE ? p : put_text(p, lw_conn_name(conn));
}

static char *put_missed_bytes(char *p, const struct flow_line *l)
{
    const struct lw_conn_log *c = &l->rec->conn_log;

    return c->known ? put_u64(p, c->missed_bytes) : p;
}

static char *put_history(char *p, const struct flow_line *l)
{
    return put_text(p, l->rec->conn_log.history);
}

static char *put_nothing(char *p, const struct flow_line *l)
{
    (void)l;
    return p;
}

static char *put_ip_proto(char *p, const struct flow_line *l)
{
    return put_u64(p, l->rec->protocol);
}

static char *put_community_id(char *p, const struct flow_line *l)
{
    lw_record_community_id(l->rec, l->community_id_seed, p);
    return p + strlen(p);
}

/* ---- text ------------------------------------------------------------------------ */

/* What has a meaning of its own in the file; bytes that are no text. */
static bool must_escape(const char *s, size_t n, size_t at)
{
    uint8_t c = (uint8_t)s[at];

    if (at == 0 &&
        ((n == 1 && c == '-') || c == '#' || (n == 7 && memcmp(s, "(empty)", 7) == 0)))
        return true;
    return c < ' ' || c == 0x7f || c == '\\';
}

static char *put_escaped(char *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (must_escape(s, n, i))
            p = put_hex(put_text(p, "\\x"), (uint8_t)s[i], 2);
        else
            *p++ = s[i];
    }
    return p;
}

static char *put_label(char *p, const struct flow_line *l)
{
    return l->put_text(p, l->label, strlen(l->label));
}

/* TLS has its old name there. */
static char *put_service(char *p, const struct flow_line *l)
{
    const enum lw_app app = l->rec->app;

    if (app == LW_APP_UNKNOWN)
        return p;
    return put_text(p, app == LW_APP_TLS ? "ssl" : lw_app_name(app));
}

/* ---- the table ------------------------------------------------------------------- */

#define ZEEK_COLUMN(name, shape, type, unit, doc, extra, put)                          \
    {                                                                                  \
        {name, type, unit, doc, "Zeek conn.log", extra}, put, FLOW_##shape,            \
            (extra) ? FLOW_NEEDS_NOTHING : FLOW_NEEDS_CONN_LOG                         \
    }
#define COLUMN(name, shape, type, unit, doc, put)                                      \
    ZEEK_COLUMN(name, shape, type, unit, doc, false, put)
#define EXTRA(name, shape, type, unit, doc, put)                                       \
    ZEEK_COLUMN(name, shape, type, unit, doc, true, put)

static const struct flow_field columns[] = {
    COLUMN("ts", NUMBER, "time", "s", "first packet, seconds since 1970 UTC", put_ts),
    COLUMN("uid", WORD, "string", "", "identifies the record", put_uid),
    COLUMN("id.orig_h", WORD, "addr", "", "address of the originator", put_orig_addr),
    COLUMN("id.orig_p", NUMBER, "port", "", "its port; type of ICMP", put_orig_port),
    COLUMN("id.resp_h", WORD, "addr", "", "address of the responder", put_resp_addr),
    COLUMN("id.resp_p", NUMBER, "port", "", "its port; answering type or code of ICMP",
           put_resp_port),
    COLUMN("proto", WORD, "enum", "", "tcp, udp, icmp or unknown_transport", put_proto),
    {{"service", "string", "", "application protocol, when it is asked for (--apps)",
      "Zeek conn.log", false},
     put_service,
     FLOW_WORD,
     FLOW_NEEDS_APPS},
    COLUMN("duration", NUMBER, "interval", "s",
           "time from the first to the last packet", put_duration),
    COLUMN("orig_bytes", NUMBER, "count", "bytes", "payload of the originator",
           put_orig_bytes),
    COLUMN("resp_bytes", NUMBER, "count", "bytes", "payload of the responder",
           put_resp_bytes),
    COLUMN("conn_state", WORD, "string", "", "how far the connection came",
           put_conn_state),
    COLUMN("local_orig", WORD, "bool", "",
           "the originator's address is not routed globally", put_local_orig),
    COLUMN("local_resp", WORD, "bool", "",
           "the responder's address is not routed globally", put_local_resp),
    COLUMN("missed_bytes", NUMBER, "count", "bytes",
           "bytes of TCP that were acknowledged, but never captured", put_missed_bytes),
    COLUMN("history", WORD, "string", "",
           "what happened, a letter an event, upper case for the originator",
           put_history),
    COLUMN("orig_pkts", NUMBER, "count", "packets", "packets of the originator",
           put_orig_packets),
    COLUMN("orig_ip_bytes", NUMBER, "count", "bytes",
           "IP headers and payload of the originator", put_orig_ip_bytes),
    COLUMN("resp_pkts", NUMBER, "count", "packets", "packets of the responder",
           put_resp_packets),
    COLUMN("resp_ip_bytes", NUMBER, "count", "bytes",
           "IP headers and payload of the responder", put_resp_ip_bytes),
    COLUMN("tunnel_parents", WORD, "set[string]", "", "never set", put_nothing),
    COLUMN("ip_proto", NUMBER, "count", "", "IP protocol number", put_ip_proto),
    EXTRA("community_id", WORD, "string", "",
          "hash of the endpoints, the same in many tools", put_community_id),
    EXTRA("label", TEXT, "string", "", "what --label or --labels says", put_label),
};

/* ---- the file -------------------------------------------------------------------- */

/* "2011-08-16-10-01-46" */
static char *put_date(char *p, int64_t time_ns)
{
    char text[TIMEFMT_MAX];

    (void)timefmt_argus(time_ns, text);
    for (unsigned i = 0; i < 19; i++)
        *p++ = (char)(text[i] >= '0' && text[i] <= '9' ? text[i] : '-');
    return p;
}

static char *header(char *p, struct flow_columns c, int64_t time_ns)
{
    p = put_text(p, "#separator \\x09\n"
                    "#set_separator\t,\n"
                    "#empty_field\t(empty)\n"
                    "#unset_field\t-\n"
                    "#path\tconn\n"
                    "#open\t");
    p = put_date(p, time_ns);
    p = flow_put_names(put_text(p, "\n#fields\t"), c, '\t');
    p = put_text(p, "\n#types");
    for (size_t i = 0; i < c.n; i++)
        p = put_text(put_text(p, "\t"), c.fields[i]->about.type);
    return put_text(p, "\n");
}

/* Zeek may see the originator in the other side. */
static char *record(char *p, struct flow_columns c, const struct flow_line *l)
{
    struct flow_line line = *l;

    if (l->rec->conn_log.known) {
        line.src = l->rec->conn_log.orig;
        line.dst = (uint8_t)(1 - line.src);
    }
    return put_text(flow_put_values(p, c, &line, '\t', "-"), "\n");
}

static char *footer(char *p, int64_t time_ns)
{
    return put_text(put_date(put_text(p, "#close\t"), time_ns), "\n");
}

static bool takes(const struct lw_record *rec)
{
    return rec->ip_version != 0;
}

const struct lw_flow_format flow_format_zeek = {
    .name = "zeek",
    .doc = "Zeek's conn.log, separated by tabs; only flows of IP",
    .fields = columns,
    .n_fields = sizeof columns / sizeof columns[0],
    .put_text = put_escaped,
    .header = header,
    .record = record,
    .footer = footer,
    .takes = takes,
    .cuts = LW_CUTS_ZEEK,
    .dated = true,
};
