/* limits.h: how much of anything the outside world may make us take. */
#ifndef SHOAL_LIMITS_H
#define SHOAL_LIMITS_H

#include <stdint.h>

/* Fixed limits: shared layout depends on them. */
#define WORKERS_MAX 1024u
#define CONCURRENCY_MAX 65536u
#define URL_BYTES_MAX 4096u             /* precedent: Nutch 4096, Scrapy and Heritrix 2083 */
#define REQUEST_HEADER_BYTES_MAX 16384u /* the headers that one request adds */
#define LINKS_PER_PAGE_MAX 5000u        /* what comes after them is counted and dropped */
#define BODY_BYTES_LIMIT (64ull << 30)  /* the largest --max-body: the extents are virtual, but not endless */

/* Limits of one fetch; each has an option and a distinct error. */
struct fetch_limits {
    int64_t connect_timeout_ms; /* name, TCP and TLS; > 0 */
    int64_t total_timeout_ms;   /* one attempt, redirects included; > 0 */
    int64_t stall_time_ms;      /* under stall_bytes_per_s for so long, or no first byte; > 0; rounded up to seconds */
    uint32_t stall_bytes_per_s;
    uint32_t redirects_max;  /* 0: none is followed and the redirect is the answer */
    uint64_t body_bytes_max; /* decoded; at most BODY_BYTES_LIMIT */
    uint32_t body_ratio_max; /* decoded : received, once ratio_from_bytes were decoded */
    uint64_t body_ratio_from_bytes;
    uint32_t header_bytes_max; /* one answer's headers */
    uint32_t header_count_max;
};

/* The defaults: connect 10 s, total 120 s, stall 30 s under 100 B/s, 10 redirects, 16 MiB, 200:1 past 1 MiB,
 * 300 KiB and 1000 headers. */
void fetch_limits_init(struct fetch_limits *limits);

#endif
