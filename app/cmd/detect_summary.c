/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/detect_summary.h"

#include "cmd/command.h"
#include "cmd/rate_print.h"
#include "cmd/terminal.h"
#include "cmd/text.h"

#include <string.h>

enum { CLASS_COLUMNS = 16, COUNT_COLUMNS = 12, REASON_COLUMN = 7, NAMED_FEATURES = 4 };

/* Attacks first, as one reads them; normal traffic last. */
static const enum lw_verdict_class class_order[] = {
    LW_VERDICT_DOS,
    LW_VERDICT_PROBE,
    LW_VERDICT_R2L,
    LW_VERDICT_U2R,
    LW_VERDICT_BOTNET,
    LW_VERDICT_ANOMALY,
    LW_VERDICT_NOT_RECOGNIZED,
    LW_VERDICT_NORMAL,
};

_Static_assert(sizeof class_order / sizeof class_order[0] == LW_N_VERDICTS,
               "every class has a place in the summary");

static const char *bold(FILE *f)
{
    return terminal_style(f, STYLE_BOLD);
}

static const char *plain(FILE *f)
{
    return terminal_style(f, STYLE_NONE);
}

static const char *class_colour(FILE *f, enum lw_verdict_class c)
{
    enum terminal_style style = STYLE_RED;

    if (c == LW_VERDICT_NORMAL)
        style = STYLE_GREEN;
    else if (c == LW_VERDICT_NOT_RECOGNIZED || c == LW_VERDICT_ANOMALY)
        style = STYLE_YELLOW;
    return terminal_style(f, style);
}

/* ---- pieces ---------------------------------------------------------------------- */

static void endpoint_text(const struct lw_record *rec, unsigned side, char *out,
                          size_t size)
{
    char addr[LW_ADDR_TEXT_MAX];

    (void)lw_record_addr_text(rec, side, addr);
    if (!rec->has_ports)
        (void)snprintf(out, size, "%s", addr);
    else
        (void)snprintf(out, size, rec->ip_version == 6 ? "[%s]:%u" : "%s:%u", addr,
                       rec->port[side]);
}

const char *summary_flow_text(const struct lw_record *rec, char out[FLOW_TEXT_MAX])
{
    unsigned from = lw_record_initiator(rec);
    char src[LW_ADDR_TEXT_MAX + 8];
    char dst[LW_ADDR_TEXT_MAX + 8];
    char proto[16];

    endpoint_text(rec, from, src, sizeof src);
    endpoint_text(rec, from ^ 1, dst, sizeof dst);
    (void)snprintf(out, FLOW_TEXT_MAX, "%s %s -> %s", lw_record_proto_text(rec, proto),
                   src, dst);
    return out;
}

/* Never "100 %": no model is. */
static void print_confidence(FILE *f, float confidence)
{
    if (confidence > 0.999F)
        (void)fputs("> 99.9 %", f);
    else
        (void)fprintf(f, "%.1f %%", (double)confidence * 100);
}

/* ", or R2L": classes that could not be excluded besides the one that is said. */
static void print_others(FILE *f, const struct lw_classifier *c,
                         const struct lw_verdict *v)
{
    const char *said = lw_verdict_name(v->verdict);

    for (uint32_t k = 0; k < v->n_classes_p; k++)
        if ((v->class_set >> k & 1) != 0 &&
            strcmp(lw_classifier_class_name(c, k), said) != 0)
            (void)fprintf(f, ", or %s", lw_classifier_class_name(c, k));
}

enum lw_status summary_reasons(const struct detect_summary *s, const struct suspect *p,
                               struct lw_reason out[SUMMARY_REASONS], size_t *n_out,
                               struct lw_error *err)
{
    if (p->is_by_other) {
        memcpy(out, p->said, p->n_said * sizeof out[0]);
        *n_out = p->n_said;
        return LW_OK;
    }
    if (p->sign == NULL)
        return lw_classifier_explain(s->classifier, p->values, &p->worst_verdict, out,
                                     SUMMARY_REASONS, n_out, err);
    out[0] = p->sign_reason;
    *n_out = 1;
    return LW_OK;
}

