/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols of binary messages over TCP.  A rule is sure when a fixed pattern of some
 * four bytes fits, or lengths in the message agree with it; with less the port must
 * agree, too.
 */
#include "app_priv.h"

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

/* What each side's first message says: sure when one of them is, out when one of them
 * cannot be. */
static enum app_answer either(const struct app_seen *seen,
                              enum app_answer (*judge)(struct span s))
{
    enum app_answer a = judge(seen->said[APP_CLIENT]);
    enum app_answer b = judge(seen->said[APP_SERVER]);

    if (a == APP_YES || b == APP_YES)
        return APP_YES;
    return a == APP_NO || b == APP_NO ? APP_NO : APP_MAYBE;
}

/* The same for what only a client, or only a server, says first: the other side's words
 * are not looked at. */
static enum app_answer of_client(const struct app_seen *seen,
                                 enum app_answer (*judge)(struct span s))
{
    if (seen->said[APP_CLIENT].n == 0)
        return seen->said[APP_SERVER].n > 0 ? APP_NO : APP_MAYBE;
    return judge(seen->said[APP_CLIENT]);
}

/* Compare `n` bytes from `at` on, as many as are there. */
static enum app_answer fits(struct span s, size_t at, const void *what, size_t n)
{
    struct span rest = span_from(s, at);
    size_t k = rest.n < n ? rest.n : n;

    if (k > 0 && !span_begins(rest, what, k))
        return APP_NO;
    return k == n ? APP_YES : APP_MAYBE;
}

/* ---- TLS --------------------------------------------------------------------------
 */

/* A record: type, version, length (RFC 8446, 5.1), and the first of what is in it. */
static enum app_answer tls_record(struct span s)
{
    enum {
        ALERT = 21,
        HANDSHAKE = 22,
        DATA = 23,
        MAJOR = 3,
        RECORD_MAX = 16384 + 2048
    };
    uint8_t type = 0;
    uint8_t first = 0;
    uint16_t length;

    if (s.n == 0)
        return APP_MAYBE;
    (void)span_get_u8(s, 0, &type);
    if (type < ALERT || type > DATA || (s.n > 1 && s.p[1] != MAJOR) ||
        (s.n > 2 && s.p[2] > 4))
        return APP_NO;
    if (!span_get_be16(s, 3, &length) || !span_get_u8(s, 5, &first))
        return APP_MAYBE;
    if (length == 0 || length > RECORD_MAX)
        return APP_NO;
    if (type == HANDSHAKE)
        return app_if(first <= 24 && length >= 4);
    if (type == ALERT)
        return app_if((length == 2 && (first == 1 || first == 2)) || length > 16);
    return app_if(length > 16);
}

/* The hello of SSL 2 in which later versions were offered, too (RFC 5246, E.2). */
static enum app_answer ssl2_hello(struct span s)
{
    enum { HELLO = 1, SPEC_BYTES = 3, FIXED_BYTES = 9 };
    uint16_t length;
    uint16_t version;
    uint16_t specs;
    uint16_t id;
    uint16_t challenge;

    if (s.n > 0 && !(s.p[0] & 0x80))
        return APP_NO;
    if (s.n > 2 && s.p[2] != HELLO)
        return APP_NO;
    if (!span_get_be16(s, 0, &length) || !span_get_be16(s, 3, &version) ||
        !span_get_be16(s, 5, &specs) || !span_get_be16(s, 7, &id) ||
        !span_get_be16(s, 9, &challenge))
        return APP_MAYBE;
    return app_if((version == 2 || (version >= 0x300 && version <= 0x304)) &&
                  specs > 0 && specs % SPEC_BYTES == 0 &&
                  (length & 0x7fff) == FIXED_BYTES + specs + id + challenge);
}

static enum app_answer judge_tls(const struct app_seen *seen)
{
    enum app_answer a = either(seen, tls_record);

    return a != APP_NO ? a : of_client(seen, ssl2_hello);
}

/* ---- Windows ----------------------------------------------------------------------
 */

