/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols of lines of text over TCP.
 *
 * Several begin alike: a server says "220" in FTP and SMTP, "+OK" in POP3 and Redis, a
 * client "USER" in FTP, POP3 and IRC.  Then it takes both sides, or the port, to tell.
 */
#include "app_priv.h"

#define N_OF(a) (sizeof(a) / sizeof(a)[0])

static struct span client_of(const struct app_seen *seen)
{
    return seen->said[APP_CLIENT];
}

static struct span server_of(const struct app_seen *seen)
{
    return seen->said[APP_SERVER];
}

/* Of a protocol that both sides speak alike: a side that says something else rules it
 * out. */
static enum app_answer both(enum app_answer client, enum app_answer server)
{
    if (client == APP_YES || server == APP_YES)
        return APP_YES;
    return client == APP_NO || server == APP_NO ? APP_NO : APP_MAYBE;
}

/* ---- HTTP ------------------------------------------------------------------------ */

static const char *const http_methods[] = {
    "GET ",      "POST ",        "HEAD ",         "PUT ",          "DELETE ",
    "OPTIONS ",  "CONNECT ",     "PATCH ",        "TRACE ",        "MOVE ",
    "COPY ",     "LOCK ",        "UNLOCK ",       "PROPFIND ",     "PROPPATCH ",
    "MKCOL ",    "REPORT ",      "SEARCH ",       "SUBSCRIBE ",    "NOTIFY ",
    "M-SEARCH ", "RPC_IN_DATA ", "RPC_OUT_DATA ", "PRI * HTTP/2.0"};

/* A request line: what stands behind the method is a path, or HTTP is named. */
static enum app_answer http_request(struct span s)
{
    bool is_whole;
    struct span line = app_line(s, &is_whole);
    enum app_answer a = app_begins_any(s, http_methods, N_OF(http_methods));
    size_t target = 0;

    if (a != APP_YES)
        return a;
    while (target < line.n && line.p[target] != ' ')
        target++;
    line = span_from(line, target + 1);
    if (app_begins(line, "/") == APP_YES || app_contains(line, " HTTP/") ||
        app_begins_nocase(line, "HTTP://") == APP_YES)
        return APP_YES;
    return is_whole ? APP_NO : APP_MAYBE;
}

static enum app_answer judge_http(const struct app_seen *seen)
{
    enum app_answer a = APP_NO;

    if (client_of(seen).n > 0)
        a = http_request(client_of(seen));
    if (a != APP_YES && server_of(seen).n > 0)
        a = app_begins(server_of(seen), "HTTP/1.");
    return a;
}

/* ---- three digits and a line ------------------------------------------------------
 */

/* What a server's first line is worth: APP_YES when it is there and begins so. */
static enum app_answer reply_line(struct span s, const char *code, struct span *line)
{
    enum app_answer a = app_begins(s, code);
    bool is_whole;

    *line = app_line(s, &is_whole);
    if (a != APP_YES)
        return a;
    if (line->n > 3 && line->p[3] != ' ' && line->p[3] != '-')
        return APP_NO;
    return is_whole ? APP_YES : APP_MAYBE;
}

static const char *const smtp_commands[] = {
    "EHLO ", "HELO ", "LHLO ", "EHLO\r", "HELO\r", "HELO\n", "MAIL FROM:", "STARTTLS"};
static const char *const ftp_commands[] = {
    "USER ", "AUTH TLS", "AUTH SSL", "FEAT\r", "FEAT\n", "SYST\r", "HOST ",
    "OPTS ", "PASV\r",   "EPSV",     "CWD ",   "PORT ",  "PBSZ ",  "ACCT "};

static bool is_mail_port(const struct app_seen *seen)
{
    return app_on_port(seen, 25) || app_on_port(seen, 587) || app_on_port(seen, 465) ||
           app_on_port(seen, 2525);
}

static bool says_mail(struct span line)
{
    return app_contains(line, "SMTP") || app_contains(line, "MAIL");
}

