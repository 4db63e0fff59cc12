/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols over UDP, each judged by one datagram; and what is the same over TCP.
 *
 * Lengths that agree with the datagram's own are the best evidence there is.
 */
#include "app_priv.h"

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

/* ---- names -------------------------------------------------------------------------
 */

/* A question's name, type and class, from `at` on: moves it behind them. */
static bool skip_question(struct span s, size_t *at)
{
    enum {
        LABEL_MAX = 63,
        NAME_MAX = 255,
        CLASS_MAX = 4,
        CLASS_ANY = 255,
        UNICAST = 0x8000
    };
    size_t begin = *at;
    uint8_t n = 0;
    uint16_t type;
    uint16_t class;

    while (span_get_u8(s, *at, &n) && n > 0 && n <= LABEL_MAX)
        *at += 1U + n;
    if (n > LABEL_MAX || *at - begin > NAME_MAX || !span_get_be16(s, *at + 1, &type) ||
        !span_get_be16(s, *at + 3, &class))
        return false;
    *at += 5;
    class &= (uint16_t)~UNICAST;
    return type != 0 && ((class >= 1 && class <= CLASS_MAX) || class >= CLASS_ANY - 1);
}

bool app_is_dns(struct span s)
{
    enum { HEAD_BYTES = 12, OPCODE_MAX = 8, COUNT_MAX = 256 };
    size_t at = HEAD_BYTES;
    uint16_t flags;
    uint16_t n_questions = span_be16(s, 4);

    if (s.n < HEAD_BYTES || !span_get_be16(s, 2, &flags))
        return false;
    if ((flags >> 11 & 15) > OPCODE_MAX || span_be16(s, 6) > COUNT_MAX ||
        span_be16(s, 8) > COUNT_MAX || span_be16(s, 10) > COUNT_MAX ||
        n_questions > COUNT_MAX)
        return false;
    /* An answer may come without its question; then records must be there. */
    if (n_questions == 0)
        return (flags & 0x8000) != 0 && s.n > HEAD_BYTES && span_be16(s, 6) > 0;
    if ((flags & 0x8000) == 0 && span_be16(s, 6) > 0 && n_questions != 1)
        return true; /* known answers (RFC 6762, 7.1) */
    return skip_question(s, &at);
}

/* Only where names are looked up: elsewhere it takes one question and no answer. */
static enum app_answer judge_name(const struct app_seen *seen, uint16_t port)
{
    return app_if(app_on_any_port(seen, port) && app_is_dns(app_datagram(seen)));
}

static enum app_answer judge_mdns(const struct app_seen *seen)
{
    return judge_name(seen, 5353);
}

static enum app_answer judge_llmnr(const struct app_seen *seen)
{
    return judge_name(seen, 5355);
}

static enum app_answer judge_dns(const struct app_seen *seen)
{
    struct span s = app_datagram(seen);
    size_t at = 12;

    if (app_on_any_port(seen, 53))
        return app_if(app_is_dns(s));
    return app_if(app_is_dns(s) && span_be16(s, 4) == 1 && span_be16(s, 6) == 0 &&
                  span_be16(s, 8) == 0 && span_be16(s, 10) == 0 &&
                  skip_question(s, &at) && at == s.n);
}

/* As DNS, with names of 32 letters; or nothing but a count (RFC 1002, 4.2). */
static enum app_answer judge_nbns(const struct app_seen *seen)
{
    enum { HEAD_BYTES = 12, NAME_LENGTH = 32 };
    struct span s = app_datagram(seen);
    uint8_t n;

    if (!app_on_any_port(seen, 137) || !span_get_u8(s, HEAD_BYTES, &n))
        return APP_NO;
    return app_if(n == NAME_LENGTH || app_is_dns(s));
}

static enum app_answer judge_nbdgm(const struct app_seen *seen)
{
    enum { FIRST = 0x10, LAST = 0x16, HEAD_BYTES = 10 };
    struct span s = app_datagram(seen);

