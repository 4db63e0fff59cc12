/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue.h"

#include "record.h"
#include "test.h"

#include <string.h>

static void say(struct kdd_content *c, const struct say *s, size_t piece)
{
    size_t at = 0;

    if (s->lost > 0)
        kdd_content_tap.gap(c, s->from, s->lost);
    while (at < s->n) {
        size_t n = piece == 0 || s->n - at < piece ? s->n - at : piece;

        kdd_content_tap.data(c, s->from, (const uint8_t *)s->bytes + at, n);
        at += n;
    }
}

void dialogue_feed(struct dialogue *d, enum lw_app app, const struct say *says,
                   size_t n, size_t piece)
{
    const struct lw_stream_start start = {.port = {40000, 21}, .whole = {true, true}};

    memset(&d->state, 0, sizeof d->state);
    d->rec = record_of(LW_FLOW_TCP, 1, 2, 21);
    assert_true(kdd_content_tap.wants(app));
    kdd_content_tap.begin(&d->state, app, &start);
    for (size_t i = 0; i < n; i++) {
        say(&d->state, &says[i], piece);
        d->rec.side[says[i].from].payload_bytes += says[i].n;
    }
    kdd_content_tap.end(&d->state);
    kdd_content_values(&d->state, &d->rec, d->values);
}

void dialogue_run(struct dialogue *d, enum lw_app app, const struct say *says, size_t n)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 97, 1000};
    struct dialogue other;

    dialogue_feed(d, app, says, n, 0);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        dialogue_feed(&other, app, says, n, pieces[i]);
        assert_memory_equal(&other.state, &d->state, sizeof d->state);
    }
}
