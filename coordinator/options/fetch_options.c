/* fetch_options.c: the command line of `shoal fetch`: how each option is taken, the table of them all, what fits together. */
#include "coordinator/options/fetch_options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/macros.h"
#include "coordinator/options/option_values.h"
#include "worker/worker.h"

#define RETRIES_DEFAULT 2
#define RETRIES_MAX 100u
#define REDIRECTS_MAX 1000u
#define MEMORY_BYTES_MIN (1ull << 20)
#define MEMORY_BYTES_MAX (1ull << 44)

/* Every reader has the type of option_spec.take. */
#define TAKE(name) static bool name(void *options, const char *value, char *why, size_t why_bytes)
#define FETCH ((struct fetch_options *)options)

static const char *const ENGINES[] = {"processes", "threads", "serial"};
static const char *const FORMATS[] = {"text", "jsonl"};
static const char *const PROGRESS[] = {"auto", "always", "never"};
static const char *const DEATHS[] = {"isolate", "break"};
static_assert(COUNT(ENGINES) == EXECUTOR_ENGINE_COUNT, "every engine has a name");
static_assert(COUNT(FORMATS) == FORMAT_COUNT, "every format has a name");
static_assert(COUNT(PROGRESS) == PROGRESS_COUNT, "every choice has a name");

/* An option without a value cannot be wrong. */
static bool taken(char *why, size_t why_bytes)
{
    if (why_bytes > 0)
        why[0] = '\0';
    return true;
}

/* ---- what to fetch, and how many at a time ---- */

TAKE(take_input)
{
    return option_value_not_empty(value, &FETCH->input_path, why, why_bytes);
}

TAKE(take_engine)
{
    size_t index;
    if (!option_value_choice(value, ENGINES, COUNT(ENGINES), &index, why, why_bytes))
        return false;
    FETCH->executor.engine = (enum executor_engine)index;
    return true;
}

TAKE(take_workers)
{
    FETCH->workers_given = true;
    return option_value_count(value, 1, WORKERS_MAX, &FETCH->executor.workers, why, why_bytes);
}

TAKE(take_concurrency)
{
    FETCH->concurrency_given = true;
    return option_value_count(value, 1, CONCURRENCY_MAX, &FETCH->executor.concurrency, why, why_bytes);
}

TAKE(take_per_host)
{
    return option_value_count(value, 0, CONCURRENCY_MAX, &FETCH->per_host, why, why_bytes);
}

TAKE(take_ordered)
{
    (void)value;
    FETCH->ordered = true;
    return taken(why, why_bytes);
}

TAKE(take_fail_fast)
{
    (void)value;
    FETCH->fail_fast = true;
    return taken(why, why_bytes);
}

/* ---- output ---- */

TAKE(take_format)
{
    size_t index;
    if (!option_value_choice(value, FORMATS, COUNT(FORMATS), &index, why, why_bytes))
        return false;
    FETCH->format = (enum output_format)index;
    return true;
}

TAKE(take_output)
{
    return option_value_not_empty(value, &FETCH->output_path, why, why_bytes);
}

TAKE(take_output_dir)
{
    return option_value_not_empty(value, &FETCH->output_dir, why, why_bytes);
}

TAKE(take_digest)
{
    (void)value;
    FETCH->executor.keep |= EXECUTOR_DIGEST;
    return taken(why, why_bytes);
}

TAKE(take_count_links)
{
    (void)value;
    FETCH->executor.keep |= EXECUTOR_LINKS;
    return taken(why, why_bytes);
}

TAKE(take_progress)
{
    size_t index;
    if (!option_value_choice(value, PROGRESS, COUNT(PROGRESS), &index, why, why_bytes))
        return false;
    FETCH->progress = (enum progress_when)index;
    return true;
}

TAKE(take_quiet)
{
    (void)value;
    FETCH->quiet = true;
    return taken(why, why_bytes);
}

/* ---- limits ---- */

TAKE(take_connect_timeout)
{
    return option_value_duration(value, 1, &FETCH->executor.limits.connect_timeout_ms, why, why_bytes);
}

TAKE(take_max_time)
{
    return option_value_duration(value, 1, &FETCH->executor.limits.total_timeout_ms, why, why_bytes);
}

