/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS before it encrypts (RFC 5246, RFC 8446): records, messages in them, and of these
 * the two hellos.
 *
 *     record    type 1, version 2, length 2            messages lie across records
 *     message   type 1, length 3
 *
 * A client has said all after its first hello.  A server has after its certificates, or
 * when it begins to encrypt without: then an old session goes on.
 */
#include "handshake_priv.h"

#include <string.h>

enum record_type { CHANGE_CIPHER_SPEC = 20, ALERT, HANDSHAKE, APPLICATION_DATA };

enum message_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    NEW_SESSION_TICKET = 4,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14
};

enum extension {
    SERVER_NAME = 0,
    SUPPORTED_GROUPS = 10,
    SIGNATURE_ALGORITHMS = 13,
    ALPN = 16,
    SESSION_TICKET = 35,
    PRE_SHARED_KEY = 41,
    SUPPORTED_VERSIONS = 43,
    KEY_SHARE = 51
};

enum { TLS_1_3 = 0x0304, RECORD_MAX = 16384 + 2048, RANDOM_BYTES = 32 };

void tls_begin(struct lw_tls_facts *f)
{
    *f = (struct lw_tls_facts){.client_hello_bytes = LW_NOT_SEEN,
                               .hello_version = LW_NOT_SEEN,
                               .max_version = LW_NOT_SEEN,
                               .n_versions = LW_NOT_SEEN,
                               .n_ciphers = LW_NOT_SEEN,
                               .n_compressions = LW_NOT_SEEN,
                               .n_extensions = LW_NOT_SEEN,
                               .has_grease = LW_NOT_SEEN,
                               .server_name_bytes = LW_NOT_SEEN,
                               .n_alpn = LW_NOT_SEEN,
                               .n_groups = LW_NOT_SEEN,
                               .n_signatures = LW_NOT_SEEN,
                               .n_key_shares = LW_NOT_SEEN,
                               .session_id_bytes = LW_NOT_SEEN,
                               .offers_resumption = LW_NOT_SEEN,
                               .server_hello_bytes = LW_NOT_SEEN,
                               .version = LW_NOT_SEEN,
                               .cipher = LW_NOT_SEEN,
                               .n_server_extensions = LW_NOT_SEEN,
                               .was_retried = LW_NOT_SEEN,
                               .is_resumed = LW_NOT_SEEN,
                               .certificate_bytes = LW_NOT_SEEN};
}

/* ---- hellos -------------------------------------------------------------------------
 */

