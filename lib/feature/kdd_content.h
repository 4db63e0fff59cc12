/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content.h - the 13 content features of a TCP connection, from what its
 * two ends say.
 *
 * The meter's tap feeds one struct kdd_content for each connection whose protocol is
 * read here: FTP (control), Telnet, rlogin, rsh, rexec, SMTP, POP3, IMAP, HTTP, finger
 * and IRC.  How the bytes are cut makes no difference, what is lost is passed over.
 * docs/kdd-features.md says what each feature counts in each protocol, and why.
 */
#ifndef FEATURE_KDD_CONTENT_H
#define FEATURE_KDD_CONTENT_H

#include <lapwing/record.h>
#include <lapwing/tap.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    CONTENT_LINE_BYTES = 96, /* of a line are looked at together, */
    CONTENT_OVERLAP = 20     /* so many of them again with what follows */
};

/** What is known of one side's stream. */
struct content_side {
    uint64_t length; /* HTTP: of the body to come */
    uint64_t skip;   /* bytes that are passed over unread ... */
    uint16_t look;   /* ... after these, which are read for what they show only */
    uint16_t seen;   /* words of the present line so far (kdd_content_word.h) */
    uint8_t n;       /* of `line` */
    uint8_t flags;   /* kdd_content_priv.h, as are all further numbers */
    uint8_t state;
    uint8_t escape;
    uint8_t line[CONTENT_LINE_BYTES]; /* in lower case */
};

/** All that is remembered of a connection; zero before kdd_content_tap.begin(). */
struct kdd_content {
    struct content_side side[2]; /* 0: the client */
    uint64_t asked;              /* what waits for an answer, a byte each */
    uint16_t hot;
    uint16_t failed_logins;
    uint16_t compromised;
    uint16_t root;
    uint16_t creations;
    uint16_t shells;
    uint16_t access_files;
    uint16_t requests; /* HTTP */
    uint16_t refused;  /* of them */
    uint16_t ports[2]; /* FTP: to the first host that was named, and to others */
    uint8_t first_host[4];
    uint16_t tag; /* IMAP: of the login that waits */
    uint16_t n_asked_more;
    uint8_t n_asked;
    uint8_t app; /* enum lw_app */
    uint8_t facts;
    uint8_t user;
    uint8_t stage;
    uint8_t prompt;
    uint8_t multi;
    uint8_t heard; /* bit of each side that said anything */
};

/** For the meter: what to read, and how. */
extern const struct lw_stream_tap kdd_content_tap;

/** Set the columns hot to is_guest_login of `values` (N_KDD): to NaN when they cannot
 *  be told.  `rec` is the connection that `c` belongs to; `c` may be NULL. */
void kdd_content_values(const struct kdd_content *c, const struct lw_record *rec,
                        float *values);

#endif /* FEATURE_KDD_CONTENT_H */
