/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels: from one level to the next, and the flows of the levels. */
#include "frame.h"
#include "metered.h"
#include "packet/levels.h"
#include "test.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define INNER  "tcp 192.168.0.1:1000 > 192.168.0.2:80 S"
#define INNER6 "tcp [fd00::1]:1000 > [fd00::2]:80 S"
#define OUTER  "10.0.0.1:5000 > 10.0.0.2"

static struct frame frame;

static struct levels levels_of(const char *text)
{
    struct reassembly r;
    struct levels l;

    reassembly_init(&r, 0, 0);
    assert_int_equal(packet_decode(frame_at(&frame, 1, text), &l.at[0]), DECODE_OK);
    levels_follow(&l, &r, 1, true);
    reassembly_release(&r);
    return l;
}

static void assert_addresses(const struct decoded *d, const char *src, const char *dst)
{
    const char *want[2] = {src, dst};
    char text[INET6_ADDRSTRLEN];

    for (unsigned i = 0; i < 2; i++) {
        assert_non_null(inet_ntop(d->ip_version == 4 ? AF_INET : AF_INET6,
                                  d->addr[i].bytes, text, sizeof text));
        assert_string_equal(text, want[i]);
    }
}

/* A frame with one tunnel, whose inner packet is INNER or INNER6. */
struct one {
    const char *text;
    enum lw_tunnel_kind kind;
    uint32_t id;
};

