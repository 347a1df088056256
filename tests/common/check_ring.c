/* The task ring: common/ring.c. */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/ring.h"
#include "common/slot.h"
#include "tests/support/support.h"

#define SLOTS 100u
#define ITEMS 200000u /* 100,000 for each of two claimers */
#define ITEM_SLOTS 256u

static const struct owner ME = {.worker = 1, .incarnation = 7};
static const struct owner OTHER = {.worker = 2, .incarnation = 1};
static struct shared shared;

static void set_up(void)
{
    shared_for(&shared, 3, SLOTS);
}

static void tear_down(void)
{
    shared_close(&shared);
}

static void push_ready(uint32_t slot)
{
    slot_make_ready(&shared, slot);
    ck_assert(ring_push(&shared, RING_WORK, slot));
}

static uint32_t claim_next(struct owner owner)
{
    struct claim claim;
    if (!ring_claim(&shared, RING_WORK, owner, &claim))
        return SLOT_NONE;
    ck_assert_uint_eq(slot_word(&shared, claim.slot), claim.word);
    return claim.slot;
}

START_TEST(ring_is_empty_at_first)
{
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), 0);
}
END_TEST

START_TEST(ring_gives_slots_in_the_order_they_were_pushed)
{
    const uint32_t order[] = {5, 0, 99, 42, 7};
    for (size_t i = 0; i < 5; i++)
        push_ready(order[i]);
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(claim_next(i % 2 ? ME : OTHER), order[i]);
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), 0);
}
END_TEST

START_TEST(claim_names_its_owner_and_keeps_the_generation)
{
    slot_make_ready(&shared, 4);
    ck_assert(slot_cancel(&shared, 4)); /* generation 1 from now on */
    push_ready(4);
    ck_assert_uint_eq(claim_next(ME), 4);
    uint64_t word = slot_word(&shared, 4);
    ck_assert_int_eq((int)state_of(word), SLOT_CLAIMED);
    ck_assert_uint_eq(state_generation(word), 1);
    ck_assert(state_is_owned_by(word, ME));
}
END_TEST

START_TEST(the_two_rings_know_nothing_of_each_other)
{
    struct claim claim;
    atomic_store(&shared.slots[8].ring, RING_QUARANTINE);
    slot_make_ready(&shared, 8);
    ck_assert(ring_push(&shared, RING_QUARANTINE, 8));
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
    ck_assert_uint_eq(ring_length(&shared, RING_QUARANTINE), 1);
    ck_assert(ring_claim(&shared, RING_QUARANTINE, ME, &claim));
    ck_assert_uint_eq(claim.slot, 8);
}
END_TEST

START_TEST(a_suspect_is_not_claimed_by_an_entry_of_the_slots_earlier_use)
{
    struct claim claim;
    push_ready(8);
    ck_assert(slot_cancel(&shared, 8)); /* its entry stays in the ring of ordinary work */
    atomic_store(&shared.slots[8].ring, RING_QUARANTINE);
    slot_make_ready(&shared, 8);
    ck_assert(ring_push(&shared, RING_QUARANTINE, 8));
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
    ck_assert(ring_claim(&shared, RING_QUARANTINE, ME, &claim));
}
END_TEST

START_TEST(ring_refuses_push_when_full)
{
    /* The entry at the head is wanted, so none may be stepped over. */
    push_ready(0);
    uint32_t pushed = 1;
    while (pushed < shared.ring_capacity && ring_push(&shared, RING_WORK, 1))
        pushed++;
    ck_assert_uint_eq(pushed, shared.ring_capacity);
    ck_assert(!ring_push(&shared, RING_WORK, 1));
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), shared.ring_capacity);
    ck_assert_uint_eq(claim_next(ME), 0);
    ck_assert(ring_push(&shared, RING_WORK, 1));
}
END_TEST

START_TEST(a_full_ring_takes_a_push_when_its_head_is_stale)
{
    push_ready(0);
    ck_assert(slot_cancel(&shared, 0));
    for (uint32_t i = 1; i < shared.ring_capacity; i++)
        ck_assert(ring_push(&shared, RING_WORK, 0));
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), shared.ring_capacity);
    push_ready(9);
    ck_assert_uint_eq(claim_next(ME), 9);
}
END_TEST

