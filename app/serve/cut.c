/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcap file: 24 bytes of header (magic, version 2.4, zone 0, accuracy 0, longest
 * packet, link type), then for each packet 16 bytes (seconds, nanoseconds, captured,
 * original length) and its data.  A capture of several link types gives those of the
 * first.
 */
#include "serve/cut.h"

#include "base/buf.h"
#include "base/timefmt.h"

#include <lapwing/capture.h>

#include <errno.h>
#include <string.h>

#define PCAP_MAGIC_NS UINT32_C(0xa1b23c4d)

enum { SNAP_BYTES = 262144 };

static void add_end(struct buf *out, const struct store_flow *f, unsigned side)
{
    char addr[STORE_ADDR_TEXT_MAX];

    (void)store_addr_text(&f->addr[side], addr);
    buf_printf(out, "%shost %s", f->addr[side].bytes[0] == 'm' ? "ether " : "", addr);
}

static void write_filter(struct buf *out, const struct store_flow *f)
{
    bool is_arp = f->proto != NULL && strcmp(f->proto, "arp") == 0;

    if (is_arp)
        buf_add_text(out, "arp and ");
    add_end(out, f, 0);
    buf_add_text(out, " and ");
    add_end(out, f, 1);
    for (unsigned side = 0; side < 2; side++)
        if (f->port[side] >= 0)
            buf_printf(out, " and port %d", (int)f->port[side]);
}

static void write_header(struct buf *out, uint32_t link_type)
{
    buf_add_le32(out, PCAP_MAGIC_NS);
    buf_add_le16(out, 2);
    buf_add_le16(out, 4);
    buf_add_le32(out, 0);
    buf_add_le32(out, 0);
    buf_add_le32(out, SNAP_BYTES);
    buf_add_le32(out, link_type);
}

static void write_packet(struct buf *out, const struct lw_packet *pkt)
{
    buf_add_le32(out, (uint32_t)(pkt->time_ns / NS_PER_S));
    buf_add_le32(out, (uint32_t)(pkt->time_ns % NS_PER_S));
    buf_add_le32(out, pkt->captured_bytes);
    buf_add_le32(out, pkt->wire_bytes);
    buf_add(out, pkt->data, pkt->captured_bytes);
}

struct cutting {
    const struct store_flow *flow;
    FILE *out;
    struct buf text;
    uint32_t link_type;
    uint64_t n;
    uint64_t written;
};

static enum lw_status take(struct cutting *c, const struct lw_packet *pkt,
                           struct lw_error *err)
{
    const struct store_flow *f = c->flow;

    if (pkt->time_ns < f->start_ns || pkt->time_ns > f->start_ns + f->duration_ns)
        return LW_OK;
    if (c->n == 0) {
        c->link_type = pkt->link_type;
        write_header(&c->text, pkt->link_type);
    }
    if (pkt->link_type != c->link_type)
        return LW_OK;
    write_packet(&c->text, pkt);
    c->n++;
    if (c->written + c->text.len > CUT_BYTES_MAX)
        return lw_fail(err, LW_ELIMIT, "the flow has more than %d bytes",
                       CUT_BYTES_MAX);
    if (!buf_ok(&c->text) ||
        fwrite(c->text.data, 1, c->text.len, c->out) != c->text.len)
        return lw_fail(err, LW_EIO, "the packets cannot be written: %s",
                       strerror(errno));
    c->written += c->text.len;
    buf_reset(&c->text);
    return LW_OK;
}

enum lw_status cut_packets(const char *path, const struct store_flow *f, FILE *out,
                           uint64_t *n_packets, struct lw_error *err)
{
    struct cutting c = {.flow = f, .out = out};
    struct lw_capture_config cfg = {.filter = NULL};
    struct lw_capture *cap = NULL;
    struct lw_packet pkt;
    struct buf filter;
    enum lw_status st;

    buf_init(&filter);
    buf_init(&c.text);
    write_filter(&filter, f);
    cfg.filter = buf_text(&filter);
    st = lw_capture_open(&cap, path, &cfg, err);
    while (st == LW_OK) {
        st = lw_capture_next(cap, &pkt, err);
        if (st == LW_OK)
            st = take(&c, &pkt, err);
    }
    lw_capture_close(cap);
    buf_release(&filter);
    buf_release(&c.text);
    *n_packets = c.n;
    return st == LW_END ? LW_OK : st;
}
