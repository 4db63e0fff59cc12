/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/timefmt.h"
#include "frame.h"
#include "metered.h"
#include "test.h"

#include <lapwing/flow.h>

#include <stdio.h>
#include <string.h>

#define HANDSHAKE                                                                      \
    "0.0 tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=100\n"                                 \
    "0.1 tcp 10.0.0.2:80 > 10.0.0.1:40000 SA seq=500 ack=101\n"                        \
    "0.2 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=101 ack=501\n"
#define REQUEST                                                                        \
    "0.3 tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=101 ack=501 len=5\n"                  \
    "0.4 tcp 10.0.0.2:80 > 10.0.0.1:40000 PA seq=501 ack=106 len=7\n"
#define CLOSE                                                                          \
    "0.5 tcp 10.0.0.1:40000 > 10.0.0.2:80 FA seq=106 ack=508\n"                        \
    "0.6 tcp 10.0.0.2:80 > 10.0.0.1:40000 FA seq=508 ack=107\n"                        \
    "0.7 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=107 ack=509\n"

static void whole_connection_is_one_record(void **state)
{
    struct metered m;
    const struct lw_record *r = &m.recs[0];

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, HANDSHAKE REQUEST CLOSE);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_string_equal(metered_line(&m, 0),
                        "tcp,10.0.0.1,40000,   ->,10.0.0.2,80,FSPA_FSPA,0,0,8,444,275");
    assert_int_equal(r->flow_id, 1);
    assert_int_equal(r->conn, LW_CONN_SF);
    assert_int_equal(r->end_reason, LW_END_CLOSED);
    assert_int_equal(r->start_ns, 0);
    assert_int_equal(r->end_ns, 700000000);
    assert_int_equal(r->side[0].packets, 5);
    assert_int_equal(r->side[1].packets, 3);
    assert_int_equal(r->side[0].payload_bytes, 5);
    assert_int_equal(r->side[1].payload_bytes, 7);
    assert_int_equal(r->side[1].ip_bytes, 3 * 40 + 7);
    assert_int_equal(r->side[1].first_ns, 100000000);
    assert_int_equal(r->side[1].last_ns, 600000000);
    assert_int_equal(r->side[0].ttl, 64);
    metered_release(&m);
}

/* Packets, Argus' line of the only record, Zeek's state. */
struct conversation {
    const char *lines;
    const char *expected;
    enum lw_conn conn;
};

static void check_conversations(const struct conversation *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct metered m;

        metered_init(&m, NULL);
        metered_run(&m, c[i].lines);
        metered_flush(&m);
        assert_int_equal(m.n_recs, 1);
        assert_string_equal(metered_line(&m, 0), c[i].expected);
        assert_string_equal(lw_conn_name(m.recs[0].conn), lw_conn_name(c[i].conn));
        metered_release(&m);
    }
}

#define C_S   "0.0 tcp 10.0.0.1:1000 > 10.0.0.2:80 S seq=1\n"
#define S_SA  "0.1 tcp 10.0.0.2:80 > 10.0.0.1:1000 SA seq=9 ack=2\n"
#define C_A   "0.2 tcp 10.0.0.1:1000 > 10.0.0.2:80 A seq=2 ack=10\n"
#define C_F   "0.3 tcp 10.0.0.1:1000 > 10.0.0.2:80 FA seq=2 ack=10\n"
#define S_F   "0.4 tcp 10.0.0.2:80 > 10.0.0.1:1000 FA seq=10 ack=2\n"
#define C_R   "0.5 tcp 10.0.0.1:1000 > 10.0.0.2:80 R seq=2\n"
#define S_R   "0.5 tcp 10.0.0.2:80 > 10.0.0.1:1000 RA seq=10 ack=2\n"
#define S_A   "0.6 tcp 10.0.0.2:80 > 10.0.0.1:1000 A seq=10 ack=2\n"
#define ENDS  "10.0.0.2,80,"
#define KNOWN "tcp,10.0.0.1,1000,   ->,10.0.0.2,80,"

