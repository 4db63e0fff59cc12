/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of flows, as a tap hears them.  The tap here writes down what it is told:
 *
 *     (http 40000>80 +) >GET /  <[5]OK .      client's bytes, a gap and the server's,
 * end
 */
#include "base/buf.h"
#include "base/mem.h"
#include "frame.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/handshake.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEARD_MAX = 4000 };

struct heard {
    char text[HEARD_MAX];
    size_t n;
    uint64_t bytes[2];
    unsigned last;
};

_Static_assert(sizeof(struct heard) <= 4096, "a state");

static void hear(struct heard *h, const char *text, size_t n)
{
    assert_true(h->n + n < HEARD_MAX);
    memcpy(h->text + h->n, text, n);
    h->n += n;
}

static void hear_text(struct heard *h, const char *text)
{
    hear(h, text, strlen(text));
}

static void hear_side(struct heard *h, unsigned from)
{
    if (h->last != from + 1)
        hear_text(h, from == 0 ? " >" : " <");
    h->last = from + 1;
}

static bool wants_any(enum lw_app app)
{
    (void)app;
    return true;
}

static bool wants_http(enum lw_app app)
{
    return app == LW_APP_HTTP;
}

static void on_begin(void *state, enum lw_app app, const struct lw_stream_start *start)
{
    char text[64];

    assert_int_equal(((struct heard *)state)->n, 0);
    (void)snprintf(text, sizeof text, "(%s %u>%u %s%s)", lw_app_name(app),
                   start->port[0], start->port[1], start->whole[0] ? "+" : "-",
                   start->whole[1] ? "+" : "-");
    hear_text(state, text);
}

static void on_data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    struct heard *h = state;

    assert_true(n > 0 && from < 2);
    hear_side(h, from);
    hear(h, (const char *)bytes, n);
    h->bytes[from] += n;
}

static void on_gap(void *state, unsigned from, uint64_t n)
{
    struct heard *h = state;
    char text[32];

    assert_true(n > 0 && from < 2);
    hear_side(h, from);
    (void)snprintf(text, sizeof text, "[%llu]", (unsigned long long)n);
    hear_text(h, text);
    h->bytes[from] += n;
}

static void on_end(void *state)
{
    hear_text(state, " .");
}

static const struct lw_stream_tap any_tap = {
    "any", sizeof(struct heard), wants_any, on_begin, on_data, on_gap, on_end};
static const struct lw_stream_tap http_tap = {
    "http", sizeof(struct heard), wants_http, on_begin, on_data, on_gap, on_end};

/* ---- records ------------------------------------------------------------------- */

/* What records carried, a line each: "app reason what was heard". */
static struct buf told;

static void on_record(void *ctx, const struct lw_record *rec)
{
    const struct heard *h = rec->tapped;

    (void)ctx;
    buf_printf(&told, "%s %s", lw_app_name(rec->app),
               lw_end_reason_name(rec->end_reason));
    if (h != NULL)
        buf_printf(&told, " %.*s", (int)h->n, h->text);
    buf_printf(&told, "\n");
}

/* Lines as in support/metered.h. */
static void run_lines(struct lw_meter *m, const char *lines, lw_record_fn fn)
{
    static struct frame frame;

    buf_reset(&told);
    while (*lines != '\0') {
        char line[1500];
        size_t n = strcspn(lines, "\n");
        char *rest;
        double time_s;

        assert_true(n < sizeof line);
        memcpy(line, lines, n);
        line[n] = '\0';
        time_s = strtod(line, &rest);
        (void)lw_meter_add(m, frame_at(&frame, time_s, rest + strspn(rest, " ")), fn,
                           NULL);
        lines += n + (lines[n] == '\n');
    }
    lw_meter_flush(m, fn, NULL);
}

/* Returns what was told. */
static const char *meter_lines(struct lw_meter *m, const char *lines)
{
    run_lines(m, lines, on_record);
    return buf_text(&told);
}

#define C "tcp 10.0.0.1:40000 > 10.0.0.2:8081 "
#define S "tcp 10.0.0.2:8081 > 10.0.0.1:40000 "
#define OPEN                                                                           \
    "0.0 " C "S seq=100\n"                                                             \
    "0.1 " S "SA seq=500 ack=101\n"                                                    \
    "0.2 " C "A seq=101 ack=501\n"
