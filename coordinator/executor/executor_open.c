/* executor_open.c: from options to an executor that can start, and back. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/descriptor.h"
#include "common/extent.h"
#include "common/page.h"
#include "common/version.h"
#include "coordinator/executor/cpus.h"
#include "coordinator/executor/pool.h"

#define CONCURRENCY_DEFAULT 64u
#define PENDING_MIN 1024u
#define AHEAD_MIN 64u /* work that lies ready, so that a worker need not wait for us */
#define HELD_MIN 64u
#define FDS_OF_ONE_WORKER 24u /* poll set, bells, resolver, libcurl's own */
#define MEMORY_MIN (1ull << 20)

/* What instruments a program wants files, its own memory, or a tracer. */
#if defined SHOAL_COVERAGE
#define SANDBOX_DEFAULT EXECUTOR_SANDBOX_NONE
#elif defined SHOAL_SANITIZED
#define SANDBOX_DEFAULT (EXECUTOR_SANDBOX_RLIMITS | EXECUTOR_SANDBOX_PRIVS)
#else
#define SANDBOX_DEFAULT EXECUTOR_SANDBOX_ALL
#endif

static_assert(EXECUTOR_SANDBOX_RLIMITS == (int)WORKER_SANDBOX_RLIMITS &&
                  EXECUTOR_SANDBOX_PRIVS == (int)WORKER_SANDBOX_PRIVS &&
                  EXECUTOR_SANDBOX_NODUMP == (int)WORKER_SANDBOX_NODUMP &&
                  EXECUTOR_SANDBOX_LANDLOCK == (int)WORKER_SANDBOX_LANDLOCK &&
                  EXECUTOR_SANDBOX_SECCOMP == (int)WORKER_SANDBOX_SECCOMP &&
                  EXECUTOR_SANDBOX_ALL == (1 << WORKER_SANDBOX_COUNT) - 1,
              "the public names of the worker's parts");
static_assert(REQUEST_KEEP_BODY == (int)JOB_KEEP_BODY && REQUEST_NO_REDIRECT == (int)JOB_NO_REDIRECT &&
                  REQUEST_ALLOW_PRIVATE == (int)JOB_ALLOW_PRIVATE && REQUEST_RESOLVE == (int)JOB_RESOLVE &&
                  REQUEST_SITEMAP == (int)JOB_SITEMAP && REQUEST_CUT == (int)JOB_CUT &&
                  REQUEST_PAGE_ONLY == (int)JOB_PAGE_ONLY,
              "the public names of the slot's flags");

static const struct engine_ops *const ENGINES[] = {
    [EXECUTOR_PROCESSES] = &engine_processes,
    [EXECUTOR_THREADS] = &engine_threads,
    [EXECUTOR_SERIAL] = &engine_serial,
};
static_assert(sizeof ENGINES / sizeof ENGINES[0] == EXECUTOR_ENGINE_COUNT, "every engine is there");

void executor_options_init(struct executor_options *options)
{
    *options = (struct executor_options){
        .engine = EXECUTOR_PROCESSES,
        .concurrency = CONCURRENCY_DEFAULT,
        .keep = EXECUTOR_KEEP_BODY,
        .hang_time_ms = 10 * 1000,
        .memory_bytes_max = 256ull << 20,
        .sandbox = SANDBOX_DEFAULT,
        .interrupt_fd = -1,
    };
    fetch_limits_init(&options->limits);
}

__attribute__((format(printf, 3, 4))) static enum status wrong(char *why, size_t why_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (why && why_bytes)
        vsnprintf(why, why_bytes, format, arguments);
    va_end(arguments);
    return STATUS_INVALID_ARGUMENT;
}

