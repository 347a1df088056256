/* sitemap_xml.c: sitemaps in XML, by expat. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/links/sitemap_state.h"

/* expat 2.9 has this name for it, and calls the old one deprecated. */
#if XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION < 9
#define XML_GetCurrentLineNumber64 XML_GetCurrentLineNumber
#endif

/* ---- expat's memory ---- */

/* In front of each block. */
union block_head {
    struct {
        struct sitemap_memory *memory;
        size_t bytes;
    } of;
    max_align_t alignment;
};

/* expat hands its allocator nothing to know a parser by. Set while a parser of this thread runs. */
static _Thread_local struct sitemap_memory *current;

static bool may_grow(struct sitemap_memory *memory, size_t bytes)
{
    if (bytes <= SITEMAP_XML_BYTES_MAX - memory->bytes)
        return true;
    memory->is_refused = true;
    return false;
}

static void *allocate(size_t bytes)
{
    union block_head *head = may_grow(current, bytes) ? malloc(sizeof *head + bytes) : NULL;
    if (!head)
        return NULL;
    head->of.memory = current;
    head->of.bytes = bytes;
    current->bytes += bytes;
    return head + 1;
}

static void release(void *block)
{
    union block_head *head = block;
    if (!head)
        return;
    head--;
    head->of.memory->bytes -= head->of.bytes;
    free(head);
}

static void *resize(void *block, size_t bytes)
{
    union block_head *head = block;
    if (!head)
        return allocate(bytes);
    head--;
    struct sitemap_memory *memory = head->of.memory;
    size_t before = head->of.bytes;
    if (bytes > before && !may_grow(memory, bytes - before))
        return NULL;
    head = realloc(head, sizeof *head + bytes);
    if (!head)
        return NULL;
    head->of.bytes = bytes;
    memory->bytes = memory->bytes - before + bytes;
    return head + 1;
}

/* ---- elements ---- */

static void stop(struct sitemap *sitemap, const char *why)
{
    sitemap_fail(sitemap, SITEMAP_BROKEN, why);
    XML_StopParser(sitemap->parser, XML_FALSE);
}

/* Whatever its prefix is. */
static bool is_called(const char *name, const char *local)
{
    const char *colon = strchr(name, ':');
    return strcmp(colon ? colon + 1 : name, local) == 0;
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct sitemap *sitemap = context;
    (void)attributes;
    if (sitemap->result.verdict != SITEMAP_OK) /* expat may call a little longer */
        return;
    sitemap->depth++;
    if (sitemap->depth == 1) {
        sitemap->is_index = is_called(name, "sitemapindex");
        if (!sitemap->is_index && !is_called(name, "urlset"))
            stop(sitemap, "it is XML, but neither a urlset nor a sitemapindex");
    } else if (sitemap->depth == 2) {
        sitemap->is_entry = is_called(name, sitemap->is_index ? "sitemap" : "url");
    } else if (sitemap->depth == 3 && sitemap->is_entry && is_called(name, "loc")) {
        sitemap->is_loc = true;
        sitemap_loc_begin(sitemap);
    } else if (sitemap->depth > SITEMAP_DEPTH_MAX) {
        stop(sitemap, "its elements are nested more than 32 deep");
    }
}
_Static_assert(SITEMAP_DEPTH_MAX == 32, "the message names this number");

static void on_end(void *context, const XML_Char *name)
{
    struct sitemap *sitemap = context;
    (void)name;
    if (sitemap->result.verdict != SITEMAP_OK)
        return;
    if (sitemap->depth == 3 && sitemap->is_loc) {
        sitemap->is_loc = false;
        sitemap_loc_end(sitemap, sitemap->is_index ? LINK_SITEMAP : LINK_LISTED);
        if (sitemap->result.verdict != SITEMAP_OK)
            XML_StopParser(sitemap->parser, XML_FALSE);
    }
    sitemap->depth--;
}

static void on_text(void *context, const XML_Char *text, int bytes)
{
    struct sitemap *sitemap = context;
    if (sitemap->is_loc && sitemap->depth == 3 && sitemap->result.verdict == SITEMAP_OK)
        sitemap_loc_add(sitemap, text, (size_t)bytes);
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                       int has_internal_subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal_subset;
    stop(context, "it has a DOCTYPE, which no sitemap needs");
}

/* ---- the parser ---- */

static bool open_parser(struct sitemap *sitemap)
{
    static const XML_Memory_Handling_Suite MEMORY = {allocate, resize, release};
    sitemap->memory = (struct sitemap_memory){0};
    sitemap->depth = 0;
    sitemap->is_index = sitemap->is_entry = sitemap->is_loc = false;
    sitemap->parser = XML_ParserCreate_MM(sitemap->has_mark ? "UTF-8" : NULL, &MEMORY, NULL);
    if (!sitemap->parser)
        return false;
    XML_SetUserData(sitemap->parser, sitemap);
    XML_SetElementHandler(sitemap->parser, on_start, on_end);
    XML_SetCharacterDataHandler(sitemap->parser, on_text);
    XML_SetStartDoctypeDeclHandler(sitemap->parser, on_doctype);
    XML_SetParamEntityParsing(sitemap->parser, XML_PARAM_ENTITY_PARSING_NEVER);
    return true;
}

void sitemap_xml_close(struct sitemap *sitemap)
{
    if (sitemap->parser)
        XML_ParserFree(sitemap->parser);
    sitemap->parser = NULL;
}

static void fail(struct sitemap *sitemap)
{
    enum XML_Error code = XML_GetErrorCode(sitemap->parser);
    char why[sizeof sitemap->why];
    if (sitemap->memory.is_refused)
        sitemap_fail(sitemap, SITEMAP_BROKEN, "a tag or a comment in it is too long, or it has too many names");
    else if (code == XML_ERROR_NO_MEMORY)
        sitemap_fail(sitemap, SITEMAP_OUT_OF_MEMORY, "no memory to read it");
    snprintf(why, sizeof why, "it is no well-formed XML: %s in line %lu", XML_ErrorString(code),
             (unsigned long)XML_GetCurrentLineNumber64(sitemap->parser));
    sitemap_fail(sitemap, SITEMAP_BROKEN, why); /* unless there is a verdict */
}

void sitemap_xml_feed(struct sitemap *sitemap, const char *bytes, size_t count, enum sitemap_next next)
{
    struct sitemap_memory *before = current;
    current = &sitemap->memory;
    if (!sitemap->parser && !open_parser(sitemap))
        sitemap_fail(sitemap, SITEMAP_OUT_OF_MEMORY, "no memory to read it");
    /* One that is cut off ends here too: expat keeps tokens back until it knows. */
    else if (XML_Parse(sitemap->parser, bytes, (int)count, next != SITEMAP_MORE) != XML_STATUS_OK)
        fail(sitemap);
    current = before;
}
