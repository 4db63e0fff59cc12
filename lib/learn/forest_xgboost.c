/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XGBoost's model files: learner.gradient_booster.model has the trees as parallel
 * arrays over their nodes, and tree_info the class each tree adds to.  Floats are
 * printed with as many digits as tell them apart, so they come back exactly.  Nodes
 * that pruning left behind are not reachable from the root and stay there.
 *
 * Trees are dealt to the classes in turn here.  With several trees a class and round
 * (num_parallel_tree) XGBoost has them class by class; taking each class's trees in
 * their order keeps every sum as it was, bit for bit.
 */
#include "learn/forest_xgboost.h"

#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/numfmt.h"
#include "base/ubjson.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Nesting of XGBoost's own model text is 8. */
enum { MODEL_JSON_DEPTH = 16 };

static double number_at(const struct json_value *array, size_t i)
{
    const struct json_value *v = json_at(array, i);
    double x = 0;

    if (json_kind(v) == JSON_KIND_BOOL)
        return json_truth(v) ? 1 : 0;
    return json_number(v, &x) ? x : (double)NAN;
}

/* A parameter, which XGBoost writes as text; since 3.1 base_score is "[0.5]". */
static double parameter(const struct json_value *object, const char *key)
{
    const char *s = json_text(json_get(object, key));
    size_t n;
    double x;

    if (s == NULL)
        return (double)NAN;
    n = strlen(s);
    if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
        s++;
        n -= 2;
    }
    return numfmt_parse(s, n, &x) ? x : (double)NAN;
}

/* One tree: arrays over its nodes. */
struct tree_text {
    const struct json_value *left; /* -1 in a leaf */
    const struct json_value *right;
    const struct json_value *column;
    const struct json_value *value;
    const struct json_value *cover;
    const struct json_value *default_left;
    size_t n_nodes;
    size_t idx;
};

static enum lw_status check_tree(const struct json_value *tree,
                                 const struct tree_text *t, struct lw_error *err)
{
    const struct json_value *kinds = json_get(tree, "split_type");

    if (t->n_nodes == 0 || json_length(t->right) != t->n_nodes ||
        json_length(t->value) != t->n_nodes || json_length(t->column) != t->n_nodes)
        return lw_fail(err, LW_EFORMAT, "tree %zu: its lists of nodes differ in length",
                       t->idx);
    if (parameter(json_get(tree, "tree_param"), "size_leaf_vector") > 1)
        return lw_fail(err, LW_EUNSUPPORTED,
                       "tree %zu has several outputs; train with "
                       "multi_strategy=one_output_per_tree",
                       t->idx);
    for (size_t i = 0; i < json_length(kinds); i++)
        if (number_at(kinds, i) > 0)
            return lw_fail(err, LW_EUNSUPPORTED,
                           "tree %zu splits by category; train on one-hot columns "
                           "(enable_categorical=False)",
                           t->idx);
    return LW_OK;
}

/* Copy the nodes reachable from the root in preorder. */
static enum lw_status copy_tree(struct forest *f, const struct tree_text *t,
                                struct lw_error *err)
{
    uint32_t waiting[FOREST_DEPTH_MAX + 2] = {0}; /* nodes yet to be copied */
    uint32_t n_waiting = 1;
    size_t n_copied = 0;

    while (n_waiting > 0) {
        uint32_t i = waiting[--n_waiting];
        double left = number_at(t->left, i);
        double right = number_at(t->right, i);
        struct forest_node node = {
            .value = (float)number_at(t->value, i),
            .cover = (float)number_at(t->cover, i),
            .feature = FOREST_LEAF,
        };
        enum lw_status st;

        if (!(left < 0)) {
            double column = number_at(t->column, i);

            if (!(left > 0 && left < (double)t->n_nodes && right > 0 &&
                  right < (double)t->n_nodes && column >= 0 && column < f->n_cols))
                return lw_fail(err, LW_EFORMAT, "tree %zu, node %u is damaged", t->idx,
                               i);
            if (n_waiting > FOREST_DEPTH_MAX)
                return lw_fail(err, LW_ELIMIT, "tree %zu is deeper than %d", t->idx,
                               FOREST_DEPTH_MAX);
            node.feature = (uint16_t)column;
            node.default_left = number_at(t->default_left, i) > 0;
            waiting[n_waiting++] = (uint32_t)right;
            waiting[n_waiting++] = (uint32_t)left;
        }
        if (++n_copied > t->n_nodes)
            return lw_fail(err, LW_EFORMAT, "tree %zu: nodes form no tree", t->idx);
        st = forest_add(f, &node, err);
        if (st != LW_OK)
            return st;
    }
    return LW_OK;
}

