/* frontier_spill.c: which segments leave memory when the budget is used up, and how they come back. */
#include "coordinator/crawl/frontier/frontier_spill.h"

#include <stdio.h>

#include "common/check.h"
#include "coordinator/crawl/frontier/frontier_park.h"

#define REACH_LEAST 16u
#define REACH_MOST (1ull << 40)
#define FREE_SHARE 16u   /* of the budget is made free at a time */
#define LOAD_BYTES 4096u /* small rows come back together */

/* ---- which segments ---- */

static uint32_t next_of(const struct spill *spill, uint32_t node)
{
    return node_at(spill->queues, node)->next;
}

/* Nodes from one on, up to a stub or the end, at most as many as are put at a time. */
static uint32_t count_from(const struct spill *spill, uint32_t node)
{
    uint32_t count = 0;
    while (node != CELL_NONE && !node_at(spill->queues, node)->is_stub && count < DISK_ROWS_A_COMMIT) {
        count++;
        node = next_of(spill, node);
    }
    return count;
}

/* A level as it is seen from its front. */
struct level_view {
    uint32_t cut;  /* first segment beyond the reach before the stub */
    uint32_t cuts; /* how many from there on are before the stub */
    uint32_t stub;
    uint64_t urls; /* of the level; where there is a stub, those behind it are left out */
};

static struct level_view look(const struct spill *spill, uint32_t level, uint64_t ahead)
{
    struct level_view view = {.cut = CELL_NONE, .stub = CELL_NONE};
    for (uint32_t node = level; node != CELL_NONE && view.stub == CELL_NONE; node = next_of(spill, node)) {
        if (node_at(spill->queues, node)->is_stub)
            view.stub = node;
        else if (view.cut != CELL_NONE || ahead + view.urls >= spill->reach) {
            view.cut = view.cut != CELL_NONE ? view.cut : node;
            view.cuts++;
        }
        view.urls += node_urls(spill->queues, node);
    }
    return view;
}

/* What may leave next of a level that has so many URLs of its site ahead; false: nothing. */
static bool plan(const struct spill *spill, uint32_t level, uint64_t ahead, struct spill_move *move)
{
    struct level_view view = look(spill, level, ahead);
    move->level = level;
    move->stub = view.stub;
    move->is_before = false;
    if (view.stub == CELL_NONE) {
        move->first = view.cut;
    } else if (next_of(spill, view.stub) != CELL_NONE && ahead + view.urls >= spill->reach) {
        move->first = next_of(spill, view.stub);
    } else {
        move->first = view.cut;
        move->is_before = true;
        for (; view.cuts > DISK_ROWS_A_COMMIT; view.cuts--)
            move->first = next_of(spill, move->first);
    }
    move->count = count_from(spill, move->first);
    return move->count > 0;
}

/* ---- to disk ---- */

static enum status put_segment(struct spill *spill, uint32_t segment, uint32_t run, uint32_t row)
{
    const struct queue_node *node = node_at(spill->queues, segment);
    struct cells_cursor from = cells_cursor(segment, 0);
    cells_read(&spill->queues->cells, &from, spill->row + ROW_HEAD_BYTES, node->used);
    return spill_put_row(spill, run, row, node->used, node->at, node->urls);
}

static enum status put_move(struct spill *spill, struct spill_move *move)
{
    if (move->stub == CELL_NONE) {
        if (spill->runs == UINT32_MAX) {
            snprintf(spill->why, spill->why_bytes, "the frontier has no more numbers for what it would put on disk");
            return STATUS_SYSTEM;
        }
        move->run = ++spill->runs;
        move->row = ROW_FIRST;
    } else {
        const struct queue_stub *stub = stub_at(spill->queues, move->stub);
        move->run = stub->run;
        move->row = move->is_before ? stub->first - move->count : stub->end;
    }
    uint32_t node = move->first;
    for (uint32_t i = 0; i < move->count; i++, node = next_of(spill, node)) {
        enum status status = put_segment(spill, node, move->run, move->row + i);
        if (status != STATUS_OK) {
            spill->move_count = spill->rows = 0; /* none of them is on disk now */
            return status;
        }
    }
    spill->moves[spill->move_count++] = *move;
    spill->rows += move->count;
    return STATUS_OK;
}

