/* What a system call costs in a worker, for each part of the sandbox. */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <stdint.h>

/* Prints lines "call_ns_PART VALUE": CPU nanoseconds of one call, the least of some rounds in turn. Returns an exit status. */
int run_calls(uint64_t calls);

#endif
