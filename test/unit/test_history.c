/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records' conn_log.  What Zeek says of whole captures is compared in
 * test/parity/zeek; here is a conversation for every rule.
 */
#include "base/mem.h"
#include "metered.h"
#include "test.h"

#include <lapwing/flow.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define O_ "tcp 10.0.0.1:1000 > 10.0.0.2:80 "
#define R_ "tcp 10.0.0.2:80 > 10.0.0.1:1000 "
#define OPEN                                                                           \
    "0 " O_ "S seq=100\n0.1 " R_ "SA seq=500 ack=101\n0.2 " O_ "A seq=101 ack=501\n"

static void run(struct metered *m, const char *lines, bool ignore_checksums)
{
    const struct lw_meter_config cfg = {.conn_log = true,
                                        .ignore_checksums = ignore_checksums};

    metered_init(m, &cfg);
    metered_run(m, lines);
    metered_flush(m);
}

/* "history state orig-port duration-in-ms orig_bytes/resp_bytes missed" */
static const char *conn_line(const struct lw_record *rec)
{
    static char line[160];
    const struct lw_conn_log *c = &rec->conn_log;

    assert_true(c->known);
    (void)snprintf(line, sizeof line, "%s %s %u %lld %llu/%llu %llu",
                   c->history[0] != '\0' ? c->history : "-", lw_conn_name(c->state),
                   rec->port[c->orig], (long long)(c->duration_ns / 1000000),
                   (unsigned long long)c->bytes[c->orig],
                   (unsigned long long)c->bytes[1 - c->orig],
                   (unsigned long long)c->missed_bytes);
    return line;
}

struct conversation {
    const char *lines;
    const char *expected;
};

static void check(const struct conversation *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct metered m;

        run(&m, c[i].lines, true);
        assert_int_equal(m.n_recs, 1);
        assert_string_equal(conn_line(&m.recs[0]), c[i].expected);
        metered_release(&m);
    }
}
#define CHECK(cases) check(cases, sizeof cases / sizeof cases[0])

static void connections_tell_their_history(void **state)
{
    static const struct conversation cases[] = {
        {"0 " O_ "S seq=100", "S S0 1000 0 0/0 0"},
        {OPEN, "ShA S1 1000 200 0/0 0"},
        /* The last acknowledgement does not count for the duration. */
        {OPEN "0.3 " O_ "PA seq=101 ack=501 len=5\n0.4 " R_ "PA seq=501 ack=106 len=7\n"
              "0.5 " O_ "FA seq=106 ack=508\n0.6 " R_ "FA seq=508 ack=107\n"
              "0.7 " O_ "A seq=107 ack=509\n",
         "ShADdFf SF 1000 600 5/7 0"},
        {"0 " O_ "S seq=100\n0.1 " R_ "RA seq=0 ack=101\n", "Sr REJ 1000 100 0/0 0"},
        {"0 " O_ "S seq=100\n0.1 " O_ "R seq=101\n", "SR RSTOS0 1000 100 0/0 0"},
        {OPEN "0.3 " R_ "RA seq=501 ack=101\n", "ShAr RSTR 1000 300 0/0 0"},
        {OPEN "0.3 " O_ "R seq=101\n", "ShAR RSTO 1000 300 0/0 0"},
        {OPEN "0.3 " O_ "FA seq=101 ack=501\n", "ShAF S2 1000 300 0/0 0"},
        {OPEN "0.3 " R_ "FA seq=501 ack=101\n", "ShAf S3 1000 300 0/0 0"},
        {"0 " O_ "S seq=100\n0.1 " O_ "FA seq=101 ack=1\n", "SF SH 1000 100 0/0 0"},
        /* A RST after a FIN, and the peer's FIN after that, are a normal end. */
        {OPEN "0.3 " O_ "FA seq=101 ack=501\n0.4 " O_ "R seq=102\n"
              "0.5 " R_ "FA seq=501 ack=102\n",
         "ShAFRf SF 1000 500 0/0 0"},
        /* Nobody knows what is wrong with these. */
        {"0 " O_ "SF seq=100\n", "Q SH 1000 0 0/0 0"},
        {"0 " O_ "FR seq=100\n", "I OTH 1000 0 0/0 0"},
        {"0 " O_ "SFR seq=100\n", "I OTH 1000 0 0/0 0"},
        {"0 " O_ "SR seq=100\n", "Q RSTOS0 1000 0 0/0 0"},
    };

    (void)state;
    CHECK(cases);
}

