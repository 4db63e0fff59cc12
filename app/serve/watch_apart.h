/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/watch_apart.h - the process that watches one interface.
 *
 * It opens the interface, which takes rights, gives all of them up behind walls
 * (sandbox/walls.h), and only then looks at the first packet.  It judges flows by the
 * traffic model as they end (long ones each 10 s), and passes the packets on, so that
 * they become captures (watch.h).
 */
#ifndef SERVE_WATCH_APART_H
#define SERVE_WATCH_APART_H

#include <stddef.h>

/** argv[1] of that process: main() then calls watch_apart_main(). */
#define WATCH_APART_WORD "watch-one-interface"

/** The process: reads a request from descriptor 0, writes frames to 1 (watch_wire.h)
 *  until TERM comes or nobody listens.  words (n_words): behind WATCH_APART_WORD, the
 *  bytes of memory that it may use.  Its exit status. */
int watch_apart_main(char *const *words, size_t n_words);

#endif /* SERVE_WATCH_APART_H */
