/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "frame.h"
#include "test.h"

#include <lapwing/flow.h>
#include <lapwing/flow_stats.h>
#include <lapwing/handshake.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PACKETS = 20000 };

static struct frame frame;

/* Connections that open, answer, close and come back, more than one read brings. */
static void make_capture(struct buf *b)
{
    static const char *const flags[] = {"S", "SA", "A", "PA", "FA", "R"};
    const struct pcap_style style = {0};
    struct rng rng;

    rng_init(&rng, 7);
    buf_init(b);
    pcap_image_begin(b, &style);
    for (unsigned i = 0; i < PACKETS; i++) {
        unsigned port = 1000 + (unsigned)rng_below(&rng, 900);
        bool back = rng_below(&rng, 2) == 1;
        char text[128];

        if (rng_below(&rng, 4) == 0)
            (void)snprintf(text, sizeof text, "udp 10.0.0.1:%u > 10.0.0.2:53 len=%u",
                           port, (unsigned)rng_below(&rng, 900));
        else
            (void)snprintf(text, sizeof text, "tcp 10.0.0.%d:%u > 10.0.0.%d:%u %s",
                           back ? 2 : 1, back ? 80 : port, back ? 1 : 2,
                           back ? port : 80, flags[rng_below(&rng, 6)]);
        pcap_image_add(b, &style, frame_at(&frame, i * 0.01, text));
    }
    assert_true(buf_ok(b));
}

/* Everything that a run tells, as text. */
struct told {
    struct lw_meter *meter;
    struct buf text;
    uint64_t n_packets;
    uint64_t n_records;
    uint64_t stop_after; /* records; 0: never */
    uint32_t max_flows;
};

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct told *t = ctx;
    char line[LW_BINETFLOW_LINE_MAX];

    (void)lw_binetflow_format(rec, "", line);
    assert_non_null(rec->stats);
    buf_printf(&t->text, "%lld %llu %g %s", (long long)lw_meter_watermark_ns(t->meter),
               (unsigned long long)rec->stats->side[1].frame.sum_squares,
               rec->stats->gap.m2_ns2, line);
    t->n_records++;
}

static enum lw_status on_batch(void *ctx, const struct lw_run_batch *batch,
                               struct lw_error *err)
{
    struct told *t = ctx;
    struct lw_meter_stats stats;

    t->n_packets += batch->n_packets;
    for (size_t i = 0; i < batch->n_packets; i++)
        assert_non_null(batch->packets[i].data);
    lw_meter_get_stats(t->meter, &stats);
    assert_int_equal(stats.seen, t->n_packets);
    assert_int_equal(stats.records, t->n_records);
    assert_true(batch->capture->seen >= t->n_packets);
    if (t->stop_after != 0 && t->n_records >= t->stop_after)
        return lw_fail(err, LW_EIO, "enough");
    return LW_OK;
}

/* From a file, whose buffers change hands; from memory nothing needs to. */
static struct lw_capture *open_as_file(const struct buf *image)
{
    char path[] = "/tmp/lapwing-run-XXXXXX";
    struct lw_capture *cap = NULL;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->data, image->len), image->len);
    assert_int_equal(close(fd), 0);
    assert_int_equal(lw_capture_open(&cap, path, NULL, NULL), LW_OK);
    assert_int_equal(unlink(path), 0);
    return cap;
}

static enum lw_status run(const struct buf *image, unsigned n_threads, struct told *t,
                          struct lw_error *err)
{
    const struct lw_meter_config cfg = {.max_flows = t->max_flows, .flow_stats = true};
    const struct lw_run how = {n_threads, on_record, t, on_batch, t};
    struct lw_capture *cap = open_as_file(image);
    enum lw_status st;

    buf_init(&t->text);
    assert_int_equal(lw_meter_new(&t->meter, &cfg, NULL), LW_OK);
    st = lw_meter_run(t->meter, cap, &how, err);
    if (st == LW_OK)
        lw_meter_flush(t->meter, on_record, t);
    lw_capture_close(cap);
    return st;
}

static void told_release(struct told *t)
{
    lw_meter_free(t->meter);
    buf_release(&t->text);
}

static void threads_do_not_show(void **state)
{
    static const unsigned counts[] = {0, 2, 3, 5, 16};
    struct told alone = {.max_flows = 400};
    struct buf image;

    (void)state;
    make_capture(&image);
    assert_int_equal(run(&image, 1, &alone, NULL), LW_OK);
    assert_int_equal(alone.n_packets, PACKETS);
    assert_true(alone.n_records > 2000);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct told many = {.max_flows = 400};

        assert_int_equal(run(&image, counts[i], &many, NULL), LW_OK);
        assert_int_equal(many.n_packets, PACKETS);
        assert_string_equal(buf_text(&many.text), buf_text(&alone.text));
        told_release(&many);
    }
    told_release(&alone);
    buf_release(&image);
}

