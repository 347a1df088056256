/* Mirrors coordinator/text/writer.c. */
#include "coordinator/text/writer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

static char directory[64];

static void make_directory(void)
{
    signal(SIGPIPE, SIG_IGN);
    strcpy(directory, "/tmp/check_writer.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
    rmdir(directory);
}

static const char *path_in(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void put_lines(struct writer *writer, size_t count)
{
    for (size_t i = 0; i < count && writer->status == STATUS_OK; i++) {
        writer_put_string(writer, "line ");
        writer_put_u64(writer, i);
        writer_end_line(writer);
    }
}

/* Reads all there is until the end of file, and checks that it is the lines of put_lines(). */
static void *read_lines(void *fd_pointer)
{
    int fd = *(int *)fd_pointer;
    FILE *file = fdopen(fd, "r");
    char line[64], expected[64];
    size_t count = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        snprintf(expected, sizeof expected, "line %zu\n", count++);
        if (strcmp(line, expected) != 0)
            break;
    }
    if (file != NULL)
        fclose(file);
    return (void *)count;
}

START_TEST(lines_reach_a_file_whole)
{
    struct writer writer;
    struct stat stat_of_file;
    ck_assert_int_eq(writer_open_path(&writer, path_in("out"), NULL), STATUS_OK);
    put_lines(&writer, 3);
    writer_put_string(&writer, "not ended");
    ck_assert_int_eq(writer_flush(&writer), STATUS_OK);
    ck_assert_int_eq(stat(path_in("out"), &stat_of_file), 0);
    ck_assert_int_eq(stat_of_file.st_size, 21);
    ck_assert_int_eq(writer_end_line(&writer), STATUS_OK);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    ck_assert_int_eq(stat(path_in("out"), &stat_of_file), 0);
    ck_assert_int_eq(stat_of_file.st_size, 31);
    unlink(path_in("out"));
}
END_TEST

START_TEST(a_slow_pipe_gets_every_line_in_order)
{
    int ends[2];
    struct writer writer;
    pthread_t reader;
    void *count;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(writer_open(&writer, ends[1], "the pipe", NULL), STATUS_OK);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_lines, &ends[0]), 0);
    put_lines(&writer, 100000);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    close(ends[1]);
    pthread_join(reader, &count);
    ck_assert_uint_eq((size_t)count, 100000);
}
END_TEST

START_TEST(a_pipe_that_never_blocks_is_no_problem)
{
    int ends[2];
    struct writer writer;
    pthread_t reader;
    void *count;
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, 0), 0);
    ck_assert_int_eq(writer_open(&writer, ends[1], "the pipe", NULL), STATUS_OK);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_lines, &ends[0]), 0);
    put_lines(&writer, 100000);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    close(ends[1]);
    pthread_join(reader, &count);
    ck_assert_uint_eq((size_t)count, 100000);
}
END_TEST

START_TEST(a_socket_gets_every_line_in_order)
{
    int ends[2];
    struct writer writer;
    pthread_t reader;
    void *count;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ck_assert_int_eq(writer_open(&writer, ends[1], "the socket", NULL), STATUS_OK);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_lines, &ends[0]), 0);
    put_lines(&writer, 100000);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    close(ends[1]);
    pthread_join(reader, &count);
    ck_assert_uint_eq((size_t)count, 100000);
}
END_TEST

START_TEST(a_line_longer_than_the_buffer_goes_out_whole)
{
    struct writer writer;
    struct stat stat_of_file;
    size_t bytes = 5 * WRITER_BUFFER_BYTES;
    ck_assert_int_eq(writer_open_path(&writer, path_in("long"), NULL), STATUS_OK);
    for (size_t i = 0; i < bytes; i++)
        writer_put(&writer, "x", 1);
    ck_assert_int_eq(stat(path_in("long"), &stat_of_file), 0);
    ck_assert_int_eq(stat_of_file.st_size, 0);
    ck_assert_int_eq(writer_end_line(&writer), STATUS_OK);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    ck_assert_int_eq(stat(path_in("long"), &stat_of_file), 0);
    ck_assert_int_eq(stat_of_file.st_size, (off_t)bytes + 1);
    unlink(path_in("long"));
}
END_TEST

