/* comparison.c: what was compared, and what came out. */
#include "coordinator/compare/comparison.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/url.h"
#include "coordinator/text/escape.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

/* What the shell takes as it is, wherever it stands. */
#define SHELL_PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-"

static void free_all(struct series **series, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        series_free(&(*series)[i]);
    free(*series);
    *series = NULL;
    *count = 0;
}

void comparison_free(struct comparison *comparison)
{
    free_all(&comparison->designs, &comparison->design_count);
    free_all(&comparison->sweep, &comparison->sweep_count);
}

/* ---- which is which ---- */

static double rate_of(const struct series *series)
{
    return series_figures(series).pages_per_s.median;
}

const struct series *comparison_fastest(const struct series *series, size_t count)
{
    const struct series *fastest = NULL;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        double rate = rate_of(&series[i]);
        if (rate > most) {
            fastest = &series[i];
            most = rate;
        }
    }
    return fastest;
}

const struct series *comparison_serial(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->design_count; i++) {
        const struct series *series = &comparison->designs[i];
        if (series->design.engine == EXECUTOR_SERIAL && series_figures(series).trials > 0)
            return series;
    }
    return NULL;
}

double comparison_times_serial(const struct comparison *comparison, const struct series *series)
{
    const struct series *serial = comparison_serial(comparison);
    double one = serial != NULL ? rate_of(serial) : 0;
    return one > 0 ? rate_of(series) / one : 0;
}

const struct series *comparison_setting(const struct series *series, size_t count, const struct design *design)
{
    for (size_t i = 0; i < count; i++) {
        const struct design *other = &series[i].design;
        if (other->engine == design->engine && other->workers == design->workers &&
            other->in_flight == design->in_flight)
            return &series[i];
    }
    return NULL;
}

static struct design default_setting(const struct comparison *comparison)
{
    struct executor_options options;
    executor_options_init(&options);
    return (struct design){
        .engine = options.engine,
        .workers = comparison->cpus,
        .in_flight = options.concurrency > comparison->cpus ? options.concurrency : comparison->cpus,
    };
}

const struct series *comparison_default(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->design_count; i++) {
        if (strcmp(comparison->designs[i].design.name, COMPARISON_DEFAULT_NAME) == 0)
            return &comparison->designs[i];
    }
    struct design design = default_setting(comparison);
    return comparison_setting(comparison->designs, comparison->design_count, &design);
}

const struct series *comparison_default_for_sweep(const struct comparison *comparison)
{
    const struct series *compared = comparison_default(comparison);
    struct design design = compared != NULL ? compared->design : default_setting(comparison);
    const struct series *swept = comparison_setting(comparison->sweep, comparison->sweep_count, &design);
    return swept != NULL && swept->count > 0 ? swept : compared;
}

/* ---- the plateau ---- */

static bool is_smaller(const struct design *design, const struct design *than)
{
    if (design->in_flight != than->in_flight)
        return design->in_flight < than->in_flight;
    return design->workers < than->workers;
}

static void widen(uint32_t value, uint32_t *min, uint32_t *max)
{
    if (*min == 0 || value < *min)
        *min = value;
    if (value > *max)
        *max = value;
}

struct plateau comparison_plateau(const struct comparison *comparison, double within)
{
    struct plateau plateau = {.fastest = comparison_fastest(comparison->sweep, comparison->sweep_count)};
    if (plateau.fastest == NULL)
        return plateau;
    double least = rate_of(plateau.fastest) * (1 - within);
    for (size_t i = 0; i < comparison->sweep_count; i++) {
        const struct series *series = &comparison->sweep[i];
        if (series->design.engine != plateau.fastest->design.engine || series->count == 0)
            continue;
        plateau.of++;
        if (rate_of(series) < least)
            continue;
        plateau.near++;
        widen(series->design.workers, &plateau.workers_min, &plateau.workers_max);
        widen(series->design.in_flight, &plateau.in_flight_min, &plateau.in_flight_max);
        if (plateau.smallest == NULL || is_smaller(&series->design, &plateau.smallest->design))
            plateau.smallest = series;
    }
    return plateau;
}

/* ---- the command ---- */

/* Whether a terminal would show it as it is. */
static bool is_harmless(const char *text, size_t bytes)
{
    struct writer escaped;
    size_t escaped_bytes = 0;
    if (writer_open_memory(&escaped) == STATUS_OK)
        escape_text(&escaped, text, bytes);
    const char *shown = writer_text(&escaped, &escaped_bytes);
    bool same = escaped_bytes == bytes && memcmp(shown, text, bytes) == 0;
    writer_close(&escaped);
    return same;
}

