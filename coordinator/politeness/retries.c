/* retries.c: requests that failed for a reason that may pass, each with the time when it is to be tried again. */
#include "coordinator/politeness/retries.h"

#include <sys/random.h>

#include "common/clock.h"

bool retries_open(struct retries *retries, size_t count)
{
    if (getrandom(&retries->random, sizeof retries->random, GRND_NONBLOCK) < 0) {
        retries->random = (uint64_t)clock_now_ns();
    }
    retries->random |= 1; /* xorshift stays at zero */
    return due_heap_reserve(&retries->heap, count);
}

void retries_close(struct retries *retries)
{
    due_heap_free(&retries->heap);
}

static uint64_t next_random(struct retries *retries)
{
    uint64_t random = retries->random;
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return retries->random = random;
}

/* Exponential with jitter, so that what failed together does not come back together. */
static int64_t backoff_ns(struct retries *retries, uint32_t tries)
{
    int64_t ms = RETRIES_BACKOFF_MS;
    for (uint32_t i = 1; i < tries && ms < RETRIES_BACKOFF_MAX_MS; i++) {
        ms *= 2;
    }
    int64_t ns = ms * NS_PER_MS / 2 + (int64_t)(next_random(retries) % (uint64_t)(ms * NS_PER_MS));
    return ns < RETRIES_BACKOFF_MAX_MS * NS_PER_MS ? ns : RETRIES_BACKOFF_MAX_MS * NS_PER_MS;
}

void retries_add(struct retries *retries, struct due *due, uint32_t tries, int64_t now_ns)
{
    due_heap_push(&retries->heap, due, now_ns + backoff_ns(retries, tries));
}

void retries_remove(struct retries *retries, struct due *due)
{
    due_heap_remove(&retries->heap, due);
}

struct due *retries_take(struct retries *retries, int64_t now_ns)
{
    struct due *due = due_heap_first(&retries->heap);
    if (due == NULL || due->at_ns > now_ns)
        return NULL;
    due_heap_remove(&retries->heap, due);
    return due;
}

int64_t retries_next_ns(const struct retries *retries)
{
    return due_heap_next_ns(&retries->heap);
}
