/* Shared memory that a worker scribbled on, before it died or while it lives: the coordinator goes on by its own
 * books. What tests/fuzz/fuzz_shared.c found stands here. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/done_ring.h"
#include "common/extent.h"
#include "common/roster.h"
#include "common/slot.h"
#include "tests/support/puppets.h"
#include "tests/support/support.h"

#define URL "http://127.0.0.1/"
#define SEGV SIGSEGV /* as a wait status */

static struct executor *executor;

static void set_up(void)
{
    executor = puppets_open();
}

static void tear_down(void)
{
    puppets_close(executor);
}

static void set_state(uint32_t slot, uint64_t word)
{
    atomic_store(&executor->shared.slots[slot].state, word);
}

/* What no slot of nobody, and none that waits for its release, can rightly be. */
static const uint64_t WORDS[] = {
    0x0, 0x1, 0x2, 0x3, 0x4, 0xf, 0x7fffffff00000011, UINT64_MAX, UINT64_MAX - 0xf, 0xffffffff00000003,
};
#define WORD_COUNT ((int)(sizeof WORDS / sizeof WORDS[0]))

static struct future *fetch_one(uint32_t body_bytes)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 0);
    ck_assert(puppets_publish(executor, 0, &claim, body_bytes));
    puppets_turn(executor);
    return future;
}

START_TEST(a_free_slot_is_used_whatever_its_word_says)
{
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++)
        set_state(slot, WORDS[_i]);
    struct future *future = fetch_one(100);
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(a_slot_whose_result_is_kept_is_given_back_whatever_its_word_says)
{
    struct future *future = fetch_one(100);
    expect_ok(future);
    set_state(future->slot, WORDS[_i]);
    future_release(future);
    ck_assert_uint_eq(executor->free_count, executor->shared.slot_count);
    future = fetch_one(100); /* the same slot again: they are used last in, first out */
    expect_ok(future);
    future_release(future);
}
END_TEST

START_TEST(an_announcement_twice_or_of_anybody_s_slot_is_nothing)
{
    struct future *one = fetch_one(100);
    struct future *other = puppets_submit(executor, URL);
    puppets_turn(executor);
    for (uint32_t i = 0; i < 2 * executor->shared.slot_count; i++) {
        done_ring_push(&executor->shared, 0, i % executor->shared.slot_count);
        puppets_turn(executor);
    }
    ck_assert(future_done(one) && !future_done(other));
    ck_assert_uint_eq(executor->completed, 1);
    future_release(one);
    future_release(other);
}
END_TEST

START_TEST(a_body_beyond_the_pages_that_were_reserved_is_no_result)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 0);
    struct result_shm *result = &executor->shared.slots[claim.slot].result;
    memset(result, 0, sizeof *result);
    result->body_offset = 4096;
    result->body_bytes = result->body_stored = executor->shared.body_stride - 4096;
    ck_assert(slot_publish(&executor->shared, claim.slot, claim.word));
    done_ring_push(&executor->shared, 0, claim.slot);
    expect_error(future, FETCH_WORKER_CRASHED);
    future_release(future);
}
END_TEST

/* Where a page cannot lie: what was reserved is 24 KiB. */
static const struct {
    uint64_t offset;
    uint32_t bytes;
} NO_PLACES[] = {
    {0, UINT32_MAX}, {UINT64_MAX - 7, 8}, {UINT64_MAX, UINT32_MAX},     {24576, 8}, {24568, 16}, {0, 24577}, {16384, 0},
    {16385, 64},     {1ull << 40, 64},    {UINT64_MAX - 7, UINT32_MAX},
};
#define NO_PLACE_COUNT ((int)(sizeof NO_PLACES / sizeof NO_PLACES[0]))

static struct future *publish_page(uint64_t offset, uint32_t bytes, struct claim *claim)
{
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    *claim = puppets_claim(executor, 0);
    ck_assert_int_eq((int)extent_reserve(&executor->shared, claim->slot, 24576), STATUS_OK);
    struct result_shm *result = &executor->shared.slots[claim->slot].result;
    memset(result, 0, sizeof *result);
    result->has_page = 1;
    result->page_offset = offset;
    result->page_bytes = bytes;
    ck_assert(slot_publish(&executor->shared, claim->slot, claim->word));
    done_ring_push(&executor->shared, 0, claim->slot);
    return future;
}

