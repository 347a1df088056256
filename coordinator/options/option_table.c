/* option_table.c: one table that says which options a command has. */
#include "coordinator/options/option_table.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/text/escape.h"

#define SPECS_MAX 96
#define LONG_VALUE \
    256 /* getopt_long() answers LONG_VALUE + index for a long option, the letter for a short one  \
         */
#define NAME_BYTES_MAX 63
#define SHOWN_BYTES 96 /* of a value, in a message */

/* ---- messages ---- */

void option_table_complain(const struct option_table *table, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int bytes = vasprintf(&text, format, arguments);
    va_end(arguments);
    struct writer writer;
    if (writer_open(&writer, 2, "standard error", NULL) != STATUS_OK || bytes < 0) {
        dprintf(2, "%s: out of memory\n", table->command); /* nobody ends without a word */
        if (bytes >= 0)
            free(text);
        writer_close(&writer);
        return;
    }
    writer_put_string(&writer, table->command);
    writer_put_string(&writer, ": ");
    escape_text(&writer, text, (size_t)bytes);
    free(text);
    writer_end_line(&writer);
    writer_close(&writer);
}

/* ---- the nearest name ---- */

static size_t smallest(size_t first, size_t second, size_t third)
{
    size_t small = first < second ? first : second;
    return small < third ? small : third;
}

/* How many letters must be put in, left out, changed or swapped to make one name of the other
 * (Damerau, Levenshtein). */
