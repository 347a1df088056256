/* The coordinator dies at every place where it could hurt, each way to go: its workers go too, and nothing of it
 * stays in /dev/shm. Stopped, and woken again, it has lost nothing. Needs SHOAL_FAULTS (common/fault.h).
 *
 * A host program of its own, forked by each case, does all that a coordinator can do, so that it passes every place: host(). */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fault.h"
#include "tests/support/command.h"
#include "tests/support/faults.h"

#define FUTURES_MAX 64
#define PIDS 16

static struct rig rig;
static struct future *futures[FUTURES_MAX];
static uint8_t heard[FUTURES_MAX];
static int count;

static void hear(struct future *future, void *context)
{
    uint8_t *times = context;
    ck_assert(future_done(future));
    ++*times;
}

/* ---- the host program ---- */

static struct future *submit(const char *path)
{
    struct future *future = rig_submit(&rig, "%s", path);
    ck_assert_int_eq(future_add_done_callback(future, hear, &heard[count]), STATUS_OK);
    return futures[count++] = future;
}

static void wait_for_all(void)
{
    for (int i = 0; i < count; i++) {
        const struct fetch_result *result;
        enum status status = future_result(futures[i], NET_MS, &result);
        ck_assert_msg(status == STATUS_OK || status == STATUS_FAILED || status == STATUS_CANCELLED, "%s",
                      status_name(status));
        ck_assert_int_eq(heard[i], 1);
        future_release(futures[i]);
    }
    memset(heard, 0, sizeof heard);
    count = 0;
}

static void signal_workers(int number)
{
    pid_t pids[PIDS];
    size_t workers = children_of_self(&rig.origin, pids, PIDS);
    for (size_t i = 0; i < workers && i < PIDS; i++)
        kill(pids[i], number);
}

/* More than fits into the memory, so that pages are given back while others wait for them. */
static void fetch_large_ones(void)
{
    for (int i = 0; i < 12; i++)
        submit("/bytes/400000");
    wait_for_all();
}

/* Eight run, the ninth waits in the ring. */
static void cancel_some(void)
{
    for (int i = 0; i < 9; i++)
        submit("/never");
    for (int i = 0; i < 8; i++)
        run_until_running(rig.executor, futures[i]);
    for (int i = 8; i >= 0; i--)
        ck_assert(future_cancel(futures[i]));
    wait_for_all();
}

/* What they held is tried again, alone. */
static void lose_workers(int number)
{
    for (int i = 0; i < 2; i++)
        submit("/delay/200/bytes/10");
    for (int i = 0; i < 2; i++) {
        while (!future_running(futures[i]) && !future_done(futures[i]))
            executor_run(rig.executor, 5);
    }
    signal_workers(number);
    wait_for_all();
}

static void host_open(enum executor_on_worker_death on_death)
{
    rig.options.memory_bytes_max = 1u << 20;
    rig.options.hang_time_ms = 300;
    rig.options.on_worker_death = on_death;
    rig_open(&rig);
}

static void host_close(void)
{
    executor_close(rig.executor);
    rig.executor = NULL;
}

_Noreturn static void host(void)
{
    host_open(EXECUTOR_ISOLATE);
    fetch_large_ones();
    cancel_some();
    lose_workers(SIGSEGV);
    lose_workers(SIGSTOP);
    host_close();
    host_open(EXECUTOR_BREAK);
    lose_workers(SIGKILL);
    host_close();
    _exit(EXIT_SUCCESS);
}

/* ---- its end ---- */

static pid_t start_host(const struct fault_row *row, int nth, const char *action)
{
    fflush(NULL);
    pid_t parent = getpid();
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    fault_set(row->name, nth, action);
    host();
}

