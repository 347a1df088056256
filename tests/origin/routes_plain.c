/* Pages that keep to the protocol. */
#include "tests/origin/routes.h"

#include <stdlib.h>
#include <string.h>

enum { PARAMETER_BYTES_MAX = 32 * 1024 };

void route_index(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    (void)request;
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    if (out == NULL) {
        answer_text(answer, 507, "no memory\n");
        return;
    }
    pages_print(out);
    fclose(out);
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, (struct span){text, count});
    free(text);
}

void route_wiki(struct pages *pages, const struct request *request, struct answer *answer)
{
    struct span body = wiki_find(pages->wiki, request->rest);
    if (body.count == 0) {
        route_not_found(answer);
        return;
    }
    answer->hold_ms += pages->wiki_delay_ms;
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/html; charset=UTF-8");
    answer_finish(answer, body_repeat(body, body.count));
}

void route_bytes(struct pages *pages, const struct request *request, struct answer *answer)
{
    enum { COPIED_BYTES_MAX = 4096 };
    struct span rest = request->rest;
    struct span filler = pages_filler(pages);
    uint64_t bytes = 0;
    if (!span_take_number(&rest, ROUTE_BODY_BYTES_MAX, &bytes)) {
        route_bad_arguments(answer);
        return;
    }
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    if (bytes <= COPIED_BYTES_MAX) { /* then pipelined answers share a write */
        answer_finish_text(answer, (struct span){filler.bytes, (size_t)bytes});
    } else {
        answer_finish(answer, body_repeat(filler, bytes));
    }
}

void route_page(struct pages *pages, const struct request *request, struct answer *answer)
{
    enum { PARAGRAPH_BYTES = 600 };
    struct span rest = request->rest;
    uint64_t number = 0;
    if (!span_take_number(&rest, UINT32_MAX, &number)) {
        route_bad_arguments(answer);
        return;
    }
    unsigned page = (unsigned)number;
    struct buffer html = {0};
    buffer_printf(&html,
                  "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Page %u</title></head>\n"
                  "<body><h1>Page %u</h1>\n<p>",
                  page, page);
    size_t offset = (size_t)(number * 997 % (FILLER_BYTES - PARAGRAPH_BYTES));
    buffer_append(&html, pages->filler + offset, PARAGRAPH_BYTES);
    buffer_append_text(&html, "</p>\n<ul>\n");
    for (unsigned i = 1; i <= 3; i++) {
        buffer_printf(&html, "<li><a href=\"/page/%u\">Page %u</a></li>\n", page + i, page + i);
    }
    buffer_append_text(&html, "</ul></body></html>\n");
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/html; charset=UTF-8");
    answer_finish_text(answer, (struct span){html.bytes, html.end});
    buffer_close(&html);
}

void route_links(struct pages *pages, const struct request *request, struct answer *answer)
{
    enum { LINKS_MAX = 200000 };
    (void)pages;
    struct span rest = request->rest;
    uint64_t count = 0;
    if (!span_take_number(&rest, LINKS_MAX, &count)) {
        route_bad_arguments(answer);
        return;
    }
    struct buffer html = {0};
    buffer_append_text(&html, "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Links</title></head>\n<body>\n");
    for (unsigned i = 0; i < count; i++) {
        buffer_printf(&html, "<p><a href=\"/page/%u\">Page %u</a></p>\n", i, i);
    }
    buffer_append_text(&html, "</body></html>\n");
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/html; charset=UTF-8");
    answer_finish_text(answer, (struct span){html.bytes, html.end});
    buffer_close(&html);
}

void route_say(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    char text[PARAMETER_BYTES_MAX];
    struct span value = {NULL, 0};
    uint64_t status = 200;
    if (span_find_parameter(request->query, "status", &value) &&
        (!span_take_number(&value, 999, &status) || status < 200)) {
        route_bad_arguments(answer);
        return;
    }
    answer_open(answer, (unsigned)status);
    if (span_find_parameter(request->query, "type", &value)) {
        answer_header_span(answer, "Content-Type", (struct span){text, span_decode(value, text, sizeof(text))});
    }
    if (span_find_parameter(request->query, "header", &value)) {
        buffer_append(answer->output, text, span_decode(value, text, sizeof(text)));
        buffer_append_text(answer->output, "\r\n");
    }
    if (span_find_parameter(request->query, "pace", &value)) {
        answer->pace_head = span_take_number(&value, ROUTE_MS_MAX, &answer->pace_ms);
    }
    if (!span_find_parameter(request->query, "body", &value)) {
        value = (struct span){NULL, 0};
    }
    answer_finish_text(answer, (struct span){text, span_decode(value, text, sizeof(text))});
}

