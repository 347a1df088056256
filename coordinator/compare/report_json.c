/* For programs: one object, valid UTF-8 and valid JSON whatever the strings hold. Keys are always there; null stands for
 * what is not known. Every run is told, so that other figures can be made of them. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/version.h"
#include "coordinator/compare/report.h"
#include "coordinator/compare/report_text.h"
#include "coordinator/run/signals.h"
#include "coordinator/text/escape.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

static const char *const ENDS[] = {
    [TRIAL_FINISHED] = "finished",
    [TRIAL_DIED] = "died",
    [TRIAL_CANNOT_RUN] = "cannot-run",
    [TRIAL_CUT] = "cut",
};
static_assert(sizeof ENDS / sizeof ENDS[0] == TRIAL_END_COUNT, "every end has a name");

/* ---- values ---- */

static void put_string(struct writer *out, const char *string)
{
    if (string == NULL) {
        PUT(out, "null");
        return;
    }
    PUT(out, "\"");
    escape_json(out, string, strlen(string));
    PUT(out, "\"");
}

/* Finite as long as it comes of integers that are no zero below the line. */
static void put_number(struct writer *out, double value, int decimals, bool known)
{
    if (known)
        text_put(out, "%.*f", decimals, value);
    else
        PUT(out, "null");
}

static void put_count(struct writer *out, uint64_t count, bool known)
{
    if (known)
        writer_put_u64(out, count);
    else
        PUT(out, "null");
}

static void put_spread(struct writer *out, const char *name, const struct spread *spread, int decimals, bool known)
{
    text_put(out, "   \"%s\":", name);
    if (known)
        text_put(out, "{\"median\":%.*f,\"min\":%.*f,\"max\":%.*f},", decimals, spread->median, decimals, spread->min,
                 decimals, spread->max);
    else
        PUT(out, "null,");
    writer_end_line(out);
}

static void put_errors(struct writer *out, const struct trial *trial)
{
    const char *between = "";
    PUT(out, "{");
    for (int error = FETCH_OK + 1; trial != NULL && error < FETCH_ERROR_COUNT; error++) {
        if (trial->by_error[error] == 0)
            continue;
        text_put(out, "%s\"%s\":%" PRIu64, between, fetch_error_name((enum fetch_error)error), trial->by_error[error]);
        between = ",";
    }
    PUT(out, "}");
}

/* ---- a series ---- */

static void put_trial(struct writer *out, const struct trial *trial)
{
    text_put(out, "    {\"end\":\"%s\",\"wall_s\":%.6f,\"cpu_s\":%.6f,\"memory_bytes\":", ENDS[trial->end],
             (double)trial->wall_ns / (double)NS_PER_S, (double)trial->cpu_ns / (double)NS_PER_S);
    put_count(out, trial->memory_bytes, trial->memory_bytes > 0);
    text_put(out, ",\"fetched\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"body_bytes\":%" PRIu64 ",\"errors\":",
             trial->by_error[FETCH_OK], trial_failed(trial), trial->body_bytes);
    put_errors(out, trial);
    text_put(out, ",\"exit_status\":%d,\"signal\":", trial->exit_status);
    if (trial->signal != 0) {
        PUT(out, "\"");
        text_put_signal(out, trial->signal);
        PUT(out, "\"");
    } else {
        PUT(out, "null");
    }
    PUT(out, ",\"why\":");
    put_string(out, trial->why[0] != '\0' ? trial->why : NULL);
    PUT(out, "}");
}

static void put_series(struct writer *out, const struct comparison *comparison, const struct series *series)
{
    const struct design *design = &series->design;
    struct figures figures = series_figures(series);
    bool known = figures.trials > 0;
    double times = comparison_times_serial(comparison, series);
    PUT(out, "  {\"design\":");
    put_string(out, design->name);
    PUT(out, ",\"title\":");
    put_string(out, design->title);
    text_put(out, ",\"engine\":\"%s\",\"workers\":%u,\"in_flight\":%u,", design_engine_name(design->engine),
             (unsigned)design->workers, (unsigned)design->in_flight);
    writer_end_line(out);
    put_spread(out, "wall_s", &figures.wall_s, 6, known);
    put_spread(out, "pages_per_s", &figures.pages_per_s, 3, known);
    put_spread(out, "cpu_s", &figures.cpu_s, 6, known);
    PUT(out, "   \"memory_bytes\":");
    put_count(out, figures.memory_bytes, figures.memory_bytes > 0);
    PUT(out, ",\"failed\":");
    put_count(out, figures.failed, series->count > 0);
    PUT(out, ",\"times_serial\":");
    put_number(out, times, 3, times > 0);
    text_put(out, ",\"died\":%zu,\"unable\":%zu,\"cut\":%zu,\"errors\":", figures.died, figures.unable, figures.cut);
    put_errors(out, figures.worst);
    PUT(out, ",\n   \"runs\":[");
    for (size_t i = 0; i < series->count; i++) {
        writer_put_string(out, i > 0 ? ",\n" : "\n");
        put_trial(out, &series->trials[i]);
    }
    PUT(out, "]}");
}