static void expect_end(const struct fault_row *row, const char *action, int status)
{
    bool as_meant = (strcmp(action, "kill") == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
                    (strcmp(action, "segv") == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) ||
                    (strcmp(action, "exit") == 0 && WIFEXITED(status) && WEXITSTATUS(status) == FAULT_EXIT_STATUS) ||
                    (strcmp(action, "stop") == 0 && WIFSTOPPED(status));
    ck_assert_msg(as_meant, "%s: the host did not end by %s: wait status %x", row->name, action, (unsigned)status);
}

static void die(const struct fault_row *row, const char *action)
{
    static const int PASSES[] = {1, 2};
    for (size_t i = 0; i < sizeof PASSES / sizeof PASSES[0]; i++) {
        int status;
        pid_t pid = start_host(row, PASSES[i], action);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        bool may_be_missed = i > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0; /* passed once only */
        if (!may_be_missed)
            expect_end(row, action, status);
        ck_assert_msg(children_are_gone(), "%s: its workers are left", row->name);
    }
}

/* Stopped and woken: all goes on. Stopped and killed: as a death. */
static void stop(const struct fault_row *row, const char *action)
{
    for (int is_woken = 0; is_woken < 2; is_woken++) {
        int status;
        pid_t pid = start_host(row, 1, action);
        ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
        expect_end(row, action, status);
        kill(pid, is_woken ? SIGCONT : SIGKILL);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(!is_woken || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "%s: wait status %x", row->name,
                      (unsigned)status);
        ck_assert_msg(children_are_gone(), "%s: its workers are left", row->name);
    }
}

/* ---- what stays ---- */

START_TEST(a_coordinator_that_dies_anywhere_leaves_nothing)
{
    bool is_private = enter_private_shm(64u << 10);
    rig_begin(&rig, EXECUTOR_PROCESSES);
    faults_try(FAULT_COORDINATOR, FAULT_ACTIONS[_i], _i == FAULT_STOP ? stop : die);
    ck_assert(!is_private || shm_names_are_gone()); /* else it could be another suite's */
    origin_stop(&rig.origin);
}
END_TEST

/* ---- bodies that are saved ---- */

/* Whatever has a final name is whole. */
static void expect_whole_bodies(const char *path)
{
    int whole = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        struct stat about;
        if (strncmp(entry->d_name, ".", 1) == 0) /* .shoal-*.part too */
            continue;
        ck_assert_int_eq(fstatat(dirfd(directory), entry->d_name, &about, 0), 0);
        ck_assert_int_eq(about.st_size, 100000);
        whole++;
    }
    ck_assert_int_ge(whole, 1); /* it died saving the second */
    if (directory != NULL)
        closedir(directory);
}

static void die_saving(const struct fault_row *row, const char *action)
{
    struct cli cli;
    char fault[64];
    char bytes[CLI_PATH_BYTES];
    bool is_stop = strcmp(action, "stop") == 0;
    cli_begin(&cli);
    snprintf(fault, sizeof fault, "FAULT=%s:2:%s", row->name, action);
    cli.environment[0] = fault;
    for (int i = 0; i < 4; i++)
        fprintf(cli_list(&cli), "%s/bytes/100000?%d\n", cli.url, i);
    const char *directory = cli_path(&cli, "saved");
    CLI_START(&cli, "fetch", "-i", cli_list_path(&cli), "-O", directory);
    if (is_stop) {
        siginfo_t about;
        ck_assert_int_eq(waitid(P_PID, (id_t)cli.pid, &about, WSTOPPED | WNOWAIT), 0);
        kill(cli.pid, SIGCONT);
    }
    int status = cli_wait(&cli);
    int expected = is_stop                       ? 0
                   : strcmp(action, "kill") == 0 ? 128 + SIGKILL
                   : strcmp(action, "segv") == 0 ? 128 + SIGSEGV
                                                 : FAULT_EXIT_STATUS;
    ck_assert_msg(status == expected, "%s: exit status %d", row->name, status);
    snprintf(bytes, sizeof bytes, "%s/127.0.0.1+%d/bytes", directory, cli.origin.port);
    expect_whole_bodies(bytes);
    cli_end(&cli);
}

START_TEST(a_program_that_dies_while_it_saves_leaves_whole_bodies_alone)
{
    faults_try(FAULT_PROGRAM, FAULT_ACTIONS[_i], die_saving);
}
END_TEST

int main(void)
{
    if (!processes_are_tested("faults_coordinator"))
        return EXIT_SUCCESS;
    Suite *suite = suite_create("faults coordinator");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, a_coordinator_that_dies_anywhere_leaves_nothing, 0, FAULT_ACTION_COUNT);
    tcase_add_loop_test(tests, a_program_that_dies_while_it_saves_leaves_whole_bodies_alone, 0, FAULT_ACTION_COUNT);
    suite_add_tcase(suite, tests);
    return cli_suite_main(suite);
}
