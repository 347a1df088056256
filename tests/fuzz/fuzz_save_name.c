/* coordinator/output/save_name.c: a name never leaves its directory, whatever the URL. Byte 0 is the longest component;
 * byte 1 says whether the rest is a URL or, unparsed, a host, a path and a query, each on a line. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "coordinator/output/save_name.h"
#include "tests/fuzz/fuzz.h"

static void expect_component(const char *text, size_t bytes_max)
{
    size_t bytes = strnlen(text, bytes_max + 1);
    fuzz_expect(bytes > 0 && bytes <= bytes_max);
    fuzz_expect(strcmp(text, ".") != 0 && strcmp(text, "..") != 0);
    fuzz_expect(text[bytes - 1] != '.');
    for (size_t i = 0; i < bytes; i++)
        fuzz_expect(text[i] > 0x20 && text[i] < 0x7f && !strchr("/?:*\"<>|\\", text[i]));
}

static void expect_name(const struct url_parts *parts, size_t component_max)
{
    struct save_name name;
    char other[SAVE_COMPONENT_BYTES_MAX + 1];
    char same[SAVE_COMPONENT_BYTES_MAX + 1];
    save_name_make(&name, parts, component_max);
    fuzz_expect(name.component_count >= 2 && name.component_count <= SAVE_NAME_COMPONENTS_MAX);
    fuzz_expect(name.used <= sizeof name.bytes);
    for (size_t i = 0; i < name.component_count; i++) {
        const char *component = save_name_component(&name, i);
        fuzz_expect(component >= name.bytes && component < name.bytes + name.used);
        expect_component(component, name.component_max);
        save_name_alternative(&name, i, true, other);
        expect_component(other, name.component_max);
        fuzz_expect(strcmp(other, component) != 0);
        save_name_alternative(&name, i, false, same);
        fuzz_expect(strcmp(other, same) != 0);
    }
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        save_name_make(&name, parts, component_max);
        save_name_set_ending(&name, ".html", attempt);
        const char *last = save_name_component(&name, name.component_count - 1);
        expect_component(last, name.component_max);
        fuzz_expect(name.used <= sizeof name.bytes && (size_t)(last - name.bytes) + strlen(last) + 1 == name.used);
        fuzz_expect(strcasecmp(last + strlen(last) - 5, ".html") == 0);
    }
}

static struct url_text next_line(struct fuzz_bytes *bytes, char **text)
{
    struct url_text line;
    *text = fuzz_until(bytes, '\n', &line.bytes);
    line.at = *text;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct url_parser *parser;
    struct fuzz_bytes bytes = {data, size};
    struct url_parts parts = {.scheme = {"https", 5}, .port = 443};
    size_t component_max = fuzz_u8(&bytes);
    char *texts[3];
    if (!parser)
        parser = url_parser_open();
    fuzz_expect(parser != NULL);
    if (fuzz_u8(&bytes) & 1) {
        texts[0] = fuzz_text(bytes.at, bytes.left);
        texts[1] = texts[2] = NULL;
        if (url_parse(parser, texts[0], bytes.left, &parts) == FETCH_OK)
            expect_name(&parts, component_max);
    } else {
        parts.host = next_line(&bytes, &texts[0]);
        parts.path = next_line(&bytes, &texts[1]);
        parts.query = next_line(&bytes, &texts[2]);
        expect_name(&parts, component_max);
    }
    for (int i = 0; i < 3; i++)
        free(texts[i]);
    return 0;
}
