/* The program from outside: places that cannot be written to, or not for long. One line says so and the exit
 * status is 3; nothing hangs, and no file that is not whole has its final name. */
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/command.h"

static struct cli cli;
static char mounted[CLI_PATH_BYTES]; /* of this test, to be unmounted */

static void set_up(void)
{
    cli_begin(&cli);
}

static void tear_down(void)
{
    if (cli.out_fd > 2) {
        close(cli.out_fd);
    }
    if (mounted[0] != '\0') {
        umount2(mounted, MNT_DETACH);
        mounted[0] = '\0';
    }
    cli_end(&cli);
}

static void expect_text(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in:\n%.2000s", part, text);
}

static void list_numbered(int count, const char *path)
{
    for (int i = 0; i < count; i++) {
        fprintf(cli_list(&cli), "%s%s?%d\n", cli.url, path, i);
    }
}

/* ---- standard output ---- */

START_TEST(a_full_device_ends_the_run_with_one_line)
{
    static const char *const FORMATS[] = {"text", "jsonl"};
    list_numbered(3000, "/bytes/10");
    cli.out_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(cli.out_fd, 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "--format", FORMATS[i], "-i", cli_list_path(&cli)), 3);
        cli_expect_complaint(&cli, "cannot write to standard output: No space left on device");
    }
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], cli.url), 3); /* what one buffer holds */
    cli_expect_complaint(&cli, "cannot write to standard output: No space left on device");
}
END_TEST

START_TEST(help_and_version_that_cannot_be_written_are_an_error)
{
    cli.out_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(CLI_RUN(&cli, "help"), 3);
    cli_expect_complaint(&cli, "No space left on device");
    ck_assert_int_eq(CLI_RUN(&cli, "--version"), 3);
    ck_assert_int_eq(CLI_RUN(&cli, "help", "fetch"), 3);
    ck_assert_int_eq(CLI_RUN(&cli, "help", "crawl"), 3);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "--help"), 3);
    cli_expect_complaint(&cli, "No space left on device");
}
END_TEST

START_TEST(a_reader_that_goes_away_ends_the_run)
{
    list_numbered(2000, "/delay/5/bytes/10");
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli));
    cli_await_lines(&cli, &cli.out, 1);
    close(cli.out.fd);
    cli.out.fd = -1;
    ck_assert_int_eq(cli_wait(&cli), 3);
    expect_text(cli.err.text, "cannot write to standard output: Broken pipe");
    ck_assert_uint_eq(count_lines(cli.err.text), 1);
}
END_TEST

START_TEST(a_reader_that_takes_neither_results_nor_complaints_is_not_waited_for)
{
    int ends[2];
    list_numbered(2000, "/delay/5/bytes/10");
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    cli.out_fd = cli.err_fd = ends[1];
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli));
    char byte;
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    ck_assert_int_eq(cli_wait(&cli), 3);
}
END_TEST

/* Its results wait for the reader; it goes on when that does. */
START_TEST(a_reader_that_pauses_loses_nothing)
{
    enum { MANY = 3000 };
    int ends[2];
    list_numbered(MANY, "/bytes/10");
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    cli.out_fd = ends[1];
    CLI_START(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli));
    ck_assert(!cli_ends_within(&cli, 200)); /* as the pipe is full */
    close(ends[1]);
    cli.out_fd = 0;
    cli.out.fd = ends[0]; /* read by what follows */
    ck_assert_int_eq(cli_wait(&cli), 0);
    cli_expect_outcomes(&cli, MANY, 0);
    cli_expect_each_once(&cli.out, "?", MANY);
}
END_TEST

START_TEST(a_standard_output_that_is_closed_is_an_error)
{
    list_numbered(3, "/bytes/10");
    cli.out_fd = -1;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli)), 3);
    ck_assert_uint_eq(count_lines(cli.err.text), 1);
    expect_text(cli.err.text, "cannot write to standard output");
}
END_TEST

START_TEST(a_standard_error_that_is_closed_does_not_stop_successes)
{
    list_numbered(3, "/bytes/10");
    cli.err_fd = -1;
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(count_lines(cli.out.text), 3);
}
END_TEST

/* ---- -o ---- */

START_TEST(results_go_to_the_file_that_is_named)
{
    static char text[4096];
    list_numbered(3, "/bytes/10");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-o", cli_path(&cli, "results"), "-i", cli_list_path(&cli)), 0);
    ck_assert_uint_eq(cli.out.bytes, 0);
    FILE *file = fopen(cli_path(&cli, "results"), "re");
    ck_assert_ptr_nonnull(file);
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    ck_assert_uint_eq(count_lines(text), 3);
    ck_assert_uint_eq(count_text(text, "Read 10 from "), 3);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_named)
{
    char url[128];
    snprintf(url, sizeof url, "%s/bytes/1", cli.url);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-o", cli_path(&cli, "no/such"), url), 3);
    cli_expect_complaint(&cli, "/no/such: No such file or directory");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-o", cli.directory, url), 3);
    cli_expect_complaint(&cli, ": Is a directory");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-o", "/dev/full", url), 3);
    cli_expect_complaint(&cli, "/dev/full: No space left on device");
}
END_TEST

