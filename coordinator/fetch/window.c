/* window.c: the tasks that live, each in the list of its state or, while it passes from one to the next, in none. */
#include "coordinator/fetch/window.h"

#include "common/check.h"

void window_close(struct window *window)
{
    for (int state = 0; state < TASK_STATE_COUNT; state++) {
        struct task *task;
        while ((task = window->tasks[state].first) != NULL) {
            future_release(task->future);
            window_leave(window, task);
            window_drop(window, task);
        }
    }
    task_pool_free(&window->pool);
}

bool window_is_full(const struct window *window)
{
    return window->live >= window->size;
}

struct task *window_add(struct window *window, const char *url, size_t url_bytes, const char *fetch, size_t fetch_bytes)
{
    struct task *task = task_new(&window->pool, url, url_bytes, fetch, fetch_bytes);
    window->live += task != NULL;
    return task;
}

void window_drop(struct window *window, struct task *task)
{
    check(window->live > 0);
    task_free(&window->pool, task);
    window->live--;
}

void window_enter(struct window *window, struct task *task, enum task_state state)
{
    task->state = state;
    task_list_add(&window->tasks[state], task);
}

void window_leave(struct window *window, struct task *task)
{
    if (window->cursor == task) {
        window->cursor = task->next;
    }
    task_list_remove(&window->tasks[task->state], task);
}

struct task *window_first(const struct window *window, enum task_state state)
{
    return window->tasks[state].first;
}

uint32_t window_count(const struct window *window, enum task_state state)
{
    return window->tasks[state].count;
}

void window_walk(struct window *window, enum task_state state)
{
    window->cursor = window->tasks[state].first;
}

struct task *window_next(struct window *window)
{
    struct task *task = window->cursor;
    if (task != NULL) {
        window->cursor = task->next;
    }
    return task;
}

struct task *window_find_recallable(struct window *window, const struct host *host)
{
    struct task *task;
    window_walk(window, TASK_IN_FLIGHT);
    while ((task = window_next(window)) != NULL) {
        if (task->host == host && !task->is_recalled && !future_running(task->future)) {
            return task;
        }
    }
    return NULL;
}
