/* Included ahead of every source of a coverage build (-include): a process that ends by _exit(), or kills
 * itself, writes down first what it has run. Nobody else does: gcov counts on exit(). */
#ifndef SHOAL_TESTS_COVERAGE_FLUSH_H
#define SHOAL_TESTS_COVERAGE_FLUSH_H

#include <signal.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);

static inline int coverage_kill(pid_t pid, int number)
{
    if (pid == getpid()) {
        __gcov_dump();
        __gcov_reset(); /* it may be a signal that one survives */
    }
    return kill(pid, number);
}

_Noreturn static inline void coverage_exit(int code)
{
    __gcov_dump();
    _exit(code);
}

/* Not with arguments: a member of a struct has one of the names, and keeps it or not everywhere. */
#define _exit coverage_exit
#define kill coverage_kill

#endif