static void letters_repeat_by_number_or_by_tens(void **state)
{
    static const struct conversation cases[] = {
        /* A SYN sent again is no news, a RST with another number is. */
        {"0 " O_ "S seq=100\n1 " O_ "S seq=100\n", "S S0 1000 1000 0/0 0"},
        {OPEN "0.3 " O_ "R seq=101\n0.4 " O_ "R seq=101\n0.5 " O_ "R seq=105\n",
         "ShARR RSTO 1000 500 0/0 0"},
        {OPEN "0.3 " O_ "FA seq=101 ack=501\n0.4 " O_ "FA seq=101 ack=501\n",
         "ShAF S2 1000 400 0/0 0"},
        /* Ten retransmissions and ten closed windows make two letters. */
        {OPEN "0.3 " O_ "A seq=101 ack=501 len=4\n0.4 " O_ "A seq=101 ack=501 len=4\n"
              "0.41 " O_ "A seq=101 ack=501 len=4\n0.42 " O_ "A seq=101 ack=501 len=4\n"
              "0.43 " O_ "A seq=101 ack=501 len=4\n0.44 " O_ "A seq=101 ack=501 len=4\n"
              "0.45 " O_ "A seq=101 ack=501 len=4\n0.46 " O_ "A seq=101 ack=501 len=4\n"
              "0.47 " O_ "A seq=101 ack=501 len=4\n0.48 " O_ "A seq=101 ack=501 len=4\n"
              "0.49 " O_ "A seq=101 ack=501 len=4\n",
         "ShADTT S1 1000 490 4/0 0"},
        {OPEN "0.3 " R_ "A seq=501 ack=101 win=0\n0.31 " R_ "A seq=501 ack=101 win=0\n"
              "0.32 " R_ "A seq=501 ack=101 win=0\n0.33 " R_ "A seq=501 ack=101 win=0\n"
              "0.34 " R_ "A seq=501 ack=101 win=0\n0.35 " R_ "A seq=501 ack=101 win=0\n"
              "0.36 " R_ "A seq=501 ack=101 win=0\n0.37 " R_ "A seq=501 ack=101 win=0\n"
              "0.38 " R_ "A seq=501 ack=101 win=0\n0.39 " R_
              "A seq=501 ack=101 win=0\n",
         "ShAaww S1 1000 390 0/0 0"},
        {OPEN "0.3 " R_ "RA seq=501 ack=101 win=0\n", "ShAr RSTR 1000 300 0/0 0"},
    };

    (void)state;
    CHECK(cases);
}

static void holes_count_when_acknowledged(void **state)
{
    static const struct conversation cases[] = {
        /* Ten bytes were acknowledged that nobody saw. */
        {OPEN "0.3 " O_ "A seq=111 ack=501 len=5\n0.4 " R_ "A seq=501 ack=116\n",
         "ShADaG S1 1000 400 15/0 10"},
        /* Out of order is no hole. */
        {OPEN "0.3 " O_ "A seq=111 ack=501 len=5\n0.35 " O_ "A seq=101 ack=501 len=10\n"
              "0.4 " R_ "A seq=501 ack=116\n",
         "ShADTa S1 1000 400 15/0 0"},
        /* Five ranges behind five holes: one more than are remembered. */
        {OPEN "0.30 " O_ "A seq=103 ack=501 len=2\n0.31 " O_ "A seq=107 ack=501 len=2\n"
              "0.32 " O_ "A seq=111 ack=501 len=2\n0.33 " O_ "A seq=115 ack=501 len=2\n"
              "0.4 " R_ "A seq=501 ack=117\n",
         "ShADaG S1 1000 400 16/0 8"},
        {OPEN "0.30 " O_ "A seq=103 ack=501 len=2\n0.31 " O_ "A seq=107 ack=501 len=2\n"
              "0.32 " O_ "A seq=111 ack=501 len=2\n0.33 " O_ "A seq=115 ack=501 len=2\n"
              "0.34 " O_ "A seq=119 ack=501 len=2\n0.35 " O_ "A seq=123 ack=501 len=2\n"
              "0.36 " O_ "A seq=101 ack=501 len=24\n0.4 " R_ "A seq=501 ack=125\n",
         "ShADTa S1 1000 400 24/0 0"},
        /* What the capture cut off is missing, too. */
        {OPEN "0.3 " O_ "A seq=101 ack=501 len=50 cap=60\n0.4 " R_
              "A seq=501 ack=151\n",
         "ShADaG S1 1000 400 50/0 50"},
        /* In the middle of a connection nothing is known to be missing. */
        {"0 " O_ "A seq=101 ack=501 len=5\n0.1 " R_ "A seq=501 ack=200\n",
         "Da OTH 1000 100 99/0 0"},
    };

    (void)state;
    CHECK(cases);
}

