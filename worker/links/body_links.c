/* body_links.c: the work of a crawler on a body that arrives. */
#include "worker/links/body_links.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#include "common/fault.h"
#include "common/fingerprint.h"
#include "common/page.h"
#include "common/url_query.h"
#include "common/url_resolve.h"
#include "worker/html/html_scan.h"
#include "worker/links/css.h"
#include "worker/links/link_header.h"
#include "worker/links/links.h"
#include "worker/links/page_lines.h"
#include "worker/links/sitemap.h"
#include "worker/links/sniff.h"

#define ROBOTS_NAME "shoal"            /* that we answer to in X-Robots-Tag */
#define WRITER_BYTES_KEPT (256u << 10) /* a buffer that grew beyond this for one page is given back */

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
    struct url_resolver *resolver;     /* for what the header, a sitemap or a style sheet names */
    struct sitemap *sitemap;           /* while one arrives */
    struct css *css;                   /* since the first sheet */
    uint32_t found, dropped, unusable; /* in that list or sheet */
    struct url_query *query;           /* NULL: nothing is left out */
    struct links_sink sink;
    const char *url; /* of the page that arrives */
    XXH3_state_t *hash;
    bool in_style; /* of a style element: css has its beginning */
    uint64_t style_at;
    struct page facts;
    char trimmed[URL_BYTES_MAX + 1];
    char canonical[URL_BYTES_MAX + 1];
};

/* ---- the block ---- */

/* As the run wants it: see common/url_query.h. */
static struct url_text without_query(const struct body_links *work, struct url_text url, char room[URL_BYTES_MAX + 1])
{
    if (!work->query || !url.bytes)
        return url;
    return (struct url_text){room, url_query_apply(work->query, url.at, url.bytes, room)};
}

static void add_link(struct body_links *work, struct page_link *link)
{
    link->url = without_query(work, link->url, work->trimmed);
    link->fingerprint = fingerprint_of(link->url.at, link->url.bytes, work->config->page.seed);
    page_writer_add(&work->writer, link); /* counts those for which there is no room */
}

