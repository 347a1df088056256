/* crawler_inside.h: what the files of the crawler share. */
#ifndef SHOAL_CRAWLER_INSIDE_H
#define SHOAL_CRAWLER_INSIDE_H

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
#include "coordinator/politeness/hosts.h"
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
    struct crawler_config config;
    struct url_parser *parser;
    struct url_resolver *resolver;
    struct url_query *query;
    struct scope *scope;
    struct traps *traps;
    struct frontier *frontier;
    struct politeness *politeness;
    struct sites *sites;
    struct url_set *named;    /* hosts that the user named */
    struct url_set *put_off;  /* URLs of the log below */
    struct url_log *texts;    /* referrers */
    struct url_log *put_offs; /* links that the page which had them may not follow: see put_off() */
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
    uint64_t put_off_at;   /* in put_offs: told so far */
    const char *stop_detail;
    struct crawler_counts counts;
    char why[512];
    char url[URL_BYTES_MAX + 1]; /* a link's, copied out of shared memory */
    char rule[512];
};

/* ---- crawler.c ---- */

/* The crawl cannot go on: memory, disk. */
void crawler_break(struct crawler *crawler, enum status status);
void crawler_say(struct crawler *crawler, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether the site wants a turn may have changed. */
void crawler_update(struct crawler *crawler, struct site *site);
/* Cancels what is in flight, or only what no worker has begun. */
void crawler_cancel(struct crawler *crawler, bool running_too);

/* ---- crawl_drain.c ---- */

/* What waits at the site will never be asked for: each URL is told so, in a later feed. */
void crawler_drain(struct crawler *crawler, struct site *site);
/* Tells up to `left` of what will never be asked for. False: nothing is left to tell. */
bool crawl_drain_some(struct crawler *crawler, uint32_t left);

/* ---- crawl_request.c ---- */

struct crawl_request *request_new(struct crawler *crawler, enum errand errand, struct site *site, const char *url,
                                  size_t url_bytes);
void request_free(struct crawler *crawler, struct crawl_request *request);
/* Puts an errand behind those that its site owes already, sitemaps behind all others. */
void request_owe(struct crawl_request *request);
/* Whether the site's first errand may be done: a sitemap is not asked for while it is unknown whether the site may be asked at all. */
bool request_errand_may(const struct site *site);
/* The first errand that the site owes, which it does no more; NULL: none. */
struct crawl_request *request_take_errand(struct crawler *crawler, struct site *site);
/* One that is in flight, without the executor; one that backs off; NULL: none. */
struct crawl_request *request_abandon(struct crawler *crawler);
struct crawl_request *request_take_backing_off(struct crawler *crawler);
/* The request, which is in no list, has ended so; frees it. */
void request_end(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
/* Hands the request to the executor; its turn was taken. False: it has no room, and the turn was given back. */
bool request_start(struct crawler *crawler, struct crawl_request *request, int64_t now_ns);
/* The turn that the site was given at now_ns is not used. */
void request_give_turn_back(struct crawler *crawler, struct site *site, int64_t now_ns);
/* The next request of a site whose turn it is; NULL: there is none. */
struct crawl_request *request_next(struct crawler *crawler, struct site *site);
/* Puts those that backed off long enough back in front of their sites' queues. */
void request_end_waits(struct crawler *crawler, int64_t now_ns);

/* ---- crawl_site.c ---- */

/* The site of the URL; a new one owes its errands. NULL when memory is short. */
struct site *crawl_site_of(struct crawler *crawler, const struct url_parts *parts);
/* A site of which pages are wanted may have a sitemap that nobody names: --sitemaps always. */
void crawl_guess_sitemap(struct crawler *crawler, struct site *site);
/* Its rules are a day old (RFC 9309, 2.4). */
void crawl_ask_robots_again(struct crawler *crawler, struct site *site);
void crawl_name_host(struct crawler *crawler, const struct url_parts *parts);
void crawl_looked_up(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
void crawl_robots_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
void crawl_sitemap_came(struct crawler *crawler, struct crawl_request *request, const struct fetch_result *result);
/* Whether the site's robots.txt allows the URL; why not is in crawler->rule, and why, if it is to explain. */
bool crawl_robots_allow(struct crawler *crawler, const struct site *site, const char *url, bool explains);

/* ---- crawl_links.c ---- */

/* Where links were found. */
struct link_source {
    const char *url; /* of the page; its number in the texts is made when it is needed */
    size_t url_bytes;
    uint64_t number;
    uint32_t depth;
    uint8_t redirects; /* that led to it */
    uint8_t flags;     /* enum frontier_flag of it */
    unsigned page_robots;
    const struct site *must_be_of; /* a sitemap lists its own host's pages alone; NULL: any host */
};

/* Takes out of the URL, in place, what --ignore-query and --strip-param name; its new length. */
size_t crawl_clean_url(const struct crawler *crawler, char *url, size_t url_bytes);

void crawl_seed(struct crawler *crawler, const struct input_line *line);
/* One link. False: the page does not hold together, or the crawl broke: no more of it. */
bool crawl_admit(struct crawler *crawler, struct link_source *source, const struct page_link *link);
/* All links of a page that may be followed. */
void crawl_follow(struct crawler *crawler, struct link_source *source, struct page *page, const void *block);
/* Tells some of what was put off and never fetched; false: all is told. */
bool crawl_tell_put_off(struct crawler *crawler, uint32_t count);

/* ---- crawl_report.c ---- */

void crawl_tell_page(struct crawler *crawler, const struct crawl_request *request, const struct fetch_result *result,
                     const struct crawl_note *note);
/* A URL that is not asked for. error: FETCH_OK unless that is a failure. */
void crawl_tell_skipped(struct crawler *crawler, const struct frontier_url *url, enum crawl_reason reason,
                        const char *rule, enum fetch_error error);

/* A URL that cannot be asked for: its host has no address, or one that is refused. */
void crawl_tell_unreachable(struct crawler *crawler, const struct frontier_url *url, enum fetch_error error,
                            const char *detail);

#endif
