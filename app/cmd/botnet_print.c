/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/botnet_print.h"

#include "cmd/text.h"

#include <math.h>
#include <stdio.h>

enum { NAME_WIDTH = 30 };

/* "97.1", or nothing where there is nothing to tell. */
static const char *percent(double share, char out[16])
{
    if (isnan(share))
        (void)snprintf(out, 16, "-");
    else
        (void)snprintf(out, 16, "%.1f", 100 * share);
    return out;
}

static void print_line(const char *name, const struct lw_botnet_figures *f)
{
    char n[7][16];

    (void)printf("%-*.*s %7llu %7llu  %6.3f  %5s %6s   %6s %6s   %5s %6s\n", NAME_WIDTH,
                 NAME_WIDTH, name, (unsigned long long)f->n_benign,
                 (unsigned long long)f->n_malicious, f->roc_auc,
                 percent(f->rule_false_alarm, n[0]), percent(f->rule_recall, n[1]),
                 percent(f->recall_at_rule, n[2]), percent(f->recall_at_1e2, n[3]),
                 percent(f->false_alarm, n[4]), percent(f->recall, n[5]));
}

void botnet_print_captures(const struct lw_botnet_report *r)
{
    uint64_t background = 0;
    char count[TEXT_MAX];
    char from[32];

    (void)snprintf(from, sizeof from, "from %g on", r->threshold);
    (void)printf("%-*s %7s %7s  %6s  %12s   %13s   %12s\n"
                 "%-*s %7s %7s  %6s  %5s %6s   %6s %6s   %5s %6s\n",
                 NAME_WIDTH, "", "", "", "", "TCP, no reply", "model, recall", from,
                 NAME_WIDTH, "capture", "benign", "malic.", "AUC", "false", "recall",
                 "there", "at 1 %", "false", "recall");
    for (uint32_t i = 0; i < r->n_captures; i++) {
        print_line(r->capture[i].name, &r->capture[i].figures);
        background += r->capture[i].figures.n_background;
    }
    if (r->pooled.n_benign > 0) {
        (void)printf("\n");
        print_line("pooled, 200 of either or more", &r->pooled);
    }
    (void)printf("\n%s flows labelled as neither were left out.  Threshold %g.\n",
                 text_count(background, count), r->threshold);
}

static void put_figures(struct jsonw *w, const struct lw_botnet_figures *f)
{
    jsonw_put_u64(w, "benign", f->n_benign);
    jsonw_put_u64(w, "malicious", f->n_malicious);
    jsonw_put_u64(w, "background", f->n_background);
#define PUT_SHARE(name) jsonw_put_f64(w, #name, f->name);
    LW_BOTNET_SHARE_LIST(PUT_SHARE)
#undef PUT_SHARE
}

void botnet_put_captures(struct jsonw *w, const struct lw_botnet_report *r)
{
    jsonw_put_f64(w, "threshold", r->threshold);
    jsonw_key(w, "pooled");
    jsonw_object(w);
    put_figures(w, &r->pooled);
    jsonw_object_end(w);
    jsonw_key(w, "captures");
    jsonw_array(w);
    for (uint32_t i = 0; i < r->n_captures; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "name", r->capture[i].name);
        jsonw_put_bool(w, "pooled", r->capture[i].is_pooled);
        put_figures(w, &r->capture[i].figures);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}
