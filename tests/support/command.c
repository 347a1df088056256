/* command.c: the program itself, $SHOAL_BUILD/shoal, run from outside. */
#include "tests/support/command.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 5 /* how often counts are looked at while there is nothing to read */

static char suite_directory[CLI_PATH_BYTES / 4]; /* what tests that failed leave behind is in there */

/* ---- begin and end ---- */

void cli_begin_with_delay(struct cli *cli, uint32_t wiki_delay_ms)
{
    const struct origin_options options = {.wiki_delay_ms = wiki_delay_ms};
    *cli = (struct cli){.pid_fd = -1, .in = -1, .out.fd = -1, .err.fd = -1};
    snprintf(cli->directory, sizeof cli->directory, "%s/XXXXXX", suite_directory);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    ck_assert_msg(mkdtemp(cli->directory) != NULL, "%s: %s", cli->directory, strerror(errno));
    ck_assert_int_eq(origin_start_with(&cli->origin, &options), 0);
    snprintf(cli->url, sizeof cli->url, "http://127.0.0.1:%d", cli->origin.port);
}

void cli_begin(struct cli *cli)
{
    cli_begin_with_delay(cli, WIKI_DELAY_MS);
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void forget_run(struct cli *cli)
{
    close_fd(&cli->in);
    close_fd(&cli->pid_fd);
    close_fd(&cli->out.fd);
    close_fd(&cli->err.fd);
    free(cli->out.text);
    free(cli->err.text);
    cli->out = cli->err = (struct stream){.fd = -1};
}

void cli_end(struct cli *cli)
{
    if (cli->pid > 0) {
        kill(-cli->pid, SIGKILL);
        waitpid(cli->pid, NULL, 0);
        cli->pid = 0;
    }
    forget_run(cli);
    if (cli->list != NULL) {
        fclose(cli->list);
        cli->list = NULL;
    }
    origin_stop(&cli->origin);
    if (cli->directory[0] != '\0') {
        nftw(cli->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        cli->directory[0] = '\0';
    }
}

FILE *cli_list(struct cli *cli)
{
    if (cli->list == NULL) {
        snprintf(cli->list_path, sizeof cli->list_path, "%s/list", cli->directory);
        cli->list = fopen(cli->list_path, "we");
        ck_assert_ptr_nonnull(cli->list);
    }
    return cli->list;
}

const char *cli_list_path(struct cli *cli)
{
    if (cli->list != NULL) {
        ck_assert_int_eq(fclose(cli->list), 0);
        cli->list = NULL;
    }
    return cli->list_path;
}

const char *cli_path(struct cli *cli, const char *name)
{
    static char paths[4][CLI_PATH_BYTES];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, CLI_PATH_BYTES, "%s/%s", cli->directory, name);
    return path;
}

/* ---- start ---- */

/* In the child: fd becomes its descriptor number; -1: that stays closed. */
static void become_descriptor(int fd, int number)
{
    if (fd < 0) {
        close(number);
    } else if (dup2(fd, number) != number) {
        _exit(125);
    }
}

static _Noreturn void become_program(struct cli *cli, const char *const *arguments, pid_t parent, const int fds[3])
{
    const char *build = getenv("SHOAL_BUILD");
    char program[CLI_PATH_BYTES];
    char *argv[CLI_ARGUMENTS_MAX + 2] = {"shoal"};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(125);
    }
    setpgid(0, 0);
    const char *name = cli->program != NULL ? cli->program : "shoal";
    snprintf(program, sizeof program, "%s/%s", build != NULL ? build : "build", name);
    for (int i = 0; i < 3; i++) {
        become_descriptor(fds[i], i);
    }
    close_range(3, ~0u, 0);
    for (int i = 0; i < CLI_ARGUMENTS_MAX && arguments[i] != NULL; i++) {
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    for (size_t i = 0; i < 4 && cli->environment[i] != NULL; i++) {
        putenv((char *)(uintptr_t)cli->environment[i]);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (cli->prepare != NULL && !cli->prepare(cli)) {
        _exit(126);
    }
    execv(program, argv);
    fprintf(stderr, "cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

/* A pipe: ours is kept here, the program's is returned. */
static int open_pipe(int *ours, int ours_index)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    *ours = ends[ours_index];
    return ends[1 - ours_index];
}

void cli_start(struct cli *cli, const char *const *arguments)
{
    ck_assert_msg(cli->pid == 0, "the run before goes on");
    forget_run(cli);
    cli->out.text = calloc(1, 1);
    cli->err.text = calloc(1, 1);
    int fds[3] = {-1, cli->out_fd, cli->err_fd};
    if (!cli->stdin_closed) {
        fds[0] = cli->feeds ? open_pipe(&cli->in, 1) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (cli->out_fd == 0) {
        fds[1] = open_pipe(&cli->out.fd, 0);
    }
    if (cli->err_fd == 0) {
        fds[2] = open_pipe(&cli->err.fd, 0);
    }
    pid_t parent = getpid();
    fflush(NULL);
    cli->pid = fork();
    ck_assert_int_ge(cli->pid, 0);
    if (cli->pid == 0) {
        become_program(cli, arguments, parent, fds);
    }
    setpgid(cli->pid, cli->pid); /* whoever of the two is first */
    cli->pid_fd = pidfd_open(cli->pid, 0);
    ck_assert_int_ge(cli->pid_fd, 0);
    close_fd(&fds[0]);
    if (cli->out_fd == 0) {
        close_fd(&fds[1]);
    }
    if (cli->err_fd == 0) {
        close_fd(&fds[2]);
    }
    if (cli->in >= 0) {
        fcntl(cli->in, F_SETFL, O_NONBLOCK);
    }
}

/* ---- reading and waiting ---- */

static void read_stream(struct stream *stream)
{
    enum { PIECE = 65536 };
    char *larger = realloc(stream->text, stream->bytes + PIECE + 1);
    ck_assert_ptr_nonnull(larger);
    stream->text = larger;
    ssize_t got = read(stream->fd, stream->text + stream->bytes, PIECE);
    if (got <= 0) {
        close_fd(&stream->fd);
        got = 0;
    }
    stream->bytes += (size_t)got;
    stream->text[stream->bytes] = '\0';
}

/* Reads what there is, and waits for it no longer than so. Returns whether the process has ended. */
static bool look(struct cli *cli, int ms)
{
    struct pollfd polled[3] = {{.fd = cli->pid_fd, .events = POLLIN},
                               {.fd = cli->out.fd, .events = POLLIN},
                               {.fd = cli->err.fd, .events = POLLIN}};
    if (poll(polled, 3, ms) <= 0) {
        return false;
    }
    if (polled[1].revents != 0) {
        read_stream(&cli->out);
    }
    if (polled[2].revents != 0) {
        read_stream(&cli->err);
    }
    return polled[0].revents != 0;
}

static void expect_time_left(struct cli *cli, int64_t deadline_ms, const char *what)
{
    ck_assert_msg(now_ms() < deadline_ms, "%s: not in time; standard output:\n%.2000s\nstandard error:\n%.2000s", what,
                  cli->out.text, cli->err.text);
}

/* No process of the run is left. Those whose parent was killed are dying; they are ours now: cli_begin(). */
static void expect_group_gone(pid_t group, bool was_killed)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    for (pid_t orphan; (orphan = waitpid(-group, NULL, WNOHANG)) >= 0;) {
        ck_assert_msg(was_killed && now_ms() < deadline_ms, "a process of the run is left");
        if (orphan == 0) {
            sched_yield();
        }
    }
    ck_assert_msg(kill(-group, 0) != 0, "a process of the run is left");
}

/* The process has ended and was not yet reaped. */
static void reap(struct cli *cli)
{
    int status;
    pid_t group = cli->pid;
    ck_assert_int_eq(waitpid(cli->pid, &status, 0), cli->pid);
    cli->exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    cli->pid = 0;
    close_fd(&cli->in);
    expect_group_gone(group, WIFSIGNALED(status) || cli->exit_status == FAULT_EXIT_STATUS);
    ck_assert_msg(shm_names_are_gone(), "a name is left in /dev/shm");
}

int cli_wait(struct cli *cli)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (!look(cli, LOOK_MS * 20)) {
        expect_time_left(cli, deadline_ms, "the end");
    }
    reap(cli);
    /* Nobody has the other ends now: they have an end. */
    while (cli->out.fd >= 0 || cli->err.fd >= 0) {
        look(cli, 0);
        expect_time_left(cli, deadline_ms, "the end of the output");
    }
    return cli->exit_status;
}

int cli_run(struct cli *cli, const char *const *arguments)
{
    cli_start(cli, arguments);
    return cli_wait(cli);
}

bool cli_ends_within(struct cli *cli, int ms)
{
    int64_t deadline_ms = now_ms() + ms;
    for (int64_t left_ms = ms; left_ms >= 0; left_ms = deadline_ms - now_ms()) {
        if (look(cli, (int)left_ms)) {
            return true;
        }
    }
    return false;
}

void cli_await_lines(struct cli *cli, struct stream *stream, size_t lines)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (count_lines(stream->text) < lines) {
        expect_time_left(cli, deadline_ms, "lines");
        ck_assert_msg(stream->fd >= 0, "ended with %zu of %zu lines:\n%.2000s", count_lines(stream->text), lines,
                      cli->err.text);
        look(cli, LOOK_MS);
    }
}

void cli_await_in_flight(struct cli *cli, uint32_t count)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    struct origin_counts counts;
    for (origin_counts_read(&cli->origin, &counts); counts.in_flight < count;
         origin_counts_read(&cli->origin, &counts)) {
        expect_time_left(cli, deadline_ms, "requests in flight");
        look(cli, LOOK_MS);
    }
}

