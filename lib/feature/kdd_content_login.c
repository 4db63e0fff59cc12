/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature/kdd_content_login.c - Telnet (RFC 854), rlogin (RFC 1282), rsh and rexec: a
 * person at a terminal, or one command.
 *
 * What is typed is known by what it answers.  When a line begins, the end of what the
 * server wrote last is its prompt, and says whether it is a name, a password or a
 * command.  Telnet's options and a terminal's control sequences are taken out, and
 * erased characters are erased.
 *
 *     login          the first shell prompt, or "Last login"
 *     failed login   a refusal after a name or password, or a second question for them
 *     hot            a name that is tried and is root's, a guest's or a role's; a
 *                    change to a directory of the system's; names and traces of
 *                    break-ins, typed or written; setting a set-user-id bit
 *     compromised    a line that says that something is not there, or that an
 *                    overflow worked
 *     root shell     a prompt that ends in #, or what only root is shown
 *     su             1 when su, su root or sudo for a shell is typed; 2 when root's
 *                    prompt follows (in the data set su_attempted is 2 where there is a
 *                    root shell too, and 1 where not, in all 12 rows)
 *     root           each command at root's prompt; becoming root
 *     creations      a command that writes to a file, or makes one
 *     shells         a command that is a shell (the data set has none in 201 of 201
 *                    normal Telnet sessions: prompts are not counted)
 *     access file    a command that names one
 *
 * What is given as a password is never looked at.
 */
#include "feature/kdd_content_priv.h"

#include <string.h>

enum {
    NUL = 0,
    CTRL_C = 3,
    BACKSPACE = 8,
    CTRL_U = 21,
    ESC = 27,
    DEL = 127,
    IAC = 255,
    IAC_SB = 250,
    IAC_SE = 240,
    IAC_WILL = 251,
    WINDOW_BYTES = 11 /* that follow the first 0xff of rlogin's window size */
};

/* content_side.escape */
enum {
    PLAIN,
    AFTER_IAC,
    AFTER_VERB,
    IN_OPTION,
    IN_OPTION_IAC,
    AFTER_ESC,
    IN_CSI,
    IN_OSC,
    IN_WINDOW /* and so many bytes more */
};

/* content_side.flags, further */
enum {
    AFTER_CR = 4,
    ANSWERED = 8 /* of the server: the client has answered what is written here */
};

/* kdd_content.stage */
enum { AT_START, AFTER_NAME, AFTER_PASSWORD, INSIDE };

/* kdd_content.prompt: what the line that is typed answers. */
enum { PROMPT_NONE, PROMPT_NAME, PROMPT_PASSWORD, PROMPT_SHELL, PROMPT_ROOT };

/* kdd_content.multi: su was typed, its outcome is open. */
enum { NO_SU, SU_OPEN };

/* ---- commands ---------------------------------------------------------------------
 */

static bool is_in(const struct text *t, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_is(t, list[i]))
            return true;
    }
    return false;
}

#define IS_IN(t, list) is_in(t, list, sizeof(list) / sizeof(list)[0])

static const char *const shells[] = {"sh",  "bash", "csh",  "ksh", "tcsh",
                                     "zsh", "ash",  "dash", "fish"};
static const char *const makers[] = {"touch", "mkdir", "cp",     "tee",
                                     "ln",    "mknod", "mkfifo", "install"};
static const char *const openers[] = {"exec", "nohup", "env", "time",
                                      "nice", "then",  "do"};

/* "/usr/bin/cp" is cp. */
static struct text base_name(const struct text *path)
{
    size_t at = path->n;

    while (at > 0 && path->p[at - 1] != '/')
        at--;
    return text_from(path, at);
}

/* ">file", ">> file"; not "2>&1" (cut at the &) and not "> /dev/null". */
static bool redirects(const struct text *t)
{
    const uint8_t *mark = memchr(t->p, '>', t->n);
    struct text rest;
    struct text file;
    size_t at = 0;

    if (mark == NULL)
        return false;
    rest = text_from(t, (size_t)(mark - t->p) + 1);
    if (text_begins(&rest, ">"))
        rest = text_from(&rest, 1);
    file = text_next(&rest, &at);
    return file.n > 0 && !text_is(&file, "/dev/null");
}