/* $'...' with every byte that is no plain one as \ooo. */
static void put_coded(struct writer *writer, const char *text, size_t bytes)
{
    PUT(writer, "$'");
    for (size_t i = 0; i < bytes; i++) {
        unsigned byte = (unsigned char)text[i];
        if (byte != 0 && strchr(SHELL_PLAIN, (int)byte) != NULL) {
            writer_put(writer, &text[i], 1);
            continue;
        }
        char code[4] = {'\\', (char)('0' + (byte >> 6)), (char)('0' + (byte >> 3 & 7)), (char)('0' + (byte & 7))};
        writer_put(writer, code, sizeof code);
    }
    PUT(writer, "'");
}

static void put_word(struct writer *writer, const char *text, size_t bytes)
{
    if (bytes > 0 && text[0] != '=' && strspn(text, SHELL_PLAIN) >= bytes) {
        writer_put(writer, text, bytes);
    } else if (!is_harmless(text, bytes)) {
        put_coded(writer, text, bytes);
    } else {
        PUT(writer, "'");
        for (size_t i = 0; i < bytes; i++) {
            if (text[i] == '\'')
                PUT(writer, "'\\''");
            else
                writer_put(writer, &text[i], 1);
        }
        PUT(writer, "'");
    }
}

/* Up to which byte the argument may be shown: the value of a header that holds credentials may not. */
static size_t shown_bytes(const char *argument)
{
    static const char *const PREFIXES[] = {"", "-H", "--header="};
    static const char *const SECRETS[] = {"authorization:", "proxy-authorization:", "cookie:"};
    for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++) {
        size_t prefix = strlen(PREFIXES[i]);
        if (strncmp(argument, PREFIXES[i], prefix) != 0)
            continue;
        for (size_t j = 0; j < sizeof SECRETS / sizeof SECRETS[0]; j++) {
            size_t name = strlen(SECRETS[j]);
            if (strncasecmp(argument + prefix, SECRETS[j], name) == 0)
                return prefix + name;
        }
    }
    return SIZE_MAX;
}

char *comparison_passed_shown(const struct comparison *comparison, size_t index)
{
    const char *argument = comparison->passed[index];
    size_t bytes = strlen(argument), shown = shown_bytes(argument);
    char *copy = malloc(bytes + sizeof " ...");
    if (copy == NULL)
        return NULL;
    memcpy(copy, argument, bytes + 1);
    if (shown < bytes) {
        memcpy(copy + shown, " ...", sizeof " ...");
    } else if (strstr(argument, "://") != NULL || strncmp(argument, "--proxy=", sizeof "--proxy=" - 1) == 0) {
        /* --proxy=URL too: what stands before the scheme is not looked at */
        const char *equals = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;
        size_t before = equals != NULL ? (size_t)(equals + 1 - argument) : 0;
        bytes = before + url_without_userinfo(argument + before, bytes - before, copy + before);
        copy[bytes] = '\0';
    }
    return copy;
}

static void put_passed(struct writer *writer, const struct comparison *comparison, size_t index)
{
    char *shown = comparison_passed_shown(comparison, index);
    if (shown != NULL)
        put_word(writer, shown, strlen(shown));
    else
        writer_room(writer, SIZE_MAX); /* no such room: the writer fails for want of memory */
    free(shown);
}

void comparison_put_command(struct writer *writer, const struct comparison *comparison, const struct design *design)
{
    PUT(writer, "shoal fetch -e ");
    writer_put_string(writer, design_engine_name(design->engine));
    if (design->engine != EXECUTOR_SERIAL) {
        PUT(writer, " -w ");
        writer_put_u64(writer, design->workers);
        PUT(writer, " -c ");
        writer_put_u64(writer, design->in_flight);
    }
    for (size_t i = 0; i < comparison->passed_count; i++) {
        PUT(writer, " ");
        put_passed(writer, comparison, i);
    }
    if (comparison->input_path != NULL) {
        PUT(writer, " -i ");
        put_word(writer, comparison->input_path, strlen(comparison->input_path));
    }
}

/* ---- how it ended ---- */

static bool has_bug(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (series->trials[i].exit_status == EXIT_BUG)
            return true;
    }
    return false;
}

static enum exit_status exit_status_of(const struct series *series)
{
    struct figures figures = series_figures(series);
    if (has_bug(series))
        return EXIT_BUG;
    if (series->count > 0 && figures.unable == series->count)
        return EXIT_CANNOT_RUN;
    return figures.worst != NULL ? EXIT_SOME_FAILED : EXIT_ALL_FETCHED;
}

/* These four are the greater, the worse. */
static enum exit_status worst_of(const struct series *series, size_t count, enum exit_status worst)
{
    for (size_t i = 0; i < count; i++) {
        enum exit_status status = exit_status_of(&series[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}

enum exit_status comparison_exit_status(const struct comparison *comparison)
{
    enum exit_status worst = worst_of(comparison->designs, comparison->design_count, EXIT_ALL_FETCHED);
    return worst_of(comparison->sweep, comparison->sweep_count, worst);
}
