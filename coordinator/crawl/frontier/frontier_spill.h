/* frontier_spill.h: which segments leave memory when the budget is used up, and how they come back.
 *
 * DESIGN. What will be needed last leaves first: of every site, all segments that have more than `reach` URLs before them. The reach is
 * first made four times what it was, then a fourth, again and again, until a sixteenth of the budget is free: so queues that are as long
 * as each other keep as much. At a reach of 0 first segments leave too, and a site of which all is on disk is parked: it keeps no
 * cell. Segments of a level that leave become one stub with those that left before: a run of rows, in order.
 *
 *     before:   segment --> stub 4..7 --> segment --> segment          (a front segment would be row 3)
 *     after:    segment --> stub 4..9
 *
 * Rows are put first, then committed, and only then the segments are given back: an error leaves the queue as it was. */
#ifndef SHOAL_FRONTIER_SPILL_H
#define SHOAL_FRONTIER_SPILL_H

#include "coordinator/crawl/frontier/frontier_disk.h"
#include "coordinator/crawl/frontier/frontier_queue.h"

/* A row: hash of the stream (4 bytes), bytes of it that were read (2), URLs (2), stream. A run begins in the middle of its numbers, for it
 * grows to both sides. */
#define ROW_HEAD_BYTES 8u
#define ROW_FIRST (1u << 31)

/* Cells that a row may take when it comes back. */
#define SPILL_CELLS_A_ROW 68u

/* Segments of one level that are to leave, their rows put and not yet committed. */
struct spill_move {
    struct queue_site *site;
    uint32_t level; /* first node of the level */
    uint32_t stub;  /* that takes them in; CELL_NONE: the first segment becomes one */
    uint32_t first;
    uint32_t count;
    uint32_t run, row; /* of the first */
    bool is_before;    /* they stand before the stub, not behind it */
};

#define SPILL_REACH_FIRST (1u << 20)

/* Begins as all zero but for queues, directory, why and reach. */
struct spill {
    struct queues *queues;
    struct disk *disk;     /* NULL: not needed yet */
    const char *directory; /* NULL: see disk_open() */
    char *why;             /* after SYSTEM; of why_bytes */
    size_t why_bytes;
    uint64_t on_disk; /* URLs */
    uint64_t reach;
    uint64_t hand; /* the site to go on with */
    uint32_t runs; /* begun so far; their numbers begin with 1 */
    struct spill_move moves[DISK_ROWS_A_COMMIT];
    uint32_t move_count;
    uint32_t rows; /* of all moves */
    unsigned char row[ROW_HEAD_BYTES + SEGMENT_BYTES_MAX];
};

/* Sees that so many cells are free within the budget. Blocks as long as the disk does. OUT_OF_MEMORY: nothing more can leave; SYSTEM:
 * the disk, in why. Nothing is lost. */
enum status spill_make_room(struct spill *spill, uint32_t cells);

/* Sees that the site, which may be parked, can take one more URL. As above; is_over_allowed: beyond the budget if need be. */
enum status spill_prepare(struct spill *spill, uint32_t site, bool is_over_allowed);

/* Brings the first of the site's URLs back where they are on disk. As above; beyond the budget if need be. */
enum status spill_load(struct spill *spill, uint32_t site);

/* ---- rows, for frontier_park.c ---- */

struct row_facts {
    uint16_t at, urls;
};

/* Puts a row, whose stream stands in spill->row behind the head. As disk_put(). */
enum status spill_put_row(struct spill *spill, uint32_t run, uint32_t row, size_t stream_bytes, uint16_t at,
                          uint16_t urls);

/* Reads one into spill->row, and checks it. As disk_get(). */
enum status spill_get_row(struct spill *spill, uint32_t run, uint32_t row, size_t *stream_bytes,
                          struct row_facts *facts);

#endif
