/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lapwing/error.h - status codes and error messages.
 *
 * Three kinds of failure are kept apart.  A bug stops the program (LW_ASSERT).
 * The world failing (files, memory, formats) is an enum lw_status with a message
 * in a caller-owned struct lw_error.  Bad traffic is data: it is counted, never
 * reported here.
 */
#ifndef LW_ERROR_H
#define LW_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LW_API            __attribute__((visibility("default")))
#define LW_MUST           __attribute__((warn_unused_result))
#define LW_PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))
#else
#define LW_API
#define LW_MUST
#define LW_PRINTF(fmt, a)
#endif

/** Every status: name, value, what it means.  Zero is success, all others negative. */
#define LW_STATUS_LIST(X)                                                              \
    X(OK, 0, "success")                                                                \
    X(END, -1, "nothing more to read")                                                 \
    X(ENOMEM, -2, "out of memory")                                                     \
    X(EINVAL, -3, "invalid argument")                                                  \
    X(EIO, -4, "input/output error")                                                   \
    X(ENOTFOUND, -5, "not found")                                                      \
    X(EFORMAT, -6, "not in the expected format")                                       \
    X(ETRUNCATED, -7, "cut off")                                                       \
    X(EUNSUPPORTED, -8, "not supported")                                               \
    X(EMISMATCH, -9, "made for something else")                                        \
    X(ELIMIT, -10, "over a limit")                                                     \
    X(EPERM, -11, "not permitted")

enum lw_status {
#define LW_STATUS_ENUM(name, value, text) LW_##name = (value),
    LW_STATUS_LIST(LW_STATUS_ENUM)
#undef LW_STATUS_ENUM
};

/** A failure's code and printable message; the caller owns it.  It is written only
 *  on failure, and never allocates.  Functions accept NULL for "do not tell me". */
struct lw_error {
    enum lw_status code;
    char msg[256];
};

/** The text of a status, static storage. */
LW_API const char *lw_status_text(enum lw_status st);

/** Write code and formatted message to `err` (NULL is fine) and return the code, so
 *  that `return lw_fail(err, LW_EFORMAT, "%s:%zu: ...", path, line)` reads well.
 *  A message names file, place and remedy. */
LW_API enum lw_status lw_fail(struct lw_error *err, enum lw_status code,
                              const char *fmt, ...) LW_PRINTF(3, 4);

/** The va_list form of lw_fail(). */
LW_API enum lw_status lw_vfail(struct lw_error *err, enum lw_status code,
                               const char *fmt, va_list ap) LW_PRINTF(3, 0);

/** The library's version, "MAJOR.MINOR.PATCH". */
LW_API const char *lw_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LW_ERROR_H */
