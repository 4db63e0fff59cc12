/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/sign_said.h - what is said in a connection that only an attack says.
 *
 * A listener (lapwing/tap.h) reads the beginning of connections in clear: commands of
 * Windows' remote administration (sign_rpc.c), words of exploits and of the tools that
 * look for them (sign_words.c), the prompt of a shell, and "wrong password" in the
 * words of the protocol.
 */
#ifndef DETECT_SIGN_SAID_H
#define DETECT_SIGN_SAID_H

#include "base/span.h"

#include <lapwing/record.h>
#include <lapwing/tap.h>

/** What was said, the gravest last. */
#define SIGN_SAID_LIST(X)                                                              \
    X(NOTHING, NULL, "")                                                               \
    X(RPC_LOOK, "remote-enumeration",                                                  \
      "a remote call that lists a Windows host's users, shares or services")           \
    X(WEB_SCANNER, "web-scanner", "the name of a program that looks for weaknesses")   \
    X(AMPLIFIER, "amplifier",                                                          \
      "a request whose only use is that its answer is many times as long")             \
    X(RPC_LOGS, "remote-log-clearing", "a remote call that clears Windows' event log") \
    X(RPC_SECRETS, "remote-secrets",                                                   \
      "a remote call that fetches or sets secrets of a Windows domain")                \
    X(RPC_FORCED_LOGIN, "forced-login",                                                \
      "a remote call that makes a Windows host log in elsewhere")                      \
    X(RPC_RUN, "remote-execution", "a remote call that runs a program on Windows")     \
    X(ZEROLOGON, "zerologon", "challenge after challenge to a domain controller")      \
    X(SMB_EXPLOIT, "smb-exploit", "an SMB message that only exploits send")            \
    X(DNS_EXPLOIT, "dns-exploit",                                                      \
      "a question for an obsolete signature, as exploits of a name server put it")     \
    X(WEB_EXPLOIT, "web-exploit", "words of an attack on a web application")           \
    X(SHELL, "shell", "the output of a shell that was let out")                        \
    X(BOT_ORDER, "bot-order", "an order to bots")                                      \
    X(DROPPER, "dropper", "the commands by which a worm installs itself")

enum sign_said {
#define SIGN_SAID_ENUM(name, text, words) SIGN_SAID_##name,
    SIGN_SAID_LIST(SIGN_SAID_ENUM)
#undef SIGN_SAID_ENUM
        N_SIGN_SAID
};

extern const struct lw_stream_tap sign_tap;

/** What a record's connection has said so far, for `tag` of the record: 0 where nobody
 *  listened.  Only while the record is told. */
uint32_t sign_said_tag(const struct lw_record *rec);

static inline enum sign_said sign_said_of(uint32_t tag)
{
    return (enum sign_said)(tag & 0xff);
}

/** How often a login was refused, at most 255. */
static inline unsigned sign_refusals_of(uint32_t tag)
{
    return tag >> 8 & 0xff;
}

/** What of a question of DNS is in its tag, besides the hash of its domain, or of the
 *  whole name where it was asked in the local network. */
enum {
    SIGN_DNS_TEXT = 1,    /* it asks for text, or for what is no address at all, */
    SIGN_DNS_ANY = 2,     /* or for all there is */
    SIGN_DNS_NO_NAME = 4, /* and the answer: there is no such name */
    SIGN_DNS_BITS = 3
};

static inline unsigned sign_dns_of(uint32_t tag)
{
    return tag >> 16 & 7;
}

static inline uint32_t sign_domain_of(uint32_t tag)
{
    return tag >> (16 + SIGN_DNS_BITS);
}

/** Of remote procedure calls: challenges to a domain controller. */
static inline unsigned sign_challenges_of(uint32_t tag)
{
    return tag >> 16 & 0xff;
}

/** Of HTTP: requests, at most 255; answers that there is no such page, at most 127; has
 *  the client left the server no room to send? */
static inline unsigned sign_requests_of(uint32_t tag)
{
    return tag >> 16 & 0xff;
}

static inline unsigned sign_not_found_of(uint32_t tag)
{
    return tag >> 24 & 0x7f;
}

static inline bool sign_no_room(uint32_t tag)
{
    return tag >> 31 != 0;
}

/** A connection's beginning with remote procedure calls, as far as it was read. */
struct rpc_reader {
    uint8_t interface;  /* 1 + place in the table of interfaces; 0: another one */
    uint8_t challenges; /* to a domain controller, at most 255 */
    uint8_t step;       /* of a row of calls that have a meaning together */
    bool bound;         /* an interface was named */
};

/** Bytes that a call's header takes at most. */
enum { RPC_HEAD = 48 };

/** The gravest that calls in `bytes` mean; headers that begin before `end` and are cut
 *  off are left for the next time. */
enum sign_said rpc_read(struct rpc_reader *r, struct span bytes, size_t end);

/** What text of a client means to a web server, or to a shell: `text` is in lower case
 *  and its escapes are resolved. */
enum sign_said words_to_web(struct span text);
enum sign_said words_to_shell(struct span text);
/** The same of what is said in a channel of IRC, and of what a directory answers. */
enum sign_said words_to_bot(struct span text);
enum sign_said words_of_directory(struct span text);
/** What the names in a message to Windows mean: in lower case, without the second bytes
 *  of UTF-16. */
enum sign_said words_to_windows(struct span text);
/** Is it what a shell puts out? */
enum sign_said words_of_shell(struct span text);

#endif /* DETECT_SIGN_SAID_H */