static void every_kind_of_tunnel(void **state)
{
    static const struct one cases[] = {
        {"ip 10.0.0.1 > 10.0.0.2 proto=4 | " INNER " link=raw", LW_TUNNEL_4IN4, 0},
        {"ip 10.0.0.1 > 10.0.0.2 proto=41 | " INNER6 " link=raw", LW_TUNNEL_6IN4, 0},
        {"ip ::1 > ::2 proto=4 | " INNER " link=raw", LW_TUNNEL_4IN6, 0},
        {"ip ::1 > ::2 proto=41 | " INNER6 " link=raw", LW_TUNNEL_6IN6, 0},
        {"ip ::1 > ::2 proto=41 ext=0,60 | " INNER6 " link=raw", LW_TUNNEL_6IN6, 0},
        {"gre 10.0.0.1 > 10.0.0.2 | " INNER " link=raw", LW_TUNNEL_GRE, 0},
        {"gre ::1 > ::2 greproto=0x86dd | " INNER6 " link=raw", LW_TUNNEL_GRE, 0},
        {"gre 10.0.0.1 > 10.0.0.2 grecsum grekey=77 greseq=1 | " INNER " link=raw",
         LW_TUNNEL_GRE, 77},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x6558 | " INNER, LW_TUNNEL_GRE, 0},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x8847 hex=00010140 | " INNER " link=raw",
         LW_TUNNEL_GRE, 0},
        /* MPLS in GRE with a pseudowire is one level, not two. */
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x8847 hex=0001014000000000 | " INNER,
         LW_TUNNEL_MPLS, 0},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x880b | " INNER " link=ppp", LW_TUNNEL_GRE,
         0},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x883e hex=01020304 | " INNER " link=raw",
         LW_TUNNEL_GRE, 0},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x8909 hex=0800010100010005 | " INNER
         " link=raw",
         LW_TUNNEL_GRE, 0},
        {"gre 10.0.0.1 > 10.0.0.2 call=9 greseq=1 | " INNER " link=ppp", LW_TUNNEL_PPTP,
         9},
        /* Virtual subnet 24 bits, flow 8. */
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x6558 grekey=0x1234ff | " INNER,
         LW_TUNNEL_NVGRE, 0x1234},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x88be | " INNER, LW_TUNNEL_ERSPAN1, 0},
        /* Version 1, VLAN 5, session 3. */
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x88be greseq=7 hex=1005000300000000 "
         "| " INNER,
         LW_TUNNEL_ERSPAN2, 3},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x22eb greseq=7 hex=200500040000000000000000"
         " | " INNER,
         LW_TUNNEL_ERSPAN3, 4},
        /* The last bit announces 8 bytes more; frame type 2 is IP. */
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x22eb greseq=7 hex=200500040000000000000801"
         "1122334455667788 | " INNER " link=raw",
         LW_TUNNEL_ERSPAN3, 4},
        {"ip 10.0.0.1 > 10.0.0.2 proto=97 hex=3000 | " INNER, LW_TUNNEL_ETHERIP, 0},
        {"ip ::1 > ::2 proto=143 | " INNER, LW_TUNNEL_ETHERIP, 0},
        {"ip 10.0.0.1 > 10.0.0.2 proto=51 hex=040400000000000000000000"
         "111122223333444455556666 | " INNER " link=raw",
         LW_TUNNEL_4IN4, 0},
        {"ip 10.0.0.1 > 10.0.0.2 proto=137 hex=00010140 | " INNER " link=raw",
         LW_TUNNEL_MPLS, 0},
        {"ether mpls=2 | " INNER, LW_TUNNEL_MPLS, 0},
        {"ether mpls=1 hex=00000000 | " INNER, LW_TUNNEL_MPLS, 0},
        {"udp " OUTER ":4789 vxlan=70000 | " INNER, LW_TUNNEL_VXLAN, 70000},
        {"udp " OUTER ":8472 vxlan=7 | " INNER, LW_TUNNEL_VXLAN, 7},
        /* Reserved bits that someone uses; the group policy. */
        {"udp " OUTER ":4789 hex=08087f7f00000700 | " INNER, LW_TUNNEL_VXLAN, 7},
        {"udp " OUTER ":4789 hex=8800002a00000700 | " INNER, LW_TUNNEL_VXLAN, 7},
        {"udp " OUTER ":4790 hex=0c00000100000700 | " INNER " link=raw",
         LW_TUNNEL_VXLAN_GPE, 7},
        {"udp " OUTER ":4790 hex=0c00000300000700 | " INNER, LW_TUNNEL_VXLAN_GPE, 7},
        {"udp [::1]:5 > [::2]:6081 geneve=5 | " INNER6, LW_TUNNEL_GENEVE, 5},
        /* Two words of options, and IPv4. */
        {"udp " OUTER ":6081 hex=020008000000050000000101ffffffff | " INNER " link=raw",
         LW_TUNNEL_GENEVE, 5},
        {"udp " OUTER ":2152 gtp=0xdeadbeef | " INNER " link=raw", LW_TUNNEL_GTP_U,
         0xdeadbeef},
        /* E and S, sequence 1, one extension header of a word. */
        {"udp " OUTER ":2152 hex=36ff0030000000070001008501aabb00 | " INNER " link=raw",
         LW_TUNNEL_GTP_U, 7},
        /* Identity of 2 bytes, signature of a word. */
        {"udp " OUTER ":5072 hex=1111112900000000010211223344 | " INNER6 " link=raw",
         LW_TUNNEL_AYIYA, 0},
        {"udp 10.0.0.1:5072 > 10.0.0.2:9 hex=1111110400000000010211223344 | " INNER
         " link=raw",
         LW_TUNNEL_AYIYA, 0},
        {"udp " OUTER ":1701 l2tp=9 | " INNER " link=ppp", LW_TUNNEL_L2TP, 0x10009},
        /* With length, sequence and offset. */
        {"udp 10.0.0.1:1701 > 10.0.0.2:9 hex=4a02003c0001000900000000000201bc | " INNER
         " link=ppp",
         LW_TUNNEL_L2TP, 0x10009},
        {"gre 10.0.0.1 > 10.0.0.2 greproto=0x6558 | " INNER6 " vlan=5 pppoe",
         LW_TUNNEL_GRE, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct levels l = levels_of(cases[i].text);
        const struct decoded *d = &l.at[1];

        if (l.n != 2)
            print_error("%s\n", cases[i].text);
        assert_int_equal(l.n, 2);
        assert_int_equal(l.end, DECODE_OK);
        assert_string_equal(lw_tunnel_name((enum lw_tunnel_kind)d->tunnel_kind),
                            lw_tunnel_name(cases[i].kind));
        assert_int_equal(d->tunnel_id, cases[i].id);
        assert_int_equal(d->tunnel_depth, 1);
        assert_int_equal(l.at[0].tunnel_depth, 0);
        assert_int_equal(d->layer, DECODE_TRANSPORT);
        assert_int_equal(d->port[1], 80);
        if (d->ip_version == 4)
            assert_addresses(d, "192.168.0.1", "192.168.0.2");
        else
            assert_addresses(d, "fd00::1", "fd00::2");
    }
}

