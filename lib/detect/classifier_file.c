/* SPDX-License-Identifier: Apache-2.0 */
/* A classifier in its model file; see classifier_priv.h for the sections. */
#include "base/digest.h"
#include "base/mem.h"
#include "detect/classifier_priv.h"
#include "detect/cut.h"
#include "detect/quantile.h"
#include "learn/model_ops.h"

#include <string.h>

typedef void (*section_fn)(const struct lw_classifier *c, struct buf *out);

static void put_view(const struct lw_classifier *c, struct buf *out)
{
    uint8_t hash[LW_VIEW_HASH_BYTES];
    size_t n = strlen(c->view->name);

    lw_view_hash(c->view, hash);
    buf_add_le16(out, (uint16_t)n);
    buf_add(out, c->view->name, n);
    buf_add_le16(out, c->view->n_features);
    buf_add(out, hash, sizeof hash);
}

static void put_encoder(const struct lw_classifier *c, struct buf *out)
{
    encoder_save(c->encoder, out);
}

static void put_model(const struct lw_classifier *c, struct buf *out)
{
    model_save(c->model, out);
}

static void put_classes(const struct lw_classifier *c, struct buf *out)
{
    buf_add_u8(out, (uint8_t)c->n_classes);
    for (uint32_t i = 0; i < c->n_classes; i++)
        buf_add_u8(out, (uint8_t)c->class_of[i]);
}

static void put_rule(const struct lw_classifier *c, struct buf *out)
{
    rule_save(&c->rule, out);
}

static void put_normality(const struct lw_classifier *c, struct buf *out)
{
    normality_save(&c->normality, out);
}

static void put_novelty(const struct lw_classifier *c, struct buf *out)
{
    novelty_save(&c->novelty, out);
}

static void put_usual(const struct lw_classifier *c, struct buf *out)
{
    for (size_t i = 0; i < c->view->n_features; i++) {
        buf_add_f32(out, c->usual[i][0]);
        buf_add_f32(out, c->usual[i][1]);
    }
}

static void put_types(const struct lw_classifier *c, struct buf *out)
{
    buf_add_text(out, c->types);
}

static void put_provenance(const struct lw_classifier *c, struct buf *out)
{
    buf_add_text(out, c->provenance);
}

static void put_cut(const struct lw_classifier *c, struct buf *out)
{
    float cuts[LW_MAX_CLASSES];

    cut_own(c, cuts);
    for (uint32_t i = 1; i < c->n_classes; i++)
        buf_add_f32(out, cuts[i]);
}

static void put_conformal(const struct lw_classifier *c, struct buf *out)
{
    quantile_save(c->conformal, CONFORMAL_QUANTILES, out);
}

static void put_sample(const struct lw_classifier *c, struct buf *out)
{
    sample_save(&c->sample, out);
}

static void put_sets(const struct lw_classifier *c, struct buf *out)
{
    conformal_save(&c->conformal_sets, out);
}

static void put_calibration(const struct lw_classifier *c, struct buf *out)
{
    calibration_save(&c->calibration, out);
}

static bool has_sets(const struct lw_classifier *c)
{
    return c->conformal_sets.n_classes > 0;
}

static bool has_calibration(const struct lw_classifier *c)
{
    return c->calibration.n_classes > 0;
}

static bool has_rule(const struct lw_classifier *c)
{
    return c->cut <= 0;
}

static bool has_cut(const struct lw_classifier *c)
{
    return c->cut > 0;
}

static bool has_conformal(const struct lw_classifier *c)
{
    return c->conformal != NULL;
}

static bool has_sample(const struct lw_classifier *c)
{
    return c->sample.n_rows > 0;
}

static void put_tail(const struct lw_classifier *c, struct buf *out)
{
    for (uint32_t i = 1; i < c->n_classes; i++) {
        struct buf one;

        buf_init(&one);
        tail_save(&c->tail[i], &one);
        buf_add_le32(out, (uint32_t)one.len);
        if (buf_ok(&one))
            buf_add(out, one.data, one.len);
        else
            out->failed = true;
        buf_release(&one);
    }
}

