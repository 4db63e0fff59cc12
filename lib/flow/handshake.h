/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow/handshake.h - reads what is said in clear of TLS, SSH and QUIC.
 *
 * A reader is told the bytes of both sides, in pieces of any size, until it has seen
 * what it needs.  Messages that come in pieces are gathered in memory from a slab; what
 * is longer than that is read as far as it goes.
 */
#ifndef FLOW_HANDSHAKE_H
#define FLOW_HANDSHAKE_H

#include "base/span.h"
#include "slab.h"

#include <lapwing/handshake.h>

enum { HELLO_MAX = 4096 };

/** Bytes of a message that is not whole yet. */
struct hello {
    uint8_t bytes[HELLO_MAX];
};

/** Where one side's reader is. */
struct handshake_side {
    uint8_t head[9];     /* of the record or packet at hand */
    uint8_t n_head;      /* bytes of it that came */
    uint8_t record_type; /* TLS */
    uint8_t message_head[4];
    uint8_t n_message_head;
    bool is_done;          /* nothing more is read */
    bool has_banner;       /* SSH: it was read */
    bool in_record;        /* TLS: its head is whole */
    uint32_t record_left;  /* bytes of the record still to come */
    uint32_t message_left; /* bytes of the message still to come */
    uint32_t message_bytes;
    uint32_t hello; /* in the slab; SLAB_NONE: nothing is gathered */
    uint32_t n_gathered;
};

struct handshake {
    struct lw_handshake facts;
    struct handshake_side side[2]; /* client, server */
};

/** Begin to read that protocol; false: it is none that we read. */
bool handshake_begin(struct handshake *h, enum lw_app app);

/** The next bytes of a side.  False: nothing more of either side is wanted. */
bool handshake_data(struct handshake *h, unsigned from, struct span bytes,
                    struct slab *hellos);

/** Bytes of a side are missing, which ends what can be read of it. */
bool handshake_gap(struct handshake *h, unsigned from, struct slab *hellos);

/** Give back what was gathered; the facts stay. */
void handshake_end(struct handshake *h, struct slab *hellos);

/** A datagram of QUIC.  False: nothing more is wanted. */
bool handshake_datagram(struct handshake *h, unsigned from, struct span datagram);

#endif /* FLOW_HANDSHAKE_H */
