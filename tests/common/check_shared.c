/* The two segments: common/shared.c. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/extent.h"
#include "common/slot.h"
#include "tests/support/support.h"

#define MIB (1ull << 20)

static struct shared_shape shape_of(uint32_t slots, uint64_t stride)
{
    return (struct shared_shape){
        .workers = 2, .slots = slots, .done_capacity_min = 64, .body_stride = stride, .memory_bytes_max = MIB};
}

START_TEST(no_name_stays_after_create)
{
    struct shared shared;
    shared_for(&shared, 2, 16);
    ck_assert(shm_names_are_gone());
    shared_close(&shared);
    ck_assert(shm_names_are_gone());
}
END_TEST

START_TEST(close_gives_all_descriptors_and_mappings_back)
{
    struct shared shared;
    size_t before = descriptors_open();
    for (int i = 0; i < 50; i++) {
        shared_for(&shared, 2, 16);
        ck_assert_uint_eq(descriptors_open(), before + 1); /* that of the bodies */
        unsigned char *control = shared.control;
        shared_close(&shared);
        ck_assert_int_eq(msync(control, 4096, MS_ASYNC), -1);
        ck_assert_int_eq(errno, ENOMEM);
    }
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

START_TEST(close_accepts_what_was_never_created)
{
    struct shared shared = {.body_fd = -1};
    shared_close(&shared);
    shared_close(&shared);
}
END_TEST

