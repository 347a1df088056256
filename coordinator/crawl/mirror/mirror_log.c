/*     record of a file       | file_head | url | path |
 *     records of its links   | 'L' | link_head, rest of its URL | link_head, rest of its URL | ...   as many as the file has links
 *     record of a redirect   | redirect_head |
 *
 * A link's URL is kept without what it has in common with the beginning of its page's. */
#include "coordinator/crawl/mirror/mirror_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "coordinator/base/private_map.h"
#include "coordinator/base/url_log.h"

#define ENTRIES_FIRST 4096u
#define LINKS_FIRST 256u
#define TEXT_FIRST 16384u

enum record_kind { RECORD_FILE = 'F', RECORD_LINKS = 'L', RECORD_REDIRECT = 'R' };

struct file_head {
    uint8_t kind, flags;
    uint16_t url_bytes, path_bytes;
    uint32_t link_count;
    uint64_t fingerprint, bytes, hash;
};

struct link_head {
    uint64_t fingerprint, at;
    uint32_t raw_bytes;
    uint16_t common, rest; /* bytes of its URL: as its page's has them, and what follows */
    uint8_t kind, quoting;
};

struct redirect_head {
    uint8_t kind;
    uint64_t to;
};

struct entry {
    uint64_t fingerprint;
    uint64_t number; /* of the record */
};

struct mirror_log {
    struct url_log *records;
    struct entry *entries;
    size_t count, capacity;
    /* one record as it is put together */
    size_t used;
    unsigned char record[URL_LOG_BYTES_MAX];
    /* the file that was read last */
    uint64_t at;
    char url[URL_BYTES_MAX + 1], path[SAVE_PATH_BYTES_MAX + 1];
    struct mirror_link *links;
    size_t links_capacity;
    char *text; /* of its links' URLs */
    size_t text_used, text_capacity;
    char found[SAVE_PATH_BYTES_MAX + 1];
    const char *why;
};

struct mirror_log *mirror_log_open(void)
{
    struct mirror_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->why = "no memory to convert links";
    log->records = url_log_open();
    if (log->records == NULL) {
        free(log);
        return NULL;
    }
    return log;
}

void mirror_log_close(struct mirror_log *log)
{
    if (log == NULL)
        return;
    url_log_close(log->records);
    if (log->entries != NULL)
        munmap(log->entries, log->capacity * sizeof *log->entries);
    free(log->links);
    free(log->text);
    free(log);
}

uint64_t mirror_log_count(const struct mirror_log *log)
{
    return log->count;
}

const char *mirror_log_why(const struct mirror_log *log)
{
    return log->why;
}

/* ---- adding ---- */

static bool make_room(struct mirror_log *log)
{
    if (log->count < log->capacity)
        return true;
    size_t capacity = log->capacity == 0 ? ENTRIES_FIRST : log->capacity + log->capacity / 4;
    size_t bytes = capacity * sizeof *log->entries;
    size_t before = log->capacity * sizeof *log->entries;
    void *at = before == 0 ? private_map(bytes) : mremap(log->entries, before, bytes, MREMAP_MAYMOVE);
    if (at == NULL || at == MAP_FAILED)
        return false;
    log->entries = at;
    log->capacity = capacity;
    return true;
}

/* Writes the record that was put together; URL_LOG_NONE: the disk. */
static uint64_t write_record(struct mirror_log *log)
{
    uint64_t number = url_log_add(log->records, log->record, log->used);
    log->used = 0;
    if (number == URL_LOG_NONE)
        log->why = url_log_why(log->records);
    return number;
}

static enum status add_entry(struct mirror_log *log, uint64_t fingerprint)
{
    if (!make_room(log))
        return STATUS_OUT_OF_MEMORY;
    uint64_t number = write_record(log);
    if (number == URL_LOG_NONE)
        return STATUS_SYSTEM;
    log->entries[log->count++] = (struct entry){fingerprint, number};
    return STATUS_OK;
}

static void put(struct mirror_log *log, const void *bytes, size_t count)
{
    memcpy(log->record + log->used, bytes, count);
    log->used += count;
}

static size_t common_bytes(const struct url_text *left, const struct url_text *right)
{
    size_t most = left->bytes < right->bytes ? left->bytes : right->bytes;
    size_t same = 0;
    while (same < most && left->at[same] == right->at[same])
        same++;
    return same;
}

static uint32_t count_placed(struct page *page, const void *block)
{
    struct page_link link;
    uint32_t count = 0;
    page_rewind(page, block);
    while (page_next_link(page, &link))
        count += link.at != UINT64_MAX;
    return count;
}