    return app_if(app_on_any_port(seen, 138) && s.n >= HEAD_BYTES && s.p[0] >= FIRST &&
                  s.p[0] <= LAST);
}

/* ---- addresses, time, management ----------------------------------------------------
 */

static enum app_answer judge_dhcp(const struct app_seen *seen)
{
    enum { COOKIE_AT = 236, COOKIE = 0x63825363, MESSAGES_6 = 36 };
    struct span s = app_datagram(seen);
    uint8_t type;

    if (app_on_any_port(seen, 67) || app_on_any_port(seen, 68))
        return app_if(s.n >= COOKIE_AT && (s.p[0] == 1 || s.p[0] == 2) &&
                      (s.n < COOKIE_AT + 4 || span_be32(s, COOKIE_AT) == COOKIE));
    if (app_on_any_port(seen, 546) || app_on_any_port(seen, 547))
        return app_if(span_get_u8(s, 0, &type) && type >= 1 && type <= MESSAGES_6 &&
                      s.n >= 4);
    return APP_NO;
}

/* Version and mode (RFC 5905, 7.3): modes 6 and 7 are shorter. */
static enum app_answer judge_ntp(const struct app_seen *seen)
{
    enum { HEAD_BYTES = 48, CONTROL = 6, PRIVATE = 7, VERSION_MAX = 4 };
    struct span s = app_datagram(seen);
    unsigned version;
    unsigned mode;

    if (!app_on_any_port(seen, 123) || s.n < 4)
        return APP_NO;
    version = s.p[0] >> 3 & 7;
    mode = s.p[0] & 7;
    if (version == 0 || version > VERSION_MAX)
        return APP_NO;
    return app_if(mode == CONTROL || mode == PRIVATE ? s.n >= 8 : s.n >= HEAD_BYTES);
}

/* Moves *s to what is in a BER value of that tag.  False: it is another one. */
static bool enter(struct span *s, uint8_t tag)
{
    enum { LONG = 0x80, LENGTH_BYTES_MAX = 4 };
    uint8_t length;

    if (s->n < 2 || s->p[0] != tag || !span_get_u8(*s, 1, &length))
        return false;
    if (length & LONG && (length & 0x7f) > LENGTH_BYTES_MAX)
        return false;
    *s = span_from(*s, 2 + (length & LONG ? length & 0x7f : 0));
    return true;
}

/* Version 0, 1 or 3, then a community or a header. */
bool app_is_snmp(struct span s)
{
    enum { SEQUENCE = 0x30, INTEGER = 2, OCTETS = 4 };
    uint8_t version;
    uint8_t next;

    if (!enter(&s, SEQUENCE) || !enter(&s, INTEGER) || !span_take_u8(&s, &version) ||
        !span_get_u8(s, 0, &next))
        return false;
    return version == 3 ? next == SEQUENCE : version <= 2 && next == OCTETS;
}

static enum app_answer judge_snmp(const struct app_seen *seen)
{
    return app_if(app_is_snmp(app_datagram(seen)));
}

/* An application tag, a sequence, and in it, first or second, version 5 (RFC 4120). */
bool app_is_kerberos(struct span s)
{
    enum { FIRST = 0x6a, LAST = 0x7e, SEQUENCE = 0x30, FIELD_0 = 0xa0, FIELD_1 = 0xa1 };
    enum { INTEGER = 2, VERSION = 5 };
    uint8_t tag = 0;
    uint8_t version;

    (void)span_get_u8(s, 0, &tag);
    if (tag < FIRST || tag > LAST || !enter(&s, tag) || !enter(&s, SEQUENCE))
        return false;
    if (!enter(&s, FIELD_1) && !enter(&s, FIELD_0))
        return false;
    return enter(&s, INTEGER) && span_get_u8(s, 0, &version) && version == VERSION;
}