START_TEST(a_closed_pipe_is_an_error_that_names_it)
{
    int ends[2];
    struct writer writer;
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    writer_open(&writer, ends[1], "standard output", NULL);
    put_lines(&writer, 1);
    ck_assert_int_eq(writer_flush(&writer), STATUS_SYSTEM);
    ck_assert_int_eq(writer.error, EPIPE);
    ck_assert_str_eq(writer.why, "cannot write to standard output: Broken pipe");
    put_lines(&writer, 1000000);
    ck_assert_int_eq(writer_flush(&writer), STATUS_SYSTEM);
    ck_assert_int_eq(writer_close(&writer), STATUS_SYSTEM);
    ck_assert_str_eq(writer.why, "cannot write to standard output: Broken pipe");
    close(ends[1]);
}
END_TEST

START_TEST(a_descriptor_that_is_not_open_is_an_error)
{
    struct writer writer;
    writer_open(&writer, 1000, "standard output", NULL);
    put_lines(&writer, 1);
    ck_assert_int_eq(writer_close(&writer), STATUS_SYSTEM);
    ck_assert_str_eq(writer.why, "cannot write to standard output: Bad file descriptor");
}
END_TEST

START_TEST(a_full_device_is_an_error_that_names_it)
{
    struct writer writer;
    ck_assert_int_eq(writer_open_path(&writer, "/dev/full", NULL), STATUS_OK);
    put_lines(&writer, 1);
    ck_assert_int_eq(writer_close(&writer), STATUS_SYSTEM);
    ck_assert_str_eq(writer.why, "cannot write to /dev/full: No space left on device");
}
END_TEST

START_TEST(a_full_disk_is_an_error_that_names_the_file)
{
    struct writer writer;
    char expected[256];
    if (mount("shoal", directory, "tmpfs", 0, "size=128k") != 0)
        return; /* not permitted here: /dev/full above stands for it */
    writer_open_path(&writer, path_in("out"), NULL);
    ck_assert_int_eq(umount2(directory, MNT_DETACH), 0); /* it lives on as long as the file is open */
    put_lines(&writer, 100000);
    ck_assert_int_eq(writer_close(&writer), STATUS_SYSTEM);
    snprintf(expected, sizeof expected, "cannot write to %s: No space left on device", path_in("out"));
    ck_assert_str_eq(writer.why, expected);
}
END_TEST

START_TEST(a_path_that_cannot_be_opened_is_named)
{
    struct writer writer;
    char long_path[400] = "/nowhere/", expected[512];
    ck_assert_int_eq(writer_open_path(&writer, "/nowhere/\x1b[31m", NULL), STATUS_SYSTEM);
    ck_assert_str_eq(writer.why,
                     "cannot open /nowhere/\x1b[31m: No such file or directory"); /* its reader escapes it */
    ck_assert_int_eq(writer_close(&writer), STATUS_SYSTEM);
    memset(long_path + strlen(long_path), 'x', sizeof long_path - 1 - strlen(long_path));
    ck_assert_int_eq(writer_open_path(&writer, long_path, NULL), STATUS_SYSTEM);
    snprintf(expected, sizeof expected, "cannot open %.252s...: No such file or directory", long_path);
    ck_assert_str_eq(writer.why, expected);
    writer_close(&writer);
    ck_assert_int_eq(writer_open_path(&writer, directory, NULL), STATUS_SYSTEM);
    ck_assert_int_eq(writer.error, EISDIR);
    writer_close(&writer);
}
END_TEST

/* ---- interruption ---- */

struct giving_up {
    int fd;
    int asked;
    int give_up_at; /* the how-manieth question is answered yes */
    bool consumes;
    struct writer_interrupt *interrupt;
};

static bool give_up(void *context)
{
    struct giving_up *state = context;
    uint64_t value;
    state->asked++;
    if (state->consumes && read(state->fd, &value, sizeof value) < 0)
        return true;
    return state->asked >= state->give_up_at;
}