START_TEST(the_object_is_private_to_the_user)
{
    struct shared shared;
    struct stat stat;
    mode_t before = umask(0);
    shared_for(&shared, 2, 16);
    umask(before);
    ck_assert_int_eq(fstat(shared.body_fd, &stat), 0);
    ck_assert_int_eq((int)(stat.st_mode & 0777), 0600);
    ck_assert_int_eq((int)stat.st_nlink, 0);
    ck_assert_int_eq(fcntl(shared.body_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    shared_close(&shared);
}
END_TEST

START_TEST(control_pages_are_reserved_and_body_pages_are_not)
{
    struct shared shared;
    struct stat stat;
    shared_for(&shared, 2, 16);
    ck_assert_int_eq(fstat(shared.body_fd, &stat), 0);
    ck_assert_int_eq((long long)stat.st_size, (long long)(16 * MIB));
    ck_assert_int_eq((long long)stat.st_blocks, 0);
    memset(shared.control + sizeof(struct header_shm), 0, shared.control_bytes - sizeof(struct header_shm));
    shared_close(&shared);
}
END_TEST

START_TEST(a_child_after_fork_sees_the_same_words)
{
    struct shared shared;
    shared_for(&shared, 2, 16);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        slot_make_ready(&shared, 5);
        bool stored = extent_reserve(&shared, 5, 100) == STATUS_OK;
        if (stored)
            strcpy((char *)extent_at(&shared, 5), "from the child");
        _exit(stored ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq((int)state_of(slot_word(&shared, 5)), SLOT_READY);
    ck_assert_str_eq((const char *)extent_at(&shared, 5), "from the child");
    shared_close(&shared);
}
END_TEST

START_TEST(two_at_once_do_not_meet)
{
    struct shared one;
    struct shared two;
    shared_for(&one, 2, 16);
    shared_for(&two, 2, 16);
    slot_make_ready(&one, 3);
    ck_assert_int_eq((int)state_of(slot_word(&two, 3)), SLOT_FREE);
    ck_assert_int_eq(extent_reserve(&one, 3, 100), STATUS_OK);
    ck_assert_int_eq(extent_reserve(&two, 3, 100), STATUS_OK);
    extent_at(&one, 3)[0] = 'x';
    ck_assert_int_eq(extent_at(&two, 3)[0], 0);
    shared_close(&one);
    slot_make_ready(&two, 3);
    shared_close(&two);
}
END_TEST

START_TEST(the_handle_does_not_follow_what_others_write_into_the_header)
{
    struct shared shared;
    shared_for(&shared, 2, 16);
    shared.header->slot_count = UINT32_MAX;
    shared.header->body_stride = UINT64_MAX;
    shared.header->rings[RING_WORK].capacity = UINT32_MAX;
    ck_assert_uint_eq(shared.slot_count, 16);
    ck_assert_uint_eq(shared.body_stride, MIB);
    ck_assert_uint_lt(shared.ring_capacity, 1000);
    shared_close(&shared);
}
END_TEST

/* Without the first three descriptors, ours get their numbers: none may be lost for that. */
START_TEST(descriptor_zero_is_closed_like_any_other)
{
    struct shared shared;
    int kept = dup(STDIN_FILENO);
    close(STDIN_FILENO);
    shared_for(&shared, 2, 16);
    shared_close(&shared);
    ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFD), -1);
    if (kept >= 0)
        dup2(kept, STDIN_FILENO);
}
END_TEST

/* ---- when there is not enough ---- */

START_TEST(a_full_file_system_is_refused_with_what_is_needed_and_what_is_free)
{
    struct shared shared;
    char why[256] = "";
    if (!enter_private_shm(256)) {
        fprintf(stderr, "skipped: no mount namespace\n");
        return;
    }
    size_t before = descriptors_open();
    const struct shared_shape shape = shape_of(2000, MIB);
    ck_assert_int_eq(shared_create(&shared, &shape, why, sizeof why), STATUS_NO_SHARED_MEMORY);
    unsigned needed_kib = 0;
    unsigned free_kib = 0;
    ck_assert_msg(sscanf(why, "not enough shared memory: %u KiB needed, %u KiB free", &needed_kib, &free_kib) == 2,
                  "%s", why);
    ck_assert_uint_ge(needed_kib, 1000);
    ck_assert_uint_gt(free_kib, 0);
    ck_assert_uint_le(free_kib, 256);
    ck_assert_ptr_nonnull(strstr(why, "/dev/shm"));
    ck_assert_ptr_null(shared.control);
    ck_assert_uint_eq(descriptors_open(), before);
    const struct shared_shape smaller = shape_of(16, MIB);
    ck_assert_msg(shared_create(&shared, &smaller, why, sizeof why) == STATUS_OK, "%s", why);
    shared_close(&shared);
}
END_TEST

START_TEST(an_executor_on_a_full_file_system_says_so)
{
    struct executor *executor;
    char why[256] = "";
    if (!enter_private_shm(64)) {
        fprintf(stderr, "skipped: no mount namespace\n");
        return;
    }
    struct executor_options options;
    executor_options_init(&options);
    options.concurrency = 1000;
    ck_assert_int_eq(executor_open(&executor, &options, why, sizeof why), STATUS_NO_SHARED_MEMORY);
    ck_assert_ptr_null(executor);
    ck_assert_msg(strstr(why, "needed") && strstr(why, "free"), "%s", why);
}
END_TEST

START_TEST(a_directory_that_may_not_be_written_is_named)
{
    struct shared shared;
    char why[256] = "";
    if (!enter_private_shm(64) || getuid() != 0 || chmod("/dev/shm", 0555) != 0 || setuid(65534) != 0) {
        fprintf(stderr, "skipped: not root\n");
        return;
    }
    const struct shared_shape shape = shape_of(16, MIB);
    ck_assert_int_eq(shared_create(&shared, &shape, why, sizeof why), STATUS_NO_SHARED_MEMORY);
    ck_assert_msg(strstr(why, "shm_open") && strstr(why, "/dev/shm") && strstr(why, strerror(EACCES)), "%s", why);
}
END_TEST

START_TEST(too_much_address_space_is_refused)
{
    struct shared shared;
    char why[256] = "";
    size_t before = descriptors_open();
    const struct shared_shape shape = shape_of(65536, 64ull << 30);
    enum status status = shared_create(&shared, &shape, why, sizeof why);
    ck_assert_msg(status == STATUS_OUT_OF_MEMORY || status == STATUS_NO_SHARED_MEMORY, "%s", status_name(status));
    ck_assert_msg(why[0] != '\0', "no reason was given");
    ck_assert_uint_eq(descriptors_open(), before);
}
END_TEST

START_TEST(a_process_killed_leaves_nothing_behind)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct shared shared;
        const struct shared_shape shape = shape_of(16, MIB);
        if (shared_create(&shared, &shape, NULL, 0) == STATUS_OK)
            raise(SIGKILL);
        _exit(1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert(shm_names_are_gone());
}
END_TEST

static Suite *shared_suite(void)
{
    Suite *suite = suite_create("shared");
    TCase *segments = tcase_create("segments");
    tcase_set_timeout(segments, 60);
    tcase_add_test(segments, no_name_stays_after_create);
    tcase_add_test(segments, close_gives_all_descriptors_and_mappings_back);
    tcase_add_test(segments, close_accepts_what_was_never_created);
    tcase_add_test(segments, the_object_is_private_to_the_user);
    tcase_add_test(segments, control_pages_are_reserved_and_body_pages_are_not);
    tcase_add_test(segments, a_child_after_fork_sees_the_same_words);
    tcase_add_test(segments, two_at_once_do_not_meet);
    tcase_add_test(segments, the_handle_does_not_follow_what_others_write_into_the_header);
    tcase_add_test(segments, descriptor_zero_is_closed_like_any_other);
    tcase_add_test(segments, a_process_killed_leaves_nothing_behind);
    suite_add_tcase(suite, segments);
    TCase *refusals = tcase_create("refusals");
    tcase_set_timeout(refusals, 60);
    tcase_add_test(refusals, a_full_file_system_is_refused_with_what_is_needed_and_what_is_free);
    tcase_add_test(refusals, an_executor_on_a_full_file_system_says_so);
    tcase_add_test(refusals, a_directory_that_may_not_be_written_is_named);
    tcase_add_test(refusals, too_much_address_space_is_refused);
    suite_add_tcase(suite, refusals);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(shared_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
