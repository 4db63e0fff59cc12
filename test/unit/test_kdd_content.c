/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content features of FTP, mail, HTTP, finger and IRC: a dialogue each, and what is
 * counted in it.  Every dialogue is said in pieces of several sizes
 * (support/dialogue.h).
 */
#include "dialogue.h"
#include "feature/kdd_content_word.h"
#include "record.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct dialogue d;

/* What all tests want to know: the features that are not 0, by name. */
static const char *told(void)
{
    static const char *const names[] = {
#define KDD31(pos, name, ...) #name,
#define KDD(name, ...)        #name,
#include "feature/kdd.def"
#undef KDD31
#undef KDD
    };
    static char out[512];
    size_t n = 0;

    out[0] = '\0';
    for (int i = KDD_hot; i <= KDD_is_guest_login; i++) {
        if (d.values[i] != 0.0f)
            n += (size_t)snprintf(out + n, sizeof out - n, "%s%s=%g", n > 0 ? " " : "",
                                  names[i], (double)d.values[i]);
    }
    return out;
}

#define ASSERT_TOLD(expected) assert_string_equal(told(), expected)

static bool is_unknown(void)
{
    bool unknown = isnan(d.values[KDD_hot]);

    for (int i = KDD_hot; i <= KDD_is_guest_login; i++)
        assert_int_equal(isnan(d.values[i]), unknown);
    return unknown;
}

/* ---- FTP --------------------------------------------------------------------------
 */

/* Two files for a guest: hot 2; logged in as a guest.  Each PORT names the client. */
static void ftp_guest_fetches(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220-Welcome\r\n 230 not yet\r\n220 ready.\r\n"),
        CLIENT_SAYS("USER anonymous\r\n"),
        SERVER_SAYS("331 Guest login ok, send ident as password.\r\n"),
        CLIENT_SAYS("PASS me@passwd/shadow\r\n"),
        SERVER_SAYS("230 Guest login ok.\r\n"),
        CLIENT_SAYS("PORT 10,0,0,1,4,1\r\n"),
        SERVER_SAYS("200 PORT command successful.\r\n"),
        CLIENT_SAYS("RETR a.tar\r\n"),
        SERVER_SAYS("150 Opening.\r\n226 Transfer complete.\r\n"),
        CLIENT_SAYS("PORT 10,0,0,1,4,2\r\n"),
        SERVER_SAYS("200 PORT command successful.\r\n"),
        CLIENT_SAYS("RETR b.tar\r\n"),
        SERVER_SAYS("150 Opening.\r\n226 Transfer complete.\r\n"),
        CLIENT_SAYS("QUIT\r\n"),
        SERVER_SAYS("221 Bye\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("hot=2 logged_in=1 is_guest_login=1");
}

/* As the data set's sessions that store .rhosts: hot 2, one creation, one access file.
 * The directory made is a creation, and not hot. */
static void ftp_store_counts(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),
        CLIENT_SAYS("USER ftp\r\nPASS x\r\n"),
        SERVER_SAYS("331 password\r\n230 in\r\n"),
        CLIENT_SAYS("STOR .rhosts\r\n"),
        SERVER_SAYS("150 ok\r\n226 done\r\n"),
        CLIENT_SAYS("MKD warez\r\n"),
        SERVER_SAYS("257 \"warez\" created\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("hot=2 logged_in=1 num_file_creations=2 num_access_files=1 "
                "is_guest_login=1");
}