static void originators_are_found(void **state)
{
    static const struct conversation cases[] = {
        /* From a server's port: the other side asked. */
        {"0 " R_ "A seq=501 ack=101 len=3\n", "^d OTH 1000 0 0/3 0"},
        {"0 " R_ "SA seq=500 ack=101\n0.1 " O_ "A seq=101 ack=501\n",
         "^hA S1 1000 100 0/0 0"},
        {"0 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n",
         "H OTH 9999 0 0/0 0"},
        {"0 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n"
         "0.1 tcp 10.0.0.1:1000 > 10.0.0.2:9999 A seq=101 ack=501\n",
         "^hA S1 1000 100 0/0 0"},
        {"0 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n"
         "0.1 tcp 10.0.0.1:1000 > 10.0.0.2:9999 R seq=101\n",
         "Hr REJ 9999 100 0/0 0"},
        /* The answer was captured before the SYN. */
        {"0 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n"
         "0.1 tcp 10.0.0.1:1000 > 10.0.0.2:9999 S seq=100\n",
         "Hs^ S1 1000 100 0/0 0"},
        {"0 tcp 10.0.0.2:22 > 10.0.0.1:80 A seq=1\n", "^a OTH 80 0 0/0 0"},
        {"0 tcp 10.0.0.2:80 > 10.0.0.1:22 A seq=1\n", "A OTH 80 0 0/0 0"},
        {"0 udp 10.0.0.2:53 > 10.0.0.1:1000 len=4\n", "^d SHR 1000 0 0/4 0"},
        {"0 udp 10.0.0.2:53 > 10.0.0.1:53 len=4\n", "D S0 53 0 4/0 0"},
        {"0 udp 10.0.0.2:67 > 255.255.255.255:68 len=4\n", "D S0 67 0 4/0 0"},
        {"0 udp 10.0.0.1:1000 > 10.0.0.2:99 len=4\n"
         "1 udp 10.0.0.2:99 > 10.0.0.1:1000 len=6\n",
         "Dd SF 1000 1000 4/6 0"},
        {"0 icmp 10.0.0.1 > 10.0.0.2 id=1 icmpseq=1 len=10\n"
         "1 icmp 10.0.0.2 > 10.0.0.1 type=0 id=1 icmpseq=1 len=10\n",
         "- OTH 0 1000 10/10 0"},
        {"0 igmp 10.0.0.1 > 10.0.0.2 len=10\n", "- OTH 0 0 0/0 0"},
    };

    (void)state;
    CHECK(cases);
}

/* The sums were worked out apart from the code under test. */
static void wrong_checksums_are_left_out(void **state)
{
    static const struct {
        const char *packet;
        unsigned sum;
        const char *right;
        const char *wrong;
    } cases[] = {
        {O_ "S seq=1", 30631, "S S0 1000 0 0/0 0", "C OTH 1000 0 0/0 0"},
        {O_ "PA seq=2 data=odd", 42024, "D OTH 1000 0 3/0 0", "C OTH 1000 0 0/0 0"},
        {"udp 10.0.0.1:1000 > 10.0.0.2:9999 data=data", 59417, "D S0 1000 0 4/0 0",
         "C OTH 1000 0 0/0 0"},
        {"udp [fe80::1]:1000 > [fe80::2]:9999 data=data", 65303, "D S0 1000 0 4/0 0",
         "C OTH 1000 0 0/0 0"},
        {"icmp 10.0.0.1 > 10.0.0.2 id=7 icmpseq=1", 63479, "- OTH 0 0 0/0 0",
         "- OTH 0 0 0/0 0"},
        {"icmp6 fe80::1 > fe80::2 id=7 icmpseq=1", 33456, "- OTH 0 0 0/0 0",
         "- OTH 0 0 0/0 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned off = 0; off < 2; off++) {
            char line[128];
            struct metered m;

            (void)snprintf(line, sizeof line, "0 %s sum=%u", cases[i].packet,
                           cases[i].sum + off);
            run(&m, line, false);
            assert_string_equal(conn_line(&m.recs[0]),
                                off ? cases[i].wrong : cases[i].right);
            assert_int_equal(m.recs[0].conn_log.packets[0], 1 - off);
            assert_int_equal(m.recs[0].side[0].packets, 1);
            metered_release(&m);
        }
    }
}

