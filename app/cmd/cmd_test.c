/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/text.h"

#include <lapwing/detect.h>

#include <stdio.h>

static struct {
    const char *model;
    const char *data;
    bool json;
} o;

static const struct opt rows[] = {
    {"model", 0, OPT_TO_TEXT(&o.model), .metavar = "FILE",
     .help = "the model to judge"},
    {"data", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "labelled records, plain or packed (gz, zst, xz); - is standard input"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print the figures as JSON"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

static void print_people(const struct lw_test_report *r, const char *const *class_names)
{
    const struct eval_column column = {"on this file", &r->all};
    char count[TEXT_MAX];
    char distinct[TEXT_MAX];

    (void)printf("%s rows, %s distinct; classes by the official KDD'99 mapping\n\n",
                 text_count(r->all.n_rows, count),
                 text_count(r->n_distinct_rows, distinct));
    eval_print_confusion(stdout, &r->all, class_names);
    (void)putchar('\n');
    eval_print_columns(stdout, &column, 1, class_names);
    if (r->n_unseen_rows > 0)
        (void)printf(
            "\n%s rows of attack types the model was not trained on, %.1f %% of "
            "them not called normal:\n%s\n",
            text_count(r->n_unseen_rows, count),
            100 * (double)r->n_unseen_found / (double)r->n_unseen_rows,
            r->unseen_types);
}

static void put_unseen(struct jsonw *w, const struct lw_test_report *r)
{
    jsonw_key(w, "distinct_rows");
    jsonw_u64(w, r->n_distinct_rows);
    jsonw_key(w, "unseen_types");
    jsonw_object(w);
    jsonw_key(w, "names");
    jsonw_text(w, r->unseen_types);
    jsonw_key(w, "rows");
    jsonw_u64(w, r->n_unseen_rows);
    jsonw_key(w, "not_called_normal");
    jsonw_u64(w, r->n_unseen_found);
    jsonw_object_end(w);
}

static int print_json(const struct lw_test_report *r, const struct lw_classifier *c,
                      const char *const *class_names)
{
    struct buf text;
    struct jsonw w;
    bool ok;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    jsonw_key(&w, "model");
    jsonw_text(&w, lw_classifier_id(c));
    jsonw_key(&w, "view");
    jsonw_text(&w, lw_classifier_view(c)->name);
    eval_print_json(&w, &r->all, class_names);
    put_unseen(&w, r);
    jsonw_object_end(&w);
    ok = buf_ok(&text) && puts(buf_text(&text)) >= 0;
    buf_release(&text);
    return ok ? STATUS_OK : command_fail("standard output: cannot write");
}

static int judge(const struct lw_classifier *c)
{
    const char *class_names[LW_MAX_CLASSES];
    struct lw_test_report report;
    struct lw_frame *frame = NULL;
    struct lw_error err;
    enum lw_status st;

    for (uint32_t i = 0; i < lw_classifier_classes(c); i++)
        class_names[i] = lw_classifier_class_name(c, i);
    if (lw_frame_read(&frame, o.data, NULL, &err) != LW_OK)
        return command_error(&err);
    st = lw_test(c, frame, &report, &err);
    lw_frame_free(frame);
    if (st != LW_OK)
        return command_fail("%s: %s", o.data, err.msg);
    if (o.json)
        return print_json(&report, c, class_names);
    print_people(&report, class_names);
    return STATUS_OK;
}

static int run_test(char *const *words, size_t n_words)
{
    struct lw_classifier *c = NULL;
    struct lw_error err;
    int status;

    (void)words;
    (void)n_words;
    if (o.model == NULL || o.data == NULL)
        return command_usage(
            "say which model with --model FILE and what to judge it on "
            "with --data FILE");
    if (lw_classifier_load(&c, o.model, &err) != LW_OK)
        return command_error(&err);
    status = judge(c);
    lw_classifier_free(c);
    return status;
}

const struct command command_test = {
    .name = "test",
    .help = "judge a model on labelled records",
    .synopsis = "--model FILE --data FILE",
    .doc = "Prints the confusion matrix, recall and precision of each class, macro F1, "
           "MCC and what becomes of attack types the model has never seen.",
    .examples = "# on the official test file\n"
                "lapwing test --model models/attack.lwm --data KDDTest+.txt\n",
    .groups = groups,
    .run = run_test,
};
