/* crawl_options.c: the command line of `shoal crawl`: fetch's options, but for those that make no sense in a crawl, and its own. */
#include "coordinator/crawl/crawl_options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/macros.h"
#include "common/url.h"
#include "common/url_query.h"
#include "coordinator/options/option_values.h"

#define PER_HOST_DEFAULT 4
#define DEPTH_DEFAULT 20
#define DELAY_DEFAULT_MS 250
#define CRAWL_DELAY_DEFAULT_MS 60000
#define HOST_FAILURES_DEFAULT 10
#define FRONTIER_BYTES_DEFAULT (256ull << 20)

#define CONFLICT_BYTES 256
#define RATE_PER_S_MAX 1e6
#define FRONTIER_BYTES_MIN (1ull << 20)
#define FRONTIER_BYTES_MAX (1ull << 44)

/* Every reader has the type of option_spec.take. */
#define TAKE(name) static bool name(void *options, const char *value, char *why, size_t why_bytes)
#define CRAWL ((struct crawl_options *)options)

static const char *const SCOPES[] = {"host", "domain", "prefix", "any"};
static const char *const SITEMAPS[] = {"auto", "always", "never"};
static_assert(COUNT(SCOPES) == SCOPE_KIND_COUNT, "every scope has a name");
static_assert(COUNT(SITEMAPS) == SITEMAPS_COUNT, "every choice has a name");

/* An option without a value. */
#define TAKE_FLAG(name, field) \
    TAKE(name) \
    { \
        (void)value; \
        (void)why_bytes; \
        why[0] = '\0'; \
        return CRAWL->field = true; \
    }

/* A whole number; 0 is among them. */
#define TAKE_COUNT(name, field) \
    TAKE(name) \
    { \
        return option_value_count(value, 0, UINT32_MAX, &CRAWL->field, why, why_bytes); \
    }

/* A limit that the crawler counts in 64 bits. */
static bool take_count_64(const char *value, uint64_t *count, char *why, size_t why_bytes)
{
    uint32_t taken;
    if (!option_value_count(value, 0, UINT32_MAX, &taken, why, why_bytes))
        return false;
    *count = taken;
    return true;
}

static bool append(const char *const **array, size_t *count, const char *value, char *why, size_t why_bytes)
{
    const char *taken;
    return option_value_not_empty(value, &taken, why, why_bytes) &&
           option_value_append(array, count, taken, why, why_bytes);
}

/* ---- what belongs to the crawl ---- */

TAKE(take_scope)
{
    size_t index;
    if (!option_value_choice(value, SCOPES, COUNT(SCOPES), &index, why, why_bytes))
        return false;
    CRAWL->scope.kind = (enum scope_kind)index;
    return true;
}

TAKE(take_include)
{
    return append(&CRAWL->scope.include, &CRAWL->scope.include_count, value, why, why_bytes);
}

TAKE(take_exclude)
{
    return append(&CRAWL->scope.exclude, &CRAWL->scope.exclude_count, value, why, why_bytes);
}

TAKE(take_max_pages)
{
    return take_count_64(value, &CRAWL->pages_max, why, why_bytes);
}

TAKE(take_max_per_host)
{
    return take_count_64(value, &CRAWL->per_host_max, why, why_bytes);
}

TAKE_COUNT(take_max_depth, scope.depth_max)
TAKE_FLAG(take_assets, scope.assets)
TAKE_FLAG(take_forms, scope.forms)
TAKE_FLAG(take_same_type, same_type)
TAKE_FLAG(take_ignore_query, ignore_query)
TAKE_FLAG(take_ignore_nofollow, scope.ignore_nofollow)

