/* A body that waits for memory: worker/fetch/body.c, with a slot that nobody uses and that is said to have it all. */
#include <stdlib.h>

#include "common/slot.h"
#include "coordinator/executor/pool.h"
#include "tests/support/support.h"

#define MEMORY_BYTES (1u << 20)
#define BODY_BYTES 100000
#ifdef SHOAL_SANITIZED /* valgrind is twenty times as slow */
#define TOTAL_MS 4000
#define HELD_MS 5000
#else
#define TOTAL_MS 400
#define HELD_MS 800
#endif

static struct rig rig;

static void tear_down(void)
{
    rig_down(&rig);
}

/* Another body, older than any that is to come, has all pages. */
static struct slot_shm *use_up_memory(void)
{
    static const struct owner NOBODY = {0};
    struct slot_shm *slot = &rig.executor->shared.slots[rig.executor->free_slots[0]];
    atomic_store(&slot->reserved_bytes, MEMORY_BYTES);
    atomic_store(&slot->growing, 1);
    atomic_store(&slot->state, state_make(0, NOBODY, SLOT_DONE));
    return slot;
}

static void give_memory_back(struct slot_shm *slot)
{
    static const struct owner NOBODY = {0};
    atomic_store(&slot->state, state_make(0, NOBODY, SLOT_FREE));
    atomic_store(&slot->growing, 0);
    atomic_store(&slot->reserved_bytes, 0);
    for (uint32_t worker = 0; worker < rig.options.workers; worker++)
        pool_ring(rig.executor, worker);
}

static bool any_waits_for_memory(void)
{
    bool any = false;
    for (uint32_t worker = 0; worker < rig.options.workers; worker++)
        any = any || atomic_load(&rig.executor->shared.roster[worker].paused) > 0;
    return any;
}

/* Fetches the page, which comes to wait for memory for longer than all of it may take; then there is some. */
static struct future *fetch_held_up(int engine, const char *path)
{
    rig_begin(&rig, engine);
    rig.options.memory_bytes_max = MEMORY_BYTES;
    rig.options.limits.total_timeout_ms = TOTAL_MS;
    rig_open(&rig);
    struct slot_shm *slot = use_up_memory();
    struct future *future = rig_submit(&rig, "%s", path);
    for (int64_t until_ms = now_ms() + NET_MS; !any_waits_for_memory() && now_ms() < until_ms;)
        executor_run(rig.executor, 5);
    ck_assert(any_waits_for_memory());
    for (int64_t until_ms = now_ms() + HELD_MS; now_ms() < until_ms;)
        executor_run(rig.executor, until_ms - now_ms());
    ck_assert(any_waits_for_memory());
    ck_assert(!future_done(future));
    give_memory_back(slot);
    return future;
}

START_TEST(a_page_that_waits_for_memory_longer_than_it_may_take_comes_through)
{
    static const char *const PATHS[] = {"/bytes/100000", "/gzip/100000"};
    if (!engine_is_tested(_i / 2))
        return;
    struct future *future = fetch_held_up(_i / 2, PATHS[_i % 2]);
    const struct fetch_result *result = expect_ok(future);
    expect_text_body(result, BODY_BYTES);
    ck_assert_uint_eq(result->attempts, 1);
    future_release(future);
}
END_TEST

static Suite *body_suite(void)
{
    Suite *suite = suite_create("body");
    TCase *tests = tcase_create("waiting for memory");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_loop_test(tests, a_page_that_waits_for_memory_longer_than_it_may_take_comes_through, 0,
                        2 * EXECUTOR_ENGINE_COUNT);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(body_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
