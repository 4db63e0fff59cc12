/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detect/sign_arp.h - who says that an address of the network is his.
 *
 * ARP (RFC 826) believes whoever answers.  Three things show that somebody lies: in one
 * conversation an address has two MAC addresses; a MAC address that is known by an
 * address of its own takes over another one that somebody had a short time ago; answers
 * come again and again that nobody asked for.  A standby router that takes over, and a
 * device that got another's lease, do neither with a MAC address that has another
 * address already.
 */
#ifndef DETECT_SIGN_ARP_H
#define DETECT_SIGN_ARP_H

#include <lapwing/record.h>

struct lru_table;

struct sign_arp {
    struct lru_table *macs;   /* by address, owned */
    struct lru_table *owners; /* by MAC address, owned */
};

/** False when memory is out; to be released in any case. */
bool sign_arp_init(struct sign_arp *a);
void sign_arp_release(struct sign_arp *a);

/** What is odd in an ARP record whose turn it is, in words; NULL: nothing. */
const char *sign_arp_find(struct sign_arp *a, const struct lw_record *rec);

#endif /* DETECT_SIGN_ARP_H */
