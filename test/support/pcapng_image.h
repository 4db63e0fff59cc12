/* SPDX-License-Identifier: Apache-2.0 */
/* support/pcapng_image.h - pcapng files, block by block. */
#ifndef SUPPORT_PCAPNG_IMAGE_H
#define SUPPORT_PCAPNG_IMAGE_H

#include "base/buf.h"

#include <lapwing/capture.h>

struct ng {
    struct buf *b; /* borrowed */
    bool big_endian;
};

/** An interface; all zero: Ethernet, no limit, microseconds. */
struct ng_interface {
    uint16_t link_type; /* 0: Ethernet */
    uint32_t snaplen;
    bool has_tsresol;
    uint8_t tsresol;
    int64_t tsoffset_s; /* 0: no such option */
};

/** A block of any type; the body is padded. */
void ng_block(const struct ng *w, uint32_t type, const void *body, size_t n);
void ng_section(const struct ng *w);
void ng_interface(const struct ng *w, const struct ng_interface *i);
/** Enhanced, obsolete and simple packets; `units` is the time in the interface's own
 *  units. */
void ng_packet(const struct ng *w, uint32_t interface, uint64_t units,
               const struct lw_packet *pkt);
void ng_obsolete(const struct ng *w, uint16_t interface, uint64_t units,
                 const struct lw_packet *pkt);
void ng_simple(const struct ng *w, const struct lw_packet *pkt);

#endif /* SUPPORT_PCAPNG_IMAGE_H */