static enum status check_options(const struct executor_options *options, char *why, size_t why_bytes)
{
    const struct fetch_limits *limits = &options->limits;
    if ((unsigned)options->engine >= EXECUTOR_ENGINE_COUNT)
        return wrong(why, why_bytes, "unknown engine %d", (int)options->engine);
    if ((unsigned)options->http > EXECUTOR_HTTP_2)
        return wrong(why, why_bytes, "unknown HTTP version %d", (int)options->http);
    if (options->sandbox & ~(uint32_t)EXECUTOR_SANDBOX_ALL)
        return wrong(why, why_bytes, "unknown parts of the sandbox: %#x", (unsigned)options->sandbox);
    if (options->workers > WORKERS_MAX)
        return wrong(why, why_bytes, "%u workers: at most %u", (unsigned)options->workers, WORKERS_MAX);
    if (options->concurrency < 1 || options->concurrency > CONCURRENCY_MAX)
        return wrong(why, why_bytes, "concurrency %u: 1 to %u", (unsigned)options->concurrency, CONCURRENCY_MAX);
    if (limits->body_bytes_max < 1 || limits->body_bytes_max > BODY_BYTES_LIMIT)
        return wrong(why, why_bytes, "a largest body of %llu bytes: 1 to %llu",
                     (unsigned long long)limits->body_bytes_max, (unsigned long long)BODY_BYTES_LIMIT);
    if (limits->connect_timeout_ms < 1 || limits->total_timeout_ms < 1 || limits->stall_time_ms < 1)
        return wrong(why, why_bytes, "a timeout must be longer than nothing");
    if (limits->connect_timeout_ms > INT32_MAX || limits->total_timeout_ms > INT32_MAX ||
        limits->stall_time_ms > INT32_MAX)
        return wrong(why, why_bytes, "a timeout is longer than %d ms", INT32_MAX);
    if (!limits->body_ratio_max || !limits->header_bytes_max || !limits->header_count_max)
        return wrong(why, why_bytes, "a limit of 0 lets nothing through");
    if (options->memory_bytes_max < MEMORY_MIN)
        return wrong(why, why_bytes, "%llu bytes of body memory: at least %llu",
                     (unsigned long long)options->memory_bytes_max, MEMORY_MIN);
    for (size_t i = 0; i < options->header_count; i++) {
        if (strpbrk(options->headers[i], "\r\n"))
            return wrong(why, why_bytes, "a header with a line break");
    }
    if (options->user_agent && strpbrk(options->user_agent, "\r\n"))
        return wrong(why, why_bytes, "a user agent with a line break");
    return STATUS_OK;
}

/* ---- the executor's own copies of the caller's strings ---- */

/* What is at *copy is our own however these end: executor_free() gives it back. */
static bool copy_string(const char **copy, const char *text)
{
    *copy = text ? strdup(text) : NULL;
    return *copy || !text;
}

static bool copy_strings(const char *const **copy, size_t *copied, const char *const *list, size_t count)
{
    const char **own = calloc(count + 1, sizeof *own);
    *copy = own;
    for (*copied = 0; own && *copied < count; ++*copied) {
        own[*copied] = strdup(list[*copied]);
        if (!own[*copied])
            return false;
    }
    return own != NULL;
}

static void free_strings(const char *const *list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        free((void *)(uintptr_t)list[i]);
    free((void *)(uintptr_t)list);
}

static bool copy_options(struct executor *executor, const struct executor_options *options)
{
    struct executor_options *own = &executor->options;
    *own = *options;
    own->user_agent = own->proxy = own->ca_file = own->crash_url = NULL;
    own->headers = own->resolve = own->links.strip = NULL;
    own->header_count = own->resolve_count = own->links.strip_count = 0;
    const char *agent = options->user_agent ? options->user_agent : "shoal/" SHOAL_VERSION;
    return copy_string(&own->user_agent, agent) && copy_string(&own->proxy, options->proxy) &&
           copy_string(&own->ca_file, options->ca_file) && copy_string(&own->crash_url, options->crash_url) &&
           copy_strings(&own->headers, &own->header_count, options->headers, options->header_count) &&
           copy_strings(&own->resolve, &own->resolve_count, options->resolve, options->resolve_count) &&
           copy_strings(&own->links.strip, &own->links.strip_count, options->links.strip, options->links.strip_count);
}

