/* A death between any two instructions: a worker on its way from waking up through claim, publish and
 * announcement back to sleep, and a coordinator that submits, collects and reaps. The job does nothing, so that the way is short.
 *
 * Three processes: the test steps and kills; its child is the coordinator; the coordinator's child is the worker. By itself the
 * suite takes one instruction of many, from another first one each time; SHOAL_STEPS=all takes all (`make steps`). */
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/stepper.h"
#include "tests/support/support.h"
#include "worker/worker.h"

#define TASKS 3
#define WAYS_MAX 100000u /* instructions: more is no way but a loop */

/* ---- jobs ---- */

struct job {
    struct worker *worker;
    struct claim kept[TASKS];
    int count;
};

static enum status job_open(struct job **job, struct worker *worker)
{
    *job = calloc(1, sizeof **job);
    if (!*job)
        return STATUS_OUT_OF_MEMORY;
    (*job)->worker = worker;
    return STATUS_OK;
}

static void finish(struct job *job, const struct claim *claim)
{
    struct result_shm *result = worker_result(job->worker, claim->slot);
    memset(result, 0, offsetof(struct result_shm, page_offset));
    result->retry_after_s = -1;
    result->content_type[0] = result->remote_ip[0] = result->detail[0] = '\0';
    result->wire_bytes = worker_config_of(job->worker)->shared->slots[claim->slot].task;
    worker_publish(job->worker, claim);
}

/* Keeps it, as a transfer does that waits for its answer. */
static void keep(struct job *job, const struct claim *claim)
{
    if (job->count < TASKS)
        job->kept[job->count++] = *claim;
}

static void finish_kept(struct job *job)
{
    while (job->count > 0)
        finish(job, &job->kept[--job->count]);
}

static void job_cancel(struct job *job, uint32_t slot)
{
    (void)job;
    (void)slot;
}

static void job_ready(struct job *job, int fd, uint32_t events)
{
    (void)job;
    (void)fd;
    (void)events;
}

static void job_nothing(struct job *job)
{
    (void)job;
}

static int64_t job_deadline_ns(const struct job *job)
{
    return job->count ? 0 : INT64_MAX;
}

static void job_close(struct job *job)
{
    free(job);
}

#define JOB(start_function, turn_function) \
    { \
        .name = "test", .open = job_open, .start = (start_function), .cancel = job_cancel, .ready = job_ready, \
        .turn = (turn_function), .deadline_ns = job_deadline_ns, .memory_freed = job_nothing, .close = job_close \
    }

static const struct job_ops AT_ONCE = JOB(finish, job_nothing);
static const struct job_ops IN_THE_NEXT_TURN = JOB(keep, finish_kept);

/* ---- the coordinator ---- */

struct verdict {
    char wrong[160]; /* empty: all is well */
};

#define OR_WRONG(condition, ...) \
    do { \
        if (!(condition) && !verdict->wrong[0]) \
            snprintf(verdict->wrong, sizeof verdict->wrong, __VA_ARGS__); \
    } while (0)

struct reported {
    uint64_t task; /* what the worker found in the slot */
    int times;
};

static void hear(struct future *future, void *context)
{
    const struct fetch_result *result;
    struct reported *reported = context;
    reported->times++;
    if (future_result(future, 0, &result) == STATUS_OK)
        reported->task = result->wire_bytes;
}

static struct executor *open_executor(const struct job_ops *job, uint32_t workers)
{
    struct executor_options options;
    struct executor *executor;
    executor_options_init(&options);
    options.workers = workers;
    options.concurrency = workers * (TASKS + 1);
    options.keep = EXECUTOR_KEEP_NOTHING;
    options.hang_time_ms = 0; /* a worker that is stepped is slow */
    options.job = job;
    clearenv(); /* fault points look there: a longer way, and another one for everybody */
    return executor_open(&executor, &options, NULL, 0) == STATUS_OK ? executor : NULL;
}

