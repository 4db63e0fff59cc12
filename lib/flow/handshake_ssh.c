/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH before it encrypts (RFC 4253): a line that names version and software, then, in
 * version 2, a packet that lists what each side can do.
 *
 *     SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2 CR LF     a server may say other lines
 * before length 4, padding 1, type 1, cookie 16, ten lists with their length in 4 bytes
 */
#include "handshake_priv.h"

#include <string.h>

enum { BANNER_MAX = 1024, KEXINIT = 20, PACKET_MAX = 35000 };

/* The lists of the packet, in their order. */
enum list {
    KEY_EXCHANGES,
    HOST_KEYS,
    CIPHERS,
    CIPHERS_BACK,
    MACS,
    MACS_BACK,
    COMPRESSIONS
};

void ssh_begin(struct lw_ssh_facts *f)
{
    for (unsigned i = 0; i < 2; i++) {
        f->version[i] = LW_NOT_SEEN;
        f->software_bytes[i] = LW_NOT_SEEN;
        f->n_key_exchanges[i] = LW_NOT_SEEN;
        f->n_host_keys[i] = LW_NOT_SEEN;
        f->n_ciphers[i] = LW_NOT_SEEN;
        f->n_macs[i] = LW_NOT_SEEN;
        f->n_compressions[i] = LW_NOT_SEEN;
        f->kexinit_bytes[i] = LW_NOT_SEEN;
    }
}

/* ---- the banner ---------------------------------------------------------------------
 */

static bool take_number(struct span *s, unsigned *out)
{
    size_t n = 0;

    *out = 0;
    while (n < s->n && n < 3 && s->p[n] >= '0' && s->p[n] <= '9')
        *out = *out * 10 + (unsigned)(s->p[n++] - '0');
    *s = span_from(*s, n);
    return n > 0 && *out <= 255;
}

static bool take_char(struct span *s, char c)
{
    uint8_t byte;

    return span_take_u8(s, &byte) && byte == (uint8_t)c;
}

/* "SSH-2.0-software comments" */
static void read_banner(struct span s, unsigned from, struct lw_ssh_facts *f)
{
    unsigned major;
    unsigned minor;
    size_t n = 0;

    s = span_from(s, 4);
    if (!take_number(&s, &major) || !take_char(&s, '.') || !take_number(&s, &minor) ||
        !take_char(&s, '-'))
        return;
    f->version[from] = (int32_t)(major << 8 | minor);
    while (n < s.n && s.p[n] != ' ' && s.p[n] != '\r')
        n++;
    f->software_bytes[from] = (int32_t)n;
}

/* Take bytes up to the end of a line, which is gathered like a message.  True: the line
 * is whole. */
static bool take_line(struct handshake_side *side, struct span *s, struct span *line,
                      struct slab *hellos)
{
    const uint8_t *end = memchr(s->p, '\n', s->n);
    size_t n = end == NULL ? s->n : (size_t)(end - s->p) + 1;

    if (side->message_left == 0) {
        side->message_bytes = BANNER_MAX;
        side->message_left = BANNER_MAX;
    }
    if (n > side->message_left)
        n = side->message_left;
    /* The line ends here: there is nothing left to come. */
    if (end != NULL && n == (size_t)(end - s->p) + 1) {
        side->message_bytes -= side->message_left - (uint32_t)n;
        side->message_left = (uint32_t)n;
    }
    if (!handshake_gather(side, s, line, hellos))
        return false;
    return true;
}

/* ---- the packet
 * ---------------------------------------------------------------------- */

static int32_t count_names(struct span list)
{
    int32_t n = list.n > 0;

    for (size_t i = 0; i < list.n; i++)
        n += list.p[i] == ',';
    return n;
}

static void read_kexinit(struct span s, unsigned from, struct lw_ssh_facts *f)
{
    enum { HEAD_BYTES = 1 + 1 + 16 };
    int32_t *const counts[] = {
        [KEY_EXCHANGES] = &f->n_key_exchanges[from],
        [HOST_KEYS] = &f->n_host_keys[from],
        [CIPHERS] = &f->n_ciphers[from],
        [MACS] = &f->n_macs[from],
        [COMPRESSIONS] = &f->n_compressions[from],
    };
    struct span list;

    s = span_from(s, HEAD_BYTES);
    for (unsigned i = 0; i <= COMPRESSIONS; i++) {
        if (!handshake_take_list(&s, 4, &list))
            return;
        if (counts[i] != NULL)
            *counts[i] = count_names(list);
    }
}

static void packet(struct handshake *h, unsigned from, struct span *s,
                   struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];
    struct span whole;
    uint8_t type = 0;

    if (side->n_head < 4) {
        const uint8_t *head = side->head;

        if (!handshake_take_head(s, side->head, &side->n_head, 4))
            return;
        side->message_bytes = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 |
                              (uint32_t)head[2] << 8 | head[3];
        side->message_left = side->message_bytes;
        if (side->message_bytes == 0 || side->message_bytes > PACKET_MAX)
            handshake_side_end(side, hellos);
        return;
    }
    if (!handshake_gather(side, s, &whole, hellos))
        return;
    (void)span_get_u8(whole, 1, &type);
    if (type == KEXINIT) {
        h->facts.ssh.kexinit_bytes[from] = (int32_t)side->message_bytes;
        read_kexinit(whole, from, &h->facts.ssh);
    }
    handshake_side_end(side, hellos);
}

void ssh_data(struct handshake *h, unsigned from, struct span s, struct slab *hellos)
{
    struct handshake_side *side = &h->side[from];
    struct span line;

    while (s.n > 0 && !side->is_done) {
        if (side->has_banner) {
            packet(h, from, &s, hellos);
            continue;
        }
        if (!take_line(side, &s, &line, hellos))
            continue;
        if (!span_begins(line, "SSH-", 4)) {
            if (line.n == 0 || line.p[line.n - 1] != '\n')
                handshake_side_end(side, hellos);
            continue;
        }
        read_banner(span_first(line, line.n - 1), from, &h->facts.ssh);
        side->has_banner = true;
        /* What version 1 says next is told otherwise. */
        if (h->facts.ssh.version[from] < 0x0163)
            handshake_side_end(side, hellos);
    }
}