#define GET  "0.3 " C "PA seq=101 ack=501 data=GET\\s/x\\sHTTP/1.0\\r\\n\n"
#define TEXT "GET /x HTTP/1.0\r\n"

/* What follows TEXT has sequence number 118. */
static const char *tell(const struct lw_meter_config *cfg, const char *lines)
{
    struct lw_meter *m = NULL;
    const char *text;

    assert_int_equal(lw_meter_new(&m, cfg, NULL), LW_OK);
    text = meter_lines(m, lines);
    lw_meter_free(m);
    return text;
}

static void a_tap_hears_both_sides(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap};

    (void)state;
    assert_string_equal(
        tell(&cfg, OPEN GET "0.4 " S "PA seq=501 ack=118 data=HTTP/1.0\\s200\n"
                            "0.5 " C "A seq=118 ack=513\n"
                            "0.6 " S "PA seq=513 ack=118 data=abc\n"
                            "0.7 " C "PA seq=118 ack=516 data=more\n"),
        "http flush (http 40000>8081 ++) >" TEXT " <HTTP/1.0 200abc >more .\n");
    /* The other way round in the key: the client's address is the higher one. */
    assert_string_equal(tell(&cfg, "0.0 tcp 10.0.0.9:40000 > 10.0.0.2:80 S seq=100\n"
                                   "0.1 tcp 10.0.0.2:80 > 10.0.0.9:40000 SA seq=5\n"
                                   "0.2 tcp 10.0.0.9:40000 > 10.0.0.2:80 A seq=101 "
                                   "data=GET\\s/\\r\\n\n"
                                   "0.3 tcp 10.0.0.2:80 > 10.0.0.9:40000 A seq=6 "
                                   "data=abc\n"),
                        "http flush (http 40000>80 ++) >GET /\r\n <abc .\n");
}

static void only_what_is_wanted_is_told(void **state)
{
    const struct lw_meter_config cfg = {.tap = &http_tap};
    const struct lw_meter_config any = {.tap = &any_tap};
    const struct lw_meter_config apps = {.apps = true};
    static const char ssh[] = OPEN "0.3 " S "PA seq=501 ack=101 data=SSH-2.0-x\\r\\n\n"
                                   "0.4 " C "PA seq=101 data=SSH-2.0-y\\r\\n\n";

    (void)state;
    assert_string_equal(tell(&cfg, ssh), "ssh flush\n");
    assert_string_equal(tell(&apps, ssh), "ssh flush\n");
    assert_string_equal(tell(&apps, OPEN GET), "http flush\n");
    assert_string_equal(tell(NULL, OPEN GET), "- flush\n");
    assert_string_equal(tell(&cfg, OPEN), "- flush\n");
    /* What comes with a reset is not said in the stream. */
    assert_string_equal(tell(&any, OPEN "0.3 " S "R seq=501 data=why\n"), "- closed\n");
}

static void openings_are_told_in_their_order(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap};

    (void)state;
    /* "220" is FTP's or SMTP's until the client speaks. */
    assert_string_equal(
        tell(&cfg, OPEN "0.3 " S "PA seq=501 data=220\\shello\\r\\n\n"
                        "0.4 " C "PA seq=101 data=EHL\n"
                        "0.5 " C "PA seq=104 data=O\\sme\\r\\n\n"
                        "0.6 " S "PA seq=512 data=250\\sok\\r\\n\n"),
        "smtp flush (smtp 40000>8081 ++) <220 hello\r\n >EHLO me\r\n <250 ok\r\n .\n");
    /* Nothing is known until the end. */
    assert_string_equal(tell(&cfg, OPEN "0.3 " S "PA seq=501 data=220\\shello\\r\\n\n"),
                        "- flush (- 40000>8081 ++) <220 hello\r\n .\n");
    /* A hole in the opening keeps its place. */
    assert_string_equal(tell(&cfg, OPEN "0.3 " S "PA seq=503 data=0\\shello\\r\\n\n"
                                        "0.4 " C "PA seq=101 ack=512 data=USER\\s\n"),
                        "- flush (- 40000>8081 ++) <[2]0 hello\r\n >USER  .\n");
}