/* The name of a parameter as it stands in a URL, a '*' at its end or not. */
TAKE(take_strip_param)
{
    size_t plain = strcspn(value, "*&=#? ");
    if (plain == 0 || (value[plain] != '\0' && strcmp(value + plain, "*") != 0)) {
        snprintf(why, why_bytes,
                 "must be the name of a query parameter, or the beginning of some with a * behind it (utm_*), or "
                 "tracking, or session");
        return false;
    }
    size_t count;
    const char *const *names = url_query_set(value, &count);
    bool good = names != NULL || append(&CRAWL->strip, &CRAWL->strip_count, value, why, why_bytes);
    for (size_t i = 0; names != NULL && good && i < count; i++)
        good = append(&CRAWL->strip, &CRAWL->strip_count, names[i], why, why_bytes);
    return good;
}

/* ---- manners ---- */

TAKE_FLAG(take_ignore_robots, ignore_robots)
TAKE_COUNT(take_max_host_failures, host_failures_max)

TAKE(take_allow_private)
{
    (void)value;
    (void)why_bytes;
    why[0] = '\0';
    CRAWL->fetch.executor.block_private = false;
    return true;
}

TAKE(take_sitemaps)
{
    size_t index;
    if (!option_value_choice(value, SITEMAPS, COUNT(SITEMAPS), &index, why, why_bytes))
        return false;
    CRAWL->sitemaps = (enum crawl_sitemaps)index;
    return true;
}

TAKE(take_delay)
{
    return option_value_duration(value, 0, &CRAWL->delay_ms, why, why_bytes);
}

TAKE(take_max_crawl_delay)
{
    return option_value_duration(value, 0, &CRAWL->crawl_delay_max_ms, why, why_bytes);
}

/* "5", "5/s", "0.5/s", "30/m". */
TAKE(take_rate)
{
    size_t digits = strspn(value, "0123456789");
    size_t bytes = digits;
    if (value[bytes] == '.') {
        size_t decimals = strspn(value + bytes + 1, "0123456789");
        bytes = decimals > 0 && digits > 0 ? bytes + 1 + decimals : 0;
    }
    double rate = bytes > 0 ? strtod(value, NULL) : -1;
    bool by_minute = strcmp(value + bytes, "/m") == 0;
    bool by_second = value[bytes] == '\0' || strcmp(value + bytes, "/s") == 0;
    if (rate < 0 || rate > RATE_PER_S_MAX || !(by_minute || by_second)) {
        snprintf(why, why_bytes,
                 "must be a number of requests up to 1000000, such as 10/s, 0.5/s or 30/m; 0: no limit");
        return false;
    }
    CRAWL->rate_per_s = by_minute ? rate / 60 : rate;
    return true;
}

TAKE(take_frontier_memory)
{
    return option_value_size(value, FRONTIER_BYTES_MIN, FRONTIER_BYTES_MAX, &CRAWL->frontier_bytes, why, why_bytes);
}

/* Pages of the world outside may lead anywhere: nobody's name and password go with a crawl. */
TAKE(take_header)
{
    static const char *const CREDENTIALS[] = {"authorization", "cookie", "proxy-authorization"};
    size_t name_bytes = strcspn(value, ":");
    for (size_t i = 0; i < COUNT(CREDENTIALS); i++) {
        if (strlen(CREDENTIALS[i]) == name_bytes && strncasecmp(value, CREDENTIALS[i], name_bytes) == 0) {
            snprintf(why, why_bytes, "a crawl sends no credentials: no Authorization, Cookie, Proxy-Authorization");
            return false;
        }
    }
    return option_table_find(fetch_option_table(), "header")->take(&CRAWL->fetch, value, why, why_bytes);
}

/* ---- traps ---- */

TAKE(take_max_url_length)
{
    return option_value_count(value, 0, URL_BYTES_MAX, &CRAWL->traps.url_bytes_max, why, why_bytes);
}

TAKE_COUNT(take_max_path_depth, traps.path_depth_max)
TAKE_COUNT(take_max_repeats, traps.repeats_max)
TAKE_COUNT(take_max_per_template, traps.per_path_template)
TAKE_COUNT(take_max_per_query, traps.per_query_template)
TAKE_COUNT(take_max_dates, traps.dates_max)

/* ---- what is shown and saved ---- */

TAKE(take_explain)
{
    return append(&CRAWL->explain, &CRAWL->explain_count, value, why, why_bytes);
}