static void derive_fetch(struct executor *executor)
{
    const struct executor_options *options = &executor->options;
    static const long VERSIONS[] = {
        [EXECUTOR_HTTP_AUTO] = CURL_HTTP_VERSION_2TLS,
        [EXECUTOR_HTTP_1_1] = CURL_HTTP_VERSION_1_1,
        [EXECUTOR_HTTP_2] = CURL_HTTP_VERSION_2_0,
    };
    executor->fetch = (struct fetch_config){
        .limits = options->limits,
        .keep_body = options->keep & EXECUTOR_KEEP_BODY,
        .keep_headers = options->keep & EXECUTOR_KEEP_HEADERS,
        .digest = options->keep & EXECUTOR_DIGEST,
        .links = options->keep & EXECUTOR_LINKS,
        .pages = options->keep & EXECUTOR_PAGES,
        .page = {.texts = options->links.texts,
                 .positions = options->links.positions,
                 .ignore_query = options->links.ignore_query,
                 .strip = options->links.strip,
                 .strip_count = options->links.strip_count,
                 .seed = options->links.seed},
        .insecure = options->insecure,
        .block_private = options->block_private,
        .is_process = options->engine == EXECUTOR_PROCESSES,
        .http_version = VERSIONS[options->http],
        .user_agent = options->user_agent,
        .proxy = !options->proxy                      ? ""
                 : strcmp(options->proxy, "env") == 0 ? NULL
                                                      : options->proxy,
        .ca_file = options->ca_file,
        .headers = options->headers,
        .header_count = options->header_count,
        .resolve = options->resolve,
        .resolve_count = options->resolve_count,
        .crash_url = options->crash_url,
    };
}

/* ---- what is granted ---- */

/* Appends to the line of executor_note(). */
__attribute__((format(printf, 2, 3))) static void note(struct executor *executor, const char *format, ...)
{
    size_t used = strlen(executor->note);
    if (used > 0)
        used += (size_t)snprintf(executor->note + used, sizeof executor->note - used, "; ");
    va_list arguments;
    va_start(arguments, format);
    if (used < sizeof executor->note)
        vsnprintf(executor->note + used, sizeof executor->note - used, format, arguments);
    va_end(arguments);
}

/* What the kernel has not is asked for no more, and said once. */
static void fit_to_kernel(struct executor *executor)
{
    struct executor_options *options = &executor->options;
    char names[64];
    if (options->engine != EXECUTOR_PROCESSES)
        options->sandbox = EXECUTOR_SANDBOX_NONE;
    uint32_t missing = worker_sandbox_missing(options->sandbox);
    options->sandbox = worker_sandbox_whole(options->sandbox & ~missing);
    if (!missing)
        return;
    worker_sandbox_list(missing, names, sizeof names);
    note(executor, "this kernel does not grant %s: workers run without that part of the sandbox (--sandbox)", names);
}

/* Fewer transfers where descriptors would run out, and a note that says so. */
static void fit_to_descriptors(struct executor *executor)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    bool is_one_process = executor->options.engine != EXECUTOR_PROCESSES;
    uint64_t processes = is_one_process ? 1 : executor->worker_count;
    uint64_t fixed = is_one_process ? (uint64_t)executor->worker_count * FDS_OF_ONE_WORKER : FDS_OF_ONE_WORKER;
    uint64_t usable = limit.rlim_cur > fixed + 8 ? limit.rlim_cur - fixed - 8 : 1;
    uint64_t most = usable * processes;
    if (executor->concurrency <= most)
        return;
    note(executor,
         "%u transfers in flight need more than the %llu open files that a process may have: using %llu (ulimit -n)",
         (unsigned)executor->concurrency, (unsigned long long)limit.rlim_cur, (unsigned long long)most);
    executor->concurrency = (uint32_t)most;
}

static void decide_sizes(struct executor *executor)
{
    struct executor_options *options = &executor->options;
    bool is_serial = options->engine == EXECUTOR_SERIAL;
    executor->worker_count = is_serial ? 1 : options->workers ? options->workers : cpus_available();
    if (executor->worker_count > WORKERS_MAX)
        executor->worker_count = WORKERS_MAX;
    executor->concurrency = is_serial ? 1 : options->concurrency;
    fit_to_descriptors(executor);
    if (!options->workers && executor->worker_count > executor->concurrency)
        executor->worker_count = executor->concurrency;
    if (executor->concurrency < executor->worker_count)
        executor->concurrency = executor->worker_count;
    executor->worker_capacity = (executor->concurrency + executor->worker_count - 1) / executor->worker_count;
    uint32_t ahead = executor->concurrency > AHEAD_MIN ? executor->concurrency : AHEAD_MIN;
    executor->placed_max = executor->concurrency + ahead;
    executor->held_max = executor->concurrency > HELD_MIN ? executor->concurrency : HELD_MIN;
    if (options->pending_max == 0)
        options->pending_max = executor->concurrency * 4 > PENDING_MIN ? executor->concurrency * 4 : PENDING_MIN;
}

