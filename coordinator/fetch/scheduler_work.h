/* scheduler_work.h: a list as the work of a run: scheduler.h behind the verbs of work.h. */
#ifndef SHOAL_SCHEDULER_WORK_H
#define SHOAL_SCHEDULER_WORK_H

#include "coordinator/fetch/scheduler.h"
#include "coordinator/run/work.h"

/* As scheduler_open(). NULL when memory is short. Given back by ops->close(). */
struct work *scheduler_work_open(const struct scheduler_config *config);

#endif