/* chmod 4755, chmod u+s */
static bool sets_user_id(const struct text *mode)
{
    uint64_t bits;

    if (text_has(mode, "+s"))
        return true;
    return text_number(mode, 8, &bits) && mode->n >= 4 && (bits & 06000) != 0;
}

static void try_su(struct kdd_content *c)
{
    c->facts |= FACT_SU;
    c->multi = SU_OPEN;
}

/* su, su -, su root, su - root */
static bool is_su_root(const struct text *t, size_t at)
{
    struct text word = text_next(t, &at);

    while (text_begins(&word, "-"))
        word = text_next(t, &at);
    return word.n == 0 || text_is(&word, "root");
}

/* The command's own word, and where its arguments begin. */
static struct text command_word(struct kdd_content *c, const struct text *t, size_t *at)
{
    struct text word = text_next(t, at);
    struct text name = base_name(&word);

    for (;;) {
        bool sudo = text_is(&name, "sudo");

        if (!sudo && !IS_IN(&name, openers))
            return name;
        word = text_next(t, at);
        if (sudo && (text_is(&word, "-i") || text_is(&word, "-s")))
            try_su(c);
        name = base_name(&word);
    }
}

static void simple_command(struct kdd_content *c, const struct text *t)
{
    size_t at = 0;
    struct text name = command_word(c, t, &at);
    size_t args = at;
    struct text arg = text_next(t, &at);

    if (name.n == 0)
        return;
    if (text_is(&name, "su") && is_su_root(t, args))
        try_su(c);
    if (IS_IN(&name, shells))
        content_count(&c->shells);
    if (redirects(t) || IS_IN(&name, makers))
        content_count(&c->creations);
    if ((text_is(&name, "cd") || text_is(&name, "pushd")) && text_is_system_dir(&arg))
        content_count(&c->hot);
    if (text_is(&name, "chmod") && sets_user_id(&arg))
        content_count(&c->hot);
}

/* The parts of "a; b | c && d". */
void content_command(struct kdd_content *c, const struct text *t, bool by_root)
{
    size_t begin = 0;

    for (size_t i = 0; i <= t->n; i++) {
        if (i == t->n || t->p[i] == ';' || t->p[i] == '|' || t->p[i] == '&') {
            struct text part = {.p = t->p + begin, .n = i - begin};

            simple_command(c, &part);
            begin = i + 1;
        }
    }
    if (by_root && t->n > 0)
        content_count(&c->root);
}

/* Once for each kind in a line that is typed. */
static void command_words(struct kdd_content *c, const struct text *t)
{
    struct content_side *s = &c->side[CLIENT];
    unsigned now =
        text_words(t, (WORD_ACCESS_FILE | WORD_EXPLOIT) & ~(unsigned)s->seen);

    s->seen |= (uint16_t)now;
    if (now & WORD_ACCESS_FILE)
        content_count(&c->access_files);
    if (now & WORD_EXPLOIT)
        content_count(&c->hot);
}

/* ---- prompts ----------------------------------------------------------------------
 */

static uint8_t prompt_of(const struct text *written)
{
    static const char *const names[] = {
        "login:", "username:", "user name:", "user:", "login name:"};
    struct text t = text_trim(written);

    if (t.n == 0)
        return PROMPT_NONE;
    if (text_ends(&t, ":") && (text_has(&t, "password") || text_has(&t, "passphrase") ||
                               text_has(&t, "passcode")))
        return PROMPT_PASSWORD;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_ends(&t, names[i]) && !text_ends(&t, "last login:"))
            return PROMPT_NAME;
    }
    if (text_ends(&t, "#"))
        return PROMPT_ROOT;
    return text_ends(&t, "$") || text_ends(&t, "%") || text_ends(&t, ">") ? PROMPT_SHELL
                                                                          : PROMPT_NONE;
}

