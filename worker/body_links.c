/* Runs in: worker */
#include "worker/body_links.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#include "common/fingerprint.h"
#include "common/page.h"
#include "common/url_resolve.h"
#include "worker/css.h"
#include "worker/html_scan.h"
#include "worker/link_header.h"
#include "worker/link_query.h"
#include "worker/links.h"
#include "worker/page_lines.h"
#include "worker/sitemap.h"
#include "worker/sniff.h"

#define WRITER_BYTES_KEPT (256u << 10) /* a buffer that grew beyond this for one page is given back */

#define AGENT_BYTES 64 /* of our name, as X-Robots-Tag has it */

enum body_is { BODY_UNKNOWN, BODY_PAGE, BODY_SITEMAP, BODY_CSS, BODY_OTHER };

struct body_links {
    const struct fetch_config *config;
    struct links *links;
    enum body_is body;
    struct sniff sniff;
    /* only where pages are wanted: */
    uint32_t flags;
    bool has_page;
    struct page_writer writer;
    struct page_lines lines;
    struct url_resolver *resolver; /* for what the header names */
    XXH3_state_t *hash;
    struct sitemap *sitemap; /* NULL until the first */
    struct css *css;         /* the same */
    struct page facts;
    char agent[AGENT_BYTES];
    char trimmed[URL_BYTES_MAX + 1];
    char canonical[URL_BYTES_MAX + 1];
};

/* ---- the block ---- */

static void add_link(struct body_links *work, struct page_link *link)
{
    link->url = link_without_query(&work->config->page, link->url, work->trimmed);
    link->fingerprint = fingerprint_of(link->url.at, link->url.bytes, work->config->page.seed);
    page_writer_add(&work->writer, link); /* counts those for which there is no room */
}

static void on_link(void *context, const struct link *from)
{
    struct page_link link = {
        .at = UINT64_MAX, .kind = from->kind, .rel = from->rel, .url = from->url, .text = from->text};
    add_link(context, &link);
}

/* The last part of an answer that redirects: nothing else of it counts. */
static void take_redirect(struct body_links *work, const char *base)
{
    const struct page_lines *lines = &work->lines;
    struct page_link link = {.at = UINT64_MAX, .kind = LINK_REDIRECT};
    page_writer_begin(&work->writer, PAGE_BLOCK_BYTES_MAX - PAGE_HEAD_BYTES_MAX);
    work->facts = (struct page){0};
    work->has_page = true;
    if (!base || url_resolver_set_base(work->resolver, base, strlen(base)) != FETCH_OK ||
        url_resolve(work->resolver, lines->location, lines->location_bytes, &link.url) != URL_RESOLVED)
        work->facts.unusable = 1;
    else
        add_link(work, &link);
}

static void add_reference(struct body_links *work, struct html_span reference, enum link_kind kind, unsigned rel)
{
    struct page_link link = {.at = UINT64_MAX, .kind = kind, .rel = rel};
    if (url_resolve(work->resolver, reference.at, reference.bytes, &link.url) != URL_RESOLVED) {
        work->facts.unusable++;
        return;
    }
    add_link(work, &link);
    if (kind != LINK_CANONICAL || work->facts.canonical.bytes)
        return;
    memcpy(work->canonical, link.url.at, link.url.bytes);
    work->facts.canonical = (struct url_text){work->canonical, link.url.bytes};
}

/* What the header says of the page, behind what the page says: references are relative to its own URL, whatever its base element. */
static void page_take_header_lines(struct body_links *work, const char *base)
{
    enum page_line kind;
    struct url_text text;
    struct header_link link;
    if (!work->lines.used || !base || url_resolver_set_base(work->resolver, base, strlen(base)) != FETCH_OK)
        return;
    for (size_t at = 0; page_lines_next(&work->lines, &at, &kind, &text);) {
        struct html_span value = {text.at, text.bytes};
        struct html_span url;
        if (kind == PAGE_LINE_ROBOTS)
            work->facts.robots |= link_header_robots(value, work->agent);
        else if (kind == PAGE_LINE_REFRESH && link_refresh_url(value, &url))
            add_reference(work, url, LINK_REFRESH, 0);
        while (kind == PAGE_LINE_LINK && link_header_next(&value, &link))
            add_reference(work, link.target, link.kind, link.rel);
    }
}

/* ---- lists of a site's pages ---- */

static void on_listed(void *context, enum link_kind kind, struct url_text loc)
{
    add_reference(context, (struct html_span){loc.at, loc.bytes}, kind, 0);
}

