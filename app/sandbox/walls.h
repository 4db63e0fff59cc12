/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox/walls.h - a process gives up whatever it does not need, for good.
 *
 * A process that will parse hostile bytes opens what it needs, closes the walls and
 * only then looks at the first byte.  From then on it can read, write and map memory,
 * and end:
 *
 *     privileges   root becomes nobody, capabilities go; nothing that is run gains any
 *                  (no_new_privs); no core dump, and no other process of that user can
 * look inside network      a network namespace of its own without a device, where the
 * kernel lets it (root, or user namespaces) files        Landlock (Linux 5.13): no path
 * can be opened, made or removed calls        seccomp: a list of system calls; opening
 * fails, whatever is not on the list (sockets, processes, signals to others) kills the
 * process limits       memory, processor time, descriptors; no file can grow
 *
 * The walls stand on each other's ground on purpose: calls alone keep what the others
 * keep.  That is why only `calls`, `limits` and no_new_privs have to be there.
 */
#ifndef SANDBOX_WALLS_H
#define SANDBOX_WALLS_H

#include <lapwing/error.h>

#include <stdbool.h>
#include <stdint.h>

struct walls_config {
    uint64_t memory_bytes; /* of address space in all, what is used already included */
    uint32_t cpu_s;    /* processor time; then SIGXCPU ends the process; 0: no end */
    bool parent_death; /* end when the parent does */
    bool socket;       /* a socket that is open already is read on */
};

/** Which of the walls that a kernel may lack were built. */
struct walls_report {
    bool network;
    bool files;
};

/** Close them around this process, which must have one thread.  LW_EPERM,
 *  LW_EUNSUPPORTED: one that has to be there cannot be built; the process should end.
 *  report: NULL is fine. */
LW_MUST enum lw_status walls_close(const struct walls_config *cfg,
                                   struct walls_report *report, struct lw_error *err);

#endif /* SANDBOX_WALLS_H */
