/* fault.c: places where a test can make a process die. */
#include "common/fault.h"

#ifdef SHOAL_FAULTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the signal: a sanitizer's handler would make an exit of it. */
static void crash(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &plain, NULL);
    kill(getpid(), SIGSEGV);
}

static void act(const char *action)
{
    if (strcmp(action, "kill") == 0)
        kill(getpid(), SIGKILL);
    else if (strcmp(action, "segv") == 0)
        crash();
    else if (strcmp(action, "stop") == 0)
        kill(getpid(), SIGSTOP);
    else if (strcmp(action, "exit") == 0)
        _exit(FAULT_EXIT_STATUS);
    else if (strcmp(action, "spin") == 0)
        for (;;)
            __asm__ volatile("");
}

void fault_point(const char *name)
{
    static _Thread_local unsigned long passed;
    const char *wanted = getenv("FAULT");
    size_t bytes = strlen(name);
    if (!wanted || strncmp(wanted, name, bytes) != 0 || wanted[bytes] != ':')
        return;
    const char *spared = getenv("FAULT_SPARES");
    if (spared && strtol(spared, NULL, 10) == (long)getpid())
        return;
    char *action;
    unsigned long nth = strtoul(wanted + bytes + 1, &action, 10);
    if (++passed == nth && *action == ':')
        act(action + 1);
}

void fault_url(const char *url)
{
    const char *wanted = getenv("FAULT_URL");
    const char *action = wanted ? strrchr(wanted, ':') : NULL;
    if (action && memmem(url, strlen(url), wanted, (size_t)(action - wanted)))
        act(action + 1);
}

#else
typedef int fault_points_are_compiled_out;
#endif
