/* SPDX-License-Identifier: Apache-2.0 */
/* Host names in answers of name servers and in what TLS clients say first. */
#include "test.h"

#include <lapwing/names.h>

#include <stdio.h>
#include <string.h>

struct told {
    char text[8][LW_NAME_MAX + 64];
    size_t n;
};

static void on_name(void *ctx, const struct lw_addr *addr, uint8_t ip_version,
                    const char *name)
{
    struct told *t = ctx;
    const uint8_t *b = addr->bytes;

    assert_true(t->n < 8);
    (void)snprintf(t->text[t->n++], sizeof t->text[0], "%u %u.%u.%u.%u %s", ip_version,
                   b[0], b[1], b[2], b[3], name);
}

/* An IPv4 packet from a port of 10.0.0.1 to one of 10.0.0.2, without a link header. */
static struct told read_packet(uint8_t protocol, uint16_t from, const void *payload,
                               size_t n)
{
    static uint8_t frame[2048];
    size_t head = protocol == 17 ? 28 : 40;
    struct told t = {.n = 0};
    struct lw_packet pkt = {.time_ns = 1,
                            .data = frame,
                            .captured_bytes = (uint32_t)(head + n),
                            .wire_bytes = (uint32_t)(head + n),
                            .link_type = 101};

    memset(frame, 0, sizeof frame);
    frame[0] = 0x45;
    frame[2] = (uint8_t)((head + n) >> 8);
    frame[3] = (uint8_t)(head + n);
    frame[8] = 64;
    frame[9] = protocol;
    memcpy(frame + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
    frame[20] = (uint8_t)(from >> 8);
    frame[21] = (uint8_t)from;
    frame[22] = 0x30;
    if (protocol == 17) {
        frame[24] = (uint8_t)((8 + n) >> 8);
        frame[25] = (uint8_t)(8 + n);
    } else {
        frame[32] = 0x50;
        frame[33] = 0x18;
    }
    memcpy(frame + head, payload, n);
    lw_packet_names(&pkt, on_name, &t);
    return t;
}

#define BYTES(text) text, sizeof text - 1

/* www.Example.org: an alias of a.cdn.example, which has two addresses. */
static const char answer[] = "\x12\x34\x81\x80\0\1\0\3\0\0\0\0"
                             "\3www\7Example\3org\0\0\1\0\1"
                             "\xc0\x0c\0\5\0\1\0\0\0\5\0\x0f\1a\3cdn\7example\0"
                             "\xc0\x2d\0\1\0\1\0\0\0\5\0\4\xc0\0\2\1"
                             "\xc0\x2d\0\1\0\1\0\0\0\5\0\4\xc0\0\2\2";

static void the_name_that_was_asked_for(void **state)
{
    struct told t = read_packet(17, 53, BYTES(answer));

    (void)state;
    assert_int_equal(t.n, 2);
    assert_string_equal(t.text[0], "4 192.0.2.1 www.example.org");
    assert_string_equal(t.text[1], "4 192.0.2.2 www.example.org");
    assert_int_equal(read_packet(17, 54, BYTES(answer)).n, 0);
    assert_int_equal(read_packet(6, 53, BYTES(answer)).n, 0);
}

/* However much of it is missing. */
static void a_cut_answer_tells_less(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof answer - 1; n++)
        assert_true(read_packet(17, 53, answer, n).n < 2);
}

static void reverse_and_local_names(void **state)
{
    struct told t = read_packet(17, 53,
                                BYTES("\0\1\x81\x80\0\1\0\1\0\0\0\0"
                                      "\1"
                                      "7\1"
                                      "2\1"
                                      "0\2"
                                      "10\7in-addr\4arpa\0\0\x0c\0\1"
                                      "\xc0\x0c\0\x0c\0\1\0\0\0\5\0\x0a\3nas\4home\0"));

    (void)state;
    assert_int_equal(t.n, 1);
    assert_string_equal(t.text[0], "4 10.0.2.7 nas.home");
    t = read_packet(17, 5353,
                    BYTES("\0\0\x84\0\0\0\0\1\0\0\0\0"
                          "\7printer\5local\0\0\1\x80\1\0\0\0\5\0\4\x0a\0\0\x09"));
    assert_int_equal(t.n, 1);
    assert_string_equal(t.text[0], "4 10.0.0.9 printer.local");
}

