/* server.c: the event loop. */
#include "tests/origin/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/origin/connection.h"

enum {
    LISTEN_BACKLOG = 4096,
    EVENTS_MAX = 256,
    ACCEPTS_A_TURN = 256,
    ACCEPT_PAUSE_MS = 100,
    PORT_TRIES_MAX = 8,
};

static int listen_at(const struct sockaddr *address, socklen_t bytes)
{
    int one = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* accepted sockets inherit it */
    if (address->sa_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    }
    if (bind(fd, address, bytes) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int listen_ipv4(struct in_addr address, int port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = address,
    };
    return listen_at((const struct sockaddr *)&name, sizeof(name));
}

static int listen_ipv6(struct in6_addr address, int port)
{
    struct sockaddr_in6 name = {
        .sin6_family = AF_INET6,
        .sin6_port = htons((uint16_t)port),
        .sin6_addr = address,
    };
    return listen_at((const struct sockaddr *)&name, sizeof(name));
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } name = {.ipv6 = {0}};
    socklen_t bytes = sizeof(name);
    if (getsockname(fd, &name.any, &bytes) != 0) {
        return 0;
    }
    return ntohs(name.any.sa_family == AF_INET6 ? name.ipv6.sin6_port : name.ipv4.sin_port);
}

static void listeners_add(struct server_listeners *listeners, int fd)
{
    listeners->fds[listeners->count++] = fd;
    listeners->port = port_of(fd);
}

int server_listen(struct server_listeners *listeners, const char *address, int port)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;
    *listeners = (struct server_listeners){0};
    if (inet_pton(AF_INET6, address, &ipv6) == 1) {
        int fd = listen_ipv6(ipv6, port);
        if (fd >= 0) {
            listeners_add(listeners, fd);
            listeners->has_ipv6 = true;
        }
        return fd >= 0 ? 0 : -1;
    }
    if (inet_pton(AF_INET, address, &ipv4) != 1) {
        errno = EINVAL;
        return -1;
    }
    /* The kernel picks a port that is free for IPv4; for IPv6 somebody may have it: then again. */
    for (int tries = 0; tries < PORT_TRIES_MAX; tries++) {
        int fd = listen_ipv4(ipv4, port);
        if (fd < 0) {
            return -1;
        }
        server_listeners_close(listeners);
        listeners_add(listeners, fd);
        if (ipv4.s_addr != htonl(INADDR_LOOPBACK)) {
            break;
        }
        int fd6 = listen_ipv6(in6addr_loopback, listeners->port);
        if (fd6 >= 0) {
            listeners_add(listeners, fd6);
            listeners->has_ipv6 = true;
            break;
        }
        if (errno != EADDRINUSE || port != 0) {
            break;
        }
    }
    return 0;
}

void server_listeners_close(struct server_listeners *listeners)
{
    for (int i = 0; i < listeners->count; i++) {
        close(listeners->fds[i]);
    }
    *listeners = (struct server_listeners){0};
}

/* Listeners are watched with no pointer; connections with themselves. */
static int server_watch_listeners(struct server *server, int operation)
{
    for (int i = 0; i < server->listeners.count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        if (epoll_ctl(server->epoll_fd, operation, server->listeners.fds[i], &event) != 0) {
            return -1;
        }
    }
    return 0;
}

void server_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int server_open(struct server *server, struct server_listeners *listeners, struct origin_counts_shm *counts,
                struct pages *pages)
{
    *server = (struct server){.listeners = *listeners, .counts = counts, .pages = pages};
    *listeners = (struct server_listeners){0};
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return server->epoll_fd >= 0 ? server_watch_listeners(server, EPOLL_CTL_ADD) : -1;
}

/* Without descriptors a waiting connection would wake us again and again: look away for a while.
 * Those who wait stay in the backlog. */
static void server_pause_accepting(struct server *server)
{
    int64_t deadline_ns = timer_now_ns() + (int64_t)ACCEPT_PAUSE_MS * 1000000;
    if (timer_set(&server->timers, &server->accept_timer, deadline_ns)) {
        server_watch_listeners(server, EPOLL_CTL_DEL);
    }
}

static void server_accept(struct server *server, int listener)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            connection_open(server, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            server_pause_accepting(server);
            return;
        } else if (errno == EAGAIN) {
            return;
        } /* anything else is the fate of one connection: take the next */
    }
}

static void server_accept_all(struct server *server)
{
    for (int i = 0; i < server->listeners.count && server->accept_timer.place == 0; i++) {
        server_accept(server, server->listeners.fds[i]);
    }
}

static void server_run_timers(struct server *server)
{
    int64_t now_ns = timer_now_ns(); /* once: what is set from here on waits for the next turn */
    struct timer *timer;
    while ((timer = timer_take_due(&server->timers, now_ns)) != NULL) {
        if (timer == &server->accept_timer) {
            server_watch_listeners(server, EPOLL_CTL_ADD);
        } else {
            connection_on_timer(timer);
        }
    }
}

void server_run(struct server *server, const volatile sig_atomic_t *stop, const sigset_t *wait_mask)
{
    struct epoll_event events[EVENTS_MAX];
    while (!*stop) {
        int wait_ms = -1;
        if (server->timers.count > 0) {
            wait_ms = timer_wait_ms(&server->timers, timer_now_ns());
        }
        int count = epoll_pwait(server->epoll_fd, events, EVENTS_MAX, wait_ms, wait_mask);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                server_accept_all(server);
            } else {
                /* Only its own event closes a connection here, so none of these is stale. */
                connection_on_events(events[i].data.ptr, events[i].events);
            }
        }
        if (server->timers.count > 0) {
            server_run_timers(server);
        }
    }
}

void server_close(struct server *server)
{
    connection_close_all(server);
    server_listeners_close(&server->listeners);
    timer_heap_close(&server->timers);
    if (server->epoll_fd > 0) {
        close(server->epoll_fd);
        server->epoll_fd = 0;
    }
}
