/* frontier_park.h: sites that keep no cell, for all that waits there is on disk. One row alone is named by the site's own record; anything
 * more is told by a row that lists the site's stubs. */
#ifndef SHOAL_FRONTIER_PARK_H
#define SHOAL_FRONTIER_PARK_H

#include "coordinator/crawl/frontier/frontier_rows.h"

/* Parks a site if all it has is one row. */
void park_site(struct queues *queues, struct queue_site *site);

/* Parks all of those sites that have nothing but stubs, at most DISK_ROWS_A_COMMIT; what fails stays as it is. Nothing else is waiting to be
 * committed. */
void park_lists(struct spill *spill, const uint32_t *sites, uint32_t count);

/* The cells that a site takes when it is not parked any more. */
uint32_t park_cells(const struct queue_site *site);

/* Gives a parked site its stubs back, for which there is room; others are left alone. OUT_OF_MEMORY or SYSTEM: it stays parked. */
enum status park_end(struct spill *spill, uint32_t number, struct queue_site *site);

#endif