static enum app_answer judge_kerberos(const struct app_seen *seen)
{
    return app_if(app_is_kerberos(app_datagram(seen)));
}

static enum app_answer judge_ldap(const struct app_seen *seen)
{
    return app_if(app_on_any_port(seen, 389) &&
                  app_ldap_message(app_datagram(seen)) == APP_YES);
}

/* "<134>" and text (RFC 5424, 6.2.1). */
bool app_is_syslog(struct span s)
{
    enum { PRIORITY_MAX = 191 };
    unsigned value = 0;
    size_t n = 1;

    if (s.n < 4 || s.p[0] != '<')
        return false;
    while (n < s.n && n < 4 && s.p[n] >= '0' && s.p[n] <= '9')
        value = value * 10 + (unsigned)(s.p[n++] - '0');
    return n > 1 && n < s.n && s.p[n] == '>' && value <= PRIORITY_MAX;
}

static enum app_answer judge_syslog(const struct app_seen *seen)
{
    return app_if(app_is_syslog(app_datagram(seen)));
}

static enum app_answer judge_tftp(const struct app_seen *seen)
{
    enum { READ = 1, WRITE = 2 };
    struct span s = app_datagram(seen);
    struct span name;
    struct span mode;
    uint16_t code;

    if (!span_get_be16(s, 0, &code) || (code != READ && code != WRITE))
        return APP_NO;
    s = span_from(s, 2);
    if (!app_take_string(&s, &name) || name.n == 0 || !app_take_string(&s, &mode))
        return APP_NO;
    return app_if(app_begins_nocase(mode, "OCTET") == APP_YES ||
                  app_begins_nocase(mode, "NETASCII") == APP_YES);
}

static enum app_answer judge_radius(const struct app_seen *seen)
{
    static const uint16_t ports[] = {1812, 1813, 1645, 1646, 3799};
    enum { HEAD_BYTES = 20, CODE_MAX = 50 };
    struct span s = app_datagram(seen);
    bool on_port = false;

    for (size_t i = 0; i < N_OF(ports); i++)
        on_port = on_port || app_on_any_port(seen, ports[i]);
    return app_if(on_port && s.n >= HEAD_BYTES && s.p[0] >= 1 && s.p[0] <= CODE_MAX &&
                  span_be16(s, 2) == s.n);
}

static enum app_answer judge_natpmp(const struct app_seen *seen)
{
    struct span s = app_datagram(seen);

    return app_if((app_on_any_port(seen, 5351) || app_on_any_port(seen, 5350)) &&
                  s.n >= 2 && s.p[0] <= 2 && (s.p[1] & 0x7f) <= 3);
}

/* ---- what is near
 * -------------------------------------------------------------------- */

static enum app_answer judge_ssdp(const struct app_seen *seen)
{
    static const char *const starts[] = {"M-SEARCH * HTTP/1.", "NOTIFY * HTTP/1."};
    struct span s = app_datagram(seen);

    if (app_begins_any(s, starts, N_OF(starts)) == APP_YES)
        return APP_YES;
    return app_if(app_begins(s, "HTTP/1.") == APP_YES &&
                  (app_on_any_port(seen, 1900) || app_contains(s, "USN:")));
}

static enum app_answer judge_wsd(const struct app_seen *seen)
{
    struct span s = app_datagram(seen);

    return app_if(app_on_any_port(seen, 3702) && app_begins(s, "<") == APP_YES);
}

/* Version 2: function, and 3 bytes of length (RFC 2608, 8); version 1: 2 bytes. */
bool app_is_slp(struct span s)
{
    enum { FUNCTION_MAX = 15 };
    uint8_t version = 0;
    uint8_t function = 0;

    (void)span_get_u8(s, 0, &version);
    if (!span_get_u8(s, 1, &function) || function < 1 || function > FUNCTION_MAX)
        return false;
    if (version == 2)
        return (span_be32(s, 1) & 0xffffff) == s.n;
    return version == 1 && span_be16(s, 2) == s.n;
}