TAKE(take_stall_time)
{
    return option_value_duration(value, 1, &FETCH->executor.limits.stall_time_ms, why, why_bytes);
}

TAKE(take_max_redirs)
{
    return option_value_count(value, 0, REDIRECTS_MAX, &FETCH->executor.limits.redirects_max, why, why_bytes);
}

TAKE(take_max_body)
{
    return option_value_size(value, 1, BODY_BYTES_LIMIT, &FETCH->executor.limits.body_bytes_max, why, why_bytes);
}

TAKE(take_memory)
{
    return option_value_size(value, MEMORY_BYTES_MIN, MEMORY_BYTES_MAX, &FETCH->executor.memory_bytes_max, why,
                             why_bytes);
}

TAKE(take_retries)
{
    return option_value_count(value, 0, RETRIES_MAX, &FETCH->retries, why, why_bytes);
}

/* ---- the request ---- */

TAKE(take_header)
{
    struct executor_options *executor = &FETCH->executor;
    return option_value_header(value, why, why_bytes) &&
           option_value_append(&executor->headers, &executor->header_count, value, why, why_bytes);
}

TAKE(take_user_agent)
{
    FETCH->executor.user_agent = value;
    return option_value_header_text(value, why, why_bytes);
}

TAKE(take_proxy)
{
    return option_value_header_text(value, why, why_bytes) &&
           option_value_not_empty(value, &FETCH->executor.proxy, why, why_bytes);
}

TAKE(take_cacert)
{
    FETCH->executor.ca_file = value;
    return option_value_readable(value, why, why_bytes);
}

TAKE(take_insecure)
{
    (void)value;
    FETCH->executor.insecure = true;
    return taken(why, why_bytes);
}

TAKE(take_resolve)
{
    struct executor_options *executor = &FETCH->executor;
    return option_value_resolve(value, why, why_bytes) &&
           option_value_append(&executor->resolve, &executor->resolve_count, value, why, why_bytes);
}

TAKE(take_http_1_1)
{
    (void)value;
    FETCH->executor.http = EXECUTOR_HTTP_1_1;
    return taken(why, why_bytes);
}

TAKE(take_http_2)
{
    (void)value;
    FETCH->executor.http = EXECUTOR_HTTP_2;
    return taken(why, why_bytes);
}

TAKE(take_block_private)
{
    (void)value;
    FETCH->executor.block_private = true;
    return taken(why, why_bytes);
}

/* ---- the workers ---- */

TAKE(take_on_worker_death)
{
    size_t index;
    if (!option_value_choice(value, DEATHS, COUNT(DEATHS), &index, why, why_bytes))
        return false;
    FETCH->executor.on_worker_death = index == 0 ? EXECUTOR_ISOLATE : EXECUTOR_BREAK;
    return true;
}

TAKE(take_max_tasks)
{
    return option_value_count(value, 0, UINT32_MAX, &FETCH->executor.tasks_per_worker_max, why, why_bytes);
}

TAKE(take_hang_time)
{
    return option_value_duration(value, 0, &FETCH->executor.hang_time_ms, why, why_bytes);
}

TAKE(take_sandbox)
{
    return option_value_parts(value, worker_sandbox_names, WORKER_SANDBOX_COUNT, &FETCH->executor.sandbox, why,
                              why_bytes);
}

/* ---- for `shoal compare` ---- */

TAKE(take_tally)
{
    uint32_t fd;
    if (!option_value_count(value, 3, INT32_MAX, &fd, why, why_bytes))
        return false;
    FETCH->tally_fd = (int)fd;
    return true;
}

TAKE(take_crash_url)
{
    return option_value_not_empty(value, &FETCH->executor.crash_url, why, why_bytes);
}

/* ---- the table ---- */

