/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing explain: why a verdict is what it is, and what would change it; and whether
 * the alerts of a log are what the model says today.
 */
#include "base/outfile.h"
#include "cmd/command.h"
#include "cmd/explain_input.h"
#include "cmd/explain_replay.h"
#include "cmd/explained.h"
#include "cmd/model_path.h"
#include "cmd/print_json.h"
#include "cmd/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SOURCE_MAX = 640, EVENT_MAX = 256, PORT_MAX = 24 };

static struct {
    const char *model;
    const char *data;
    int64_t row;
    const char *replay;
    int64_t id;
    const char *normals;
    const char *write;
    int64_t top;
    bool json;
} o;

static const struct opt rows[] = {
    {"model", 'm', OPT_TO_TEXT(&o.model), .metavar = "FILE",
     .help = "the model; default attack.lwm, of an alert the one that judged it"},
    {"data", 0, OPT_TO_TEXT(&o.data), .metavar = "FILE",
     .help = "explain a record of this table; without it and without --replay, of "
             "standard input: CSV, or a JSON object of feature names and values"},
    {"row", 0, OPT_TO_INT(&o.row), .metavar = "N", .initial = "0", .min = 0,
     .max = 1e15,
     .help = "which row of the table, or which alert of the log, counted from 1; "
             "default the table's first"},
    {"replay", 0, OPT_TO_TEXT(&o.replay), .metavar = "FILE",
     .help = "judge the alerts of an EVE log that lapwing detect -w wrote again, and "
             "say whether every number is the same; with --id or --row explain one"},
    {"id", 0, OPT_TO_INT(&o.id), .metavar = "N", .initial = "0", .min = 0, .max = 1e15,
     .help = "the alert of this flow_id"},
    {"normals", 0, OPT_TO_TEXT(&o.normals), .metavar = "FILE",
     .help = "compare with the records of this table, all taken for normal, instead of "
             "those that the model file keeps"},
    {"write", 'w', OPT_TO_TEXT(&o.write), .metavar = "FILE",
     .help = "write the waterfall of the score too: a page (.html) or a picture "
             "(.svg) that needs nothing else"},
    {"top", 0, OPT_TO_INT(&o.top), .metavar = "N", .initial = "12", .min = 1,
     .max = LW_EXPLAIN_FEATURES_MAX, .help = "show that many features"},
    {"json", 0, OPT_TO_FLAG(&o.json), .help = "print as JSON"},
};

static const struct opt_group group = {"Options", rows, sizeof rows / sizeof rows[0]};
static const struct opt_group *const groups[] = {&group, NULL};

/* One run of the command. */
struct explanation {
    char model_path[MODEL_PATH_MAX];
    struct lw_classifier *c;  /* owned */
    struct lw_matrix normals; /* of --normals, owned */
    char source[SOURCE_MAX];
    char normals_from[SOURCE_MAX];
    float row[LW_EXPLAIN_FEATURES_MAX];
    /* Of a log. */
    bool found;
    char missing[13];  /* the model of an alert that is not here */
    uint64_t n_logged; /* alerts of the log, asked for or not */
    double first_id;   /* flow_id of the first of them; NaN: it has none */
    uint64_t n_alerts;
    uint64_t n_same;
    uint64_t n_of_others; /* alerts of another model than the first's */
    char difference[EVENT_MAX];
};

/* ---- the model ------------------------------------------------------------------- */

static enum lw_status load_named(struct explanation *x, struct lw_error *err)
{
    enum lw_status st = LW_OK;

    if (o.model != NULL)
        (void)snprintf(x->model_path, sizeof x->model_path, "%s", o.model);
    else
        st = model_path_find("attack.lwm", x->model_path, err);
    return st == LW_OK ? lw_classifier_load(&x->c, x->model_path, err) : st;
}

/* One of the files that are where models are, if it has the id. */
static bool load_if_it_is(struct explanation *x, const char *name, const char *id)
{
    if (model_path_find(name, x->model_path, NULL) != LW_OK ||
        lw_classifier_load(&x->c, x->model_path, NULL) != LW_OK)
        return false;
    if (strcmp(lw_classifier_id(x->c), id) == 0)
        return true;
    lw_classifier_free(x->c);
    x->c = NULL;
    return false;
}

