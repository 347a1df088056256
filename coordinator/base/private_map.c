/* private_map.c: memory for the large tables of a crawl. */
#include "coordinator/base/private_map.h"

#include <sys/mman.h>

void *private_map(size_t bytes)
{
    /* cppcheck-suppress invalidFunctionArg ; no file, so no descriptor */
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    (void)madvise(at, bytes, MADV_DONTFORK); /* stays with the mapping when it grows or moves */
    return at;
}