static enum app_answer judge_smtp(const struct app_seen *seen)
{
    enum app_answer said =
        app_begins_any(client_of(seen), smtp_commands, N_OF(smtp_commands));
    struct span line;
    enum app_answer greeted = reply_line(server_of(seen), "220", &line);

    if (client_of(seen).n > 0 && said != APP_MAYBE)
        return said;
    if (greeted == APP_NO && is_mail_port(seen))
        greeted = app_better(reply_line(server_of(seen), "554", &line),
                             reply_line(server_of(seen), "421", &line));
    if (greeted != APP_YES)
        return greeted;
    if (is_mail_port(seen) || app_contains(line, "SMTP"))
        return APP_YES;
    return APP_MAYBE;
}

static enum app_answer judge_ftp(const struct app_seen *seen)
{
    enum app_answer said =
        app_begins_any(client_of(seen), ftp_commands, N_OF(ftp_commands));
    struct span line;
    enum app_answer greeted = reply_line(server_of(seen), "220", &line);

    if (greeted == APP_NO)
        greeted = reply_line(server_of(seen), "421", &line);
    if (server_of(seen).n > 0 && greeted != APP_YES)
        return greeted;
    if (client_of(seen).n > 0 && said != APP_MAYBE)
        /* USER is POP3's and IRC's, too: not without the server's word. */
        return said == APP_YES && greeted != APP_YES && !app_on_port(seen, 21)
                   ? APP_MAYBE
                   : said;
    if (greeted == APP_YES && !says_mail(line) && !is_mail_port(seen) &&
        (app_on_port(seen, 21) || app_contains(line, "FTP") ||
         app_contains(line, "FILEZILLA")))
        return APP_YES;
    return APP_MAYBE;
}

static const char *const nntp_commands[] = {"MODE READER", "GROUP ", "ARTICLE ",
                                            "LIST",        "XOVER ", "CAPABILITIES",
                                            "AUTHINFO ",   "POST\r"};

static enum app_answer judge_nntp(const struct app_seen *seen)
{
    struct span line;
    enum app_answer greeted = app_better(reply_line(server_of(seen), "200", &line),
                                         reply_line(server_of(seen), "201", &line));

    if (server_of(seen).n == 0 && client_of(seen).n > 0)
        return APP_NO; /* the server speaks first */
    if (greeted != APP_YES)
        return greeted;
    if (app_on_port(seen, 119) || app_contains(line, "NNTP") ||
        app_contains(line, "INTERNETNEWS"))
        return APP_YES;
    return app_begins_any(client_of(seen), nntp_commands, N_OF(nntp_commands));
}

/* ---- mail boxes -------------------------------------------------------------------
 */

static const char *const pop_commands[] = {"USER ", "APOP ", "CAPA",  "AUTH",
                                           "STLS",  "QUIT",  "XTND ", "PASS "};

static enum app_answer judge_pop3(const struct app_seen *seen)
{
    enum app_answer greeted = app_begins(server_of(seen), "+OK");
    bool is_whole;
    struct span line = app_line(server_of(seen), &is_whole);

    if (greeted == APP_NO && app_on_port(seen, 110))
        greeted = app_begins(server_of(seen), "-ERR");
    if (client_of(seen).n > 0) {
        enum app_answer said =
            app_begins_any(client_of(seen), pop_commands, N_OF(pop_commands));

        if (said == APP_NO || greeted == APP_YES)
            return said;
        return greeted == APP_NO ? APP_NO : APP_MAYBE;
    }
    if (greeted != APP_YES || !is_whole)
        return greeted == APP_NO ? APP_NO : APP_MAYBE;
    return app_on_port(seen, 110) || app_contains(line, "POP") ? APP_YES : APP_MAYBE;
}

static const char *const imap_greetings[] = {"* OK", "* PREAUTH", "* BYE "};
static const char *const imap_commands[] = {
    "CAPABILITY", "LOGIN ", "AUTHENTICATE ", "STARTTLS", "ID ", "NOOP\r", "LOGOUT\r"};

