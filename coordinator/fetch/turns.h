/* turns.h: the queues of tasks that wait for their hosts, and the hosts that can start something,
 * which take turns: one task each, so that a host with a long queue delays nobody else. */
#ifndef SHOAL_TURNS_H
#define SHOAL_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/fetch/task.h"
#include "coordinator/politeness/hosts.h"

/* Begins as all zero but for per_host. */
struct turns {
    uint32_t per_host; /* in flight to one host; 0: no limit */
    struct host *first, *last;
};

/* Whether the host may have one more in flight: it is not held and not at its limit. */
bool turns_can_start(const struct turns *turns, const struct host *host);

/* Gives the host a turn, if it has a task that waits and can start it. To be called whenever one of
 * these may have changed. */
void turns_wake(struct turns *turns, struct host *host);

/* Queues the task at the end of its host's queue, and wakes the host. */
void turns_wait(struct turns *turns, struct task *task);

/* Queues the task, which was taken and could not start, in front of its host's queue, and the host
 * in front of all. */
void turns_wait_first(struct turns *turns, struct task *task);

/* Takes the task whose turn it is out of its queue; NULL: nothing can start. Its host has been
 * woken for the next task, on the assumption that the caller starts this one: host->in_flight is
 * one more. */
struct task *turns_take(struct turns *turns);

/* Forgets all turns, and empties the queues of all tasks in list, which must be all that wait. */
void turns_clear(struct turns *turns, const struct task_list *list);

#endif
