/* SPDX-License-Identifier: Apache-2.0 */
#include "kdd_rows.h"

#include "frame.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192 };

void kdd_rows_begin(struct kdd_rows *k)
{
    const struct lw_view *view = lw_view_get("kdd");
    struct lw_meter_config cfg = {0};
    struct lw_error err;

    memset(k, 0, sizeof *k);
    lw_view_meter_needs(view, &cfg);
    if (lw_meter_new(&k->meter, &cfg, &err) != LW_OK ||
        lw_extractor_new(&k->extractor, view, NULL, &err) != LW_OK)
        fail_msg("%s", err.msg);
}

static void on_row(void *ctx, const struct lw_row *row)
{
    struct kdd_rows *k = ctx;

    assert_true(k->n < KDD_ROWS_MAX);
    memcpy(k->values[k->n], row->values, sizeof k->values[0]);
    k->flow_id[k->n++] = row->flow_id;
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct kdd_rows *k = ctx;

    assert_int_equal(
        lw_extractor_add(k->extractor, rec, lw_meter_watermark_ns(k->meter), on_row, k),
        LW_OK);
}

static void add(struct kdd_rows *k, double time_s, const char *text)
{
    static struct frame f;

    (void)lw_meter_add(k->meter, frame_at(&f, time_s, text), on_record, k);
}

void kdd_rows_packets(struct kdd_rows *k, const char *lines)
{
    while (*lines != '\0') {
        char line[LINE_MAX_BYTES];
        char *rest = NULL;
        size_t n = strcspn(lines, "\n");
        double time_s;

        assert_true(n < sizeof line);
        memcpy(line, lines, n);
        line[n] = '\0';
        time_s = strtod(line, &rest);
        assert_true(rest != line);
        add(k, time_s, rest + strspn(rest, " "));
        lines += n + (lines[n] == '\n');
    }
}

/* Every byte as \x00. */
static void write_bytes(char *out, size_t size, const struct say *s)
{
    assert_true(4 * s->n < size);
    for (size_t i = 0; i < s->n; i++)
        (void)snprintf(out + 4 * i, 5, "\\x%02x", (unsigned char)s->bytes[i]);
    out[4 * s->n] = '\0';
}

void kdd_rows_talk(struct kdd_rows *k, double time_s, uint16_t client_port,
                   uint16_t port, const struct say *says, size_t n)
{
    static char line[LINE_MAX_BYTES];
    static char bytes[LINE_MAX_BYTES - 200];
    size_t seq[2] = {1, 1}; /* next */
    char end[2][40];

    (void)snprintf(end[0], sizeof end[0], "10.0.0.1:%u", client_port);
    (void)snprintf(end[1], sizeof end[1], "10.0.0.2:%u", port);
    (void)snprintf(line, sizeof line, "tcp %s > %s S seq=0", end[0], end[1]);
    add(k, time_s, line);
    (void)snprintf(line, sizeof line, "tcp %s > %s SA seq=0 ack=1", end[1], end[0]);
    add(k, time_s += 0.01, line);
    (void)snprintf(line, sizeof line, "tcp %s > %s A seq=1 ack=1", end[0], end[1]);
    add(k, time_s += 0.01, line);
    for (size_t i = 0; i < n; i++) {
        unsigned from = says[i].from;

        write_bytes(bytes, sizeof bytes, &says[i]);
        (void)snprintf(line, sizeof line, "tcp %s > %s PA seq=%zu ack=%zu data=%s",
                       end[from], end[1 - from], seq[from], seq[1 - from], bytes);
        add(k, time_s += 0.01, line);
        seq[from] += says[i].n;
    }
    for (unsigned from = 0; from < 2; from++) {
        (void)snprintf(line, sizeof line, "tcp %s > %s FA seq=%zu ack=%zu", end[from],
                       end[1 - from], seq[from], seq[1 - from]);
        add(k, time_s += 0.01, line);
    }
    (void)snprintf(line, sizeof line, "tcp %s > %s A seq=%zu ack=%zu", end[0], end[1],
                   seq[0] + 1, seq[1] + 1);
    add(k, time_s + 0.01, line);
}

void kdd_rows_end(struct kdd_rows *k)
{
    lw_meter_flush(k->meter, on_record, k);
    lw_extractor_flush(k->extractor, on_row, k);
    lw_extractor_free(k->extractor);
    lw_meter_free(k->meter);
}

double kdd_rows_value(const struct kdd_rows *k, size_t i, enum kdd_column column)
{
    assert_true(i < k->n);
    return (double)k->values[i][column];
}

const char *kdd_rows_name(const struct kdd_rows *k, size_t i, enum kdd_column column)
{
    const struct lw_feature *f = &lw_view_get("kdd")->features[column];

    assert_true(i < k->n && k->values[i][column] >= 0);
    return f->categories[(size_t)k->values[i][column]];
}
