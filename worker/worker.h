/* worker.h: turns READY slots into DONE ones. All that the coordinator needs to know of a worker.
 *
 * DESIGN. One loop, whoever runs it: claim up to the room there is, start what was claimed, wait for sockets, timers and the
 * doorbell in one poll set, publish what is complete, tell the coordinator if it sleeps. What a claimed slot means is the
 * job's: to fetch a URL, or, in tests and benchmarks, anything else. The loop never prints, forks or exits. */
#ifndef SHOAL_WORKER_H
#define SHOAL_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/ring.h"
#include "common/shared.h"

struct worker;
struct job;

/* Exit status of a worker process. */
enum worker_exit {
    WORKER_STOPPED = 0,     /* was asked to */
    WORKER_TASKS_DONE = 10, /* did as many tasks as one worker may, or worker_leave(): replace it */
    WORKER_ORPHANED = 11,   /* the coordinator is gone */
    WORKER_CONFIG = 12,     /* cannot start with this configuration: do not restart it */
    WORKER_SHORT = 13,      /* cannot start for want of memory or descriptors, which may pass */
};

/* What the slots are for. All in the worker's thread; none may block. */
struct job_ops {
    const char *name;
    /* STATUS_OK and *job, which close() gives back. */
    enum status (*open)(struct job **job, struct worker *worker);
    /* Takes over a claim: fills worker_result() and ends in worker_publish(), now or later. */
    void (*start)(struct job *job, const struct claim *claim);
    /* Aborts what start() began and publishes it as cancelled. The slot may not be this job's (any more). */
    void (*cancel)(struct job *job, uint32_t slot);
    /* A descriptor given to worker_watch() is ready: epoll's events. */
    void (*ready)(struct job *job, int fd, uint32_t events);
    /* Once a turn: what is due. */
    void (*turn)(struct job *job);
    /* When turn() is wanted at the latest; DEADLINE_NEVER. */
    int64_t (*deadline_ns)(const struct job *job);
    /* Body memory was given back: what waits for it may try again. */
    void (*memory_freed)(struct job *job);
    void (*close)(struct job *job);
};

extern const struct job_ops fetch_job;

/* How what is found in a page is told. */
struct page_config {
    bool texts;               /* of links */
    bool positions;           /* of links in the body */
    bool ignore_query;        /* links without their query */
    const char *const *strip; /* names of parameters that are taken out of it; a '*' at the end: all that begin so */
    size_t strip_count;
    uint64_t seed; /* of fingerprints and hashes */
};

/* How to fetch; the same for all URLs of a run. Borrowed for the worker's life. */
struct fetch_config {
    struct fetch_limits limits;
    bool keep_body;
    bool keep_headers;
    bool digest;
    bool links; /* count the links of pages */
    bool pages; /* bring them to the coordinator: common/page.h */
    struct page_config page;
    bool insecure;
    bool block_private;
    bool is_process;   /* the worker has a process of its own, which ends with it */
    long http_version; /* CURL_HTTP_VERSION_* */
    const char *user_agent;
    const char *proxy;   /* "": none; NULL: what the environment says */
    const char *ca_file; /* NULL: the system's */
    const char *const *headers;
    size_t header_count;
    const char *const *resolve;
    size_t resolve_count;
    const char *crash_url; /* raises SIGSEGV when the first byte of this URL's body arrives; NULL: none */
};

struct worker_config {
    const struct shared *shared;
    const struct fetch_config *fetch;
    const struct job_ops *job;
    enum ring_kind ring;
    struct owner owner;
    uint32_t capacity;  /* claims held at once, at most */
    uint32_t share;     /* workers that share the ring */
    uint32_t tasks_max; /* 0: no bound */
    int heartbeat_ms;   /* the longest sleep */
    int doorbell_fd;    /* an eventfd: look at the ring, at cancellations, at memory */
    int done_fd;        /* an eventfd that wakes the coordinator */
    int lifeline_fd;    /* hangs up when the coordinator is gone; -1: it is us */
    int interrupt_fd;   /* worker_run_inline() returns when this is readable; -1: none */
    uint32_t sandbox;   /* enum worker_sandbox, or-ed: what worker_confine() puts on; whole */
};

/* The parts of the sandbox of a worker process; sandbox.c has what each of them does. */
enum worker_sandbox {
    WORKER_SANDBOX_RLIMITS = 1u << 0,
    WORKER_SANDBOX_PRIVS = 1u << 1,
    WORKER_SANDBOX_NODUMP = 1u << 2,
    WORKER_SANDBOX_LANDLOCK = 1u << 3,
    WORKER_SANDBOX_SECCOMP = 1u << 4,
    WORKER_SANDBOX_COUNT = 5
};

/* Their names, by bit. */
extern const char *const worker_sandbox_names[WORKER_SANDBOX_COUNT];

/* Which of these parts the kernel has not. Asks it and changes nothing: the coordinator may call it. */
uint32_t worker_sandbox_missing(uint32_t parts);

/* These parts, and those that they need: landlock and seccomp bring privs with them. */
uint32_t worker_sandbox_whole(uint32_t parts);

/* The names of these parts, "landlock, seccomp"; and what this kernel has of each, "privs, landlock (ABI 4)". */
void worker_sandbox_list(uint32_t parts, char *text, size_t bytes);
void worker_sandbox_describe(char *text, size_t bytes);

/* Makes a worker. In a child after fork(), in a thread of its own, or in the coordinator. config is copied, what it points
 * to is borrowed. Errors: OUT_OF_MEMORY, SYSTEM, INVALID_ARGUMENT (what libcurl refuses). */
enum status worker_open(struct worker **worker, const struct worker_config *config);

/* Confines the calling process as config.sandbox says, for good: in a child after fork(), between worker_open() and
 * worker_run(), while it has one thread. A part that the kernel refuses is left out and named in the roster. */
void worker_confine(struct worker *worker);

/* Works until shutdown, the coordinator's end or the bound of its tasks. Blocks. */
enum worker_exit worker_run(struct worker *worker);

/* The same loop in the coordinator itself: works until something was published, nothing is left to do, interrupt_fd is
 * readable or the deadline has passed. Blocks up to then. */
void worker_run_inline(struct worker *worker, int64_t deadline_ns);

/* Aborts what runs without publishing it, and gives everything back. Accepts NULL. */
void worker_close(struct worker *worker);

/* ---- for jobs ---- */

const struct worker_config *worker_config_of(const struct worker *worker);

/* The slot's result, to be filled before worker_publish(). */
struct result_shm *worker_result(const struct worker *worker, uint32_t slot);

/* The claim's result is complete: DONE, announced, and the coordinator will hear of it this turn. */
void worker_publish(struct worker *worker, const struct claim *claim);

/* Names the slot that is being worked on, SLOT_NONE when done with it; returns what it was. */
uint32_t worker_set_current(struct worker *worker, uint32_t slot);

/* What is held is the last: claims nothing more and ends, to be replaced. Processes only. */
void worker_leave(struct worker *worker);

/* How many transfers wait for body memory. */
void worker_set_paused(struct worker *worker, uint32_t count);

/* Watches a descriptor for epoll's `events`; `was`: what it was watched for, 0: not at all. events 0 ends it. False: the system
 * refuses, and it is watched as it was. */
bool worker_watch(struct worker *worker, int fd, uint32_t was, uint32_t events);

#endif
