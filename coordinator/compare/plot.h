/* plot.h: a comparison as a picture, drawn by gnuplot. */
#ifndef SHOAL_COMPARE_PLOT_H
#define SHOAL_COMPARE_PLOT_H

#include <stddef.h>

#include "common/status.h"
#include "coordinator/compare/comparison.h"

/* Before the comparison begins; runs nothing and leaves no file behind. OK; INVALID_ARGUMENT: path does not end in .svg or
 * .png; SYSTEM: gnuplot is missing, or the file cannot be written there. why says what to do in one line. */
enum status plot_check(const char *path, char *why, size_t why_bytes);

/* Draws to path, which is replaced only once the picture is whole. The table: one bar a design, pages a second, with the
 * spread of the rounds. The sweep: pages a second over workers, one line per engine and way. Blocks while gnuplot runs, at
 * most 30 s, and no longer than until interrupt_fd is readable; -1: none. gnuplot has a process group of its own, so that
 * what is typed at the terminal reaches only us. OK; END: no run was completed, there is nothing to draw; INTERRUPTED;
 * SYSTEM or OUT_OF_MEMORY. With why filled and path untouched, all but OK. */
enum status plot_draw(const char *path, const struct comparison *comparison, int interrupt_fd, char *why,
                      size_t why_bytes);

/* The gnuplot script alone, data within; for tests and for curious users. terminal: "svg" or "png". output: NULL for
 * gnuplot's standard output. */
void plot_put_script(struct writer *writer, const char *terminal, const char *output,
                     const struct comparison *comparison);

#endif
