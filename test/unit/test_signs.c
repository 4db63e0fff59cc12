/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations in which each sign is seen, and such in which it must not be. */
#include "base/mem.h"
#include "detect/sign_said.h"
#include "detect/sign_table.h"
#include "detect/signs.h"
#include "frame.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/view.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct lw_meter *meter;
static struct lw_extractor *extractor;
static struct signs *signs;
static struct frame frame;
static struct lw_error err;

/* What was found: rows with each sign, and the words of the last. */
static unsigned n_rows;
static unsigned n_signs;
static const struct lw_sign *last;
static struct lw_reason why;

static void on_row(void *ctx, const struct lw_row *row)
{
    const struct lw_sign *found = signs_find(signs, row->rec, row->values, &why);

    (void)ctx;
    n_rows++;
    if (found == NULL)
        return;
    n_signs++;
    last = found;
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct lw_record tagged = *rec;

    (void)ctx;
    tagged.tag = sign_said_tag(rec);
    assert_int_equal(lw_extractor_add(extractor, &tagged, lw_meter_watermark_ns(meter),
                                      on_row, NULL),
                     LW_OK);
}

static int set_up(void **state)
{
    const struct lw_view *view = lw_view_get("flow");
    struct lw_meter_config cfg = {.tap = &sign_tap};

    (void)state;
    n_rows = n_signs = 0;
    last = NULL;
    lw_view_meter_needs(view, &cfg);
    signs = signs_new(view, 0, NULL);
    return signs != NULL && lw_meter_new(&meter, &cfg, &err) == LW_OK &&
                   lw_extractor_new(&extractor, view, NULL, &err) == LW_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    lw_meter_free(meter);
    lw_extractor_free(extractor);
    signs_free(signs);
    return 0;
}

__attribute__((format(printf, 2, 3))) static void send(double time_s, const char *text,
                                                       ...)
{
    char line[2048];
    va_list args;

    va_start(args, text);
    (void)vsnprintf(line, sizeof line, text, args);
    va_end(args);
    (void)lw_meter_add(meter, frame_at(&frame, time_s, line), on_record, NULL);
}

static void end(void)
{
    lw_meter_flush(meter, on_record, NULL);
    lw_extractor_flush(extractor, on_row, NULL);
}

static void expect(const char *name, enum lw_verdict_class verdict)
{
    end();
    assert_non_null(last);
    assert_string_equal(last->name, name);
    assert_int_equal(last->verdict, verdict);
    assert_true(why.words[0] != '\0');
}

static void expect_nothing(void)
{
    end();
    assert_true(n_rows > 0);
    assert_int_equal(n_signs, 0);
}

/* A connection of one line from each side. */
static void talk(double at_s, unsigned port, unsigned to, const char *said,
                 const char *answer)
{
    char there[64];
    char back[64];

    (void)snprintf(there, sizeof there, "tcp 10.0.0.1:%u > 192.0.2.2:%u", port, to);
    (void)snprintf(back, sizeof back, "tcp 192.0.2.2:%u > 10.0.0.1:%u", to, port);
    send(at_s, "%s S seq=0", there);
    send(at_s + 0.001, "%s SA seq=0 ack=1", back);
    send(at_s + 0.002, "%s PA seq=1 ack=1 data=%s", there, said);
    send(at_s + 0.003, "%s PA seq=1 ack=99 data=%s", back, answer);
    send(at_s + 0.004, "%s R seq=5000", there);
}

static void land_is_certain(void **state)
{
    (void)state;
    send(1, "tcp 10.0.0.1:80 > 10.0.0.1:80 S");
    expect("land", LW_VERDICT_DOS);
}

static void loopback_is_no_land(void **state)
{
    (void)state;
    send(1, "tcp 127.0.0.1:80 > 127.0.0.1:80 S");
    expect_nothing();
}

static void flags_of_scans(void **state)
{
    (void)state;
    send(1, "tcp 10.0.0.1:999 > 10.0.0.2:80 FPU");
    send(1.1, "tcp 10.0.0.1:999 > 10.0.0.2:81 F");
    send(1.2, "tcp 10.0.0.1:999 > 10.0.0.2:82");
    expect("odd-flags", LW_VERDICT_PROBE);
    assert_int_equal(n_signs, 2);
}

