/* frontier_cells.h: the memory of the queues: cells of 128 bytes, all alike, so that whatever one queue gives back is of use to any other,
 * and the budget holds to the byte. One mapping of the whole budget, of which the pages are touched as they are needed and then kept;
 * MADV_DONTFORK. A cell is named by its number; 0 is none.
 *
 *     stream:   +------+--------------+     +------+--------------+     +------+--------------+
 *               | next | node | bytes | --> | next |     bytes    | --> |   0  | bytes |      |
 *               +------+--------------+     +------+--------------+     +------+--------------+
 *
 * What a cell may hold: a segment (a node, then a stream of packed URLs that goes on in further cells), a stub (which stands for
 * segments on disk), the records of eight sites, or a branch of the tree that leads to those. */
#ifndef SHOAL_FRONTIER_CELLS_H
#define SHOAL_FRONTIER_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELL_BYTES 128u
#define CELL_NONE 0u

/* A run of URLs of one depth, in order. The nodes of one depth of a site are a level; the site's levels are in order of depth. Behind the
 * first node of a level there is at most one stub. */
struct queue_node {
    uint32_t next_cell;  /* of a segment's stream */
    uint32_t next;       /* in the level */
    uint32_t next_level; /* of a level's first node: the first of the next */
    uint32_t last;       /* of a level's first node: its last */
    uint32_t depth;
    uint32_t write_cell, read_cell; /* of a segment: the cells of the last byte written, the last read; else its own */
    uint16_t used, at;              /* of a segment: bytes written, bytes read */
    uint16_t urls;                  /* of a segment: not read yet */
    uint8_t is_stub;
    uint8_t is_front; /* came back: before all depths */
};

struct queue_stub {
    struct queue_node node;
    uint32_t run;        /* its rows on disk: see frontier_disk.h */
    uint32_t first, end; /* their numbers */
    uint32_t urls;
};

/* PARKED: all that it has is on disk, and it takes no cell: see frontier_park.h. */
enum queue_parked { PARKED_NOT, PARKED_ROW, PARKED_LIST };

struct queue_site {
    uint32_t first; /* node of its first level; PARKED_ROW: the run of its only row */
    uint32_t
        deepest; /* first node of its last level, but for those that came back; PARKED_ROW: the depth, PARKED_LIST: levels */
    uint32_t waiting;
    uint8_t is_parked; /* enum queue_parked */
    uint8_t is_front;  /* PARKED_ROW: that came back */
    uint16_t pad;
};

#define SITES_A_CELL (CELL_BYTES / sizeof(struct queue_site))
#define BRANCHES_A_CELL (CELL_BYTES / sizeof(uint32_t))

union cell {
    uint32_t next;
    unsigned char bytes[CELL_BYTES];
    struct queue_node node;
    struct queue_stub stub;
    struct queue_site sites[SITES_A_CELL];
    uint32_t branches[BRANCHES_A_CELL];
};

_Static_assert(sizeof(union cell) == CELL_BYTES && sizeof(struct queue_site) == 16, "cells are packed");

#define STREAM_FIRST sizeof(struct queue_node) /* where a stream begins in its first cell, */
#define STREAM_NEXT sizeof(uint32_t)           /* and in the others */

struct cells {
    union cell *base;
    uint32_t used;  /* touched so far, cell 0 too */
    uint32_t limit; /* the budget */
    uint32_t room;  /* mapped */
    uint32_t free_first, free_count;
};

/* Maps memory for so many bytes, and for over_bytes beyond the budget. False when memory is short. */
bool cells_open(struct cells *cells, size_t bytes, size_t over_bytes);
void cells_close(struct cells *cells); /* accepts all zero */

static inline union cell *cell_at(const struct cells *cells, uint32_t cell)
{
    return &cells->base[cell];
}

uint32_t cells_left(const struct cells *cells); /* within the budget */
uint32_t cells_room(const struct cells *cells); /* in all */
size_t cells_bytes(const struct cells *cells);  /* touched */

/* A cell, its contents undefined but for next: none; CELL_NONE: no room. */
uint32_t cells_take(struct cells *cells);

/* Gives a chain of count cells back, from first to last. */
void cells_give(struct cells *cells, uint32_t first, uint32_t last, uint32_t count);

/* ---- streams ---- */

/* A place in a stream: `at` bytes into a cell; at the end of one rather than at the beginning of the next. */
struct cells_cursor {
    uint32_t cell;
    uint32_t at;
};

/* The place of byte number `byte` in a stream, when the cell of the byte before it is known. */
struct cells_cursor cells_cursor(uint32_t cell, uint32_t byte);

/* How many cells a stream of so many bytes takes. */
uint32_t cells_of_stream(uint32_t bytes);

void cells_read(const struct cells *cells, struct cells_cursor *cursor, void *to, size_t bytes);
void cells_skip(const struct cells *cells, struct cells_cursor *cursor, size_t bytes);

/* Writes, and takes the cells that it needs: the caller has seen that there is room. */
void cells_write(struct cells *cells, struct cells_cursor *cursor, const void *from, size_t bytes);

/* How many of the first bytes of text equal those at the cursor. */
size_t cells_match(const struct cells *cells, struct cells_cursor cursor, const char *text, size_t bytes);

#endif