/* ---- parts ---- */

static enum status create_shared(struct executor *executor, char *why, size_t why_bytes)
{
    const struct executor_options *options = &executor->options;
    bool keeps_headers = options->keep & EXECUTOR_KEEP_HEADERS;
    bool has_pages = options->keep & EXECUTOR_PAGES;
    bool keeps_body = has_pages || options->keep & EXECUTOR_KEEP_BODY; /* with pages, a request may ask for it */
    const struct shared_shape shape = {
        .workers = executor->worker_count,
        .slots = executor->placed_max + executor->held_max + 1, /* one for the suspect */
        .done_capacity_min = executor->worker_capacity * 4,
        .body_stride = extent_stride(keeps_body ? options->limits.body_bytes_max : 0,
                                     keeps_headers ? options->limits.header_bytes_max : 0,
                                     has_pages ? SITEMAP_BLOCK_BYTES_MAX : 0),
        .memory_bytes_max = options->memory_bytes_max,
    };
    enum status status = shared_create(&executor->shared, &shape, why, why_bytes);
    if (status == STATUS_OK && extent_reserve(&executor->shared, 0, EXTENT_WARM_BYTES / 4) != STATUS_OK) {
        wrong(why, why_bytes, "not enough shared memory: /dev/shm is full; at least %u KiB more are needed",
              EXTENT_WARM_BYTES / 1024);
        status = STATUS_NO_SHARED_MEMORY;
    }
    return status;
}

static enum status allocate(struct executor *executor)
{
    uint32_t slots = executor->shared.slot_count;
    executor->workers = calloc(executor->worker_count + 1, sizeof *executor->workers);
    for (uint32_t i = 0; executor->workers && i <= executor->worker_count; i++)
        executor->workers[i].pid_fd = executor->workers[i].doorbell_fd = -1; /* 0 is the host program's */
    executor->by_slot = calloc(slots, sizeof(struct future *));
    executor->free_slots = calloc(slots, sizeof *executor->free_slots);
    executor->held = calloc(slots, sizeof *executor->held);
    executor->parser = url_parser_open();
    if (!executor->workers || !executor->by_slot || !executor->free_slots || !executor->held || !executor->parser)
        return STATUS_OUT_OF_MEMORY;
    for (uint32_t i = slots; i-- > 0;)
        executor->free_slots[executor->free_count++] = i;
    return STATUS_OK;
}

