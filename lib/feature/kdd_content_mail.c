/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_mail.c - SMTP (RFC 5321), POP3 (RFC 1939) and IMAP (RFC 9051).
 *
 *     login          SMTP: 2xx to MAIL, or 235 to AUTH; POP3: +OK to PASS, APOP or
 * AUTH; IMAP: OK to LOGIN or AUTHENTICATE failed login   a refusal of one of these, but
 * MAIL hot            SMTP: DEBUG and WIZ; a mail to a program, a file or an address
 *                    that decodes what it gets
 *     access file    SMTP: a command that names one
 *     root           SMTP: mail that is accepted for root; a login as root
 *
 * What is in the mails is not looked at.  The data set did so: 147 of its 9,723 SMTP
 * rows have file creations.
 */
#include "feature/kdd_content_priv.h"

/* ---- SMTP -------------------------------------------------------------------------
 */

enum { SMTP_OTHER = 1, SMTP_MAIL, SMTP_RCPT_ROOT, SMTP_AUTH, SMTP_STARTTLS };

/* c->stage */
enum { SMTP_GREETING, SMTP_COMMANDS, SMTP_MESSAGE, SMTP_SECRET };

/* <"|program">, <|program>, </file>, <decode>: where mail becomes something else. */
static bool is_hot_address(const struct text *t)
{
    return text_has(t, "<|") || text_has(t, "<\"|") || text_has(t, "</") ||
           text_has(t, ":|") || text_has(t, "<decode") || text_has(t, "<uudecode");
}

static uint8_t smtp_rcpt(const struct text *t)
{
    return text_has(t, "<root@") || text_has(t, "<root>") || text_ends(t, ":root")
               ? SMTP_RCPT_ROOT
               : SMTP_OTHER;
}

static void smtp_bdat(struct kdd_content *c, const struct text *size)
{
    uint64_t n;

    if (text_number(size, 10, &n))
        content_skip(c, CLIENT, 0, n);
}

static void smtp_command(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text verb = text_next(t, &at);
    struct text arg = text_next(t, &at);
    uint8_t what = SMTP_OTHER;

    if (text_is(&verb, "mail"))
        what = SMTP_MAIL;
    else if (text_is(&verb, "rcpt"))
        what = smtp_rcpt(t);
    else if (text_is(&verb, "auth"))
        what = SMTP_AUTH;
    else if (text_is(&verb, "starttls"))
        what = SMTP_STARTTLS;
    else if (text_is(&verb, "bdat") && t->last)
        smtp_bdat(c, &arg);
    if (text_is(&verb, "debug") || text_is(&verb, "wiz") || is_hot_address(t))
        content_count(&c->hot);
    if (text_words(t, WORD_ACCESS_FILE) != 0)
        content_count(&c->access_files);
    content_ask(c, what);
}

static void smtp_client(struct kdd_content *c, const struct text *t)
{
    if (c->stage == SMTP_MESSAGE) {
        if (text_is(t, ".") && t->last) {
            c->stage = SMTP_COMMANDS;
            content_ask(c, SMTP_OTHER);
        }
    } else if (c->stage == SMTP_SECRET) {
        c->stage = SMTP_COMMANDS;
        content_ask(c, SMTP_AUTH);
    } else {
        smtp_command(c, t);
    }
}

static void smtp_reply(struct kdd_content *c, unsigned code)
{
    uint8_t what;

    if (c->stage == SMTP_GREETING) {
        c->stage = SMTP_COMMANDS;
        if (c->n_asked == 0)
            return;
    }
    what = content_answer(c);
    if (code == 354) {
        c->stage = SMTP_MESSAGE;
    } else if (what == SMTP_AUTH && code == 334) {
        c->stage = SMTP_SECRET;
    } else if (what == SMTP_AUTH && code >= 400) {
        content_count(&c->failed_logins);
    } else if (code < 300) {
        if (what == SMTP_MAIL || what == SMTP_AUTH)
            content_login(c);
        if (what == SMTP_RCPT_ROOT)
            content_count(&c->root);
        if (what == SMTP_STARTTLS)
            content_seal(c);
    }
}

static void smtp_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    bool goes_on;
    unsigned code;

    if (!t->first)
        return;
    if (from == CLIENT) {
        smtp_client(c, t);
        return;
    }
    content_look(c, t);
    code = content_reply(t, &goes_on);
    if (code >= 200 && code < 600 && !goes_on)
        smtp_reply(c, code);
}

const struct content_reader content_smtp = {.line = smtp_line};

/* ---- POP3 -------------------------------------------------------------------------
 */

enum { POP3_OTHER = 1, POP3_LOGIN, POP3_TEXT, POP3_STLS };

/* c->stage; c->multi: the answer's text goes on to a line of one dot. */
enum { POP3_GREETING, POP3_COMMANDS, POP3_SECRET };

