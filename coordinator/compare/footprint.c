/* footprint.c: the peak memory of a process and its children, shared pages counted once. */
#include "coordinator/compare/footprint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/limits.h"

#define PROCESSES_MAX (WORKERS_MAX + 2u) /* workers, the one in quarantine, the coordinator */
#define CHILDREN_BYTES (PROCESSES_MAX * 8)
#define GROWTH 64            /* PSS is read again when resident pages grew by a 64th */
#define FIRST_MS 4           /* between two looks; twice as long each time, up to ... */
#define LAST_MS 20           /* ... this */
#define LOOK_SHARE 100       /* a look may take as much CPU time as a 100th of the time until the next */
#define READ_SHARE 100       /* all readings of PSS together a 100th of the run ... */
#define READ_FREE_NS 1000000 /* ... and so much that a short run has any */
#define STARTED_MS 10        /* from then on there should be something, however short the run */
#define GROWING_MS 50        /* what grows without a pause is read so often */

/* Reads a file of /proc whole, or its beginning; ended by NUL. False: the process is gone, or not ours. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t text_bytes)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t used = 0;
    ssize_t got;
    while (used < text_bytes - 1 && (got = read(fd, text + used, text_bytes - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(fd);
    return used > 0;
}

/* The process and its children; the workers have none. */
static size_t list_processes(pid_t root, pid_t *pids)
{
    char name[32], text[CHILDREN_BYTES];
    size_t count = 0;
    pids[count++] = root;
    snprintf(name, sizeof name, "task/%d/children", (int)root);
    if (!read_proc(root, name, text, sizeof text))
        return count;
    char *end;
    for (char *at = text; count < PROCESSES_MAX; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        pids[count++] = (pid_t)pid;
    }
    return count;
}

static uint64_t resident_pages_of(pid_t pid)
{
    char text[128];
    uint64_t pages = 0;
    if (!read_proc(pid, "statm", text, sizeof text) || sscanf(text, "%*u %" SCNu64, &pages) != 1)
        return 0;
    return pages;
}

/* The number of KiB behind a name at the beginning of a line; 0: there is none. */
static uint64_t kib_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* What each has by itself or shares with the others, and the pages of files once: all run the same program, and what maps those
 * files outside of the run has nothing to do with it. */
static uint64_t bytes_of_all(const pid_t *pids, size_t count)
{
    char text[4096];
    uint64_t kib = 0, files_kib = 0;
    for (size_t i = 0; i < count; i++) {
        if (read_proc(pids[i], "smaps_rollup", text, sizeof text))
            kib += kib_of(text, "\nPss_Anon:") + kib_of(text, "\nPss_Shmem:");
        uint64_t mapped_kib = read_proc(pids[i], "status", text, sizeof text) ? kib_of(text, "\nRssFile:") : 0;
        files_kib = mapped_kib > files_kib ? mapped_kib : files_kib;
    }
    return kib > 0 ? (kib + files_kib) * 1024 : 0;
}

uint64_t footprint_read(pid_t root)
{
    pid_t pids[PROCESSES_MAX];
    return bytes_of_all(pids, list_processes(root, pids));
}

void footprint_begin(struct footprint *footprint, pid_t root, int64_t now_ns)
{
    *footprint = (struct footprint){
        .root = root, .began_ns = now_ns, .read_ns = now_ns, .next_ns = now_ns + FIRST_MS * NS_PER_MS};
}

static int64_t cpu_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Whether it is worth a reading of PSS. */
static bool is_due(const struct footprint *footprint, uint64_t pages, int64_t now_ns)
{
    bool has_grown = pages > footprint->read_pages + footprint->read_pages / GROWTH;
    bool stands_still = pages <= footprint->resident_pages + footprint->resident_pages / GROWTH;
    bool is_first = footprint->peak_bytes == 0 && now_ns - footprint->began_ns >= STARTED_MS * NS_PER_MS;
    bool is_affordable = footprint->spent_ns <= READ_FREE_NS + (now_ns - footprint->began_ns) / READ_SHARE;
    bool grows_on = now_ns - footprint->read_ns >= GROWING_MS * NS_PER_MS;
    return has_grown && is_affordable && (is_first || stands_still || grows_on);
}

void footprint_look(struct footprint *footprint, int64_t now_ns)
{
    if (now_ns < footprint->next_ns)
        return;
    pid_t pids[PROCESSES_MAX];
    int64_t before_ns = cpu_now_ns(); /* not by the clock: on a busy machine we wait for a CPU */
    size_t count = list_processes(footprint->root, pids);
    uint64_t pages = 0;
    for (size_t i = 0; i < count; i++)
        pages += resident_pages_of(pids[i]);
    int64_t looked_ns = cpu_now_ns();
    if (is_due(footprint, pages, now_ns)) {
        uint64_t bytes = bytes_of_all(pids, count);
        footprint->spent_ns += cpu_now_ns() - looked_ns;
        footprint->read_ns = now_ns;
        footprint->read_pages = pages;
        if (bytes > footprint->peak_bytes)
            footprint->peak_bytes = bytes;
    }
    footprint->resident_pages = pages;
    int64_t elapsed_ns = now_ns - footprint->began_ns;
    int64_t pause_ns = elapsed_ns < LAST_MS * NS_PER_MS ? elapsed_ns : LAST_MS * NS_PER_MS;
    int64_t fair_ns = (looked_ns - before_ns) * LOOK_SHARE;
    footprint->next_ns = clock_now_ns() + (pause_ns > fair_ns ? pause_ns : fair_ns);
}
