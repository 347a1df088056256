/* What follows the header of an answer, handed out piece by piece. */
#ifndef ORIGIN_BODY_H
#define ORIGIN_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/origin/span.h"

#define BODY_ENDLESS UINT64_MAX

/* All zero is a body of no bytes. A gigabyte needs no gigabyte of memory: a body is a small block
 * again and again, or the two ends of an encoding with such blocks between them. */
struct body {
    struct span first; /* sent once, before the blocks */
    struct span block;
    uint64_t blocks_bytes; /* of the blocks together; the last may be cut; BODY_ENDLESS */
    size_t block_offset;
    struct span last; /* sent once, after the blocks */
    void *owned;      /* memory behind first and last: freed by body_close(); may be NULL */
};

/* `total_bytes` of the block, which must outlive the body; a page is a block sent once. */
struct body body_repeat(struct span block, uint64_t total_bytes);
uint64_t body_bytes(const struct body *body);

/* The next piece, of at most `bytes_max`; empty at the end. It stays valid until body_close(). */
struct span body_next(struct body *body, size_t bytes_max);
void body_close(struct body *body);

/* Deterministic pseudo-text with line ends, which gzip makes about three times smaller. The caller
 * frees it; NULL when there is no memory. */
enum { FILLER_BYTES = 256 * 1024 };
char *filler_make(void);

#endif
