/* Mirrors coordinator/output/progress.c. */
#include "coordinator/output/progress.h"

#include <check.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"

#define MS NS_PER_MS
#define BEGIN_NS (1000 * NS_PER_S)

static char text[8192];

/* What has been written to the other end so far. */
static const char *written_to(int fd)
{
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    ssize_t bytes = read(fd, text, sizeof text - 1);
    text[bytes > 0 ? bytes : 0] = '\0';
    return text;
}

static void open_terminal(int *master, int *slave, unsigned short columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    struct termios raw;
    setenv("TERM", "xterm", 1);
    if (openpty(master, slave, NULL, NULL, &size) != 0) {
        fputs("no pseudo-terminals here: not tested\n", stderr);
        exit(EXIT_SUCCESS);
    }
    ck_assert_int_eq(tcgetattr(*slave, &raw), 0);
    cfmakeraw(&raw);
    ck_assert_int_eq(tcsetattr(*slave, TCSANOW, &raw), 0);
}

static const struct progress_state STATE = {
    .done = 1204, .failed = 3, .total_known = 15000, .in_flight = 64, .bytes = 1 << 20};

START_TEST(a_terminal_line_is_redrawn_at_most_five_times_a_second)
{
    int master, slave, draws = 0;
    struct progress *progress;
    struct progress_state state = STATE;
    open_terminal(&master, &slave, 80);
    ck_assert_int_eq(progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS), STATUS_OK);
    for (int64_t ms = 0; ms <= 1000; ms++) {
        state.done++;
        progress_update(progress, &state, BEGIN_NS + ms * MS);
        draws += written_to(master)[0] != '\0';
    }
    ck_assert_int_eq(draws, 5);
    ck_assert_int_eq(progress_next_ns(progress), BEGIN_NS + 2000 * MS);
    ck_assert(!progress_due(progress, BEGIN_NS + 1100 * MS));
    ck_assert(progress_due(progress, BEGIN_NS + 1200 * MS));
    progress_close(progress);
    ck_assert_str_eq(written_to(master), "\r\033[K");
    close(master), close(slave);
}
END_TEST

START_TEST(the_line_says_how_far_the_run_is)
{
    int master, slave;
    struct progress *progress;
    struct progress_state state = STATE;
    static const char WAITING[] = "waiting 4 s for http://h/";
    open_terminal(&master, &slave, 200);
    state.waiting_for = WAITING;
    state.waiting_for_bytes = sizeof WAITING - 1;
    state.held_hosts = 2;
    progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS);
    progress_update(progress, &state, BEGIN_NS + 2000 * MS);
    ck_assert_str_eq(written_to(master), "\r\033[K1204/15000 done, 3 failed, 64 in flight, 2 hosts held, 602/s, "
                                         "512.0 KiB/s, 2.00 s, waiting 4 s for http://h/");
    progress_close(progress);
    close(master), close(slave);
}
END_TEST

START_TEST(the_line_is_cut_to_the_width_of_the_moment)
{
    int master, slave;
    struct progress *progress;
    struct progress_state state = STATE;
    char url[3000];
    memset(url, 'u', sizeof url);
    state.waiting_for = url;
    state.waiting_for_bytes = sizeof url;
    open_terminal(&master, &slave, 80);
    progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS);
    int64_t now_ns = BEGIN_NS;
    static const unsigned short WIDTHS[] = {80, 40, 132, 10, 3, 2, 1};
    for (size_t i = 0; i < sizeof WIDTHS / sizeof WIDTHS[0]; i++) {
        struct winsize size = {.ws_row = 24, .ws_col = WIDTHS[i]};
        ck_assert_int_eq(ioctl(slave, TIOCSWINSZ, &size), 0);
        progress_update(progress, &state, now_ns += NS_PER_S);
        size_t columns = strlen(written_to(master)) - 4;
        ck_assert_uint_eq(columns, WIDTHS[i] > 1 ? WIDTHS[i] - 1u : 1u);
        ck_assert_str_eq(text + strlen(text) - (columns < 3 ? columns : 3),
                         columns < 3 ? (columns == 2 ? ".." : ".") : "...");
    }
    progress_close(progress);
    close(master), close(slave);
}
END_TEST

