/* scope.c: which URLs belong to the crawl. */
#include "coordinator/crawl/rules/scope.h"

#include <assert.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fingerprint.h"
#include "common/url_plain.h"
#include "coordinator/crawl/rules/expressions.h"
#include "coordinator/text/tell.h"

#define PLACES_FIRST 64u

/* A host; with SCOPE_DOMAIN a registrable domain too; with SCOPE_PREFIX a host with the beginning of a path behind it. */
struct place {
    uint64_t hash;
    char *text; /* NULL: an empty cell */
    size_t host_bytes;
    size_t path_bytes;
};

struct scope {
    struct scope_config config;
    struct expressions *include, *exclude; /* NULL: none are given */
    const psl_ctx_t *psl;
    struct place *places; /* open addressing, at most half full */
    size_t capacity;      /* a power of two */
    size_t count;
    size_t path_bytes_max; /* of a place: how far a path has to be looked at */
    uint64_t seed;
};

/* ---- places ---- */

static uint64_t hash_place(const struct scope *scope, struct url_text host, struct url_text path)
{
    uint64_t hash = fingerprint_of(host.at, host.bytes, scope->seed);
    return path.bytes ? fingerprint_of(path.at, path.bytes, hash) : hash;
}

static bool is_place(const struct place *place, uint64_t hash, struct url_text host, struct url_text path)
{
    return place->hash == hash && place->host_bytes == host.bytes && place->path_bytes == path.bytes &&
           memcmp(place->text, host.at, host.bytes) == 0 &&
           (!path.bytes || memcmp(place->text + host.bytes, path.at, path.bytes) == 0);
}

/* The cell of the place, or the empty one where it belongs. */
static struct place *find_place(const struct scope *scope, uint64_t hash, struct url_text host, struct url_text path)
{
    size_t at = hash & (scope->capacity - 1);
    while (scope->places[at].text && !is_place(&scope->places[at], hash, host, path))
        at = (at + 1) & (scope->capacity - 1);
    return &scope->places[at];
}

static bool has_place(const struct scope *scope, struct url_text host, struct url_text path)
{
    return find_place(scope, hash_place(scope, host, path), host, path)->text != NULL;
}

static bool grow_places(struct scope *scope)
{
    size_t capacity = scope->capacity * 2;
    struct place *places = calloc(capacity, sizeof *places);
    if (!places)
        return false;
    for (size_t i = 0; i < scope->capacity; i++) {
        if (!scope->places[i].text)
            continue;
        size_t at = scope->places[i].hash & (capacity - 1);
        while (places[at].text)
            at = (at + 1) & (capacity - 1);
        places[at] = scope->places[i];
    }
    free(scope->places);
    scope->places = places;
    scope->capacity = capacity;
    return true;
}

static bool add_place(struct scope *scope, struct url_text host, struct url_text path)
{
    if (scope->count * 2 >= scope->capacity && !grow_places(scope))
        return false;
    uint64_t hash = hash_place(scope, host, path);
    struct place *place = find_place(scope, hash, host, path);
    if (place->text)
        return true;
    char *text = malloc(host.bytes + path.bytes + 1);
    if (!text)
        return false;
    memcpy(text, host.at, host.bytes);
    if (path.bytes)
        memcpy(text + host.bytes, path.at, path.bytes);
    *place = (struct place){.hash = hash, .text = text, .host_bytes = host.bytes, .path_bytes = path.bytes};
    scope->count++;
    if (path.bytes > scope->path_bytes_max)
        scope->path_bytes_max = path.bytes;
    return true;
}

/* ---- hosts and domains ---- */

/* "example.org." is "example.org". */
static struct url_text without_last_dot(struct url_text host)
{
    if (host.bytes > 1 && host.at[host.bytes - 1] == '.')
        host.bytes--;
    return host;
}

