/* How coordinator/run/input.c cuts a list into lines. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "coordinator/run/input.h"

static char path[64];
static struct input *input;
static struct input_line line;

static void set_up(void)
{
    strcpy(path, "/tmp/check_input.XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    input = NULL;
}

static void tear_down(void)
{
    input_close(input);
    unlink(path);
}

static void write_all(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t wrote = write(fd, text, bytes);
        ck_assert_int_gt(wrote, 0);
        text += wrote;
        bytes -= (size_t)wrote;
    }
}

static void open_text(const char *text, size_t bytes)
{
    char why[200];
    int fd = open(path, O_WRONLY | O_TRUNC);
    write_all(fd, text, bytes);
    close(fd);
    input = input_open_file(path, why, sizeof why);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(input_fd(input), -1);
}

#define open_string(text) open_text(text, sizeof(text) - 1)

static void expect_line(const char *text, uint64_t number)
{
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert_str_eq(line.text, text);
    ck_assert_uint_eq(line.bytes, strlen(text));
    ck_assert_uint_eq(line.number, number);
    ck_assert(!line.too_long);
}

static void expect_end(void)
{
    ck_assert_int_eq(input_next(input, &line), STATUS_END);
    ck_assert_int_eq(input_next(input, &line), STATUS_END);
    ck_assert_str_eq(input_why(input), "");
}

START_TEST(lines_are_trimmed_and_numbered_and_blank_ones_and_comments_skipped)
{
    open_string("http://a/\n\n# comment\n  \t \r\n  http://b/ \t\r\n\t# another\nhttp://c/#x\r\n");
    expect_line("http://a/", 1);
    expect_line("http://b/", 5);
    expect_line("http://c/#x", 7);
    expect_end();
}
END_TEST

START_TEST(a_last_line_without_newline_is_a_line)
{
    open_string("http://a/\nhttp://b/");
    expect_line("http://a/", 1);
    expect_line("http://b/", 2);
    expect_end();
}
END_TEST

START_TEST(an_empty_file_has_no_lines)
{
    open_string("");
    expect_end();
}
END_TEST

START_TEST(a_file_of_comments_has_no_lines)
{
    open_string("# a\n#b");
    expect_end();
}
END_TEST

START_TEST(a_byte_order_mark_is_skipped_at_the_start_only)
{
    open_string("\xef\xbb\xbfhttp://a/\n\xef\xbb\xbfhttp://b/\n");
    expect_line("http://a/", 1);
    expect_line("\xef\xbb\xbfhttp://b/", 2);
    expect_end();
}
END_TEST

START_TEST(nul_bytes_are_kept)
{
    open_string("http://a/\0b\nhttp://c/\n");
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert_uint_eq(line.bytes, 11);
    ck_assert_mem_eq(line.text, "http://a/\0b", 12);
    expect_line("http://c/", 2);
    expect_end();
}
END_TEST

/* A list whose second line has middle bytes; the lines around it must be whole. */
static void expect_long_line(size_t middle, bool too_long)
{
    char *text = malloc(middle + 100);
    size_t bytes = (size_t)sprintf(text, "http://a/\n");
    memset(text + bytes, 'x', middle);
    bytes += middle;
    bytes += (size_t)sprintf(text + bytes, "\nhttp://c/\n");
    open_text(text, bytes);
    free(text);
    expect_line("http://a/", 1);
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert_uint_eq(line.number, 2);
    ck_assert_int_eq(line.too_long, too_long);
    if (too_long) {
        ck_assert_uint_eq(line.bytes, INPUT_CUT_BYTES + 3);
        ck_assert_str_eq(line.text + INPUT_CUT_BYTES, "\xe2\x80\xa6");
        ck_assert_int_eq(line.text[INPUT_CUT_BYTES - 1], 'x');
    } else {
        ck_assert_uint_eq(line.bytes, middle);
    }
    expect_line("http://c/", 3);
    expect_end();
    input_close(input);
    input = NULL;
}

