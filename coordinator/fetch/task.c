/* task.c: one line of the input on its way to an outcome. */
#include "coordinator/fetch/task.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"

/* What is allocated at least for a URL, and what is kept at most in a task that is not in use. */
#define TEXT_BYTES_MIN 128u
#define TEXT_BYTES_KEPT 1024u

void task_list_add(struct task_list *list, struct task *task)
{
    task->next = NULL;
    task->previous = list->last;
    *(list->last == NULL ? &list->first : &list->last->next) = task;
    list->last = task;
    list->count++;
}

void task_list_remove(struct task_list *list, struct task *task)
{
    check(list->count > 0);
    *(task->previous == NULL ? &list->first : &task->previous->next) = task->next;
    *(task->next == NULL ? &list->last : &task->next->previous) = task->previous;
    task->next = task->previous = NULL;
    list->count--;
}

/* The task's text with room for so many bytes; what it held may be lost. NULL when memory is short; the task has none then. */
static char *reserve_text(struct task *task, size_t bytes)
{
    if (task->text != NULL && bytes <= task->text_size) {
        return task->text;
    }
    size_t size = bytes < TEXT_BYTES_MIN ? TEXT_BYTES_MIN : bytes;
    free(task->text);
    char *text = malloc(size);
    task->text = text;
    task->text_size = text == NULL ? 0 : (uint32_t)size;
    return text;
}

struct task *task_new(struct task_pool *pool, const char *url, size_t url_bytes, const char *fetch, size_t fetch_bytes)
{
    struct task *task = pool->free;
    if (task != NULL) {
        pool->free = task->next;
    } else {
        task = calloc(1, sizeof *task);
    }
    size_t needed = url_bytes + 1 + (fetch == NULL ? 0 : fetch_bytes + 1);
    char *text = task == NULL ? NULL : reserve_text(task, needed);
    if (text == NULL) {
        free(task);
        return NULL;
    }
    *task = (struct task){.text = text, .text_size = task->text_size, .due.index = DUE_NOWHERE};
    memcpy(text, url, url_bytes);
    text[url_bytes] = '\0';
    task->url_bytes = (uint32_t)url_bytes;
    if (fetch != NULL) {
        task->fetch_offset = task->url_bytes + 1;
        memcpy(text + task->fetch_offset, fetch, fetch_bytes);
        text[task->fetch_offset + fetch_bytes] = '\0';
    }
    return task;
}

void task_free(struct task_pool *pool, struct task *task)
{
    if (task->text_size > TEXT_BYTES_KEPT) {
        free(task->text);
        task->text = NULL;
        task->text_size = 0;
    }
    task->next = pool->free;
    pool->free = task;
}

void task_pool_free(struct task_pool *pool)
{
    while (pool->free != NULL) {
        struct task *task = pool->free;
        pool->free = task->next;
        free(task->text);
        free(task);
    }
}

const char *task_fetch_url(const struct task *task)
{
    return task->text + task->fetch_offset;
}