static bool has_tail(const struct lw_classifier *c)
{
    return c->tail != NULL;
}

static enum lw_status put_sections(const struct lw_classifier *c, struct lw_bundle *b,
                                   struct lw_error *err)
{
    static const struct {
        const char *tag;
        section_fn put;
        bool (*is_there)(const struct lw_classifier *c); /* NULL: always */
    } sections[] = {
        {"VIEW", put_view, NULL},
        {"ENCODER", put_encoder, NULL},
        {"MODEL", put_model, NULL},
        {"CLASSES", put_classes, NULL},
        {"RULE", put_rule, has_rule},
        {"NOVELTY", put_novelty, has_rule},
        {"NORMAL", put_normality, has_rule},
        {"USUAL", put_usual, NULL},
        {"TYPES", put_types, NULL},
        {"PROV", put_provenance, NULL},
        {"CUT", put_cut, has_cut},
        {"CONF", put_conformal, has_conformal},
        {"SETS", put_sets, has_sets},
        {"CALIB", put_calibration, has_calibration},
        {"SAMPLE", put_sample, has_sample},
        {"TAIL", put_tail, has_tail},
    };
    enum lw_status st = LW_OK;

    for (size_t i = 0; st == LW_OK && i < sizeof sections / sizeof sections[0]; i++) {
        struct buf bytes;

        if (sections[i].is_there != NULL && !sections[i].is_there(c))
            continue;
        buf_init(&bytes);
        sections[i].put(c, &bytes);
        if (!buf_ok(&bytes))
            st = lw_fail(err, LW_ENOMEM, "out of memory for the model file");
        else
            st = lw_bundle_put(b, sections[i].tag, buf_text(&bytes), bytes.len, err);
        buf_release(&bytes);
    }
    return st;
}

enum lw_status classifier_save(const struct lw_classifier *c, const char *path,
                               struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_new(&b, err);

    if (st == LW_OK)
        st = put_sections(c, b, err);
    if (st == LW_OK)
        st = lw_bundle_save(b, path, err);
    lw_bundle_free(b);
    return st;
}

static enum lw_status section(const struct lw_bundle *b, const char *tag,
                              struct span *out, struct lw_error *err)
{
    size_t n;
    const void *p = lw_bundle_get(b, tag, &n);

    if (p == NULL && lw_bundle_get(b, "VIEW", &n) != NULL)
        return lw_fail(err, LW_EFORMAT,
                       "no section %s: damaged, or made by an older version; train it "
                       "again",
                       tag);
    if (p == NULL && lw_bundle_get(b, "TABLE", &n) != NULL)
        return lw_fail(err, LW_EFORMAT,
                       "a model of a table's own columns, and no classifier of a view: "
                       "lapwing test judges and scores such tables with it");
    if (p == NULL)
        return lw_fail(err, LW_EFORMAT, "no section %s: not a classifier", tag);
    *out = span_of(p, n);
    return LW_OK;
}

static enum lw_status get_view(struct lw_classifier *c, struct span in,
                               struct lw_error *err)
{
    uint8_t stored[LW_VIEW_HASH_BYTES];
    uint8_t ours[LW_VIEW_HASH_BYTES];
    char name[64] = "";
    uint16_t n_name;
    uint16_t n_features;
    struct span text;

