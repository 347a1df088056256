/* Mirrors coordinator/run/signals.c and wakeups.c. */
#include "coordinator/run/signals.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "coordinator/run/wakeups.h"

static struct signals signals;
static struct wakeups wakeups;
static struct sigaction pipe_before, interrupt_before;
static int event_fd, input[2];

static void set_up(void)
{
    sigaction(SIGPIPE, NULL, &pipe_before);
    sigaction(SIGINT, NULL, &interrupt_before);
    signals.fd = wakeups.fd = -1;
    event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ck_assert_int_ge(event_fd, 0);
    ck_assert_int_eq(pipe2(input, O_CLOEXEC), 0);
}

static void tear_down(void)
{
    wakeups_close(&wakeups);
    signals_close(&signals);
    close(event_fd);
    close(input[0]);
    close(input[1]);
    sigaction(SIGPIPE, &pipe_before, NULL);
    sigaction(SIGINT, &interrupt_before, NULL);
}

static bool is_readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

static bool is_blocked(int number)
{
    sigset_t mask;
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
    return sigismember(&mask, number) == 1;
}

static void ring_event(void)
{
    const uint64_t one = 1;
    ck_assert_int_eq(write(event_fd, &one, sizeof one), (ssize_t)sizeof one);
}

static void take_event(void)
{
    uint64_t count;
    ck_assert_int_eq(read(event_fd, &count, sizeof count), (ssize_t)sizeof count);
}

/* ---- signals ---- */

START_TEST(a_signal_is_something_to_read)
{
    static const int CAUGHT[] = {SIGINT, SIGTERM, SIGHUP};
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    ck_assert(!is_readable(signals.fd));
    ck_assert_uint_eq(signals_take(&signals), 0);
    raise(CAUGHT[_i]);
    ck_assert(is_readable(signals.fd));
    ck_assert_uint_eq(signals_take(&signals), 1);
    ck_assert_int_eq(signals.first, CAUGHT[_i]);
    ck_assert(!is_readable(signals.fd));
}
END_TEST

START_TEST(the_first_signal_is_remembered_and_all_are_counted)
{
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    raise(SIGTERM);
    ck_assert_uint_eq(signals_take(&signals), 1);
    raise(SIGINT);
    raise(SIGHUP);
    ck_assert_uint_eq(signals_take(&signals), 2);
    raise(SIGTERM);
    ck_assert_uint_eq(signals_take(&signals), 1);
    ck_assert_int_eq(signals.first, SIGTERM);
    ck_assert_uint_eq(signals.count, 4);
}
END_TEST

START_TEST(what_was_ignored_stays_ignored)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, NULL);
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    ck_assert(!is_blocked(SIGINT));
    ck_assert(is_blocked(SIGTERM));
    raise(SIGINT);
    ck_assert_uint_eq(signals_take(&signals), 0);
}
END_TEST

START_TEST(closing_restores_the_mask_and_takes_what_came)
{
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    ck_assert_int_eq(sigismember(&signals.mask_before, SIGTERM), 0);
    ck_assert(is_blocked(SIGTERM));
    raise(SIGTERM); /* would end this process if it were delivered */
    signals_close(&signals);
    ck_assert(!is_blocked(SIGTERM));
    ck_assert_int_eq(signals.fd, -1);
}
END_TEST

START_TEST(what_did_not_open_may_be_closed)
{
    signals_close(&signals);
    ck_assert(!is_blocked(SIGTERM));
}
END_TEST

START_TEST(a_broken_pipe_is_an_error_and_no_signal)
{
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    close(input[0]);
    ck_assert_int_eq(write(input[1], "x", 1), -1);
    ck_assert_int_eq(errno, EPIPE);
    input[0] = -1;
}
END_TEST

START_TEST(signals_have_names)
{
    ck_assert_str_eq(signals_name(SIGINT), "SIGINT");
    ck_assert_str_eq(signals_name(SIGTERM), "SIGTERM");
    ck_assert_str_eq(signals_name(SIGHUP), "SIGHUP");
    ck_assert_str_eq(signals_name(SIGUSR1), "a signal");
}
END_TEST

/* ---- wakeups ---- */