/* Directions and flags as Argus 3.0.8.2 printed them for the same packets. */
static void tcp_states_and_directions(void **state)
{
    static const struct conversation cases[] = {
        {C_S, KNOWN "S_,0,,1,54,54", LW_CONN_S0},
        {C_S S_SA, KNOWN "S_SA,0,0,2,108,54", LW_CONN_S1},
        {C_S S_SA C_A, KNOWN "SA_SA,0,0,3,162,108", LW_CONN_S1},
        {C_S S_SA C_A C_F, KNOWN "FSA_SA,0,0,4,216,162", LW_CONN_S2},
        {C_S S_SA C_A S_F, KNOWN "SA_FSA,0,0,4,216,108", LW_CONN_S3},
        {C_S S_SA C_A C_F S_F, KNOWN "FSA_FSA,0,0,5,270,162", LW_CONN_SF},
        {C_S S_R, KNOWN "S_RA,0,0,2,108,54", LW_CONN_REJ},
        {C_S S_SA C_A S_R, KNOWN "SA_SRA,0,0,4,216,108", LW_CONN_RSTR},
        {C_S S_SA C_A C_R, KNOWN "SRA_SA,0,0,4,216,162", LW_CONN_RSTO},
        {C_S C_R, KNOWN "SR_,0,,2,108,108", LW_CONN_RSTOS0},
        {C_S C_F, KNOWN "FSA_,0,,2,108,108", LW_CONN_SH},
        {S_SA S_R, KNOWN "_SRA,,0,2,108,0", LW_CONN_RSTRH},
        {S_SA S_F, KNOWN "_FSA,,0,2,108,0", LW_CONN_SHR},
        {S_SA C_A, KNOWN "A_SA,0,0,2,108,54", LW_CONN_S1},
        /* The start was not seen: who was heard first, but for services. */
        {"0 tcp 10.0.0.1:1720 > 10.0.0.2:50551 RA",
         "tcp,10.0.0.1,1720,   ?>,10.0.0.2,50551,RA_,0,,1,54,54", LW_CONN_OTH},
        {"0 tcp 10.0.0.1:6000 > 10.0.0.2:50551 A",
         "tcp,10.0.0.2,50551,  <?,10.0.0.1,6000,_A,,0,1,54,0", LW_CONN_OTH},
        {"0 tcp 10.0.0.1:6000 > 10.0.0.2:80 A",
         "tcp,10.0.0.1,6000,   ?>,10.0.0.2,80,A_,0,,1,54,54", LW_CONN_OTH},
        {"0 tcp 10.0.0.1:1023 > 10.0.0.2:1024 A",
         "tcp,10.0.0.2,1024,  <?,10.0.0.1,1023,_A,,0,1,54,0", LW_CONN_OTH},
        {C_A, "tcp,10.0.0.1,1000,   ?>,10.0.0.2,80,A_,0,,1,54,54", LW_CONN_OTH},
        {S_A, "tcp,10.0.0.1,1000,  <?,10.0.0.2,80,_A,,0,1,54,0", LW_CONN_OTH},
        {S_A C_A, "tcp,10.0.0.1,1000,  <?>,10.0.0.2,80,A_A,0,0,2,108,54", LW_CONN_OTH},
        {"0 tcp 10.0.0.2:500 > 10.0.0.1:500 A",
         "tcp,10.0.0.2,500,   ?>,10.0.0.1,500,A_,0,,1,54,54", LW_CONN_OTH},
        /* A SYN with anything else is no start. */
        {"0 tcp 10.0.0.1:1000 > 10.0.0.2:80 SF",
         "tcp,10.0.0.1,1000,   ?>,10.0.0.2,80,FS_,0,,1,54,54", LW_CONN_SH},
        {"0 tcp 10.0.0.1:1000 > 10.0.0.2:80 FPU",
         "tcp,10.0.0.1,1000,   ?>,10.0.0.2,80,FPU_,0,,1,54,54", LW_CONN_SH},
        {"0 tcp 10.0.0.1:1000 > 10.0.0.2:80 SEC\n"
         "0.1 tcp 10.0.0.2:80 > 10.0.0.1:1000 SAE",
         KNOWN "SEC_SAE,0,0,2,108,54", LW_CONN_S1},
    };

    (void)state;
    check_conversations(cases, sizeof cases / sizeof cases[0]);
}

