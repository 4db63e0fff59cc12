/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/capture_page.h"

#include "base/digest.h"
#include "base/timefmt.h"
#include "serve/judge.h"
#include "serve/present.h"
#include "serve/server_priv.h"
#include "store/alerts.h"

#include <stdio.h>
#include <string.h>

enum { ALERTS_MAX = 500, TOP_MAX = 10 };

static const char style[] =
    "\nbody{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;"
    "padding:0 1rem;color:#1b1b1f;background:#fff}\n"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}\n"
    "th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #ddd;"
    "vertical-align:top}\ntd.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "\n"
    "h2{margin-top:2rem}.critical,.high{font-weight:700}\n";

/* Wherever the page goes: nothing runs in it, and nothing is fetched. */
static void put_head(struct buf *out)
{
    uint8_t digest[SHA256_BYTES];
    char hash[4 * ((SHA256_BYTES + 2) / 3) + 1];

    digest_sha256(style, sizeof style - 1, digest);
    digest_base64(digest, sizeof digest, hash);
    buf_printf(out,
               "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
               "'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-%s'\">\n"
               "<title>Lapwing: what was found</title>\n<style>%s</style></head>"
               "<body>\n",
               hash, style);
}

/* ---- text ------------------------------------------------------------------------ */

static void put(struct buf *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        switch (*text) {
        case '<':
            buf_add_text(out, "&lt;");
            break;
        case '>':
            buf_add_text(out, "&gt;");
            break;
        case '&':
            buf_add_text(out, "&amp;");
            break;
        case '"':
            buf_add_text(out, "&quot;");
            break;
        default:
            buf_add_char(out, *text);
        }
    }
}

static void put_when(struct buf *out, int64_t time_ns)
{
    char text[TIMEFMT_MAX];

    if (time_ns == 0)
        return;
    (void)timefmt_argus(time_ns, text);
    put(out, text);
}

static void cell(struct buf *out, const char *text)
{
    buf_add_text(out, "<td>");
    put(out, text);
    buf_add_text(out, "</td>");
}

static void number_cell(struct buf *out, uint64_t n)
{
    buf_printf(out, "<td class=\"n\">%llu</td>", (unsigned long long)n);
}

/* ---- parts ----------------------------------------------------------------------- */

static void on_capture(void *ctx, const struct store_capture *c)
{
    struct buf *out = ctx;

    put_head(out);
    buf_add_text(out, "<h1>");
    put(out, c->name);
    buf_printf(out,
               "</h1>\n<p>%llu packets, %llu flows, %llu bytes; SHA-256 <code>%s</code>"
               "</p>\n<p>",
               (unsigned long long)c->packets, (unsigned long long)c->flows,
               (unsigned long long)c->size_bytes, c->sha256);
    put_when(out, c->first_ns);
    buf_add_text(out, " to ");
    put_when(out, c->last_ns);
    buf_add_text(out, " UTC</p>\n");
}

static void put_classes(struct buf *out, const struct store_summary *s)
{
    buf_add_text(out, "<h2>Flows by class</h2>\n<table><tr><th>Class</th>"
                      "<th class=\"n\">Flows</th></tr>\n");
    for (int k = 0; k < LW_N_VERDICTS; k++) {
        if (s->by_class[k] == 0)
            continue;
        buf_add_text(out, "<tr>");
        cell(out, lw_verdict_name((enum lw_verdict_class)k));
        number_cell(out, s->by_class[k]);
        buf_add_text(out, "</tr>\n");
    }
    buf_add_text(out, "</table>\n");
}

static void put_models(struct buf *out, struct server *s)
{
    buf_add_text(out, "<h2>Models that judge now</h2>\n<table><tr><th>Detector</th>"
                      "<th>Model</th><th class=\"n\">Threshold</th></tr>\n");
    for (int i = 0; i < N_JUDGES; i++) {
        struct model *m = models_take(s->models, judge_roles[i]);

        if (m == NULL)
            continue;
        buf_add_text(out, "<tr>");
        cell(out, model_role_names[judge_roles[i]]);
        cell(out, lw_classifier_id(m->classifier));
        if (settings_rule(s, m) < 0)
            buf_add_text(out, "<td class=\"n\">its own, by class</td></tr>\n");
        else
            buf_printf(out, "<td class=\"n\">%.4g</td></tr>\n",
                       (double)settings_rule(s, m));
        model_drop(m);
    }
    buf_add_text(out, "</table>\n");
}

