/* record.c: A line of the jsonl format, read by hand. */
#include "tests/support/record.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
    const char *line, *at;
};

static void take_text(struct cursor *cursor, const char *text)
{
    ck_assert_msg(strncmp(cursor->at, text, strlen(text)) == 0, "no %s at %.60s in %s", text, cursor->at, cursor->line);
    cursor->at += strlen(text);
}

static bool take_null(struct cursor *cursor)
{
    bool is_null = strncmp(cursor->at, "null", 4) == 0;
    cursor->at += is_null ? 4 : 0;
    return is_null;
}

/* The length of the escape or the character at text; 0: it may not stand in a string. */
static size_t character_bytes(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] == '\\') {
        bool is_short = at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL;
        return is_short ? 2 : at[1] == 'u' && strspn(text + 2, "0123456789abcdefABCDEF") >= 4 ? 6 : 0;
    }
    if (at[0] < 0x80) {
        return at[0] >= 0x20 && at[0] != '"';
    }
    size_t bytes = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 0;
    for (size_t i = 1; i < bytes; i++) {
        bytes = (at[i] & 0xc0) == 0x80 ? bytes : 0;
    }
    return bytes;
}

static void take_string(struct cursor *cursor, char *value, size_t value_bytes)
{
    value[0] = '\0';
    if (take_null(cursor)) {
        return;
    }
    take_text(cursor, "\"");
    const char *begin = cursor->at;
    while (*cursor->at != '"') {
        size_t bytes = character_bytes(cursor->at);
        ck_assert_msg(bytes > 0, "no JSON string at %.60s in %s", cursor->at, cursor->line);
        cursor->at += bytes;
    }
    snprintf(value, value_bytes, "%.*s", (int)(cursor->at - begin), begin);
    take_text(cursor, "\"");
}

static void take_count(struct cursor *cursor, long *value)
{
    *value = -1;
    if (take_null(cursor)) {
        return;
    }
    char *end;
    *value = strtol(cursor->at, &end, 10);
    ck_assert_msg(*cursor->at >= '0' && *cursor->at <= '9' && (*cursor->at != '0' || end == cursor->at + 1),
                  "no count at %.60s in %s", cursor->at, cursor->line);
    cursor->at = end;
}

/* Digits, a dot, six digits. */
static void take_seconds(struct cursor *cursor)
{
    if (take_null(cursor)) {
        return;
    }
    size_t whole = strspn(cursor->at, "0123456789");
    ck_assert_msg(whole > 0 && cursor->at[whole] == '.' && strspn(cursor->at + whole + 1, "0123456789") == 6,
                  "no seconds at %.60s in %s", cursor->at, cursor->line);
    cursor->at += whole + 7;
}

static void take_times(struct cursor *cursor)
{
    static const char *const KEYS[] = {
        ",\"time\":{\"queued\":", ",\"dns\":", ",\"connect\":", ",\"tls\":", ",\"first_byte\":", ",\"total\":"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        take_text(cursor, KEYS[i]);
        take_seconds(cursor);
    }
    take_text(cursor, "}");
}

void record_read(const char *line, struct record *record)
{
    struct cursor cursor = {line, line};
    const struct {
        const char *key;
        char *string;
        size_t bytes;
        long *count;
    } fields[] = {
        {"{\"url\":", record->url, sizeof record->url, NULL},
        {",\"effective_url\":", record->effective_url, sizeof record->effective_url, NULL},
        {",\"status\":", NULL, 0, &record->status},
        {",\"error\":", record->error, sizeof record->error, NULL},
        {",\"detail\":", record->detail, sizeof record->detail, NULL},
        {",\"bytes\":", NULL, 0, &record->bytes},
        {",\"wire_bytes\":", NULL, 0, &record->wire_bytes},
        {",\"content_type\":", record->content_type, sizeof record->content_type, NULL},
        {",\"http_version\":", record->http_version, sizeof record->http_version, NULL},
        {",\"remote_ip\":", record->remote_ip, sizeof record->remote_ip, NULL},
        {",\"redirects\":", NULL, 0, &record->redirects},
        {",\"attempts\":", NULL, 0, &record->attempts},
        {",\"worker\":", NULL, 0, &record->worker},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        take_text(&cursor, fields[i].key);
        if (fields[i].count != NULL) {
            take_count(&cursor, fields[i].count);
        } else {
            take_string(&cursor, fields[i].string, fields[i].bytes);
        }
    }
    take_times(&cursor);
    take_text(&cursor, ",\"sha256\":");
    take_string(&cursor, record->sha256, sizeof record->sha256);
    record->signal = -1;
    if (strncmp(cursor.at, ",\"signal\":", 10) == 0) {
        cursor.at += 10;
        take_count(&cursor, &record->signal);
    }
    ck_assert_msg(strcmp(cursor.at, "}") == 0, "behind the object: %s", cursor.at);
}
