/* Shared memory in hostile hands: requirements 17 and 18 of tests/origin/README.md. A worker that was taken over by
 * what it fetched writes what it likes into results and the roster. The run ends all the same: every future is done, with a result
 * that holds together or an error, and nothing crashes or hangs.
 *
 * Not so yet with announcements, task rings, the states of slots and the header: a worker that scribbles there can hold a run for
 * ever (a page that is done and of which nobody hears), or end it by check(). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/support.h"
#include "worker/worker.h"

enum { TASKS = 400, SEEDS = 12 };

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

/* ---- a job that scribbles ---- */

struct job {
    struct worker *worker;
    uint64_t random;
};

/* Where the URL, "WHERE/SEED/NUMBER", tells it to scribble. */
enum where { ON_RESULTS, ON_STRINGS, ON_ROSTER, WHERE_COUNT };

static const char *const WHERE_NAMES[WHERE_COUNT] = {"on results", "on strings", "on the roster"};

static uint64_t next_random(struct job *job)
{
    job->random ^= job->random << 13;
    job->random ^= job->random >> 7;
    job->random ^= job->random << 17;
    return job->random;
}

static enum status job_open(struct job **job, struct worker *worker)
{
    *job = calloc(1, sizeof **job);
    if (!*job)
        return STATUS_OUT_OF_MEMORY;
    (*job)->worker = worker;
    return STATUS_OK;
}

/* Small numbers, indexes, sizes and noise. */
static uint64_t hostile_word(struct job *job, const struct shared *shared)
{
    uint64_t random = next_random(job);
    switch (random % 7) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return random >> 32 & 0xff;
    case 3:
        return shared->slot_count + (random >> 40) % 3 - 1;
    case 4:
        return shared->body_stride - (random >> 40) % 100;
    case 5:
        return shared->control_bytes + (random >> 40) % 100;
    default:
        return next_random(job);
    }
}

static void scribble(struct job *job, const struct shared *shared, void *from, size_t bytes, unsigned words)
{
    unsigned char *at = from;
    for (unsigned i = 0; i < words; i++) {
        uint64_t word = hostile_word(job, shared);
        size_t width = next_random(job) % 2 ? 8 : 4;
        size_t offset = next_random(job) % (bytes / width) * width;
        memcpy(at + offset, &word, width);
    }
}

static void scribble_where(struct job *job, const struct shared *shared, enum where where, uint32_t slot)
{
    struct result_shm *result = &shared->slots[slot].result;
    switch (where) {
    case ON_RESULTS:
        scribble(job, shared, result, sizeof *result, 8);
        break;
    case ON_STRINGS:
        memset(result->content_type, (int)(next_random(job) & 0xff), sizeof result->content_type);
        memset(result->remote_ip, (int)(next_random(job) & 0xff), sizeof result->remote_ip);
        memset(result->detail, (int)(next_random(job) & 0xff), sizeof result->detail);
        break;
    default:
        scribble(job, shared, shared->roster, sizeof *shared->roster * shared->roster_count, 4);
    }
}

static void job_start(struct job *job, const struct claim *claim)
{
    const struct shared *shared = worker_config_of(job->worker)->shared;
    struct result_shm *result = worker_result(job->worker, claim->slot);
    const char *url = (const char *)shared->bodies + claim->slot * shared->body_stride;
    char *end;
    unsigned long where = strtoul(url, &end, 10);
    unsigned long seed = strtoul(end + 1, &end, 10);
    unsigned long number = strtoul(end + 1, NULL, 10);
    memset(result, 0, offsetof(struct result_shm, page_offset));
    result->retry_after_s = -1;
    result->content_type[0] = result->remote_ip[0] = result->detail[0] = '\0';
    job->random = seed * 1000003 + number * 7919 + 88172645463325252ull;
    if (number % 10 == 3)
        scribble_where(job, shared, (enum where)where, claim->slot);
    worker_publish(job->worker, claim);
}