static void put_end(struct buf *out, const struct store_addr *a, const char *name,
                    uint64_t n)
{
    char text[STORE_ADDR_TEXT_MAX];

    (void)store_addr_text(a, text);
    buf_add_text(out, "<td>");
    if (text[0] == '\0')
        buf_printf(out, "%llu hosts", (unsigned long long)n);
    put(out, text);
    if (name != NULL && name[0] != '\0') {
        buf_add_text(out, "<br>");
        put(out, name);
    }
    buf_add_text(out, "</td>");
}

static void on_alert(void *ctx, const struct store_alert *a)
{
    struct buf *out = ctx;
    const char *severity = a->severity <= 4 ? severity_names[a->severity] : "";

    buf_printf(out, "<tr class=\"%s\">", severity);
    cell(out, severity);
    buf_add_text(out, "<td>");
    put(out, lw_verdict_name(a->verdict));
    if (a->attack_id != NULL && a->attack_id[0] != '\0') {
        buf_add_text(out, "<br>");
        put(out, a->attack_id);
    }
    buf_add_text(out, "</td>");
    put_end(out, &a->source, a->source_name, a->sources);
    put_end(out, &a->destination, a->destination_name, a->destinations);
    number_cell(out, a->flows);
    buf_add_text(out, "<td>");
    put_when(out, a->first_ns);
    buf_add_text(out, "</td>");
    cell(out, a->words);
    buf_add_text(out, "</tr>\n");
}

static enum lw_status put_alerts(struct buf *out, struct server *s, int64_t capture,
                                 struct lw_error *err)
{
    struct store_page page = {.limit = ALERTS_MAX};
    struct store_alert_filter filter;
    enum lw_status st;

    store_alert_filter_init(&filter);
    filter.capture = capture;
    filter.resolved = -1;
    filter.sort = STORE_ALERT_SEVERITY;
    buf_add_text(out, "<h2>Alerts</h2>\n<table><tr><th>Severity</th><th>Class</th>"
                      "<th>Source</th><th>Destination</th><th class=\"n\">Flows</th>"
                      "<th>First</th><th>Why</th></tr>\n");
    st = store_alert_list(s->store, &filter, &page, on_alert, out, err);
    buf_add_text(out, "</table>\n");
    if (page.next[0] != '\0')
        buf_printf(out, "<p>The gravest %d; there are more.</p>\n", ALERTS_MAX);
    return st;
}

static void on_top(void *ctx, const struct store_top_row *row)
{
    struct buf *out = ctx;

    buf_add_text(out, "<tr>");
    cell(out, row->key);
    number_cell(out, row->flows);
    number_cell(out, row->packets);
    number_cell(out, row->bytes);
    number_cell(out, row->alerted);
    buf_add_text(out, "</tr>\n");
}

static enum lw_status put_tops(struct buf *out, struct server *s,
                               const struct store_flow_filter *f, struct lw_error *err)
{
    static const struct {
        const char *title;
        enum store_top what;
    } tops[] = {{"Sources", STORE_TOP_SOURCES},
                {"Destinations", STORE_TOP_DESTINATIONS},
                {"Services", STORE_TOP_SERVICES}};
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < sizeof tops / sizeof tops[0]; i++) {
        buf_printf(out,
                   "<h2>%s</h2>\n<table><tr><th></th><th class=\"n\">Flows</th>"
                   "<th class=\"n\">Packets</th><th class=\"n\">Bytes</th>"
                   "<th class=\"n\">Alerted</th></tr>\n",
                   tops[i].title);
        st = store_stats_top(s->store, tops[i].what, STORE_BY_FLOWS, f, TOP_MAX, on_top,
                             out, err);
        buf_add_text(out, "</table>\n");
    }
    return st;
}

enum lw_status capture_page_write(struct server *s, int64_t capture, struct buf *out,
                                  struct lw_error *err)
{
    struct store_flow_filter filter;
    struct store_summary summary;
    enum lw_status st = store_capture_get(s->store, capture, on_capture, out, err);

    store_flow_filter_init(&filter);
    filter.capture = capture;
    if (st == LW_OK)
        st = store_stats_summary(s->store, &filter, &summary, err);
    if (st != LW_OK)
        return st;
    put_classes(out, &summary);
    put_models(out, s);
    st = put_alerts(out, s, capture, err);
    if (st == LW_OK)
        st = put_tops(out, s, &filter, err);
    buf_printf(out, "<p>Lapwing %s</p>\n</body></html>\n", lw_version());
    return st;
}
