/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "record.h"
#include "test.h"

#include <lapwing/flowlog.h>
#include <lapwing/labels.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct lw_error err;

static struct lw_labels *read_text(const char *text)
{
    struct lw_labels *l = NULL;

    if (lw_labels_read_memory(&l, text, strlen(text), "truth", &err) != LW_OK)
        fail_msg("%s", err.msg);
    return l;
}

static void assert_label(struct lw_labels *l, const struct lw_record *r,
                         const char *want)
{
    const char *have = lw_labels_find(l, r);

    assert_string_equal(have == NULL ? "(none)" : have, want);
}

/* TCP from 10.0.0.1:40000 to 10.0.0.2:80, at 100 s. */
static struct lw_record web(void)
{
    struct lw_record r = record_of(LW_FLOW_TCP, 1, 2, 80);

    r.protocol = 6;
    record_set_time(&r, 100, 130);
    return r;
}

/* What `text` says of one record. */
static void assert_text_says(const char *text, const struct lw_record *r,
                             const char *want)
{
    struct lw_labels *l = read_text(text);

    assert_label(l, r, want);
    lw_labels_free(l);
}

static struct lw_record reversed(const struct lw_record *r)
{
    struct lw_record out = *r;

    for (unsigned i = 0; i < 2; i++) {
        out.addr[i] = r->addr[1 - i];
        out.port[i] = r->port[1 - i];
    }
    return out;
}

/* ---- what fits ------------------------------------------------------------------- */

static void any_column_may_be_missing_or_open(void **state)
{
    struct lw_record r = web();

    (void)state;
    assert_text_says("src,label\n10.0.0.1,A\n", &r, "A");
    assert_text_says("src,label\n10.0.0.3,A\n", &r, "(none)");
    assert_text_says("label,dst,src,note\nA,*,any,x\n", &r, "A");
    assert_text_says("src,dst,sport,dport,proto,start,end,label\n,,,80,tcp,,,A\n", &r,
                     "A");
    assert_text_says("dport,proto,label\n80,udp,A\n", &r, "(none)");
    assert_text_says("DPORT;Proto;Class\n80;6;A b\n", &r, "A b");
    assert_text_says("\xef\xbb\xbf# a remark\n\nsrc\tlabel\r\n10.0.0.1\tA\r\n", &r,
                     "A");
    assert_text_says("src,label\n10.0.0.1,\"a \"\"b\"\", c\"\n", &r, "a \"b\", c");
}

static void either_direction_fits(void **state)
{
    struct lw_record r = web();
    struct lw_record back = reversed(&r);

    (void)state;
    assert_text_says("src,dst,dport,label\n10.0.0.1,10.0.0.2,80,A\n", &r, "A");
    assert_text_says("src,dst,dport,label\n10.0.0.1,10.0.0.2,80,A\n", &back, "A");
    assert_text_says("src,dst,dport,label\n10.0.0.2,10.0.0.1,80,A\n", &r, "(none)");
    assert_text_says("src,dst,sport,label\n10.0.0.2,10.0.0.1,80,A\n", &r, "A");
}

static void networks_fit_by_prefix(void **state)
{
    struct lw_record r = web();

    (void)state;
    assert_text_says("src,label\n10.0.0.0/31,A\n", &r, "A");
    assert_text_says("src,label\n10.0.0.77/24,A\n", &r, "A");
    assert_text_says("src,label\n10.0.0.4/30,A\n", &r, "(none)");
    assert_text_says("src,label\n0.0.0.0/0,A\n", &r, "A");
    assert_text_says("src,label\n::/0,A\n", &r, "(none)");
    r.ip_version = 6;
    assert_int_equal(inet_pton(AF_INET6, "2001:db8:aaaa::1", r.addr[0].bytes), 1);
    assert_text_says("src,label\n::/0,A\n", &r, "A");
    assert_text_says("src,label\n2001:db8:aa00::/40,A\n", &r, "A");
    assert_text_says("src,label\n2001:db8:aa00::/48,A\n", &r, "(none)");
    assert_text_says("src,label\n0.0.0.0/0,A\n", &r, "(none)");
}

