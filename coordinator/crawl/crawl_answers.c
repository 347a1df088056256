/* crawl_answers.c: what the answers to errands mean: a name's address, robots.txt, sitemaps. */
#include "coordinator/crawl/crawl_answers.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/fingerprint.h"
#include "coordinator/crawl/crawl_errands.h"
#include "coordinator/crawl/crawl_links.h"
#include "coordinator/crawl/crawl_site.h"

#define ROBOTS_HOPS_MAX 5u  /* RFC 9309, 2.3.1.2 */
#define ROBOTS_LIFE_S 86400 /* 2.4 */
#define SITEMAP_HOPS_MAX 5u
#define SITEMAPS_MAX 1000u /* of one site */
#define SITEMAP_SALT 0x736974656d6170ull
#define PRODUCT_TOKEN "shoal"

/* ---- its name ---- */

/* The site cannot be asked for anything, and nothing of ours would mend that. */
static void mark_dead(struct crawler *crawler, struct site *site, const struct fetch_result *result)
{
    if (site->dead != FETCH_OK)
        return; /* the result may be one that says so */
    site->dead = result->error;
    site->dead_why = strdup(result->detail != NULL ? result->detail : "");
    crawler_drain(crawler, site);
}

void crawl_looked_up(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result)
{
    struct site *site = request->for_site;
    if (result->error == FETCH_OK) {
        if (result->remote_ip[0] != '\0')
            politeness_set_address(crawler->politeness, &site->polite, result->remote_ip);
        return;
    }
    if (result->error != FETCH_CANCELLED)
        mark_dead(crawler, site, result);
}

/* ---- robots.txt ---- */

/* Whether a sitemap that lies there is one for the site: its own host's, or one of the crawl's. */
static bool may_list(const struct crawler *crawler, const struct site *for_site, const struct url_parts *parts)
{
    const struct scope_link link = {.url = parts, .kind = LINK_LISTED};
    bool is_own =
        parts->host.bytes == for_site->host_bytes && memcmp(parts->host.at, for_site->host, parts->host.bytes) == 0;
    return is_own || scope_judge(crawler->scope, &link) == REASON_NONE;
}

/* The same errand, where the answer leads. False: it leads nowhere. */
static bool follow_errand(struct crawler *crawler, const struct crawl_request *request,
                          const struct fetch_result *result, uint32_t hops_max)
{
    struct page page;
    struct page_link link;
    if (request->url.redirects >= hops_max || result->page == NULL ||
        !page_read(&page, result->page, result->page_bytes))
        return false;
    do {
        if (!page_next_link(&page, &link))
            return false;
    } while (link.kind != LINK_REDIRECT);
    if (link.url.bytes > URL_BYTES_MAX)
        return false;
    memcpy(crawler->url, link.url.at, link.url.bytes);
    crawler->url[link.url.bytes] = '\0';
    struct url_parts parts;
    if (url_parse(crawler->parser, crawler->url, link.url.bytes, &parts) != FETCH_OK)
        return false;
    if (request->errand == ERRAND_SITEMAP && !may_list(crawler, request->for_site, &parts))
        return false;
    struct site *site = crawl_site_of(crawler, &parts);
    if (site == NULL || site->dead != FETCH_OK || site->given_up != REASON_NONE)
        return false;
    struct crawl_request *next = request_new(crawler, request->errand, site, crawler->url, link.url.bytes);
    if (next == NULL)
        return false;
    next->for_site = request->for_site;
    next->level = request->level;
    next->url.redirects = (uint8_t)(request->url.redirects + 1);
    request_owe(next);
    crawler_update(crawler, site);
    return true;
}

static void owe_sitemap(struct crawler *crawler, struct site *for_site, const char *text, size_t bytes, uint8_t level)
{
    struct url_text url;
    struct url_parts parts;
    if (crawler->stopping || for_site->sitemaps >= SITEMAPS_MAX ||
        url_resolve(crawler->resolver, text, bytes, &url) != URL_RESOLVED)
        return;
    uint64_t fingerprint = fingerprint_of(url.at, url.bytes, crawler->config.seed ^ SITEMAP_SALT);
    if (url_set_add(crawler->deferred_seen, fingerprint) != URL_SET_NEW)
        return;
    memcpy(crawler->url, url.at, url.bytes);
    crawler->url[url.bytes] = '\0';
    if (url_parse(crawler->parser, crawler->url, url.bytes, &parts) != FETCH_OK)
        return;
    if (!may_list(crawler, for_site, &parts)) {
        crawler_say(crawler, "sitemap %s of %s: not asked for: it is another host's", crawler->url, for_site->host);
        return;
    }
    struct site *site = crawl_site_of(crawler, &parts);
    struct crawl_request *request =
        site == NULL ? NULL : request_new(crawler, ERRAND_SITEMAP, site, crawler->url, url.bytes);
    if (request == NULL)
        return;
    for_site->sitemaps++;
    request->for_site = for_site;
    request->level = level;
    request_owe(request);
    crawler_update(crawler, site);
}

