/* Mirrors coordinator/compare/list.c. */
#include "coordinator/compare/list.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/limits.h"
#include "coordinator/run/input.h"
#include "tests/support/support.h"

static char directory[64], file_path[96], temporary[96];
static struct list list;
static struct signals signals;
static char why[256];
static char url[URL_BYTES_MAX + 1];
static int stdin_before;
static size_t open_before;

static void set_up(void)
{
    strcpy(directory, "/tmp/check_compare_list.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(file_path, sizeof file_path, "%s/urls", directory);
    snprintf(temporary, sizeof temporary, "%s/temporary", directory);
    ck_assert_int_eq(mkdir(temporary, 0700), 0);
    ck_assert_int_eq(setenv("TMPDIR", temporary, 1), 0);
    open_before = descriptors_open();
    stdin_before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_eq(signals_open(&signals), STATUS_OK);
    list = (struct list){.fd = -1};
    why[0] = '\0';
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about, (void)type, (void)place;
    return remove(path);
}

static void tear_down(void)
{
    list_close(&list);
    list_close(&list); /* as a half-built one may be */
    signals_close(&signals);
    dup2(stdin_before, STDIN_FILENO);
    close(stdin_before);
    ck_assert_uint_eq(descriptors_open(), open_before);
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *text)
{
    FILE *file = fopen(file_path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Standard input becomes a pipe that a child of ours writes to, and closes. Returns its pid. */
static pid_t feed_stdin(const char *text, size_t bytes)
{
    int ends[2];
    pid_t parent = getpid();
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ssize_t written = getppid() == parent ? 0 : -1;
        for (size_t at = 0; at < bytes && written >= 0; at += (size_t)written)
            written = write(ends[1], text + at, bytes - at);
        _exit(0);
    }
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]), close(ends[1]);
    return pid;
}

