/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model file.  No mutation finds a SHA-256 that fits, so the input is read as it is
 * and once more with length and checksum put right.  Every section of what loads is
 * offered to its loader, and the whole input to all of them; an estimator that loads
 * must say what it was read from, predict and explain, a classifier judge and explain,
 * a model of packet streams score packets.
 */
#include "base/assert.h"
#include "base/digest.h"
#include "base/mem.h"
#include "data/encode.h"
#include "detect/calibration.h"
#include "detect/conformal.h"
#include "detect/normality.h"
#include "detect/rule.h"
#include "fuzz.h"
#include "learn/model_ops.h"

#include <lapwing/bundle.h>
#include <lapwing/detect.h>
#include <lapwing/packet_stream.h>
#include <lapwing/tabular.h>

#include <float.h>
#include <math.h>
#include <string.h>

enum { LENGTH_AT = 16, HEAD_BYTES = 24, COLS_MAX = 256, CLASSES_MAX = 16 };

static void use(const struct lw_model *m)
{
    float row[COLS_MAX];
    float p[CLASSES_MAX];
    double phi[COLS_MAX + 1];
    float sum = 0;

    if (lw_model_columns(m) > COLS_MAX || lw_model_classes(m) > CLASSES_MAX)
        return;
    for (size_t c = 0; c < COLS_MAX; c++)
        row[c] = c % 3 == 0 ? NAN : (float)c / 8 - 4;
    lw_model_predict(m, row, 1, p);
    for (uint32_t k = 0; k < lw_model_classes(m); k++)
        sum += p[k];
    LW_ASSERT(fabsf(sum - 1) < 1e-5f);
    if (lw_model_contributions(m, row, 1, phi, NULL) == LW_OK)
        LW_ASSERT(isfinite(phi[0]));
}

static void try_rule(const void *data, size_t n)
{
    const float margins[LW_MAX_CLASSES] = {1, -3, 50, 0, 1e6f, -1e6f};
    struct rule r;
    struct lw_error err;
    float p[LW_MAX_CLASSES];
    float sum = 0;

    if (rule_load(&r, span_of(data, n), &err) != LW_OK)
        return;
    rule_posterior(&r, margins, -7, p);
    for (uint32_t k = 0; k < r.cost.n_classes; k++)
        sum += p[k];
    LW_ASSERT(fabsf(sum - 1) < 1e-5f);
    LW_ASSERT(rule_decide(&r, p) < r.cost.n_classes);
}

static void try_normality(const void *data, size_t n)
{
    float row[COLS_MAX];
    struct normality normality = {0};
    struct lw_error err;

    if (normality_load(&normality, span_of(data, n), &err) == LW_OK &&
        mahalanobis_columns(normality.distance) <= COLS_MAX) {
        for (size_t c = 0; c < COLS_MAX; c++)
            row[c] = c % 3 == 0 ? INFINITY : (float)c / 8 - 4;
        LW_ASSERT(normality_log_p(&normality, row) <= 0);
        row[0] = NAN;
        LW_ASSERT(normality_log_p(&normality, row) <= 0);
    }
    normality_release(&normality);
}

static void try_encoder(const void *data, size_t n)
{
    struct span in = span_of(data, n);
    struct encoder *e = NULL;
    struct lw_error err;
    float row[COLS_MAX];
    float *out;

    if (encoder_load(&e, &in, &err) != LW_OK)
        return;
    for (size_t c = 0; c < COLS_MAX; c++)
        row[c] = (float)(c % 7) - 1;
    out = mem_zalloc(encoder_outputs(e), sizeof *out);
    if (out != NULL && encoder_inputs(e) <= COLS_MAX) {
        encoder_apply(e, row, 1, out);
        LW_ASSERT(encoder_unseen(e, row, NULL) <= encoder_inputs(e));
    }
    mem_free(out);
    encoder_free(e);
}

static void try_calibration(const void *data, size_t n)
{
    struct calibration c = {0};
    float p[LW_MAX_CLASSES] = {0.25f, 0.5f, 0.25f};
    struct lw_error err;
    float sum = 0;

    if (calibration_load(&c, span_of(data, n), &err) != LW_OK)
        return;
    calibration_apply(&c, p);
    for (uint32_t k = 0; k < c.n_classes; k++) {
        LW_ASSERT(p[k] >= 0 && p[k] <= 1);
        sum += p[k];
    }
    LW_ASSERT(fabsf(sum - 1) < 1e-5f);
}

static void try_sets(const void *data, size_t n)
{
    const float margins[LW_MAX_CLASSES] = {1, -3, 50, 0, 1e6f, -1e6f};
    const float distance[LW_MAX_CLASSES] = {0, FLT_MAX, 3, 1e6f};
    struct conformal c;
    struct lw_error err;
    float p[LW_MAX_CLASSES];

    if (conformal_load(&c, span_of(data, n), &err) != LW_OK)
        return;
    conformal_p_values(&c, margins, distance, p);
    for (uint32_t k = 0; k < c.n_classes; k++)
        LW_ASSERT(p[k] > 0 && p[k] <= 1);
    LW_ASSERT(conformal_set(&c, p, 0) < 1U << c.n_classes);
    conformal_release(&c);
}

