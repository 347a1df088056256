/* turns.c: the queues of tasks that wait for their hosts, and the hosts that can start something, which take turns. */
#include "coordinator/fetch/turns.h"

#include <stddef.h>

bool turns_can_start(const struct turns *turns, const struct host *host)
{
    return !host_is_held(host) && (turns->per_host == 0 || host->in_flight < turns->per_host);
}

void turns_wake(struct turns *turns, struct host *host)
{
    if (host->is_runnable || host->waiting_count == 0 || !turns_can_start(turns, host)) {
        return;
    }
    host->is_runnable = true;
    host->runnable_next = NULL;
    *(turns->last == NULL ? &turns->first : &turns->last->runnable_next) = host;
    turns->last = host;
}

static struct host *next_host(struct turns *turns)
{
    struct host *host = turns->first;
    if (host != NULL) {
        turns->first = host->runnable_next;
        if (turns->first == NULL) {
            turns->last = NULL;
        }
        host->is_runnable = false;
    }
    return host;
}

void turns_wait(struct turns *turns, struct task *task)
{
    struct host *host = task->host;
    task->host_next = NULL;
    *(host->waiting_last == NULL ? &host->waiting_first : &host->waiting_last->host_next) = task;
    host->waiting_last = task;
    host->waiting_count++;
    turns_wake(turns, host);
}

void turns_wait_first(struct turns *turns, struct task *task)
{
    struct host *host = task->host;
    task->host_next = host->waiting_first;
    host->waiting_first = task;
    if (host->waiting_last == NULL) {
        host->waiting_last = task;
    }
    host->waiting_count++;
    if (!host->is_runnable) {
        host->is_runnable = true;
        host->runnable_next = turns->first;
        turns->first = host;
        if (turns->last == NULL) {
            turns->last = host;
        }
    }
}

struct task *turns_take(struct turns *turns)
{
    struct host *host;
    while ((host = next_host(turns)) != NULL) {
        /* It may have been held since it got its turn. Then it gets another when the hold ends. */
        if (host->waiting_count > 0 && turns_can_start(turns, host)) {
            struct task *task = host->waiting_first;
            host->waiting_first = task->host_next;
            if (host->waiting_first == NULL) {
                host->waiting_last = NULL;
            }
            host->waiting_count--;
            host->in_flight++;
            turns_wake(turns, host);
            return task;
        }
    }
    return NULL;
}

void turns_clear(struct turns *turns, const struct task_list *list)
{
    while (next_host(turns) != NULL) {}
    for (const struct task *task = list->first; task != NULL; task = task->next) {
        task->host->waiting_first = task->host->waiting_last = NULL;
        task->host->waiting_count = 0;
    }
}