START_TEST(a_page_where_none_can_lie_is_no_result)
{
    struct claim claim;
    struct future *future = publish_page(NO_PLACES[_i].offset, NO_PLACES[_i].bytes, &claim);
    expect_error(future, FETCH_WORKER_CRASHED);
    future_release(future);
    ck_assert_uint_eq(executor->free_count, executor->shared.slot_count);
}
END_TEST

START_TEST(a_page_at_the_end_of_what_is_reserved_is_told_and_its_slot_kept)
{
    struct claim claim;
    executor->options.keep = EXECUTOR_PAGES;
    struct future *future = publish_page(24576 - 64, 64, &claim);
    const struct fetch_result *result = expect_ok(future);
    ck_assert_uint_eq(result->page_bytes, 64);
    ck_assert_ptr_eq(result->page, extent_at(&executor->shared, claim.slot) + 24576 - 64);
    ck_assert_uint_eq(executor->free_count, executor->shared.slot_count - 1);
    future_release(future);
    ck_assert_uint_eq(executor->free_count, executor->shared.slot_count);
}
END_TEST

START_TEST(a_page_that_nobody_wanted_is_not_told)
{
    struct claim claim;
    struct future *future = publish_page(16384, 64, &claim);
    ck_assert_ptr_null(expect_ok(future)->page);
    future_release(future);
}
END_TEST

START_TEST(pages_on_the_books_that_cannot_be_are_put_right)
{
    struct future *future = fetch_one(100);
    expect_ok(future);
    for (uint32_t slot = 0; slot < executor->shared.slot_count; slot++)
        atomic_store(&executor->shared.slots[slot].reserved_bytes, UINT64_MAX - 100);
    uint32_t slot = future->slot;
    future_release(future);
    ck_assert_uint_le(atomic_load(&executor->shared.slots[slot].reserved_bytes), executor->shared.body_stride);
    future = fetch_one(100);
    expect_ok(future);
    future_release(future);
}
END_TEST

/* A worker that announces as fast as it can, for as long as the test runs. */
static atomic_bool announces;

static void *announce(void *context)
{
    struct done_ring_shm *ring = context;
    while (atomic_load_explicit(&announces, memory_order_relaxed)) {
        uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
        atomic_store_explicit(&ring->tail, head + executor->shared.done_capacity, memory_order_release);
    }
    return NULL;
}

START_TEST(a_worker_that_announces_without_end_does_not_hold_the_coordinator_up)
{
    pthread_t thread;
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    atomic_store(&announces, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, announce, shared_done_ring(&executor->shared, 0)), 0);
    for (int i = 0; i < 100; i++)
        puppets_turn(executor);
    puppets_end(executor, 0, SEGV);
    puppets_turn(executor);
    atomic_store(&announces, false);
    pthread_join(thread, NULL);
    future_release(future);
}
END_TEST

START_TEST(a_semaphore_that_was_scribbled_on_still_wakes)
{
    static const unsigned char FILLS[] = {0x01, 0x81, 0x80, 0xff};
    struct future *future = puppets_submit(executor, URL);
    puppets_turn(executor);
    for (size_t i = 0; i < sizeof FILLS; i++) {
        sem_t *work = &executor->shared.header->rings[RING_WORK].work;
        /* Somebody waits, or it would not be looked at. */
        memset((unsigned char *)work + 4, 1, 4);
        memset((unsigned char *)work + 8, FILLS[i], sizeof *work - 8);
        roster_mark_idle(&executor->shared, 1);
        future_release(puppets_submit(executor, URL));
        puppets_turn(executor);
        ck_assert_int_eq(sem_trywait(work), 0);
    }
    puppets_end(executor, 0, SEGV);
    puppets_turn(executor);
    future_release(future);
}
END_TEST