/* Three wrong passwords, and a name that is refused at once; 421 is no refusal. */
static void ftp_failed_logins(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),      CLIENT_SAYS("USER bob\r\n"),
        SERVER_SAYS("331 password\r\n"),   CLIENT_SAYS("PASS a\r\n"),
        SERVER_SAYS("530 no.\r\n"),        CLIENT_SAYS("USER bob\r\n"),
        SERVER_SAYS("331 password\r\n"),   CLIENT_SAYS("PASS b\r\n"),
        SERVER_SAYS("430 no.\r\n"),        CLIENT_SAYS("PASS c\r\n"),
        SERVER_SAYS("503 USER first\r\n"), CLIENT_SAYS("USER eve\r\n"),
        SERVER_SAYS("530 Not you.\r\n"),   CLIENT_SAYS("PASS d\r\n"),
        SERVER_SAYS("421 too many\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("num_failed_logins=4");
}

/* root logs in (1) and gives three commands: num_root 4.  One changes to a system
 * directory, one fetches the passwords, which is hot and an access file; root is no
 * guest, so that fetching itself is not hot.  What is not there is compromised. */
static void ftp_root_looks_around(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),
        CLIENT_SAYS("USER root\r\n"),
        SERVER_SAYS("331 password\r\n"),
        CLIENT_SAYS("PASS a\r\n"),
        SERVER_SAYS("230 in\r\n"),
        CLIENT_SAYS("CWD /etc\r\n"),
        SERVER_SAYS("250 ok\r\n"),
        CLIENT_SAYS("RETR /etc/passwd\r\n"),
        SERVER_SAYS("150 ok\r\n226 done\r\n"),
        CLIENT_SAYS("RETR nothing\r\n"),
        SERVER_SAYS("550 nothing: No such file or directory.\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("hot=2 logged_in=1 num_compromised=1 num_root=4 num_access_files=1 "
                "is_host_login=1");
}

/* Two accepted PORTs to 10.9.9.9 and one to the client; a refused one does not count.
 */
static void ftp_bounce_is_outbound(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),
        CLIENT_SAYS("USER bob\r\nPASS b\r\n"),
        SERVER_SAYS("331 password\r\n230 in\r\n"),
        CLIENT_SAYS("PORT 10,0,0,1,4,1\r\n"),
        SERVER_SAYS("200 ok\r\n"),
        CLIENT_SAYS("PORT 10,9,9,9,0,22\r\n"),
        SERVER_SAYS("200 ok\r\n"),
        CLIENT_SAYS("EPRT |1|10.9.9.9|23|\r\n"),
        SERVER_SAYS("200 ok\r\n"),
        CLIENT_SAYS("PORT 10,9,9,9,0,24\r\n"),
        SERVER_SAYS("500 Illegal PORT command\r\n"),
        CLIENT_SAYS("EPRT |2|::1|23|\r\nPORT 10,9,9,999,0,22\r\nPORT 1,2\r\n"),
        SERVER_SAYS("200 ok\r\n200 ok\r\n200 ok\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("logged_in=1 num_outbound_cmds=2");
    /* Had the first one not been the client, all three would count. */
    d.rec.addr[0].bytes[3] = 7;
    kdd_content_values(&d.state, &d.rec, d.values);
    ASSERT_TOLD("logged_in=1 num_outbound_cmds=3");
}

/* A refused store leaves nothing; SITE EXEC runs a program. */
static void ftp_counts_what_is_accepted(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),
        CLIENT_SAYS("USER bob\r\nPASS b\r\n"),
        SERVER_SAYS("331 password\r\n230 in\r\n"),
        CLIENT_SAYS("STOR /etc/passwd\r\n"),
        SERVER_SAYS("553 Permission denied\r\n"),
        CLIENT_SAYS("SITE EXEC ls\r\n"),
        SERVER_SAYS("200-ls\r\n 200 fake\r\n200  (end of 'ls')\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("hot=1 logged_in=1");
}

/* A path longer than the line that is kept names its file at the end. */
static void ftp_long_paths_are_read(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),
        CLIENT_SAYS("USER bob\r\nPASS b\r\n"),
        SERVER_SAYS("331 password\r\n230 in\r\n"),
        CLIENT_SAYS(
            "DELE /home/a-name-that-is-long/and-another-name-that-is-long/and-a-"
            "third-name-that-is-long/.rhosts\r\n"),
        SERVER_SAYS("250 gone\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("hot=1 logged_in=1 num_access_files=1");
}

