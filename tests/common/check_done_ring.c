/* The announcements of a worker: common/done_ring.c. */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/done_ring.h"
#include "tests/support/support.h"

#define SLOTS 100u
#define WORKER 1u
#define MANY 1000000u

static struct shared shared;

static void set_up(void)
{
    shared_for(&shared, 3, SLOTS);
}

static void tear_down(void)
{
    shared_close(&shared);
}

START_TEST(announcements_come_out_in_order)
{
    uint32_t slots[8];
    ck_assert(!done_ring_has_news(&shared, WORKER));
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 0);
    done_ring_push(&shared, WORKER, 40);
    done_ring_push(&shared, WORKER, 2);
    done_ring_push(&shared, WORKER, 99);
    ck_assert(done_ring_has_news(&shared, WORKER));
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 3);
    ck_assert_uint_eq(slots[0], 40);
    ck_assert_uint_eq(slots[1], 2);
    ck_assert_uint_eq(slots[2], 99);
    ck_assert(!done_ring_has_news(&shared, WORKER));
}
END_TEST

START_TEST(a_drain_takes_no_more_than_it_may)
{
    uint32_t slots[8] = {0};
    for (uint32_t i = 0; i < 10; i++)
        done_ring_push(&shared, WORKER, i);
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 4), 4);
    ck_assert_uint_eq(slots[3], 3);
    ck_assert_uint_eq(slots[4], 0);
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 6);
    ck_assert_uint_eq(slots[0], 4);
}
END_TEST

START_TEST(every_worker_has_a_ring_of_its_own)
{
    uint32_t slots[8];
    done_ring_push(&shared, 0, 10);
    done_ring_push(&shared, 3, 13); /* the one for quarantine */
    ck_assert(!done_ring_has_news(&shared, 1));
    ck_assert_uint_eq(done_ring_drain(&shared, 1, slots, 8), 0);
    ck_assert_uint_eq(done_ring_drain(&shared, 3, slots, 8), 1);
    ck_assert_uint_eq(slots[0], 13);
    ck_assert_uint_eq(done_ring_drain(&shared, 0, slots, 8), 1);
    ck_assert_uint_eq(slots[0], 10);
}
END_TEST

START_TEST(room_says_how_many_more_fit)
{
    uint32_t slots[8];
    ck_assert_uint_eq(done_ring_room(&shared, WORKER), shared.done_capacity);
    for (uint32_t i = 0; i < shared.done_capacity; i++)
        done_ring_push(&shared, WORKER, i % SLOTS);
    ck_assert_uint_eq(done_ring_room(&shared, WORKER), 0);
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 5), 5);
    ck_assert_uint_eq(done_ring_room(&shared, WORKER), 5);
}
END_TEST

START_TEST(announcing_more_than_fits_is_a_bug)
{
    for (uint32_t i = 0; i <= shared.done_capacity; i++)
        done_ring_push(&shared, WORKER, 0);
}
END_TEST

START_TEST(ring_survives_the_wrap_of_its_counters)
{
    struct done_ring_shm *ring = shared_done_ring(&shared, WORKER);
    uint32_t slots[8];
    atomic_store(&ring->head, UINT32_MAX - 2);
    atomic_store(&ring->tail, UINT32_MAX - 2);
    for (uint32_t i = 0; i < 6; i++)
        done_ring_push(&shared, WORKER, i);
    ck_assert_uint_eq(done_ring_room(&shared, WORKER), shared.done_capacity - 6);
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 6);
    for (uint32_t i = 0; i < 6; i++)
        ck_assert_uint_eq(slots[i], i);
}
END_TEST

START_TEST(an_index_that_is_no_slot_is_dropped)
{
    uint32_t slots[8];
    struct done_ring_shm *ring = shared_done_ring(&shared, WORKER);
    for (uint32_t i = 0; i < 4; i++)
        done_ring_push(&shared, WORKER, i);
    atomic_store(&ring->entries[0], SLOTS);
    atomic_store(&ring->entries[2], SLOT_NONE);
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 2);
    ck_assert_uint_eq(slots[0], 1);
    ck_assert_uint_eq(slots[1], 3);
}
END_TEST

/* hostile.md, R17: what a worker that went wild left in shared memory must not keep the coordinator busy for ever. */
START_TEST(a_wild_tail_gives_no_more_than_a_ring_full)
{
    struct done_ring_shm *ring = shared_done_ring(&shared, WORKER);
    uint32_t slots[64];
    uint64_t given = 0;
    atomic_store(&ring->tail, 0x7fffff00u);
    for (uint32_t i = 0; i < shared.done_capacity / 64 + 2; i++)
        given += done_ring_drain(&shared, WORKER, slots, 64);
    ck_assert_uint_le(given, shared.done_capacity);
    ck_assert(!done_ring_has_news(&shared, WORKER));
}
END_TEST

START_TEST(reset_forgets_what_was_announced)
{
    uint32_t slots[8];
    done_ring_push(&shared, WORKER, 1);
    done_ring_reset(&shared, WORKER);
    ck_assert(!done_ring_has_news(&shared, WORKER));
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 0);
    done_ring_push(&shared, WORKER, 7);
    ck_assert_uint_eq(done_ring_drain(&shared, WORKER, slots, 8), 1);
    ck_assert_uint_eq(slots[0], 7);
}
END_TEST

static void *push_many(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; i < MANY; i++) {
        while (!done_ring_room(&shared, WORKER))
            sched_yield();
        done_ring_push(&shared, WORKER, i % SLOTS);
    }
    return NULL;
}

START_TEST(a_reader_beside_the_writer_loses_nothing)
{
    pthread_t writer;
    uint32_t slots[64];
    uint32_t seen = 0;
    ck_assert_int_eq(pthread_create(&writer, NULL, push_many, NULL), 0);
    while (seen < MANY) {
        uint32_t count = done_ring_drain(&shared, WORKER, slots, 64);
        for (uint32_t i = 0; i < count; i++, seen++)
            ck_assert_uint_eq(slots[i], seen % SLOTS);
        if (!count)
            sched_yield();
    }
    pthread_join(writer, NULL);
    ck_assert(!done_ring_has_news(&shared, WORKER));
}
END_TEST

static Suite *done_ring_suite(void)
{
    Suite *suite = suite_create("done ring");
    TCase *ring = tcase_create("done ring");
    tcase_set_timeout(ring, 60);
    tcase_add_checked_fixture(ring, set_up, tear_down);
    tcase_add_test(ring, announcements_come_out_in_order);
    tcase_add_test(ring, a_drain_takes_no_more_than_it_may);
    tcase_add_test(ring, every_worker_has_a_ring_of_its_own);
    tcase_add_test(ring, room_says_how_many_more_fit);
    if (tests_are_forked())
        tcase_add_exit_test(ring, announcing_more_than_fits_is_a_bug, EXIT_INVARIANT);
    tcase_add_test(ring, ring_survives_the_wrap_of_its_counters);
    tcase_add_test(ring, an_index_that_is_no_slot_is_dropped);
    tcase_add_test(ring, a_wild_tail_gives_no_more_than_a_ring_full);
    tcase_add_test(ring, reset_forgets_what_was_announced);
    tcase_add_test(ring, a_reader_beside_the_writer_loses_nothing);
    suite_add_tcase(suite, ring);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(done_ring_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