/* ---- after the commit ---- */

/* Gives the cells behind a segment's first back. */
static void free_behind_first(struct queues *queues, uint32_t segment)
{
    const struct queue_node *node = node_at(queues, segment);
    uint32_t count = segment_cells(node) - 1;
    if (count)
        cells_give(&queues->cells, node->next_cell, node->write_cell, count);
}

/* Gives count segments from this one on back; returns the node behind them. */
static uint32_t free_segments(struct queues *queues, uint32_t segment, uint32_t count, uint32_t *urls)
{
    while (count--) {
        const struct queue_node *node = node_at(queues, segment);
        uint32_t next = node->next;
        *urls += node->urls;
        segment_free(queues, segment);
        segment = next;
    }
    return segment;
}

/* The move's first segment becomes a stub, or the one that it stands before; returns how many URLs left memory. */
static uint32_t replace_first(struct queues *queues, const struct spill_move *move)
{
    uint32_t moved = node_urls(queues, move->first);
    free_behind_first(queues, move->first);
    struct queue_stub *stub = stub_at(queues, move->first);
    uint32_t next = free_segments(queues, stub->node.next, move->count - 1, &moved);
    uint32_t last = move->first;
    stub->run = move->run;
    stub->first = move->row;
    stub->end = move->row + move->count;
    stub->urls = moved;
    if (move->is_before) {
        const struct queue_stub *old = stub_at(queues, move->stub);
        check(next == move->stub);
        stub->end = old->end;
        stub->urls += old->urls;
        next = old->node.next;
        if (node_at(queues, move->level)->last != move->stub)
            last = node_at(queues, move->level)->last;
        cells_give(&queues->cells, move->stub, move->stub, 1);
    } else if (next != CELL_NONE) {
        last = node_at(queues, move->level)->last;
    }
    stub->node.next = next;
    stub->node.next_cell = CELL_NONE;
    stub->node.is_stub = true;
    node_at(queues, move->level)->last = last;
    return moved;
}

/* The stub takes in those behind it. */
static uint32_t extend(struct queues *queues, const struct spill_move *move)
{
    struct queue_stub *stub = stub_at(queues, move->stub);
    uint32_t moved = 0;
    stub->node.next = free_segments(queues, move->first, move->count, &moved);
    stub->end += move->count;
    stub->urls += moved;
    if (stub->node.next == CELL_NONE)
        node_at(queues, move->level)->last = move->stub;
    return moved;
}

static enum status commit(struct spill *spill)
{
    enum status status = disk_commit(spill->disk, spill->why, spill->why_bytes);
    for (uint32_t i = 0; i < spill->move_count && status == STATUS_OK; i++) {
        const struct spill_move *move = &spill->moves[i];
        bool is_behind = move->stub != CELL_NONE && !move->is_before;
        spill->on_disk += is_behind ? extend(spill->queues, move) : replace_first(spill->queues, move);
        park_site(spill->queues, move->site);
    }
    spill->move_count = spill->rows = 0;
    return status;
}

/* ---- the sweep ---- */

/* What may leave after this move was committed: on behind the same stub, without a look at all that stands before it. */
static bool plan_next(const struct spill *spill, uint64_t ahead, struct spill_move *move)
{
    if (!move->is_before) {
        move->stub = move->stub != CELL_NONE ? move->stub : move->first;
        move->first = next_of(spill, move->stub);
        move->count = count_from(spill, move->first);
        if (move->count)
            return true;
    }
    return plan(spill, move->level, ahead, move);
}

/* All of a level that is beyond the reach leaves. More than is put at a time is committed at once; less waits for the next. */
static enum status spill_level(struct spill *spill, struct queue_site *site, uint32_t level, uint64_t ahead,
                               uint32_t goal)
{
    enum status status = STATUS_OK;
    struct spill_move move = {.site = site};
    bool is_planned = plan(spill, level, ahead, &move);
    while (status == STATUS_OK && is_planned) {
        bool is_all = move.stub == CELL_NONE && move.count < DISK_ROWS_A_COMMIT;
        if (spill->rows + move.count > DISK_ROWS_A_COMMIT)
            status = commit(spill);
        if (status == STATUS_OK)
            status = put_move(spill, &move);
        if (status != STATUS_OK || is_all)
            break;
        status = commit(spill);
        if (status != STATUS_OK || site->is_parked || cells_left(&spill->queues->cells) >= goal)
            break;
        is_planned = plan_next(spill, ahead, &move);
    }
    return status;
}