TAKE_FLAG(take_links, links)
TAKE_FLAG(take_convert_links, convert_links)

/* ---- the table ---- */

static const struct option_spec OWN[] = {
    {"scope", 0, "SCOPE",
     "Stay on the seeds' hosts: host (default), on their domains: domain, below their paths: prefix, or any",
     take_scope, OPTIONS_RUN},
    {"include", 0, "REGEX", "Only URLs that the regular expression (PCRE) finds; again: or this one", take_include,
     OPTIONS_RUN},
    {"exclude", 0, "REGEX", "No URL that the regular expression finds; may be given again", take_exclude, OPTIONS_RUN},
    {"max-depth", 0, "N", "Links from a seed at most (default 20); 0: the seeds alone", take_max_depth, OPTIONS_RUN},
    {"max-pages", 0, "N", "Requests for pages at most, failures included; 0 (default): no limit", take_max_pages,
     OPTIONS_RUN},
    {"max-per-host", 0, "N", "The same for each host; 0 (default): no limit", take_max_per_host, OPTIONS_RUN},
    {"assets", 0, NULL, "Also images, styles, scripts, ... of the pages, from any host", take_assets, OPTIONS_RUN},
    {"forms", 0, NULL, "Also the actions of forms that are sent by GET", take_forms, OPTIONS_RUN},
    {"same-type", 0, NULL, "Only pages of HTML: what its header says to be of another type is left", take_same_type,
     OPTIONS_RUN},
    {"ignore-query", 0, NULL, "Take every URL without its query", take_ignore_query, OPTIONS_RUN},
    {"strip-param", 0, "NAME",
     "Take this parameter out of queries; NAME* all that begin so; tracking and session are sets; may be given again",
     take_strip_param, OPTIONS_RUN},
    {"ignore-robots", 0, NULL, "Do not ask for robots.txt: for sites of your own", take_ignore_robots, OPTIONS_RUN},
    {"ignore-nofollow", 0, NULL, "Follow what pages, links or headers ask not to follow", take_ignore_nofollow,
     OPTIONS_RUN},
    {"sitemaps", 0, "WHEN",
     "Read sitemaps: auto (default): those that robots.txt names, always: /sitemap.xml too, never", take_sitemaps,
     OPTIONS_RUN},
    {"delay", 0, "TIME", "Time between two starts at one host, and at one address (default 250ms)", take_delay,
     OPTIONS_RUN},
    {"max-crawl-delay", 0, "TIME", "A host whose robots.txt asks for a longer delay is skipped (default 1m)",
     take_max_crawl_delay, OPTIONS_RUN},
    {"rate", 0, "RATE", "Starts of all hosts together, 10/s or 30/m; 0 (default): no limit", take_rate, OPTIONS_RUN},
    {"max-host-failures", 0, "N", "Give a host up after N failures in a row (default 10); 0: never",
     take_max_host_failures, OPTIONS_RUN},
    {"allow-private", 0, NULL,
     "Let links lead to loopback, private, link-local, ... addresses, as otherwise only seeds may", take_allow_private,
     OPTIONS_RUN},
    {"frontier-memory", 0, "SIZE", "Memory for URLs that wait (default 256M); the rest waits on disk",
     take_frontier_memory, OPTIONS_RUN},
    {"max-url-length", 0, "N", "Longest URL, in bytes; 0 (default): 4096", take_max_url_length, OPTIONS_RUN},
    {"max-path-depth", 0, "N", "Segments of a path at most (default 20); 0: no limit", take_max_path_depth,
     OPTIONS_RUN},
    {"max-repeats", 0, "N", "How often a segment may occur in a path, /a/b/a/b (default 3); 0: no limit",
     take_max_repeats, OPTIONS_RUN},
    {"max-per-template", 0, "N",
     "URLs that differ in numbers of the path alone, /item/1, /item/2 (default 100000); 0: no limit",
     take_max_per_template, OPTIONS_RUN},
    {"max-per-query", 0, "N", "URLs of one path with the same parameter names (default 5000); 0: no limit",
     take_max_per_query, OPTIONS_RUN},
    {"max-dates", 0, "N", "Different dates in URLs of one form, as calendars have (default 4000); 0: no limit",
     take_max_dates, OPTIONS_RUN},
    {"links", 0, NULL, "Print the links of each page too", take_links, OPTIONS_RUN},
    {"explain", 0, "URL", "Tell at the end why this URL was fetched or not; may be given again", take_explain,
     OPTIONS_RUN},
    {"convert-links", 0, NULL,
     "Make what --output-dir saves lead to what is saved, for reading it offline; with --assets, pictures and styles too",
     take_convert_links, OPTIONS_RUN},
};