    if (!span_take_le16(&in, &n_name) || n_name >= sizeof name ||
        !span_take(&in, n_name, &text) || !span_take_le16(&in, &n_features) ||
        !span_copy(in, 0, stored, sizeof stored))
        return lw_fail(err, LW_EFORMAT, "the view's section is damaged");
    (void)span_copy(text, 0, name, n_name);
    c->view = lw_view_get(name);
    if (c->view == NULL)
        return lw_fail(err, LW_EMISMATCH, "made for a view '%s' that is unknown here",
                       name);
    lw_view_hash(c->view, ours);
    digest_hex(ours, 8, c->view_hash);
    if (n_features != c->view->n_features || memcmp(stored, ours, sizeof ours) != 0) {
        char a[17];

        digest_hex(stored, 8, a);
        return lw_fail(err, LW_EMISMATCH,
                       "made for another definition of view %s (%s, ours is %s); train "
                       "it again",
                       name, a, c->view_hash);
    }
    if (c->view->n_features > CLASSIFIER_FEATURES_MAX)
        return lw_fail(err, LW_ELIMIT, "view %s has too many features", name);
    return LW_OK;
}

static enum lw_status get_classes(struct lw_classifier *c, struct span in,
                                  struct lw_error *err)
{
    uint8_t n;
    uint8_t id;

    if (!span_take_u8(&in, &n) || n < 2 || n > LW_MAX_CLASSES || in.n != n)
        return lw_fail(err, LW_EFORMAT, "the classes' section is damaged");
    c->n_classes = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!span_take_u8(&in, &id) || id >= LW_N_VERDICTS)
            return lw_fail(err, LW_EFORMAT, "the classes' section is damaged");
        c->class_of[i] = (enum lw_verdict_class)id;
    }
    return LW_OK;
}

static enum lw_status get_usual(struct lw_classifier *c, struct span in,
                                struct lw_error *err)
{
    for (size_t i = 0; i < c->view->n_features; i++)
        if (!span_take_f32(&in, &c->usual[i][0]) ||
            !span_take_f32(&in, &c->usual[i][1]))
            return lw_fail(err, LW_EFORMAT, "the usual ranges' section is damaged");
    return LW_OK;
}

static enum lw_status get_text(char **out, struct span in, struct lw_error *err)
{
    *out = mem_strndup((const char *)in.p, in.n);
    return *out == NULL ? lw_fail(err, LW_ENOMEM, "out of memory") : LW_OK;
}

static enum lw_status get_encoder(struct lw_classifier *c, struct span in,
                                  struct lw_error *err)
{
    return encoder_load(&c->encoder, &in, err);
}

static enum lw_status get_model(struct lw_classifier *c, struct span in,
                                struct lw_error *err)
{
    return model_load(&c->model, in, err);
}

static enum lw_status get_rule(struct lw_classifier *c, struct span in,
                               struct lw_error *err)
{
    return rule_load(&c->rule, in, err);
}

static enum lw_status get_normality(struct lw_classifier *c, struct span in,
                                    struct lw_error *err)
{
    return normality_load(&c->normality, in, err);
}

static enum lw_status get_novelty(struct lw_classifier *c, struct span in,
                                  struct lw_error *err)
{
    return novelty_load(&c->novelty, in, err);
}

static enum lw_status get_types(struct lw_classifier *c, struct span in,
                                struct lw_error *err)
{
    return get_text(&c->types, in, err);
}

static enum lw_status get_provenance(struct lw_classifier *c, struct span in,
                                     struct lw_error *err)
{
    return get_text(&c->provenance, in, err);
}

static enum lw_status get_cut(struct lw_classifier *c, struct span in,
                              struct lw_error *err)
{
    for (uint32_t i = 1; i < c->n_classes; i++) {
        float *cut = i == 1 ? &c->cut : &c->more_cuts[i];

        if (!span_take_f32(&in, cut) || !(*cut > 0 && *cut <= 1))
            return lw_fail(err, LW_EFORMAT, "the thresholds' section is damaged");
    }
    return in.n == 0 ? LW_OK
                     : lw_fail(err, LW_EFORMAT, "the thresholds' section is damaged");
}

