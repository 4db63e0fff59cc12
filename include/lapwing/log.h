/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/log.h - what the library has to tell a person, on its way to stderr.
 *
 * The library itself never prints; it calls the function set here, if any.  Nothing
 * is ever logged per packet.
 */
#ifndef LW_LOG_H
#define LW_LOG_H

#include <lapwing/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lw_log_level { LW_LOG_ERROR, LW_LOG_WARNING, LW_LOG_INFO, LW_LOG_DEBUG };

typedef void (*lw_log_fn)(void *ctx, enum lw_log_level level, const char *message);

/** Where messages go; NULL (the default) drops them.  Set it before other threads
 *  start. */
LW_API void lw_log_set(lw_log_fn fn, void *ctx);

/** Send a message. */
LW_API void lw_log(enum lw_log_level level, const char *fmt, ...) LW_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif

#endif /* LW_LOG_H */
