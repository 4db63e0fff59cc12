/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in one packet.
 *
 *     DNS   id 2, flags 2, four counts of 2; questions: name, type 2, class 2;
 *           records: name, type 2, class 2, ttl 4, length 2, data (RFC 1035, 4)
 *     TLS   record: type 1, version 2, length 2; message: type 1, length 3; hello:
 *           version 2, random 32, session id, ciphers, compressions, extensions
 *
 * A name is labels of a length and bytes; a length with both upper bits set is a place
 * to go on from.  Each has to lie before the one that came before: so following them
 * ends.
 */
#include "flow/handshake_priv.h"
#include "packet/decode.h"

#include <lapwing/names.h>

#include <string.h>

enum {
    DNS_PORT = 53,
    MDNS_PORT = 5353,
    LLMNR_PORT = 5355,
    DNS_HEAD_BYTES = 12,
    TYPE_A = 1,
    TYPE_PTR = 12,
    TYPE_AAAA = 28,
    RECORDS_MAX = 64, /* of a message that are looked at */
    IS_ANSWER = 0x8000,
    RCODE = 0x000f,
    TLS_HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    SERVER_NAME = 0
};

struct told {
    lw_name_fn fn;
    void *ctx;
};

/* ---- names ----------------------------------------------------------------------- */

static bool is_fit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* One label behind what is there; false: no name of ours, or it has no room. */
static bool add_label(char out[LW_NAME_MAX], size_t *n, struct span label)
{
    if (*n + label.n + 1 >= LW_NAME_MAX)
        return false;
    if (*n > 0)
        out[(*n)++] = '.';
    for (size_t i = 0; i < label.n; i++) {
        uint8_t c = label.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c + 32);
        if (!is_fit(c))
            return false;
        out[(*n)++] = (char)c;
    }
    return true;
}

/* Read the name at *at of a message and go behind it.  *fit: it is one of ours. */
static bool take_name(struct span msg, size_t *at, char out[LW_NAME_MAX], bool *fit)
{
    size_t from = *at;
    size_t bound = *at; /* places to go on from lie before it */
    size_t behind = 0;  /* of the name where it was left for another place */
    size_t n = 0;

    *fit = true;
    for (;;) {
        uint8_t length;
        uint16_t place;
        struct span label;

        if (!span_get_u8(msg, from, &length))
            return false;
        if (length == 0)
            break;
        if (length >= 0xc0) {
            if (!span_get_be16(msg, from, &place))
                return false;
            if (behind == 0)
                behind = from + 2;
            place &= 0x3fff;
            if (place >= bound)
                return false;
            bound = place;
            from = place;
            continue;
        }
        label = span_from(msg, from + 1);
        if (length > 63 || label.n < length)
            return false;
        *fit = *fit && add_label(out, &n, span_first(label, length));
        from += 1U + length;
    }
    out[n] = '\0';
    *fit = *fit && n > 0;
    *at = behind == 0 ? from + 1 : behind;
    return true;
}

/* ---- DNS ------------------------------------------------------------------------- */

/* "4.3.2.1.in-addr.arpa": the address whose name was asked for. */
static bool read_reverse(const char *name, struct lw_addr *addr)
{
    const char *p = name;

    *addr = (struct lw_addr){{0}};
    for (int i = 3; i >= 0; i--) {
        unsigned v = 0;
        int digits = 0;

        for (; *p >= '0' && *p <= '9' && digits < 3; p++, digits++)
            v = 10 * v + (unsigned)(*p - '0');
        if (digits == 0 || v > 255 || *p++ != '.')
            return false;
        addr->bytes[i] = (uint8_t)v;
    }
    return strcmp(p, "in-addr.arpa") == 0;
}

struct message {
    struct span bytes;
    char asked[LW_NAME_MAX]; /* "": by no question */
};

static void tell_record(const struct message *m, const char *owner, uint16_t type,
                        size_t at, struct span data, const struct told *t)
{
    const char *name = m->asked[0] == '\0' ? owner : m->asked;
    struct lw_addr addr = {{0}};
    char target[LW_NAME_MAX];
    bool fit;

    if (type == TYPE_A && data.n == 4) {
        memcpy(addr.bytes, data.p, 4);
        t->fn(t->ctx, &addr, 4, name);
    } else if (type == TYPE_AAAA && data.n == 16) {
        memcpy(addr.bytes, data.p, 16);
        t->fn(t->ctx, &addr, 6, name);
    } else if (type == TYPE_PTR && read_reverse(name, &addr) &&
               take_name(m->bytes, &at, target, &fit) && fit) {
        t->fn(t->ctx, &addr, 4, target);
    }
}

