/* libcurl.h: what libcurl is told once, before the first transfer: its allocator, and what all transfers of a worker share. */
#ifndef SHOAL_WORKER_LIBCURL_H
#define SHOAL_WORKER_LIBCURL_H

#include "worker/fetch/transfer_state.h"

/* Once a process; is_process: it is the worker's own, which gives libcurl our allocator. Any thread. */
void libcurl_begin(bool is_process);

/* Whether a handle may serve more than one URL with this libcurl: fills handles_last and holds_headers. */
void libcurl_decide_reuse(struct transfer_context *context);

/* Makes the lists of the run's own header lines and fixed addresses. OUT_OF_MEMORY; what was made so far is in the context. */
enum status libcurl_make_lists(struct transfer_context *context);

/* Tells multi, which runs nothing yet, the run's fixed addresses: its transfers then need not be told. Each handle would read the whole
 * list anew, a microsecond an entry. Opens no socket. False: it does not know them, tell each handle. */
bool libcurl_tell_addresses(const struct transfer_context *context, CURLM *multi);

#endif
