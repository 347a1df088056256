/* extent.h: the stretch of the body segment that belongs to a slot.
 *
 *     0              url_bytes        head_bytes = extent_body_start()
 *     +-----------------+----------------+-----------------------+----------------+-----------------+-------------+
 *     | URL NUL         | request lines  | effective URL NUL     | answer headers | body ...        | page        | stride
 *     +-----------------+----------------+-----------------------+----------------+-----------------+-------------+
 *       coordinator       coordinator      worker, if redirected   worker, if kept  worker, if kept   worker: page.h
 *
 * Virtual space is fixed, pages are not: they are reserved before they are written (a full /dev/shm is then an answer,
 * never a SIGBUS) and given back when a large body was collected. */
#ifndef SHOAL_EXTENT_H
#define SHOAL_EXTENT_H

#include <stdbool.h>

#include "common/shared.h"

#define EXTENT_WARM_BYTES (64u << 10)
#define EXTENT_COLD_BYTES (8u << 10) /* room for a URL */

/* The first byte of a slot's extent. */
unsigned char *extent_at(const struct shared *shared, uint32_t slot);

/* The stride for bodies of body_bytes_max, kept answer headers of header_bytes_max and page blocks of page_bytes_max. */
uint64_t extent_stride(uint64_t body_bytes_max, uint64_t header_bytes_max, uint64_t page_bytes_max);

/* Reserves pages so that the first `bytes` of the extent may be written. Whoever owns the slot by its state. OK;
 * OUT_OF_MEMORY: /dev/shm is full; INVALID_ARGUMENT: beyond the stride. May take a while for many pages; restarts on
 * EINTR. */
enum status extent_reserve(const struct shared *shared, uint32_t slot, uint64_t bytes);

/* Gives back all pages beyond the first keep_bytes. Coordinator, while the slot is FREE or DONE. */
void extent_trim(const struct shared *shared, uint32_t slot, uint64_t keep_bytes);

/* Whether the extent of a CLAIMED slot may grow by more_bytes within the bound of the body memory. One transfer may always
 * go on: the lowest CLAIMED slot that has asked, so that waiting for memory cannot become a deadlock; but not before what
 * is DONE was collected, or one after the other would go on while the coordinator is busy. The claimer. */
bool extent_may_grow(const struct shared *shared, uint32_t slot, uint64_t more_bytes);

/* Pages in use, all extents together, in bytes. A snapshot. */
uint64_t extent_reserved_bytes(const struct shared *shared);

#endif
