/* SPDX-License-Identifier: Apache-2.0 */
#include <lapwing/log.h>

#include <stdio.h>

static lw_log_fn log_fn;
static void *log_ctx;

void lw_log_set(lw_log_fn fn, void *ctx)
{
    log_fn = fn;
    log_ctx = ctx;
}

void lw_log(enum lw_log_level level, const char *fmt, ...)
{
    char line[512];
    va_list ap;

    if (log_fn == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    log_fn(log_ctx, level, line);
}
