/* usage.c: what a process holds, seen from outside. */
#include "tests/soak/usage.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t private_kib_of(pid_t pid)
{
    char path[64];
    char line[256];
    uint64_t kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        unsigned long long value;
        if (sscanf(line, "RssAnon: %llu kB", &value) == 1)
            kib = value;
    }
    if (status)
        fclose(status);
    return kib;
}

/* Counts what is in /proc/PID/DIRECTORY; adds up the blocks of what lies in /dev/shm. */
static uint64_t count_links(pid_t pid, const char *directory, uint64_t *shared_kib)
{
    char path[64];
    uint64_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, directory);
    DIR *links = opendir(path);
    for (struct dirent *entry; links && (entry = readdir(links));) {
        char target[256];
        struct stat about;
        if (entry->d_name[0] == '.')
            continue;
        count++;
        ssize_t bytes = readlinkat(dirfd(links), entry->d_name, target, sizeof target - 1);
        bool is_shared = bytes > 8 && memcmp(target, "/dev/shm", 8) == 0;
        if (is_shared && fstatat(dirfd(links), entry->d_name, &about, 0) == 0)
            *shared_kib += (uint64_t)about.st_blocks / 2;
    }
    if (links)
        closedir(links);
    return count;
}

struct usage usage_of(pid_t pid)
{
    struct usage usage = {.private_kib = private_kib_of(pid)};
    usage.descriptors = count_links(pid, "fd", &usage.shared_kib);
    return usage;
}

static uint64_t larger(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

struct usage usage_max(struct usage left, struct usage right)
{
    return (struct usage){.descriptors = larger(left.descriptors, right.descriptors),
                          .private_kib = larger(left.private_kib, right.private_kib),
                          .shared_kib = larger(left.shared_kib, right.shared_kib)};
}

size_t children_of(pid_t pid, pid_t *children, size_t max)
{
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(path, "re");
    for (int child; file && count < max && fscanf(file, "%d", &child) == 1;)
        children[count++] = child;
    if (file)
        fclose(file);
    return count;
}
