/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Argus 3.0.8.2 (`argus -X -S 3600`, `ra -Z b`) printed for the same packets, also
 * where it is wrong: lines without their first two columns, but where times matter.
 */
#include "base/timefmt.h"
#include "metered.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

/* Client and server of all the conversations. */
#define C ".0 tcp 10.0.0.1:1000 > 10.0.0.2:80 "
#define S ".0 tcp 10.0.0.2:80 > 10.0.0.1:1000 "

#define KNOWN  "tcp,10.0.0.1,1000,   ->,10.0.0.2,80,"
#define CLIENT "tcp,10.0.0.1,1000,   ?>,10.0.0.2,80,"
#define BOTH   "tcp,10.0.0.1,1000,  <?>,10.0.0.2,80,"

enum { LINES_MAX = 3 };

struct conversation {
    const char *packets;
    const char *lines[LINES_MAX];
};

static void run_open(struct metered *m)
{
    static const struct lw_meter_config cfg = {.cuts = LW_CUTS_ARGUS};

    metered_init(m, &cfg);
}

static void run(struct metered *m, const char *packets)
{
    run_open(m);
    metered_run(m, packets);
    metered_flush(m);
}

static void check(const struct conversation *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct metered m;
        size_t n_lines = 0;

        run(&m, c[i].packets);
        while (n_lines < LINES_MAX && c[i].lines[n_lines] != NULL)
            n_lines++;
        assert_int_equal(m.n_recs, n_lines);
        for (size_t l = 0; l < n_lines; l++)
            assert_string_equal(metered_line(&m, l), c[i].lines[l]);
        metered_release(&m);
    }
}

