/* frontier_queue.c: the queues of all sites, as far as they lie in memory. */
#include "coordinator/crawl/frontier/frontier_queue.h"

#include <string.h>

#include "common/check.h"

/* ---- sites: a tree whose leaves are cells of eight ---- */

#define BRANCH_BITS 5u
_Static_assert(BRANCHES_A_CELL == 1u << BRANCH_BITS, "a branch is as many bits of a site's number");

static uint32_t group_of(uint32_t site)
{
    return site / (uint32_t)SITES_A_CELL;
}

static bool is_within(const struct queues *queues, uint32_t group)
{
    return (uint64_t)group >> BRANCH_BITS * queues->height == 0;
}

static uint32_t branch_of(uint32_t group, uint32_t level)
{
    return group >> BRANCH_BITS * level & (BRANCHES_A_CELL - 1);
}

struct queue_site *queues_site(const struct queues *queues, uint32_t site)
{
    uint32_t group = group_of(site);
    if (!is_within(queues, group))
        return NULL;
    uint32_t cell = queues->root;
    for (uint32_t level = queues->height; level-- > 0 && cell != CELL_NONE;)
        cell = cell_at(&queues->cells, cell)->branches[branch_of(group, level)];
    return cell != CELL_NONE ? &cell_at(&queues->cells, cell)->sites[site % SITES_A_CELL] : NULL;
}

static uint32_t take_clear(struct queues *queues)
{
    uint32_t cell = cells_take(&queues->cells);
    check(cell != CELL_NONE);
    memset(cell_at(&queues->cells, cell), 0, CELL_BYTES);
    return cell;
}

static void count_sites(struct queues *queues, uint64_t end)
{
    queues->sites_end = end;
    uint64_t share = (uint64_t)queues->cells.limit * CELL_BYTES / 4 / end;
    share = share > SEGMENT_BYTES_MIN ? share : SEGMENT_BYTES_MIN;
    queues->segment_bytes = share < SEGMENT_BYTES_MAX ? (uint32_t)share : SEGMENT_BYTES_MAX;
}

static struct queue_site *make_site(struct queues *queues, uint32_t site)
{
    uint32_t group = group_of(site);
    while (!is_within(queues, group)) {
        if (queues->root != CELL_NONE) {
            uint32_t above = take_clear(queues);
            cell_at(&queues->cells, above)->branches[0] = queues->root;
            queues->root = above;
        }
        queues->height++;
    }
    uint32_t *cell = &queues->root;
    for (uint32_t level = queues->height;; level--) {
        if (*cell == CELL_NONE)
            *cell = take_clear(queues);
        if (level == 0)
            break;
        cell = &cell_at(&queues->cells, *cell)->branches[branch_of(group, level - 1)];
    }
    if (queues->sites_end <= site)
        count_sites(queues, (uint64_t)site + 1);
    return &cell_at(&queues->cells, *cell)->sites[site % SITES_A_CELL];
}

/* ---- segments ---- */

uint32_t segment_cells(const struct queue_node *node)
{
    return cells_of_stream(node->used);
}

void segment_free(struct queues *queues, uint32_t segment)
{
    const struct queue_node *node = node_at(queues, segment);
    cells_give(&queues->cells, segment, node->write_cell, segment_cells(node));
}

static uint32_t make_node(struct queues *queues, uint32_t depth, bool is_front)
{
    uint32_t at = cells_take(&queues->cells);
    check(at != CELL_NONE);
    *node_at(queues, at) =
        (struct queue_node){.last = at, .depth = depth, .write_cell = at, .read_cell = at, .is_front = is_front};
    return at;
}

/* Where the URL of a segment's first record lies, which the others are told by, and how long it is. Its head is always in the first cell. */
static struct cells_cursor anchor(const struct queues *queues, uint32_t segment, size_t *bytes)
{
    struct frontier_url first;
    size_t shared;
    size_t head = record_unpack(cell_at(&queues->cells, segment)->bytes + STREAM_FIRST, &first, &shared);
    *bytes = first.url_bytes;
    return (struct cells_cursor){segment, (uint32_t)(STREAM_FIRST + head)};
}
_Static_assert(STREAM_FIRST + RECORD_HEAD_BYTES_MAX <= CELL_BYTES, "the first head is in the first cell");