static bool begin_sitemap(struct body_links *work, const char *base)
{
    if (!work->sitemap)
        work->sitemap = sitemap_open(on_listed, work);
    if (!work->sitemap || !base || url_resolver_set_base(work->resolver, base, strlen(base)) != FETCH_OK)
        return false;
    work->facts = (struct page){0};
    page_writer_begin(&work->writer, SITEMAP_BLOCK_BYTES_MAX - PAGE_HEAD_BYTES_MAX);
    sitemap_begin(work->sitemap, &work->config->limits);
    return true;
}

static uint32_t end_sitemap(struct body_links *work)
{
    struct sitemap_result result = sitemap_end(work->sitemap);
    XXH128_hash_t hash = XXH3_128bits_digest(work->hash);
    work->facts.hash_low = hash.low64;
    work->facts.hash_high = hash.high64;
    work->facts.dropped = result.dropped;
    work->facts.unusable += result.unusable;
    work->facts.flags = PAGE_IS_SITEMAP | (result.verdict == SITEMAP_OK ? 0 : PAGE_IS_BROKEN);
    work->has_page = true;
    return result.found;
}

/* ---- style sheets ---- */

static void on_css(void *context, const struct css_value *value)
{
    struct body_links *work = context;
    struct page_link link = {.at = UINT64_MAX, .kind = LINK_ASSET, .quoting = value->quoting};
    if (work->config->page.positions && value->raw_bytes <= UINT32_MAX) {
        link.at = value->at;
        link.raw_bytes = (uint32_t)value->raw_bytes;
    }
    if (work->writer.link_count == LINKS_PER_PAGE_MAX)
        work->facts.dropped++;
    else if (url_resolve(work->resolver, value->text.at, value->text.bytes, &link.url) == URL_RESOLVED)
        add_link(work, &link);
    else
        work->facts.unusable++;
}

static bool is_css(const char *type)
{
    return type && strncasecmp(type, "text/css", 8) == 0 && (!type[8] || type[8] == ';' || html_is_space(type[8]));
}

static bool begin_css(struct body_links *work, const char *base)
{
    if (!work->css)
        work->css = css_open(on_css, work);
    if (!work->css || !base || url_resolver_set_base(work->resolver, base, strlen(base)) != FETCH_OK)
        return false;
    work->facts = (struct page){0};
    page_writer_begin(&work->writer, PAGE_BLOCK_BYTES_MAX - PAGE_HEAD_BYTES_MAX);
    css_begin(work->css);
    return true;
}

/* Without css_end(): what the end cuts off is more often a body that was cut than a sheet that was written so. */
static uint32_t end_css(struct body_links *work, const char *base)
{
    uint32_t found = work->writer.link_count;
    XXH128_hash_t hash = XXH3_128bits_digest(work->hash);
    work->facts.hash_low = hash.low64;
    work->facts.hash_high = hash.high64;
    work->facts.unusable += css_too_long(work->css);
    work->facts.flags = PAGE_IS_CSS | (work->config->page.positions ? PAGE_HAS_POSITIONS : 0u);
    work->has_page = true;
    page_take_header_lines(work, base);
    return found;
}

static void take_facts(struct body_links *work)
{
    const struct page_facts *facts = links_facts(work->links);
    struct links_counts counts = links_counts(work->links);
    XXH128_hash_t hash = XXH3_128bits_digest(work->hash);
    struct url_text canonical = {facts->canonical, strlen(facts->canonical)};
    work->facts = (struct page){
        .hash_low = hash.low64,
        .hash_high = hash.high64,
        .dropped = counts.dropped,
        .unusable = counts.unusable,
        .robots = facts->robots,
        .flags = PAGE_IS_HTML,
        .title = {facts->title, strlen(facts->title)},
        .lang = {facts->lang, strlen(facts->lang)},
        .canonical = link_without_query(&work->config->page, canonical, work->canonical),
        .charset = {facts->charset, strlen(facts->charset)},
    };
    work->has_page = true;
}

size_t body_links_page_bytes(const struct body_links *work)
{
    return work->has_page ? page_writer_bytes(&work->writer, &work->facts) : 0;
}

void body_links_store_page(struct body_links *work, void *to)
{
    page_writer_store(&work->writer, &work->facts, to);
}

/* ---- the work ---- */

