/* frontier_rows.c: rows of the frontier on disk, each with a hash of what it holds. */
#include "coordinator/crawl/frontier/frontier_rows.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum status spill_put_row(struct spill *spill, uint32_t run, uint32_t row, size_t stream_bytes, uint16_t at,
                          uint16_t urls)
{
    uint32_t hash = (uint32_t)XXH3_64bits(spill->row + ROW_HEAD_BYTES, stream_bytes);
    memcpy(spill->row, &hash, sizeof hash);
    memcpy(spill->row + 4, &at, sizeof at);
    memcpy(spill->row + 6, &urls, sizeof urls);
    return disk_put(spill->disk, run, row, spill->row, ROW_HEAD_BYTES + stream_bytes, spill->why, spill->why_bytes);
}

enum status spill_get_row(struct spill *spill, uint32_t run, uint32_t row, size_t *stream_bytes,
                          struct row_facts *facts)
{
    size_t bytes = 0;
    enum status status =
        disk_get(spill->disk, run, row, spill->row, sizeof spill->row, &bytes, spill->why, spill->why_bytes);
    if (status != STATUS_OK)
        return status;
    if (bytes > ROW_HEAD_BYTES) {
        uint32_t hash;
        memcpy(&hash, spill->row, sizeof hash);
        memcpy(&facts->at, spill->row + 4, sizeof facts->at);
        memcpy(&facts->urls, spill->row + 6, sizeof facts->urls);
        *stream_bytes = bytes - ROW_HEAD_BYTES;
        if (facts->at < *stream_bytes && hash == (uint32_t)XXH3_64bits(spill->row + ROW_HEAD_BYTES, *stream_bytes))
            return STATUS_OK;
    }
    snprintf(spill->why, spill->why_bytes,
             "the frontier's temporary file is damaged: what was read is not what was written");
    return STATUS_SYSTEM;
}
