/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_stream.h"

#include "cmd/command.h"
#include "cmd/learnt.h"
#include "cmd/progress.h"
#include "cmd/text.h"

#include <math.h>
#include <stdio.h>

static void print_people(const void *of, const char *output)
{
    const struct lw_stream_train_report *r = of;
    char n[4][TEXT_MAX];

    (void)printf("%s packets: %s fitted on, %s held out (the last fifth of each "
                 "capture).\n%u autoencoders.  Threshold %.4g: %s of the held-out "
                 "packets reach it (budget %g).\n",
                 text_count(r->n_packets, n[0]), text_count(r->n_fitted, n[1]),
                 text_count(r->n_held_out, n[2]), r->n_groups, (double)r->threshold,
                 text_count(r->n_alarmed, n[3]), r->false_alarm);
    if (r->false_alarm * (double)r->n_held_out < 1)
        (void)printf("Too few packets were held out to tell a share of %g; alarmed is "
                     "what scores higher than all of them.\n",
                     r->false_alarm);
    (void)printf("%s written; it took %.1f s of processor time.  lapwing detect -m "
                 "%s scores packets.\n",
                 output, r->train_seconds, output);
}

static void put_report(struct jsonw *w, const void *of)
{
    const struct lw_stream_train_report *r = of;

    jsonw_put_u64(w, "packets", r->n_packets);
    jsonw_put_u64(w, "fitted", r->n_fitted);
    jsonw_put_u64(w, "held_out", r->n_held_out);
    jsonw_put_u64(w, "autoencoders", r->n_groups);
    jsonw_put_f64(w, "threshold", (double)r->threshold);
    jsonw_put_f64(w, "false_alarm", r->false_alarm);
    jsonw_put_u64(w, "held_out_alarmed", r->n_alarmed);
    jsonw_put_f64(w, "train_seconds", r->train_seconds);
}

static const struct learnt_column columns[] = {
    {"packets", "text", false},
    {"held out", "count", false},
    {"alarmed", "count", false},
    {"share", "share", false},
};

static const struct learnt_table held_out = {
    .id = "held-out",
    .title = "Packets held out",
    .note =
        "The last packets of what was learnt from are normal like the others: every "
        "alarm is a false one.",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0]};

static void put_facts(struct jsonw *w, const void *of)
{
    const struct lw_stream_train_report *r = of;

    jsonw_put_u64(w, "packets", r->n_packets);
    jsonw_put_u64(w, "of them fitted", r->n_fitted);
    jsonw_put_u64(w, "autoencoders", r->n_groups);
    jsonw_put_f64(w, "threshold", (double)r->threshold);
    jsonw_put_f64(w, "budget of false alarms", r->false_alarm);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct lw_stream_train_report *r = of;

    jsonw_key(w, "tables");
    jsonw_array(w);
    learnt_table_begin(w, &held_out);
    jsonw_array(w);
    jsonw_text(w, "normal");
    jsonw_u64(w, r->n_held_out);
    jsonw_u64(w, r->n_alarmed);
    jsonw_f64(w, r->n_held_out > 0 ? (double)r->n_alarmed / (double)r->n_held_out
                                   : (double)NAN);
    jsonw_array_end(w);
    learnt_table_end(w);
    jsonw_array_end(w);
}

int train_stream(const struct lw_stream_train_config *cfg, const char *output,
                 const char *page, bool json)
{
    struct lw_stream_train_report report;
    struct lw_error err;
    enum lw_status st = lw_stream_train(output, cfg, &report, &err);

    progress_clear();
    if (st != LW_OK)
        return command_refused(st, &err);
    return learnt_tell(
        &(struct learnt){.output = output,
                         .how = "packets of captures, one after the other",
                         .of = &report,
                         .print = print_people,
                         .json = put_report,
                         .facts = put_facts,
                         .page = put_page},
        json, page);
}
