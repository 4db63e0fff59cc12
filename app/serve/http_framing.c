/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http_framing.h"

#include <string.h>
#include <strings.h>

/* Browsers send some 20; the memory of a connection has room for 200. */
enum { HEADERS_MAX = 100 };

void http_framing_target(struct http_framing *f, const char *target)
{
    f->path_is_cut = strstr(target, "%00") != NULL;
    f->path_has_blank = strchr(target, ' ') != NULL;
}

/* RFC 9110, 5.6.2.  libmicrohttpd takes any name, also "Transfer-Encoding " with the
 * blank that makes one program see a transfer coding where another sees none. */
static bool is_token(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++) {
        char c = *name;
        bool usual = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';

        if (!usual && !(c >= '0' && c <= '9') && strchr(others, c) == NULL)
            return false;
    }
    return true;
}

void http_framing_header(struct http_framing *f, struct http_request *req,
                         const char *name, const char *value)
{
    f->n_headers++;
    f->bad_name |= !is_token(name);
    /* The first letter spares most headers the comparisons. */
    switch (name[0] | 0x20) {
    case 'a':
        if (strcasecmp(name, "Accept") == 0)
            req->accept = value;
        else if (strcasecmp(name, "Authorization") == 0)
            req->authorization = value;
        break;
    case 'c':
        if (strcasecmp(name, "Content-Length") == 0) {
            f->length = value;
            f->n_lengths++;
        } else if (strcasecmp(name, "Content-Type") == 0) {
            req->content_type = value;
        } else if (strcasecmp(name, "Cookie") == 0) {
            req->cookie = value;
        }
        break;
    case 'e':
        f->expects_continue |= strcasecmp(name, "Expect") == 0;
        break;
    case 'h':
        if (strcasecmp(name, "Host") == 0)
            req->host = value;
        break;
    case 'o':
        if (req->origin == NULL && strcasecmp(name, "Origin") == 0)
            req->origin = value;
        break;
    case 's':
        if (req->fetch_site == NULL && strcasecmp(name, "Sec-Fetch-Site") == 0)
            req->fetch_site = value;
        break;
    case 't':
        if (strcasecmp(name, "Transfer-Encoding") == 0) {
            f->coding = value;
            f->n_codings++;
        }
        break;
    case 'x':
        if (strcasecmp(name, "X-Forwarded-For") == 0)
            req->forwarded_for = value;
        break;
    default:
        break;
    }
}

/* The announced length, SIZE_MAX where it does not fit; false when it is no number. */
static bool parse_length(const char *text, size_t *out)
{
    size_t v = 0;

    if (text == NULL || *text == '\0')
        return text == NULL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        v = v > SIZE_MAX / 10 - 1 ? SIZE_MAX : v * 10 + (size_t)(*text - '0');
    }
    *out = v;
    return true;
}

const char *http_framing_fault(const struct http_framing *f,
                               const struct http_request *req, bool old,
                               size_t *announced, unsigned *status)
{
    *announced = 0;
    *status = 431;
    if (f->n_headers > HEADERS_MAX)
        return "there are too many headers";
    *status = 400;
    if (f->path_is_cut)
        return "the path has a zero byte";
    if (f->path_has_blank)
        return "the path has a blank, which is written %20";
    if (req->host == NULL && !old)
        return "the header Host is missing";
    if (f->bad_name)
        return "a header's name is empty or not made of letters";
    if (f->n_lengths > 1 || f->n_codings > 1 || (f->n_lengths > 0 && f->n_codings > 0))
        return "the length of the body is said more than once";
    if (f->coding != NULL && strcasecmp(f->coding, "chunked") != 0)
        return "the only transfer coding known here is chunked";
    if (!parse_length(f->length, announced))
        return "Content-Length is no number";
    return NULL;
}