static enum status spill_site(struct spill *spill, struct queue_site *site, uint32_t goal)
{
    uint64_t ahead = 0;
    uint32_t level = site->first;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && level != CELL_NONE) {
        uint32_t next = node_at(spill->queues, level)->next_level;
        uint64_t urls = 0;
        for (uint32_t node = level; node != CELL_NONE; node = next_of(spill, node))
            urls += node_urls(spill->queues, node);
        if (ahead + urls > spill->reach)
            status = spill_level(spill, site, level, ahead, goal);
        ahead += urls;
        level = next;
    }
    return status;
}

/* What sweep() does when the moves of so many sites are put. At a reach of 0 sites that have nothing but stubs are parked. */
static enum status end_of_moves(struct spill *spill, const uint32_t *sites, uint32_t *count)
{
    enum status status = commit(spill);
    if (status == STATUS_OK && spill->reach == 0)
        park_lists(spill, sites, *count);
    *count = 0;
    return status;
}

/* Goes round all sites once, from the hand on, until so many cells are free. longest: the most URLs of a site that was seen and is not parked. */
static enum status sweep(struct spill *spill, uint32_t goal, uint64_t *longest)
{
    const struct queues *queues = spill->queues;
    uint64_t end = queues->sites_end;
    uint32_t sites[DISK_ROWS_A_COMMIT];
    uint32_t count = 0;
    struct queue_site *eight = NULL; /* sites lie by eight in a cell */
    enum status status = STATUS_OK;
    *longest = 0;
    for (uint64_t i = 0; i < end && status == STATUS_OK && cells_left(&queues->cells) < goal; i++) {
        spill->hand = spill->hand + 1 < end ? spill->hand + 1 : 0;
        uint32_t among = (uint32_t)(spill->hand % SITES_A_CELL);
        if (i == 0 || among == 0)
            eight = queues_site(queues, (uint32_t)spill->hand - among);
        if (!eight || eight[among].is_parked || !eight[among].waiting)
            continue;
        *longest = eight[among].waiting > *longest ? eight[among].waiting : *longest;
        if (eight[among].waiting <= spill->reach)
            continue;
        status = spill_site(spill, &eight[among], goal);
        sites[count++] = (uint32_t)spill->hand;
        if (status == STATUS_OK && count == DISK_ROWS_A_COMMIT)
            status = end_of_moves(spill, sites, &count);
    }
    return status == STATUS_OK && count ? end_of_moves(spill, sites, &count) : status;
}

/* The reach after one that did not free enough: one that may. */
static uint64_t shorter(uint64_t reach, uint64_t longest)
{
    do {
        reach = reach > REACH_LEAST ? reach / 4 : 0;
    } while (reach && reach >= longest);
    return reach;
}

enum status spill_make_room(struct spill *spill, uint32_t cells_wanted)
{
    const struct cells *cells = &spill->queues->cells;
    if (cells_left(cells) >= cells_wanted)
        return STATUS_OK;
    enum status status =
        spill->disk ? STATUS_OK : disk_open(&spill->disk, spill->directory, spill->why, spill->why_bytes);
    uint32_t goal = cells->limit / FREE_SHARE > cells_wanted ? cells->limit / FREE_SHARE : cells_wanted;
    spill->reach = spill->reach ? spill->reach * 4 : REACH_LEAST;
    while (status == STATUS_OK) {
        uint64_t longest;
        status = sweep(spill, goal, &longest);
        if (cells_left(cells) >= goal || spill->reach == 0)
            break;
        spill->reach = shorter(spill->reach, longest);
    }
    if (spill->reach > REACH_MOST)
        spill->reach = REACH_MOST;
    if (cells_left(cells) >= cells_wanted)
        return STATUS_OK;
    return status != STATUS_OK ? status : STATUS_OUT_OF_MEMORY;
}

/* ---- back from disk ---- */

