/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_streams FILE... - what both sides of TCP connections said, for
 * test/parity/streams: a line "file", path; then three lines a connection that said
 * anything:
 *
 *     stream  flow app  address port  address port    the client, the server
 *     client  bytes                                   in hex, gaps as "[n]"
 *     server  bytes
 *
 * and a line "counts", with what lw_meter_stats says of streams, and TCP flows.  Fields
 * are set off by tabs.  A flow lasts as long as its capture: silence does not end it.
 */
#include "base/assert.h"
#include "base/buf.h"
#include "base/mem.h"

#include <lapwing/flow.h>

#include <inttypes.h>
#include <stdio.h>

/* What a connection said so far.  A tap's state may own nothing: it is a place in this
 * list. */
struct said {
    struct buf side[2];
    uint8_t orig;
};

static struct {
    struct said *at; /* owned (cap) */
    size_t n;
    size_t cap;
} list;

struct place {
    size_t index;
};

static struct said *said_of(void *state)
{
    return &list.at[((const struct place *)state)->index];
}

static bool wants(enum lw_app app)
{
    (void)app;
    return true;
}

static void begin(void *state, enum lw_app app, const struct lw_stream_start *start)
{
    struct said *grown = mem_grow(list.at, &list.cap, list.n + 1, sizeof *grown);
    struct said *s;

    (void)app;
    LW_ASSERT(grown != NULL);
    list.at = grown;
    ((struct place *)state)->index = list.n;
    s = &list.at[list.n++];
    buf_init(&s->side[0]);
    buf_init(&s->side[1]);
    s->orig = start->orig;
}

static void data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    struct buf *b = &said_of(state)->side[from];

    for (size_t i = 0; i < n; i++) {
        buf_add_char(b, digits[bytes[i] >> 4]);
        buf_add_char(b, digits[bytes[i] & 15]);
    }
}

static void gap(void *state, unsigned from, uint64_t n_bytes)
{
    buf_printf(&said_of(state)->side[from], "[%" PRIu64 "]", n_bytes);
}

static void end(void *state)
{
    (void)state;
}

static const struct lw_stream_tap tap = {
    "dump", sizeof(struct place), wants, begin, data, gap, end};

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct said *s;
    char text[LW_ADDR_TEXT_MAX];

    if (rec->kind == LW_FLOW_TCP)
        ++*(uint64_t *)ctx;
    if (rec->tapped == NULL || rec->end_reason == LW_END_STATUS)
        return;
    s = &list.at[((const struct place *)rec->tapped)->index];
    printf("stream\t%" PRIu64 "\t%s", rec->flow_id, lw_app_name(rec->app));
    for (unsigned i = 0; i < 2; i++) {
        (void)lw_record_addr_text(rec, i ^ s->orig, text);
        printf("\t%s\t%u", text, rec->port[i ^ s->orig]);
    }
    LW_ASSERT(buf_ok(&s->side[0]) && buf_ok(&s->side[1]));
    printf("\nclient\t%s\nserver\t%s\n", buf_text(&s->side[0]), buf_text(&s->side[1]));
    buf_release(&s->side[0]);
    buf_release(&s->side[1]);
}

static enum lw_status dump_packets(struct lw_meter *m, struct lw_capture *cap,
                                   struct lw_error *err)
{
    uint64_t n_tcp = 0;
    struct lw_packet pkt;
    struct lw_meter_stats s;
    enum lw_status st;

    while ((st = lw_capture_next(cap, &pkt, err)) == LW_OK)
        (void)lw_meter_add(m, &pkt, on_record, &n_tcp);
    lw_meter_flush(m, on_record, &n_tcp);
    lw_meter_get_stats(m, &s);
    printf("counts\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
           "\t%" PRIu64 "\n",
           s.streams, s.streams_refused, s.stream_bytes, s.stream_bytes_missing,
           s.stream_bytes_repeated, n_tcp);
    return st == LW_END ? LW_OK : st;
}

static void dump_file(const char *path)
{
    const int64_t forever = INT64_C(1) << 60;
    const struct lw_meter_config cfg = {.tap = &tap,
                                        .tunnels = LW_TUNNEL_MODE_BOTH,
                                        .status_interval_ns = forever,
                                        .idle_tcp_ns = forever,
                                        .closed_tcp_ns = forever,
                                        .stream_flows = 1 << 20,
                                        .stream_bytes = UINT32_MAX,
                                        .stream_held_bytes = 16 << 20,
                                        .stream_pool_bytes = 256 << 20};
    struct lw_capture *cap = NULL;
    struct lw_meter *m = NULL;
    struct lw_error err = {0};
    enum lw_status st = lw_capture_open(&cap, path, NULL, &err);

    printf("file\t%s\n", path);
    if (st == LW_OK)
        st = lw_meter_new(&m, &cfg, &err);
    if (st == LW_OK)
        st = dump_packets(m, cap, &err);
    if (st != LW_OK)
        printf("error\t%s\n", err.msg);
    lw_meter_free(m);
    lw_capture_close(cap);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        dump_file(argv[i]);
    mem_free(list.at);
    return 0;
}
