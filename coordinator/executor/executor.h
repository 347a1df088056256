/* executor.h: futures over a pool of workers that fetch URLs; the public C API of shoal.
 *
 *     struct executor *executor;
 *     executor_open(&executor, NULL, why, sizeof why);
 *     executor_submit_url(executor, "https://example.org/", &future);
 *     futures_as_completed(&future, 1, -1, &iterator);
 *     while (completions_next(iterator, &done) == STATUS_OK) ... future_result(done, 0, &result) ...
 *     executor_close(executor);
 *
 * DESIGN. An executor owns its workers (processes, threads, or the caller itself) and the memory that they share. A
 * future stands for one URL: PENDING, then RUNNING from the moment a worker has claimed it, then done: finished with
 * a result, finished with an error, or cancelled. The semantics are those of Python's concurrent.futures, with these
 * differences, on purpose:
 *
 *   - A worker that dies costs one attempt of what it held; the pool lives on (or breaks, if so asked).
 *   - A cancelled future counts as completed at once, and is yielded by futures_as_completed() and futures_wait().
 *   - RUNNING is set by the worker's own claim, so all that waits can still be cancelled; and a future that runs can be
 *     cancelled too: its transfer is aborted.
 *   - submit has a bound: it blocks, waits up to a time, or answers STATUS_WOULD_BLOCK.
 *   - Callbacks run in the caller's thread, inside a call of this interface.
 *
 * All progress happens inside these calls, in the caller's thread: there is no thread of ours in the caller's process
 * (but for EXECUTOR_THREADS) and no signal handler. One executor belongs to one thread. EXECUTOR_PROCESSES forks at the
 * first submit and whenever a worker is replaced: the caller should have no threads of its own that hold locks then.
 *
 * Memory: a future takes sizeof its struct and its URL (see executor_stats.pending_future_bytes), a result that
 * the caller holds takes up to its body's pages in shared memory, bounded by memory_bytes_max, then the heap. */
#ifndef SHOAL_EXECUTOR_H
#define SHOAL_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fetch_error.h"
#include "common/limits.h"
#include "common/status.h"

struct executor;
struct future;
struct completions;
struct executor_map;
struct job_ops;

enum executor_engine {
    EXECUTOR_PROCESSES, /* forked workers: a crash costs one attempt */
    EXECUTOR_THREADS,   /* workers are threads of the caller's process */
    EXECUTOR_SERIAL,    /* the caller fetches, one URL at a time, inside the calls that wait */
    EXECUTOR_ENGINE_COUNT
};

enum executor_on_worker_death {
    EXECUTOR_ISOLATE, /* what it held runs again; a URL that kills twice fails as FETCH_WORKER_CRASHED */
    EXECUTOR_BREAK,   /* every future that is not done fails, submit answers STATUS_BROKEN: as Python's pools do */
};

enum executor_keep {
    EXECUTOR_KEEP_NOTHING = 0,       /* bodies are counted and dropped by the worker */
    EXECUTOR_KEEP_BODY = 1u << 0,    /* fetch_result.body */
    EXECUTOR_KEEP_HEADERS = 1u << 1, /* fetch_result.headers */
    EXECUTOR_DIGEST = 1u << 2,       /* fetch_result.sha256, computed in the worker */
    EXECUTOR_LINKS = 1u << 3,        /* fetch_result.links: count the links of HTML pages in the worker */
    EXECUTOR_PAGES = 1u << 4,        /* fetch_result.page: the links themselves, and what the page says of itself */
};

enum executor_http {
    EXECUTOR_HTTP_AUTO, /* HTTP/2 over TLS where the server offers it, else HTTP/1.1 */
    EXECUTOR_HTTP_1_1,
    EXECUTOR_HTTP_2, /* also asks for it over clear text, by Upgrade */
};

/* What a worker process takes from itself before its first URL; one part needs none of the others. Of the engines
 * EXECUTOR_PROCESSES alone has a process to confine. A part that the kernel has not is left out: executor_note(). */
enum executor_sandbox {
    EXECUTOR_SANDBOX_NONE = 0,
    EXECUTOR_SANDBOX_RLIMITS = 1 << 0,  /* no core file, no file grows, few descriptors */
    EXECUTOR_SANDBOX_PRIVS = 1 << 1,    /* no privileges to gain, no capability but to read; the last two imply it */
    EXECUTOR_SANDBOX_NODUMP = 1 << 2,   /* not to be traced or looked into: a debugger, perf or a reader of
                                        * /proc/PID/smaps that is not root needs it left out */
    EXECUTOR_SANDBOX_LANDLOCK = 1 << 3, /* opens no file but to read what the resolver and the CA store need */
    EXECUTOR_SANDBOX_SECCOMP = 1 << 4,  /* system calls that no worker makes fail */
    EXECUTOR_SANDBOX_ALL = (1 << 5) - 1,
};