static void owe_named_sitemaps(struct crawler *crawler, struct site *site, const char *robots_url)
{
    const char *text;
    if (crawler->config.options->sitemaps == SITEMAPS_NEVER ||
        url_resolver_set_base(crawler->resolver, robots_url, strlen(robots_url)) != FETCH_OK)
        return;
    for (size_t i = 0; (text = robots_sitemap(site->robots, i)) != NULL; i++)
        owe_sitemap(crawler, site, text, strlen(text), 0);
}

static void take_robots(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result)
{
    struct site *site = request->for_site;
    struct robots *robots =
        robots_parse((const char *)result->body, (size_t)result->body_bytes, result->is_cut, PRODUCT_TOKEN);
    if (robots == NULL) {
        site_close_gate(site, "no memory for its rules");
        return;
    }
    struct robots_counts counts = robots_counts(robots);
    if (result->is_cut || counts.rules_dropped > 0)
        crawler_say(crawler, "%s: longer than is read: %u rules kept", request->text, (unsigned)counts.rules);
    site_open_gate(site, robots);
    int64_t delay_ms = robots_crawl_delay_ms(robots);
    if (delay_ms >= 0 && !politeness_set_crawl_delay(crawler->politeness, &site->polite, delay_ms * NS_PER_MS)) {
        site->given_up = REASON_HOST_HELD;
        crawler_say(crawler, "%s asks for %lld s between requests (Crawl-delay), more than --max-crawl-delay: skipped",
                    site->host, (long long)(delay_ms / 1000));
        crawler_drain(crawler, site);
        return;
    }
    owe_named_sitemaps(crawler, site, request->text);
}

void crawl_robots_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result)
{
    struct site *site = request->for_site;
    uint32_t status = result->http_status;
    char why[160];
    bool has_no_address = result->error == FETCH_BLOCKED_PRIVATE || result->error == FETCH_RESOLVE;
    if (has_no_address && request->site == site) {
        mark_dead(crawler, site, result);
        return;
    }
    site->gate_until_ns = clock_now_ns() + ROBOTS_LIFE_S * NS_PER_S;
    if (result->error == FETCH_OK && status >= 200 && status < 300) {
        take_robots(crawler, request, result);
    } else if (result->error == FETCH_OK && status >= 300 && status < 400) {
        if (follow_errand(crawler, request, result, ROBOTS_HOPS_MAX))
            return; /* the gate stays as it is until that answer */
        site_close_gate(site, request->url.redirects >= ROBOTS_HOPS_MAX ? "more than 5 redirects"
                                                                        : "it redirects to what cannot be asked for");
    } else if (status >= 400 && status < 500 && status != 429) {
        site_open_gate(site, NULL); /* 2.3.1.3: there is none */
    } else {
        const char *detail = result->detail != NULL ? result->detail : "";
        snprintf(why, sizeof why, "%s: %s", fetch_error_name(result->error), detail);
        site_close_gate(site, why);
    }
    if (site->gate == GATE_CLOSED)
        crawler_drain(crawler, site);
    crawler_update(crawler, site);
}

/* ---- sitemaps ---- */

static void take_sitemap(struct crawler *crawler, struct crawl_request *request, struct page *page)
{
    struct page_link link;
    struct link_source source = {.url = request->text, .url_bytes = request->url.url_bytes};
    while (!crawler->stopping && page_next_link(page, &link)) {
        if (link.kind == LINK_LISTED) {
            source.must_be_of = request->for_site;
            if (!crawl_admit(crawler, &source, &link))
                return;
        } else if (link.kind == LINK_SITEMAP && request->level == 0 && link.url.bytes <= URL_BYTES_MAX) {
            char copy[URL_BYTES_MAX + 1];
            memcpy(copy, link.url.at, link.url.bytes);
            copy[link.url.bytes] = '\0';
            if (url_resolver_set_base(crawler->resolver, request->text, request->url.url_bytes) == FETCH_OK)
                owe_sitemap(crawler, request->for_site, copy, link.url.bytes, 1);
        } else if (link.kind == LINK_SITEMAP) {
            crawler_say(crawler, "sitemap %s: an index within an index is not followed", request->text);
            return;
        }
    }
}

void crawl_sitemap_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result)
{
    struct page page;
    bool is_redirect = result->http_status >= 300 && result->http_status < 400;
    if (result->error == FETCH_OK && is_redirect && follow_errand(crawler, request, result, SITEMAP_HOPS_MAX))
        return;
    bool is_guess = request->level == 0 && crawler->config.options->sitemaps == SITEMAPS_ALWAYS;
    if (result->error != FETCH_OK || is_redirect) {
        if (!is_guess && result->error != FETCH_CANCELLED)
            crawler_say(crawler, "sitemap %s: %s: %s", request->text, fetch_error_name(result->error),
                        result->detail != NULL ? result->detail : "");
        return;
    }
    if (result->page == NULL || !page_read(&page, result->page, result->page_bytes))
        return;
    if (page.flags & PAGE_IS_BROKEN)
        crawler_say(crawler, "sitemap %s: it is none, or ends early: %u URLs of it taken", request->text,
                    (unsigned)page.link_count);
    if (page.dropped > 0)
        crawler_say(crawler, "sitemap %s: %u URLs beyond what a sitemap may list", request->text,
                    (unsigned)page.dropped);
    take_sitemap(crawler, request, &page);
}
