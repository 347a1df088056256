/* outcome.h: what a finished transfer of libcurl's means in our terms. */
#ifndef SHOAL_WORKER_OUTCOME_H
#define SHOAL_WORKER_OUTCOME_H

#include "worker/fetch/transfer_state.h"

/* Fills error, status, versions, addresses, content type, Retry-After and detail. The result's hot part must be zeroed. */
void outcome_of_exchange(const struct transfer *transfer, CURLcode code, struct result_shm *result);

/* Fills the times; -1 for a phase that did not happen (a reused connection has no connect). */
void outcome_times(const struct transfer *transfer, struct result_shm *result);

/* Which error a code of libcurl's is, without a look at the transfer. */
enum fetch_error outcome_of_code(CURLcode code);

#endif
