/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_table.h"

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/print_json.h"
#include "cmd/score_file.h"
#include "cmd/table_options.h"
#include "cmd/test_level.h"
#include "cmd/text.h"
#include "report/page.h"

#include <stdio.h>
#include <string.h>

/* What is printed. */
struct judged {
    const struct lw_tabular *t;
    const struct test_table *cfg;
    const struct lw_tabular_result *r;
    struct test_level at;
};

static void print_judged(const struct judged *j)
{
    const struct lw_tabular_result *r = j->r;
    const char *const *names = j->at.class_names;
    const struct eval_column column = {"on this file", &j->at.eval};
    char count[3][TEXT_MAX];

    (void)printf("%s rows judged, %s distinct in the file",
                 text_count(r->all.n_rows, count[0]),
                 text_count(r->n_distinct_rows, count[1]));
    if (r->n_neither > 0)
        (void)printf(", %s of neither class left out",
                     text_count(r->n_neither, count[2]));
    (void)printf("\n\n");
    eval_print_confusion(stdout, &j->at.eval, names);
    (void)putchar('\n');
    eval_print_columns(stdout, &column, 1, names);
    test_level_print(&j->at);
    if (r->n_new_word_rows > 0)
        (void)printf(
            "\n%s rows have a word that its column did not have in training.\n",
            text_count(r->n_new_word_rows, count[0]));
    if (r->n_unseen_rows > 0)
        (void)printf(
            "\n%s rows of labels the model was not trained on, %.1f %% of them "
            "not called normal:\n%s\n",
            text_count(r->n_unseen_rows, count[0]),
            100 * (double)r->n_unseen_found / (double)r->n_unseen_rows,
            r->unseen_types);
}

static void put_judged(struct jsonw *w, const void *of)
{
    const struct judged *j = of;
    const struct lw_tabular_result *r = j->r;

    jsonw_put_text(w, "model", lw_tabular_id(j->t));
    jsonw_put_text(w, "kind", lw_tabular_kind(j->t));
    eval_print_json(w, &j->at.eval, j->at.class_names);
    test_level_put(w, &j->at);
    jsonw_put_u64(w, "rows_of_neither_class", r->n_neither);
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    jsonw_put_u64(w, "rows_with_new_words", r->n_new_word_rows);
    jsonw_key(w, "unseen_types");
    jsonw_object(w);
    jsonw_put_text(w, "names", r->unseen_types);
    jsonw_put_u64(w, "rows", r->n_unseen_rows);
    jsonw_put_u64(w, "not_called_normal", r->n_unseen_found);
    jsonw_object_end(w);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct judged *j = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "model", lw_tabular_id(j->t));
    jsonw_put_text(w, "kind", lw_tabular_kind(j->t));
    jsonw_put_text(w, "model file", j->cfg->model_path);
    jsonw_put_text(w, "data", j->cfg->name);
    jsonw_put_u64(w, "rows", j->r->all.n_rows);
    jsonw_put_u64(w, "distinct rows", j->r->n_distinct_rows);
    jsonw_object_end(w);
    report_put_eval(w, &j->at.eval, j->at.class_names);
    report_put_curve(w, &j->r->curve);
}

static int judge(const struct lw_tabular *t, const struct lw_frame *frame,
                 const struct lw_schema *schema, const struct test_table *cfg)
{
    struct lw_tabular_result *r = mem_zalloc(1, sizeof *r);
    struct judged judged = {.t = t, .cfg = cfg, .r = r};
    struct lw_error err;
    int status = STATUS_OK;
    enum lw_status st;

    if (r == NULL)
        return command_fail("out of memory");
    st = lw_tabular_judge(t, frame, schema, r, &err);
    if (st == LW_ENOTFOUND)
        status =
            command_fail("%s: %s; name it with --label, or score the table without "
                         "with -w FILE",
                         cfg->name, err.msg);
    else if (st != LW_OK)
        status = command_fail("%s: %s", cfg->name, err.msg);
    else if (test_level_make(&judged.at, cfg->level, &r->all, lw_tabular_class_names(t),
                             &r->names, &err) != LW_OK)
        status = command_usage("%s", err.msg);
    else if (cfg->report != NULL &&
             report_write(cfg->report, REPORT_TEST, "Lapwing: a model judged", put_page,
                          &judged, &err) != LW_OK)
        status = command_error(&err);
    else if (cfg->json)
        status = print_json(put_judged, &judged);
    else
        print_judged(&judged);
    mem_free(r);
    return status;
}

