/* convert.c: the links of saved pages and styles, made to lead to what was saved, once all is. */
#include "coordinator/crawl/mirror/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fingerprint.h"
#include "coordinator/crawl/mirror/link_value.h"

struct converter {
    struct mirror_log *log;
    struct save_tree *tree;
    uint64_t seed;
    struct convert_counts *counts;
    char *bytes; /* of the file */
    size_t capacity;
    struct page_text text; /* what it becomes */
};

enum verdict { VERDICT_CONVERTED, VERDICT_SAME, VERDICT_CHANGED, VERDICT_UNFIT, VERDICT_NO_MEMORY };

/* ---- reading ---- */

static bool read_all(int fd, char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t got = read(fd, bytes, count);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        bytes += got;
        count -= (size_t)got;
    }
    return true;
}

static bool make_room(struct converter *converter, size_t bytes)
{
    if (bytes <= converter->capacity)
        return true;
    char *more = realloc(converter->bytes, bytes);
    if (more == NULL)
        return false;
    converter->bytes = more;
    converter->capacity = bytes;
    return true;
}

/* VERDICT_SAME: its bytes are there, as they were saved. */
static enum verdict read_file(struct converter *converter, const struct mirror_file *file)
{
    struct stat at;
    int fd = save_tree_read(converter->tree, file->path.at);
    if (fd < 0)
        return VERDICT_CHANGED;
    enum verdict verdict = VERDICT_CHANGED;
    if (fstat(fd, &at) != 0 || (uint64_t)at.st_size != file->bytes)
        ; /* another one */
    else if (!make_room(converter, file->bytes))
        verdict = VERDICT_NO_MEMORY;
    else if (read_all(fd, converter->bytes, file->bytes) &&
             fingerprint_of(converter->bytes, file->bytes, converter->seed) == file->hash)
        verdict = VERDICT_SAME;
    close(fd);
    return verdict;
}

/* ---- writing ---- */

static void put_value(struct converter *converter, const struct mirror_file *file, const struct mirror_link *link,
                      const char *raw)
{
    const struct link_place place = {.page = file->path.at,
                                     .raw = raw,
                                     .raw_bytes = link->raw_bytes,
                                     .quoting = file->flags & MIRROR_IS_CSS ? QUOTING_CSS : link->quoting};
    if (link->kind == LINK_BASE) {
        link_value_empty(&converter->text, &place);
        return;
    }
    const char *path = link->kind == LINK_CANONICAL ? NULL : mirror_log_find(converter->log, link->fingerprint);
    if (path != NULL) {
        converter->counts->saved++;
        link_value_path(&converter->text, &place, path);
    } else {
        converter->counts->elsewhere++;
        link_value_url(&converter->text, &place, &link->url);
    }
}

static bool fits(const struct mirror_file *file, const struct mirror_link *links, size_t count)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (links[i].at < end || links[i].at > file->bytes || links[i].raw_bytes > file->bytes - links[i].at)
            return false;
        end = links[i].at + links[i].raw_bytes;
    }
    return true;
}

/* The file's text as it should be. */
static enum verdict rewrite(struct converter *converter, const struct mirror_file *file,
                            const struct mirror_link *links, size_t count)
{
    struct page_text *text = &converter->text;
    const char *bytes = converter->bytes;
    uint64_t done = 0;
    text->used = 0;
    if (!fits(file, links, count))
        return VERDICT_UNFIT;
    for (size_t i = 0; i < count; i++) {
        page_text_put(text, bytes + done, links[i].at - done);
        put_value(converter, file, &links[i], bytes + links[i].at);
        done = links[i].at + links[i].raw_bytes;
        if (text->used > 2 * file->bytes + CONVERT_GROWTH_BYTES_MAX)
            return VERDICT_UNFIT;
    }
    page_text_put(text, bytes + done, file->bytes - done);
    if (text->is_short)
        return VERDICT_NO_MEMORY;
    bool is_same = text->used == file->bytes && (text->used == 0 || memcmp(text->bytes, bytes, text->used) == 0);
    return is_same ? VERDICT_SAME : VERDICT_CONVERTED;
}

static enum status convert_file(struct converter *converter, const struct mirror_file *file,
                                const struct mirror_link *links, size_t count)
{
    struct convert_counts *counts = converter->counts;
    counts->seen++;
    if (!(file->flags & MIRROR_IS_PAGE))
        return STATUS_OK;
    if (!(file->flags & MIRROR_HAS_POSITIONS)) {
        counts->unplaced++;
        return STATUS_OK;
    }
    struct convert_counts before = *counts;
    enum verdict verdict = count == 0 ? VERDICT_CONVERTED : read_file(converter, file);
    if (verdict == VERDICT_SAME)
        verdict = rewrite(converter, file, links, count);
    if (verdict == VERDICT_CHANGED || verdict == VERDICT_UNFIT) {
        *counts = before;
        counts->changed += verdict == VERDICT_CHANGED;
        counts->unfit += verdict == VERDICT_UNFIT;
        return STATUS_OK;
    }
    if (verdict == VERDICT_NO_MEMORY)
        return STATUS_OUT_OF_MEMORY;
    counts->converted++;
    return verdict == VERDICT_SAME || count == 0
               ? STATUS_OK
               : save_tree_replace(converter->tree, file->path.at, converter->text.bytes, converter->text.used);
}

enum status convert_files(struct mirror_log *log, struct save_tree *tree, uint64_t seed, convert_watcher *watcher,
                          void *context, struct convert_counts *counts, char *why, size_t why_bytes)
{
    struct converter converter = {.log = log, .tree = tree, .seed = seed, .counts = counts};
    struct mirror_file file;
    const struct mirror_link *links;
    size_t count;
    enum status status;
    *counts = (struct convert_counts){0};
    why[0] = '\0';
    while ((status = mirror_log_next(log, &file, &links, &count)) == STATUS_OK) {
        status = convert_file(&converter, &file, links, count);
        if (status == STATUS_SYSTEM)
            snprintf(why, why_bytes, "%s", save_tree_why(tree));
        if (status == STATUS_OK && watcher != NULL && !watcher(context, counts))
            status = STATUS_INTERRUPTED;
        if (status != STATUS_OK)
            break;
    }
    free(converter.bytes);
    page_text_free(&converter.text);
    if (status == STATUS_OUT_OF_MEMORY)
        snprintf(why, why_bytes, "no memory to convert links");
    else if (status == STATUS_SYSTEM && why[0] == '\0')
        snprintf(why, why_bytes, "cannot convert links: %s", mirror_log_why(log));
    return status == STATUS_END ? STATUS_OK : status;
}
