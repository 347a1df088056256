/* rlimits.c: no core file. */
#include "worker/sandbox/rlimits.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDERR_ROOM_BYTES (64u << 20)
#define FDS_OF_ONE_TRANSFER 10u /* two connections that race, one kept, a resolver's thread, and as many again */
#define FDS_BESIDE 64u

/* Never raises a limit, which only root could. */
static bool lower(__rlimit_resource_t resource, rlim_t to)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return false;
    if (limit.rlim_max > to)
        limit.rlim_max = to;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0;
}

static bool limit_file_size(void)
{
    struct stat about;
    if (getenv("SSLKEYLOGFILE"))
        return true; /* the user wants libcurl to write one: it was opened with libcurl */
    rlim_t bytes = 0;
    if (fstat(STDERR_FILENO, &about) == 0 && S_ISREG(about.st_mode))
        bytes = (rlim_t)about.st_size + STDERR_ROOM_BYTES;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGXFSZ, &ignore, NULL) == 0 && lower(RLIMIT_FSIZE, bytes);
}

bool rlimits_put_on(const struct worker_config *config)
{
    bool core = lower(RLIMIT_CORE, 0);
    bool size = limit_file_size();
    return lower(RLIMIT_NOFILE, (rlim_t)config->capacity * FDS_OF_ONE_TRANSFER + FDS_BESIDE) && core && size;
}