static void put_all(struct writer *out, const struct comparison *comparison, const struct series *series, size_t count)
{
    PUT(out, "[");
    for (size_t i = 0; i < count; i++) {
        writer_put_string(out, i > 0 ? ",\n" : "\n");
        put_series(out, comparison, &series[i]);
    }
    PUT(out, "]");
}

/* ---- the sweep ---- */

static void put_setting(struct writer *out, const struct design *design)
{
    text_put(out, "{\"engine\":\"%s\",\"workers\":%u,\"in_flight\":%u}", design_engine_name(design->engine),
             (unsigned)design->workers, (unsigned)design->in_flight);
}

static void put_best(struct writer *out, const struct comparison *comparison)
{
    struct plateau plateau = comparison_plateau(comparison, COMPARISON_NEAR);
    struct writer command;
    size_t bytes;
    if (plateau.fastest == NULL) {
        PUT(out, "  \"fastest\":null,\"best\":null,\"plateau\":null}");
        return;
    }
    PUT(out, "  \"fastest\":");
    put_setting(out, &plateau.fastest->design);
    PUT(out, ",\n  \"best\":");
    writer_open_memory(&command); /* a failure is seen below */
    comparison_put_command(&command, comparison, &plateau.fastest->design);
    put_string(out, writer_text(&command, &bytes));
    if (command.status != STATUS_OK)
        writer_room(out, SIZE_MAX); /* no such room: it fails for want of memory too */
    writer_close(&command);
    text_put(out, ",\n  \"plateau\":{\"within\":%.2f,\"near\":%zu,\"of\":%zu,\"workers\":{\"min\":%u,\"max\":%u},",
             COMPARISON_NEAR, plateau.near, plateau.of, (unsigned)plateau.workers_min, (unsigned)plateau.workers_max);
    text_put(out, "\"in_flight\":{\"min\":%u,\"max\":%u},\"smallest\":", (unsigned)plateau.in_flight_min,
             (unsigned)plateau.in_flight_max);
    put_setting(out, &plateau.smallest->design);
    PUT(out, "}}");
}

/* ---- the whole ---- */

/* What every run was given, as far as it may be shown. */
static void put_options(struct writer *out, const struct comparison *comparison)
{
    PUT(out, ",\"options\":[");
    for (size_t i = 0; i < comparison->passed_count; i++) {
        char *shown = comparison_passed_shown(comparison, i);
        writer_put_string(out, i > 0 ? "," : "");
        put_string(out, shown);
        if (shown == NULL)
            writer_room(out, SIZE_MAX); /* no such room: it fails for want of memory too */
        free(shown);
    }
    PUT(out, "]");
}

static void put(struct writer *out, const struct comparison *comparison)
{
    PUT(out, "{\"shoal\":\"" SHOAL_VERSION "\",\"list\":");
    put_string(out, comparison->list);
    text_put(out, ",\"urls\":%" PRIu64 ",\"rounds\":%u,\"cpus\":%u,\"work\":", comparison->url_count,
             (unsigned)comparison->rounds, (unsigned)comparison->cpus);
    put_string(out, comparison->work);
    put_options(out, comparison);
    PUT(out, ",\"crash\":");
    if (comparison->crash != NULL) {
        PUT(out, "\"");
        escape_url_json(out, comparison->crash, strlen(comparison->crash));
        PUT(out, "\"");
    } else {
        PUT(out, "null");
    }
    PUT(out, ",\"interrupted\":");
    put_string(out, comparison->signal != 0 ? signals_name(comparison->signal) : NULL);
    text_put(out, ",\"seconds\":%.3f,\n \"designs\":", comparison->seconds);
    put_all(out, comparison, comparison->designs, comparison->design_count);
    PUT(out, ",\n \"sweep\":");
    if (comparison->sweep_count > 0) {
        PUT(out, "{\"settings\":");
        put_all(out, comparison, comparison->sweep, comparison->sweep_count);
        PUT(out, ",\n");
        put_best(out, comparison);
    } else {
        PUT(out, "null");
    }
    PUT(out, "}");
    writer_end_line(out);
}

const struct report_ops report_json = {"json", put};