static void segments_may_come_in_any_order(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap};

    (void)state;
    assert_string_equal(tell(&cfg, OPEN "0.3 " C "PA seq=104 data=\\s/\\r\\n\n"
                                        "0.4 " C "PA seq=101 data=GET\n"),
                        "http flush (http 40000>8081 ++) >GET /\r\n .\n");
    assert_string_equal(tell(&cfg, OPEN GET "0.4 " C "PA seq=121 data=def\n"),
                        "http flush (http 40000>8081 ++) >" TEXT "[3]def .\n");
    /* Its SYN was not captured, nor that of the server. */
    assert_string_equal(tell(&cfg, "0.4 " C "PA seq=121 data=GET\\s/x\\r\\n\n"),
                        "http flush (http 40000>8081 --) >GET /x\r\n .\n");
    /* Who is the client, the request tells, and not the ports. */
    assert_string_equal(tell(&cfg, "0.4 tcp 10.0.0.2:80 > 10.0.0.1:5000 PA seq=121 "
                                   "data=GET\\s/x\\r\\n\n"),
                        "http flush (http 80>5000 --) >GET /x\r\n .\n");
}

static void status_records_do_not_end_it(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap,
                                        .status_interval_ns = INT64_C(1000000000)};

    (void)state;
    assert_string_equal(tell(&cfg, OPEN GET "2.0 " S "PA seq=501 data=abc\n"
                                            "4.0 " S "PA seq=504 data=def\n"),
                        "http status (http 40000>8081 ++) >" TEXT "\n"
                        "http status (http 40000>8081 ++) >" TEXT " <abc\n"
                        "http flush (http 40000>8081 ++) >" TEXT " <abcdef .\n");
}

static void connections_of_the_same_ports_are_others(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap};

    (void)state;
    assert_string_equal(tell(&cfg,
                             OPEN GET "0.4 " S "R seq=501 data=why\n"
                                      "0.5 " C "S seq=700\n"
                                      "0.6 " S "SA seq=900 ack=701\n"
                                      "0.7 " C "PA seq=701 data=GET\\s/y\\r\\n\n"),
                        "http closed (http 40000>8081 ++) >" TEXT " .\n"
                        "http flush (http 40000>8081 ++) >GET /y\r\n .\n");
}

static void only_so_much_is_told(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap, .stream_bytes = 20};

    (void)state;
    assert_string_equal(tell(&cfg, OPEN GET "0.4 " C "PA seq=118 data=abcdef\n"
                                            "0.5 " C "PA seq=130 data=xyz\n"
                                            "0.6 " C "PA seq=124 data=ghijkl\n"
                                            "0.7 " S "PA seq=501 data=123\n"),
                        "http flush (http 40000>8081 ++) >" TEXT "abc <123 >[12] .\n");
}

static void fragments_are_put_together_first(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap};

    (void)state;
    assert_string_equal(tell(&cfg, OPEN
                             "0.3 " C "PA seq=101 ipid=7 data=GET\\s/x\\r\\n cut=0,24\n"
                             "0.4 " C "PA seq=101 ipid=7 data=GET\\s/x\\r\\n cut=24,4\n"
                             "0.5 " C "PA seq=109 data=abc\n"),
                        "http flush (http 40000>8081 ++) >GET /x\r\nabc .\n");
}

static void datagrams_tell_their_protocol(void **state)
{
    const struct lw_meter_config cfg = {.apps = true};

    (void)state;
    assert_string_equal(tell(&cfg,
                             "0 udp 10.0.0.1:5060 > 10.0.0.2:5060 data=INVITE\\ssip:x\n"
                             "1 udp 10.0.0.1:9999 > 10.0.0.2:9998 data=x\n"),
                        "sip flush\n- flush\n");
}

#define RTP_FROM(n, source)                                                            \
    "data=\\x80\\x00\\x12\\x3" n "\\x00\\x00\\x00\\x01\\x01\\x02\\x03\\x0" source "\n"

