/* The moves of a slot and the copy of its result: common/slot.c. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/fetch_error.h"
#include "common/ring.h"
#include "common/slot.h"
#include "tests/support/support.h"

#define SLOT 3u

static const struct owner ME = {.worker = 1, .incarnation = 7};
static const struct owner MY_NEXT_LIFE = {.worker = 1, .incarnation = 8};
static const struct owner OTHER = {.worker = 2, .incarnation = 7};
static struct shared shared;

static void set_up(void)
{
    shared_for(&shared, 3, 16);
}

static void tear_down(void)
{
    shared_close(&shared);
}

static enum slot_state state_now(void)
{
    return state_of(slot_word(&shared, SLOT));
}

static uint32_t generation_now(void)
{
    return state_generation(slot_word(&shared, SLOT));
}

static uint64_t make_claimed(struct owner owner)
{
    struct claim claim;
    slot_make_ready(&shared, SLOT);
    ck_assert(ring_push(&shared, RING_WORK, SLOT));
    ck_assert(ring_claim(&shared, RING_WORK, owner, &claim));
    ck_assert_uint_eq(claim.slot, SLOT);
    return claim.word;
}

static void make_done(void)
{
    ck_assert(slot_publish(&shared, SLOT, make_claimed(ME)));
}

/* ---- legal moves ---- */

START_TEST(a_slot_goes_round_from_free_to_free)
{
    ck_assert_int_eq((int)state_now(), SLOT_FREE);
    uint32_t generation = generation_now();
    slot_make_ready(&shared, SLOT);
    ck_assert_int_eq((int)state_now(), SLOT_READY);
    struct claim claim;
    ck_assert(ring_push(&shared, RING_WORK, SLOT));
    ck_assert(ring_claim(&shared, RING_WORK, ME, &claim));
    ck_assert_int_eq((int)state_now(), SLOT_CLAIMED);
    ck_assert(slot_publish(&shared, SLOT, claim.word));
    ck_assert_int_eq((int)state_now(), SLOT_DONE);
    ck_assert(state_is_owned_by(slot_word(&shared, SLOT), ME));
    ck_assert_uint_eq(generation_now(), generation);
    slot_free(&shared, SLOT);
    ck_assert_int_eq((int)state_now(), SLOT_FREE);
    ck_assert_uint_eq(generation_now(), generation + 1);
}
END_TEST

START_TEST(cancel_frees_a_ready_slot_with_the_next_generation)
{
    slot_make_ready(&shared, SLOT);
    ck_assert(slot_cancel(&shared, SLOT));
    ck_assert_int_eq((int)state_now(), SLOT_FREE);
    ck_assert_uint_eq(generation_now(), 1);
}
END_TEST

START_TEST(take_back_frees_the_claim_of_the_dead_with_the_next_generation)
{
    make_claimed(ME);
    ck_assert(slot_take_back(&shared, SLOT, ME));
    ck_assert_int_eq((int)state_now(), SLOT_FREE);
    ck_assert_uint_eq(generation_now(), 1);
}
END_TEST

/* ---- illegal moves that are refused ---- */

START_TEST(cancel_is_refused_when_nothing_is_ready)
{
    ck_assert(!slot_cancel(&shared, SLOT));
    make_claimed(ME);
    uint64_t word = slot_word(&shared, SLOT);
    ck_assert(!slot_cancel(&shared, SLOT));
    ck_assert_uint_eq(slot_word(&shared, SLOT), word);
    ck_assert(slot_publish(&shared, SLOT, word));
    ck_assert(!slot_cancel(&shared, SLOT));
    ck_assert_int_eq((int)state_now(), SLOT_DONE);
}
END_TEST

START_TEST(publish_is_refused_after_the_slot_was_taken_back)
{
    uint64_t word = make_claimed(ME);
    ck_assert(slot_take_back(&shared, SLOT, ME));
    ck_assert(!slot_publish(&shared, SLOT, word));
    ck_assert_int_eq((int)state_now(), SLOT_FREE);
}
END_TEST