/* The model that judged an alert. */
static enum lw_status load_by_id(struct explanation *x, const char *id,
                                 struct lw_error *err)
{
    static const char *const names[] = {LW_DETECT_MODEL, "attack.lwm", "classify.lwm",
                                        "botnet.lwm", "normal.lwm"};

    for (size_t i = 0; o.model == NULL && i < sizeof names / sizeof names[0]; i++)
        if (load_if_it_is(x, names[i], id))
            return LW_OK;
    if (o.model == NULL)
        return lw_fail(err, LW_ENOTFOUND,
                       "the alert's model %.12s is missing: no bundled model file has "
                       "this id; name the file with --model",
                       id);
    if (load_named(x, err) != LW_OK)
        return err != NULL ? err->code : LW_EIO;
    if (strcmp(lw_classifier_id(x->c), id) == 0)
        return LW_OK;
    return lw_fail(err, LW_EMISMATCH,
                   "the alert was judged by model %.12s; %.150s is another, %s", id,
                   x->model_path, lw_classifier_id(x->c));
}

static enum lw_status read_normals(struct explanation *x, struct lw_error *err)
{
    struct lw_frame *frame = NULL;
    struct lw_error why;
    enum lw_status st;

    if (o.normals == NULL)
        return LW_OK;
    st = lw_frame_read(&frame, o.normals, NULL, err);
    if (st != LW_OK)
        return st;
    st = lw_view_map(lw_classifier_view(x->c), frame, &x->normals, &why);
    lw_frame_free(frame);
    if (st != LW_OK)
        return lw_fail(err, st, "%s: %.200s", o.normals, why.msg);
    return x->normals.n_rows > 0
               ? LW_OK
               : lw_fail(err, LW_EFORMAT, "%s: has no records", o.normals);
}

/* ---- showing --------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);

    return n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0;
}

static enum lw_status write_picture(const struct explained *e, struct lw_error *err)
{
    struct outfile *f = NULL;
    enum lw_status st;

    if (o.write == NULL)
        return LW_OK;
    st = outfile_open(&f, o.write, err);
    if (st != LW_OK)
        return st;
    if (ends_with(o.write, ".svg"))
        explained_svg(outfile_stream(f), e, (size_t)o.top);
    else
        explained_page(outfile_stream(f), e, (size_t)o.top);
    return outfile_commit(f, err);
}

static int show(struct explanation *x)
{
    struct explained e = {
        .c = x->c,
        .model_path = x->model_path,
        .source = x->source,
        .row = x->row,
        .normals = o.normals != NULL ? &x->normals : lw_classifier_normals(x->c),
        .normals_from = o.normals != NULL ? o.normals : "kept in the model"};
    struct lw_error err;

    (void)snprintf(x->normals_from, sizeof x->normals_from, "%s%.400s",
                   o.normals != NULL ? "in " : "kept in the model",
                   o.normals != NULL ? o.normals : "");
    if (read_normals(x, &err) != LW_OK || explained_make(&e, &err) != LW_OK ||
        write_picture(&e, &err) != LW_OK)
        return command_error(&err);
    if (o.json)
        return print_json(explained_json, &e);
    explained_print(stdout, &e, (size_t)o.top);
    return STATUS_OK;
}

/* ---- alerts ---------------------------------------------------------------------- */

/* " port 80"; "" where the protocol has none. */
static const char *port_text(const struct json_value *event, const char *key,
                             char out[PORT_MAX])
{
    double port = 0;

    out[0] = '\0';
    if (json_number(json_get(event, key), &port))
        (void)snprintf(out, PORT_MAX, " port %.0f", port);
    return out;
}

/* "TCP 10.0.0.1 port 40000 -> 10.0.0.2 port 80 at 2020-01-02T03:04:06.750000+0000" */
static void event_text(const struct json_value *event, char out[EVENT_MAX])
{
    const char *const keys[] = {"src_ip", "dest_ip", "proto", "timestamp"};
    const char *text[4];
    char port[2][PORT_MAX];

    for (size_t i = 0; i < 4; i++) {
        text[i] = json_text(json_get(event, keys[i]));
        text[i] = text[i] == NULL ? "?" : text[i];
    }
    (void)snprintf(out, EVENT_MAX, "%.8s %.46s%s -> %.46s%s at %.31s", text[2], text[0],
                   port_text(event, "src_port", port[0]), text[1],
                   port_text(event, "dest_port", port[1]), text[3]);
}

