/* retries.h: requests that failed for a reason that may pass, each with the time when it is to be tried again. */
#ifndef SHOAL_RETRIES_H
#define SHOAL_RETRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/base/due_heap.h"

/* Before the first retry; doubled for each one more; give or take half of it. */
#define RETRIES_BACKOFF_MS 500
#define RETRIES_BACKOFF_MAX_MS 60000

/* Begins as all zero. */
struct retries {
    struct due_heap heap;
    uint64_t random;
};

/* Makes room for count members. False when memory is short. */
bool retries_open(struct retries *retries, size_t count);
void retries_close(struct retries *retries); /* accepts all zero; the members stay the caller's */

/* Adds what is not in yet; the more often it was tried, the later it is due. There must be room. */
void retries_add(struct retries *retries, struct due *due, uint32_t tries, int64_t now_ns);

/* Takes it out, if it is in. */
void retries_remove(struct retries *retries, struct due *due);

/* Takes out one that is due by now_ns; NULL: no more. */
struct due *retries_take(struct retries *retries, int64_t now_ns);

/* When the next one is due; DEADLINE_NEVER: none. */
int64_t retries_next_ns(const struct retries *retries);

#endif