START_TEST(publish_is_refused_while_another_has_the_slot)
{
    uint64_t word = make_claimed(ME);
    ck_assert(slot_take_back(&shared, SLOT, ME));
    uint64_t others = make_claimed(OTHER);
    ck_assert(!slot_publish(&shared, SLOT, word));
    ck_assert_uint_eq(slot_word(&shared, SLOT), others);
}
END_TEST

START_TEST(publish_of_an_old_generation_is_refused_even_from_the_same_owner)
{
    uint64_t word = make_claimed(ME);
    ck_assert(slot_take_back(&shared, SLOT, ME));
    uint64_t again = make_claimed(ME);
    ck_assert_uint_ne(word, again);
    ck_assert(!slot_publish(&shared, SLOT, word));
    ck_assert(slot_publish(&shared, SLOT, again));
}
END_TEST

START_TEST(a_second_publish_is_refused)
{
    uint64_t word = make_claimed(ME);
    ck_assert(slot_publish(&shared, SLOT, word));
    ck_assert(!slot_publish(&shared, SLOT, word));
    ck_assert_int_eq((int)state_now(), SLOT_DONE);
}
END_TEST

START_TEST(take_back_is_refused_for_another_worker_or_another_life)
{
    uint64_t word = make_claimed(ME);
    ck_assert(!slot_take_back(&shared, SLOT, OTHER));
    ck_assert(!slot_take_back(&shared, SLOT, MY_NEXT_LIFE));
    ck_assert_uint_eq(slot_word(&shared, SLOT), word);
}
END_TEST

START_TEST(take_back_is_refused_unless_claimed)
{
    ck_assert(!slot_take_back(&shared, SLOT, (struct owner){0}));
    slot_make_ready(&shared, SLOT);
    ck_assert(!slot_take_back(&shared, SLOT, (struct owner){0}));
    ck_assert(slot_cancel(&shared, SLOT));
    make_done();
    ck_assert(!slot_take_back(&shared, SLOT, ME));
    ck_assert_int_eq((int)state_now(), SLOT_DONE);
}
END_TEST

/* ---- words that a worker scribbled on: the coordinator goes by its own table ---- */

START_TEST(a_slot_that_is_not_free_is_made_ready_with_the_next_generation)
{
    uint64_t stray = make_claimed(OTHER);
    slot_make_ready(&shared, SLOT);
    ck_assert_int_eq((int)state_now(), SLOT_READY);
    ck_assert_uint_eq(generation_now(), state_generation(stray) + 1);
    ck_assert(!slot_publish(&shared, SLOT, stray));
}
END_TEST

START_TEST(a_slot_that_is_not_done_is_freed_with_the_next_generation)
{
    uint64_t stray = make_claimed(OTHER);
    slot_free(&shared, SLOT);
    ck_assert_int_eq((int)state_now(), SLOT_FREE);
    ck_assert_uint_eq(generation_now(), state_generation(stray) + 1);
    ck_assert(!slot_publish(&shared, SLOT, stray));
}
END_TEST

/* ---- illegal moves that are bugs: the process ends ---- */

START_TEST(publishing_what_was_not_claimed_is_a_bug)
{
    slot_make_ready(&shared, SLOT);
    slot_publish(&shared, SLOT, slot_word(&shared, SLOT));
}
END_TEST

/* ---- the result ---- */

static struct result_shm *result(void)
{
    return &shared.slots[SLOT].result;
}

static void fill_sound(void)
{
    struct result_shm *at = result();
    memset(at, 0, sizeof *at);
    atomic_store(&shared.slots[SLOT].reserved_bytes, shared.body_stride);
    at->error = FETCH_OK;
    at->http_status = 200;
    at->body_offset = 1000;
    at->body_bytes = at->body_stored = 5000;
    at->effective_offset = 20;
    at->effective_bytes = 30;
    at->headers_offset = 60;
    at->headers_bytes = 900;
    at->has_sha256 = 1;
    memset(at->sha256, 0xab, sizeof at->sha256);
    strcpy(at->content_type, "text/html");
    strcpy(at->remote_ip, "127.0.0.1");
    strcpy(at->detail, "all is well");
}

