/* crawler.h: follows the links of whole sites: which URL is asked for next, and what its answer leads to.
 *
 * DESIGN. What is new goes in at the left, once; what may start comes out at the right, when its host may be asked:
 *
 *     seeds ----------+                                                        +--> page: outcome, links
 *     links of pages -+-> known? -> scope -> traps -> frontier --(politeness)--+
 *     redirects ------+   (once)    (why not: an outcome too)                  +--> robots, then executor
 *     sitemaps -------+
 *
 * A site owes errands before its pages: its name is looked up (so that hosts of one address share its limits), its robots.txt is
 * asked for, and its sitemaps. An errand takes its turn at the host that it goes to, like any other request. Everything that was
 * seen ends in one outcome: fetched, failed, or skipped with a reason. A link that this page may not follow may be another page's to
 * follow: such URLs are told as skipped at the end, if nobody did.
 *
 * A redirect is never followed by the worker: it is a link as others, and goes through all of this.
 *
 * Memory: the frontier's budget, 16 bytes a URL seen, 32 a page (its content's hash), about 400 a site; and per URL in flight one
 * request. Texts that are needed again (referrers) lie in a temporary file. */
#ifndef SHOAL_CRAWLER_H
#define SHOAL_CRAWLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/crawl/crawl_options.h"
#include "coordinator/executor/executor.h"
#include "coordinator/output/delivery.h"
#include "coordinator/run/input.h"

struct crawler;

/* All borrowed until crawler_close(). */
struct crawler_config {
    const struct crawl_options *options;
    struct executor *executor;
    struct delivery *delivery;
    struct input *input;                          /* the seeds */
    uint64_t seed;                                /* as executor_options.links.seed */
    bool wants_referrers;                         /* outcomes name them */
    void (*say)(void *context, const char *line); /* one line for the user, not yet escaped */
    /* Of a story; neither escaped nor with an end of line. */
    void (*tell)(void *context, const char *line);
    void *say_context; /* of both */
};

struct crawler_counts {
    uint64_t seeds; /* lines of input so far */
    bool input_ended;
    uint64_t pages;   /* that ended, failures included */
    uint64_t seen;    /* URLs */
    uint64_t skipped; /* told so far */
    uint64_t duplicates;
    uint64_t waiting; /* in the frontier */
    uint64_t links;   /* of all pages */
    uint32_t backing_off, in_flight;
    uint32_t sites, held_sites;
};

/* Errors: INVALID_ARGUMENT (an expression; why), OUT_OF_MEMORY. */
enum status crawler_open(struct crawler **crawler, const struct crawler_config *config, char *why, size_t why_bytes);

/* Futures in flight are released; their callbacks must not run any more, so close the executor first. Accepts NULL. */
void crawler_close(struct crawler *crawler);

/* What run.c asks of whatever gives it work: see work.h. feed: OK: call again soon; WOULD_BLOCK: wait for the executor, the time
 * crawler_next_ns() or the input; END: all that was seen has its outcome. */
enum status crawler_feed(struct crawler *crawler);
int64_t crawler_next_ns(const struct crawler *crawler);
bool crawler_waits_for_input(const struct crawler *crawler);
void crawler_stop(struct crawler *crawler, const char *detail, bool tell_rest);
void crawler_cancel_in_flight(struct crawler *crawler);
void crawler_abandon(struct crawler *crawler);
bool crawler_is_broken(const struct crawler *crawler);
bool crawler_input_failed(const struct crawler *crawler);
void crawler_count(const struct crawler *crawler, struct crawler_counts *counts);

/* One line about what the crawl waits for; 0: nothing to say. */
size_t crawler_describe_wait(const struct crawler *crawler, char *text, size_t text_bytes, int64_t now_ns);

/* Why it broke: memory, a temporary file; "" otherwise. */
const char *crawler_why(const struct crawler *crawler);

/* Tells the story of each URL of --explain, through config.tell. After the end. */
void crawler_tell_stories(struct crawler *crawler);

#endif
