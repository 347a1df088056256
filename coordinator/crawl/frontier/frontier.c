/* frontier.c: a set of fingerprints, queues in memory, and a file for what the budget does not hold. */
#include "coordinator/crawl/frontier/frontier.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "coordinator/crawl/frontier/frontier_spill.h"
#include "coordinator/crawl/frontier/url_set.h"

/* A smaller budget is taken as this one. */
#define MEMORY_BYTES_MIN (1u << 20)

struct frontier {
    struct url_set *seen;
    struct queues queues;
    struct spill spill;
    char *directory;
    uint64_t waiting, in_flight;
    char why[256];
    char text[URL_BYTES_MAX + 1]; /* of the URL popped last */
};

bool frontier_knows(const struct frontier *frontier, uint64_t fingerprint)
{
    return url_set_has(frontier->seen, fingerprint);
}

void frontier_prefetch(const struct frontier *frontier, uint64_t fingerprint)
{
    url_set_prefetch(frontier->seen, fingerprint);
}

enum status frontier_push(struct frontier *frontier, uint32_t site, const struct frontier_url *url, bool is_queued)
{
    if (is_queued) {
        if (url_set_has(frontier->seen, url->fingerprint))
            return STATUS_END;
        enum status status = spill_prepare(&frontier->spill, site, false);
        if (status != STATUS_OK)
            return status;
    }
    enum url_set_answer answer = url_set_add(frontier->seen, url->fingerprint);
    if (answer != URL_SET_NEW)
        return answer == URL_SET_KNOWN ? STATUS_END : STATUS_OUT_OF_MEMORY;
    if (is_queued) {
        queues_push(&frontier->queues, site, url, false);
        frontier->waiting++;
    }
    return STATUS_OK;
}

enum status frontier_pop(struct frontier *frontier, uint32_t site, struct frontier_url *url)
{
    struct queue_site *record = queues_site(&frontier->queues, site);
    if (!record || !record->waiting)
        return STATUS_END;
    enum status status = spill_load(&frontier->spill, site);
    if (status != STATUS_OK)
        return status;
    queues_pop(&frontier->queues, record, url, frontier->text);
    frontier->waiting--;
    frontier->in_flight++;
    return STATUS_OK;
}

void frontier_done(struct frontier *frontier)
{
    check(frontier->in_flight);
    frontier->in_flight--;
}

enum status frontier_requeue(struct frontier *frontier, uint32_t site, const struct frontier_url *url)
{
    check(frontier->in_flight);
    enum status status = spill_prepare(&frontier->spill, site, true);
    if (status != STATUS_OK)
        return status;
    queues_push(&frontier->queues, site, url, true);
    frontier->in_flight--;
    frontier->waiting++;
    return STATUS_OK;
}

uint64_t frontier_waiting(const struct frontier *frontier, uint32_t site)
{
    const struct queue_site *record = queues_site(&frontier->queues, site);
    return record ? record->waiting : 0;
}

void frontier_count(const struct frontier *frontier, struct frontier_counts *counts)
{
    const struct disk *disk = frontier->spill.disk;
    *counts = (struct frontier_counts){
        .seen = url_set_count(frontier->seen),
        .waiting = frontier->waiting,
        .on_disk = frontier->spill.on_disk,
        .in_flight = frontier->in_flight,
        .memory_bytes = sizeof *frontier + cells_bytes(&frontier->queues.cells) + (disk ? disk_memory_bytes(disk) : 0),
        .set_bytes = url_set_bytes(frontier->seen),
        .disk_bytes = disk ? disk_file_bytes(disk) : 0,
    };
}

void frontier_close(struct frontier *frontier)
{
    if (!frontier)
        return;
    disk_close(frontier->spill.disk);
    cells_close(&frontier->queues.cells);
    url_set_close(frontier->seen);
    free(frontier->directory);
    free(frontier);
}

const char *frontier_why(const struct frontier *frontier)
{
    return frontier->why;
}

enum status frontier_open(struct frontier **out, size_t memory_bytes, const char *directory)
{
    *out = NULL;
    struct frontier *frontier = calloc(1, sizeof *frontier);
    if (!frontier)
        return STATUS_OUT_OF_MEMORY;
    frontier->seen = url_set_open();
    frontier->directory = directory ? strdup(directory) : NULL;
    frontier->spill = (struct spill){.queues = &frontier->queues,
                                     .directory = frontier->directory,
                                     .reach = SPILL_REACH_FIRST,
                                     .why = frontier->why,
                                     .why_bytes = sizeof frontier->why};
    if (memory_bytes < MEMORY_BYTES_MIN)
        memory_bytes = MEMORY_BYTES_MIN;
    if (!frontier->seen || (directory && !frontier->directory) ||
        !cells_open(&frontier->queues.cells, memory_bytes - DISK_MEMORY_BYTES - sizeof *frontier,
                    FRONTIER_OVER_BYTES)) {
        frontier_close(frontier);
        return STATUS_OUT_OF_MEMORY;
    }
    *out = frontier;
    return STATUS_OK;
}
