/* memory.c: the allocator that libcurl gets in a worker process. */
#include "worker/fetch/memory.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_STEP 32u
#define SMALL_MAX 1024u
#define SMALL_CLASSES (SMALL_MAX / SMALL_STEP) /* 32, 64, ... 1024 */
#define LARGE_CLASSES 7u                       /* 2, 4, ... 128 KiB */
#define CLASS_COUNT (SMALL_CLASSES + LARGE_CLASSES)
#define CLASS_NONE UINT32_MAX /* too large for a list */
#define KEPT_SMALL 512u       /* blocks of one class that are kept, at most */
#define KEPT_LARGE 128u

struct block {
    alignas(max_align_t) uint32_t class;
    bool is_held;
    bool is_freed;      /* while held */
    size_t bytes;       /* usable */
    struct block *next; /* while it lies in a list; then the caller's first bytes */
};

#define HEAD_BYTES offsetof(struct block, next)

struct list {
    struct block *first;
    uint32_t count;
};

static _Thread_local struct list lists[CLASS_COUNT];
static _Thread_local void *last;
static _Thread_local bool was_refused;
static _Thread_local bool keeps;

void memory_begin(void)
{
    keeps = true;
}

static uint32_t class_of(size_t bytes)
{
    if (bytes <= SMALL_MAX)
        return bytes ? (uint32_t)((bytes - 1) / SMALL_STEP) : 0;
    if (bytes > (size_t)SMALL_MAX << LARGE_CLASSES)
        return CLASS_NONE;
    return SMALL_CLASSES + (uint32_t)(63 - __builtin_clzll((bytes - 1) / SMALL_MAX));
}

static size_t bytes_of(uint32_t class)
{
    if (class < SMALL_CLASSES)
        return (size_t)(class + 1) * SMALL_STEP;
    return (size_t)SMALL_MAX << (class - SMALL_CLASSES + 1);
}

static void *payload(struct block *block)
{
    return (char *)block + HEAD_BYTES;
}

static struct block *block_of(void *at)
{
    return (struct block *)(void *)((char *)at - HEAD_BYTES);
}

void *memory_allocate(size_t bytes)
{
    uint32_t class = class_of(bytes);
    if (class != CLASS_NONE && lists[class].first) {
        struct block *block = lists[class].first;
        lists[class].first = block->next;
        lists[class].count--;
        return payload(block);
    }
    if (bytes > SIZE_MAX - HEAD_BYTES)
        return NULL;
    size_t usable = class == CLASS_NONE ? bytes : bytes_of(class);
    size_t whole = HEAD_BYTES + usable;
    struct block *block = malloc(whole < sizeof *block ? sizeof *block : whole);
    if (!block)
        return NULL;
    *block = (struct block){.class = class, .bytes = usable};
    return payload(block);
}

void memory_free(void *at)
{
    if (!at)
        return;
    struct block *block = block_of(at);
    uint32_t class = block->class;
    if (block->is_held) {
        block->is_freed = true;
        return;
    }
    if (!keeps || class == CLASS_NONE || lists[class].count >= (class < SMALL_CLASSES ? KEPT_SMALL : KEPT_LARGE)) {
        free(block);
        return;
    }
    block->next = lists[class].first;
    lists[class].first = block;
    lists[class].count++;
}

void *memory_resize(void *at, size_t bytes)
{
    if (!at)
        return memory_allocate(bytes);
    struct block *block = block_of(at);
    if (block->is_held && block->is_freed) {
        was_refused = true;
        return NULL;
    }
    last = at;
    if (bytes <= block->bytes)
        return at;
    void *larger = memory_allocate(bytes);
    if (!larger)
        return NULL;
    memcpy(larger, at, block->bytes);
    memory_free(at);
    last = larger;
    return larger;
}

char *memory_copy_text(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = memory_allocate(bytes);
    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

void *memory_allocate_zeroed(size_t count, size_t bytes)
{
    if (bytes && count > SIZE_MAX / bytes)
        return NULL;
    void *block = memory_allocate(count * bytes);
    if (block)
        memset(block, 0, count * bytes);
    last = block;
    return block;
}

void *memory_last(void)
{
    return last;
}

bool memory_was_refused(void)
{
    bool refused = was_refused;
    was_refused = false;
    return refused;
}

void memory_hold(void *at)
{
    if (at)
        block_of(at)->is_held = true;
}

void memory_release(void *at)
{
    if (!at)
        return;
    struct block *block = block_of(at);
    block->is_held = false;
    if (!block->is_freed)
        return;
    block->is_freed = false;
    memory_free(at);
}