static void bytes_of_a_level_are_its_own(void **state)
{
    struct levels l = levels_of(
        "udp " OUTER ":4789 vxlan=7 | udp 1.1.1.1:1 > 2.2.2.2:2 len=100 pad=3");

    (void)state;
    assert_int_equal(l.at[0].frame_bytes, 50 + 14 + 28 + 103);
    assert_int_equal(l.at[1].frame_bytes, 14 + 28 + 103);
    assert_int_equal(l.at[1].ip_bytes, 128);
    assert_int_equal(l.at[1].payload_bytes, 100);
    assert_true(l.at[1].has_macs);
    l = levels_of("ip 1.1.1.1 > 2.2.2.2 proto=4 | udp 1.1.1.1:1 > 2.2.2.2:2 len=9 "
                  "link=raw");
    assert_int_equal(l.at[1].frame_bytes, 37);
    assert_false(l.at[1].has_macs);
}

static void teredo_is_checked(void **state)
{
#define TEREDO "udp [2001:0:1::1]:5 > [fd00::1]:6 link=raw"
    static const char *const good[] = {
        "udp " OUTER ":3544 | " TEREDO,
        "udp 10.0.0.2:3544 > 10.0.0.1:777 | udp [fe80::1]:5 > [ff02::2]:6 link=raw",
        /* An origin indication; authentication and then that. */
        "udp " OUTER ":3544 hex=0000112233445566 | " TEREDO,
        "udp " OUTER ":3544 hex=00010000000000000000000000 | " TEREDO,
        "udp " OUTER ":3544 hex=00010102aabbcc000000000000000000"
        "0000112233445566 | " TEREDO,
    };
    static const char *const bad[] = {
        "udp " OUTER ":3544 | udp [2002::1]:5 > [fd00::1]:6 link=raw",
        "udp " OUTER ":3545 | " TEREDO,
        "udp " OUTER ":3544 | " TEREDO " iplen=9",
        "udp " OUTER ":3544 | udp 1.1.1.1:5 > 2.2.2.2:6 link=raw",
        "udp " OUTER ":3544 hex=00010102aabbcc00",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct levels l = levels_of(good[i]);

        assert_int_equal(l.n, 2);
        assert_int_equal(l.at[1].tunnel_kind, LW_TUNNEL_TEREDO);
        assert_int_equal(l.at[1].port[1], 6);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(levels_of(bad[i]).n, 1);
}

/* What is on the port of a tunnel, or looks like one, but is none. */
static void ports_are_no_proof(void **state)
{
    static const char *const cases[] = {
        "udp " OUTER ":4789 len=60",
        "udp " OUTER ":4789 hex=0800000000000701 | " INNER,   /* reserved byte */
        "udp " OUTER ":4789 hex=0800010000000700 len=40",     /* reserved bytes */
        "udp " OUTER ":4789 hex=0900000000000700 | " INNER,   /* reserved flag */
        "udp 10.0.0.1:4789 > 10.0.0.2:5000 vxlan=7 | " INNER, /* from, not to */
        "udp " OUTER ":4790 hex=0c00000400000700 | " INNER,   /* NSH */
        "udp " OUTER ":4790 hex=0d00000300000700 | " INNER,   /* OAM */
        "udp " OUTER ":6081 hex=8000655800000500 | " INNER,   /* version 2 */
        "udp " OUTER ":6081 hex=0001655800000500 | " INNER,   /* reserved bit */
        "udp " OUTER ":6081 hex=0000894f00000500 | " INNER,   /* NSH */
        "udp " OUTER ":6081 hex=3f00655800000500 len=40",     /* options past the end */
        "udp " OUTER ":2152 hex=3001000400000000 len=4",      /* echo */
        "udp " OUTER ":2152 hex=30ff00ff00000000 len=4",      /* too long */
        "udp " OUTER ":2152 hex=50ff000400000000 len=4",      /* version 2 */
        "udp " OUTER ":2152 hex=30ff000400000000 len=4",      /* no IP */
        "udp " OUTER ":2152 hex=34ff00080000000000000085 len=4", /* no extension */
        "udp " OUTER ":5072 hex=1111102900000000010211223344 | " INNER6 " link=raw",
        "udp " OUTER ":5072 hex=1111110400000000010211223344 | " INNER6 " link=raw",
        "gre 1.1.1.1 > 2.2.2.2 greproto=0x8909 hex=0800020100010005 len=40",
        "udp " OUTER ":1701 hex=c802000c000000000000 len=4",         /* control */
        "udp " OUTER ":1701 hex=0003000100090000 len=40",            /* version 3 */
        "udp " OUTER ":1701 hex=4002ffff00010009 len=40",            /* length */
        "udp " OUTER ":1701 l2tp=9 hex=ff03c021 len=10",             /* LCP */
        "gre 1.1.1.1 > 2.2.2.2 call=9 greseq=1 hex=ff0300fd len=10", /* encrypted */
        "gre 1.1.1.1 > 2.2.2.2 call=9",                 /* only acknowledges */
        "gre 1.1.1.1 > 2.2.2.2 greproto=0x9000 len=50", /* unknown */
        "gre 1.1.1.1 > 2.2.2.2 greproto=0x88be greseq=1 hex=2005000300000000 | " INNER,
        "gre 1.1.1.1 > 2.2.2.2 greproto=0x22eb hex=200500040000000000000400 | " INNER,
        "ip 1.1.1.1 > 2.2.2.2 proto=97 hex=4000 | " INNER,
        "ether mpls=1 len=40",
        "ether mpls=1 hex=10000000 len=40",
        "ether ethertype=0x1234 | " INNER,
        "ip 10.0.0.1 > 10.0.0.2 proto=51 hex=0604000000000000 len=40", /* AH, TCP */
        "ip 10.0.0.1 > 10.0.0.2 proto=51 hex=04ff000000000000 len=40", /* AH, cut */
        "icmp 10.0.0.1 > 10.0.0.2 type=3 | " INNER " link=raw",        /* quoted */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct levels l = levels_of(cases[i]);

        if (l.n != 1 || l.end != DECODE_OK)
            print_error("%s\n", cases[i]);
        assert_int_equal(l.n, 1);
        assert_int_equal(l.end, DECODE_OK);
    }
}

static void what_is_broken_inside_says_so(void **state)
{
    struct levels l = levels_of("ip 1.1.1.1 > 2.2.2.2 proto=4 len=40");

    (void)state;
    assert_int_equal(l.n, 1);
    assert_int_equal(l.end, DECODE_MALFORMED);
    l = levels_of("gre 1.1.1.1 > 2.2.2.2 | " INNER " doff=2 link=raw");
    assert_int_equal(l.n, 1);
    assert_int_equal(l.end, DECODE_MALFORMED);
    l = levels_of("gre 1.1.1.1 > 2.2.2.2 cap=60 | " INNER " link=raw");
    assert_int_equal(l.n, 1);
    assert_int_equal(l.end, DECODE_TRUNCATED);
    /* The tunnel header itself is cut off: nothing is known of what is in it. */
    l = levels_of("udp " OUTER ":4789 vxlan=7 cap=46 | " INNER);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.end, DECODE_OK);
}