static void let_in(struct kdd_content *c)
{
    if (c->stage != INSIDE)
        content_login(c);
    c->stage = INSIDE;
}

static void turn_away(struct kdd_content *c)
{
    content_count(&c->failed_logins);
    c->stage = AT_START;
}

static void name_given(struct kdd_content *c, const struct text *name)
{
    c->user = (uint8_t)text_user(name);
    if (c->user != USER_OTHER)
        content_count(&c->hot);
    c->stage = AFTER_NAME;
}

/* What the server waits for with this at the end of what it wrote. */
static void prompt_seen(struct kdd_content *c, uint8_t prompt)
{
    if (c->stage == AFTER_PASSWORD &&
        (prompt == PROMPT_NAME || prompt == PROMPT_PASSWORD)) {
        turn_away(c);
        if (prompt == PROMPT_PASSWORD)
            c->stage = AFTER_NAME;
    }
    if (prompt != PROMPT_SHELL && prompt != PROMPT_ROOT)
        return;
    let_in(c);
    if (prompt == PROMPT_ROOT) {
        c->facts |= FACT_ROOT_SHELL;
        if (c->multi == SU_OPEN) {
            c->facts |= FACT_SU_WORKED;
            content_count(&c->root);
        }
    }
    c->multi = NO_SU;
}

static struct text side_text(const struct content_side *s, bool last)
{
    bool goes_on = (s->flags & LINE_GOES_ON) != 0;

    return (struct text){.p = s->line,
                         .n = s->n,
                         .fresh = goes_on ? CONTENT_OVERLAP : 0,
                         .first = !goes_on,
                         .last = last};
}

/* A line begins to be typed: what does it answer? */
static void prompt_take(struct kdd_content *c)
{
    const struct content_side *server = &c->side[SERVER];
    struct text written = side_text(server, false);

    c->prompt = PROMPT_NONE;
    if (server->flags & ANSWERED)
        return;
    c->prompt = prompt_of(&written);
    prompt_seen(c, c->prompt);
}

/* ---- lines ------------------------------------------------------------------------
 */

static void typed(struct kdd_content *c, const struct text *t)
{
    bool secret = c->prompt == PROMPT_PASSWORD;

    if (c->stage == INSIDE) {
        if (secret || c->prompt == PROMPT_NAME)
            return;
        command_words(c, t);
        if (t->first)
            content_command(c, t, c->prompt == PROMPT_ROOT);
    } else if (t->first && c->prompt == PROMPT_NAME) {
        name_given(c, t);
    } else if (t->first && (secret || c->stage == AFTER_NAME)) {
        c->stage = AFTER_PASSWORD;
    }
}

static bool says_refused(const struct text *t)
{
    static const char *const words[] = {
        "incorrect",           "invalid",
        "login failed",        "login failure",
        "authentication fail", "authorization fail",
        "access denied",       "permission denied",
        "bad password",        "wrong password",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_has(t, words[i]))
            return true;
    }
    return false;
}

static void written(struct kdd_content *c, const struct text *t)
{
    struct content_side *s = &c->side[SERVER];
    unsigned kinds = WORD_NOT_FOUND | WORD_JUMP | WORD_EXPLOIT;
    unsigned now;

    if (c->stage == AFTER_NAME || c->stage == AFTER_PASSWORD) {
        if (text_has(t, "last login"))
            let_in(c);
        else if (says_refused(t))
            turn_away(c);
    }
    if (c->stage != INSIDE)
        return;
    content_look(c, t);
    now = text_words(t, kinds & ~(unsigned)s->seen);
    if (now & (WORD_NOT_FOUND | WORD_JUMP) && !(s->seen & (WORD_NOT_FOUND | WORD_JUMP)))
        content_count(&c->compromised);
    if (now & WORD_JUMP)
        content_count(&c->hot);
    s->seen |= (uint16_t)now;
}

