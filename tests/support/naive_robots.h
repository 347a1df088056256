/* A second reading of RFC 9309, to compare coordinator/crawl/rules/robots.c with: octet by octet, all rules one by one, a
 * table for the wildcards; slow and short. No UTF-16. */
#ifndef SHOAL_TESTS_NAIVE_ROBOTS_H
#define SHOAL_TESTS_NAIVE_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct naive_verdict {
    bool is_allowed;
    uint32_t line; /* 0: no rule */
};

/* path: not empty, of at most NAIVE_PATH_BYTES_MAX bytes, without '#'. Rules of more than 16 KiB count as not matching. */
#define NAIVE_PATH_BYTES_MAX 512
struct naive_verdict naive_robots_judge(const char *text, size_t bytes, bool is_cut, const char *token,
                                        const char *path, size_t path_bytes);

#endif
