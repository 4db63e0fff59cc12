/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model file.  No mutation finds a SHA-256 that fits, so the input is read as it is
 * and once more with length and checksum put right.  Every section of what loads is
 * offered to the estimators' loader; an estimator that loads must say what it was read
 * from, predict and explain.
 */
#include "base/assert.h"
#include "base/digest.h"
#include "base/mem.h"
#include "fuzz.h"
#include "learn/model_ops.h"

#include <lapwing/bundle.h>

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
    static const char *const tags[] = {"A", "MODEL", "VIEW"};
    struct lw_bundle *b = NULL;
    struct lw_error err = {.msg = ""};

    if (lw_bundle_load_memory(&b, data, n, "fuzz", &err) != LW_OK) {
        LW_ASSERT(strncmp(err.msg, "fuzz: ", 6) == 0);
        return;
    }
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        size_t n_bytes = 0;
        const void *bytes = lw_bundle_get(b, tags[i], &n_bytes);

        if (bytes != NULL)
            try_model(bytes, n_bytes);
    }
    lw_bundle_free(b);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    uint8_t *mended;

    try_bundle(data, n);
    try_model(data, n);
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
