/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_kdd FILE... - the kdd rows of captures with what they are of, for test/parity: a
 * line "file", path; then a line a row, its fields set off by tabs:
 *
 *     kind  address port address port  start_us end_us  the row as CSV
 *
 * The first endpoint is the initiator.  A line "error", text ends a file that cannot be
 * read.
 */
#include "base/assert.h"

#include <lapwing/flow.h>
#include <lapwing/view.h>

#include <inttypes.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 4096 };

struct dump {
    const struct lw_view *view;
    struct lw_meter *meter;         /* owned */
    struct lw_extractor *extractor; /* owned */
};

static void print_endpoint(const struct lw_record *rec, unsigned side)
{
    char text[LW_ADDR_TEXT_MAX];

    (void)lw_record_addr_text(rec, side, text);
    printf("\t%s\t%u", text, rec->port[side]);
}

static void on_row(void *ctx, const struct lw_row *row)
{
    const struct dump *d = ctx;
    unsigned from = lw_record_initiator(row->rec);
    char line[LINE_MAX_BYTES];

    printf("%s", lw_flow_kind_name(row->rec->kind));
    print_endpoint(row->rec, from);
    print_endpoint(row->rec, 1 - from);
    LW_ASSERT(lw_view_csv_row(d->view, row->values, line, sizeof line) < sizeof line);
    printf("\t%" PRId64 "\t%" PRId64 "\t%s", row->rec->start_ns / 1000,
           row->rec->end_ns / 1000, line);
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct dump *d = ctx;
    enum lw_status st = lw_extractor_add(d->extractor, rec,
                                         lw_meter_watermark_ns(d->meter), on_row, d);

    LW_ASSERT(st == LW_OK);
}

static enum lw_status dump_capture(struct dump *d, struct lw_capture *cap,
                                   struct lw_error *err)
{
    const struct lw_run run = {.record = on_record, .record_ctx = d};
    enum lw_status st = lw_meter_run(d->meter, cap, &run, err);

    lw_meter_flush(d->meter, on_record, d);
    lw_extractor_flush(d->extractor, on_row, d);
    return st;
}

static enum lw_status dump_file(const char *path, struct lw_error *err)
{
    struct dump d = {.view = lw_view_get("kdd")};
    struct lw_meter_config cfg = {0};
    struct lw_capture *cap = NULL;
    enum lw_status st;

    lw_view_meter_needs(d.view, &cfg);
    st = lw_meter_new(&d.meter, &cfg, err);
    if (st == LW_OK)
        st = lw_extractor_new(&d.extractor, d.view, NULL, err);
    if (st == LW_OK)
        st = lw_capture_open(&cap, path, NULL, err);
    if (st == LW_OK)
        st = dump_capture(&d, cap, err);
    lw_capture_close(cap);
    lw_extractor_free(d.extractor);
    lw_meter_free(d.meter);
    return st;
}

int main(int argc, char **argv)
{
    struct lw_error err;

    for (int i = 1; i < argc; i++) {
        printf("file\t%s\n", argv[i]);
        if (dump_file(argv[i], &err) != LW_OK)
            printf("error\t%s\n", err.msg);
    }
    return 0;
}
