/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flows_describe.h"

#include "base/jsonw.h"
#include "cmd/terminal.h"
#include "cmd/text.h"

#include <lapwing/flowlog.h>

#include <string.h>

enum { NAME_WIDTH = 20, TEXT_COLUMN = NAME_WIDTH + 3 };

/* ---- for people ----------------------------------------------------------------- */

static void describe_field(FILE *f, const struct lw_flow_field *x)
{
    struct buf text;

    buf_init(&text);
    buf_printf(&text, "%s%s%s: %s (%s)%s", x->type, *x->unit == '\0' ? "" : " in ",
               x->unit, x->doc, x->source, x->extra ? "; only when it is named" : "");
    (void)fprintf(f, "  %s%-*s%s ", terminal_style(f, STYLE_BOLD), NAME_WIDTH, x->name,
                  terminal_style(f, STYLE_NONE));
    text_wrap(f, buf_text(&text),
              strlen(x->name) > NAME_WIDTH ? TEXT_COLUMN + 8 : TEXT_COLUMN, TEXT_COLUMN,
              terminal_width(f));
    buf_release(&text);
}

/* Whether two formats have one table of fields. */
static bool same_fields(const struct lw_flow_format *a, const struct lw_flow_format *b)
{
    struct lw_flow_field x;
    struct lw_flow_field y;

    for (size_t i = 0;; i++) {
        bool more = lw_flow_format_field(a, i, &x);

        if (more != lw_flow_format_field(b, i, &y))
            return false;
        if (!more)
            return i > 0;
        if (strcmp(x.name, y.name) != 0)
            return false;
    }
}

static void describe_format(FILE *f, size_t at)
{
    const struct lw_flow_format *format = lw_flow_format_at(at);
    struct lw_flow_field field;

    (void)fprintf(f, "%s%s%s%s: %s\n", at == 0 ? "" : "\n",
                  terminal_style(f, STYLE_BOLD), lw_flow_format_name(format),
                  terminal_style(f, STYLE_NONE), lw_flow_format_doc(format));
    for (size_t i = 0; i < at; i++) {
        if (same_fields(lw_flow_format_at(i), format)) {
            (void)fprintf(f, "  (the fields of %s)\n",
                          lw_flow_format_name(lw_flow_format_at(i)));
            return;
        }
    }
    for (size_t i = 0; lw_flow_format_field(format, i, &field); i++)
        describe_field(f, &field);
}

void flows_describe(FILE *f)
{
    for (size_t i = 0; lw_flow_format_at(i) != NULL; i++)
        describe_format(f, i);
}

/* ---- for programs --------------------------------------------------------------- */

static void put_field(struct jsonw *w, const struct lw_flow_field *x)
{
    jsonw_object(w);
    jsonw_put_text(w, "name", x->name);
    jsonw_put_text(w, "type", x->type);
    jsonw_put_text(w, "unit", x->unit);
    jsonw_put_text(w, "definition", x->doc);
    jsonw_put_text(w, "source", x->source);
    jsonw_put_bool(w, "extra", x->extra);
    jsonw_object_end(w);
}

static void put_format(struct jsonw *w, const struct lw_flow_format *format)
{
    struct lw_flow_field field;

    jsonw_object(w);
    jsonw_put_text(w, "name", lw_flow_format_name(format));
    jsonw_put_text(w, "doc", lw_flow_format_doc(format));
    jsonw_key(w, "fields");
    jsonw_array(w);
    for (size_t i = 0; lw_flow_format_field(format, i, &field); i++)
        put_field(w, &field);
    jsonw_array_end(w);
    jsonw_object_end(w);
}

void flows_describe_json(struct buf *out)
{
    struct jsonw w;

    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_key(&w, "formats");
    jsonw_array(&w);
    for (size_t i = 0; lw_flow_format_at(i) != NULL; i++)
        put_format(&w, lw_flow_format_at(i));
    jsonw_array_end(&w);
    jsonw_object_end(&w);
    buf_add_char(out, '\n');
}
