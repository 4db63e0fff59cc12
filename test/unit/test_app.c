/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols by hand-made first bytes of both sides. */
#include "flow/app.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

/* Bytes with their length, zeros included. */
#define B(text)                                                                        \
    {                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                      \
    }
#define NONE                                                                           \
    {                                                                                  \
        NULL, 0                                                                        \
    }

struct app_case {
    const char *what;
    struct span client;
    struct span server;
    uint16_t port; /* of the server */
    enum lw_app app;
};

static enum app_answer ask(const struct app_case *c, size_t n_client, size_t n_server,
                           bool is_last, bool is_datagram, enum lw_app *app)
{
    const struct app_seen seen = {
        {span_first(c->client, n_client), span_first(c->server, n_server)},
        {40000, c->port},
        is_last};

    *app = LW_APP_UNKNOWN;
    return is_datagram ? app_of_datagram(&seen, app) : app_of_stream(&seen, app);
}

static void check(const struct app_case *c, bool is_datagram)
{
    enum lw_app app;

    (void)ask(c, c->client.n, c->server.n, true, is_datagram, &app);
    if (app != c->app)
        print_message("%s\n", c->what);
    assert_string_equal(lw_app_name(app), lw_app_name(c->app));
}

/* Byte by byte, the client's first, a rule may be in doubt, but must not take the flow
 * for another's. */
static void check_growing(const struct app_case *c)
{
    for (size_t n = 1; n <= c->client.n + c->server.n; n++) {
        size_t n_client = n < c->client.n ? n : c->client.n;
        enum lw_app app;
        enum app_answer a = ask(c, n_client, n - n_client, false, false, &app);

        if (a != APP_MAYBE && app != c->app)
            print_message("%s: %zu bytes\n", c->what, n);
        assert_true(a == APP_MAYBE || app == c->app);
        if (a == APP_YES)
            return;
    }
}

