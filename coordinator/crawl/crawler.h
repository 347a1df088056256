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
#include "coordinator/run/work.h"

struct crawler;

/* All borrowed until the work is closed. */
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

/* *work is the crawl as what run.c runs; closing it closes the crawler, which stays the work's. Close the executor first.
 * Errors: INVALID_ARGUMENT (an expression; why), OUT_OF_MEMORY. */
enum status crawler_open(struct work **work, struct crawler **crawler, const struct crawler_config *config, char *why,
                         size_t why_bytes);

/* Why it broke: memory, a temporary file; "" otherwise. */
const char *crawler_why(const struct crawler *crawler);

/* Tells the story of each URL of --explain, through config.tell. After the end. */
void crawler_tell_stories(struct crawler *crawler);

#endif
