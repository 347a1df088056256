/* retries.h: the tasks that failed for a reason that may pass, each with the time when it is to be tried again. */
#ifndef SHOAL_RETRIES_H
#define SHOAL_RETRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/base/due_heap.h"
#include "coordinator/fetch/task.h"

/* Before the first retry; doubled for each one more; give or take half of it. */
#define RETRIES_BACKOFF_MS 500
#define RETRIES_BACKOFF_MAX_MS 60000

/* Begins as all zero. */
struct retries {
    struct due_heap heap;
    uint64_t random;
};

/* Makes room for count tasks. False when memory is short. */
bool retries_open(struct retries *retries, size_t count);
void retries_close(struct retries *retries); /* accepts all zero; the tasks stay the caller's */

/* Adds the task, which is not in yet; the later, the more often it was tried. There must be room. */
void retries_add(struct retries *retries, struct task *task, int64_t now_ns);

/* How long what was tried so often waits: for who keeps things other than tasks in the heap. */
int64_t retries_backoff_ns(struct retries *retries, uint32_t tries);

/* Takes the task out, if it is in. */
void retries_remove(struct retries *retries, struct task *task);

/* Takes out a task that is due by now_ns; NULL: no more. */
struct task *retries_take(struct retries *retries, int64_t now_ns);

/* When the next task is due; DEADLINE_NEVER: none. */
int64_t retries_next_ns(const struct retries *retries);

#endif