static void datagrams_have_argus_words(void **state)
{
    static const struct conversation cases[] = {
        {"0 udp 10.0.0.1:1000 > 10.0.0.2:53 len=4",
         "udp,10.0.0.1,1000,   ->,10.0.0.2,53,INT,0,,1,46,46", LW_CONN_NONE},
        {"0 udp 10.0.0.1:1000 > 10.0.0.2:53 len=4 tos=8\n"
         "1 udp 10.0.0.2:53 > 10.0.0.1:1000 len=8",
         "udp,10.0.0.1,1000,  <->,10.0.0.2,53,CON,8,0,2,96,46", LW_CONN_NONE},
        /* The ToS of the last packet. */
        {"0 udp 10.0.0.1:1000 > 10.0.0.2:53 tos=8\n"
         "1 udp 10.0.0.1:1000 > 10.0.0.2:53 tos=9",
         "udp,10.0.0.1,1000,   ->,10.0.0.2,53,INT,9,,2,84,84", LW_CONN_NONE},
        {"0 udp [::1]:1 > [::2]:2 len=4", "udp,::1,1,   ->,::2,2,INT,0,,1,66,66",
         LW_CONN_NONE},
        {"0 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 icmpseq=1\n"
         "1 icmp 10.0.0.2 > 10.0.0.1 type=0 id=1 icmpseq=1",
         "icmp,10.0.0.1,0x0008,  <->,10.0.0.2,0x0100,ECO,0,0,2,84,42", LW_CONN_NONE},
        {"0 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1",
         "icmp,10.0.0.1,0x0008,   ->,10.0.0.2,0x0100,ECO,0,,1,42,42", LW_CONN_NONE},
        {"0 icmp 10.0.0.2 > 10.0.0.1 type=0 id=1",
         "icmp,10.0.0.1,0x0000,  <-,10.0.0.2,0x0100,ECR,,0,1,42,0", LW_CONN_NONE},
        {"0 icmp 10.0.0.2 > 10.0.0.1 type=3 code=10",
         "icmp,10.0.0.2,0x0a03,   ->,10.0.0.1,0x0000,URHPRO,0,,1,42,42", LW_CONN_NONE},
        {"0 icmp6 fe80::1 > fe80::2 type=128 id=1\n"
         "1 icmp6 fe80::2 > fe80::1 type=129 id=1",
         "ipv6-icmp,fe80::1,128,  <->,fe80::2,0,ECO,0,0,2,124,62", LW_CONN_NONE},
        {"0 icmp6 fe80::1 > fe80::2 type=1 code=4",
         "ipv6-icmp,fe80::1,1,   ->,fe80::2,4,URP,0,,1,62,62", LW_CONN_NONE},
        {"0 arp 10.0.0.1 > 10.0.0.2\n1 arp 10.0.0.2 > 10.0.0.1 op=2",
         "arp,10.0.0.1,,  who,10.0.0.2,,CON,,,2,84,42", LW_CONN_NONE},
        {"0 arp 10.0.0.1 > 10.0.0.2", "arp,10.0.0.1,,  who,10.0.0.2,,INT,,,1,42,42",
         LW_CONN_NONE},
        {"0 arp 10.0.0.2 > 10.0.0.1 op=2", "arp,10.0.0.1,,  who,10.0.0.2,,RSP,,,1,42,0",
         LW_CONN_NONE},
        {"0 igmp 10.0.0.1 > 224.0.0.1 type=17 len=0",
         "igmp,10.0.0.1,,   ->,224.0.0.1,,INT,0,,1,42,42", LW_CONN_NONE},
        {"0 sctp 10.0.0.1:1000 > 10.0.0.2:2000 len=20\n"
         "1 sctp 10.0.0.2:2000 > 10.0.0.1:1000 len=20",
         "sctp,10.0.0.1,,  <->,10.0.0.2,,CON,0,0,2,132,66", LW_CONN_NONE},
        {"0 gre 10.0.0.1 > 10.0.0.2 len=20",
         "gre,10.0.0.1,,   ->,10.0.0.2,,INT,0,,1,58,58", LW_CONN_NONE},
        {"0 ip 10.0.0.1 > 10.0.0.2 proto=103 len=20",
         "pim,10.0.0.1,,   ->,10.0.0.2,,INT,0,,1,54,54", LW_CONN_NONE},
        {"0 esp 10.0.0.1 > 10.0.0.2 spi=4660 len=20",
         "esp,10.0.0.1,,   ->,10.0.0.2,0x00001234,INT,0,,1,62,62", LW_CONN_NONE},
        {"0 ether ethertype=0x88cc len=50",
         "lldp,02:00:00:00:00:01,0,   ->,02:00:00:00:00:02,0,INT,,,1,64,64",
         LW_CONN_NONE},
    };

    (void)state;
    check_conversations(cases, sizeof cases / sizeof cases[0]);
}

/* What looks alike but is not the same flow. */
static void flows_that_are_kept_apart(void **state)
{
    static const char *const pairs[] = {
        "0 udp 10.0.0.1:1 > 10.0.0.2:2\n0 udp 10.0.0.1:1 > 10.0.0.2:3",
        "0 udp 10.0.0.1:1 > 10.0.0.2:2\n0 tcp 10.0.0.1:1 > 10.0.0.2:2 S",
        "0 udp 10.0.0.1:1 > 10.0.0.2:2\n0 udp 10.0.0.2:1 > 10.0.0.1:2",
        /* The same bytes, as IPv4 and as IPv6 address. */
        "0 udp 10.0.0.1:1 > 11.0.0.2:2\n0 udp [a00:1::]:1 > [b00:2::]:2",
        "0 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1\n0 icmp 10.0.0.1 > 10.0.0.2 type=8 "
        "id=2",
        "0 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1\n"
        "0 icmp 10.0.0.1 > 10.0.0.2 type=8 id=1 icmpseq=1",
        "0 icmp 10.0.0.1 > 10.0.0.2 type=3 code=1\n"
        "0 icmp 10.0.0.1 > 10.0.0.2 type=3 code=3",
        "0 icmp 10.0.0.1 > 10.0.0.2 type=3 code=1\n"
        "0 icmp 10.0.0.2 > 10.0.0.1 type=3 code=1",
        "0 icmp 10.0.0.1 > 10.0.0.2 type=13\n0 icmp 10.0.0.1 > 10.0.0.2 type=8",
        "0 arp 10.0.0.1 > 10.0.0.2\n0 arp 10.0.0.2 > 10.0.0.1",
        "0 esp 10.0.0.1 > 10.0.0.2 spi=1\n0 esp 10.0.0.2 > 10.0.0.1 spi=1",
        "0 esp 10.0.0.1 > 10.0.0.2 spi=1\n0 esp 10.0.0.1 > 10.0.0.2 spi=65537",
        "0 igmp 10.0.0.1 > 224.0.0.1 type=17\n0 igmp 10.0.0.1 > 224.0.0.1 type=22",
        "0 ether ethertype=0x88cc\n"
        "0 ether ethertype=0x88b5",
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct metered m;

        metered_init(&m, NULL);
        metered_run(&m, pairs[i]);
        assert_int_equal(m.last_id, 2);
        metered_flush(&m);
        assert_int_equal(m.n_recs, 2);
        metered_release(&m);
    }
}

