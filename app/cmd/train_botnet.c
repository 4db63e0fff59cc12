/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_botnet.h"

#include "cmd/botnet_print.h"
#include "cmd/command.h"
#include "cmd/learnt.h"
#include "cmd/progress.h"

#include <lapwing/botnet.h>

#include <stdio.h>

static void print_people(const void *of, const char *output)
{
    const struct lw_botnet_report *r = of;
    (void)printf("What to expect of a capture that nothing was learnt of, in %%: each "
                 "group left out in turn.\n\n");
    botnet_print_captures(r);
    (void)printf("%s written; the final fit took %.1f s of processor time.\n", output,
                 r->train_seconds);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_botnet_report *r = of;

    botnet_put_captures(w, r);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

static const struct learnt_column columns[] = {
    {"capture", "text", false},
    {"benign", "count", false},
    {"malicious", "count", false},
    {"ROC-AUC", "figure", true},
    {"rule: false alarms", "share", false},
    {"rule: recall", "share", true},
    {"recall at the rule's", "share", true},
    {"recall at 1 %", "share", false},
    {"false alarms at the threshold", "share", false},
    {"recall at the threshold", "share", true},
};

static const struct learnt_table captures = {
    .id = "captures",
    .title = "Captures left out",
    .note = "Each capture judged by a model that knew nothing of its group, beside the "
            "rule that needs no learning: \"TCP, and no reply\".  Pooled are captures "
            "with at least 200 flows of either kind.",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0]};

static void put_row(struct jsonw *w, const char *name,
                    const struct lw_botnet_figures *f)
{
    jsonw_array(w);
    jsonw_text(w, name);
    jsonw_u64(w, f->n_benign);
    jsonw_u64(w, f->n_malicious);
    jsonw_f64(w, f->roc_auc);
    jsonw_f64(w, f->rule_false_alarm);
    jsonw_f64(w, f->rule_recall);
    jsonw_f64(w, f->recall_at_rule);
    jsonw_f64(w, f->recall_at_1e2);
    jsonw_f64(w, f->false_alarm);
    jsonw_f64(w, f->recall);
    jsonw_array_end(w);
}

static void put_facts(struct jsonw *w, const void *of)
{
    const struct lw_botnet_report *r = of;

    jsonw_put_f64(w, "threshold, of the score", r->threshold);
    jsonw_put_f64(w, "squared error of the score", r->brier[0]);
    jsonw_put_f64(w, "squared error, calibrated", r->brier[1]);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct lw_botnet_report *r = of;

    jsonw_key(w, "tables");
    jsonw_array(w);
    learnt_table_begin(w, &captures);
    for (uint32_t i = 0; i < r->n_captures; i++)
        put_row(w, r->capture[i].name, &r->capture[i].figures);
    if (r->pooled.n_benign > 0)
        put_row(w, "pooled", &r->pooled);
    learnt_table_end(w);
    jsonw_array_end(w);
    report_put_curve(w, &r->curve);
    report_put_calibrated(w, &r->calibrated);
}

int train_botnet(char *const *groups, size_t n, const char *output, uint64_t seed,
                 const char *page, bool json)
{
    const struct lw_botnet_config cfg = {.groups = (const char *const *)groups,
                                         .n_groups = n,
                                         .seed = seed,
                                         .progress = progress_show};
    struct lw_botnet_report report;
    struct lw_error err;
    enum lw_status st = lw_botnet_train(output, &cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_refused(st, &err);
    return learnt_tell(&(struct learnt){.output = output,
                                        .how = "preset botnet",
                                        .of = &report,
                                        .print = print_people,
                                        .json = put_report,
                                        .facts = put_facts,
                                        .page = put_page},
                       json, page);
}
