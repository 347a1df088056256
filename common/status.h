/* status.h: how a call of ours ended. Outcomes of a fetch are data, not a status: see fetch_error.h. */
#ifndef SHOAL_STATUS_H
#define SHOAL_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_WOULD_BLOCK,      /* there is no room now; collect results, then try again */
    STATUS_TIMEOUT,          /* the wait ended; what was waited for goes on */
    STATUS_INTERRUPTED,      /* the caller's interrupt descriptor became readable during the wait */
    STATUS_FAILED,           /* the task ended with an error: see future_error() */
    STATUS_CANCELLED,        /* the future was cancelled */
    STATUS_END,              /* an iterator has nothing more to yield */
    STATUS_SHUT_DOWN,        /* submit after shutdown */
    STATUS_BROKEN,           /* the workers cannot live; every future was completed with a reason */
    STATUS_INVALID_ARGUMENT, /* the caller's value cannot be used */
    STATUS_INVALID_STATE,    /* the call does not fit the object's state */
    STATUS_OUT_OF_MEMORY,
    STATUS_NO_SHARED_MEMORY, /* /dev/shm is absent, too small or not permitted */
    STATUS_SYSTEM,           /* another system call failed */
    STATUS_COUNT
};

/* The status's name for a message, in lower case. Never NULL; never blocks; any thread. */
const char *status_name(enum status status);

#endif
