/* SPDX-License-Identifier: Apache-2.0 */
#include <lapwing/error.h>

#include <stdio.h>

const char *lw_status_text(enum lw_status st)
{
    switch (st) {
#define STATUS_CASE(name, value, text)                                                 \
    case LW_##name:                                                                    \
        return text;
        LW_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return "unknown status";
}

enum lw_status lw_vfail(struct lw_error *err, enum lw_status code, const char *fmt,
                        va_list ap)
{
    if (err != NULL) {
        err->code = code;
        (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    }
    return code;
}

enum lw_status lw_fail(struct lw_error *err, enum lw_status code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)lw_vfail(err, code, fmt, ap);
    va_end(ap);
    return code;
}

const char *lw_version(void)
{
    return LW_VERSION;
}