static void sweeps(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 20; i++)
        send(1 + i * 0.01, "icmp 10.0.0.1 > 10.0.1.%u type=8", i);
    expect("ping-sweep", LW_VERDICT_PROBE);
    assert_true(n_signs >= 12);
}

static void a_monitor_is_no_sweep(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++)
        send(i * 10, "icmp 10.0.0.1 > 10.0.1.%u type=8", i % 3);
    expect_nothing();
}

static void scan_of_ports(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 30; i++) {
        send(1 + i * 0.01, "tcp 10.0.0.1:50000 > 10.0.0.2:%u S seq=1", i);
        send(1.001 + i * 0.01, "tcp 10.0.0.2:%u > 10.0.0.1:50000 RA ack=2", i);
    }
    expect("port-scan", LW_VERDICT_PROBE);
}

static void flood_of_half_open_connections(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        send(1 + i * 0.001, "tcp 10.0.%u.9:5000 > 10.0.0.2:80 S seq=1", i);
    expect("syn-flood", LW_VERDICT_DOS);
}

static void answers_nobody_asked_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++)
        send(1 + i * 0.001, "udp 10.0.%u.9:123 > 10.0.0.2:4000 len=400", i);
    expect("reflection", LW_VERDICT_DOS);
}

static void a_storm_of_datagrams(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++)
        send(1 + i * 0.001, "udp 10.1.%u.9:4000 > 10.0.0.2:%u len=400", i, 5000 + i);
    expect("udp-storm", LW_VERDICT_DOS);
}

static void pings_nobody_sent(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 150; i++)
        send(1 + i * 0.001, "icmp 10.1.0.%u > 10.0.0.2 type=0 id=7", i);
    expect("ping-reflection", LW_VERDICT_DOS);
}

static void guessed_passwords(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++)
        talk(1 + i * 0.1, 40000 + i, 21, "USER\\sx\\r\\nPASS\\sy\\r\\n",
             "220\\sFTP\\r\\n530\\sNo\\r\\n530\\sNo\\r\\n");
    expect("guessing", LW_VERDICT_R2L);
}

static void even_talks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++)
        talk(1 + i * 4.0, 40000 + i, 7000, "hello", "task");
    expect("beacon", LW_VERDICT_BOTNET);
}

static void uneven_talks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++)
        talk(1 + i * i * 4.0, 40000 + i, 7000, "hello", "task");
    expect_nothing();
}

static void words_of_an_exploit(void **state)
{
    (void)state;
    talk(1, 40000, 80,
         "GET\\s/?a=%24%7Bjndi:ldap\\sHTTP/1.1\\r\\nHost:\\sa\\r\\n\\r\\n",
         "HTTP/1.1\\s200\\sOK\\r\\n\\r\\n");
    expect("web-exploit", LW_VERDICT_R2L);
}

static void an_ordinary_request(void **state)
{
    (void)state;
    talk(1, 40000, 80, "GET\\s/a?b=c+d\\sHTTP/1.1\\r\\nHost:\\sa\\r\\n\\r\\n",
         "HTTP/1.1\\s200\\sOK\\r\\n\\r\\n");
    expect_nothing();
}

static void a_shell_that_calls_home(void **state)
{
    (void)state;
    talk(1, 40000, 4444, "uid=0(root)\\sgid=0(root)\\n", "id\\n");
    expect("shell", LW_VERDICT_BOTNET);
}

#define BIND                                                                           \
    "\\x05\\x00\\x0b\\x03\\x10\\x00\\x00\\x00\\x48\\x00\\x00\\x00\\x01\\x00\\x00\\x00" \
    "\\xb8\\x10\\xb8\\x10\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x01\\x00" \
    "\\x81\\xbb\\x7a\\x36\\x44\\x98\\xf1\\x35\\xad\\x32\\x98\\xf0\\x38\\x00\\x10\\x03" \
    "\\x02\\x00\\x00\\x00"
