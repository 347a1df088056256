/* stepper.c: another process, run instruction by instruction, and killed between two of them. */
#include "tests/support/stepper.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define PC_OF(registers) ((registers).rip)
#elif defined(__aarch64__)
#define PC_OF(registers) ((registers).pc)
#endif

static bool read_pc(struct stepper *stepper)
{
#ifdef PC_OF
    struct user_regs_struct registers;
    struct iovec into = {.iov_base = &registers, .iov_len = sizeof registers};
    if (ptrace(PTRACE_GETREGSET, stepper->pid, (void *)(uintptr_t)NT_PRSTATUS, &into) != 0)
        return false;
    stepper->pc = PC_OF(registers);
    return true;
#else
    (void)stepper;
    return false;
#endif
}

/* Waits for its next stop; false when it is gone. */
static bool await_stop(const struct stepper *stepper, int *status)
{
    pid_t pid;
    do
        pid = waitpid(stepper->pid, status, __WALL);
    while (pid < 0 && errno == EINTR);
    return pid == stepper->pid && WIFSTOPPED(*status);
}

bool stepper_await_sleep(const struct stepper *stepper)
{
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)stepper->pid);
    for (;;) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return false;
        ssize_t got = read(fd, text, sizeof text - 1);
        close(fd);
        if (got <= 0)
            return false;
        text[got] = '\0';
        const char *state = strrchr(text, ')'); /* "pid (name) state ..." */
        if (!state || state[1] == '\0' || state[2] == 'Z')
            return false;
        if (state[2] == 'S')
            return true;
        sched_yield();
    }
}

bool stepper_seize(struct stepper *stepper)
{
    int status;
    stepper->pending = 0;
    return ptrace(PTRACE_SEIZE, stepper->pid, NULL, (void *)PTRACE_O_EXITKILL) == 0 &&
           ptrace(PTRACE_INTERRUPT, stepper->pid, NULL, NULL) == 0 && await_stop(stepper, &status) && read_pc(stepper);
}

bool stepper_adopt(struct stepper *stepper)
{
    int status;
    stepper->pending = 0;
    if (!await_stop(stepper, &status))
        return false;
    while (WSTOPSIG(status) != SIGSTOP) { /* another signal came first: SIGCHLD */
        ptrace(PTRACE_CONT, stepper->pid, NULL, (void *)(intptr_t)WSTOPSIG(status));
        if (!await_stop(stepper, &status))
            return false;
    }
    return ptrace(PTRACE_SETOPTIONS, stepper->pid, NULL, (void *)PTRACE_O_EXITKILL) == 0 && read_pc(stepper);
}

enum steps_end stepper_run(struct stepper *stepper, uint64_t count, uint64_t end)
{
    for (uint64_t i = 0; i < count; i++) {
        int status;
        int with = stepper->pending;
        stepper->pending = 0;
        if (ptrace(PTRACE_SINGLESTEP, stepper->pid, NULL, (void *)(intptr_t)with) != 0 || !await_stop(stepper, &status))
            return STEPS_GONE;
        if (WSTOPSIG(status) == SIGSTOP)
            return STEPS_STOPPED;
        if (WSTOPSIG(status) != SIGTRAP)
            stepper->pending = WSTOPSIG(status); /* its own affair: it gets it */
        if (end && (!read_pc(stepper) || stepper->pc == end))
            return STEPS_AT_END;
    }
    return read_pc(stepper) ? STEPS_DONE : STEPS_GONE;
}

/* From the stop of an interruption no signal can be handed over: so it is sent, and handed over when it arrives, which is before
 * the next instruction. */
void stepper_kill(struct stepper *stepper, int signal)
{
    int status;
    kill(stepper->pid, signal);
    ptrace(PTRACE_CONT, stepper->pid, NULL, NULL);
    while (await_stop(stepper, &status)) {
        int with = WSTOPSIG(status) == signal ? signal : 0;
        ptrace(PTRACE_CONT, stepper->pid, NULL, (void *)(intptr_t)with);
    }
}

bool stepper_is_permitted(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    struct stepper stepper = {.pid = pid};
    bool is_permitted = pid > 0 && stepper_seize(&stepper);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, __WALL);
    }
    return is_permitted;
}

/* ---- where it was killed ---- */

bool tally_add(struct tally *tally, uint64_t pc)
{
    if (tally->kills == tally->room) {
        size_t room = tally->room ? tally->room * 2 : 1024;
        uint64_t *pcs = realloc(tally->pcs, room * sizeof *pcs);
        if (!pcs)
            return false;
        tally->pcs = pcs;
        tally->room = room;
    }
    tally->pcs[tally->kills++] = pc;
    return true;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

size_t tally_distinct(struct tally *tally)
{
    size_t distinct = 0;
    if (!tally->kills)
        return 0;
    qsort(tally->pcs, tally->kills, sizeof *tally->pcs, compare);
    for (size_t i = 0; i < tally->kills; i++)
        distinct += i == 0 || tally->pcs[i] != tally->pcs[i - 1];
    return distinct;
}

void tally_free(struct tally *tally)
{
    free(tally->pcs);
    *tally = (struct tally){0};
}
