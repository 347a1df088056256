/* report_sweep.c: the sweep as a grid for each engine, and what comes of it. */
#include "coordinator/compare/report_sweep.h"

#include <stdio.h>

#include "coordinator/compare/report_text.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

#define CELL_BYTES 16

/* One engine's settings. */
struct grid {
    const struct comparison *comparison;
    const struct series *fastest; /* of the whole sweep; NULL: none */
    enum executor_engine engine;
    size_t head_columns; /* of the first column, the workers */
    size_t cell_columns;
};

/* ---- what there is ---- */

/* The next larger number of workers (or transfers in flight) of this engine's settings; 0: there is none. */
static uint32_t next_value(const struct grid *grid, bool in_flight, uint32_t after)
{
    uint32_t next = 0;
    for (size_t i = 0; i < grid->comparison->sweep_count; i++) {
        const struct design *design = &grid->comparison->sweep[i].design;
        uint32_t value = in_flight ? design->in_flight : design->workers;
        if (design->engine == grid->engine && value > after && (next == 0 || value < next))
            next = value;
    }
    return next;
}

/* At most five digits: thousands as 123k. A cut run's rate is a guess, "~"; the fastest has a "*". */
static const char *fill_cell(char cell[CELL_BYTES], const struct grid *grid, const struct series *series)
{
    struct figures figures = series_figures(series);
    char number[TEXT_NUMBER_BYTES];
    if (figures.trials == 0)
        return "–";
    double rate = figures.pages_per_s.median;
    bool large = rate >= 99999.5;
    snprintf(cell, CELL_BYTES, "%s%s%.8s%s", series == grid->fastest ? "*" : "", figures.cut > 0 ? "~" : "",
             text_number(number, large ? rate / 1000 : rate, 3), large ? "k" : "");
    return cell;
}

static const char *cell_at(char cell[CELL_BYTES], const struct grid *grid, uint32_t workers, uint32_t in_flight)
{
    struct design design = {.engine = grid->engine, .workers = workers, .in_flight = in_flight};
    const struct series *series = comparison_setting(grid->comparison->sweep, grid->comparison->sweep_count, &design);
    return series != NULL ? fill_cell(cell, grid, series) : "";
}

static void measure(struct grid *grid)
{
    char cell[CELL_BYTES];
    grid->head_columns = text_columns("w\\c");
    grid->cell_columns = 0;
    for (size_t i = 0; i < grid->comparison->sweep_count; i++) {
        const struct series *series = &grid->comparison->sweep[i];
        if (series->design.engine != grid->engine)
            continue;
        size_t columns = text_columns(fill_cell(cell, grid, series));
        int digits = snprintf(cell, sizeof cell, "%u", (unsigned)series->design.in_flight);
        columns = columns > (size_t)digits ? columns : (size_t)digits;
        grid->cell_columns = columns > grid->cell_columns ? columns : grid->cell_columns;
        digits = snprintf(cell, sizeof cell, "%u", (unsigned)series->design.workers);
        grid->head_columns = (size_t)digits > grid->head_columns ? (size_t)digits : grid->head_columns;
    }
}

/* ---- the grid ---- */

/* A line's columns: those after `after`, at most `most`. */
struct block {
    uint32_t after;
    size_t most;
};

/* Whether so many workers were tried with any of the block's numbers in flight. */
static bool has_cells(const struct grid *grid, uint32_t workers, struct block block)
{
    char cell[CELL_BYTES];
    uint32_t at = block.after;
    for (size_t i = 0; i < block.most && (at = next_value(grid, true, at)) != 0; i++) {
        if (cell_at(cell, grid, workers, at)[0] != '\0')
            return true;
    }
    return false;
}

/* One line: the numbers in flight where workers is 0, else the rates. Returns the last number in flight. */
static uint32_t put_line(struct writer *writer, const struct grid *grid, uint32_t workers, struct block block)
{
    char cell[CELL_BYTES] = "w\\c";
    uint32_t last = block.after, at;
    size_t blank = 0; /* columns that were left empty, put only before one that is not */
    if (workers > 0)
        snprintf(cell, sizeof cell, "%u", (unsigned)workers);
    text_put_padded(writer, cell, grid->head_columns, true);
    for (size_t i = 0; i < block.most && (at = next_value(grid, true, last)) != 0; i++) {
        snprintf(cell, sizeof cell, "%u", (unsigned)at);
        const char *shown = workers > 0 ? cell_at(cell, grid, workers, at) : cell;
        blank += grid->cell_columns + 1;
        if (shown[0] != '\0') {
            text_put_padded(writer, shown, blank, true);
            blank = 0;
        }
        last = at;
    }
    writer_end_line(writer);
    return last;
}

