/* map.c: results in the order of the input, with a bounded number of futures ahead. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/executor/pool.h"

struct executor_map {
    struct executor *executor;
    executor_map_next_url *next;
    void *context;
    struct future **ahead; /* a ring of submitted futures, the oldest first */
    size_t ahead_max;
    size_t first;
    size_t count;
    char *unsent;           /* a URL taken from the input that could not be submitted yet */
    struct future *yielded; /* its result is the caller's until the next call */
    int64_t deadline_ns;
    bool at_end;
};

enum status executor_map(struct executor *executor, executor_map_next_url *next, void *context, size_t ahead_max,
                         int64_t timeout_ms, struct executor_map **out)
{
    *out = NULL;
    struct executor_map *map = calloc(1, sizeof *map);
    if (!map)
        return STATUS_OUT_OF_MEMORY;
    map->executor = executor;
    map->next = next;
    map->context = context;
    map->ahead_max = ahead_max ? ahead_max : executor->options.pending_max;
    map->deadline_ns = clock_deadline_ns(timeout_ms);
    map->ahead = calloc(map->ahead_max, sizeof(struct future *));
    if (!map->ahead) {
        free(map);
        return STATUS_OUT_OF_MEMORY;
    }
    *out = map;
    return STATUS_OK;
}

static int64_t left_ms(const struct executor_map *map)
{
    return map->deadline_ns == DEADLINE_NEVER ? -1 : clock_left_ms(map->deadline_ns, INT32_MAX);
}

/* The input cannot take a URL back, so it waits here for the next call. */
static enum status keep_unsent(struct executor_map *map, const char *url, enum status status)
{
    if (!map->unsent)
        map->unsent = strdup(url);
    return map->unsent ? status : STATUS_OUT_OF_MEMORY;
}

/* Submits as far ahead as is allowed. */
static enum status refill(struct executor_map *map)
{
    while (!map->at_end && map->count < map->ahead_max) {
        const char *url = map->unsent ? map->unsent : map->next(map->context);
        if (!url) {
            map->at_end = true;
            break;
        }
        struct future *future;
        const struct request request = {.url = url};
        enum status status = executor_submit(map->executor, &request, left_ms(map), &future);
        if (status != STATUS_OK)
            return keep_unsent(map, url, status);
        free(map->unsent);
        map->unsent = NULL;
        map->ahead[(map->first + map->count++) % map->ahead_max] = future;
    }
    return STATUS_OK;
}

enum status executor_map_next(struct executor_map *map, const struct fetch_result **result)
{
    *result = NULL;
    future_release(map->yielded);
    map->yielded = NULL;
    enum status status = refill(map);
    if (status == STATUS_WOULD_BLOCK) /* the time of the whole map is over */
        status = STATUS_TIMEOUT;
    bool may_yield = status == STATUS_SHUT_DOWN || status == STATUS_BROKEN || status == STATUS_TIMEOUT;
    if (status != STATUS_OK && (map->count == 0 || !may_yield)) /* what was submitted before that is yielded first */
        return status;
    if (map->count == 0)
        return STATUS_END;
    struct future *future = map->ahead[map->first];
    status = future_result(future, left_ms(map), result);
    if (!*result)
        return status; /* not done: it stays the next */
    map->first = (map->first + 1) % map->ahead_max;
    map->count--;
    map->yielded = future;
    return status;
}

void executor_map_close(struct executor_map *map)
{
    if (!map)
        return;
    future_release(map->yielded);
    for (; map->count > 0; map->count--) {
        struct future *future = map->ahead[map->first];
        map->first = (map->first + 1) % map->ahead_max;
        future_cancel(future);
        future_release(future);
    }
    free(map->unsent);
    free(map->ahead);
    free(map);
}