static enum app_answer judge_slp(const struct app_seen *seen)
{
    return app_if(app_on_any_port(seen, 427) && app_is_slp(app_datagram(seen)));
}

static enum app_answer judge_coap(const struct app_seen *seen)
{
    enum { TOKEN_MAX = 8, CLASS_MAX = 5 };
    struct span s = app_datagram(seen);

    return app_if(app_on_any_port(seen, 5683) && s.n >= 4 && s.p[0] >> 6 == 1 &&
                  (s.p[0] & 15) <= TOKEN_MAX && s.p[1] >> 5 <= CLASS_MAX);
}

static enum app_answer judge_bacnet(const struct app_seen *seen)
{
    enum { ON_IP = 0x81, FUNCTION_MAX = 12 };
    struct span s = app_datagram(seen);

    return app_if(s.n >= 4 && s.p[0] == ON_IP && s.p[1] <= FUNCTION_MAX &&
                  span_be16(s, 2) == s.n);
}

/* ---- calls
 * ---------------------------------------------------------------------------- */

/* The cookie of RFC 8489, or the plain form of RFC 3489 on its port. */
bool app_is_stun(struct span s)
{
    enum { HEAD_BYTES = 20, COOKIE = 0x2112a442 };

    return s.n >= HEAD_BYTES && s.p[0] <= 1 && span_be16(s, 2) == s.n - HEAD_BYTES &&
           span_be32(s, 4) == COOKIE;
}

static enum app_answer judge_stun(const struct app_seen *seen)
{
    enum { HEAD_BYTES = 20 };
    struct span s = app_datagram(seen);

    if (app_is_stun(s))
        return APP_YES;
    return app_if(s.n >= HEAD_BYTES && s.p[0] <= 1 && s.p[1] >= 1 && s.p[1] <= 18 &&
                  span_be16(s, 2) == s.n - HEAD_BYTES &&
                  (app_on_any_port(seen, 3478) || app_on_any_port(seen, 3479)));
}

/* Version 2, and no type that RTCP has (RFC 3550, 5.1; RFC 5761, 4). */
bool app_is_rtp(struct span s, uint32_t *source, uint16_t *number)
{
    enum { HEAD_BYTES = 12, VERSION_2 = 0x80, RTCP_FIRST = 64, RTCP_LAST = 95 };
    uint8_t first;
    uint8_t type;

    if (!span_get_u8(s, 0, &first) || !span_get_u8(s, 1, &type) ||
        s.n < HEAD_BYTES + 4U * (first & 15))
        return false;
    type &= 0x7f;
    if ((first & 0xc0) != VERSION_2 || (type >= RTCP_FIRST && type <= RTCP_LAST))
        return false;
    *number = span_be16(s, 2);
    *source = span_be32(s, 8);
    return true;
}

static enum app_answer judge_sip(const struct app_seen *seen)
{
    return app_if(app_sip_message(app_datagram(seen)) == APP_YES);
}

/* A call of version 2 of a program that has a number (RFC 5531, 9). */
bool app_is_rpc_call(struct span s)
{
    enum { HEAD_BYTES = 24, CALL = 0, VERSION = 2, PROGRAM_MIN = 100000 };

    return s.n >= HEAD_BYTES && span_be32(s, 4) == CALL && span_be32(s, 8) == VERSION &&
           span_be32(s, 12) >= PROGRAM_MIN && span_be32(s, 16) <= 64 &&
           span_be32(s, 20) <= 64;
}

static enum app_answer judge_rpc(const struct app_seen *seen)
{
    return app_if(app_is_rpc_call(app_datagram(seen)));
}

/* ---- secrets
 * ---------------------------------------------------------------------------- */

