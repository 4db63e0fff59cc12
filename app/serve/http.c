/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http.h"

#include "base/assert.h"

void http_reply_header(struct http_reply *reply, const char *name, const char *value)
{
    char *text = reply->text + reply->text_len;
    size_t room = sizeof reply->text - reply->text_len;
    size_t n = 0;

    LW_ASSERT(reply->n_headers < HTTP_HEADERS_MAX);
    if (room == 0)
        return;
    for (; value[n] != '\0' && n + 1 < room; n++)
        text[n] = '?';
    for (size_t i = 0; i < n; i++)
        if (value[i] >= ' ' && value[i] <= '~')
            text[i] = value[i];
    text[n] = '\0';
    reply->headers[reply->n_headers++] = (struct http_header){name, text};
    reply->text_len += n + 1;
}
