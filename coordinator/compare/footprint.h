/* footprint.h: the peak memory of a process and its children, shared pages counted once.
 *
 * DESIGN. What counts is the proportional set size (PSS) of /proc/PID/smaps_rollup, summed over the processes, for memory of
 * their own and shared memory: a page that several share counts for each by its part. Pages of files (the program, its
 * libraries) are counted once, as many as the process with the most of them has: PSS would leave out what other programs on
 * the machine, this one for a start, happen to map too. Reading that walks the page tables and holds up the process. So what is looked
 * at all the time is the number of resident pages, which costs next to nothing; PSS is read when that has grown and stands
 * still, or has been growing for a while, and only as long as all such readings took no more CPU time than 1 % of the run.
 * What a peak may so be missed by: a 64th, or what lasts for a few milliseconds. */
#ifndef SHOAL_COMPARE_FOOTPRINT_H
#define SHOAL_COMPARE_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct footprint {
    pid_t root;
    int64_t began_ns;
    int64_t next_ns;         /* when footprint_look() wants to be called */
    int64_t spent_ns;        /* CPU time, on readings of smaps_rollup */
    int64_t read_ns;         /* when PSS was read last ... */
    uint64_t read_pages;     /* ... and what was resident then, in all processes */
    uint64_t resident_pages; /* at the last look */
    uint64_t peak_bytes;     /* 0: could not be read */
};

void footprint_begin(struct footprint *footprint, pid_t root, int64_t now_ns);

/* Looks if it is time. Never blocks; processes that end meanwhile are no error. */
void footprint_look(struct footprint *footprint, int64_t now_ns);

/* What a process and its children have now, in bytes; 0 if it cannot be read. */
uint64_t footprint_read(pid_t root);

#endif
