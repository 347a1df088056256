/* wakeups.c: one descriptor for all that may end a wait beside the executor's own results. */
#include "coordinator/run/wakeups.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

static int add(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

enum status wakeups_open(struct wakeups *wakeups, int signal_fd, int input_fd)
{
    *wakeups = (struct wakeups){.fd = epoll_create1(EPOLL_CLOEXEC), .input_fd = input_fd};
    if (wakeups->fd < 0 || add(wakeups->fd, signal_fd) != 0) {
        int why = errno;
        wakeups_close(wakeups);
        errno = why;
        return STATUS_SYSTEM;
    }
    return STATUS_OK;
}

void wakeups_watch_input(struct wakeups *wakeups, bool watch)
{
    if (wakeups->input_fd < 0 || wakeups->watches_input == watch) {
        return;
    }
    wakeups->watches_input = watch;
    if (watch) {
        /* EPERM: a device that cannot be waited for (/dev/zero) is always ready. */
        add(wakeups->fd, wakeups->input_fd);
    } else {
        epoll_ctl(wakeups->fd, EPOLL_CTL_DEL, wakeups->input_fd, NULL);
    }
}

void wakeups_wait(const struct wakeups *wakeups, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = wakeups->fd, .events = POLLIN};
    poll(&poll_fd, 1, timeout_ms);
}

void wakeups_close(struct wakeups *wakeups)
{
    if (wakeups->fd >= 0) {
        close(wakeups->fd);
        wakeups->fd = -1;
    }
}