/* 0x0a0a, 0x1a1a, ... (RFC 8701) */
static bool is_grease(uint16_t v)
{
    return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static bool take_u16(struct span *s, uint16_t *out)
{
    if (!span_get_be16(*s, 0, out))
        return false;
    *s = span_from(*s, 2);
    return true;
}

/* How many values of two bytes; *grease: one of them was there to be ignored. */
static int32_t count_u16(struct span list, bool *grease)
{
    int32_t n = 0;
    uint16_t v;

    while (take_u16(&list, &v)) {
        if (is_grease(v))
            *grease = true;
        else
            n++;
    }
    return n;
}

/* What the extensions of a client say, and whether one of them is to be ignored. */
struct client_extensions {
    struct lw_tls_facts facts;
    bool grease;
    bool offers_resumption;
};

static void read_server_name(struct span s, struct lw_tls_facts *f)
{
    struct span list;
    struct span name;
    uint8_t type;

    if (handshake_take_list(&s, 2, &list) && span_take_u8(&list, &type) && type == 0 &&
        handshake_take_list(&list, 2, &name))
        f->server_name_bytes = (int32_t)name.n;
}

static void read_alpn(struct span s, struct client_extensions *x)
{
    struct span list;
    struct span name;

    if (!handshake_take_list(&s, 2, &list))
        return;
    while (handshake_take_list(&list, 1, &name)) {
        if (name.n == 2 && is_grease((uint16_t)(name.p[0] << 8 | name.p[1]))) {
            x->grease = true;
            continue;
        }
        if (x->facts.n_alpn++ == 0)
            (void)span_copy(name, 0, x->facts.alpn,
                            name.n < LW_ALPN_MAX - 1 ? name.n : LW_ALPN_MAX - 1);
    }
}

static void read_versions(struct span s, struct client_extensions *x)
{
    struct span list;
    uint16_t v;

    if (!handshake_take_list(&s, 1, &list))
        return;
    x->facts.n_versions = count_u16(list, &x->grease);
    while (take_u16(&list, &v)) {
        if (!is_grease(v) && v <= 0x03ff && v > x->facts.max_version)
            x->facts.max_version = v;
    }
}

static int32_t count_key_shares(struct span s, bool *grease)
{
    struct span list;
    struct span key;
    uint16_t group;
    int32_t n = 0;

    if (!handshake_take_list(&s, 2, &list))
        return 0;
    while (take_u16(&list, &group) && handshake_take_list(&list, 2, &key)) {
        if (is_grease(group))
            *grease = true;
        else
            n++;
    }
    return n;
}

static void read_extension(uint16_t type, struct span s, struct client_extensions *x)
{
    struct span list;

    switch (type) {
    case SERVER_NAME:
        read_server_name(s, &x->facts);
        break;
    case SUPPORTED_GROUPS:
        if (handshake_take_list(&s, 2, &list))
            x->facts.n_groups = count_u16(list, &x->grease);
        break;
    case SIGNATURE_ALGORITHMS:
        if (handshake_take_list(&s, 2, &list))
            x->facts.n_signatures = count_u16(list, &x->grease);
        break;
    case ALPN:
        read_alpn(s, x);
        break;
    case SESSION_TICKET:
        x->offers_resumption = x->offers_resumption || s.n > 0;
        break;
    case PRE_SHARED_KEY:
        x->offers_resumption = true;
        break;
    case SUPPORTED_VERSIONS:
        read_versions(s, x);
        break;
    case KEY_SHARE:
        x->facts.n_key_shares = count_key_shares(s, &x->grease);
        break;
    default:
        break;
    }
}

/* What stands behind the ciphers.  What an extension would say is known to be absent
 * only when all of them were seen. */
static void read_client_extensions(struct span s, bool grease, struct lw_tls_facts *f)
{
    struct client_extensions x = {.facts = *f, .grease = grease};
    struct span body;
    uint16_t type;

    x.offers_resumption = f->session_id_bytes > 0;
    x.facts.n_extensions = 0;
    x.facts.n_versions = 0;
    x.facts.server_name_bytes = 0;
    x.facts.n_alpn = 0;
    x.facts.n_groups = 0;
    x.facts.n_signatures = 0;
    x.facts.n_key_shares = 0;
    while (take_u16(&s, &type)) {
        if (!handshake_take_list(&s, 2, &body))
            return;
        if (is_grease(type)) {
            x.grease = true;
            continue;
        }
        x.facts.n_extensions++;
        read_extension(type, body, &x);
    }
    x.facts.has_grease = x.grease;
    x.facts.offers_resumption = x.offers_resumption;
    *f = x.facts;
}

static void read_client_hello(struct span s, struct lw_tls_facts *f)
{
    struct span list;
    uint16_t version;
    bool grease = false;

    if (!take_u16(&s, &version))
        return;
    f->hello_version = version;
    s = span_from(s, RANDOM_BYTES);
    if (!handshake_take_list(&s, 1, &list))
        return;
    f->session_id_bytes = (int32_t)list.n;
    if (!handshake_take_list(&s, 2, &list))
        return;
    f->n_ciphers = count_u16(list, &grease);
    if (!handshake_take_list(&s, 1, &list))
        return;
    f->n_compressions = (int32_t)list.n;
    f->max_version = version;
    /* Before TLS 1.2 there may be none at all. */
    if (s.n == 0)
        list = s;
    else if (!handshake_take_list(&s, 2, &list))
        return;
    read_client_extensions(list, grease, f);
}

static bool is_retry(struct span random)
{
    static const uint8_t retry[RANDOM_BYTES] = {
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
        0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

    return span_begins(random, retry, sizeof retry);
}

/* Returns whether a pre-shared key was chosen. */
static bool read_server_extensions(struct span s, struct lw_tls_facts *f)
{
    bool has_key = false;
    struct span body;
    uint16_t type;
    uint16_t version;
    int32_t n = 0;

    while (take_u16(&s, &type)) {
        if (!handshake_take_list(&s, 2, &body))
            return false;
        n++;
        if (type == SUPPORTED_VERSIONS && span_get_be16(body, 0, &version))
            f->version = version;
        has_key = has_key || type == PRE_SHARED_KEY;
    }
    f->n_server_extensions = n;
    return has_key;
}

/* False: it was a request to try again. */
static bool read_server_hello(struct span s, struct lw_tls_facts *f)
{
    struct span list;
    uint16_t version;
    uint16_t cipher;
    bool has_key;

    if (is_retry(span_from(s, 2))) {
        f->was_retried = 1;
        return false;
    }
    if (!take_u16(&s, &version))
        return true;
    s = span_from(s, RANDOM_BYTES);
    if (!handshake_take_list(&s, 1, &list) || !take_u16(&s, &cipher) || s.n == 0)
        return true;
    f->cipher = cipher;
    f->was_retried = f->was_retried == 1;
    s = span_from(s, 1); /* compression */
    f->version = version;
    if (s.n == 0)
        list = s;
    else if (!handshake_take_list(&s, 2, &list))
        return true;
    has_key = read_server_extensions(list, f);
    if (f->version >= TLS_1_3)
        f->is_resumed = has_key;
    return true;
}

/* ---- messages -----------------------------------------------------------------------
 */

static bool is_hello(unsigned type, unsigned from)
{
    return type == (from == 0 ? CLIENT_HELLO : SERVER_HELLO);
}

static void end_side(struct handshake *h, unsigned from, struct slab *hellos)
{
    handshake_side_end(&h->side[from], hellos);
}

/* The server goes on: with its certificates, or without. */
static void on_server_message(struct handshake *h, unsigned type, uint32_t bytes,
                              struct slab *hellos)
{
    struct lw_tls_facts *f = &h->facts.tls;

    if (type == CERTIFICATE) {
        f->is_resumed = 0;
        f->certificate_bytes = (int32_t)(bytes >= 3 ? bytes - 3 : 0);
    } else if (type == SERVER_KEY_EXCHANGE || type == SERVER_HELLO_DONE) {
        f->is_resumed = 0;
        f->certificate_bytes = 0;
    } else if (type == NEW_SESSION_TICKET) {
        return;
    }
    end_side(h, 1, hellos);
}

static void on_hello(struct handshake *h, unsigned from, struct span whole,
                     uint32_t bytes, struct slab *hellos)
{
    struct lw_tls_facts *f = &h->facts.tls;

    if (from == 0) {
        f->client_hello_bytes = (int32_t)bytes;
        read_client_hello(whole, f);
        end_side(h, 0, hellos);
    } else if (read_server_hello(whole, f)) {
        f->server_hello_bytes = (int32_t)bytes;
        if (f->version >= TLS_1_3)
            end_side(h, 1, hellos);
    }
}

/* A message's head.  Only hellos are read further. */
static void on_message_head(struct handshake *h, unsigned from, struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];
    const uint8_t *head = side->message_head;

    side->message_bytes = (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
    side->message_left = side->message_bytes;
    if (is_hello(head[0], from))
        return;
    if (from == 0 || h->facts.tls.server_hello_bytes == LW_NOT_SEEN)
        end_side(h, from, hellos);
    else
        on_server_message(h, head[0], side->message_bytes, hellos);
}

/* Bytes of messages, which begin and end anywhere in them. */
static void messages(struct handshake *h, unsigned from, struct span s,
                     struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];
    struct span part = span_of(NULL, 0);

    while (!side->is_done && s.n > 0) {
        if (side->n_message_head < 4) {
            if (!handshake_take_head(&s, side->message_head, &side->n_message_head, 4))
                return;
            on_message_head(h, from, hellos);
        } else if (!is_hello(side->message_head[0], from)) {
            (void)span_take(&s, s.n < side->message_left ? s.n : side->message_left,
                            &part);
            side->message_left -= (uint32_t)part.n;
        } else if (handshake_gather(side, &s, &part, hellos)) {
            on_hello(h, from, part, side->message_bytes, hellos);
        }
        if (side->n_message_head == 4 && side->message_left == 0)
            side->n_message_head = 0;
    }
}

/* ---- records ------------------------------------------------------------------------
 */

/* A record that is not a handshake's: the server encrypts from here on. */
static void on_other_record(struct handshake *h, unsigned from, unsigned type,
                            struct slab *hellos)
{
    struct lw_tls_facts *f = &h->facts.tls;

    if (from == 1 && type == CHANGE_CIPHER_SPEC &&
        f->server_hello_bytes != LW_NOT_SEEN && f->version < TLS_1_3) {
        f->is_resumed = 1;
        f->certificate_bytes = 0;
    }
    /* After a retry, for old middle boxes (RFC 8446, D.4). */
    if (type == CHANGE_CIPHER_SPEC && f->server_hello_bytes == LW_NOT_SEEN)
        return;
    end_side(h, from, hellos);
}

static bool begin_record(struct handshake *h, unsigned from, struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];
    const uint8_t *head = side->head;

    side->record_type = head[0];
    side->record_left = (uint32_t)head[3] << 8 | head[4];
    if (head[0] < CHANGE_CIPHER_SPEC || head[0] > APPLICATION_DATA || head[1] != 3 ||
        side->record_left > RECORD_MAX) {
        end_side(h, from, hellos);
        return false;
    }
    if (head[0] != HANDSHAKE)
        on_other_record(h, from, head[0], hellos);
    return !side->is_done;
}

