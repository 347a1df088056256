/* task.h: one line of the input on its way to an outcome. */
#ifndef SHOAL_TASK_H
#define SHOAL_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/base/due_heap.h"
#include "coordinator/executor/executor.h"
#include "coordinator/politeness/hosts.h"

enum task_state { TASK_WAITING, TASK_BACKING_OFF, TASK_IN_FLIGHT, TASK_STATE_COUNT };

/* In a list of tasks of one state, in order of arrival there. */
struct task {
    enum task_state state;
    uint32_t tries;        /* how often it was submitted */
    uint32_t attempts;     /* how often a worker began it, all tries together */
    uint32_t url_bytes;    /* what the user gave: text[0 .. url_bytes), NUL behind */
    uint32_t fetch_offset; /* in text: the URL to fetch, ended by NUL; 0 where it is the same */
    uint32_t text_size;    /* allocated */
    char *text;
    uint64_t line;          /* in the input; 0: an argument */
    uint64_t sequence;      /* 0, 1, ... in order of input: for --ordered */
    struct host *host;      /* one reference */
    struct future *future;  /* while in flight */
    bool is_recalled;       /* cancelled because its host is held: to wait for it again */
    int64_t started_ns;     /* when it was submitted */
    struct due due;         /* while backing off */
    struct task *host_next; /* while waiting: the host's next */
    struct task *next, *previous;
    struct scheduler *scheduler; /* for the future's callback */
};

/* Begins as all zero. */
struct task_list {
    struct task *first, *last;
    uint32_t count;
};

void task_list_add(struct task_list *list, struct task *task);
void task_list_remove(struct task_list *list, struct task *task);

/* Tasks that are not in use, kept for the next lines. Begins as all zero. */
struct task_pool {
    struct task *free; /* linked by next */
};

/* A task, all zero but for its text and text_size, which holds url (url_bytes) and, unless fetch is
 * NULL, the URL to fetch (fetch_bytes). NULL when memory is short. */
struct task *task_new(struct task_pool *pool, const char *url, size_t url_bytes, const char *fetch, size_t fetch_bytes);
void task_free(struct task_pool *pool, struct task *task);
void task_pool_free(struct task_pool *pool);

/* The URL to hand to the executor. */
const char *task_fetch_url(const struct task *task);

#endif
