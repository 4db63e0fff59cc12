/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QUIC says in clear: the long header of each side's first packet (RFC
 * 9000, 17.2), which all versions since the drafts have in common (RFC 8999, 5.1).
 *
 *     flags 1, version 4, length 1 and id of the destination, length 1 and id of the
 *     source, and in an initial packet of version 1 and 2 a token with its length
 *
 * Before there were drafts, Google's had flags, an id of 8 bytes and a version.  What
 * is in the packet is encrypted, though with a key that anyone can compute; it is not
 * read.
 */
#include "handshake_priv.h"

enum { LONG = 0x80, ID_MAX = 20 };

void quic_begin(struct lw_quic_facts *f)
{
    f->token_bytes = LW_NOT_SEEN;
    for (unsigned i = 0; i < 2; i++) {
        f->version[i] = LW_NOT_SEEN;
        f->to_id_bytes[i] = LW_NOT_SEEN;
        f->from_id_bytes[i] = LW_NOT_SEEN;
        f->datagram_bytes[i] = LW_NOT_SEEN;
    }
}

/* A number in 1, 2, 4 or 8 bytes (RFC 9000, 16). */
static bool take_number(struct span *s, uint64_t *out)
{
    uint8_t byte;
    unsigned n;

    if (!span_take_u8(s, &byte))
        return false;
    n = 1U << (byte >> 6);
    *out = byte & 0x3f;
    while (--n > 0) {
        if (!span_take_u8(s, &byte))
            return false;
        *out = *out << 8 | byte;
    }
    return true;
}

/* The type of an initial packet is another one in version 2 (RFC 9369, 3.2). */
static bool is_initial(uint8_t flags, uint32_t version)
{
    const uint32_t version_2 = 0x6b3343cf;

    return (flags >> 4 & 3) == (version == version_2 ? 1 : 0);
}

static void read_long(struct span s, unsigned from, struct lw_quic_facts *f)
{
    struct span to;
    struct span source;
    uint8_t flags;
    uint32_t version;
    uint64_t token;

    if (!span_take_u8(&s, &flags) || !span_get_be32(s, 0, &version))
        return;
    f->version[from] = version;
    s = span_from(s, 4);
    if (!handshake_take_list(&s, 1, &to) || to.n > ID_MAX)
        return;
    f->to_id_bytes[from] = (int32_t)to.n;
    if (!handshake_take_list(&s, 1, &source) || source.n > ID_MAX)
        return;
    f->from_id_bytes[from] = (int32_t)source.n;
    if (from == 0 && version != 0 && is_initial(flags, version) &&
        take_number(&s, &token) && token <= s.n)
        f->token_bytes = (int32_t)token;
}

static void read_google(struct span s, unsigned from, struct lw_quic_facts *f)
{
    enum { HAS_VERSION = 1, HAS_ID = 8, ID_BYTES = 8 };
    uint8_t flags = 0;
    uint32_t version;

    (void)span_get_u8(s, 0, &flags);
    if (!(flags & HAS_VERSION) ||
        !span_get_be32(s, flags & HAS_ID ? 1 + ID_BYTES : 1, &version))
        return;
    f->version[from] = version;
    f->to_id_bytes[from] = flags & HAS_ID ? ID_BYTES : 0;
}

void quic_datagram(struct handshake *h, unsigned from, struct span s)
{
    struct lw_quic_facts *f = &h->facts.quic;
    uint8_t flags = 0;

    (void)span_get_u8(s, 0, &flags);
    f->datagram_bytes[from] = (int32_t)s.n;
    if (flags & LONG)
        read_long(s, from, f);
    else
        read_google(s, from, f);
    h->side[from].is_done = true;
}
