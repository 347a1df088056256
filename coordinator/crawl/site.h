/* site.h: one scheme, host and port that a crawl has seen: what is known of it, and the requests that it owes before its pages. */
#ifndef SHOAL_SITE_H
#define SHOAL_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fetch_error.h"
#include "common/url.h"
#include "coordinator/crawl/rules/robots.h"
#include "coordinator/output/reason.h"
#include "coordinator/politeness/politeness.h"

/* What its robots.txt says. */
enum site_gate {
    GATE_UNKNOWN, /* not yet asked, or the answer is on its way: no page is fetched */
    GATE_OPEN,    /* all may be fetched: there is none, or nobody asks for it */
    GATE_RULES,   /* site.robots */
    GATE_CLOSED,  /* it cannot be had: nothing may be fetched (RFC 9309, 2.3.1.4) */
};

struct crawl_request;

struct site {
    struct polite_host polite; /* first: politeness_take() gives it back */
    struct site *next_in_bucket;
    uint64_t hash;
    uint32_t number;                             /* for the frontier and the traps; 0, 1, ... */
    struct crawl_request *errands, *last_errand; /* names to look up, robots.txt, sitemaps: before its pages */
    enum site_gate gate;
    struct robots *robots; /* GATE_RULES */
    char *gate_why;        /* GATE_CLOSED: "HTTP 503"; NULL: memory was short */
    int64_t gate_until_ns; /* then robots.txt is asked for again */
    uint64_t pages;        /* requests for pages, so far */
    enum fetch_error
        dead; /* FETCH_OK: no; else its name cannot be resolved, or its address is refused: so end all its URLs */
    char *dead_why;
    enum crawl_reason given_up; /* REASON_NONE: no */
    struct site *next_to_drain;
    uint32_t sitemaps; /* asked for so far */
    bool is_named;     /* the user named its host: it may have a private address */
    bool has_guess;    /* /sitemap.xml is or was owed */
    bool is_resolving; /* the look-up is in flight: nothing else starts */
    bool is_drained;   /* its URLs are told, and not asked for */
    bool is_in_drain;  /* ... in the crawler's list of such */
    uint16_t port;
    uint16_t host_bytes;
    bool is_https;
    char host[]; /* as in url_parts, ended by NUL */
};

struct sites;

/* NULL when memory is short. */
struct sites *sites_open(void);
void sites_close(struct sites *sites); /* accepts NULL; errands must be gone */

/* The site of the URL, made if there is none: *is_new. NULL when memory is short. A dot at the end of the host does not count. */
struct site *sites_of(struct sites *sites, const struct url_parts *url, bool *is_new);

/* By number; NULL beyond the last. */
struct site *sites_at(const struct sites *sites, uint32_t number);

uint32_t sites_count(const struct sites *sites);

/* "https://host:port", without a port that is the scheme's own; ended by NUL. Returns the length. text: URL_HOST_KEY_BYTES. */
size_t site_origin(const struct site *site, char *text);

/* "why" of a gate that is closed is copied. */
void site_close_gate(struct site *site, const char *why);
void site_open_gate(struct site *site,
                    struct robots *robots); /* robots: NULL for GATE_OPEN; owned by the site from now on */

/* Whether the site's robots.txt allows the URL. If not, or if explains: why, in rule. */
bool site_allows(const struct site *site, const char *url, bool explains, char *rule, size_t rule_bytes);

#endif
