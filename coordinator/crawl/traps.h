/* Runs in: coordinator
 *
 * traps.h: URLs that a site can make without end, and how many of a form are enough. What is judged here is the URL alone; pages of
 * the same content are duplicates.h. Budgets are counted per site; memory is bounded, and stated by traps_bytes(). */
#ifndef SHOAL_TRAPS_H
#define SHOAL_TRAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"
#include "coordinator/crawl/reason.h"

struct traps_config {
    uint32_t url_bytes_max;      /* --max-url-length; 0: URL_BYTES_MAX */
    uint32_t path_depth_max;     /* --max-path-depth: segments; 0: no limit */
    uint32_t repeats_max;        /* --max-repeats: of a segment in a path, and of a run of segments; 0: no limit */
    uint32_t per_path_template;  /* --max-per-template: URLs that differ in numbers of the path; 0: no limit */
    uint32_t per_query_template; /* --max-per-query: URLs of one path and one set of parameter names; 0: no limit */
    uint32_t dates_max;          /* --max-dates: different dates that URLs of one form may hold; 0: no limit */
    int64_t now_s;               /* wall clock: what is far from today */
};

struct traps;

/* Defaults: what README.md says of each. */
void traps_config_init(struct traps_config *config);

/* NULL when memory is short. */
struct traps *traps_open(const struct traps_config *config);
void traps_close(struct traps *traps); /* accepts NULL */

/* REASON_NONE, and the URL is counted; or why it is a trap: URL_LENGTH, PATH_DEPTH, REPEATED_SEGMENT, CALENDAR, TEMPLATE. site: a number
 * for its scheme, host and port. */
enum crawl_reason traps_judge(struct traps *traps, uint32_t site, const struct url_parts *url);

/* The reason in words, one line: "segment "a" occurs 4 times (--max-repeats 3)". Returns the length. */
size_t traps_explain(const struct traps *traps, const struct url_parts *url, enum crawl_reason reason, char *text,
                     size_t text_bytes);

size_t traps_bytes(const struct traps *traps);

#endif
