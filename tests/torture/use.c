/* use.c: a program that uses the library as its header says, all of it that a host program is likely to use, and that looks at
 * every status: use ENGINE URL ... Each future must be done exactly once, whatever call of the library's fails. Exit status: 0 all
 * fetched; 1 something was refused or failed, and was said. A promise that is broken aborts it. */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/executor/executor.h"

#define FUTURES_MAX 32
#define PATIENCE_MS 15000

static struct executor *executor;
static struct future *futures[FUTURES_MAX];
static unsigned called[FUTURES_MAX];
static int count;
static bool all_well = true;

static void refuse(const char *what, enum status status)
{
    fprintf(stderr, "%s: %s\n", what, status_name(status));
    all_well = false;
}

static void broken(const char *promise)
{
    fprintf(stderr, "broken promise: %s\n", promise);
    abort();
}

static void on_done(struct future *future, void *context)
{
    unsigned *times = context;
    if (!future_done(future))
        broken("a callback came before the end");
    ++*times;
}

static void submit(const char *url)
{
    const char *const header = "X-Torture: yes";
    const struct request request = {.url = url, .headers = &header, .header_count = 1};
    struct future *future;
    enum status status = executor_submit(executor, &request, PATIENCE_MS, &future);
    if (status != STATUS_OK) {
        refuse("submit", status);
        return;
    }
    called[count] = 0;
    if (future_add_done_callback(future, on_done, &called[count]) != STATUS_OK) {
        refuse("add a callback", STATUS_OUT_OF_MEMORY);
        called[count] = 1; /* it will not be called */
    }
    futures[count++] = future;
}

/* What must hold of a done future. */
static void look_at(int i)
{
    const struct fetch_result *result = NULL;
    enum status status = future_result(futures[i], 0, &result);
    if (!future_done(futures[i]) || !result)
        broken("a future is not done at the end of the wait");
    if (called[i] != 1)
        broken("a callback was not called once");
    if (status == STATUS_CANCELLED)
        status = result->error == FETCH_CANCELLED ? STATUS_OK : STATUS_FAILED; /* as asked for */
    else if (status == STATUS_OK && (!result->body || !result->header_bytes))
        broken("a result without its body and headers");
    printf("%s %s\n", status == STATUS_OK ? "Read" : "Failed", future_url(futures[i]));
    if (status != STATUS_OK)
        refuse(result->detail[0] ? result->detail : fetch_error_name(result->error), status);
    future_release(futures[i]);
}

static void look_at_all(void)
{
    for (int i = 0; i < count; i++)
        look_at(i);
    count = 0;
}

static void wait_as_completed(void)
{
    struct completions *completions;
    struct future *future;
    size_t yielded = 0;
    enum status status = futures_as_completed(futures, (size_t)count, PATIENCE_MS, &completions);
    if (status != STATUS_OK) {
        refuse("as completed", status);
        return;
    }
    while ((status = completions_next(completions, &future)) == STATUS_OK)
        yielded++;
    if (status != STATUS_END || yielded != (size_t)count)
        broken("the iterator did not yield each once");
    completions_close(completions);
}

static void wait_for_all(void)
{
    size_t done;
    enum status status = futures_wait(futures, (size_t)count, FUTURES_ALL_COMPLETED, PATIENCE_MS, &done);
    if (status == STATUS_OK && done != (size_t)count)
        broken("all were waited for, and some are not done");
    if (status != STATUS_OK)
        refuse("wait", status);
}

static void wait_by_descriptor(void)
{
    struct pollfd polled = {.fd = executor_fd(executor), .events = POLLIN};
    enum status status = STATUS_OK;
    for (int turns = 0; turns < 300 && status != STATUS_END && status != STATUS_BROKEN; turns++) {
        poll(&polled, 1, 50);
        status = executor_run(executor, 0);
    }
}

/* Those whose wait was refused are waited for one by one. */
static void wait_singly(void)
{
    const struct fetch_result *result;
    for (int i = 0; i < count; i++) {
        if (future_result(futures[i], PATIENCE_MS, &result) == STATUS_TIMEOUT)
            broken("a future is not done in time");
    }
}

struct list {
    char **urls;
    int left;
};

static const char *next_url(void *context)
{
    struct list *list = context;
    return list->left-- > 0 ? *list->urls++ : NULL;
}

static void map_all(char **urls, int url_count)
{
    struct list list = {urls, url_count};
    struct executor_map *map;
    const struct fetch_result *result;
    int yielded = 0;
    enum status status = executor_map(executor, next_url, &list, 4, PATIENCE_MS, &map);
    if (status != STATUS_OK) {
        refuse("map", status);
        return;
    }
    while ((status = executor_map_next(map, &result)) == STATUS_OK || status == STATUS_FAILED) {
        printf("%s %s\n", status == STATUS_OK ? "Read" : "Failed", result->url);
        if (status != STATUS_OK)
            refuse(result->detail, status);
        yielded++;
    }
    if (status != STATUS_END)
        refuse("map ends", status);
    else if (yielded != url_count)
        broken("the map did not yield each once");
    executor_map_close(map);
}

static void use_all(char **urls, int url_count)
{
    void (*const waits[])(void) = {wait_as_completed, wait_for_all, wait_by_descriptor};
    for (size_t way = 0; way < sizeof waits / sizeof waits[0]; way++) {
        for (int i = 0; i < url_count && i < FUTURES_MAX; i++)
            submit(urls[i]);
        if (way == 0 && count > 0)
            future_cancel(futures[count - 1]);
        waits[way]();
        wait_singly();
        look_at_all();
    }
    map_all(urls, url_count);
}

int main(int argc, char **argv)
{
    static const char *const ENGINES[EXECUTOR_ENGINE_COUNT] = {"processes", "threads", "serial"};
    static const char *const HEADERS[] = {"X-One: 1", "X-Two: 2"};
    static const char *const RESOLVE[] = {"one.test:80:127.0.0.1", "two.test:80:127.0.0.1"};
    struct executor_options options;
    char why[256];
    executor_options_init(&options);
    for (int i = 0; argc > 2 && i < EXECUTOR_ENGINE_COUNT; i++) {
        if (strcmp(argv[1], ENGINES[i]) == 0)
            options.engine = (enum executor_engine)i;
    }
    options.workers = 2;
    options.concurrency = 4;
    options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS | EXECUTOR_DIGEST;
    options.memory_bytes_max = 1u << 20;
    options.limits.total_timeout_ms = 3000;
    options.user_agent = "torture";
    options.headers = HEADERS;
    options.header_count = 2;
    options.resolve = RESOLVE;
    options.resolve_count = 2;
    enum status status = executor_open(&executor, &options, why, sizeof why);
    if (status != STATUS_OK) {
        if (why[0] == '\0')
            broken("a refusal without a word");
        fprintf(stderr, "open: %s: %s\n", status_name(status), why);
        return 1;
    }
    use_all(argv + 2, argc - 2);
    executor_shutdown(executor, true, false, PATIENCE_MS);
    executor_close(executor);
    return all_well ? 0 : 1;
}