START_TEST(a_line_that_is_too_long_is_given_cut_and_once)
{
    static const size_t BYTES[] = {
        URL_BYTES_MAX + 1, 65525, 65526, 65527, 65535, 65536, 65537, 131071, 131072, 131073, 1 << 20,
        (1 << 20) + 65526};
    expect_long_line(URL_BYTES_MAX, false);
    for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
        expect_long_line(BYTES[i], true);
    }
}
END_TEST

START_TEST(a_long_comment_is_skipped)
{
    size_t bytes = 300000;
    char *text = malloc(bytes + 20);
    memset(text, '#', bytes);
    bytes += (size_t)sprintf(text + bytes, "\nhttp://b/");
    open_text(text, bytes);
    free(text);
    expect_line("http://b/", 2);
    expect_end();
}
END_TEST

START_TEST(a_cut_does_not_split_a_character)
{
    char text[URL_BYTES_MAX + 100];
    size_t bytes = (size_t)sprintf(text, "%127s", "x");
    memset(text, 'x', bytes);
    while (bytes < URL_BYTES_MAX + 50) {
        memcpy(text + bytes, "\xc3\xbc", 2);
        bytes += 2;
    }
    open_text(text, bytes);
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert(line.too_long);
    ck_assert_str_eq(line.text + 126, "x\xe2\x80\xa6");
}
END_TEST

START_TEST(many_lines_of_all_lengths_come_out_as_they_went_in)
{
    FILE *file = fopen(path, "w");
    for (int i = 1; i <= 3000; i++) {
        fprintf(file, "http://h/%d%0*d\n", i, 1 + i * 7 % 2000, 0);
    }
    fclose(file);
    char why[200];
    input = input_open_file(path, why, sizeof why);
    for (int i = 1; i <= 3000; i++) {
        char expected[2100];
        sprintf(expected, "http://h/%d%0*d", i, 1 + i * 7 % 2000, 0);
        expect_line(expected, (uint64_t)i);
    }
    expect_end();
}
END_TEST

START_TEST(arguments_are_taken_as_they_are)
{
    static const char *const URLS[] = {"http://a/", " # x ", ""};
    input = input_open_arguments(URLS, 3);
    ck_assert_int_eq(input_fd(input), -1);
    expect_line("http://a/", 0);
    expect_line(" # x ", 0);
    expect_line("", 0);
    expect_end();
}
END_TEST

START_TEST(an_argument_that_is_too_long_is_cut)
{
    char *text = malloc(URL_BYTES_MAX + 2);
    memset(text, 'x', URL_BYTES_MAX + 1);
    text[URL_BYTES_MAX + 1] = '\0';
    const char *urls[] = {text};
    input = input_open_arguments(urls, 1);
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert(line.too_long);
    ck_assert_uint_eq(line.bytes, INPUT_CUT_BYTES + 3);
    free(text);
}
END_TEST

/* Makes standard input a pipe; returns its other end. */
static int pipe_to_stdin(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    char why[200];
    input = input_open_file("-", why, sizeof why);
    ck_assert_ptr_nonnull(input);
    return ends[1];
}

START_TEST(a_pipe_gives_lines_as_they_come_and_never_blocks)
{
    int writer = pipe_to_stdin();
    ck_assert_int_eq(input_fd(input), STDIN_FILENO);
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    write_all(writer, "http://a/\nhtt", 13);
    expect_line("http://a/", 1);
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    write_all(writer, "p://b/", 6);
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    write_all(writer, "\n\nhttp://c/", 11);
    expect_line("http://b/", 2);
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    close(writer);
    expect_line("http://c/", 4);
    expect_end();
}
END_TEST

START_TEST(the_shared_description_of_standard_input_stays_blocking)
{
    int writer = pipe_to_stdin();
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    close(writer);
}
END_TEST

