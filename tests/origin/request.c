/* request.c: one request, as far as a server of canned answers must understand it. */
#include "tests/origin/request.h"

#include <string.h>

/* What the header lines may say that matters here. */
struct request_headers {
    bool has_host;
    bool has_body;
    bool says_close;
    bool says_keep_alive;
};

static struct span take_line(struct span *text)
{
    const char *end = text->count > 0 ? memmem(text->bytes, text->count, "\r\n", 2) : NULL;
    size_t count = end != NULL ? (size_t)(end - text->bytes) : text->count;
    struct span line = {text->bytes, count};
    *text = span_after(*text, count + 2);
    return line;
}

static bool parse_header(struct request_headers *headers, struct span line)
{
    const char *colon = memchr(line.bytes, ':', line.count);
    if (colon == NULL || colon == line.bytes || line.bytes[0] == ' ' || line.bytes[0] == '\t' || colon[-1] == ' ' ||
        memchr(line.bytes, '\0', line.count) != NULL) {
        return false;
    }
    struct span name = {line.bytes, (size_t)(colon - line.bytes)};
    struct span value = span_after(line, name.count + 1);
    switch (name.bytes[0] | 0x20) {
    case 'h':
        headers->has_host = headers->has_host || span_equals_any_case(name, "Host");
        break;
    case 'c':
        if (span_equals_any_case(name, "Connection")) {
            headers->says_close = headers->says_close || span_lists(value, "close");
            headers->says_keep_alive = headers->says_keep_alive || span_lists(value, "keep-alive");
        } else if (span_equals_any_case(name, "Content-Length")) {
            headers->has_body = headers->has_body || !span_lists(value, "0");
        }
        break;
    case 't':
        headers->has_body = headers->has_body || span_equals_any_case(name, "Transfer-Encoding");
        break;
    default:
        break;
    }
    return true;
}

/* Drops the scheme and authority of the absolute form, so that we can stand in for a proxy. */
static struct span target_origin_form(struct span target)
{
    if (!span_starts_with(target, "http://")) {
        return target;
    }
    struct span rest = span_after(target, 7);
    const char *slash = memchr(rest.bytes, '/', rest.count);
    return slash != NULL ? span_after(rest, (size_t)(slash - rest.bytes)) : span_of("/");
}

static enum request_outcome parse_request_line(struct request *request, struct span line)
{
    const char *first = memchr(line.bytes, ' ', line.count);
    const char *last = memrchr(line.bytes, ' ', line.count);
    if (first == NULL || first == line.bytes || last <= first + 1) {
        return REQUEST_MALFORMED;
    }
    struct span method = {line.bytes, (size_t)(first - line.bytes)};
    struct span target = {first + 1, (size_t)(last - first - 1)};
    struct span version = {last + 1, line.count - (size_t)(last + 1 - line.bytes)};
    request->is_http10 = span_equals(version, "HTTP/1.0");
    if (!request->is_http10 && !span_equals(version, "HTTP/1.1")) {
        return REQUEST_MALFORMED;
    }
    for (size_t i = 0; i < target.count; i++) {
        if ((unsigned char)target.bytes[i] <= ' ' || target.bytes[i] == 0x7f) {
            return REQUEST_MALFORMED;
        }
    }
    request->is_head = span_equals(method, "HEAD");
    if (!request->is_head && !span_equals(method, "GET")) {
        return REQUEST_REFUSED;
    }
    target = target_origin_form(target);
    if (target.bytes[0] != '/') {
        return REQUEST_MALFORMED;
    }
    const char *mark = memchr(target.bytes, '?', target.count);
    size_t path_bytes = mark != NULL ? (size_t)(mark - target.bytes) : target.count;
    request->path = (struct span){target.bytes, path_bytes};
    request->query = span_after(target, path_bytes + 1);
    return REQUEST_WHOLE;
}

static enum request_outcome parse_head(struct request *request)
{
    struct span text = request->head;
    struct request_headers headers = {0};
    enum request_outcome outcome = parse_request_line(request, take_line(&text));
    if (outcome != REQUEST_WHOLE) {
        return outcome;
    }
    while (text.count > 0) {
        if (!parse_header(&headers, take_line(&text))) {
            return REQUEST_MALFORMED;
        }
    }
    if (headers.has_body || (!headers.has_host && !request->is_http10)) {
        return REQUEST_MALFORMED;
    }
    request->wants_close = headers.says_close || (request->is_http10 && !headers.says_keep_alive);
    return REQUEST_WHOLE;
}

enum request_outcome request_parse(struct request *request, struct span bytes, size_t *scanned, size_t *taken)
{
    size_t blank = 0;
    while (blank + 2 <= bytes.count && memcmp(bytes.bytes + blank, "\r\n", 2) == 0) {
        blank += 2; /* a client may send an empty line too many: RFC 9112 section 2.2 */
    }
    size_t from = *scanned > blank ? *scanned : blank;
    const char *end = bytes.count > from ? memmem(bytes.bytes + from, bytes.count - from, "\r\n\r\n", 4) : NULL;
    if (end == NULL) {
        if (bytes.count > REQUEST_BYTES_MAX) {
            *scanned = 0;
            return REQUEST_TOO_LARGE;
        }
        *scanned = bytes.count > 3 ? bytes.count - 3 : 0;
        return REQUEST_PARTIAL;
    }
    *scanned = 0;
    *taken = (size_t)(end + 4 - bytes.bytes);
    *request = (struct request){
        .head = {bytes.bytes + blank, (size_t)(end - bytes.bytes) - blank},
    };
    return *taken > REQUEST_BYTES_MAX ? REQUEST_TOO_LARGE : parse_head(request);
}
