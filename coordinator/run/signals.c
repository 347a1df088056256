/* signals.c: SIGINT, SIGTERM and SIGHUP as something to read, so that nothing ever runs at a moment that we did not choose. */
#include "coordinator/run/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct {
    int number;
    const char *name;
} CAUGHT[] = {{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}};

#define CAUGHT_COUNT (sizeof CAUGHT / sizeof CAUGHT[0])

/* A signal that is blocked is queued even if it is ignored, so those must be left alone. */
static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

enum status signals_open(struct signals *signals)
{
    *signals = (struct signals){.fd = -1};
    sigset_t caught;
    sigemptyset(&caught);
    for (size_t i = 0; i < CAUGHT_COUNT; i++) {
        if (!is_ignored(CAUGHT[i].number)) {
            sigaddset(&caught, CAUGHT[i].number);
        }
    }
    if (sigprocmask(SIG_BLOCK, &caught, &signals->mask_before) != 0) {
        return STATUS_SYSTEM;
    }
    signals->fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0) {
        int why = errno;
        sigprocmask(SIG_SETMASK, &signals->mask_before, NULL);
        errno = why;
        return STATUS_SYSTEM;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* ulimit -f: a write says EFBIG */
    return STATUS_OK;
}

unsigned signals_take(struct signals *signals)
{
    unsigned taken = 0;
    struct signalfd_siginfo info;
    for (;;) {
        ssize_t got = read(signals->fd, &info, sizeof info);
        if (got != (ssize_t)sizeof info) {
            if (got < 0 && errno == EINTR) {
                continue;
            }
            break;
        }
        if (signals->first == 0) {
            signals->first = (int)info.ssi_signo;
        }
        taken++;
    }
    signals->count += taken;
    return taken;
}

void signals_close(struct signals *signals)
{
    if (signals->fd >= 0) {
        signals_take(signals);
        close(signals->fd);
        signals->fd = -1;
        sigprocmask(SIG_SETMASK, &signals->mask_before, NULL);
    }
}

const char *signals_name(int number)
{
    for (size_t i = 0; i < CAUGHT_COUNT; i++) {
        if (CAUGHT[i].number == number) {
            return CAUGHT[i].name;
        }
    }
    return "a signal";
}