void cli_await_requests(struct cli *cli, uint64_t count)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    struct origin_counts counts;
    for (origin_counts_read(&cli->origin, &counts); counts.requests < count;
         origin_counts_read(&cli->origin, &counts)) {
        expect_time_left(cli, deadline_ms, "requests");
        look(cli, LOOK_MS);
    }
}

void cli_feed(struct cli *cli, const char *bytes, size_t count)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    while (count > 0) {
        ssize_t written = write(cli->in, bytes, count);
        if (written < 0) {
            ck_assert_msg(errno == EAGAIN, "standard input: %s", strerror(errno));
            expect_time_left(cli, deadline_ms, "room in standard input");
            look(cli, 1);
            continue;
        }
        bytes += written;
        count -= (size_t)written;
    }
}

void cli_feed_text(struct cli *cli, const char *text)
{
    cli_feed(cli, text, strlen(text));
}

void cli_close_input(struct cli *cli)
{
    close_fd(&cli->in);
}

size_t cli_workers(struct cli *cli, pid_t workers[CLI_WORKERS_MAX])
{
    char path[64];
    size_t count = 0;
    int pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)cli->pid, (int)cli->pid);
    FILE *children = fopen(path, "re");
    ck_assert_ptr_nonnull(children);
    while (count < CLI_WORKERS_MAX && fscanf(children, "%d", &pid) == 1) {
        workers[count++] = pid;
    }
    fclose(children);
    ck_assert_uint_gt(count, 0);
    return count;
}

