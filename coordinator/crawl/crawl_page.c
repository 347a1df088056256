/* crawl_page.c: what a page's answer means. */
#include "coordinator/crawl/crawl_page.h"

#include <stdio.h>
#include <string.h>

#include "coordinator/crawl/crawl_links.h"
#include "coordinator/crawl/crawl_report.h"

/* The link of that kind; false: the page has none. */
static bool find_link(struct page *page, const void *block, enum link_kind kind, struct page_link *found)
{
    bool is_there = false;
    page_rewind(page, block);
    while (!is_there && page_next_link(page, found))
        is_there = found->kind == kind;
    page_rewind(page, block);
    return is_there;
}

/* Up to the query. */
static size_t path_end(const char *url, size_t bytes)
{
    const char *query = memchr(url, '?', bytes);
    return query != NULL ? (size_t)(query - url) : bytes;
}

/* Whether the page calls another URL its proper one that differs from its own in the query alone: it is one view of many. */
static bool is_a_view(const struct crawl_request *request, const struct url_text *canonical)
{
    const char *url = request->url.url;
    size_t bytes = request->url.url_bytes;
    size_t path = path_end(url, bytes);
    return canonical->bytes > 0 && path < bytes && path == path_end(canonical->at, canonical->bytes) &&
           memcmp(url, canonical->at, path) == 0 &&
           (canonical->bytes != bytes || memcmp(url, canonical->at, bytes) != 0);
}

/* Whether a page of this site had the same content before; where is its number among the texts. */
static bool is_duplicate(struct crawler *crawler, const struct crawl_request *request, const struct page *page,
                         uint64_t body_bytes, uint64_t number, uint64_t *first)
{
    if (!(page->flags & PAGE_IS_HTML) || body_bytes == 0 || (page->hash_low == 0 && page->hash_high == 0))
        return false;
    uint64_t hash = page->hash_low ^ page->hash_high * 0x9e3779b97f4a7c15ull ^ request->site->hash;
    return duplicates_find_or_add(crawler->duplicates, hash, number, first);
}

/* Where the links of the answer may be followed, and which of them. */
static void follow(struct crawler *crawler, const struct crawl_request *request, struct page *page, const void *block,
                   uint64_t number)
{
    struct link_source source = {.url = request->url.url,
                                 .url_bytes = request->url.url_bytes,
                                 .number = number,
                                 .depth = request->url.depth,
                                 .redirects = request->url.redirects,
                                 .flags = request->url.flags,
                                 .page_robots = page->robots};
    crawl_follow(crawler, &source, page, block);
}

/* What there is to say of a page that was fetched; its length. */
static int tell_remarks(const struct page *page, char *text, size_t text_bytes)
{
    const char *noindex = page->robots & PAGE_NOINDEX ? "noindex" : "";
    if (page->dropped == 0)
        return snprintf(text, text_bytes, "%s", noindex);
    return snprintf(text, text_bytes, "%s%s%u links beyond the first %u were dropped", noindex, noindex[0] ? "; " : "",
                    (unsigned)page->dropped, (unsigned)page->link_count);
}

static void tell_of_page(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result,
                         struct page *page)
{
    struct crawl_note note = {.reason = (enum crawl_reason)request->url.reason, .depth = request->url.depth};
    uint64_t number = crawler->config.wants_referrers
                          ? url_log_add(crawler->texts, request->url.url, request->url.url_bytes)
                          : URL_LOG_NONE;
    bool is_redirect = result->http_status >= 300 && result->http_status < 400;
    bool is_good = result->error == FETCH_OK && !is_redirect;
    struct page_link target;
    uint64_t first = URL_LOG_NONE;
    char copy[URL_BYTES_MAX + 1];
    note.title = page->title;
    note.canonical = page->canonical;
    note.links = page->link_count + page->dropped;
    note.links_dropped = page->dropped;
    note.page = page;
    note.page_block = result->page;
    char rule[80];
    note.rule = (struct url_text){rule, (size_t)tell_remarks(page, rule, sizeof rule)};
    if (is_redirect && find_link(page, result->page, LINK_REDIRECT, &target))
        note.redirect_to = target.url;
    bool is_twin = is_good && is_duplicate(crawler, request, page, result->body_bytes, number, &first);
    bool is_view = is_good && !is_twin && is_a_view(request, &page->canonical);
    if (is_view)
        note.duplicate_of = page->canonical;
    const char *text;
    size_t bytes;
    if (is_twin && url_log_get(crawler->texts, first, &text, &bytes) && bytes <= URL_BYTES_MAX) {
        memcpy(copy, text, bytes + 1);
        note.duplicate_of = (struct url_text){copy, bytes};
    }
    crawl_tell_page(crawler, request, result, &note);
    page_rewind(page, result->page);
    struct page_link canonical;
    if (is_view && find_link(page, result->page, LINK_CANONICAL, &canonical)) {
        struct link_source source = {.url = request->url.url,
                                     .url_bytes = request->url.url_bytes,
                                     .number = number,
                                     .depth = request->url.depth,
                                     .page_robots = page->robots};
        crawl_admit(crawler, &source, &canonical);
    } else if ((is_good && !is_twin) || is_redirect) {
        follow(crawler, request, page, result->page, number);
    }
}

void crawl_page_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result)
{
    struct page page;
    if (result->error == FETCH_CANCELLED && !crawler->stopping && crawler->config.options->same_type) {
        crawl_tell_skipped(crawler, &request->url, REASON_TYPE, result->detail, FETCH_OK);
        return;
    }
    if (result->page != NULL && page_read(&page, result->page, result->page_bytes)) {
        tell_of_page(crawler, request, result, &page);
        return;
    }
    const struct crawl_note note = {.reason = (enum crawl_reason)request->url.reason, .depth = request->url.depth};
    crawl_tell_page(crawler, request, result, &note);
}