static const struct app_case streams[] = {
    {"a request", B("GET /index.html HTTP/1.0\r\n\r\n"), NONE, 8081, LW_APP_HTTP},
    {"HTTP 0.9", B("GET /\r\n"), NONE, 80, LW_APP_HTTP},
    {"a proxy's", B("GET http://a/ HTTP/1.1\r\n"), NONE, 3128, LW_APP_HTTP},
    {"CONNECT", B("CONNECT a:443 HTTP/1.1\r\n"), NONE, 3128, LW_APP_HTTP},
    {"HTTP 2", B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NONE, 80, LW_APP_HTTP},
    {"an answer", NONE, B("HTTP/1.1 200 OK\r\n"), 4000, LW_APP_HTTP},
    {"not HTTP", B("GET the ball\r\n"), NONE, 4000, LW_APP_UNKNOWN},
    {"a name in FTP", B("USER anonymous\r\n"), B("220 ready\r\n"), 2121, LW_APP_FTP},
    {"FTP by its banner", NONE, B("220 (vsFTPd 3.0.3)\r\n"), 2121, LW_APP_FTP},
    {"FTP by its port", NONE, B("220 ready\r\n"), 21, LW_APP_FTP},
    {"FTP in lines", B("AUTH TLS\r\n"), B("220-hello\r\n220 you\r\n"), 3000,
     LW_APP_FTP},
    {"FTP refuses", NONE, B("421 too many\r\n"), 21, LW_APP_FTP},
    {"only 220", NONE, B("220 ready\r\n"), 3000, LW_APP_UNKNOWN},
    {"EHLO", B("EHLO me\r\n"), B("220 a ready\r\n"), 3000, LW_APP_SMTP},
    {"SMTP by its banner", NONE, B("220 a ESMTP Postfix\r\n"), 3000, LW_APP_SMTP},
    {"SMTP by its port", NONE, B("220 a ready\r\n"), 25, LW_APP_SMTP},
    {"SMTP refuses", NONE, B("554 no\r\n"), 25, LW_APP_SMTP},
    {"news", NONE, B("200 InterNetNews ready\r\n"), 3000, LW_APP_NNTP},
    {"POP3", B("USER me\r\n"), B("+OK ready\r\n"), 3000, LW_APP_POP3},
    {"POP3 by its port", NONE, B("+OK ready\r\n"), 110, LW_APP_POP3},
    {"only +OK", NONE, B("+OK ready\r\n"), 3000, LW_APP_UNKNOWN},
    {"IMAP", NONE, B("* OK IMAP4rev1 ready\r\n"), 3000, LW_APP_IMAP},
    {"IMAP's client", B("a1 LOGIN me it\r\n"), NONE, 3000, LW_APP_IMAP},
    {"Telnet negotiates", NONE, B("\xff\xfd\x18\xff\xfd\x20"), 2323, LW_APP_TELNET},
    {"Telnet's client does", B("\xff\xfb\x03"), NONE, 23, LW_APP_TELNET},
    {"Telnet just talks", NONE, B("login: "), 23, LW_APP_TELNET},
    {"not Telnet", NONE, B("\xff\xd8\xff\xe0"), 3000, LW_APP_UNKNOWN},
    {"rlogin", B("\0me\0you\0xterm/38400\0"), NONE, 513, LW_APP_RLOGIN},
    {"rsh", B("1022\0me\0you\0ls\0"), NONE, 514, LW_APP_RSH},
    {"rsh without errors", B("\0me\0you\0ls\0"), NONE, 514, LW_APP_RSH},
    {"rexec", B("0\0me\0it\0ls\0"), NONE, 512, LW_APP_REXEC},
    {"IRC", B("NICK me\r\nUSER me 0 * :me\r\n"), NONE, 3000, LW_APP_IRC},
    {"IRC with a word", B("PASS it\r\nNICK me\r\n"), NONE, 3000, LW_APP_IRC},
    {"IRC's server", NONE, B(":a.b NOTICE AUTH :***\r\n"), 6667, LW_APP_IRC},
    {"IRC's name", B("USER a b c :d\r\n"), NONE, 3000, LW_APP_IRC},
    {"SSH", NONE, B("SSH-2.0-OpenSSH_9.2\r\n"), 3000, LW_APP_SSH},
    {"old SSH", B("SSH-1.5-x\n"), NONE, 22, LW_APP_SSH},
    {"finger", B("me\r\n"), NONE, 79, LW_APP_FINGER},
    {"whois", B("a.org\r\n"), NONE, 43, LW_APP_WHOIS},
    {"RTSP", B("DESCRIBE rtsp://a/b RTSP/1.0\r\n"), NONE, 554, LW_APP_RTSP},
    {"SIP", B("REGISTER sip:a SIP/2.0\r\n"), NONE, 5060, LW_APP_SIP},
    {"XMPP", B("<?xml version='1.0'?><stream:stream to='a'>"), NONE, 3000, LW_APP_XMPP},
    {"only XML", B("<?xml version='1.0'?><a>"), NONE, 3000, LW_APP_UNKNOWN},
    {"Redis", B("*1\r\n$4\r\nPING\r\n"), NONE, 3000, LW_APP_REDIS},
    {"Gnutella", B("GNUTELLA CONNECT/0.6\r\n"), NONE, 3000, LW_APP_GNUTELLA},
    {"syslog", B("<34>1 2003-10-11 a"), NONE, 601, LW_APP_SYSLOG},
    {"a hello", B("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), NONE, 4000,
     LW_APP_TLS},
    {"a hello of SSL 2", B("\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10\x01\x02\x03"), NONE,
     4000, LW_APP_TLS},
    {"TLS in the middle", B("\x17\x03\x03\x01\x00\x99"), NONE, 443, LW_APP_TLS},
    {"not TLS", B("\x16\x03\x09\x02\x00\x01\x00"), NONE, 443, LW_APP_UNKNOWN},
    {"SMB 1", B("\0\0\0\x54\xffSMBr"), NONE, 445, LW_APP_SMB},
    {"SMB 2", B("\0\0\0\x54\xfeSMB@"), NONE, 445, LW_APP_SMB},
    {"a NetBIOS session", B("\x81\0\0\x44 CK"), NONE, 139, LW_APP_SMB},
    {"a bind", B("\x05\0\x0b\x03\x10\0\0\0\x48\0\0\0\1\0\0\0"), NONE, 49152,
     LW_APP_DCERPC},
    {"RDP", B("\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"), NONE, 3389,
     LW_APP_RDP},
    {"RDP with a name", B("\3\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: mstshash=a\r\n"), NONE,
     99, LW_APP_RDP},
    {"SQL Server", B("\x12\1\0\x2f\0\0\1\0\0\0\x1a"), NONE, 99, LW_APP_TDS},
    {"MySQL", NONE,
     B("\x4a\0\0\0\x0a"
       "8.0.28\0"),
     99, LW_APP_MYSQL},
    {"PostgreSQL", B("\0\0\0\x08\x04\xd2\x16\x2f"), NONE, 99, LW_APP_POSTGRES},
    {"PostgreSQL in clear", B("\0\0\0\x29\0\3\0\0user\0"), NONE, 99, LW_APP_POSTGRES},
    {"MongoDB", B("\x3a\0\0\0\1\0\0\0\0\0\0\0\xd4\7\0\0"), NONE, 99, LW_APP_MONGODB},
    {"MQTT", B("\x10\x0d\0\4MQTT\4\2\0\x3c"), NONE, 99, LW_APP_MQTT},
    {"AMQP", B("AMQP\0\0\x09\1"), NONE, 99, LW_APP_AMQP},
    {"VNC", NONE, B("RFB 003.008\n"), 99, LW_APP_VNC},
    {"X11", B("l\0\x0b\0\0\0\0\0"), NONE, 6000, LW_APP_X11},
    {"X11, big end first", B("B\0\0\x0b\0\0\0\0"), NONE, 6000, LW_APP_X11},
    {"a lookup", B("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"), NONE,
     53, LW_APP_DNS},
    {"LDAP", B("\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0"), NONE, 99, LW_APP_LDAP},
    {"Kerberos",
     B("\0\0\0\x40\x6a\x3e\x30\x3c\xa1\3\2\1\5\xa2\3\2\1\x0a\xa4\x30\x30\x2e\xa0\7\3\5"
       "\0"),
     NONE, 88, LW_APP_KERBEROS},
    {"BitTorrent",
     B("\x13"
       "BitTorrent protocol"),
     NONE, 99, LW_APP_BITTORRENT},
    {"SOCKS 5", B("\5\1\0"), B("\5\0"), 99, LW_APP_SOCKS},
    {"SOCKS 4", B("\4\1\0\x50\1\2\3\4\0"), B("\0\x5a"), 99, LW_APP_SOCKS},
    {"not SOCKS", B("\5\1\0"), B("\6\0"), 99, LW_APP_UNKNOWN},
    {"BGP",
     B("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x1d\1\4"),
     NONE, 99, LW_APP_BGP},
    {"portmapper",
     B("\x80\0\0\x38\1\2\3\4\0\0\0\0\0\0\0\2\0\1\x86\xa0\0\0\0\2\0\0\0\3"), NONE, 111,
     LW_APP_RPC},
    {"AJP", B("\x12\x34\0\x50\2\2"), NONE, 8009, LW_APP_AJP},
    {"Modbus", B("\0\1\0\0\0\6\1\3\0\0\0\1"), NONE, 502, LW_APP_MODBUS},
    {"S7",
     B("\3\0\0\x16\x11\xe0\0\0\0\1\0\xc1\2\1\0\xc2\2\1\2\xc0\1\x0a"
       "\3\0\0\x19\2\xf0\x80\x32\1"),
     NONE, 102, LW_APP_S7COMM},
    {"DNP3", B("\5\x64\5\xc0"), NONE, 20000, LW_APP_DNP3},
    {"EtherNet/IP", B("\x65\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"),
     NONE, 44818, LW_APP_ENIP},
    {"IEC 104", B("\x68\4\7\0\0\0"), NONE, 2404, LW_APP_IEC104},
    {"nothing known", B("hello\n"), B("world\n"), 4000, LW_APP_UNKNOWN},
    {"nothing known, on a port", B("hello\n"), NONE, 443, LW_APP_UNKNOWN},
};

static const struct app_case datagrams[] = {
    {"a lookup", B("\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"), NONE, 53,
     LW_APP_DNS},
    {"a lookup elsewhere", B("\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"),
     NONE, 9953, LW_APP_DNS},
    {"nothing", B("\x12\x34\1\0\0\1\0\0\0\0\0\0\7exam"), NONE, 9953, LW_APP_UNKNOWN},
    {"mDNS", B("\0\0\0\0\0\1\0\0\0\0\0\0\5local\0\0\1\x80\1"), NONE, 5353, LW_APP_MDNS},
    {"LLMNR", B("\0\1\0\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"), NONE, 5355, LW_APP_LLMNR},
    {"NetBIOS",
     B("\0\1\1\x10\0\1\0\0\0\0\0\0 EKEDFEEIEDCACACACACACACACACACAAA\0\0 \0\1"), NONE,
     137, LW_APP_NBNS},
    {"NetBIOS datagrams", B("\x11\x0a\0\1\x0a\0\0\1\0\x8a\0\xd8"), NONE, 138,
     LW_APP_NBDGM},
    {"QUIC", B("\xc3\0\0\0\1\x08\1\2\3\4\5\6\7\x08"), NONE, 443, LW_APP_QUIC},
    {"QUIC, a draft", B("\xc3\xff\0\0\x1d\x08\1\2\3\4\5\6\7\x08"), NONE, 443,
     LW_APP_QUIC},
    {"Google's QUIC", B("\x0d\1\2\3\4\5\6\7\x08Q043\1"), NONE, 443, LW_APP_QUIC},
    {"NTP",
     B("\x23\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
       "\0\0"
       "\0\0\0\0\0\0\0\0"),
     NONE, 123, LW_APP_NTP},
    {"NTP's monlist", B("\x17\0\3\x2a\0\0\0\0"), NONE, 123, LW_APP_NTP},
    {"SNMP", B("\x30\x26\2\1\1\4\6public\xa0\x19"), NONE, 161, LW_APP_SNMP},
    {"SNMP 3", B("\x30\x3e\2\1\3\x30\x11\2\4"), NONE, 161, LW_APP_SNMP},
    {"syslog", B("<34>Oct 11 a: b"), NONE, 514, LW_APP_SYSLOG},
    {"not syslog", B("<999>x"), NONE, 514, LW_APP_UNKNOWN},
    {"TFTP", B("\0\1a\0octet\0"), NONE, 69, LW_APP_TFTP},
    {"SSDP", B("M-SEARCH * HTTP/1.1\r\n"), NONE, 1900, LW_APP_SSDP},
    {"STUN", B("\0\1\0\0\x21\x12\xa4\x42\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c"), NONE, 9,
     LW_APP_STUN},
    {"DTLS", B("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\2\1\0"), NONE, 9, LW_APP_DTLS},
    {"IKE", B("\1\2\3\4\5\6\7\x08\0\0\0\0\0\0\0\0\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c"),
     NONE, 500, LW_APP_IKE},
    {"IKE behind a translator",
     B("\0\0\0\0\1\2\3\4\5\6\7\x08\0\0\0\0\0\0\0\0\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c"),
     NONE, 4500, LW_APP_IKE},
    {"RADIUS",
     B("\1\1\0\x14"
       "0123456789abcdef"),
     NONE, 1812, LW_APP_RADIUS},
    {"Kerberos", B("\x6a\x3e\x30\x3c\xa1\3\2\1\5\xa2\3\2\1\x0a"), NONE, 88,
     LW_APP_KERBEROS},
    {"CLDAP", B("\x30\x0c\2\1\1\x63\7\4\0\x0a\1\0\x0a\1"), NONE, 389, LW_APP_LDAP},
    {"portmapper", B("\1\2\3\4\0\0\0\0\0\0\0\2\0\1\x86\xa0\0\0\0\2\0\0\0\3"), NONE, 111,
     LW_APP_RPC},
    {"SLP", B("\2\1\0\0\x05"), NONE, 427, LW_APP_SLP},
    {"WS-Discovery", B("<?xml version=\"1.0\"?>"), NONE, 3702, LW_APP_WSD},
    {"NAT-PMP", B("\0\0"), NONE, 5351, LW_APP_NATPMP},
    {"CoAP", B("\x40\1\x12\x34"), NONE, 5683, LW_APP_COAP},
    {"BACnet", B("\x81\x0a\0\x05\1"), NONE, 47808, LW_APP_BACNET},
    {"OpenVPN",
     B("\x38"
       "12345678\0\0\0\0\0"),
     NONE, 9, LW_APP_OPENVPN},
    {"BitTorrent", B("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe"), NONE,
     9, LW_APP_BITTORRENT},
    {"Gnutella", B("0123456789abcdef\0\1\0\0\0\0\0"), NONE, 9, LW_APP_GNUTELLA},
    {"Gnutella 2", B("GND\1\0\1\1\1"), NONE, 9, LW_APP_GNUTELLA},
    {"DHCPv6", B("\1\x12\x34\x56"), NONE, 547, LW_APP_DHCP},
    {"nothing known", B("hello"), NONE, 53, LW_APP_UNKNOWN},
    {"nothing", NONE, NONE, 53, LW_APP_UNKNOWN},
};

static void streams_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        check(&streams[i], false);
}