static enum lw_status read_tree(struct forest *f, const struct json_value *trees,
                                size_t i, struct lw_error *err)
{
    const struct json_value *tree = json_at(trees, i);
    const struct tree_text t = {
        .left = json_get(tree, "left_children"),
        .right = json_get(tree, "right_children"),
        .column = json_get(tree, "split_indices"),
        .value = json_get(tree, "split_conditions"),
        .cover = json_get(tree, "sum_hessian"),
        .default_left = json_get(tree, "default_left"),
        .n_nodes = json_length(json_get(tree, "left_children")),
        .idx = i,
    };
    enum lw_status st = check_tree(tree, &t, err);

    return st == LW_OK ? copy_tree(f, &t, err) : st;
}

/* From place `*next` of tree_info on, the next tree of a group. */
static bool find_tree(const struct json_value *groups, size_t n, uint32_t group,
                      size_t *next, size_t *out)
{
    while (*next < n && number_at(groups, *next) != (double)group)
        ++*next;
    *out = (*next)++;
    return *out < n;
}

static enum lw_status read_trees(struct forest *f, const struct json_value *model,
                                 struct lw_error *err)
{
    const struct json_value *trees = json_get(model, "trees");
    const struct json_value *groups = json_get(model, "tree_info");
    size_t next[FOREST_CLASSES_MAX] = {0};
    size_t n = json_length(trees);
    enum lw_status st = LW_OK;

    if (n == 0 || json_length(groups) != n)
        return lw_fail(err, LW_EFORMAT, "no trees, or no classes of them");
    for (size_t i = 0; i < n && st == LW_OK; i++) {
        uint32_t g = (uint32_t)(i % f->n_groups);
        size_t at;

        if (!find_tree(groups, n, g, &next[g], &at))
            return lw_fail(err, LW_EFORMAT, "%zu trees cannot be dealt to %u classes",
                           n, f->n_groups);
        st = read_tree(f, trees, at, err);
    }
    return st;
}

/* Objectives whose scores become probabilities as ours do; of the logistic ones the
 * base is a probability. */
static enum lw_status read_objective(const struct json_value *learner,
                                     uint32_t *classes, float *base,
                                     struct lw_error *err)
{
    static const struct {
        const char *name;
        bool several;
        bool base_is_probability;
    } known[] = {
        {"binary:logistic", false, true}, {"binary:logitraw", false, false},
        {"reg:logistic", false, true},    {"multi:softprob", true, false},
        {"multi:softmax", true, false},
    };
    const struct json_value *param = json_get(learner, "learner_model_param");
    const char *name = json_text(json_get(json_get(learner, "objective"), "name"));
    double n = parameter(param, "num_class");
    float score = (float)parameter(param, "base_score");

    if (name == NULL)
        return lw_fail(err, LW_EFORMAT, "no objective: not a model of XGBoost");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        if (known[i].several && !(n >= 3 && n <= FOREST_CLASSES_MAX))
            return lw_fail(err, LW_EUNSUPPORTED,
                           "%s with %g classes; 3 to %d are possible", name, n,
                           FOREST_CLASSES_MAX);
        if (!isfinite(score) ||
            (known[i].base_is_probability && !(score > 0 && score < 1)))
            return lw_fail(err, LW_EUNSUPPORTED, "base_score is not one number");
        *classes = known[i].several ? (uint32_t)n : 2;
        /* XGBoost's formula; from 0, so that a half is not -0 */
        *base = known[i].base_is_probability ? 0.0f - logf(1.0f / score - 1.0f) : score;
        return fabsf(*base) <= FOREST_VALUE_MAX
                   ? LW_OK
                   : lw_fail(err, LW_EFORMAT, "base_score is out of range");
    }
    return lw_fail(err, LW_EUNSUPPORTED,
                   "objective %.40s; binary:logistic and multi:softprob are known",
                   name);
}

static enum lw_status read_model(struct forest **out, const struct json_value *root,
                                 struct lw_error *err)
{
    const struct json_value *learner = json_get(root, "learner");
    const struct json_value *booster = json_get(learner, "gradient_booster");
    const char *name = json_text(json_get(booster, "name"));
    double n_cols = parameter(json_get(learner, "learner_model_param"), "num_feature");
    struct forest *f = NULL;
    uint32_t n_classes = 0;
    float base = 0;
    enum lw_status st = read_objective(learner, &n_classes, &base, err);

    if (st != LW_OK)
        return st;
    if (name == NULL || strcmp(name, "gbtree") != 0)
        return lw_fail(err, LW_EUNSUPPORTED, "booster %.40s; only gbtree is known",
                       name == NULL ? "of no name" : name);
    if (!(n_cols >= 1 && n_cols <= FOREST_COLS_MAX))
        return lw_fail(err, LW_EFORMAT, "num_feature is no number of columns");
    st = forest_new(&f, (uint32_t)n_cols, n_classes, base, err);
    if (st == LW_OK)
        st = read_trees(f, json_get(booster, "model"), err);
    if (st == LW_OK)
        st = forest_finish(f, err);
    if (st != LW_OK) {
        forest_free(f);
        return st;
    }
    *out = f;
    return LW_OK;
}

