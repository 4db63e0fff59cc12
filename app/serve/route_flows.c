/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "serve/answer.h"
#include "serve/cut.h"
#include "serve/flow_csv.h"
#include "serve/nearest.h"
#include "serve/present.h"
#include "serve/problem.h"
#include "serve/pseudonym.h"
#include "serve/route.h"
#include "serve/server_priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- filters --------------------------------------------------------------------- */

static void read_filter(struct params *p, struct store_flow_filter *f)
{
    static const char *const names[] = {
        "capture",  "from",    "to",    "host",      "source",  "destination", "port",
        "protocol", "service", "class", "min_score", "alerted", "sort",        "order"};

    store_flow_filter_init(f);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = params_text(p, names[i]);
        struct lw_error err;

        if (text != NULL &&
            store_flow_filter_set(f, names[i], span_of(text, strlen(text)), &err) !=
                LW_OK)
            params_wrong(p, names[i], err.msg);
    }
}

static void on_flow(void *ctx, const struct store_flow *f)
{
    put_flow(ctx, f);
}

void route_flow_list(const struct call *c)
{
    struct store_flow_filter filter;
    struct answer_page page;
    struct params p;
    struct lw_error err;

    params_init(&p, c->req->query, c->reply);
    read_filter(&p, &filter);
    answer_page_params(&page, &p);
    if (!params_end(&p))
        return;
    answer_page_begin(&page, c->reply);
    answer_page_end(
        &page,
        store_flow_list(c->server->store, &filter, &page.page, on_flow, &page.w, &err),
        &err);
}

struct detail {
    struct jsonw w;
    struct server *server;
};

static void on_detail(void *ctx, const struct store_flow *f)
{
    struct detail *d = ctx;

    jsonw_object(&d->w);
    put_flow_detail(&d->w, f);
    nearest_put(&d->w, d->server, f);
    jsonw_object_end(&d->w);
}

void route_flow_get(const struct call *c)
{
    struct detail d = {.server = c->server};
    struct lw_error err;
    int64_t id;

    if (!route_id(c, 0, &id))
        return;
    jsonw_init(&d.w, c->reply->body);
    answer_one_end(c->reply, store_flow_get(c->server->store, id, on_detail, &d, &err),
                   &err);
}

/* ---- export ---------------------------------------------------------------------- */

/* A file under way: pages of the list, one after the other. */
struct export
{
    struct store *store; /* borrowed: outlives requests */
    struct store_flow_filter filter;
    struct store_page page;
    char cursor[STORE_CURSOR_MAX];
    bool csv;
    bool hide; /* addresses */
    bool at_end;
    struct pseudonym pseudonym;
    struct buf out; /* not sent yet from `sent` on */
    size_t sent;
};

static void on_export(void *ctx, const struct store_flow *f)
{
    struct export *e = ctx;
    struct store_flow shown = *f;
    struct jsonw w;

    if (e->hide) {
        for (unsigned side = 0; side < 2; side++) {
            pseudonym_replace(&e->pseudonym, &shown.addr[side]);
            shown.name[side] = NULL;
        }
        shown.community_id = NULL;
        shown.words = NULL;
    }
    if (e->csv) {
        flow_csv_put(&e->out, &shown);
        return;
    }
    jsonw_init(&w, &e->out);
    put_flow(&w, &shown);
    buf_add_char(&e->out, '\n');
}

static enum lw_status next_page(struct export *e, struct lw_error *err)
{
    enum lw_status st =
        store_flow_list(e->store, &e->filter, &e->page, on_export, e, err);

    memcpy(e->cursor, e->page.next, sizeof e->cursor);
    e->page.cursor = e->cursor;
    e->at_end = e->cursor[0] == '\0';
    if (st == LW_OK && !buf_ok(&e->out))
        return lw_fail(err, LW_ENOMEM, "out of memory");
    return st;
}