static void submit_tasks(struct executor *executor, struct future **futures, struct reported *reported, int count,
                         struct verdict *verdict)
{
    memset(reported, 0, (size_t)count * sizeof *reported);
    for (int i = 0; i < count; i++) {
        OR_WRONG(executor_submit_url(executor, "x", &futures[i]) == STATUS_OK, "submit %d", i);
        OR_WRONG(future_add_done_callback(futures[i], hear, &reported[i]) == STATUS_OK, "callback %d", i);
    }
}

/* Each was reported once, by a worker that saw its own task, after two attempts at most. */
static void judge_tasks(struct executor *executor, struct future **futures, const struct reported *reported, int count,
                        uint64_t first_task, struct verdict *verdict)
{
    while (executor_run(executor, NET_MS) == STATUS_OK)
        ;
    for (int i = 0; i < count; i++) {
        const struct fetch_result *result;
        enum status status = future_result(futures[i], 0, &result);
        OR_WRONG(status == STATUS_OK, "task %d: %s", i, status_name(status));
        OR_WRONG(reported[i].times == 1, "task %d was reported %d times", i, reported[i].times);
        OR_WRONG(reported[i].task == first_task + (uint64_t)i, "task %d has the result of another", i);
        OR_WRONG(!result || result->attempts <= 2, "task %d took %u attempts", i, (unsigned)result->attempts);
        future_release(futures[i]);
    }
}

/* The worker that is no quarantine's, by its name; 0 when it cannot be seen. */
static pid_t find_worker(void)
{
    pid_t pids[8];
    size_t count = children_of_self(NULL, pids, 8);
    for (size_t i = 0; i < count && i < 8; i++) {
        char path[64];
        char name[32] = "";
        snprintf(path, sizeof path, "/proc/%d/comm", (int)pids[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            ssize_t got = read(fd, name, sizeof name - 1);
            close(fd);
            if (got > 0 && strcmp(name, "shoal-worker0\n") == 0)
                return pids[i];
        }
    }
    return 0;
}

/* A worker may be killed when all is done: then its death comes last. */
static bool has_heard_of(struct executor *executor, uint64_t deaths)
{
    struct executor_stats stats;
    int64_t deadline_ms = now_ms() + NET_MS;
    do {
        executor_run(executor, 0);
        executor_stats(executor, &stats);
    } while (stats.worker_deaths < deaths && now_ms() < deadline_ms);
    return stats.worker_deaths == deaths;
}

/* Trial after trial, until the test hangs up: one task, after which the worker sleeps; then, once that is traced, TASKS tasks. */
_Noreturn static void run_coordinator(const struct job_ops *job, int line)
{
    static struct future *futures[TASKS];
    static struct reported reported[TASKS];
    struct executor *executor = open_executor(job, 1);
    uint64_t tasks = 0;
    uint64_t deaths = 0;
    for (;;) {
        struct verdict all_is_well = {""};
        struct verdict *verdict = &all_is_well;
        char go = '\0';
        OR_WRONG(executor != NULL, "the executor did not open");
        submit_tasks(executor, futures, reported, 1, verdict);
        judge_tasks(executor, futures, reported, 1, tasks++, verdict);
        pid_t worker = find_worker();
        if (write(line, &worker, sizeof worker) != sizeof worker || read(line, &go, 1) != 1)
            break;
        submit_tasks(executor, futures, reported, TASKS, verdict);
        if (write(line, &go, 1) != 1)
            break;
        judge_tasks(executor, futures, reported, TASKS, tasks, verdict);
        tasks += TASKS;
        OR_WRONG(has_heard_of(executor, ++deaths), "of %llu deaths not all were heard of", (unsigned long long)deaths);
        if (write(line, verdict, sizeof *verdict) != sizeof *verdict)
            break;
    }
    executor_close(executor);
    _exit(0);
}

/* ---- which instructions ---- */

static bool takes_all(void)
{
    const char *steps = getenv("SHOAL_STEPS");
    return steps && strcmp(steps, "all") == 0;
}

/* Another first one each time, so that many runs take all. */
static uint64_t first_of(uint64_t stride)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return takes_all() ? 0 : ((uint64_t)now.tv_sec + (uint64_t)getpid()) % stride;
}

