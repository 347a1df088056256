/* The frontier of one process: a set of fingerprints, queues in memory, and a file for what the budget does not hold. */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "coordinator/crawl/frontier/frontier.h"
#include "coordinator/crawl/frontier/frontier_spill.h"
#include "coordinator/crawl/frontier/url_set.h"

/* A smaller budget is taken as this one. */
#define MEMORY_BYTES_MIN (1u << 20)

struct frontier_local {
    struct frontier base;
    struct url_set *seen;
    struct queues queues;
    struct spill spill;
    char *directory;
    uint64_t waiting, in_flight;
    char text[URL_BYTES_MAX + 1]; /* of the URL popped last */
};

static struct frontier_local *local_of(struct frontier *frontier)
{
    return (struct frontier_local *)(void *)frontier;
}

static const struct frontier_local *local_of_const(const struct frontier *frontier)
{
    return (const struct frontier_local *)(const void *)frontier;
}

static bool local_knows(const struct frontier *frontier, uint64_t fingerprint)
{
    return url_set_has(local_of_const(frontier)->seen, fingerprint);
}

static void local_prefetch(const struct frontier *frontier, uint64_t fingerprint)
{
    url_set_prefetch(local_of_const(frontier)->seen, fingerprint);
}

static enum status local_push_if_new(struct frontier *frontier, uint32_t site, const struct frontier_url *url,
                                     bool is_queued)
{
    struct frontier_local *local = local_of(frontier);
    if (is_queued) {
        if (url_set_has(local->seen, url->fingerprint))
            return STATUS_END;
        enum status status = spill_prepare(&local->spill, site, false);
        if (status != STATUS_OK)
            return status;
    }
    enum url_set_answer answer = url_set_add(local->seen, url->fingerprint);
    if (answer != URL_SET_NEW)
        return answer == URL_SET_KNOWN ? STATUS_END : STATUS_OUT_OF_MEMORY;
    if (is_queued) {
        queues_push(&local->queues, site, url, false);
        local->waiting++;
    }
    return STATUS_OK;
}

static enum status local_pop_due(struct frontier *frontier, uint32_t site, struct frontier_url *url)
{
    struct frontier_local *local = local_of(frontier);
    struct queue_site *record = queues_site(&local->queues, site);
    if (!record || !record->waiting)
        return STATUS_END;
    enum status status = spill_load(&local->spill, site);
    if (status != STATUS_OK)
        return status;
    queues_pop(&local->queues, record, url, local->text);
    local->waiting--;
    local->in_flight++;
    return STATUS_OK;
}

static void local_done(struct frontier *frontier, uint32_t site, const struct frontier_url *url)
{
    (void)site;
    (void)url;
    struct frontier_local *local = local_of(frontier);
    check(local->in_flight);
    local->in_flight--;
}

static enum status local_requeue(struct frontier *frontier, uint32_t site, const struct frontier_url *url)
{
    struct frontier_local *local = local_of(frontier);
    check(local->in_flight);
    enum status status = spill_prepare(&local->spill, site, true);
    if (status != STATUS_OK)
        return status;
    queues_push(&local->queues, site, url, true);
    local->in_flight--;
    local->waiting++;
    return STATUS_OK;
}

static uint64_t local_waiting(const struct frontier *frontier, uint32_t site)
{
    const struct queue_site *record = queues_site(&local_of_const(frontier)->queues, site);
    return record ? record->waiting : 0;
}

static void local_count(const struct frontier *frontier, struct frontier_counts *counts)
{
    const struct frontier_local *local = local_of_const(frontier);
    const struct disk *disk = local->spill.disk;
    *counts = (struct frontier_counts){
        .seen = url_set_count(local->seen),
        .waiting = local->waiting,
        .on_disk = local->spill.on_disk,
        .in_flight = local->in_flight,
        .memory_bytes = sizeof *local + cells_bytes(&local->queues.cells) + (disk ? disk_memory_bytes(disk) : 0),
        .set_bytes = url_set_bytes(local->seen),
        .disk_bytes = disk ? disk_file_bytes(disk) : 0,
    };
}

static void local_close(struct frontier *frontier)
{
    struct frontier_local *local = local_of(frontier);
    disk_close(local->spill.disk);
    cells_close(&local->queues.cells);
    url_set_close(local->seen);
    free(local->directory);
    free(local);
}

static const struct frontier_ops LOCAL_OPS = {
    .name = "local",
    .knows = local_knows,
    .prefetch = local_prefetch,
    .push_if_new = local_push_if_new,
    .pop_due = local_pop_due,
    .done = local_done,
    .requeue = local_requeue,
    .waiting = local_waiting,
    .count = local_count,
    .close = local_close,
};

enum status frontier_local_open(struct frontier **frontier, size_t memory_bytes, const char *directory)
{
    *frontier = NULL;
    struct frontier_local *local = calloc(1, sizeof *local);
    if (!local)
        return STATUS_OUT_OF_MEMORY;
    local->base.ops = &LOCAL_OPS;
    local->seen = url_set_open();
    local->directory = directory ? strdup(directory) : NULL;
    local->spill = (struct spill){.queues = &local->queues,
                                  .directory = local->directory,
                                  .reach = SPILL_REACH_FIRST,
                                  .why = local->base.why,
                                  .why_bytes = sizeof local->base.why};
    if (memory_bytes < MEMORY_BYTES_MIN)
        memory_bytes = MEMORY_BYTES_MIN;
    if (!local->seen || (directory && !local->directory) ||
        !cells_open(&local->queues.cells, memory_bytes - DISK_MEMORY_BYTES - sizeof *local, FRONTIER_OVER_BYTES)) {
        local_close(&local->base);
        return STATUS_OUT_OF_MEMORY;
    }
    *frontier = &local->base;
    return STATUS_OK;
}