/* A tag, then a command. */
static enum app_answer imap_request(struct span s)
{
    enum { TAG_MAX = 16 };
    size_t n = 0;

    while (n < s.n && n <= TAG_MAX &&
           ((s.p[n] >= '0' && s.p[n] <= '9') || (s.p[n] >= 'A' && s.p[n] <= 'Z') ||
            (s.p[n] >= 'a' && s.p[n] <= 'z') || s.p[n] == '.'))
        n++;
    if (n == s.n)
        return n <= TAG_MAX ? APP_MAYBE : APP_NO;
    if (n == 0 || s.p[n] != ' ')
        return APP_NO;
    return app_begins_any(span_from(s, n + 1), imap_commands, N_OF(imap_commands));
}

static enum app_answer judge_imap(const struct app_seen *seen)
{
    enum app_answer greeted =
        app_begins_any(server_of(seen), imap_greetings, N_OF(imap_greetings));

    if (server_of(seen).n > 0)
        return greeted;
    return imap_request(client_of(seen));
}

/* ---- IRC --------------------------------------------------------------------------
 */

static const char *const irc_commands[] = {"NICK ",  "CAP LS", "CAP REQ",
                                           "JOIN #", "JOIN &", "PRIVMSG "};
static const char *const irc_words[] = {"NOTICE AUTH", "NOTICE * ",
                                        "PING :", "ERROR :CLOSING LINK"};
static const char *const irc_verbs[] = {"NOTICE ", "PRIVMSG ", "001 ",  "002 ", "020 ",
                                        "433 ",    "JOIN ",    "MODE ", "451 ", "CAP "};

/* ":server NOTICE ..." */
static enum app_answer irc_prefixed(struct span s)
{
    enum { NAME_MAX = 128 };
    size_t n = 1;

    if (s.n == 0)
        return APP_MAYBE;
    if (s.p[0] != ':')
        return APP_NO;
    while (n < s.n && n < NAME_MAX && s.p[n] > ' ' && s.p[n] < 0x7f)
        n++;
    if (n == s.n)
        return APP_MAYBE;
    if (s.p[n] != ' ')
        return APP_NO;
    return app_begins_any(span_from(s, n + 1), irc_verbs, N_OF(irc_verbs));
}

/* "USER name host server :real name", or "PASS word" before "NICK". */
static enum app_answer irc_login(struct span s)
{
    bool is_whole;
    struct span line = app_line(s, &is_whole);
    enum app_answer pass = app_begins_nocase(s, "PASS ");

    if (app_begins_nocase(s, "USER ") == APP_YES)
        return app_contains(line, " :") ? APP_YES : is_whole ? APP_NO : APP_MAYBE;
    if (pass != APP_YES || !is_whole)
        return app_better(pass == APP_NO ? APP_NO : APP_MAYBE,
                          app_begins_nocase(s, "USER "));
    while (line.n < s.n && (s.p[line.n] == '\r' || s.p[line.n] == '\n'))
        line.n++;
    return app_begins_nocase(span_from(s, line.n), "NICK ");
}

static enum app_answer judge_irc(const struct app_seen *seen)
{
    enum app_answer a = APP_NO;

    if (client_of(seen).n > 0)
        a = app_better(
            app_begins_any(client_of(seen), irc_commands, N_OF(irc_commands)),
            irc_login(client_of(seen)));
    if (server_of(seen).n > 0 && a != APP_YES)
        a = app_better(
            a, app_better(app_begins_any(server_of(seen), irc_words, N_OF(irc_words)),
                          irc_prefixed(server_of(seen))));
    return a;
}

/* ---- terminals --------------------------------------------------------------------
 */

/* IAC and WILL, WONT, DO or DONT, or a subnegotiation (RFC 854). */
static enum app_answer telnet_option(struct span s)
{
    enum { IAC = 0xff, SB = 0xfa, WILL = 0xfb, DONT = 0xfe, OPTION_MAX = 50 };
    uint8_t verb = WILL;
    uint8_t option = 0;