static void times_hold_to_the_microsecond(void **state)
{
    static const char text[] = "start,end,label\n100.5,1970-01-01T00:01:50Z,A\n"
                               "200,,open\n,50,early\n";
    struct lw_record r = web();

    (void)state;
    record_set_time(&r, 100.499998, 130);
    assert_text_says(text, &r, "(none)");
    record_set_time(&r, 100.5, 130);
    assert_text_says(text, &r, "A");
    record_set_time(&r, 110, 130);
    assert_text_says(text, &r, "A");
    r.start_ns += 999; /* still the same microsecond */
    assert_text_says(text, &r, "A");
    r.start_ns++;
    assert_text_says(text, &r, "(none)");
    record_set_time(&r, 1e9, 2e9);
    assert_text_says(text, &r, "open");
    record_set_time(&r, -5, 2e9);
    assert_text_says(text, &r, "early");
}

static void protocols_have_many_names(void **state)
{
    struct lw_record r = web();

    (void)state;
    r.kind = LW_FLOW_UDP;
    r.protocol = 17;
    assert_text_says("proto,label\nUDP,A\n", &r, "A");
    assert_text_says("proto,label\nrtp,A\n", &r, "A");
    assert_text_says("proto,label\n17,A\n", &r, "A");
    r.kind = LW_FLOW_IP;
    r.protocol = 89;
    r.has_ports = false;
    assert_text_says("proto,label\nospf,A\n", &r, "A");
    assert_text_says("dport,proto,label\n0,any,A\n", &r, "(none)");
    r.kind = LW_FLOW_ICMP;
    r.protocol = 1;
    assert_text_says("sport,dport,proto,label\n0x0008,0xff2a,icmp,A\n", &r, "A");
    r.kind = LW_FLOW_ICMP6;
    r.protocol = 58;
    r.ip_version = 6;
    assert_text_says("src,proto,label\n::/0,icmp,A\n", &r, "A");
    assert_text_says("proto,label\nipv6-icmp,A\n", &r, "A");
}

static void what_is_not_ip_fits_too(void **state)
{
    struct lw_record r = record_of(LW_FLOW_ARP, 1, 2, 0);

    (void)state;
    r.ip_version = 0;
    r.ether_type = 0x0806;
    assert_text_says("src,proto,label\n10.0.0.2,arp,A\n", &r, "A");
    r.kind = LW_FLOW_OTHER;
    r.ether_type = 0x88cc;
    assert_text_says("proto,label\nlldp,A\n", &r, "A");
    assert_text_says("src,label\n10.0.0.1,A\n", &r, "(none)");
    assert_text_says("src,label\n0a:00:00:01:00:00,A\n", &r, "A");
    r.ether_type = 60;
    assert_text_says("proto,label\nllc,A\n", &r, "A");
}

/* ---- which of several ------------------------------------------------------------ */

static void the_most_specific_rule_wins(void **state)
{
    struct lw_record r = web();

    (void)state;
    assert_text_says("src,dst,label\n10.0.0.0/8,,wide\n10.0.0.0/30,,narrow\n", &r,
                     "narrow");
    assert_text_says("src,dst,label\n10.0.0.1,,one\n10.0.0.0/24,10.0.0.0/24,two\n", &r,
                     "two");
    assert_text_says("src,dport,label\n,80,port\n10.0.0.1,,addr\n", &r, "addr");
    assert_text_says("dport,proto,label\n,tcp,proto\n80,,port\n", &r, "port");
    assert_text_says("proto,start,label\n,1,time\ntcp,,proto\n", &r, "proto");
    assert_text_says("src,start,label\n10.0.0.1,,never\n10.0.0.1,1,time\n", &r, "time");
    assert_text_says("src,dst,label\n10.0.0.1,,first\n,10.0.0.1,second\n", &r, "first");
    assert_text_says("src,dst,label\n,10.0.0.1,first\n10.0.0.1,,second\n", &r, "first");
    assert_text_says("src,label\n10.0.0.2,first\n10.0.0.1,second\n", &r, "first");
    assert_text_says("src,start,label\n10.0.0.2,,A\n10.0.0.1,1,time\n", &r, "time");
}

static void of_equals_the_first_wins_at_each_time(void **state)
{
    static const char text[] = "start,end,label\n20,40,A\n10,30,B\n35,60,C\n50,55,D\n";
    static const struct {
        double at;
        const char *label;
    } cases[] = {{9, "(none)"}, {10, "B"}, {19, "B"}, {20, "A"},     {40, "A"},
                 {40.1, "C"},   {52, "C"}, {60, "C"}, {61, "(none)"}};
    struct lw_labels *l = read_text(text);
    struct lw_labels_stats s;
    struct lw_record r = web();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        record_set_time(&r, cases[i].at, 100);
        assert_label(l, &r, cases[i].label);
    }
    lw_labels_get_stats(l, &s);
    assert_int_equal(s.rules, 4);
    assert_int_equal(s.rules_used, 3);
    assert_int_equal(s.records_labelled, 7);
    assert_int_equal(s.records_unlabelled, 2);
    lw_labels_free(l);
}