static bool is_wanted(const struct json_value *event, uint64_t number)
{
    double id = 0;

    if (o.row > 0)
        return number == (uint64_t)o.row;
    return json_number(json_get(event, "flow_id"), &id) && (int64_t)id == o.id;
}

/* Judge an alert again.  *difference: NULL when nothing differs. */
static enum lw_status judge_again(struct explanation *x, const struct json_value *event,
                                  const char **difference, struct lw_error *err)
{
    struct lw_reason reasons[LW_MAX_REASONS];
    struct lw_verdict v;
    size_t n = 0;
    enum lw_status st = replay_vector(event, x->c, x->row, err);

    if (st == LW_OK)
        st = lw_classifier_judge(x->c, x->row, 1, &v, err);
    if (st == LW_OK)
        st = lw_classifier_explain(x->c, x->row, &v, reasons, LW_MAX_REASONS, &n, err);
    if (st == LW_OK)
        *difference = replay_difference(event, x->c, &v, reasons, n);
    return st;
}

static void note_difference(struct explanation *x, const struct json_value *event,
                            uint64_t number, const char *field)
{
    char text[EVENT_MAX];

    if (x->difference[0] != '\0')
        return;
    event_text(event, text);
    (void)snprintf(x->difference, sizeof x->difference, "alert %llu (%.180s): %s",
                   (unsigned long long)number, text, field);
}

static enum lw_status on_alert(void *ctx, const struct json_value *event,
                               uint64_t number, bool *stop, struct lw_error *err)
{
    struct explanation *x = ctx;
    bool one = o.id > 0 || o.row > 0;
    const char *difference = NULL;
    const char *id = NULL;
    enum lw_status st;

    if (x->n_logged++ == 0 && !json_number(json_get(event, "flow_id"), &x->first_id))
        x->first_id = (double)NAN;
    if (one && !is_wanted(event, number))
        return LW_OK;
    st = replay_model_id(event, &id, err);
    if (st == LW_OK && x->c == NULL)
        st = load_by_id(x, id, err);
    if (st != LW_OK)
        return st;
    x->n_alerts++;
    if (strcmp(id, lw_classifier_id(x->c)) != 0) {
        x->n_of_others++;
        (void)snprintf(x->missing, sizeof x->missing, "%.12s", id);
        return LW_OK;
    }
    st = judge_again(x, event, &difference, err);
    if (st != LW_OK)
        return st;
    if (difference == NULL)
        x->n_same++;
    else
        note_difference(x, event, number, difference);
    if (one) {
        const char *sign = replay_sign(event);
        char text[EVENT_MAX];

        event_text(event, text);
        (void)snprintf(x->source, sizeof x->source, "%.200s, alert %llu: %s%s%.40s%s",
                       o.replay, (unsigned long long)number, text,
                       sign == NULL ? "" : "; an alert by the sign ",
                       sign == NULL ? "" : sign,
                       sign == NULL ? "" : ", this is what the model alone says");
        x->found = *stop = true;
    }
    return LW_OK;
}

static void put_replay(struct jsonw *w, const void *of)
{
    const struct explanation *x = of;

    jsonw_put_text(w, "log", o.replay);
    jsonw_put_text(w, "model", x->c == NULL ? "" : lw_classifier_id(x->c));
    jsonw_put_u64(w, "alerts", x->n_alerts);
    jsonw_put_u64(w, "same", x->n_same);
    jsonw_put_u64(w, "differ", x->n_alerts - x->n_same - x->n_of_others);
    jsonw_put_u64(w, "of_other_models", x->n_of_others);
    jsonw_put_text(w, "first_difference", x->difference);
}

static int conclude(const struct explanation *x)
{
    uint64_t n_differ = x->n_alerts - x->n_same - x->n_of_others;
    char alerts[64];
    char same[TEXT_MAX];

    if (o.json && print_json(put_replay, x) != STATUS_OK)
        return STATUS_FAILED;
    if (!o.json)
        (void)printf(
            "%s judged again by %s (%s): %s the same, bit for bit\n",
            text_plural(x->n_alerts - x->n_of_others, "alert", alerts, sizeof alerts),
            x->c == NULL ? "no model" : x->model_path,
            x->c == NULL ? "-" : lw_classifier_id(x->c), text_count(x->n_same, same));
    if (x->n_of_others > 0)
        command_warn("%s: %llu alerts are of other models, such as %s; judge them with "
                     "--model FILE and --id",
                     o.replay, (unsigned long long)x->n_of_others, x->missing);
    if (n_differ > 0)
        return command_fail("%s: %llu alerts are not what the model says now; %s",
                            o.replay, (unsigned long long)n_differ, x->difference);
    return STATUS_OK;
}