/* ---- scoring ---- */

struct scored {
    const struct lw_tabular *t;
    const struct lw_tabular_answer *answer; /* (n_rows) */
};

static void get_row(const void *ctx, size_t row, struct score_row *out)
{
    const struct scored *s = ctx;
    const struct lw_tabular_answer *a = &s->answer[row];

    *out = (struct score_row){.label = lw_tabular_class_names(s->t)[a->class_idx],
                              .score = a->attack_score,
                              .p_value = a->p_value};
}

static int score(const struct lw_tabular *t, const struct lw_frame *frame,
                 const struct test_table *cfg)
{
    size_t n = lw_frame_rows(frame);
    struct lw_tabular_answer *answer = mem_zalloc(n, sizeof *answer);
    const struct scored scored = {t, answer};
    const struct score_file file = {.input = cfg->data,
                                    .output = cfg->output,
                                    .frame = frame,
                                    .get = get_row,
                                    .ctx = &scored};
    struct lw_error err;
    int status = STATUS_OK;

    if (answer == NULL)
        return command_fail("out of memory for %zu rows", n);
    if (lw_tabular_score(t, frame, answer, &err) != LW_OK)
        status = command_fail("%s: %s", cfg->name, err.msg);
    else if (score_file_write(&file, &err) != LW_OK)
        status = command_output_error(cfg->output, &err);
    else
        command_note("%zu rows scored, %s written", n, cfg->output);
    mem_free(answer);
    return status;
}

/* ---- reading ---- */

/* Words stay words, however much they look like numbers here. */
static enum lw_status add_words(struct lw_schema *schema, const struct lw_tabular *t,
                                struct lw_error *err)
{
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < lw_tabular_columns(t); i++) {
        struct lw_tabular_column c;

        lw_tabular_column(t, i, &c);
        if (c.is_text)
            st = lw_schema_set(schema, "categorical", c.name, err);
    }
    return st;
}

/* Scoring with the label in the table serves both. */
static bool has_label(const struct lw_tabular *t, const struct lw_frame *frame,
                      const struct lw_schema *schema)
{
    return schema->label != NULL || lw_frame_find_like(frame, lw_tabular_label(t)) >= 0;
}

int test_table(const struct lw_tabular *t, const struct test_table *cfg)
{
    struct lw_schema schema = {0};
    struct lw_frame *frame = NULL;
    struct lw_error err;
    enum lw_status st = table_schema(&schema, &err);
    int status = STATUS_OK;

    if (st == LW_EINVAL)
        return command_usage("%s", err.msg);
    if (st == LW_OK)
        st = add_words(&schema, t, &err);
    if (st == LW_OK)
        st = table_read(&frame, cfg->data, &schema, false, &err);
    if (st == LW_EINVAL)
        status = command_fail("%s; the model was trained on columns of words that must "
                              "be there",
                              err.msg);
    else if (st != LW_OK)
        status = command_error(&err);
    else if (cfg->output != NULL)
        status = score(t, frame, cfg);
    if (status == STATUS_OK && (cfg->output == NULL || (strcmp(cfg->output, "-") != 0 &&
                                                        has_label(t, frame, &schema))))
        status = judge(t, frame, &schema, cfg);
    lw_frame_free(frame);
    lw_schema_release(&schema);
    return status;
}