enum lw_status summary_print_alert(FILE *f, const struct lw_classifier *c,
                                   const struct lw_finding *finding, uint64_t n_flows,
                                   struct lw_error *err)
{
    const struct lw_verdict *v = &finding->verdict;
    struct lw_reason reasons[SUMMARY_REASONS];
    size_t n_reasons = 0;
    char clock[TEXT_MAX];
    char flow[FLOW_TEXT_MAX];
    enum lw_status st = LW_OK;

    if (finding->sign != NULL)
        reasons[n_reasons++] = finding->reasons[0];
    else
        st = lw_classifier_explain(c, finding->values, v, reasons, SUMMARY_REASONS,
                                   &n_reasons, err);
    if (st != LW_OK)
        return st;
    (void)fprintf(f, "%s %s%s%s ", text_clock(finding->rec->end_ns, clock),
                  class_colour(f, v->verdict), lw_verdict_name(v->verdict), plain(f));
    print_confidence(f, v->confidence);
    print_others(f, c, v);
    (void)fprintf(f, "  %s", summary_flow_text(finding->rec, flow));
    if (n_flows > 1) {
        char count[TEXT_MAX];

        (void)fprintf(f, " (%s so far)", text_count(n_flows, count));
    }
    for (size_t i = 0; i < n_reasons; i++)
        (void)fprintf(f, "%s%s", i == 0 ? ": " : "; ", reasons[i].words);
    (void)fputc('\n', f);
    (void)fflush(f);
    return LW_OK;
}

/* ---- the parts of the summary ---------------------------------------------------- */

static void print_facts(FILE *f, const struct detect_summary *s)
{
    const struct capture_report *r = s->report;
    char packets[48];
    char flows[48];

    (void)fprintf(f, "%s%s%s\n", bold(f), s->source, plain(f));
    (void)fprintf(
        f, "%s, %s", text_plural(r->capture.seen, "packet", packets, sizeof packets),
        text_plural(s->stats->meter.flows_created, "flow", flows, sizeof flows));
    if (r->any) {
        char span[TEXT_MAX];
        char from[TEXT_MAX];
        char to[TEXT_MAX];

        (void)fprintf(f, ", %s\n%s to %s UTC",
                      text_duration(r->last_ns - r->first_ns, span),
                      text_time(r->first_ns, from), text_time(r->last_ns, to));
    }
    (void)fputc('\n', f);
}

static void add_end(struct buf *out, const struct suspect_group *g, unsigned side)
{
    uint64_t n = side == 0 ? g->n_sources : g->n_destinations;
    char addr[LW_ADDR_TEXT_MAX];

    if (side == 0 && g->more_sources) {
        buf_add_text(out, "many sources");
        return;
    }
    if (n > 1) {
        char count[48];

        buf_add_text(
            out, text_plural(n, side == 0 ? "source" : "host", count, sizeof count));
        return;
    }
    (void)lw_record_addr_text(&g->any->worst,
                              lw_record_initiator(&g->any->worst) ^ side, addr);
    buf_add_text(out, addr);
}

static void print_group(FILE *f, const struct suspect_group *g)
{
    static const size_t indent = CLASS_COLUMNS + COUNT_COLUMNS + 1;
    char count[TEXT_MAX];
    struct buf text;

    buf_init(&text);
    buf_add_text(&text, "from ");
    add_end(&text, g, 0);
    buf_add_text(&text, " to ");
    add_end(&text, g, 1);
    if (g->port_min < g->port_max)
        buf_printf(&text, ", ports %u-%u", g->port_min, g->port_max);
    else if (g->port_min == g->port_max)
        buf_printf(&text, ", port %u", g->port_min);
    (void)fprintf(f, "%*s%*s ", CLASS_COLUMNS, "", COUNT_COLUMNS,
                  text_count(g->n_flows, count));
    text_wrap(f, buf_text(&text), indent, indent, terminal_width(f));
    buf_release(&text);
}

