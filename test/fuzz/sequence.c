/* SPDX-License-Identifier: Apache-2.0 */
#include "sequence.h"

#include "base/assert.h"
#include "base/hash.h"

#include <lapwing/handshake.h>

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

/* ---- streams -------------------------------------------------------------------- */

static uint64_t hash_number(uint64_t number, uint64_t seed)
{
    return hash_bytes(&number, sizeof number, seed);
}

static bool wants_all(enum lw_app app)
{
    LW_ASSERT((unsigned)app < LW_N_APPS);
    return true;
}

static void hear_begin(void *state, enum lw_app app,
                       const struct lw_stream_start *start)
{
    struct sequence_heard *h = state;

    LW_ASSERT(!h->has_begun && h->hash == 0 && start->orig <= 1);
    h->has_begun = true;
    h->hash = hash_number((uint64_t)app << 32 | (uint64_t)start->port[0] << 16 |
                              start->port[1],
                          start->orig);
}

static void hear_data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    struct sequence_heard *h = state;

    LW_ASSERT(h->has_begun && !h->has_ended && from < 2 && n > 0);
    h->data_bytes[from] += n;
    h->hash = hash_bytes(bytes, n, hash_number(from, h->hash));
}

static void hear_gap(void *state, unsigned from, uint64_t n_bytes)
{
    struct sequence_heard *h = state;

    LW_ASSERT(h->has_begun && !h->has_ended && from < 2 && n_bytes > 0);
    h->gap_bytes[from] += n_bytes;
    h->hash = hash_number(n_bytes, hash_number(from + 2, h->hash));
}

static void hear_end(void *state)
{
    struct sequence_heard *h = state;

    LW_ASSERT(h->has_begun && !h->has_ended);
    h->has_ended = true;
}

static const struct lw_stream_tap tap = {
    "hash",  sizeof(struct sequence_heard), wants_all, hear_begin, hear_data, hear_gap,
    hear_end};

uint64_t sequence_hash_streams(const struct lw_record *rec, uint64_t seed)
{
    uint64_t hash = hash_number((uint64_t)rec->app, seed);

    if (rec->tapped != NULL)
        hash = hash_number(((const struct sequence_heard *)rec->tapped)->hash, hash);
    if (rec->handshake != NULL)
        hash = hash_bytes(rec->handshake, sizeof *rec->handshake, hash);
    return hash;
}

static void listen_to_streams(struct lw_meter_config *cfg, uint8_t size)
{
    enum { FEW = 7, READ_BYTES = 3000, HELD_BYTES = 5000, POOL_BYTES = 64 << 10 };

    cfg->apps = true;
    cfg->handshakes = true;
    cfg->tap = &tap;
    cfg->stream_flows = 1U + (size & FEW);
    cfg->stream_bytes = READ_BYTES;
    cfg->stream_held_bytes = HELD_BYTES;
    cfg->stream_pool_bytes = POOL_BYTES;
}

struct lw_meter_config sequence_config(const uint8_t head[SEQUENCE_HEAD])
{
    enum { WITH_STREAMS = 32 };
    const uint8_t kind = head[1];
    struct lw_meter_config cfg = {
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

    if (head[0] & WITH_STREAMS)
        listen_to_streams(&cfg, head[0]);
    return cfg;
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