static void tunnels_in_tunnels(void **state)
{
    struct levels l = levels_of(
        "udp " OUTER ":4789 vxlan=7 | gre 1.1.1.1 > 1.1.1.2 | ip 2.2.2.1 > 2.2.2.2 "
        "proto=41 link=raw | udp [::1]:1 > [::2]:2 link=raw");

    (void)state;
    assert_int_equal(l.n, 4);
    assert_addresses(&l.at[0], "10.0.0.1", "10.0.0.2");
    assert_addresses(&l.at[1], "1.1.1.1", "1.1.1.2");
    assert_addresses(&l.at[2], "2.2.2.1", "2.2.2.2");
    assert_addresses(&l.at[3], "::1", "::2");
    assert_int_equal(l.at[3].tunnel_depth, 3);
    assert_int_equal(l.at[3].tunnel_kind, LW_TUNNEL_6IN4);
    assert_false(l.too_deep);
}

#define IN_IP "ip 1.1.1.1 > 1.1.1.2 proto=4 link=raw | "

static void depth_is_bounded(void **state)
{
    struct levels l = levels_of(IN_IP IN_IP IN_IP IN_IP "udp 9.9.9.9:1 > 8.8.8.8:2 "
                                                        "link=raw");

    (void)state;
    assert_int_equal(l.n, 5);
    assert_false(l.too_deep);
    assert_int_equal(l.at[4].port[1], 2);
    l = levels_of(IN_IP IN_IP IN_IP IN_IP IN_IP "udp 9.9.9.9:1 > 8.8.8.8:2 link=raw");
    assert_int_equal(l.n, 5);
    assert_true(l.too_deep);
    assert_int_equal(l.at[4].protocol, 4);
}

