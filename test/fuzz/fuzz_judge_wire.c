/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes that judge captures and watch interfaces say, and what they are
 * told.  An even first byte: frames, as the server reads them; one that is taken is the
 * same when it is put and taken again.  An odd one: a request, 3 (modulo 4): one to
 * watch an interface. */
#include "base/assert.h"
#include "fake_classifier.h"
#include "fuzz.h"
#include "serve/frames.h"
#include "serve/judge_wire.h"
#include "serve/models.h"
#include "serve/watch_wire.h"

#include <string.h>

static void try_request(struct span bytes)
{
    struct wire_request r;
    struct lw_error err;

    if (wire_take_request(&r, bytes, &err) != LW_OK)
        return;
    LW_ASSERT(r.files[0].n + r.files[1].n + r.files[2].n <= bytes.n);
    wire_request_release(&r);
}

static void try_watch_request(struct span bytes)
{
    struct watch_request r = {.interface = ""};
    struct lw_error err;

    if (watch_take_request(&r, bytes, &err) != LW_OK)
        return;
    LW_ASSERT(memchr(r.interface, 0, sizeof r.interface) != NULL);
    wire_request_release(&r.judge);
}

static void try_tick(struct span payload)
{
    struct watch_tick t;
    struct buf again;

    if (!watch_take_tick(payload, &t))
        return;
    buf_init(&again);
    watch_put_tick(&again, &t);
    LW_ASSERT(!buf_ok(&again) ||
              (again.len == FRAMES_HEADER_BYTES + payload.n &&
               memcmp(again.data + FRAMES_HEADER_BYTES, payload.p, payload.n) == 0));
    buf_release(&again);
}

static void try_packets(struct span payload)
{
    struct span records;
    uint32_t link_type;

    if (watch_take_packets(payload, &link_type, &records))
        LW_ASSERT(records.n + sizeof link_type == payload.n);
}

static enum lw_status take(struct wire_frame *f, uint8_t kind, struct span payload,
                           const struct judge_config *cfg)
{
    struct lw_error err;

    if (kind == WATCH_TICK)
        try_tick(payload);
    if (kind == WATCH_PACKETS)
        try_packets(payload);
    if (kind == WATCH_TICK || kind == WATCH_PACKETS) {
        f->kind = WIRE_END;
        return LW_OK;
    }
    return wire_take_frame(f, kind, payload, cfg, &err);
}

/* The frame of a flow that was taken, as its payload. */
static void put(struct buf *out, const struct wire_frame *f)
{
    buf_reset(out);
    wire_put_flow(out, &f->flow, f->keep_detail);
}

static void try_again(const struct wire_frame *f, const struct judge_config *cfg)
{
    struct wire_frame again = {.keep_detail = false};
    struct buf once;
    struct buf twice;

    buf_init(&once);
    buf_init(&twice);
    put(&once, f);
    if (buf_ok(&once) && wire_take_frame(&again, WIRE_FLOW,
                                         span_of(once.data + FRAMES_HEADER_BYTES,
                                                 once.len - FRAMES_HEADER_BYTES),
                                         cfg, NULL) == LW_OK) {
        put(&twice, &again);
        LW_ASSERT(!buf_ok(&twice) || (once.len == twice.len &&
                                      memcmp(once.data, twice.data, once.len) == 0));
    }
    wire_frame_release(&again);
    buf_release(&once);
    buf_release(&twice);
}

static void try_frames(struct span s, const struct judge_config *cfg)
{
    struct wire_frame f = {.keep_detail = false};
    struct span payload;
    uint8_t kind;
    uint32_t n;

    while (span_take_u8(&s, &kind) && span_take_le32(&s, &n) &&
           span_take(&s, n, &payload) && take(&f, kind, payload, cfg) == LW_OK)
        if (f.kind == WIRE_FLOW) {
            LW_ASSERT(f.flow.proto != NULL && f.flow.n_scores <= STORE_DETECTORS_MAX);
            try_again(&f, cfg);
        }
    wire_frame_release(&f);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    static struct lw_classifier classifier;
    static struct model traffic = {.role = MODEL_ROLE_TRAFFIC,
                                   .classifier = &classifier};
    static struct model attack = {.role = MODEL_ROLE_ATTACK, .classifier = &classifier};
    static struct model botnet = {.role = MODEL_ROLE_BOTNET, .classifier = &classifier};
    const struct judge_config cfg = {.models = {&traffic, &attack, &botnet}};

    if (n == 0)
        return;
    classifier = fake_classifier();
    if (data[0] % 2 == 0)
        try_frames(span_from(span_of(data, n), 1), &cfg);
    else if (data[0] % 4 == 3)
        try_watch_request(span_from(span_of(data, n), 1));
    else
        try_request(span_from(span_of(data, n), 1));
}