/* What a slot that is in flight can only be if somebody scribbled on it. */
static uint64_t impossible_word(int which, uint64_t word)
{
    struct owner past = {.worker = 1, .incarnation = 0xffff};
    struct owner nobody = {.worker = 0xfff, .incarnation = 0};
    switch (which) {
    case 0:
        return state_make(state_generation(word), (struct owner){0}, SLOT_FREE);
    case 1:
        return state_make(state_generation(word), past, SLOT_CLAIMED);
    case 2:
        return state_make(state_generation(word), nobody, SLOT_CLAIMED);
    case 3:
        return state_make(state_generation(word), nobody, SLOT_DONE);
    case 4: /* in quarantine, where nobody lives */
        return state_make(state_generation(word), (struct owner){.worker = QUARANTINE}, SLOT_CLAIMED);
    default:
        return UINT64_MAX;
    }
}

START_TEST(after_a_death_what_is_in_nobodys_hands_runs_again)
{
    struct future *future = puppets_submit(executor, URL);
    struct future *waits = puppets_submit(executor, URL "waits");
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 1);
    ck_assert_uint_eq(claim.slot, future->slot);
    set_state(claim.slot, impossible_word(_i, claim.word));
    puppets_end(executor, 0, SEGV);
    puppets_turn(executor);
    ck_assert_uint_eq(future->strikes, 0); /* charged to nobody */
    for (int i = 0; i < 2; i++) {
        claim = puppets_claim(executor, 1);
        ck_assert(puppets_publish(executor, 1, &claim, 10));
    }
    expect_ok(future);
    expect_ok(waits);
    ck_assert_uint_eq(future_done(future), 1);
    future_release(future);
    future_release(waits);
}
END_TEST

START_TEST(a_death_takes_nothing_from_the_living)
{
    struct future *future = puppets_submit(executor, URL);
    struct future *done = puppets_submit(executor, URL "done");
    struct future *waits = puppets_submit(executor, URL "waits");
    puppets_turn(executor);
    struct claim claim = puppets_claim(executor, 1);
    struct claim other = puppets_claim(executor, 1);
    puppets_end(executor, 0, SEGV);
    ck_assert(slot_publish(&executor->shared, other.slot, other.word)); /* not announced yet */
    puppets_turn(executor);
    ck_assert(future_running(future) && !future_done(done));
    ck_assert_str_eq(future_state(waits), "pending");
    done_ring_push(&executor->shared, 1, other.slot);
    ck_assert(puppets_publish(executor, 1, &claim, 10));
    expect_ok(future);
    expect_ok(done);
    ck_assert_uint_eq(future->attempts, 1);
    future_release(future);
    future_release(done);
    future_release(waits);
}
END_TEST

static Suite *scribble_suite(void)
{
    Suite *suite = suite_create("scribble");
    TCase *scribble = tcase_create("scribble");
    tcase_add_checked_fixture(scribble, set_up, tear_down);
    tcase_add_loop_test(scribble, a_free_slot_is_used_whatever_its_word_says, 0, WORD_COUNT);
    tcase_add_loop_test(scribble, a_slot_whose_result_is_kept_is_given_back_whatever_its_word_says, 0, WORD_COUNT);
    tcase_add_test(scribble, an_announcement_twice_or_of_anybody_s_slot_is_nothing);
    tcase_add_test(scribble, a_body_beyond_the_pages_that_were_reserved_is_no_result);
    tcase_add_loop_test(scribble, a_page_where_none_can_lie_is_no_result, 0, NO_PLACE_COUNT);
    tcase_add_test(scribble, a_page_at_the_end_of_what_is_reserved_is_told_and_its_slot_kept);
    tcase_add_test(scribble, a_page_that_nobody_wanted_is_not_told);
    tcase_add_test(scribble, pages_on_the_books_that_cannot_be_are_put_right);
    tcase_add_test(scribble, a_worker_that_announces_without_end_does_not_hold_the_coordinator_up);
    tcase_add_test(scribble, a_semaphore_that_was_scribbled_on_still_wakes);
    tcase_add_loop_test(scribble, after_a_death_what_is_in_nobodys_hands_runs_again, 0, 6);
    tcase_add_test(scribble, a_death_takes_nothing_from_the_living);
    suite_add_tcase(suite, scribble);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(scribble_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
