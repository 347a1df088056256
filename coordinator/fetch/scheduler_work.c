/* scheduler_work.c: a list as the work of a run. */
#include "coordinator/fetch/scheduler_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/fetch/task.h"

struct scheduler_work {
    struct work work;
    struct scheduler *scheduler;
};

static struct scheduler *scheduler_of(const struct work *work)
{
    return ((const struct scheduler_work *)work)->scheduler;
}

static enum status work_feed(struct work *work)
{
    return scheduler_feed(scheduler_of(work));
}

static int64_t work_next_ns(const struct work *work)
{
    return scheduler_next_ns(scheduler_of(work));
}

static bool work_waits_for_input(const struct work *work)
{
    return scheduler_waits_for_input(scheduler_of(work));
}

static void work_stop(struct work *work, const char *detail, bool read_rest)
{
    scheduler_stop(scheduler_of(work), detail, read_rest);
}

static void work_cancel_in_flight(struct work *work)
{
    scheduler_cancel_in_flight(scheduler_of(work));
}

static void work_abandon(struct work *work)
{
    scheduler_abandon(scheduler_of(work));
}

static bool work_is_broken(const struct work *work)
{
    return scheduler_is_broken(scheduler_of(work));
}

static bool work_input_failed(const struct work *work)
{
    return scheduler_input_failed(scheduler_of(work));
}

static void work_count(const struct work *work, struct work_counts *counts)
{
    struct scheduler_counts of_list;
    scheduler_count(scheduler_of(work), &of_list);
    *counts = (struct work_counts){
        .total = of_list.input_ended ? of_list.lines : 0,
        .unfinished = (uint64_t)of_list.waiting + of_list.backing_off + of_list.in_flight,
        .held_hosts = of_list.held_hosts,
    };
}

/* The oldest transfer; where none runs, the host whose hold ends next. */
static size_t work_describe_wait(const struct work *work, char *text, size_t text_bytes, int64_t now_ns)
{
    const struct scheduler *scheduler = scheduler_of(work);
    const struct task *task = scheduler_oldest(scheduler);
    if (task != NULL) {
        int64_t seconds = (now_ns - task->started_ns) / NS_PER_S;
        size_t used = (size_t)snprintf(text, text_bytes, "%" PRId64 " s for ", seconds);
        char url[URL_BYTES_MAX + 1];
        size_t url_bytes = url_without_userinfo(task->text, task->url_bytes, url);
        size_t fits = url_bytes < text_bytes - used ? url_bytes : text_bytes - used;
        memcpy(text + used, url, fits);
        return seconds > 0 ? used + fits : 0;
    }
    const struct host *host = scheduler_held_host(scheduler);
    if (host != NULL) {
        char key[URL_HOST_KEY_BYTES];
        host_key(host, key);
        int64_t seconds = (host->hold.at_ns - now_ns + NS_PER_S - 1) / NS_PER_S;
        int used = snprintf(text, text_bytes, "host %s held %" PRId64 " s (Retry-After)", key, seconds);
        return (size_t)used < text_bytes ? (size_t)used : text_bytes - 1;
    }
    return 0;
}

static void work_close(struct work *work)
{
    scheduler_close(scheduler_of(work));
    free(work);
}

static const struct work_ops OPS = {
    .name = "list",
    .feed = work_feed,
    .next_ns = work_next_ns,
    .waits_for_input = work_waits_for_input,
    .stop = work_stop,
    .cancel_in_flight = work_cancel_in_flight,
    .abandon = work_abandon,
    .is_broken = work_is_broken,
    .input_failed = work_input_failed,
    .count = work_count,
    .describe_wait = work_describe_wait,
    .close = work_close,
};

struct work *scheduler_work_open(const struct scheduler_config *config)
{
    struct scheduler_work *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return NULL;
    }
    opened->work.ops = &OPS;
    opened->scheduler = scheduler_open(config);
    if (opened->scheduler == NULL) {
        free(opened);
        return NULL;
    }
    return &opened->work;
}