static enum status add_links(struct mirror_log *log, const struct mirror_file *file, struct page *page,
                             const void *block, uint32_t count)
{
    struct page_link link;
    char copy[URL_BYTES_MAX];
    page_rewind(page, block);
    while (count > 0) {
        /* A worker that changes its page meanwhile gets what is left as links that lead nowhere. */
        if (!page_next_link(page, &link))
            link = (struct page_link){.at = 0, .url = {"", 0}};
        if (link.at == UINT64_MAX)
            continue;
        memcpy(copy, link.url.at, link.url.bytes);
        const struct url_text url = {copy, link.url.bytes};
        size_t common = common_bytes(&file->url, &url);
        const struct link_head head = {.fingerprint = link.fingerprint,
                                       .at = link.at,
                                       .raw_bytes = link.raw_bytes,
                                       .common = (uint16_t)common,
                                       .rest = (uint16_t)(url.bytes - common),
                                       .kind = (uint8_t)link.kind,
                                       .quoting = (uint8_t)link.quoting};
        if (log->used + sizeof head + head.rest > sizeof log->record && write_record(log) == URL_LOG_NONE)
            return STATUS_SYSTEM;
        if (log->used == 0)
            put(log, &(uint8_t){RECORD_LINKS}, 1);
        put(log, &head, sizeof head);
        put(log, copy + common, head.rest);
        count--;
    }
    return log->used == 0 || write_record(log) != URL_LOG_NONE ? STATUS_OK : STATUS_SYSTEM;
}

enum status mirror_log_add_file(struct mirror_log *log, const struct mirror_file *file, struct page *page,
                                const void *block)
{
    bool is_told = page != NULL && file->flags & MIRROR_IS_PAGE && file->flags & MIRROR_HAS_POSITIONS;
    const struct file_head head = {.kind = RECORD_FILE,
                                   .flags = (uint8_t)file->flags,
                                   .url_bytes = (uint16_t)file->url.bytes,
                                   .path_bytes = (uint16_t)file->path.bytes,
                                   .link_count = is_told ? count_placed(page, block) : 0,
                                   .fingerprint = file->fingerprint,
                                   .bytes = file->bytes,
                                   .hash = file->hash};
    if (file->url.bytes > URL_BYTES_MAX || file->path.bytes > SAVE_PATH_BYTES_MAX)
        return STATUS_OK; /* no URL is so long */
    put(log, &head, sizeof head);
    put(log, file->url.at, file->url.bytes);
    put(log, file->path.at, file->path.bytes);
    enum status status = add_entry(log, file->fingerprint);
    return status == STATUS_OK && head.link_count > 0 ? add_links(log, file, page, block, head.link_count) : status;
}

enum status mirror_log_add_redirect(struct mirror_log *log, uint64_t from, uint64_t to)
{
    const struct redirect_head head = {.kind = RECORD_REDIRECT, .to = to};
    put(log, &head, sizeof head);
    return add_entry(log, from);
}

/* ---- order ---- */

static void swap(struct entry *left, struct entry *right)
{
    struct entry kept = *left;
    *left = *right;
    *right = kept;
}

static void sift_down(struct entry *entries, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && entries[child].fingerprint < entries[child + 1].fingerprint)
            child++;
        if (entries[at].fingerprint >= entries[child].fingerprint)
            return;
        swap(&entries[at], &entries[child]);
    }
}

/* A heap sort: it needs no memory, and no order of what comes makes it slow. */
void mirror_log_seal(struct mirror_log *log)
{
    for (size_t i = log->count / 2; i-- > 0;)
        sift_down(log->entries, i, log->count);
    for (size_t left = log->count; left > 1; left--) {
        swap(&log->entries[0], &log->entries[left - 1]);
        sift_down(log->entries, 0, left - 1);
    }
    log->at = URL_LOG_NONE;
}

static const struct entry *entry_of(const struct mirror_log *log, uint64_t fingerprint)
{
    size_t begin = 0, end = log->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (log->entries[middle].fingerprint < fingerprint)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < log->count && log->entries[begin].fingerprint == fingerprint ? &log->entries[begin] : NULL;
}

/* ---- reading ---- */

/* The head of a file's record, if it is one that holds together. */
static bool read_head(const char *record, size_t bytes, struct file_head *head)
{
    if (bytes < sizeof *head || (uint8_t)record[0] != RECORD_FILE)
        return false;
    memcpy(head, record, sizeof *head);
    return head->url_bytes <= URL_BYTES_MAX && head->path_bytes <= SAVE_PATH_BYTES_MAX &&
           bytes == sizeof *head + head->url_bytes + head->path_bytes;
}