/* A stub's first row, as a segment. */
static enum status get_segment(struct spill *spill, const struct queue_stub *stub, struct queue_node *segment)
{
    size_t bytes = 0;
    struct row_facts facts = {0, 0};
    enum status status = spill_get_row(spill, stub->run, stub->first, &bytes, &facts);
    if (status != STATUS_OK)
        return status;
    check(facts.urls && facts.urls <= stub->urls);
    *segment = stub->node;
    segment->is_stub = false;
    segment->used = (uint16_t)bytes;
    segment->at = facts.at;
    segment->urls = facts.urls;
    return STATUS_OK;
}

/* Puts the first row of a stub where the stub is, and the rest of the stub behind it. */
static enum status load_row(struct spill *spill, uint32_t level, uint32_t where)
{
    struct queues *queues = spill->queues;
    struct queue_stub stub = *stub_at(queues, where);
    struct queue_node segment;
    enum status status = get_segment(spill, &stub, &segment);
    if (status != STATUS_OK)
        return status;
    if (stub.end - stub.first > 1) {
        uint32_t rest = cells_take(&queues->cells);
        check(rest != CELL_NONE);
        struct queue_stub *behind = stub_at(queues, rest);
        *behind = stub;
        behind->node.next_level = CELL_NONE;
        behind->first++;
        behind->urls -= segment.urls;
        segment.next = rest;
    }
    segment.next_cell = CELL_NONE;
    *node_at(queues, where) = segment;
    struct queue_node *node = node_at(queues, where);
    struct cells_cursor to = cells_cursor(where, 0);
    cells_write(&queues->cells, &to, spill->row + ROW_HEAD_BYTES, segment.at);
    node->read_cell = to.cell;
    cells_write(&queues->cells, &to, spill->row + ROW_HEAD_BYTES + segment.at, (size_t)(segment.used - segment.at));
    node->write_cell = to.cell;
    if (stub.end - stub.first > 1 && node_at(queues, level)->last == where)
        node_at(queues, level)->last = segment.next;
    spill->on_disk -= segment.urls;
    disk_drop(spill->disk, stub.run, stub.first);
    return STATUS_OK;
}

/* As spill_make_room(), for a site that may be parked, or become so meanwhile. */
static enum status make_room_for(struct spill *spill, const struct queue_site *site, uint32_t cells,
                                 bool is_over_allowed)
{
    enum status status = spill_make_room(spill, cells + (site ? park_cells(site) : 0));
    if (status != STATUS_OK && !is_over_allowed)
        return status;
    if (cells_room(&spill->queues->cells) >= cells + (site ? park_cells(site) : 0))
        return STATUS_OK;
    return status != STATUS_OK ? status : STATUS_OUT_OF_MEMORY;
}

enum status spill_prepare(struct spill *spill, uint32_t number, bool is_over_allowed)
{
    struct queue_site *site = queues_site(spill->queues, number);
    enum status status = make_room_for(spill, site, QUEUE_CELLS_A_URL, is_over_allowed);
    return status == STATUS_OK && site ? park_end(spill, number, site) : status;
}

enum status spill_load(struct spill *spill, uint32_t number)
{
    const struct cells *cells = &spill->queues->cells;
    struct queue_site *site = queues_site(spill->queues, number);
    if (!site->is_parked && !node_at(spill->queues, site->first)->is_stub)
        return STATUS_OK;
    enum status status = make_room_for(spill, site, SPILL_CELLS_A_ROW, true);
    if (status == STATUS_OK)
        status = park_end(spill, number, site);
    if (status != STATUS_OK)
        return status;
    uint32_t level = site->first;
    status = load_row(spill, level, level);
    if (status != STATUS_OK)
        return status;
    uint32_t bytes = node_at(spill->queues, level)->used;
    for (uint32_t next = next_of(spill, level);
         bytes < LOAD_BYTES && next != CELL_NONE && node_at(spill->queues, next)->is_stub &&
         cells_left(cells) >= SPILL_CELLS_A_ROW;
         next = next_of(spill, next)) {
        if (load_row(spill, level, next) != STATUS_OK)
            break; /* those that came are enough; it will be asked for again */
        bytes += node_at(spill->queues, next)->used;
    }
    return STATUS_OK;
}