static void on_link(void *context, const struct link *from)
{
    struct page_link link = {.at = from->at,
                             .raw_bytes = from->raw_bytes,
                             .quoting = from->quoting,
                             .kind = from->kind,
                             .rel = from->rel,
                             .url = from->url,
                             .text = from->text};
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

/* ---- lists and sheets ---- */

/* A reference in something other than HTML. False: it is no URL that is fetched. */
static bool add_reference(struct body_links *work, struct page_link *link, const char *at, size_t bytes)
{
    if (url_resolve(work->resolver, at, bytes, &link->url) != URL_RESOLVED)
        return false;
    add_link(work, link);
    return true;
}

static void on_listed(void *context, enum link_kind kind, struct url_text loc)
{
    struct body_links *work = context;
    struct page_link link = {.at = UINT64_MAX, .kind = kind};
    if (add_reference(work, &link, loc.at, loc.bytes))
        work->found++;
    else
        work->unusable++;
}

static void on_css(void *context, const struct css_value *value)
{
    struct body_links *work = context;
    /* In a style element too, where a quote is none of an attribute: what replaces it must be escaped as styles do. */
    struct page_link link = {.at = UINT64_MAX, .kind = LINK_ASSET, .quoting = QUOTING_CSS};
    if (work->config->page.positions && value->raw_bytes <= UINT32_MAX && work->style_at != UINT64_MAX) {
        link.at = work->style_at + value->at;
        link.raw_bytes = (uint32_t)value->raw_bytes;
    }
    if (work->found == LINKS_PER_PAGE_MAX)
        work->dropped++;
    else if (add_reference(work, &link, value->text.at, value->text.bytes))
        work->found++;
    else
        work->unusable++;
}

static bool begin_sitemap(struct body_links *work)
{
    work->sitemap = sitemap_open(on_listed, work);
    if (work->sitemap)
        sitemap_begin(work->sitemap, &work->config->limits);
    return work->sitemap != NULL;
}

static bool begin_css(struct body_links *work)
{
    if (!work->css)
        work->css = css_open(on_css, work);
    if (work->css)
        css_begin(work->css);
    work->style_at = 0;
    return work->css != NULL;
}

/* What stands in a style element: a sheet within the page. */
static void on_style(void *context, const char *piece, size_t bytes, uint64_t at, bool is_end)
{
    struct body_links *work = context;
    const struct page_facts *facts = links_facts(work->links);
    const char *base = facts->base[0] ? facts->base : work->url;
    if (!work->in_style) {
        if (!begin_css(work) || url_resolver_set_base(work->resolver, base, strlen(base)) != FETCH_OK)
            return;
        work->in_style = true;
        work->style_at = at;
    }
    css_feed(work->css, piece, bytes);
    if (is_end) {
        css_end(work->css);
        work->in_style = false;
    }
}

static bool is_css(const char *type)
{
    return type && strncasecmp(type, "text/css", 8) == 0 && (!type[8] || type[8] == ';' || html_is_space(type[8]));
}

/* A body that is no HTML but has links, if it is one. */
static enum body_is begin_other(struct body_links *work, const char *url, const char *type)
{
    bool is_sitemap = (work->flags & JOB_SITEMAP) != 0;
    if ((!is_sitemap && !is_css(type)) || !url || url_resolver_set_base(work->resolver, url, strlen(url)) != FETCH_OK)
        return BODY_OTHER;
    work->found = work->dropped = work->unusable = 0;
    page_writer_begin(&work->writer,
                      (is_sitemap ? SITEMAP_BLOCK_BYTES_MAX : PAGE_BLOCK_BYTES_MAX) - PAGE_HEAD_BYTES_MAX);
    if (is_sitemap)
        return begin_sitemap(work) ? BODY_SITEMAP : BODY_OTHER;
    return begin_css(work) ? BODY_CSS : BODY_OTHER;
}

static void end_other(struct body_links *work, enum body_is body)
{
    XXH128_hash_t hash = XXH3_128bits_digest(work->hash);
    work->facts = (struct page){.hash_low = hash.low64, .hash_high = hash.high64};
    work->has_page = true;
    if (body == BODY_CSS) {
        /* Not css_end(): what the end cuts off is more often a body that was cut than a sheet that was written so. */
        work->facts.flags = PAGE_IS_CSS | (work->config->page.positions ? PAGE_HAS_POSITIONS : 0u);
        work->unusable += css_too_long(work->css);
    } else {
        struct sitemap_result result = sitemap_end(work->sitemap);
        work->facts.flags = PAGE_IS_SITEMAP | (result.verdict == SITEMAP_OK ? 0u : PAGE_IS_BROKEN);
        work->dropped = result.dropped;
        work->unusable += result.unusable;
    }
    work->facts.dropped = work->dropped;
    work->facts.unusable = work->unusable;
}

/* ---- header lines ---- */

static void take_header_link(struct body_links *work, struct page_link *link, struct html_span target)
{
    if (!add_reference(work, link, target.at, target.bytes)) {
        work->facts.unusable++;
    } else if (link->kind == LINK_CANONICAL && !work->facts.canonical.bytes) {
        memmove(work->canonical, link->url.at, link->url.bytes + 1);
        work->facts.canonical = (struct url_text){work->canonical, link->url.bytes};
    }
}

static void take_header_line(struct body_links *work, enum page_line kind, struct html_span value)
{
    struct header_link from;
    struct html_span url;
    switch (kind) {
    case PAGE_LINE_LINK:
        while (link_header_next(&value, &from)) {
            struct page_link link = {.at = UINT64_MAX, .kind = from.kind, .rel = from.rel};
            take_header_link(work, &link, from.target);
        }
        break;
    case PAGE_LINE_REFRESH:
        if (link_refresh_url(value, &url)) {
            struct page_link link = {.at = UINT64_MAX, .kind = LINK_REFRESH};
            take_header_link(work, &link, url);
        }
        break;
    default:
        work->facts.robots |= link_header_robots(value, ROBOTS_NAME);
        break;
    }
}

/* What the header says of the page. Its references are relative to the page's URL, whatever its base element says (RFC 8288, 3.1). */
static void page_take_header_lines(struct body_links *work, const char *base)
{
    enum page_line kind;
    struct url_text value;
    size_t at = 0;
    if (!base || !work->lines.used || url_resolver_set_base(work->resolver, base, strlen(base)) != FETCH_OK)
        return;
    while (page_lines_next(&work->lines, &at, &kind, &value))
        take_header_line(work, kind, (struct html_span){value.at, value.bytes});
}

/* ---- pages ---- */

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
        .flags = PAGE_IS_HTML | (work->config->page.positions && facts->has_positions ? PAGE_HAS_POSITIONS : 0u),
        .title = {facts->title, strlen(facts->title)},
        .lang = {facts->lang, strlen(facts->lang)},
        .canonical = without_query(work, canonical, work->canonical),
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
    struct body_links *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->config = config;
    work->sink = (struct links_sink){
        .link = on_link, .wants_text = config->page.texts, .wants_base = config->page.positions, .style = on_style};
    work->links = links_open(config->pages ? &work->sink : &COUNTED, work);
    bool is_open = work->links != NULL;
    if (config->pages) {
        work->resolver = url_resolver_open();
        work->hash = XXH3_createState();
        is_open = is_open && work->resolver && work->hash;
        if (config->page.ignore_query || config->page.strip_count) {
            work->query = url_query_open(config->page.ignore_query, config->page.strip, config->page.strip_count);
            is_open = is_open && work->query;
        }
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
    sitemap_close(work->sitemap);
    css_close(work->css);
    url_resolver_close(work->resolver);
    url_query_close(work->query);
    XXH3_freeState(work->hash);
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

/* HTML, by what is said of it: the first bytes may still say otherwise. */
static enum body_is begin_page(struct body_links *work, const char *url, const char *type)
{
    if (sniff_begin(&work->sniff, type) == SNIFF_OTHER || !url ||
        links_begin(work->links, url, strlen(url), type ? type : "") != STATUS_OK)
        return BODY_OTHER;
    work->url = url;
    work->in_style = false;
    work->found = work->dropped = work->unusable = 0;
    if (work->config->pages)
        page_writer_begin(&work->writer, PAGE_BLOCK_BYTES_MAX - PAGE_HEAD_BYTES_MAX);
    return BODY_PAGE;
}

static void begin_body(struct body_links *work, CURL *easy)
{
    char *type = NULL;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    work->body = BODY_OTHER;
    if (is_redirect(work, easy))
        return;
    if (!(work->flags & JOB_SITEMAP) || !work->config->pages)
        work->body = begin_page(work, url_of(easy), type);
    if (work->body == BODY_OTHER && work->config->pages)
        work->body = begin_other(work, url_of(easy), type);
    if (work->config->pages && work->body != BODY_OTHER)
        XXH3_128bits_reset_withSeed(work->hash, work->config->page.seed);
}

void body_links_take(struct body_links *work, CURL *easy, const char *bytes, size_t count)
{
    if (work->body == BODY_UNKNOWN)
        begin_body(work, easy);
    if (work->body == BODY_OTHER)
        return;
    if (work->body == BODY_PAGE && work->sniff.verdict == SNIFF_OPEN &&
        sniff_take(&work->sniff, bytes, count) == SNIFF_OTHER) {
        work->body = BODY_OTHER; /* and what was found before is forgotten */
        return;
    }
    if (work->body == BODY_PAGE)
        links_feed(work->links, bytes, count);
    else if (work->body == BODY_SITEMAP)
        sitemap_feed(work->sitemap, bytes, count);
    else
        css_feed(work->css, bytes, count);
    if (work->config->pages)
        XXH3_128bits_update(work->hash, bytes, count);
    FAULT_POINT("links.after_feed");
}

uint32_t body_links_end(struct body_links *work, CURL *easy)
{
    enum body_is body = work->body;
    uint32_t found = 0;
    work->body = BODY_OTHER;
    if (body == BODY_PAGE && sniff_end(&work->sniff) != SNIFF_PAGE)
        body = BODY_OTHER;
    if (work->config->pages && is_redirect(work, easy)) {
        take_redirect(work, url_of(easy));
        return 0;
    }
    if (body == BODY_PAGE) {
        links_end(work->links);
        found = links_counts(work->links).found;
        if (work->config->pages)
            take_facts(work);
    } else if (body == BODY_SITEMAP || body == BODY_CSS) {
        end_other(work, body);
        found = work->found;
    }
    if (work->has_page)
        page_take_header_lines(work, url_of(easy));
    sitemap_close(work->sitemap);
    work->sitemap = NULL;
    return found;
}
