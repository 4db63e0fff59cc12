/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/handshake.h - what two endpoints say in clear before they encrypt.
 *
 * Read when the meter is told to (`handshakes` in struct lw_meter_config), of flows
 * whose protocol is TLS or SSH, from their streams, and QUIC, from its first datagrams.
 *
 * Unavailable is not zero: a fact that was not seen, or not whole, is LW_NOT_SEEN. What
 * is known to be absent is 0.  Counts leave out values that a client puts in to be
 * ignored (GREASE, RFC 8701).
 */
#ifndef LW_HANDSHAKE_H
#define LW_HANDSHAKE_H

#include <lapwing/error.h>
#include <lapwing/tap.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LW_NOT_SEEN = -1, LW_ALPN_MAX = 16 };

/** TLS and SSL.  Versions are as on the wire: 0x0301 is TLS 1.0, 0x0304 TLS 1.3. */
struct lw_tls_facts {
    /* ClientHello */
    int32_t client_hello_bytes; /* of the message */
    int32_t hello_version;      /* in its version field */
    int32_t max_version;        /* the highest that it offers */
    int32_t n_versions;         /* in supported_versions; 0: no such extension */
    int32_t n_ciphers;
    int32_t n_compressions;
    int32_t n_extensions;
    int32_t has_grease;        /* 0 or 1 */
    int32_t server_name_bytes; /* of the host name; 0: none */
    int32_t n_alpn;            /* protocols offered; 0: none */
    int32_t n_groups;          /* in supported_groups */
    int32_t n_signatures;      /* in signature_algorithms */
    int32_t n_key_shares;
    int32_t session_id_bytes;
    int32_t offers_resumption; /* a session id, ticket or pre-shared key; 0 or 1 */
    char alpn[LW_ALPN_MAX];    /* the first offered, cut; "": none */

    /* ServerHello */
    int32_t server_hello_bytes;
    int32_t version; /* chosen */
    int32_t cipher;  /* chosen */
    int32_t n_server_extensions;
    int32_t was_retried;       /* HelloRetryRequest; 0 or 1 */
    int32_t is_resumed;        /* 0 or 1 */
    int32_t certificate_bytes; /* of the chain; not seen where it is encrypted */
};

/** Index 0 is the client, 1 the server. */
struct lw_ssh_facts {
    int32_t version[2];         /* of the banner: 0x0200 is 2.0, 0x0163 1.99 */
    int32_t software_bytes[2];  /* of the name of the software, without comments */
    int32_t n_key_exchanges[2]; /* of methods in the first message */
    int32_t n_host_keys[2];
    int32_t n_ciphers[2];      /* from client to server */
    int32_t n_macs[2];         /* likewise */
    int32_t n_compressions[2]; /* likewise */
    int32_t kexinit_bytes[2];  /* of that message */
};

/** Of the first datagrams of each side; index 0 is the client. */
struct lw_quic_facts {
    int64_t version[2];        /* as on the wire; 0: the server negotiates */
    int32_t to_id_bytes[2];    /* of the destination's connection id */
    int32_t from_id_bytes[2];  /* of the source's */
    int32_t token_bytes;       /* of the client's first packet */
    int32_t datagram_bytes[2]; /* of the first datagram */
};

struct lw_handshake {
    enum lw_app app; /* which of the following it is: TLS, SSH or QUIC */
    union {
        struct lw_tls_facts tls;
        struct lw_ssh_facts ssh;
        struct lw_quic_facts quic;
    };
};

#ifdef __cplusplus
}
#endif

#endif /* LW_HANDSHAKE_H */
