/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_traffic.h"

#include "cmd/command.h"
#include "cmd/learnt.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <math.h>
#include <stdio.h>

static void print_line(const char *name, uint64_t n, double alarmed, double named)
{
    char count[TEXT_MAX];

    if (n == 0)
        return;
    (void)printf("%-28s %12s  %8.3f %%", name, text_count(n, count), 100 * alarmed);
    if (!isnan(named))
        (void)printf("  %6.1f %%", 100 * named);
    (void)printf("\n");
}

static void print_people(const void *of, const char *output)
{
    const struct lw_traffic_report *r = of;
    (void)printf("%u captures in %u groups.  What to expect of captures that nothing "
                 "was learnt of, each\ngroup left out in turn:\n\n"
                 "%-28s %12s  %10s  %8s\n",
                 r->n_captures, r->n_groups, "", "rows", "alarmed", "so named");
    print_line("normal, no attack near", r->n_clean, r->clean_alarmed, (double)NAN);
    print_line("normal, beside attacks", r->n_beside, r->beside_alarmed, (double)NAN);
    for (uint32_t i = 1; i < LW_TRAFFIC_CLASSES; i++)
        print_line(lw_traffic_class_name(i), r->n_attack[i], r->found[i], r->named[i]);
    (void)printf("\nBudget: %g of normal flows.\n%s written; the final fit took %.1f s "
                 "of processor time.\n",
                 r->false_alarm, output, r->train_seconds);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_traffic_report *r = of;

    jsonw_put_u64(w, "captures", r->n_captures);
    jsonw_put_u64(w, "groups", r->n_groups);
    jsonw_put_u64(w, "clean_rows", r->n_clean);
    jsonw_put_f64(w, "clean_alarmed", r->clean_alarmed);
    jsonw_put_u64(w, "rows_beside_attacks", r->n_beside);
    jsonw_put_f64(w, "beside_alarmed", r->beside_alarmed);
    jsonw_key(w, "classes");
    jsonw_object(w);
    for (uint32_t i = 1; i < LW_TRAFFIC_CLASSES; i++) {
        jsonw_key(w, lw_traffic_class_name(i));
        jsonw_object(w);
        jsonw_put_u64(w, "rows", r->n_attack[i]);
        jsonw_put_f64(w, "found", r->found[i]);
        jsonw_put_f64(w, "named", r->named[i]);
        jsonw_object_end(w);
    }
    jsonw_object_end(w);
    jsonw_put_f64(w, "false_alarm", r->false_alarm);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

static const struct learnt_column columns[] = {
    {"", "text", false},
    {"rows", "count", false},
    {"alarmed", "share", true},
    {"by their own class", "share", true},
};

static const struct learnt_table classes = {
    .id = "classes",
    .title = "Captures left out",
    .note = "Rows judged while their group of captures was left out.  Of normal rows "
            "alarms are false; of attacks they are recall.",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0]};

static void put_row(struct jsonw *w, const char *name, uint64_t n, double alarmed,
                    double named)
{
    jsonw_array(w);
    jsonw_text(w, name);
    jsonw_u64(w, n);
    jsonw_f64(w, alarmed);
    jsonw_f64(w, named);
    jsonw_array_end(w);
}

static void put_facts(struct jsonw *w, const void *of)
{
    const struct lw_traffic_report *r = of;

    jsonw_put_u64(w, "captures", r->n_captures);
    jsonw_put_u64(w, "groups", r->n_groups);
    jsonw_put_f64(w, "budget of false alarms", r->false_alarm);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct lw_traffic_report *r = of;

    jsonw_key(w, "tables");
    jsonw_array(w);
    learnt_table_begin(w, &classes);
    put_row(w, "normal, no attack near", r->n_clean, r->clean_alarmed, (double)NAN);
    put_row(w, "normal, beside attacks", r->n_beside, r->beside_alarmed, (double)NAN);
    for (uint32_t i = 1; i < LW_TRAFFIC_CLASSES; i++)
        put_row(w, lw_traffic_class_name(i), r->n_attack[i], r->found[i], r->named[i]);
    learnt_table_end(w);
    jsonw_array_end(w);
}

int train_traffic(const struct lw_traffic_config *cfg, const char *output,
                  const char *page, bool json)
{
    struct lw_traffic_report report;
    struct lw_error err;
    enum lw_status st = lw_traffic_train(output, cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_error(&err);
    return learnt_tell(&(struct learnt){.output = output,
                                        .data = cfg->index,
                                        .how = "preset traffic",
                                        .of = &report,
                                        .print = print_people,
                                        .json = put_report,
                                        .facts = put_facts,
                                        .page = put_page},
                       json, page);
}
