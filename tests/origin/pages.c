/* pages.c: which path is answered how. */
#include "tests/origin/pages.h"

#include <stdlib.h>

#include "tests/origin/broken.h"
#include "tests/origin/routes.h"

enum { DELAYS_NESTED_MAX = 8 };

struct page_route {
    const char *prefix; /* ends in '/': the rest of the path is arguments; else the whole path */
    const char *arguments;
    route_fn *handler;
    const char *explanation;
};

/* The first match wins, and the first entries are found soonest. /delay/ is not a page but a way to
 * ask for one: pages_route() has it. */
static const struct page_route routes[] = {
    {"/bytes/", "N", route_bytes, "N bytes of text, up to 1 GiB"},
    {"/wiki/", "NAME", route_wiki, "one of 15 pages of the classic futures example, held back"},
    {"/status/", "CODE[?retry-after=VALUE]", route_status, "that status, 200 to 999"},
    {"/echo", "", route_echo, "the request line and headers as they came"},
    {"/page/", "N", route_page, "a small HTML page with links to /page/N+1, N+2, N+3"},
    {"/links/", "N", route_links, "an HTML page with N links, to /page/0 and up"},
    {"/say", "?body=TEXT[&status=CODE&type=TYPE&header=LINE&pace=MS]", route_say,
     "that body, status, Content-Type and header line, all percent-decoded; no type: none is sent"},
    {"/delay/", "MS/PATH", NULL, "as /PATH, but MS milliseconds later"},
    {"/redirect/", "N", route_redirect, "302 to /redirect/N-1, and so on; /redirect/0 is ok"},
    {"/redirect-to", "?url=URL[&code=CODE]", route_redirect_to,
     "302 or CODE with the percent-decoded URL in Location, whatever its bytes"},
    {"/loop", "", route_loop, "302 to itself"},
    {"/flaky/", "KEY/N/CODE[?retry-after=VALUE]", route_flaky, "the first N requests for KEY get CODE, later ones 200"},
    {"/reset/", "N", route_reset, "promises 2N+1000 bytes, sends N, then RST"},
    {"/reset-once/", "KEY", route_reset_once, "the first request for KEY gets RST, later ones 200"},
    {"/truncate/", "N", route_truncate, "promises 2N+1000 bytes, sends N, then FIN"},
    {"/empty", "", route_empty, "closes without an answer"},
    {"/close-after", "", route_close_after, "a good answer; then closes without having said so"},
    {"/slow/", "BYTES/MS", route_slow, "the header at once, then a byte of body every MS"},
    {"/slow-header/", "MS", route_slow_header, "a byte of header, and then of body, every MS"},
    {"/never", "", route_never, "never answers; holds the connection until the client closes"},
    {"/endless", "", route_endless, "a body without length and without end"},
    {"/endless-chunks", "", route_endless_chunks, "chunks without end"},
    {"/gzip/", "N", route_gzip, "honest gzip of the body of /bytes/N, about a third of its size"},
    {"/gzip-broken", "", route_gzip_broken, "gzip that goes wrong in the middle"},
    {"/gzip-chain/", "N", route_gzip_chain, "a short text, gzip-encoded N times (1 to 32)"},
    {"/bomb/gzip/", "N", route_bomb_gzip, "gzip that decodes to N zero bytes, up to 1 GiB"},
    {"/bomb/deflate/", "N", route_bomb_deflate, "the same as zlib (Content-Encoding: deflate)"},
    {"/br/", "N", route_brotli, "honest br of the body of /bytes/N, up to 64 MiB"},
    {"/bomb/br/", "N", route_bomb_brotli, "br that decodes to N zero bytes, up to 64 MiB"},
    {"/headers/", "N/BYTES", route_headers, "N header lines of BYTES bytes each, CRLF counted"},
    {"/header-raw", "?value=TEXT", route_header_raw, "X-Raw: and the percent-decoded bytes"},
    {"/broken/", "NAME", route_broken, "raw bytes that break the protocol; the names are below"},
    {"/stats", "", route_stats, "requests, connections and in_flight_max since the start"},
    {"/", "", route_index, "this list"},
};

static const size_t route_count = sizeof(routes) / sizeof(routes[0]);

struct pages *pages_open(uint32_t wiki_delay_ms, const struct origin_counts_shm *counts)
{
    struct pages *pages = calloc(1, sizeof(*pages));
    if (pages == NULL) {
        return NULL;
    }
    pages->wiki_delay_ms = wiki_delay_ms;
    pages->counts = counts;
    pages->flaky_keys = keys_open();
    pages->reset_keys = keys_open();
    pages->filler = filler_make();
    if (pages->filler != NULL) {
        pages->wiki = wiki_open(pages_filler(pages));
    }
    if (pages->flaky_keys == NULL || pages->reset_keys == NULL || pages->wiki == NULL) {
        pages_close(pages);
        return NULL;
    }
    return pages;
}

void pages_close(struct pages *pages)
{
    if (pages == NULL) {
        return;
    }
    coding_close(pages->coding);
    wiki_close(pages->wiki);
    keys_close(pages->flaky_keys);
    keys_close(pages->reset_keys);
    free(pages->filler);
    free(pages);
}

static const struct page_route *route_find(struct request *request)
{
    for (size_t i = 0; i < route_count; i++) {
        struct span prefix = span_of(routes[i].prefix);
        bool takes_rest = prefix.count > 1 && prefix.bytes[prefix.count - 1] == '/';
        if (takes_rest ? span_starts_with(request->path, prefix.bytes) : span_equals(request->path, prefix.bytes)) {
            request->rest = span_after(request->path, prefix.count);
            return &routes[i];
        }
    }
    return NULL;
}

void pages_route(struct pages *pages, struct request *request, struct answer *answer)
{
    for (int delays = 0; delays <= DELAYS_NESTED_MAX; delays++) {
        const struct page_route *route = route_find(request);
        if (route == NULL) {
            route_not_found(answer);
            return;
        }
        if (route->handler != NULL) {
            route->handler(pages, request, answer);
            return;
        }
        uint64_t delay_ms = 0;
        struct span after = request->rest;
        if (!span_take_number(&after, ROUTE_MS_MAX, &delay_ms)) {
            break;
        }
        answer->hold_ms += delay_ms;
        /* The path of the page that is asked for begins with the '/' after the number. */
        size_t digits = request->rest.count - after.count;
        request->path = after.count > 0 ? span_after(request->rest, digits - 1) : span_of("/");
    }
    route_bad_arguments(answer);
}

struct span pages_filler(const struct pages *pages)
{
    return (struct span){pages->filler, FILLER_BYTES};
}

void route_not_found(struct answer *answer)
{
    answer_text(answer, 404, "there is no such page; / lists those there are\n");
}

void route_bad_arguments(struct answer *answer)
{
    answer_text(answer, 400, "not the arguments of this page; / says what they are\n");
}

void pages_print(FILE *out)
{
    for (size_t i = 0; i < route_count; i++) {
        int width = fprintf(out, "%s%s", routes[i].prefix, routes[i].arguments);
        fprintf(out, "%*s  %s\n", width < 40 ? 40 - width : 0, "", routes[i].explanation);
    }
    for (size_t i = 0; i < broken_answer_count; i++) {
        int width = fprintf(out, "/broken/%s", broken_answers[i].name);
        fprintf(out, "%*s  %s\n", width < 40 ? 40 - width : 0, "", broken_answers[i].comment);
    }
}
