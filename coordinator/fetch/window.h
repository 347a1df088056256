/* window.h: the tasks that live, each in the list of its state or, while it passes from one to the next, in none. There
 * are never more than the window is long, so a list of any length takes the memory of one window. */
#ifndef SHOAL_WINDOW_H
#define SHOAL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "coordinator/fetch/task.h"

/* Begins as all zero but for size. */
struct window {
    uint32_t size;
    uint32_t live; /* tasks, in whatever state */
    struct task_list tasks[TASK_STATE_COUNT];
    struct task *cursor; /* the next task of the walk */
    struct task_pool pool;
};

/* Frees all tasks that are in a list, and gives up the futures that they hold. */
void window_close(struct window *window);

bool window_is_full(const struct window *window);

/* A task in no list, as task_new() makes it: NULL when memory is short. There must be room. */
struct task *window_add(struct window *window, const char *url, size_t url_bytes, const char *fetch,
                        size_t fetch_bytes);

/* Frees the task, which is in no list. */
void window_drop(struct window *window, struct task *task);

/* Puts the task, which is in no list, at the end of that of the state; takes it out of the list that it is in. */
void window_enter(struct window *window, struct task *task, enum task_state state);
void window_leave(struct window *window, struct task *task);

/* The first of the state; NULL: none. */
struct task *window_first(const struct window *window, enum task_state state);
uint32_t window_count(const struct window *window, enum task_state state);

/* A walk over a state's tasks: window_walk(), then window_next() until it gives NULL. Tasks may enter and leave meanwhile.
 * One walk at a time. */
void window_walk(struct window *window, enum task_state state);
struct task *window_next(struct window *window);

/* One that the executor holds for the host, that no worker has begun and that was not recalled yet; NULL: none. Looks afresh each
 * time, and moves the walk: what a cancelled future's callbacks do may be another host's answer, which looks too. */
struct task *window_find_recallable(struct window *window, const struct host *host);

#endif