/* In url_parts an address is in brackets or a dotted quad; a name whose last label begins with a letter is no address. */
static bool is_address(struct url_text host)
{
    const char *dot = memrchr(host.at, '.', host.bytes);
    return host.at[0] == '[' || url_is_digit(dot ? dot[1] : host.at[0]);
}

/* The host's registrable domain, a part of it; the whole host for an address, a public suffix, and what is under none of the list. */
static struct url_text domain_of(const struct scope *scope, struct url_text host)
{
    char name[URL_HOST_BYTES_MAX + 1];
    if (host.bytes > URL_HOST_BYTES_MAX || is_address(host))
        return host;
    memcpy(name, host.at, host.bytes);
    name[host.bytes] = '\0';
    const char *domain = psl_registrable_domain(scope->psl, name);
    const char *suffix = domain ? strchr(domain, '.') : NULL;
    /* The list's last rule, "*", makes a suffix of every unknown name: of those in a private network, too. */
    if (!suffix || !psl_is_public_suffix2(scope->psl, suffix + 1, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE))
        return host;
    size_t before = (size_t)(domain - name);
    return (struct url_text){host.at + before, host.bytes - before};
}

static const struct url_text NO_PATH = {NULL, 0};

/* The path up to and with its last '/'. */
static struct url_text directory_of(struct url_text path)
{
    while (path.bytes > 1 && path.at[path.bytes - 1] != '/')
        path.bytes--;
    return path;
}

static bool is_under_prefix(const struct scope *scope, struct url_text host, struct url_text path)
{
    size_t last = path.bytes < scope->path_bytes_max ? path.bytes : scope->path_bytes_max;
    for (size_t bytes = 1; bytes <= last; bytes++) {
        if (path.at[bytes - 1] == '/' && has_place(scope, host, (struct url_text){path.at, bytes}))
            return true;
    }
    return false;
}

/* The list is asked only for hosts that end as a place does. */
static bool is_in_domain(const struct scope *scope, struct url_text host)
{
    struct url_text rest = host;
    while (!has_place(scope, rest, NO_PATH)) {
        const char *dot = memchr(rest.at, '.', rest.bytes);
        if (!dot)
            return false;
        rest.bytes -= (size_t)(dot + 1 - rest.at);
        rest.at = dot + 1;
    }
    return rest.at == host.at || has_place(scope, domain_of(scope, host), NO_PATH);
}

static bool is_in_scope(const struct scope *scope, const struct url_parts *url)
{
    struct url_text host = without_last_dot(url->host);
    switch (scope->config.kind) {
    case SCOPE_HOST:
        return has_place(scope, host, NO_PATH);
    case SCOPE_DOMAIN:
        return is_in_domain(scope, host);
    case SCOPE_PREFIX:
        return is_under_prefix(scope, host, url->path);
    case SCOPE_ANY:
    case SCOPE_KIND_COUNT:
        break;
    }
    return true;
}

bool scope_add_seed(struct scope *scope, const struct url_parts *url)
{
    struct url_text host = without_last_dot(url->host);
    switch (scope->config.kind) {
    case SCOPE_HOST:
        return add_place(scope, host, NO_PATH);
    case SCOPE_DOMAIN: /* the host too, so that the list is not asked for the most frequent one */
        return add_place(scope, host, NO_PATH) && add_place(scope, domain_of(scope, host), NO_PATH);
    case SCOPE_PREFIX:
        return add_place(scope, host, directory_of(url->path));
    case SCOPE_ANY:
    case SCOPE_KIND_COUNT:
        break;
    }
    return true;
}

/* ---- opening ---- */

static enum status open_expressions(struct scope *scope, char *why, size_t why_bytes)
{
    const struct scope_config *config = &scope->config;
    enum status status = STATUS_OK;
    if (config->include_count)
        status = expressions_open(&scope->include, "--include", config->include, config->include_count, why, why_bytes);
    if (status == STATUS_OK && config->exclude_count)
        status = expressions_open(&scope->exclude, "--exclude", config->exclude, config->exclude_count, why, why_bytes);
    return status;
}