#define CALL                                                                           \
    "\\x05\\x00\\x00\\x03\\x10\\x00\\x00\\x00\\x28\\x00\\x00\\x00\\x02\\x00\\x00\\x00" \
    "\\x10\\x00\\x00\\x00\\x00\\x00"

static void a_service_made_from_afar(void **state)
{
    (void)state;
    talk(1, 40000, 49152, BIND CALL "\\x0c\\x00", "\\x05\\x00\\x0c\\x03");
    expect("remote-execution", LW_VERDICT_R2L);
}

static void a_service_asked_after(void **state)
{
    (void)state;
    talk(1, 40000, 49152, BIND CALL "\\x06\\x00", "\\x05\\x00\\x0c\\x03");
    expect_nothing();
}

static void an_address_at_two_places(void **state)
{
    (void)state;
    send(1, "arp 10.0.0.2 > 10.0.0.1");
    send(1.1, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=9");
    send(1.2, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=7");
    expect("arp-spoofing", LW_VERDICT_PROBE);
}

static void a_taken_over_address(void **state)
{
    (void)state;
    send(1, "arp 10.0.0.2 > 10.0.0.1 mac=2");
    send(1.1, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=1");
    send(20, "arp 10.0.0.2 > 10.0.0.3 mac=2");
    send(20.1, "arp 10.0.0.3 > 10.0.0.2 op=2 mac=3");
    send(40, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=3");
    expect("arp-spoofing", LW_VERDICT_PROBE);
    assert_int_equal(n_signs, 1);
}

static void answers_again_and_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        send(1 + i * 2.0, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=1");
    expect("arp-spoofing", LW_VERDICT_PROBE);
}

static void ordinary_arp(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        send(i * 7.0, "arp 10.0.0.2 > 10.0.0.1 mac=2");
        send(i * 7.0 + 0.1, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=1");
    }
    /* Another host has the address after a quarter of an hour. */
    send(1200, "arp 10.0.0.1 > 10.0.0.2 op=2 mac=3");
    expect_nothing();
}

static void every_sign_can_be_shown(void **state)
{
    const struct lw_view *view = lw_view_get("flow");

    (void)state;
    assert_true(sign_rules_n <= N_SIGN_RULES_MAX);
    for (unsigned i = 0; i < sign_rules_n; i++) {
        assert_true(lw_view_find(view, sign_rules[i].sign.feature) >= 0);
        assert_true(sign_rules[i].sign.verdict != LW_VERDICT_NORMAL);
    }
    for (unsigned i = 1; i < N_SIGN_SAID; i++) {
        assert_true(lw_view_find(view, sign_said_table[i].feature) >= 0);
        assert_true(sign_said_table[i].verdict != LW_VERDICT_NORMAL);
    }
    assert_false(signs_apply(lw_view_get("kdd")));
}

static void memory_may_be_out(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 5; n++) {
        mem_fail_at(n, 1);
        signs_free(signs_new(lw_view_get("flow"), 0, NULL));
        mem_fail_at(0, 0);
    }
}

int main(void)
{
#define SIGN_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SIGN_TEST(land_is_certain),
        SIGN_TEST(loopback_is_no_land),
        SIGN_TEST(flags_of_scans),
        SIGN_TEST(sweeps),
        SIGN_TEST(a_monitor_is_no_sweep),
        SIGN_TEST(scan_of_ports),
        SIGN_TEST(flood_of_half_open_connections),
        SIGN_TEST(answers_nobody_asked_for),
        SIGN_TEST(a_storm_of_datagrams),
        SIGN_TEST(pings_nobody_sent),
        SIGN_TEST(guessed_passwords),
        SIGN_TEST(even_talks),
        SIGN_TEST(uneven_talks),
        SIGN_TEST(words_of_an_exploit),
        SIGN_TEST(an_ordinary_request),
        SIGN_TEST(a_shell_that_calls_home),
        SIGN_TEST(a_service_made_from_afar),
        SIGN_TEST(a_service_asked_after),
        SIGN_TEST(an_address_at_two_places),
        SIGN_TEST(a_taken_over_address),
        SIGN_TEST(answers_again_and_again),
        SIGN_TEST(ordinary_arp),
        SIGN_TEST(every_sign_can_be_shown),
        SIGN_TEST(memory_may_be_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