static ssize_t export_read(void *ctx, char *out, size_t max)
{
    struct export *e = ctx;
    size_t n;

    if (e->sent == e->out.len) {
        if (e->at_end)
            return HTTP_STREAM_END;
        buf_reset(&e->out);
        e->sent = 0;
        if (next_page(e, NULL) != LW_OK)
            return HTTP_STREAM_FAILED;
        if (e->out.len == 0)
            return HTTP_STREAM_END;
    }
    n = e->out.len - e->sent;
    if (n > max)
        n = max;
    memcpy(out, e->out.data + e->sent, n);
    e->sent += n;
    return (ssize_t)n;
}

static void export_close(void *ctx)
{
    struct export *e = ctx;

    buf_release(&e->out);
    mem_free(e);
}

static void start_export(const struct call *c, struct export *e)
{
    static const struct http_stream_ops ops = {export_read, export_close};

    c->reply->content_type =
        e->csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
    http_reply_header(c->reply, "Content-Disposition",
                      e->csv ? "attachment; filename=\"flows.csv\""
                             : "attachment; filename=\"flows.jsonl\"");
    c->reply->stream = &ops;
    c->reply->stream_ctx = e;
}

void route_flow_export(const struct call *c)
{
    static const char *const formats[] = {"csv", "jsonl"};
    struct export *e = mem_zalloc(1, sizeof *e);
    struct params p;
    struct lw_error err;
    size_t format = 0;

    if (e == NULL) {
        problem_reply(c->reply, 503, NULL, "out of memory");
        return;
    }
    params_init(&p, c->req->query, c->reply);
    (void)params_choice(&p, "format", formats, 2, &format);
    (void)params_bool(&p, "pseudonymise", &e->hide);
    read_filter(&p, &e->filter);
    buf_init(&e->out);
    e->store = c->server->store;
    e->csv = format == 0;
    e->page.limit = STORE_PAGE_MAX;
    if (e->csv)
        flow_csv_header(&e->out);
    /* The first page now, so that what is wrong is told as such. */
    if (!params_end(&p) ||
        answer_failed(c->reply, pseudonym_init(&e->pseudonym, &err), &err) ||
        answer_failed(c->reply, next_page(e, &err), &err))
        export_close(e);
    else
        start_export(c, e);
}

/* ---- packets --------------------------------------------------------------------- */

/* What is needed of the flow to find its packets. */
struct wanted {
    struct store_flow flow;
    char proto[32];
    int64_t capture;
};

static void on_wanted(void *ctx, const struct store_flow *f)
{
    struct wanted *w = ctx;

    w->flow = *f;
    w->capture = f->capture;
    (void)snprintf(w->proto, sizeof w->proto, "%s", f->proto == NULL ? "" : f->proto);
    w->flow.proto = w->proto; /* the rest is not looked at */
}

static enum lw_status cut(const struct call *c, const struct wanted *w, FILE *out,
                          uint64_t *n, struct lw_error *err)
{
    char path[40];
    uint64_t size;
    int fd = -1;
    enum lw_status st =
        store_capture_open(c->server->store, w->capture, &fd, &size, err);

    if (st != LW_OK)
        return st;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    st = cut_packets(path, &w->flow, out, n, err);
    (void)close(fd);
    return st;
}

void route_flow_packets(const struct call *c)
{
    struct wanted w;
    struct lw_error err;
    uint64_t n = 0;
    int64_t id;
    FILE *out;
    int fd;

    if (!route_id(c, 0, &id) ||
        answer_failed(c->reply,
                      store_flow_get(c->server->store, id, on_wanted, &w, &err), &err))
        return;
    out = tmpfile();
    if (out == NULL) {
        problem_reply(c->reply, 503, NULL, "no room for a temporary file");
        return;
    }
    if (!answer_failed(c->reply, cut(c, &w, out, &n, &err), &err)) {
        off_t size = fflush(out) == 0 ? lseek(fileno(out), 0, SEEK_END) : -1;

        fd = n > 0 && size > 0 ? dup(fileno(out)) : -1;
        if (fd >= 0) {
            c->reply->content_type = "application/vnd.tcpdump.pcap";
            http_reply_header(c->reply, "Content-Disposition",
                              "attachment; filename=\"flow.pcap\"");
            http_reply_file(c->reply, fd, (uint64_t)size);
        } else {
            problem_reply(c->reply, 404, NULL,
                          "none of the flow's packets was found in its capture");
        }
    }
    (void)fclose(out);
}
