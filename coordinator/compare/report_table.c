/* For people, 80 columns wide:
 *
 *     design                  w×c  wall s   min–max  pages/s  CPU s   MiB failed ×serial
 *     serial                  1×1    2.26 2.26–2.27     6.64  0.031   9.1      0    1.00
 *
 * Each column is as wide as what stands in it. If that is too wide, the spread gets a digit less. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "coordinator/compare/report.h"
#include "coordinator/compare/report_remarks.h"
#include "coordinator/compare/report_sweep.h"
#include "coordinator/compare/report_text.h"

#define MIB ((double)(1u << 20))
#define NONE "–"

enum column {
    COLUMN_DESIGN,
    COLUMN_SIZES,
    COLUMN_WALL,
    COLUMN_SPREAD,
    COLUMN_RATE,
    COLUMN_CPU,
    COLUMN_MEMORY,
    COLUMN_FAILED,
    COLUMN_TIMES,
    COLUMN_COUNT
};

static const char *const HEADS[] = {
    [COLUMN_DESIGN] = "design",  [COLUMN_SIZES] = "w×c",     [COLUMN_WALL] = "wall s",
    [COLUMN_SPREAD] = "min–max", [COLUMN_RATE] = "pages/s",  [COLUMN_CPU] = "CPU s",
    [COLUMN_MEMORY] = "MiB",     [COLUMN_FAILED] = "failed", [COLUMN_TIMES] = "×serial",
};
static_assert(sizeof HEADS / sizeof HEADS[0] == COLUMN_COUNT, "every column has a head");

struct row {
    char cells[COLUMN_COUNT][2 * TEXT_NUMBER_BYTES + DESIGN_NAME_BYTES];
};

#define CELL(row, column, ...) snprintf((row)->cells[column], sizeof(row)->cells[column], __VA_ARGS__)

static void fill_failed(struct row *row, const struct series *series, const struct figures *figures)
{
    if (series->count == 0)
        CELL(row, COLUMN_FAILED, NONE);
    else if (figures->died == series->count)
        CELL(row, COLUMN_FAILED, "died");
    else if (figures->died > 0)
        CELL(row, COLUMN_FAILED, "%zu died", figures->died);
    else if (figures->unable > 0)
        CELL(row, COLUMN_FAILED, "cannot");
    else
        CELL(row, COLUMN_FAILED, "%" PRIu64, figures->failed);
}

static void fill_figures(struct row *row, const struct comparison *comparison, const struct series *series, int digits)
{
    struct figures figures = series_figures(series);
    const char *about = figures.cut > 0 ? "~" : "";
    double times = comparison_times_serial(comparison, series);
    char text[TEXT_NUMBER_BYTES], other[TEXT_NUMBER_BYTES];
    CELL(row, COLUMN_WALL, "%s%s", about, text_number(text, figures.wall_s.median, 3));
    if (figures.trials > 1)
        CELL(row, COLUMN_SPREAD, "%s–%s", text_number(text, figures.wall_s.min, digits),
             text_number(other, figures.wall_s.max, digits));
    CELL(row, COLUMN_RATE, "%s%s", about, text_number(text, figures.pages_per_s.median, 3));
    CELL(row, COLUMN_CPU, "%s", text_number(text, figures.cpu_s.median, figures.cpu_s.median < 0.1 ? 2 : 3));
    double mib = (double)figures.memory_bytes / MIB;
    if (mib > 0)
        CELL(row, COLUMN_MEMORY, "%.*f", mib < 99.95 ? 1 : 0, mib);
    if (times > 0)
        CELL(row, COLUMN_TIMES, "%s", text_number(text, times, 3));
}

static void fill(struct row *row, const struct comparison *comparison, const struct series *series, int digits)
{
    struct figures figures = series_figures(series);
    for (int column = 0; column < COLUMN_COUNT; column++)
        CELL(row, column, NONE);
    CELL(row, COLUMN_DESIGN, "%s", series->design.title);
    CELL(row, COLUMN_SIZES, "%u×%u", (unsigned)series->design.workers, (unsigned)series->design.in_flight);
    fill_failed(row, series, &figures);
    if (figures.trials > 0)
        fill_figures(row, comparison, series, digits);
}

/* The rows are made anew for each use: there are few, and so nothing needs to be kept. */
static size_t measure(const struct comparison *comparison, int digits, size_t widths[COLUMN_COUNT])
{
    size_t total = COLUMN_COUNT - 1;
    for (int column = 0; column < COLUMN_COUNT; column++)
        widths[column] = text_columns(HEADS[column]);
    for (size_t i = 0; i < comparison->design_count; i++) {
        struct row row;
        fill(&row, comparison, &comparison->designs[i], digits);
        for (int column = 0; column < COLUMN_COUNT; column++) {
            size_t columns = text_columns(row.cells[column]);
            widths[column] = columns > widths[column] ? columns : widths[column];
        }
    }
    for (int column = 0; column < COLUMN_COUNT; column++)
        total += widths[column];
    return total;
}

static void put_cell(struct writer *writer, const char *cell, enum column column, const size_t widths[COLUMN_COUNT])
{
    if (column > 0)
        writer_put(writer, " ", 1);
    text_put_padded(writer, cell, widths[column], column != COLUMN_DESIGN);
    if (column == COLUMN_COUNT - 1)
        writer_end_line(writer);
}

static void put_table(struct writer *writer, const struct comparison *comparison)
{
    size_t widths[COLUMN_COUNT];
    int digits = 3;
    if (measure(comparison, digits, widths) > TEXT_COLUMNS)
        measure(comparison, --digits, widths);
    for (int column = 0; column < COLUMN_COUNT; column++)
        put_cell(writer, HEADS[column], (enum column)column, widths);
    for (size_t i = 0; i < comparison->design_count; i++) {
        struct row row;
        fill(&row, comparison, &comparison->designs[i], digits);
        for (int column = 0; column < COLUMN_COUNT; column++)
            put_cell(writer, row.cells[column], (enum column)column, widths);
    }
}

static void put(struct writer *writer, const struct comparison *comparison)
{
    if (comparison->design_count > 0) {
        put_table(writer, comparison);
        writer_end_line(writer);
    }
    report_put_remarks(writer, comparison);
    report_put_sweep(writer, comparison);
    report_put_interrupted(writer, comparison);
}

const struct report_ops report_table = {"table", put};
