/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two ends of a connection say, to the listener for signs of attacks.  The first
 * byte chooses the protocol; then come blocks as in fuzz_content.c: a byte whose top
 * bit is the side and next bit says "lost", with a length in the other six, and so many
 * bytes.
 *
 * What is found is in the table, and words are found wherever a stream is cut.
 */
#include "base/assert.h"
#include "base/span.h"
#include "detect/sign_said.h"
#include "fuzz.h"
#include "record.h"

#include <string.h>

/* The order is that of the corpus: new ones at the end. */
static const enum lw_app apps[] = {
    LW_APP_UNKNOWN, LW_APP_HTTP,   LW_APP_FTP, LW_APP_POP3,   LW_APP_IMAP,
    LW_APP_SMTP,    LW_APP_TELNET, LW_APP_SMB, LW_APP_DCERPC, LW_APP_KERBEROS,
};

static uint32_t run(struct span input, size_t piece)
{
    _Alignas(8) uint8_t state[4096] = {0};
    struct lw_stream_start start = {.whole = {true, true}};
    struct lw_record rec = record_of(LW_FLOW_TCP, 1, 2, 21);
    uint8_t head = 0;

    LW_ASSERT(sign_tap.state_bytes <= sizeof state);
    (void)span_get_u8(input, 0, &head);
    sign_tap.begin(state, apps[head % (sizeof apps / sizeof apps[0])], &start);
    input = span_from(input, 1);
    while (span_get_u8(input, 0, &head)) {
        unsigned from = head >> 7;
        struct span said;

        input = span_from(input, 1);
        if (head & 0x40) {
            sign_tap.gap(state, from, 1);
            continue;
        }
        said = span_first(input, head & 0x3f);
        input = span_from(input, said.n);
        while (said.n > 0) {
            struct span part = span_first(said, piece);

            sign_tap.data(state, from, part.p, part.n);
            said = span_from(said, part.n);
        }
    }
    sign_tap.end(state);
    rec.tapped = state;
    return sign_said_tag(&rec);
}

void fuzz_one(const uint8_t *data, size_t n)
{
    LW_ASSERT(sign_said_of(run(span_of(data, n), SIZE_MAX)) < N_SIGN_SAID);
    LW_ASSERT(sign_said_of(run(span_of(data, n), 1)) < N_SIGN_SAID);
}