static int not_found(const struct explanation *x)
{
    char alerts[64];

    if (x->n_logged == 0)
        return command_fail("%s: there are no alerts in it", o.replay);
    (void)text_plural(x->n_logged, "alert", alerts, sizeof alerts);
    if (o.row > 0)
        return command_fail("%s: there is no alert number %lld; it has %s", o.replay,
                            (long long)o.row, alerts);
    return command_fail(
        "%s: there is no alert of flow_id %lld; it has %s, the first of "
        "flow_id %.0f (--row takes them by number)",
        o.replay, (long long)o.id, alerts, x->first_id);
}

static int run_replay(struct explanation *x)
{
    bool one = o.id > 0 || o.row > 0;
    struct lw_error err;
    int status;

    if (replay_each(o.replay, on_alert, x, &err) != LW_OK)
        return command_error(&err);
    if (!one)
        return conclude(x);
    if (!x->found)
        return not_found(x);
    status = show(x);
    if (status != STATUS_OK)
        return status;
    if (x->difference[0] != '\0')
        return command_fail("%s: the alert is not what the model says now; %s",
                            o.replay, x->difference);
    command_note("score, p-values and reasons are those of the alert, bit for bit");
    return STATUS_OK;
}

/* ---- records --------------------------------------------------------------------- */

static int run_record(struct explanation *x)
{
    uint64_t number = o.row > 0 ? (uint64_t)o.row : 1;
    const struct lw_view *view;
    struct lw_error err;
    enum lw_status st = load_named(x, &err);

    if (st != LW_OK)
        return command_error(&err);
    view = lw_classifier_view(x->c);
    st = o.data != NULL ? explain_read_table(o.data, view, number, x->row, &err)
                        : explain_read_stdin(view, number, x->row, &err);
    if (st != LW_OK)
        return command_error(&err);
    (void)snprintf(x->source, sizeof x->source, "%.400s, row %llu",
                   o.data != NULL ? o.data : "standard input",
                   (unsigned long long)number);
    return show(x);
}

static int run_explain(char *const *words, size_t n_words)
{
    struct explanation x = {0};
    int status;

    (void)words;
    (void)n_words;
    if (o.replay != NULL && o.data != NULL)
        return command_usage("--replay or --data, not both");
    if (o.id > 0 && (o.replay == NULL || o.row > 0))
        return command_usage("--id is of --replay, instead of --row");
    if (o.write != NULL && !ends_with(o.write, ".svg") && !ends_with(o.write, ".html"))
        return command_usage("-w writes .html or .svg");
    if (o.write != NULL && o.replay != NULL && o.id == 0 && o.row == 0)
        return command_usage("-w needs one alert: --id or --row");
    status = o.replay != NULL ? run_replay(&x) : run_record(&x);
    lw_matrix_release(&x.normals);
    lw_classifier_free(x.c);
    return status;
}

const struct command command_explain = {
    .name = "explain",
    .help = "say why a verdict is what it is and what would change it",
    .synopsis = "[--data FILE | --replay FILE]",
    .doc =
        "Of one record: verdict, probabilities, p-values of the classes, the score of "
        "its class taken apart into every feature with what is usual, the normal "
        "record "
        "that is most like it, and the smallest change found that another verdict "
        "would follow. The change is a statement about the model: its values occur in "
        "normal records one by one, not always together.\n\n"
        "--replay judges the alerts of a log again. An alert names its model by digest "
        "and carries what was judged, so every number and word must come out the same; "
        "where one does not, or the model is missing, that is said and the exit status "
        "is 1.",
    .examples = "# the third record of a table, with a picture\n"
                "lapwing explain --data KDDTrain+.txt --row 3 -w why.html\n"
                "# the first connection of a capture\n"
                "lapwing features -r incident.pcap | lapwing explain\n"
                "# are the alerts of a log what the model says?\n"
                "lapwing explain --replay eve.json\n"
                "# why the alert of flow 17?\n"
                "lapwing explain --replay eve.json --id 17 -w why.svg\n",
    .groups = groups,
    .run = run_explain,
};
