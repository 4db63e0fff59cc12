/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/record.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* A record of that much; the rest zero. */
static struct lw_record make(enum lw_flow_kind kind, uint8_t protocol, const char *src,
                             const char *dst)
{
    struct lw_record rec = {.kind = kind, .protocol = protocol};
    bool v6 = strchr(src, ':') != NULL;

    rec.ip_version = v6 ? 6 : 4;
    rec.ether_type = v6 ? 0x86dd : 0x0800;
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, src, rec.addr[0].bytes), 1);
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, dst, rec.addr[1].bytes), 1);
    return rec;
}

struct id_case {
    enum lw_flow_kind kind;
    uint8_t protocol;
    const char *src;
    const char *dst;
    uint16_t a; /* ports; of ICMP the type, and the type that answers it or the code */
    uint16_t b;
    const char *id[2]; /* by seed */
};

/* All of baseline/baseline_deflt.json and baseline_seed1.json of
 * corelight/community-id-spec. */
static const struct id_case id_cases[] = {
    {LW_FLOW_ICMP6,
     58,
     "fe80::200:86ff:fe05:80da",
     "fe80::260:97ff:fe07:69ea",
     135,
     136,
     {"1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", "1:kHa1FhMYIT6Ym2Vm2AOtoOARDzY="}},
    {LW_FLOW_ICMP6,
     58,
     "fe80::260:97ff:fe07:69ea",
     "fe80::200:86ff:fe05:80da",
     136,
     135,
     {"1:dGHyGvjMfljg6Bppwm3bg0LO8TY=", "1:kHa1FhMYIT6Ym2Vm2AOtoOARDzY="}},
    {LW_FLOW_ICMP6,
     58,
     "fe80::260:97ff:fe07:69ea",
     "fe80::200:86ff:fe05:80da",
     135,
     136,
     {"1:zavyT/cezQr1fmImYCwYnMXbgck=", "1:2hSqmsDZ2kdcY9kbiUzOEBic0iM="}},
    {LW_FLOW_ICMP6,
     58,
     "fe80::200:86ff:fe05:80da",
     "fe80::260:97ff:fe07:69ea",
     136,
     135,
     {"1:zavyT/cezQr1fmImYCwYnMXbgck=", "1:2hSqmsDZ2kdcY9kbiUzOEBic0iM="}},
    {LW_FLOW_ICMP6,
     58,
     "3ffe:501:1800:2345::2",
     "3ffe:507:0:1:200:86ff:fe05:80da",
     3,
     0,
     {"1:2ObVBgIn28oZvibYZhZMBgh7WdQ=", "1:lVEtCZpYu84Xqaa++3lXFyuu2n4="}},
    {LW_FLOW_ICMP6,
     58,
     "3ffe:501:410:0:2c0:dfff:fe47:33e",
     "3ffe:507:0:1:200:86ff:fe05:80da",
     1,
     4,
     {"1:hLZd0XGWojozrvxqE0dWB1iM6R0=", "1:W8MHwXpWzpoSTD+cGcaJr4u0ys8="}},
    {LW_FLOW_ICMP6,
     58,
     "3ffe:507:0:1:200:86ff:fe05:80da",
     "3ffe:501:0:1001::2",
     128,
     129,
     {"1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "1:GfZxjAkDk2MkegpBYHV6tadtFXQ="}},
    {LW_FLOW_ICMP6,
     58,
     "3ffe:501:0:1001::2",
     "3ffe:507:0:1:200:86ff:fe05:80da",
     129,
     128,
     {"1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=", "1:GfZxjAkDk2MkegpBYHV6tadtFXQ="}},
    {LW_FLOW_ICMP6,
     58,
     "fe80::200:86ff:fe05:80da",
     "ff02::2",
     133,
     134,
     {"1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0=", "1:L7Ka0ZMYu+J3bL4ulW2PrqyXNo8="}},
    {LW_FLOW_ICMP6,
     58,
     "fe80::260:97ff:fe07:69ea",
     "ff02::1",
     134,
     133,
     {"1:pkvHqCL88/tg1k4cPigmZXUtL00=", "1:K/ee5UCqAMAQXDorP5nSa2CGLjc="}},
    {LW_FLOW_ICMP,
     1,
     "192.168.0.89",
     "192.168.0.1",
     8,
     0,
     {"1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", "1:03g6IloqVBdcZlPyX8r0hgoE7kA="}},
    {LW_FLOW_ICMP,
     1,
     "192.168.0.1",
     "192.168.0.89",
     0,
     8,
     {"1:X0snYXpgwiv9TZtqg64sgzUn6Dk=", "1:03g6IloqVBdcZlPyX8r0hgoE7kA="}},
    {LW_FLOW_ICMP,
     1,
     "10.0.0.1",
     "10.0.0.2",
     11,
     0,
     {"1:YHxtAirCG//0OzkcVAukqKQN9xM=", "1:XjUibYHaafLQ3pxQeiMI8g25q20="}},
    {LW_FLOW_TCP,
     6,
     "2001:470:e5bf:dead:4957:2174:e82c:4887",
     "2607:f8b0:400c:c03::1a",
     63943,
     25,
     {"1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "1:eJYTW6AOzFLlSUoESovMjnu7rMw="}},
    {LW_FLOW_TCP,
     6,
     "2607:f8b0:400c:c03::1a",
     "2001:470:e5bf:dead:4957:2174:e82c:4887",
     25,
     63943,
     {"1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=", "1:eJYTW6AOzFLlSUoESovMjnu7rMw="}},
    {LW_FLOW_SCTP,
     132,
     "192.168.170.8",
     "192.168.170.56",
     7,
     7,
     {"1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=", "1:5w3ZRjeKBzqT3zsaEECDGjUbYeg="}},
    {LW_FLOW_SCTP,
     132,
     "192.168.170.56",
     "192.168.170.8",
     7,
     7,
     {"1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=", "1:5w3ZRjeKBzqT3zsaEECDGjUbYeg="}},
    {LW_FLOW_TCP,
     6,
     "128.232.110.120",
     "66.35.250.204",
     34855,
     80,
     {"1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:3V71V58M3Ksw/yuFALMcW0LAHvc="}},
    {LW_FLOW_TCP,
     6,
     "66.35.250.204",
     "128.232.110.120",
     80,
     34855,
     {"1:LQU9qZlK+B5F3KDmev6m5PMibrg=", "1:3V71V58M3Ksw/yuFALMcW0LAHvc="}},
    {LW_FLOW_UDP,
     17,
     "192.168.1.52",
     "8.8.8.8",
     54585,
     53,
     {"1:d/FP5EW3wiY1vCndhwleRRKHowQ=", "1:Q9We8WO3piVF8yEQBNJF4uiSVrI="}},
    {LW_FLOW_UDP,
     17,
     "8.8.8.8",
     "192.168.1.52",
     53,
     54585,
     {"1:d/FP5EW3wiY1vCndhwleRRKHowQ=", "1:Q9We8WO3piVF8yEQBNJF4uiSVrI="}},
    {LW_FLOW_IP,
     46,
     "10.1.12.1",
     "10.1.12.2",
     0,
     0,
     {"1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=", "1:rYir8gphR31noO9iDRQmF/BteEI="}},
    {LW_FLOW_IP,
     46,
     "10.1.12.2",
     "10.1.12.1",
     0,
     0,
     {"1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=", "1:rYir8gphR31noO9iDRQmF/BteEI="}},
};

static void community_ids_match_the_baseline(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof id_cases / sizeof id_cases[0]; i++) {
        const struct id_case *c = &id_cases[i];
        struct lw_record rec = make(c->kind, c->protocol, c->src, c->dst);
        char id[LW_COMMUNITY_ID_MAX];

        if (c->kind == LW_FLOW_ICMP || c->kind == LW_FLOW_ICMP6) {
            rec.icmp_type = (uint8_t)c->a;
            rec.icmp_code = (uint8_t)c->b;
        } else {
            rec.has_ports = c->kind != LW_FLOW_IP;
            rec.port[0] = c->a;
            rec.port[1] = c->b;
        }
        for (uint16_t seed = 0; seed < 2; seed++) {
            lw_record_community_id(&rec, seed, id);
            assert_string_equal(id, c->id[seed]);
        }
    }
}

static void community_id_needs_ip_and_obeys_the_seed(void **state)
{
    struct lw_record rec = make(LW_FLOW_TCP, 6, "10.0.0.1", "10.0.0.2");
    char id[LW_COMMUNITY_ID_MAX];
    char seeded[LW_COMMUNITY_ID_MAX];

    (void)state;
    rec.has_ports = true;
    lw_record_community_id(&rec, 0, id);
    lw_record_community_id(&rec, 1, seeded);
    assert_string_not_equal(id, seeded);
    rec.kind = LW_FLOW_ARP;
    rec.ip_version = 0;
    lw_record_community_id(&rec, 0, id);
    assert_string_equal(id, "");
}

static void addresses_print(void **state)
{
    static const char *const texts[] = {"0.0.0.0",         "10.0.0.1", "192.168.99.200",
                                        "255.255.255.255", "::",       "fe80::1:2"};
    struct lw_record rec;
    char text[LW_ADDR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rec = make(LW_FLOW_UDP, 17, texts[i], texts[i]);
        assert_int_equal(lw_record_addr_text(&rec, 1, text), strlen(texts[i]));
        assert_string_equal(text, texts[i]);
    }
    rec = make(LW_FLOW_ARP, 0, "10.0.0.1", "10.0.0.2");
    rec.ip_version = 0;
    (void)lw_record_addr_text(&rec, 0, text);
    assert_string_equal(text, "10.0.0.1");
    rec.kind = LW_FLOW_OTHER;
    (void)lw_record_addr_text(&rec, 0, text);
    assert_string_equal(text, "0a:00:00:01:00:00");
}

static void protocols_have_argus_words(void **state)
{
    struct lw_record rec = make(LW_FLOW_TCP, 6, "10.0.0.1", "10.0.0.2");
    char text[16];

    (void)state;
    assert_string_equal(lw_record_proto_text(&rec, text), "tcp");
    rec.kind = LW_FLOW_ICMP6;
    assert_string_equal(lw_record_proto_text(&rec, text), "ipv6-icmp");
    rec.kind = LW_FLOW_IP;
    rec.protocol = 89;
    assert_string_equal(lw_record_proto_text(&rec, text), "ospf");
    rec.protocol = 134;
    assert_string_equal(lw_record_proto_text(&rec, text), "rsvp");
    rec.protocol = 135;
    assert_string_equal(lw_record_proto_text(&rec, text), "unas");
    rec.protocol = 253;
    assert_string_equal(lw_record_proto_text(&rec, text), "ib");
    rec.kind = LW_FLOW_OTHER;
    rec.ether_type = 0x88cc;
    assert_string_equal(lw_record_proto_text(&rec, text), "lldp");
    rec.ether_type = 0x88b5;
    assert_string_equal(lw_record_proto_text(&rec, text), "34997");
    rec.ether_type = 60;
    assert_string_equal(lw_record_proto_text(&rec, text), "llc");
}

static void names_cover_every_value(void **state)
{
    (void)state;
    assert_string_equal(lw_flow_kind_name(LW_FLOW_IP), "ip");
    assert_string_equal(lw_flow_kind_name(LW_N_FLOW_KINDS), "?");
    assert_string_equal(lw_dir_name(LW_DIR_WHO), "who");
    assert_string_equal(lw_dir_name(LW_N_DIRS), "?");
    assert_string_equal(lw_conn_name(LW_CONN_RSTOS0), "RSTOS0");
    assert_string_equal(lw_conn_name(LW_N_CONNS), "?");
    assert_string_equal(lw_end_reason_name(LW_END_EVICTED), "evicted");
    assert_string_equal(lw_end_reason_name(LW_N_END_REASONS), "?");
}

static const char *duration(int64_t start_ns, int64_t end_ns)
{
    static char line[LW_BINETFLOW_LINE_MAX];
    struct lw_record rec = make(LW_FLOW_UDP, 17, "10.0.0.1", "10.0.0.2");

    rec.start_ns = start_ns;
    rec.end_ns = end_ns;
    (void)lw_binetflow_format(&rec, "", line);
    *strchr(strchr(line, ',') + 1, ',') = '\0';
    return strchr(line, ',') + 1;
}

/* As printed by ra, which keeps seconds in single precision: 3500.071 s become
 * 3500.071045. */
static void durations_round_as_ra_does(void **state)
{
    (void)state;
    assert_string_equal(duration(0, 0), "0.000000");
    assert_string_equal(duration(999, 1000), "0.000001");
    assert_string_equal(duration(-1, 0), "0.000001");
    assert_string_equal(duration(0, 15999999 * NS_PER_US), "15.999999");
    assert_string_equal(duration(0, 31002001 * NS_PER_US), "31.002001");
    assert_string_equal(duration(0, 3500071000 * NS_PER_US), "3500.071045");
    assert_string_equal(duration(0, INT64_C(86400000001) * NS_PER_US), "86400.000000");
}

static void line_is_whole_and_bounded(void **state)
{
    struct lw_record rec = make(LW_FLOW_TCP, 6, "10.0.0.1", "10.0.0.2");
    char line[LW_BINETFLOW_LINE_MAX];
    char label[2 * LW_BINETFLOW_LINE_MAX];
    size_t n;

    (void)state;
    rec.start_ns = INT64_C(1313488906972101000);
    rec.end_ns = rec.start_ns + 1500 * NS_PER_US;
    rec.port[0] = 80;
    rec.port[1] = 1024;
    rec.initiator = 1;
    rec.dir = LW_DIR_UNKNOWN;
    rec.side[0] = (struct lw_side){.packets = 1, .frame_bytes = 60, .has_ip = true};
    rec.side[1] = (struct lw_side){.packets = 2, .frame_bytes = 200};
    memcpy(rec.state, "A_PA", 5);
    n = lw_binetflow_format(&rec, "flow=X", line);
    assert_int_equal(n, strlen(line));
    assert_string_equal(line, "2011/08/16 10:01:46.972101,0.001500,tcp,10.0.0.2,1024,"
                              "  <?>,10.0.0.1,80,A_PA,,0,3,260,200,flow=X\n");
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    assert_int_equal(lw_binetflow_format(&rec, label, line), LW_BINETFLOW_LINE_MAX - 1);
    assert_int_equal(line[LW_BINETFLOW_LINE_MAX - 2], '\n');
    assert_int_equal(line[LW_BINETFLOW_LINE_MAX - 1], '\0');
}

/* As many columns in a line as in the header. */
static void header_fits_the_lines(void **state)
{
    struct lw_record rec = make(LW_FLOW_TCP, 6, "10.0.0.1", "10.0.0.2");
    char line[LW_BINETFLOW_LINE_MAX];
    size_t n_columns = 0;
    size_t n_names = 0;

    (void)state;
    (void)lw_binetflow_format(&rec, "", line);
    for (const char *p = line; *p != '\0'; p++)
        n_columns += *p == ',';
    for (const char *p = lw_binetflow_header(); *p != '\0'; p++)
        n_names += *p == ',';
    assert_int_equal(n_columns, 14);
    assert_int_equal(n_names, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(community_ids_match_the_baseline),
        cmocka_unit_test(community_id_needs_ip_and_obeys_the_seed),
        cmocka_unit_test(addresses_print),
        cmocka_unit_test(protocols_have_argus_words),
        cmocka_unit_test(names_cover_every_value),
        cmocka_unit_test(durations_round_as_ra_does),
        cmocka_unit_test(line_is_whole_and_bounded),
        cmocka_unit_test(header_fits_the_lines),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