/* ---- against a plain list -------------------------------------------------------- */

/* A rule of the random test: addresses of 4 bits, ports and times of few values. */
struct plain {
    unsigned addr[2];
    unsigned bits[2];
    int port[2]; /* -1: any */
    int proto;
    int start; /* -1: any */
    int end;
};

static bool plain_fits(const struct plain *p, const struct lw_record *r, unsigned from)
{
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = from ^ i;

        if (p->bits[i] > 0 &&
            (r->addr[side].bytes[3] ^ p->addr[i]) >> (32 - p->bits[i]) != 0)
            return false;
        if (p->port[i] >= 0 && (!r->has_ports || r->port[side] != p->port[i]))
            return false;
    }
    if (p->proto >= 0 && p->proto != r->protocol)
        return false;
    return p->start < 0 || (r->start_ns >= p->start * INT64_C(1000000000) &&
                            r->start_ns <= p->end * INT64_C(1000000000));
}

/* More is better. */
static unsigned plain_rank(const struct plain *p)
{
    unsigned bits = p->bits[0] + p->bits[1] + (p->bits[0] + p->bits[1] > 0);
    unsigned ports = (p->port[0] >= 0 ? 1U : 0U) + (p->port[1] >= 0 ? 1U : 0U);

    return ((bits * 4 + ports) * 2 + (p->proto >= 0)) * 2 + (p->start >= 0);
}

static struct plain random_rule(struct rng *g)
{
    struct plain p = {.proto = rng_below(g, 3) == 0 ? 6 : -1, .start = -1};

    for (unsigned i = 0; i < 2; i++) {
        p.bits[i] = rng_below(g, 2) == 0 ? 0 : 28 + (unsigned)rng_below(g, 5);
        p.addr[i] = (unsigned)rng_below(g, 16);
        p.port[i] = rng_below(g, 3) == 0 ? (int)rng_below(g, 3) : -1;
    }
    if (rng_below(g, 2) == 0) {
        p.start = (int)rng_below(g, 30);
        p.end = p.start + (int)rng_below(g, 10);
    }
    return p;
}

static void write_end(struct buf *b, const struct plain *p, unsigned i)
{
    if (p->bits[i] > 0)
        buf_printf(b, "0.0.0.%u/%u", p->addr[i], p->bits[i]);
    buf_add_char(b, ',');
    if (p->port[i] >= 0)
        buf_printf(b, "%d", p->port[i]);
    buf_add_char(b, ',');
}

static void write_rule(struct buf *b, const struct plain *p, size_t number)
{
    write_end(b, p, 0);
    write_end(b, p, 1);
    buf_printf(b, "%s,", p->proto >= 0 ? "tcp" : "*");
    if (p->start >= 0)
        buf_printf(b, "%d,%d", p->start, p->end);
    else
        buf_add_text(b, ",");
    buf_printf(b, ",%zu\n", number);
}

static struct lw_record random_record(struct rng *g)
{
    bool tcp = rng_below(g, 2) == 0;
    struct lw_record r = record_of(tcp ? LW_FLOW_TCP : LW_FLOW_UDP, 0, 0, 0);

    r.protocol = tcp ? 6 : 17;
    r.has_ports = rng_below(g, 8) != 0;
    for (unsigned i = 0; i < 2; i++) {
        memset(r.addr[i].bytes, 0, sizeof r.addr[i].bytes);
        r.addr[i].bytes[3] = (uint8_t)rng_below(g, 16);
        r.port[i] = (uint16_t)rng_below(g, 3);
    }
    /* In the middle of a second, where no rule begins or ends. */
    r.start_ns = (int64_t)rng_below(g, 45) * INT64_C(1000000000) + 500000000;
    return r;
}

static void assert_as_plain(struct lw_labels *l, const struct plain *rules, size_t n,
                            const struct lw_record *r)
{
    const char *have = lw_labels_find(l, r);
    size_t best = n;
    char want[24] = "";

    for (size_t i = 0; i < n; i++)
        if ((plain_fits(&rules[i], r, 0) || plain_fits(&rules[i], r, 1)) &&
            (best == n || plain_rank(&rules[i]) > plain_rank(&rules[best])))
            best = i;
    if (best < n)
        (void)snprintf(want, sizeof want, "%zu", best);
    assert_string_equal(have == NULL ? "" : have, want);
}