/* A long header of a version that was in use: 1, 2, drafts, Google's and Facebook's. */
static enum app_answer judge_quic(const struct app_seen *seen)
{
    enum { LONG = 0x80, ID_MAX = 20, VERSION_1 = 1, DRAFTS = 35 };
    const uint32_t draft_0 = 0xff000000;
    const uint32_t version_2 = 0x6b3343cf;
    struct span s = app_datagram(seen);
    uint32_t version;
    uint8_t n;

    if (s.n < 7)
        return APP_NO;
    if (!(s.p[0] & LONG))
        /* Google's before 2018: flags, 8 bytes of id, version. */
        return app_if((s.p[0] & 0x09) == 0x09 && s.n > 13 && s.p[9] == 'Q' &&
                      s.p[10] == '0' && s.p[11] >= '0' && s.p[11] <= '9');
    version = span_be32(s, 1);
    n = s.p[5];
    if (version == VERSION_1 || version == version_2 || version - draft_0 < DRAFTS)
        return app_if(n <= ID_MAX);
    if (version >> 16 == (('Q' << 8) | '0') || version >> 16 == (('T' << 8) | '0') ||
        version >> 8 == 0xfaceb0)
        return APP_YES;
    /* Versions that are none are for practice (RFC 9000, 15). */
    return app_if((version & 0x0f0f0f0f) == 0x0a0a0a0a && s.n >= 1200 && n <= ID_MAX);
}

/* A record of TLS with its version turned over, and numbers (RFC 6347, 4.1). */
static enum app_answer judge_dtls(const struct app_seen *seen)
{
    enum { HEAD_BYTES = 13, FIRST = 20, LAST = 25 };
    struct span s = app_datagram(seen);
    uint16_t version = span_be16(s, 1);

    return app_if(s.n > HEAD_BYTES && s.p[0] >= FIRST && s.p[0] <= LAST &&
                  (version == 0xfeff || version == 0xfefd || version == 0x0100) &&
                  span_be16(s, 11) <= s.n - HEAD_BYTES);
}

/* Two names, next, version 1 or 2, kind, flags, number, length (RFC 7296, 3.1); on port
 * 4500 behind four zero bytes. */
static enum app_answer judge_ike(const struct app_seen *seen)
{
    enum { HEAD_BYTES = 28 };
    struct span s = app_datagram(seen);

    if (app_on_any_port(seen, 4500) && s.n > 4 && span_be32(s, 0) == 0)
        s = span_from(s, 4);
    else if (!app_on_any_port(seen, 500))
        return APP_NO;
    return app_if(s.n >= HEAD_BYTES && (s.p[17] == 0x10 || s.p[17] == 0x20) &&
                  span_be32(s, 24) >= HEAD_BYTES && span_be32(s, 24) <= s.n);
}

static enum app_answer judge_wireguard(const struct app_seen *seen)
{
    enum { INITIATION = 1, RESPONSE = 2, COOKIE = 3, DATA = 4, BLOCK = 16 };
    struct span s = app_datagram(seen);
    uint32_t type;

    if (!span_get_le32(s, 0, &type))
        return APP_NO;
    return app_if((type == INITIATION && s.n == 148) ||
                  (type == RESPONSE && s.n == 92) || (type == COOKIE && s.n == 64));
}

/* A hard reset: opcode, name, and, with no digest or that of a usual length before
 * them, no acknowledgements and packet 0. */
static enum app_answer judge_openvpn(const struct app_seen *seen)
{
    enum { CLIENT_2 = 7 << 3, SERVER_2 = 8 << 3, CLIENT_3 = 10 << 3 };
    enum { PLAIN = 14, MD5 = 38, SHA_1 = 42, SHA_256 = 54, SHA_512 = 86 };
    struct span s = app_datagram(seen);

