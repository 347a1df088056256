/* frontier_cells.c: the memory of the queues. */
#include "coordinator/crawl/frontier/frontier_cells.h"

#include <string.h>
#include <sys/mman.h>

#include "coordinator/base/private_map.h"

#include "common/check.h"

#define CELLS_MAX (UINT32_MAX - 1)
#define PAGE_BYTES 4096u

static uint32_t clamped(size_t cells)
{
    return cells < CELLS_MAX ? (uint32_t)cells : CELLS_MAX;
}

bool cells_open(struct cells *cells, size_t bytes, size_t over_bytes)
{
    *cells = (struct cells){.used = 1};
    cells->limit = clamped(bytes / CELL_BYTES);
    cells->room = clamped(cells->limit + over_bytes / CELL_BYTES);
    size_t mapped = (size_t)cells->room * CELL_BYTES;
    cells->base = private_map(mapped);
    return cells->base != NULL;
}

void cells_close(struct cells *cells)
{
    if (cells->base)
        munmap(cells->base, (size_t)cells->room * CELL_BYTES);
    *cells = (struct cells){.base = NULL};
}

uint32_t cells_room(const struct cells *cells)
{
    return cells->room - cells->used + cells->free_count;
}

uint32_t cells_left(const struct cells *cells)
{
    uint32_t taken = cells->used - cells->free_count;
    return cells->limit > taken ? cells->limit - taken : 0;
}

size_t cells_bytes(const struct cells *cells)
{
    size_t bytes = (size_t)cells->used * CELL_BYTES;
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

uint32_t cells_take(struct cells *cells)
{
    uint32_t cell = cells->free_first;
    if (cell != CELL_NONE) {
        cells->free_first = cell_at(cells, cell)->next;
        cells->free_count--;
    } else if (cells->used < cells->room) {
        cell = cells->used++;
    } else {
        return CELL_NONE;
    }
    cell_at(cells, cell)->next = CELL_NONE;
    return cell;
}

void cells_give(struct cells *cells, uint32_t first, uint32_t last, uint32_t count)
{
    cell_at(cells, last)->next = cells->free_first;
    cells->free_first = first;
    cells->free_count += count;
}

/* ---- streams ---- */

#define FIRST_BYTES (uint32_t)(CELL_BYTES - STREAM_FIRST)
#define NEXT_BYTES (uint32_t)(CELL_BYTES - STREAM_NEXT)

struct cells_cursor cells_cursor(uint32_t cell, uint32_t byte)
{
    if (byte <= FIRST_BYTES)
        return (struct cells_cursor){cell, (uint32_t)STREAM_FIRST + byte};
    return (struct cells_cursor){cell, (uint32_t)STREAM_NEXT + (byte - FIRST_BYTES - 1) % NEXT_BYTES + 1};
}

uint32_t cells_of_stream(uint32_t bytes)
{
    return bytes <= FIRST_BYTES ? 1 : 1 + (bytes - FIRST_BYTES + NEXT_BYTES - 1) / NEXT_BYTES;
}

/* Moves on to the next cell where this one is at its end; returns how many of the bytes wanted it holds. */
static size_t piece(const struct cells *cells, struct cells_cursor *cursor, size_t bytes)
{
    if (cursor->at == CELL_BYTES && bytes) {
        cursor->cell = cell_at(cells, cursor->cell)->next;
        cursor->at = STREAM_NEXT;
    }
    return bytes < CELL_BYTES - cursor->at ? bytes : CELL_BYTES - cursor->at;
}

void cells_read(const struct cells *cells, struct cells_cursor *cursor, void *to, size_t bytes)
{
    unsigned char *out = to;
    while (bytes) {
        size_t count = piece(cells, cursor, bytes);
        memcpy(out, cell_at(cells, cursor->cell)->bytes + cursor->at, count);
        cursor->at += (uint32_t)count;
        out += count;
        bytes -= count;
    }
}

void cells_skip(const struct cells *cells, struct cells_cursor *cursor, size_t bytes)
{
    while (bytes) {
        size_t count = piece(cells, cursor, bytes);
        cursor->at += (uint32_t)count;
        bytes -= count;
    }
}

void cells_write(struct cells *cells, struct cells_cursor *cursor, const void *from, size_t bytes)
{
    const unsigned char *in = from;
    while (bytes) {
        if (cursor->at == CELL_BYTES) {
            uint32_t more = cells_take(cells);
            check(more != CELL_NONE);
            cell_at(cells, cursor->cell)->next = more;
        }
        size_t count = piece(cells, cursor, bytes);
        memcpy(cell_at(cells, cursor->cell)->bytes + cursor->at, in, count);
        cursor->at += (uint32_t)count;
        in += count;
        bytes -= count;
    }
}

size_t cells_match(const struct cells *cells, struct cells_cursor cursor, const char *text, size_t bytes)
{
    size_t same = 0;
    while (same < bytes) {
        size_t count = piece(cells, &cursor, bytes - same);
        const unsigned char *theirs = cell_at(cells, cursor.cell)->bytes + cursor.at;
        size_t i = 0;
        while (i < count && theirs[i] == (unsigned char)text[same + i])
            i++;
        same += i;
        if (i < count)
            break;
        cursor.at += (uint32_t)count;
    }
    return same;
}