static void job_nothing(struct job *job)
{
    (void)job;
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

static int64_t job_deadline_ns(const struct job *job)
{
    (void)job;
    return INT64_MAX;
}

static void job_close(struct job *job)
{
    free(job);
}

static const struct job_ops scribbling_job = {
    .name = "scribbles",
    .open = job_open,
    .start = job_start,
    .cancel = job_cancel,
    .ready = job_ready,
    .turn = job_nothing,
    .deadline_ns = job_deadline_ns,
    .memory_freed = job_nothing,
    .close = job_close,
};

/* Reads what a caller might read: sanitizers and valgrind look on. */
static void use_result(const struct fetch_result *result)
{
    static volatile size_t sum;
    ck_assert_uint_lt((unsigned)result->error, FETCH_ERROR_COUNT);
    sum += strlen(result->detail) + strlen(result->content_type) + strlen(result->remote_ip) + strlen(result->url) +
           strlen(result->effective_url);
    for (uint64_t i = 0; result->body && i < result->body_bytes; i += 4096)
        sum += result->body[i];
    for (size_t i = 0; result->headers && i < result->header_bytes; i += 64)
        sum += (unsigned char)result->headers[i];
}

START_TEST(requirement_17_a_worker_that_scribbles_over_what_it_tells_ends_no_run)
{
    static struct future *futures[TASKS];
    char url[64];
    int where = _i / SEEDS;
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig.options.job = &scribbling_job;
    rig.options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS;
    rig.options.hang_time_ms = 500;
    rig_open(&rig);
    for (int i = 0; i < TASKS; i++) {
        snprintf(url, sizeof url, "%d/%d/%d", where, _i, i);
        const struct request request = {.url = url};
        enum status status = executor_submit(rig.executor, &request, NET_MS, &futures[i]);
        ck_assert_msg(status == STATUS_OK || status == STATUS_BROKEN, "%d: %s", i, status_name(status));
        if (status != STATUS_OK)
            futures[i] = NULL;
    }
    for (int i = 0; i < TASKS; i++) {
        const struct fetch_result *result = NULL;
        enum status status = futures[i] ? future_result(futures[i], NET_MS, &result) : STATUS_BROKEN;
        ck_assert_msg(status != STATUS_TIMEOUT, "number %d of %d never ends", i, _i);
        if (result)
            use_result(result);
        future_release(futures[i]);
    }
    executor_close(rig.executor);
    rig.executor = NULL;
}
END_TEST

/* ---- what lies open ---- */

/* The descriptors of a process that would pass to a program it starts, beside 0, 1 and 2. */
static size_t inherited_descriptors(pid_t pid, char *names, size_t room)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fdinfo", (int)pid);
    DIR *directory = opendir(path);
    ck_assert_ptr_nonnull(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        long fd = strtol(entry->d_name, NULL, 10);
        char line[256];
        char file_path[128];
        unsigned flags = O_CLOEXEC;
        snprintf(file_path, sizeof file_path, "/proc/%d/fdinfo/%ld", (int)pid, fd);
        FILE *file = fd > 2 ? fopen(file_path, "re") : NULL;
        while (file && fgets(line, sizeof line, file)) {
            if (strncmp(line, "flags:", 6) == 0)
                flags = (unsigned)strtoul(line + 6, NULL, 8);
        }
        if (file)
            fclose(file);
        if (!(flags & O_CLOEXEC)) {
            char target[128];
            snprintf(file_path, sizeof file_path, "/proc/%d/fd/%ld", (int)pid, fd);
            ssize_t bytes = readlink(file_path, target, sizeof target - 1);
            snprintf(names, room, "%ld: %.*s", fd, (int)(bytes > 0 ? bytes : 0), target);
            count++;
        }
    }
    closedir(directory);
    return count;
}

START_TEST(requirement_18_nothing_of_ours_passes_to_another_program_and_no_name_stays)
{
    pid_t pids[8];
    char name[256] = "";
    struct future *futures[4];
    size_t before = inherited_descriptors(getpid(), name, sizeof name); /* the test runner's own */
    rig_begin(&rig, EXECUTOR_PROCESSES);
    rig_open(&rig);
    for (size_t i = 0; i < 4; i++)
        futures[i] = rig_submit(&rig, i < 2 ? "/never" : "/bytes/100000");
    expect_ok(futures[2]);
    expect_ok(futures[3]);
    run_until_running(rig.executor, futures[0]);
    size_t count = children_of_self(&rig.origin, pids, 8);
    ck_assert_uint_ge(count, 2);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(inherited_descriptors(pids[i], name, sizeof name) <= before, "a worker: %s", name);
    ck_assert_msg(inherited_descriptors(getpid(), name, sizeof name) == before, "the coordinator: %s", name);
    ck_assert(shm_names_are_gone());
    for (size_t i = 0; i < 4; i++) {
        future_cancel(futures[i]);
        future_release(futures[i]);
    }
}
END_TEST

static Suite *memory_suite(void)
{
    Suite *suite = suite_create("hostile memory");
    TCase *tests = tcase_create("hostile memory");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    for (int where = 0; where < WHERE_COUNT; where++) {
        TCase *scribbles = tcase_create(WHERE_NAMES[where]);
        tcase_set_timeout(scribbles, 60);
        tcase_add_checked_fixture(scribbles, NULL, tear_down);
        tcase_add_loop_test(scribbles, requirement_17_a_worker_that_scribbles_over_what_it_tells_ends_no_run,
                            where * SEEDS, where * SEEDS + SEEDS);
        suite_add_tcase(suite, scribbles);
    }
    tcase_add_test(tests, requirement_18_nothing_of_ours_passes_to_another_program_and_no_name_stays);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    if (!processes_are_tested("hostile_memory"))
        return EXIT_SUCCESS;
    SRunner *runner = srunner_create(memory_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