static const struct option_spec SPECS[] = {
    {"input", 'i', "FILE", "Read URLs from FILE, one a line; - is standard input, read as it comes", take_input,
     OPTIONS_RUN},
    {"engine", 'e', "ENGINE", "Who runs the workers: processes (default), threads, or serial: one URL at a time",
     take_engine, OPTIONS_RUN},
    {"workers", 'w', "N", "Number of workers (default: the CPUs that this process may use)", take_workers, OPTIONS_RUN},
    {"concurrency", 'c', "N", "Transfers in flight, all workers together (default 64)", take_concurrency, OPTIONS_RUN},
    {"per-host", 0, "N", "Transfers in flight to one host, all workers together; 0 (default): no limit", take_per_host,
     OPTIONS_RUN},
    {"ordered", 0, NULL, "Report in the order of the input, not as completed", take_ordered, OPTIONS_RUN},
    {"fail-fast", 0, NULL, "Stop at the first failure; what has not started is reported as cancelled", take_fail_fast,
     OPTIONS_RUN},
    {"retries", 0, "N", "Tries after the first, on no answer, 408, 429, 500, 502 to 504 (default 2)", take_retries,
     OPTIONS_RUN},
    {"format", 0, "FORMAT", "What standard output gets: text (default) or jsonl", take_format, OPTIONS_RUN},
    {"output", 'o', "FILE", "Write the results to FILE; - is standard output", take_output, OPTIONS_RUN},
    {"output-dir", 'O', "DIR", "Also save each body below DIR, as host/path", take_output_dir, OPTIONS_RUN},
    {"digest", 0, NULL, "Compute the SHA-256 of each body, for jsonl", take_digest, OPTIONS_RUN},
    {"count-links", 0, NULL, NULL, take_count_links, OPTIONS_RUN}, /* for comparing: the CPU work of a crawler */
    {"progress", 0, "WHEN", "Show progress on standard error: auto (default), always or never", take_progress,
     OPTIONS_RUN},
    {"quiet", 'q', NULL, "No lines for successes, no progress; failures remain", take_quiet, OPTIONS_RUN},
    {"connect-timeout", 0, "TIME", "Time to connect: name, TCP and TLS (default 10s)", take_connect_timeout,
     OPTIONS_RUN},
    {"max-time", 0, "TIME", "Time for one try, redirects included (default 2m)", take_max_time, OPTIONS_RUN},
    {"stall-time", 0, "TIME", "Give up after so long under 100 bytes a second (default 30s)", take_stall_time,
     OPTIONS_RUN},
    {"max-redirs", 0, "N", "Follow at most N redirects (default 10); 0: none", take_max_redirs, OPTIONS_RUN},
    {"max-body", 0, "SIZE", "Largest body, decoded (default 16M); a larger one fails", take_max_body, OPTIONS_RUN},
    {"memory", 0, "SIZE", "Shared memory for bodies, all together (default 256M)", take_memory, OPTIONS_RUN},
    {"header", 'H', "LINE", "Send the header LINE, \"Name: value\"; may be given again", take_header, OPTIONS_RUN},
    {"user-agent", 'A', "TEXT", "Send TEXT as User-Agent (default shoal/VERSION)", take_user_agent, OPTIONS_RUN},
    {"proxy", 0, "URL", "Use this proxy; env: as the environment says, which is ignored otherwise", take_proxy,
     OPTIONS_RUN},
    {"cacert", 0, "FILE", "Trust the certificates in FILE, not the system's", take_cacert, OPTIONS_RUN},
    {"insecure", 0, NULL, "Do not verify certificates; each result records it", take_insecure, OPTIONS_RUN},
    {"resolve", 0, "ENTRY", "host:port:address: connect there; may be given again", take_resolve, OPTIONS_RUN},
    {"http1.1", 0, NULL, "Use HTTP/1.1", take_http_1_1, OPTIONS_RUN},
    {"http2", 0, NULL, "Use HTTP/2, over clear text too", take_http_2, OPTIONS_RUN},
    {"block-private", 0, NULL, "Refuse loopback, private, link-local, ... addresses at every hop", take_block_private,
     OPTIONS_RUN},
    {"on-worker-death", 0, "WHAT", "isolate (default): what a dead worker held runs again; break: the run fails",
     take_on_worker_death, OPTIONS_RUN},
    {"max-tasks-per-worker", 0, "N", "Replace a worker process after N tasks; 0 (default): never", take_max_tasks,
     OPTIONS_RUN},
    {"hang-time", 0, "TIME", "Kill a worker that gives no sign of life for so long (default 10s); 0: never",
     take_hang_time, OPTIONS_RUN},
    {"sandbox", 0, "LIST",
     "What worker processes give up: all (default), none, or some of "
     "rlimits,privs,nodump,landlock,seccomp",
     take_sandbox, OPTIONS_RUN},
    {"tally", 0, "FD", NULL, take_tally, OPTIONS_RUN},
    {"crash-url", 0, "URL", NULL, take_crash_url, OPTIONS_RUN},
    {"help", 'h', NULL, "Show this help", NULL, OPTIONS_DONE},
};

