/* origin.c: an HTTP/1.1 server on the loopback, honest and hostile, in a child process. */
#include "tests/origin/origin.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/origin/counts.h"
#include "tests/origin/pages.h"
#include "tests/origin/server.h"

/* Everything above stderr but the listeners. A descriptor of the caller that stayed open here would
 * keep the other end of its pipe or socket from ever seeing an end. */
static void close_other_descriptors(const struct server_listeners *listeners)
{
    unsigned from = 3;
    for (;;) {
        unsigned keep = UINT_MAX; /* the next listener at or above from */
        for (int i = 0; i < listeners->count; i++) {
            unsigned fd = (unsigned)listeners->fds[i];
            keep = fd >= from && fd < keep ? fd : keep;
        }
        if (keep > from) {
            close_range(from, keep - 1, 0);
        }
        if (keep == UINT_MAX) {
            return;
        }
        from = keep + 1;
    }
}

/* The handlers and the mask of the test runner are no business of the child. */
static void reset_signals(void)
{
    sigset_t none;
    for (int number = 1; number < SIGRTMIN; number++) {
        signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void serve(pid_t parent, struct server_listeners *listeners, struct origin_counts_shm *counts,
                            const struct origin_options *options)
{
    static const volatile sig_atomic_t never_stop = 0;
    struct server server;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) { /* it died before we asked to be told */
        _exit(EXIT_FAILURE);
    }
    reset_signals();
    close_other_descriptors(listeners);
    server_raise_descriptor_limit();
    struct pages *pages = pages_open(options->wiki_delay_ms, counts);
    if (pages == NULL || server_open(&server, listeners, counts, pages) != 0) {
        _exit(EXIT_FAILURE);
    }
    sigset_t none;
    sigemptyset(&none);
    server_run(&server, &never_stop, &none);
    _exit(EXIT_SUCCESS);
}

int origin_start(struct origin *origin)
{
    const struct origin_options options = {.wiki_delay_ms = WIKI_DELAY_MS};
    return origin_start_with(origin, &options);
}

int origin_start_with(struct origin *origin, const struct origin_options *options)
{
    struct server_listeners listeners;
    *origin = (struct origin){0};
    void *counts =
        mmap(NULL, sizeof(struct origin_counts_shm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED) {
        return -1;
    }
    if (server_listen(&listeners, "127.0.0.1", 0) != 0) {
        munmap(counts, sizeof(struct origin_counts_shm));
        return -1;
    }
    origin->counts = counts;
    origin->port = listeners.port;
    origin->has_ipv6 = listeners.has_ipv6;
    pid_t parent = getpid();
    fflush(NULL);
    origin->pid = fork();
    if (origin->pid == 0) {
        serve(parent, &listeners, counts, options);
    }
    int error = errno;
    server_listeners_close(&listeners);
    if (origin->pid < 0) {
        origin_stop(origin);
        errno = error;
        return -1;
    }
    return 0;
}

void origin_stop(struct origin *origin)
{
    if (origin->pid > 0) {
        kill(origin->pid, SIGKILL);
        while (waitpid(origin->pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    if (origin->counts != NULL) {
        munmap(origin->counts, sizeof(struct origin_counts_shm));
    }
    *origin = (struct origin){0};
}

void origin_counts_read(const struct origin *origin, struct origin_counts *counts)
{
    struct origin_counts_shm *shm = origin->counts;
    *counts = (struct origin_counts){0};
    if (shm != NULL) {
        counts->requests = atomic_load_explicit(&shm->requests, memory_order_relaxed);
        counts->connections = atomic_load_explicit(&shm->connections, memory_order_relaxed);
        counts->in_flight = atomic_load_explicit(&shm->in_flight, memory_order_relaxed);
        counts->in_flight_max = atomic_load_explicit(&shm->in_flight_max, memory_order_relaxed);
    }
}

void origin_url(const struct origin *origin, char *buffer, size_t bytes, const char *path_format, ...)
{
    int count = snprintf(buffer, bytes, "http://127.0.0.1:%d", origin->port);
    if (count < 0 || (size_t)count >= bytes) {
        return;
    }
    va_list arguments;
    va_start(arguments, path_format);
    vsnprintf(buffer + count, bytes - (size_t)count, path_format, arguments);
    va_end(arguments);
}
