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
    X(RPC_LOGS, "remote-log-clearing", "a remote call that clears Windows' event log") \
    X(RPC_SECRETS, "remote-secrets",                                                   \
      "a remote call that fetches or sets secrets of a Windows domain")                \
    X(RPC_FORCED_LOGIN, "forced-login",                                                \
      "a remote call that makes a Windows host log in elsewhere")                      \
    X(RPC_RUN, "remote-execution", "a remote call that runs a program on Windows")     \
    X(ZEROLOGON, "zerologon", "challenge after challenge to a domain controller")      \
    X(SMB_EXPLOIT, "smb-exploit", "an SMB message that only exploits send")            \
    X(WEB_EXPLOIT, "web-exploit", "words of an attack on a web application")           \
    X(SHELL, "shell", "the output of a shell that was let out")                        \
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

/** Does a question of DNS ask for text or for what is no address at all?  Of which
 *  domain: a hash, 0 where the name is too long to tell. */
static inline bool sign_asks_text(uint32_t tag)
{
    return (tag >> 16 & 1) != 0;
}

static inline uint32_t sign_domain_of(uint32_t tag)
{
    return tag >> 17;
}

/** A connection's beginning with remote procedure calls, as far as it was read. */
struct rpc_reader {
    uint8_t interface;  /* 1 + place in the table of interfaces; 0: another one */
    uint8_t challenges; /* to a domain controller, at most 255 */
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
/** Is it what a shell puts out? */
bool words_of_shell(struct span text);

#endif /* DETECT_SIGN_SAID_H */
