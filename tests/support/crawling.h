/* A crawl from outside, and a look at what it told: `shoal crawl` with --format jsonl over a site of tests/support/web.h.
 *
 *     crawling_begin(&crawling);
 *     web_start(&crawling.web, serve, 2);
 *     ck_assert_int_eq(CRAWL(&crawling, "/", "--retries", "0"), 0);
 *     crawling_expect_fetched(&crawling, "/a.html");
 *     crawling_expect_skipped(&crawling, "/private/", "robots", "line 2: Disallow: /private");
 *     crawling_end(&crawling);
 *
 * A URL that begins with '/' is one of web's first address. A failure fails the test. */
#ifndef SHOAL_TESTS_CRAWLING_H
#define SHOAL_TESTS_CRAWLING_H

#include "tests/support/command.h"
#include "tests/support/web.h"

struct crawling {
    struct cli cli;
    struct web web;
};

void crawling_begin(struct crawling *crawling);
void crawling_end(struct crawling *crawling); /* may be called twice */

/* Crawls from the seed with these arguments, ended by NULL, as fast as it goes: --delay 0 --per-host 0, which arguments may change.
 * Returns the exit status. */
int crawling_run(struct crawling *crawling, const char *seed, const char *const *arguments);
#define CRAWL(crawling, seed, ...) \
    crawling_run(crawling, seed, (const char *const[]){"--format", "jsonl", ##__VA_ARGS__, NULL})

/* "NAME:PORT:ADDRESS" for --resolve, so that the name is one of web's addresses; valid until the eighth call after it. */
const char *crawling_name(struct crawling *crawling, const char *name, unsigned address);

/* The JSON line of the URL, without its end, until the next call; NULL: there is none. Fails when there are two. */
const char *crawling_line(struct crawling *crawling, const char *url);

/* The URL is told, and its line has this part; it has not. */
void crawling_expect(struct crawling *crawling, const char *url, const char *part);
void crawling_expect_not(struct crawling *crawling, const char *url, const char *part);
/* Fetched with 200, and asked for once. */
void crawling_expect_fetched(struct crawling *crawling, const char *url);
/* Skipped with this reason and this in its rule, and never asked for. */
void crawling_expect_skipped(struct crawling *crawling, const char *url, const char *reason, const char *rule);
/* No line tells of it, and nobody asked for it. */
void crawling_expect_unknown(struct crawling *crawling, const char *url);

/* Standard error holds the text. */
void crawling_expect_said(struct crawling *crawling, const char *part);

/* Nothing that came out is a byte that a terminal obeys, or turns a line around: it is UTF-8 without control characters. */
void crawling_expect_clean(struct crawling *crawling);

/* How often this part was told. */
size_t crawling_count(struct crawling *crawling, const char *part);

#endif
