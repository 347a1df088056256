/* crawl_links.c: what was found goes in, once.
 *
 * The way of a link that is known already, by far the most, is two looks at a table that was asked for before. Only what is new is
 * copied out of shared memory, looked at, and judged. */
#include "coordinator/crawl/crawl_links.h"

#include <stdio.h>
#include <string.h>

#include "common/fingerprint.h"
#include "coordinator/crawl/crawl_report.h"
#include "coordinator/crawl/crawl_site.h"
#include "coordinator/fetch/report.h"

#define BATCH 32u

/* A link that the page which has it may not follow. Another one may, so nothing is said of it until the end. */
struct deferred {
    uint64_t fingerprint, referrer;
    uint32_t depth;
    uint8_t reason, kind, rel, page_robots;
};

static enum crawl_reason reason_of(const struct page_link *link, const struct link_source *source)
{
    if (source->flags & URL_IS_ASSET)
        return REASON_ASSET;
    switch (link->kind) {
    case LINK_ASSET:
        return REASON_ASSET;
    case LINK_REDIRECT:
        return REASON_REDIRECT;
    case LINK_CANONICAL:
        return REASON_CANONICAL;
    case LINK_LISTED:
        return REASON_SITEMAP;
    default:
        return REASON_LINK;
    }
}

/* Links from the seeds: a redirect and a proper name are no step; what a page needs belongs to it. */
static uint32_t depth_of(const struct page_link *link, const struct link_source *source)
{
    bool is_step = link->kind != LINK_REDIRECT && link->kind != LINK_CANONICAL &&
                   (link->kind != LINK_ASSET || source->flags & URL_IS_ASSET);
    return source->depth + (is_step ? 1 : 0);
}

static uint64_t number_of(struct crawler *crawler, struct link_source *source)
{
    if (source->number == URL_LOG_NONE && crawler->config.wants_referrers && source->url_bytes > 0)
        source->number = url_log_add(crawler->texts, source->url, source->url_bytes);
    return source->number;
}

/* ---- what is not followed ---- */

static bool depends_on_link(enum crawl_reason reason)
{
    return reason == REASON_NOFOLLOW || reason == REASON_KIND || reason == REASON_DEPTH;
}

/* False: it cannot be kept, and the crawl is broken. */
static bool defer(struct crawler *crawler, const struct frontier_url *url, const struct page_link *link,
                  unsigned page_robots, enum crawl_reason reason)
{
    enum url_set_answer answer = url_set_add(crawler->deferred_seen, url->fingerprint);
    if (answer == URL_SET_NO_MEMORY)
        crawler_break(crawler, STATUS_OUT_OF_MEMORY);
    if (answer != URL_SET_NEW)
        return answer == URL_SET_KNOWN;
    struct {
        struct deferred head;
        char url[URL_BYTES_MAX];
    } record = {.head = {.fingerprint = url->fingerprint,
                         .referrer = url->referrer,
                         .depth = url->depth,
                         .reason = (uint8_t)reason,
                         .kind = (uint8_t)link->kind,
                         .rel = (uint8_t)link->rel,
                         .page_robots = (uint8_t)page_robots}};
    memcpy(record.url, url->url, url->url_bytes);
    if (url_log_add(crawler->deferred, &record, offsetof(__typeof__(record), url) + url->url_bytes) != URL_LOG_NONE)
        return true;
    crawler_break(crawler, STATUS_SYSTEM);
    return false;
}

bool crawl_tell_deferred(struct crawler *crawler, uint32_t count)
{
    const char *record;
    size_t bytes;
    for (uint32_t i = 0; i < count; i++) {
        if (!url_log_next(crawler->deferred, &crawler->deferred_at, &record, &bytes) || bytes < sizeof(struct deferred))
            return false;
        struct deferred head;
        memcpy(&head, record, sizeof head);
        if (frontier_knows(crawler->frontier, head.fingerprint))
            continue; /* somebody else's link led there */
        size_t url_bytes = bytes - sizeof head;
        memcpy(crawler->url, record + sizeof head, url_bytes);
        crawler->url[url_bytes] = '\0';
        struct url_parts parts;
        if (url_parse(crawler->parser, crawler->url, url_bytes, &parts) != FETCH_OK)
            continue;
        const struct scope_link link = {.url = &parts,
                                        .kind = (enum link_kind)head.kind,
                                        .rel = head.rel,
                                        .page_robots = head.page_robots,
                                        .depth = head.depth};
        const struct frontier_url url = {.url = crawler->url,
                                         .url_bytes = url_bytes,
                                         .fingerprint = head.fingerprint,
                                         .referrer = head.referrer,
                                         .depth = head.depth};
        scope_explain(crawler->scope, &link, (enum crawl_reason)head.reason, crawler->rule, sizeof crawler->rule);
        crawl_tell_skipped(crawler, &url, (enum crawl_reason)head.reason, crawler->rule, FETCH_OK);
    }
    return true;
}

