/* What a process holds, seen from outside: descriptors, memory, shared memory. */
#ifndef SHOAL_TESTS_SOAK_USAGE_H
#define SHOAL_TESTS_SOAK_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of one process, or the largest of several. */
struct usage {
    uint64_t descriptors;
    uint64_t private_kib; /* RssAnon: without what is shared or mapped from files */
    uint64_t shared_kib;  /* blocks of the objects in /dev/shm that it has open or mapped */
};

/* All zero for a process that is gone. */
struct usage usage_of(pid_t pid);

/* The larger of both, each field for itself. */
struct usage usage_max(struct usage left, struct usage right);

/* Its children now: returns how many, writes up to max. */
size_t children_of(pid_t pid, pid_t *children, size_t max);

#endif