static uint64_t stride_of(uint64_t usual)
{
    return takes_all() ? 1 : usual;
}

static void tell(const char *what, struct tally *tally)
{
    size_t kills = tally->kills;
    printf("%s: %zu kills at %zu distinct instructions\n", what, kills, tally_distinct(tally));
    fflush(stdout);
    tally_free(tally);
}

/* ---- workers ---- */

static const struct way {
    const char *name;
    const struct job_ops *job;
    int signal;
} WAYS[] = {
    {"a worker, done at once, SIGKILL", &AT_ONCE, SIGKILL},
    {"a worker, done in the next turn, SIGKILL", &IN_THE_NEXT_TURN, SIGKILL},
    {"a worker, done at once, SIGSEGV", &AT_ONCE, SIGSEGV},
    {"a worker, done in the next turn, SIGSEGV", &IN_THE_NEXT_TURN, SIGSEGV},
};
#define WAY_COUNT ((int)(sizeof WAYS / sizeof WAYS[0]))

static void expect_read(int fd, void *into, size_t bytes)
{
    ck_assert_int_eq(read(fd, into, bytes), (ssize_t)bytes);
}

/* One trial: the worker is killed after `steps` instructions. False when it was asleep again before. */
static bool kill_worker_after(int line, const struct way *way, uint64_t steps, struct tally *tally)
{
    struct stepper stepper = {0};
    struct verdict verdict;
    char go = 'g';
    expect_read(line, &stepper.pid, sizeof stepper.pid);
    ck_assert_msg(stepper.pid > 0, "the coordinator has no worker");
    ck_assert(stepper_await_sleep(&stepper));
    ck_assert(stepper_seize(&stepper));
    ck_assert_int_eq(write(line, &go, 1), 1);
    expect_read(line, &go, 1);
    enum steps_end end = stepper_run(&stepper, steps, (uint64_t)(uintptr_t)sem_clockwait);
    ck_assert_msg(end == STEPS_DONE || end == STEPS_AT_END, "%s: after %llu instructions: %d", way->name,
                  (unsigned long long)steps, (int)end);
    ck_assert(tally_add(tally, stepper.pc));
    stepper_kill(&stepper, way->signal);
    expect_read(line, &verdict, sizeof verdict);
    ck_assert_msg(verdict.wrong[0] == '\0', "%s: killed after %llu instructions: %s", way->name,
                  (unsigned long long)steps, verdict.wrong);
    return end == STEPS_DONE;
}

START_TEST(a_worker_that_dies_at_any_instruction_costs_nothing)
{
    const struct way *way = &WAYS[_i];
    struct tally tally = {0};
    uint64_t stride = stride_of(128);
    uint64_t steps = first_of(stride);
    int line[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        close(line[0]);
        run_coordinator(way->job, line[1]);
    }
    close(line[1]);
    while (steps < WAYS_MAX && kill_worker_after(line[0], way, steps, &tally))
        steps += stride;
    ck_assert_uint_lt(steps, WAYS_MAX);
    close(line[0]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    tell(way->name, &tally);
}
END_TEST

/* ---- coordinators ---- */

/* Two workers that have worked; then, traced, the tasks. The second SIGSTOP is the end of the way. */
_Noreturn static void run_doomed(bool reaps)
{
    static struct future *futures[TASKS + 1];
    static struct reported reported[TASKS + 1];
    struct verdict all_is_well = {""};
    struct verdict *verdict = &all_is_well;
    pid_t worker[2];
    struct executor *executor = open_executor(&AT_ONCE, 2);
    if (!executor)
        _exit(1);
    submit_tasks(executor, futures, reported, TASKS + 1, verdict);
    judge_tasks(executor, futures, reported, TASKS + 1, 0, verdict);
    if (children_of_self(NULL, worker, 2) != 2 || (reaps && kill(worker[0], SIGKILL) != 0))
        _exit(2);
    if (verdict->wrong[0] || ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(3);
    raise(SIGSTOP);
    submit_tasks(executor, futures, reported, TASKS, verdict);
    while (executor_run(executor, NET_MS) == STATUS_OK)
        ;
    raise(SIGSTOP);
    _exit(4);
}

/* The dead coordinator's children are ours now: they must end by themselves. */
static void expect_no_orphan(uint64_t steps)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
        ck_assert_msg(now_ms() < deadline_ms, "after %llu instructions: a worker lives on", (unsigned long long)steps);
        if (pid == 0)
            sched_yield();
    }
    ck_assert(shm_names_are_gone());
}

