/* Mirrors coordinator/compare/plot.c and the scripts; pictures are drawn where gnuplot is installed. */
#include "coordinator/compare/plot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/compare/compare.h"
#include "tests/support/support.h"

static char directory[64];
static char path[256];
static char why[512];

static void enter(void)
{
    strcpy(directory, "/tmp/shoal-plot-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

/* Names in the test's directory, "." and ".." apart. */
static size_t files_there(void)
{
    size_t count = 0;
    DIR *open_directory = opendir(directory);
    ck_assert_ptr_nonnull(open_directory);
    for (struct dirent *entry; (entry = readdir(open_directory)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(open_directory);
    return count;
}

static void leave(void)
{
    DIR *open_directory = opendir(directory);
    for (struct dirent *entry; open_directory != NULL && (entry = readdir(open_directory)) != NULL;)
        unlinkat(dirfd(open_directory), entry->d_name, 0);
    if (open_directory != NULL)
        closedir(open_directory);
    rmdir(directory);
}

static const char *path_of(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

/* A picture of an earlier comparison, where the new one is to go. */
static void put_picture(void)
{
    FILE *file = fopen(path_of("plot.svg"), "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("kept", file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void expect_picture_kept(void)
{
    char bytes[8] = "";
    int fd = open(path_of("plot.svg"), O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, bytes, sizeof bytes - 1), 4);
    close(fd);
    ck_assert_str_eq(bytes, "kept");
}

/* An executable of the test's own, found instead of gnuplot. */
static void plant(const char *script)
{
    FILE *file = fopen(path_of("gnuplot"), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    ck_assert_int_eq(fchmod(fileno(file), 0700), 0);
    ck_assert_int_eq(fclose(file), 0);
    char search[600];
    snprintf(search, sizeof search, "%s:%s", directory, getenv("PATH"));
    ck_assert_int_eq(setenv("PATH", search, 1), 0);
}

/* ---- scripts ---- */

static char *script_of(const struct comparison *comparison, const char *terminal)
{
    struct writer writer;
    size_t bytes;
    ck_assert_int_eq(writer_open_memory(&writer), STATUS_OK);
    plot_put_script(&writer, terminal, "out.png", comparison);
    char *text = strdup(writer_text(&writer, &bytes));
    ck_assert_ptr_nonnull(text);
    writer_close(&writer);
    return text;
}

START_TEST(the_script_has_a_bar_a_name_and_a_value_for_each_design)
{
    struct comparison comparison = comparison_of_seven();
    char *script = script_of(&comparison, "png");
    ck_assert_ptr_nonnull(strstr(script, "set terminal pngcairo noenhanced size 900,402 "));
    ck_assert_ptr_nonnull(strstr(script, "set output 'out.png'\n"));
    ck_assert_ptr_nonnull(strstr(script, "'serial  1×1' -0, 'threads  5×5' -1, "));
    ck_assert_ptr_nonnull(strstr(script, "\n-0 6.63423 6.59631 6.6726 "));
    ck_assert_ptr_nonnull(strstr(script, "set label '94.9 pages/s in 0.158 s' at first 96.1538,-6 left"));
    ck_assert_ptr_null(strstr(script, "logscale x"));
    ck_assert_ptr_null(strstr(script, "Sweep"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

START_TEST(designs_that_lie_far_apart_are_dots_on_a_logarithmic_axis)
{
    struct comparison comparison = comparison_of_seven();
    for (size_t i = 0; i < 3; i++)
        comparison.designs[0].trials[i].wall_ns *= 30;
    char *script = script_of(&comparison, "svg");
    ck_assert_ptr_nonnull(strstr(script, "set terminal svg noenhanced "));
    ck_assert_ptr_nonnull(strstr(script, "set logscale x 10\n"));
    ck_assert_ptr_null(strstr(script, "boxxyerror"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

START_TEST(what_comes_from_outside_stays_inside_its_quotes)
{
    struct comparison comparison = comparison_of_seven();
    comparison.list = "it's `touch x` \x1b[1m\nset output 'y' and more than there is room for in a title of a picture";
    char *script = script_of(&comparison, "png");
    ck_assert_ptr_nonnull(strstr(
        script, "\nset key title 'it’s `touch x` \\x1b[1m\\x0aset output ’y’ and more than ther…: 15 URLs, 2 CPUs'\n"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_sweep_has_a_line_for_each_engine_and_way)
{
    struct comparison comparison = comparison_of_seven();
    comparison_sweep(&comparison);
    char *script = script_of(&comparison, "png");
    ck_assert_ptr_nonnull(strstr(script, "set logscale x 2\nset xtics (1, 2, 4) scale 1\n"));
    ck_assert_ptr_nonnull(strstr(script, "$line_0_0 << EOD\n1 1024 0\n2 2857 0\n4 5072 0\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(script, "$line_0_1 << EOD\n1 32000 0\n2 45714 0\n4 42514 0\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(script, "title 'processes, one transfer a worker'"));
    ck_assert_ptr_nonnull(strstr(script, "title 'threads, best in flight'"));
    ck_assert_ptr_nonnull(strstr(script, "title 'threads, 2 workers'"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

START_TEST(runs_that_were_cut_are_hollow_in_the_sweep_and_the_legend_says_so)
{
    static const char HOLLOW[] = "title 'hollow: stopped early, rate so far'";
    struct comparison comparison = comparison_of_seven();
    comparison_sweep(&comparison);
    char *script = script_of(&comparison, "png");
    ck_assert_ptr_nonnull(strstr(script, "$line_1_0 << EOD\n1 983 0\n2 2742 0\n4 4869 1\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(script, ", $line_1_0 using 1:($3 > 0 ? $2 : NaN) with points "));
    ck_assert_ptr_null(strstr(script, "$line_0_0 using 1:($3"));
    const char *legend = strstr(script, HOLLOW);
    ck_assert_ptr_nonnull(legend);
    ck_assert_ptr_null(strstr(legend + 1, HOLLOW)); /* the other panel shows none of them */
    ck_assert_ptr_null(strstr(script, "; ~:"));
    free(script);
    comparison.designs[0].trials[0].end = TRIAL_CUT;
    script = script_of(&comparison, "png");
    ck_assert_ptr_nonnull(strstr(script, "the fastest; ~: stopped early, rate so far'\n"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_axis_tells_the_rounds_that_were_run)
{
    struct comparison comparison = comparison_begin(5);
    struct series *first = comparison_add(&comparison, "serial");
    struct series *second = comparison_add(&comparison, "threads");
    comparison_add(&comparison, "processes"); /* not begun */
    series_ran(first, 2000, 15);
    char *script = script_of(&comparison, "svg");
    ck_assert_ptr_nonnull(strstr(script, "set xlabel 'pages a second'\n"));
    ck_assert_ptr_null(strstr(script, "xerrorbars"));
    free(script);
    series_ran(second, 1000, 15);
    series_ran(first, 2001, 15);
    script = script_of(&comparison, "svg");
    ck_assert_ptr_nonnull(strstr(script, "; median of 1 to 2 rounds, whiskers"));
    free(script);
    series_ran(second, 1001, 15);
    script = script_of(&comparison, "svg");
    ck_assert_ptr_nonnull(strstr(script, "; median of 2 rounds, whiskers"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

START_TEST(the_title_says_that_the_comparison_was_interrupted)
{
    struct comparison comparison = comparison_of_seven();
    char *script = script_of(&comparison, "svg");
    ck_assert_ptr_null(strstr(script, "interrupted"));
    free(script);
    comparison.signal = SIGINT;
    script = script_of(&comparison, "svg");
    ck_assert_ptr_nonnull(strstr(script, "\nset key title 'urls.txt: 15 URLs, 2 CPUs; interrupted'\n"));
    free(script);
    comparison_free(&comparison);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_path_that_names_no_format_is_refused)
{
    static const char *const PATHS[] = {"", "svg", "plot", "plot.pdf", "plot.svg.gz", "plot.SVG"};
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        ck_assert_int_eq(plot_check(PATHS[i], why, sizeof why), STATUS_INVALID_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(why, "must end in .svg or .png"));
    }
}
END_TEST

START_TEST(without_gnuplot_the_package_is_named)
{
    ck_assert_int_eq(setenv("PATH", directory, 1), 0);
    ck_assert_int_eq(plot_check(path_of("plot.svg"), why, sizeof why), STATUS_SYSTEM);
    ck_assert_str_eq(why, "gnuplot is not installed: apt install gnuplot-nox");
    ck_assert_uint_eq(files_there(), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_refused)
{
    plant("exit 0");
    ck_assert_int_eq(plot_check(path_of("none/plot.svg"), why, sizeof why), STATUS_SYSTEM);
    ck_assert_ptr_nonnull(strstr(why, "none/plot.svg: No such file or directory"));
    ck_assert_int_eq(mkdir(path_of("dir.png"), 0700), 0);
    ck_assert_int_eq(plot_check(path, why, sizeof why), STATUS_SYSTEM);
    ck_assert_ptr_nonnull(strstr(why, "it is a directory"));
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_uint_eq(files_there(), 1);
}
END_TEST

START_TEST(the_check_leaves_no_file_and_keeps_the_one_that_is_there)
{
    plant("exit 0");
    ck_assert_int_eq(plot_check(path_of("plot.svg"), why, sizeof why), STATUS_OK);
    ck_assert_uint_eq(files_there(), 1);
    put_picture();
    ck_assert_int_eq(plot_check(path, why, sizeof why), STATUS_OK);
    expect_picture_kept();
    ck_assert_uint_eq(files_there(), 2);
}
END_TEST

START_TEST(the_check_does_not_run_gnuplot)
{
    char script[128];
    snprintf(script, sizeof script, "echo > %s/ran; kill -STOP $$", directory);
    plant(script);
    ck_assert_int_eq(plot_check(path_of("plot.svg"), why, sizeof why), STATUS_OK);
    ck_assert_uint_eq(files_there(), 1);
    ck_assert_int_eq(chmod(path_of("gnuplot"), 0600), 0); /* no program */
    ck_assert_int_eq(setenv("PATH", directory, 1), 0);
    ck_assert_int_eq(plot_check(path_of("plot.svg"), why, sizeof why), STATUS_SYSTEM);
}
END_TEST

START_TEST(without_a_completed_run_the_picture_that_is_there_stays)
{
    struct comparison comparison = comparison_begin(3);
    plant("cat > /dev/null; echo drawn");
    put_picture();
    ck_assert_int_eq(plot_draw(path, &comparison, -1, why, sizeof why), STATUS_END);
    ck_assert_str_eq(why, "nothing to draw: no run was completed");
    comparison.signal = SIGINT;
    comparison_add(&comparison, "serial");
    series_died(comparison_add(&comparison, "threads"), SIGSEGV, 7);
    series_could_not_run(comparison_add(&comparison, "processes"), "no memory");
    struct series *setting = comparison_add_setting(&comparison, EXECUTOR_THREADS, 1, 4);
    ck_assert_int_eq(plot_draw(path, &comparison, -1, why, sizeof why), STATUS_END);
    expect_picture_kept();
    ck_assert_uint_eq(files_there(), 2);
    series_ran(setting, 1000, 15)->end = TRIAL_CUT;
    ck_assert_int_eq(plot_draw(path, &comparison, -1, why, sizeof why), STATUS_OK);
    comparison_free(&comparison);
}
END_TEST

/* ---- a gnuplot that fails ---- */

static void expect_not_drawn(const char *script, const char *reason)
{
    struct comparison comparison = comparison_of_seven();
    plant(script);
    ck_assert_int_eq(plot_draw(path_of("plot.svg"), &comparison, -1, why, sizeof why), STATUS_SYSTEM);
    ck_assert_str_eq(why, reason);
    ck_assert_uint_eq(files_there(), 1);
    comparison_free(&comparison);
}

START_TEST(what_gnuplot_complains_of_is_told_in_one_line)
{
    expect_not_drawn(
        "printf 'half a pict'; printf '\\n\\nplot x\\n     ^\\n\"-\" line 3: \\033[1mno\\nmore\\n' >&2; exit 1",
        "gnuplot failed: \"-\" line 3: \\x1b[1mno");
}
END_TEST

START_TEST(a_gnuplot_that_dies_leaves_no_file)
{
    expect_not_drawn("echo half; kill -9 $$", "gnuplot died of signal 9 (KILL)");
}
END_TEST

START_TEST(a_gnuplot_that_draws_nothing_is_an_error)
{
    expect_not_drawn("exit 0", "gnuplot drew nothing");
}
END_TEST

START_TEST(gnuplot_gets_the_signals_that_we_block)
{
    struct comparison comparison = comparison_of_seven();
    sigset_t blocked, ours;
    sigfillset(&blocked);
    ck_assert_int_eq(sigprocmask(SIG_BLOCK, &blocked, &ours), 0);
    plant("grep -q '^SigBlk:.*[1-9a-f]' /proc/self/status && exit 1; echo drawn");
    enum status status = plot_draw(path_of("plot.svg"), &comparison, -1, why, sizeof why);
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, &ours, NULL), 0);
    ck_assert_int_eq(status, STATUS_OK);
    comparison_free(&comparison);
}
END_TEST

static int open_pipe(const char *name, int flags)
{
    ck_assert_int_eq(mkfifo(path_of(name), 0600), 0);
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* gnuplot interrupts us itself, so that it surely draws then; its child would wait for ever. */
START_TEST(an_interrupt_ends_gnuplot_with_all_its_group)
{
    struct comparison comparison = comparison_of_seven();
    char script[256], byte;
    int alive = open_pipe("alive", O_RDONLY), interrupt = open_pipe("interrupt", O_RDWR);
    int stuck = open_pipe("stuck", O_RDWR);
    snprintf(script, sizeof script, "cd %s; echo half; exec 3> alive; (echo > interrupt; cat stuck); exit 0",
             directory);
    plant(script);
    put_picture();
    ck_assert_int_eq(plot_draw(path, &comparison, interrupt, why, sizeof why), STATUS_INTERRUPTED);
    ck_assert_str_eq(why, "interrupted, nothing was drawn");
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
    struct pollfd gone = {.fd = alive, .events = POLLIN};
    ck_assert_int_eq(poll(&gone, 1, -1), 1);
    ck_assert_int_eq(read(alive, &byte, 1), 0);
    expect_picture_kept();
    ck_assert_uint_eq(files_there(), 5);
    close(alive);
    close(interrupt);
    close(stuck);
    comparison_free(&comparison);
}
END_TEST

START_TEST(gnuplot_does_not_hear_the_keys_that_interrupt_us)
{
    struct comparison comparison = comparison_of_seven();
    plant("read -r pid name state parent group rest < /proc/$$/stat; [ $group = $$ ] && echo drawn");
    ck_assert_msg(plot_draw(path_of("plot.svg"), &comparison, -1, why, sizeof why) == STATUS_OK, "%s", why);
    comparison_free(&comparison);
}
END_TEST

/* ---- pictures ---- */

/* Draws, and checks that the file is whole: how it begins, and how it ends. */
static void expect_drawn(const char *name, const struct comparison *comparison)
{
    char bytes[200000];
    bool svg = strstr(name, ".svg") != NULL;
    const char *begin = svg ? "<?xml" : "\x89PNG\r\n", *end = svg ? "</svg>" : "IEND";
    ck_assert_msg(plot_check(path_of(name), why, sizeof why) == STATUS_OK, "%s", why);
    ck_assert_msg(plot_draw(path_of(name), comparison, -1, why, sizeof why) == STATUS_OK, "%s", why);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ssize_t count = read(fd, bytes, sizeof bytes);
    close(fd);
    ck_assert_int_gt(count, 1000);
    ck_assert_int_eq(memcmp(bytes, begin, strlen(begin)), 0);
    ck_assert_ptr_nonnull(memmem(bytes + count - 20, 20, end, strlen(end)));
    ck_assert_uint_eq(files_there(), 1);
}

START_TEST(seven_designs_and_a_sweep_are_drawn)
{
    struct comparison comparison = comparison_of_seven();
    comparison_sweep(&comparison);
    expect_drawn("plot.svg", &comparison);
    ck_assert_int_eq(unlink(path), 0);
    expect_drawn("plot.png", &comparison);
    comparison_free(&comparison);
}
END_TEST

START_TEST(a_comparison_without_any_page_is_drawn)
{
    struct comparison comparison = comparison_begin(3);
    comparison_add(&comparison, "serial");
    series_died(comparison_add(&comparison, "threads"), SIGSEGV, 7);
    series_could_not_run(comparison_add(&comparison, "processes"), "no memory");
    series_ran(comparison_add(&comparison, "event-loop"), 50, 0);
    comparison_add_setting(&comparison, EXECUTOR_THREADS, 1, 4);
    expect_drawn("plot.png", &comparison);
    comparison_free(&comparison);
}
END_TEST

START_TEST(hostile_names_are_drawn_and_nothing_is_run)
{
    struct comparison comparison = comparison_of_seven();
    char list[256];
    snprintf(list, sizeof list, "'`touch %s/x`' \" @HOME %%s <&> \\n {/Bold b}\xff", directory);
    comparison.list = list;
    expect_drawn("pl'ot \"`x`.svg", &comparison);
    comparison_free(&comparison);
}
END_TEST

START_TEST(designs_far_apart_and_one_alone_are_drawn)
{
    struct comparison comparison = comparison_of_seven();
    comparison.designs[0].trials[0].by_error[FETCH_OK] = 0;
    for (size_t i = 0; i < 3; i++)
        comparison.designs[0].trials[i].wall_ns *= 1000;
    series_died(comparison_add(&comparison, "processes:4x128"), SIGKILL, 3);
    expect_drawn("plot.png", &comparison);
    comparison_free(&comparison);
    comparison = comparison_begin(1);
    series_ran(comparison_add(&comparison, "serial"), 2000, 15);
    series_ran(comparison_add_setting(&comparison, EXECUTOR_PROCESSES, 1, 4), 1000, 15);
    expect_drawn("plot.png", &comparison);
    comparison_free(&comparison);
}
END_TEST

static bool gnuplot_is_installed(void)
{
    return plot_check("/tmp/shoal-plot-test.svg", why, sizeof why) == STATUS_OK;
}

int main(void)
{
    if (!pidfds_are_here())
        return EXIT_SUCCESS;
    Suite *suite = suite_create("compare_plot");
    TCase *tests = tcase_create("script");
    tcase_add_checked_fixture(tests, enter, leave);
    tcase_add_test(tests, the_script_has_a_bar_a_name_and_a_value_for_each_design);
    tcase_add_test(tests, designs_that_lie_far_apart_are_dots_on_a_logarithmic_axis);
    tcase_add_test(tests, what_comes_from_outside_stays_inside_its_quotes);
    tcase_add_test(tests, the_sweep_has_a_line_for_each_engine_and_way);
    tcase_add_test(tests, runs_that_were_cut_are_hollow_in_the_sweep_and_the_legend_says_so);
    tcase_add_test(tests, the_axis_tells_the_rounds_that_were_run);
    tcase_add_test(tests, the_title_says_that_the_comparison_was_interrupted);
    tcase_add_test(tests, a_path_that_names_no_format_is_refused);
    tcase_add_test(tests, without_gnuplot_the_package_is_named);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_refused);
    tcase_add_test(tests, the_check_leaves_no_file_and_keeps_the_one_that_is_there);
    tcase_add_test(tests, the_check_does_not_run_gnuplot);
    tcase_add_test(tests, without_a_completed_run_the_picture_that_is_there_stays);
    tcase_add_test(tests, what_gnuplot_complains_of_is_told_in_one_line);
    tcase_add_test(tests, a_gnuplot_that_dies_leaves_no_file);
    tcase_add_test(tests, a_gnuplot_that_draws_nothing_is_an_error);
    tcase_add_test(tests, gnuplot_gets_the_signals_that_we_block);
    tcase_add_test(tests, an_interrupt_ends_gnuplot_with_all_its_group);
    tcase_add_test(tests, gnuplot_does_not_hear_the_keys_that_interrupt_us);
    suite_add_tcase(suite, tests);
    if (gnuplot_is_installed()) {
        tests = tcase_create("picture");
        tcase_add_checked_fixture(tests, enter, leave);
        tcase_set_timeout(tests, 60);
        tcase_add_test(tests, seven_designs_and_a_sweep_are_drawn);
        tcase_add_test(tests, a_comparison_without_any_page_is_drawn);
        tcase_add_test(tests, hostile_names_are_drawn_and_nothing_is_run);
        tcase_add_test(tests, designs_far_apart_and_one_alone_are_drawn);
        suite_add_tcase(suite, tests);
    } else {
        printf("compare_plot: pictures are not tested: %s\n", why);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