    if (s.n == 0)
        return APP_MAYBE;
    if (s.p[0] != IAC)
        return APP_NO;
    (void)span_get_u8(s, 1, &verb);
    (void)span_get_u8(s, 2, &option);
    if ((verb != SB && (verb < WILL || verb > DONT)) ||
        (option > OPTION_MAX && option != IAC))
        return APP_NO;
    return s.n >= 3 ? APP_YES : APP_MAYBE;
}

static enum app_answer judge_telnet(const struct app_seen *seen)
{
    enum app_answer a =
        app_better(telnet_option(client_of(seen)), telnet_option(server_of(seen)));

    /* Some servers talk before they negotiate. */
    if (a == APP_NO && app_on_port(seen, 23) && app_is_text(client_of(seen)))
        return APP_MAYBE;
    return a;
}

/* A zero, then who calls, as whom, and "terminal/speed" (RFC 1282). */
static enum app_answer judge_rlogin(const struct app_seen *seen)
{
    struct span s = client_of(seen);
    struct span word;
    uint8_t zero;

    if (!span_take_u8(&s, &zero))
        return app_on_port(seen, 513) && server_of(seen).n == 0 ? APP_MAYBE : APP_NO;
    if (zero != 0 || !app_is_text(span_first(s, 1)))
        return APP_NO;
    if (s.n == 0)
        return APP_MAYBE;
    for (unsigned i = 0; i < 3; i++) {
        if (!app_take_string(&s, &word))
            return app_on_port(seen, 513) ? APP_MAYBE : APP_NO;
    }
    return app_if(app_contains(word, "/"));
}

/* The port for errors in digits, then two names and a command, each ended by a zero. */
static enum app_answer remote_command(struct span s)
{
    enum { DIGITS_MAX = 5 };
    struct span word;
    size_t n = 0;

    while (n < s.n && n < DIGITS_MAX && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    if (n == s.n)
        return APP_MAYBE;
    if (s.p[n] != 0)
        return APP_NO;
    s = span_from(s, n + 1);
    for (unsigned i = 0; i < 3; i++) {
        if (s.n == 0)
            return APP_MAYBE;
        if (!app_take_string(&s, &word))
            return app_is_text(s) ? APP_MAYBE : APP_NO;
    }
    return APP_YES;
}

static enum app_answer judge_rsh(const struct app_seen *seen)
{
    return app_on_port(seen, 514) ? remote_command(client_of(seen)) : APP_NO;
}

static enum app_answer judge_rexec(const struct app_seen *seen)
{
    return app_on_port(seen, 512) ? remote_command(client_of(seen)) : APP_NO;
}

/* ---- others -----------------------------------------------------------------------
 */

static enum app_answer judge_ssh(const struct app_seen *seen)
{
    static const char *const banners[] = {"SSH-2.0-", "SSH-1."};
    enum app_answer a = app_begins_any(client_of(seen), banners, N_OF(banners));

    return both(a, app_begins_any(server_of(seen), banners, N_OF(banners)));
}

/* One line is asked, on a port that is known for it. */
static enum app_answer one_line(const struct app_seen *seen, uint16_t port)
{
    bool is_whole;
    struct span line = app_line(client_of(seen), &is_whole);

    if (!app_on_port(seen, port) || !app_is_text(line))
        return APP_NO;
    return is_whole ? APP_YES : APP_MAYBE;
}

static enum app_answer judge_finger(const struct app_seen *seen)
{
    return one_line(seen, 79);
}

static enum app_answer judge_syslog(const struct app_seen *seen)
{
    if (!app_on_port(seen, 514) && !app_on_port(seen, 601))
        return APP_NO;
    return app_if(app_is_syslog(client_of(seen)));
}

static enum app_answer judge_whois(const struct app_seen *seen)
{
    return one_line(seen, 43);
}

static const char *const rtsp_starts[] = {
    "OPTIONS RTSP://", "DESCRIBE RTSP://", "SETUP RTSP://",       "PLAY RTSP://",
    "ANNOUNCE RTSP:",  "TEARDOWN RTSP:",   "GET_PARAMETER RTSP:", "RECORD RTSP:",
    "OPTIONS * RTSP/", "RTSP/1."};

static enum app_answer judge_rtsp(const struct app_seen *seen)
{
    enum app_answer a = app_begins_any(client_of(seen), rtsp_starts, N_OF(rtsp_starts));

