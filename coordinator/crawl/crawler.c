/* crawler.c: follows the links of whole sites. */
#include "coordinator/crawl/crawler.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/fingerprint.h"
#include "coordinator/crawl/crawl_drain.h"
#include "coordinator/crawl/crawl_errands.h"
#include "coordinator/crawl/crawl_links.h"
#include "coordinator/crawl/crawl_request.h"
#include "coordinator/crawl/crawl_site.h"
#include "coordinator/fetch/report.h"
#include "coordinator/politeness/hosts.h"

/* In one feed at most, so that results and signals are seen to in between. */
#define SEEDS_A_FEED 1024u
#define TOLD_A_FEED 2048u
#define SEEDS_WAITING_MAX 1000000u /* of seeds no more are read while so many URLs wait */

static struct crawler *crawler_of(struct work *work)
{
    return (struct crawler *)(void *)work;
}

static const struct crawler *crawler_of_const(const struct work *work)
{
    return (const struct crawler *)(const void *)work;
}

/* ---- set-up ---- */

static enum status want_stories(struct crawler *crawler)
{
    const struct crawl_options *options = crawler->config.options;
    for (size_t i = 0; i < options->explain_count; i++) {
        const char *text = options->explain[i];
        struct url_parts parts;
        struct url_text url;
        if (url_parse(crawler->parser, text, strlen(text), &parts) != FETCH_OK ||
            url_resolver_set_base(crawler->resolver, parts.fetch.at, parts.fetch.bytes) != FETCH_OK ||
            url_resolve(crawler->resolver, parts.fetch.at, parts.fetch.bytes, &url) != URL_RESOLVED)
            continue;
        memcpy(crawler->url, url.at, url.bytes);
        crawler->url[url.bytes] = '\0';
        size_t bytes = crawl_clean_url(crawler, crawler->url, url.bytes);
        if (!stories_want(crawler->stories, crawler->url, bytes,
                          fingerprint_of(crawler->url, bytes, crawler->config.seed)))
            return STATUS_OUT_OF_MEMORY;
    }
    return STATUS_OK;
}

static enum status open_parts(struct crawler *crawler, char *why, size_t why_bytes)
{
    const struct crawl_options *options = crawler->config.options;
    const struct politeness_config polite = {
        .per_host = options->fetch.per_host,
        .delay_ns = options->delay_ms * NS_PER_MS,
        .crawl_delay_max_ns = options->crawl_delay_max_ms * NS_PER_MS,
        .hold_max_ns = HOSTS_HOLD_MAX_S * NS_PER_S,
        .failures_max = options->host_failures_max,
        .rate_per_s = options->rate_per_s,
        .random = crawler->config.seed,
    };
    snprintf(why, why_bytes, "no memory");
    enum status status = scope_open(&crawler->scope, &options->scope, why, why_bytes);
    if (status == STATUS_OK)
        status = frontier_open(&crawler->frontier, options->frontier_bytes, NULL);
    crawler->parser = url_parser_open();
    crawler->resolver = url_resolver_open();
    crawler->query = url_query_open(options->ignore_query, options->strip, options->strip_count);
    crawler->traps = traps_open(&options->traps);
    crawler->politeness = politeness_open(&polite);
    crawler->sites = sites_open();
    crawler->named = url_set_open();
    crawler->deferred_seen = url_set_open();
    crawler->texts = url_log_open();
    crawler->deferred = url_log_open();
    crawler->duplicates = duplicates_open();
    crawler->stories = stories_open();
    if (status != STATUS_OK)
        return status;
    bool all = crawler->parser != NULL && crawler->resolver != NULL && crawler->query != NULL &&
               crawler->traps != NULL && crawler->politeness != NULL && crawler->sites != NULL &&
               crawler->named != NULL && crawler->deferred_seen != NULL && crawler->texts != NULL &&
               crawler->deferred != NULL && crawler->duplicates != NULL && crawler->stories != NULL &&
               retries_open(&crawler->retries, 64);
    return all ? want_stories(crawler) : STATUS_OUT_OF_MEMORY;
}

