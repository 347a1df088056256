/* report_sweep.h: the sweep as a grid for each engine, and what comes of it. */
#ifndef SHOAL_COMPARE_REPORT_SWEEP_H
#define SHOAL_COMPARE_REPORT_SWEEP_H

#include "coordinator/compare/comparison.h"
#include "coordinator/text/writer.h"

/* Nothing where there was no sweep. */
void report_put_sweep(struct writer *writer, const struct comparison *comparison);

#endif
