/* sweep.h: which settings a sweep tries, in which order, and when one is given up. */
#ifndef SHOAL_COMPARE_SWEEP_H
#define SHOAL_COMPARE_SWEEP_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/compare/series.h"

/* Makes a series for each engine that works in parallel, in flight 1, 2, 4, ... in_flight_max, workers 1, 2, 4, ... up to
 * workers_max and to in flight. The limits themselves are tried too. The array is the caller's: free() it, and the series'
 * trials. OK or OUT_OF_MEMORY. */
enum status sweep_make(struct series **settings, size_t *count, uint32_t workers_max, uint32_t in_flight_max);

/* Turns of one round: turn 0, 1, ... is setting number sweep_turn(). Many in flight come first: they are the fast ones, by
 * which the others are judged. */
size_t sweep_turn(size_t turn, size_t count);

/* How long the next trial may take before it is cut: four times the fastest so far, a second more at least; 0: as long as it
 * likes. What was cut once is that far from the best, and is not run again: sweep_is_settled(). */
int64_t sweep_cut_ns(const struct series *settings, size_t count);
bool sweep_is_settled(const struct series *setting);

#endif
