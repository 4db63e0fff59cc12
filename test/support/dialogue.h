/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support/dialogue.h - what two ends of a connection say, for the readers of content.
 *
 *     static const struct say ftp[] = {
 *         SERVER_SAYS("220 ready\r\n"), CLIENT_SAYS("USER anonymous\r\n"), ...
 *     };
 *     dialogue_run(&d, LW_APP_FTP, ftp, sizeof ftp / sizeof ftp[0]);
 *     assert_near(d.values[KDD_hot], 2, 0);
 *
 * It is said as a whole, byte by byte and in pieces of other sizes, which must make no
 * difference.
 */
#ifndef SUPPORT_DIALOGUE_H
#define SUPPORT_DIALOGUE_H

#include "feature/kdd_content.h"
#include "feature/kdd_names.h"

struct say {
    unsigned from; /* 0: the client */
    const char *bytes;
    size_t n;
    uint64_t lost; /* instead of bytes */
};

#define CLIENT_SAYS(text)                                                              \
    {                                                                                  \
        0, text, sizeof(text) - 1, 0                                                   \
    }
#define SERVER_SAYS(text)                                                              \
    {                                                                                  \
        1, text, sizeof(text) - 1, 0                                                   \
    }
#define CLIENT_LOST(n_bytes)                                                           \
    {                                                                                  \
        0, "", 0, n_bytes                                                              \
    }
#define SERVER_LOST(n_bytes)                                                           \
    {                                                                                  \
        1, "", 0, n_bytes                                                              \
    }

struct dialogue {
    struct kdd_content state;
    struct lw_record rec; /* of the connection, from 10.0.0.1 */
    float values[N_KDD];
};

/** Feed all of it in pieces of `piece` bytes (0: as it was said) to a new state. */
void dialogue_feed(struct dialogue *d, enum lw_app app, const struct say *says,
                   size_t n, size_t piece);

/** Feed it in every way, compare, and leave the values. */
void dialogue_run(struct dialogue *d, enum lw_app app, const struct say *says,
                  size_t n);

#define DIALOGUE_RUN(d, app, says)                                                     \
    dialogue_run(d, app, says, sizeof(says) / sizeof(says)[0])

#endif /* SUPPORT_DIALOGUE_H */