static const struct option_table TABLE = {"shoal fetch", SPECS, COUNT(SPECS), NULL};

const struct option_table *fetch_option_table(void)
{
    return &TABLE;
}

/* ---- what fits together ---- */

const char *fetch_options_conflict(const struct fetch_options *options)
{
    const struct executor_options *executor = &options->executor;
    if (options->input_path != NULL && options->url_count > 0)
        return "give URLs either as arguments or with --input, not both";
    if (options->input_path == NULL && options->url_count == 0)
        return "no URL: give some as arguments, or a file of them with --input FILE (- is standard "
               "input)";
    if (executor->engine == EXECUTOR_SERIAL && options->concurrency_given && executor->concurrency > 1)
        return "--engine serial fetches one URL at a time: --concurrency must be 1";
    if (executor->engine == EXECUTOR_SERIAL && options->workers_given && executor->workers > 1)
        return "--engine serial fetches one URL at a time: --workers must be 1";
    size_t header_bytes = 0;
    for (size_t i = 0; i < executor->header_count; i++)
        header_bytes += strlen(executor->headers[i]) + 2;
    _Static_assert(REQUEST_HEADER_BYTES_MAX == 16384, "the message names it");
    if (header_bytes > REQUEST_HEADER_BYTES_MAX)
        return "the headers given with --header have more than 16384 bytes together";
    for (size_t i = 0; i < options->url_count; i++) {
        if (strcmp(options->urls[i], "-") == 0)
            return "\"-\" is no URL: use --input - to read URLs from standard input";
    }
    return NULL;
}

void fetch_options_settle(struct fetch_options *options)
{
    struct executor_options *executor = &options->executor;
    if (executor->engine == EXECUTOR_SERIAL) {
        executor->workers = 1;
        executor->concurrency = 1;
    }
    if (options->workers_given && !options->concurrency_given && executor->concurrency < executor->workers)
        executor->concurrency = executor->workers;
    if (options->output_dir != NULL)
        executor->keep |= EXECUTOR_KEEP_BODY;
    if (options->output_path != NULL && strcmp(options->output_path, "-") == 0)
        options->output_path = NULL;
    if (options->quiet)
        options->progress = PROGRESS_NEVER;
    if (options->tally_fd >= 0) /* who counts for another also has its memory looked at by it */
        executor->sandbox &= ~(uint32_t)EXECUTOR_SANDBOX_NODUMP;
}

void fetch_options_init(struct fetch_options *options)
{
    *options = (struct fetch_options){.retries = RETRIES_DEFAULT, .progress = PROGRESS_AUTO, .tally_fd = -1};
    executor_options_init(&options->executor);
    options->executor.keep = EXECUTOR_KEEP_NOTHING;
}

enum options_outcome fetch_options_parse(struct fetch_options *options, int argc, char **argv)
{
    const struct option_table *table = &TABLE;
    int operand_index = argc;
    fetch_options_init(options);
    enum options_outcome outcome = option_table_parse(table, options, argc, argv, &operand_index);
    if (outcome != OPTIONS_RUN)
        return outcome;
    options->urls = (const char *const *)(argv + operand_index);
    options->url_count = (size_t)(argc - operand_index);
    const char *conflict = fetch_options_conflict(options);
    if (conflict != NULL) {
        option_table_complain(table, "%s", conflict);
        return OPTIONS_WRONG;
    }
    fetch_options_settle(options);
    return OPTIONS_RUN;
}

void fetch_options_free(struct fetch_options *options)
{
    free((void *)options->executor.headers);
    free((void *)options->executor.resolve);
    options->executor.headers = options->executor.resolve = NULL;
    options->executor.header_count = options->executor.resolve_count = 0;
}
