/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_seeds DIR FILE... - turn captures into inputs of the flows, decode and capture
 * fuzz targets: DIR/flows, DIR/decode and DIR/capture, which must be there.
 *
 * A capture gives its first packets, some dozens an input, each input to be metered in
 * another way; its first frames; and itself, if it is short.  Inputs are named by their
 * content.  What cannot be read gives what was read before.
 */
#include "base/hash.h"
#include "sequence.h"

#include <lapwing/capture.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    INPUTS = 6,           /* of a capture */
    INPUT_BYTES = 6000,   /* about */
    FRAMES = 12,          /* of a capture */
    FRAME_BYTES = 1500,   /* the rest was on the wire only */
    CAPTURE_BYTES = 24000 /* longer captures are no inputs themselves */
};

/* Options: Argus' cuts; conn_log, statistics, both tunnels; Zeek's cuts; inner flows,
 * few datagrams; Argus' cuts and most else; statistics.  Then which allocation fails.
 */
static const uint8_t ways[INPUTS][2] = {{0x01, 0},  {0xa2, 0}, {0x8e, 0},
                                        {0x50, 60}, {0xe3, 0}, {0x82, 80}};

static void save(const char *dir, const char *target, const void *data, size_t n)
{
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s/%016llx", dir, target,
                   (unsigned long long)hash_bytes(data, n, 0));
    f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, n, f) != n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void save_buf(const char *dir, const char *target, struct buf *b)
{
    if (buf_ok(b) && b->len > SEQUENCE_HEAD)
        save(dir, target, b->data, b->len);
    buf_reset(b);
}

static struct span captured(const struct lw_packet *pkt)
{
    return span_first(span_of(pkt->data, pkt->captured_bytes), FRAME_BYTES);
}

static uint16_t missing(const struct lw_packet *pkt, size_t n)
{
    const size_t more = pkt->wire_bytes - n;

    return (uint16_t)(more < UINT16_MAX ? more : UINT16_MAX);
}

static void save_frame(const char *dir, const struct lw_packet *pkt)
{
    const struct span bytes = captured(pkt);
    struct buf b;

    buf_init(&b);
    buf_add_le16(&b, (uint16_t)pkt->link_type);
    buf_add_le16(&b, missing(pkt, bytes.n));
    buf_add(&b, bytes.p, bytes.n);
    save_buf(dir, "decode", &b);
    buf_release(&b);
}

static void begin_input(struct buf *b, unsigned i, int link)
{
    buf_add_u8(b, 255);
    buf_add_u8(b, ways[i][0]);
    buf_add_u8(b, (uint8_t)(link | (int)i << 4));
    buf_add_u8(b, ways[i][1]);
}

/* Packets that the flows target has a link type for. */
static void save_packets(const char *dir, struct lw_capture *cap)
{
    struct buf b;
    struct lw_packet pkt;
    int64_t last_ns = 0;
    unsigned n_frames = 0;
    unsigned i = 0;

    buf_init(&b);
    while (i < INPUTS && lw_capture_next(cap, &pkt, NULL) == LW_OK) {
        const int link = sequence_link_code(pkt.link_type);
        const struct span bytes = captured(&pkt);

        if (n_frames++ < FRAMES)
            save_frame(dir, &pkt);
        if (link < 0)
            continue;
        if (b.len == 0) {
            begin_input(&b, i, link);
            last_ns = pkt.time_ns;
        }
        sequence_put(&b, &(struct sequence_entry){
                             .step = sequence_step_code(pkt.time_ns - last_ns),
                             .missing = missing(&pkt, bytes.n),
                             .bytes = bytes});
        last_ns = pkt.time_ns;
        if (b.len < INPUT_BYTES)
            continue;
        save_buf(dir, "flows", &b);
        i++;
    }
    save_buf(dir, "flows", &b);
    buf_release(&b);
}

static void save_capture(const char *dir, const char *path)
{
    static char data[CAPTURE_BYTES + 1];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL)
        return;
    n = fread(data, 1, sizeof data, f);
    if (n > 0 && n <= CAPTURE_BYTES)
        save(dir, "capture", data, n);
    (void)fclose(f);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: make_seeds DIR FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        struct lw_capture *cap = NULL;

        save_capture(argv[1], argv[i]);
        if (lw_capture_open(&cap, argv[i], NULL, NULL) != LW_OK)
            continue;
        save_packets(argv[1], cap);
        lw_capture_close(cap);
    }
    return 0;
}