/* A name lookup: id, flags in network order, then the rest of the header. */
static uint64_t add_lookup(struct metered *m, const char *text, uint8_t id,
                           uint8_t flags)
{
    static struct frame f;
    const struct lw_packet *pkt = frame_at(&f, 0, text);

    f.bytes[14 + 20 + 8 + 1] = id;
    f.bytes[14 + 20 + 8 + 2] = flags;
    return lw_meter_add(m->meter, pkt, NULL, NULL);
}

static void name_lookups_are_flows_of_their_own(void **state)
{
    static const char ask[] = "udp 10.0.0.1:1000 > 10.0.0.2:53 len=12";
    static const char answer[] = "udp 10.0.0.2:53 > 10.0.0.1:1000 len=12";
    enum { QUERY = 0x01, RESPONSE = 0x81, NO_OPCODE = 0x78 };
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    assert_int_equal(add_lookup(&m, ask, 1, QUERY), 1);
    assert_int_equal(add_lookup(&m, ask, 2, QUERY), 2);
    assert_int_equal(add_lookup(&m, answer, 2, RESPONSE), 2);
    assert_int_equal(add_lookup(&m, answer, 1, RESPONSE), 1);
    /* Something else that uses the port is one flow; so is another port. */
    assert_int_equal(add_lookup(&m, ask, 3, NO_OPCODE), 3);
    assert_int_equal(add_lookup(&m, ask, 4, NO_OPCODE), 3);
    assert_int_equal(add_lookup(&m, "udp 10.0.0.1:1000 > 10.0.0.2:53 len=11", 5, 0), 3);
    assert_int_equal(add_lookup(&m, "udp 10.0.0.1:1000 > 10.0.0.2:54 len=12", 6, 0), 4);
    assert_int_equal(add_lookup(&m, "udp 10.0.0.1:1000 > 10.0.0.2:54 len=12", 7, 0), 4);
    metered_flush(&m);
    metered_release(&m);
}

static void port_that_unreachable_quotes(void **state)
{
    struct metered m;
    /* 0xa00f is 4000, byte-swapped; it is quoted in bytes 0x0fa0 at the end of the
     * headers that the message carries. */
    struct frame f;
    const struct lw_packet *pkt;

    (void)state;
    metered_init(&m, NULL);
    pkt = frame_at(&f, 0, "icmp 10.0.0.1 > 10.0.0.2 type=3 code=3 len=28");
    f.bytes[14 + 20 + 8] = 0x45;
    f.bytes[14 + 20 + 8 + 9] = 17;
    f.bytes[14 + 20 + 8 + 22] = 0x0f;
    f.bytes[14 + 20 + 8 + 23] = 0xa0;
    assert_int_equal(lw_meter_add(m.meter, pkt, NULL, NULL), 1);
    metered_flush(&m);
    assert_string_equal(metered_line(&m, 0),
                        "icmp,10.0.0.1,0x0303,   ->,10.0.0.2,0xa00f,URP,0,,1,70,70");
    metered_release(&m);
}

static void silence_ends_a_flow(void **state)
{
    static const struct {
        const char *first;
        double over_s;
        const char *reason;
    } cases[] = {
        {"0 udp 10.0.0.1:1 > 10.0.0.2:2\n", 30, "idle"},
        {"0 tcp 10.0.0.1:1 > 10.0.0.2:2 S\n", 60, "idle"},
        {"0 tcp 10.0.0.1:1 > 10.0.0.2:2 R\n", 5, "closed"},
        {"0 icmp 10.0.0.1 > 10.0.0.2 type=8\n", 5, "idle"},
        {"0 arp 10.0.0.1 > 10.0.0.2\n", 5, "idle"},
        {"0 gre 10.0.0.1 > 10.0.0.2\n", 30, "idle"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct metered m;
        char line[64];

        metered_init(&m, NULL);
        metered_run(&m, cases[i].first);
        (void)snprintf(line, sizeof line, "%g", cases[i].over_s * 0.99);
        metered_run(&m, line);
        assert_int_equal(m.n_recs, 0);
        (void)snprintf(line, sizeof line, "%g", cases[i].over_s * 1.02);
        metered_run(&m, line);
        assert_int_equal(m.n_recs, 1);
        assert_string_equal(lw_end_reason_name(m.recs[0].end_reason), cases[i].reason);
        assert_int_equal(m.recs[0].end_ns, 0);
        metered_release(&m);
    }
}

/* Whether the wheel has come round or not, a packet after the timeout is a new flow. */
static void timeout_is_exact_for_a_packet(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n30 udp 10.0.0.1:1 > 10.0.0.2:2");
    assert_int_equal(m.last_id, 1);
    metered_run(&m, "60.001 udp 10.0.0.1:1 > 10.0.0.2:2");
    assert_int_equal(m.last_id, 2);
    assert_int_equal(m.recs[0].side[0].packets, 2);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    metered_release(&m);
}

static void busy_flow_outlives_many_timeouts(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    for (int t = 0; t < 3000; t += 7) {
        char lines[128];

        (void)snprintf(
            lines, sizeof lines,
            "%d udp 10.0.0.1:1 > 10.0.0.2:2\n%d icmp 10.0.0.3 > 10.0.0.4 type=8", t, t);
        metered_run(&m, lines);
    }
    metered_flush(&m);
    /* One UDP flow; every echo request was over before the next. */
    assert_int_equal(m.n_recs, 1 + 3000 / 7 + 1);
    metered_release(&m);
}

static void take_record(void *ctx, const struct lw_record *rec)
{
    struct metered *m = ctx;

    m->recs[m->n_recs++ % METERED_MAX] = *rec;
    m->n_packets += rec->side[0].packets + rec->side[1].packets;
}

static void time_may_jump_by_years(void **state)
{
    static struct frame f;
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "0 tcp 10.0.0.1:1 > 10.0.0.2:2 S\n"
                    "100000000 udp 10.0.0.1:1 > 10.0.0.2:2\n");
    assert_int_equal(m.n_recs, 2);
    (void)lw_meter_add(m.meter, frame_ns(&f, INT64_MAX, "udp 10.0.0.1:1 > 10.0.0.2:2"),
                       take_record, &m);
    assert_int_equal(m.n_recs, 3);
    (void)lw_meter_add(m.meter, frame_ns(&f, INT64_MIN, "udp 10.0.0.1:1 > 10.0.0.2:2"),
                       take_record, &m);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 4);
    metered_release(&m);
}