    if (s.n < PLAIN)
        return APP_NO;
    if (s.p[0] == CLIENT_2)
        return app_if((s.n == PLAIN || s.n == MD5 || s.n == SHA_1 || s.n == SHA_256 ||
                       s.n == SHA_512) &&
                      s.p[s.n - 5] == 0 && span_be32(s, s.n - 4) == 0);
    return app_if(app_on_any_port(seen, 1194) &&
                  (s.p[0] == SERVER_2 || s.p[0] == CLIENT_3) &&
                  (s.p[0] == CLIENT_3 || span_be32(s, s.n - 4) == 0));
}

/* ---- peers
 * ------------------------------------------------------------------------------- */

/* A dictionary of the distributed table (BEP 5). */
static enum app_answer judge_bittorrent(const struct app_seen *seen)
{
    struct span s = app_datagram(seen);

    return app_if(
        (app_begins(s, "d1:") == APP_YES || app_begins(s, "d2:") == APP_YES) &&
        app_contains(s, "1:Y1:"));
}

/* A name of 16 bytes, kind, two counts, length; or version 2. */
static enum app_answer judge_gnutella(const struct app_seen *seen)
{
    enum { HEAD_BYTES = 23, HEAD_2_BYTES = 8, COUNT_MAX = 16 };
    static const uint8_t kinds[] = {0, 1, 2, 0x30, 0x31, 0x32, 0x40, 0x44, 0x80, 0x81};
    struct span s = app_datagram(seen);
    uint32_t length;

    if (app_begins(s, "GND") == APP_YES)
        return app_if(s.n >= HEAD_2_BYTES);
    if (!span_get_le32(s, 19, &length) || length != s.n - HEAD_BYTES ||
        s.p[17] > COUNT_MAX || s.p[18] > COUNT_MAX)
        return APP_NO;
    for (size_t i = 0; i < sizeof kinds; i++) {
        if (s.p[16] == kinds[i])
            return APP_YES;
    }
    return APP_NO;
}

/* Lookups look alike: those with a port of their own come first. */
/* clang-format off */
const struct app_rule app_datagram_rules[] = {
    {judge_mdns, LW_APP_MDNS, {0}},
    {judge_llmnr, LW_APP_LLMNR, {0}},
    {judge_nbns, LW_APP_NBNS, {0}},
    {judge_nbdgm, LW_APP_NBDGM, {0}},
    {judge_dns, LW_APP_DNS, {0}},
    {judge_quic, LW_APP_QUIC, {0}},
    {judge_ntp, LW_APP_NTP, {0}},
    {judge_dhcp, LW_APP_DHCP, {0}},
    {judge_ssdp, LW_APP_SSDP, {0}},
    {judge_stun, LW_APP_STUN, {0}},
    {judge_sip, LW_APP_SIP, {0}},
    {judge_dtls, LW_APP_DTLS, {0}},
    {judge_ike, LW_APP_IKE, {0}},
    {judge_snmp, LW_APP_SNMP, {0}},
    {judge_radius, LW_APP_RADIUS, {0}},
    {judge_syslog, LW_APP_SYSLOG, {0}},
    {judge_tftp, LW_APP_TFTP, {0}},
    {judge_kerberos, LW_APP_KERBEROS, {0}},
    {judge_ldap, LW_APP_LDAP, {0}},
    {judge_rpc, LW_APP_RPC, {0}},
    {judge_slp, LW_APP_SLP, {0}},
    {judge_wsd, LW_APP_WSD, {0}},
    {judge_natpmp, LW_APP_NATPMP, {0}},
    {judge_coap, LW_APP_COAP, {0}},
    {judge_bacnet, LW_APP_BACNET, {0}},
    {judge_wireguard, LW_APP_WIREGUARD, {0}},
    {judge_openvpn, LW_APP_OPENVPN, {0}},
    {judge_bittorrent, LW_APP_BITTORRENT, {0}},
    {judge_gnutella, LW_APP_GNUTELLA, {0}},
};
/* clang-format on */
const size_t app_n_datagram_rules = N_OF(app_datagram_rules);