/* ---- -O ---- */

static int entries_seen, parts_seen;
static off_t bytes_wanted;

static int see_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
    if (type == FTW_F) {
        entries_seen++;
        parts_seen += strstr(path + place->base, ".part") != NULL;
        ck_assert_msg(strstr(path + place->base, ".part") != NULL || about->st_size == bytes_wanted,
                      "%s has %lld bytes", path, (long long)about->st_size);
    }
    return 0;
}

/* Counts files, and checks that each with a final name has so many bytes. */
static void look_at_files(const char *directory, off_t bytes)
{
    entries_seen = parts_seen = 0;
    bytes_wanted = bytes;
    nftw(directory, see_entry, 8, FTW_PHYS);
}

START_TEST(every_body_is_saved_whole)
{
    list_numbered(50, "/bytes/70000");
    ck_assert_int_eq(
        CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-O", cli_path(&cli, "a/b"), "-i", cli_list_path(&cli)), 0);
    cli_expect_outcomes(&cli, 50, 0);
    look_at_files(cli_path(&cli, "a/b"), 70000);
    ck_assert_int_eq(entries_seen, 50);
    ck_assert_int_eq(parts_seen, 0);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_named)
{
    char url[128];
    snprintf(url, sizeof url, "%s/bytes/1", cli.url);
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-O", "/proc/nowhere", url), 3);
    cli_expect_complaint(&cli, "/proc/nowhere: ");
    list_numbered(1, "/bytes/1");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-O", cli_list_path(&cli), url), 3);
    cli_expect_complaint(&cli, "/list: ");
}
END_TEST

/* A small file system of this test's own; false where that is not permitted. */
static bool mount_small(const char *options)
{
    snprintf(mounted, sizeof mounted, "%s", cli_path(&cli, "small"));
    if (mkdir(mounted, 0777) == 0 && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 && mount("tmpfs", mounted, "tmpfs", 0, options) == 0) {
        return true;
    }
    mounted[0] = '\0';
    return false;
}

START_TEST(a_full_file_system_ends_the_run_and_leaves_whole_files)
{
    if (!mount_small("size=1m")) {
        printf("skipped: a_full_file_system_ends_the_run_and_leaves_whole_files: no mount namespace\n");
        return;
    }
    list_numbered(50, "/bytes/300000");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-O", mounted, "-i", cli_list_path(&cli)), 3);
    ck_assert_uint_eq(count_lines(cli.err.text), 1);
    expect_text(cli.err.text, "cannot save a body: ");
    expect_text(cli.err.text, ": No space left on device");
    look_at_files(mounted, 300000);
    ck_assert_int_eq(parts_seen, 0);
    ck_assert_int_eq(entries_seen, 3);
}
END_TEST

START_TEST(a_read_only_file_system_is_named)
{
    if (!mount_small("size=1m") || mount(NULL, mounted, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        printf("skipped: a_read_only_file_system_is_named: no mount namespace\n");
        return;
    }
    list_numbered(50, "/bytes/10");
    ck_assert_int_eq(CLI_RUN(&cli, "fetch", "-e", ENGINE_NAMES[_i], "-O", mounted, "-i", cli_list_path(&cli)), 3);
    cli_expect_complaint(&cli, ": Read-only file system");
}
END_TEST

static Suite *cli_output_suite(void)
{
    const TTest *const each_engine[] = {
        a_full_device_ends_the_run_with_one_line,
        a_reader_that_goes_away_ends_the_run,
        a_reader_that_takes_neither_results_nor_complaints_is_not_waited_for,
        a_reader_that_pauses_loses_nothing,
        a_standard_output_that_is_closed_is_an_error,
        a_standard_error_that_is_closed_does_not_stop_successes,
        every_body_is_saved_whole,
        a_full_file_system_ends_the_run_and_leaves_whole_files,
        a_read_only_file_system_is_named,
    };
    Suite *suite = suite_create("cli_output");
    TCase *cases = tcase_create("output");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    for (size_t i = 0; i < sizeof each_engine / sizeof each_engine[0]; i++) {
        add_for_each_engine(cases, each_engine[i]);
    }
    tcase_add_test(cases, help_and_version_that_cannot_be_written_are_an_error);
    tcase_add_test(cases, results_go_to_the_file_that_is_named);
    tcase_add_test(cases, a_file_that_cannot_be_opened_is_named);
    tcase_add_test(cases, a_directory_that_cannot_be_made_is_named);
    suite_add_tcase(suite, cases);
    return suite;
}

int main(void)
{
    return cli_suite_main(cli_output_suite());
}