static void status_record_and_what_follows(void **state)
{
    const struct lw_meter_config cfg = {.status_interval_ns = 10 * NS_PER_S};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, HANDSHAKE "9 tcp 10.0.0.2:80 > 10.0.0.1:40000 PA seq=501 len=7\n"
                              "11 tcp 10.0.0.2:80 > 10.0.0.1:40000 PA seq=508 len=7\n"
                              "12 tcp 10.0.0.2:80 > 10.0.0.1:40000 A seq=515\n");
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].end_reason, LW_END_STATUS);
    assert_int_equal(m.recs[0].end_ns, 9 * NS_PER_S);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_int_equal(m.recs[1].flow_id, m.recs[0].flow_id);
    assert_int_equal(m.recs[1].start_ns, 11 * NS_PER_S);
    /* Nobody asks twice who began; the ToS of before is still known. */
    assert_string_equal(metered_line(&m, 1),
                        "tcp,10.0.0.1,40000,   ->,10.0.0.2,80,_PA,0,0,2,115,0");
    assert_int_equal(m.recs[1].conn, LW_CONN_S1);
    metered_release(&m);
}

static void later_records_of_datagrams(void **state)
{
    const struct lw_meter_config cfg = {.status_interval_ns = NS_PER_S};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "2 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "4 udp 10.0.0.2:2 > 10.0.0.1:1\n"
                    "6 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "6.1 udp 10.0.0.2:2 > 10.0.0.1:1\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 4);
    assert_string_equal(m.recs[0].state, "INT");
    assert_string_equal(m.recs[1].state, "REQ");
    assert_string_equal(metered_line(&m, 2),
                        "udp,10.0.0.1,1,  <-,10.0.0.2,2,RSP,0,0,1,42,0");
    assert_string_equal(m.recs[3].state, "CON");
    metered_release(&m);
}

static void closed_ports_open_anew(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, HANDSHAKE REQUEST CLOSE
                "1 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=107 ack=509\n");
    assert_int_equal(m.last_id, 1);
    metered_run(&m, "2 tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=9000\n");
    assert_int_equal(m.last_id, 2);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].end_reason, LW_END_CLOSED);
    metered_flush(&m);
    assert_int_equal(m.recs[1].conn, LW_CONN_S0);
    metered_release(&m);
}

static void open_connection_ignores_a_syn(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, HANDSHAKE "2 tcp 10.0.0.1:40000 > 10.0.0.2:80 S seq=9000\n");
    assert_int_equal(m.last_id, 1);
    metered_flush(&m);
    assert_int_equal(m.recs[0].conn, LW_CONN_S1);
    metered_release(&m);
}

static void counts_what_detectors_ask_for(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, HANDSHAKE "1 tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=101 len=10\n"
                              "2 tcp 10.0.0.1:40000 > 10.0.0.2:80 PAU seq=101 len=10\n"
                              "3 tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=106 len=10\n"
                              "4 tcp 10.0.0.1:40000 > 10.0.0.2:80 PA seq=90 len=10\n"
                              "5 tcp 10.0.0.1:40000 > 10.0.0.2:80 A seq=116\n");
    metered_flush(&m);
    assert_int_equal(m.recs[0].side[0].retransmitted, 2);
    assert_int_equal(m.recs[0].side[0].urgent, 1);
    assert_int_equal(m.recs[0].side[1].retransmitted, 0);
    assert_int_equal(m.recs[0].side[1].urgent, 0);
    metered_release(&m);
}

static void sequence_numbers_wrap(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 tcp 10.0.0.1:1 > 10.0.0.2:2 A seq=4294967290 len=10\n"
                    "0 tcp 10.0.0.1:1 > 10.0.0.2:2 A seq=4 len=10\n"
                    "0 tcp 10.0.0.1:1 > 10.0.0.2:2 A seq=4294967290 len=10\n");
    metered_flush(&m);
    assert_int_equal(m.recs[0].side[0].retransmitted, 1);
    metered_release(&m);
}

