/* json.c: reads JSON texts of test vectors. */
#include "tests/support/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

struct reader {
    struct json *json;
    const char *at, *end;
    char *free; /* where the next string goes */
    uint32_t room;
    uint32_t open[DEPTH_MAX]; /* arrays and objects that we are in */
    uint32_t last[DEPTH_MAX]; /* the last node of each; 0: none */
    unsigned depth;
};

static int hex_value(char byte)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char *digit = byte ? strchr(DIGITS, byte | 0x20) : NULL;
    return digit && byte != ' ' ? (int)(digit - DIGITS) : -1;
}

/* "uXXXX" at from; UINT32_MAX: none. */
static uint32_t read_unit(const char *from, const char *end)
{
    uint32_t unit = 0;
    if (end - from < 5 || *from != 'u')
        return UINT32_MAX;
    for (int i = 1; i < 5; i++) {
        int digit = hex_value(from[i]);
        if (digit < 0)
            return UINT32_MAX;
        unit = unit * 16 + (uint32_t)digit;
    }
    return unit;
}

static char *put_point(uint32_t point, char *to)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *to++ = (char)(0xe0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    } else {
        *to++ = (char)(0xf0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3f));
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    }
    return to;
}

/* *from is behind a backslash and moves behind the escape. NULL: broken. */
static char *put_escape(const char **from, const char *end, char *to)
{
    static const char NAMES[] = "\"\\/bfnrt";
    static const char VALUES[] = "\"\\/\b\f\n\r\t";
    if (*from == end)
        return NULL;
    const char *name = **from ? strchr(NAMES, **from) : NULL;
    if (name) {
        (*from)++;
        *to = VALUES[name - NAMES];
        return to + 1;
    }
    uint32_t point = read_unit(*from, end);
    if (point == UINT32_MAX)
        return NULL;
    *from += 5;
    if (point >= 0xd800 && point < 0xdc00 && end - *from >= 6 && **from == '\\') {
        uint32_t low = read_unit(*from + 1, end);
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            *from += 6;
        }
    }
    return put_point(point, to);
}

size_t json_unescape(const char *from, size_t bytes, char *to)
{
    const char *end = from + bytes;
    char *start = to;
    while (from < end) {
        if (*from == '\\') {
            from++;
            to = put_escape(&from, end, to);
            if (!to)
                return SIZE_MAX;
        } else {
            *to++ = *from++;
        }
    }
    return (size_t)(to - start);
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at))
        reader->at++;
}

/* at the quote. */
static bool read_string(struct reader *reader, const char **text, size_t *bytes)
{
    const char *from = ++reader->at;
    while (reader->at < reader->end && *reader->at != '"')
        reader->at += *reader->at == '\\' ? 2 : 1;
    if (reader->at >= reader->end)
        return false;
    size_t given = json_unescape(from, (size_t)(reader->at - from), reader->free);
    if (given == SIZE_MAX)
        return false;
    reader->at++;
    *text = reader->free;
    *bytes = given;
    reader->free[given] = '\0';
    reader->free += given + 1;
    return true;
}

static struct json_node *add_node(struct reader *reader, const char *key)
{
    struct json *json = reader->json;
    if (json->count + 1 >= reader->room) {
        reader->room = reader->room ? reader->room * 2 : 1024;
        struct json_node *more = realloc(json->nodes, reader->room * sizeof *more);
        if (!more)
            return NULL;
        json->nodes = more;
    }
    uint32_t index = ++json->count;
    json->nodes[index] = (struct json_node){.key = key};
    uint32_t *last = &reader->last[reader->depth];
    if (*last)
        json->nodes[*last].next = index;
    else if (reader->depth)
        json->nodes[reader->open[reader->depth]].child = index;
    *last = index;
    return &json->nodes[index];
}

static bool read_word(struct reader *reader, struct json_node *node)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } WORDS[] = {{"null", JSON_NULL}, {"true", JSON_TRUE}, {"false", JSON_FALSE}};
    for (size_t i = 0; i < 3; i++) {
        size_t bytes = strlen(WORDS[i].word);
        if ((size_t)(reader->end - reader->at) >= bytes && memcmp(reader->at, WORDS[i].word, bytes) == 0) {
            node->kind = WORDS[i].kind;
            reader->at += bytes;
            return true;
        }
    }
    node->kind = JSON_NUMBER;
    node->text = reader->at;
    while (reader->at < reader->end && strchr("+-.0123456789eE", *reader->at))
        reader->at++;
    node->text_bytes = (size_t)(reader->at - node->text);
    return node->text_bytes > 0;
}

/* One value; of an array or an object only its beginning. */
static bool read_value(struct reader *reader)
{
    const char *key = NULL;
    size_t key_bytes = 0;
    bool in_object = reader->depth && reader->json->nodes[reader->open[reader->depth]].kind == JSON_OBJECT;
    if (in_object) {
        if (*reader->at != '"' || !read_string(reader, &key, &key_bytes))
            return false;
        skip_blanks(reader);
        if (reader->at == reader->end || *reader->at++ != ':')
            return false;
        skip_blanks(reader);
    }
    struct json_node *node = reader->at < reader->end ? add_node(reader, key) : NULL;
    if (!node)
        return false;
    if (*reader->at == '"') {
        node->kind = JSON_STRING;
        return read_string(reader, &node->text, &node->text_bytes);
    }
    if (*reader->at != '[' && *reader->at != '{')
        return read_word(reader, node);
    node->kind = *reader->at++ == '[' ? JSON_ARRAY : JSON_OBJECT;
    if (++reader->depth == DEPTH_MAX)
        return false;
    reader->open[reader->depth] = reader->json->count;
    reader->last[reader->depth] = 0;
    return true;
}

bool json_read(struct json *json, const char *text, size_t bytes)
{
    *json = (struct json){.bytes = malloc(2 * bytes + 1)};
    struct reader reader = {.json = json, .at = text, .end = text + bytes, .free = json->bytes};
    if (!json->bytes)
        return false;
    for (;;) {
        skip_blanks(&reader);
        if (reader.at == reader.end)
            return reader.depth == 0 && json->count;
        if (*reader.at == ',') {
            reader.at++;
        } else if (*reader.at == ']' || *reader.at == '}') {
            reader.at++;
            if (reader.depth-- == 0)
                return false;
        } else if (!read_value(&reader)) {
            return false;
        }
    }
}

bool json_read_file(struct json *json, const char *path)
{
    *json = (struct json){0};
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    char *text = NULL;
    size_t bytes = 0;
    FILE *whole = open_memstream(&text, &bytes);
    char piece[65536];
    for (size_t count; whole && (count = fread(piece, 1, sizeof piece, file)) > 0;)
        fwrite(piece, 1, count, whole);
    fclose(file);
    bool is_read = whole && fclose(whole) == 0 && json_read(json, text, bytes);
    free(text);
    return is_read;
}

void json_close(struct json *json)
{
    free(json->nodes);
    free(json->bytes);
    *json = (struct json){0};
}

const struct json_node *json_first(const struct json *json, const struct json_node *node)
{
    return node->child ? &json->nodes[node->child] : NULL;
}

const struct json_node *json_next(const struct json *json, const struct json_node *node)
{
    return node->next ? &json->nodes[node->next] : NULL;
}

const struct json_node *json_member(const struct json *json, const struct json_node *object, const char *key)
{
    const struct json_node *member = json_first(json, object);
    while (member && (!member->key || strcmp(member->key, key) != 0))
        member = json_next(json, member);
    return member;
}