static void line_done(struct kdd_content *c, unsigned from, bool last)
{
    struct content_side *s = &c->side[from];
    struct text t = side_text(s, last);

    if (from == CLIENT)
        typed(c, &t);
    else
        written(c, &t);
    if (last) {
        s->n = 0;
        s->seen = 0;
        s->flags &= (uint8_t) ~(LINE_GOES_ON | LINE_IGNORED);
        if (from == CLIENT)
            c->side[SERVER].flags |= ANSWERED;
        else
            s->flags &= (uint8_t)~ANSWERED;
    } else {
        memmove(s->line, s->line + s->n - CONTENT_OVERLAP, CONTENT_OVERLAP);
        s->n = CONTENT_OVERLAP;
        s->flags |= LINE_GOES_ON;
    }
}

static bool begins_line(const struct content_side *s)
{
    return s->n == 0 && !(s->flags & LINE_GOES_ON);
}

static void put(struct kdd_content *c, unsigned from, uint8_t b)
{
    struct content_side *s = &c->side[from];

    if (s->n == CONTENT_LINE_BYTES)
        line_done(c, from, false);
    s->line[s->n++] = b >= 'A' && b <= 'Z' ? (uint8_t)(b - 'A' + 'a') : b;
    if (from == SERVER)
        s->flags &= (uint8_t)~ANSWERED;
}

static void erase_line(struct content_side *s)
{
    s->n = 0;
    s->flags &= (uint8_t)~LINE_GOES_ON;
}

/* A carriage return alone goes back to the line's begin, to write over it; a client's
 * ends the line, with or without a line feed or NUL behind it. */
static bool line_ends(struct content_side *s, unsigned from, uint8_t b)
{
    bool after_cr = (s->flags & AFTER_CR) != 0;

    s->flags &= (uint8_t)~AFTER_CR;
    if (b == '\r') {
        s->flags |= AFTER_CR;
        return from == CLIENT;
    }
    if (b == '\n')
        return from == SERVER || !after_cr;
    if (after_cr && b != NUL && from == SERVER)
        erase_line(s);
    return false;
}

static void terminal_byte(struct kdd_content *c, unsigned from, uint8_t b)
{
    struct content_side *s = &c->side[from];
    bool ends = line_ends(s, from, b);

    if (from == CLIENT && begins_line(s) && (ends || b > ' '))
        prompt_take(c);
    if (ends)
        line_done(c, from, true);
    else if (b == BACKSPACE || b == DEL)
        s->n = (uint8_t)(s->n > 0 ? s->n - 1 : 0);
    else if (from == CLIENT && (b == CTRL_U || b == CTRL_C))
        erase_line(s);
    else if (b >= ' ')
        put(c, from, b);
}

/* ---- control sequences ------------------------------------------------------------
 */

/* ESC [ 1 ; 31 m, ESC ] 0 ; title BEL.  True: the byte was part of one. */
static bool in_sequence(struct content_side *s, uint8_t b)
{
    switch (s->escape) {
    case AFTER_ESC:
        s->escape = b == '[' || b == 'O' ? IN_CSI : PLAIN;
        if (b == ']')
            s->escape = IN_OSC;
        return true;
    case IN_CSI:
        if (b >= '@' && b <= '~')
            s->escape = PLAIN;
        return true;
    case IN_OSC:
        if (b == 7 || b == '\n')
            s->escape = PLAIN;
        else if (b == ESC)
            s->escape = AFTER_ESC; /* ESC \ ends it, too */
        return true;
    default:
        if (b == ESC)
            s->escape = AFTER_ESC;
        return b == ESC;
    }
}

/* RFC 854: commands, and options with what belongs to them. */
static bool in_option(struct content_side *s, uint8_t b)
{
    switch (s->escape) {
    case AFTER_IAC:
        s->escape = b >= IAC_WILL && b < IAC ? AFTER_VERB : PLAIN;
        if (b == IAC_SB)
            s->escape = IN_OPTION;
        return true; /* the byte 255 itself is no text either */
    case AFTER_VERB:
        s->escape = PLAIN;
        return true;
    case IN_OPTION:
        if (b == IAC)
            s->escape = IN_OPTION_IAC;
        return true;
    case IN_OPTION_IAC:
        s->escape = b == IAC_SE ? PLAIN : IN_OPTION;
        return true;
    default:
        if (b == IAC)
            s->escape = AFTER_IAC;
        return b == IAC;
    }
}