/* What a record begins with: of SSL 2 the two bytes of its length, and of the hello in
 * it type, version and the lengths of what follows (RFC 5246, E.2). */
enum { HEAD_BYTES = 5, SSL_2 = 0x80, SSL_2_HEAD_BYTES = 9 };

static void read_ssl2(struct handshake *h, struct span s)
{
    enum { HELLO = 1, SPEC_BYTES = 3 };
    struct lw_tls_facts *f = &h->facts.tls;

    if (span_u8(s, 2) != HELLO)
        return;
    f->client_hello_bytes = span_be16(s, 0) & 0x7fff;
    f->hello_version = span_be16(s, 3);
    f->max_version = f->hello_version;
    f->n_ciphers = span_be16(s, 5) / SPEC_BYTES;
    f->session_id_bytes = span_be16(s, 7);
    f->offers_resumption = f->session_id_bytes > 0;
    f->n_versions = 0;
    f->n_extensions = 0;
    f->server_name_bytes = 0;
    f->n_alpn = 0;
    f->has_grease = 0;
}

/* True: the record's head is whole, and what is in it is to be read. */
static bool take_record(struct handshake *h, unsigned from, struct span *s,
                        struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];
    bool is_ssl2;

    (void)handshake_take_head(s, side->head, &side->n_head,
                              side->n_head > 0 ? side->n_head : 1);
    is_ssl2 = (side->head[0] & SSL_2) != 0;
    if (!handshake_take_head(s, side->head, &side->n_head,
                             is_ssl2 ? SSL_2_HEAD_BYTES : HEAD_BYTES))
        return false;
    if (!is_ssl2)
        return begin_record(h, from, hellos);
    if (from == 0 && h->facts.tls.client_hello_bytes == LW_NOT_SEEN)
        read_ssl2(h, span_of(side->head, SSL_2_HEAD_BYTES));
    end_side(h, from, hellos);
    return false;
}

void tls_data(struct handshake *h, unsigned from, struct span s, struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];

    while (s.n > 0 && !side->is_done) {
        struct span part = span_of(NULL, 0);

        if (!side->in_record) {
            side->in_record = take_record(h, from, &s, hellos);
            continue;
        }
        (void)span_take(&s, s.n < side->record_left ? s.n : side->record_left, &part);
        side->record_left -= (uint32_t)part.n;
        if (side->record_left == 0) {
            side->n_head = 0;
            side->in_record = false;
        }
        if (side->record_type == HANDSHAKE)
            messages(h, from, part, hellos);
    }
}
