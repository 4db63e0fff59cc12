/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_records [-z] [-t] [-i|-b] [-C|-c] FILE... - what the meter makes of captures,
 * for test/parity: a line "file", path; then a line a record, its fields set off by
 * tabs:
 *
 *     record  flow kind version protocol  address port address port  start_us end_us
 *             (packets frame_bytes ip_bytes payload_bytes) of either side  end
 *     conn    known orig conn_state history start_us duration_us missed
 *             (bytes packets ip_bytes) of either side
 *     more    vlan  (packets frame_bytes) of later fragments of either side, in all
 *             records of the flow so far; of either side, of its packets' lengths
 *             (n min max sum squares), of the times between them (n min_us max_us
 *             mean_us); the application protocol; of TLS what a JA4 fingerprint begins
 * with, and (version cipher resumed certificate_bytes) of the server, of SSH and QUIC
 *             both versions
 *
 * The sides are the record's: whoever sent first, then the other.  A line "error", text
 * ends a file that cannot be read.
 *
 *     -z   cut flows as Zeek does
 *     -t   time never goes back: an older packet takes the time of the latest
 *     -i   of a packet in a tunnel the innermost flow counts, -b every one
 *     -C   from here on packets with wrong checksums count, too; -c they do not
 */
#include "base/assert.h"
#include "base/mem.h"
#include "packet/decode.h"

#include <lapwing/flow.h>
#include <lapwing/flow_stats.h>
#include <lapwing/handshake.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Later fragments of a flow by sender: the lower address first. */
struct fragment_count {
    uint64_t packets[2];
    uint64_t bytes[2];
};

struct dump {
    struct lw_meter *meter;         /* owned */
    struct fragment_count *of_flow; /* (cap), by flow id, owned */
    size_t cap;
};

static unsigned order(const struct lw_addr *a, const struct lw_addr *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) > 0 ? 1 : 0;
}

static void print_side(const struct lw_side *s)
{
    printf("\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, s->packets,
           s->frame_bytes, s->ip_bytes, s->payload_bytes);
}

static void print_endpoint(const struct lw_record *rec, unsigned side)
{
    char text[LW_ADDR_TEXT_MAX];
    /* Type and code of ICMP stand for ports. */
    bool icmp = rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
    unsigned port =
        icmp ? (side == 0 ? rec->icmp_type : rec->icmp_code) : rec->port[side];

    (void)lw_record_addr_text(rec, side, text);
    printf("\t%s\t%u", text, port);
}

static void print_conn(const struct lw_conn_log *c)
{
    printf("\t%d\t%u\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64, c->known, c->orig,
           lw_conn_name(c->state), c->history[0] != '\0' ? c->history : "-",
           c->start_ns / 1000, c->duration_ns / 1000, c->missed_bytes);
    for (unsigned i = 0; i < 2; i++)
        printf("\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, c->bytes[i], c->packets[i],
               c->ip_bytes[i]);
}

static void print_more(const struct dump *dump, const struct lw_record *rec)
{
    static const struct fragment_count none;
    const struct fragment_count *n =
        rec->flow_id < dump->cap ? &dump->of_flow[rec->flow_id] : &none;
    unsigned first = order(&rec->addr[0], &rec->addr[1]);

    printf("\t%u", rec->vlan_id);
    for (unsigned i = 0; i < 2; i++)
        printf("\t%" PRIu64 "\t%" PRIu64, n->packets[i ^ first], n->bytes[i ^ first]);
}

static void print_stats(const struct lw_side_stats *s)
{
    printf("\t%" PRIu64 "\t%u\t%u\t%" PRIu64 "\t%" PRIu64, s->frame.n,
           s->frame.min_bytes, s->frame.max_bytes, s->frame.sum_bytes,
           s->frame.sum_squares);
    printf("\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%.1f", s->gap.n,
           s->gap.min_ns / 1000, s->gap.max_ns / 1000, s->gap.mean_ns / 1e3);
}

/* github.com/FoxIO-LLC/ja4, technical_details/JA4.md; "-" where not all was seen. */
static void print_ja4(const struct lw_tls_facts *f)
{
    static const char *const versions[] = {"s3", "10", "11", "12", "13"};
    const size_t n = strlen(f->alpn);
    const unsigned v = (unsigned)f->max_version - 0x300;

    if (f->has_grease == LW_NOT_SEEN) {
        printf("\t-");
        return;
    }
    printf("\tt%s%c%02d%02d%c%c", v < 5 ? versions[v] : "00",
           f->server_name_bytes > 0 ? 'd' : 'i', f->n_ciphers < 99 ? f->n_ciphers : 99,
           f->n_extensions < 99 ? f->n_extensions : 99, n > 0 ? f->alpn[0] : '0',
           n > 0 ? f->alpn[n - 1] : '0');
}