/* A pipe that is full, and a writer that has a line for it. */
static void open_full_pipe(int ends[2], struct writer *writer, const struct writer_interrupt *interrupt)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], block, sizeof block) > 0)
        continue;
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
    ck_assert_int_eq(writer_open(writer, ends[1], "standard output", interrupt), STATUS_OK);
    put_lines(writer, 1);
}

START_TEST(an_interrupt_abandons_a_write_that_waits)
{
    int ends[2];
    struct writer writer;
    struct giving_up state = {.fd = eventfd(1, EFD_CLOEXEC), .give_up_at = 1, .consumes = true};
    struct writer_interrupt interrupt = {state.fd, give_up, &state, DEADLINE_NEVER};
    open_full_pipe(ends, &writer, &interrupt);
    ck_assert_int_eq(writer_flush(&writer), STATUS_INTERRUPTED);
    ck_assert_str_eq(writer.why, "cannot write to standard output: interrupted");
    ck_assert_int_eq(state.asked, 1);
    ck_assert_int_eq(writer_close(&writer), STATUS_INTERRUPTED);
    close(ends[0]), close(ends[1]), close(state.fd);
}
END_TEST

START_TEST(a_callback_that_leaves_the_descriptor_readable_makes_no_busy_loop)
{
    int ends[2];
    struct writer writer;
    struct giving_up state = {.fd = eventfd(1, EFD_CLOEXEC), .give_up_at = 3};
    struct writer_interrupt interrupt = {state.fd, give_up, &state, DEADLINE_NEVER};
    struct timespec cpu_before, cpu_after;
    open_full_pipe(ends, &writer, &interrupt);
    int64_t begin_ns = clock_now_ns();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
    ck_assert_int_eq(writer_flush(&writer), STATUS_INTERRUPTED);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_after);
    ck_assert_int_eq(state.asked, 3);
    ck_assert_int_ge(clock_now_ns() - begin_ns, 2 * WRITER_DEAF_MS * NS_PER_MS);
    int64_t cpu_ns = (cpu_after.tv_sec - cpu_before.tv_sec) * NS_PER_S + cpu_after.tv_nsec - cpu_before.tv_nsec;
    ck_assert_int_lt(cpu_ns, 100 * NS_PER_MS);
    writer_close(&writer);
    close(ends[0]), close(ends[1]), close(state.fd);
}
END_TEST

/* Answers no, and sets the time at which waiting shall end, as a run does at the first signal. */
static bool set_deadline(void *context)
{
    struct giving_up *state = context;
    uint64_t value;
    state->asked++;
    state->interrupt->deadline_ns = clock_deadline_ns(20);
    return read(state->fd, &value, sizeof value) < 0;
}

START_TEST(a_write_that_waits_past_the_deadline_is_abandoned)
{
    int ends[2];
    struct writer writer;
    struct giving_up state = {.fd = eventfd(1, EFD_CLOEXEC)};
    struct writer_interrupt interrupt = {state.fd, set_deadline, &state, DEADLINE_NEVER};
    state.interrupt = &interrupt;
    open_full_pipe(ends, &writer, &interrupt);
    ck_assert_int_eq(writer_flush(&writer), STATUS_INTERRUPTED);
    ck_assert_int_eq(state.asked, 1);
    writer_close(&writer);
    close(ends[0]), close(ends[1]), close(state.fd);
}
END_TEST

START_TEST(the_answer_no_lets_the_write_go_on)
{
    int ends[2];
    struct writer writer;
    pthread_t reader;
    void *count;
    struct giving_up state = {.fd = eventfd(1, EFD_CLOEXEC), .give_up_at = INT_MAX, .consumes = true};
    struct writer_interrupt interrupt = {state.fd, give_up, &state, DEADLINE_NEVER};
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(writer_open(&writer, ends[1], "the pipe", &interrupt), STATUS_OK);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_lines, &ends[0]), 0);
    put_lines(&writer, 100000);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    close(ends[1]), close(state.fd);
    pthread_join(reader, &count);
    ck_assert_uint_eq((size_t)count, 100000);
}
END_TEST