static void streams_are_recognised_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        check_growing(&streams[i]);
}

static void datagrams_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof datagrams / sizeof datagrams[0]; i++)
        check(&datagrams[i], true);
}

static void wireguard_is_told_by_its_length(void **state)
{
    static uint8_t bytes[148] = {1};
    struct app_case c = {"initiation", {bytes, 148}, NONE, 51820, LW_APP_WIREGUARD};

    (void)state;
    check(&c, true);
    c.client.n = 147;
    c.app = LW_APP_UNKNOWN;
    check(&c, true);
}

static void dhcp_is_told_by_its_cookie(void **state)
{
    static uint8_t bytes[240] = {1, 1, 6};
    struct app_case c = {"discover", {bytes, 240}, NONE, 67, LW_APP_UNKNOWN};

    (void)state;
    check(&c, true);
    memcpy(bytes + 236, "\x63\x82\x53\x63", 4);
    c.app = LW_APP_DHCP;
    check(&c, true);
}

static void every_protocol_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LW_N_APPS; i++) {
        const char *name = lw_app_name((enum lw_app)i);

        assert_true(name[0] != '\0');
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(name, lw_app_name((enum lw_app)k));
    }
    assert_string_equal(lw_app_name((enum lw_app)LW_N_APPS), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_recognised),
        cmocka_unit_test(streams_are_recognised_byte_by_byte),
        cmocka_unit_test(datagrams_are_recognised),
        cmocka_unit_test(wireguard_is_told_by_its_length),
        cmocka_unit_test(dhcp_is_told_by_its_cookie),
        cmocka_unit_test(every_protocol_has_a_name),
    };

    return cmocka_run_group_tests_name("app", tests, NULL, NULL);
}
