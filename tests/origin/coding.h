/* Compressed bodies, honest and not. */
#ifndef ORIGIN_CODING_H
#define ORIGIN_CODING_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/origin/body.h"

enum coding_format { CODING_GZIP, CODING_ZLIB };
enum coding_content { CODING_TEXT, CODING_ZEROS };

struct coding;

/* Compresses the two blocks that long bodies repeat. filler must outlive the result, which the
 * caller owns; NULL when there is no memory. Takes some milliseconds. */
struct coding *coding_open(struct span filler);
void coding_close(struct coding *coding);

/* A body that decodes to `decoded_bytes` of the filler, over and over, or of zeros; the caller owns
 * it. At most one block is compressed, however long the body. False: no memory. */
bool coding_make(struct coding *coding, enum coding_format format, enum coding_content content, uint64_t decoded_bytes,
                 struct body *body);

/* gzip of plain, `times` over, 1 or more. *packed is the caller's to free. False: no memory. */
bool coding_gzip_chain(struct span plain, unsigned times, char **packed, size_t *packed_bytes);

#endif