START_TEST(copy_gives_what_the_worker_wrote)
{
    struct result_shm copy;
    fill_sound();
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    ck_assert_uint_eq(copy.http_status, 200);
    ck_assert_uint_eq(copy.body_stored, 5000);
    ck_assert_uint_eq(copy.sha256[31], 0xab);
    ck_assert_str_eq(copy.content_type, "text/html");
    ck_assert_str_eq(copy.remote_ip, "127.0.0.1");
    ck_assert_str_eq(copy.detail, "all is well");
}
END_TEST

START_TEST(copy_ends_every_string_though_the_worker_did_not)
{
    struct result_shm copy;
    fill_sound();
    memset(result()->content_type, 'c', RESULT_TYPE_BYTES);
    memset(result()->remote_ip, 'i', RESULT_IP_BYTES);
    memset(result()->detail, 'd', RESULT_DETAIL_BYTES);
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    ck_assert_uint_eq(strlen(copy.content_type), RESULT_TYPE_BYTES - 1);
    ck_assert_uint_eq(strlen(copy.remote_ip), RESULT_IP_BYTES - 1);
    ck_assert_uint_eq(strlen(copy.detail), RESULT_DETAIL_BYTES - 1);
}
END_TEST

START_TEST(copy_takes_offsets_up_to_the_last_byte_of_the_extent)
{
    struct result_shm copy;
    fill_sound();
    result()->body_offset = shared.body_stride - 5000;
    result()->headers_offset = (uint32_t)shared.body_stride - 900;
    result()->effective_offset = (uint32_t)shared.body_stride - 30;
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    result()->body_offset = 0;
    result()->body_bytes = result()->body_stored = shared.body_stride;
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
}
END_TEST

static void break_error(struct result_shm *at)
{
    at->error = FETCH_ERROR_COUNT;
}
static void break_error_far(struct result_shm *at)
{
    at->error = UINT16_MAX;
}
static void break_stored(struct result_shm *at)
{
    at->body_stored = at->body_bytes + 1;
}
static void break_body_offset(struct result_shm *at)
{
    at->body_offset = shared.body_stride - 4999;
}
static void break_body_offset_far(struct result_shm *at)
{
    at->body_offset = UINT64_MAX - 100;
}
static void break_body_end(struct result_shm *at)
{
    at->body_bytes = at->body_stored = shared.body_stride - 999;
}
static void break_body_far(struct result_shm *at)
{
    at->body_bytes = at->body_stored = UINT64_MAX;
}
static void break_effective_offset(struct result_shm *at)
{
    at->effective_offset = (uint32_t)shared.body_stride - 29;
}
static void break_effective_far(struct result_shm *at)
{
    at->effective_offset = UINT32_MAX;
}
static void break_effective_bytes(struct result_shm *at)
{
    at->effective_bytes = URL_BYTES_MAX + 1;
}
static void break_effective_bytes_far(struct result_shm *at)
{
    at->effective_bytes = UINT32_MAX;
}
static void break_headers_offset(struct result_shm *at)
{
    at->headers_offset = (uint32_t)shared.body_stride - 899;
}
static void break_headers_far(struct result_shm *at)
{
    at->headers_offset = UINT32_MAX;
}
static void break_headers_bytes(struct result_shm *at)
{
    at->headers_bytes = UINT32_MAX;
}

static void (*const BREAKS[])(struct result_shm *) = {
    break_error,           break_error_far,           break_stored,
    break_body_offset,     break_body_offset_far,     break_body_end,
    break_body_far,        break_effective_offset,    break_effective_far,
    break_effective_bytes, break_effective_bytes_far, break_headers_offset,
    break_headers_far,     break_headers_bytes,
};
#define BREAK_COUNT ((int)(sizeof BREAKS / sizeof BREAKS[0]))

START_TEST(copy_refuses_what_does_not_hold_together)
{
    struct result_shm copy;
    fill_sound();
    BREAKS[_i](result());
    ck_assert_msg(!slot_copy_result(&shared, SLOT, &copy), "number %d was taken", _i);
}
END_TEST