/* How links are told, with EXECUTOR_PAGES. Strings are borrowed until executor_open() returns. */
struct executor_links {
    bool texts;        /* with the texts of links */
    bool positions;    /* with where in the body they stand, for who rewrites pages */
    bool ignore_query; /* without their query */
    const char *const
        *strip; /* strip_count names of parameters that are taken out of queries; a '*' at the end: all that begin so */
    size_t strip_count;
    uint64_t seed; /* of page_link.fingerprint and of the body's hash: common/fingerprint.h */
};

/* How an executor is set up. Begin with executor_options_init(). Strings and arrays are borrowed until
 * executor_open() returns. */
struct executor_options {
    enum executor_engine engine;
    uint32_t workers;     /* 0: the CPUs that this process may use; at most WORKERS_MAX */
    uint32_t concurrency; /* transfers in flight, all workers together; at least one a worker is given */
    uint32_t pending_max; /* futures submitted and not done, at most; 0: four times concurrency, at least 1024 */
    uint32_t keep;        /* enum executor_keep, or-ed */
    enum executor_on_worker_death on_worker_death;
    uint32_t tasks_per_worker_max; /* a worker process is replaced after so many; 0: never */
    int64_t hang_time_ms;          /* a worker without a sign of life for so long is killed; 0: never */
    uint64_t memory_bytes_max;     /* body pages in shared memory, all together */
    uint32_t sandbox;              /* enum executor_sandbox, or-ed; all by default */
    struct fetch_limits limits;
    enum executor_http http;
    bool insecure;              /* do not verify TLS certificates */
    bool block_private;         /* refuse private, loopback, link-local, ... addresses at connect time */
    const char *user_agent;     /* NULL: "shoal/VERSION" */
    const char *proxy;          /* NULL: none; "env": what the environment says */
    const char *ca_file;        /* NULL: the system's */
    const char *const *headers; /* header_count lines "Name: value", sent with every request */
    size_t header_count;
    const char *const *resolve; /* resolve_count entries "host:port:address", as in curl */
    size_t resolve_count;
    struct executor_links links;
    const char *crash_url;     /* whoever fetches this URL crashes (SIGSEGV) at its first byte: to see what a crash
                                * costs; absolute, as it is requested. NULL: none */
    int interrupt_fd;          /* a wait ends with STATUS_INTERRUPTED when this is readable; -1: none */
    const struct job_ops *job; /* NULL: fetch. For tests and benchmarks of the engine itself */
};

/* Fills in the defaults: processes, one worker a CPU, 64 in flight, 256 MiB, bodies kept. */
void executor_options_init(struct executor_options *options);

/* What a fetch gave. Every pointer is valid until the future is released. Times are microseconds since the attempt
 * began, -1 where the phase did not happen; queued is from submit to claim. */
struct fetch_result {
    enum fetch_error error;
    const char *detail;        /* one line for people; "" when there is nothing to say */
    uint32_t attempts;         /* how often a worker began: more than 1 when a worker died */
    uint32_t worker;           /* index of the worker that finished it */
    uint32_t crash_signal;     /* FETCH_WORKER_CRASHED: what killed the worker; 0: it exited */
    int curl_code;             /* libcurl's CURLcode */
    int os_errno;              /* errno of the failed connect, 0 where there is none */
    uint32_t http_status;      /* 0: no answer */
    uint32_t http_version;     /* 10, 11, 20, 30; 0: no answer */
    uint32_t redirects;        /* followed */
    int64_t retry_after_s;     /* what the answer's Retry-After asks for; -1: nothing */
    bool retryable;            /* trying again later may help */
    bool insecure;             /* the certificate was not verified */
    const char *url;           /* as submitted */
    const char *effective_url; /* after redirects */
    const char *content_type;  /* "" when the answer names none */
    const char *remote_ip;     /* "" when there was no connection */
    const char *headers;       /* of the last answer, raw lines; NULL unless EXECUTOR_KEEP_HEADERS */
    size_t header_bytes;
    const unsigned char *body; /* decoded; NULL unless EXECUTOR_KEEP_BODY; zero-copy from shared memory */
    uint64_t body_bytes;       /* decoded bytes, also where the body was dropped */
    uint64_t wire_bytes;       /* body bytes as received */
    uint32_t links; /* found in a page of HTML, with EXECUTOR_LINKS; what a failed transfer had brought, too */
    /* With EXECUTOR_PAGES: page_bytes to be read with page_read() of common/page.h; NULL: it was no page, and no redirect that was not
     * followed. Zero-copy from shared memory, its texts too, as the body is: copy what you decide by. What a failed transfer had
     * brought is there, too. */
    const void *page;
    size_t page_bytes;
    bool is_cut; /* the body was longer than the request wanted: REQUEST_CUT */
    bool has_sha256;
    unsigned char sha256[32]; /* of the decoded body, with EXECUTOR_DIGEST */
    struct {
        int64_t queued_us, dns_us, connect_us, tls_us, first_byte_us, total_us;
    } time;
};