static void fragments_join_their_flow(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 udp 10.0.0.1:1000 > 10.0.0.2:53 ipid=7 mf len=792 udplen=2008\n"
                    "0.1 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=7 mf frag=800 len=800\n"
                    "0.2 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=7 frag=1600 len=400\n");
    assert_int_equal(m.last_id, 1);
    metered_flush(&m);
    assert_string_equal(metered_line(&m, 0),
                        "udp,10.0.0.1,1000,   ->,10.0.0.2,53,INT,0,,3,2102,2102");
    metered_release(&m);
}

static void fragments_without_a_first_one(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=7 frag=1600 len=400\n"
                    "0 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=8 frag=1600 len=400\n"
                    /* Another datagram's first fragment changes nothing. */
                    "1 udp 10.0.0.1:1000 > 10.0.0.2:53 ipid=7 mf len=792\n"
                    "1 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=9 frag=1600 len=400\n"
                    "1 ip 10.0.0.2 > 10.0.0.1 proto=17 ipid=7 frag=1600 len=400\n");
    assert_int_equal(m.last_id, 1);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    metered_release(&m);
}

static void fragment_of_a_flow_that_is_gone(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 icmp 10.0.0.1 > 10.0.0.2 type=8 ipid=7 mf len=792\n"
                    "20 udp 10.0.0.3:1 > 10.0.0.4:2\n"
                    "21 ip 10.0.0.1 > 10.0.0.2 proto=1 ipid=7 frag=800 len=400\n");
    assert_int_equal(m.last_id, 3);
    metered_flush(&m);
    metered_release(&m);
}

static void bad_fragments_are_counted_by_side(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 icmp 10.0.0.1 > 10.0.0.2 type=8 ipid=7 mf len=792\n"
                    "0 ip 10.0.0.1 > 10.0.0.2 proto=1 ipid=7 mf frag=800 len=9\n"
                    "0 ip 10.0.0.1 > 10.0.0.2 proto=1 ipid=7 frag=65528 len=800\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].side[0].bad_fragments, 2);
    assert_int_equal(m.recs[0].side[1].bad_fragments, 0);
    metered_release(&m);
}

static void packets_out_of_order_widen_the_record(void **state)
{
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "10 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "5 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "4 udp 10.0.0.2:2 > 10.0.0.1:1\n"
                    "12 udp 10.0.0.1:1 > 10.0.0.2:2\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].start_ns, 4 * NS_PER_S);
    assert_int_equal(m.recs[0].end_ns, 12 * NS_PER_S);
    assert_int_equal(m.recs[0].side[0].first_ns, 5 * NS_PER_S);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.out_of_order, 2);
    metered_release(&m);
}

static void watermark_bounds_what_comes(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "100 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "105 udp 10.0.0.1:3 > 10.0.0.2:4\n");
    assert_true(lw_meter_watermark_ns(m.meter) <= 100 * NS_PER_S);
    assert_true(lw_meter_watermark_ns(m.meter) >= 99 * NS_PER_S);
    /* A flow that is heard again holds nothing back. */
    metered_run(&m, "110 udp 10.0.0.1:1 > 10.0.0.2:2\n111\n");
    assert_true(lw_meter_watermark_ns(m.meter) <= 105 * NS_PER_S);
    assert_true(lw_meter_watermark_ns(m.meter) >= 104 * NS_PER_S);
    /* None active: the present. */
    metered_run(&m, "200\n");
    assert_int_equal(m.n_recs, 2);
    assert_int_equal(lw_meter_watermark_ns(m.meter), 200 * NS_PER_S);
    metered_release(&m);
}

static void watermark_is_kept(void **state)
{
    struct metered m;
    int64_t promised = INT64_MIN;
    size_t seen = 0;

    (void)state;
    metered_init(&m, NULL);
    for (unsigned t = 0; t < 2000; t++) {
        char line[80];

        /* A mix of kinds and of ports that come back at different intervals. */
        (void)snprintf(line, sizeof line, "%g %s 10.0.0.1:%u > 10.0.0.2:80%s", t * 0.25,
                       t % 3 == 0 ? "udp" : "tcp", 1000 + t * t % (7 + t / 40),
                       t % 3 == 0   ? ""
                       : t % 7 == 1 ? " R"
                                    : " A");
        metered_run(&m, line);
        for (; seen < m.n_recs; seen++)
            assert_true(m.recs[seen % METERED_MAX].end_ns >= promised);
        if (m.n_recs >= METERED_MAX)
            break;
        promised = lw_meter_watermark_ns(m.meter);
    }
    assert_true(seen > 20);
    metered_release(&m);
}

static void flush_goes_by_last_packets(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "1 udp 10.0.0.1:3 > 10.0.0.2:4\n"
                    "2 tcp 10.0.0.1:5 > 10.0.0.2:6 S\n"
                    "3 udp 10.0.0.1:1 > 10.0.0.2:2\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 3);
    assert_int_equal(m.recs[0].flow_id, 2);
    assert_int_equal(m.recs[1].flow_id, 3);
    assert_int_equal(m.recs[2].flow_id, 1);
    assert_int_equal(m.recs[2].end_reason, LW_END_FLUSH);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 3);
    metered_release(&m);
}