/* A NetBIOS session message or request, and SMB in it. */
static enum app_answer smb_message(struct span s)
{
    enum { SESSION_REQUEST = 0x81, SESSION_POSITIVE = 0x82, REQUEST_BYTES = 68 };
    uint8_t first = 0;
    uint32_t head;

    if (span_get_u8(s, 0, &first) && first != 0 && first != SESSION_REQUEST &&
        first != SESSION_POSITIVE)
        return APP_NO;
    if (!span_get_be32(s, 0, &head))
        return APP_MAYBE;
    if (first == SESSION_REQUEST)
        return app_if((head & 0xffffff) == REQUEST_BYTES);
    if (first == SESSION_POSITIVE)
        return app_if((head & 0xffffff) == 0);
    if (span_get_u8(s, 4, &first) && (first < 0xfd))
        return APP_NO;
    return fits(s, 5, "SMB", 3);
}

static enum app_answer judge_smb(const struct app_seen *seen)
{
    return either(seen, smb_message);
}

/* Version 5, type, flags, and the representation of numbers (C706, 12.6.3). */
static enum app_answer dcerpc_message(struct span s)
{
    enum { BIND = 11, ALTER_RESP = 15, TYPE_MAX = 19, HEAD_BYTES = 16 };
    static const uint8_t representation[] = {0x10, 0, 0, 0};
    uint16_t length;

    if ((s.n > 0 && s.p[0] != 5) || (s.n > 1 && s.p[1] > 1) ||
        (s.n > 2 && s.p[2] > TYPE_MAX))
        return APP_NO;
    if (fits(s, 4, representation, sizeof representation) != APP_YES)
        return fits(s, 4, representation, sizeof representation);
    if (!span_get_le16(s, 8, &length))
        return APP_MAYBE;
    return app_if(length >= HEAD_BYTES);
}

static enum app_answer judge_dcerpc(const struct app_seen *seen)
{
    return either(seen, dcerpc_message);
}

/* A connection request in TPKT (MS-RDPBCGR 2.2.1.1). */
static enum app_answer rdp_request(struct span s)
{
    enum { TPKT = 3, REQUEST = 0xe0, COTP_BYTES = 7 };
    uint16_t length;
    uint8_t type;

    if ((s.n > 0 && s.p[0] != TPKT) || (s.n > 1 && s.p[1] != 0))
        return APP_NO;
    if (!span_get_be16(s, 2, &length) || !span_get_u8(s, 5, &type))
        return APP_MAYBE;
    if (type != REQUEST)
        return APP_NO;
    s = span_from(s, 4 + COTP_BYTES);
    if (s.n == 0)
        return length == 4 + COTP_BYTES ? APP_MAYBE : APP_NO;
    return app_better(app_begins(s, "Cookie: "), fits(s, 0, "\1\0\10\0", 4));
}

static enum app_answer judge_rdp(const struct app_seen *seen)
{
    enum app_answer a = of_client(seen, rdp_request);

    return a == APP_MAYBE && app_on_port(seen, 102) ? APP_NO : a;
}

/* A TDS packet (MS-TDS 2.2.3.1): prelogin or login; any kind on its port. */
static enum app_answer tds_packet(struct span s, bool on_port)
{
    enum {
        BATCH = 1,
        LOGIN7 = 0x10,
        PRELOGIN = 0x12,
        HEAD_BYTES = 8,
        STATUS_MAX = 0x1f
    };
    uint16_t length;
    uint8_t window;
    uint8_t first;

    if (s.n > 0 && s.p[0] != LOGIN7 && s.p[0] != PRELOGIN &&
        (!on_port || s.p[0] < BATCH || s.p[0] > PRELOGIN))
        return APP_NO;
    if (s.n > 1 && s.p[1] > STATUS_MAX)
        return APP_NO;
    if (!span_get_be16(s, 2, &length) || !span_get_u8(s, 7, &window) ||
        !span_get_u8(s, 8, &first))
        return APP_MAYBE;
    if (window != 0 || length <= HEAD_BYTES)
        return APP_NO;
    /* The first option is the version; a login begins with its own length. */
    if (s.p[0] == PRELOGIN)
        return app_if(first == 0);
    return app_if(on_port || first == ((length - HEAD_BYTES) & 0xff));
}

