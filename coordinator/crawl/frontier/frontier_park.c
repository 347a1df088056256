/* frontier_park.c: sites that keep no cell, for all that waits there is on disk. */
#include "coordinator/crawl/frontier/frontier_park.h"

#include <string.h>

#include "common/check.h"

/* A level that is one stub, as it stands in a list's row. */
struct parked_level {
    uint32_t depth, is_front;
    uint32_t run, first, end, urls;
};

#define LEVELS_MAX (SEGMENT_BYTES_MAX / sizeof(struct parked_level))

/* Lists are rows of a run that is no segment's; their numbers are those of the sites. */
#define LIST_RUN 0u

void park_site(struct queues *queues, struct queue_site *site)
{
    if (site->is_parked || site->first == CELL_NONE || !node_at(queues, site->first)->is_stub)
        return;
    const struct queue_stub *stub = stub_at(queues, site->first);
    if (stub->node.next != CELL_NONE || stub->node.next_level != CELL_NONE || stub->first != ROW_FIRST ||
        stub->end != ROW_FIRST + 1)
        return;
    uint32_t cell = site->first;
    site->is_parked = PARKED_ROW;
    site->is_front = stub->node.is_front;
    site->first = stub->run;
    site->deepest = stub->node.depth;
    cells_give(&queues->cells, cell, cell, 1);
}

/* The site's levels as a row; how many, 0: it has something else, or too much. */
static uint32_t list_levels(struct spill *spill, const struct queue_site *site)
{
    uint32_t count = 0;
    if (site->is_parked)
        return 0;
    for (uint32_t level = site->first; level != CELL_NONE; level = node_at(spill->queues, level)->next_level) {
        const struct queue_stub *stub = stub_at(spill->queues, level);
        if (!stub->node.is_stub || stub->node.next != CELL_NONE || count == LEVELS_MAX)
            return 0;
        struct parked_level parked = {stub->node.depth, stub->node.is_front, stub->run,
                                      stub->first,      stub->end,           stub->urls};
        memcpy(spill->row + ROW_HEAD_BYTES + count * sizeof parked, &parked, sizeof parked);
        count++;
    }
    return count;
}

void park_lists(struct spill *spill, const uint32_t *sites, uint32_t count)
{
    uint32_t levels[DISK_ROWS_A_COMMIT] = {0};
    check(count <= DISK_ROWS_A_COMMIT);
    for (uint32_t i = 0; i < count; i++) {
        levels[i] = list_levels(spill, queues_site(spill->queues, sites[i]));
        if (levels[i] && spill_put_row(spill, LIST_RUN, sites[i], levels[i] * sizeof(struct parked_level), 0,
                                       (uint16_t)levels[i]) != STATUS_OK)
            return;
    }
    if (disk_commit(spill->disk, spill->why, spill->why_bytes) != STATUS_OK)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (!levels[i])
            continue;
        struct queue_site *site = queues_site(spill->queues, sites[i]);
        for (uint32_t level = site->first; level != CELL_NONE;) {
            uint32_t next = node_at(spill->queues, level)->next_level;
            cells_give(&spill->queues->cells, level, level, 1);
            level = next;
        }
        site->is_parked = PARKED_LIST;
        site->first = CELL_NONE;
        site->deepest = levels[i];
    }
}

uint32_t park_cells(const struct queue_site *site)
{
    return site->is_parked == PARKED_LIST ? site->deepest : site->is_parked == PARKED_ROW ? 1 : 0;
}

/* Links a level that is one stub behind the last one. */
static uint32_t add_stub(struct spill *spill, struct queue_site *site, uint32_t before,
                         const struct parked_level *level)
{
    uint32_t cell = cells_take(&spill->queues->cells);
    check(cell != CELL_NONE);
    *stub_at(spill->queues, cell) = (struct queue_stub){
        .node = {.last = cell, .depth = level->depth, .is_stub = true, .is_front = level->is_front != 0},
        .run = level->run,
        .first = level->first,
        .end = level->end,
        .urls = level->urls,
    };
    if (before != CELL_NONE)
        node_at(spill->queues, before)->next_level = cell;
    else
        site->first = cell;
    site->deepest = level->is_front ? CELL_NONE : cell;
    return cell;
}

static enum status end_list(struct spill *spill, uint32_t number, struct queue_site *site)
{
    size_t bytes;
    struct row_facts facts;
    enum status status = spill_get_row(spill, LIST_RUN, number, &bytes, &facts);
    if (status != STATUS_OK)
        return status;
    check(facts.urls == site->deepest && bytes == facts.urls * sizeof(struct parked_level));
    uint32_t before = CELL_NONE;
    for (uint32_t i = 0; i < facts.urls; i++) {
        struct parked_level level;
        memcpy(&level, spill->row + ROW_HEAD_BYTES + i * sizeof level, sizeof level);
        before = add_stub(spill, site, before, &level);
    }
    site->is_parked = PARKED_NOT;
    disk_drop(spill->disk, LIST_RUN, number);
    return STATUS_OK;
}

enum status park_end(struct spill *spill, uint32_t number, struct queue_site *site)
{
    if (site->is_parked == PARKED_LIST)
        return end_list(spill, number, site);
    if (site->is_parked == PARKED_ROW) {
        struct parked_level level = {site->deepest, site->is_front, site->first,
                                     ROW_FIRST,     ROW_FIRST + 1,  site->waiting};
        add_stub(spill, site, CELL_NONE, &level);
        site->is_parked = PARKED_NOT;
    }
    return STATUS_OK;
}
