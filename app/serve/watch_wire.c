/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/watch_wire.h"

#include "base/timefmt.h"
#include "serve/frames.h"

#include <string.h>

/* ---- a request ---- */

void watch_put_request(struct buf *out, const char *interface,
                       const struct judge_config *cfg)
{
    char name[IFNAMSIZ] = "";

    memcpy(name, interface, strnlen(interface, IFNAMSIZ - 1));
    buf_add(out, name, sizeof name);
    wire_put_request(out, cfg);
}

enum lw_status watch_take_request(struct watch_request *out, struct span bytes,
                                  struct lw_error *err)
{
    struct span name;

    if (!span_take(&bytes, IFNAMSIZ, &name) || name.p[IFNAMSIZ - 1] != 0)
        return lw_fail(err, LW_EFORMAT, "no request to watch an interface");
    memcpy(out->interface, name.p, IFNAMSIZ);
    return wire_take_request(&out->judge, bytes, err);
}

/* ---- ticks ---- */

/* ORDER take_sums() */
void watch_put_tick(struct buf *out, const struct watch_tick *t)
{
    size_t at = frame_begin(out, WATCH_TICK);

    buf_add_le64(out, t->packets);
    buf_add_le64(out, t->bytes);
    buf_add_le64(out, t->drops);
    buf_add_le64(out, t->flows);
    buf_add_le64(out, t->alerts);
    buf_add_le64(out, t->active);
    for (size_t i = 0; i < LW_N_VERDICTS; i++)
        buf_add_le64(out, t->by_class[i]);
    buf_add_le64(out, t->delays);
    buf_add_le64(out, (uint64_t)t->delay_sum_ns);
    buf_add_le64(out, (uint64_t)t->delay_max_ns);
    frame_end(out, at);
}

/* No sum is so large that differences would not fit. */
static bool take_sum(struct span *s, uint64_t *out)
{
    return span_take_le64(s, out) && *out <= INT64_MAX;
}

static bool take_sums(struct span *s, struct watch_tick *t)
{
    bool ok = take_sum(s, &t->packets) && take_sum(s, &t->bytes) &&
              take_sum(s, &t->drops) && take_sum(s, &t->flows) &&
              take_sum(s, &t->alerts) && take_sum(s, &t->active);

    for (size_t i = 0; ok && i < LW_N_VERDICTS; i++)
        ok = take_sum(s, &t->by_class[i]);
    return ok;
}

bool watch_take_tick(struct span payload, struct watch_tick *out)
{
    uint64_t sum_ns;
    uint64_t max_ns;

    *out = (struct watch_tick){0};
    if (!take_sums(&payload, out) || !take_sum(&payload, &out->delays) ||
        !take_sum(&payload, &sum_ns) || !take_sum(&payload, &max_ns))
        return false;
    out->delay_sum_ns = (int64_t)sum_ns;
    out->delay_max_ns = (int64_t)max_ns;
    return payload.n == 0;
}

/* ---- packets ---- */

void watch_put_packet(struct buf *records, const struct lw_packet *pkt)
{
    buf_add_le32(records, (uint32_t)(pkt->time_ns / NS_PER_S));
    buf_add_le32(records, (uint32_t)(pkt->time_ns % NS_PER_S));
    buf_add_le32(records, pkt->captured_bytes);
    buf_add_le32(records, pkt->wire_bytes);
    buf_add(records, pkt->data, pkt->captured_bytes);
}

void watch_put_packets(struct buf *out, uint32_t link_type, const struct buf *records)
{
    size_t at = frame_begin(out, WATCH_PACKETS);

    buf_add_le32(out, link_type);
    buf_add(out, records->data, records->len);
    frame_end(out, at);
}

bool watch_take_packets(struct span payload, uint32_t *link_type, struct span *records)
{
    if (!span_take_le32(&payload, link_type))
        return false;
    *records = payload;
    return true;
}

void watch_put_file_head(struct buf *out, uint32_t link_type)
{
    const uint32_t magic_ns = 0xa1b23c4d;

    buf_add_le32(out, magic_ns);
    buf_add_le16(out, 2); /* version 2.4 */
    buf_add_le16(out, 4);
    buf_add_le64(out, 0); /* of UTC, and of no known accuracy */
    buf_add_le32(out, WATCH_SNAPLEN);
    buf_add_le32(out, link_type);
}