static enum lw_status get_conformal(struct lw_classifier *c, struct span in,
                                    struct lw_error *err)
{
    if (c->model->ops->score == NULL || c->n_classes != 2)
        return lw_fail(err, LW_EFORMAT, "the model does not measure what is normal");
    c->conformal = mem_zalloc(CONFORMAL_QUANTILES, sizeof *c->conformal);
    if (c->conformal == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    if (!quantile_load(c->conformal, CONFORMAL_QUANTILES, &in) || in.n != 0)
        return lw_fail(err, LW_EFORMAT, "the scores of normal rows are damaged");
    return LW_OK;
}

static enum lw_status get_sets(struct lw_classifier *c, struct span in,
                               struct lw_error *err)
{
    return conformal_load(&c->conformal_sets, in, err);
}

static enum lw_status get_calibration(struct lw_classifier *c, struct span in,
                                      struct lw_error *err)
{
    return calibration_load(&c->calibration, in, err);
}

static enum lw_status get_sample(struct lw_classifier *c, struct span in,
                                 struct lw_error *err)
{
    return sample_load(&c->sample, in, c->view->n_features, err);
}

static enum lw_status get_tail(struct lw_classifier *c, struct span in,
                               struct lw_error *err)
{
    c->tail = mem_zalloc(LW_MAX_CLASSES, sizeof *c->tail);
    if (c->tail == NULL)
        return lw_fail(err, LW_ENOMEM, "out of memory");
    for (uint32_t i = 1; i < c->n_classes; i++) {
        struct span one;
        uint32_t n;

        if (!span_take_le32(&in, &n) || !span_take(&in, n, &one) ||
            !tail_load(&c->tail[i], one))
            return lw_fail(err, LW_EFORMAT, "the scores of normal rows are damaged");
    }
    return in.n == 0
               ? LW_OK
               : lw_fail(err, LW_EFORMAT, "the scores of normal rows are damaged");
}

static size_t count_numbers(const struct lw_view *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n_features; i++)
        n += v->features[i].type == LW_FEATURE_NUMBER ? 1 : 0;
    return n;
}

static bool sets_fit(const struct lw_classifier *c)
{
    const struct conformal *s = &c->conformal_sets;

    return s->n_classes == 0 ||
           (s->n_classes == c->n_classes &&
            s->n_groups == mahalanobis_groups(c->novelty.distance));
}

static bool calibration_fits(const struct lw_classifier *c)
{
    return c->calibration.n_classes == 0 || c->calibration.n_classes == c->n_classes;
}

/* Parts that are each in order must also fit each other. */
static enum lw_status check_fit(const struct lw_classifier *c, struct lw_error *err)
{
    if (encoder_inputs(c->encoder) != c->view->n_features ||
        encoder_outputs(c->encoder) != lw_model_columns(c->model) ||
        lw_model_classes(c->model) != c->n_classes || !sets_fit(c) ||
        !calibration_fits(c) ||
        (c->rule.nearness > 0 && c->conformal_sets.n_classes == 0) ||
        (c->cut == 0 &&
         (c->rule.cost.n_classes != c->n_classes ||
          mahalanobis_columns(c->normality.distance) != count_numbers(c->view) ||
          mahalanobis_columns(c->novelty.distance) != count_numbers(c->view))))
        return lw_fail(err, LW_EFORMAT, "its sections do not fit together");
    return LW_OK;
}

/* Which sections must be there, and which may: of all classifiers, or only of those
 * that decide by a rule or by a threshold. */
enum section_need {
    NEED_ALWAYS,
    NEED_BY_RULE,
    NEED_BY_CUT,
    MAY_ALWAYS,
    MAY_BY_RULE,
    MAY_BY_CUT
};

static bool is_passed_over(const struct lw_bundle *b, const char *tag,
                           enum section_need need, bool by_cut)
{
    size_t n_bytes;

    if (need == NEED_BY_RULE || need == MAY_BY_RULE ? by_cut
        : need == NEED_BY_CUT || need == MAY_BY_CUT ? !by_cut
                                                    : false)
        return true;
    return need >= MAY_ALWAYS && lw_bundle_get(b, tag, &n_bytes) == NULL;
}