static void damaged_packets_are_counted(void **state)
{
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "0 udp 10.0.0.1:1 > 10.0.0.2:2 cap=20\n"
                    "0 tcp 10.0.0.1:1 > 10.0.0.2:2 A doff=2\n"
                    "1\n");
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.seen, 3);
    assert_int_equal(s.decoded, 1);
    assert_int_equal(s.truncated, 1);
    assert_int_equal(s.malformed, 1);
    assert_int_equal(s.in_flows, 1);
    assert_int_equal(s.active, 1);
    assert_int_equal(s.active_max, 1);
    assert_int_equal(s.flows_created, 1);
    metered_flush(&m);
    metered_release(&m);
}

static void unanswered_flows_are_evicted_first(void **state)
{
    const struct lw_meter_config cfg = {.max_flows = 3};
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n" /* answered */
                    "0 udp 10.0.0.2:2 > 10.0.0.1:1\n"
                    "1 udp 10.0.0.1:3 > 10.0.0.2:4\n"
                    "2 udp 10.0.0.1:5 > 10.0.0.2:6\n"
                    "3 udp 10.0.0.1:7 > 10.0.0.2:8\n"); /* evicts :3 */
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].port[0], 3);
    assert_int_equal(m.recs[0].end_reason, LW_END_EVICTED);
    metered_run(&m, "4 udp 10.0.0.2:6 > 10.0.0.1:5\n" /* answered, too */
                    "5 udp 10.0.0.2:8 > 10.0.0.1:7\n" /* and the last */
                    "6 udp 10.0.0.1:9 > 10.0.0.2:9\n");
    assert_int_equal(m.n_recs, 2);
    assert_int_equal(m.recs[1].port[0], 1);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.evicted_unanswered, 1);
    assert_int_equal(s.evicted_answered, 1);
    assert_int_equal(s.active, 3);
    metered_flush(&m);
    metered_release(&m);
}

/* A stream without answers that is still sending is not the oldest of the silent. */
static void busy_unanswered_flow_has_a_second_chance(void **state)
{
    const struct lw_meter_config cfg = {.max_flows = 2};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, "0 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "1 udp 10.0.0.1:3 > 10.0.0.2:4\n"
                    "2 udp 10.0.0.1:1 > 10.0.0.2:2\n"
                    "3 udp 10.0.0.1:5 > 10.0.0.2:6\n");
    assert_int_equal(m.recs[0].port[0], 3);
    metered_flush(&m);
    metered_release(&m);
}

/* What is reported of the connections that were there before a flood. */
struct survivors {
    uint64_t records;
    uint64_t survivors;
    uint64_t packets;
    uint64_t evicted;
};

static void on_flood_record(void *ctx, const struct lw_record *rec)
{
    struct survivors *s = ctx;

    s->records++;
    if (rec->port[rec->initiator] != 7)
        return;
    s->survivors++;
    s->packets += rec->side[0].packets + rec->side[1].packets;
    s->evicted += rec->end_reason == LW_END_EVICTED;
}

/* The frame's source becomes 10.`net`.x.y for the number. */
static const struct lw_packet *renumber(struct frame *f, uint8_t net, uint32_t number,
                                        int64_t time_ns)
{
    f->bytes[27] = (uint8_t)(net + (number >> 16));
    f->bytes[28] = (uint8_t)(number >> 8);
    f->bytes[29] = (uint8_t)number;
    f->pkt.time_ns = time_ns;
    return &f->pkt;
}

/* A million half-open connections against a table of ten thousand; a thousand
 * connections that were there before go on, and must be reported with every packet. */
static void syn_flood_stays_in_bounds(void **state)
{
    enum { FLOOD = 1000000, LIMIT = 10000, LEGIT = 1000, LEGIT_EVERY = 50 };
    const struct lw_meter_config cfg = {.max_flows = LIMIT};
    static struct frame syn;
    static struct frame open;
    static struct frame ack;
    struct lw_meter *meter = NULL;
    struct survivors got = {0};
    struct lw_meter_stats s;
    uint64_t n_allocations = 0;
    uint64_t n_legit = 0;

    (void)state;
    assert_int_equal(lw_meter_new(&meter, &cfg, NULL), LW_OK);
    (void)frame_at(&open, 0, "tcp 10.9.0.0:7 > 10.0.0.2:80 S");
    (void)frame_at(&ack, 0, "tcp 10.9.0.0:7 > 10.0.0.2:80 A");
    (void)frame_at(&syn, 0, "tcp 10.0.0.1:1 > 10.0.0.2:80 S");
    for (uint32_t i = 0; i < LEGIT; i++) {
        char text[64];
        static struct frame answer;

        (void)snprintf(text, sizeof text, "tcp 10.0.0.2:80 > 10.9.%u.%u:7 SA", i >> 8,
                       i & 255);
        (void)lw_meter_add(meter, renumber(&open, 9, i, 0), on_flood_record, &got);
        (void)lw_meter_add(meter, frame_at(&answer, 0, text), on_flood_record, &got);
        n_legit += 2;
    }
    for (uint32_t i = 0; i < FLOOD; i++) {
        if (i == 2 * LIMIT)
            n_allocations = mem_count();
        (void)lw_meter_add(meter, renumber(&syn, 100, i, i * INT64_C(1000)),
                           on_flood_record, &got);
        if (i % LEGIT_EVERY != 0)
            continue;
        (void)lw_meter_add(
            meter, renumber(&ack, 9, (uint32_t)(n_legit++ % LEGIT), i * INT64_C(1000)),
            on_flood_record, &got);
    }
    assert_int_equal(mem_count(), n_allocations);
    lw_meter_get_stats(meter, &s);
    assert_int_equal(s.active_max, LIMIT);
    assert_int_equal(s.evicted_unanswered, FLOOD + LEGIT - LIMIT);
    assert_int_equal(s.evicted_answered, 0);
    lw_meter_flush(meter, on_flood_record, &got);
    assert_int_equal(got.records, FLOOD + LEGIT);
    assert_int_equal(got.survivors, LEGIT);
    assert_int_equal(got.packets, n_legit);
    assert_int_equal(got.evicted, 0);
    lw_meter_free(meter);
}