static void the_index_finds_what_a_list_finds(void **state)
{
    enum { ROUNDS = 60, RULES_MAX = 120, RECORDS = 400 };
    struct plain rules[RULES_MAX];
    struct rng g;
    struct buf text;

    (void)state;
    rng_init(&g, 20);
    buf_init(&text);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t n = 1 + rng_below(&g, RULES_MAX);
        struct lw_labels *l;

        buf_reset(&text);
        buf_add_text(&text, "src,sport,dst,dport,proto,start,end,label\n");
        for (size_t i = 0; i < n; i++) {
            rules[i] = random_rule(&g);
            write_rule(&text, &rules[i], i);
        }
        l = read_text(buf_text(&text));
        for (unsigned i = 0; i < RECORDS; i++) {
            struct lw_record r = random_record(&g);

            assert_as_plain(l, rules, n, &r);
        }
        lw_labels_free(l);
    }
    buf_release(&text);
}

/* 100,000 rules of one host, one a second: each look is a search, not a walk. */
static void many_rules_of_one_key_are_no_matter(void **state)
{
    enum { N = 100000 };
    struct lw_record r = web();
    struct lw_labels *l;
    struct buf text;

    (void)state;
    buf_init(&text);
    buf_add_text(&text, "src,start,end,label\n");
    for (unsigned i = 0; i < N; i++)
        buf_printf(&text, "10.0.0.1,%u,%u.5,%u\n", i, i, i);
    l = read_text(buf_text(&text));
    for (unsigned i = 0; i < N; i++) {
        char want[16];

        record_set_time(&r, i + 0.25, i + 1);
        (void)snprintf(want, sizeof want, "%u", i);
        assert_label(l, &r, want);
        record_set_time(&r, i + 0.75, i + 1);
        assert_label(l, &r, "(none)");
    }
    lw_labels_free(l);
    buf_release(&text);
}

/* ---- other people's files -------------------------------------------------------- */

static void argus_flows_are_rules(void **state)
{
    static const char text[] =
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,"
        "TotBytes,SrcBytes,Label\n"
        "1970/01/01 00:01:40.000000,30.5,tcp,10.0.0.1,40000,   ->,10.0.0.2,80,SF,0,0,1,"
        "1,1,flow=From-Botnet\n"
        "1970/01/01 00:01:40.000000,0.0,arp,10.0.0.1,,  who,10.0.0.2,,CON,,,1,1,1,arp\n"
        "1970/01/01 00:03:20.000000,1.0,icmp,10.0.0.1,0x0008,   "
        "->,10.0.0.2,0x70f3,ECO,0,,"
        "1,1,1,ping\n";
    struct lw_record r = web();

    (void)state;
    assert_text_says(text, &r, "flow=From-Botnet");
    r.start_ns += INT64_C(30500000999);
    assert_text_says(text, &r, "flow=From-Botnet");
    r.start_ns += 2000;
    assert_text_says(text, &r, "(none)");
    r = record_of(LW_FLOW_ICMP, 2, 1, 0);
    r.protocol = 1;
    record_set_time(&r, 200.5, 201);
    assert_text_says(text, &r, "ping");
}

static void zeek_logs_are_rules(void **state)
{
    static const char head[] = "#separator \\x09\n#set_separator\t,\n#path\tconn\n";
    static const char row[] = "100.0\tC1\t10.0.0.1\t40000\t10.0.0.2\t80\ttcp\t30.0\t-";
    struct lw_record r = web();
    char text[1024];

    (void)state;
    (void)snprintf(
        text, sizeof text,
        "%s#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
        "proto\tduration\ttunnel_parents\tlabel\n#types\ttime\n%s\tMalicious\n"
        "#close\t2020\n",
        head, row);
    assert_text_says(text, &r, "Malicious");
    /* As in IoT-23. */
    (void)snprintf(text, sizeof text,
                   "%s#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\t"
                   "proto\tduration\ttunnel_parents   label   detailed-label\r\n"
                   "%s   benign   -\r\n%s   Malicious   C&C\r\n",
                   head, row, row);
    assert_text_says(text, &r, "benign");
}