static enum app_answer judge_tds(const struct app_seen *seen)
{
    if (seen->said[APP_CLIENT].n == 0)
        return seen->said[APP_SERVER].n > 0 ? APP_NO : APP_MAYBE;
    return tds_packet(seen->said[APP_CLIENT], app_on_port(seen, 1433));
}

/* ---- data bases and queues --------------------------------------------------------
 */

/* The server's greeting: length, number 0, protocol 10, version in digits. */
static enum app_answer judge_mysql(const struct app_seen *seen)
{
    struct span s = seen->said[APP_SERVER];
    uint32_t head;
    uint8_t digit;

    if (s.n == 0)
        return seen->said[APP_CLIENT].n > 0 ? APP_NO : APP_MAYBE;
    if (!span_get_le32(s, 0, &head) || !span_get_u8(s, 5, &digit))
        return s.n > 2 && s.p[2] != 0 ? APP_NO : APP_MAYBE;
    return app_if(head > 20 && head < 512 && s.p[4] == 10 && digit >= '0' &&
                  digit <= '9');
}

static enum app_answer postgres_startup(struct span s)
{
    enum { VERSION_2 = 2 << 16, VERSION_3 = 3 << 16 };
    enum { CANCEL = 80877102, SSL = 80877103, GSS = 80877104 };
    uint32_t length;
    uint32_t code;

    if (s.n > 0 && s.p[0] != 0)
        return APP_NO;
    if (!span_get_be32(s, 0, &length) || !span_get_be32(s, 4, &code))
        return APP_MAYBE;
    return app_if(length >= 8 && length < 65536 &&
                  (code == VERSION_2 || code == VERSION_3 || code == CANCEL ||
                   code == SSL || code == GSS));
}

static enum app_answer judge_postgres(const struct app_seen *seen)
{
    return of_client(seen, postgres_startup);
}

static enum app_answer mongodb_message(struct span s)
{
    enum { HEAD_BYTES = 16, FIRST = 2001, LAST = 2013 };
    enum { LENGTH_MAX = 48000000 }; /* maxMessageSizeBytes */
    uint32_t length;
    uint32_t code;

    if (!span_get_le32(s, 0, &length))
        return APP_MAYBE;
    if (length < HEAD_BYTES || length > LENGTH_MAX)
        return APP_NO;
    if (!span_get_le32(s, 12, &code))
        return APP_MAYBE;
    return app_if(code >= FIRST && code <= LAST);
}

static enum app_answer judge_mongodb(const struct app_seen *seen)
{
    return of_client(seen, mongodb_message);
}

/* CONNECT, the length of what remains, and a name with its length. */
static enum app_answer mqtt_connect(struct span s)
{
    enum { CONNECT = 0x10 };
    size_t at = 1;

    if (s.n > 0 && s.p[0] != CONNECT)
        return APP_NO;
    while (at < s.n && at < 5 && s.p[at] & 0x80)
        at++;
    s = span_from(s, at + 1);
    return app_better(fits(s, 0, "\0\4MQTT", 6), fits(s, 0, "\0\6MQIsdp", 8));
}

static enum app_answer judge_mqtt(const struct app_seen *seen)
{
    return of_client(seen, mqtt_connect);
}

static enum app_answer amqp_start(struct span s)
{
    return fits(s, 0, "AMQP", 4);
}

static enum app_answer judge_amqp(const struct app_seen *seen)
{
    return of_client(seen, amqp_start);
}

/* ---- screens ----------------------------------------------------------------------
 */

static enum app_answer vnc_version(struct span s)
{
    return fits(s, 0, "RFB 00", 6);
}

static enum app_answer judge_vnc(const struct app_seen *seen)
{
    return either(seen, vnc_version);
}

/* Byte order, and version 11.0 in it. */
static enum app_answer x11_setup(struct span s)
{
    return app_better(fits(s, 0, "l\0\13\0\0\0", 6), fits(s, 0, "B\0\0\13\0\0", 6));
}

static enum app_answer judge_x11(const struct app_seen *seen)
{
    return of_client(seen, x11_setup);
}

