/* SPDX-License-Identifier: Apache-2.0 */
/* flow/app_priv.h - what the files that know protocols share. */
#ifndef FLOW_APP_PRIV_H
#define FLOW_APP_PRIV_H

#include "app.h"

enum { APP_CLIENT, APP_SERVER, APP_PORTS_MAX = 6 };

/** How one protocol is told. */
struct app_rule {
    enum app_answer (*judge)(const struct app_seen *seen);
    enum lw_app app;
    uint16_t
        ports[APP_PORTS_MAX]; /* that say it when the bytes leave it open; 0: none */
};

extern const struct app_rule app_text_rules[];
extern const struct app_rule app_binary_rules[];
extern const struct app_rule app_datagram_rules[];
extern const size_t app_n_text_rules;
extern const size_t app_n_binary_rules;
extern const size_t app_n_datagram_rules;

/** APP_YES: `s` begins with the text.  APP_MAYBE: it is the beginning of the text. */
enum app_answer app_begins(struct span s, const char *text);

/** The same, letters of either case; `text` is in upper case. */
enum app_answer app_begins_nocase(struct span s, const char *text);

/** The best answer for any of `n` texts. */
enum app_answer app_begins_any(struct span s, const char *const *texts, size_t n);

/** Whether the text is somewhere in `s`, letters of either case; `text` is in upper
 *  case. */
bool app_contains(struct span s, const char *text);

/** The first line, without its end; `s` whole when there is no end.  *is_whole: there
 *  is. */
struct span app_line(struct span s, bool *is_whole);

/** Whether all is printable ASCII, tabs and line ends. */
bool app_is_text(struct span s);

/** The longest text, ended by a zero byte, that `s` begins with, is taken off it.
 * False: there is no zero byte, or something that is not printable. */
bool app_take_string(struct span *s, struct span *out);

/** Whether the server's port is this one. */
static inline bool app_on_port(const struct app_seen *seen, uint16_t port)
{
    return seen->port[APP_SERVER] == port;
}

/** Whether either port is. */
static inline bool app_on_any_port(const struct app_seen *seen, uint16_t port)
{
    return seen->port[APP_CLIENT] == port || seen->port[APP_SERVER] == port;
}

static inline enum app_answer app_if(bool yes)
{
    return yes ? APP_YES : APP_NO;
}

static inline enum app_answer app_better(enum app_answer a, enum app_answer b)
{
    return a > b ? a : b;
}

/** The message of a datagram, whoever sent it. */
static inline struct span app_datagram(const struct app_seen *seen)
{
    return seen->said[APP_CLIENT].n > 0 ? seen->said[APP_CLIENT]
                                        : seen->said[APP_SERVER];
}

/* ---- protocols over both TCP and UDP: of one message --------------------------------
 */

/** A name lookup: a header that makes sense, and a question. */
bool app_is_dns(struct span message);

/** LDAP's, SNMP's and Kerberos' messages (BER). */
enum app_answer app_ldap_message(struct span s);
bool app_is_snmp(struct span message);
bool app_is_kerberos(struct span message);

enum app_answer app_sip_message(struct span s);
bool app_is_rpc_call(struct span message);
bool app_is_stun(struct span message);
bool app_is_slp(struct span message);
bool app_is_syslog(struct span message);

#endif /* FLOW_APP_PRIV_H */
