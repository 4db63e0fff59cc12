/* SPDX-License-Identifier: Apache-2.0 */
#include "view_rows.h"

#include "frame.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

struct making {
    struct view_rows *out;
    const struct lw_view *view;
    struct lw_meter *meter;
    struct lw_extractor *extractor;
};

static void on_row(void *ctx, const struct lw_row *row)
{
    struct making *m = ctx;

    if (m->out->n_rows < VIEW_ROWS_MAX)
        memcpy(m->out->row[m->out->n_rows], row->values,
               m->view->n_features * sizeof row->values[0]);
    m->out->n_rows++;
}

static void on_record(void *ctx, const struct lw_record *rec)
{
    struct making *m = ctx;

    assert_int_equal(
        lw_extractor_add(m->extractor, rec, lw_meter_watermark_ns(m->meter), on_row, m),
        LW_OK);
}

static void run_line(struct making *m, const char *line)
{
    static struct frame f;
    char *rest = NULL;
    double time_s = strtod(line, &rest);

    assert_true(rest != line);
    rest += strspn(rest, " ");
    (void)lw_meter_add(m->meter, frame_at(&f, time_s, rest), on_record, m);
}

static void run_lines(struct making *m, const char *lines)
{
    while (*lines != '\0') {
        char line[512];
        size_t n = strcspn(lines, "\n");

        assert_true(n < sizeof line);
        memcpy(line, lines, n);
        line[n] = '\0';
        run_line(m, line);
        lines += n + (lines[n] == '\n');
    }
}

void view_rows_run(struct view_rows *out, const char *view,
                   const struct lw_meter_config *cfg, const char *lines)
{
    struct making m = {.out = out, .view = lw_view_get(view)};
    struct lw_meter_config meter = {0};
    struct lw_extractor_stats s;
    struct lw_error err;

    out->n_rows = 0;
    if (cfg != NULL)
        meter = *cfg;
    lw_view_meter_needs(m.view, &meter);
    assert_int_equal(lw_meter_new(&m.meter, &meter, &err), LW_OK);
    assert_int_equal(lw_extractor_new(&m.extractor, m.view, NULL, &err), LW_OK);
    run_lines(&m, lines);
    lw_meter_flush(m.meter, on_record, &m);
    lw_extractor_flush(m.extractor, on_row, &m);
    lw_extractor_get_stats(m.extractor, &s);
    assert_int_equal(s.rows, out->n_rows);
    assert_int_equal(s.records, s.rows + s.no_row);
    lw_extractor_free(m.extractor);
    lw_meter_free(m.meter);
}
