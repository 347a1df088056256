/* Mirrors coordinator/output/sink_tally.c. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coordinator/output/sinks.h"
#include "coordinator/output/tally.h"
#include "tests/support/support.h"

static int fd;
static struct tally_shm *tally;
static struct sink *sink;
static char why[256];
static size_t open_before;

static void set_up(void)
{
    open_before = descriptors_open();
    sink = NULL;
    why[0] = '\0';
    fd = memfd_create("tally", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *tally), 0);
    tally = mmap(NULL, sizeof *tally, PROT_READ, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(tally, MAP_FAILED);
}

static void tear_down(void)
{
    munmap(tally, sizeof *tally);
    close(fd);
    ck_assert_uint_eq(descriptors_open(), open_before);
}

static uint64_t counted(enum fetch_error error)
{
    return atomic_load(&tally->by_error[error]);
}

static enum status count(enum fetch_error error, uint64_t body_bytes)
{
    const struct fetch_result result = {.error = error, .detail = "", .body_bytes = body_bytes, .url = "http://h/"};
    const struct outcome outcome = {.result = &result};
    return sink->ops->write(sink, &outcome);
}

START_TEST(outcomes_are_counted_by_their_errors)
{
    ck_assert_int_eq(sink_tally_open(&sink, fd, why, sizeof why), STATUS_OK);
    for (int error = 0; error < FETCH_ERROR_COUNT; error++) {
        for (int i = 0; i <= error; i++)
            ck_assert_int_eq(count((enum fetch_error)error, 0), STATUS_OK);
    }
    for (int error = 0; error < FETCH_ERROR_COUNT; error++)
        ck_assert_uint_eq(counted((enum fetch_error)error), (uint64_t)error + 1);
    ck_assert_uint_eq(atomic_load(&tally->body_bytes), 0);
    sink->ops->close(sink);
}
END_TEST

START_TEST(bytes_of_bodies_are_added_up)
{
    ck_assert_int_eq(sink_tally_open(&sink, fd, why, sizeof why), STATUS_OK);
    count(FETCH_OK, 1000);
    count(FETCH_OK, (uint64_t)5 << 32);
    count(FETCH_HTTP_STATUS, 7);
    ck_assert_uint_eq(atomic_load(&tally->body_bytes), ((uint64_t)5 << 32) + 1007);
    sink->ops->close(sink);
}
END_TEST

/* Who made the page reads it at any time, and after the end. */
START_TEST(each_outcome_is_there_at_once_and_stays_there)
{
    ck_assert_int_eq(sink_tally_open(&sink, fd, why, sizeof why), STATUS_OK);
    ck_assert_uint_eq(counted(FETCH_OK), 0);
    count(FETCH_OK, 3);
    ck_assert_uint_eq(counted(FETCH_OK), 1);
    ck_assert_int_eq(sink->ops->flush(sink), STATUS_OK);
    sink->ops->close(sink);
    ck_assert_uint_eq(counted(FETCH_OK), 1);
    ck_assert_uint_eq(atomic_load(&tally->body_bytes), 3);
}
END_TEST

START_TEST(another_run_counts_on)
{
    for (uint64_t run = 1; run <= 3; run++) {
        ck_assert_int_eq(sink_tally_open(&sink, fd, why, sizeof why), STATUS_OK);
        count(FETCH_CONNECT, 0);
        sink->ops->close(sink);
        ck_assert_uint_eq(counted(FETCH_CONNECT), run);
    }
}
END_TEST

/* ---- what is no such page ---- */

static void expect_refused(int wrong_fd, enum status status)
{
    char number[32];
    sink = (struct sink *)1;
    ck_assert_int_eq(sink_tally_open(&sink, wrong_fd, why, sizeof why), status);
    ck_assert_ptr_null(sink);
    snprintf(number, sizeof number, "--tally %d: ", wrong_fd);
    ck_assert_msg(strncmp(why, number, strlen(number)) == 0, "%s", why);
    ck_assert_ptr_null(strchr(why, '\n'));
}

START_TEST(a_descriptor_that_is_no_page_is_refused)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    expect_refused(ends[0], STATUS_INVALID_ARGUMENT);
    expect_refused(ends[1], STATUS_INVALID_ARGUMENT);
    close(ends[0]), close(ends[1]);
    expect_refused(ends[0], STATUS_INVALID_ARGUMENT); /* closed */
    expect_refused(-1, STATUS_INVALID_ARGUMENT);
    expect_refused(1 << 30, STATUS_INVALID_ARGUMENT);
    int device = open("/dev/null", O_RDWR | O_CLOEXEC);
    expect_refused(device, STATUS_INVALID_ARGUMENT);
    close(device);
}
END_TEST

START_TEST(a_file_that_is_too_short_is_refused)
{
    ck_assert_int_eq(ftruncate(fd, sizeof *tally - 1), 0);
    expect_refused(fd, STATUS_INVALID_ARGUMENT);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    expect_refused(fd, STATUS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(a_file_that_may_only_be_read_is_refused)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int read_only = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(read_only, 0);
    expect_refused(read_only, STATUS_SYSTEM);
    close(read_only);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sink_tally");
    TCase *cases = tcase_create("tally");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, outcomes_are_counted_by_their_errors);
    tcase_add_test(cases, bytes_of_bodies_are_added_up);
    tcase_add_test(cases, each_outcome_is_there_at_once_and_stays_there);
    tcase_add_test(cases, another_run_counts_on);
    tcase_add_test(cases, a_descriptor_that_is_no_page_is_refused);
    tcase_add_test(cases, a_file_that_is_too_short_is_refused);
    tcase_add_test(cases, a_file_that_may_only_be_read_is_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
