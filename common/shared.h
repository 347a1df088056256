/* shared.h: makes and maps the two segments. The handle is private to a process; a forked worker inherits a copy. */
#ifndef SHOAL_SHARED_H
#define SHOAL_SHARED_H

#include "common/layout.h"
#include "common/status.h"

struct shared {
    struct header_shm *header;
    struct roster_shm *roster;
    struct slot_shm *slots;
    unsigned char *control; /* the segment's first byte: offsets count from here */
    unsigned char *bodies;
    unsigned char *done_rings;
    _Atomic uint32_t *ring_entries[RING_COUNT];
    uint32_t slot_count; /* copied before anybody else could write the header */
    uint32_t roster_count;
    uint32_t done_capacity;
    uint32_t ring_capacity;
    uint64_t control_bytes;
    uint64_t done_stride;
    uint64_t body_stride;
    uint64_t body_bytes;
    uint64_t memory_bytes_max;
    sem_t work_as_made; /* what a semaphore of a ring holds beside its count */
    int body_fd;        /* extents grow and shrink through it */
};

struct shared_shape {
    uint32_t workers; /* without the one for quarantine */
    uint32_t slots;
    uint32_t done_capacity_min;
    uint64_t body_stride;
    uint64_t memory_bytes_max;
};

/* Creates both objects under random names with O_EXCL and mode 0600, reserves the control segment's pages, maps both and
 * unlinks them before it returns: nothing stays in /dev/shm however the process ends. The coordinator, before any fork.
 * why: one line on failure. Errors: NO_SHARED_MEMORY, OUT_OF_MEMORY; nothing is left mapped then. */
enum status shared_create(struct shared *shared, const struct shared_shape *shape, char *why, size_t why_bytes);

/* Unmaps and closes. Accepts a handle that was never created. */
void shared_close(struct shared *shared);

/* A worker's announcements. */
struct done_ring_shm *shared_done_ring(const struct shared *shared, uint32_t worker);

#endif