START_TEST(foreign_bytes_are_escaped_and_wide_characters_counted)
{
    int master, slave;
    struct progress *progress;
    struct progress_state state = STATE;
    open_terminal(&master, &slave, 100);
    progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS);
    state.waiting_for = "\x1b]0;evil\x07\r\n";
    state.waiting_for_bytes = strlen(state.waiting_for);
    progress_update(progress, &state, BEGIN_NS + NS_PER_S);
    written_to(master);
    ck_assert_ptr_nonnull(strstr(text, "\\x1b]0;evil\\x07\\x0d\\x0a"));
    ck_assert_ptr_null(strchr(text + 4, '\x1b'));
    char wide[300];
    for (size_t i = 0; i < sizeof wide; i += 3)
        memcpy(wide + i, "\xe6\x97\xa5", 3);
    state.waiting_for = wide;
    state.waiting_for_bytes = sizeof wide;
    progress_update(progress, &state, BEGIN_NS + 2 * NS_PER_S);
    written_to(master);
    size_t columns = 0;
    for (const char *at = text + 4; *at != '\0'; at++)
        columns += (*at & 0x80) == 0 ? 1 : (*at & 0xc0) == 0xc0 ? 2 : 0;
    ck_assert_uint_le(columns, 99);
    ck_assert_uint_ge(columns, 97);
    progress_close(progress);
    close(master), close(slave);
}
END_TEST

START_TEST(other_output_erases_the_line_first)
{
    int master, slave;
    struct progress *progress;
    struct writer writer;
    open_terminal(&master, &slave, 80);
    progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS);
    writer_open(&writer, slave, "the terminal", NULL);
    progress_watch(progress, &writer);
    progress_update(progress, &STATE, BEGIN_NS + NS_PER_S);
    written_to(master);
    writer_put_string(&writer, "Read 1 from http://h/");
    writer_end_line(&writer);
    ck_assert_str_eq(written_to(master), "");
    writer_flush(&writer);
    ck_assert_str_eq(written_to(master), "\r\033[KRead 1 from http://h/\n");
    progress_clear(progress);
    ck_assert_str_eq(written_to(master), "");
    progress_forget(progress, &writer);
    progress_close(progress);
    writer_close(&writer);
    close(master), close(slave);
}
END_TEST

static int lines_within(enum progress_when when, int64_t seconds)
{
    int ends[2], lines = 0;
    struct progress *progress;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(progress_open(&progress, when, ends[1], BEGIN_NS), STATUS_OK);
    for (int64_t second = 0; second <= seconds; second++)
        progress_update(progress, &STATE, BEGIN_NS + second * NS_PER_S);
    progress_close(progress);
    for (const char *at = written_to(ends[0]); (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_ptr_null(strchr(text, '\x1b'));
    ck_assert_ptr_null(strchr(text, '\r'));
    close(ends[0]), close(ends[1]);
    return lines;
}

START_TEST(without_a_terminal_there_is_a_plain_line_each_ten_seconds)
{
    ck_assert_int_eq(lines_within(PROGRESS_AUTO, 9), 0);
    ck_assert_int_eq(lines_within(PROGRESS_AUTO, 10), 1);
    ck_assert_int_eq(lines_within(PROGRESS_AUTO, 35), 3);
    ck_assert_int_eq(lines_within(PROGRESS_ALWAYS, 9), 1);
    ck_assert_int_eq(lines_within(PROGRESS_ALWAYS, 35), 4);
}
END_TEST

START_TEST(never_shows_nothing_and_wants_no_call)
{
    int ends[2];
    struct progress *progress;
    ck_assert_int_eq(pipe(ends), 0);
    progress_open(&progress, PROGRESS_NEVER, ends[1], BEGIN_NS);
    ck_assert(!progress_due(progress, BEGIN_NS + 3600 * NS_PER_S));
    ck_assert_int_eq(progress_next_ns(progress), DEADLINE_NEVER);
    progress_update(progress, &STATE, BEGIN_NS + 3600 * NS_PER_S);
    progress_close(progress);
    ck_assert_str_eq(written_to(ends[0]), "");
    close(ends[0]), close(ends[1]);
}
END_TEST

START_TEST(a_dumb_terminal_gets_plain_lines)
{
    int master, slave;
    struct progress *progress;
    open_terminal(&master, &slave, 80);
    setenv("TERM", "dumb", 1);
    progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS);
    progress_update(progress, &STATE, BEGIN_NS + 5 * NS_PER_S);
    ck_assert_str_eq(written_to(master), "");
    progress_update(progress, &STATE, BEGIN_NS + 10 * NS_PER_S);
    ck_assert_ptr_null(strchr(written_to(master), '\x1b'));
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    progress_close(progress);
    close(master), close(slave);
}
END_TEST

START_TEST(a_pipe_that_is_full_does_not_hold_the_run)
{
    int ends[2];
    struct progress *progress;
    char block[4096] = "";
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], block, sizeof block) > 0)
        continue;
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
    progress_open(&progress, PROGRESS_ALWAYS, ends[1], BEGIN_NS);
    progress_update(progress, &STATE, BEGIN_NS + 10 * NS_PER_S);
    ck_assert_int_ne(progress_next_ns(progress), DEADLINE_NEVER);
    progress_close(progress);
    close(ends[0]), close(ends[1]);
}
END_TEST

