/* traps.h: URLs that a site can make without end, and how many of a form are enough. What is judged here is the URL alone; pages of
 * the same content are duplicates.h. Budgets are counted per site, in memory with a bound (counters.h: 4 MiB of addresses, up to 64 MiB):
 * beyond some millions of forms rare ones are counted too low, so that a trap may be let through, but nothing is refused early.
 *
 * The rules, in this order; what is a segment, a repetition and a template is told exactly in url_shape.h, what is a date in url_dates.h:
 *
 *     limit               default   a trap is                                       so this passes
 *     url_bytes_max          4096   a longer URL
 *     path_depth_max           20   more segments                                   /a/b/c/ has 3
 *     repeats_max               3   /a/x/a/y/a/z/a: a segment a fourth time;        /1/1/1/1 (numbers), /en/en-us/,
 *                                   /a/b/a/b/a/b: a run a third time in a row       /2024/01/01/, /a/b/a/b
 *     dates_max              4000   a date before 1900 or more than five years      all days of ten years: 3653;
 *                                   ahead; one more date in URLs of one template    all months since 1900: 1600
 *     per_query_template     5000   one more URL with this path and this set of     /search?q=1&page=2 in any order
 *                                   parameter names, whatever their values
 *     per_path_template   100,000   one more URL that differs in numbers only:      /site/0.html to /site/99999.html
 *                                   of the path, or of names of parameters
 *
 * Row by row of what crawlers met: calendars end by dates_max (a calendar that counts days in other ways by its template); paths that
 * grow by relative links by repeats_max and path_depth_max; session ids and facets by per_query_template, and those ids that are known
 * by common/url_query.h before they come here. */
#ifndef SHOAL_TRAPS_H
#define SHOAL_TRAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"
#include "coordinator/output/reason.h"

struct traps_config {
    uint32_t url_bytes_max;      /* --max-url-length; 0, or more than that: URL_BYTES_MAX */
    uint32_t path_depth_max;     /* --max-path-depth: segments; 0: no limit */
    uint32_t repeats_max;        /* --max-repeats: of a segment in a path, and of a run of segments; 0: no limit */
    uint32_t per_path_template;  /* --max-per-template: URLs that differ in numbers of the path; 0: no limit */
    uint32_t per_query_template; /* --max-per-query: URLs of one path and one set of parameter names; 0: no limit */
    uint32_t dates_max; /* --max-dates: different dates that URLs of one form may hold; 0: dates are not looked at */
    int64_t now_s;      /* wall clock: what is far from today */
};

struct traps;

/* The defaults above, and the time of day. */
void traps_config_init(struct traps_config *config);

/* NULL when memory is short. */
struct traps *traps_open(const struct traps_config *config);
void traps_close(struct traps *traps); /* accepts NULL */

/* REASON_NONE, and the URL is counted: to be asked once for each; or why it is a trap, and nothing is counted: URL_LENGTH, PATH_DEPTH, REPEATED_SEGMENT, CALENDAR, TEMPLATE. site: a number
 * for its scheme, host and port. */
enum crawl_reason traps_judge(struct traps *traps, uint32_t site, const struct url_parts *url);

/* The reason in words, one line: "segment "a" occurs more than 3 times (--max-repeats 3)"; for a reason that is none of traps_judge()'s,
 * its name. Cut to text_bytes with its NUL; returns the length. */
size_t traps_explain(const struct traps *traps, const struct url_parts *url, enum crawl_reason reason, char *text,
                     size_t text_bytes);

size_t traps_bytes(const struct traps *traps);

#endif
