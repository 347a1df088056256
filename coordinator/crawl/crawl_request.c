/* crawl_request.c: requests on their way: chosen, handed to the executor, ended.
 *
 * The executor may run our callback, request_done(), inside any of its functions that we call. So before each such call a request
 * stands in no list, or in that of those in flight, and nothing is read from it afterwards. */
#include "coordinator/crawl/crawl_request.h"

#include "common/check.h"
#include "common/clock.h"
#include "common/macros.h"
#include "coordinator/crawl/crawl_answers.h"
#include "coordinator/crawl/crawl_errands.h"
#include "coordinator/crawl/crawl_page.h"
#include "coordinator/crawl/crawl_report.h"
#include "coordinator/crawl/crawl_site.h"

#define BACKING_OFF_MAX 1024u /* more go back to the frontier at once */
#define SKIPS_A_TURN 512u
#define SITEMAP_BYTES_MAX (50u << 20) /* sitemaps.org */

/* ---- lists ---- */

static void list_add(struct request_list *list, struct crawl_request *request)
{
    request->next = NULL;
    request->previous = list->last;
    if (list->last != NULL)
        list->last->next = request;
    else
        list->first = request;
    list->last = request;
    list->count++;
}

static void list_remove(struct request_list *list, struct crawl_request *request)
{
    if (request->previous != NULL)
        request->previous->next = request->next;
    else
        list->first = request->next;
    if (request->next != NULL)
        request->next->previous = request->previous;
    else
        list->last = request->previous;
    request->next = request->previous = NULL;
    list->count--;
}

/* ---- what comes next ---- */

/* A page of the site that may be asked for; NULL: none waits, or so many were skipped that others come first. */
static struct crawl_request *next_page(struct crawler *crawler, struct site *site)
{
    const struct crawl_options *options = crawler->config.options;
    for (uint32_t skipped = 0; skipped < SKIPS_A_TURN; skipped++) {
        if (options->per_host_max > 0 && site->pages >= options->per_host_max) {
            site->given_up = REASON_MAX_PER_HOST;
            crawler_drain(crawler, site);
            return NULL;
        }
        struct frontier_url url;
        enum status status = frontier_pop(crawler->frontier, site->number, &url);
        if (status != STATUS_OK) {
            if (status != STATUS_END)
                crawler_break(crawler, status);
            return NULL;
        }
        bool is_explained = stories_have(crawler->stories, url.fingerprint);
        if (site_allows(site, url.url, is_explained, crawler->rule, sizeof crawler->rule)) {
            if (is_explained)
                stories_add(crawler->stories, url.fingerprint, "allowed: %s", crawler->rule);
            struct crawl_request *request = request_new(crawler, ERRAND_PAGE, site, url.url, url.url_bytes);
            if (request == NULL) {
                frontier_requeue(crawler->frontier, site->number, &url);
                crawler_break(crawler, STATUS_OUT_OF_MEMORY);
                return NULL;
            }
            request->url = url;
            request->url.url = request->text;
            return request;
        }
        /* What the user asked for is a failure if it is not to be had. */
        enum fetch_error error = url.flags & URL_IS_SEED ? FETCH_BLOCKED_ROBOTS : FETCH_OK;
        crawl_tell_skipped(crawler, &url, REASON_ROBOTS, crawler->rule, error);
        frontier_done(crawler->frontier);
    }
    return NULL;
}

/* The first errand; NULL: none may be done. A sitemap is asked for as a page is: if robots.txt allows it. */
static struct crawl_request *next_errand(struct crawler *crawler, struct site *site)
{
    while (request_errand_may(site)) {
        struct crawl_request *request = request_take_errand(crawler, site);
        if (request->errand != ERRAND_SITEMAP ||
            site_allows(site, request->text, false, crawler->rule, sizeof crawler->rule))
            return request;
        crawler_say(crawler, "sitemap %s: not asked for: %s", request->text, crawler->rule);
        request_free(crawler, request);
    }
    return NULL;
}

struct crawl_request *request_next(struct crawler *crawler, struct site *site)
{
    struct crawl_request *errand = next_errand(crawler, site);
    if (errand != NULL)
        return errand;
    if (site->gate == GATE_RULES && clock_now_ns() >= site->gate_until_ns)
        crawl_ask_robots_again(crawler, site);
    return site->gate == GATE_UNKNOWN ? NULL : next_page(crawler, site);
}

/* ---- handing over ---- */