/* ---- of a crawl ---- */

/* The line of the state, two seconds after the beginning, on a terminal of 80 columns. */
static const char *crawl_line(const struct progress_state *state)
{
    int master, slave;
    struct progress *progress;
    static char line[256];
    open_terminal(&master, &slave, 80);
    progress_open(&progress, PROGRESS_AUTO, slave, BEGIN_NS);
    progress_update(progress, state, BEGIN_NS + 2000 * MS);
    snprintf(line, sizeof line, "%s", written_to(master) + strlen("\r\033[K"));
    progress_close(progress);
    close(master), close(slave);
    return line;
}

START_TEST(a_crawl_says_what_waits_since_its_end_is_not_known)
{
    struct progress_state state = {
        .is_crawl = true, .done = 1204, .queued = 812, .in_flight = 64, .hosts = 1, .bytes = 1 << 20};
    ck_assert_str_eq(crawl_line(&state), "1204 pages, 812 queued, 64 in flight, 602/s, 512.0 KiB/s, 2.00 s");
    state.done = state.hosts = 1;
    state.queued = state.in_flight = 0;
    state.bytes = 0;
    state.failed = 1;
    ck_assert_str_eq(crawl_line(&state), "1 page, 1 failed, 0 queued, 0 in flight, 1/s, 0 B/s, 2.00 s");
    state.hosts = 300;
    ck_assert_str_eq(crawl_line(&state), "1 page, 1 failed, 0 queued, 0 in flight, 300 hosts, 1/s, 0 B/s, 2.00 s");
}
END_TEST

START_TEST(what_a_crawl_has_to_say_fits_a_terminal_the_rates_give_way)
{
    struct progress_state state = {.is_crawl = true,
                                   .done = 20000,
                                   .queued = 15000,
                                   .in_flight = 64,
                                   .hosts = 300,
                                   .held_hosts = 12,
                                   .bytes = 200 << 20};
    ck_assert_str_eq(crawl_line(&state), "20000 pages, 15000 queued, 64 in flight, 12/300 hosts held, 10000/s, 2.00 s");
    state.failed = 123;
    ck_assert_str_eq(crawl_line(&state),
                     "20000 pages, 123 failed, 15000 queued, 64 in flight, 12/300 hosts held, 2.00 s");
}
END_TEST

START_TEST(at_its_end_a_crawl_says_what_it_waits_for)
{
    static const char HELD[] = "host a.example held 12 s (Crawl-delay)", ROBOTS[] = "robots.txt of b.example";
    struct progress_state state = {.is_crawl = true,
                                   .done = 1204,
                                   .queued = 3,
                                   .hosts = 1,
                                   .held_hosts = 1,
                                   .waiting_for = HELD,
                                   .waiting_for_bytes = sizeof HELD - 1};
    ck_assert_str_eq(crawl_line(&state), "1204 pages, 3 queued, 2.00 s, host a.example held 12 s (Crawl-delay)");
    state.in_flight = 1;
    ck_assert_str_eq(crawl_line(&state),
                     "1204 pages, 3 queued, 1 in flight, 2.00 s, host a.example held 12 s (Crawl-d...");
    state.in_flight = state.held_hosts = 0;
    state.waiting_for = ROBOTS;
    state.waiting_for_bytes = sizeof ROBOTS - 1;
    ck_assert_str_eq(crawl_line(&state), "1204 pages, 3 queued, 0 in flight, 602/s, 2.00 s, robots.txt of b.example");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("progress");
    TCase *tests = tcase_create("progress");
    tcase_add_test(tests, a_terminal_line_is_redrawn_at_most_five_times_a_second);
    tcase_add_test(tests, the_line_says_how_far_the_run_is);
    tcase_add_test(tests, the_line_is_cut_to_the_width_of_the_moment);
    tcase_add_test(tests, foreign_bytes_are_escaped_and_wide_characters_counted);
    tcase_add_test(tests, other_output_erases_the_line_first);
    tcase_add_test(tests, without_a_terminal_there_is_a_plain_line_each_ten_seconds);
    tcase_add_test(tests, never_shows_nothing_and_wants_no_call);
    tcase_add_test(tests, a_dumb_terminal_gets_plain_lines);
    tcase_add_test(tests, a_pipe_that_is_full_does_not_hold_the_run);
    tcase_add_test(tests, a_crawl_says_what_waits_since_its_end_is_not_known);
    tcase_add_test(tests, what_a_crawl_has_to_say_fits_a_terminal_the_rates_give_way);
    tcase_add_test(tests, at_its_end_a_crawl_says_what_it_waits_for);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
