/* SPDX-License-Identifier: Apache-2.0 */
/* Flow records as text.  Every row is a record, no flow or left out; records are sound,
 * and rows of features can be made of them. */
#include "base/assert.h"
#include "fuzz.h"

#include <lapwing/flowread.h>
#include <lapwing/labels.h>
#include <lapwing/view.h>

#include <math.h>
#include <string.h>

static void on_row(void *ctx, const struct lw_row *row)
{
    const struct lw_view *view = ctx;

    for (unsigned i = 0; i < view->n_features; i++) {
        const struct lw_feature *f = &view->features[i];

        LW_ASSERT(f->type != LW_FEATURE_CATEGORY || isnan(row->values[i]) ||
                  (row->values[i] >= 0 && row->values[i] < (float)f->n_categories));
        LW_ASSERT(!isinf(row->values[i]));
    }
}

static void check_record(const struct lw_flow_reader *r, const struct lw_record *rec)
{
    char text[LW_ADDR_TEXT_MAX];

    LW_ASSERT(rec->kind < LW_N_FLOW_KINDS && rec->dir < LW_N_DIRS);
    LW_ASSERT(rec->conn < LW_N_CONNS);
    LW_ASSERT(rec->start_ns >= 0 && rec->end_ns >= rec->start_ns);
    LW_ASSERT(rec->ip_version == 0 || rec->ip_version == 4 || rec->ip_version == 6);
    LW_ASSERT(memchr(rec->state, '\0', sizeof rec->state) != NULL);
    LW_ASSERT(strlen(lw_flow_reader_label(r)) <= LW_LABEL_MAX);
    LW_ASSERT(lw_record_addr_text(rec, 0, text) > 0);
    LW_ASSERT(lw_flow_reader_watermark_ns(r) != INT64_MIN);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    const struct lw_view *view = lw_view_get(n % 2 == 0 ? "netflow_host" : "kdd");
    const struct lw_extractor_config small = {.max_hosts = 8, .max_contacts = 64};
    const struct lw_flow_reader_config cfg = {
        .bad_rows = (enum lw_bad_rows)(n % LW_N_BAD_ROWS)};
    struct lw_flow_reader *r = NULL;
    struct lw_extractor *x = NULL;
    struct lw_flow_reader_stats s;
    const struct lw_record *rec;
    struct lw_error err;

    if (lw_flow_reader_open_memory(&r, data, n, "fuzz", &cfg, &err) != LW_OK) {
        LW_ASSERT(r == NULL && err.msg[0] != '\0');
        return;
    }
    if (lw_extractor_new(&x, view, &small, &err) == LW_OK) {
        while (lw_flow_reader_next(r, &rec, &err) == LW_OK) {
            check_record(r, rec);
            if (lw_extractor_add(x, rec, lw_flow_reader_watermark_ns(r), on_row,
                                 (void *)(uintptr_t)view) != LW_OK)
                break;
        }
        lw_extractor_flush(x, on_row, (void *)(uintptr_t)view);
    }
    lw_flow_reader_get_stats(r, &s);
    LW_ASSERT(s.records + s.no_flow + s.left_out <= s.rows);
    lw_extractor_free(x);
    lw_flow_reader_close(r);
}