/* More than is kept of one batch, told while it is still metered. */
static void a_leap_in_time_ends_thousands_at_once(void **state)
{
    enum { FLOWS = 9000 };
    const struct pcap_style style = {0};
    struct told alone = {.max_flows = 2 * FLOWS};
    struct buf image;

    (void)state;
    buf_init(&image);
    pcap_image_begin(&image, &style);
    for (unsigned i = 0; i < FLOWS; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "udp 10.0.0.1:%u > 10.0.0.2:9", 1000 + i);
        pcap_image_add(&image, &style, frame_at(&frame, i * 1e-6, text));
    }
    pcap_image_add(&image, &style,
                   frame_at(&frame, 1e6, "udp 10.0.0.1:1 > 10.0.0.2:9"));
    assert_int_equal(run(&image, 1, &alone, NULL), LW_OK);
    assert_int_equal(alone.n_records, FLOWS + 1);
    for (unsigned n = 2; n <= 4; n++) {
        struct told many = {.max_flows = 2 * FLOWS};

        assert_int_equal(run(&image, n, &many, NULL), LW_OK);
        assert_string_equal(buf_text(&many.text), buf_text(&alone.text));
        told_release(&many);
    }
    for (unsigned n = 2; n <= 4; n++) {
        struct told t = {.max_flows = 2 * FLOWS, .stop_after = 1};

        assert_int_equal(run(&image, n, &t, NULL), LW_EIO);
        told_release(&t);
    }
    told_release(&alone);
    buf_release(&image);
}

/* ---- what is said ---------------------------------------------------------------- */

struct heard {
    uint64_t hash;
    uint64_t bytes;
};

static bool wants(enum lw_app app)
{
    return app != LW_APP_UNKNOWN;
}

static void hear_begin(void *state, enum lw_app app,
                       const struct lw_stream_start *start)
{
    struct heard *h = state;

    h->hash = (uint64_t)app << 32 | start->port[0];
}

static void hear_data(void *state, unsigned from, const uint8_t *bytes, size_t n)
{
    struct heard *h = state;

    h->hash = hash_bytes(bytes, n, h->hash + from);
    h->bytes += n;
}

static void hear_gap(void *state, unsigned from, uint64_t n_bytes)
{
    struct heard *h = state;

    h->hash = hash_bytes(&n_bytes, sizeof n_bytes, h->hash + 2 + from);
}

static void hear_end(void *state)
{
    ((struct heard *)state)->hash++;
}

static const struct lw_stream_tap tap = {
    "hash", sizeof(struct heard), wants, hear_begin, hear_data, hear_gap, hear_end};

/* Connections whose segments come in any order, of several protocols. */
static void make_conversations(struct buf *b)
{
    static const char *const said[] = {"GET\\s/\\r\\n", "SSH-2.0-abc\\r\\n",
                                       "EHLO\\sa\\r\\n", "hello"};
    const struct pcap_style style = {0};
    struct rng rng;

    rng_init(&rng, 11);
    buf_init(b);
    pcap_image_begin(b, &style);
    for (unsigned i = 0; i < PACKETS; i++) {
        const unsigned port = 1000 + (unsigned)rng_below(&rng, 500);
        char text[160];

        (void)snprintf(text, sizeof text,
                       "tcp 10.0.0.1:%u > 10.0.0.2:80 %s seq=%u data=%s", port,
                       rng_below(&rng, 30) == 0 ? "R" : "PA",
                       100 + 7 * (unsigned)rng_below(&rng, 30), said[port % 4]);
        pcap_image_add(b, &style, frame_at(&frame, i * 0.003, text));
    }
    assert_true(buf_ok(b));
}

static void on_heard(void *ctx, const struct lw_record *rec)
{
    const struct heard *h = rec->tapped;
    struct told *t = ctx;

    buf_printf(&t->text, "%llu %s", (unsigned long long)rec->flow_id,
               lw_app_name(rec->app));
    if (h != NULL)
        buf_printf(&t->text, " %llx %llu", (unsigned long long)h->hash,
                   (unsigned long long)h->bytes);
    if (rec->handshake != NULL)
        buf_printf(&t->text, " %d", (int)rec->handshake->ssh.version[0]);
    buf_printf(&t->text, "\n");
    t->n_records++;
}

static void run_conversations(const struct buf *image, unsigned n_threads,
                              struct told *t)
{
    const struct lw_meter_config cfg = {
        .handshakes = true, .tap = &tap, .stream_flows = 300, .flow_stats = true};
    const struct lw_run how = {n_threads, on_heard, t, on_batch, t};
    struct lw_capture *cap = open_as_file(image);