struct body_links *body_links_open(const struct fetch_config *config)
{
    static const struct links_sink COUNTED = {.link = NULL};
    static const struct links_sink TOLD = {.link = on_link};
    static const struct links_sink TOLD_WITH_TEXT = {.link = on_link, .wants_text = true};
    struct body_links *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->config = config;
    const struct links_sink *told = config->page.texts ? &TOLD_WITH_TEXT : &TOLD;
    work->links = links_open(config->pages ? told : &COUNTED, work);
    bool is_open = work->links != NULL;
    if (config->pages) {
        work->resolver = url_resolver_open();
        work->hash = XXH3_createState();
        is_open = is_open && work->resolver && work->hash;
        size_t bytes = strcspn(config->user_agent, "/ \t"); /* the product's name, RFC 9110, 10.1.5 */
        memcpy(work->agent, config->user_agent, bytes < AGENT_BYTES ? bytes : AGENT_BYTES - 1);
    }
    if (is_open)
        return work;
    body_links_close(work);
    return NULL;
}

void body_links_close(struct body_links *work)
{
    if (!work)
        return;
    links_close(work->links);
    url_resolver_close(work->resolver);
    XXH3_freeState(work->hash);
    sitemap_close(work->sitemap);
    css_close(work->css);
    page_writer_free(&work->writer);
    page_lines_free(&work->lines);
    free(work);
}

void body_links_begin(struct body_links *work, uint32_t flags)
{
    work->body = BODY_UNKNOWN;
    work->flags = flags;
    work->has_page = false;
    if (work->writer.capacity > WRITER_BYTES_KEPT)
        page_writer_free(&work->writer);
    page_lines_begin(&work->lines);
}

bool body_links_header(struct body_links *work, const char *line, size_t bytes)
{
    return !work->config->pages || page_lines_take(&work->lines, line, bytes);
}

/* A redirect that is the answer. */
static bool is_redirect(const struct body_links *work, CURL *easy)
{
    long status = 0;
    if (!(work->flags & JOB_NO_REDIRECT) || !work->lines.location_bytes)
        return false;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 300 && status < 400;
}

static const char *url_of(CURL *easy)
{
    const char *url = NULL;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    return url;
}

/* What the body is, as far as its header tells. */
static enum body_is begin_body(struct body_links *work, CURL *easy)
{
    char *type = NULL;
    const char *url = url_of(easy);
    if (is_redirect(work, easy))
        return BODY_OTHER;
    if (work->config->pages)
        XXH3_128bits_reset_withSeed(work->hash, work->config->page.seed);
    if (work->config->pages && work->flags & JOB_SITEMAP)
        return begin_sitemap(work, url) ? BODY_SITEMAP : BODY_OTHER;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    if (work->config->pages && is_css(type))
        return begin_css(work, url) ? BODY_CSS : BODY_OTHER;
    if (sniff_begin(&work->sniff, type) == SNIFF_OTHER || !url ||
        links_begin(work->links, url, strlen(url), type ? type : "") != STATUS_OK)
        return BODY_OTHER;
    page_writer_begin(&work->writer, PAGE_BLOCK_BYTES_MAX - PAGE_HEAD_BYTES_MAX);
    return BODY_PAGE;
}

void body_links_take(struct body_links *work, CURL *easy, const char *bytes, size_t count)
{
    if (work->body == BODY_UNKNOWN)
        work->body = begin_body(work, easy);
    if (work->body == BODY_OTHER)
        return;
    if (work->config->pages)
        XXH3_128bits_update(work->hash, bytes, count);
    if (work->body == BODY_SITEMAP) {
        sitemap_feed(work->sitemap, bytes, count);
        return;
    }
    if (work->body == BODY_CSS) {
        css_feed(work->css, bytes, count);
        return;
    }
    if (work->sniff.verdict == SNIFF_OPEN && sniff_take(&work->sniff, bytes, count) == SNIFF_OTHER) {
        work->body = BODY_OTHER; /* and what was found before is forgotten */
        return;
    }
    links_feed(work->links, bytes, count);
}

uint32_t body_links_end(struct body_links *work, CURL *easy)
{
    bool is_page = work->body == BODY_PAGE && sniff_end(&work->sniff) == SNIFF_PAGE;
    bool is_sitemap = work->body == BODY_SITEMAP;
    bool is_css_sheet = work->body == BODY_CSS;
    work->body = BODY_OTHER;
    if (is_sitemap)
        return end_sitemap(work);
    if (is_css_sheet)
        return end_css(work, url_of(easy));
    if (is_page)
        links_end(work->links);
    if (work->config->pages && is_redirect(work, easy)) {
        take_redirect(work, url_of(easy));
        return 0;
    }
    if (!is_page)
        return 0;
    if (work->config->pages) {
        take_facts(work);
        page_take_header_lines(work, url_of(easy));
    }
    return links_counts(work->links).found;
}
