/* SPDX-License-Identifier: Apache-2.0 */
#include "sequence.h"

#include "base/assert.h"

#include <string.h>

enum { CUT = 254, LONG = 255 };

/* Ethernet, raw IP, Linux cooked 1 and 2, BSD loopback, PPP, Cisco HDLC, and one that
 * nobody decodes. */
static const uint16_t link_types[] = {1, 101, 113, 276, 0, 9, 104, 147};

uint32_t sequence_link_type(const uint8_t head[SEQUENCE_HEAD])
{
    return link_types[head[2] & 7];
}

int sequence_link_code(uint32_t link_type)
{
    for (int i = 0; i < 7; i++)
        if (link_types[i] == link_type)
            return i;
    return -1;
}

int64_t sequence_step_ns(uint8_t code)
{
    int64_t step = INT64_C(1) << (code & 0x1f) << (code >> 6 & 3) * 10;

    return code & SEQUENCE_BACKWARDS ? -step : step;
}

uint8_t sequence_step_code(int64_t ns)
{
    const unsigned sign = ns < 0 ? SEQUENCE_BACKWARDS : 0;
    unsigned exponent = 0;
    unsigned further = 0;

    if (ns < 0)
        ns = ns == INT64_MIN ? INT64_MAX : -ns;
    while (exponent < 61 && INT64_C(1) << (exponent + 1) <= ns)
        exponent++;
    while (exponent > 31) {
        exponent -= 10;
        further++;
    }
    return (uint8_t)(exponent | sign | further << 6);
}

static bool take_length(struct span *in, uint16_t *n, uint16_t *missing)
{
    uint8_t code;

    if (!span_take_u8(in, &code))
        return false;
    *n = code;
    *missing = 0;
    if (code < CUT)
        return true;
    return span_take_le16(in, n) && (code == LONG || span_take_le16(in, missing));
}

bool sequence_take(struct span *in, struct sequence_entry *out)
{
    uint16_t n;

    return span_take_u8(in, &out->step) && take_length(in, &n, &out->missing) &&
           span_take(in, n, &out->bytes);
}

void sequence_put(struct buf *b, const struct sequence_entry *e)
{
    LW_ASSERT(e->bytes.n <= UINT16_MAX);
    buf_add_u8(b, e->step);
    if (e->missing != 0) {
        buf_add_u8(b, CUT);
        buf_add_le16(b, (uint16_t)e->bytes.n);
        buf_add_le16(b, e->missing);
    } else if (e->bytes.n < CUT) {
        buf_add_u8(b, (uint8_t)e->bytes.n);
    } else {
        buf_add_u8(b, LONG);
        buf_add_le16(b, (uint16_t)e->bytes.n);
    }
    buf_add(b, e->bytes.p, e->bytes.n);
}

struct lw_meter_config sequence_config(const uint8_t head[SEQUENCE_HEAD])
{
    const uint8_t kind = head[1];

    return (struct lw_meter_config){
        .max_flows = head[0] + 1U,
        .status_interval_ns = INT64_C(1) << 36,
        .conn_log = (kind & 2) != 0,
        .ignore_checksums = (kind & 4) != 0,
        .cuts = kind & 8   ? LW_CUTS_ZEEK
                : kind & 1 ? LW_CUTS_ARGUS
                           : LW_CUTS_PLAIN,
        .tunnels = (enum lw_tunnel_mode)((kind >> 4 & 3) % LW_N_TUNNEL_MODES),
        .reassembly_datagrams = kind & 64 ? 3 : 64,
        .flow_stats = (kind & 128) != 0};
}

/* ---- for editing ---------------------------------------------------------------- */

void sequence_read(struct sequence *s, const uint8_t *data, size_t n)
{
    struct span in = span_of(data, n);
    struct sequence_entry e;
    struct span head = span_first(in, SEQUENCE_HEAD);

    memset(s->head, 0, sizeof s->head);
    (void)span_copy(head, 0, s->head, head.n);
    in = span_from(in, SEQUENCE_HEAD);
    s->n = 0;
    for (size_t i = 0; i < SEQUENCE_PACKETS_MAX; i++)
        s->at[i] = &s->packets[i];
    while (s->n < SEQUENCE_PACKETS_MAX && sequence_take(&in, &e)) {
        struct packet *p = s->at[s->n++];

        p->step = e.step;
        p->missing = e.missing;
        p->n = e.bytes.n < sizeof p->bytes ? e.bytes.n : sizeof p->bytes;
        (void)span_copy(e.bytes, 0, p->bytes, p->n);
    }
}

/* What sequence_put() writes, without a buffer: libFuzzer has no place for failures. */
static size_t write_packet(const struct packet *p, uint8_t *out, size_t max)
{
    uint8_t front[6] = {p->step,
                        (uint8_t)p->n,
                        (uint8_t)p->n,
                        (uint8_t)(p->n >> 8),
                        (uint8_t)p->missing,
                        (uint8_t)(p->missing >> 8)};
    size_t n = 2;

    if (p->missing != 0) {
        front[1] = CUT;
        n = 6;
    } else if (p->n >= CUT) {
        front[1] = LONG;
        n = 4;
    }
    if (n + p->n > max)
        return 0;
    memcpy(out, front, n);
    memcpy(out + n, p->bytes, p->n);
    return n + p->n;
}

size_t sequence_write(const struct sequence *s, uint8_t *out, size_t max)
{
    size_t at = SEQUENCE_HEAD;

    LW_ASSERT(max >= SEQUENCE_HEAD);
    memcpy(out, s->head, SEQUENCE_HEAD);
    for (size_t i = 0; i < s->n; i++)
        at += write_packet(s->at[i], out + at, max - at);
    return at;
}

struct packet *sequence_insert(struct sequence *s, size_t i)
{
    struct packet *p;

    LW_ASSERT(i <= s->n);
    if (s->n == SEQUENCE_PACKETS_MAX)
        return NULL;
    p = s->at[s->n];
    memmove(&s->at[i + 1], &s->at[i], (s->n - i) * sizeof s->at[0]);
    s->at[i] = p;
    s->n++;
    p->step = 0;
    p->missing = 0;
    p->n = 0;
    return p;
}

void sequence_remove(struct sequence *s, size_t i)
{
    struct packet *p;

    LW_ASSERT(i < s->n);
    p = s->at[i];
    memmove(&s->at[i], &s->at[i + 1], (s->n - i - 1) * sizeof s->at[0]);
    s->at[--s->n] = p;
}

struct packet *sequence_copy(struct sequence *s, size_t i, const struct packet *p)
{
    struct packet *q = sequence_insert(s, i);

    if (q == NULL)
        return NULL;
    q->step = p->step;
    q->missing = p->missing;
    q->n = p->n;
    memcpy(q->bytes, p->bytes, p->n);
    return q;
}