START_TEST(a_long_line_through_a_pipe_is_cut_too)
{
    int writer = pipe_to_stdin();
    char piece[4096];
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 100; i++) {
        write_all(writer, piece, sizeof piece);
        ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    }
    write_all(writer, "\nhttp://b/\n", 11);
    ck_assert_int_eq(input_next(input, &line), STATUS_OK);
    ck_assert(line.too_long);
    ck_assert_uint_eq(line.number, 1);
    expect_line("http://b/", 2);
    close(writer);
    expect_end();
}
END_TEST

START_TEST(a_fifo_without_a_writer_neither_blocks_nor_ends)
{
    char why[200];
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    input = input_open_file(path, why, sizeof why);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    int writer = open(path, O_WRONLY);
    ck_assert_int_eq(input_next(input, &line), STATUS_WOULD_BLOCK);
    write_all(writer, "http://a/\n", 10);
    expect_line("http://a/", 1);
    close(writer);
    expect_end();
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    char why[200];
    ck_assert_ptr_null(input_open_file("/nonexistent/list", why, sizeof why));
    ck_assert_str_eq(why, "cannot read /nonexistent/list: No such file or directory");
    ck_assert_ptr_null(input_open_file("/tmp", why, sizeof why));
    ck_assert_str_eq(why, "cannot read /tmp: Is a directory");
    close(STDIN_FILENO);
    ck_assert_ptr_null(input_open_file("-", why, sizeof why));
    ck_assert_str_eq(why, "cannot read standard input: Bad file descriptor");
    ck_assert_int_eq(open("/dev/null", O_WRONLY), STDIN_FILENO);
    ck_assert_ptr_null(input_open_file("-", why, sizeof why));
    ck_assert_str_eq(why, "cannot read standard input: Bad file descriptor");
}
END_TEST

START_TEST(a_read_error_stays_and_names_the_file)
{
    /* Nothing is mapped at address 0, so that reading there fails with EIO. */
    char why[200];
    input = input_open_file("/proc/self/mem", why, sizeof why);
    ck_assert_ptr_nonnull(input);
    ck_assert_int_eq(input_next(input, &line), STATUS_SYSTEM);
    ck_assert_int_eq(input_next(input, &line), STATUS_SYSTEM);
    ck_assert_str_eq(input_why(input), "cannot read /proc/self/mem: Input/output error");
}
END_TEST

static Suite *input_suite(void)
{
    Suite *suite = suite_create("input");
    TCase *cases = tcase_create("input");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, lines_are_trimmed_and_numbered_and_blank_ones_and_comments_skipped);
    tcase_add_test(cases, a_last_line_without_newline_is_a_line);
    tcase_add_test(cases, an_empty_file_has_no_lines);
    tcase_add_test(cases, a_file_of_comments_has_no_lines);
    tcase_add_test(cases, a_byte_order_mark_is_skipped_at_the_start_only);
    tcase_add_test(cases, nul_bytes_are_kept);
    tcase_add_test(cases, a_line_that_is_too_long_is_given_cut_and_once);
    tcase_add_test(cases, a_long_comment_is_skipped);
    tcase_add_test(cases, a_cut_does_not_split_a_character);
    tcase_add_test(cases, many_lines_of_all_lengths_come_out_as_they_went_in);
    tcase_add_test(cases, arguments_are_taken_as_they_are);
    tcase_add_test(cases, an_argument_that_is_too_long_is_cut);
    tcase_add_test(cases, a_pipe_gives_lines_as_they_come_and_never_blocks);
    tcase_add_test(cases, the_shared_description_of_standard_input_stays_blocking);
    tcase_add_test(cases, a_long_line_through_a_pipe_is_cut_too);
    tcase_add_test(cases, a_fifo_without_a_writer_neither_blocks_nor_ends);
    tcase_add_test(cases, what_cannot_be_read_is_named);
    tcase_add_test(cases, a_read_error_stays_and_names_the_file);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(input_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