static enum lw_status print_class(FILE *f, const struct detect_summary *s,
                                  enum lw_verdict_class c, struct lw_error *err)
{
    struct suspect_group groups[SUSPECT_GROUPS_MAX];
    size_t n = 0;
    uint64_t rest = 0;
    uint64_t n_flows = s->stats->by_class[c];
    char count[TEXT_MAX];
    enum lw_status st;

    if (n_flows == 0)
        return LW_OK;
    (void)fprintf(f, "  %s%-*s%s%*s %s\n", class_colour(f, c), CLASS_COLUMNS - 2,
                  lw_verdict_name(c), plain(f), COUNT_COLUMNS,
                  text_count(n_flows, count), n_flows == 1 ? "flow" : "flows");
    if (c == LW_VERDICT_NORMAL)
        return LW_OK;
    st = suspects_groups(s->suspects, c, groups, &n, &rest, err);
    if (st != LW_OK)
        return st;
    for (size_t i = 0; i < n; i++)
        print_group(f, &groups[i]);
    if (rest > 0)
        (void)fprintf(f, "%*s%*s others\n", CLASS_COLUMNS, "", COUNT_COLUMNS,
                      text_count(rest, count));
    return LW_OK;
}

static enum lw_status print_suspect(FILE *f, const struct detect_summary *s,
                                    size_t rank, const struct suspect *p,
                                    struct lw_error *err)
{
    struct lw_reason reasons[SUMMARY_REASONS];
    size_t n_reasons = 0;
    char clock[TEXT_MAX];
    char flow[FLOW_TEXT_MAX];
    enum lw_status st = summary_reasons(s, p, reasons, &n_reasons, err);

    if (st != LW_OK)
        return st;
    (void)fprintf(f, "%3zu. %s%s%s ", rank, class_colour(f, p->verdict),
                  lw_verdict_name(p->verdict), plain(f));
    print_confidence(f, p->worst_verdict.confidence);
    print_others(f, s->classifier, &p->worst_verdict);
    (void)fprintf(f, "  %s\n", summary_flow_text(&p->worst, flow));
    for (size_t i = 0; i < n_reasons; i++) {
        (void)fputs("     - ", f);
        text_wrap(f, reasons[i].words, REASON_COLUMN, REASON_COLUMN, terminal_width(f));
    }
    (void)fprintf(f, "     %sat %s", terminal_style(f, STYLE_DIM),
                  text_clock(p->worst.start_ns, clock));
    if (p->n_flows > 1) {
        char count[TEXT_MAX];

        (void)fprintf(f, ", one of %s such flows%s", text_count(p->n_flows, count),
                      p->many_sources ? " from many sources" : " between the two");
    }
    (void)fprintf(f, "%s\n", plain(f));
    return LW_OK;
}

static enum lw_status print_worst(FILE *f, const struct detect_summary *s,
                                  struct lw_error *err)
{
    const struct suspect *worst[SUMMARY_TOP_MAX];
    size_t n = suspects_worst(s->suspects, worst, s->top);

    if (n > 0)
        (void)fprintf(f, "\n%sMost suspicious%s\n", bold(f), plain(f));
    for (size_t i = 0; i < n; i++) {
        enum lw_status st = print_suspect(f, s, i + 1, worst[i], err);

        if (st != LW_OK)
            return st;
    }
    return LW_OK;
}

static bool is_unavailable(const struct lw_feature *f)
{
    return f->evidence[LW_SOURCE_PACKETS] == LW_EVIDENCE_UNAVAILABLE;
}

/* What the verdicts could not rest on. */
static void print_unavailable(FILE *f, const struct lw_view *view)
{
    struct buf text;
    unsigned n = 0;
    unsigned named = 0;

    for (size_t i = 0; i < view->n_features; i++)
        n += is_unavailable(&view->features[i]) ? 1 : 0;
    if (n == 0)
        return;
    buf_init(&text);
    buf_printf(&text, "%u of %u features of view %s are not to be had from packets (",
               n, view->n_features, view->name);
    for (size_t i = 0; i < view->n_features; i++) {
        if (!is_unavailable(&view->features[i]))
            continue;
        if (named == NAMED_FEATURES && !command_verbose())
            break;
        buf_printf(&text, "%s%s", named++ == 0 ? "" : ", ", view->features[i].name);
    }
    buf_printf(&text, "%s); the verdicts rest on the others.",
               named < n ? ", ..." : "");
    (void)fputc('\n', f);
    text_wrap(f, buf_text(&text), 0, 0, terminal_width(f));
    buf_release(&text);
}

