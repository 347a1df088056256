/* save_name.c: the names of saved bodies. */
#include "coordinator/output/save_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HASH_TEXT_BYTES 9 /* "~1b2c3d4e" */
#define INDEX_NAME "index.html"
#define PORT_HTTPS 443

/* ---- bytes ---- */

/* FNV-1a (Fowler, Noll, Vo), 64 bits folded to 32. */
static uint32_t hash_bytes(const char *bytes, size_t count, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

/* Printable, but special to a file system or to Windows. Plain ones become %XX; a URL's own %XX of
 * these is rare and gets the hash. */
static bool is_special(unsigned char byte)
{
    return byte != '\0' && strchr("/?:*\"<>|\\", byte) != NULL;
}

/* What a URL holds percent-encoded anyway. */
static bool is_unprintable(unsigned char byte)
{
    return byte <= 0x20 || byte >= 0x7f;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether a percent sign at text, of bytes bytes, encodes a byte that is special(). */
static bool encodes_special(const char *text, size_t bytes)
{
    if (bytes < 3 || text[0] != '%')
        return false;
    int high = hex_value(text[1]), low = hex_value(text[2]);
    return high >= 0 && low >= 0 && is_special((unsigned char)(high << 4 | low));
}

/* ---- one component ---- */

/* One component as it grows. */
struct component {
    struct save_name *name;
    size_t start;   /* in name->bytes */
    size_t length;  /* as far as it was kept */
    bool ambiguous; /* another spelling could give the same: the hash goes behind it */
    uint32_t hash;  /* of the raw bytes */
};

static void put_byte(struct component *component, char byte)
{
    if (component->length < component->name->component_max)
        component->name->bytes[component->start + component->length++] = byte;
    else
        component->ambiguous = true;
}

static void put_encoded(struct component *component, unsigned char byte)
{
    static const char HEX[] = "0123456789ABCDEF";
    put_byte(component, '%');
    put_byte(component, HEX[byte >> 4]);
    put_byte(component, HEX[byte & 15]);
}

static void put_bytes(struct component *component, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (is_special(byte)) {
            put_encoded(component, byte);
        } else if (is_unprintable(byte)) {
            put_encoded(component, byte);
            component->ambiguous = true;
        } else {
            put_byte(component, bytes[i]);
            component->ambiguous |= encodes_special(bytes + i, count - i);
        }
    }
}

/* CON, NUL, COM1, ..., with or without an extension. */
static bool is_reserved(const char *text, size_t bytes)
{
    static const char *const RESERVED[] = {"CON", "PRN", "AUX", "NUL", "COM", "LPT", "CONIN$", "CONOUT$", "CLOCK$"};
    const char *dot = memchr(text, '.', bytes);
    size_t stem = dot != NULL ? (size_t)(dot - text) : bytes;
    for (size_t i = 0; i < sizeof RESERVED / sizeof RESERVED[0]; i++) {
        size_t length = strlen(RESERVED[i]);
        bool numbered = length == 3 && (RESERVED[i][2] == 'M' || RESERVED[i][2] == 'T');
        if (stem == length + numbered && strncasecmp(text, RESERVED[i], length) == 0 &&
            (!numbered || (text[3] >= '0' && text[3] <= '9')))
            return true;
    }
    return false;
}

/* Whether text ends as an ambiguous component does. */
static bool ends_in_hash(const char *text, size_t bytes)
{
    if (bytes < HASH_TEXT_BYTES || text[bytes - HASH_TEXT_BYTES] != '~')
        return false;
    for (size_t i = bytes - HASH_TEXT_BYTES + 1; i < bytes; i++) {
        if (hex_value(text[i]) < 0 || (text[i] >= 'A' && text[i] <= 'F'))
            return false;
    }
    return true;
}

/* Writes "~1b2c3d4e" behind the first bytes bytes of text, or in place of their end when there is
 * no room. Returns the new length. */
static size_t append_hash(char *text, size_t bytes, size_t bytes_max, uint32_t hash)
{
    if (bytes > bytes_max - HASH_TEXT_BYTES)
        bytes = bytes_max - HASH_TEXT_BYTES;
    snprintf(text + bytes, HASH_TEXT_BYTES + 1, "~%08x", (unsigned)hash);
    return bytes + HASH_TEXT_BYTES;
}

static struct component component_begin(struct save_name *name)
{
    name->offset[name->component_count] = (uint16_t)name->used;
    return (struct component){.name = name, .start = name->used};
}

static void component_end(struct component *component)
{
    struct save_name *name = component->name;
    char *text = name->bytes + component->start;
    bool is_dots = component->length <= 2 && memcmp(text, "..", component->length) == 0; /* "", "." and ".." too */
    if (is_dots || text[component->length - 1] == '.' || ends_in_hash(text, component->length))
        component->ambiguous = true;
    if (is_reserved(text, component->length)) {
        /* The stem before the dot must change, wherever the hash goes. */
        size_t room = name->component_max - 1;
        size_t moved = component->length < room ? component->length : room;
        memmove(text + 1, text, moved);
        text[0] = '_';
        component->length = moved + 1;
        component->ambiguous = true;
    }
    if (component->ambiguous)
        component->length = append_hash(text, component->length, name->component_max, component->hash);
    text[component->length] = '\0';
    name->used += component->length + 1;
    name->component_count++;
}

/* ---- the whole name ---- */

static void add_host(struct save_name *name, const struct url_parts *url)
{
    bool https = url->scheme.bytes == 5;
    struct component host = component_begin(name);
    host.hash = hash_bytes(url->host.at, url->host.bytes, url->port);
    for (size_t i = 0; i < url->host.bytes; i++) {
        if (url->host.at[i] == '+')
            put_encoded(&host, '+'); /* what follows it below is no part of the host */
        else
            put_bytes(&host, url->host.at + i, 1);
    }
    if (memchr(url->host.at, '%', url->host.bytes) != NULL)
        host.ambiguous = true;
    if (!https || url->port != PORT_HTTPS) {
        char port[16];
        snprintf(port, sizeof port, https ? "+https+%u" : "+%u", (unsigned)url->port);
        put_bytes(&host, port, strlen(port));
    }
    component_end(&host);
}

static void add_directory(struct save_name *name, const char *text, size_t bytes)
{
    struct component directory = component_begin(name);
    directory.hash = hash_bytes(text, bytes, '/');
    put_bytes(&directory, text, bytes);
    component_end(&directory);
}

/* The last component: text is what follows the last '/'. */
static void add_file(struct save_name *name, const char *text, size_t bytes, const struct url_text *query)
{
    struct component file = component_begin(name);
    file.hash = hash_bytes(text, bytes, 0);
    if (bytes == 0)
        put_bytes(&file, INDEX_NAME, strlen(INDEX_NAME));
    else
        put_bytes(&file, text, bytes);
    file.ambiguous |= bytes == strlen(INDEX_NAME) && memcmp(text, INDEX_NAME, bytes) == 0;
    if (query->at != NULL) {
        file.hash = hash_bytes(query->at, query->bytes, file.hash + (1ull << 32));
        put_bytes(&file, "?", 1);
        put_bytes(&file, query->at, query->bytes);
    }
    component_end(&file);
}

void save_name_make(struct save_name *name, const struct url_parts *url, size_t component_max)
{
    name->component_count = name->used = 0;
    name->component_max =
        component_max >= 32 && component_max < SAVE_COMPONENT_BYTES_MAX ? component_max : SAVE_COMPONENT_BYTES_MAX;
    add_host(name, url);
    const char *at = url->path.at;
    const char *end = at + url->path.bytes;
    if (at < end && *at == '/')
        at++;
    for (;;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        if (slash == NULL)
            break;
        /* Room for this directory, for one hash in place of all that follows, and for the file. */
        bool fits = name->component_count + 3 <= SAVE_NAME_COMPONENTS_MAX &&
                    name->used + 3 * (name->component_max + 1) <= SAVE_NAME_BYTES_MAX;
        if (!fits) {
            const char *last = memrchr(at, '/', (size_t)(end - at));
            char rest[SAVE_COMPONENT_BYTES_MAX + 1];
            append_hash(rest, 0, sizeof rest - 1, hash_bytes(at, (size_t)(last - at), '/'));
            struct component deep = component_begin(name);
            deep.hash = hash_bytes(at, (size_t)(last - at), 1);
            put_bytes(&deep, rest, strlen(rest));
            component_end(&deep); /* "~xxxxxxxx~xxxxxxxx": 64 bits stand for the rest */
            at = last + 1;
            break;
        }
        add_directory(name, at, (size_t)(slash - at));
        at = slash + 1;
    }
    add_file(name, at, (size_t)(end - at), &url->query);
}

const char *save_name_component(const struct save_name *name, size_t index)
{
    return name->bytes + name->offset[index];
}

void save_name_alternative(const struct save_name *name, size_t index, bool directory, char *text)
{
    const char *component = save_name_component(name, index);
    size_t bytes = strlen(component);
    memcpy(text, component, bytes + 1);
    append_hash(text, bytes, name->component_max, hash_bytes(component, bytes, directory ? 2 : 3));
}

void save_name_set_ending(struct save_name *name, const char *ending, unsigned attempt)
{
    char *component = name->bytes + name->offset[name->component_count - 1];
    size_t bytes = strlen(component);
    size_t ending_bytes = strlen(ending);
    char own[16];
    bool has_ending = bytes > ending_bytes && strcasecmp(component + bytes - ending_bytes, ending) == 0;
    size_t stem = has_ending ? bytes - ending_bytes : bytes;
    snprintf(own, sizeof own, "%s", has_ending ? component + stem : ending);
    size_t stem_max = name->component_max - ending_bytes;
    if (attempt > 0 || stem > stem_max)
        stem = append_hash(component, stem, stem_max, hash_bytes(component, bytes, 4 + attempt));
    memcpy(component + stem, own, ending_bytes + 1);
    name->used = (size_t)(component - name->bytes) + stem + ending_bytes + 1;
}
