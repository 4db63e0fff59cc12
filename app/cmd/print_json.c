/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/print_json.h"

#include "base/buf.h"
#include "cmd/command.h"

#include <stdio.h>

int print_json(print_json_fn members, const void *of)
{
    struct buf text;
    struct jsonw w;
    bool ok;

    buf_init(&text);
    jsonw_init(&w, &text);
    jsonw_object(&w);
    members(&w, of);
    jsonw_object_end(&w);
    ok = buf_ok(&text) && puts(buf_text(&text)) >= 0;
    buf_release(&text);
    return ok ? STATUS_OK : command_fail("standard output: cannot write");
}