/* Both begin with a brace; in UBJSON the type of a length follows, in JSON a quote or
 * blank. */
static bool is_binary(struct span file)
{
    uint8_t second;

    return span_get_u8(file, 1, &second) && memchr("iUIlL", second, 5) != NULL;
}

enum lw_status forest_from_xgboost(struct forest **out, struct span file,
                                   struct lw_error *err)
{
    struct json_doc *doc = NULL;
    enum lw_status st = LW_OK;
    struct buf text;

    buf_init(&text);
    if (is_binary(file)) {
        st = ubjson_to_json(&text, file, err);
        file = span_of(buf_text(&text), text.len);
    }
    if (st == LW_OK)
        st = json_parse(&doc, file.p, file.n, MODEL_JSON_DEPTH, err);
    if (st == LW_OK)
        st = read_model(out, json_root(doc), err);
    json_free(doc);
    buf_release(&text);
    return st;
}

/* ---- writing ----------------------------------------------------------------------
 */

static void put_count(struct jsonw *w, const char *key, uint64_t n)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    jsonw_put_text(w, key, text);
}

/* XGBoost counts on a right child to follow its left sibling, so a tree is numbered
 * anew: both children of a split when the split is met. */
struct numbering {
    uint32_t *place;  /* (f->largest), owned: new number of a node of the tree */
    uint32_t *node;   /* (f->largest), owned: the other way */
    uint32_t *parent; /* (f->largest), owned: by new number */
    const struct forest *f;
    uint32_t root;
    uint32_t n_nodes;
};

static bool numbering_init(struct numbering *n, const struct forest *f)
{
    *n = (struct numbering){
        .f = f,
        .place = mem_zalloc(f->largest, sizeof *n->place),
        .node = mem_zalloc(f->largest, sizeof *n->node),
        .parent = mem_zalloc(f->largest, sizeof *n->parent),
    };
    return n->place != NULL && n->node != NULL && n->parent != NULL;
}

static void numbering_release(struct numbering *n)
{
    mem_free(n->place);
    mem_free(n->node);
    mem_free(n->parent);
}

static void number_tree(struct numbering *n, uint32_t t)
{
    enum { NO_PARENT = 0x7fffffff }; /* what XGBoost writes for none */
    const struct forest *f = n->f;
    uint32_t next = 1;

    n->root = f->root[t];
    n->n_nodes = f->root[t + 1] - n->root;
    n->place[0] = 0;
    n->node[0] = 0;
    n->parent[0] = NO_PARENT;
    for (uint32_t i = 0; i < n->n_nodes; i++) {
        const struct forest_node *node = &f->nodes[n->root + i];

        if (node->feature == FOREST_LEAF)
            continue;
        for (uint32_t side = 0; side < 2; side++, next++) {
            uint32_t child = side == 0 ? i + 1 : node->right - n->root;

            n->place[child] = next;
            n->node[next] = child;
            n->parent[next] = n->place[i];
        }
    }
}

/* One value of one node, by its new number. */
typedef void (*node_fn)(struct jsonw *w, const struct numbering *n, uint32_t i);

static const struct forest_node *node_at(const struct numbering *n, uint32_t i)
{
    return &n->f->nodes[n->root + n->node[i]];
}

static bool is_leaf(const struct numbering *n, uint32_t i)
{
    return node_at(n, i)->feature == FOREST_LEAF;
}

/* XGBoost takes "1" for a whole number, and refuses it where a float should be. */
static void put_float(struct jsonw *w, float v)
{
    char text[NUMFMT_MAX + 2];
    size_t n = numfmt_f32(v, text);

    if (strpbrk(text, ".eE") == NULL)
        memcpy(text + n, ".0", 3);
    jsonw_raw(w, text);
}

static void put_left(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    jsonw_i64(w, is_leaf(n, i) ? -1 : (int64_t)n->place[n->node[i] + 1]);
}

static void put_right(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    jsonw_i64(w, is_leaf(n, i) ? -1 : (int64_t)n->place[n->node[i] + 1] + 1);
}

static void put_parent(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    jsonw_u64(w, n->parent[i]);
}

static void put_column(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    jsonw_u64(w, is_leaf(n, i) ? 0 : node_at(n, i)->feature);
}

static void put_value(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    put_float(w, node_at(n, i)->value);
}

static void put_weight(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    put_float(w, is_leaf(n, i) ? node_at(n, i)->value : 0);
}

static void put_cover(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    put_float(w, node_at(n, i)->cover);
}

static void put_default(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    jsonw_bool(w, node_at(n, i)->default_left);
}