START_TEST(a_fifo_without_a_reader_is_waited_for_interruptibly)
{
    struct writer writer;
    struct giving_up state = {.fd = eventfd(1, EFD_CLOEXEC), .give_up_at = 1, .consumes = true};
    struct writer_interrupt interrupt = {state.fd, give_up, &state, DEADLINE_NEVER};
    ck_assert_int_eq(mkfifo(path_in("fifo"), 0600), 0);
    ck_assert_int_eq(writer_open_path(&writer, path_in("fifo"), &interrupt), STATUS_INTERRUPTED);
    writer_close(&writer);
    unlink(path_in("fifo"));
    close(state.fd);
}
END_TEST

/* ---- terminals, memory ---- */

static void count_call(void *context)
{
    ++*(int *)context;
}

START_TEST(before_write_is_called_for_a_terminal_alone)
{
    int master, slave, calls = 0;
    struct writer writer;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0)
        return; /* no pseudo-terminals here */
    writer_open(&writer, slave, "the terminal", NULL);
    ck_assert(writer.is_terminal);
    writer.before_write = count_call;
    writer.before_write_context = &calls;
    ck_assert_int_eq(writer_flush(&writer), STATUS_OK);
    ck_assert_int_eq(calls, 0);
    put_lines(&writer, 1);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    ck_assert_int_eq(calls, 1);
    close(master), close(slave);
    writer_open_path(&writer, "/dev/null", NULL);
    writer.before_write = count_call;
    writer.before_write_context = &calls;
    put_lines(&writer, 1);
    ck_assert_int_eq(writer_close(&writer), STATUS_OK);
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(memory_gathers_and_begins_anew)
{
    struct writer writer;
    size_t bytes;
    ck_assert_int_eq(writer_open_memory(&writer), STATUS_OK);
    put_lines(&writer, 20000);
    ck_assert_int_eq(strncmp(writer_text(&writer, &bytes), "line 0\nline 1\n", 14), 0);
    ck_assert_uint_gt(bytes, WRITER_BUFFER_BYTES);
    writer_reset(&writer);
    writer_put_string(&writer, "again");
    ck_assert_str_eq(writer_text(&writer, &bytes), "again");
    ck_assert_ptr_null(writer_room(&writer, SIZE_MAX / 2));
    ck_assert_int_eq(writer.status, STATUS_OUT_OF_MEMORY);
    ck_assert_str_eq(writer_text(&writer, &bytes), "");
    writer_reset(&writer);
    writer_put_string(&writer, "x");
    ck_assert_str_eq(writer_text(&writer, &bytes), "x");
    writer_close(&writer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer");
    TCase *tests = tcase_create("writer");
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, lines_reach_a_file_whole);
    tcase_add_test(tests, a_slow_pipe_gets_every_line_in_order);
    tcase_add_test(tests, a_pipe_that_never_blocks_is_no_problem);
    tcase_add_test(tests, a_socket_gets_every_line_in_order);
    tcase_add_test(tests, a_line_longer_than_the_buffer_goes_out_whole);
    tcase_add_test(tests, a_closed_pipe_is_an_error_that_names_it);
    tcase_add_test(tests, a_descriptor_that_is_not_open_is_an_error);
    tcase_add_test(tests, a_full_device_is_an_error_that_names_it);
    tcase_add_test(tests, a_full_disk_is_an_error_that_names_the_file);
    tcase_add_test(tests, a_path_that_cannot_be_opened_is_named);
    tcase_add_test(tests, an_interrupt_abandons_a_write_that_waits);
    tcase_add_test(tests, a_callback_that_leaves_the_descriptor_readable_makes_no_busy_loop);
    tcase_add_test(tests, a_write_that_waits_past_the_deadline_is_abandoned);
    tcase_add_test(tests, the_answer_no_lets_the_write_go_on);
    tcase_add_test(tests, a_fifo_without_a_reader_is_waited_for_interruptibly);
    tcase_add_test(tests, before_write_is_called_for_a_terminal_alone);
    tcase_add_test(tests, memory_gathers_and_begins_anew);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
