/* reason.h: why a URL that a crawl has seen was fetched or skipped. A closed set; the same names in all that is printed. */
#ifndef SHOAL_REASON_H
#define SHOAL_REASON_H

#include <stdbool.h>

enum crawl_reason {
    /* fetched, since ... */
    REASON_SEED,      /* the user gave it */
    REASON_LINK,      /* a page links to it */
    REASON_ASSET,     /* a page needs it: an image, a style, a script */
    REASON_REDIRECT,  /* an answer leads to it */
    REASON_CANONICAL, /* a page says that this is its proper URL */
    REASON_SITEMAP,   /* a sitemap lists it */

    /* skipped, since ... */
    REASON_ROBOTS,           /* robots.txt forbids it, or cannot be had */
    REASON_NOFOLLOW,         /* the page, the link or its header says not to follow */
    REASON_SCOPE,            /* another host, domain or path than --scope allows */
    REASON_EXCLUDED,         /* --exclude */
    REASON_NOT_INCLUDED,     /* no --include matches */
    REASON_KIND,             /* an asset without --assets, a form without --forms, an alternate, ... */
    REASON_TYPE,             /* --same-type */
    REASON_DEPTH,            /* --max-depth */
    REASON_MAX_PAGES,        /* --max-pages */
    REASON_MAX_PER_HOST,     /* --max-per-host */
    REASON_REDIRECTS,        /* more redirects in a row than --max-redirs */
    REASON_URL_LENGTH,       /* --max-url-length */
    REASON_PATH_DEPTH,       /* --max-path-depth */
    REASON_REPEATED_SEGMENT, /* --max-repeats: /a/b/a/b/a/b */
    REASON_CALENDAR,         /* a date far from today, or more dates than a calendar may have */
    REASON_TEMPLATE,         /* --max-per-template: too many URLs of one form, /item/1, /item/2, ... */
    REASON_HOST_HELD,        /* the host asks for more time than is granted: Crawl-delay, Retry-After */
    REASON_HOST_FAILED,      /* the host does not answer any more */
    REASON_STOPPED,          /* the run was stopped before its turn */

    REASON_COUNT,
    REASON_NONE = REASON_COUNT /* nothing speaks against it */
};

#define REASON_FIRST_SKIP REASON_ROBOTS

/* "link", "robots", "repeated-segment", ... Never NULL. */
const char *reason_name(enum crawl_reason reason);

static inline bool reason_is_skip(enum crawl_reason reason)
{
    return reason >= REASON_FIRST_SKIP && reason < REASON_COUNT;
}

#endif
