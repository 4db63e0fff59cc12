/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/score_view.h"

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/score_file.h"
#include "cmd/table_options.h"

#include <lapwing/flowread.h>

#include <math.h>
#include <string.h>

/* What is said of each row of the table. */
struct scored {
    const struct lw_classifier *c;
    struct lw_verdict *verdict; /* (n_rows), owned */
    bool *has_verdict;          /* (n_rows), owned */
    size_t n_rows;
};

static void get_row(const void *ctx, size_t row, struct score_row *out)
{
    const struct scored *s = ctx;
    const struct lw_verdict *v = &s->verdict[row];

    if (!s->has_verdict[row])
        return;
    *out = (struct score_row){.label = lw_verdict_name(v->verdict),
                              .score = v->attack_score,
                              .p_value = v->p_value};
}

static enum lw_status out_of_memory(size_t n, struct lw_error *err)
{
    return lw_fail(err, LW_ENOMEM, "out of memory for %zu rows", n);
}

/* ---- the view's own columns ---- */

static enum lw_status judge_rows(struct scored *s, const struct lw_matrix *x,
                                 struct lw_error *err)
{
    memset(s->has_verdict, true, s->n_rows * sizeof *s->has_verdict);
    return lw_classifier_judge(s->c, x->x, x->n_rows, s->verdict, err);
}

/* ---- flow records ---- */

struct flows {
    struct scored *s;
    enum lw_status st;
    struct lw_error *err;
};

static void on_row(void *ctx, const struct lw_row *row)
{
    struct flows *f = ctx;
    size_t at = (size_t)row->flow_id - 1;

    if (f->st != LW_OK || at >= f->s->n_rows)
        return;
    f->st = lw_classifier_judge(f->s->c, row->values, 1, &f->s->verdict[at], f->err);
    f->s->has_verdict[at] = true;
}

static enum lw_status read_flows(struct flows *f, struct lw_flow_reader *reader,
                                 struct lw_extractor *x)
{
    const struct lw_record *rec;
    enum lw_status st;

    while ((st = lw_flow_reader_next(reader, &rec, f->err)) == LW_OK) {
        st = lw_extractor_add(x, rec, lw_flow_reader_watermark_ns(reader), on_row, f);
        if (st != LW_OK)
            return out_of_memory(f->s->n_rows, f->err);
        if (f->st != LW_OK)
            return f->st;
    }
    if (st != LW_END)
        return st;
    lw_extractor_flush(x, on_row, f);
    return f->st;
}

static enum lw_status judge_flows(struct scored *s, const char *data,
                                  struct lw_error *err)
{
    struct flows f = {.s = s, .err = err};
    struct lw_flow_reader *reader = NULL;
    struct lw_extractor *x = NULL;
    enum lw_status st = lw_flow_reader_open(&reader, data, NULL, err);

    if (st == LW_OK)
        st = lw_extractor_new(&x, lw_classifier_view(s->c), NULL, err);
    if (st == LW_OK)
        st = read_flows(&f, reader, x);
    lw_extractor_free(x);
    lw_flow_reader_close(reader);
    return st;
}

/* ---- the whole ---- */

/* Is the view made of flow records that files have? */
static bool is_of_flows(const struct lw_view *view)
{
    return strcmp(view->name, "netflow") == 0 ||
           strcmp(view->name, "netflow_host") == 0;
}

static enum lw_status judge(struct scored *s, const struct lw_frame *frame,
                            const char *data, struct lw_error *err)
{
    const struct lw_view *view = lw_classifier_view(s->c);
    struct lw_matrix x = {0};
    struct lw_error of_flows;
    enum lw_status st;

    s->n_rows = lw_frame_rows(frame);
    s->verdict = mem_zalloc(s->n_rows, sizeof *s->verdict);
    s->has_verdict = mem_zalloc(s->n_rows, sizeof *s->has_verdict);
    if (s->verdict == NULL || s->has_verdict == NULL)
        return out_of_memory(s->n_rows, err);
    st = lw_view_map(view, frame, &x, err);
    if (st == LW_OK) {
        st = judge_rows(s, &x, err);
    } else if (is_of_flows(view)) {
        enum lw_status st_flows = judge_flows(s, data, &of_flows);

        if (st_flows != LW_EUNSUPPORTED) {
            st = st_flows;
            *err = of_flows;
        }
    }
    lw_matrix_release(&x);
    return st;
}

int score_view(const struct lw_classifier *c, const char *data, const char *name,
               const char *output)
{
    struct scored scored = {.c = c};
    struct score_file file = {
        .input = data, .output = output, .get = get_row, .ctx = &scored};
    struct lw_schema schema = {0};
    struct lw_frame *frame = NULL;
    struct lw_error err;
    enum lw_status st = table_schema(&schema, &err);
    int status = STATUS_OK;

    if (st == LW_EINVAL)
        return command_usage("%s", err.msg);
    if (st == LW_OK)
        st = table_read(&frame, data, &schema, false, &err);
    file.frame = frame;
    if (st != LW_OK)
        status = command_error(&err);
    else if (judge(&scored, frame, data, &err) != LW_OK)
        status = command_fail("%s: %s", name, err.msg);
    else if (score_file_write(&file, &err) != LW_OK)
        status = command_output_error(output, &err);
    else
        command_note("%zu rows scored, %s written", scored.n_rows, output);
    mem_free(scored.verdict);
    mem_free(scored.has_verdict);
    lw_frame_free(frame);
    lw_schema_release(&schema);
    return status;
}