/* ---- what came out ---- */

size_t count_text(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

size_t count_lines(const char *text)
{
    return count_text(text, "\n");
}

const char *line_at(const char *text, size_t index)
{
    static char line[32768];
    for (; index > 0; index--) {
        text = strchr(text, '\n');
        ck_assert_msg(text != NULL, "there is no such line");
        text++;
    }
    snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
    return line;
}

/* "  A fetched, F failed: NAME N, NAME N" */
static void expect_failures(const char *line, uint64_t total, uint64_t failed)
{
    unsigned long long fetched;
    unsigned long long said;
    int end = 0;
    ck_assert_msg(sscanf(line, "  %llu fetched, %llu failed:%n", &fetched, &said, &end) == 2 && end > 0, "%s", line);
    ck_assert_msg(fetched + said == total && said == failed, "%s: should be %llu of %llu", line,
                  (unsigned long long)failed, (unsigned long long)total);
    unsigned long long sum = 0;
    for (const char *at = line + end; *at != '\0';) {
        char name[32];
        unsigned long long count;
        ck_assert_msg(sscanf(at, " %31[a-z-] %llu%n", name, &count, &end) == 2, "%s", line);
        at += end + (at[end] == ',');
        sum += count;
    }
    ck_assert_msg(sum == failed, "%s: the parts are %llu", line, sum);
}

void cli_expect_outcomes(struct cli *cli, uint64_t total, uint64_t failed)
{
    uint64_t reads = 0;
    uint64_t failures = 0;
    for (const char *at = cli->out.text; at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
        ck_assert_msg(strncmp(at, "Read ", 5) == 0 && strchr(at, '\n') != NULL, "%.200s", at);
        reads++;
    }
    failures = count_text(cli->err.text, "\nFailed ") + (strncmp(cli->err.text, "Failed ", 7) == 0);
    ck_assert_msg(reads + failures == total && failures == failed,
                  "%llu read, %llu failed, should be %llu of %llu failed:\n%.4000s", (unsigned long long)reads,
                  (unsigned long long)failures, (unsigned long long)failed, (unsigned long long)total, cli->err.text);
    const char *summary = strstr(cli->err.text, "Download ");
    unsigned long long sites;
    int end = 0;
    ck_assert_msg(summary != NULL && sscanf(summary, "Download %llu sites in %*u.%*6u seconds%n", &sites, &end) == 1 &&
                      end > 0 && summary[end] == '\n',
                  "%.500s", cli->err.text);
    ck_assert_uint_eq(sites, total);
    size_t lines = count_lines(summary);
    if (failed > 0) {
        expect_failures(line_at(summary, 1), total, failed);
        lines--;
    }
    /* The last line may say why the run could not go on. */
    ck_assert_msg(lines == 1 || (lines == 2 && strncmp(line_at(summary, failed > 0 ? 2 : 1), "shoal", 5) == 0), "%s",
                  summary);
}

void cli_expect_each_once(const struct stream *stream, const char *before, size_t count)
{
    unsigned char *seen = calloc(count, 1);
    ck_assert_ptr_nonnull(seen);
    size_t before_bytes = strlen(before);
    for (const char *at = stream->text; (at = strstr(at, before)) != NULL;) {
        char *end;
        at += before_bytes;
        unsigned long number = strtoul(at, &end, 10);
        ck_assert_msg(end > at && number < count, "%.100s", at);
        ck_assert_msg(seen[number]++ == 0, "%s%lu is there twice", before, number);
    }
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(seen[i] == 1, "%s%zu is not there", before, i);
    }
    free(seen);
}

void cli_expect_complaint(struct cli *cli, const char *part)
{
    ck_assert_msg(count_lines(cli->err.text) == 1 && cli->err.text[cli->err.bytes - 1] == '\n',
                  "not one line for \"%s\":\n%s", part, cli->err.text);
    ck_assert_msg(strstr(cli->err.text, part) != NULL, "\"%s\" is not in: %s", part, cli->err.text);
    ck_assert_msg(cli->out.bytes == 0, "%.200s", cli->out.text);
}

/* ---- the suite ---- */

int cli_suite_main(Suite *suite)
{
    const char *base = getenv("TMPDIR");
    snprintf(suite_directory, sizeof suite_directory, "%.40s/shoal-cli-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(suite_directory) == NULL) {
        fprintf(stderr, "cannot make %s: %s\n", suite_directory, strerror(errno));
        return EXIT_FAILURE;
    }
    SRunner *runner = srunner_create(suite);
    if (pidfds_are_here())
        srunner_run_all(runner, CK_ENV);
    int status = srunner_ntests_failed(runner) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    srunner_free(runner);
    nftw(suite_directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return status;
}