static void steady_state_allocates_nothing(void **state)
{
    struct metered m;
    uint64_t before;

    (void)state;
    metered_init(&m, NULL);
    for (int round = 0; round < 2; round++) {
        before = mem_count();
        for (int t = 0; t < 300; t++) {
            char line[80];

            (void)snprintf(line, sizeof line, "%d udp 10.0.0.1:%d > 10.0.0.2:53",
                           round * 1000 + t / 10, 1000 + t);
            metered_run(&m, line);
        }
    }
    assert_int_equal(mem_count(), before);
    metered_flush(&m);
    metered_release(&m);
}

static void configuration_is_checked(void **state)
{
    static const struct lw_meter_config bad[] = {{.max_flows = (1U << 24) + 1},
                                                 {.idle_udp_ns = -1},
                                                 {.status_interval_ns = INT64_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lw_meter *meter = NULL;
        struct lw_error err = {.msg = ""};

        assert_int_equal(lw_meter_new(&meter, &bad[i], &err), LW_EINVAL);
        assert_true(err.msg[0] != '\0');
        assert_null(meter);
    }
    lw_meter_free(NULL);
}

static void constructor_survives_lack_of_memory(void **state)
{
    enum lw_status st = LW_ENOMEM;

    (void)state;
    for (uint64_t n = 1; st != LW_OK; n++) {
        struct lw_meter *meter = NULL;
        struct lw_error err;

        mem_fail_at(n, 0);
        st = lw_meter_new(&meter, NULL, &err);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || (st == LW_ENOMEM && meter == NULL));
        lw_meter_free(meter);
        assert_true(n < 100);
    }
}

/* Without memory to grow, the table is full at the size it has; nothing is lost but
 * the time that flows stay in it. */
static void growth_without_memory_evicts(void **state)
{
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, NULL);
    mem_fail_at(1, 1);
    for (int i = 0; i < 1000; i++) {
        char line[80];

        (void)snprintf(line, sizeof line, "%d udp 10.0.0.1:%d > 10.0.0.2:53 mf len=8",
                       i / 100, 1000 + i);
        metered_run(&m, line);
    }
    metered_flush(&m);
    mem_fail_at(0, 0);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(m.n_recs, 1000);
    assert_true(s.evicted_unanswered > 0);
    assert_int_equal(s.active, 0);
    metered_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_connection_is_one_record),
        cmocka_unit_test(tcp_states_and_directions),
        cmocka_unit_test(datagrams_have_argus_words),
        cmocka_unit_test(flows_that_are_kept_apart),
        cmocka_unit_test(name_lookups_are_flows_of_their_own),
        cmocka_unit_test(port_that_unreachable_quotes),
        cmocka_unit_test(silence_ends_a_flow),
        cmocka_unit_test(timeout_is_exact_for_a_packet),
        cmocka_unit_test(busy_flow_outlives_many_timeouts),
        cmocka_unit_test(time_may_jump_by_years),
        cmocka_unit_test(status_record_and_what_follows),
        cmocka_unit_test(later_records_of_datagrams),
        cmocka_unit_test(closed_ports_open_anew),
        cmocka_unit_test(open_connection_ignores_a_syn),
        cmocka_unit_test(counts_what_detectors_ask_for),
        cmocka_unit_test(sequence_numbers_wrap),
        cmocka_unit_test(fragments_join_their_flow),
        cmocka_unit_test(fragments_without_a_first_one),
        cmocka_unit_test(fragment_of_a_flow_that_is_gone),
        cmocka_unit_test(bad_fragments_are_counted_by_side),
        cmocka_unit_test(packets_out_of_order_widen_the_record),
        cmocka_unit_test(watermark_bounds_what_comes),
        cmocka_unit_test(watermark_is_kept),
        cmocka_unit_test(flush_goes_by_last_packets),
        cmocka_unit_test(damaged_packets_are_counted),
        cmocka_unit_test(unanswered_flows_are_evicted_first),
        cmocka_unit_test(busy_unanswered_flow_has_a_second_chance),
        cmocka_unit_test(syn_flood_stays_in_bounds),
        cmocka_unit_test(steady_state_allocates_nothing),
        cmocka_unit_test(configuration_is_checked),
        cmocka_unit_test(constructor_survives_lack_of_memory),
        cmocka_unit_test(growth_without_memory_evicts),
    };

    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
