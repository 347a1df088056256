/* report.h: what the scheduler tells the delivery about a task, or about a line that never became one. */
#ifndef SHOAL_REPORT_H
#define SHOAL_REPORT_H

#include <stdint.h>

#include "coordinator/executor/executor.h"
#include "coordinator/fetch/task.h"
#include "coordinator/output/delivery.h"
#include "coordinator/run/input.h"

/* A result of our own, for what the executor has never seen or not finished. Borrows both texts. */
struct fetch_result report_local_result(enum fetch_error error, const char *detail, const char *url);

/* Hands on the one outcome of the task or of the line, number sequence in the input. They stay the caller's. May block on
 * the output. Answers as delivery_put(). */
enum status report_task(struct delivery *delivery, const struct task *task, const struct fetch_result *result);
enum status report_line(struct delivery *delivery, uint64_t sequence, const struct input_line *line,
                        const struct fetch_result *result);

#endif
