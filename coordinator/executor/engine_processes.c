/* engine_processes.c: a worker is a forked process: its crash is its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "common/fault.h"
#include "common/roster.h"
#include "coordinator/executor/pool.h"

/* Workers decide nothing about signals: the terminal's go to the coordinator. SIGTERM ends one at once. */
static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < SIGRTMAX; number++)
        sigaction(number, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGPIPE, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Closes all but stderr and those few in keep[], which is in rising order. */
static void close_others(const int *keep, int count)
{
    unsigned from = STDERR_FILENO + 1;
    for (int i = 0; i < count; i++) {
        if (keep[i] < (int)from)
            continue;
        if ((unsigned)keep[i] > from)
            close_range(from, (unsigned)keep[i] - 1, 0);
        from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0u, 0);
}

static void sort(int *numbers, int count)
{
    for (int i = 1; i < count; i++) {
        for (int j = i; j > 0 && numbers[j - 1] > numbers[j]; j--) {
            int swapped = numbers[j];
            numbers[j] = numbers[j - 1];
            numbers[j - 1] = swapped;
        }
    }
}

/* Standard input and output are the coordinator's: a worker that held them would keep a closed pipe open. */
static void leave_stdio(void)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0)
        return;
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    close(nowhere);
}

_Noreturn static void run_child(struct executor *executor, uint32_t index, pid_t parent)
{
    FAULT_POINT("child.begun");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(WORKER_ORPHANED); /* it died between fork and prctl */
    reset_signals();
    leave_stdio();
    char name[16];
    snprintf(name, sizeof name, "shoal-worker%u", (unsigned)index % 1000);
    prctl(PR_SET_NAME, name);
    struct worker_config config;
    pool_worker_config(executor, index, &config);
    int keep[] = {config.doorbell_fd, config.done_fd, config.lifeline_fd, config.shared->body_fd};
    sort(keep, (int)(sizeof keep / sizeof keep[0]));
    close_others(keep, (int)(sizeof keep / sizeof keep[0]));
    struct worker *worker;
    FAULT_POINT("child.before_open");
    enum status status = worker_open(&worker, &config);
    if (status != STATUS_OK)
        _exit(status == STATUS_INVALID_ARGUMENT ? WORKER_CONFIG : WORKER_SHORT);
    worker_confine(worker); /* libcurl has begun, nothing of the network has come in */
    FAULT_POINT("child.confined");
    enum worker_exit code = worker_run(worker);
#ifdef SHOAL_SANITIZED
    worker_close(worker); /* else the kernel takes all back, and faster */
#endif
    _exit((int)code);
}

static enum status processes_start(struct executor *executor, uint32_t index)
{
    struct pool_worker *worker = &executor->workers[index];
    pid_t parent = getpid();
    atomic_store_explicit(&executor->shared.roster[index].incarnation, worker->incarnation, memory_order_release);
    FAULT_POINT("fork.before");
    /* A signal that finds the child before it has reset its handlers would call the host's, in the child. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    int error = errno;
    if (pid != 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    if (pid < 0)
        return STATUS_SYSTEM;
    if (pid == 0)
        run_child(executor, index, parent);
    /* if we die here: the child sees another parent, or PDEATHSIG ends it. */
    FAULT_POINT("fork.after");
    worker->pid = pid;
    worker->pid_fd = descriptor_above_stdio(pidfd_open(pid, 0));
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    if (worker->pid_fd >= 0 && epoll_ctl(executor->epoll_fd, EPOLL_CTL_ADD, worker->pid_fd, &event) != 0) {
        close(worker->pid_fd); /* we are blind for its end, and must know it: see is_blind() */
        worker->pid_fd = -1;
    }
    return STATUS_OK;
}

static void forget(struct pool_worker *worker)
{
    if (worker->pid_fd >= 0)
        close(worker->pid_fd); /* leaves the poll set too: nobody else has a copy */
    worker->pid_fd = -1;
    worker->pid = 0;
}

static bool processes_has_ended(struct executor *executor, uint32_t index, int *wait_status)
{
    struct pool_worker *worker = &executor->workers[index];
    pid_t pid = waitpid(worker->pid, wait_status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno != ECHILD))
        return false;
    if (pid < 0)
        *wait_status = SIGKILL; /* the host program ignores SIGCHLD: it ended, nobody knows how */
    forget(worker);
    return true;
}

static void processes_kill(struct executor *executor, uint32_t index, int signal)
{
    if (executor->workers[index].pid > 0)
        kill(executor->workers[index].pid, signal);
}

static void processes_join(struct executor *executor, uint32_t index)
{
    struct pool_worker *worker = &executor->workers[index];
    while (worker->pid > 0) {
        int wait_status = 0;
        pid_t pid = waitpid(worker->pid, &wait_status, WUNTRACED);
        if (pid > 0 && WIFSTOPPED(wait_status))
            kill(worker->pid, SIGCONT); /* one that was told to end, not killed, and stopped only then */
        else if (pid > 0 || errno != EINTR)
            break;
    }
    forget(worker);
}

const struct engine_ops engine_processes = {
    .name = "processes",
    .start = processes_start,
    .has_ended = processes_has_ended,
    .kill = processes_kill,
    .join = processes_join,
};