static void hostile_names_are_none(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } messages[] = {
        /* markup; a question that goes on at itself; at what comes behind it */
        {BYTES("\0\1\x81\x80\0\1\0\1\0\0\0\0\3<b>"
               "\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4")},
        {BYTES("\0\1\x81\x80\0\1\0\1\0\0\0\0\1a\xc0\x0c\0\1\0\1"
               "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4")},
        {BYTES("\0\1\x81\x80\0\1\0\1\0\0\0\0\xc0\x12\0\1\0\1\1a\0\1\0\1"
               "\0\0\0\5\0\4\1\2\3\4\0")},
        /* the root; a question, no answer; one that failed */
        {BYTES("\0\1\x81\x80\0\1\0\1\0\0\0\0\0\0\1\0\1"
               "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4")},
        {BYTES("\0\1\x01\x00\0\1\0\1\0\0\0\0\3abc\0\0\1\0\1"
               "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4")},
        {BYTES("\0\1\x81\x83\0\1\0\1\0\0\0\0\3abc\0\0\1\0\1"
               "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\1\2\3\4")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        assert_int_equal(read_packet(17, 53, messages[i].bytes, messages[i].n).n, 0);
}

/* A hello with one extension before the name; `list` is the server's name. */
static struct told read_hello(const char *name, size_t cut)
{
    uint8_t hello[512] = {22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3};
    size_t at = 11 + 32;
    size_t n = strlen(name);
    size_t extensions;

    hello[at++] = 0; /* session id */
    hello[at++] = 0;
    hello[at++] = 2; /* ciphers */
    hello[at++] = 0x13;
    hello[at++] = 1;
    hello[at++] = 1; /* compressions */
    hello[at++] = 0;
    extensions = at;
    at += 2;
    memcpy(hello + at, "\0\x17\0\0\0\0", 6);
    at += 6;
    hello[at++] = 0;
    hello[at++] = (uint8_t)(n + 5);
    hello[at++] = 0;
    hello[at++] = (uint8_t)(n + 3);
    hello[at++] = 0;
    hello[at++] = 0;
    hello[at++] = (uint8_t)n;
    memcpy(hello + at, name, n);
    at += n;
    memset(hello + at, 0, 60); /* what may be missing */
    hello[at + 1] = 0x15;
    hello[at + 3] = 56;
    at += 60;
    hello[extensions] = 0;
    hello[extensions + 1] = (uint8_t)(at - extensions - 2);
    hello[3] = (uint8_t)((at - 5) >> 8);
    hello[4] = (uint8_t)(at - 5);
    hello[7] = (uint8_t)((at - 9) >> 8);
    hello[8] = (uint8_t)(at - 9);
    return read_packet(6, 50000, hello, at - cut);
}

static void the_name_a_client_calls(void **state)
{
    struct told t = read_hello("Mail.example.org", 0);

    (void)state;
    assert_int_equal(t.n, 1);
    assert_string_equal(t.text[0], "4 10.0.0.2 mail.example.org");
    t = read_hello("mail.example.org", 50); /* the rest is in another segment */
    assert_int_equal(t.n, 1);
    assert_int_equal(read_hello("mail.example.org", 70).n, 0);
    assert_int_equal(read_hello("192.0.2.1", 0).n, 0);
    assert_int_equal(read_hello("<script>.example", 0).n, 0);
    assert_int_equal(read_hello("a..b", 0).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_that_was_asked_for),
        cmocka_unit_test(a_cut_answer_tells_less),
        cmocka_unit_test(reverse_and_local_names),
        cmocka_unit_test(hostile_names_are_none),
        cmocka_unit_test(the_name_a_client_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
