/* SPDX-License-Identifier: Apache-2.0 */
#include <lapwing/detect.h>

static const char *const names[] = {
#define VERDICT_NAME(name, text) text,
    LW_VERDICT_LIST(VERDICT_NAME)
#undef VERDICT_NAME
};

const char *lw_verdict_name(enum lw_verdict_class c)
{
    return (unsigned)c < LW_N_VERDICTS ? names[c] : "?";
}
