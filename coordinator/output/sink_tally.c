/* sink_tally.c: outcomes counted in a page shared with another process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "coordinator/output/sinks.h"
#include "coordinator/output/tally.h"

struct sink_tally {
    struct sink sink;
    struct tally_shm *tally;
};

/* The only writer: no read-modify-write is needed. */
static void add(_Atomic uint64_t *sum, uint64_t more)
{
    atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + more, memory_order_relaxed);
}

static enum status tally_write(struct sink *sink, const struct outcome *outcome)
{
    struct tally_shm *tally = ((struct sink_tally *)sink)->tally;
    if (outcome_is_skip(outcome))
        return STATUS_OK;
    add(&tally->by_error[outcome->result->error], 1);
    add(&tally->body_bytes, outcome->result->body_bytes);
    return STATUS_OK;
}

static enum status tally_flush(struct sink *sink)
{
    (void)sink;
    return STATUS_OK;
}

static void tally_close(struct sink *sink)
{
    munmap(((struct sink_tally *)sink)->tally, sizeof(struct tally_shm));
    free(sink);
}

static const struct sink_ops TALLY_OPS = {"tally", tally_write, tally_flush, tally_close};

enum status sink_tally_open(struct sink **sink, int fd, char *why, size_t why_bytes)
{
    struct stat at;
    *sink = NULL;
    if (fstat(fd, &at) != 0 || at.st_size < (off_t)sizeof(struct tally_shm)) {
        snprintf(why, why_bytes, "--tally %d: is no page to count in", fd);
        return STATUS_INVALID_ARGUMENT;
    }
    struct tally_shm *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (tally == MAP_FAILED) {
        snprintf(why, why_bytes, "--tally %d: mmap: %s", fd, strerror(errno));
        return STATUS_SYSTEM;
    }
    struct sink_tally *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        munmap(tally, sizeof *tally);
        snprintf(why, why_bytes, "no memory");
        return STATUS_OUT_OF_MEMORY;
    }
    opened->sink.ops = &TALLY_OPS;
    opened->tally = tally;
    *sink = &opened->sink;
    return STATUS_OK;
}
