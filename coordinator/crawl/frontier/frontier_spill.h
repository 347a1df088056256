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

#include "coordinator/crawl/frontier/frontier_rows.h"

/* Cells that a row may take when it comes back. */
#define SPILL_CELLS_A_ROW 68u

#define SPILL_REACH_FIRST (1u << 20)

/* Sees that so many cells are free within the budget. Blocks as long as the disk does. OUT_OF_MEMORY: nothing more can leave; SYSTEM:
 * the disk, in why. Nothing is lost. */
enum status spill_make_room(struct spill *spill, uint32_t cells);

/* Sees that the site, which may be parked, can take one more URL. As above; is_over_allowed: beyond the budget if need be. */
enum status spill_prepare(struct spill *spill, uint32_t site, bool is_over_allowed);

/* Brings the first of the site's URLs back where they are on disk. As above; beyond the budget if need be. */
enum status spill_load(struct spill *spill, uint32_t site);

#endif