/* A model of a table answers whatever the rows hold. */
static void try_table(const void *data, size_t n)
{
    static const char rows[] = "column_1,word\n1,x\n,y\n";
    struct lw_tabular *t = NULL;
    struct lw_frame *f = NULL;
    struct lw_tabular_answer a[2];
    struct lw_error err = {.msg = ""};

    if (lw_tabular_load_memory(&t, data, n, "fuzz", &err) != LW_OK) {
        LW_ASSERT(strncmp(err.msg, "fuzz: ", 6) == 0);
        return;
    }
    if (lw_frame_read_memory(&f, rows, sizeof rows - 1, "rows", NULL, &err) == LW_OK &&
        lw_tabular_score(t, f, a, &err) == LW_OK)
        LW_ASSERT(a[0].class_idx < lw_tabular_classes(t));
    lw_frame_free(f);
    lw_tabular_free(t);
}

static void try_classifier(const void *data, size_t n)
{
    struct lw_classifier *c = NULL;
    struct lw_reason reasons[LW_MAX_REASONS];
    struct lw_verdict v;
    struct lw_error err = {.msg = ""};
    float row[COLS_MAX];
    size_t n_reasons;

    if (lw_classifier_load_memory(&c, data, n, "fuzz", &err) != LW_OK) {
        LW_ASSERT(strncmp(err.msg, "fuzz: ", 6) == 0);
        return;
    }
    for (size_t i = 0; i < COLS_MAX; i++)
        row[i] = (float)(i % 5);
    if (lw_classifier_judge(c, row, 1, &v, &err) == LW_OK) {
        LW_ASSERT(v.decision < LW_N_VERDICTS);
        if (lw_classifier_explain(c, row, &v, reasons, LW_MAX_REASONS, &n_reasons,
                                  &err) == LW_OK)
            LW_ASSERT(n_reasons <= LW_MAX_REASONS);
    }
    lw_classifier_free(c);
}

static void check_packet(void *ctx, const struct lw_stream_packet *p)
{
    (void)ctx;
    LW_ASSERT(!p->is_scored || (isfinite(p->score) && p->p_value > 0));
}

/* Any scores, but numbers; a rival of a kind that knows only what is normal. */
static void try_stream(const void *data, size_t n)
{
    static const uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6};
    const struct lw_stream_config cfg = {
        .packet = check_packet, .rivals = true, .max_sockets = 64};
    struct lw_stream_model *m = NULL;
    struct lw_stream *s = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_stream_model_load_memory(&m, data, n, "fuzz", &err) != LW_OK) {
        LW_ASSERT(strncmp(err.msg, "fuzz: ", 6) == 0);
        return;
    }
    if (lw_stream_new(&s, m, &cfg, &err) == LW_OK) {
        for (int i = 0; i < 40; i++) {
            const struct lw_packet pkt = {.time_ns = (int64_t)i * i * 1000000,
                                          .data = frame,
                                          .captured_bytes = sizeof frame,
                                          .wire_bytes = sizeof frame + (uint32_t)i,
                                          .link_type = 1};

            if (lw_stream_add(s, &pkt, &err) != LW_OK)
                break;
        }
        lw_stream_flush(s);
    }
    lw_stream_free(s);
    lw_stream_model_free(m);
}

static void try_model(const void *data, size_t n)
{
    struct lw_model *m = NULL;
    struct lw_error err = {.msg = ""};
    struct buf again;

    if (model_load(&m, span_of(data, n), &err) != LW_OK) {
        LW_ASSERT(err.msg[0] != '\0');
        return;
    }
    buf_init(&again);
    model_save(m, &again);
    if (buf_ok(&again))
        LW_ASSERT(again.len == n && memcmp(again.data, data, n) == 0);
    buf_release(&again);
    use(m);
    lw_model_free(m);
}

static void try_bundle(const uint8_t *data, size_t n)
{
    static const struct {
        const char *tag;
        void (*loader)(const void *data, size_t n);
    } sections[] = {
        {"A", try_model},          {"MODEL", try_model},       {"VIEW", try_model},
        {"NORMAL", try_normality}, {"RULE", try_rule},         {"ENCODER", try_encoder},
        {"SETS", try_sets},        {"CALIB", try_calibration},
    };
    struct lw_bundle *b = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_bundle_load_memory(&b, data, n, "fuzz", &err) != LW_OK) {
        LW_ASSERT(strncmp(err.msg, "fuzz: ", 6) == 0);
        return;
    }
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        size_t n_bytes = 0;
        const void *bytes = lw_bundle_get(b, sections[i].tag, &n_bytes);

        if (bytes != NULL)
            sections[i].loader(bytes, n_bytes);
    }
    lw_bundle_free(b);
    try_classifier(data, n);
    try_table(data, n);
    try_stream(data, n);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    uint8_t *mended;

    try_bundle(data, n);
    try_model(data, n);
    try_rule(data, n);
    try_normality(data, n);
    try_encoder(data, n);
    try_calibration(data, n);
    try_sets(data, n);
    if (n < HEAD_BYTES + SHA256_BYTES)
        return;
    mended = mem_dup(data, n);
    if (mended == NULL)
        return;
    for (size_t i = 0; i < 8; i++)
        mended[LENGTH_AT + i] = (uint8_t)((uint64_t)n >> (8 * i));
    digest_sha256(mended, n - SHA256_BYTES, mended + n - SHA256_BYTES);
    try_bundle(mended, n);
    mem_free(mended);
}
