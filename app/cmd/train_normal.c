/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_normal.h"

#include "cmd/command.h"
#include "cmd/learnt.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_figure(double mean, double half)
{
    if (isnan(half))
        (void)printf("  %.4f         ", mean);
    else
        (void)printf("  %.4f +- %.4f", mean, half);
}

/* A method that does not beat the best trivial one in a figure says so. */
static void say_if_beaten(const struct lw_normal_report *r)
{
    const struct lw_normal_figures *mine = &r->method[r->chosen].mean;

    for (size_t i = 0; i < r->n_methods; i++) {
        const struct lw_normal_figures *f = &r->method[i].mean;

        if (!r->method[i].is_trivial || i == r->chosen)
            continue;
        if (f->roc_auc >= mine->roc_auc)
            (void)printf("%s does not beat the trivial %s in ROC-AUC.\n",
                         r->method[r->chosen].name, r->method[i].name);
        if (f->tpr_at_fpr_1e2 >= mine->tpr_at_fpr_1e2 ||
            f->tpr_at_fpr_1e3 >= mine->tpr_at_fpr_1e3)
            (void)printf("%s does not beat the trivial %s at few false alarms.\n",
                         r->method[r->chosen].name, r->method[i].name);
    }
}

static void print_people(const void *of, const char *output)
{
    const struct lw_normal_report *r = of;
    char count[3][TEXT_MAX];

    (void)printf("%s rows, %s distinct, %s of them normal: nothing else is learnt "
                 "from.\n\nWhat to expect: whole attack types and a quarter of the "
                 "normal rows left out, four folds,\n%u repeat%s%s.\n\n",
                 text_count(r->n_rows, count[0]),
                 text_count(r->n_distinct_rows, count[1]),
                 text_count(r->n_normal_rows, count[2]), r->n_repeats,
                 r->n_repeats == 1 ? "" : "s",
                 r->n_repeats == 1 ? "" : ", mean and 95 % interval");
    (void)printf("%-26s  %-16s  %-16s  %-16s  %-16s\n", "", "ROC-AUC", "PR-AUC",
                 "TPR at FPR 1e-2", "TPR at FPR 1e-3");
    for (size_t i = 0; i < r->n_methods; i++) {
        const struct lw_normal_figures *f = &r->method[i].mean;
        const struct lw_normal_figures *h = &r->method[i].half_width;

        (void)printf("%-26s", r->method[i].name);
        print_figure(f->roc_auc, h->roc_auc);
        print_figure(f->pr_auc, h->pr_auc);
        print_figure(f->tpr_at_fpr_1e2, h->tpr_at_fpr_1e2);
        print_figure(f->tpr_at_fpr_1e3, h->tpr_at_fpr_1e3);
        (void)printf("%s\n", i == r->winner ? "  best" : "");
    }
    (void)putchar('\n');
    for (size_t i = 0; i < r->n_methods; i++)
        if (r->method[i].most_rows > 0)
            (void)printf("%s: fitted on at most %s normal rows.\n", r->method[i].name,
                         text_count(r->method[i].most_rows, count[0]));
    say_if_beaten(r);
    (void)printf("%s written (%s); the final fit took %.2f s of processor time.\n",
                 output, r->method[r->chosen].name, r->train_seconds);
}

static void put_figures(struct jsonw *w, const char *key,
                        const struct lw_normal_figures *f)
{
    jsonw_key(w, key);
    jsonw_object(w);
    jsonw_put_f64(w, "roc_auc", f->roc_auc);
    jsonw_put_f64(w, "pr_auc", f->pr_auc);
    jsonw_put_f64(w, "tpr_at_fpr_1e2", f->tpr_at_fpr_1e2);
    jsonw_put_f64(w, "tpr_at_fpr_1e3", f->tpr_at_fpr_1e3);
    jsonw_object_end(w);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_normal_report *r = of;

    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "distinct_rows", r->n_distinct_rows);
    jsonw_put_u64(w, "normal_rows", r->n_normal_rows);
    jsonw_put_u64(w, "repeats", r->n_repeats);
    jsonw_put_text(w, "written", r->method[r->chosen].name);
    jsonw_put_text(w, "best", r->method[r->winner].name);
    jsonw_key(w, "methods");
    jsonw_array(w);
    for (size_t i = 0; i < r->n_methods; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "name", r->method[i].name);
        put_figures(w, "mean", &r->method[i].mean);
        put_figures(w, "half_width_95", &r->method[i].half_width);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

static const struct learnt_column columns[] = {
    {"method", "text", false}, {"ROC-AUC", "figure", true},
    {"±", "figure", false},    {"PR-AUC", "figure", true},
    {"± ", "figure", false},   {"TPR at FPR 1e-2", "figure", true},
    {"±  ", "figure", false},  {"TPR at FPR 1e-3", "figure", true},
    {"±   ", "figure", false}, {"normal rows at most", "count", false},
    {"", "text", false},
};

static const struct learnt_table methods = {
    .id = "methods",
    .title = "Methods beside each other",
    .note = "Whole attack types and a quarter of the normal rows were left out, four "
            "folds; ± is the half width of the 95 % interval over repeats.  Nothing "
            "was learnt from attacks.",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0]};

static void put_row(struct jsonw *w, const struct lw_normal_report *r, size_t i)
{
    const struct lw_normal_figures *f = &r->method[i].mean;
    const struct lw_normal_figures *h = &r->method[i].half_width;

    jsonw_array(w);
    jsonw_text(w, r->method[i].name);
    jsonw_f64(w, f->roc_auc);
    jsonw_f64(w, h->roc_auc);
    jsonw_f64(w, f->pr_auc);
    jsonw_f64(w, h->pr_auc);
    jsonw_f64(w, f->tpr_at_fpr_1e2);
    jsonw_f64(w, h->tpr_at_fpr_1e2);
    jsonw_f64(w, f->tpr_at_fpr_1e3);
    jsonw_f64(w, h->tpr_at_fpr_1e3);
    jsonw_u64(w,
              r->method[i].most_rows > 0 ? r->method[i].most_rows : r->n_normal_rows);
    jsonw_text(w, i == r->chosen            ? "written"
                  : r->method[i].is_trivial ? "trivial"
                                            : "");
    jsonw_array_end(w);
}

static void put_facts(struct jsonw *w, const void *of)
{
    const struct lw_normal_report *r = of;

    jsonw_put_text(w, "method written", r->method[r->chosen].name);
    jsonw_put_text(w, "best method", r->method[r->winner].name);
    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "distinct rows", r->n_distinct_rows);
    jsonw_put_u64(w, "normal ones, all that is learnt from", r->n_normal_rows);
    jsonw_put_u64(w, "repeats", r->n_repeats);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct lw_normal_report *r = of;

    jsonw_key(w, "tables");
    jsonw_array(w);
    learnt_table_begin(w, &methods);
    for (size_t i = 0; i < r->n_methods; i++)
        put_row(w, r, i);
    learnt_table_end(w);
    jsonw_array_end(w);
}

int train_normal(const struct lw_frame *frame, const char *data, const char *output,
                 const struct lw_normal_config *cfg, const char *page, bool json)
{
    struct lw_normal_report report;
    struct lw_error err;
    enum lw_status st = lw_normal_train(frame, output, cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_fail("%s: %s", data, err.msg);
    return learnt_tell(&(struct learnt){.output = output,
                                        .data = data,
                                        .how = "normal records alone",
                                        .of = &report,
                                        .print = print_people,
                                        .json = put_report,
                                        .facts = put_facts,
                                        .page = put_page},
                       json, page);
}
