/* answer.c: one answer while a route makes it, and how it is to be delivered. */
#include "tests/origin/answer.h"

#include <stdio.h>

static const char *status_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {410, "Gone"},
        {418, "I'm a teapot"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unnamed";
}

void answer_open(struct answer *answer, unsigned status)
{
    if (status == 200) { /* the common case, and a million times: no printf */
        buffer_append_text(answer->output, "HTTP/1.1 200 OK\r\n");
        return;
    }
    buffer_printf(answer->output, "HTTP/1.1 %u %s\r\n", status, status_reason(status));
}

void answer_header(struct answer *answer, const char *name, const char *value)
{
    answer_header_span(answer, name, span_of(value));
}

void answer_header_span(struct answer *answer, const char *name, struct span value)
{
    buffer_append_text(answer->output, name);
    buffer_append_text(answer->output, ": ");
    buffer_append(answer->output, value.bytes, value.count);
    buffer_append_text(answer->output, "\r\n");
}

static void answer_end_head(struct answer *answer)
{
    if (answer->end == ANSWER_CLOSES) {
        buffer_append_text(answer->output, "Connection: close\r\n\r\n");
    } else if (answer->is_http10) {
        buffer_append_text(answer->output, "Connection: keep-alive\r\n\r\n");
    } else {
        buffer_append_text(answer->output, "\r\n");
    }
}

static void answer_length(struct answer *answer, uint64_t length)
{
    static const char name[] = "Content-Length: ";
    char line[48];
    size_t start = sizeof(line);
    line[--start] = '\n';
    line[--start] = '\r';
    do {
        line[--start] = (char)('0' + length % 10);
        length /= 10;
    } while (length > 0);
    buffer_append(answer->output, name, sizeof(name) - 1);
    buffer_append(answer->output, line + start, sizeof(line) - start);
}

void answer_finish(struct answer *answer, struct body body)
{
    answer_length(answer, body_bytes(&body));
    answer_finish_unframed(answer, body);
}

void answer_finish_unframed(struct answer *answer, struct body body)
{
    answer_end_head(answer);
    if (answer->head_only) {
        body_close(&body);
        return;
    }
    answer->body = body;
}

void answer_finish_text(struct answer *answer, struct span text)
{
    answer_length(answer, text.count);
    answer_end_head(answer);
    if (!answer->head_only) {
        buffer_append(answer->output, text.bytes, text.count);
    }
}

void answer_text(struct answer *answer, unsigned status, const char *text)
{
    answer_open(answer, status);
    if (status == 204 || status == 304) {
        answer_end_head(answer);
        return;
    }
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, span_of(text));
}

void answer_status(struct answer *answer, unsigned status, struct span retry_after)
{
    char text[64];
    snprintf(text, sizeof(text), "%u %s\n", status, status_reason(status));
    answer_open(answer, status);
    if (retry_after.count > 0) {
        answer_header_span(answer, "Retry-After", retry_after);
    }
    if (status == 204 || status == 304) {
        answer_end_head(answer);
        return;
    }
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, span_of(text));
}
