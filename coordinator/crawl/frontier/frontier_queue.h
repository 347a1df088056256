/* frontier_queue.h: the queues of all sites, as far as they lie in memory: each by depth, then in order of arrival; what came back
 * before all others.
 *
 *     site --> level, depth 1 --------------> level, depth 2 ---------> ...      what came back: a level of its own, before the others
 *              segment --> segment            segment --> stub --> segment       the stub stands for what is on disk
 *
 * A site takes 16 bytes, in cells of eight that a tree of branches leads to; a URL alone in its queue takes one cell, of 128, up to 76
 * bytes of URL. */
#ifndef SHOAL_FRONTIER_QUEUE_H
#define SHOAL_FRONTIER_QUEUE_H

#include "coordinator/crawl/frontier/frontier.h"
#include "coordinator/crawl/frontier/frontier_cells.h"
#include "coordinator/crawl/frontier/frontier_record.h"

/* A segment's stream: as much of a site comes from disk and stays in memory at a time. Where there are so many sites that a fourth of the
 * budget would not hold one of each, less. The most is what, with all that a row has besides it, fills two pages of the database. */
#define SEGMENT_BYTES_MAX 8000u
#define SEGMENT_BYTES_MIN 512u

/* Cells that one URL may take at most, with those of a site that is new. */
#define QUEUE_CELLS_A_URL 48u

struct queues {
    struct cells cells;
    uint32_t root; /* of the tree of sites; CELL_NONE: there are none */
    uint32_t height;
    uint64_t sites_end; /* all sites are below */
    uint32_t
        segment_bytes; /* a segment is full with so many, but for one that has a longer URL alone; 0: there are no sites */
};

/* The site's record, NULL: it never had a URL. Stays where it is. */
struct queue_site *queues_site(const struct queues *queues, uint32_t site);

/* Puts a URL behind those of its depth; is_front: before all others. The caller has seen that there are QUEUE_CELLS_A_URL, and that
 * the site is not parked. */
void queues_push(struct queues *queues, uint32_t site, const struct frontier_url *url, bool is_front);

/* Takes the site's first URL, which is in memory: its first node is a segment. text[URL_BYTES_MAX + 1] takes the URL itself. */
void queues_pop(struct queues *queues, struct queue_site *site, struct frontier_url *url, char *text);

/* What the segment that begins in this cell takes, and giving it back. */
uint32_t segment_cells(const struct queue_node *node);
void segment_free(struct queues *queues, uint32_t segment);

static inline struct queue_node *node_at(const struct queues *queues, uint32_t node)
{
    return &cell_at(&queues->cells, node)->node;
}

static inline struct queue_stub *stub_at(const struct queues *queues, uint32_t stub)
{
    return &cell_at(&queues->cells, stub)->stub;
}

/* URLs of a segment or a stub. */
static inline uint32_t node_urls(const struct queues *queues, uint32_t node)
{
    const union cell *cell = cell_at(&queues->cells, node);
    return cell->node.is_stub ? cell->stub.urls : cell->node.urls;
}

#endif
