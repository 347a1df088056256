/* crash.c: a crash on demand, so that anybody can see what one costs. */
#include "worker/fetch/crash.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

void crash_if_url(const char *url, const char *crash_url)
{
    if (strcmp(url, crash_url) != 0)
        return;
    /* A signal that is blocked (as in our threads) or handled would not kill, as a fault does. */
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t fault;
    sigemptyset(&fault);
    sigaddset(&fault, SIGSEGV);
    sigaction(SIGSEGV, &usual, NULL);
    pthread_sigmask(SIG_UNBLOCK, &fault, NULL);
    raise(SIGSEGV);
}