/* A ring that is full, and at its head an entry that nobody will ever want. */
static void fill_behind(uint32_t head_entry)
{
    slot_make_ready(&shared, 1);
    for (uint32_t i = 0; i < shared.ring_capacity; i++)
        ck_assert(ring_push(&shared, RING_WORK, 1));
    atomic_store(&shared.ring_entries[RING_WORK][0], head_entry);
}

START_TEST(a_full_ring_takes_a_push_when_its_head_is_no_slot_or_the_other_rings)
{
    fill_behind(SLOTS + 7);
    ck_assert(ring_has_room(&shared, RING_WORK));
    shared_close(&shared);
    set_up();
    atomic_store(&shared.slots[8].ring, RING_QUARANTINE);
    slot_make_ready(&shared, 8);
    fill_behind(8);
    ck_assert(ring_has_room(&shared, RING_WORK));
    ck_assert(!ring_push(&shared, RING_WORK, 1) || ring_length(&shared, RING_WORK) == shared.ring_capacity);
    ck_assert(!ring_has_room(&shared, RING_WORK)); /* one was stale, no more */
}
END_TEST

START_TEST(an_entry_that_is_no_slot_of_ours_is_a_bug)
{
    ring_push(&shared, RING_WORK, SLOTS);
}
END_TEST

START_TEST(a_post_leaves_a_sound_semaphore_alone)
{
    sem_t *work = &shared.header->rings[RING_QUARANTINE].work;
    int tokens;
    ring_post(&shared, RING_QUARANTINE);
    ring_post(&shared, RING_QUARANTINE);
    ck_assert_int_eq(sem_getvalue(work, &tokens), 0);
    ck_assert_int_eq(tokens, 2);
    ck_assert_int_eq(sem_getvalue(&shared.header->rings[RING_WORK].work, &tokens), 0);
    ck_assert_int_eq(tokens, 0);
}
END_TEST

START_TEST(claim_steps_over_cancelled_entries)
{
    for (uint32_t i = 0; i < 10; i++)
        push_ready(i);
    for (uint32_t i = 0; i < 10; i++)
        if (i != 3 && i != 8)
            ck_assert(slot_cancel(&shared, i));
    ck_assert_uint_eq(claim_next(ME), 3);
    ck_assert_uint_eq(claim_next(ME), 8);
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
}
END_TEST

START_TEST(claim_steps_over_what_another_has_claimed)
{
    push_ready(1);
    ck_assert(ring_push(&shared, RING_WORK, 1)); /* as if the claimer had died before it moved the head */
    push_ready(2);
    ck_assert_uint_eq(claim_next(OTHER), 1);
    ck_assert_uint_eq(claim_next(ME), 2);
    ck_assert(state_is_owned_by(slot_word(&shared, 1), OTHER));
}
END_TEST

START_TEST(a_slot_that_stands_twice_in_the_ring_is_claimed_once_a_use)
{
    push_ready(6);
    ck_assert(slot_cancel(&shared, 6));
    push_ready(6); /* its old entry is still there, and serves as well */
    ck_assert_uint_eq(claim_next(ME), 6);
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
}
END_TEST

START_TEST(claim_skips_an_index_that_is_no_slot)
{
    static const uint32_t BAD[] = {SLOTS, SLOTS + 1, 0x80000000u, SLOT_NONE};
    for (size_t i = 0; i < 4; i++) {
        ck_assert(ring_push(&shared, RING_WORK, 50));
        atomic_store(&shared.ring_entries[RING_WORK][i], BAD[i]);
    }
    push_ready(51);
    ck_assert_uint_eq(claim_next(ME), 51);
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
}
END_TEST

START_TEST(ring_survives_many_turns_around)
{
    for (uint32_t i = 0; i < shared.ring_capacity * 20; i++) {
        uint32_t slot = i % SLOTS;
        push_ready(slot);
        ck_assert_uint_eq(claim_next(ME), slot);
        ck_assert(slot_publish(&shared, slot, slot_word(&shared, slot)));
        slot_free(&shared, slot);
    }
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), 0);
}
END_TEST

START_TEST(a_head_beyond_the_tail_counts_as_empty)
{
    atomic_store(&shared.header->rings[RING_WORK].head, 12);
    ck_assert_uint_eq(ring_length(&shared, RING_WORK), 0);
    ck_assert_uint_eq(claim_next(ME), SLOT_NONE);
}
END_TEST

