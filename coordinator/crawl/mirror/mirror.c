/* mirror.c: the sink that saves a site for being read offline. */
#include "coordinator/crawl/mirror/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/fingerprint.h"
#include "common/url.h"
#include "coordinator/crawl/mirror/mirror_log.h"
#include "coordinator/output/save_name.h"
#include "coordinator/output/save_tree.h"

#define NAMES_TRIED 8u

struct mirror {
    struct sink sink;
    uint64_t seed;
    struct url_parser *parser;
    struct save_tree *tree;
    struct mirror_log *log;
};

/* ---- what a file is ---- */

/* Kinds of files that a browser knows by their ending alone. */
enum file_kind { FILE_OTHER, FILE_HTML, FILE_XHTML, FILE_CSS, FILE_SVG, FILE_KIND_COUNT };

static const struct {
    const char *type;
    const char *endings[3]; /* the first is added where there is none of them */
} KINDS[FILE_KIND_COUNT] = {
    [FILE_OTHER] = {"", {""}},
    [FILE_HTML] = {"text/html", {".html", ".htm", ".xhtml"}},
    [FILE_XHTML] = {"application/xhtml+xml", {".xhtml", ".html", ".htm"}},
    [FILE_CSS] = {"text/css", {".css"}},
    [FILE_SVG] = {"image/svg+xml", {".svg"}},
};

/* What the page's block says counts for more than its Content-Type: that of an XHTML page says how to read it. */
static enum file_kind kind_of(const struct fetch_result *result, const struct page *page)
{
    enum file_kind named = FILE_OTHER;
    for (unsigned kind = FILE_HTML; kind < FILE_KIND_COUNT; kind++) {
        size_t bytes = strlen(KINDS[kind].type);
        if (strncasecmp(result->content_type, KINDS[kind].type, bytes) == 0 &&
            strchr("; \t", result->content_type[bytes]) != NULL)
            named = (enum file_kind)kind;
    }
    if (page == NULL || named == FILE_XHTML)
        return named;
    return page->flags & PAGE_IS_HTML ? FILE_HTML : page->flags & PAGE_IS_CSS ? FILE_CSS : named;
}

static bool ends_in(const char *text, const char *ending)
{
    size_t bytes = strlen(text), ending_bytes = strlen(ending);
    return bytes > ending_bytes && strcasecmp(text + bytes - ending_bytes, ending) == 0;
}

/* The ending that the last component has, or gets. */
static const char *ending_for(const struct save_name *name, enum file_kind kind)
{
    const char *file = save_name_component(name, name->component_count - 1);
    for (size_t i = 0; i < sizeof KINDS[kind].endings / sizeof KINDS[kind].endings[0]; i++) {
        const char *ending = KINDS[kind].endings[i];
        if (ending != NULL && ends_in(file, ending))
            return ending;
    }
    return KINDS[kind].endings[0];
}

static unsigned flags_of(enum file_kind kind, const struct page *page)
{
    unsigned flags = kind == FILE_HTML || kind == FILE_XHTML || kind == FILE_CSS ? MIRROR_IS_PAGE : 0;
    if (page != NULL && page->flags & PAGE_IS_CSS)
        flags |= MIRROR_IS_CSS;
    if (page != NULL && page->flags & PAGE_HAS_POSITIONS)
        flags |= MIRROR_HAS_POSITIONS;
    return flags;
}

/* ---- saving ---- */

static enum status fail(struct mirror *mirror, enum status status, const char *why)
{
    snprintf(mirror->sink.why, sizeof mirror->sink.why, "%s", why);
    return status;
}

/* A name that no file of this run has. */
static void make_name(struct mirror *mirror, struct save_name *name, const struct url_parts *parts, enum file_kind kind)
{
    for (unsigned attempt = 0; attempt < NAMES_TRIED; attempt++) {
        save_name_make(name, parts, save_tree_component_max(mirror->tree));
        save_name_set_ending(name, ending_for(name, kind), attempt);
        if (!save_tree_is_taken(mirror->tree, name))
            return;
    }
}

