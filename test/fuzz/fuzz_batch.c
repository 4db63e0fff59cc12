/* SPDX-License-Identifier: Apache-2.0 */
/* Records in bulk.  The first byte says how they come: format, and size of the pieces.
 * In one piece they give the same answers. */
#include "base/assert.h"
#include "fake_classifier.h"
#include "fuzz.h"
#include "serve/batch.h"
#include "serve/view_names.h"

#include <string.h>

static enum lw_status run(const struct batch_config *cfg, struct span body,
                          size_t piece, struct batch **out)
{
    struct lw_error err;
    enum lw_status st = batch_new(out, cfg, &err);

    if (st != LW_OK)
        return st;
    if (cfg->format == BATCH_JSON)
        return batch_judge_json(*out, body, &err);
    while (body.n > 0 && st == LW_OK) {
        st = batch_feed(*out, span_first(body, piece), &err);
        body = span_from(body, piece);
    }
    return st == LW_OK ? batch_finish(*out, &err) : st;
}

static void compare(struct batch *a, struct batch *b)
{
    const struct buf *one = &batch_answers(a)->memory;
    const struct buf *other = &batch_answers(b)->memory;

    if (!buf_ok(one) || !buf_ok(other))
        return; /* memory was out */
    LW_ASSERT(batch_records(a) == batch_records(b));
    LW_ASSERT(one->len == other->len);
    if (one->len > 0)
        LW_ASSERT(memcmp(one->data, other->data, one->len) == 0);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    static struct view_names *names; /* for the life of the process */
    static struct lw_classifier classifier;
    struct batch_config cfg = {.n_models = 1, .spool_dir = "/tmp"};
    struct span body = span_from(span_of(data, n), 1);
    struct batch *pieces = NULL;
    struct batch *whole = NULL;
    enum lw_status st;

    if (n == 0)
        return;
    classifier = fake_classifier();
    if (names == NULL && view_names_new(&names, classifier.view, NULL) != LW_OK)
        return;
    cfg.format = (enum batch_format)(data[0] % 3);
    cfg.models[0] = (struct batch_model){&classifier, names};
    st = run(&cfg, body, (size_t)data[0] / 3 + 1, &pieces);
    if (st == LW_OK && run(&cfg, body, body.n + 1, &whole) == LW_OK)
        compare(pieces, whole);
    batch_free(pieces);
    batch_free(whole);
}
