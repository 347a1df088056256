/* decoder.h: content codings (RFC 9110, 8.4.1) undone, under limits of our own.
 *
 * DESIGN. libcurl hands the body on as it was sent, and it is decoded here: so that a compressed body which ends early is known
 * as such, whatever its length says, and so that no version of libcurl decides how much of a bomb is let in. A chain of codings
 * is a chain of stages, the last coding first, and bytes are pulled, never pushed:
 *
 *     libcurl's bytes -> stage 0 -> its buffer -> stage 1 -> ... -> the caller's room
 *
 * A stage runs only when there is room for what it gives, so a bomb costs no memory, and a body can wait at any byte. */
#ifndef SHOAL_DECODER_H
#define SHOAL_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fetch_error.h"
#include "common/limits.h"
#include "common/status.h"

#define CODINGS_MAX 5 /* applied to one body; libcurl's bound too */

/* What we ask for in Accept-Encoding, and take though nobody asked: deflate. */
#define CODINGS_ASKED "gzip, br"

enum coding { CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_BROTLI, CODING_UNKNOWN };

/* The coding of that name; CODING_NONE for "identity" and for nothing. */
enum coding coding_of_name(const char *name, size_t bytes);

struct decoder;

/* Begins a body with these codings, in the order in which the server applied them: 1 to CODINGS_MAX, none of them NONE or UNKNOWN.
 * *decoder is NULL or of a body before, and is used again. limits are borrowed. Errors: OUT_OF_MEMORY. */
enum status decoder_begin(struct decoder **decoder, const uint8_t *codings, size_t count,
                          const struct fetch_limits *limits);

/* Accepts NULL. */
void decoder_close(struct decoder *decoder);

/* The bytes that come next; borrowed until decoder_left() is 0 or others are given. */
void decoder_feed(struct decoder *decoder, const void *bytes, size_t count);
size_t decoder_left(const struct decoder *decoder);

/* Writes up to `room` decoded bytes, and returns how many: 0 when more must be fed, when the body is at its end, or when it
 * cannot go on, decoder_error(). */
size_t decoder_take(struct decoder *decoder, void *out, size_t room);

/* FETCH_OK; FETCH_DECODE: what came is not the coding that it is said to be; FETCH_TOO_LARGE: a stage gave more than body_bytes_max
 * or body_ratio_max allow; FETCH_OUT_OF_MEMORY. *why: one line. */
enum fetch_error decoder_error(const struct decoder *decoder, const char **why);

/* Whether every stage has seen the end of its data, checksum included. */
bool decoder_is_complete(const struct decoder *decoder);

#endif