/* Hosts of --resolve are the user's own words too. */
static void name_resolved_hosts(struct crawler *crawler)
{
    const struct executor_options *options = &crawler->config.options->fetch.executor;
    for (size_t i = 0; i < options->resolve_count; i++) {
        const char *entry = options->resolve[i] + (options->resolve[i][0] == '+');
        size_t bytes = strcspn(entry, ":");
        char host[URL_HOST_BYTES_MAX + 1];
        if (bytes > URL_HOST_BYTES_MAX)
            continue;
        for (size_t at = 0; at < bytes; at++)
            host[at] = (char)(entry[at] >= 'A' && entry[at] <= 'Z' ? entry[at] | 0x20 : entry[at]);
        const struct url_parts parts = {.host = {host, bytes}};
        crawl_name_host(crawler, &parts);
    }
}

static void work_close(struct work *work)
{
    struct crawler *crawler = crawler_of(work);
    struct crawl_request *request;
    while ((request = request_abandon(crawler)) != NULL)
        free(request);
    while ((request = request_take_backing_off(crawler)) != NULL)
        free(request);
    for (uint32_t i = 0; crawler->sites != NULL && i < sites_count(crawler->sites); i++) {
        while ((request = request_take_errand(crawler, sites_at(crawler->sites, i))) != NULL)
            free(request);
    }
    while ((request = crawler->free) != NULL) {
        crawler->free = request->next;
        free(request);
    }
    retries_close(&crawler->retries);
    stories_close(crawler->stories);
    duplicates_close(crawler->duplicates);
    url_log_close(crawler->deferred);
    url_log_close(crawler->texts);
    url_set_close(crawler->deferred_seen);
    url_set_close(crawler->named);
    politeness_close(crawler->politeness);
    sites_close(crawler->sites);
    traps_close(crawler->traps);
    frontier_close(crawler->frontier);
    scope_close(crawler->scope);
    url_query_close(crawler->query);
    url_resolver_close(crawler->resolver);
    url_parser_close(crawler->parser);
    free(crawler);
}

/* ---- turns ---- */

/* Starts what may. */
static void start_due(struct crawler *crawler)
{
    const struct crawl_options *options = crawler->config.options;
    while (!crawler->stopping && !crawler->is_full && !crawler->executor_full &&
           crawler->in_flight.count < crawler->window) {
        int64_t now_ns =
            clock_now_ns(); /* each time: the ledger's own is no earlier, and a turn is given back by its time */
        struct polite_host *host = politeness_take(crawler->politeness, now_ns);
        if (host == NULL)
            break;
        struct site *site = (struct site *)(void *)host;
        struct crawl_request *request = request_next(crawler, site);
        if (request == NULL) {
            request_give_turn_back(crawler, site, now_ns);
            crawler_update(crawler, site);
            continue;
        }
        bool is_page = request->errand == ERRAND_PAGE;
        if (request_start(crawler, request, now_ns) && is_page && ++crawler->pages_started == options->pages_max)
            crawler->is_full = true;
        crawler_update(crawler, site);
    }
}

/* ---- the input ---- */

/* True: there is more to be read at once. */
static bool read_seeds(struct crawler *crawler)
{
    struct frontier_counts counts;
    frontier_count(crawler->frontier, &counts);
    crawler->waits_for_input = false;
    if (counts.waiting >= SEEDS_WAITING_MAX)
        return false;
    for (uint32_t i = 0; i < SEEDS_A_FEED && !crawler->input_ended && !crawler->stopping; i++) {
        struct input_line line;
        enum status status = input_next(crawler->config.input, &line);
        if (status == STATUS_WOULD_BLOCK) {
            crawler->waits_for_input = true;
            return false;
        }
        if (status != STATUS_OK) {
            crawler->input_failed = status != STATUS_END;
            crawler->input_ended = true;
            return false;
        }
        crawl_seed(crawler, &line);
    }
    return !crawler->input_ended;
}

/* ---- the turn ---- */

/* A future that is cancelled may run its callback at once, which takes it out of the list, and no other. */
static void cancel(struct crawler *crawler, bool running_too)
{
    for (struct crawl_request *request = crawler->in_flight.first, *next; request != NULL; request = next) {
        next = request->next;
        if (running_too || !future_running(request->future))
            future_cancel(request->future);
    }
}