START_TEST(copy_forgets_offsets_that_lead_to_nothing)
{
    struct result_shm copy;
    fill_sound();
    result()->body_stored = 0;
    result()->headers_bytes = result()->effective_bytes = 0;
    result()->body_offset = UINT64_MAX;
    result()->headers_offset = result()->effective_offset = UINT32_MAX;
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    ck_assert_uint_eq(copy.body_offset, 0);
    ck_assert_uint_eq(copy.headers_offset, 0);
    ck_assert_uint_eq(copy.effective_offset, 0);
}
END_TEST

START_TEST(copy_refuses_what_lies_beyond_the_pages_in_use)
{
    struct result_shm copy;
    fill_sound();
    atomic_store(&shared.slots[SLOT].reserved_bytes, 6000);
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    atomic_store(&shared.slots[SLOT].reserved_bytes, 5999);
    ck_assert(!slot_copy_result(&shared, SLOT, &copy));
    result()->body_stored = 0;
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    atomic_store(&shared.slots[SLOT].reserved_bytes, 959);
    ck_assert(!slot_copy_result(&shared, SLOT, &copy));
    result()->headers_bytes = 0;
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    atomic_store(&shared.slots[SLOT].reserved_bytes, 49);
    ck_assert(!slot_copy_result(&shared, SLOT, &copy));
    result()->effective_bytes = 0;
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
}
END_TEST

START_TEST(copy_goes_by_the_stride_where_the_pages_cannot_be_so_many)
{
    struct result_shm copy;
    fill_sound();
    atomic_store(&shared.slots[SLOT].reserved_bytes, UINT64_MAX);
    ck_assert(slot_copy_result(&shared, SLOT, &copy));
    result()->body_bytes = result()->body_stored = shared.body_stride;
    ck_assert(!slot_copy_result(&shared, SLOT, &copy));
}
END_TEST

static Suite *slot_suite(void)
{
    Suite *suite = suite_create("slot");
    TCase *moves = tcase_create("moves");
    tcase_add_checked_fixture(moves, set_up, tear_down);
    tcase_add_test(moves, a_slot_goes_round_from_free_to_free);
    tcase_add_test(moves, cancel_frees_a_ready_slot_with_the_next_generation);
    tcase_add_test(moves, take_back_frees_the_claim_of_the_dead_with_the_next_generation);
    tcase_add_test(moves, cancel_is_refused_when_nothing_is_ready);
    tcase_add_test(moves, publish_is_refused_after_the_slot_was_taken_back);
    tcase_add_test(moves, publish_is_refused_while_another_has_the_slot);
    tcase_add_test(moves, publish_of_an_old_generation_is_refused_even_from_the_same_owner);
    tcase_add_test(moves, a_second_publish_is_refused);
    tcase_add_test(moves, take_back_is_refused_for_another_worker_or_another_life);
    tcase_add_test(moves, take_back_is_refused_unless_claimed);
    tcase_add_test(moves, a_slot_that_is_not_free_is_made_ready_with_the_next_generation);
    tcase_add_test(moves, a_slot_that_is_not_done_is_freed_with_the_next_generation);
    if (tests_are_forked())
        tcase_add_exit_test(moves, publishing_what_was_not_claimed_is_a_bug, EXIT_INVARIANT);
    suite_add_tcase(suite, moves);
    TCase *copies = tcase_create("result");
    tcase_add_checked_fixture(copies, set_up, tear_down);
    tcase_add_test(copies, copy_gives_what_the_worker_wrote);
    tcase_add_test(copies, copy_ends_every_string_though_the_worker_did_not);
    tcase_add_test(copies, copy_takes_offsets_up_to_the_last_byte_of_the_extent);
    tcase_add_test(copies, copy_forgets_offsets_that_lead_to_nothing);
    tcase_add_test(copies, copy_refuses_what_lies_beyond_the_pages_in_use);
    tcase_add_test(copies, copy_goes_by_the_stride_where_the_pages_cannot_be_so_many);
    tcase_add_loop_test(copies, copy_refuses_what_does_not_hold_together, 0, BREAK_COUNT);
    suite_add_tcase(suite, copies);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(slot_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
