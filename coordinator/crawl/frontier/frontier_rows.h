/* frontier_rows.h: rows of the frontier on disk, and what is to become of them: segments that leave memory, and sites that are parked. */
#ifndef SHOAL_FRONTIER_ROWS_H
#define SHOAL_FRONTIER_ROWS_H

#include "coordinator/crawl/frontier/frontier_disk.h"
#include "coordinator/crawl/frontier/frontier_queue.h"

/* A row: hash of the stream (4 bytes), bytes of it that were read (2), URLs (2), stream. A run begins in the middle of its numbers, for it
 * grows to both sides. */
#define ROW_HEAD_BYTES 8u
#define ROW_FIRST (1u << 31)

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