/* ---- flows ---------------------------------------------------------------------- */

#define TUNNELLED                                                                      \
    "0 udp 10.0.0.1:5000 > 10.0.0.2:4789 vxlan=7 | " INNER "\n"                        \
    "1 udp 10.0.0.2:6000 > 10.0.0.1:4789 vxlan=7 | tcp 192.168.0.2:80 > "              \
    "192.168.0.1:1000 SA\n"

#define INNER_FLOW "tcp,192.168.0.1,1000,   ->,192.168.0.2,80,S_SA,0,0,2,108,54"

static void outer_is_the_default(void **state)
{
    struct metered m;

    (void)state;
    metered_init(&m, NULL);
    metered_run(&m, TUNNELLED);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_string_equal(metered_line(&m, 0),
                        "udp,10.0.0.1,5000,   ->,10.0.0.2,4789,INT,0,,1,104,104");
    assert_int_equal(m.recs[0].tunnel_depth, 0);
    assert_int_equal(m.recs[0].tunnel_kind, LW_TUNNEL_NONE);
    metered_release(&m);
}

static void inner_joins_both_directions(void **state)
{
    const struct lw_meter_config cfg = {.tunnels = LW_TUNNEL_MODE_INNER};
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, TUNNELLED "2 udp 10.0.0.1:1 > 10.0.0.2:2\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_string_equal(metered_line(&m, 0), INNER_FLOW);
    assert_int_equal(m.recs[0].tunnel_depth, 1);
    assert_int_equal(m.recs[0].tunnel_kind, LW_TUNNEL_VXLAN);
    assert_int_equal(m.recs[0].tunnel_id, 7);
    assert_int_equal(m.recs[1].tunnel_depth, 0);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.in_flows, 3);
    assert_int_equal(s.inner_in_flows, 0);
    assert_int_equal(s.tunnelled, 2);
    metered_release(&m);
}

static void both_gives_a_flow_a_level(void **state)
{
    const struct lw_meter_config cfg = {.tunnels = LW_TUNNEL_MODE_BOTH};
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, TUNNELLED);
    assert_int_equal(m.last_id, 3);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 3);
    assert_string_equal(metered_line(&m, 0),
                        "udp,10.0.0.1,5000,   ->,10.0.0.2,4789,INT,0,,1,104,104");
    assert_string_equal(metered_line(&m, 1), INNER_FLOW);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.in_flows, 2);
    assert_int_equal(s.inner_in_flows, 2);
    metered_release(&m);
}

/* A level within another of the same addresses is another flow. */
static void levels_are_told_apart(void **state)
{
    const struct lw_meter_config cfg = {.tunnels = LW_TUNNEL_MODE_BOTH};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, "0 " IN_IP IN_IP "udp 1.1.1.1:1 > 1.1.1.2:2 link=raw\n"
                    "0 udp 1.1.1.1:1 > 1.1.1.2:2 link=raw\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(m.recs[i].side[0].packets, 1);
    metered_release(&m);
}

/* Two tenants with the same private addresses; but keys and TEIDs, which differ by
 * direction, part nothing. */
