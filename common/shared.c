/* shared.c: makes and maps the two segments. */
#include "common/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "common/fault.h"

#define SHM_DIRECTORY "/dev/shm"
#define PAGE_BYTES 4096u
#define NAME_TRIES 16

uint32_t layout_stamp(void)
{
    const size_t facts[] = {
        sizeof(struct header_shm),           sizeof(struct ring_shm),
        sizeof(struct roster_shm),           sizeof(struct slot_shm),
        sizeof(struct result_shm),           sizeof(struct done_ring_shm),
        offsetof(struct header_shm, rings),  offsetof(struct slot_shm, result),
        offsetof(struct result_shm, sha256), offsetof(struct result_shm, detail),
        offsetof(struct roster_shm, pid),    sizeof(sem_t),
        offsetof(struct result_shm, links),  offsetof(struct result_shm, page_offset),
        offsetof(struct slot_shm, flags),    offsetof(struct slot_shm, body_bytes_max),
        offsetof(struct slot_shm, ring),     offsetof(struct slot_shm, cancel),
        offsetof(struct slot_shm, growing),
    };
    uint32_t stamp = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        stamp = (stamp ^ (uint32_t)facts[i]) * 16777619u;
    return stamp;
}

__attribute__((format(printf, 3, 4))) static void say(char *why, size_t why_bytes, const char *format, ...)
{
    if (!why || !why_bytes)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, why_bytes, format, arguments);
    va_end(arguments);
}

static uint64_t align_up(uint64_t bytes, uint64_t to)
{
    return (bytes + to - 1) / to * to;
}

static uint32_t power_of_two_from(uint32_t count)
{
    uint32_t power = 64;
    while (power < count)
        power *= 2;
    return power;
}

/* Opens a new object that never has a name, so that no crash can leave it behind; where the file system cannot do that, one
 * whose name is taken away at once. */
static int open_unnamed(char *why, size_t why_bytes)
{
    int unnamed = open(SHM_DIRECTORY, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (unnamed >= 0) {
        /* if we die from here on: it goes with its last descriptor and mapping. */
        FAULT_POINT("shm.after_open");
        return descriptor_above_stdio(unnamed);
    }
    for (int i = 0; i < NAME_TRIES; i++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            random = (uint64_t)getpid() << 32 | (uint64_t)(unsigned)i;
        char name[64];
        snprintf(name, sizeof name, "/shoal.%016llx", (unsigned long long)random);
        int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0) {
            /* if we die here: an empty object of 0 bytes stays in /dev/shm; no page is reserved yet. */
            shm_unlink(name);
            return descriptor_above_stdio(fd);
        }
        if (errno != EEXIST)
            break;
    }
    int saved = errno;
    say(why, why_bytes,
        "cannot create shared memory: shm_open: %s; shoal needs a writable " SHM_DIRECTORY
        " (mount -t tmpfs tmpfs " SHM_DIRECTORY ")",
        strerror(saved));
    return -1;
}

/* "have N bytes" for a message about a full file system. */
static void say_full(int fd, uint64_t needed, int error, char *why, size_t why_bytes)
{
    struct statvfs have;
    unsigned long long available = 0;
    if (fstatvfs(fd, &have) == 0)
        available = (unsigned long long)have.f_bavail * have.f_frsize;
    say(why, why_bytes,
        "not enough shared memory: %llu KiB needed, %llu KiB free in " SHM_DIRECTORY
        " (%s); lower --concurrency, or make it larger (mount -o remount,size=1G " SHM_DIRECTORY ")",
        (unsigned long long)(needed + 1023) / 1024, available / 1024, strerror(error));
}

static int reserve(int fd, uint64_t bytes)
{
    int error;
    do
        error = posix_fallocate(fd, 0, (off_t)bytes);
    while (error == EINTR);
    return error;
}

static void *map_segment(int fd, uint64_t bytes, bool sparse, char *why, size_t why_bytes)
{
    void *at = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED | (sparse ? MAP_NORESERVE : 0), fd, 0);
    if (at == MAP_FAILED) {
        say(why, why_bytes, "cannot map %llu MiB of address space: mmap: %s; lower --max-body or --concurrency",
            (unsigned long long)bytes >> 20, strerror(errno));
        return NULL;
    }
    return at;
}

static uint64_t done_ring_bytes(uint32_t capacity)
{
    return align_up(sizeof(struct done_ring_shm) + (uint64_t)capacity * sizeof(uint32_t), CACHE_LINE);
}

