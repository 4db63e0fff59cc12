/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_priv.h - what the readers of the protocols share.
 *
 * kdd_content.c cuts streams into lines and keeps the counts; one file a family of
 * protocols says what a line means.
 */
#ifndef FEATURE_KDD_CONTENT_PRIV_H
#define FEATURE_KDD_CONTENT_PRIV_H

#include "feature/kdd_content.h"
#include "feature/kdd_content_word.h"

enum { CLIENT, SERVER };

/** content_side.flags */
enum {
    LINE_GOES_ON = 1, /* a piece of the line was given to its reader already */
    LINE_IGNORED = 2  /* what is left of it does not matter, or is damaged */
};

/** content_side.state after a gap; what else it is is the reader's, and 0 first. */
enum { STATE_LOST = 255 };

/** kdd_content.facts */
enum {
    FACT_LOGGED_IN = 1,
    FACT_ROOT_SHELL = 2,
    FACT_SU = 4,        /* somebody tried to become root */
    FACT_SU_WORKED = 8, /* and a root's prompt followed */
    FACT_HOST_LOGIN = 16,
    FACT_GUEST_LOGIN = 32,
    FACT_SEALED = 64,   /* went on encrypted, or as something else */
    FACT_NO_BEGIN = 128 /* the connection's beginning was not captured */
};

/** What a side's bytes are cut into. */
struct content_reader {
    /* A line of a side, or a piece of a long one; text protocols. */
    void (*line)(struct kdd_content *c, unsigned from, const struct text *t);
    /* Each byte; interactive ones, instead of `line`. */
    void (*byte)(struct kdd_content *c, unsigned from, uint8_t b);
    void (*end)(struct kdd_content *c); /* NULL: nothing to do */
    bool stands_alone; /* each request says what it is about: a missing beginning of
                          the connection hides nothing */
};

extern const struct content_reader content_ftp;
extern const struct content_reader content_smtp;
extern const struct content_reader content_pop3;
extern const struct content_reader content_imap;
extern const struct content_reader content_http;
extern const struct content_reader content_finger;
extern const struct content_reader content_irc;
extern const struct content_reader content_telnet;
extern const struct content_reader content_rlogin;
extern const struct content_reader content_rsh;

/** Count, up to 65,535. */
void content_count(uint16_t *counter);

/** Somebody was let in, as c->user. */
void content_login(struct kdd_content *c);

/** The next `n` bytes of a side are not read; but for `look` of them before, of which
 *  only what they show is taken (content_look()).  At the end of a line only. */
void content_skip(struct kdd_content *c, unsigned from, uint64_t look, uint64_t n);

/** What a server shows to root alone. */
void content_look(struct kdd_content *c, const struct text *t);

/** Nothing more of the connection is read. */
void content_seal(struct kdd_content *c);

/*
 * Questions that wait for their answers, in order.  There is room for eight; the ones
 * after these are known by their number only, and are taken out as 0.
 */
void content_ask(struct kdd_content *c, uint8_t what);
/** Take the oldest; 0 when there is none, or it is not known. */
uint8_t content_answer(struct kdd_content *c);
/** Add bits to the newest one, if it still waits. */
void content_ask_more(struct kdd_content *c, uint8_t bits);
void content_forget(struct kdd_content *c);

/** A reply's code of three digits and whether more lines of it follow ("220-"); 0 when
 *  the line is no reply. */
unsigned content_reply(const struct text *t, bool *goes_on);

/** A command of a shell, by root or not. */
void content_command(struct kdd_content *c, const struct text *t, bool by_root);

#endif /* FEATURE_KDD_CONTENT_PRIV_H */