static void print_handshake(const struct lw_handshake *h)
{
    if (h == NULL)
        return;
    if (h->app == LW_APP_TLS) {
        print_ja4(&h->tls);
        printf("\t%d\t%d\t%d\t%d", h->tls.version, h->tls.cipher, h->tls.is_resumed,
               h->tls.certificate_bytes);
    } else if (h->app == LW_APP_SSH) {
        printf("\t%d\t%d", h->ssh.version[0], h->ssh.version[1]);
    } else {
        printf("\t%" PRId64 "\t%" PRId64, h->quic.version[0], h->quic.version[1]);
    }
}

static void print_record(void *ctx, const struct lw_record *rec)
{
    printf("%" PRIu64 "\t%s\t%u\t%u", rec->flow_id, lw_flow_kind_name(rec->kind),
           rec->ip_version, rec->protocol);
    print_endpoint(rec, 0);
    print_endpoint(rec, 1);
    printf("\t%" PRId64 "\t%" PRId64, rec->start_ns / 1000, rec->end_ns / 1000);
    print_side(&rec->side[0]);
    print_side(&rec->side[1]);
    printf("\t%s", lw_end_reason_name(rec->end_reason));
    print_conn(&rec->conn_log);
    print_more(ctx, rec);
    print_stats(&rec->stats->side[0]);
    print_stats(&rec->stats->side[1]);
    printf("\t%s", lw_app_name(rec->app));
    print_handshake(rec->handshake);
    printf("\n");
}

static void count_fragment(struct dump *dump, const struct lw_packet *pkt, uint64_t id)
{
    struct decoded d;
    size_t cap = dump->cap;
    unsigned from;

    if (id == 0 || packet_decode(pkt, &d) != DECODE_OK || d.fragment_offset == 0)
        return;
    if (id >= dump->cap) {
        struct fragment_count *grown =
            mem_grow(dump->of_flow, &dump->cap, id + 1, sizeof *grown);

        LW_ASSERT(grown != NULL);
        memset(grown + cap, 0, (dump->cap - cap) * sizeof *grown);
        dump->of_flow = grown;
    }
    from = order(&d.addr[0], &d.addr[1]);
    dump->of_flow[id].packets[from]++;
    dump->of_flow[id].bytes[from] += d.frame_bytes;
}

static enum lw_status dump_packets(struct dump *dump, struct lw_capture *cap,
                                   bool monotone, struct lw_error *err)
{
    int64_t latest_ns = INT64_MIN;
    struct lw_packet pkt;
    enum lw_status st;

    while ((st = lw_capture_next(cap, &pkt, err)) == LW_OK) {
        if (monotone && pkt.time_ns < latest_ns)
            pkt.time_ns = latest_ns;
        latest_ns = pkt.time_ns;
        count_fragment(dump, &pkt, lw_meter_add(dump->meter, &pkt, print_record, dump));
    }
    lw_meter_flush(dump->meter, print_record, dump);
    return st == LW_END ? LW_OK : st;
}

static void dump_file(const char *path, const struct lw_meter_config *cfg,
                      bool monotone)
{
    struct dump dump = {.meter = NULL};
    struct lw_capture *cap = NULL;
    struct lw_error err = {0};
    enum lw_status st = lw_capture_open(&cap, path, NULL, &err);

    printf("file\t%s\n", path);
    if (st == LW_OK)
        st = lw_meter_new(&dump.meter, cfg, &err);
    if (st == LW_OK)
        st = dump_packets(&dump, cap, monotone, &err);
    if (st != LW_OK)
        printf("error\t%s\n", err.msg);
    lw_meter_free(dump.meter);
    lw_capture_close(cap);
    mem_free(dump.of_flow);
}

int main(int argc, char **argv)
{
    struct lw_meter_config cfg = {
        .conn_log = true, .flow_stats = true, .handshakes = true};
    bool monotone = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-C") == 0 || strcmp(argv[i], "-c") == 0)
            cfg.ignore_checksums = argv[i][1] == 'C';
        else if (strcmp(argv[i], "-z") == 0)
            cfg.cuts = LW_CUTS_ZEEK;
        else if (strcmp(argv[i], "-i") == 0)
            cfg.tunnels = LW_TUNNEL_MODE_INNER;
        else if (strcmp(argv[i], "-b") == 0)
            cfg.tunnels = LW_TUNNEL_MODE_BOTH;
        else if (strcmp(argv[i], "-t") == 0)
            monotone = true;
        else
            dump_file(argv[i], &cfg, monotone);
    }
    return 0;
}
