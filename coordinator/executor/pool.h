/* pool.h: the inside of an executor: what executor.c, future.c, reaper.c and the engines share. Not installed.
 *
 * DESIGN. The truth is private: which futures there are, how often each was tried and what was delivered lies in these
 * structs; shared memory is a mailbox. A future is queued, then placed in a slot, then done.
 *
 *     executor_submit --> queue --> pool_feed: a slot, READY, ring --> worker --> pool_collect --> done, callbacks
 *                          ^  suspects (one at a time, in quarantine) ^                |
 *                          +--------------------- reaper: the worker died -------------+
 *
 * Slots: at most placed_max are in flight, and at most held_max are kept for results whose body the caller may still read;
 * beyond that a body is copied to the heap. So no caller that holds on to results can stop the flow. */
#ifndef SHOAL_POOL_H
#define SHOAL_POOL_H

#include <pthread.h>
#include <sys/types.h>

#include "common/shared.h"
#include "common/state.h"
#include "common/url.h"
#include "coordinator/executor/executor.h"
#include "worker/worker.h"

enum future_phase { FUTURE_QUEUED, FUTURE_PLACED, FUTURE_FINISHED, FUTURE_CANCELLED };

/* A finished task's result and the memory behind its strings. */
struct completed {
    struct fetch_result result;
    struct completed *next_free;
    void *heap;          /* page, headers, body, if they were copied out of the slot; else NULL */
    char *effective_url; /* own allocation, or NULL */
    char content_type[RESULT_TYPE_BYTES];
    char remote_ip[RESULT_IP_BYTES];
    char detail[RESULT_DETAIL_BYTES];
};

struct watcher {
    struct watcher *next;
    future_callback *callback;
    void *context;
    bool is_embedded; /* belongs to an iterator: not freed here */
};

struct future {
    struct executor *executor;
    struct future *next; /* in the queue, or in the list of those whose callbacks are due */
    struct future *prev;
    struct watcher *watchers; /* in order added */
    struct watcher *watchers_end;
    struct completed *completed;
    void *user;
    uint64_t task;
    uint64_t body_bytes_max; /* of the request; 0: none of its own */
    int64_t submitted_ns;
    uint32_t slot;    /* SLOT_NONE: in none */
    uint32_t held_at; /* index in executor->held, SLOT_NONE: not held */
    uint32_t attempts;
    uint16_t url_bytes;
    uint16_t header_bytes;
    uint16_t crash_signal; /* of the last death that was charged */
    uint8_t phase;         /* enum future_phase */
    uint8_t strikes;       /* deaths charged to it */
    uint8_t flags;         /* enum request_flag */
    bool is_suspect;       /* runs next in quarantine */
    bool in_quarantine;    /* its slot is the quarantine's */
    bool is_released;      /* the caller gave it back: freed when done */
    bool is_pinned;        /* the caller has pointers into the slot */
    bool is_due;           /* in the list of those whose callbacks are due */
    bool wants_cancel;
    char text[]; /* the URL, NUL, header lines each with its NUL */
};

struct future_list {
    struct future *first;
    struct future *last;
    uint32_t count;
};

/* What the coordinator knows of one worker. */
struct pool_worker {
    struct worker *worker; /* threads, serial */
    pthread_t thread;
    pid_t pid; /* processes */
    int pid_fd;
    int doorbell_fd;
    uint32_t incarnation;
    bool is_alive;
    bool was_told_to_die; /* by us, for being hung */
    uint64_t beat_seen;   /* its heartbeat, and when we saw it move */
    int64_t beat_at_ns;
    int64_t may_start_ns;   /* not before, after a young death */
    uint32_t barren_deaths; /* in a row, without a finished slot */
};

struct engine_ops {
    const char *name;
    /* Begins worker `index`'s next life. */
    enum status (*start)(struct executor *executor, uint32_t index);
    /* Whether the worker has ended; *wait_status as waitpid() gives it. Never blocks. */
    bool (*has_ended)(struct executor *executor, uint32_t index, int *wait_status);
    void (*kill)(struct executor *executor, uint32_t index, int signal);
    /* Blocks until the worker, told to stop, is gone. */
    void (*join)(struct executor *executor, uint32_t index);
};

extern const struct engine_ops engine_processes;
extern const struct engine_ops engine_threads;
extern const struct engine_ops engine_serial;