static void connections_begin_anew(void **state)
{
    static const struct conversation cases[] = {
        /* After a FIN, a bare SYN; its flag shows in the record that it ends. */
        {"0" C "F\n3" C "S", {CLIENT "FS_,0,,1,54,54", KNOWN "S_,0,,1,54,54"}},
        {"0" C "FA\n1" C "SEC", {CLIENT "FSAEC_,0,,2,108,108"}},
        {"0" C "FA\n1" C "SP", {CLIENT "FSPA_,0,,2,108,108"}},
        /* After a RST at the start, any SYN. */
        {"0" C "R\n1" C "S", {CLIENT "R_,0,,1,54,54", KNOWN "S_,0,,1,54,54"}},
        {"0" C "R\n1" C "SPA", {CLIENT "R_,0,,1,54,54", CLIENT "SPA_,0,,1,54,54"}},
        /* After no flags at all. */
        {"0" C "\n2" C "S", {CLIENT "S_,0,,1,54,54", KNOWN "S_,0,,1,54,54"}},
        /* A port that refuses: the next try is the same flow. */
        {"0" C "S seq=100\n1" S "RA ack=101\n2" C "S seq=900\n3" S "RA ack=901",
         {KNOWN "S_RA,0,0,4,216,108"}},
        {"0" C "S seq=100\n1" S "RA ack=105\n2" C "S seq=900",
         {KNOWN "S_RA,0,0,2,108,54", KNOWN "S_,0,0,1,54,54"}},
        /* Established: no SYN begins anything. */
        {"0" C "S seq=100\n1" S "SA seq=500 ack=101\n2" C "A seq=101 ack=501\n"
         "3" C "S seq=900",
         {KNOWN "SA_SA,0,0,4,216,162"}},
        /* Closed by both, all acknowledged, data sent: no SYN begins anything. */
        {"0" C "S seq=100\n1" S "SA seq=500 ack=101\n2" C "PA seq=101 ack=501 len=5\n"
         "3" S "PA seq=501 ack=106 len=7\n4" C "FA seq=106 ack=508\n"
         "5" S "FA seq=508 ack=107\n6" C "A seq=107 ack=509\n9" C "S seq=900",
         {KNOWN "FSPA_FSPA,0,0,8,444,275"}},
        /* The same without data. */
        {"0" C "S seq=1\n1" S "SA seq=9 ack=2\n2" C "A seq=2 ack=10\n"
         "3" C "FA seq=2 ack=10\n4" S "FA seq=10 ack=3\n5" C "A seq=3 ack=11\n"
         "9" C "S seq=900",
         {KNOWN "FSA_FSA,0,0,6,324,216", KNOWN "S_,0,0,1,54,54"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof cases[0]);
}

/* The names stay when the other side begins anew. */
static void names_are_swapped(void **state)
{
    static const struct conversation cases[] = {
        {"0" C "R\n1" S "S\n2" S "S\n3" C "RA ack=1",
         {CLIENT "R_,0,0,1,54,54", KNOWN "S_SRA,0,0,3,162,108"}},
        {"0" C "R\n3" S "SP", {CLIENT "R_,0,0,1,54,54", CLIENT "SP_,0,0,1,54,54"}},
        {"0" C "F\n1" S "A\n3" S "S\n4" C "A",
         {BOTH "F_SA,0,0,2,108,54", KNOWN "S_A,0,0,2,108,54"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof cases[0]);
}

static void sides_and_directions(void **state)
{
    static const struct conversation cases[] = {
        {"0" S "SA", {"tcp,10.0.0.2,80,   ->,10.0.0.1,1000,SA_,0,,1,54,54"}},
        {"0" S "SA\n1" C "A", {KNOWN "A_SA,0,0,2,108,54"}},
        {"0" S "SA\n1" S "FA", {KNOWN "_FSA,,0,2,108,0"}},
        {"0" S "SA\n1" C "R",
         {"tcp,10.0.0.2,80,   ->,10.0.0.1,1000,SA_R,0,0,2,108,54"}},
        {"0" C "A\n1" S "SA",
         {"tcp,10.0.0.2,80,   ->,10.0.0.1,1000,SA_A,0,0,2,108,54"}},
        {"0" C "A\n1" S "S", {BOTH "A_S,0,0,2,108,54"}},
        {"0" C "F\n1" S "SA", {BOTH "F_SA,0,0,2,108,54"}},
        /* Of a flow that begins with a RST, only its side's flags are shown. */
        {"0" C "R\n1" S "A\n2" C "PA", {BOTH "RPA_,0,0,3,162,108"}},
        /* Nothing of that in IPv6. */
        {"0 tcp [fd::2]:80 > [fd::1]:1000 A",
         {"tcp,fd::2,80,   ?>,fd::1,1000,A_,0,,1,74,74"}},
        {"0 tcp [fd::2]:80 > [fd::1]:1000 SA\n1 tcp [fd::1]:1000 > [fd::2]:80 A",
         {"tcp,fd::2,80,   ->,fd::1,1000,SA_A,0,0,2,148,74"}},
        /* Services by their ports: a name against none, the lower of two names. */
        {"0 tcp 10.0.0.1:8080 > 10.0.0.2:3000 A",
         {"tcp,10.0.0.2,3000,  <?,10.0.0.1,8080,_A,,0,1,54,0"}},
        {"0 tcp 10.0.0.1:3306 > 10.0.0.2:8080 A",
         {"tcp,10.0.0.2,8080,  <?,10.0.0.1,3306,_A,,0,1,54,0"}},
        {"0 tcp 10.0.0.1:3000 > 10.0.0.2:8080 A",
         {"tcp,10.0.0.1,3000,   ?>,10.0.0.2,8080,A_,0,,1,54,54"}},
    };

    (void)state;
    check(cases, sizeof cases / sizeof cases[0]);
}

static void assert_times(const struct lw_record *r, double start_s, double end_s)
{
    assert_int_equal(r->argus.start_ns, (int64_t)(start_s * 1e9));
    assert_int_equal(r->argus.end_ns, (int64_t)(end_s * 1e9));
}

/* A record lasts until the packet that begins the next, and one of a single packet
 * only then begins. */
static void reopening_ends_the_record_before(void **state)
{
    struct metered m;

    (void)state;
    run(&m, "0" C "R\n3" C "S\n4" C "R seq=77\n9" C "S\n");
    assert_int_equal(m.n_recs, 2);
    assert_times(&m.recs[0], 3, 3);
    assert_int_equal(m.recs[0].start_ns, 0);
    assert_int_equal(m.recs[0].end_ns, 0);
    assert_times(&m.recs[1], 3, 9);
    assert_string_equal(m.recs[1].state, "SR_");
    metered_release(&m);
}

/* A flow is over when a status interval and then its idle timeout passed without a
 * packet in the second: its records, and the state of the last one, of packets at these
 * times, among others that move time on every 10 s. */
static void silence_counts_from_the_status_interval(void **state)
{
    static const struct {
        double second_s;
        double third_s;
        const char *last;
    } cases[] = {{3605, 0, "REQ"},    {3625, 0, "REQ"},    {3640, 0, "INT"},
                 {3580, 3640, "INT"}, {3595, 7200, "INT"}, {3605, 7230, "REQ"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char packet[] = "udp 10.0.0.1:1 > 10.0.0.2:2";
        double last_s = cases[i].third_s > 0 ? cases[i].third_s : cases[i].second_s;
        struct metered m;
        char line[64];

        run_open(&m);
        for (double t = 0; t <= last_s; t += 5) {
            bool ours = t == 0 || t == cases[i].second_s || t == cases[i].third_s;

            (void)snprintf(line, sizeof line, "%g %s", t, ours ? packet : "");
            metered_run(&m, line);
        }
        metered_flush(&m);
        assert_string_equal(m.recs[m.n_recs - 1].state, cases[i].last);
        metered_release(&m);
    }
}

/* What happened stays in the record, and is all that others see. */
static void records_keep_what_happened(void **state)
{
    static const char packets[] = "0" C "R\n1" S "SP\n2" C "RA";
    struct metered m;

    (void)state;
    run(&m, packets);
    assert_int_equal(m.n_recs, 2);
    assert_true(m.recs[1].argus.swapped);
    assert_string_equal(m.recs[1].state, "RA_SP");
    assert_int_equal(m.recs[1].port[0], 80);
    assert_int_equal(m.recs[1].side[0].tcp_flags, LW_TCP_SYN | LW_TCP_PSH);
    metered_release(&m);
    metered_init(&m, NULL);
    metered_run(&m, packets);
    metered_flush(&m);
    assert_false(m.recs[0].argus.is_set);
    metered_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_begin_anew),
        cmocka_unit_test(names_are_swapped),
        cmocka_unit_test(sides_and_directions),
        cmocka_unit_test(reopening_ends_the_record_before),
        cmocka_unit_test(silence_counts_from_the_status_interval),
        cmocka_unit_test(records_keep_what_happened),
    };

    return cmocka_run_group_tests_name("argus", tests, NULL, NULL);
}
