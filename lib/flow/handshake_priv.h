/* SPDX-License-Identifier: Apache-2.0 */
/* flow/handshake_priv.h - what the readers of single protocols share. */
#ifndef FLOW_HANDSHAKE_PRIV_H
#define FLOW_HANDSHAKE_PRIV_H

#include "handshake.h"

void tls_begin(struct lw_tls_facts *f);
void tls_data(struct handshake *h, unsigned from, struct span bytes,
              struct slab *hellos);

void ssh_begin(struct lw_ssh_facts *f);
void ssh_data(struct handshake *h, unsigned from, struct span bytes,
              struct slab *hellos);

void quic_begin(struct lw_quic_facts *f);
void quic_datagram(struct handshake *h, unsigned from, struct span s);

/** Take what is missing of the head at `head`, of which *n bytes came, to be `want`.
 *  True: it is whole. */
bool handshake_take_head(struct span *s, uint8_t *head, uint8_t *n, size_t want);

/** Take the next part of a message from *s, of which s->message_left bytes are to come.
 *  True: the message is whole, *whole is it or, if it is longer than HELLO_MAX, its
 *  beginning; borrowed until the next call. */
bool handshake_gather(struct handshake_side *side, struct span *s, struct span *whole,
                      struct slab *hellos);

/** Nothing more of that side is read. */
void handshake_side_end(struct handshake_side *side, struct slab *hellos);

/** Take a list that begins with its length in 1, 2 or 3 bytes (`width`).  False: it is
 *  not whole. */
bool handshake_take_list(struct span *s, unsigned width, struct span *out);

#endif /* FLOW_HANDSHAKE_PRIV_H */