/* ---- what is ---- */

/* Counts the URL as seen, and queues it for its site unless reason speaks against that. */
static bool push(struct crawler *crawler, struct site *site, const struct frontier_url *url, enum crawl_reason reason)
{
    bool is_queued = reason == REASON_NONE;
    enum status status = frontier_push(crawler->frontier, site != NULL ? site->number : 0, url, is_queued);
    if (status == STATUS_END)
        return true;
    if (status != STATUS_OK) {
        crawler_break(crawler, status);
        return false;
    }
    if (!is_queued)
        crawl_tell_skipped(crawler, url, reason, crawler->rule, FETCH_OK);
    else if (!site->polite.wants) {
        crawl_guess_sitemap(crawler, site);
        crawler_update(crawler, site);
    }
    return true;
}

/* What speaks against a URL that scope and traps let pass. */
static enum crawl_reason judge_site(struct crawler *crawler, const struct site *site, const struct link_source *source,
                                    const struct url_parts *parts)
{
    enum crawl_reason reason = traps_judge(crawler->traps, site->number, parts);
    if (reason != REASON_NONE) {
        traps_explain(crawler->traps, parts, reason, crawler->rule, sizeof crawler->rule);
        return reason;
    }
    if (source->must_be_of != NULL && (site->host_bytes != source->must_be_of->host_bytes ||
                                       memcmp(site->host, source->must_be_of->host, site->host_bytes) != 0)) {
        snprintf(crawler->rule, sizeof crawler->rule, "a sitemap of %s lists it", source->must_be_of->host);
        return REASON_SCOPE;
    }
    return REASON_NONE;
}

static bool admit_new(struct crawler *crawler, struct link_source *source, const struct page_link *link,
                      struct frontier_url *url, const struct url_parts *parts)
{
    uint32_t redirects_max = crawler->config.options->fetch.executor.limits.redirects_max;
    struct scope_link scope_link = {
        .url = parts, .kind = link->kind, .rel = link->rel, .page_robots = source->page_robots, .depth = url->depth};
    crawler->rule[0] = '\0';
    if (link->kind == LINK_REDIRECT && url->redirects > redirects_max) {
        snprintf(crawler->rule, sizeof crawler->rule, "redirect %u in a row (--max-redirs %u)",
                 (unsigned)url->redirects, (unsigned)redirects_max);
        return push(crawler, NULL, url, REASON_REDIRECTS);
    }
    bool is_assets_redirect = link->kind == LINK_REDIRECT && source->flags & URL_IS_ASSET;
    if (is_assets_redirect)
        scope_link.kind = LINK_ASSET;
    /* example.org that leads to www.example.org: what the user named is what answers there. */
    if (link->kind == LINK_REDIRECT && source->flags & URL_IS_SEED && !scope_add_seed(crawler->scope, parts))
        crawler_break(crawler, STATUS_OUT_OF_MEMORY);
    enum crawl_reason reason = scope_judge(crawler->scope, &scope_link);
    if (stories_have(crawler->stories, url->fingerprint))
        stories_add(crawler->stories, url->fingerprint, "found: a %s of %.*s, depth %u", link_kind_name(link->kind),
                    (int)source->url_bytes, source->url, (unsigned)url->depth);
    if (depends_on_link(reason) && defer(crawler, url, link, source->page_robots, reason))
        return true;
    if (reason != REASON_NONE) {
        scope_explain(crawler->scope, &scope_link, reason, crawler->rule, sizeof crawler->rule);
        return push(crawler, NULL, url, reason);
    }
    struct site *site = crawl_site_of(crawler, parts);
    if (site == NULL)
        return false;
    return push(crawler, site, url, judge_site(crawler, site, source, parts));
}

bool crawl_admit(struct crawler *crawler, struct link_source *source, const struct page_link *link)
{
    struct url_parts parts;
    if (link->kind == LINK_BASE || link->kind == LINK_SITEMAP || link->url.bytes > URL_BYTES_MAX ||
        frontier_knows(crawler->frontier, link->fingerprint))
        return true;
    memcpy(crawler->url, link->url.at, link->url.bytes);
    crawler->url[link->url.bytes] = '\0';
    if (fingerprint_of(crawler->url, link->url.bytes, crawler->config.seed) != link->fingerprint)
        return false; /* the worker that wrote it was not itself */
    if (url_parse(crawler->parser, crawler->url, link->url.bytes, &parts) != FETCH_OK)
        return true;
    bool is_asset = link->kind == LINK_ASSET || source->flags & URL_IS_ASSET;
    struct frontier_url url = {
        .url = crawler->url,
        .url_bytes = link->url.bytes,
        .fingerprint = link->fingerprint,
        .referrer = number_of(crawler, source),
        .depth = depth_of(link, source),
        .reason = (uint8_t)reason_of(link, source),
        .redirects = link->kind == LINK_REDIRECT
                         ? (uint8_t)(source->redirects < UINT8_MAX ? source->redirects + 1 : UINT8_MAX)
                         : 0,
        .flags =
            (uint8_t)((is_asset ? URL_IS_ASSET : 0) | (link->kind == LINK_REDIRECT ? source->flags & URL_IS_SEED : 0)),
    };
    return admit_new(crawler, source, link, &url, &parts);
}

