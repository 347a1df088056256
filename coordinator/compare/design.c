/* design.c: the ways to run one list that are compared. */
#include "coordinator/compare/design.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/macros.h"
#include "coordinator/text/units.h"

#define FEW_THREADS 5 /* as the classic example has them */

static const char *const ENGINES[] = {"processes", "threads", "serial"};
static_assert(COUNT(ENGINES) == EXECUTOR_ENGINE_COUNT, "every engine has a name");

/* What the numbers of a design are. */
enum amount { ONE, FEW, WORKERS, IN_FLIGHT };

static const struct kind {
    const char *name;
    const char *title;
    enum executor_engine engine;
    enum amount workers;
    enum amount in_flight;
} KINDS[] = {
    {"serial", "serial", EXECUTOR_SERIAL, ONE, ONE},
    {"threads-5", "threads", EXECUTOR_THREADS, FEW, FEW},
    {"threads", "threads", EXECUTOR_THREADS, WORKERS, WORKERS},
    {"processes", "processes", EXECUTOR_PROCESSES, WORKERS, WORKERS},
    {"event-loop", "event loop", EXECUTOR_THREADS, ONE, IN_FLIGHT},
    {"threads-event-loop", "threads × event loop", EXECUTOR_THREADS, WORKERS, IN_FLIGHT},
    {"processes-event-loop", "processes × event loop", EXECUTOR_PROCESSES, WORKERS, IN_FLIGHT},
};

static uint32_t amount_of(enum amount amount, const struct design_sizes *sizes)
{
    switch (amount) {
    case ONE:
        return 1;
    case FEW:
        return FEW_THREADS;
    case WORKERS:
        return sizes->workers;
    case IN_FLIGHT:
        return sizes->in_flight;
    }
    return 1;
}

static struct design design_of(const struct kind *kind, const struct design_sizes *sizes)
{
    struct design design = {.title = kind->title,
                            .engine = kind->engine,
                            .workers = amount_of(kind->workers, sizes),
                            .in_flight = amount_of(kind->in_flight, sizes)};
    snprintf(design.name, sizeof design.name, "%s", kind->name);
    if (design.in_flight < design.workers)
        design.in_flight = design.workers;
    return design;
}

/* Two names may come to the same thing: five threads on five CPUs. False: there is no room for one more. */
static bool add_once(struct design *designs, size_t *count, const struct design *design)
{
    for (size_t i = 0; i < *count; i++) {
        const struct design *other = &designs[i];
        if (other->engine == design->engine && other->workers == design->workers &&
            other->in_flight == design->in_flight)
            return true;
    }
    if (*count == DESIGNS_MAX)
        return false;
    designs[(*count)++] = *design;
    return true;
}

size_t designs_default(struct design *designs, const struct design_sizes *sizes)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        struct design design = design_of(&KINDS[i], sizes);
        add_once(designs, &count, &design);
    }
    return count;
}

const char *design_engine_name(enum executor_engine engine)
{
    return ENGINES[engine];
}

struct design design_setting(enum executor_engine engine, uint32_t workers, uint32_t in_flight)
{
    struct design design = {.title = ENGINES[engine], .engine = engine, .workers = workers, .in_flight = in_flight};
    snprintf(design.name, sizeof design.name, "%s:%ux%u", ENGINES[engine], (unsigned)workers, (unsigned)in_flight);
    return design;
}

const char *designs_names(void)
{
    return "serial, threads-5, threads, processes, event-loop, threads-event-loop, processes-event-loop";
}

/* ---- names of the user's ---- */

/* A name ended by NUL: room for the longest setting. */
struct word {
    char text[DESIGN_NAME_BYTES];
};

/* "processes:4x128"; false if it is none. */
static bool parse_setting(const struct word *word, struct design *design)
{
    size_t engine_bytes = strcspn(word->text, ":");
    struct word numbers;
    if (word->text[engine_bytes] != ':')
        return false;
    snprintf(numbers.text, sizeof numbers.text, "%s", word->text + engine_bytes + 1);
    char *cross = strchr(numbers.text, 'x');
    uint64_t workers, in_flight;
    if (cross == NULL)
        return false;
    *cross = '\0';
    if (!units_parse_count(numbers.text, 1, WORKERS_MAX, &workers) ||
        !units_parse_count(cross + 1, workers, CONCURRENCY_MAX, &in_flight))
        return false;
    for (size_t i = 0; i < COUNT(ENGINES); i++) {
        if (strlen(ENGINES[i]) == engine_bytes && memcmp(ENGINES[i], word->text, engine_bytes) == 0) {
            *design = design_setting((enum executor_engine)i, (uint32_t)workers, (uint32_t)in_flight);
            return i != EXECUTOR_SERIAL || in_flight == 1;
        }
    }
    return false;
}

static bool parse_one(const struct word *word, const struct design_sizes *sizes, struct design *design)
{
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        if (strcmp(word->text, KINDS[i].name) == 0) {
            *design = design_of(&KINDS[i], sizes);
            return true;
        }
    }
    return parse_setting(word, design);
}

bool designs_parse(const char *list, const struct design_sizes *sizes, struct design *designs, size_t *count, char *why,
                   size_t why_bytes)
{
    *count = 0;
    for (const char *at = list;; at++) {
        size_t bytes = strcspn(at, ",");
        struct word word = {""};
        struct design design;
        if (bytes < sizeof word.text)
            memcpy(word.text, at, bytes);
        if (!parse_one(&word, sizes, &design)) {
            snprintf(why, why_bytes, "must be some of %s, or ENGINE:WxC as processes:4x128", designs_names());
            return false;
        }
        if (!add_once(designs, count, &design)) {
            snprintf(why, why_bytes, "must be at most %d designs", DESIGNS_MAX);
            return false;
        }
        at += bytes;
        if (*at == '\0')
            return true;
    }
}