/* What one request wants otherwise than the executor's options say. */
enum request_flag {
    REQUEST_KEEP_BODY =
        1u << 0, /* keep this body, though the executor keeps none; needs EXECUTOR_PAGES, which makes room */
    REQUEST_NO_REDIRECT = 1u << 1, /* a redirect is the answer; with EXECUTOR_PAGES its target is a link of the page */
    REQUEST_ALLOW_PRIVATE = 1u << 2, /* though options.block_private */
    REQUEST_RESOLVE =
        1u << 3, /* only look the name up: remote_ip is the address that would be asked first; no connection is made */
    REQUEST_SITEMAP = 1u << 4,   /* with EXECUTOR_PAGES: the body is read as a sitemap, whatever its type */
    REQUEST_CUT = 1u << 5,       /* a body over body_bytes_max is cut there, and is no failure: is_cut */
    REQUEST_PAGE_ONLY = 1u << 6, /* give up, as FETCH_CANCELLED, once the header says that this is no HTML */
};

/* One URL to fetch. Strings are borrowed until submit returns. */
struct request {
    const char *url;
    const char *const *headers; /* more lines "Name: value" for this request alone */
    size_t header_count;
    uint32_t flags;          /* enum request_flag, or-ed */
    uint64_t body_bytes_max; /* a bound for this body, if lower than that of the options; 0: theirs */
    void *user;              /* for future_user() */
};

struct executor_stats {
    uint32_t workers, concurrency, slots; /* as granted: see executor_note() */
    uint32_t workers_alive;
    uint64_t submitted, completed, cancelled;
    uint64_t worker_deaths;       /* not asked for */
    uint32_t pending, running;    /* running: claimed by a worker at this moment */
    size_t pending_future_bytes;  /* memory of one future, its URL apart */
    uint64_t body_bytes_reserved; /* pages of the body segment in use */
    uint32_t sandbox;             /* enum executor_sandbox, or-ed: what no worker that started had to leave out */
};

/* Maps the shared memory and prepares the engine; workers start at the first submit, as many as there is work for.
 * options: NULL for the defaults. why: on failure receives one line that says what failed, what is needed and what
 * there is; may be NULL. Errors: INVALID_ARGUMENT, NO_SHARED_MEMORY, OUT_OF_MEMORY, SYSTEM; *executor is NULL then. */
enum status executor_open(struct executor **executor, const struct executor_options *options, char *why,
                          size_t why_bytes);

/* What was granted otherwise than asked for (fewer transfers, for want of descriptors; parts of the sandbox that the
 * kernel has not), as one line; NULL if all was granted. Owned by the executor. */
const char *executor_note(const struct executor *executor);

/* Why the executor is broken, as one line; "" while it is not. Owned by the executor. */
const char *executor_why_broken(const struct executor *executor);

/* Queues one request, first in first out. timeout_ms: 0 answers WOULD_BLOCK when pending_max futures wait; negative
 * blocks; else waits so long (TIMEOUT). A URL that cannot be parsed gives a future that has failed as
 * FETCH_INVALID_URL. The future belongs to the caller: future_release(). Errors: WOULD_BLOCK, TIMEOUT, INTERRUPTED,
 * SHUT_DOWN, BROKEN, OUT_OF_MEMORY, INVALID_ARGUMENT (no url, headers with CR, LF or NUL, or over
 * REQUEST_HEADER_BYTES_MAX, unknown flags, REQUEST_KEEP_BODY where there is no room for bodies). */
enum status executor_submit(struct executor *executor, const struct request *request, int64_t timeout_ms,
                            struct future **future);

/* executor_submit() of a URL alone, blocking. */
enum status executor_submit_url(struct executor *executor, const char *url, struct future **future);

/* Makes progress: collects what is complete, runs its callbacks, starts what waits. Blocks up to timeout_ms until at
 * least one future was completed (negative: for ever; 0: not at all). OK: something was completed; TIMEOUT; INTERRUPTED;
 * END: nothing is pending; BROKEN. */
enum status executor_run(struct executor *executor, int64_t timeout_ms);

/* A descriptor that is readable when executor_run() has something to do, for poll() and the like. Level-triggered. The
 * caller should also call executor_run(executor, 0) once a second, so that hung workers are found. Owned by the
 * executor. */
