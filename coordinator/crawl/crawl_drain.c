/* crawl_drain.c: what waits and will never be asked for, each URL reported with its reason. */
#include "coordinator/crawl/crawl_drain.h"

#include "coordinator/crawl/crawl_errands.h"
#include "coordinator/crawl/crawl_report.h"
#include "coordinator/crawl/crawl_request.h"
#include "coordinator/fetch/report.h"

/* Errands that wait at a site which is no longer asked have failed. */
static void fail_errands(struct crawler *crawler, struct site *site)
{
    struct crawl_request *request;
    while ((request = request_take_errand(crawler, site)) != NULL) {
        if (crawler->is_full && !crawler->stopping) { /* no page waits for its answer any more */
            request_free(crawler, request);
            continue;
        }
        enum fetch_error error = site->dead != FETCH_OK ? site->dead : FETCH_CONNECT;
        const char *why = site->dead_why != NULL ? site->dead_why : "the host does not answer";
        if (crawler->stopping) {
            error = FETCH_CANCELLED;
            why = crawler->stop_detail;
        }
        struct fetch_result result = report_local_result(error, why, request->text);
        if (request->for_site != site || request->errand == ERRAND_ROBOTS)
            request_end(crawler, request, &result);
        else
            request_free(crawler, request);
    }
}

/* Why the URLs of a site that is not asked are not fetched; what is no skip is a failure. */
static void tell_unasked(struct crawler *crawler, struct site *site, const struct frontier_url *url)
{
    bool is_seed = url->flags & URL_IS_SEED;
    if (crawler->stopping)
        crawl_tell_skipped(crawler, url, REASON_STOPPED, crawler->stop_detail, is_seed ? FETCH_CANCELLED : FETCH_OK);
    else if (site->dead != FETCH_OK)
        crawl_tell_unreachable(crawler, url, site->dead, site->dead_why != NULL ? site->dead_why : "");
    else if (site->given_up == REASON_HOST_HELD)
        crawl_tell_skipped(crawler, url, REASON_HOST_HELD, "the host asks for more time than is granted",
                           is_seed ? FETCH_CANCELLED : FETCH_OK);
    else if (site->given_up == REASON_HOST_FAILED)
        crawl_tell_skipped(crawler, url, REASON_HOST_FAILED, "the host does not answer any more",
                           is_seed ? FETCH_CONNECT : FETCH_OK);
    else if (crawler->is_full && url->tries > 0)
        crawl_tell_unreachable(crawler, url, FETCH_CANCELLED, "--max-pages was reached before it was tried again");
    else if (site->given_up != REASON_NONE)
        crawl_tell_skipped(crawler, url, site->given_up, "--max-per-host", FETCH_OK);
    else if (site->gate == GATE_CLOSED && !site_allows(site, url->url, false, crawler->rule, sizeof crawler->rule))
        crawl_tell_skipped(crawler, url, REASON_ROBOTS, crawler->rule, is_seed ? FETCH_BLOCKED_ROBOTS : FETCH_OK);
    else
        crawl_tell_skipped(crawler, url, REASON_MAX_PAGES, "--max-pages", FETCH_OK);
}

/* Up to *left URLs of the site; true: it has no more. */
static bool drain_site(struct crawler *crawler, struct site *site, uint32_t *left)
{
    struct frontier_url url;
    fail_errands(crawler, site);
    for (; *left > 0; --*left) {
        enum status status = frontier_pop(crawler->frontier, site->number, &url);
        if (status != STATUS_OK) {
            if (status != STATUS_END)
                crawler_break(crawler, status);
            return true;
        }
        tell_unasked(crawler, site, &url);
        frontier_done(crawler->frontier);
    }
    return false;
}

bool crawl_drain_some(struct crawler *crawler, uint32_t left)
{
    while (crawler->to_drain != NULL && left > 0) {
        struct site *site = crawler->to_drain;
        crawler->to_drain = site->next_to_drain; /* not afterwards: others may come in front of it meanwhile */
        if (drain_site(crawler, site, &left)) {
            site->is_in_drain = false;
        } else {
            site->next_to_drain = crawler->to_drain;
            crawler->to_drain = site;
        }
    }
    bool all = crawler->stopping || (crawler->is_full && crawler->in_flight.count == 0 && crawler->backing_off == 0);
    while (all && crawler->to_drain == NULL && left > 0) {
        uint32_t number = crawler->drained_site;
        struct site *site = sites_at(crawler->sites, number);
        if (site == NULL)
            return false;
        if (drain_site(crawler, site, &left) && crawler->drained_site == number)
            crawler->drained_site++;
    }
    return left == 0 || crawler->to_drain != NULL;
}
