/* The event loop: accepts, and wakes connections. One thread, no other state. */
#ifndef ORIGIN_SERVER_H
#define ORIGIN_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/origin/counts.h"
#include "tests/origin/timer.h"

enum { SERVER_LISTENERS_MAX = 2 };

struct pages;
struct connection;

struct server_listeners {
    int fds[SERVER_LISTENERS_MAX];
    int count;
    int port;
    bool has_ipv6;
};

struct server {
    struct server_listeners listeners;
    int epoll_fd;
    struct timer accept_timer; /* set while accepting is paused for want of descriptors */
    struct timer_heap timers;
    struct connection *connections; /* all that are open, newest first */
    struct origin_counts_shm *counts;
    struct pages *pages;
};

/* Binds and listens on the address (IPv4 or IPv6 literal) and port, 0 = the kernel picks. For
 * 127.0.0.1, ::1 gets the same port where that is possible. Returns 0, or -1 with errno set. */
int server_listen(struct server_listeners *listeners, const char *address, int port);
void server_listeners_close(struct server_listeners *listeners);

/* Raises the soft limit of open descriptors to the hard one: a client needs one each. */
void server_raise_descriptor_limit(void);

/* Takes the listeners over (they are closed by server_close()), counts and pages stay the caller's.
 * Returns 0, or -1 with errno set; then *server still takes a server_close(). */
int server_open(struct server *server, struct server_listeners *listeners, struct origin_counts_shm *counts,
                struct pages *pages);

/* Serves until *stop is not 0. Blocks. Signals that set *stop must be blocked by the caller and be
 * open in wait_mask, the mask while waiting, or they could come between look and sleep. */
void server_run(struct server *server, const volatile sig_atomic_t *stop, const sigset_t *wait_mask);
void server_close(struct server *server);

#endif
