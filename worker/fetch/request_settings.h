/* request_settings.h: what one request wants unlike the others (enum job_flag), set on a handle that serves others before and after it. */
#ifndef SHOAL_WORKER_REQUEST_SETTINGS_H
#define SHOAL_WORKER_REQUEST_SETTINGS_H

#include "worker/fetch/transfer_state.h"

/* A new handle: sets what is the same for every request. Errors: OUT_OF_MEMORY, INVALID_ARGUMENT where libcurl refuses. */
enum status request_settings_open(struct transfer *transfer);

/* A new claim: reads what the slot asks for, and sets what differs from the claim before. Errors: the same. */
enum status request_settings_set(struct transfer *transfer, const struct slot_shm *slot);

/* After a header line: whether the header is complete, and what it announces is no page for a request that wants nothing else. */
bool request_settings_say_enough(const struct transfer *transfer);

#endif
