/* SPDX-License-Identifier: Apache-2.0 */
/* An interface: the loopback one, with packets that the test sends itself.  Skipped
 * without the right to capture. */
#include "base/mem.h"
#include "test.h"

#include <lapwing/capture.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A datagram to a port of the loopback that nobody listens on. */
static void send_to(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    (void)sendto(fd, "lapwing", 7, 0, (struct sockaddr *)&to, sizeof to);
    (void)close(fd);
}

static struct lw_capture *open_lo(const struct lw_capture_config *cfg)
{
    struct lw_capture *cap = NULL;
    struct lw_error err = {0};
    enum lw_status st = lw_capture_open_live(&cap, "lo", cfg, &err);

    if (st == LW_EPERM || st == LW_ENOTFOUND || st == LW_EIO) {
        print_message("# live capture: skipped: %s\n", err.msg);
        skip();
    }
    if (st != LW_OK)
        fail_msg("%s", err.msg);
    return cap;
}

static void filtered_packets_and_pauses(void **state)
{
    const struct lw_capture_config cfg = {.filter = "udp dst port 40123"};
    struct lw_capture *cap = open_lo(&cfg);
    struct lw_capture_stats stats;
    struct lw_packet pkt = {0};
    time_t start = time(NULL);

    (void)state;
    /* Nothing there: a pause comes within a second or so. */
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
    assert_null(pkt.data);
    assert_true(time(NULL) - start <= 2);
    assert_true(pkt.time_ns / 1000000000 >= start);

    send_to(40124);
    send_to(40123);
    for (int i = 0; i < 20 && pkt.data == NULL; i++)
        assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_OK);
    assert_non_null(pkt.data);
    assert_true(pkt.captured_bytes >= 7);
    assert_memory_equal(pkt.data + pkt.captured_bytes - 7, "lapwing", 7);
    assert_true(pkt.time_ns / 1000000000 - start <= 30);
    lw_capture_get_stats(cap, &stats);
    assert_true(stats.seen >= 1);
    assert_int_equal(stats.filtered, 0);

    lw_capture_stop(cap);
    assert_int_equal(lw_capture_next(cap, &pkt, NULL), LW_END);
    lw_capture_close(cap);
}

static void failures_say_what_to_do(void **state)
{
    const struct lw_capture_config wrong = {.filter = "udp porp 1"};
    struct lw_capture_config long_one = {.snaplen = 300000};
    struct lw_capture *cap = open_lo(NULL);
    struct lw_error err;

    (void)state;
    lw_capture_close(cap);
    assert_int_equal(lw_capture_open_live(&cap, "nosuchif0", NULL, &err), LW_ENOTFOUND);
    assert_non_null(strstr(err.msg, "nosuchif0"));
    assert_int_equal(lw_capture_open_live(&cap, "lo", &wrong, &err), LW_EINVAL);
    assert_non_null(strstr(err.msg, "udp porp 1"));
    assert_int_equal(lw_capture_open_live(&cap, "lo", &long_one, &err), LW_EINVAL);
}

static void running_out_of_memory(void **state)
{
    const struct lw_capture_config cfg = {.filter = "udp"};
    struct lw_capture *cap = open_lo(&cfg);
    enum lw_status st = LW_ENOMEM;
    unsigned n;

    (void)state;
    lw_capture_close(cap);
    for (n = 1; st != LW_OK && n < 20; n++) {
        mem_fail_at(n, 0);
        st = lw_capture_open_live(&cap, "lo", &cfg, NULL);
        mem_fail_at(0, 0);
        assert_true(st == LW_OK || st == LW_ENOMEM);
    }
    assert_true(n > 3);
    lw_capture_close(cap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filtered_packets_and_pauses),
        cmocka_unit_test(running_out_of_memory),
        cmocka_unit_test(failures_say_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
