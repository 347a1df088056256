/* A worker that dies at every place where it could hurt, each way to go: tests/support/faults.h. One worker alone; what
 * happens when every life ends there is the affair of check_faults_lives.c. Needs SHOAL_FAULTS (common/fault.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/faults.h"
#include "tests/support/support.h"

#define BATCH 8
#define HELD_MAX 4          /* two workers, 8 in flight */
#define BATCHES 3           /* at least */
#define BODY_BYTES 100000   /* more than stays reserved: every one grows its extent */
#define LARGE_BYTES 4000000 /* beyond the memory: one at a time goes on, the others wait */

static struct rig rig;

static void hear(struct future *future, void *context)
{
    uint8_t *times = context;
    ck_assert(future_done(future));
    ++*times;
}

static uint64_t deaths(void)
{
    struct executor_stats stats;
    executor_run(rig.executor, 0); /* idle workers die too: their end is found by looking */
    executor_stats(rig.executor, &stats);
    return stats.worker_deaths;
}

/* A death costs one attempt of what that worker held: no more than it can hold, and of none of them two. */
static void expect_cost(const struct fault_row *row, const uint32_t *attempts)
{
    uint64_t died = deaths();
    uint32_t again = 0;
    for (int i = 0; i < BATCH; i++) {
        ck_assert_msg(attempts[i] >= 1 && attempts[i] <= 1 + died, "%s: number %d took %u attempts, %llu died",
                      row->name, i, (unsigned)attempts[i], (unsigned long long)died);
        again += attempts[i] > 1;
    }
    ck_assert_msg(again <= died * HELD_MAX, "%s: %u were tried again, %llu died", row->name, (unsigned)again,
                  (unsigned long long)died);
}

static void fetch_batch(const struct fault_row *row, const char *action, bool is_first, int bytes)
{
    struct future *futures[BATCH];
    uint8_t heard[BATCH] = {0};
    uint32_t attempts[BATCH];
    char path[64];
    fault_page(row, bytes, path, sizeof path);
    for (int i = 0; i < BATCH; i++) {
        if (is_first && i == 0)
            fault_set(row->name, row->first, action);
        futures[i] = rig_submit(&rig, "/delay/5/%s", path);
        unsetenv("FAULT");
        ck_assert_int_eq(future_add_done_callback(futures[i], hear, &heard[i]), STATUS_OK);
    }
    for (int i = 0; i < BATCH; i++) {
        const struct fetch_result *result = expect_ok(futures[i]);
        expect_fault_page(row, result, bytes);
        attempts[i] = result->attempts;
        future_release(futures[i]);
        ck_assert_msg(heard[i] == 1, "%s: number %d was heard of %d times", row->name, i, heard[i]);
    }
    expect_cost(row, attempts);
}

/* It is forked by the first submit. Between batches all are idle, so it dies idle, busy, or with memory that others wait for.
 * Nobody is struck twice, so nothing may be lost. */
static void die_first(const struct fault_row *row, const char *action)
{
    char self[16];
    int bytes = strcmp(row->name, "pause.after_mark") == 0 ? LARGE_BYTES : BODY_BYTES;
    snprintf(self, sizeof self, "%d", (int)getpid());
    setenv("FAULT_SPARES", self, 1); /* it passes some of the places too, and is not meant */
    if (strcmp(action, "stop") == 0)
        rig.options.hang_time_ms = 600;
    rig.options.keep |= EXECUTOR_PAGES; /* they pass where a page would be stored, too */
    rig.options.memory_bytes_max = 1u << 20;
    rig.options.keep |= EXECUTOR_LINKS;
    rig_open(&rig);
    int64_t deadline_ms = now_ms() + NET_MS;
    for (int batch = 0; batch < BATCHES || deaths() == 0; batch++) {
        ck_assert_msg(now_ms() < deadline_ms, "%s: was not passed", row->name);
        fetch_batch(row, action, batch == 0, bytes);
    }
    ck_assert_msg(strcmp(action, "stop") == 0 || deaths() == 1, "%s: %llu deaths", row->name,
                  (unsigned long long)deaths());
    ck_assert_str_eq(executor_why_broken(rig.executor), "");
    executor_close(rig.executor);
    ck_assert(children_are_gone());
}

START_TEST(a_first_worker_that_dies_anywhere_costs_nothing)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    faults_try(FAULT_WORKER, FAULT_ACTIONS[_i], die_first);
    ck_assert(shm_names_are_gone());
    origin_stop(&rig.origin);
}
END_TEST

int main(void)
{
    if (!processes_are_tested("faults_worker"))
        return EXIT_SUCCESS;
    Suite *suite = suite_create("faults worker");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, a_first_worker_that_dies_anywhere_costs_nothing, 0, FAULT_ACTION_COUNT);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
