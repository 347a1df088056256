/* DESIGN. The run is our own program, executed anew: nothing of this process is in its memory, and what is measured is what
 * the user gets from the command line that we print, but for its lines, which it counts instead of writing them. Its clock begins before the fork and ends when its descriptor says
 * that it is gone; its CPU time comes with its exit status, workers included, as it reaps them. It dies with us. It is a process
 * group of its own: Ctrl-C is for us, and SIGKILL ends the coordinator and its workers at once; its shared memory has no
 * name. Workers that lost their coordinator become our children (PR_SET_CHILD_SUBREAPER), so none is left when a run is
 * over. */
#include "coordinator/compare/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "coordinator/base/exit_status.h"
#include "coordinator/compare/footprint.h"

#define ARGUMENT_BYTES 48
#define OWN_ARGUMENTS 16 /* more than are ever put */
#define CANNOT_EXECUTE 127
#define WATCH_MS 1000 /* the longest sleep beside a run */

/* A run that is under way. */
struct child {
    pid_t pid;
    int pid_fd;
    int err_fd; /* what it says on standard error; -1: ended */
    int64_t began_ns;
    struct footprint footprint;
    bool is_held_up; /* we were stopped (Ctrl-Z) while it ended: nobody knows when that was */
    char said[512];  /* the end of that */
    size_t said_bytes;
};

enum status runner_open(struct runner *runner)
{
    runner->tally = NULL;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    runner->tally_fd = memfd_create("shoal-tally", MFD_CLOEXEC);
    if (runner->tally_fd < 0 || ftruncate(runner->tally_fd, sizeof *runner->tally) != 0)
        return STATUS_SYSTEM;
    runner->tally = mmap(NULL, sizeof *runner->tally, PROT_READ | PROT_WRITE, MAP_SHARED, runner->tally_fd, 0);
    if (runner->tally == MAP_FAILED) {
        runner->tally = NULL;
        return STATUS_SYSTEM;
    }
    return STATUS_OK;
}

void runner_close(struct runner *runner)
{
    if (runner->tally != NULL)
        munmap(runner->tally, sizeof *runner->tally);
    runner->tally = NULL;
    if (runner->tally_fd >= 0)
        close(runner->tally_fd);
    runner->tally_fd = -1;
}

/* ---- the command ---- */

struct command {
    const char **arguments; /* ended by NULL; an array of its own */
    char texts[4][ARGUMENT_BYTES];
    char *crash;
};

static void command_free(struct command *command)
{
    free((void *)command->arguments);
    free(command->crash);
}

static bool command_make(struct command *command, const struct runner *runner, const struct design *design)
{
    const struct list *list = runner->list;
    size_t operands = list->path == NULL ? (size_t)list->url_count : 0;
    *command = (struct command){0};
    if (runner->crash_url != NULL && asprintf(&command->crash, "--crash-url=%s", runner->crash_url) < 0)
        return false;
    command->arguments = calloc(OWN_ARGUMENTS + runner->passed_count + operands, sizeof *command->arguments);
    if (command->arguments == NULL)
        return false;
    size_t count = 0;
    snprintf(command->texts[0], ARGUMENT_BYTES, "--engine=%s", design_engine_name(design->engine));
    snprintf(command->texts[1], ARGUMENT_BYTES, "--workers=%u", (unsigned)design->workers);
    snprintf(command->texts[2], ARGUMENT_BYTES, "--concurrency=%u", (unsigned)design->in_flight);
    snprintf(command->texts[3], ARGUMENT_BYTES, "--tally=%d", runner->tally_fd);
    const char *own[] = {"shoal",           "fetch",           "--quiet",        command->texts[0],
                         command->texts[1], command->texts[2], command->texts[3]};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        command->arguments[count++] = own[i];
    for (size_t i = 0; i < runner->passed_count; i++)
        command->arguments[count++] = runner->passed[i];
    if (command->crash != NULL)
        command->arguments[count++] = command->crash;
    if (list->path != NULL) {
        command->arguments[count++] = "--input";
        command->arguments[count++] = list->path;
    } else {
        command->arguments[count++] = "--";
    }
    for (size_t i = 0; i < operands; i++)
        command->arguments[count++] = list->urls[i];
    return true;
}

/* ---- the process ---- */

static void keep_open(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, 0);
}