/* ---- names and tickets -------------------------------------------------------------
 */

static enum app_answer dns_message(struct span s)
{
    uint16_t length;

    if (!span_get_be16(s, 0, &length) || s.n < 2 + 12)
        return APP_MAYBE;
    if (length < 12 || s.n - 2 > (size_t)length + 1024)
        return APP_NO;
    if (s.n - 2 < length && s.n < 512)
        return app_is_dns(span_from(s, 2)) ? APP_YES : APP_MAYBE;
    return app_if(app_is_dns(span_first(span_from(s, 2), length)));
}

static enum app_answer judge_dns(const struct app_seen *seen)
{
    enum app_answer a = either(seen, dns_message);

    /* Its header is too plain to be sure of it elsewhere. */
    return app_on_any_port(seen, 53) ? a : APP_NO;
}

enum app_answer app_ldap_message(struct span s)
{
    enum { SEQUENCE = 0x30, INTEGER = 2, APPLICATION = 0x40, CLASS = 0xc0 };
    size_t at = 2;
    uint8_t length;
    uint8_t n;
    uint8_t op;

    if (s.n > 0 && s.p[0] != SEQUENCE)
        return APP_NO;
    if (!span_get_u8(s, 1, &length))
        return APP_MAYBE;
    if (length & 0x80)
        at += length & 0x7f;
    if ((length & 0x7f) > 4 && length & 0x80)
        return APP_NO;
    if (!span_get_u8(s, at + 1, &n))
        return APP_MAYBE;
    if (s.p[at] != INTEGER || n < 1 || n > 4)
        return APP_NO;
    if (!span_get_u8(s, at + 2 + n, &op))
        return APP_MAYBE;
    return app_if((op & CLASS) == APPLICATION && (op & 0x1f) <= 25);
}

static enum app_answer ldap_first(struct span s)
{
    return app_ldap_message(s);
}

static enum app_answer judge_ldap(const struct app_seen *seen)
{
    return of_client(seen, ldap_first);
}

static enum app_answer kerberos_record(struct span s)
{
    uint32_t length;

    if (s.n > 0 && s.p[0] != 0)
        return APP_NO;
    if (!span_get_be32(s, 0, &length) || s.n < 4 + 24)
        return APP_MAYBE;
    return app_if(app_is_kerberos(span_from(s, 4)));
}

static enum app_answer judge_kerberos(const struct app_seen *seen)
{
    enum app_answer a = either(seen, kerberos_record);

    return a == APP_MAYBE && !app_on_port(seen, 88) ? APP_NO : a;
}

/* A record mark (RFC 5531, 11), and a call. */
static enum app_answer rpc_record(struct span s)
{
    if (s.n > 0 && !(s.p[0] & 0x80))
        return APP_NO;
    if (s.n < 4 + 24)
        return APP_MAYBE;
    return app_if(app_is_rpc_call(span_from(s, 4)));
}

static enum app_answer judge_rpc(const struct app_seen *seen)
{
    enum app_answer a = of_client(seen, rpc_record);

    return a == APP_MAYBE && !app_on_port(seen, 111) && !app_on_port(seen, 2049)
               ? APP_NO
               : a;
}

/* ---- peers and proxies -------------------------------------------------------------
 */

static enum app_answer bittorrent_handshake(struct span s)
{
    return fits(s, 0, "\23BitTorrent protocol", 20);
}

static enum app_answer judge_bittorrent(const struct app_seen *seen)
{
    return either(seen, bittorrent_handshake);
}

/* SOCKS 5: some methods, and one of them chosen; SOCKS 4: a request, and its answer. */
static enum app_answer judge_socks(const struct app_seen *seen)
{
    struct span c = seen->said[APP_CLIENT];
    struct span s = seen->said[APP_SERVER];
    uint8_t version = 0;
    uint8_t n = 0;