static void rtp_is_told_by_numbers_that_follow(void **state)
{
    const struct lw_meter_config cfg = {.apps = true};

    (void)state;
    assert_string_equal(
        tell(&cfg,
             "0 udp 10.0.0.1:5 > 10.0.0.2:6 " RTP_FROM(
                 "1",
                 "1") "1 udp 10.0.0.2:6 > 10.0.0.1:5 " RTP_FROM("5",
                                                                "2") "2 udp 10.0.0.1:5 "
                                                                     "> "
                                                                     "10.0.0.2:"
                                                                     "6 " RTP_FROM(
                                                                         "2", "1")),
        "rtp flush\n");
    assert_string_equal(
        tell(
            &cfg,
            "0 udp 10.0.0.1:5 > 10.0.0.2:6 " RTP_FROM(
                "1",
                "1") "1 udp 10.0.0.2:6 > 10.0.0.1:5 " RTP_FROM("2",
                                                               "1") "2 udp 10.0.0.1:5 "
                                                                    "> "
                                                                    "10.0.0.2:"
                                                                    "6 " RTP_FROM(
                                                                        "4",
                                                                        "1") "3 udp "
                                                                             "10.0.0.1:"
                                                                             "5 > "
                                                                             "10.0.0.2:"
                                                                             "6"
                                                                             " " RTP_FROM(
                                                                                 "5",
                                                                                 "2")),
        "- flush\n");
}

static void print_handshake(void *ctx, const struct lw_record *rec)
{
    const struct lw_handshake *h = rec->handshake;

    (void)ctx;
    buf_printf(&told, "%s", lw_app_name(rec->app));
    if (h != NULL && h->app == LW_APP_SSH)
        buf_printf(&told, " %x %x", (unsigned)h->ssh.version[0],
                   (unsigned)h->ssh.version[1]);
    if (h != NULL && h->app == LW_APP_QUIC)
        buf_printf(&told, " %d %d", (int)h->quic.version[0], (int)h->quic.version[1]);
    buf_printf(&told, "\n");
}

static const char *tell_handshakes(const struct lw_meter_config *cfg, const char *lines)
{
    struct lw_meter *m = NULL;

    assert_int_equal(lw_meter_new(&m, cfg, NULL), LW_OK);
    run_lines(m, lines, print_handshake);
    lw_meter_free(m);
    return buf_text(&told);
}

static void handshakes_come_with_the_records(void **state)
{
    const struct lw_meter_config cfg = {.handshakes = true};
    const struct lw_meter_config both = {.handshakes = true, .tap = &any_tap};
    const struct lw_meter_config apps = {.apps = true};
    static const char ssh[] = OPEN "0.3 " S "PA seq=501 ack=101 data=SSH-2.0-x\\r\\n\n"
                                   "0.4 " C "PA seq=101 ack=512 data=SSH-1.5-y\\r\\n\n"
                                   "0.5 " S "PA seq=512 ack=112 data=\\x00\n";
    /* A header, two ids of one byte; the server answers with another version. */
    static const char quic[] = "0 udp 10.0.0.1:5000 > 10.0.0.2:443 "
                               "data=\\xc0\\x00\\x00\\x00\\x01\\x01a\\x01b\\x00\n"
                               "1 udp 10.0.0.2:443 > 10.0.0.1:5000 "
                               "data=\\xc0\\x00\\x00\\x00\\x00\\x01b\\x01a\n";

    (void)state;
    assert_string_equal(tell_handshakes(&cfg, ssh), "ssh 105 200\n");
    assert_string_equal(tell_handshakes(&both, ssh), "ssh 105 200\n");
    assert_string_equal(tell_handshakes(&apps, ssh), "ssh\n");
    assert_string_equal(tell_handshakes(&cfg, quic), "quic 1 0\n");
    assert_string_equal(tell_handshakes(&apps, quic), "quic\n");
    assert_string_equal(tell_handshakes(&cfg, OPEN GET), "http\n");
}

/* ---- room ---------------------------------------------------------------------- */

static void add_connections(struct buf *lines, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_printf(lines, "%u tcp 10.0.0.1:%u > 10.0.0.2:80 PA seq=1 data=GET\\s/\\n\n",
                   i / 10, 1000 + i);
}

static void there_is_room_for_so_many(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap, .stream_flows = 3};
    struct lw_meter_stats s;
    struct lw_meter *m = NULL;
    struct buf lines;

    (void)state;
    buf_init(&lines);
    add_connections(&lines, 5);
    assert_int_equal(lw_meter_new(&m, &cfg, NULL), LW_OK);
    assert_string_equal(meter_lines(m, buf_text(&lines)),
                        "http flush (http 1000>80 --) >GET /\n .\n"
                        "http flush (http 1001>80 --) >GET /\n .\n"
                        "http flush (http 1002>80 --) >GET /\n .\n"
                        "http flush\n"
                        "http flush\n");
    lw_meter_get_stats(m, &s);
    assert_int_equal(s.streams, 3);
    assert_int_equal(s.streams_refused, 2);
    assert_int_equal(s.stream_bytes, 3 * 6);
    /* And for as many again. */
    (void)meter_lines(m, buf_text(&lines));
    lw_meter_get_stats(m, &s);
    assert_int_equal(s.streams, 6);
    lw_meter_free(m);
    buf_release(&lines);
}