/* In the child: only calls that are safe after a fork, then the program. */
_Noreturn static void become_fetch(const struct runner *runner, const struct command *command, int null_fd, int err_fd,
                                   pid_t parent)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    struct rlimit none = {0, 0};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(CANNOT_EXECUTE);
    sigaction(SIGPIPE, &usual, NULL);
    sigprocmask(SIG_SETMASK, &runner->signals->mask_before, NULL);
    if (runner->crash_url != NULL)
        setrlimit(RLIMIT_CORE, &none);
    dup2(null_fd, STDIN_FILENO);
    dup2(null_fd, STDOUT_FILENO);
    dup2(err_fd, STDERR_FILENO);
    keep_open(runner->tally_fd);
    keep_open(runner->list->fd);
    execv("/proc/self/exe", (char *const *)(uintptr_t)command->arguments);
    dprintf(STDERR_FILENO, "cannot execute /proc/self/exe: %s\n", strerror(errno));
    _exit(CANNOT_EXECUTE);
}

static enum status fail(char *why, size_t why_bytes, const char *call)
{
    snprintf(why, why_bytes, "cannot start a run: %s: %s", call, strerror(errno));
    return STATUS_SYSTEM;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Whatever came of it, the child's descriptors are its own to close: child_close(). */
static enum status child_start(struct child *child, const struct runner *runner, const struct command *command,
                               char *why, size_t why_bytes)
{
    int pipe_fds[2] = {-1, -1};
    pid_t parent = getpid();
    *child = (struct child){.pid_fd = -1, .err_fd = -1};
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0 || pipe2(pipe_fds, O_CLOEXEC) != 0) {
        enum status status = fail(why, why_bytes, null_fd < 0 ? "/dev/null" : "pipe");
        close_fd(&null_fd);
        return status;
    }
    child->began_ns = clock_now_ns();
    child->pid = fork();
    if (child->pid == 0)
        become_fetch(runner, command, null_fd, pipe_fds[1], parent);
    int fork_errno = errno;
    close(null_fd);
    close(pipe_fds[1]);
    child->err_fd = pipe_fds[0];
    fcntl(child->err_fd, F_SETFL, O_NONBLOCK);
    if (child->pid < 0) {
        errno = fork_errno;
        return fail(why, why_bytes, "fork");
    }
    setpgid(child->pid, child->pid); /* whoever comes first */
    child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pid_fd < 0)
        return fail(why, why_bytes, "pidfd_open");
    footprint_begin(&child->footprint, child->pid, child->began_ns);
    return STATUS_OK;
}

/* Keeps the last bytes of what the run says. */
static void child_listen(struct child *child)
{
    char text[1024];
    ssize_t got = child->err_fd < 0 ? 0 : read(child->err_fd, text, sizeof text);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&child->err_fd);
    for (ssize_t i = 0; i < got; i++) {
        if (child->said_bytes == sizeof child->said - 1) {
            memmove(child->said, child->said + 1, sizeof child->said - 2);
            child->said_bytes--;
        }
        child->said[child->said_bytes++] = text[i];
    }
}

/* Waits until the child is gone. False: it was stopped, for a signal or because it took too long. */
static bool child_watch(struct child *child, struct runner *runner, int64_t cut_ns)
{
    int64_t end_ns = cut_ns > 0 ? child->began_ns + cut_ns : DEADLINE_NEVER;
    for (int64_t seen_ns = child->began_ns;; seen_ns = clock_now_ns()) {
        int64_t wake_ns = child->footprint.next_ns < end_ns ? child->footprint.next_ns : end_ns;
        struct pollfd polled[] = {{.fd = child->pid_fd, .events = POLLIN},
                                  {.fd = runner->signals->fd, .events = POLLIN},
                                  {.fd = child->err_fd, .events = POLLIN}};
        poll(polled, 3, clock_left_ms(wake_ns, WATCH_MS));
        child->is_held_up = clock_now_ns() - seen_ns > 3 * WATCH_MS * NS_PER_MS;
        if (polled[2].revents != 0)
            child_listen(child);
        if (polled[0].revents != 0)
            return true;
        if (polled[1].revents != 0 && signals_take(runner->signals) > 0)
            return false;
        int64_t now_ns = clock_now_ns();
        if (now_ns >= end_ns)
            return false;
        footprint_look(&child->footprint, now_ns);
        if (runner->watch != NULL)
            runner->watch(runner->watch_context, runner->tally, now_ns - child->began_ns);
    }
}

static int64_t nanoseconds(const struct timeval *time)
{
    return (int64_t)time->tv_sec * NS_PER_S + (int64_t)time->tv_usec * NS_PER_US;
}

