/* body.h: an answer's body on its way from libcurl into the slot's extent: limits, content codings, and waiting for memory. */
#ifndef SHOAL_WORKER_BODY_H
#define SHOAL_WORKER_BODY_H

#include "worker/fetch/transfer_state.h"

/* libcurl's write function; context is the transfer. Never blocks: pauses the transfer while there is no memory. */
size_t body_take(char *data, size_t size, size_t count, void *context);

/* There is memory again for a transfer that is paused: its clock goes on. */
void body_end_pause(struct transfer *transfer);

/* The transfer ended as libcurl says: a compressed body that is not at its end is an error then, whatever its length said. */
void body_finish(struct transfer *transfer, CURLcode code);

#endif
