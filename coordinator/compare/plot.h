/* Runs in: coordinator
 *
 * plot.h: a comparison as a picture, drawn by gnuplot. */
#ifndef SHOAL_COMPARE_PLOT_H
#define SHOAL_COMPARE_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/status.h"
#include "coordinator/compare/comparison.h"

/* Before the comparison begins: whether path ends in .svg or .png, gnuplot is there, and the file can be written. False:
 * why says what to do in one line. Leaves no file behind. */
bool plot_check(const char *path, char *why, size_t why_bytes);

/* Draws to path, which is replaced only once the picture is whole. The table: one bar a design, pages a second, with the
 * spread of the rounds. The sweep: pages a second over workers, one line per engine and way. Blocks while gnuplot runs, at
 * most 30 s. OK, SYSTEM or OUT_OF_MEMORY, with why filled. */
enum status plot_draw(const char *path, const struct comparison *comparison, char *why, size_t why_bytes);

/* The gnuplot script alone, data within; for tests and for curious users. terminal: "svg" or "png". output: NULL for
 * gnuplot's standard output. */
void plot_put_script(struct writer *writer, const char *terminal, const char *output,
                     const struct comparison *comparison);

#endif
