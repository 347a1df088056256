/* exit_status.h: what the program's exit status says. */
#ifndef SHOAL_EXIT_STATUS_H
#define SHOAL_EXIT_STATUS_H

enum exit_status {
    EXIT_HELP = -1, /* of a command: main is to show its help instead */
    EXIT_ALL_FETCHED = 0,
    EXIT_SOME_FAILED = 1, /* at least one URL failed */
    EXIT_USAGE = 2,       /* an option, a value or a file that cannot be used */
    EXIT_CANNOT_RUN = 3,  /* could not start or go on: no shared memory, no processes, no output */
    EXIT_BUG = 4,         /* an invariant of ours broke */
    EXIT_SIGHUP = 129,
    EXIT_SIGINT = 130,
    EXIT_SIGTERM = 143,
};

#endif
