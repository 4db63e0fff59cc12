/* SPDX-License-Identifier: Apache-2.0 */
#include <lapwing/tap.h>

static const char *const app_names[] = {
#define APP_NAME(name, text) text,
    LW_APP_LIST(APP_NAME)
#undef APP_NAME
};

const char *lw_app_name(enum lw_app app)
{
    return (unsigned)app < LW_N_APPS ? app_names[app] : "?";
}
