/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_capture.h"

#include "cmd/command.h"
#include "cmd/print_json.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <stdio.h>

/* Without attacks nobody can say who is better; with them, who is not says so. */
static void say_if_beaten(const struct lw_normal_capture_report *r)
{
    const char *mine = r->method[r->chosen].name;

    if (r->n_against == 0) {
        (void)printf("Nothing here says whether %s finds more than a trivial method: "
                     "--against CAPTURE judges all by flows of attacks.\n",
                     mine);
        return;
    }
    for (size_t i = 0; i < r->n_methods; i++) {
        if (!r->method[i].is_trivial || i == r->chosen)
            continue;
        if (r->method[i].roc_auc >= r->method[r->chosen].roc_auc)
            (void)printf("%s does not beat the trivial %s in ROC-AUC.\n", mine,
                         r->method[i].name);
        if (r->method[i].found >= r->method[r->chosen].found)
            (void)printf("%s does not find more than the trivial %s.\n", mine,
                         r->method[i].name);
    }
}

static void print_table(const struct lw_normal_capture_report *r)
{
    (void)printf("%-26s  %12s", "", "false alarms");
    if (r->n_against > 0)
        (void)printf("  %8s  %8s", "found", "ROC-AUC");
    (void)putchar('\n');
    for (size_t i = 0; i < r->n_methods; i++) {
        (void)printf("%-26s  %10.2f %%", r->method[i].name,
                     100 * r->method[i].false_alarms);
        if (r->n_against > 0)
            (void)printf("  %6.2f %%  %8.4f", 100 * r->method[i].found,
                         r->method[i].roc_auc);
        (void)printf("%s\n", r->n_against > 0 && i == r->winner ? "  best" : "");
    }
}

static void print_people(const struct lw_normal_capture_report *r, const char *output)
{
    char n[3][TEXT_MAX];

    (void)printf("%s flows declared normal, %s of them used.\n\nWhat to expect: learnt "
                 "from the first three fifths of each capture, a threshold that %g of "
                 "the\nfourth fifth exceed, judged by the last fifth (%s flows)",
                 text_count(r->n_rows, n[0]), text_count(r->n_used, n[1]),
                 r->false_alarm, text_count(r->n_judged, n[2]));
    if (r->n_against > 0)
        (void)printf(" and by %s flows of the captures to judge by, normal ones of "
                     "theirs among them",
                     text_count(r->n_against, n[0]));
    (void)printf(".\n\n");
    print_table(r);
    (void)putchar('\n');
    say_if_beaten(r);
    (void)printf("%s written (%s); the final fit took %.2f s of processor time.  "
                 "lapwing detect -m %s judges flows.\n",
                 output, r->method[r->chosen].name, r->train_seconds, output);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_normal_capture_report *r = of;

    jsonw_put_u64(w, "rows", r->n_rows);
    jsonw_put_u64(w, "rows_used", r->n_used);
    jsonw_put_u64(w, "rows_judged", r->n_judged);
    jsonw_put_u64(w, "rows_against", r->n_against);
    jsonw_put_f64(w, "budget", r->false_alarm);
    jsonw_put_text(w, "written", r->method[r->chosen].name);
    jsonw_put_text(w, "best", r->n_against > 0 ? r->method[r->winner].name : NULL);
    jsonw_key(w, "methods");
    jsonw_array(w);
    for (size_t i = 0; i < r->n_methods; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "name", r->method[i].name);
        jsonw_put_f64(w, "false_alarms", r->method[i].false_alarms);
        jsonw_put_f64(w, "found", r->method[i].found);
        jsonw_put_f64(w, "roc_auc", r->method[i].roc_auc);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

int train_capture(const struct lw_normal_capture_config *cfg, const char *output,
                  bool json)
{
    struct lw_normal_capture_report report;
    struct lw_error err;
    enum lw_status st = lw_normal_train_captures(output, cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_refused(st, &err);
    if (json)
        return print_json(put_report, &report);
    print_people(&report, output);
    return STATUS_OK;
}
