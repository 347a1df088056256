/* private_map.h: memory for the large tables of a crawl: mapped with MADV_DONTFORK, so that a worker which is forked late neither pins
 * nor copies it. */
#ifndef SHOAL_PRIVATE_MAP_H
#define SHOAL_PRIVATE_MAP_H

#include <stddef.h>

/* `bytes` of zeros, at the beginning of a page; given back with munmap(). They count as used once written. NULL when memory is
 * short. */
void *private_map(size_t bytes);

#endif
