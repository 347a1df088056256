/* Reads JSON texts of test vectors: the whole text becomes one array of nodes, without recursion. */
#ifndef SHOAL_TESTS_JSON_H
#define SHOAL_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Strings are UTF-8; half of a surrogate pair that stands alone is three bytes as if it were a character. */
struct json_node {
    enum json_kind kind;
    const char *key; /* NULL: no member of an object; NUL-terminated */
    const char *text;
    size_t text_bytes;
    uint32_t child; /* 0: none */
    uint32_t next;  /* 0: none */
};

struct json {
    struct json_node *nodes; /* nodes[1] is the outermost */
    uint32_t count;
    char *bytes; /* of all strings */
};

/* False: no memory, or no JSON that this reader knows. json_close() is due either way. */
bool json_read(struct json *json, const char *text, size_t bytes);
bool json_read_file(struct json *json, const char *path);
void json_close(struct json *json);

/* The member of the object; NULL: none. */
const struct json_node *json_member(const struct json *json, const struct json_node *object, const char *key);
/* The first element or member, and the one behind it; NULL: none. */
const struct json_node *json_first(const struct json *json, const struct json_node *node);
const struct json_node *json_next(const struct json *json, const struct json_node *node);

/* Decodes \uXXXX and the other escapes in from[0 .. bytes) to `to`, which has room for as many bytes. Returns how many, SIZE_MAX if an
 * escape is broken. */
size_t json_unescape(const char *from, size_t bytes, char *to);

#endif
