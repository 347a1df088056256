/* rlimits.h: no core file; no file grows; no more descriptors than transfers need.
 *
 * Body extents are reserved within the size that the coordinator gave the segment, and the limit of file sizes is asked only
 * beyond a file's end: so it can be 0. Where standard error is a file it is that file's size and some more, for the last words
 * of a process that aborts. A write over the limit is an error (EFBIG), not a death. */
#ifndef SHOAL_RLIMITS_H
#define SHOAL_RLIMITS_H

#include "worker/worker.h"

/* False where one of them was refused; the others are in force then. */
bool rlimits_put_on(const struct worker_config *config);

#endif
