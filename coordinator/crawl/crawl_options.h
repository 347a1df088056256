/* crawl_options.h: the command line of `shoal crawl`, read into one struct. */
#ifndef SHOAL_CRAWL_OPTIONS_H
#define SHOAL_CRAWL_OPTIONS_H

#include "coordinator/crawl/rules/scope.h"
#include "coordinator/crawl/rules/traps.h"
#include "coordinator/options/fetch_options.h"

enum crawl_sitemaps { SITEMAPS_AUTO, SITEMAPS_ALWAYS, SITEMAPS_NEVER, SITEMAPS_COUNT };

/* What `shoal crawl` was asked to do. Strings point into argv. */
struct crawl_options {
    struct fetch_options
        fetch; /* what it shares with `shoal fetch`: urls are the seeds; per_host is 4 unless given; block_private is set
                                 * unless --allow-private */
    struct scope_config scope;
    struct traps_config traps;
    uint64_t pages_max;       /* --max-pages: requests for pages, failures included; 0: no limit */
    uint64_t per_host_max;    /* --max-per-host: of them, to one host; 0: no limit */
    bool same_type;           /* --same-type: only pages of the seeds' Content-Type are taken */
    bool ignore_query;        /* --ignore-query */
    const char *const *strip; /* --strip-param, the named sets spelled out */
    size_t strip_count;
    bool ignore_robots;
    enum crawl_sitemaps sitemaps; /* --sitemaps: auto: those that robots.txt names; always: /sitemap.xml too */
    int64_t delay_ms;             /* --delay */
    int64_t crawl_delay_max_ms;   /* --max-crawl-delay: a host that asks for more is skipped */
    double rate_per_s;            /* --rate: starts, all hosts together; 0: no limit */
    uint32_t host_failures_max;   /* --max-host-failures: in a row; then the host is skipped; 0: never */
    uint64_t frontier_bytes;      /* --frontier-memory */
    const char *const *explain;   /* --explain: URLs whose story is told at the end */
    size_t explain_count;
    bool links;         /* --links: the link graph is printed */
    bool convert_links; /* --convert-links: with -O */
};

#define CRAWL_SPECS_MAX 80

/* As fetch_options_parse(). */
enum options_outcome crawl_options_parse(struct crawl_options *options, int argc, char **argv);
void crawl_options_free(struct crawl_options *options);

/* The table of `shoal crawl`, for parsing, the help and the man page: built into specs, which has room for CRAWL_SPECS_MAX and must
 * stay. */
struct option_table crawl_option_table(struct option_spec *specs);

#endif