    buf_init(&t->text);
    assert_int_equal(lw_meter_new(&t->meter, &cfg, NULL), LW_OK);
    assert_int_equal(lw_meter_run(t->meter, cap, &how, NULL), LW_OK);
    lw_meter_flush(t->meter, on_heard, t);
    lw_capture_close(cap);
}

static void what_is_said_does_not_depend_on_threads(void **state)
{
    struct told alone = {.max_flows = 400};
    struct buf image;

    (void)state;
    make_conversations(&image);
    run_conversations(&image, 1, &alone);
    assert_true(alone.n_records > 500);
    assert_non_null(strstr(buf_text(&alone.text), "http "));
    assert_non_null(strstr(buf_text(&alone.text), "ssh "));
    for (unsigned n = 2; n <= 4; n++) {
        struct told many = {.max_flows = 400};

        run_conversations(&image, n, &many);
        assert_string_equal(buf_text(&many.text), buf_text(&alone.text));
        told_release(&many);
    }
    told_release(&alone);
    buf_release(&image);
}

struct steady {
    uint64_t n_packets;
    uint64_t n_records;
    uint64_t at_half; /* allocations */
    uint64_t at_end;
};

static void count_record(void *ctx, const struct lw_record *rec)
{
    struct steady *s = ctx;

    (void)rec;
    s->n_records++;
}

static enum lw_status count_batch(void *ctx, const struct lw_run_batch *batch,
                                  struct lw_error *err)
{
    struct steady *s = ctx;

    (void)err;
    s->n_packets += batch->n_packets;
    s->at_end = mem_count();
    if (s->at_half == 0 && s->n_packets >= PACKETS / 2)
        s->at_half = s->at_end;
    return LW_OK;
}

/* Neither by packets nor by records. */
static void a_run_allocates_nothing_when_it_is_steady(void **state)
{
    enum {
        BATCH_ALLOCATIONS = 8
    }; /* packets, arrivals, buffer, block; each may grow */
    const struct lw_meter_config cfg = {.max_flows = 400};
    struct buf image;

    (void)state;
    make_capture(&image);
    for (unsigned n = 1; n <= 3; n++) {
        struct steady s = {0};
        const struct lw_run how = {n, count_record, &s, count_batch, &s};
        struct lw_capture *cap = open_as_file(&image);
        struct lw_meter *meter = NULL;

        assert_int_equal(lw_meter_new(&meter, &cfg, NULL), LW_OK);
        assert_int_equal(lw_meter_run(meter, cap, &how, NULL), LW_OK);
        assert_int_equal(s.n_packets, PACKETS);
        assert_true(s.n_records > 2000);
        /* A thread that starts late makes its batch in the second half, too. */
        assert_in_range(s.at_end - s.at_half, 0, n == 1 ? 0 : n * BATCH_ALLOCATIONS);
        lw_meter_free(meter);
        lw_capture_close(cap);
    }
    buf_release(&image);
}

static void a_failure_ends_the_run(void **state)
{
    struct buf image;

    (void)state;
    make_capture(&image);
    for (unsigned n = 1; n <= 3; n++) {
        struct told t = {.stop_after = 500, .max_flows = 400};
        struct lw_error err = {0};

        assert_int_equal(run(&image, n, &t, &err), LW_EIO);
        assert_string_equal(err.msg, "enough");
        assert_true(t.n_packets < PACKETS);
        told_release(&t);
    }
    buf_release(&image);
}

static void what_is_cut_off_is_metered_to_there(void **state)
{
    struct buf image;

    (void)state;
    make_capture(&image);
    image.len -= 5;
    for (unsigned n = 1; n <= 2; n++) {
        struct told t = {.max_flows = 400};

        assert_int_equal(run(&image, n, &t, NULL), LW_OK);
        assert_int_equal(t.n_packets, PACKETS - 1);
        told_release(&t);
    }
    buf_release(&image);
}

static void too_many_threads_are_refused(void **state)
{
    struct buf image;
    struct told t = {.max_flows = 400};
    struct lw_error err = {0};

    (void)state;
    make_capture(&image);
    assert_int_equal(run(&image, 65, &t, &err), LW_EINVAL);
    assert_string_equal(err.msg, "65 threads, at most 64 are possible");
    told_release(&t);
    buf_release(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_show),
        cmocka_unit_test(a_leap_in_time_ends_thousands_at_once),
        cmocka_unit_test(what_is_said_does_not_depend_on_threads),
        cmocka_unit_test(a_run_allocates_nothing_when_it_is_steady),
        cmocka_unit_test(a_failure_ends_the_run),
        cmocka_unit_test(what_is_cut_off_is_metered_to_there),
        cmocka_unit_test(too_many_threads_are_refused),
    };

    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
