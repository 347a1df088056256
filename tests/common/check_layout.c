/* The shared layout and the state word: common/layout.h, common/state.h. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/extent.h"
#include "common/slot.h"
#include "tests/support/support.h"

static const uint32_t GENERATIONS[] = {0, 1, 0x7fffffff, 0x80000000, UINT32_MAX};
static const uint32_t INCARNATIONS[] = {0, 1, 255, 0x7fff, 0xffff};
static const uint32_t WORKERS[] = {0, 1, 63, WORKERS_MAX - 1, WORKERS_MAX, 0xfff};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(state_word_gives_back_what_it_was_made_of)
{
    for (size_t g = 0; g < COUNT_OF(GENERATIONS); g++)
        for (size_t i = 0; i < COUNT_OF(INCARNATIONS); i++)
            for (size_t w = 0; w < COUNT_OF(WORKERS); w++)
                for (int state = 0; state < SLOT_STATE_COUNT; state++) {
                    const struct owner owner = {.worker = WORKERS[w], .incarnation = INCARNATIONS[i]};
                    uint64_t word = state_make(GENERATIONS[g], owner, (enum slot_state)state);
                    ck_assert_uint_eq(state_generation(word), GENERATIONS[g]);
                    ck_assert_uint_eq(state_owner(word).worker, WORKERS[w]);
                    ck_assert_uint_eq(state_owner(word).incarnation, INCARNATIONS[i]);
                    ck_assert_int_eq((int)state_of(word), state);
                    ck_assert(state_is_owned_by(word, owner));
                }
}
END_TEST

START_TEST(state_word_tells_every_use_of_a_slot_apart)
{
    const struct owner owner = {.worker = 3, .incarnation = 5};
    uint64_t word = state_make(7, owner, SLOT_CLAIMED);
    ck_assert(word != state_make(8, owner, SLOT_CLAIMED));
    ck_assert(word != state_make(7, owner, SLOT_DONE));
    ck_assert(word != state_make(7, (struct owner){3, 6}, SLOT_CLAIMED));
    ck_assert(word != state_make(7, (struct owner){4, 5}, SLOT_CLAIMED));
    ck_assert(!state_is_owned_by(word, (struct owner){3, 6}));
    ck_assert(!state_is_owned_by(word, (struct owner){4, 5}));
}
END_TEST

START_TEST(state_word_holds_the_quarantine_worker_of_the_largest_pool)
{
    const struct owner owner = {.worker = WORKERS_MAX, .incarnation = 0xffff};
    ck_assert_uint_eq(state_owner(state_make(0, owner, SLOT_CLAIMED)).worker, WORKERS_MAX);
}
END_TEST

START_TEST(generation_wraps_without_touching_the_rest)
{
    const struct owner owner = {.worker = 9, .incarnation = 2};
    uint64_t word = state_make(UINT32_MAX + 1u, owner, SLOT_READY);
    ck_assert_uint_eq(state_generation(word), 0);
    ck_assert(state_is_owned_by(word, owner));
    ck_assert_int_eq((int)state_of(word), SLOT_READY);
}
END_TEST

START_TEST(an_untouched_slot_is_free)
{
    ck_assert_int_eq((int)state_of(0), SLOT_FREE);
}
END_TEST

START_TEST(layout_stamp_is_the_same_each_time)
{
    ck_assert_uint_ne(layout_stamp(), 0);
    ck_assert_uint_eq(layout_stamp(), layout_stamp());
}
END_TEST

START_TEST(shared_structs_are_whole_cache_lines)
{
    ck_assert_uint_eq(sizeof(struct slot_shm) % CACHE_LINE, 0);
    ck_assert_uint_eq(sizeof(struct roster_shm) % CACHE_LINE, 0);
    ck_assert_uint_eq(sizeof(struct ring_shm) % CACHE_LINE, 0);
    ck_assert_uint_eq(sizeof(struct header_shm) % CACHE_LINE, 0);
    ck_assert_uint_eq(alignof(struct slot_shm), CACHE_LINE);
    ck_assert_uint_eq(offsetof(struct ring_shm, head) % CACHE_LINE, 0);
    ck_assert_uint_eq(offsetof(struct ring_shm, tail) % CACHE_LINE, 0);
    ck_assert_uint_eq(offsetof(struct done_ring_shm, entries) % CACHE_LINE, 0);
}
END_TEST

START_TEST(header_says_what_was_made)
{
    struct shared shared;
    shared_for(&shared, 5, 100);
    ck_assert_uint_eq(shared.header->magic, LAYOUT_MAGIC);
    ck_assert_int_eq(memcmp(&shared.header->magic, "SHOAL1", 6), 0);
    ck_assert_uint_eq(shared.header->version, LAYOUT_VERSION);
    ck_assert_uint_eq(shared.header->stamp, layout_stamp());
    ck_assert_uint_eq(shared.header->roster_count, 6);
    ck_assert_uint_eq(shared.header->slot_count, 100);
    ck_assert_uint_eq(shared.header->control_bytes, shared.control_bytes);
    ck_assert_uint_eq(shared.header->body_bytes, shared.body_stride * 100);
    shared_close(&shared);
}
END_TEST

/* Where each part begins and ends, from the header's own numbers. */
START_TEST(parts_of_the_control_segment_follow_each_other)
{
    struct shared shared;
    shared_for(&shared, 70, 333);
    const struct header_shm *header = shared.header;
    uint64_t ring_bytes = (uint64_t)shared.ring_capacity * sizeof(uint32_t);
    const struct {
        uint64_t from, to;
    } parts[] = {
        {0, sizeof(struct header_shm)},
        {header->roster_offset, header->roster_offset + 71 * sizeof(struct roster_shm)},
        {header->slots_offset, header->slots_offset + 333 * sizeof(struct slot_shm)},
        {header->rings[RING_WORK].entries_offset, header->rings[RING_WORK].entries_offset + ring_bytes},
        {header->rings[RING_QUARANTINE].entries_offset, header->rings[RING_QUARANTINE].entries_offset + ring_bytes},
        {header->done_offset, header->done_offset + 71 * shared.done_stride},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        ck_assert_uint_eq(parts[i].from % CACHE_LINE, 0);
        if (i)
            ck_assert_uint_ge(parts[i].from, parts[i - 1].to);
    }
    ck_assert_uint_le(parts[COUNT_OF(parts) - 1].to, shared.control_bytes);
    ck_assert_uint_ge(shared.ring_capacity, 2 * 333);
    ck_assert_uint_eq(shared.ring_capacity & (shared.ring_capacity - 1), 0);
    ck_assert_uint_eq(shared.done_capacity & (shared.done_capacity - 1), 0);
    shared_close(&shared);
}
END_TEST