enum status scope_open(struct scope **scope, const struct scope_config *config, char *why, size_t why_bytes)
{
    *scope = NULL;
    struct scope *made = calloc(1, sizeof *made);
    if (!made)
        return STATUS_OUT_OF_MEMORY;
    made->config = *config;
    made->seed = fingerprint_seed();
    made->capacity = PLACES_FIRST;
    made->places = calloc(made->capacity, sizeof *made->places);
    made->psl = psl_builtin();
    enum status status = made->places ? open_expressions(made, why, why_bytes) : STATUS_OUT_OF_MEMORY;
    if (status == STATUS_OK && config->kind == SCOPE_DOMAIN && !made->psl) {
        snprintf(why, why_bytes, "--scope domain: this libpsl has no list of public suffixes");
        status = STATUS_INVALID_ARGUMENT;
    }
    if (status != STATUS_OK) {
        scope_close(made);
        return status;
    }
    *scope = made;
    return STATUS_OK;
}

void scope_close(struct scope *scope)
{
    if (!scope)
        return;
    for (size_t i = 0; scope->places && i < scope->capacity; i++)
        free(scope->places[i].text);
    free(scope->places);
    expressions_close(scope->include);
    expressions_close(scope->exclude);
    free(scope);
}

/* ---- judging ---- */

enum kind_rule { KIND_NEVER, KIND_ALWAYS, KIND_ASSETS, KIND_FORMS };

static const enum kind_rule KIND_RULES[] = {
    [LINK_PAGE] = KIND_ALWAYS,      [LINK_FRAME] = KIND_ALWAYS,     [LINK_FORM] = KIND_FORMS,
    [LINK_REFRESH] = KIND_ALWAYS,   [LINK_REDIRECT] = KIND_ALWAYS,  [LINK_ASSET] = KIND_ASSETS,
    [LINK_CANONICAL] = KIND_ALWAYS, [LINK_ALTERNATE] = KIND_ALWAYS, [LINK_NEXT] = KIND_ALWAYS,
    [LINK_RELATED] = KIND_NEVER,    [LINK_LISTED] = KIND_ALWAYS,    [LINK_SITEMAP] = KIND_NEVER,
    [LINK_BASE] = KIND_NEVER,
};
static_assert(sizeof KIND_RULES / sizeof KIND_RULES[0] == LINK_KIND_COUNT, "every kind has its rule");

static bool kind_is_followed(const struct scope_config *config, enum link_kind kind)
{
    switch ((unsigned)kind < LINK_KIND_COUNT ? KIND_RULES[kind] : KIND_NEVER) {
    case KIND_ALWAYS:
        return true;
    case KIND_ASSETS:
        return config->assets;
    case KIND_FORMS:
        return config->forms;
    case KIND_NEVER:
        break;
    }
    return false;
}

/* A redirect is the answer itself, and a canonical URL the page's own: neither is a link to somewhere else. */
static bool is_nofollow(const struct scope_config *config, const struct scope_link *link)
{
    if (config->ignore_nofollow || link->kind == LINK_REDIRECT || link->kind == LINK_CANONICAL)
        return false;
    return (link->rel & LINK_NOFOLLOW) || (link->page_robots & PAGE_NOFOLLOW);
}

static bool is_too_deep(const struct scope_config *config, const struct scope_link *link)
{
    uint64_t most = config->depth_max;
    if (link->kind == LINK_ASSET)
        most += SCOPE_ASSET_DEPTH;
    return link->depth > most;
}

/* The two steps with expressions; *match is the one that excludes. */
static enum crawl_reason judge_text(const struct scope *scope, const struct scope_link *link,
                                    struct expression_match *match)
{
    const struct url_text *text = &link->url->fetch;
    if (scope->exclude && expressions_search(scope->exclude, text->at, text->bytes, true, match))
        return REASON_EXCLUDED;
    if (scope->include && link->kind != LINK_ASSET &&
        !expressions_search(scope->include, text->at, text->bytes, false, match))
        return REASON_NOT_INCLUDED;
    return REASON_NONE;
}