/* ---- two claimers ---- */

static _Atomic uint8_t claimed_times[ITEMS];
static _Atomic bool all_pushed;

static void *claim_many(void *context)
{
    const struct owner *owner = context;
    struct claim claim;
    for (;;) {
        bool was_last = atomic_load(&all_pushed);
        if (ring_claim(&shared, RING_WORK, *owner, &claim)) {
            uint64_t item = shared.slots[claim.slot].task;
            atomic_fetch_add(&claimed_times[item], 1);
            if (!slot_publish(&shared, claim.slot, claim.word))
                abort();
        } else if (was_last) {
            return NULL;
        } else {
            sched_yield();
        }
    }
}

/* A slot that may be written; frees those that are done. */
static uint32_t take_slot(void)
{
    static uint32_t next;
    for (;; sched_yield()) {
        for (uint32_t i = 0; i < ITEM_SLOTS; i++) {
            uint32_t slot = next++ % ITEM_SLOTS;
            enum slot_state state = state_of(slot_word(&shared, slot));
            if (state == SLOT_DONE)
                slot_free(&shared, slot);
            if (state == SLOT_DONE || state == SLOT_FREE)
                return slot;
        }
    }
}

START_TEST(two_threads_claim_each_of_many_items_exactly_once)
{
    shared_close(&shared);
    shared_for(&shared, 3, ITEM_SLOTS);
    static struct owner owners[2] = {{0, 1}, {1, 1}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, claim_many, &owners[i]), 0);
    uint32_t cancelled = 0;
    for (uint32_t item = 0; item < ITEMS; item++) {
        uint32_t slot = take_slot();
        shared.slots[slot].task = item;
        slot_make_ready(&shared, slot);
        while (!ring_push(&shared, RING_WORK, slot))
            sched_yield();
        if (item % 7 == 0 && slot_cancel(&shared, slot)) {
            atomic_fetch_add(&claimed_times[item], 1);
            cancelled++;
        }
    }
    atomic_store(&all_pushed, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t item = 0; item < ITEMS; item++)
        ck_assert_msg(claimed_times[item] == 1, "item %u was claimed or cancelled %u times", item,
                      (unsigned)claimed_times[item]);
    ck_assert_uint_le(cancelled, ITEMS / 7 + 1);
}
END_TEST

static Suite *ring_suite(void)
{
    Suite *suite = suite_create("ring");
    TCase *ring = tcase_create("ring");
    tcase_set_timeout(ring, 60);
    tcase_add_checked_fixture(ring, set_up, tear_down);
    tcase_add_test(ring, ring_is_empty_at_first);
    tcase_add_test(ring, ring_gives_slots_in_the_order_they_were_pushed);
    tcase_add_test(ring, claim_names_its_owner_and_keeps_the_generation);
    tcase_add_test(ring, the_two_rings_know_nothing_of_each_other);
    tcase_add_test(ring, a_suspect_is_not_claimed_by_an_entry_of_the_slots_earlier_use);
    tcase_add_test(ring, ring_refuses_push_when_full);
    tcase_add_test(ring, a_full_ring_takes_a_push_when_its_head_is_stale);
    tcase_add_test(ring, a_full_ring_takes_a_push_when_its_head_is_no_slot_or_the_other_rings);
    if (tests_are_forked())
        tcase_add_exit_test(ring, an_entry_that_is_no_slot_of_ours_is_a_bug, EXIT_INVARIANT);
    tcase_add_test(ring, a_post_leaves_a_sound_semaphore_alone);
    tcase_add_test(ring, claim_steps_over_cancelled_entries);
    tcase_add_test(ring, claim_steps_over_what_another_has_claimed);
    tcase_add_test(ring, a_slot_that_stands_twice_in_the_ring_is_claimed_once_a_use);
    tcase_add_test(ring, claim_skips_an_index_that_is_no_slot);
    tcase_add_test(ring, ring_survives_many_turns_around);
    tcase_add_test(ring, a_head_beyond_the_tail_counts_as_empty);
    tcase_add_test(ring, two_threads_claim_each_of_many_items_exactly_once);
    suite_add_tcase(suite, ring);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(ring_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