static void print_damage(FILE *f, const struct detect_summary *s)
{
    char damage[CAPTURE_DAMAGE_MAX];

    capture_damage(&s->report->capture, &s->stats->meter, damage);
    if (damage[0] == '\0')
        return;
    (void)fprintf(f, "\n%sDamage:%s ", terminal_style(f, STYLE_YELLOW), plain(f));
    text_wrap(f, damage, sizeof "Damage:", 0, terminal_width(f));
}

/* Records that have no row in the view, so that flows and verdicts add up. */
static void print_unjudged(FILE *f, const struct detect_summary *s)
{
    uint64_t n = s->stats->meter.records - s->stats->rows;
    if (n > 0) {
        char count[TEXT_MAX];

        (void)fprintf(f, "  %-*s%*s %s of kinds the model does not know\n",
                      CLASS_COLUMNS - 2, "Not judged", COUNT_COLUMNS,
                      text_count(n, count), n == 1 ? "flow" : "flows");
    }
}

static void print_count(FILE *f, const char *what, uint64_t n)
{
    char count[TEXT_MAX];

    if (n > 0)
        (void)fprintf(f, "  %-32s%*s\n", what, COUNT_COLUMNS, text_count(n, count));
}

/* Who said what, and how far they agree. */
static void print_fusion(FILE *f, const struct fuse *fuse)
{
    const struct fuse_totals *t = fuse_get(fuse);

    (void)fprintf(f, "\n%sOne verdict of %zu models%s, at most %g of normal flows\n",
                  bold(f), fuse_models(fuse), plain(f), fuse_level(fuse));
    print_count(f, "all say normal", t->agreed_normal);
    print_count(f, "all say the same attack", t->agreed_attack);
    print_count(f, "disputed", t->disputed);
    print_count(f, "one model alone knows the flow", t->one_voice);
    print_count(f, "by a sign, whatever models say", t->by_sign);
    for (size_t i = 0; i < fuse_models(fuse); i++) {
        char heard[TEXT_MAX];
        char alone[TEXT_MAX];
        uint64_t n_heard;
        uint64_t n_alone;
        const struct lw_classifier *c = fuse_model(fuse, i, &n_heard, &n_alone);

        (void)fprintf(f, "  model %s (view %s): %s judged, %s alarmed alone\n",
                      lw_classifier_id(c), lw_classifier_view(c)->name,
                      text_count(n_heard, heard), text_count(n_alone, alone));
    }
}

enum lw_status summary_print(FILE *f, const struct detect_summary *s,
                             struct lw_error *err)
{
    const char *file = strrchr(s->model_path, '/');
    enum lw_status st;

    print_facts(f, s);
    (void)fprintf(f, "model %s %s\n\n", file == NULL ? s->model_path : file + 1,
                  lw_classifier_id(s->classifier));
    for (size_t i = 0; i < LW_N_VERDICTS; i++) {
        st = print_class(f, s, class_order[i], err);
        if (st != LW_OK)
            return st;
    }
    print_unjudged(f, s);
    if (s->stats->meter.records == 0)
        (void)fputs("  No flows.\n", f);
    else if (s->stats->alerts == 0)
        (void)fputs("\nNothing suspicious.\n", f);
    st = print_worst(f, s, err);
    if (st != LW_OK)
        return st;
    if (s->fuse != NULL)
        print_fusion(f, s->fuse);
    if (s->rate != NULL) {
        (void)fputs("\nBeside it\n", f);
        rate_print_line(f, s->rate);
    }
    print_unavailable(f, lw_classifier_view(s->classifier));
    print_damage(f, s);
    return LW_OK;
}
