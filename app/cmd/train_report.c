/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/train_report.h"

#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/progress.h"
#include "report/page.h"

#include <lapwing/learning.h>
#include <lapwing/view.h>

#include <string.h>

/* What the page is made of. */
struct page {
    const struct train_report *t;
    const struct lw_compare_table *table;
    const struct lw_learning *learning;
};

static const char *feature_name(const struct page *p, size_t i)
{
    size_t source = lw_compare_table_source(p->table, i);
    struct lw_column c;

    if (source == (size_t)-1)
        return lw_view_get(p->t->table->view)->features[i].name;
    lw_frame_column(p->t->frame, source, &c);
    return c.name;
}

static void put_facts(struct jsonw *w, const struct page *p)
{
    const struct train_report *t = p->t;

    jsonw_key(w, "facts");
    jsonw_object(w);
    jsonw_put_text(w, "model file", t->output);
    jsonw_put_text(w, "kind", t->model->kind);
    jsonw_put_text(w, "data", t->data);
    jsonw_put_text(w, "held out", lw_protocol_doc(t->judge->protocol));
    jsonw_put_u64(w, "distinct rows", lw_compare_table_rows(p->table));
    jsonw_put_u64(w, "columns", lw_compare_table_features(p->table));
    jsonw_object_end(w);
}

static void put_learning(struct jsonw *w, const struct page *p)
{
    const struct lw_learning *l = p->learning;

    jsonw_key(w, "learning");
    jsonw_array(w);
    for (size_t i = 0; i < LW_LEARNING_POINTS; i++) {
        jsonw_object(w);
        jsonw_put_f64(w, "share", l->point[i].share);
        jsonw_put_u64(w, "rows", l->point[i].n_train);
        jsonw_put_f64(w, "macro_f1", l->point[i].macro_f1);
        jsonw_put_f64(w, "mcc", l->point[i].mcc);
        jsonw_put_f64(w, "roc_auc", l->point[i].roc_auc);
        jsonw_put_f64(w, "tpr_at_fpr_1e2", l->point[i].tpr_at_fpr_1e2);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
    jsonw_key(w, "importance");
    jsonw_array(w);
    for (size_t i = 0; i < l->n_columns; i++) {
        jsonw_object(w);
        jsonw_put_text(w, "column", feature_name(p, l->importance[i].feature));
        jsonw_put_f64(w, "loss", l->importance[i].loss);
        jsonw_object_end(w);
    }
    jsonw_array_end(w);
}

static void put_page(struct jsonw *w, const void *of)
{
    const struct page *p = of;
    const char *const *names = lw_compare_table_class_names(p->table);
    const struct lw_train_report *recipe = p->t->recipe;

    put_facts(w, p);
    put_learning(w, p);
    jsonw_put_bool(w, "by_rule", recipe != NULL);
    report_put_eval(w, recipe != NULL ? &recipe->leave_attack_out : &p->learning->eval,
                    names);
    if (recipe != NULL)
        report_put_curve(w, &recipe->curve);
    else if (p->learning->has_curve)
        report_put_curve(w, &p->learning->curve);
}

int train_report_write(const struct train_report *t)
{
    struct lw_compare_table *table = NULL;
    struct lw_learning *l = mem_zalloc(1, sizeof *l);
    struct lw_error err;
    enum lw_status st;

    if (l == NULL)
        return command_fail("out of memory");
    st = lw_compare_table_new(&table, t->frame, t->table, &err);
    if (st == LW_OK)
        st = lw_learning_run(l, table, t->model, t->judge, &err);
    progress_end();
    if (st == LW_OK) {
        const struct page page = {t, table, l};

        st = report_write(t->path, REPORT_TRAIN, "Lapwing: a model trained", put_page,
                          &page, &err);
    }
    lw_learning_release(l);
    lw_compare_table_free(table);
    mem_free(l);
    return st == LW_OK ? STATUS_OK : command_error(&err);
}