/* False: it is full. */
static bool append(struct queues *queues, uint32_t segment, const struct frontier_url *url)
{
    struct queue_node *node = node_at(queues, segment);
    size_t shared = 0;
    if (node->used) {
        size_t anchor_bytes;
        struct cells_cursor from = anchor(queues, segment, &anchor_bytes);
        shared =
            cells_match(&queues->cells, from, url->url, anchor_bytes < url->url_bytes ? anchor_bytes : url->url_bytes);
    }
    unsigned char head[RECORD_HEAD_BYTES_MAX];
    size_t head_bytes = record_pack(head, url, shared);
    size_t rest = url->url_bytes - shared;
    if (node->used && node->used + head_bytes + rest > queues->segment_bytes)
        return false;
    struct cells_cursor to = cells_cursor(node->write_cell, node->used);
    cells_write(&queues->cells, &to, head, head_bytes);
    cells_write(&queues->cells, &to, url->url + shared, rest);
    node->write_cell = to.cell;
    node->used = (uint16_t)(node->used + head_bytes + rest);
    node->urls++;
    return true;
}

/* ---- levels ---- */

/* Links a new level behind another one, or before all. */
static uint32_t add_level(struct queues *queues, struct queue_site *site, uint32_t before, uint32_t depth,
                          bool is_front)
{
    uint32_t level = make_node(queues, depth, is_front);
    uint32_t *link = before != CELL_NONE ? &node_at(queues, before)->next_level : &site->first;
    struct queue_node *node = node_at(queues, level);
    node->next_level = *link;
    *link = level;
    if (node->next_level == CELL_NONE && !is_front)
        site->deepest = level;
    return level;
}

/* The level of a depth, made if there is none. */
static uint32_t level_of(struct queues *queues, struct queue_site *site, uint32_t depth)
{
    uint32_t before = CELL_NONE;
    uint32_t level = site->first;
    if (site->deepest != CELL_NONE && node_at(queues, site->deepest)->depth <= depth) {
        before = site->deepest; /* nearly always: pages lead deeper */
        level = site->deepest;
    }
    while (level != CELL_NONE) {
        const struct queue_node *node = node_at(queues, level);
        if (!node->is_front && node->depth >= depth)
            break;
        before = level;
        level = node->next_level;
    }
    if (level != CELL_NONE && node_at(queues, level)->depth == depth)
        return level;
    return add_level(queues, site, before, depth, false);
}

void queues_push(struct queues *queues, uint32_t number, const struct frontier_url *url, bool is_front)
{
    struct queue_site *site = make_site(queues, number);
    check(!site->is_parked && url->url_bytes <= URL_BYTES_MAX && url->referrer >> 48 == 0);
    uint32_t level =
        is_front ? add_level(queues, site, CELL_NONE, url->depth, true) : level_of(queues, site, url->depth);
    struct queue_node *first = node_at(queues, level);
    if (node_at(queues, first->last)->is_stub || !append(queues, first->last, url)) {
        uint32_t segment = make_node(queues, url->depth, false);
        node_at(queues, first->last)->next = segment;
        first->last = segment;
        check(append(queues, segment, url));
    }
    site->waiting++;
}

/* The site's first node is empty. */
static void remove_first(struct queues *queues, struct queue_site *site)
{
    uint32_t gone = site->first;
    const struct queue_node *node = node_at(queues, gone);
    uint32_t next = node->next;
    if (next != CELL_NONE) {
        struct queue_node *heir = node_at(queues, next);
        heir->next_level = node->next_level;
        heir->last = node->last;
        heir->is_front = node->is_front;
    }
    if (site->deepest == gone)
        site->deepest = next;
    site->first = next != CELL_NONE ? next : node->next_level;
    segment_free(queues, gone);
}

void queues_pop(struct queues *queues, struct queue_site *site, struct frontier_url *url, char *text)
{
    struct queue_node *node = node_at(queues, site->first);
    check(!site->is_parked && !node->is_stub && node->urls);
    const struct cells *cells = &queues->cells;
    struct cells_cursor from = cells_cursor(node->read_cell, node->at);
    unsigned char head[RECORD_HEAD_BYTES_MAX] = {0};
    struct cells_cursor ahead = from;
    size_t left = (size_t)(node->used - node->at);
    cells_read(cells, &ahead, head, left < sizeof head ? left : sizeof head);

    size_t shared;
    size_t head_bytes = record_unpack(head, url, &shared);
    cells_skip(cells, &from, head_bytes);
    if (shared) {
        size_t anchor_bytes;
        struct cells_cursor first = anchor(queues, site->first, &anchor_bytes);
        cells_read(cells, &first, text, shared);
    }
    cells_read(cells, &from, text + shared, url->url_bytes - shared);
    text[url->url_bytes] = '\0';
    url->url = text;
    url->depth = node->depth;
    node->read_cell = from.cell;
    node->at = (uint16_t)(node->at + head_bytes + url->url_bytes - shared);
    site->waiting--;
    if (--node->urls == 0)
        remove_first(queues, site);
}