static void reap(pid_t pid)
{
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static size_t entries_of(const char *path)
{
    size_t count = 0;
    DIR *entries = opendir(path);
    ck_assert_ptr_nonnull(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}

static enum status open_list(const char *path, uint64_t first)
{
    return list_open_file(&list, path, first, &signals, why, sizeof why);
}

static void expect_url(uint64_t index, const char *text)
{
    ck_assert_int_eq(list_url_at(&list, index, url, sizeof url), STATUS_OK);
    ck_assert_str_eq(url, text);
}

static void expect_urls(const char *const *urls, size_t count)
{
    ck_assert_uint_eq(list.url_count, count);
    for (size_t i = 0; i < count; i++)
        expect_url(i, urls[i]);
    ck_assert_int_eq(list_url_at(&list, count, url, sizeof url), STATUS_END);
}

static const char MIXED[] =
    "\xef\xbb\xbf# a comment\nhttp://a/\n\n  \t\r\n  http://b/ \r\n\t# another\nhttp://c/#x\nhttp://d/";
static const char *const MIXED_URLS[] = {"http://a/", "http://b/", "http://c/#x", "http://d/"};

/* ---- a file ---- */

START_TEST(a_file_is_used_as_it_is_and_its_urls_are_counted)
{
    write_file(MIXED);
    ck_assert_int_eq(open_list(file_path, 0), STATUS_OK);
    ck_assert_str_eq(list.path, file_path);
    ck_assert_int_eq(list.fd, -1);
    expect_urls(MIXED_URLS, 4);
}
END_TEST

START_TEST(a_list_of_comments_has_no_url)
{
    write_file("# nothing\n\n   \n");
    ck_assert_int_eq(open_list(file_path, _i == 0 ? 0 : 5), STATUS_OK);
    ck_assert_uint_eq(list.url_count, 0);
    ck_assert_int_eq(list_url_at(&list, 0, url, sizeof url), STATUS_END);
}
END_TEST

START_TEST(the_first_of_a_file_are_a_list_of_their_own)
{
    write_file(MIXED);
    for (uint64_t first = 1; first <= 6; first++) {
        ck_assert_int_eq(open_list(file_path, first), STATUS_OK);
        expect_urls(MIXED_URLS, first < 4 ? first : 4);
        ck_assert_uint_eq(entries_of(temporary), 0);
        list_close(&list);
    }
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    char missing[128];
    snprintf(missing, sizeof missing, "%s/missing", directory);
    const char *const paths[] = {missing, directory, ""};
    for (size_t i = 0; i < 3; i++) {
        why[0] = '\0';
        ck_assert_int_eq(open_list(paths[i], i), STATUS_INVALID_ARGUMENT);
        ck_assert_msg(strlen(why) > strlen(paths[i]) && strstr(why, paths[i]) != NULL, "%s", why);
        ck_assert_ptr_null(strchr(why, '\n'));
    }
}
END_TEST

/* ---- what can be read once ---- */

START_TEST(standard_input_is_copied_and_can_be_read_again_and_again)
{
    pid_t writer = feed_stdin(MIXED, strlen(MIXED));
    ck_assert_int_eq(open_list("-", 0), STATUS_OK);
    reap(writer);
    ck_assert_int_ge(list.fd, 0);
    ck_assert_str_eq(list.path, list.fd_path);
    for (int i = 0; i < 3; i++)
        expect_urls(MIXED_URLS, 4);
    ck_assert_uint_eq(entries_of(temporary), 0); /* it has no name */
    ck_assert_int_eq(fcntl(list.fd, F_GETFD), FD_CLOEXEC);
}
END_TEST

/* As a run does it: without this standard input, by the name alone. */
START_TEST(another_process_can_read_the_copy)
{
    static const char COPY[] = "http://a/\nhttp://b/\nhttp://c/#x\nhttp://d/\n";
    pid_t writer = feed_stdin(MIXED, strlen(MIXED));
    ck_assert_int_eq(open_list("-", 0), STATUS_OK);
    reap(writer);
    for (int i = 0; i < 2; i++) {
        int status;
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            char text[256];
            close(STDIN_FILENO);
            ssize_t got = read(open(list.path, O_RDONLY | O_CLOEXEC), text, sizeof text);
            _exit(got == sizeof COPY - 1 && memcmp(text, COPY, sizeof COPY - 1) == 0 ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

START_TEST(the_first_of_a_pipe_are_taken_and_the_rest_is_not_waited_for)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(write(ends[1], MIXED, strlen(MIXED)), (ssize_t)strlen(MIXED));
    dup2(ends[0], STDIN_FILENO);
    ck_assert_int_eq(open_list("-", 3), STATUS_OK); /* though it has no end */
    expect_urls(MIXED_URLS, 3);
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(a_fifo_is_copied_too)
{
    pid_t parent = getpid();
    ck_assert_int_eq(mkfifo(file_path, 0600), 0);
    pid_t writer = fork();
    if (writer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = getppid() == parent ? open(file_path, O_WRONLY) : -1;
        _exit(write(fd, MIXED, strlen(MIXED)) > 0 ? 0 : 1);
    }
    ck_assert_int_eq(open_list(file_path, 0), STATUS_OK);
    reap(writer);
    expect_urls(MIXED_URLS, 4);
}
END_TEST

/* The runs have /dev/null there. */
START_TEST(a_file_that_is_standard_input_is_copied_whatever_it_is_called)
{
    static const char *const NAMES[] = {"-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"};
    write_file(MIXED);
    int fd = open(file_path, O_RDONLY | O_CLOEXEC);
    dup2(fd, STDIN_FILENO);
    close(fd);
    ck_assert_int_eq(open_list(NAMES[_i], 0), STATUS_OK);
    ck_assert_int_ge(list.fd, 0);
    expect_urls(MIXED_URLS, 4);
}
END_TEST

START_TEST(a_long_list_is_copied_whole)
{
    enum { MANY = 50000 };
    char *text = NULL, last[128];
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    for (int i = 0; i < MANY; i++)
        fprintf(file, "http://127.0.0.1/%d?%0*d\n", i, i % 90, i);
    fclose(file);
    pid_t writer = feed_stdin(text, bytes);
    ck_assert_int_eq(open_list("-", 0), STATUS_OK);
    reap(writer);
    ck_assert_uint_eq(list.url_count, MANY);
    struct stat about;
    ck_assert_int_eq(fstat(list.fd, &about), 0);
    ck_assert_uint_eq((size_t)about.st_size, bytes);
    snprintf(last, sizeof last, "http://127.0.0.1/%d?%0*d", MANY - 1, (MANY - 1) % 90, MANY - 1);
    expect_url(MANY - 1, last);
    free(text);
}
END_TEST

/* Cut, it would be a URL that nobody asked for. */
START_TEST(a_line_that_is_too_long_stays_too_long_in_the_copy)
{
    enum { LONG = URL_BYTES_MAX + 500 };
    char text[LONG + 64], read_why[256];
    struct input_line line;
    memset(text, 'x', sizeof text);
    memcpy(text, "http://h/", 9);
    strcpy(text + LONG, "\nhttp://next/\n");
    pid_t writer = feed_stdin(text, strlen(text));
    ck_assert_int_eq(open_list("-", 0), STATUS_OK);
    reap(writer);
    ck_assert_uint_eq(list.url_count, 2);
    struct input *input = input_open_file(list.path, read_why, sizeof read_why);
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert_msg(line.too_long, "%s", line.text);
    ck_assert_int_eq(strncmp(line.text, "http://h/xxxxxxx", 16), 0);
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert_str_eq(line.text, "http://next/");
    input_close(input);
    ck_assert_int_eq(list_url_at(&list, 0, url, sizeof url), STATUS_END);
    expect_url(1, "http://next/");
}
END_TEST

START_TEST(without_a_place_for_the_copy_the_list_is_refused)
{
    char missing[128];
    snprintf(missing, sizeof missing, "%s/missing", directory);
    setenv("TMPDIR", missing, 1);
    write_file(MIXED);
    ck_assert_int_eq(open_list(file_path, 2), STATUS_SYSTEM);
    ck_assert_msg(strstr(why, "TMPDIR") != NULL && strstr(why, strerror(ENOENT)) != NULL, "%s", why);
    list_close(&list);
    ck_assert_int_eq(open_list(file_path, 0), STATUS_OK); /* which needs no copy */
    expect_urls(MIXED_URLS, 4);
}
END_TEST

START_TEST(an_empty_tmpdir_is_none)
{
    setenv("TMPDIR", "", 1);
    write_file(MIXED);
    ck_assert_int_eq(open_list(file_path, 2), STATUS_OK);
    expect_urls(MIXED_URLS, 2);
}
END_TEST

/* ---- signals ---- */

START_TEST(a_signal_ends_the_wait_for_input)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(write(ends[1], MIXED, strlen(MIXED)), (ssize_t)strlen(MIXED));
    dup2(ends[0], STDIN_FILENO);
    raise(SIGTERM);
    ck_assert_int_eq(open_list("-", 0), STATUS_INTERRUPTED);
    ck_assert_int_eq(signals.first, SIGTERM);
    ck_assert_uint_eq(entries_of(temporary), 0);
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(a_signal_ends_a_list_that_never_ends)
{
    char text[4096];
    for (size_t at = 0; at < sizeof text; at += 16)
        memcpy(text + at, "http://127.0.0/\n", 16);
    FILE *file = fopen(file_path, "we");
    for (int i = 0; i < 1000; i++)
        fwrite(text, sizeof text, 1, file);
    fclose(file);
    raise(SIGINT);
    /* A file is always readable, as a pipe is whose writer is fast. */
    ck_assert_int_eq(open_list(file_path, _i == 0 ? 0 : UINT32_MAX), STATUS_INTERRUPTED);
    ck_assert_int_eq(signals.first, SIGINT);
}
END_TEST

/* ---- arguments ---- */

START_TEST(arguments_are_the_list)
{
    static const char *const URLS[] = {"http://a/", " # no comment", "", "http://d/"};
    for (uint64_t first = 0; first <= 6; first++) {
        list_open_arguments(&list, URLS, 4, first);
        ck_assert_ptr_null(list.path);
        ck_assert_ptr_eq(list.urls, URLS);
        expect_urls(URLS, first == 0 || first > 4 ? 4 : first);
        list_close(&list);
    }
}
END_TEST

START_TEST(a_url_that_does_not_fit_is_not_given)
{
    static const char *const URLS[] = {"http://a/"};
    char small[10];
    list_open_arguments(&list, URLS, 1, 0);
    ck_assert_int_eq(list_url_at(&list, 0, small, 9), STATUS_END);
    ck_assert_int_eq(list_url_at(&list, 0, small, 10), STATUS_OK);
    ck_assert_str_eq(small, "http://a/");
    ck_assert_int_eq(list_url_at(&list, UINT64_MAX - 1, small, 10), STATUS_END);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare_list");
    TCase *cases = tcase_create("list");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_file_is_used_as_it_is_and_its_urls_are_counted);
    tcase_add_loop_test(cases, a_list_of_comments_has_no_url, 0, 2);
    tcase_add_test(cases, the_first_of_a_file_are_a_list_of_their_own);
    tcase_add_test(cases, what_cannot_be_read_is_named);
    tcase_add_test(cases, standard_input_is_copied_and_can_be_read_again_and_again);
    tcase_add_test(cases, another_process_can_read_the_copy);
    tcase_add_test(cases, the_first_of_a_pipe_are_taken_and_the_rest_is_not_waited_for);
    tcase_add_test(cases, a_fifo_is_copied_too);
    tcase_add_loop_test(cases, a_file_that_is_standard_input_is_copied_whatever_it_is_called, 0, 4);
    tcase_add_test(cases, a_long_list_is_copied_whole);
    tcase_add_test(cases, a_line_that_is_too_long_stays_too_long_in_the_copy);
    tcase_add_test(cases, without_a_place_for_the_copy_the_list_is_refused);
    tcase_add_test(cases, an_empty_tmpdir_is_none);
    tcase_add_test(cases, a_signal_ends_the_wait_for_input);
    tcase_add_loop_test(cases, a_signal_ends_a_list_that_never_ends, 0, 2);
    tcase_add_test(cases, arguments_are_the_list);
    tcase_add_test(cases, a_url_that_does_not_fit_is_not_given);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