/* No sum, or not the whole packet: nothing to be wrong. */
static void checksums_that_cannot_be_checked(void **state)
{
    static const char *const lines[] = {
        "0 udp 10.0.0.1:1000 > 10.0.0.2:9999 data=data",
        "0 tcp 10.0.0.1:1000 > 10.0.0.2:9999 A len=40 sum=1 cap=60",
        "0 udp [fe80::1]:1000 > [fe80::2]:4789 data=data",
        "0 sctp 10.0.0.1:1000 > 10.0.0.2:9999 data=data",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct metered m;

        run(&m, lines[i], false);
        assert_int_equal(m.recs[0].conn_log.packets[0], 1);
        metered_release(&m);
    }
}

/* A datagram in two pieces is one packet, when the second has come; half of one is
 * nothing. */
static void fragments_count_when_complete(void **state)
{
    static const char first[] =
        "0 udp 10.0.0.1:1000 > 10.0.0.2:99 ipid=7 mf udplen=20 len=8";
    static const char second[] =
        "1 ip 10.0.0.1 > 10.0.0.2 proto=17 ipid=7 frag=16 len=4";
    struct metered m;

    (void)state;
    run(&m, first, true);
    assert_int_equal(m.n_recs, 1);
    assert_false(m.recs[0].conn_log.known);
    metered_release(&m);

    metered_init(&m, &(struct lw_meter_config){.conn_log = true});
    metered_run(&m, first);
    metered_run(&m, second);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_string_equal(conn_line(&m.recs[0]), "D S0 1000 0 12/0 0");
    assert_int_equal(m.recs[0].conn_log.start_ns, 1000000000);
    assert_int_equal(m.recs[0].conn_log.packets[0], 1);
    assert_int_equal(m.recs[0].conn_log.ip_bytes[0], 20 + 8 + 12);
    assert_int_equal(m.recs[0].side[0].packets, 2);
    metered_release(&m);
}

static void nothing_is_kept_unasked(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, OPEN);
    metered_flush(&m);
    assert_false(m.recs[0].conn_log.known);
    metered_release(&m);
    run(&m, "0 arp 10.0.0.1 > 10.0.0.2", false);
    assert_int_equal(m.n_recs, 1);
    assert_false(m.recs[0].conn_log.known);
    metered_release(&m);
}

/* Letters beyond the room for them are dropped. */
static void a_history_is_bounded(void **state)
{
    struct metered m;
    const struct lw_meter_config cfg = {.conn_log = true, .ignore_checksums = true};

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, OPEN);
    for (unsigned i = 0; i < 100; i++) {
        char line[80];

        (void)snprintf(line, sizeof line, "1 " O_ "R seq=%u", 200 + i);
        metered_run(&m, line);
    }
    metered_flush(&m);
    assert_int_equal(strlen(m.recs[0].conn_log.history), LW_HISTORY_MAX - 1);
    assert_memory_equal(m.recs[0].conn_log.history, "ShARRRR", 7);
    metered_release(&m);
}

/* Packets, and the histories of the records in the order of their starts. */
struct cuts {
    const char *lines;
    size_t n;
    const char *expected[4];
};

static int by_start(const void *a, const void *b)
{
    const struct lw_record *r = a;
    const struct lw_record *s = b;

    return r->conn_log.start_ns < s->conn_log.start_ns ? -1 : 1;
}