int executor_fd(const struct executor *executor);

void executor_stats(const struct executor *executor, struct executor_stats *stats);

/* No new work from now on. cancel: what has not started is cancelled. wait: blocks until all that is pending is done, up
 * to timeout_ms (negative: for ever), then stops the workers. May be called again. TIMEOUT, INTERRUPTED: work is left, and
 * the workers go on. */
enum status executor_shutdown(struct executor *executor, bool wait, bool cancel, int64_t timeout_ms);

/* shutdown(wait=false, cancel=true), then SIGTERM or SIGKILL to every worker process: what was running fails as
 * FETCH_CANCELLED. */
void executor_terminate_workers(struct executor *executor);
void executor_kill_workers(struct executor *executor);

/* Cancels all that is not done, stops and reaps the workers, gives everything back. Futures that the caller has not
 * released stay valid, their results too, until future_release(). Accepts NULL. */
void executor_close(struct executor *executor);

/* ---- futures ---- */

/* done: finished or cancelled. running: a worker has claimed it. cancelled: was cancelled. Never block. */
bool future_done(const struct future *future);
bool future_running(const struct future *future);
bool future_cancelled(const struct future *future);

/* Cancels: at once if the future has not started; if it runs, its transfer is aborted and the future is cancelled when
 * the worker has said so (or finishes, if it was faster). False only if it is already finished; true if it was or will
 * be cancelled. Runs the callbacks before it returns when the cancellation was immediate. Never blocks. */
bool future_cancel(struct future *future);

/* Waits up to timeout_ms (negative: for ever) for the result. OK: fetched. FAILED: see (*result)->error. CANCELLED,
 * TIMEOUT (the task goes on), INTERRUPTED. *result is set for OK, FAILED and CANCELLED, else NULL; it belongs to the
 * future. May be called again. */
enum status future_result(struct future *future, int64_t timeout_ms, const struct fetch_result **result);

/* As future_result(), but gives the error alone: FETCH_OK on success, FETCH_CANCELLED when cancelled. */
enum status future_error(struct future *future, int64_t timeout_ms, enum fetch_error *error);

/* Calls callback(future, context) once when the future is done, after what waits was woken; in the order added; at
 * once if it is done. The callback may call any function of this header but executor_close(). */
typedef void future_callback(struct future *future, void *context);
enum status future_add_done_callback(struct future *future, future_callback *callback, void *context);

const char *future_url(const struct future *future);
void *future_user(const struct future *future);
struct executor *future_executor(const struct future *future);

/* The state as one word: "pending", "running", "finished", "cancelled". */
const char *future_state(const struct future *future);

/* Gives the future and its result back. One that is not done goes on, and its callbacks still run. Accepts NULL. */
void future_release(struct future *future);

/* ---- many futures ---- */

enum futures_until { FUTURES_FIRST_COMPLETED, FUTURES_FIRST_ERROR, FUTURES_ALL_COMPLETED };

/* Waits until the condition holds: the first is done, the first has failed (cancelled is no failure; all done if none
 * fails), all are done. Duplicates count once. *done_count receives how many are done. OK, TIMEOUT, INTERRUPTED,
 * OUT_OF_MEMORY. The futures may belong to different executors. */
enum status futures_wait(struct future *const *futures, size_t count, enum futures_until until, int64_t timeout_ms,
                         size_t *done_count);

/* An iterator that yields each future as it is done, those that already are first; duplicates once; of different
 * executors too. timeout_ms counts from this call. The futures stay the caller's and must not be released before they
 * were yielded or the iterator was closed. */
enum status futures_as_completed(struct future *const *futures, size_t count, int64_t timeout_ms,
                                 struct completions **completions);
/* OK and the next future; END; TIMEOUT; INTERRUPTED. */
enum status completions_next(struct completions *completions, struct future **future);
/* How many have not been yielded yet. */
size_t completions_left(const struct completions *completions);
void completions_close(struct completions *completions);

/* Fetches urls in order of input: at most ahead_max are submitted beyond the one yielded last (0: pending_max). next:
 * called for the next URL, which it lends until its next call; NULL ends the input. timeout_ms counts from this call. */
typedef const char *executor_map_next_url(void *context);
enum status executor_map(struct executor *executor, executor_map_next_url *next, void *context, size_t ahead_max,
                         int64_t timeout_ms, struct executor_map **map);
/* OK or FAILED with the next result in input order, valid until the next call; a failure does not end the iteration. END;
 * TIMEOUT; INTERRUPTED; SHUT_DOWN; BROKEN. */
enum status executor_map_next(struct executor_map *map, const struct fetch_result **result);
/* Cancels what was not yielded. */
void executor_map_close(struct executor_map *map);

#endif