static enum status feed_stopped(struct crawler *crawler)
{
    struct crawl_request *request;
    if (!crawler->stop_begun) {
        crawler->stop_begun = true;
        crawler->drained_site = 0;
        cancel(crawler, false);
        while ((request = request_take_backing_off(crawler)) != NULL) {
            struct fetch_result result = report_local_result(FETCH_CANCELLED, crawler->stop_detail, request->text);
            request_end(crawler, request, &result);
        }
    }
    if (crawler->tells_rest && crawl_drain_some(crawler, TOLD_A_FEED))
        return STATUS_OK;
    if (crawler->in_flight.count > 0)
        return STATUS_WOULD_BLOCK;
    return crawler->tells_rest && crawl_tell_deferred(crawler, TOLD_A_FEED) ? STATUS_OK : STATUS_END;
}

static bool is_at_rest(const struct crawler *crawler)
{
    struct frontier_counts counts;
    if (!crawler->input_ended || crawler->in_flight.count > 0 || crawler->backing_off > 0 || crawler->owed > 0)
        return false;
    frontier_count(crawler->frontier, &counts);
    return counts.waiting == 0;
}

static enum status work_feed(struct work *work)
{
    struct crawler *crawler = crawler_of(work);
    crawler->executor_full = false;
    if (crawler->stopping)
        return feed_stopped(crawler);
    int64_t now_ns = clock_now_ns();
    request_end_waits(crawler, now_ns);
    bool more = read_seeds(crawler);
    start_due(crawler);
    if (crawler->stopping)
        return STATUS_OK;
    more = crawl_drain_some(crawler, TOLD_A_FEED) || more;
    if (more)
        return STATUS_OK;
    if (!is_at_rest(crawler))
        return STATUS_WOULD_BLOCK;
    if (crawl_tell_deferred(crawler, TOLD_A_FEED))
        return STATUS_OK;
    if (url_log_why(crawler->texts)[0] != '\0')
        crawler_say(crawler, "referrers are not told since then: %s", url_log_why(crawler->texts));
    return STATUS_END;
}

static int64_t work_next_ns(const struct work *work)
{
    const struct crawler *crawler = crawler_of_const(work);
    if (crawler->stopping)
        return DEADLINE_NEVER;
    int64_t due_ns = retries_next_ns(&crawler->retries);
    bool has_room = crawler->in_flight.count < crawler->window && !crawler->executor_full && !crawler->is_full;
    int64_t turn_ns = has_room ? politeness_next_ns(crawler->politeness) : DEADLINE_NEVER;
    return due_ns < turn_ns ? due_ns : turn_ns;
}

/* ---- stopping ---- */

static void work_stop(struct work *work, const char *detail, bool read_rest)
{
    crawler_stop(crawler_of(work), detail, read_rest);
}

static void work_cancel_in_flight(struct work *work)
{
    cancel(crawler_of(work), true);
}

static void work_abandon(struct work *work)
{
    struct crawler *crawler = crawler_of(work);
    struct crawl_request *request;
    while ((request = request_abandon(crawler)) != NULL) {
        struct fetch_result result = report_local_result(FETCH_CANCELLED, crawler->stop_detail, request->text);
        request_end(crawler, request, &result);
    }
}

/* ---- what it says of itself ---- */

static bool work_waits_for_input(const struct work *work)
{
    const struct crawler *crawler = crawler_of_const(work);
    return crawler->waits_for_input && !crawler->stopping;
}

static bool work_is_broken(const struct work *work)
{
    return crawler_of_const(work)->broken;
}

static bool work_input_failed(const struct work *work)
{
    return crawler_of_const(work)->input_failed;
}

static void work_count(const struct work *work, struct work_counts *counts)
{
    const struct crawler *crawler = crawler_of_const(work);
    struct frontier_counts frontier;
    struct politeness_counts polite;
    frontier_count(crawler->frontier, &frontier);
    politeness_count(crawler->politeness, &polite, clock_now_ns());
    *counts = (struct work_counts){
        .is_crawl = true,
        .unfinished = frontier.waiting + crawler->backing_off + crawler->in_flight.count,
        .hosts = sites_count(crawler->sites),
        .held_hosts = polite.held,
    };
}

static const char *errand_text(const struct crawl_request *request)
{
    return request->errand == ERRAND_LOOK_UP ? "the address of " : "";
}