/* The next record; false at the end of what can be read. */
static bool take_record(const struct message *m, size_t *at, const struct told *t)
{
    char owner[LW_NAME_MAX];
    struct span data;
    uint16_t type;
    uint16_t length;
    bool fit;

    if (!take_name(m->bytes, at, owner, &fit) || !span_get_be16(m->bytes, *at, &type) ||
        !span_get_be16(m->bytes, *at + 8, &length))
        return false;
    *at += 10;
    data = span_from(m->bytes, *at);
    if (data.n < length)
        return false;
    if (fit)
        tell_record(m, owner, type, *at, span_first(data, length), t);
    *at += length;
    return true;
}

static void read_dns(struct span s, const struct told *t)
{
    struct message m = {.bytes = s};
    uint16_t flags = span_be16(s, 2);
    uint16_t n_questions = span_be16(s, 4);
    uint16_t n_answers = span_be16(s, 6);
    size_t at = DNS_HEAD_BYTES;
    bool fit;

    if (s.n < DNS_HEAD_BYTES || (flags & IS_ANSWER) == 0 || (flags & RCODE) != 0 ||
        n_questions > 1)
        return;
    if (n_questions == 1) {
        if (!take_name(s, &at, m.asked, &fit) || !fit)
            return;
        at += 4;
    }
    for (unsigned i = 0; i < n_answers && i < RECORDS_MAX; i++)
        if (!take_record(&m, &at, t))
            return;
}

/* ---- TLS ------------------------------------------------------------------------- */

/* A list of at most what is there, where the packet ends before it does. */
static struct span take_some(struct span *s, size_t length_bytes)
{
    size_t n = 0;
    struct span list;

    for (size_t i = 0; i < length_bytes; i++) {
        uint8_t v = 0;

        (void)span_take_u8(s, &v);
        n = n << 8 | v;
    }
    list = span_first(*s, n < s->n ? n : s->n);
    *s = span_from(*s, list.n);
    return list;
}

static void tell_server(struct span name, const struct decoded *d, const struct told *t)
{
    char text[LW_NAME_MAX];
    size_t n = 0;
    bool has_letter = false; /* or it is an address, which is no name */

    while (name.n > 0) {
        const uint8_t *dot = memchr(name.p, '.', name.n);
        size_t length = dot == NULL ? name.n : (size_t)(dot - name.p);

        if (length == 0 || length > 63 ||
            !add_label(text, &n, span_first(name, length)))
            return;
        name = span_from(name, dot == NULL ? length : length + 1);
    }
    text[n] = '\0';
    for (size_t i = 0; i < n; i++)
        has_letter |= text[i] >= 'a' && text[i] <= 'z';
    if (has_letter)
        t->fn(t->ctx, &d->addr[1], d->ip_version, text);
}

static void read_extensions(struct span s, const struct decoded *d,
                            const struct told *t)
{
    uint16_t type;
    uint16_t length;

    while (span_get_be16(s, 0, &type) && span_get_be16(s, 2, &length)) {
        struct span body = span_from(s, 4);
        struct span list;
        struct span name;
        uint8_t kind;

        if (body.n < length)
            return;
        s = span_from(body, length);
        body = span_first(body, length);
        if (type != SERVER_NAME)
            continue;
        if (handshake_take_list(&body, 2, &list) && span_take_u8(&list, &kind) &&
            kind == 0 && handshake_take_list(&list, 2, &name))
            tell_server(name, d, t);
        return;
    }
}

static void read_tls(const struct decoded *d, const struct told *t)
{
    struct span s = d->payload;
    struct span hello;
    struct span skipped;
    uint8_t kind;

    if (!span_take_u8(&s, &kind) || kind != TLS_HANDSHAKE || s.n < 4 || s.p[0] != 3)
        return;
    s = span_from(s, 2);
    s = take_some(&s, 2);
    if (!span_take_u8(&s, &kind) || kind != CLIENT_HELLO)
        return;
    hello = take_some(&s, 3);
    if (hello.n < 34)
        return;
    hello = span_from(hello, 34);
    if (!handshake_take_list(&hello, 1, &skipped) ||
        !handshake_take_list(&hello, 2, &skipped) ||
        !handshake_take_list(&hello, 1, &skipped))
        return;
    read_extensions(take_some(&hello, 2), d, t);
}

/* ---- the public face ------------------------------------------------------------- */

static bool answers_names(uint16_t port)
{
    return port == DNS_PORT || port == MDNS_PORT || port == LLMNR_PORT;
}

void lw_packet_names(const struct lw_packet *pkt, lw_name_fn fn, void *ctx)
{
    const struct told t = {fn, ctx};
    struct decoded d;

    if (pkt->data == NULL || packet_decode(pkt, &d) != DECODE_OK ||
        d.layer != DECODE_TRANSPORT || d.is_fragment || d.payload.n == 0)
        return;
    if (d.protocol == 17 && answers_names(d.port[0]))
        read_dns(d.payload, &t);
    else if (d.protocol == 6)
        read_tls(&d, &t);
}