    if (c.n == 0)
        return s.n > 0 ? APP_NO : APP_MAYBE;
    (void)span_get_u8(c, 0, &version);
    if (version != 4 && version != 5)
        return APP_NO;
    if (!span_get_u8(c, 1, &n))
        return APP_MAYBE;
    if (version == 5 ? n == 0 || c.n < 2U + n : n < 1 || n > 2 || c.n < 9)
        return APP_NO;
    if (s.n < 2)
        return s.n == 0 || s.p[0] == (version == 5 ? 5 : 0) ? APP_MAYBE : APP_NO;
    if (version == 5)
        return app_if(s.p[0] == 5 && (s.p[1] <= 2 || s.p[1] == 0xff));
    return app_if(s.p[0] == 0 && s.p[1] >= 90 && s.p[1] <= 93);
}

/* A length before each packet; the client begins with a hard reset. */
static enum app_answer openvpn_reset(struct span s)
{
    enum { RESET_V2 = 7 << 3, RESET_V3 = 10 << 3 };
    uint16_t length;
    uint8_t code;

    if (!span_get_be16(s, 0, &length) || !span_get_u8(s, 2, &code))
        return s.n > 0 && s.p[0] != 0 ? APP_NO : APP_MAYBE;
    return app_if((code == RESET_V2 || code == RESET_V3) && length >= 14 &&
                  length == s.n - 2);
}

static enum app_answer judge_openvpn(const struct app_seen *seen)
{
    return of_client(seen, openvpn_reset);
}

static enum app_answer ajp_packet(struct span s)
{
    uint16_t length;
    uint8_t code;

    if (fits(s, 0, "\x12\x34", 2) != APP_YES)
        return fits(s, 0, "\x12\x34", 2);
    if (!span_get_be16(s, 2, &length) || !span_get_u8(s, 4, &code))
        return APP_MAYBE;
    return app_if(length > 0 && (code == 2 || code == 7 || code == 8 || code == 10));
}

static enum app_answer judge_ajp(const struct app_seen *seen)
{
    return of_client(seen, ajp_packet);
}

/* ---- routers -----------------------------------------------------------------------
 */

static enum app_answer bgp_message(struct span s)
{
    enum { MARKER = 16, TYPES = 5 };
    uint8_t type;

    for (size_t i = 0; i < MARKER && i < s.n; i++) {
        if (s.p[i] != 0xff)
            return APP_NO;
    }
    if (!span_get_u8(s, MARKER + 2, &type))
        return APP_MAYBE;
    return app_if(type >= 1 && type <= TYPES);
}

static enum app_answer judge_bgp(const struct app_seen *seen)
{
    return either(seen, bgp_message);
}

/* ---- plants ------------------------------------------------------------------------
 */

/* Transaction, protocol 0, length, unit and function; nothing in it is certain enough
 * without the port. */
static enum app_answer modbus_message(struct span s)
{
    enum { HEAD_BYTES = 6 };
    uint16_t protocol;
    uint16_t length;
    uint8_t function;

    if (!span_get_be16(s, 2, &protocol) || !span_get_be16(s, 4, &length) ||
        !span_get_u8(s, 7, &function))
        return APP_MAYBE;
    function &= 0x7f;
    return app_if(protocol == 0 && length >= 2 && length <= 254 && function >= 1 &&
                  s.n >= HEAD_BYTES + 2U);
}

static enum app_answer judge_modbus(const struct app_seen *seen)
{
    return app_on_any_port(seen, 502) ? either(seen, modbus_message) : APP_NO;
}

/* S7 in COTP data in TPKT; a connection request comes before. */
static enum app_answer s7_message(struct span s)
{
    enum { TPKT = 3, DATA = 0xf0, S7 = 0x32 };
    uint16_t length;
    uint8_t type;
    uint8_t id;

    if ((s.n > 0 && s.p[0] != TPKT) || (s.n > 1 && s.p[1] != 0))
        return APP_NO;
    if (!span_get_be16(s, 2, &length) || !span_get_u8(s, 5, &type))
        return APP_MAYBE;
    if (type != DATA)
        return length < s.n ? s7_message(span_from(s, length)) : APP_MAYBE;
    if (!span_get_u8(s, 7, &id))
        return APP_MAYBE;
    return app_if(id == S7);
}

static enum app_answer judge_s7(const struct app_seen *seen)
{
    return app_on_any_port(seen, 102) ? either(seen, s7_message) : APP_NO;
}