struct executor {
    struct executor_options options; /* strings are the executor's own */
    struct fetch_config fetch;
    struct shared shared;
    const struct engine_ops *engine;
    struct pool_worker *workers; /* worker_count, then the one for quarantine */
    uint32_t worker_count;
    uint32_t worker_capacity; /* transfers of one worker */
    uint32_t concurrency;
    uint32_t started; /* workers that ever started; quarantine apart */
    uint32_t alive;   /* quarantine included */
    struct future **by_slot;
    uint32_t *free_slots; /* a stack */
    uint32_t free_count;
    uint32_t placed; /* slots in flight */
    uint32_t placed_max;
    uint32_t *held; /* slots of done futures whose body lies there */
    uint32_t held_count;
    uint32_t held_max;
    struct future_list queue;
    struct future_list suspects;
    bool suspect_placed;
    struct future_list due; /* done, callbacks not yet run */
    struct completed *completed_free;
    struct url_parser *parser;
    uint64_t next_task;
    uint32_t pending;      /* queued and placed */
    uint32_t live_futures; /* not yet freed */
    uint32_t last_rung;
    int epoll_fd; /* done_fd and the pid fds: executor_fd() */
    int done_fd;
    int lifeline[2]; /* workers hold the read end; we alone the other */
    int64_t next_hang_check_ns;
    int64_t last_hang_check_ns;
    int64_t reap_at_ns;      /* a worker may be started then; DEADLINE_NEVER */
    uint32_t barren_deaths;  /* of all workers, since anything was completed */
    uint32_t callback_depth; /* callbacks that call us back */
    bool is_shut_down;
    bool is_stopping; /* deaths are our doing: what ran is cancelled, nobody is replaced */
    bool is_closed;   /* freed with its last future */
    bool fd_is_used;
    bool feeds;           /* inside pool_feed() */
    bool revive_wanted;   /* workers ended while nothing was pending */
    bool reap_wanted;     /* a pid fd said that a worker ended */
    int64_t next_look_ns; /* when to look at the pid fds though results keep coming */
    uint64_t submitted, completed, cancelled, deaths;
    char note[256];
    char why_broken[256];
};

/* executor.c */

/* One worker's configuration, for any engine. */
void pool_worker_config(struct executor *executor, uint32_t index, struct worker_config *config);
/* Drains, reaps, feeds, looks for hung workers; never blocks. How many futures were completed. */
uint64_t pool_turn(struct executor *executor);
/* Blocks until pool_turn() has something to do, interrupt_fd is readable or the deadline. True: interrupted. */
bool pool_sleep(struct executor *executor, int64_t deadline_ns);
/* Runs the callbacks that are due. */
void pool_run_callbacks(struct executor *executor);
void pool_ring(struct executor *executor, uint32_t worker);
/* Ends everything that is not done; workers are beyond hope. */
void pool_break(struct executor *executor, enum fetch_error error, uint32_t signal, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* feed.c */

/* Places what waits as far as there are slots, and wakes as many workers as there is work for. */
void pool_feed(struct executor *executor);
/* Collects one DONE slot. */
void pool_collect(struct executor *executor, uint32_t slot);
/* Collects what the worker has announced. */
void pool_collect_announced(struct executor *executor, uint32_t worker);
/* Puts a future whose slot was taken back in front of the queue, or in quarantine. */
void pool_requeue(struct executor *executor, struct future *future);
/* Takes a future out of its slot without a result: the slot is FREE already. */
void pool_unplace(struct executor *executor, struct future *future);
/* Gives a done future's slot back; wakes who waits for memory. */
void pool_drop_held(struct executor *executor, struct future *future);
/* Copies the bodies that nobody has looked at to the heap, so that workers which wait for memory go on. */
void pool_evict(struct executor *executor, uint32_t leave);

/* reaper.c */

/* Buries workers that have ended and starts those that are due. */
void reaper_turn(struct executor *executor);
/* How often a worker shows that it lives, and we look: four times in the hang time, at least once a second. */
int pool_heartbeat_ms(const struct executor *executor);
/* Kills workers without a sign of life. */
void reaper_check_hung(struct executor *executor, int64_t now_ns);
/* Starts those that died while there was nothing to do. */
void reaper_revive(struct executor *executor);
/* Starts worker `index` unless it must wait. */
void reaper_start(struct executor *executor, uint32_t index);

/* future.c */

struct future *future_new(struct executor *executor, const struct request *request, const struct url_text *url);
/* Ends a future with a result that copies nothing from a slot. */
void future_fail(struct future *future, enum fetch_error error, uint32_t signal, const char *detail);
/* Ends a future; completed is filled. */
void future_complete(struct future *future, enum future_phase phase);
struct completed *completed_new(struct executor *executor);
void completed_free(struct executor *executor, struct completed *completed);
/* Cancels what has not started; false if a worker was faster. */
bool future_cancel_waiting(struct future *future);
void executor_free(struct executor *executor);
bool future_add_watcher(struct future *future, struct watcher *watcher);
void future_remove_watcher(struct future *future, struct watcher *watcher);

static inline void future_list_append(struct future_list *list, struct future *future)
{
    future->next = NULL;
    future->prev = list->last;
    if (list->last)
        list->last->next = future;
    else
        list->first = future;
    list->last = future;
    list->count++;
}

static inline void future_list_remove(struct future_list *list, struct future *future)
{
    if (future->prev)
        future->prev->next = future->next;
    else
        list->first = future->next;
    if (future->next)
        future->next->prev = future->prev;
    else
        list->last = future->prev;
    future->next = future->prev = NULL;
    list->count--;
}

static inline void future_list_prepend(struct future_list *list, struct future *future)
{
    future->prev = NULL;
    future->next = list->first;
    if (list->first)
        list->first->prev = future;
    else
        list->last = future;
    list->first = future;
    list->count++;
}

#endif
