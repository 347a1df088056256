/* cpus.c: how many CPUs this process may use. */
#include "coordinator/executor/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

static uint32_t affinity(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (uint32_t)count : 1;
}

static uint32_t divide_up(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return UINT32_MAX;
    long long cpus = (quota + period - 1) / period;
    return cpus < UINT32_MAX ? (uint32_t)cpus : UINT32_MAX;
}

/* The smallest "max period" from our group's directory up to the root: a parent's quota binds too. */
static uint32_t quota_v2(void)
{
    char path[512] = "";
    FILE *groups = fopen("/proc/self/cgroup", "re");
    if (!groups)
        return UINT32_MAX;
    char line[512];
    while (fgets(line, sizeof line, groups)) {
        if (strncmp(line, "0::", 3) == 0)
            snprintf(path, sizeof path, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    }
    fclose(groups);
    uint32_t smallest = UINT32_MAX;
    for (;;) {
        char file[600];
        long long quota;
        long long period;
        snprintf(file, sizeof file, "/sys/fs/cgroup%s/cpu.max", path);
        FILE *max = fopen(file, "re");
        if (max) {
            if (fscanf(max, "%lld %lld", &quota, &period) == 2 && divide_up(quota, period) < smallest)
                smallest = divide_up(quota, period);
            fclose(max);
        }
        char *slash = strrchr(path, '/');
        if (!slash)
            return smallest;
        *slash = '\0';
    }
}

static long long read_number(const char *path)
{
    long long number = -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    if (fscanf(file, "%lld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

static uint32_t quota_v1(void)
{
    return divide_up(read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                     read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
}

uint32_t cpus_available(void)
{
    uint32_t cpus = affinity();
    uint32_t v2 = quota_v2();
    uint32_t v1 = quota_v1();
    if (v2 < cpus)
        cpus = v2;
    return v1 < cpus ? v1 : cpus;
}