/* As many columns side by side as fit, the others below. */
static void put_grid(struct writer *writer, struct grid *grid)
{
    measure(grid);
    size_t most = (TEXT_COLUMNS - grid->head_columns) / (grid->cell_columns + 1);
    text_put(writer, "sweep of %s, pages/s; rows: workers, columns: transfers in flight",
             design_engine_name(grid->engine));
    writer_end_line(writer);
    for (struct block block = {0, most}; next_value(grid, true, block.after) != 0;) {
        uint32_t last = put_line(writer, grid, 0, block);
        for (uint32_t workers = 0; (workers = next_value(grid, false, workers)) != 0;) {
            if (has_cells(grid, workers, block))
                put_line(writer, grid, workers, block);
        }
        block.after = last;
    }
    writer_end_line(writer);
}

/* ---- what comes of it ---- */

static void put_range(struct writer *writer, const char *option, uint32_t min, uint32_t max)
{
    text_put(writer, ", %s %u", option, (unsigned)min);
    if (max > min)
        text_put(writer, " to %u", (unsigned)max);
}

static void put_setting(struct writer *writer, const struct design *design)
{
    text_put(writer, "-w %u -c %u", (unsigned)design->workers, (unsigned)design->in_flight);
}

static void put_plateau(struct writer *prose, const struct plateau *plateau)
{
    text_put(prose, "within %.0f %% of it: %zu of %zu settings of this engine", 100 * COMPARISON_NEAR, plateau->near,
             plateau->of);
    if (plateau->near < 2 || plateau->smallest == NULL) {
        PUT(prose, ", itself alone");
        return;
    }
    put_range(prose, "-w", plateau->workers_min, plateau->workers_max);
    put_range(prose, "-c", plateau->in_flight_min, plateau->in_flight_max);
    PUT(prose, "; the smallest of them: ");
    put_setting(prose, &plateau->smallest->design);
}

/* False: it was not measured. */
static bool put_default(struct writer *prose, const struct comparison *comparison, const struct series *fastest)
{
    const struct series *own = comparison_default_for_sweep(comparison);
    if (own == NULL)
        return false;
    double rate = series_figures(own).pages_per_s.median;
    double most = series_figures(fastest).pages_per_s.median;
    char percent[TEXT_NUMBER_BYTES];
    if (rate <= 0)
        return false;
    text_put(prose, "the default, %s ", design_engine_name(own->design.engine));
    put_setting(prose, &own->design);
    if (own == fastest)
        PUT(prose, ", is this best setting");
    else if (rate > most)
        text_put(prose, ", was %s %% ahead of it in the table's rounds", text_percent(percent, rate / most - 1));
    else
        text_put(prose, ", is %s %% behind it", text_percent(percent, 1 - rate / most));
    return true;
}

static void put_best(struct writer *writer, const struct comparison *comparison)
{
    struct plateau plateau = comparison_plateau(comparison, COMPARISON_NEAR);
    struct writer prose;
    char number[TEXT_NUMBER_BYTES];
    if (plateau.fastest == NULL) {
        PUT(writer, "no setting of the sweep has fetched anything");
        writer_end_line(writer);
        return;
    }
    text_put(writer, "the fastest setting (*), %s pages/s:",
             text_number(number, series_figures(plateau.fastest).pages_per_s.median, 3));
    writer_end_line(writer);
    comparison_put_command(writer, comparison, &plateau.fastest->design);
    writer_end_line(writer);
    writer_open_memory(&prose); /* a failure is seen where it is put */
    put_plateau(&prose, &plateau);
    text_put_wrapped(writer, &prose, 0);
    if (put_default(&prose, comparison, plateau.fastest))
        text_put_wrapped(writer, &prose, 0);
    writer_close(&prose);
}

void report_put_sweep(struct writer *writer, const struct comparison *comparison)
{
    if (comparison->sweep_count == 0)
        return;
    writer_end_line(writer);
    struct grid grid = {
        .comparison = comparison,
        .fastest = comparison_fastest(comparison->sweep, comparison->sweep_count),
    };
    for (int engine = 0; engine < EXECUTOR_ENGINE_COUNT; engine++) {
        grid.engine = (enum executor_engine)engine;
        if (next_value(&grid, false, 0) != 0)
            put_grid(writer, &grid);
    }
    put_best(writer, comparison);
}