START_TEST(a_signal_ends_every_wait)
{
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    ck_assert_int_eq(wakeups_open(&wakeups, signals.fd, -1), STATUS_OK);
    ck_assert(!is_readable(wakeups.fd));
    raise(SIGTERM);
    wakeups_wait(&wakeups, -1);
    ck_assert(is_readable(wakeups.fd));
    signals_take(&signals);
    ck_assert(!is_readable(wakeups.fd));
}
END_TEST

START_TEST(input_wakes_only_while_it_is_watched)
{
    ck_assert_int_eq(wakeups_open(&wakeups, event_fd, input[0]), STATUS_OK);
    ck_assert_int_eq(write(input[1], "x", 1), 1);
    ck_assert(!is_readable(wakeups.fd));
    for (int round = 0; round < 2; round++) {
        wakeups_watch_input(&wakeups, true);
        wakeups_watch_input(&wakeups, true);
        ck_assert(is_readable(wakeups.fd));
        wakeups_wait(&wakeups, -1);
        wakeups_watch_input(&wakeups, false);
        wakeups_watch_input(&wakeups, false);
        ck_assert(!is_readable(wakeups.fd));
    }
}
END_TEST

START_TEST(the_end_of_the_input_wakes_too)
{
    ck_assert_int_eq(wakeups_open(&wakeups, event_fd, input[0]), STATUS_OK);
    wakeups_watch_input(&wakeups, true);
    ck_assert(!is_readable(wakeups.fd));
    close(input[1]);
    input[1] = -1;
    wakeups_wait(&wakeups, -1);
    ck_assert(is_readable(wakeups.fd));
}
END_TEST

START_TEST(without_input_signals_still_wake)
{
    ck_assert_int_eq(wakeups_open(&wakeups, event_fd, -1), STATUS_OK);
    wakeups_watch_input(&wakeups, true);
    ck_assert(!is_readable(wakeups.fd));
    ring_event();
    wakeups_wait(&wakeups, -1);
    ck_assert(is_readable(wakeups.fd));
    take_event();
    wakeups_watch_input(&wakeups, false);
    ck_assert(!is_readable(wakeups.fd));
}
END_TEST

START_TEST(a_device_that_cannot_be_waited_for_does_no_harm)
{
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(zero, 0);
    ck_assert_int_eq(wakeups_open(&wakeups, event_fd, zero), STATUS_OK);
    wakeups_watch_input(&wakeups, true);
    ring_event();
    ck_assert(is_readable(wakeups.fd));
    take_event();
    wakeups_watch_input(&wakeups, false);
    ck_assert(!is_readable(wakeups.fd));
    close(zero);
}
END_TEST

START_TEST(a_wait_ends_when_its_time_is_over)
{
    ck_assert_int_eq(wakeups_open(&wakeups, event_fd, input[0]), STATUS_OK);
    wakeups_wait(&wakeups, 0);
    wakeups_wait(&wakeups, 1);
    ck_assert(!is_readable(wakeups.fd));
}
END_TEST

START_TEST(what_cannot_be_watched_is_said)
{
    ck_assert_int_eq(wakeups_open(&wakeups, -1, -1), STATUS_SYSTEM);
    ck_assert_int_eq(errno, EBADF);
    ck_assert_int_eq(wakeups.fd, -1);
    wakeups_close(&wakeups);
}
END_TEST

static Suite *signals_suite(void)
{
    Suite *suite = suite_create("signals");
    TCase *tests = tcase_create("signals");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_signal_is_something_to_read, 0, 3);
    tcase_add_test(tests, the_first_signal_is_remembered_and_all_are_counted);
    tcase_add_test(tests, what_was_ignored_stays_ignored);
    tcase_add_test(tests, closing_restores_the_mask_and_takes_what_came);
    tcase_add_test(tests, what_did_not_open_may_be_closed);
    tcase_add_test(tests, a_broken_pipe_is_an_error_and_no_signal);
    tcase_add_test(tests, signals_have_names);
    suite_add_tcase(suite, tests);
    tests = tcase_create("wakeups");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_signal_ends_every_wait);
    tcase_add_test(tests, input_wakes_only_while_it_is_watched);
    tcase_add_test(tests, the_end_of_the_input_wakes_too);
    tcase_add_test(tests, without_input_signals_still_wake);
    tcase_add_test(tests, a_device_that_cannot_be_waited_for_does_no_harm);
    tcase_add_test(tests, a_wait_ends_when_its_time_is_over);
    tcase_add_test(tests, what_cannot_be_watched_is_said);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(signals_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
