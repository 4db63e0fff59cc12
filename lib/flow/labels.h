/* SPDX-License-Identifier: Apache-2.0 */
/* flow/labels.h - rules of ground truth: what their file and their index share. */
#ifndef FLOW_LABELS_H
#define FLOW_LABELS_H

#include <lapwing/labels.h>

#include <stdbool.h>

enum label_family { LABEL_ANY_FAMILY, LABEL_MAC, LABEL_IP4, LABEL_IP6 };

/* Protocols: IP's have their number, what is not IP its EtherType, and these: */
enum { LABEL_PROTO_ARP = 0x100, LABEL_PROTO_LLC = 0x101 };

/* One end of a rule, or of a record. */
struct label_end {
    uint8_t bytes[16]; /* beyond `bits` zero */
    uint8_t bits;      /* of the prefix; 0: any address */
    bool has_port;
    uint16_t port;
};

struct label_rule {
    enum label_family family;
    struct label_end end[2];
    bool has_proto;
    uint16_t proto;
    bool has_time;
    int64_t start_us; /* both inclusive */
    int64_t end_us;
};

/* An empty set of rules; NULL when memory is out. */
struct lw_labels *labels_new(void);

/* Add a rule; `label` has n bytes, copied.  LW_ELIMIT: too many rules or kinds of
 * them; LW_ENOMEM.  The message has no place in the file. */
LW_MUST enum lw_status labels_add(struct lw_labels *labels,
                                  const struct label_rule *rule, const char *label,
                                  size_t n, struct lw_error *err);

/* No more rules: get ready to find.  LW_ENOMEM. */
LW_MUST enum lw_status labels_finish(struct lw_labels *labels, struct lw_error *err);

#endif /* FLOW_LABELS_H */
