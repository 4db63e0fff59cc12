/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_records [-z] [-C|-c] FILE... - what the meter makes of captures, for
 * test/parity: a line "file", path, error or "-", then a line a record:
 *
 *     record  flow  kind  version  protocol  address port address port  start_us end_us
 *             (packets frame_bytes ip_bytes payload_bytes) of either side  end
 *     conn    orig conn_state history start_us duration_us missed
 *             (bytes packets ip_bytes) of either side
 *
 * The sides are the record's: whoever sent first, then the other.  -z: cut as
 * Zeek does.  -C: from here on packets with wrong checksums count, -c: they do not.
 */
#include <lapwing/flow.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_side(const struct lw_side *s)
{
    printf("\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, s->packets,
           s->frame_bytes, s->ip_bytes, s->payload_bytes);
}

static void print_endpoint(const struct lw_record *rec, unsigned side)
{
    char text[LW_ADDR_TEXT_MAX];
    /* As Zeek writes ICMP: type and code stand for ports. */
    bool icmp = rec->kind == LW_FLOW_ICMP || rec->kind == LW_FLOW_ICMP6;
    unsigned port =
        icmp ? (side == 0 ? rec->icmp_type : rec->icmp_code) : rec->port[side];

    (void)lw_record_addr_text(rec, side, text);
    printf("\t%s\t%u", text, port);
}

static void print_conn(const struct lw_conn_log *c)
{
    printf("\t%u\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64, c->orig,
           lw_conn_name(c->state), c->history[0] != '\0' ? c->history : "-",
           c->start_ns / 1000, c->duration_ns / 1000, c->missed_bytes);
    for (unsigned i = 0; i < 2; i++)
        printf("\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, c->bytes[i], c->packets[i],
               c->ip_bytes[i]);
}

static void print_record(void *ctx, const struct lw_record *rec)
{
    (void)ctx;
    printf("%" PRIu64 "\t%s\t%u\t%u", rec->flow_id, lw_flow_kind_name(rec->kind),
           rec->ip_version, rec->protocol);
    print_endpoint(rec, 0);
    print_endpoint(rec, 1);
    printf("\t%" PRId64 "\t%" PRId64, rec->start_ns / 1000, rec->end_ns / 1000);
    print_side(&rec->side[0]);
    print_side(&rec->side[1]);
    printf("\t%s\t%d", lw_end_reason_name(rec->end_reason), rec->conn_log.known);
    print_conn(&rec->conn_log);
    printf("\n");
}

static enum lw_status dump(const char *path, const struct lw_meter_config *cfg,
                           struct lw_error *err)
{
    struct lw_capture *cap = NULL;
    struct lw_meter *m = NULL;
    struct lw_packet pkt;
    enum lw_status st = lw_capture_open(&cap, path, NULL, err);

    if (st == LW_OK)
        st = lw_meter_new(&m, cfg, err);
    while (st == LW_OK && (st = lw_capture_next(cap, &pkt, err)) == LW_OK)
        (void)lw_meter_add(m, &pkt, print_record, NULL);
    if (m != NULL)
        lw_meter_flush(m, print_record, NULL);
    lw_meter_free(m);
    lw_capture_close(cap);
    return st == LW_END ? LW_OK : st;
}

int main(int argc, char **argv)
{
    struct lw_meter_config cfg = {.conn_log = true};

    for (int i = 1; i < argc; i++) {
        struct lw_error err = {0};

        if (strcmp(argv[i], "-C") == 0 || strcmp(argv[i], "-c") == 0) {
            cfg.ignore_checksums = argv[i][1] == 'C';
            continue;
        }
        if (strcmp(argv[i], "-z") == 0) {
            cfg.cuts = LW_CUTS_ZEEK;
            continue;
        }
        printf("file\t%s\n", argv[i]);
        if (dump(argv[i], &cfg, &err) != LW_OK)
            printf("error\t%s\n", err.msg);
    }
    return 0;
}
