/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/learnt.h"

#include "cmd/command.h"
#include "cmd/print_json.h"

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
    const struct learnt *l = of;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "model file", l->output);
    jsonw_put_text(w, "learnt by", l->how);
    if (l->data != NULL)
        jsonw_put_text(w, "data", l->data);
    l->facts(w, l->of);
    jsonw_object_end(w);
    l->page(w, l->of);
}

int learnt_tell(const struct learnt *l, bool json, const char *page)
{
    struct lw_error err;

    if (json && print_json(l->json, l->of) != STATUS_OK)
        return STATUS_FAILED;
    if (!json)
        l->print(l->of, l->output);
    if (page == NULL || report_write(page, REPORT_LEARNT, "Lapwing: a model trained",
                                     put_page, l, &err) == LW_OK)
        return STATUS_OK;
    return command_error(&err);
}