    return both(a, app_begins(server_of(seen), "RTSP/1."));
}

enum app_answer app_sip_message(struct span s)
{
    static const char *const starts[] = {
        "INVITE SIP",    "REGISTER SIP", "OPTIONS SIP", "ACK SIP",     "BYE SIP",
        "CANCEL SIP",    "SIP/2.0 ",     "NOTIFY SIP",  "MESSAGE SIP", "INFO SIP",
        "SUBSCRIBE SIP", "PUBLISH SIP",  "PRACK SIP",   "REFER SIP",   "UPDATE SIP"};

    return app_begins_any(s, starts, N_OF(starts));
}

static enum app_answer judge_sip(const struct app_seen *seen)
{
    return both(app_sip_message(client_of(seen)), app_sip_message(server_of(seen)));
}

static enum app_answer xmpp_stream(struct span s)
{
    if (app_begins_nocase(s, "<STREAM:STREAM") == APP_YES)
        return APP_YES;
    if (app_begins_nocase(s, "<?XML") == APP_YES)
        return app_contains(s, "<STREAM:STREAM") ? APP_YES : APP_MAYBE;
    return app_better(app_begins_nocase(s, "<STREAM:STREAM"),
                      app_begins_nocase(s, "<?XML"));
}

static enum app_answer judge_xmpp(const struct app_seen *seen)
{
    return client_of(seen).n > 0 ? xmpp_stream(client_of(seen)) : APP_NO;
}

static enum app_answer judge_redis(const struct app_seen *seen)
{
    struct span s = client_of(seen);
    size_t n = 1;

    if (s.n == 0 || s.p[0] != '*')
        return APP_NO;
    while (n < s.n && n < 8 && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n < 2 && n < s.n ? APP_NO : app_begins(span_from(s, n), "\r\n$");
}

static enum app_answer judge_gnutella(const struct app_seen *seen)
{
    static const char *const starts[] = {"GNUTELLA CONNECT/", "GNUTELLA/0."};
    enum app_answer a = app_begins_any(client_of(seen), starts, N_OF(starts));

    return both(a, app_begins_any(server_of(seen), starts, N_OF(starts)));
}

/* clang-format off */
const struct app_rule app_text_rules[] = {
    {judge_http, LW_APP_HTTP, {80, 8080, 8081, 8000, 3128}},
    {judge_ssh, LW_APP_SSH, {22}},
    {judge_smtp, LW_APP_SMTP, {25, 587, 465, 2525}},
    {judge_ftp, LW_APP_FTP, {21}},
    {judge_pop3, LW_APP_POP3, {110}},
    {judge_imap, LW_APP_IMAP, {143}},
    {judge_telnet, LW_APP_TELNET, {23}},
    {judge_rlogin, LW_APP_RLOGIN, {513}},
    {judge_rsh, LW_APP_RSH, {514}},
    {judge_rexec, LW_APP_REXEC, {512}},
    {judge_irc, LW_APP_IRC, {6667, 6666, 6668, 6669}},
    {judge_rtsp, LW_APP_RTSP, {554, 8554}},
    {judge_sip, LW_APP_SIP, {5060}},
    {judge_xmpp, LW_APP_XMPP, {5222, 5269}},
    {judge_redis, LW_APP_REDIS, {6379}},
    {judge_nntp, LW_APP_NNTP, {119}},
    {judge_gnutella, LW_APP_GNUTELLA, {6346}},
    {judge_syslog, LW_APP_SYSLOG, {0}},
    {judge_finger, LW_APP_FINGER, {79}},
    {judge_whois, LW_APP_WHOIS, {43}},
};
/* clang-format on */
const size_t app_n_text_rules = N_OF(app_text_rules);