static void ignore_record(void *ctx, const struct lw_record *rec)
{
    (void)ctx;
    (void)rec;
}

static void nothing_is_allocated_when_it_is_steady(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap, .max_flows = 50};
    static struct frame frame;
    struct lw_meter *m = NULL;
    uint64_t before = 0;

    (void)state;
    assert_int_equal(lw_meter_new(&m, &cfg, NULL), LW_OK);
    for (unsigned i = 0; i < 6000; i++) {
        char text[128];

        if (i == 3000)
            before = mem_count();
        (void)snprintf(text, sizeof text,
                       "tcp 10.0.0.1:%u > 10.0.0.2:80 PA seq=%u data=220\\s/\\r\\n",
                       1000 + i * 7 % 83, 1000 + i / 83 % 5 * 20);
        (void)lw_meter_add(m, frame_at(&frame, i * 0.01, text), ignore_record, NULL);
    }
    assert_int_equal(mem_count(), before);
    lw_meter_free(m);
}

static void memory_may_run_out(void **state)
{
    const struct lw_meter_config cfg = {.tap = &any_tap, .handshakes = true};

    (void)state;
    for (unsigned n = 1; n < 40; n++) {
        struct lw_meter *m = NULL;
        struct lw_meter_stats s;

        mem_fail_at(n, n % 2);
        if (lw_meter_new(&m, &cfg, NULL) != LW_OK) {
            mem_fail_at(0, 0);
            continue;
        }
        (void)meter_lines(m,
                          OPEN GET "0.4 " S "PA seq=505 data=abc\n"
                                   "0.5 tcp 10.0.0.1:1 > 10.0.0.2:2 PA data=x\n"
                                   "0.6 tcp 10.0.0.1:3 > 10.0.0.2:2 PA data=SSH-2.0-\n"
                                   "0.7 udp 10.0.0.1:3 > 10.0.0.2:4 "
                                   "data=\\xc0\\x00\\x00\\x00\\x01\\x01a\\x01b\n");
        mem_fail_at(0, 0);
        lw_meter_get_stats(m, &s);
        assert_int_equal(s.seen, s.decoded);
        lw_meter_free(m);
    }
}

static void limits_are_checked(void **state)
{
    static const struct lw_stream_tap huge = {"huge", 4097, NULL, NULL,
                                              NULL,   NULL, NULL};
    static const struct lw_stream_tap none = {"none", 0, NULL, NULL, NULL, NULL, NULL};
    const struct lw_meter_config bad[] = {{.apps = true, .stream_flows = (1 << 20) + 1},
                                          {.apps = true, .stream_pool_bytes = 65535},
                                          {.apps = true, .stream_pool_bytes = 1U << 31},
                                          {.tap = &huge},
                                          {.tap = &none}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lw_meter *m = NULL;

        assert_int_equal(lw_meter_new(&m, &bad[i], NULL), LW_EINVAL);
        assert_null(m);
    }
}

static int release_told(void **state)
{
    (void)state;
    buf_release(&told);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tap_hears_both_sides),
        cmocka_unit_test(only_what_is_wanted_is_told),
        cmocka_unit_test(openings_are_told_in_their_order),
        cmocka_unit_test(segments_may_come_in_any_order),
        cmocka_unit_test(status_records_do_not_end_it),
        cmocka_unit_test(connections_of_the_same_ports_are_others),
        cmocka_unit_test(only_so_much_is_told),
        cmocka_unit_test(fragments_are_put_together_first),
        cmocka_unit_test(datagrams_tell_their_protocol),
        cmocka_unit_test(rtp_is_told_by_numbers_that_follow),
        cmocka_unit_test(handshakes_come_with_the_records),
        cmocka_unit_test(there_is_room_for_so_many),
        cmocka_unit_test(nothing_is_allocated_when_it_is_steady),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(limits_are_checked),
    };

    buf_init(&told);
    return cmocka_run_group_tests_name("streams", tests, NULL, release_told);
}
