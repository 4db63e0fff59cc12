/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_talk.c - finger (RFC 1288) and IRC (RFC 1459).
 *
 *     finger   hot: a question about root, a guest or a user who is a role of the
 *              system; one that is to be passed on to another host; one of more than
 *              80 bytes.  Nobody logs in.
 *     IRC      login: 001, the server's welcome; failed login: 464, a wrong password;
 *              hot: names and traces of break-ins, in what is typed.
 */
#include "feature/kdd_content_priv.h"

enum { FINGER_BYTES_MAX = 80 }; /* max_finger_request_len of Bro's finger.bro */

static void finger_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    size_t at = 0;
    struct text name;

    if (!t->first)
        return;
    if (from == SERVER) {
        content_look(c, t);
        return;
    }
    name = text_next(t, &at);
    if (text_is(&name, "/w"))
        name = text_next(t, &at);
    if (text_user(&name) != USER_OTHER || text_has(t, "@") || t->n > FINGER_BYTES_MAX)
        content_count(&c->hot);
}

const struct content_reader content_finger = {.line = finger_line};

/* ":server 001 nick :Welcome" */
static void irc_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    size_t at = 0;
    struct text word;

    if (from == CLIENT) {
        if (text_words(t, WORD_EXPLOIT & ~(unsigned)c->side[CLIENT].seen) != 0) {
            c->side[CLIENT].seen |= WORD_EXPLOIT;
            content_count(&c->hot);
        }
        return;
    }
    if (!t->first)
        return;
    word = text_next(t, &at);
    if (text_begins(&word, ":"))
        word = text_next(t, &at);
    if (text_is(&word, "001"))
        content_login(c);
    else if (text_is(&word, "464"))
        content_count(&c->failed_logins);
}

const struct content_reader content_irc = {.line = irc_line};