/* Where each part lies; fills the header's copy in `plan`. */
static void plan_layout(struct header_shm *plan, const struct shared_shape *shape)
{
    uint32_t roster_count = shape->workers + 1;
    uint32_t done_capacity = power_of_two_from(shape->done_capacity_min);
    uint32_t ring_capacity = power_of_two_from(shape->slots * 2);
    *plan = (struct header_shm){
        .magic = LAYOUT_MAGIC,
        .version = LAYOUT_VERSION,
        .stamp = layout_stamp(),
        .roster_count = roster_count,
        .slot_count = shape->slots,
        .done_capacity = done_capacity,
        .body_stride = shape->body_stride,
        .body_bytes = shape->body_stride * shape->slots,
        .memory_bytes_max = shape->memory_bytes_max,
    };
    uint64_t at = align_up(sizeof(struct header_shm), CACHE_LINE);
    plan->roster_offset = at;
    at += (uint64_t)roster_count * sizeof(struct roster_shm);
    plan->slots_offset = at;
    at += (uint64_t)shape->slots * sizeof(struct slot_shm);
    for (int i = 0; i < RING_COUNT; i++) {
        plan->rings[i].entries_offset = at;
        plan->rings[i].capacity = ring_capacity;
        at = align_up(at + (uint64_t)ring_capacity * sizeof(uint32_t), CACHE_LINE);
    }
    plan->done_offset = at;
    at += (uint64_t)roster_count * done_ring_bytes(done_capacity);
    plan->control_bytes = align_up(at, PAGE_BYTES);
}

/* Copies what must not change into the private handle, so that nobody's write into the header moves a bound. */
static void adopt_plan(struct shared *shared, const struct header_shm *plan)
{
    shared->slot_count = plan->slot_count;
    shared->roster_count = plan->roster_count;
    shared->done_capacity = plan->done_capacity;
    shared->ring_capacity = plan->rings[RING_WORK].capacity;
    shared->control_bytes = plan->control_bytes;
    shared->body_stride = plan->body_stride;
    shared->body_bytes = plan->body_bytes;
    shared->memory_bytes_max = plan->memory_bytes_max;
}

static enum status init_control(struct shared *shared, const struct header_shm *plan)
{
    shared->header = (struct header_shm *)(void *)shared->control;
    memcpy(shared->header, plan, sizeof *plan);
    shared->roster = (struct roster_shm *)(void *)(shared->control + plan->roster_offset);
    shared->slots = (struct slot_shm *)(void *)(shared->control + plan->slots_offset);
    shared->done_rings = shared->control + plan->done_offset;
    shared->done_stride = done_ring_bytes(plan->done_capacity);
    for (int i = 0; i < RING_COUNT; i++) {
        shared->ring_entries[i] = (_Atomic uint32_t *)(void *)(shared->control + plan->rings[i].entries_offset);
        if (sem_init(&shared->header->rings[i].work, 1, 0) != 0)
            return STATUS_SYSTEM;
    }
    memcpy(&shared->work_as_made, &shared->header->rings[RING_WORK].work, sizeof shared->work_as_made);
    for (uint32_t i = 0; i < shared->roster_count; i++)
        atomic_init(&shared->roster[i].current, SLOT_NONE);
    return STATUS_OK;
}

static enum status create_bodies(struct shared *shared, char *why, size_t why_bytes)
{
    shared->body_fd = open_unnamed(why, why_bytes);
    if (shared->body_fd < 0)
        return STATUS_NO_SHARED_MEMORY;
    if (ftruncate(shared->body_fd, (off_t)shared->body_bytes) != 0) {
        say(why, why_bytes, "cannot size shared memory: ftruncate to %llu MiB: %s; lower --max-body or --concurrency",
            (unsigned long long)shared->body_bytes >> 20, strerror(errno));
        return STATUS_NO_SHARED_MEMORY;
    }
    shared->bodies = map_segment(shared->body_fd, shared->body_bytes, true, why, why_bytes);
    return shared->bodies ? STATUS_OK : STATUS_OUT_OF_MEMORY;
}

static enum status create_control(struct shared *shared, const struct header_shm *plan, char *why, size_t why_bytes)
{
    int fd = open_unnamed(why, why_bytes);
    if (fd < 0)
        return STATUS_NO_SHARED_MEMORY;
    int error = reserve(fd, shared->control_bytes);
    if (error) {
        say_full(fd, shared->control_bytes, error, why, why_bytes);
        close(fd);
        return STATUS_NO_SHARED_MEMORY;
    }
    FAULT_POINT("shm.after_reserve");
    shared->control = map_segment(fd, shared->control_bytes, false, why, why_bytes);
    close(fd);
    if (!shared->control)
        return STATUS_OUT_OF_MEMORY;
    return init_control(shared, plan);
}

enum status shared_create(struct shared *shared, const struct shared_shape *shape, char *why, size_t why_bytes)
{
    *shared = (struct shared){.body_fd = -1};
    struct header_shm plan;
    plan_layout(&plan, shape);
    adopt_plan(shared, &plan);
    enum status status = create_control(shared, &plan, why, why_bytes);
    if (status == STATUS_OK)
        status = create_bodies(shared, why, why_bytes);
    if (status != STATUS_OK)
        shared_close(shared);
    return status;
}

void shared_close(struct shared *shared)
{
    if (shared->control)
        munmap(shared->control, (size_t)shared->control_bytes);
    if (shared->bodies)
        munmap(shared->bodies, (size_t)shared->body_bytes);
    if (shared->body_fd >= 0)
        close(shared->body_fd);
    *shared = (struct shared){.body_fd = -1};
}

struct done_ring_shm *shared_done_ring(const struct shared *shared, uint32_t worker)
{
    return (struct done_ring_shm *)(void *)(shared->done_rings + worker * shared->done_stride);
}
