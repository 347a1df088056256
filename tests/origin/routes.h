/* The handlers behind the table in pages.c, and what they share. */
#ifndef ORIGIN_ROUTES_H
#define ORIGIN_ROUTES_H

#include "tests/origin/answer.h"
#include "tests/origin/coding.h"
#include "tests/origin/keys.h"
#include "tests/origin/pages.h"
#include "tests/origin/wiki.h"

enum { ROUTE_MS_MAX = 3600 * 1000 };
#define ROUTE_BODY_BYTES_MAX ((uint64_t)1 << 30)

struct pages {
    uint32_t wiki_delay_ms;
    const struct origin_counts_shm *counts;
    char *filler; /* FILLER_BYTES */
    struct wiki *wiki;
    struct keys *flaky_keys; /* two tables: a KEY of one route says nothing to the other */
    struct keys *reset_keys;
    struct coding *coding; /* made on first use: most suites never ask for gzip */
};

/* Answers request->rest, the path after the prefix of the route. */
typedef void route_fn(struct pages *pages, const struct request *request, struct answer *answer);

struct span pages_filler(const struct pages *pages);
void route_not_found(struct answer *answer);
void route_bad_arguments(struct answer *answer);

/* routes_plain.c */
route_fn route_index;
route_fn route_wiki;
route_fn route_bytes;
route_fn route_page;
route_fn route_links;
route_fn route_say;
route_fn route_status;
route_fn route_redirect;
route_fn route_redirect_to;
route_fn route_loop;
route_fn route_headers;
route_fn route_header_raw;
route_fn route_echo;
route_fn route_stats;

/* routes_fault.c */
route_fn route_flaky;
route_fn route_reset;
route_fn route_reset_once;
route_fn route_truncate;
route_fn route_empty;
route_fn route_close_after;
route_fn route_slow;
route_fn route_slow_header;
route_fn route_never;
route_fn route_endless;
route_fn route_endless_chunks;
route_fn route_broken;

/* routes_coded.c */
route_fn route_gzip;
route_fn route_gzip_broken;
route_fn route_gzip_chain;
route_fn route_bomb_gzip;
route_fn route_bomb_deflate;
route_fn route_brotli;
route_fn route_bomb_brotli;

#endif
