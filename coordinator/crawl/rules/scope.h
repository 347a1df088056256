/* scope.h: which URLs belong to the crawl: the site of the seeds, what the user includes and excludes, and which kinds of links are
 * followed at all. Pure.
 *
 * A dot at the end of a host makes no other host. A registrable domain is what the built-in list of libpsl says (publicsuffix.org, both
 * its parts): "www.example.co.uk" has "example.co.uk". An address, a public suffix itself and a host under no suffix of the list
 * ("printer.internal") have no domain: they stand for themselves alone.
 *
 * What is followed: pages, frames, refreshes, redirects, canonical and alternate URLs, next and prev, what a sitemap lists; assets and
 * forms where the configuration says so; other rels and bases never. Sitemaps are not judged here: whoever follows them knows why.
 * rel=nofollow stops a link, ugc and sponsored do not; a page's nofollow stops all its links, assets too. Neither stops a redirect or a
 * canonical URL. */
#ifndef SHOAL_SCOPE_H
#define SHOAL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/page.h"
#include "common/status.h"
#include "common/url.h"
#include "coordinator/output/reason.h"

enum scope_kind {
    SCOPE_HOST,   /* the seeds' hosts, whatever scheme and port */
    SCOPE_DOMAIN, /* the seeds' registrable domains, by the public suffix list */
    SCOPE_PREFIX, /* the seeds' hosts, and paths that begin with the seed's up to its last '/' */
    SCOPE_ANY,
    SCOPE_KIND_COUNT
};

struct scope_config {
    enum scope_kind kind;
    const char *const *include; /* regular expressions (PCRE2), searched in the URL; none: all are included */
    size_t include_count;
    const char *const *exclude;
    size_t exclude_count;
    uint32_t depth_max; /* links from a seed; 0: seeds alone; UINT32_MAX: no limit */
    bool assets;        /* follow them, to any host and whatever include says, but not what exclude matches */
    bool forms;         /* follow the actions of forms that are sent by GET */
    bool ignore_nofollow;
};

/* Assets may be so many links deeper than depth_max: a page at the limit has its style, that its import, and that its font. */
#define SCOPE_ASSET_DEPTH 5u

struct scope;

/* Errors: INVALID_ARGUMENT (an expression; why names it, where it is wrong and how), OUT_OF_MEMORY. The texts are borrowed until
 * scope_close(). */
enum status scope_open(struct scope **scope, const struct scope_config *config, char *why, size_t why_bytes);
void scope_close(struct scope *scope); /* accepts NULL */

/* Makes the URL's host, domain or prefix part of the scope; may be called at any time. False when memory is short. */
bool scope_add_seed(struct scope *scope, const struct url_parts *url);

/* A link as the judge needs it. */
struct scope_link {
    const struct url_parts *url; /* in its one spelling */
    enum link_kind kind;         /* of a redirect that an asset led to: LINK_ASSET */
    unsigned rel;                /* enum link_rel */
    unsigned page_robots;        /* of the page that has it: enum page_robots */
    uint32_t depth;              /* that the link's target would have */
};

/* REASON_NONE, or why it is not followed: NOFOLLOW, KIND, DEPTH, SCOPE, EXCLUDED, NOT_INCLUDED. An expression that takes too long
 * (a bound on its steps, not on time) counts as one that does not match for --include, and as one that does for --exclude. */
enum crawl_reason scope_judge(const struct scope *scope, const struct scope_link *link);

/* The same in words, one line: "host b.example is not among the seeds' (--scope host)"; for a reason that is none of scope_judge()'s, its
 * name. Cut to text_bytes with its NUL; returns the length. */
size_t scope_explain(const struct scope *scope, const struct scope_link *link, enum crawl_reason reason, char *text,
                     size_t text_bytes);

#endif
