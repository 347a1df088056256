/* faults.c: every FAULT_POINT of the sources, who passes it, and a way to try many deaths side by side. */
#include "tests/support/faults.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

#define SIDE_BY_SIDE 8

#define W FAULT_WORKER
#define C FAULT_COORDINATOR
#define D FAULT_IN_DATA
#define P FAULT_PROGRAM
#define G FAULT_OF_GZIP
#define L FAULT_OF_PAGE

const struct fault_row FAULT_ROWS[] = {
    /* the shared memory */
    {"shm.after_open", C, 0, 0},
    {"shm.after_reserve", C, 0, 0},
    /* submit */
    {"place.before_ready", C, 0, 0},
    {"ready.after_store", C, 0, 0},
    {"push.before_tail", C, 0, 0},
    {"push.after_tail", C, 0, 0},
    {"wake.before_post", C, 0, 0},
    {"wake.after_post", C, 0, 0},
    {"ring.after_write", C, 0, 0},
    /* fork */
    {"fork.before", C, 0, 0},
    {"fork.after", C, 0, 0},
    {"child.begun", W, 1, 0},
    {"child.before_open", W, 1, 0},
    {"worker.opened", W, 1, 0},
    {"child.confined", W, 1, 0},
    /* a worker waits */
    {"idle.after_mark", W, 1, 4},
    {"idle.after_wait", W, 1, 4},
    {"room.after_mark", W, 1, 8},
    /* claim, fetch, publish */
    {"claim.before_cas", W, 2, 30},
    {"claim.after_cas", W, 2, 30},
    {"claim.after_head", W, 2, 30},
    {"start.claimed", W, 2, 30},
    {"extent.before_fallocate", W | C | D, 1, 12},
    {"extent.after_fallocate", W | C | D, 1, 12},
    {"body.after_copy", W | D, 2, 60},
    {"decode.after_take", W | D | G, 2, 60},
    {"links.after_feed", W | D | L, 2, 30},
    {"pause.after_mark", W | D, 1, 10},
    {"finish.result", W | D, 2, 30},
    {"finish.page", W | D, 2, 30},
    {"publish.before_cas", W, 2, 30},
    {"publish.after_cas", W, 2, 30},
    {"announce.before_tail", W, 2, 30},
    {"announce.after_tail", W, 2, 30},
    {"tell.before_write", W, 1, 6},
    {"tell.after_write", W, 1, 6},
    /* collect */
    {"sleep.after_mark", C, 0, 0},
    {"drain.before_head", C, 0, 0},
    {"drain.after_head", C, 0, 0},
    {"collect.before_result", C, 0, 0},
    {"collect.completed", C, 0, 0},
    {"free.before_store", C, 0, 0},
    {"free.after_store", C, 0, 0},
    {"trim.before_punch", C, 0, 0},
    {"trim.after_punch", C, 0, 0},
    /* cancel */
    {"cancel.after_cas", C, 0, 0},
    {"cancel.after_flag", C, 0, 0},
    /* a worker died, or hangs */
    {"hang.after_kill", C, 0, 0},
    {"reap.after_wait", C, 0, 0},
    {"take_back.before_cas", C, 0, 0},
    {"take_back.after_cas", C, 0, 0},
    {"requeue.unplaced", C, 0, 0},
    {"reap.before_clear", C, 0, 0},
    {"reap.before_token", C, 0, 0},
    {"reap.before_bell", C, 0, 0},
    {"quarantine.placed", C, 0, 0},
    {"break.begun", C, 0, 0},
    /* the end */
    {"shutdown.before_word", C, 0, 0},
    {"shutdown.after_word", C, 0, 0},
    {"shutdown.before_join", C, 0, 0},
    /* bodies that are saved */
    {"save.after_write", P, 0, 0},
    {"save.before_rename", P, 0, 0},
};
const int FAULT_ROW_COUNT = (int)(sizeof FAULT_ROWS / sizeof FAULT_ROWS[0]);

const char *const FAULT_ACTIONS[FAULT_ACTION_COUNT] = {"kill", "segv", "exit", "stop"};

void fault_page(const struct fault_row *row, int bytes, char *path, size_t path_bytes)
{
    if (row->who & FAULT_OF_PAGE)
        snprintf(path, path_bytes, "page/1");
    else
        snprintf(path, path_bytes, row->who & FAULT_OF_GZIP ? "gzip/%d" : "bytes/%d", bytes);
}

void expect_fault_page(const struct fault_row *row, const struct fetch_result *result, int bytes)
{
    if (row->who & FAULT_OF_PAGE)
        ck_assert_uint_eq(result->links, 3);
    else
        expect_text_body(result, (uint64_t)bytes);
}

void fault_set(const char *name, int nth, const char *action)
{
    char fault[64];
    snprintf(fault, sizeof fault, "%s:%d:%s", name, nth, action);
    setenv("FAULT", fault, 1);
}

bool children_are_gone(void)
{
    int64_t deadline_ms = now_ms() + NET_MS;
    for (;;) {
        pid_t gone = waitpid(-1, NULL, WNOHANG);
        if (gone < 0 && errno == ECHILD)
            return true;
        if (now_ms() > deadline_ms)
            return false;
        if (gone == 0)
            sched_yield();
    }
}

static pid_t begin_case(const struct fault_row *row, const char *action, fault_case *one)
{
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    one(row, action);
    fflush(NULL);
    _exit(EXIT_SUCCESS);
}

/* Waits for one of them; appends the names of those that failed. */
static void end_case(pid_t *pids, int *running, char *failed, size_t failed_bytes)
{
    int wait_status;
    pid_t pid = waitpid(-1, &wait_status, 0);
    ck_assert_int_gt(pid, 0);
    for (int i = 0; i < FAULT_ROW_COUNT; i++) {
        size_t used = strlen(failed);
        if (pids[i] != pid)
            continue;
        --*running;
        if (wait_status != 0) /* its own check may speak louder than ours */
            fprintf(stderr, "failed at %s\n", FAULT_ROWS[i].name);
        if (wait_status != 0)
            snprintf(failed + used, failed_bytes - used, " %s", FAULT_ROWS[i].name);
    }
}

void faults_try(unsigned who, const char *action, fault_case *one)
{
    char failed[1024] = "";
    pid_t *pids = calloc((size_t)FAULT_ROW_COUNT, sizeof *pids);
    ck_assert_ptr_nonnull(pids);
    int running = 0;
    for (int i = 0; i < FAULT_ROW_COUNT; i++) {
        if (!(FAULT_ROWS[i].who & who))
            continue;
        if (running == SIDE_BY_SIDE)
            end_case(pids, &running, failed, sizeof failed);
        pids[i] = begin_case(&FAULT_ROWS[i], action, one);
        running++;
    }
    while (running > 0)
        end_case(pids, &running, failed, sizeof failed);
    free(pids);
    ck_assert_msg(failed[0] == '\0', "%s at:%s", action, failed);
}
