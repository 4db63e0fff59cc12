/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/app.h - which application protocol a conversation is in.
 *
 * Judged by the first bytes of both sides.  Where they fit several, or fit one without
 * proving it, the port decides; a port alone decides nothing.
 */
#ifndef FLOW_APP_H
#define FLOW_APP_H

#include "base/span.h"

#include <lapwing/tap.h>

enum app_answer {
    APP_NO,
    APP_MAYBE, /* more bytes may tell */
    APP_YES
};

/** What is known of a conversation.  Index 0 is the client. */
struct app_seen {
    struct span said[2]; /* the first bytes of each side; of a datagram, one is empty */
    uint16_t port[2];
    bool is_last; /* no more will be known */
};

/** Of a TCP connection.  APP_YES: *app is what it is.  APP_MAYBE never comes when
 *  `is_last`. */
enum app_answer app_of_stream(const struct app_seen *seen, enum lw_app *app);

/** Of one UDP datagram. */
enum app_answer app_of_datagram(const struct app_seen *seen, enum lw_app *app);

/** Whether a datagram could be RTP; then its source and number. */
bool app_is_rtp(struct span s, uint32_t *source, uint16_t *number);

#endif /* FLOW_APP_H */