void route_status(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    char retry_after[256];
    struct span rest = request->rest;
    struct span value = {NULL, 0};
    uint64_t status = 0;
    if (!span_take_number(&rest, 999, &status) || status < 200) {
        route_bad_arguments(answer);
        return;
    }
    span_find_parameter(request->query, "retry-after", &value);
    size_t count = span_decode(value, retry_after, sizeof(retry_after));
    answer_status(answer, (unsigned)status, (struct span){retry_after, count});
}

static void answer_redirect(struct answer *answer, unsigned status, struct span location)
{
    answer_open(answer, status);
    answer_header_span(answer, "Location", location);
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, span_of("elsewhere\n"));
}

void route_redirect(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    struct span rest = request->rest;
    uint64_t left = 0;
    char location[48];
    if (!span_take_number(&rest, UINT32_MAX, &left)) {
        route_bad_arguments(answer);
        return;
    }
    if (left == 0) {
        answer_text(answer, 200, "ok\n");
        return;
    }
    snprintf(location, sizeof(location), "/redirect/%u", (unsigned)(left - 1));
    answer_redirect(answer, 302, span_of(location));
}

void route_redirect_to(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    char location[PARAMETER_BYTES_MAX];
    struct span url = {NULL, 0};
    struct span code = {NULL, 0};
    uint64_t status = 302;
    bool has_url = span_find_parameter(request->query, "url", &url);
    bool has_code = span_find_parameter(request->query, "code", &code);
    if (!has_url || (has_code && (!span_take_number(&code, 399, &status) || status < 300))) {
        route_bad_arguments(answer);
        return;
    }
    size_t count = span_decode(url, location, sizeof(location));
    answer_redirect(answer, (unsigned)status, (struct span){location, count});
}

void route_loop(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    (void)request;
    answer_redirect(answer, 302, span_of("/loop"));
}

void route_headers(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    enum { NAME_BYTES = 10, LINE_BYTES_MIN = NAME_BYTES + 2, TOTAL_BYTES_MAX = 16 * 1024 * 1024 };
    struct span rest = request->rest;
    uint64_t lines = 0;
    uint64_t line_bytes = 0;
    if (!span_take_number(&rest, 999999, &lines) || !span_take_number(&rest, FILLER_BYTES, &line_bytes) ||
        line_bytes < LINE_BYTES_MIN || lines * line_bytes > TOTAL_BYTES_MAX) {
        route_bad_arguments(answer);
        return;
    }
    size_t value_bytes = (size_t)line_bytes - LINE_BYTES_MIN;
    char *value = malloc(value_bytes + 1);
    if (value == NULL) {
        answer_text(answer, 507, "no memory\n");
        return;
    }
    memset(value, 'v', value_bytes);
    answer_open(answer, 200);
    for (unsigned i = 0; i < lines; i++) {
        buffer_printf(answer->output, "X-%06u: ", i);
        buffer_append(answer->output, value, value_bytes);
        buffer_append_text(answer->output, "\r\n");
    }
    free(value);
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, span_of("many headers\n"));
}

void route_header_raw(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    char decoded[PARAMETER_BYTES_MAX];
    struct span value = {NULL, 0};
    span_find_parameter(request->query, "value", &value);
    size_t count = span_decode(value, decoded, sizeof(decoded));
    answer_open(answer, 200);
    answer_header_span(answer, "X-Raw", (struct span){decoded, count});
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, span_of("a raw header\n"));
}

void route_echo(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)pages;
    answer_open(answer, 200);
    answer_header(answer, "Content-Type", "text/plain");
    answer_finish_text(answer, (struct span){request->head.bytes, request->head.count + 2});
}

void route_stats(struct pages *pages, const struct request *request, struct answer *answer)
{
    (void)request;
    char text[128];
    const struct origin_counts_shm *counts = pages->counts;
    snprintf(text, sizeof(text), "requests %llu\nconnections %llu\nin_flight_max %u\n",
             (unsigned long long)atomic_load_explicit(&counts->requests, memory_order_relaxed),
             (unsigned long long)atomic_load_explicit(&counts->connections, memory_order_relaxed),
             atomic_load_explicit(&counts->in_flight_max, memory_order_relaxed));
    answer_text(answer, 200, text);
}
