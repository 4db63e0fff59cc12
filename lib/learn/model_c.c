/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model as C source: each kind writes a function of its own margins, and what is made
 * of others calls theirs.  Sums are done in the order of ours, so that the margins
 * differ by no more than the C library's logarithm does.
 */
#include "learn/model_c.h"

#include "learn/forest_xgboost.h"

#include <stdio.h>

const char *model_c_member(const char *name, uint32_t i, char out[MODEL_C_NAME_MAX])
{
    (void)snprintf(out, MODEL_C_NAME_MAX, "%s_%u", name, i);
    return out;
}

void model_c_floats(struct buf *out, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%af,", i % 8 == 0 ? "\n    " : " ", (double)v[i]);
}

enum lw_status model_part_to_c(const struct lw_model *m, const char *name,
                               struct buf *out, struct lw_error *err)
{
    if (m->ops->to_c == NULL)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "a model of kind %s cannot be told in C; gbdt, mlp, and blend, "
                       "mean and versus of these can",
                       m->ops->name);
    return m->ops->to_c(m, name, out, err);
}

enum lw_status model_to_c(const struct lw_model *m, const char *prefix, struct buf *out,
                          struct lw_error *err)
{
    const struct forest *f = model_forest_of(m);
    enum lw_status st;

    if (f != NULL) {
        forest_to_c(f, prefix, out);
        return LW_OK;
    }
    buf_printf(out,
               "/* A model of kind %s, written by lapwing.  Compile with\n"
               " * -ffp-contract=off and link with -lm.  NaN is a missing value. */\n"
               "#include <math.h>\n\n"
               "enum { %s_COLUMNS = %u, %s_CLASSES = %u };\n\n",
               m->ops->name, prefix, m->n_cols, prefix, m->n_classes);
    st = model_part_to_c(m, "part", out, err);
    buf_printf(out,
               "/* Scores: margin has room for %u. */\n"
               "void %s_margins(const float *row, float *margin);\n"
               "void %s_margins(const float *row, float *margin)\n{\n"
               "    part_margins(row, margin);\n}\n\n"
               "/* Class probabilities: proba has room for %u. */\n"
               "void %s_predict(const float *row, float *proba);\n"
               "void %s_predict(const float *row, float *proba)\n{\n"
               "    float most;\n    double total = 0;\n\n"
               "    part_margins(row, proba);\n    most = proba[0];\n"
               "    for (int c = 1; c < %u; c++)\n"
               "        most = proba[c] > most ? proba[c] : most;\n"
               "    for (int c = 0; c < %u; c++)\n"
               "        total += exp((double)proba[c] - (double)most);\n"
               "    for (int c = 0; c < %u; c++)\n"
               "        proba[c] = (float)(exp((double)proba[c] - (double)most) / "
               "total);\n}\n",
               m->n_classes, prefix, prefix, m->n_classes, prefix, prefix, m->n_classes,
               m->n_classes, m->n_classes);
    return st;
}