/* Whether the link is to be looked at at all: of an asset, only what a style needs, and where it redirects. */
static bool is_of_use(const struct link_source *source, const struct page *page, const struct page_link *link)
{
    if (!(source->flags & URL_IS_ASSET))
        return true;
    return link->kind == LINK_REDIRECT || (link->kind == LINK_ASSET && page->flags & PAGE_IS_CSS);
}

void crawl_follow(struct crawler *crawler, struct link_source *source, struct page *page, const void *block)
{
    const struct frontier *frontier = crawler->frontier;
    struct page_link links[BATCH];
    uint32_t count;
    page_rewind(page, block);
    do {
        for (count = 0; count < BATCH && page_next_link(page, &links[count]);) {
            if (!is_of_use(source, page, &links[count]))
                continue;
            frontier_prefetch(frontier, links[count].fingerprint);
            count++;
        }
        for (uint32_t i = 0; i < count; i++) {
            if (crawler->stopping || !crawl_admit(crawler, source, &links[i]))
                return;
        }
    } while (count == BATCH);
}

/* ---- seeds ---- */

size_t crawl_clean_url(const struct crawler *crawler, char *url, size_t url_bytes)
{
    return url_query_apply(crawler->query, url, url_bytes, url);
}

static void tell_bad_seed(struct crawler *crawler, const struct input_line *line, enum fetch_error error,
                          const char *why)
{
    struct fetch_result result = report_local_result(error, why, line->text);
    const struct crawl_note note = {.reason = REASON_SEED};
    const struct outcome outcome = {
        .url = line->text, .url_bytes = line->bytes, .line = line->number, .result = &result, .crawl = &note};
    if (delivery_put(crawler->config.delivery, 0, &outcome) != STATUS_OK)
        crawler_stop(crawler, "the output cannot be written", false);
}

/* The seed in its one spelling. */
static bool spell(struct crawler *crawler, const struct url_parts *parts, struct url_text *url)
{
    return url_resolver_set_base(crawler->resolver, parts->fetch.at, parts->fetch.bytes) == FETCH_OK &&
           url_resolve(crawler->resolver, parts->fetch.at, parts->fetch.bytes, url) == URL_RESOLVED &&
           url->bytes <= URL_BYTES_MAX;
}

void crawl_seed(struct crawler *crawler, const struct input_line *line)
{
    struct url_parts parts;
    struct url_text text;
    if (line->too_long) {
        tell_bad_seed(crawler, line, FETCH_INVALID_URL, "the URL is longer than 4096 bytes");
        return;
    }
    enum fetch_error error = url_parse(crawler->parser, line->text, line->bytes, &parts);
    if (error != FETCH_OK || !spell(crawler, &parts, &text)) {
        tell_bad_seed(crawler, line, error != FETCH_OK ? error : FETCH_INVALID_URL,
                      error != FETCH_OK ? url_why(crawler->parser) : "it has no proper spelling");
        return;
    }
    memcpy(crawler->url, text.at, text.bytes);
    crawler->url[text.bytes] = '\0';
    if (parts.has_userinfo)
        crawler_say(crawler, "%s: taken without its user name and password: a crawl sends none", crawler->url);
    text.bytes = crawl_clean_url(crawler, crawler->url, text.bytes);
    error = url_parse(crawler->parser, crawler->url, text.bytes, &parts);
    if (error != FETCH_OK || !scope_add_seed(crawler->scope, &parts)) {
        tell_bad_seed(crawler, line, error != FETCH_OK ? error : FETCH_OUT_OF_MEMORY, "no memory for the seed");
        return;
    }
    crawl_name_host(crawler, &parts);
    struct site *site = crawl_site_of(crawler, &parts);
    struct frontier_url url = {.url = crawler->url,
                               .url_bytes = text.bytes,
                               .fingerprint = fingerprint_of(crawler->url, text.bytes, crawler->config.seed),
                               .reason = REASON_SEED,
                               .flags = URL_IS_SEED};
    stories_add(crawler->stories, url.fingerprint, "found: a seed");
    if (site != NULL)
        push(crawler, site, &url, REASON_NONE);
}
