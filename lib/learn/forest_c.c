/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forest as C source: the nodes as a table and the plain walk over it (learn/
 * forest_walk.c).  A table, not nested ifs: compilers take minutes for a hundred
 * thousand branches, and the table is as fast.  Floats are written in hexadecimal,
 * which is exact.
 */
#include "learn/forest_xgboost.h"

static void put_nodes(const struct forest *f, struct buf *out)
{
    for (uint32_t t = 0; t < f->n_trees; t++)
        for (uint32_t i = f->root[t]; i < f->root[t + 1]; i++) {
            const struct forest_node *n = &f->nodes[i];
            bool leaf = n->feature == FOREST_LEAF;

            buf_printf(out, "    {%af, %u, %d, %d},\n", (double)n->value,
                       leaf ? 0 : n->right, leaf ? -1 : (int)n->feature,
                       n->default_left ? 1 : 0);
        }
}

static void put_roots(const struct forest *f, struct buf *out)
{
    for (uint32_t t = 0; t < f->n_trees; t++)
        buf_printf(out, "%s%u,", t % 12 == 0 ? "\n    " : " ", f->root[t]);
}

static void put_tables(const struct forest *f, struct buf *out)
{
    buf_add_text(out, "static const struct node nodes[] = {\n");
    put_nodes(f, out);
    buf_add_text(out, "};\n\nstatic const unsigned roots[TREES] = {");
    put_roots(f, out);
    buf_add_text(out, "\n};\n\n");
}

static const char walk[] =
    "static float tree(unsigned i, const float *row)\n"
    "{\n"
    "    while (nodes[i].column >= 0) {\n"
    "        float x = row[nodes[i].column];\n"
    "        int left = x != x ? nodes[i].missing_left : x < nodes[i].value;\n"
    "\n"
    "        i = left ? i + 1 : nodes[i].right;\n"
    "    }\n"
    "    return nodes[i].value;\n"
    "}\n\n";

static const char of_two[] = "    proba[1] = 1.0f / (1.0f + expf(-sum[0]));\n"
                             "    proba[0] = 1.0f - proba[1];\n";

static const char of_several[] = "    float most = sum[0];\n"
                                 "    float total = 0;\n"
                                 "\n"
                                 "    for (unsigned g = 1; g < GROUPS; g++)\n"
                                 "        most = sum[g] > most ? sum[g] : most;\n"
                                 "    for (unsigned g = 0; g < GROUPS; g++) {\n"
                                 "        proba[g] = expf(sum[g] - most);\n"
                                 "        total += proba[g];\n"
                                 "    }\n"
                                 "    for (unsigned g = 0; g < GROUPS; g++)\n"
                                 "        proba[g] /= total;\n";

void forest_to_c(const struct forest *f, const char *prefix, struct buf *out)
{
    buf_printf(
        out,
        "/* Boosted trees, written by lapwing.  Compile with -ffp-contract=off\n"
        " * and link with -lm.  NaN is a missing value. */\n"
        "#include <math.h>\n\n"
        "enum { %s_COLUMNS = %u, %s_CLASSES = %u, TREES = %u, GROUPS = %u };\n\n",
        prefix, f->n_cols, prefix, f->n_classes, f->n_trees, f->n_groups);
    buf_add_text(out,
                 "/* A split's left child is the next node; column -1: a leaf. */\n"
                 "struct node {\n    float value;\n    unsigned right;\n"
                 "    int column;\n    int missing_left;\n};\n\n");
    put_tables(f, out);
    buf_add_text(out, walk);
    buf_printf(out,
               "/* Scores: margin has room for %u. */\n"
               "void %s_margins(const float *row, float *margin);\n"
               "void %s_margins(const float *row, float *margin)\n{\n"
               "    for (unsigned g = 0; g < GROUPS; g++)\n"
               "        margin[g] = %af;\n"
               "    for (unsigned t = 0; t < TREES; t++)\n"
               "        margin[t %% GROUPS] += tree(roots[t], row);\n}\n\n",
               f->n_groups, prefix, prefix, (double)f->base);
    buf_printf(out,
               "/* Class probabilities: proba has room for %u. */\n"
               "void %s_predict(const float *row, float *proba);\n"
               "void %s_predict(const float *row, float *proba)\n{\n"
               "    float sum[GROUPS];\n\n    %s_margins(row, sum);\n",
               f->n_classes, prefix, prefix, prefix);
    if (f->n_groups == 1)
        buf_add_text(out, of_two);
    else
        buf_printf(out, "    {\n%s    }\n", of_several);
    buf_add_text(out, "}\n");
}

void forest_part_to_c(const struct forest *f, const char *name, struct buf *out)
{
    buf_printf(out,
               "/* A split's left child is the next node; column -1: a leaf. */\n"
               "static const struct {\n    float value;\n    unsigned right;\n"
               "    int column;\n    int missing_left;\n} %s_nodes[] = {\n",
               name);
    put_nodes(f, out);
    buf_printf(out, "};\n\nstatic const unsigned %s_roots[%u] = {", name, f->n_trees);
    put_roots(f, out);
    buf_printf(out,
               "\n};\n\nstatic float %s_tree(unsigned i, const float *row)\n{\n"
               "    while (%s_nodes[i].column >= 0) {\n"
               "        float x = row[%s_nodes[i].column];\n"
               "        int left = x != x ? %s_nodes[i].missing_left : x < "
               "%s_nodes[i].value;\n\n"
               "        i = left ? i + 1 : %s_nodes[i].right;\n    }\n"
               "    return %s_nodes[i].value;\n}\n\n",
               name, name, name, name, name, name, name);
    buf_printf(out,
               "static void %s_margins(const float *row, float *margin)\n{\n"
               "    float sum[%u];\n\n"
               "    for (unsigned g = 0; g < %u; g++)\n        sum[g] = %af;\n"
               "    for (unsigned t = 0; t < %u; t++)\n"
               "        sum[t %% %u] += %s_tree(%s_roots[t], row);\n",
               name, f->n_groups, f->n_groups, (double)f->base, f->n_trees, f->n_groups,
               name, name);
    if (f->n_groups == 1)
        buf_add_text(out, "    margin[0] = 0;\n    margin[1] = sum[0];\n}\n\n");
    else
        buf_printf(out,
                   "    for (unsigned g = 0; g < %u; g++)\n"
                   "        margin[g] = sum[g];\n}\n\n",
                   f->n_groups);
}