static void virtual_networks_are_told_apart(void **state)
{
    const struct lw_meter_config cfg = {.tunnels = LW_TUNNEL_MODE_INNER};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m,
                "0 udp " OUTER ":4789 vxlan=7 | " INNER "\n"
                "0 udp " OUTER ":4789 vxlan=8 | " INNER "\n"
                "0 udp " OUTER ":6081 geneve=9 | " INNER "\n"
                "0 gre 10.0.0.1 > 10.0.0.2 grekey=0x100 greproto=0x6558 | " INNER "\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 4);
    metered_release(&m);
    metered_init(&m, &cfg);
    metered_run(&m, "0 udp " OUTER ":2152 gtp=1 | " INNER " link=raw\n"
                    "0 udp " OUTER ":2152 gtp=2 | " INNER " link=raw\n"
                    "0 udp 10.0.0.3:1 > 10.0.0.4:2152 gtp=2 | " INNER " link=raw\n"
                    "0 gre 10.0.0.1 > 10.0.0.2 grekey=1 | " INNER " link=raw\n"
                    "0 gre 10.0.0.1 > 10.0.0.2 grekey=2 | " INNER " link=raw\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 1);
    assert_int_equal(m.recs[0].tunnel_id, 1);
    metered_release(&m);
}

static void broken_inner_packets_count_outside(void **state)
{
    const struct lw_meter_config cfg = {.tunnels = LW_TUNNEL_MODE_INNER};
    struct metered m;
    struct lw_meter_stats s;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, "0 gre 1.1.1.1 > 2.2.2.2 len=40\n"
                    "0 gre 1.1.1.1 > 2.2.2.2 cap=60 | " INNER " link=raw\n"
                    "0 " IN_IP IN_IP IN_IP IN_IP IN_IP "udp 9.9.9.9:1 > 8.8.8.8:2 "
                    "link=raw\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_string_equal(metered_line(&m, 0),
                        "gre,1.1.1.1,,   ->,2.2.2.2,,INT,0,,2,156,156");
    assert_int_equal(m.recs[1].tunnel_depth, 4);
    lw_meter_get_stats(m.meter, &s);
    assert_int_equal(s.inner_malformed, 1);
    assert_int_equal(s.inner_truncated, 1);
    assert_int_equal(s.tunnels_too_deep, 1);
    assert_int_equal(s.tunnelled, 1);
    assert_int_equal(s.in_flows, 3);
    metered_release(&m);
}

/* The pieces count in the flow of the tunnel; the one that completes the datagram has
 * the packet that was in it. */
static void fragmented_tunnels_open_when_complete(void **state)
{
#define BIG "| udp 1.1.1.1:1 > 2.2.2.2:2 len=1000 link=raw\n"
    const struct lw_meter_config cfg = {.tunnels = LW_TUNNEL_MODE_INNER};
    struct metered m;

    (void)state;
    metered_init(&m, &cfg);
    metered_run(&m, "0 gre 10.0.0.1 > 10.0.0.2 cut=0,800 ipid=5 " BIG
                    "0 gre 10.0.0.1 > 10.0.0.2 cut=800,232 ipid=5 " BIG);
    metered_flush(&m);
    assert_int_equal(m.n_recs, 2);
    assert_string_equal(metered_line(&m, 0),
                        "gre,10.0.0.1,,   ->,10.0.0.2,,INT,0,,1,834,834");
    assert_string_equal(metered_line(&m, 1),
                        "udp,1.1.1.1,1,   ->,2.2.2.2,2,INT,0,,1,1028,1028");
    metered_release(&m);
    /* Fragments in the tunnel, out of order; those of another network are others. */
    metered_init(&m, &cfg);
    metered_run(
        &m,
        "0 udp " OUTER ":4789 vxlan=7 | udp 1.1.1.1:1 > 2.2.2.2:2 len=96 cut=8,96\n"
        "0 udp " OUTER ":4789 vxlan=8 | udp 1.1.1.1:1 > 2.2.2.2:2 len=96 cut=0,8\n"
        "0 udp " OUTER ":4789 vxlan=7 | udp 1.1.1.1:1 > 2.2.2.2:2 len=96 cut=0,8\n");
    metered_flush(&m);
    assert_int_equal(m.n_recs, 3);
    metered_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_tunnel),
        cmocka_unit_test(bytes_of_a_level_are_its_own),
        cmocka_unit_test(teredo_is_checked),
        cmocka_unit_test(ports_are_no_proof),
        cmocka_unit_test(what_is_broken_inside_says_so),
        cmocka_unit_test(tunnels_in_tunnels),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(outer_is_the_default),
        cmocka_unit_test(inner_joins_both_directions),
        cmocka_unit_test(both_gives_a_flow_a_level),
        cmocka_unit_test(levels_are_told_apart),
        cmocka_unit_test(virtual_networks_are_told_apart),
        cmocka_unit_test(broken_inner_packets_count_outside),
        cmocka_unit_test(fragmented_tunnels_open_when_complete),
    };

    return cmocka_run_group_tests_name("tunnels", tests, NULL, NULL);
}