static void describe(const struct crawl_request *request, struct request *to)
{
    const struct crawl_options *options = request->crawler->config.options;
    to->flags = REQUEST_NO_REDIRECT;
    if (request->site->is_named)
        to->flags |= REQUEST_ALLOW_PRIVATE;
    switch (request->errand) {
    case ERRAND_PAGE:
        if (options->same_type && !(request->url.flags & URL_IS_ASSET))
            to->flags |= REQUEST_PAGE_ONLY;
        break;
    case ERRAND_LOOK_UP:
        to->flags |= REQUEST_RESOLVE;
        break;
    case ERRAND_ROBOTS:
        to->flags |= REQUEST_KEEP_BODY | REQUEST_CUT;
        to->body_bytes_max = ROBOTS_BYTES_MAX;
        break;
    case ERRAND_SITEMAP:
        to->flags |= REQUEST_SITEMAP;
        to->body_bytes_max = SITEMAP_BYTES_MAX;
        break;
    }
}

void request_give_turn_back(struct crawler *crawler, struct site *site, int64_t now_ns)
{
    const struct polite_outcome unsent = {.retry_after_s = -1, .latency_ns = -1, .started_ns = now_ns};
    politeness_end(crawler->politeness, &site->polite, &unsent, now_ns);
}

/* Where a request that did not start, or is to be tried again, waits for its site's turn. */
static void put_back(struct crawler *crawler, struct crawl_request *request)
{
    struct site *site = request->site;
    if (request->errand == ERRAND_SITEMAP) {
        request_owe(request);
    } else if (request->errand != ERRAND_PAGE) {
        request_owe_first(request);
    } else {
        enum status status = frontier_requeue(crawler->frontier, site->number, &request->url);
        request_free(crawler, request);
        if (status != STATUS_OK)
            crawler_break(crawler, status);
    }
    crawler_update(crawler, site);
}

static void request_done(struct future *future, void *context);

/* The executor did not take it. */
static void not_submitted(struct crawler *crawler, struct crawl_request *request, enum status status, int64_t now_ns)
{
    bool memory_may_come = status == STATUS_OUT_OF_MEMORY && crawler->in_flight.count > 0;
    bool is_full = status == STATUS_WOULD_BLOCK || status == STATUS_TIMEOUT || status == STATUS_INTERRUPTED;
    request_give_turn_back(crawler, request->site, now_ns);
    if (request->errand == ERRAND_PAGE)
        request->site->pages--;
    put_back(crawler, request);
    if (is_full || memory_may_come) {
        crawler->executor_full = true;
        return;
    }
    crawler->broken = true;
    const char *why = executor_why_broken(crawler->config.executor);
    crawler_stop(crawler, why[0] != '\0' ? why : status_name(status), true);
}

/* No worker has it, whether it ends, is tried again or was never taken. */
static void end_flight(const struct crawl_request *request)
{
    if (request->errand == ERRAND_LOOK_UP)
        request->site->is_resolving = false;
}

bool request_start(struct crawler *crawler, struct crawl_request *request, int64_t now_ns)
{
    struct request to = {.url = request->text, .user = request};
    struct future *future = NULL;
    struct site *site = request->site;
    describe(request, &to);
    if (request->errand == ERRAND_PAGE)
        site->pages++;
    if (request->errand == ERRAND_LOOK_UP)
        site->is_resolving = true;
    enum status status = executor_submit(crawler->config.executor, &to, 0, &future);
    if (status != STATUS_OK) {
        end_flight(request);
        not_submitted(crawler, request, status, now_ns);
        return false;
    }
    request->future = future;
    request->started_ns = now_ns;
    list_add(&crawler->in_flight, request);
    if (future_add_done_callback(future, request_done, request) != STATUS_OK)
        crawler_break(crawler, STATUS_OUT_OF_MEMORY); /* it runs, and its end is never heard of: the stop abandons it */
    return true;
}

/* ---- the end ---- */