/* fetch's, before and behind the crawl's own. */
static const char *const BEFORE[] = {"input", "engine", "workers", "concurrency", "per-host", "retries"};
static const char *const BEHIND[] = {
    "format",
    "output",
    "output-dir",
    "digest",
    "progress",
    "quiet",
    "connect-timeout",
    "max-time",
    "stall-time",
    "max-redirs",
    "max-body",
    "memory",
    "header",
    "user-agent",
    "proxy",
    "cacert",
    "insecure",
    "resolve",
    "http1.1",
    "http2",
    "on-worker-death",
    "max-tasks-per-worker",
    "hang-time",
    "sandbox",
    "tally",
    "crash-url",
    "help",
};
static_assert(COUNT(OWN) + COUNT(BEFORE) + COUNT(BEHIND) <= CRAWL_SPECS_MAX, "the table has room for all");

/* What is said of fetch's options where they mean something else here. */
static const char *own_help(const char *name)
{
    static const struct {
        const char *name, *help;
    } HELPS[] = {
        {"input", "Read seeds from FILE, one a line; - is standard input"},
        {"per-host", "Transfers in flight to one host, and to one address (default 4); 0: no limit"},
        {"max-time", "Time for one try (default 2m)"},
        {"max-redirs", "Follow at most N redirects in a row (default 10); 0: none"},
        {"output-dir", "Also mirror the site below DIR, as host/path"},
    };
    for (size_t i = 0; i < COUNT(HELPS); i++) {
        if (strcmp(HELPS[i].name, name) == 0)
            return HELPS[i].help;
    }
    return NULL;
}

static struct option_spec of_fetch(const char *name)
{
    struct option_spec spec = *option_table_find(fetch_option_table(), name);
    if (own_help(name) != NULL)
        spec.help = own_help(name);
    if (strcmp(name, "header") == 0)
        spec.take = take_header;
    return spec;
}

struct option_table crawl_option_table(struct option_spec *specs)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT(BEFORE); i++)
        specs[count++] = of_fetch(BEFORE[i]);
    for (size_t i = 0; i < COUNT(OWN); i++)
        specs[count++] = OWN[i];
    for (size_t i = 0; i < COUNT(BEHIND); i++)
        specs[count++] = of_fetch(BEHIND[i]);
    return (struct option_table){"shoal crawl", specs, count, NULL};
}

/* ---- what the command line says ---- */

static void init(struct crawl_options *options)
{
    *options = (struct crawl_options){
        .scope = {.kind = SCOPE_HOST, .depth_max = DEPTH_DEFAULT},
        .delay_ms = DELAY_DEFAULT_MS,
        .crawl_delay_max_ms = CRAWL_DELAY_DEFAULT_MS,
        .host_failures_max = HOST_FAILURES_DEFAULT,
        .frontier_bytes = FRONTIER_BYTES_DEFAULT,
    };
    fetch_options_init(&options->fetch);
    options->fetch.per_host = PER_HOST_DEFAULT;
    options->fetch.executor.block_private = true;
    traps_config_init(&options->traps);
    options->traps.now_s = (int64_t)time(NULL);
}

/* ---- what fits together ---- */