static bool kill_coordinator_after(bool reaps, uint64_t steps, struct tally *tally)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        run_doomed(reaps);
    struct stepper stepper = {.pid = child};
    ck_assert_msg(stepper_adopt(&stepper), "the coordinator did not come to its way");
    enum steps_end end = stepper_run(&stepper, steps, 0);
    ck_assert_msg(end == STEPS_DONE || end == STEPS_STOPPED, "after %llu instructions: %d", (unsigned long long)steps,
                  (int)end);
    if (end == STEPS_DONE)
        ck_assert(tally_add(tally, stepper.pc));
    stepper_kill(&stepper, SIGKILL);
    expect_no_orphan(steps);
    return end == STEPS_DONE;
}

static void kill_coordinators(const char *name, bool reaps, uint64_t usual_stride)
{
    struct tally tally = {0};
    uint64_t stride = stride_of(usual_stride);
    uint64_t steps = first_of(stride);
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    while (steps < WAYS_MAX && kill_coordinator_after(reaps, steps, &tally))
        steps += stride;
    ck_assert_uint_lt(steps, WAYS_MAX);
    tell(name, &tally);
}

START_TEST(a_coordinator_that_dies_at_any_instruction_leaves_nothing)
{
    kill_coordinators("a coordinator that submits and collects", false, 1024);
}
END_TEST

START_TEST(a_coordinator_that_dies_while_it_buries_leaves_nothing)
{
    kill_coordinators("a coordinator that submits, buries, forks and collects", true, 1024);
}
END_TEST

/* A case for each, so that CK_RUN_CASE chooses one. */
static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, takes_all() ? 7200 : 100);
    suite_add_tcase(suite, tests);
    return tests;
}

static Suite *instruction_suite(void)
{
    Suite *suite = suite_create("every instruction");
    tcase_add_loop_test(add_case(suite, "worker"), a_worker_that_dies_at_any_instruction_costs_nothing, 0, WAY_COUNT);
    tcase_add_test(add_case(suite, "coordinator"), a_coordinator_that_dies_at_any_instruction_leaves_nothing);
    tcase_add_test(add_case(suite, "burial"), a_coordinator_that_dies_while_it_buries_leaves_nothing);
    return suite;
}

static bool can_step(void)
{
#ifdef SHOAL_SANITIZED
    const char *why = "most instructions are the sanitizer's";
    bool is_possible = false;
#else
    const char *why = "no process may be traced here (ptrace)";
    bool is_possible = stepper_is_permitted();
#endif
    if (!is_possible)
        printf("skipped: all of every_instruction: %s\n100%%: Checks: 0, Failures: 0, Errors: 0\n", why);
    return is_possible;
}

int main(void)
{
    const struct rlimit no_core = {0, 0};
    if (!processes_are_tested("every_instruction") || !can_step())
        return EXIT_SUCCESS;
    setrlimit(RLIMIT_CORE, &no_core); /* some of the deaths are crashes */
    SRunner *runner = srunner_create(instruction_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