/* ---- mail -------------------------------------------------------------------------
 */

/* Three commands at once; the third recipient is root, one is a program (hot), one a
 * file of passwords (hot, access file).  Nothing in the message counts. */
static void smtp_delivers(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 mail ESMTP\r\n"),
        CLIENT_SAYS("EHLO me\r\n"),
        SERVER_SAYS("250-mail\r\n250 PIPELINING\r\n"),
        CLIENT_SAYS("MAIL FROM:<a@b>\r\nRCPT TO:<|/bin/sh>\r\nRCPT TO:</etc/passwd>\r\n"
                    "RCPT TO:<root@b>\r\nDATA\r\n"),
        SERVER_SAYS("250 ok\r\n550 no\r\n550 no\r\n250 ok\r\n354 go on\r\n"),
        CLIENT_SAYS("Subject: /etc/shadow\r\nRCPT TO:<root@b>\r\n.\r\nQUIT\r\n"),
        SERVER_SAYS("250 taken\r\n221 bye\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_SMTP, says);
    ASSERT_TOLD("hot=2 logged_in=1 num_root=1 num_access_files=1");
}

/* AUTH with its dialogue, refused twice and refused at once; then let in. */
static void smtp_failed_logins(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 mail ESMTP\r\n"),   CLIENT_SAYS("EHLO me\r\n"),
        SERVER_SAYS("250 AUTH LOGIN\r\n"),   CLIENT_SAYS("AUTH LOGIN\r\n"),
        SERVER_SAYS("334 VXNlcm5hbWU6\r\n"), CLIENT_SAYS("Ym9i\r\n"),
        SERVER_SAYS("334 UGFzc3dvcmQ6\r\n"), CLIENT_SAYS("DEBUG\r\n"),
        SERVER_SAYS("535 no\r\n"),           CLIENT_SAYS("AUTH PLAIN Ym9i\r\n"),
        SERVER_SAYS("535 no\r\n"),
    };
    static const struct say more[] = {
        SERVER_SAYS("220 mail ESMTP\r\n"), CLIENT_SAYS("EHLO me\r\n"),
        SERVER_SAYS("250 AUTH\r\n"),       CLIENT_SAYS("AUTH PLAIN Ym9i\r\n"),
        SERVER_SAYS("235 welcome\r\n"),    CLIENT_SAYS("BDAT 9 LAST\r\nRCPT TO\r\n"),
        SERVER_SAYS("250 taken\r\n"),      CLIENT_SAYS("WIZ\r\n"),
        SERVER_SAYS("500 what\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_SMTP, says);
    ASSERT_TOLD("num_failed_logins=2");
    DIALOGUE_RUN(&d, LW_APP_SMTP, more);
    ASSERT_TOLD("hot=1 logged_in=1");
}

/* A greeting alone is no login: whoever asks only who is there leaves nothing. */
static void smtp_probe_is_no_login(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 mail ESMTP\r\n"), CLIENT_SAYS("EHLO me\r\n"),
        SERVER_SAYS("250 ok\r\n"),         CLIENT_SAYS("QUIT\r\n"),
        SERVER_SAYS("221 bye\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_SMTP, says);
    ASSERT_TOLD("");
}

/* The mail's text is no answer, up to the dot. */
static void pop3_logins(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("+OK ready\r\n"),
        CLIENT_SAYS("USER admin\r\n"),
        SERVER_SAYS("+OK\r\n"),
        CLIENT_SAYS("PASS wrong\r\n"),
        SERVER_SAYS("-ERR no\r\n"),
        CLIENT_SAYS("AUTH PLAIN\r\n"),
        SERVER_SAYS("+ \r\n"),
        CLIENT_SAYS("PASS of AUTH\r\n"),
        SERVER_SAYS("-ERR no\r\n"),
        CLIENT_SAYS("PASS right\r\n"),
        SERVER_SAYS("+OK 1 message\r\n"),
        CLIENT_SAYS("RETR 1\r\n"),
        SERVER_SAYS("+OK\r\n-ERR\r\n.\r\n"),
        CLIENT_SAYS("PASS\r\n"),
        SERVER_SAYS("-ERR already\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_POP3, says);
    ASSERT_TOLD("num_failed_logins=3 logged_in=1 is_host_login=1");
}

/* A literal is not a command; the answer is the one with the tag. */
static void imap_logins(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("* OK ready\r\n"),
        CLIENT_SAYS("a1 LOGIN bob wrong\r\n"),
        SERVER_SAYS("* NO hm\r\na1 NO no\r\n"),
        CLIENT_SAYS("a2 AUTHENTICATE PLAIN\r\n"),
        SERVER_SAYS("+ \r\n"),
        CLIENT_SAYS("Ym9i\r\n"),
        SERVER_SAYS("a2 BAD no\r\n"),
        CLIENT_SAYS("a3 LOGIN {3}\r\nxxx {8}\r\nx LOGIN \r\n"),
        SERVER_SAYS("+ go on\r\n+ go on\r\na3 NO no\r\n"),
        CLIENT_SAYS("a4 LOGIN \"root\" secret\r\n"),
        SERVER_SAYS("a3 NO late\r\na4 OK in\r\n"),
        CLIENT_SAYS("a5 FETCH 1 BODY[]\r\n"),
        SERVER_SAYS("* 1 FETCH (BODY[] {7}\r\na4 NO\r\n)\r\na5 OK\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_IMAP, says);
    ASSERT_TOLD("num_failed_logins=3 logged_in=1 num_root=1 is_host_login=1");
}

/* ---- HTTP -------------------------------------------------------------------------
 */

/* Bodies of known length and of chunks hold what looks like requests and answers. */
static void http_bodies_are_passed_over(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("POST /a HTTP/1.1\r\nContent-Length: 20\r\n\r\n"
                    "GET /etc/passwd HTTP"
                    "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nHTTP/1.1 404\r\n"
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "0e;x=y\r\nHTTP/1.1 404\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n"),
        CLIENT_SAYS("HEAD /c HTTP/1.1\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 404 Not Found\r\nContent-Length: 9000\r\n\r\n"),
        CLIENT_SAYS("GET /d HTTP/1.1\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Same\r\n\r\n"
                    "HTTP/1.1 200 Unasked\r\n\r\nHTTP/1.1 404 the rest\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("hot=1 logged_in=1 num_compromised=1");
}

/* phf as in the data set: 51 bytes; hot 2, one access file, a root shell. */
static void http_phf(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd\n"),
        SERVER_SAYS("<H1>Query Results</H1>\n<P>\n/usr/local/bin/ph -m alias=x\n"
                    "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/bin:\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("hot=2 logged_in=1 root_shell=1 num_access_files=1");
}

/* back as in the data set: hot 2, compromised 1. */
static void http_back(void **state)
{
    static char request[3000] = "GET ";
    struct say says[] = {
        {0, request, sizeof request, 0},
        SERVER_SAYS("HTTP/1.1 404 Not Found\r\n\r\n"),
    };

    (void)state;
    memset(request + 4, '/', sizeof request - 4);
    memcpy(request + sizeof request - 13, " HTTP/1.0\r\n\r\n", 13);
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("hot=2 logged_in=1 num_compromised=1");
}

/* Refused without a password: nobody tried.  With one: a failed login. */
static void http_failed_logins(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("GET / HTTP/1.1\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 401 Who?\r\nContent-Length: 0\r\n\r\n"),
        CLIENT_SAYS("GET / HTTP/1.1\r\nAuthorization: Basic Ym9i\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 401 Who?\r\nContent-Length: 0\r\n\r\n"),
    };
    static const struct say more[] = {
        CLIENT_SAYS("GET / HTTP/1.1\r\nAuthorization: Basic Ym9i\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 401 Who?\r\nContent-Length: 0\r\n\r\n"),
        CLIENT_SAYS("GET / HTTP/1.1\r\nAuthorization: Basic Ym9i\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("num_failed_logins=1");
    DIALOGUE_RUN(&d, LW_APP_HTTP, more);
    ASSERT_TOLD("num_failed_logins=1 logged_in=1");
}

/* NTLM's first message is always refused; its third one is an attempt. */
static void http_ntlm_asks_first(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("GET / HTTP/1.1\r\nAuthorization: NTLM TlRMTVNTUAABAAAA\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 401 a\r\nContent-Length: 0\r\n\r\n"),
        CLIENT_SAYS("GET / HTTP/1.1\r\nAuthorization: NTLM TlRMTVNTUAADAAAA\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 401 b\r\nContent-Length: 0\r\n\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("num_failed_logins=1");
}

/* One sign for each kind in a request, wherever in the line it is. */
static void http_hot_requests(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("GET /a/../../b/../c HTTP/1.1\r\n\r\n"),
        CLIENT_SAYS(
            "GET /scripts/..%5c../winnt/system32/cmd.exe?/c+dir HTTP/1.1\r\n\r\n"),
        CLIENT_SAYS("GET /a/perfectly/ordinary/page?with=a&very=long&query=string&that="
                    "goes&on=for&more=than&a=buffer&and=then&f=/etc/passwd HTTP/1.1\r\n"
                    "Cookie: /etc/shadow\r\n\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("hot=4 logged_in=1 num_access_files=1");
}

/* Lost in the body: nothing is; in a header: the next answer is found again. */
static void http_gaps_are_tolerated(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("GET /a HTTP/1.1\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nabc"),
        SERVER_LOST(4997),
        CLIENT_SAYS("GET /b HTTP/1.1\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 404 No\r\nContent-"),
        SERVER_LOST(100),
        SERVER_SAYS("HTTP/1.1 404 in the rest of a line\r\nsome text\r\n"),
        CLIENT_SAYS("GET /c HTTP/1.1\r\n\r\n"),
        SERVER_SAYS("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
        CLIENT_LOST(10),
        CLIENT_SAYS("x\r\nfoo bar\r\nGET /../ HTTP/1.1\r\n\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_HTTP, says);
    ASSERT_TOLD("hot=3 logged_in=1 num_compromised=2");
    assert_int_equal(d.state.requests, 4);
}

/* ---- finger and IRC ---------------------------------------------------------------
 */

static void finger_questions(void **state)
{
    static const struct say root[] = {CLIENT_SAYS("root\r\n"), SERVER_SAYS("no\r\n")};
    static const struct say user[] = {CLIENT_SAYS("/W bob\r\n"), SERVER_SAYS("no\r\n")};
    static const struct say relay[] = {CLIENT_SAYS("bob@b@c\r\n"), SERVER_SAYS("\r\n")};

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FINGER, root);
    ASSERT_TOLD("hot=1");
    DIALOGUE_RUN(&d, LW_APP_FINGER, user);
    ASSERT_TOLD("");
    DIALOGUE_RUN(&d, LW_APP_FINGER, relay);
    ASSERT_TOLD("hot=1");
}

static void irc_logins(void **state)
{
    static const struct say says[] = {
        CLIENT_SAYS("NICK bob\r\nUSER bob 0 * :Bob\r\n"),
        SERVER_SAYS(":irc 464 bob :Password incorrect\r\n:irc 001 bob :Welcome\r\n"),
        CLIENT_SAYS("PRIVMSG #x :!exploit with shellcode\r\n"),
        SERVER_SAYS(":eve PRIVMSG bob :001 464\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_IRC, says);
    ASSERT_TOLD("hot=1 num_failed_logins=1 logged_in=1");
}

/* ---- what cannot be told ----------------------------------------------------------
 */

static void encrypted_content_is_unknown(void **state)
{
    static const struct say ftp[] = {SERVER_SAYS("220 ready\r\n"),
                                     CLIENT_SAYS("AUTH TLS\r\n"),
                                     SERVER_SAYS("234 go on\r\n"), CLIENT_SAYS("\x16")};
    static const struct say smtp[] = {SERVER_SAYS("220 ready\r\n"),
                                      CLIENT_SAYS("STARTTLS\r\n"),
                                      SERVER_SAYS("220 go on\r\n")};
    static const struct say pop3[] = {SERVER_SAYS("+OK ready\r\n"),
                                      CLIENT_SAYS("STLS\r\n"),
                                      SERVER_SAYS("+OK go on\r\n")};
    static const struct say imap[] = {SERVER_SAYS("* OK ready\r\n"),
                                      CLIENT_SAYS("a STARTTLS\r\n"),
                                      SERVER_SAYS("a OK go on\r\n")};
    static const struct say http2[] = {CLIENT_SAYS("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")};
    static const struct say http[] = {CLIENT_SAYS("CONNECT a:443 HTTP/1.1\r\n\r\n"),
                                      SERVER_SAYS("HTTP/1.1 200 OK\r\n\r\n")};

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, ftp);
    assert_true(is_unknown());
    DIALOGUE_RUN(&d, LW_APP_SMTP, smtp);
    assert_true(is_unknown());
    DIALOGUE_RUN(&d, LW_APP_POP3, pop3);
    assert_true(is_unknown());
    DIALOGUE_RUN(&d, LW_APP_IMAP, imap);
    assert_true(is_unknown());
    DIALOGUE_RUN(&d, LW_APP_HTTP, http);
    assert_true(is_unknown());
    DIALOGUE_RUN(&d, LW_APP_HTTP, http2);
    assert_true(is_unknown());
}

/* Nothing said is nothing done; UDP and ICMP have no content in the data set; TCP that
 * nobody listened to is unknown, and so is one of which a side was not heard, or the
 * beginning. */
static void unheard_content_is_unknown(void **state)
{
    static const struct say says[] = {SERVER_SAYS("220 ready\r\n"),
                                      CLIENT_SAYS("QUIT\r\n")};

    (void)state;
    d.rec = record_of(LW_FLOW_TCP, 1, 2, 21);
    kdd_content_values(NULL, &d.rec, d.values);
    assert_false(is_unknown());
    ASSERT_TOLD("");
    d.rec.side[1].payload_bytes = 1;
    kdd_content_values(NULL, &d.rec, d.values);
    assert_true(is_unknown());
    d.rec.kind = LW_FLOW_UDP;
    kdd_content_values(NULL, &d.rec, d.values);
    assert_false(is_unknown());

    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    assert_false(is_unknown());
    d.state.heard = 1;
    kdd_content_values(&d.state, &d.rec, d.values);
    assert_true(is_unknown());
}

static void missing_beginnings_matter(void **state)
{
    const struct lw_stream_start start = {.whole = {true, false}};
    const char *request = "GET / HTTP/1.0\r\n\r\n";

    (void)state;
    for (int app = 0; app < LW_N_APPS; app++) {
        if (!kdd_content_tap.wants((enum lw_app)app))
            continue;
        memset(&d.state, 0, sizeof d.state);
        d.rec = record_of(LW_FLOW_TCP, 1, 2, 80);
        d.rec.side[0].payload_bytes = strlen(request);
        kdd_content_tap.begin(&d.state, (enum lw_app)app, &start);
        kdd_content_tap.data(&d.state, 0, (const uint8_t *)request, strlen(request));
        kdd_content_tap.end(&d.state);
        kdd_content_values(&d.state, &d.rec, d.values);
        assert_int_equal(is_unknown(), app != LW_APP_HTTP);
    }
    assert_false(kdd_content_tap.wants(LW_APP_UNKNOWN));
    assert_false(kdd_content_tap.wants(LW_APP_TLS));
}

/* More commands at once than are remembered: the ninth and later are known by their
 * number only, so that what follows is answered rightly again. */
static void many_questions_at_once(void **state)
{
    static const struct say says[] = {
        SERVER_SAYS("220 ready\r\n"),
        CLIENT_SAYS("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"
                    "USER bob\r\nPASS forgotten\r\nPASS too\r\n"),
        SERVER_SAYS("200\r\n200\r\n200\r\n200\r\n200\r\n200\r\n200\r\n331\r\n230\r\n"
                    "530\r\n"),
        CLIENT_SAYS("PASS known\r\n"),
        SERVER_SAYS("530 no\r\n"),
    };

    (void)state;
    DIALOGUE_RUN(&d, LW_APP_FTP, says);
    ASSERT_TOLD("num_failed_logins=1");
}

static void counters_stop(void **state)
{
    (void)state;
    dialogue_feed(&d, LW_APP_HTTP, NULL, 0, 0);
    for (int i = 0; i < 66000; i++) {
        const char *a = "GET /../ HTTP/1.0\r\n\r\n";

        kdd_content_tap.data(&d.state, 0, (const uint8_t *)a, strlen(a));
    }
    d.rec.side[0].payload_bytes = 1;
    kdd_content_values(&d.state, &d.rec, d.values);
    ASSERT_TOLD("hot=65535 logged_in=1");
}

/* A word is found wherever the line is cut in pieces, and once. */
static void words_are_found_across_pieces(void **state)
{
    static char request[400];

    (void)state;
    for (size_t at = 5; at < 250; at++) {
        struct say says[] = {{0, request, sizeof request, 0}};

        memset(request, 'a', sizeof request);
        memcpy(request, "GET /", 5);
        memcpy(request + at, "/etc/passwd", 11);
        memcpy(request + sizeof request - 13, " HTTP/1.0\r\n\r\n", 13);
        dialogue_feed(&d, LW_APP_HTTP, says, 1, 0);
        ASSERT_TOLD("hot=1 logged_in=1 num_access_files=1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ftp_guest_fetches),
        cmocka_unit_test(ftp_store_counts),
        cmocka_unit_test(ftp_failed_logins),
        cmocka_unit_test(ftp_root_looks_around),
        cmocka_unit_test(ftp_bounce_is_outbound),
        cmocka_unit_test(ftp_counts_what_is_accepted),
        cmocka_unit_test(ftp_long_paths_are_read),
        cmocka_unit_test(smtp_delivers),
        cmocka_unit_test(smtp_failed_logins),
        cmocka_unit_test(smtp_probe_is_no_login),
        cmocka_unit_test(pop3_logins),
        cmocka_unit_test(imap_logins),
        cmocka_unit_test(http_bodies_are_passed_over),
        cmocka_unit_test(http_phf),
        cmocka_unit_test(http_back),
        cmocka_unit_test(http_failed_logins),
        cmocka_unit_test(http_ntlm_asks_first),
        cmocka_unit_test(http_hot_requests),
        cmocka_unit_test(http_gaps_are_tolerated),
        cmocka_unit_test(finger_questions),
        cmocka_unit_test(irc_logins),
        cmocka_unit_test(encrypted_content_is_unknown),
        cmocka_unit_test(unheard_content_is_unknown),
        cmocka_unit_test(missing_beginnings_matter),
        cmocka_unit_test(many_questions_at_once),
        cmocka_unit_test(counters_stop),
        cmocka_unit_test(words_are_found_across_pieces),
    };

    return cmocka_run_group_tests_name("kdd_content", tests, NULL, NULL);
}
