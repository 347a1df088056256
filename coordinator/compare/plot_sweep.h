/* plot_sweep.h: the sweep's panels of the picture. */
#ifndef SHOAL_COMPARE_PLOT_SWEEP_H
#define SHOAL_COMPARE_PLOT_SWEEP_H

#include "coordinator/compare/comparison.h"
#include "coordinator/text/writer.h"

/* 0xrrggbb; told apart by those who see no red or green, too. */
unsigned plot_engine_colour(enum executor_engine engine);

/* In pixels; 0 where there was no sweep. */
double plot_sweep_height(const struct comparison *comparison);

/* Puts the panels at the foot of a picture that is so high. */
void plot_put_sweep(struct writer *writer, const struct comparison *comparison, double height);

#endif