static enum status save(struct mirror *mirror, const struct outcome *outcome, struct page *page)
{
    const struct fetch_result *result = outcome->result;
    struct url_parts parts;
    struct save_name name;
    check(result->body != NULL || result->body_bytes == 0);
    if (url_parse(mirror->parser, outcome->url, outcome->url_bytes, &parts) != FETCH_OK)
        return fail(mirror, STATUS_SYSTEM, "cannot save a body: its URL cannot be parsed");
    enum file_kind kind = kind_of(result, page);
    make_name(mirror, &name, &parts, kind);
    enum status status = save_tree_put(mirror->tree, &name, result->body, result->body_bytes);
    if (status != STATUS_OK)
        return fail(mirror, status, save_tree_why(mirror->tree));
    const char *path = save_tree_path(mirror->tree);
    const struct mirror_file file = {.fingerprint = fingerprint_of(outcome->url, outcome->url_bytes, mirror->seed),
                                     .bytes = result->body_bytes,
                                     .hash = fingerprint_of(result->body, result->body_bytes, mirror->seed),
                                     .flags = flags_of(kind, page),
                                     .url = {outcome->url, outcome->url_bytes},
                                     .path = {path, strlen(path)}};
    status = mirror_log_add_file(mirror->log, &file, page, outcome->crawl->page_block);
    return status == STATUS_OK ? STATUS_OK : fail(mirror, status, mirror_log_why(mirror->log));
}

static enum status note_redirect(struct mirror *mirror, const struct outcome *outcome, struct page *page)
{
    struct page_link link;
    page_rewind(page, outcome->crawl->page_block);
    while (page_next_link(page, &link)) {
        if (link.kind != LINK_REDIRECT)
            continue;
        uint64_t from = fingerprint_of(outcome->url, outcome->url_bytes, mirror->seed);
        enum status status = mirror_log_add_redirect(mirror->log, from, link.fingerprint);
        return status == STATUS_OK ? STATUS_OK : fail(mirror, status, mirror_log_why(mirror->log));
    }
    return STATUS_OK;
}

static enum status mirror_write(struct sink *sink, const struct outcome *outcome)
{
    struct mirror *mirror = (struct mirror *)sink;
    const struct crawl_note *note = outcome->crawl;
    struct page page;
    bool has_page = note->page != NULL;
    if (has_page)
        page = *note->page; /* the note's own goes on where it is */
    if (note->redirect_to.bytes > 0 && has_page)
        return note_redirect(mirror, outcome, &page);
    return outcome_has_file(outcome) ? save(mirror, outcome, has_page ? &page : NULL) : STATUS_OK;
}

static enum status mirror_flush(struct sink *sink)
{
    (void)sink;
    return STATUS_OK;
}

static void mirror_close(struct sink *sink)
{
    struct mirror *mirror = (struct mirror *)sink;
    mirror_log_close(mirror->log);
    save_tree_close(mirror->tree);
    url_parser_close(mirror->parser);
    free(mirror);
}

static const struct sink_ops MIRROR_OPS = {"mirror", mirror_write, mirror_flush, mirror_close};

enum status mirror_open(struct sink **sink, const char *directory, uint64_t seed, char *why, size_t why_bytes)
{
    *sink = NULL;
    struct mirror *mirror = calloc(1, sizeof *mirror);
    if (mirror != NULL) {
        mirror->sink.ops = &MIRROR_OPS;
        mirror->seed = seed;
        mirror->parser = url_parser_open();
        mirror->log = mirror_log_open();
    }
    enum status status = STATUS_OUT_OF_MEMORY;
    if (mirror == NULL || mirror->parser == NULL || mirror->log == NULL)
        snprintf(why, why_bytes, "cannot save bodies: out of memory");
    else
        status = save_tree_open(&mirror->tree, directory, why, why_bytes);
    if (status == STATUS_OK)
        *sink = &mirror->sink;
    else if (mirror != NULL)
        mirror_close(&mirror->sink);
    return status;
}

/* ---- the end ---- */

uint64_t mirror_count(const struct sink *sink)
{
    return mirror_log_count(((const struct mirror *)sink)->log);
}

enum status mirror_convert(struct sink *sink, convert_watcher *watcher, void *context, struct convert_counts *counts,
                           char *why, size_t why_bytes)
{
    struct mirror *mirror = (struct mirror *)sink;
    mirror_log_seal(mirror->log);
    return convert_files(mirror->log, mirror->tree, mirror->seed, watcher, context, counts, why, why_bytes);
}
