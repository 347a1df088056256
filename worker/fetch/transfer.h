/* transfer.h: one transfer of libcurl's, from a claimed slot to a filled result. Handles are made once and used again;
 * only what differs from URL to URL is set. */
#ifndef SHOAL_TRANSFER_H
#define SHOAL_TRANSFER_H

#include "worker/fetch/transfer_state.h"

/* Makes the handle and sets all that is the same for every URL. Errors: OUT_OF_MEMORY; INVALID_ARGUMENT where libcurl
 * refuses an option. After a failure transfer_close() is still due. */
enum status transfer_open(struct transfer *transfer, struct transfer_context *context);
void transfer_close(struct transfer *transfer);

/* Closes the handle and keeps the place among its lane's transfers: transfer_open() is due again. */
void transfer_renew(struct transfer *transfer);

/* Sets what is this claim's: URL and headers, from the slot's extent. Errors: OUT_OF_MEMORY, INVALID_ARGUMENT. */
enum status transfer_begin(struct transfer *transfer, const struct claim *claim);

/* A connection that lay idle was closed by the server just when it was used again (RFC 9112, 9.3.1; GOAWAY, RFC 9113, 6.8): nothing
 * was answered, so the request may be sent once more, on a new one. True: add the handle again, the claim goes on. */
bool transfer_begin_again(struct transfer *transfer, CURLcode code);

/* Fills the slot's result from how the transfer ended. */
void transfer_finish(struct transfer *transfer, CURLcode code);

/* Fills a slot's result with an end of our own. */
void transfer_fail(struct result_shm *result, enum fetch_error error, const char *why);

/* A paused body goes on if there is memory now. */
void transfer_resume(struct transfer *transfer);

#endif