/* What the ledger of hosts learns from it. */
static void settle_turn(struct crawler *crawler, const struct crawl_request *request, const struct fetch_result *result,
                        int64_t now_ns)
{
    struct site *site = request->site;
    bool was_sent = request->errand != ERRAND_LOOK_UP && result->attempts > 0 && result->error != FETCH_CANCELLED &&
                    result->error != FETCH_INVALID_URL && result->error != FETCH_OUT_OF_MEMORY;
    const struct polite_outcome outcome = {
        .was_sent = was_sent,
        .was_answered = result->http_status != 0,
        .http_status = result->http_status,
        .retry_after_s = result->retry_after_s,
        .latency_ns = result->time.first_byte_us >= 0 ? result->time.first_byte_us * NS_PER_US : -1,
        .started_ns = request->started_ns,
    };
    politeness_end(crawler->politeness, &site->polite, &outcome, now_ns);
    if (result->remote_ip[0] != '\0' && crawler->counts_addresses)
        politeness_set_address(crawler->politeness, &site->polite, result->remote_ip);
    if (polite_host_state(&site->polite, now_ns) == POLITE_GIVEN_UP && site->given_up == REASON_NONE) {
        bool failed = polite_host_end(&site->polite) == POLITE_NO_ANSWER;
        site->given_up = failed ? REASON_HOST_FAILED : REASON_HOST_HELD;
        crawler_drain(crawler, site);
    }
}

static bool is_to_be_tried_again(const struct crawler *crawler, const struct crawl_request *request,
                                 const struct fetch_result *result)
{
    bool may = !crawler->stopping && !crawler->is_full &&
               request->url.tries <= crawler->config.options->fetch.retries && request->site->given_up == REASON_NONE &&
               request->site->dead == FETCH_OK;
    /* Of robots.txt every answer that is none of its own is tried again. */
    bool is_wanted = request->errand == ERRAND_ROBOTS && result->error != FETCH_CANCELLED &&
                     result->error != FETCH_BLOCKED_PRIVATE && result->error != FETCH_INVALID_URL &&
                     (result->http_status == 429 || result->http_status >= 500 || result->http_status == 0);
    return may && (is_wanted || fetch_error_is_retryable(result->error, result->http_status));
}

static void try_again(struct crawler *crawler, struct crawl_request *request, int64_t now_ns)
{
    bool has_room = crawler->backing_off < BACKING_OFF_MAX && due_heap_reserve(&crawler->retries.heap, BACKING_OFF_MAX);
    if (!has_room) {
        put_back(crawler, request);
        return;
    }
    crawler->backing_off++;
    retries_add(&crawler->retries, &request->due, request->url.tries, now_ns);
}

void request_end_waits(struct crawler *crawler, int64_t now_ns)
{
    struct due *due;
    while ((due = retries_take(&crawler->retries, now_ns)) != NULL) {
        crawler->backing_off--;
        put_back(crawler, container_of(due, struct crawl_request, due));
    }
}

void request_end(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result)
{
    struct site *site = request->site;
    switch (request->errand) {
    case ERRAND_PAGE:
        crawl_page_came(crawler, request, result);
        frontier_done(crawler->frontier);
        break;
    case ERRAND_LOOK_UP:
        crawl_looked_up(crawler, request, result);
        break;
    case ERRAND_ROBOTS:
        crawl_robots_came(crawler, request, result);
        break;
    case ERRAND_SITEMAP:
        crawl_sitemap_came(crawler, request, result);
        break;
    }
    request_free(crawler, request);
    crawler_update(crawler, site);
}

/* The future's callback. */
static void request_done(struct future *future, void *context)
{
    struct crawl_request *request = context;
    if (request->future != future)
        return; /* abandoned */
    struct crawler *crawler = request->crawler;
    const struct fetch_result *result = NULL;
    future_result(future, 0, &result);
    check(result != NULL);
    list_remove(&crawler->in_flight, request);
    end_flight(request);
    request->future = NULL;
    request->url.tries++;
    request->attempts += result->attempts;
    int64_t now_ns = clock_now_ns();
    settle_turn(crawler, request, result, now_ns);
    if (is_to_be_tried_again(crawler, request, result)) {
        try_again(crawler, request, now_ns);
        crawler_update(crawler, request->site);
    } else {
        request_end(crawler, request, result);
    }
    future_release(future);
}

/* ---- stopping ---- */

struct crawl_request *request_abandon(struct crawler *crawler)
{
    struct crawl_request *request = crawler->in_flight.first;
    if (request == NULL)
        return NULL;
    list_remove(&crawler->in_flight, request);
    end_flight(request);
    future_release(request->future);
    request->future = NULL;
    request->attempts++;
    return request;
}

struct crawl_request *request_take_backing_off(struct crawler *crawler)
{
    struct due *due = retries_take(&crawler->retries, INT64_MAX);
    if (due == NULL)
        return NULL;
    crawler->backing_off--;
    return container_of(due, struct crawl_request, due);
}