static void check_cuts(const struct cuts *c, size_t n)
{
    const struct lw_meter_config cfg = {.cuts = LW_CUTS_ZEEK, .ignore_checksums = true};

    for (size_t i = 0; i < n; i++) {
        struct metered m;

        metered_init(&m, &cfg);
        metered_run(&m, c[i].lines);
        metered_flush(&m);
        assert_int_equal(m.n_recs, c[i].n);
        qsort(m.recs, m.n_recs, sizeof m.recs[0], by_start);
        for (size_t k = 0; k < c[i].n; k++)
            assert_string_equal(conn_line(&m.recs[k]), c[i].expected[k]);
        metered_release(&m);
    }
}

static void zeek_cuts_connections(void **state)
{
    static const struct cuts cases[] = {
        /* An attempt is over after 5 s, an answered one is not. */
        {"0 " O_ "S seq=1\n1 " O_ "S seq=1\n4.9 " O_ "S seq=1\n5 " O_ "S seq=1\n",
         2,
         {"S S0 1000 4900 0/0 0", "S S0 1000 0 0/0 0"}},
        {OPEN "100 " O_ "A seq=101 ack=501 len=1\n", 1, {"ShAD S1 1000 100000 1/0 0"}},
        {OPEN "301 " O_ "A seq=101 ack=501 len=1\n",
         2,
         {"ShA S1 1000 200 0/0 0", "D OTH 1000 0 1/0 0"}},
        /* A SYN of another connection, and one that was only sent again. */
        {"0 " O_ "S seq=1\n1 " O_ "S seq=7\n",
         2,
         {"S S0 1000 0 0/0 0", "S S0 1000 0 0/0 0"}},
        {OPEN "1 " O_ "S seq=100\n", 1, {"ShA S1 1000 1000 0/0 0"}},
        {OPEN "1 " O_ "R seq=101\n2 " O_ "S seq=100\n",
         2,
         {"ShAR RSTO 1000 1000 0/0 0", "S S0 1000 0 0/0 0"}},
        /* A closed connection waits 5 s for stragglers, from its close on. */
        {OPEN "1 " O_ "FA seq=101 ack=501\n2 " R_ "FA seq=501 ack=102\n"
              "6.9 " O_ "A seq=102 ack=502\n7 " O_ "A seq=102 ack=502\n",
         2,
         {"ShAFf SF 1000 2000 0/0 0", "A OTH 1000 0 0/0 0"}},
        {"0 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n"
         "4 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n"
         "8 tcp 10.0.0.2:9999 > 10.0.0.1:1000 SA seq=500 ack=101\n",
         2,
         {"H OTH 9999 4000 0/0 0", "H OTH 9999 0 0/0 0"}},
        /* Lookups from one port, echoes to one host: one connection. */
        {"0 udp 10.0.0.1:1000 > 10.0.0.2:53 data=aaaaaaaaaaaaaa\n"
         "1 udp 10.0.0.1:1000 > 10.0.0.2:53 data=bbbbbbbbbbbbbb\n"
         "60.9 udp 10.0.0.2:53 > 10.0.0.1:1000 data=bbbbbbbbbbbbbb\n",
         1,
         {"Dd SF 1000 60900 28/14 0"}},
        {"0 udp 10.0.0.1:1000 > 10.0.0.2:99 len=1\n"
         "61 udp 10.0.0.1:1000 > 10.0.0.2:99 len=1\n",
         2,
         {"D S0 1000 0 1/0 0", "D S0 1000 0 1/0 0"}},
        {"0 icmp 10.0.0.2 > 10.0.0.1 id=1 icmpseq=1 len=4\n"
         "1 icmp 10.0.0.1 > 10.0.0.2 type=0 id=1 icmpseq=1 len=4\n"
         "2 icmp 10.0.0.2 > 10.0.0.1 id=2 icmpseq=9 len=4\n",
         1,
         {"- OTH 0 2000 8/4 0"}},
        {"0 icmp 10.0.0.1 > 10.0.0.2 type=3 code=1 len=4\n"
         "1 icmp 10.0.0.2 > 10.0.0.1 type=3 code=1 len=4\n",
         2,
         {"- OTH 0 0 4/0 0", "- OTH 0 0 4/0 0"}},
        {"0 icmp6 fe80::1 > fe80::2 type=135 len=4\n"
         "1 icmp6 fe80::2 > fe80::1 type=136 len=4\n",
         1,
         {"- OTH 0 1000 4/4 0"}},
        {"0 igmp 10.0.0.1 > 10.0.0.2 type=1\n1 igmp 10.0.0.2 > 10.0.0.1 type=2\n",
         1,
         {"- OTH 0 1000 0/0 0"}},
        {"0 esp 10.0.0.1 > 10.0.0.2 spi=1\n1 esp 10.0.0.2 > 10.0.0.1 spi=2\n",
         1,
         {"- OTH 0 1000 0/0 0"}},
        {"0 sctp 10.0.0.1:1 > 10.0.0.2:2\n1 sctp 10.0.0.2:3 > 10.0.0.1:4\n",
         1,
         {"- OTH 0 1000 0/0 0"}},
    };

    (void)state;
    check_cuts(cases, sizeof cases / sizeof cases[0]);
}

