/* Another process, run instruction by instruction, and killed between two of them.
 *
 *     struct stepper stepper = {.pid = pid};
 *     if (stepper_seize(&stepper) && stepper_run(&stepper, 17, end) == STEPS_DONE)
 *         stepper_kill(&stepper, SIGKILL);
 *
 * The process is a descendant of the caller, who is its tracer from then on: one thread. Linux on x86-64 and aarch64. */
#ifndef SHOAL_TESTS_STEPPER_H
#define SHOAL_TESTS_STEPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stepper {
    pid_t pid;
    uint64_t pc; /* of the next instruction, where it stands */
    int pending; /* a signal that it gets with its next step */
};

enum steps_end {
    STEPS_DONE,    /* ran so many */
    STEPS_AT_END,  /* stands at `end` */
    STEPS_STOPPED, /* sent itself SIGSTOP: a caller's mark */
    STEPS_GONE,    /* ended; it was waited for if it is our child */
};

/* Whether a process may be traced here. */
bool stepper_is_permitted(void);

/* Waits until a running process sleeps in a system call; false when it is gone. */
bool stepper_await_sleep(const struct stepper *stepper);

/* Begins to trace a running process and stops it. False when that is not possible. */
bool stepper_seize(struct stepper *stepper);

/* For a child that calls PTRACE_TRACEME and then sends itself SIGSTOP: waits for that stop. */
bool stepper_adopt(struct stepper *stepper);

/* Runs up to `count` instructions, a system call is one; stops early before the one at `end` (0: nowhere). Blocks as long as
 * the process does. */
enum steps_end stepper_run(struct stepper *stepper, uint64_t count, uint64_t end);

/* Ends it by that signal, before its next instruction, and waits until it is gone. */
void stepper_kill(struct stepper *stepper, int signal);

/* ---- where it was killed ---- */

struct tally {
    uint64_t *pcs;
    size_t kills;
    size_t room;
};

/* False when there is no memory. */
bool tally_add(struct tally *tally, uint64_t pc);
/* How many different ones there are; sorts them. */
size_t tally_distinct(struct tally *tally);
void tally_free(struct tally *tally);

#endif
