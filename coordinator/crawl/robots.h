/* Runs in: coordinator
 *
 * robots.h: the rules of one robots.txt, as RFC 9309 has them: which URLs of its site may be fetched. Pure: no network, no clock.
 *
 * The longest match wins, and allow wins a tie (2.2.2); `*` and a `$` at the end are special; groups that name our product token
 * are merged, without any the groups of `*` count, without those nothing is forbidden (2.2.1); other records break no group (2.2.4).
 * What cannot be parsed is passed over, line by line (2.2, 2.3.1.5). Beyond ROBOTS_BYTES_MAX nothing is read, and a line that is cut
 * there does not count (2.5). */
#ifndef SHOAL_ROBOTS_H
#define SHOAL_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

#define ROBOTS_BYTES_MAX (512u << 10) /* RFC 9309, 2.5 asks for 500 KiB at least */
#define ROBOTS_RULES_MAX 20000u       /* of our groups; more are counted as dropped */

struct robots;

/* How a path was judged. */
struct robots_verdict {
    bool is_allowed;
    uint32_t line; /* 1, 2, ...: the rule that decided; 0: none matched */
    struct url_text
        rule; /* "Disallow: /private", as it stands there without blanks around it; valid as long as the robots */
};

/* Parses text[0 .. bytes), which may be anything: HTML, binary, UTF-16, with a byte order mark. is_cut: the file was longer, and is
 * cut at the end of text. product_token: "shoal", compared without case. NULL when memory is short. */
struct robots *robots_parse(const char *text, size_t bytes, bool is_cut, const char *product_token);
void robots_close(struct robots *robots); /* accepts NULL */

/* Judges a URL by its path and query, from the first '/' on, without fragment, ended by NUL or not. /robots.txt itself is always
 * allowed. Linear in path and rules; no recursion, and no pattern makes it slow. Never blocks. */
struct robots_verdict robots_judge(const struct robots *robots, struct url_text path_and_query);

/* Milliseconds that Crawl-delay asks for, rounded up, at most INT32_MAX; -1: it asks for nothing. Of our groups; the longest. Not
 * in the RFC. */
int64_t robots_crawl_delay_ms(const struct robots *robots);

/* The URLs of Sitemap records, in order, absolute or not, as they stand there; NULL behind the last. At most 1,000 are kept. */
const char *robots_sitemap(const struct robots *robots, size_t index);

/* Lines of our groups, of those the rules kept and dropped; memory taken. */
struct robots_counts {
    uint32_t lines, rules, rules_dropped, bad_lines;
    size_t memory_bytes;
};
struct robots_counts robots_counts(const struct robots *robots);

#endif