static void put_numeric(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    (void)n;
    (void)i;
    jsonw_u64(w, 0);
}

static void put_no_gain(struct jsonw *w, const struct numbering *n, uint32_t i)
{
    (void)n;
    (void)i;
    put_float(w, 0);
}

static void put_tree(struct jsonw *w, struct numbering *n, uint32_t t)
{
    static const struct {
        const char *key;
        node_fn put;
    } lists[] = {
        {"base_weights", put_weight},    {"default_left", put_default},
        {"left_children", put_left},     {"loss_changes", put_no_gain},
        {"parents", put_parent},         {"right_children", put_right},
        {"split_conditions", put_value}, {"split_indices", put_column},
        {"split_type", put_numeric},     {"sum_hessian", put_cover},
    };
    static const char *const empty[] = {"categories", "categories_nodes",
                                        "categories_segments", "categories_sizes"};

    number_tree(n, t);
    jsonw_object(w);
    for (size_t k = 0; k < sizeof empty / sizeof empty[0]; k++) {
        jsonw_key(w, empty[k]);
        jsonw_raw(w, "[]");
    }
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        jsonw_key(w, lists[k].key);
        jsonw_array(w);
        for (uint32_t i = 0; i < n->n_nodes; i++)
            lists[k].put(w, n, i);
        jsonw_array_end(w);
    }
    jsonw_put_u64(w, "id", t);
    jsonw_key(w, "tree_param");
    jsonw_object(w);
    put_count(w, "num_deleted", 0);
    put_count(w, "num_feature", n->f->n_cols);
    put_count(w, "num_nodes", n->n_nodes);
    put_count(w, "size_leaf_vector", 0);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

static void put_booster(struct jsonw *w, struct numbering *n)
{
    const struct forest *f = n->f;

    jsonw_key(w, "gradient_booster");
    jsonw_object(w);
    jsonw_key(w, "model");
    jsonw_object(w);
    jsonw_key(w, "gbtree_model_param");
    jsonw_object(w);
    put_count(w, "num_parallel_tree", 1);
    put_count(w, "num_trees", f->n_trees);
    put_count(w, "size_leaf_vector", 0);
    jsonw_object_end(w);
    jsonw_key(w, "tree_info");
    jsonw_array(w);
    for (uint32_t t = 0; t < f->n_trees; t++)
        jsonw_u64(w, t % f->n_groups);
    jsonw_array_end(w);
    jsonw_key(w, "trees");
    jsonw_array(w);
    for (uint32_t t = 0; t < f->n_trees; t++)
        put_tree(w, n, t);
    jsonw_array_end(w);
    jsonw_object_end(w);
    jsonw_put_text(w, "name", "gbtree");
    jsonw_object_end(w);
}

static void put_objective(struct jsonw *w, const struct forest *f)
{
    bool several = f->n_groups > 1;
    /* The log-odds of a base are a probability there. */
    double base = several ? (double)f->base : 1 / (1 + exp(-(double)f->base));
    char text[NUMFMT_MAX];

    numfmt_f32((float)base, text);
    jsonw_key(w, "learner_model_param");
    jsonw_object(w);
    jsonw_put_text(w, "base_score", text);
    put_count(w, "num_class", several ? f->n_classes : 0);
    put_count(w, "num_feature", f->n_cols);
    put_count(w, "num_target", 1);
    jsonw_object_end(w);
    jsonw_key(w, "objective");
    jsonw_object(w);
    jsonw_put_text(w, "name", several ? "multi:softprob" : "binary:logistic");
    jsonw_key(w, several ? "softmax_multiclass_param" : "reg_loss_param");
    jsonw_object(w);
    if (several)
        put_count(w, "num_class", f->n_classes);
    else
        put_count(w, "scale_pos_weight", 1);
    jsonw_object_end(w);
    jsonw_object_end(w);
}

void forest_to_xgboost(const struct forest *f, struct buf *out)
{
    struct numbering n;
    struct jsonw w;

    if (!numbering_init(&n, f)) {
        numbering_release(&n);
        out->failed = true;
        return;
    }
    jsonw_init(&w, out);
    jsonw_object(&w);
    jsonw_key(&w, "learner");
    jsonw_object(&w);
    jsonw_key(&w, "attributes");
    jsonw_raw(&w, "{}");
    jsonw_key(&w, "feature_names");
    jsonw_raw(&w, "[]");
    jsonw_key(&w, "feature_types");
    jsonw_raw(&w, "[]");
    put_booster(&w, &n);
    put_objective(&w, f);
    jsonw_object_end(&w);
    jsonw_key(&w, "version");
    jsonw_raw(&w, "[1,7,4]");
    jsonw_object_end(&w);
    buf_add_char(out, '\n');
    numbering_release(&n);
}
