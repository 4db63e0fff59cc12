/* SPDX-License-Identifier: Apache-2.0 */
/* A perceptron as C source: tables of inputs and weights, and the loops over them. */
#include "learn/mlp_c.h"

#include "learn/mlp.h"
#include "learn/model_c.h"

static void put_inputs(const struct mlp *m, const char *name, struct buf *out)
{
    buf_printf(out,
               "static const struct {\n    float mean;\n    float deviation;\n"
               "    int squash;\n} %s_input[%u] = {\n",
               name, m->base.n_cols);
    for (uint32_t c = 0; c < m->base.n_cols; c++)
        buf_printf(out, "    {%af, %af, %d},\n", (double)m->mean[c],
                   (double)m->deviation[c], m->squash[c] ? 1 : 0);
    buf_add_text(out, "};\n");
}

static void put_layer(const struct mlp_layer *y, const char *name, int l,
                      struct buf *out)
{
    buf_printf(out, "static const float %s_w%d[%u] = {", name, l, y->n_in * y->n_out);
    model_c_floats(out, y->w, (size_t)y->n_in * y->n_out);
    buf_printf(out, "\n};\nstatic const float %s_bias%d[%u] = {", name, l, y->n_out);
    model_c_floats(out, y->bias, y->n_out);
    buf_add_text(out, "\n};\n");
}

/* out = bias + in w, rectified or not. */
static void put_product(const struct mlp_layer *y, const char *name, int l,
                        const char *in, const char *to, struct buf *out)
{
    buf_printf(out,
               "    for (int j = 0; j < %u; j++) {\n"
               "        float sum = %s_bias%d[j];\n\n"
               "        for (int i = 0; i < %u; i++)\n"
               "            sum += %s[i] * %s_w%d[i * %u + j];\n"
               "        %s[j] = %s;\n    }\n",
               y->n_out, name, l, y->n_in, in, name, l, y->n_out, to,
               l + 1 < MLP_LAYERS ? "sum > 0 ? sum : 0" : "sum");
}

enum lw_status mlp_to_c(const struct lw_model *model, const char *name, struct buf *out,
                        struct lw_error *err)
{
    const struct mlp *m = (const struct mlp *)model;

    (void)err;
    put_inputs(m, name, out);
    for (int l = 0; l < MLP_LAYERS; l++)
        put_layer(&m->layer[l], name, l, out);
    buf_printf(out,
               "\nstatic void %s_margins(const float *row, float *margin)\n{\n"
               "    float in[%u];\n    float one[%u];\n    float two[%u];\n\n"
               "    for (int c = 0; c < %u; c++) {\n"
               "        double size = fabs((double)row[c]);\n"
               "        float v = row[c];\n\n"
               "        if (%s_input[c].squash)\n"
               "            v = (float)copysign(log1p(size < 3.4028234e38 ? size : "
               "size != size ? size : 3.4028234e38), row[c]);\n"
               "        v = (v - %s_input[c].mean) / %s_input[c].deviation;\n"
               "        v = v > %af ? %af : v;\n"
               "        v = v < -%af ? -%af : v;\n"
               "        in[c] = v != v ? 0 : v;\n    }\n",
               name, m->base.n_cols, m->layer[0].n_out, m->layer[1].n_out,
               m->base.n_cols, name, name, name, (double)MLP_CLIP, (double)MLP_CLIP,
               (double)MLP_CLIP, (double)MLP_CLIP);
    put_product(&m->layer[0], name, 0, "in", "one", out);
    put_product(&m->layer[1], name, 1, "one", "two", out);
    put_product(&m->layer[2], name, 2, "two", "margin", out);
    buf_add_text(out, "}\n\n");
    return LW_OK;
}
