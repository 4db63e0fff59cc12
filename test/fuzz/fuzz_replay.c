/* SPDX-License-Identifier: Apache-2.0 */
/* An EVE log whose alerts are to be judged again: whatever it holds, reading it ends,
 * vectors fit their view, and an alert is compared with a verdict that is not its own.
 */
#include "base/assert.h"
#include "cmd/explain_replay.h"
#include "fake_classifier.h"
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum { ROW_ROOM = 1024 };

static struct lw_classifier classifier;

static enum lw_status on_alert(void *ctx, const struct json_value *event,
                               uint64_t number, bool *stop, struct lw_error *err)
{
    const struct lw_reason reason = {
        .feature_idx = 1, .value = NAN, .contribution = 1, .words = "words"};
    const struct lw_verdict verdict = {.verdict = LW_VERDICT_DOS, .confidence = .5F};
    uint64_t *seen = ctx;
    float row[ROW_ROOM];
    const char *id = NULL;
    enum lw_status st;

    LW_ASSERT(number == ++*seen);
    LW_ASSERT(!*stop);
    if (replay_model_id(event, &id, err) == LW_OK)
        LW_ASSERT(id != NULL);
    st = replay_vector(event, &classifier, row, err);
    (void)replay_difference(event, &classifier, &verdict, &reason, 1);
    /* An alert that cannot be judged ends the reading, as in the command; one in two
     * goes on, so that more than the first is met. */
    return number % 2 == 0 ? LW_OK : st == LW_EMISMATCH ? LW_OK : st;
}

void fuzz_one(const uint8_t *data, size_t n)
{
    struct stream *in = NULL;
    struct lw_error err;
    uint64_t seen = 0;

    classifier = fake_classifier();
    if (stream_open_memory(&in, data, n, "log", &err) != LW_OK)
        return;
    if (replay_lines(in, on_alert, &seen, &err) != LW_OK)
        LW_ASSERT(err.msg[0] != '\0');
    stream_close(in);
}