/* False: the text is no URL, and why says so, naming it. */
static bool expect_url(struct url_parser *parser, const char *what, const char *text, char *why, size_t why_bytes)
{
    struct url_parts parts;
    enum fetch_error error = url_parse(parser, text, strlen(text), &parts);
    if (error == FETCH_OK)
        return true;
    char shown[CONFLICT_BYTES / 2]; /* cut to the first bytes, as all values are */
    size_t bytes = strlen(text);
    char *safe = malloc(bytes + 1);
    size_t safe_bytes = safe == NULL ? 0 : url_without_userinfo(text, bytes, safe);
    bool is_cut = safe_bytes > sizeof shown - 4;
    snprintf(shown, sizeof shown, "%.*s%s", is_cut ? (int)sizeof shown - 4 : (int)safe_bytes, safe == NULL ? "" : safe,
             is_cut ? "..." : "");
    free(safe);
    snprintf(why, why_bytes, "%s \"%s\" is no URL: %s", what, shown, url_why(parser));
    return false;
}

static bool expect_urls(const struct crawl_options *options, char *why, size_t why_bytes)
{
    const struct fetch_options *fetch = &options->fetch;
    struct url_parser *parser = url_parser_open();
    bool good = parser != NULL;
    if (!good)
        snprintf(why, why_bytes, "out of memory");
    for (size_t i = 0; good && i < fetch->url_count; i++)
        good = expect_url(parser, "seed", fetch->urls[i], why, why_bytes);
    for (size_t i = 0; good && i < options->explain_count; i++)
        good = expect_url(parser, "--explain", options->explain[i], why, why_bytes);
    url_parser_close(parser);
    return good;
}

/* False: the options do not fit together, and why says how. */
static bool fits(const struct crawl_options *options, char *why, size_t why_bytes)
{
    const struct fetch_options *fetch = &options->fetch;
    const char *conflict = NULL;
    if (fetch->input_path == NULL && fetch->url_count == 0)
        conflict = "no seed: give a URL to begin with, or a file of them with --input FILE (- is standard input)";
    else
        conflict = fetch_options_conflict(fetch);
    if (conflict == NULL && options->convert_links && fetch->output_dir == NULL)
        conflict = "--convert-links is about what --output-dir saves: give -O DIR too";
    if (conflict != NULL) {
        snprintf(why, why_bytes, "%s", conflict);
        return false;
    }
    return expect_urls(options, why, why_bytes);
}

/* What follows from the options. */
static void settle(struct crawl_options *options)
{
    struct executor_options *executor = &options->fetch.executor;
    fetch_options_settle(&options->fetch);
    executor->keep |= EXECUTOR_PAGES;
    executor->links.texts = options->links;
    executor->links.positions = options->convert_links;
    executor->links.ignore_query = options->ignore_query;
    executor->links.strip = options->strip;
    executor->links.strip_count = options->strip_count;
}

enum options_outcome crawl_options_parse(struct crawl_options *options, int argc, char **argv)
{
    struct option_spec specs[CRAWL_SPECS_MAX];
    struct option_table table = crawl_option_table(specs);
    int operand_index = argc;
    init(options);
    enum options_outcome outcome = option_table_parse(&table, options, argc, argv, &operand_index);
    if (outcome != OPTIONS_RUN)
        return outcome;
    options->fetch.urls = (const char *const *)(argv + operand_index);
    options->fetch.url_count = (size_t)(argc - operand_index);
    char why[CONFLICT_BYTES * 2];
    if (!fits(options, why, sizeof why)) {
        option_table_complain(&table, "%s", why);
        return OPTIONS_WRONG;
    }
    settle(options);
    return OPTIONS_RUN;
}

void crawl_options_free(struct crawl_options *options)
{
    free((void *)options->scope.include);
    free((void *)options->scope.exclude);
    free((void *)options->strip);
    free((void *)options->explain);
    options->scope.include = options->scope.exclude = options->strip = options->explain = NULL;
    options->scope.include_count = options->scope.exclude_count = options->strip_count = options->explain_count = 0;
    fetch_options_free(&options->fetch);
}
