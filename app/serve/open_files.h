/* SPDX-License-Identifier: Apache-2.0 */
/* serve/open_files.h - how many connections the process may have descriptors for. */
#ifndef SERVE_OPEN_FILES_H
#define SERVE_OPEN_FILES_H

/** So many of `wanted` connections as descriptors allow, after the soft limit (usually
 *  1,024) was raised as far as is needed and allowed. */
unsigned open_files_fit(unsigned wanted);

#endif /* SERVE_OPEN_FILES_H */