/* What we write is read: every record finds its own label. */
static void assert_own_format(const char *format)
{
    const struct lw_flowlog_config cfg = {.format = format, .label = "own, label"};
    struct lw_flowlog *log = NULL;
    struct lw_labels *l = NULL;
    struct lw_record r = web();
    const char *text;
    size_t n;

    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_OK);
    r.start_ns = INT64_C(1313488906972101999);
    r.end_ns = r.start_ns + 1;
    r.initiator = 1;
    lw_flowlog_header(log);
    lw_flowlog_record(log, &r);
    lw_flowlog_end(log);
    assert_int_equal(lw_flowlog_take(log, &text, &n, &err), LW_OK);
    if (lw_labels_read_memory(&l, text, n, format, &err) != LW_OK)
        fail_msg("%s", err.msg);
    assert_label(l, &r, "own, label");
    r.start_ns += 3000;
    assert_label(l, &r, "(none)");
    lw_labels_free(l);
    lw_flowlog_free(log);
}

static void our_own_files_are_rules(void **state)
{
    (void)state;
    assert_own_format("csv");
    assert_own_format("binetflow");
    assert_own_format("zeek");
}

static void a_flow_log_asks_the_labels(void **state)
{
    struct lw_labels *l = read_text("src,label\n10.0.0.1,A\n");
    const struct lw_flowlog_config cfg = {
        .format = "zeek", .label = "other", .labels = l, .no_header = true};
    struct lw_flowlog_config names = cfg;
    struct lw_flowlog *log = NULL;
    struct lw_record r = web();
    const char *text;
    size_t n;

    (void)state;
    names.fields = "proto,label";
    assert_int_equal(lw_flowlog_new(&log, &names, &err), LW_OK);
    lw_flowlog_record(log, &r);
    r = record_of(LW_FLOW_UDP, 3, 4, 53);
    lw_flowlog_record(log, &r);
    assert_int_equal(lw_flowlog_take(log, &text, &n, &err), LW_OK);
    assert_string_equal(text, "tcp\tA\nudp\tother\n");
    lw_flowlog_free(log);
    /* The column is there when there are labels. */
    assert_int_equal(lw_flowlog_new(&log, &cfg, &err), LW_OK);
    lw_flowlog_record(log, &r);
    assert_int_equal(lw_flowlog_take(log, &text, &n, &err), LW_OK);
    assert_string_equal(text + n - 7, "\tother\n");
    lw_flowlog_free(log);
    lw_labels_free(l);
}

/* ---- mistakes -------------------------------------------------------------------- */

static void assert_refused(const char *text, enum lw_status code, const char *message)
{
    struct lw_labels *l = NULL;

    assert_int_equal(lw_labels_read_memory(&l, text, strlen(text), "truth", &err),
                     code);
    assert_null(l);
    assert_string_equal(err.msg, message);
}

static void mistakes_have_a_place_and_a_remedy(void **state)
{
    static const char no_addr[] =
        "truth:2: column 1 (src): '10.0.0.256' is not an address, a network such as "
        "10.0.0.0/8, or any";

    (void)state;
    assert_refused("", LW_EFORMAT, "truth: no labels in it");
    assert_refused("src,dst\n", LW_EFORMAT,
                   "truth:1: the header has no column 'label' (or 'class'); is this a "
                   "file of labels?");
    assert_refused(
        "label,tool\nA,nmap\n", LW_EFORMAT,
        "truth:1: the header has none of the columns start, end, src, sport, "
        "dst, dport, proto; what do the labels belong to?");
    assert_refused("src,label\n10.0.0.1,\n", LW_EFORMAT, "truth: no row has a label");
    assert_refused("src,label\n10.0.0.256,A\n", LW_EFORMAT, no_addr);
    assert_refused(
        "src,label\n10.0.0.0/33,A\n", LW_EFORMAT,
        "truth:2: column 1 (src): '10.0.0.0/33' is not an address, a network "
        "such as 10.0.0.0/8, or any");
    assert_refused(
        "src,dst,label\n10.0.0.1,::1,A\n", LW_EFORMAT,
        "truth:2: column 2 (dst): '::1' is not an address, a network such as "
        "10.0.0.0/8, or any; of the source's family");
    assert_refused(
        "label,Dport\nA,80\nA,http\n", LW_EFORMAT,
        "truth:3: column 2 (Dport): 'http' is not a port from 0 to 65535, or "
        "any");
    assert_refused(
        "sport,label\n65536,A\n", LW_EFORMAT,
        "truth:2: column 1 (sport): '65536' is not a port from 0 to 65535, or "
        "any");
    assert_refused(
        "proto,label\ntpc,A\n", LW_EFORMAT,
        "truth:2: column 1 (proto): 'tpc' is not a protocol such as tcp, its "
        "number, or any");
    assert_refused("start,label\nyesterday,A\n", LW_EFORMAT,
                   "truth:2: column 1 (start): 'yesterday' is not a time such as "
                   "1577934245.25 or 2020-01-02 03:04:05");
    assert_refused("start,end,label\n20,10,A\n", LW_EFORMAT,
                   "truth:2: column 2 (end): '10' is not a time, not before the start");
    assert_refused("ts,duration,label\n20,-1,A\n", LW_EFORMAT,
                   "truth:2: column 2 (duration): '-1' is not seconds");
    assert_refused(
        "src,label\n10.0.0.1,A,B\n", LW_EFORMAT,
        "truth:2: 3 fields, but the header names 2; quote a field that has a "
        "comma in it");
    assert_refused("src,label\n10.0.0.1,\"A\"B\n", LW_EFORMAT,
                   "truth:2: column 2: quotes that do not enclose the field; double "
                   "quotes inside of it");
    assert_refused(
        "src,label\n10.0.0.1,A\x01\n", LW_EFORMAT,
        "truth:2: column 2 (label): 'A?' is not a label of at most 255 bytes, "
        "without control characters");
    assert_refused("#separator |\n", LW_EUNSUPPORTED,
                   "truth:1: a Zeek log that is not separated by tabs");
    assert_refused("#separator \\x09\n1\t2\n", LW_EFORMAT,
                   "truth:2: a row before the #fields line");
    assert_refused("#separator \\x09\n#fields\n", LW_EFORMAT,
                   "truth:2: #fields without fields");
}

