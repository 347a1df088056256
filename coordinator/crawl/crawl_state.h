/* crawl_state.h: the state of a crawl, which its parts share. */
#ifndef SHOAL_CRAWL_STATE_H
#define SHOAL_CRAWL_STATE_H

#include "common/page.h"
#include "common/url.h"
#include "common/url_query.h"
#include "common/url_resolve.h"
#include "coordinator/base/due_heap.h"
#include "coordinator/base/url_log.h"
#include "coordinator/crawl/crawler.h"
#include "coordinator/crawl/duplicates.h"
#include "coordinator/crawl/frontier/frontier.h"
#include "coordinator/crawl/frontier/url_set.h"
#include "coordinator/crawl/site.h"
#include "coordinator/crawl/story.h"
#include "coordinator/politeness/retries.h"

/* What a request is for. */
enum errand { ERRAND_PAGE, ERRAND_LOOK_UP, ERRAND_ROBOTS, ERRAND_SITEMAP };

enum frontier_flag {
    URL_IS_ASSET =
        1, /* scope does not hold for it, nor for where it redirects; of its links only those of a style are followed */
    URL_IS_SEED = 2, /* or where a seed redirects */
};

/* A request that is in flight, backs off, or is an errand that waits. */
struct crawl_request {
    struct crawl_request *next, *previous; /* in flight; a site's errands; those not in use (next) */
    struct crawler *crawler;
    enum errand errand;
    struct site *site;       /* that is asked */
    struct site *for_site;   /* whose name, robots.txt or sitemap it is */
    struct frontier_url url; /* its text is the request's own */
    struct future *future;
    struct due due; /* while it backs off */
    int64_t started_ns;
    uint32_t attempts; /* of workers, all tries together */
    uint8_t level;     /* of a sitemap: 1 when an index named it */
    char text[URL_BYTES_MAX + 1];
};

struct request_list {
    struct crawl_request *first, *last;
    uint32_t count;
};

struct crawler {
    struct work work; /* first */
    struct crawler_config config;
    struct url_parser *parser;
    struct url_resolver *resolver;
    struct url_query *query;
    struct scope *scope;
    struct traps *traps;
    struct frontier *frontier;
    struct politeness *politeness;
    struct sites *sites;
    struct url_set *named;         /* hosts that the user named */
    struct url_set *deferred_seen; /* URLs of the log below */
    struct url_log *texts;         /* referrers */
    struct url_log *deferred;      /* links that the page which had them may not follow: see defer() */
    struct duplicates *duplicates;
    struct stories *stories;
    struct retries retries; /* only its random numbers and heap */
    struct request_list in_flight;
    struct crawl_request *free;
    uint32_t window; /* in flight, at most */
    uint32_t backing_off;
    uint32_t owed; /* errands that wait at their sites */
    uint64_t pages_started;
    bool counts_addresses; /* hosts share the limits of their address */
    bool is_full;          /* --max-pages */
    bool input_ended, input_failed, waits_for_input;
    bool executor_full; /* found so in this feed */
    bool stopping, stop_begun, tells_rest, broken;
    struct site *to_drain; /* sites whose URLs are told, and not asked for */
    uint32_t drained_site; /* the first that may have URLs left, when those of all are told */
    uint64_t deferred_at;  /* in deferred: reported so far */
    const char *stop_detail;
    char why[512];
    char url[URL_BYTES_MAX + 1]; /* a link's, copied out of shared memory */
    char rule[512];
};

/* The crawl cannot go on: memory, disk. */
void crawler_break(struct crawler *crawler, enum status status);
void crawler_say(struct crawler *crawler, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Nothing new starts; what has not started ends with detail (borrowed) as the reason. A second call can only turn tell_rest off. */
void crawler_stop(struct crawler *crawler, const char *detail, bool tell_rest);
/* Whether the site wants a turn may have changed. */
void crawler_update(struct crawler *crawler, struct site *site);
/* What waits at the site will never be asked for: each URL is told so, in a later feed. */
void crawler_drain(struct crawler *crawler, struct site *site);
/* Whether the site's first errand may be done: a sitemap is not asked for while it is unknown whether the site may be asked at all. */
bool request_errand_may(const struct site *site);

#endif
