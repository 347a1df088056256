/* wishes.h: what one request wants otherwise than all others (enum job_flag), put to a handle that others use before and after it. */
#ifndef SHOAL_WORKER_WISHES_H
#define SHOAL_WORKER_WISHES_H

#include "worker/fetch/transfer.h"

/* A new handle: sets what is the same for every request. Errors: OUT_OF_MEMORY, INVALID_ARGUMENT where libcurl refuses. */
enum status wishes_open(struct transfer *transfer);

/* A new claim: reads the slot's wishes, and sets what differs from the claim before. Errors: the same. */
enum status wishes_set(struct transfer *transfer, const struct slot_shm *slot);

/* After a header line: whether the header is complete, and what it announces is no page for a request that wants nothing else. */
bool wishes_say_enough(const struct transfer *transfer);

#endif