static size_t distance_between(const char *left, size_t left_bytes, const char *right)
{
    size_t rows[3][NAME_BYTES_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t right_bytes = strlen(right);
    if (left_bytes > NAME_BYTES_MAX || right_bytes > NAME_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= right_bytes; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= left_bytes; i++) {
        row[0] = i;
        for (size_t j = 1; j <= right_bytes; j++) {
            bool same = left[i - 1] == right[j - 1];
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
            bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if (swapped && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[right_bytes];
}

/* The long name that was probably meant; NULL if none is near. */
static const char *nearest_name(const struct option_table *table, const char *name, size_t bytes)
{
    const char *nearest = NULL;
    size_t smallest_distance = bytes < 4 ? 1 : bytes < 8 ? 2 : 3;
    for (size_t i = 0; i < table->count; i++) {
        if (table->specs[i].help == NULL)
            continue;
        size_t distance = distance_between(name, bytes, table->specs[i].name);
        if (distance <= smallest_distance && (nearest == NULL || distance < smallest_distance)) {
            nearest = table->specs[i].name;
            smallest_distance = distance;
        }
    }
    for (size_t i = 0; nearest == NULL && bytes >= 4 && i < table->count; i++) {
        if (table->specs[i].help != NULL &&
            memmem(table->specs[i].name, strlen(table->specs[i].name), name, bytes) != NULL)
            nearest = table->specs[i].name; /* "timeout" */
    }
    return nearest;
}

/* ---- what is wrong with an option ---- */

/* `--name` that is no option, or the beginning of several. */
static enum options_outcome wrong_long(const struct option_table *table, const char *argument)
{
    const char *name = argument + 2;
    size_t bytes = strcspn(name, "=");
    char matches[256] = "";
    size_t used = 0, count = 0;
    for (size_t i = 0; bytes > 0 && i < table->count; i++) {
        const struct option_spec *spec = &table->specs[i];
        if (spec->help == NULL || strncmp(spec->name, name, bytes) != 0 || used >= sizeof matches)
            continue;
        int put = snprintf(matches + used, sizeof matches - used, "%s--%s", count > 0 ? ", " : "", spec->name);
        used += put > 0 ? (size_t)put : 0;
        count++;
    }
    char shown[SHOWN_BYTES];
    snprintf(shown, sizeof shown, "--%.*s", (int)(bytes < 64 ? bytes : 64), name);
    if (count > 1) {
        option_table_complain(table, "option %s is ambiguous: %s", shown, matches);
        return OPTIONS_WRONG;
    }
    const char *nearest = nearest_name(table, name, bytes);
    if (nearest != NULL)
        option_table_complain(table, "unknown option %s (did you mean --%s?)", shown, nearest);
    else
        option_table_complain(table, "unknown option %s (see %s --help)", shown, table->command);
    return OPTIONS_WRONG;
}

static const struct option_spec *spec_of(const struct option_table *table, int value)
{
    if (value >= LONG_VALUE)
        return &table->specs[value - LONG_VALUE];
    for (size_t i = 0; i < table->count; i++) {
        if (table->specs[i].letter != 0 && table->specs[i].letter == value)
            return &table->specs[i];
    }
    return NULL;
}

/* getopt_long() answered '?': optopt is 0 for a long name that it does not take, else what must not
 * have a value, or the letter that is none. */
static enum options_outcome wrong_option(const struct option_table *table, const char *argument)
{
    if (optopt == 0)
        return wrong_long(table, argument);
    if (optopt >= LONG_VALUE) {
        option_table_complain(table, "option --%s takes no value", spec_of(table, optopt)->name);
        return OPTIONS_WRONG;
    }
    option_table_complain(table, "unknown option -%c (see %s --help)", optopt, table->command);
    return OPTIONS_WRONG;
}

static enum options_outcome take_value(const struct option_table *table, void *options, const struct option_spec *spec)
{
    char why[OPTION_WHY_BYTES] = "";
    bool good = spec->take == NULL || spec->take(options, optarg, why, sizeof why);
    if (good && table->taken != NULL && spec->outcome == OPTIONS_RUN)
        good = table->taken(options, spec, optarg, why, sizeof why);
    if (good)
        return spec->outcome;
    char shown[SHOWN_BYTES];
    /* What stands behind a header's name may be a password. */
    const char *value = optarg != NULL ? optarg : "";
    size_t value_bytes = spec->letter == 'H' ? strcspn(value, ":") : strlen(value);
    snprintf(shown, sizeof shown, "%.*s", (int)(value_bytes < sizeof shown ? value_bytes : sizeof shown), value);
    bool cut = value_bytes >= sizeof shown || value[value_bytes] != '\0';
    option_table_complain(table, "--%s \"%s%s\": %s", spec->name, shown, cut ? "..." : "", why);
    return OPTIONS_WRONG;
}

/* ---- parsing ---- */

const struct option_spec *option_table_find(const struct option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->specs[i].name, name) == 0)
            return &table->specs[i];
    }
    return NULL;
}

static void fill_getopt(const struct option_table *table, struct option *longs, char *shorts)
{
    *shorts++ = ':'; /* a missing value is told apart */
    for (size_t i = 0; i < table->count; i++) {
        const struct option_spec *spec = &table->specs[i];
        longs[i] = (struct option){.name = spec->name,
                                   .has_arg = spec->argument != NULL ? required_argument : no_argument,
                                   .val = LONG_VALUE + (int)i};
        if (spec->letter != 0)
            *shorts++ = spec->letter;
        if (spec->letter != 0 && spec->argument != NULL)
            *shorts++ = ':';
    }
    *shorts = '\0';
    longs[table->count] = (struct option){0};
}

enum options_outcome option_table_parse(const struct option_table *table, void *options, int argc, char **argv,
                                        int *operand_index)
{
    struct option longs[SPECS_MAX + 1];
    char shorts[2 * SPECS_MAX + 2];
    if (table->count > SPECS_MAX) {
        option_table_complain(table, "bug: too many options");
        return OPTIONS_WRONG;
    }
    fill_getopt(table, longs, shorts);
    opterr = 0;
    optind = 0; /* glibc: begin anew */
    for (;;) {
        int value = getopt_long(argc, argv, shorts, longs, NULL);
        if (value == -1)
            break;
        if (value == '?')
            return wrong_option(table, argv[optind - 1]);
        const struct option_spec *spec = spec_of(table, value == ':' ? optopt : value);
        if (value == ':') {
            option_table_complain(table, "option --%s needs a value: %s", spec->name, spec->argument);
            return OPTIONS_WRONG;
        }
        enum options_outcome outcome = take_value(table, options, spec);
        if (outcome != OPTIONS_RUN)
            return outcome;
    }
    *operand_index = optind;
    return OPTIONS_RUN;
}