static void telnet_byte(struct kdd_content *c, unsigned from, uint8_t b)
{
    struct content_side *s = &c->side[from];

    if (!in_option(s, b) && !in_sequence(s, b))
        terminal_byte(c, from, b);
}

/* The prompt at the end may be the answer to the last password. */
static void login_end(struct kdd_content *c)
{
    if (c->side[CLIENT].n > 0)
        line_done(c, CLIENT, true);
    if (!(c->side[SERVER].flags & ANSWERED) || c->side[SERVER].n > 0) {
        struct text t = side_text(&c->side[SERVER], true);

        written(c, &t);
        if (!(c->side[SERVER].flags & ANSWERED))
            prompt_seen(c, prompt_of(&t));
    }
}

const struct content_reader content_telnet = {.byte = telnet_byte, .end = login_end};

/* ---- rlogin, rsh, rexec -----------------------------------------------------------
 *
 * The client begins with texts that each end in a NUL; content_side.state counts them.
 *
 *     rlogin   ""      client's user   server's user   terminal/speed
 *     rsh      port    client's user   server's user   command
 *     rexec    port    user            password        command
 *
 * rsh and rexec answer with a NUL, or with a 1 and why not.
 */

enum { N_FIELDS = 4, FIELD_COMMAND = 3 };

static void field_end(struct kdd_content *c)
{
    struct content_side *s = &c->side[CLIENT];
    unsigned field_of_user = c->app == LW_APP_REXEC ? 1 : 2;
    struct text t = side_text(s, true);

    if (s->state == field_of_user && t.n > 0)
        name_given(c, &t);
    /* The command stays there until it is known whether it was done. */
    if (s->state != FIELD_COMMAND || c->app == LW_APP_RLOGIN)
        erase_line(s);
    s->state++;
}

static void field_byte(struct kdd_content *c, uint8_t b)
{
    struct content_side *s = &c->side[CLIENT];

    if (b == NUL)
        field_end(c);
    else if (s->n < CONTENT_LINE_BYTES)
        put(c, CLIENT, b);
}

/* 0xff 0xff "ss" and four numbers: the size of the window. */
static bool in_window(struct content_side *s, uint8_t b)
{
    if (s->escape > IN_WINDOW) {
        s->escape--;
        if (s->escape == IN_WINDOW)
            s->escape = PLAIN;
        return true;
    }
    if (b == IAC)
        s->escape = IN_WINDOW + WINDOW_BYTES;
    return b == IAC;
}

static void rlogin_byte(struct kdd_content *c, unsigned from, uint8_t b)
{
    struct content_side *s = &c->side[from];

    if (from == CLIENT && s->state < N_FIELDS)
        field_byte(c, b);
    else if (!(from == CLIENT && in_window(s, b)) && !in_sequence(s, b))
        terminal_byte(c, from, b);
}

const struct content_reader content_rlogin = {.byte = rlogin_byte, .end = login_end};

static void rsh_byte(struct kdd_content *c, unsigned from, uint8_t b)
{
    struct content_side *s = &c->side[from];

    if (from == CLIENT) {
        if (s->state < N_FIELDS)
            field_byte(c, b);
    } else if (s->state == 0) {
        s->state = 1;
        if (b == NUL)
            let_in(c);
        else
            turn_away(c);
    } else {
        terminal_byte(c, SERVER, b);
    }
}

static void rsh_end(struct kdd_content *c)
{
    struct content_side *s = &c->side[CLIENT];
    struct text command = side_text(s, true);

    if (c->stage == INSIDE && s->state == N_FIELDS && command.n > 0) {
        command_words(c, &command);
        content_command(c, &command, c->user == USER_ROOT);
    }
    if (c->side[SERVER].n > 0)
        line_done(c, SERVER, true);
}

const struct content_reader content_rsh = {.byte = rsh_byte, .end = rsh_end};
