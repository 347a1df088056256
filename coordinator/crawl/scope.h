/* Runs in: coordinator
 *
 * scope.h: which URLs belong to the crawl: the site of the seeds, what the user includes and excludes, and which kinds of links are
 * followed at all. Pure. */
#ifndef SHOAL_SCOPE_H
#define SHOAL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/page.h"
#include "common/url.h"
#include "coordinator/crawl/reason.h"

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
    uint32_t depth_max;
    bool assets; /* follow them, to any host */
    bool forms;  /* follow the actions of forms that are sent by GET */
    bool ignore_nofollow;
};

struct scope;

/* Errors: INVALID_ARGUMENT (an expression; why names it, where it is wrong and how), OUT_OF_MEMORY. The texts are borrowed until
 * scope_close(). */
enum status scope_open(struct scope **scope, const struct scope_config *config, char *why, size_t why_bytes);
void scope_close(struct scope *scope); /* accepts NULL */

/* Makes the URL's host, domain or prefix part of the scope. False when memory is short. */
bool scope_add_seed(struct scope *scope, const struct url_parts *url);

/* A link as the judge needs it. */
struct scope_link {
    const struct url_parts *url; /* in its one spelling */
    enum link_kind kind;
    unsigned rel;         /* enum link_rel */
    unsigned page_robots; /* of the page that has it: enum page_robots */
    uint32_t depth;       /* that the link's target would have */
};

/* REASON_NONE, or why it is not followed: NOFOLLOW, KIND, DEPTH, SCOPE, EXCLUDED, NOT_INCLUDED. An expression that takes too long
 * (a bound on its steps, not on time) counts as one that does not match for --include, and as one that does for --exclude. */
enum crawl_reason scope_judge(const struct scope *scope, const struct scope_link *link);

/* The same in words, one line: "host b.example is not among the seeds' (--scope host)". Returns the length. */
size_t scope_explain(const struct scope *scope, const struct scope_link *link, enum crawl_reason reason, char *text,
                     size_t text_bytes);

#endif