enum crawl_reason scope_judge(const struct scope *scope, const struct scope_link *link)
{
    struct expression_match match;
    if (is_nofollow(&scope->config, link))
        return REASON_NOFOLLOW;
    if (!kind_is_followed(&scope->config, link->kind))
        return REASON_KIND;
    if (is_too_deep(&scope->config, link))
        return REASON_DEPTH;
    if (link->kind != LINK_ASSET && !is_in_scope(scope, link->url))
        return REASON_SCOPE;
    return judge_text(scope, link, &match);
}

/* ---- telling ---- */

static size_t tell_nofollow(const struct scope_link *link, char *text, size_t text_bytes)
{
    if (link->rel & LINK_NOFOLLOW)
        return tell(text, text_bytes, "the link says rel=nofollow");
    return tell(text, text_bytes, "the page that has the link says nofollow (meta robots or X-Robots-Tag)");
}

static size_t tell_kind(enum link_kind kind, char *text, size_t text_bytes)
{
    const char *name = link_kind_name(kind);
    if (kind == LINK_ASSET)
        return tell(text, text_bytes, "an asset; --assets follows them");
    if (kind == LINK_FORM)
        return tell(text, text_bytes, "the action of a form; --forms follows them");
    return tell(text, text_bytes, "links of kind %s are not followed", name);
}

static size_t tell_scope(const struct scope *scope, const struct url_parts *url, char *text, size_t text_bytes)
{
    struct url_text host = without_last_dot(url->host);
    int host_bytes = (int)host.bytes;
    switch (scope->config.kind) {
    case SCOPE_HOST:
        return tell(text, text_bytes, "host %.*s is not among the seeds' (--scope host)", host_bytes, host.at);
    case SCOPE_DOMAIN: {
        struct url_text domain = domain_of(scope, host);
        return tell(text, text_bytes, "domain %.*s is not among the seeds' (--scope domain)", (int)domain.bytes,
                    domain.at);
    }
    case SCOPE_PREFIX: {
        struct url_text directory = directory_of(url->path);
        return tell(text, text_bytes, "no seed is above %.*s%.*s (--scope prefix)", host_bytes, host.at,
                    (int)directory.bytes, directory.at);
    }
    case SCOPE_ANY:
    case SCOPE_KIND_COUNT:
        break;
    }
    return tell(text, text_bytes, "not in scope");
}

static size_t tell_excluded(const struct scope *scope, const struct scope_link *link, char *text, size_t text_bytes)
{
    struct expression_match match = {.text = ""};
    judge_text(scope, link, &match);
    if (match.took_too_long)
        return tell(text, text_bytes, "--exclude \"%s\" takes too long on it, which counts as a match", match.text);
    return tell(text, text_bytes, "--exclude \"%s\" matches", match.text);
}

size_t scope_explain(const struct scope *scope, const struct scope_link *link, enum crawl_reason reason, char *text,
                     size_t text_bytes)
{
    switch (reason) {
    case REASON_NOFOLLOW:
        return tell_nofollow(link, text, text_bytes);
    case REASON_KIND:
        return tell_kind(link->kind, text, text_bytes);
    case REASON_DEPTH:
        return tell(text, text_bytes, "%u links from a seed (--max-depth %u)", link->depth, scope->config.depth_max);
    case REASON_SCOPE:
        return tell_scope(scope, link->url, text, text_bytes);
    case REASON_EXCLUDED:
        return tell_excluded(scope, link, text, text_bytes);
    case REASON_NOT_INCLUDED:
        return tell(text, text_bytes, "no --include matches");
    default:
        return tell(text, text_bytes, "%s", reason_name(reason));
    }
}
