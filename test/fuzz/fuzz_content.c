/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two ends of a connection say.  The first byte chooses the protocol; then come
 * blocks: a byte whose top bit is the side and next bit says "lost", with a length in
 * the other six, and so many bytes (none where they were lost).
 *
 * However a stream is cut the outcome is the same; counters are not negative, yes and
 * no are 1 and 0, and either all of the features are known or none.
 */
#include "base/assert.h"
#include "base/span.h"
#include "feature/kdd_content.h"
#include "feature/kdd_names.h"
#include "fuzz.h"
#include "record.h"

#include <math.h>
#include <string.h>

/* The order is that of the corpus: new ones at the end. */
static const enum lw_app apps[] = {
    LW_APP_FTP,    LW_APP_SMTP, LW_APP_POP3,  LW_APP_IMAP,   LW_APP_HTTP, LW_APP_TELNET,
    LW_APP_RLOGIN, LW_APP_RSH,  LW_APP_REXEC, LW_APP_FINGER, LW_APP_IRC,
};

struct outcome {
    struct kdd_content state;
    float values[N_KDD];
};

static void say(struct kdd_content *c, unsigned from, struct span bytes, size_t piece)
{
    while (bytes.n > 0) {
        struct span part = span_first(bytes, piece);

        kdd_content_tap.data(c, from, part.p, part.n);
        bytes = span_from(bytes, part.n);
    }
}

static void run(struct outcome *out, struct span input, size_t piece)
{
    struct lw_stream_start start = {.whole = {true, true}};
    struct lw_record rec = record_of(LW_FLOW_TCP, 1, 2, 21);
    uint8_t head = 0;

    memset(out, 0, sizeof *out);
    (void)span_get_u8(input, 0, &head);
    kdd_content_tap.begin(&out->state, apps[head % (sizeof apps / sizeof apps[0])],
                          &start);
    input = span_from(input, 1);
    while (span_get_u8(input, 0, &head)) {
        unsigned from = head >> 7;
        size_t n = head & 0x3f;

        input = span_from(input, 1);
        if (head & 0x40) {
            kdd_content_tap.gap(&out->state, from, n * n + 1);
            continue;
        }
        say(&out->state, from, span_first(input, n), piece);
        rec.side[from].payload_bytes += n;
        input = span_from(input, n);
    }
    kdd_content_tap.end(&out->state);
    kdd_content_values(&out->state, &rec, out->values);
}

static void check(const float *v)
{
    bool unknown = isnan(v[KDD_hot]);

    for (int i = KDD_hot; i <= KDD_is_guest_login; i++) {
        LW_ASSERT(isnan(v[i]) == unknown);
        LW_ASSERT(unknown ||
                  (v[i] >= 0 && v[i] <= 2 * UINT16_MAX && v[i] == truncf(v[i])));
    }
    if (unknown)
        return;
    LW_ASSERT(v[KDD_logged_in] <= 1 && v[KDD_root_shell] <= 1);
    LW_ASSERT(v[KDD_su_attempted] <= 2);
    LW_ASSERT(v[KDD_is_host_login] + v[KDD_is_guest_login] <= 2);
    LW_ASSERT(v[KDD_logged_in] == 1 ||
              (v[KDD_is_host_login] == 0 && v[KDD_is_guest_login] == 0));
}

void fuzz_one(const uint8_t *data, size_t n)
{
    static const size_t pieces[] = {1, 5};
    struct span input = span_of(data, n);
    struct outcome whole;
    struct outcome cut;

    run(&whole, input, SIZE_MAX);
    check(whole.values);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        run(&cut, input, pieces[i]);
        LW_ASSERT(memcmp(&cut.state, &whole.state, sizeof cut.state) == 0);
    }
}
