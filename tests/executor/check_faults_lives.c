/* Every life of every worker ends at the same place, after some work or before any: each place, each way to go.
 * All is done all the same, or the pool says that it cannot live. Needs SHOAL_FAULTS (common/fault.h). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/faults.h"
#include "tests/support/support.h"

#define COUNT 192
#define BATCH 32
#define BODY_BYTES 100000   /* more than stays reserved: every one grows its extent */
#define LARGE_BYTES 4000000 /* beyond the memory: one at a time goes on, the others wait */
#define LARGE_COUNT 32

static struct rig rig;
static char last_reason[160];

static void hear(struct future *future, void *context)
{
    uint8_t *times = context;
    ck_assert(future_done(future));
    ++*times;
}

/* One batch after the other, so that there are idle workers in between. Returns how many were given up as crashed; a pool that
 * is broken refuses the rest, which counts as well. */
static int run_batches(const struct fault_row *row, int count, int bytes, bool is_blameless)
{
    struct future *futures[BATCH];
    uint8_t heard[COUNT] = {0};
    int crashed = 0;
    for (int from = 0; from < count; from += BATCH) {
        if (executor_why_broken(rig.executor)[0] != '\0')
            return crashed + count - from;
        int placed = 0;
        char path[64];
        char url[128];
        fault_page(row, bytes, path, sizeof path);
        origin_url(&rig.origin, url, sizeof url, "/delay/2/%s", path);
        while (placed < BATCH && executor_submit_url(rig.executor, url, &futures[placed]) == STATUS_OK) {
            ck_assert_int_eq(future_add_done_callback(futures[placed], hear, &heard[from + placed]), STATUS_OK);
            placed++;
        }
        ck_assert(placed == BATCH || executor_why_broken(rig.executor)[0] != '\0');
        crashed += BATCH - placed;
        for (int i = 0; i < placed; i++) {
            const struct fetch_result *result;
            enum status status = future_result(futures[i], NET_MS, &result);
            ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED, "%d: %s", i, status_name(status));
            if (status == STATUS_OK)
                expect_fault_page(row, result, bytes);
            else
                ck_assert_msg(result->error == FETCH_WORKER_CRASHED, "%s", fetch_error_name(result->error));
            if (status != STATUS_OK)
                snprintf(last_reason, sizeof last_reason, "%s", result->detail);
            crashed += status != STATUS_OK;
            future_release(futures[i]);
            ck_assert_msg(heard[from + i] == 1, "number %d was heard of %d times", i, heard[from + i]);
        }
    }
    ck_assert_msg(!is_blameless || crashed == 0, "%d were given up, though nothing is to blame for a kill: %s; %s",
                  crashed, last_reason, executor_why_broken(rig.executor));
    return crashed;
}

/* Killed from outside, as it looks: nobody is to blame, so all is done. What crashes may be to blame for it, and is tried
 * alone: a few may be given up. What ends each life before it did anything ends the pool, with a reason. */
static void end_every_life(const struct fault_row *row, const char *action)
{
    bool is_large = strcmp(row->name, "pause.after_mark") == 0;
    bool is_blameless = row->again && !(row->who & FAULT_IN_DATA) && strcmp(action, "kill") == 0;
    int count = is_large ? LARGE_COUNT : COUNT;
    char self[16];
    struct executor_stats stats;
    if (strcmp(action, "stop") == 0)
        rig.options.hang_time_ms = 300; /* else a busy machine would charge what is held for being slow */
    rig.options.keep |= EXECUTOR_PAGES; /* they pass where a page would be stored, too */
    rig.options.memory_bytes_max = 1u << 20;
    rig.options.keep |= EXECUTOR_LINKS;
    rig.options.concurrency = 16;
    rig_open(&rig);
    snprintf(self, sizeof self, "%d", (int)getpid());
    setenv("FAULT_SPARES", self, 1);
    fault_set(row->name, row->again ? row->again : 1, action);
    int crashed = 0;
    int tried = 0;
    int64_t deadline_ms = now_ms() + NET_MS;
    do { /* on a busy machine a life may pass its place late */
        crashed += run_batches(row, count, is_large ? LARGE_BYTES : BODY_BYTES, is_blameless);
        tried += count;
        executor_stats(rig.executor, &stats);
    } while (stats.worker_deaths < 2 && now_ms() < deadline_ms);
    ck_assert_msg(stats.worker_deaths >= 2, "%s: %llu deaths", row->name, (unsigned long long)stats.worker_deaths);
    if (row->again) {
        ck_assert_msg(crashed < tried / 4, "%s: %d of %d were given up", row->name, crashed, tried);
    } else {
        ck_assert_int_eq(crashed, tried);
        ck_assert_str_ne(executor_why_broken(rig.executor), "");
    }
    executor_close(rig.executor);
    ck_assert(children_are_gone());
}

START_TEST(lives_that_all_end_at_the_same_place_leave_nothing_undone)
{
    rig_begin(&rig, EXECUTOR_PROCESSES);
    faults_try(FAULT_WORKER, FAULT_ACTIONS[_i], end_every_life);
    ck_assert(shm_names_are_gone());
    origin_stop(&rig.origin);
}
END_TEST

int main(void)
{
    if (!processes_are_tested("faults_lives"))
        return EXIT_SUCCESS;
    Suite *suite = suite_create("faults lives");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, lives_that_all_end_at_the_same_place_leave_nothing_undone, 0, FAULT_ACTION_COUNT);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
