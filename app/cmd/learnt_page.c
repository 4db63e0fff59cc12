/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/learnt_page.h"

#include "cmd/command.h"

void learnt_table_begin(struct jsonw *w, const struct learnt_table *t)
{
    jsonw_object(w);
    jsonw_put_text(w, "id", t->id);
    jsonw_put_text(w, "title", t->title);
    jsonw_put_text(w, "note", t->note);
    jsonw_key(w, "columns");
    jsonw_array(w);
    for (size_t i = 0; i < t->n_columns; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "name", t->columns[i].name);
        jsonw_put_text(w, "kind", t->columns[i].kind);
        jsonw_put_bool(w, "bar", t->columns[i].bar);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_key(w, "rows");
    jsonw_array(w);
}

void learnt_table_end(struct jsonw *w)
{
    jsonw_array_end(w);
    jsonw_object_end(w);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct learnt_page *p = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "model file", p->output);
    jsonw_put_text(w, "learnt by", p->how);
    if (p->data != NULL)
        jsonw_put_text(w, "data", p->data);
    if (p->facts != NULL)
        p->facts(w, p->of);
    jsonw_object_end(w);
    p->put(w, p->of);
}

int learnt_page_write(const struct learnt_page *p)
{
    struct lw_error err;

    return report_write(p->path, REPORT_LEARNT, "Lapwing: a model trained", put_page, p,
                        &err) == LW_OK
               ? STATUS_OK
               : command_error(&err);
}
