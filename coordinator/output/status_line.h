/* status_line.h: one line that is redrawn on a terminal, plain lines now and then otherwise. What is in it, the caller says.
 *
 * It never blocks and never fails: what the terminal does not take at once is not shown. */
#ifndef SHOAL_STATUS_LINE_H
#define SHOAL_STATUS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/text/writer.h"

#define STATUS_LINE_REDRAW_MS 200
#define STATUS_LINE_PLAIN_MS 10000

enum progress_when { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER, PROGRESS_COUNT };

struct status_line;

/* Shows on fd, which stays the caller's. On a terminal the line is redrawn at most five times a second; otherwise a plain
 * line is written every 10 s, which with PROGRESS_AUTO means: only once the run lasts longer than that. PROGRESS_NEVER
 * shows nothing. OK or OUT_OF_MEMORY. */
enum status status_line_open(struct status_line **line, enum progress_when when, int fd, int64_t now_ns);

/* Has the line erased before writer writes to a terminal. The writer must be closed, or status_line_forget() called for
 * it, before status_line_close(). */
void status_line_watch(struct status_line *line, struct writer *writer);
void status_line_forget(struct status_line *line, struct writer *writer);

/* Whether it is time to draw: only then need the caller gather what there is to say. */
bool status_line_due(const struct status_line *line, int64_t now_ns);

/* Begins a new text; it is put into the writer that is returned, without an end of line, and then shown. */
struct writer *status_line_begin(struct status_line *line, int64_t now_ns);
void status_line_show(struct status_line *line);

/* When it wants to be drawn again at the latest; DEADLINE_NEVER: never. */
int64_t status_line_next_ns(const struct status_line *line);

/* Erases the line, so that other output can begin in the first column; the next one that is due is drawn again. */
void status_line_clear(struct status_line *line);

/* Clears and gives the memory back. Accepts NULL. */
void status_line_close(struct status_line *line);

#endif