static enum app_answer dnp3_frame(struct span s)
{
    return fits(s, 0, "\x05\x64", 2);
}

static enum app_answer judge_dnp3(const struct app_seen *seen)
{
    return app_on_any_port(seen, 20000) ? either(seen, dnp3_frame) : APP_NO;
}

/* Command, length, session, status (CIP volume 2, 2-3). */
static enum app_answer enip_message(struct span s)
{
    enum { HEAD_BYTES = 24 };
    uint16_t command;
    uint16_t length;
    uint32_t status;

    if (!span_get_le16(s, 0, &command) || !span_get_le16(s, 2, &length) ||
        !span_get_le32(s, 8, &status))
        return APP_MAYBE;
    return app_if((command == 4 || (command >= 0x63 && command <= 0x66) ||
                   command == 0x6f || command == 0x70) &&
                  (size_t)length + HEAD_BYTES <= s.n && status <= 0x69);
}

static enum app_answer judge_enip(const struct app_seen *seen)
{
    return app_on_any_port(seen, 44818) ? either(seen, enip_message) : APP_NO;
}

static enum app_answer iec104_frame(struct span s)
{
    uint8_t length;

    if (s.n > 0 && s.p[0] != 0x68)
        return APP_NO;
    if (!span_get_u8(s, 1, &length))
        return APP_MAYBE;
    return app_if(length >= 4 && length <= 253);
}

static enum app_answer judge_iec104(const struct app_seen *seen)
{
    return app_on_any_port(seen, 2404) ? either(seen, iec104_frame) : APP_NO;
}

static enum app_answer judge_slp(const struct app_seen *seen)
{
    if (!app_on_port(seen, 427) || seen->said[APP_CLIENT].n < 5)
        return APP_NO;
    return app_if(app_is_slp(seen->said[APP_CLIENT]));
}

static enum app_answer judge_stun(const struct app_seen *seen)
{
    return app_if(app_is_stun(seen->said[APP_CLIENT]) ||
                  app_is_stun(seen->said[APP_SERVER]));
}

/* clang-format off */
const struct app_rule app_binary_rules[] = {
    {judge_tls, LW_APP_TLS, {443, 465, 636, 853, 993, 995}},
    {judge_smb, LW_APP_SMB, {445, 139}},
    {judge_dcerpc, LW_APP_DCERPC, {135}},
    {judge_rdp, LW_APP_RDP, {3389}},
    {judge_dns, LW_APP_DNS, {53}},
    {judge_stun, LW_APP_STUN, {3478}},
    {judge_bittorrent, LW_APP_BITTORRENT, {6881}},
    {judge_vnc, LW_APP_VNC, {5900}},
    {judge_x11, LW_APP_X11, {6000, 6001, 6010}},
    {judge_ldap, LW_APP_LDAP, {389, 3268}},
    {judge_kerberos, LW_APP_KERBEROS, {88}},
    {judge_mysql, LW_APP_MYSQL, {3306}},
    {judge_postgres, LW_APP_POSTGRES, {5432}},
    {judge_tds, LW_APP_TDS, {1433}},
    {judge_mongodb, LW_APP_MONGODB, {27017}},
    {judge_mqtt, LW_APP_MQTT, {1883}},
    {judge_amqp, LW_APP_AMQP, {5672}},
    {judge_socks, LW_APP_SOCKS, {1080}},
    {judge_openvpn, LW_APP_OPENVPN, {1194}},
    {judge_bgp, LW_APP_BGP, {179}},
    {judge_rpc, LW_APP_RPC, {111, 2049}},
    {judge_ajp, LW_APP_AJP, {8009}},
    {judge_modbus, LW_APP_MODBUS, {502}},
    {judge_s7, LW_APP_S7COMM, {0}},
    {judge_dnp3, LW_APP_DNP3, {20000}},
    {judge_enip, LW_APP_ENIP, {44818}},
    {judge_iec104, LW_APP_IEC104, {2404}},
    {judge_slp, LW_APP_SLP, {427}},
};
/* clang-format on */
const size_t app_n_binary_rules = N_OF(app_binary_rules);
