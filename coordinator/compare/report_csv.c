/* For spreadsheets, RFC 4180 with LF: one line a design, then one a setting of the sweep. What is not known is empty. Text
 * from outside is escaped as for people, so that a record is one line, and is never taken for a formula: where it begins
 * with = + - or @ an apostrophe stands before it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/compare/report.h"
#include "coordinator/compare/report_text.h"
#include "coordinator/run/signals.h"
#include "coordinator/text/escape.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

static const char HEADER[] =
    "part,design,title,engine,workers,in_flight,runs,died,unable,cut,"
    "wall_s,wall_s_min,wall_s_max,pages_per_s,pages_per_s_min,pages_per_s_max,"
    "cpu_s,cpu_s_min,cpu_s_max,memory_bytes,failed,times_serial,errors,why,urls,list,work,interrupted";

/* A cell that may hold anything; puts the comma before it. */
static void put_cell(struct writer *writer, const char *text)
{
    struct writer cell;
    size_t bytes;
    writer_open_memory(&cell); /* a failure is seen below */
    escape_text_string(&cell, text);
    const char *shown = writer_text(&cell, &bytes);
    if (cell.status != STATUS_OK)
        writer_room(writer, SIZE_MAX); /* no such room: it fails for want of memory too */
    bool quoted = strpbrk(shown, "\",") != NULL;
    PUT(writer, ",");
    if (quoted)
        PUT(writer, "\"");
    if (bytes > 0 && strchr("=+-@", shown[0]) != NULL)
        PUT(writer, "'");
    for (size_t i = 0; i < bytes; i++) {
        if (shown[i] == '"')
            PUT(writer, "\"");
        writer_put(writer, &shown[i], 1);
    }
    if (quoted)
        PUT(writer, "\"");
    writer_close(&cell);
}

static void put_spread(struct writer *writer, const struct figures *figures, const struct spread *spread, int decimals)
{
    if (figures->trials > 0)
        text_put(writer, ",%.*f,%.*f,%.*f", decimals, spread->median, decimals, spread->min, decimals, spread->max);
    else
        PUT(writer, ",,,");
}

static void put_errors(struct writer *writer, const struct trial *trial)
{
    char separator = '\0';
    PUT(writer, ",");
    for (int error = FETCH_OK + 1; trial != NULL && error < FETCH_ERROR_COUNT; error++) {
        if (trial->by_error[error] == 0 || (error == FETCH_CANCELLED && trial->end == TRIAL_CUT))
            continue;
        if (separator != '\0')
            writer_put(writer, &separator, 1);
        text_put(writer, "%s %" PRIu64, fetch_error_name((enum fetch_error)error), trial->by_error[error]);
        separator = ';';
    }
}

/* Why the worst run gave no figures; "" if it did. */
static void put_why(struct writer *writer, const struct trial *trial)
{
    if (trial == NULL || (trial->end != TRIAL_DIED && trial->end != TRIAL_CANNOT_RUN)) {
        PUT(writer, ",");
    } else if (trial->end == TRIAL_CANNOT_RUN) {
        put_cell(writer, trial->why);
    } else if (trial->signal != 0) {
        PUT(writer, ",");
        text_put_signal(writer, trial->signal);
    } else {
        text_put(writer, ",exit status %d", trial->exit_status);
    }
}

static void put_row(struct writer *writer, const struct comparison *comparison, const char *part,
                    const struct series *series)
{
    const struct design *design = &series->design;
    struct figures figures = series_figures(series);
    double times = comparison_times_serial(comparison, series);
    writer_put_string(writer, part);
    put_cell(writer, design->name);
    put_cell(writer, design->title);
    text_put(writer, ",%s,%u,%u,%zu,%zu,%zu,%zu", design_engine_name(design->engine), (unsigned)design->workers,
             (unsigned)design->in_flight, series->count, figures.died, figures.unable, figures.cut);
    put_spread(writer, &figures, &figures.wall_s, 6);
    put_spread(writer, &figures, &figures.pages_per_s, 3);
    put_spread(writer, &figures, &figures.cpu_s, 6);
    PUT(writer, ",");
    if (figures.memory_bytes > 0)
        writer_put_u64(writer, figures.memory_bytes);
    PUT(writer, ",");
    if (series->count > 0)
        writer_put_u64(writer, figures.failed);
    PUT(writer, ",");
    if (times > 0)
        text_put(writer, "%.3f", times);
    put_errors(writer, figures.worst);
    put_why(writer, figures.worst);
    text_put(writer, ",%" PRIu64, comparison->url_count);
    put_cell(writer, comparison->list);
    put_cell(writer, comparison->work);
    put_cell(writer, comparison->signal != 0 ? signals_name(comparison->signal) : "");
    writer_end_line(writer);
}

static void put(struct writer *writer, const struct comparison *comparison)
{
    writer_put(writer, HEADER, sizeof HEADER - 1);
    writer_end_line(writer);
    for (size_t i = 0; i < comparison->design_count; i++)
        put_row(writer, comparison, "design", &comparison->designs[i]);
    for (size_t i = 0; i < comparison->sweep_count; i++)
        put_row(writer, comparison, "sweep", &comparison->sweep[i]);
}

const struct report_ops report_csv = {"csv", put};
