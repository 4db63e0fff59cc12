/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/test_botnet.h"

#include "base/mem.h"
#include "cmd/botnet_print.h"
#include "cmd/command.h"
#include "cmd/eval_print.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"
#include "report/page.h"

#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {"Normal", "Botnet"};

struct judged {
    const struct lw_classifier *c;
    const struct test_botnet *cfg;
    struct lw_botnet_report report;
    struct lw_botnet_result result;
};

bool test_botnet_is(const struct lw_classifier *c)
{
    return lw_classifier_classes(c) == 2 &&
           strcmp(lw_classifier_class_name(c, 1), class_names[1]) == 0;
}

static void put_judged(struct jsonw *w, const void *of)
{
    const struct judged *j = of;

    jsonw_put_text(w, "model", lw_classifier_id(j->c));
    jsonw_put_text(w, "view", lw_classifier_view(j->c)->name);
    eval_print_json(w, &j->result.all, class_names);
    botnet_put_captures(w, &j->report);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct judged *j = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "model", lw_classifier_id(j->c));
    jsonw_put_text(w, "model file", j->cfg->model_path);
    jsonw_put_text(w, "view", lw_classifier_view(j->c)->name);
    for (uint32_t i = 0; i < j->report.n_captures; i++)
        jsonw_put_text(w, i == 0 ? "data" : "and", j->report.capture[i].name);
    jsonw_put_u64(w, "flows", j->result.all.n_rows);
    jsonw_object_end(w);
    report_put_eval(w, &j->result.all, class_names);
    report_put_curve(w, &j->result.curve);
}

static void print_people(const struct judged *j)
{
    const struct eval_column column = {"all flows", &j->result.all};

    (void)printf("In %%; \"there\" is at the false alarms of the rule \"TCP, and no "
                 "reply\".  Captures that the\nmodel was trained on say nothing of "
                 "others.\n\n");
    botnet_print_captures(&j->report);
    (void)putchar('\n');
    eval_print_confusion(stdout, &j->result.all, class_names);
    (void)putchar('\n');
    eval_print_columns(stdout, &column, 1, class_names);
}

int test_botnet(const struct lw_classifier *c, const struct test_botnet *cfg)
{
    const struct lw_botnet_config how = {
        .groups = cfg->files, .n_groups = cfg->n_files, .progress = progress_show};
    struct judged *j = mem_zalloc(1, sizeof *j);
    struct lw_error err;
    enum lw_status st;
    int status = STATUS_OK;

    if (j == NULL)
        return command_fail("out of memory");
    j->c = c;
    j->cfg = cfg;
    st = lw_botnet_test(c, &how, &j->report, &j->result, &err);
    progress_end();
    if (st == LW_EFORMAT && j->report.n_captures == 0)
        command_note("labelled flow records are wanted: binetflow, or a conn.log");
    if (st != LW_OK)
        status = command_error(&err);
    else if (cfg->report != NULL &&
             report_write(cfg->report, REPORT_TEST, "Lapwing: a model of bots judged",
                          put_page, j, &err) != LW_OK)
        status = command_error(&err);
    else if (cfg->json)
        status = print_json(put_judged, j);
    else
        print_people(j);
    mem_free(j);
    return status;
}