static void kinds_of_rules_are_bounded(void **state)
{
    struct lw_labels *l = NULL;
    struct buf text;

    (void)state;
    buf_init(&text);
    buf_add_text(&text, "src,dst,label\n");
    for (unsigned i = 0; i <= LW_LABELS_SHAPES_MAX; i++)
        buf_printf(&text, "10.0.0.0/%u,10.0.0.0/%u,A\n", 1 + i % 32, 1 + i / 32);
    assert_int_equal(
        lw_labels_read_memory(&l, buf_text(&text), text.len, "truth", &err), LW_ELIMIT);
    assert_string_equal(err.msg,
                        "truth:258: over 256 kinds of rules (prefix lengths and "
                        "what is given); use fewer prefix lengths");
    buf_release(&text);
}

static void every_failing_allocation_is_told(void **state)
{
    static const char text[] =
        "src,start,end,label\n10.0.0.1,1,3,\"A\"\n10.0.0.1,2,4,B\n"
        "10.0.0.0/24,,,C\n";
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (uint64_t at = 1; st != LW_OK; at++) {
        struct lw_labels *l = NULL;

        mem_fail_at(at, 0);
        st = lw_labels_read_memory(&l, text, strlen(text), "truth", &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || (st == LW_ENOMEM && l == NULL));
        lw_labels_free(l);
    }
}

static void the_bundled_ground_truth_is_read(void **state)
{
    struct lw_labels *l = NULL;
    struct lw_labels_stats s;

    (void)state;
    if (lw_labels_read(&l, test_source_path("examples/office.truth.csv"), &err) !=
        LW_OK)
        fail_msg("%s", err.msg);
    lw_labels_get_stats(l, &s);
    assert_int_equal(s.rules, 40);
    lw_labels_free(l);
    assert_int_equal(lw_labels_read(&l, "/nowhere/truth.csv", &err), LW_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_column_may_be_missing_or_open),
        cmocka_unit_test(either_direction_fits),
        cmocka_unit_test(networks_fit_by_prefix),
        cmocka_unit_test(times_hold_to_the_microsecond),
        cmocka_unit_test(protocols_have_many_names),
        cmocka_unit_test(what_is_not_ip_fits_too),
        cmocka_unit_test(the_most_specific_rule_wins),
        cmocka_unit_test(of_equals_the_first_wins_at_each_time),
        cmocka_unit_test(the_index_finds_what_a_list_finds),
        cmocka_unit_test(many_rules_of_one_key_are_no_matter),
        cmocka_unit_test(argus_flows_are_rules),
        cmocka_unit_test(zeek_logs_are_rules),
        cmocka_unit_test(our_own_files_are_rules),
        cmocka_unit_test(a_flow_log_asks_the_labels),
        cmocka_unit_test(mistakes_have_a_place_and_a_remedy),
        cmocka_unit_test(kinds_of_rules_are_bounded),
        cmocka_unit_test(every_failing_allocation_is_told),
        cmocka_unit_test(the_bundled_ground_truth_is_read),
    };

    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
