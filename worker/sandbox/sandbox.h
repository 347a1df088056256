/* sandbox.h: what a worker process takes from itself before it reads the first byte of the network.
 *
 * DESIGN. A worker parses what strangers send. Whoever takes it over by that should find a process that can do what a worker
 * does and little else: talk to the network, and write into the segments that it shares with the coordinator (whose reader
 * trusts nothing of them). Five parts, each of which stands by itself, is put on where the kernel has it, and can be left
 * out: rlimits.h, landlock.h, seccomp.h, and in sandbox.c privs (no new privileges; of the capabilities only the one to
 * read) and nodump (no core, no tracer, no /proc/PID/mem). It is put on after libcurl and OpenSSL have begun and nothing
 * can be taken off again, nor can a process or thread that is started later.
 *
 * What it does not do: hide the network of this machine (--block-private is asked for every connection, but by the worker
 * itself), or keep a worker from giving wrong results for the URLs that it holds. */
#ifndef SHOAL_SANDBOX_H
#define SHOAL_SANDBOX_H

#include <stdbool.h>

#include "worker/worker.h"

/* Whether files of the resolver have been replaced since worker_confine(), so that this process cannot read them any more
 * though others can: names will not be found here. For the worker's thread; opens two files. */
bool sandbox_hides_names(const struct worker *worker);

#endif
