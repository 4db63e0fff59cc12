/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_dialogues DIR - write the seeds of the content fuzz target into DIR
 * (test/corpus/content): a dialogue in each of its protocols.  fuzz_content.c says what
 * an input looks like; the first number of a row is its protocol.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(name, app, text)                                                           \
    {                                                                                  \
        name, app, text, sizeof(text) - 1                                              \
    }

/* "\a" begins what the client says, "\v" the server; "\f" is a loss of the server's. */
static const struct {
    const char *name;
    uint8_t app;
    const char *text;
    size_t n;
} rows[] = {
    ROW("ftp", 0,
        "\v220-hi\r\n220 go\r\n\aUSER anonymous\r\n\v331 who\r\n\aPASS a\r\n\v230 "
        "in\r\n"
        "\aPORT 10,0,0,1,4,1\r\n\v200 ok\r\n\aSTOR .rhosts\r\n\v150 a\r\n226 b\r\n"
        "\aCWD /etc\r\n\v550 No such file\r\n\aEPRT |1|1.2.3.4|5|\r\n\v200 ok\r\n"
        "\aSITE EXEC x\r\nMKD a\r\nAUTH TLS\r\n\v200 a\r\n257 b\r\n234 c\r\n"),
    ROW("smtp", 1,
        "\v220 hi\r\n\aEHLO me\r\n\v250-a\r\n250 b\r\n\aAUTH LOGIN\r\n\v334 x\r\n"
        "\aYQ==\r\n\v535 no\r\n\aMAIL FROM:<a>\r\nRCPT TO:<root@a>\r\nRCPT "
        "TO:<|/bin/sh>"
        "\r\nDATA\r\n\v250 a\r\n250 b\r\n550 c\r\n354 d\r\n\atext\r\n.\r\nBDAT 4 LAST"
        "\r\nabcdSTARTTLS\r\n\v250 a\r\n250 b\r\n220 c\r\n"),
    ROW("pop3", 2,
        "\v+OK hi\r\n\aUSER root\r\n\v+OK\r\n\aPASS a\r\n\v-ERR\r\n\aAUTH PLAIN\r\n\v+ "
        "\r\n\aYQ==\r\n\v+OK\r\n\aRETR 1\r\n\v+OK\r\ntext\r\n.\r\n\aSTLS\r\n\v+OK\r\n"),
    ROW("imap", 3,
        "\v* OK hi\r\n\aa LOGIN root x\r\n\va NO\r\n\ab LOGIN {4}\r\nroot {1}\r\nx\r\n"
        "\vb OK\r\n\ac STARTTLS\r\n\v* 1 FETCH {3}\r\nabc\r\nc OK\r\n"),
    ROW("http", 4,
        "\aGET /../etc/passwd HTTP/1.1\r\nAuthorization: x\r\n\r\n\vHTTP/1.1 401 a\r\n"
        "Content-Length: 3\r\n\r\nabc\aPOST /cmd.exe HTTP/1.1\r\nContent-Length: 2\r\n"
        "\r\nab\vHTTP/1.1 404 a\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        "\f\aHEAD / HTTP/1.0\r\n\r\n\vHTTP/1.0 200 a\r\n\r\nroot:x:0:0:\n"),
    ROW("http09", 4,
        "\aGET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd\n\vroot:x:0:1:\n"),
    ROW("telnet", 5,
        "\v\xff\xfd\x18login: \a\xff\xfb\x18guest\r\n\vPassword: \ax\r\n\vLogin "
        "incorrect\r\nlogin: \abob\r\n\vPassword: \ax\r\n\v\x1b[1m$ \asu\r\n\vPassword:"
        "\ax\r\n\v# \acd /etc; cat passwd >a\r\n\v\r\nNot found\r\n# \asudo sh\x7f\x15"
        "./exploit\r\n\vJumping to address\r\n# "),
    ROW("rlogin", 6,
        "\a\0bob\0root\0vt100\0\v\0Password: \ax\r\v\r\n# \a\xff\xffssabcdefgh"
        "id\r\v\r\nuid=0(root)\r\n# "),
    ROW("rsh", 7, "\a0\0bob\0root\0cat /etc/passwd\0\v\0root:x:0:0:\n"),
    ROW("rexec", 8, "\a0\0guest\0secret\0sh -i\0\v\0# "),
    ROW("finger", 9, "\aroot@host\r\n\vNo such user\r\n"),
    ROW("irc", 10, "\aNICK a\r\n\v:s 464 a\r\n:s 001 a\r\n\aPRIVMSG a :eggdrop\r\n"),
};

static void put_block(FILE *f, uint8_t side, const char *p, size_t n)
{
    while (n > 0) {
        size_t part = n < 0x3f ? n : 0x3f;

        (void)fputc((int)((size_t)side << 7 | part), f);
        (void)fwrite(p, 1, part, f);
        p += part;
        n -= part;
    }
}

static void put_text(FILE *f, const char *p, size_t n)
{
    size_t begin = 0;
    uint8_t side = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i < n && p[i] != '\a' && p[i] != '\v' && p[i] != '\f')
            continue;
        put_block(f, side, p + begin, i - begin);
        begin = i + 1;
        if (i < n && p[i] == '\f')
            (void)fputc(0x80 | 0x40 | 5, f);
        else if (i < n)
            side = p[i] == '\v';
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_dialogues DIR\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[4096];
        FILE *f;

        (void)snprintf(path, sizeof path, "%s/%s", argv[1], rows[i].name);
        f = fopen(path, "wb");
        if (f == NULL) {
            perror(path);
            return 1;
        }
        (void)fputc(rows[i].app, f);
        put_text(f, rows[i].text, rows[i].n);
        if (fclose(f) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}
