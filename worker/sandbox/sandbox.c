/* sandbox.c: what a worker process gives up, part by part. worker_sandbox_*() run in the coordinator too. */
#include "worker/sandbox/sandbox.h"

#include <assert.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox/landlock.h"
#include "worker/sandbox/rlimits.h"
#include "worker/sandbox/seccomp.h"

const char *const worker_sandbox_names[WORKER_SANDBOX_COUNT] = {"rlimits", "privs", "nodump", "landlock", "seccomp"};

static bool always_there(void)
{
    return true;
}

/* Of the capabilities that root has, only the one to read what is others' stays: the --cacert file may be. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, sets) != 0)
        return false;
    uint32_t reading = 1u << CAP_DAC_READ_SEARCH;
    if (!(sets[0].permitted | sets[1].permitted | sets[0].inheritable | sets[1].inheritable))
        return true;
    sets[0] = (struct __user_cap_data_struct){.effective = sets[0].effective & reading,
                                              .permitted = sets[0].permitted & reading};
    sets[1] = (struct __user_cap_data_struct){0};
    return syscall(SYS_capset, &header, sets) == 0;
}

static bool put_on_privs(const struct worker_config *config)
{
    (void)config;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && drop_capabilities();
}

static bool put_on_nodump(const struct worker_config *config)
{
    (void)config;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* By bit, and in the order in which they are put on: the last two may need that no privileges can be gained. */
static const struct part {
    bool (*is_there)(void);
    bool (*put_on)(const struct worker_config *config);
} PARTS[] = {
    {always_there, rlimits_put_on},       {always_there, put_on_privs},       {always_there, put_on_nodump},
    {landlock_is_there, landlock_put_on}, {seccomp_is_there, seccomp_put_on},
};
static_assert(sizeof PARTS / sizeof PARTS[0] == WORKER_SANDBOX_COUNT, "every part is there");

uint32_t worker_sandbox_missing(uint32_t parts)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < WORKER_SANDBOX_COUNT; i++) {
        if ((parts & 1u << i) && !PARTS[i].is_there())
            missing |= 1u << i;
    }
    return missing;
}

uint32_t worker_sandbox_whole(uint32_t parts)
{
    bool needs_privs = parts & (WORKER_SANDBOX_LANDLOCK | WORKER_SANDBOX_SECCOMP); /* else they are root's alone */
    return needs_privs ? parts | WORKER_SANDBOX_PRIVS : parts;
}

void worker_sandbox_list(uint32_t parts, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < WORKER_SANDBOX_COUNT && used < bytes; i++) {
        if (parts & 1u << i)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "", worker_sandbox_names[i]);
    }
}

void worker_sandbox_describe(char *text, size_t bytes)
{
    char there[80];
    char missing[80];
    uint32_t all = (1u << WORKER_SANDBOX_COUNT) - 1;
    uint32_t lacks = worker_sandbox_missing(all);
    worker_sandbox_list(all & ~lacks, there, sizeof there);
    worker_sandbox_list(lacks, missing, sizeof missing);
    int used = snprintf(text, bytes, "%s", there);
    if (!(lacks & WORKER_SANDBOX_LANDLOCK) && used > 0 && (size_t)used < bytes)
        used += snprintf(text + used, bytes - (size_t)used, " (Landlock ABI %d)", landlock_abi());
    if (lacks && used > 0 && (size_t)used < bytes)
        snprintf(text + used, bytes - (size_t)used, "; not here: %s", missing);
}

void worker_confine(struct worker *worker)
{
    const struct worker_config *config = worker_config_of(worker);
    uint32_t left_out = 0;
    for (uint32_t i = 0; i < WORKER_SANDBOX_COUNT; i++) {
        if ((config->sandbox & 1u << i) && !(PARTS[i].is_there() && PARTS[i].put_on(config)))
            left_out |= 1u << i;
    }
    atomic_store_explicit(&config->shared->roster[config->owner.worker].unconfined, left_out, memory_order_relaxed);
}

bool sandbox_hides_names(const struct worker *worker)
{
    return (worker_config_of(worker)->sandbox & WORKER_SANDBOX_LANDLOCK) && landlock_hides_names();
}