/* However long it lasts. */
static void zeek_has_no_status_records(void **state)
{
    const struct lw_meter_config cfg = {.cuts = LW_CUTS_ZEEK, .ignore_checksums = true};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, OPEN);
    for (unsigned i = 1; i < 100; i++) {
        char line[80];

        (void)snprintf(line, sizeof line, "%u " O_ "A seq=101 ack=501", i * 200);
        metered_run(&m, line);
    }
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_string_equal(conn_line(&m.recs[0]), "ShA S1 1000 19800000 0/0 0");
    metered_release(&m);
}

/* In the records of a long flow the connection goes on. */
static void a_long_flow_keeps_its_history(void **state)
{
    const struct lw_meter_config cfg = {.conn_log = true,
                                        .ignore_checksums = true,
                                        .status_interval_ns = 10 * INT64_C(1000000000)};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, OPEN "11 " O_ "A seq=101 ack=501 len=7\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_string_equal(conn_line(&m.recs[0]), "ShA S1 1000 200 0/0 0");
    assert_string_equal(conn_line(&m.recs[1]), "ShAD S1 1000 11000 7/0 0");
    assert_int_equal(m.recs[1].conn_log.packets[0], 3);
    assert_int_equal(m.recs[1].side[0].packets, 1);
    metered_release(&m);
}

/* 6 GB by acknowledgements that wrap around, most of them never captured. */
static void sequence_numbers_wrap_around(void **state)
{
    struct metered m;
    const struct lw_meter_config cfg = {.conn_log = true, .ignore_checksums = true};
    uint32_t ack = 501;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, OPEN);
    for (unsigned i = 0; i < 6; i++) {
        char line[80];

        ack += 1000000000;
        (void)snprintf(line, sizeof line, "1 " O_ "A seq=101 ack=%u", ack);
        metered_run(&m, line);
    }
    metered_flush(&m);
    assert_string_equal(conn_line(&m.recs[0]),
                        "ShAg S1 1000 1000 0/6000000000 6000000000");
    metered_release(&m);
}

static void memory_may_be_out(void **state)
{
    const struct lw_meter_config cfg = {.conn_log = true, .max_flows = 1000};
    struct lw_meter *meter = NULL;
    enum lw_status st;
    struct metered m;

    (void)state;
    for (uint64_t n = 1; meter == NULL; n++) {
        assert_true(n < 20);
        mem_fail_at(n, 0);
        st = lw_meter_new(&meter, &cfg, NULL);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    }
    mem_fail_at(0, 0);
    lw_meter_free(meter);
    /* The flow is counted; only its history is not known. */
    metered_init(&m, &cfg);
    mem_fail_at(1, 0);
    metered_run(&m, OPEN);
    mem_fail_at(0, 0);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].side[0].packets, 2);
    assert_false(m.recs[0].conn_log.known);
    metered_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_tell_their_history),
        cmocka_unit_test(letters_repeat_by_number_or_by_tens),
        cmocka_unit_test(holes_count_when_acknowledged),
        cmocka_unit_test(originators_are_found),
        cmocka_unit_test(wrong_checksums_are_left_out),
        cmocka_unit_test(checksums_that_cannot_be_checked),
        cmocka_unit_test(fragments_count_when_complete),
        cmocka_unit_test(nothing_is_kept_unasked),
        cmocka_unit_test(a_history_is_bounded),
        cmocka_unit_test(zeek_cuts_connections),
        cmocka_unit_test(zeek_has_no_status_records),
        cmocka_unit_test(a_long_flow_keeps_its_history),
        cmocka_unit_test(sequence_numbers_wrap_around),
        cmocka_unit_test(memory_may_be_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
