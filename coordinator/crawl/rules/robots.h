/* robots.h: the rules of one robots.txt, as RFC 9309 has them: which URLs of its site may be fetched. Pure: no network, no clock.
 *
 * The longest match wins, and allow wins a tie (2.2.2); `*` and a `$` at the end are special; groups that name our product token
 * are merged, without any the groups of `*` count, without those nothing is forbidden (2.2.1); other records break no group (2.2.4).
 * What cannot be parsed is passed over, line by line (2.2, 2.3.1.5). Beyond ROBOTS_BYTES_MAX nothing is read, and a line that is cut
 * there does not count (2.5). How rules and URLs are compared, octet by octet: robots_pattern.h.
 *
 * Where the RFC leaves a choice: a group is named by the letters, '-' and '_' at the beginning of its user-agent line ("shoal/1.0" is
 * "shoal"); an empty path is no rule, but it ends the user-agent lines of its group; a rule whose path begins with neither '/' nor '*'
 * is a bad line, as is one with a NUL; a file that begins with a byte order mark of UTF-16 is read as that. */
#ifndef SHOAL_ROBOTS_H
#define SHOAL_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

#define ROBOTS_BYTES_MAX (512u << 10) /* RFC 9309, 2.5 asks for 500 KiB at least */
#define ROBOTS_RULES_MAX 20000u       /* of our groups; more are counted as dropped */
#define ROBOTS_WORK_MAX \
    (4u << 20) /* bytes compared for one verdict behind wildcards: 1,000 rules and the longest URL */

struct robots;

/* How a path was judged. */
struct robots_verdict {
    bool is_allowed;
    uint32_t line; /* 1, 2, ...: the rule that decided; 0: none did */
    struct url_text
        rule; /* "Disallow: /private", as it stands there without blanks around it; valid as long as the robots */
};

/* Parses text[0 .. bytes), which may be anything: HTML, binary, UTF-16, with a byte order mark. is_cut: the file was longer, and is
 * cut at the end of text. product_token: "shoal", compared without case. NULL when memory is short. */
struct robots *robots_parse(const char *text, size_t bytes, bool is_cut, const char *product_token);
void robots_close(struct robots *robots); /* accepts NULL */

/* Judges a URL by its path and query, from the first '/' on, without fragment, ended by NUL or not. /robots.txt itself is always
 * allowed; what is longer than URL_BYTES_MAX is no URL of ours, and is not; nor, with line 0, is one that takes more than
 * ROBOTS_WORK_MAX. Logarithmic in the rules without `*` and `$`, linear in the
 * others; linear in the path; no recursion, and no pattern makes it slow. Never blocks. */
struct robots_verdict robots_judge(const struct robots *robots, struct url_text path_and_query);

/* Milliseconds that Crawl-delay asks for, rounded up, at most INT32_MAX; -1: it asks for nothing. Of our groups; the longest. Not
 * in the RFC. */
int64_t robots_crawl_delay_ms(const struct robots *robots);

#define ROBOTS_SITEMAPS_MAX 1000u

/* The URLs of Sitemap records, in order, absolute or not, as they stand there; NULL behind the last. Those beyond ROBOTS_SITEMAPS_MAX
 * or longer than URL_BYTES_MAX are dropped. */
const char *robots_sitemap(const struct robots *robots, size_t index);

struct robots_counts {
    uint32_t lines; /* of the file, as far as it was read */
    uint32_t
        bad_lines;  /* that hold something, but no record; a rule ahead of any group; a Crawl-delay without a number */
    uint32_t rules; /* of our groups, and kept; an empty path is none */
    uint32_t rules_dropped; /* beyond ROBOTS_RULES_MAX */
    uint32_t sitemaps, sitemaps_dropped;
    size_t memory_bytes;
};
struct robots_counts robots_counts(const struct robots *robots);

#endif