/* Ends what is left of the run, and reaps it. Until its leader is reaped the group's number is its own. */
static int child_reap(struct child *child, struct trial *trial)
{
    struct rusage used = {0};
    int wait_status = 0;
    trial->wall_ns = clock_now_ns() - child->began_ns;
    kill(-child->pid, SIGKILL);
    while (wait4(child->pid, &wait_status, 0, &used) < 0 && errno == EINTR)
        ;
    trial->cpu_ns = nanoseconds(&used.ru_utime) + nanoseconds(&used.ru_stime);
    while (wait4(-child->pid, NULL, 0, &used) > 0) /* orphans: their coordinator has not reaped them */
        trial->cpu_ns += nanoseconds(&used.ru_utime) + nanoseconds(&used.ru_stime);
    trial->memory_bytes = child->footprint.peak_bytes;
    child->pid = 0;
    return wait_status;
}

static void child_close(struct child *child)
{
    struct trial unused;
    if (child->pid > 0)
        child_reap(child, &unused);
    close_fd(&child->pid_fd);
    close_fd(&child->err_fd);
}

/* ---- the trial ---- */

/* The last whole line that was said, without the name of the program. */
static void quote_last_line(struct child *child, char *why, size_t why_bytes)
{
    while (child->err_fd >= 0 && child->said_bytes < sizeof child->said - 1) {
        size_t before = child->said_bytes;
        child_listen(child);
        if (child->said_bytes == before)
            break;
    }
    while (child->said_bytes > 0 && child->said[child->said_bytes - 1] == '\n')
        child->said_bytes--;
    child->said[child->said_bytes] = '\0';
    const char *line = strrchr(child->said, '\n');
    line = line != NULL ? line + 1 : child->said;
    static const char NAME[] = "shoal fetch: ";
    if (strncmp(line, NAME, sizeof NAME - 1) == 0)
        line += sizeof NAME - 1;
    snprintf(why, why_bytes, "%.*s", (int)why_bytes - 1, line);
}

static void read_tally(const struct tally_shm *tally, struct trial *trial)
{
    for (size_t i = 0; i < FETCH_ERROR_COUNT; i++)
        trial->by_error[i] = atomic_load_explicit(&tally->by_error[i], memory_order_relaxed);
    trial->body_bytes = atomic_load_explicit(&tally->body_bytes, memory_order_relaxed);
}

/* How it ended; `finished` needs an outcome for every URL. */
static void judge(struct trial *trial, struct child *child, int wait_status, uint64_t url_count)
{
    trial->exit_status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    trial->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    bool reported = trial->exit_status == EXIT_ALL_FETCHED || trial->exit_status == EXIT_SOME_FAILED;
    quote_last_line(child, trial->why, sizeof trial->why);
    if (trial->exit_status < 0 || trial->exit_status == EXIT_BUG)
        trial->end = TRIAL_DIED;
    else
        trial->end = reported && trial_done(trial) == url_count ? TRIAL_FINISHED : TRIAL_CANNOT_RUN;
    if (reported && trial->end == TRIAL_CANNOT_RUN)
        snprintf(trial->why, sizeof trial->why, "%llu of %llu URLs reported: has the list changed?",
                 (unsigned long long)trial_done(trial), (unsigned long long)url_count);
}

/* One attempt; *is_void: it says nothing, and should be made again. */
static enum status run_once(struct runner *runner, const struct command *command, int64_t cut_ns, struct trial *trial,
                            bool *is_void, char *why, size_t why_bytes)
{
    struct child child;
    *trial = (struct trial){.exit_status = -1};
    memset(runner->tally, 0, sizeof *runner->tally);
    enum status status = child_start(&child, runner, command, why, why_bytes);
    if (status == STATUS_OK) {
        bool is_gone = child_watch(&child, runner, cut_ns);
        int wait_status = child_reap(&child, trial);
        read_tally(runner->tally, trial);
        judge(trial, &child, wait_status, runner->list->url_count);
        bool has_finished = trial->end == TRIAL_FINISHED;
        /* A signal that was meant for us may have hit the run first: that is no run that cannot run. */
        if (runner->signals->first != 0 || (!has_finished && signals_take(runner->signals) > 0))
            status = STATUS_INTERRUPTED;
        else if (!is_gone && !has_finished)
            trial->end = TRIAL_CUT;
    }
    *is_void = status == STATUS_OK && child.is_held_up;
    child_close(&child);
    return status;
}

enum status runner_run(struct runner *runner, const struct design *design, int64_t cut_ns, struct trial *trial,
                       char *why, size_t why_bytes)
{
    struct command command;
    enum status status = STATUS_OUT_OF_MEMORY;
    snprintf(why, why_bytes, "no memory");
    if (command_make(&command, runner, design)) {
        bool is_void;
        do
            status = run_once(runner, &command, cut_ns, trial, &is_void, why, why_bytes);
        while (is_void);
    }
    command_free(&command);
    return status;
}
