/* signals.h: SIGINT, SIGTERM and SIGHUP as something to read, so that nothing ever runs at a moment
 * that we did not choose. Whoever was started with one of them ignored (nohup, a background job of
 * a script) goes on ignoring it. SIGPIPE is ignored: a write says EPIPE. */
#ifndef SHOAL_SIGNALS_H
#define SHOAL_SIGNALS_H

#include <signal.h>

#include "common/status.h"

struct signals {
    int fd;               /* readable when a signal has come; a signalfd */
    int first;            /* number of the first signal read; 0: none */
    unsigned count;       /* read so far, all together; the same one again counts */
    sigset_t mask_before; /* what a child process should set again */
};

/* Blocks the signals in the calling thread, which must be the only one. OK or SYSTEM (errno);
 * signals->fd is -1 then. */
enum status signals_open(struct signals *signals);

/* Reads what has come. Never blocks. Returns how many came. */
unsigned signals_take(struct signals *signals);

/* Restores the mask. Signals that have come and were not read are taken as delivered then. Accepts
 * what did not open. */
void signals_close(struct signals *signals);

/* "SIGINT". */
const char *signals_name(int number);

#endif