static enum lw_status load_sections(struct lw_classifier *c, const struct lw_bundle *b,
                                    struct lw_error *err)
{
    static const struct {
        const char *tag;
        enum lw_status (*get)(struct lw_classifier *c, struct span in,
                              struct lw_error *err);
        enum section_need need;
    } sections[] = {
        {"VIEW", get_view, NEED_ALWAYS},
        {"ENCODER", get_encoder, NEED_ALWAYS},
        {"MODEL", get_model, NEED_ALWAYS},
        {"CLASSES", get_classes, NEED_ALWAYS},
        {"RULE", get_rule, NEED_BY_RULE},
        {"NOVELTY", get_novelty, NEED_BY_RULE},
        {"NORMAL", get_normality, NEED_BY_RULE},
        {"USUAL", get_usual, NEED_ALWAYS},
        {"TYPES", get_types, NEED_ALWAYS},
        {"PROV", get_provenance, NEED_ALWAYS},
        {"CUT", get_cut, NEED_BY_CUT},
        {"CONF", get_conformal, MAY_BY_CUT},
        {"SETS", get_sets, MAY_BY_RULE},
        {"CALIB", get_calibration, MAY_BY_RULE},
        {"SAMPLE", get_sample, MAY_ALWAYS},
        {"TAIL", get_tail, MAY_BY_CUT},
    };
    enum lw_status st = LW_OK;
    size_t n_bytes;
    bool by_cut = lw_bundle_get(b, "CUT", &n_bytes) != NULL;

    for (size_t i = 0; st == LW_OK && i < sizeof sections / sizeof sections[0]; i++) {
        struct span in;

        if (is_passed_over(b, sections[i].tag, sections[i].need, by_cut))
            continue;
        st = section(b, sections[i].tag, &in, err);
        if (st == LW_OK)
            st = sections[i].get(c, in, err);
    }
    return st == LW_OK ? check_fit(c, err) : st;
}

void lw_classifier_free(struct lw_classifier *c)
{
    if (c == NULL)
        return;
    encoder_free(c->encoder);
    lw_model_free(c->model);
    novelty_release(&c->novelty);
    normality_release(&c->normality);
    mem_free(c->conformal);
    conformal_release(&c->conformal_sets);
    lw_matrix_release(&c->sample);
    mem_free(c->tail);
    mem_free(c->types);
    mem_free(c->provenance);
    mem_free(c);
}

/* `b` is freed; `name` goes in front of what is wrong with it. */
static enum lw_status from_bundle(struct lw_classifier **out, struct lw_bundle *b,
                                  const char *name, struct lw_error *err)
{
    struct lw_classifier *c = mem_zalloc(1, sizeof *c);
    uint8_t sum[SHA256_BYTES];
    struct lw_error why = {LW_OK, ""};
    enum lw_status st;

    if (c == NULL) {
        lw_bundle_free(b);
        return lw_fail(err, LW_ENOMEM, "%s: out of memory", name);
    }
    st = load_sections(c, b, &why);
    lw_bundle_digest(b, sum);
    digest_hex(sum, 6, c->id);
    lw_bundle_free(b);
    if (st != LW_OK) {
        lw_classifier_free(c);
        return lw_fail(err, st, "%s: %.200s", name, why.msg);
    }
    *out = c;
    return LW_OK;
}

enum lw_status lw_classifier_load(struct lw_classifier **out, const char *path,
                                  struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load(&b, path, err);

    return st == LW_OK ? from_bundle(out, b, path, err) : st;
}

enum lw_status lw_classifier_load_memory(struct lw_classifier **out, const void *data,
                                         size_t n_bytes, const char *name,
                                         struct lw_error *err)
{
    struct lw_bundle *b = NULL;
    enum lw_status st = lw_bundle_load_memory(&b, data, n_bytes, name, err);

    return st == LW_OK ? from_bundle(out, b, name, err) : st;
}