const char *mirror_log_find(struct mirror_log *log, uint64_t fingerprint)
{
    for (uint32_t hops = 0; hops <= MIRROR_REDIRECTS_MAX; hops++) {
        const char *record;
        size_t bytes;
        struct file_head file;
        struct redirect_head redirect;
        const struct entry *entry = entry_of(log, fingerprint);
        if (entry == NULL || !url_log_get(log->records, entry->number, &record, &bytes) || bytes == 0)
            return NULL;
        if ((uint8_t)record[0] == RECORD_REDIRECT && bytes == sizeof redirect) {
            memcpy(&redirect, record, sizeof redirect);
            fingerprint = redirect.to;
            continue;
        }
        if (!read_head(record, bytes, &file))
            return NULL;
        memcpy(log->found, record + sizeof file + file.url_bytes, file.path_bytes);
        log->found[file.path_bytes] = '\0';
        return log->found;
    }
    return NULL;
}

static bool make_room_for(void **at, size_t *capacity, size_t wanted, size_t first, size_t one)
{
    size_t grown = *capacity == 0 ? first : *capacity;
    while (grown < wanted)
        grown *= 2;
    if (grown == *capacity)
        return true;
    void *more = realloc(*at, grown * one);
    if (more == NULL)
        return false;
    *at = more;
    *capacity = grown;
    return true;
}

/* The links of one record; false: memory. *count grows to at most `most`. */
static bool take_links(struct mirror_log *log, const char *record, size_t bytes, size_t *count, size_t most)
{
    for (size_t at = 1; *count < most && bytes - at >= sizeof(struct link_head);) {
        struct link_head head;
        memcpy(&head, record + at, sizeof head);
        at += sizeof head;
        size_t url_bytes = (size_t)head.common + head.rest;
        if (head.rest > bytes - at || url_bytes > URL_BYTES_MAX)
            return true;
        if (!make_room_for((void **)&log->text, &log->text_capacity, log->text_used + url_bytes, TEXT_FIRST, 1))
            return false;
        memcpy(log->text + log->text_used, log->url, head.common);
        memcpy(log->text + log->text_used + head.common, record + at, head.rest);
        log->links[(*count)++] = (struct mirror_link){
            .fingerprint = head.fingerprint,
            .at = head.at,
            .raw_bytes = head.raw_bytes,
            .kind = (enum link_kind)head.kind,
            .quoting = (enum link_quoting)head.quoting,
            .url = {NULL, url_bytes}, /* the text may still move */
        };
        log->text_used += url_bytes;
        at += head.rest;
    }
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct mirror_link *first = left;
    const struct mirror_link *second = right;
    return (first->at > second->at) - (first->at < second->at);
}

/* The next file's record; its URL and path are copied. */
static enum status next_file(struct mirror_log *log, struct file_head *head)
{
    const char *record;
    size_t bytes;
    do {
        if (!url_log_next(log->records, &log->at, &record, &bytes))
            return STATUS_END;
    } while (!read_head(record, bytes, head));
    memcpy(log->url, record + sizeof *head, head->url_bytes);
    memcpy(log->path, record + sizeof *head + head->url_bytes, head->path_bytes);
    log->url[head->url_bytes] = log->path[head->path_bytes] = '\0';
    return STATUS_OK;
}

enum status mirror_log_next(struct mirror_log *log, struct mirror_file *file, const struct mirror_link **links,
                            size_t *link_count)
{
    struct file_head head;
    const char *record;
    size_t bytes;
    size_t count = 0;
    enum status status = next_file(log, &head);
    if (status != STATUS_OK)
        return status;
    log->text_used = 0;
    if (!make_room_for((void **)&log->links, &log->links_capacity, head.link_count, LINKS_FIRST, sizeof *log->links))
        return STATUS_OUT_OF_MEMORY;
    while (count < head.link_count) {
        size_t before = count;
        if (!url_log_next(log->records, &log->at, &record, &bytes) || bytes == 0 || record[0] != RECORD_LINKS) {
            log->why = "a temporary file cannot be read";
            return STATUS_SYSTEM;
        }
        if (!take_links(log, record, bytes, &count, head.link_count))
            return STATUS_OUT_OF_MEMORY;
        if (count == before)
            break;
    }
    const char *text = log->text;
    for (size_t i = 0; i < count; i++) {
        log->links[i].url.at = text;
        text += log->links[i].url.bytes;
    }
    qsort(log->links, count, sizeof *log->links, by_place);
    *file = (struct mirror_file){.fingerprint = head.fingerprint,
                                 .bytes = head.bytes,
                                 .hash = head.hash,
                                 .flags = head.flags,
                                 .url = {log->url, head.url_bytes},
                                 .path = {log->path, head.path_bytes}};
    *links = log->links;
    *link_count = count;
    return STATUS_OK;
}