static uint8_t pop3_kind(const struct text *verb, const struct text *arg)
{
    if (text_is(verb, "pass") || text_is(verb, "apop") || text_is(verb, "auth"))
        return arg->n > 0 ? POP3_LOGIN : POP3_TEXT;
    if (text_is(verb, "retr") || text_is(verb, "top") || text_is(verb, "capa"))
        return POP3_TEXT;
    if (text_is(verb, "list") || text_is(verb, "uidl"))
        return arg->n > 0 ? POP3_OTHER : POP3_TEXT;
    return text_is(verb, "stls") ? POP3_STLS : POP3_OTHER;
}

static void pop3_command(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text verb = text_next(t, &at);
    struct text arg = text_next(t, &at);

    if (c->stage == POP3_SECRET) {
        c->stage = POP3_COMMANDS;
        return; /* still the answer to AUTH is awaited */
    }
    if (text_is(&verb, "user") || text_is(&verb, "apop"))
        c->user = (uint8_t)text_user(&arg);
    /* An empty password is one, too. */
    content_ask(c, text_is(&verb, "pass") ? POP3_LOGIN : pop3_kind(&verb, &arg));
}

static void pop3_reply(struct kdd_content *c, bool ok)
{
    uint8_t what;

    if (c->stage == POP3_GREETING) {
        c->stage = POP3_COMMANDS;
        if (c->n_asked == 0)
            return;
    }
    what = content_answer(c);
    if (what == POP3_LOGIN && ok)
        content_login(c);
    else if (what == POP3_LOGIN)
        content_count(&c->failed_logins);
    else if (what == POP3_TEXT && ok)
        c->multi = 1;
    else if (what == POP3_STLS && ok)
        content_seal(c);
}

static void pop3_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    if (!t->first)
        return;
    if (from == CLIENT) {
        pop3_command(c, t);
    } else if (c->multi) {
        if (text_is(t, ".") && t->last)
            c->multi = 0;
    } else if (text_begins(t, "+ ") || text_is(t, "+")) {
        c->stage = POP3_SECRET;
    } else {
        content_look(c, t);
        if (text_begins(t, "+ok") || text_begins(t, "-err"))
            pop3_reply(c, t->p[0] == '+');
    }
}

const struct content_reader content_pop3 = {.line = pop3_line};

/* ---- IMAP -------------------------------------------------------------------------
 */

/* c->stage: what the command with c->tag was. */
enum { IMAP_NONE, IMAP_LOGIN, IMAP_STARTTLS };

/* 16 bits of a tag; one that collides is taken for the login's. */
static uint16_t tag_of(const struct text *tag)
{
    uint32_t h = 5381;

    for (size_t i = 0; i < tag->n; i++)
        h = h * 33 + tag->p[i];
    return (uint16_t)(h ^ h >> 16);
}

/* {123} or {123+} at the end of a line: so many bytes follow that are no lines. */
static void imap_literal(struct kdd_content *c, unsigned from, const struct text *t)
{
    size_t open = t->n;
    struct text digits;
    uint64_t n;

    if (!t->last || !text_ends(t, "}"))
        return;
    while (open > 0 && t->p[open - 1] != '{')
        open--;
    digits = text_from(t, open);
    if (open > 0 && text_number(&digits, 10, &n))
        content_skip(c, from, 0, n);
}

/* A name in quotes is the name. */
static struct text unquote(struct text t)
{
    if (t.n >= 2 && t.p[0] == '"' && t.p[t.n - 1] == '"')
        return (struct text){.p = t.p + 1, .n = t.n - 2};
    return t;
}

static void imap_command(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text tag = text_next(t, &at);
    struct text verb = text_next(t, &at);
    struct text arg = unquote(text_next(t, &at));

    if (text_is(&verb, "login") || text_is(&verb, "authenticate")) {
        c->user = (uint8_t)(text_is(&verb, "login") ? text_user(&arg) : USER_OTHER);
        c->stage = IMAP_LOGIN;
        c->tag = tag_of(&tag);
    } else if (text_is(&verb, "starttls")) {
        c->stage = IMAP_STARTTLS;
        c->tag = tag_of(&tag);
    }
}

static void imap_answer(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text tag = text_next(t, &at);
    struct text verdict = text_next(t, &at);
    bool ok = text_is(&verdict, "ok");

    if (c->stage == IMAP_NONE || tag_of(&tag) != c->tag ||
        (!ok && !text_is(&verdict, "no") && !text_is(&verdict, "bad")))
        return;
    if (c->stage == IMAP_LOGIN && ok)
        content_login(c);
    else if (c->stage == IMAP_LOGIN)
        content_count(&c->failed_logins);
    else if (ok)
        content_seal(c);
    c->stage = IMAP_NONE;
}

static void imap_line(struct kdd_content *c, unsigned from, const struct text *t)
{
    if (t->first && from == CLIENT)
        imap_command(c, t);
    if (t->first && from == SERVER) {
        content_look(c, t);
        if (!text_begins(t, "*") && !text_begins(t, "+"))
            imap_answer(c, t);
    }
    imap_literal(c, from, t);
}

const struct content_reader content_imap = {.line = imap_line};