START_TEST(extents_lie_beside_each_other)
{
    struct shared shared;
    shared_for(&shared, 1, 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_ptr_eq(extent_at(&shared, i), shared.bodies + i * shared.body_stride);
    ck_assert_uint_eq(shared.body_bytes, 4 * shared.body_stride);
    shared_close(&shared);
}
END_TEST

START_TEST(an_extent_has_room_for_the_largest_of_everything)
{
    uint64_t parts = 2 * (URL_BYTES_MAX + 1) + REQUEST_HEADER_BYTES_MAX + (300u << 10) + (16u << 20) + (1u << 20);
    uint64_t stride = extent_stride(16u << 20, 300u << 10, 1u << 20);
    ck_assert_uint_ge(stride, parts + 15 + 7); /* the body is aligned to 16, the page to 8 */
    ck_assert_uint_eq(stride % 4096, 0);
    ck_assert_uint_ge(extent_stride(BODY_BYTES_LIMIT, 300u << 10, 0), BODY_BYTES_LIMIT);
}
END_TEST

static Suite *layout_suite(void)
{
    Suite *suite = suite_create("layout");
    TCase *words = tcase_create("state word");
    tcase_add_test(words, state_word_gives_back_what_it_was_made_of);
    tcase_add_test(words, state_word_tells_every_use_of_a_slot_apart);
    tcase_add_test(words, state_word_holds_the_quarantine_worker_of_the_largest_pool);
    tcase_add_test(words, generation_wraps_without_touching_the_rest);
    tcase_add_test(words, an_untouched_slot_is_free);
    suite_add_tcase(suite, words);
    TCase *layout = tcase_create("layout");
    tcase_add_test(layout, layout_stamp_is_the_same_each_time);
    tcase_add_test(layout, shared_structs_are_whole_cache_lines);
    tcase_add_test(layout, header_says_what_was_made);
    tcase_add_test(layout, parts_of_the_control_segment_follow_each_other);
    tcase_add_test(layout, extents_lie_beside_each_other);
    tcase_add_test(layout, an_extent_has_room_for_the_largest_of_everything);
    suite_add_tcase(suite, layout);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(layout_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