static enum status open_descriptors(struct executor *executor, char *why, size_t why_bytes)
{
    executor->epoll_fd = descriptor_above_stdio(epoll_create1(EPOLL_CLOEXEC));
    executor->done_fd = descriptor_above_stdio(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    int failed = executor->epoll_fd < 0 || executor->done_fd < 0 || pipe2(executor->lifeline, O_CLOEXEC) != 0;
    for (int i = 0; !failed && i < 2; i++) {
        executor->lifeline[i] = descriptor_above_stdio(executor->lifeline[i]);
        failed = executor->lifeline[i] < 0;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    failed = failed || epoll_ctl(executor->epoll_fd, EPOLL_CTL_ADD, executor->done_fd, &event) != 0;
    for (uint32_t i = 0; !failed && i <= executor->worker_count; i++) {
        executor->workers[i].doorbell_fd = descriptor_above_stdio(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        failed = executor->workers[i].doorbell_fd < 0;
    }
    if (!failed)
        return STATUS_OK;
    wrong(why, why_bytes, "cannot open the descriptors of %u workers: eventfd: %s", (unsigned)executor->worker_count,
          strerror(errno));
    return STATUS_SYSTEM;
}

enum status executor_open(struct executor **out, const struct executor_options *options, char *why, size_t why_bytes)
{
    struct executor_options defaults;
    *out = NULL;
    if (why && why_bytes)
        why[0] = '\0';
    executor_options_init(&defaults);
    if (!options)
        options = &defaults;
    enum status status = check_options(options, why, why_bytes);
    if (status != STATUS_OK)
        return status;
    struct executor *executor = calloc(1, sizeof *executor);
    if (!executor) {
        wrong(why, why_bytes, "%s", status_name(STATUS_OUT_OF_MEMORY));
        return STATUS_OUT_OF_MEMORY;
    }
    executor->shared.body_fd = executor->epoll_fd = executor->done_fd = -1;
    executor->lifeline[0] = executor->lifeline[1] = -1;
    executor->reap_at_ns = DEADLINE_NEVER;
    executor->engine = ENGINES[options->engine];
    status = STATUS_OUT_OF_MEMORY;
    if (!copy_options(executor, options))
        goto cleanup;
    derive_fetch(executor);
    decide_sizes(executor);
    fit_to_kernel(executor);
    status = create_shared(executor, why, why_bytes);
    if (status == STATUS_OK)
        status = allocate(executor);
    if (status == STATUS_OK)
        status = open_descriptors(executor, why, why_bytes);
    if (status != STATUS_OK)
        goto cleanup;
    *out = executor;
    return STATUS_OK;

cleanup:
    if (why && why_bytes && !why[0])
        snprintf(why, why_bytes, "%s", status_name(status));
    executor_free(executor);
    return status;
}

void pool_worker_config(struct executor *executor, uint32_t index, struct worker_config *config)
{
    bool is_quarantine = index == executor->worker_count;
    bool is_inline = executor->options.engine == EXECUTOR_SERIAL;
    bool is_process = executor->options.engine == EXECUTOR_PROCESSES;
    *config = (struct worker_config){
        .shared = &executor->shared,
        .fetch = &executor->fetch,
        .job = executor->options.job ? executor->options.job : &fetch_job,
        .ring = is_quarantine ? RING_QUARANTINE : RING_WORK,
        .owner = {.worker = index, .incarnation = executor->workers[index].incarnation},
        .capacity = is_quarantine ? 1
                                  : executor->concurrency / executor->worker_count +
                                        (index < executor->concurrency % executor->worker_count),
        .share = is_quarantine ? 1 : executor->worker_count,
        .tasks_max = is_process ? executor->options.tasks_per_worker_max : 0,
        .heartbeat_ms = pool_heartbeat_ms(executor),
        .doorbell_fd = executor->workers[index].doorbell_fd,
        .done_fd = executor->done_fd,
        .lifeline_fd = is_process ? executor->lifeline[0] : -1,
        .interrupt_fd = is_inline ? executor->options.interrupt_fd : -1,
        .sandbox = executor->options.sandbox,
    };
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void executor_free(struct executor *executor)
{
    for (uint32_t i = 0; executor->workers && i <= executor->worker_count; i++) {
        close_fd(executor->workers[i].doorbell_fd);
        close_fd(executor->workers[i].pid_fd);
    }
    while (executor->completed_free) {
        struct completed *next = executor->completed_free->next_free;
        free(executor->completed_free);
        executor->completed_free = next;
    }
    close_fd(executor->epoll_fd);
    close_fd(executor->done_fd);
    close_fd(executor->lifeline[0]);
    close_fd(executor->lifeline[1]);
    shared_close(&executor->shared);
    url_parser_close(executor->parser);
    free_strings(executor->options.headers, executor->options.header_count);
    free_strings(executor->options.resolve, executor->options.resolve_count);
    free_strings(executor->options.links.strip, executor->options.links.strip_count);
    free((void *)(uintptr_t)executor->options.user_agent);
    free((void *)(uintptr_t)executor->options.proxy);
    free((void *)(uintptr_t)executor->options.ca_file);
    free((void *)(uintptr_t)executor->options.crash_url);
    free(executor->held);
    free(executor->free_slots);
    free(executor->by_slot);
    free(executor->workers);
    free(executor);
}
