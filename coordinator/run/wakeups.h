/* wakeups.h: one descriptor for all that may end a wait beside the executor's own results: a
 * signal, or new input. It is an epoll descriptor, which can itself be polled: that is what
 * executor_options.interrupt_fd is given. */
#ifndef SHOAL_WAKEUPS_H
#define SHOAL_WAKEUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"

struct wakeups {
    int fd; /* readable: look at the signals, feed the scheduler */
    int input_fd;
    bool watches_input;
};

/* signal_fd is watched from now on, input_fd (-1: none) when asked for; both stay the caller's. OK
 * or SYSTEM (errno); wakeups->fd is -1 then. */
enum status wakeups_open(struct wakeups *wakeups, int signal_fd, int input_fd);

/* Whether new input wakes: only while there is room for it, or every wait would end at once. */
void wakeups_watch_input(struct wakeups *wakeups, bool watch);

/* Waits until fd is readable or timeout_ms have passed (negative: for ever). */
void wakeups_wait(const struct wakeups *wakeups, int timeout_ms);

void wakeups_close(struct wakeups *wakeups); /* accepts what did not open */

#endif
