/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/problem.h"

#include "base/jsonw.h"

const char *problem_title(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {507, "Insufficient Storage"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void problem_reply(struct http_reply *reply, unsigned status, const char *field,
                   const char *detail)
{
    struct jsonw w;

    reply->fixed = NULL;
    reply->status = status;
    reply->content_type = "application/problem+json";
    buf_reset(reply->body);
    jsonw_init(&w, reply->body);
    jsonw_object(&w);
    jsonw_put_text(&w, "type", "about:blank");
    jsonw_put_text(&w, "title", problem_title(status));
    jsonw_put_u64(&w, "status", status);
    jsonw_put_text(&w, "detail", detail);
    if (field != NULL) {
        jsonw_put_text(&w, "field", field);
    }
    jsonw_object_end(&w);
    buf_add_char(reply->body, '\n');
}