static size_t work_describe_wait(const struct work *work, char *text, size_t text_bytes, int64_t now_ns)
{
    const struct crawler *crawler = crawler_of_const(work);
    int bytes = 0;
    const struct crawl_request *oldest = crawler->in_flight.first;
    int64_t due_ns;
    if (oldest != NULL && now_ns - oldest->started_ns >= NS_PER_S) {
        bytes = snprintf(text, text_bytes, "%lld s for %s%s", (long long)((now_ns - oldest->started_ns) / NS_PER_S),
                         errand_text(oldest), oldest->text);
    } else if (oldest == NULL) {
        const struct polite_host *host = politeness_first_waiting(crawler->politeness, &due_ns);
        if (host != NULL && due_ns > now_ns)
            bytes = snprintf(text, text_bytes, "host %s held %lld s", ((const struct site *)(const void *)host)->host,
                             (long long)((due_ns - now_ns + NS_PER_S - 1) / NS_PER_S));
    }
    return bytes <= 0 ? 0 : (size_t)bytes < text_bytes ? (size_t)bytes : text_bytes - 1;
}

static const struct work_ops CRAWLER_WORK = {
    .name = "crawl",
    .feed = work_feed,
    .next_ns = work_next_ns,
    .waits_for_input = work_waits_for_input,
    .stop = work_stop,
    .cancel_in_flight = work_cancel_in_flight,
    .abandon = work_abandon,
    .is_broken = work_is_broken,
    .input_failed = work_input_failed,
    .count = work_count,
    .describe_wait = work_describe_wait,
    .close = work_close,
};

enum status crawler_open(struct work **work, struct crawler **out, const struct crawler_config *config, char *why,
                         size_t why_bytes)
{
    *work = NULL;
    *out = NULL;
    struct crawler *crawler = calloc(1, sizeof *crawler);
    if (crawler == NULL) {
        snprintf(why, why_bytes, "no memory");
        return STATUS_OUT_OF_MEMORY;
    }
    const struct crawl_options *options = config->options;
    struct executor_stats stats;
    executor_stats(config->executor, &stats);
    crawler->config = *config;
    crawler->stop_detail = "";
    bool is_polite = options->fetch.per_host > 0 || options->delay_ms > 0;
    crawler->counts_addresses = is_polite && options->fetch.executor.proxy == NULL;
    /* A request that waits within the executor has had its turn, and would come with the next one's. */
    crawler->window = is_polite ? stats.concurrency : 4 * stats.concurrency;
    enum status status = open_parts(crawler, why, why_bytes);
    if (status != STATUS_OK) {
        work_close(&crawler->work);
        return status;
    }
    name_resolved_hosts(crawler);
    crawler->work.ops = &CRAWLER_WORK;
    *work = &crawler->work;
    *out = crawler;
    return STATUS_OK;
}

const char *crawler_why(const struct crawler *crawler)
{
    return crawler->why;
}

__attribute__((format(printf, 2, 3))) static void tell(struct crawler *crawler, const char *format, ...)
{
    char line[URL_BYTES_MAX + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    crawler->config.tell(crawler->config.say_context, line);
}

static void tell_line(void *context, const char *line)
{
    tell(context, "  %s", line);
}

/* Nobody ever saw it: what would have become of it? */
static void tell_unseen(struct crawler *crawler, const char *url, size_t url_bytes)
{
    struct url_parts parts;
    tell(crawler, "  never seen: no page that was fetched links to it");
    if (url_parse(crawler->parser, url, url_bytes, &parts) != FETCH_OK)
        return;
    const struct scope_link link = {.url = &parts, .kind = LINK_PAGE};
    enum crawl_reason reason = scope_judge(crawler->scope, &link);
    if (reason != REASON_NONE) {
        scope_explain(crawler->scope, &link, reason, crawler->rule, sizeof crawler->rule);
        tell(crawler, "  it would be skipped: %s: %s", reason_name(reason), crawler->rule);
        return;
    }
    bool is_new;
    const struct site *site = sites_of(crawler->sites, &parts, &is_new);
    if (site != NULL && !is_new && !site_allows(site, url, false, crawler->rule, sizeof crawler->rule))
        tell(crawler, "  it would be skipped: robots: %s", crawler->rule);
}

static void begin_story(void *context, const char *url, size_t url_bytes, bool is_empty)
{
    tell(context, "Explained: %s", url);
    if (is_empty)
        tell_unseen(context, url, url_bytes);
}

void crawler_tell_stories(struct crawler *crawler)
{
    stories_tell(crawler->stories, begin_story, tell_line, crawler);
}
