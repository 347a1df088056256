/* Runs in: coordinator */
#include "coordinator/compare/plot_sweep.h"

#include <assert.h>
#include <stdio.h>

#include "coordinator/compare/report_text.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

#define PANEL_HEIGHT 380.0
#define GAP_HEIGHT 24.0 /* so that a legend is seen to belong to what is below it */
#define TICK_RATIO 1.3  /* ticks that lie closer than this have no room for their numbers */

static const unsigned COLOURS[] = {
    [EXECUTOR_PROCESSES] = 0x0072b2,
    [EXECUTOR_THREADS] = 0xe69f00,
    [EXECUTOR_SERIAL] = 0x666666,
};
static_assert(sizeof COLOURS / sizeof COLOURS[0] == EXECUTOR_ENGINE_COUNT, "every engine has a colour");

unsigned plot_engine_colour(enum executor_engine engine)
{
    return COLOURS[engine];
}

double plot_sweep_height(const struct comparison *comparison)
{
    return comparison->sweep_count > 0 ? 2 * PANEL_HEIGHT : 0;
}

/* ---- lines ---- */

enum way {
    ONE_A_WORKER,   /* over workers: as many in flight */
    BEST_IN_FLIGHT, /* over workers: the best of all that were tried */
    BEST_WORKERS,   /* over transfers in flight: with the workers of the engine's fastest setting */
    WAY_COUNT
};

struct line {
    enum executor_engine engine;
    enum way way;
    uint32_t workers; /* BEST_WORKERS */
};

static bool belongs(const struct line *line, const struct design *design)
{
    if (design->engine != line->engine)
        return false;
    if (line->way == ONE_A_WORKER)
        return design->in_flight == design->workers;
    return line->way == BEST_IN_FLIGHT || design->workers == line->workers;
}

static uint32_t place_of(enum way way, const struct design *design)
{
    return way == BEST_WORKERS ? design->in_flight : design->workers;
}

/* The next place to the right of the panel (line NULL) or of the line that has a result; 0: none. *rate: the best there. */
static uint32_t next_place(const struct comparison *comparison, const struct line *line, bool in_flight, uint32_t after,
                           double *rate)
{
    uint32_t next = 0;
    *rate = 0;
    for (size_t i = 0; i < comparison->sweep_count; i++) {
        const struct series *series = &comparison->sweep[i];
        uint32_t place = place_of(in_flight ? BEST_WORKERS : BEST_IN_FLIGHT, &series->design);
        double own = series_figures(series).pages_per_s.median;
        if (place <= after || own <= 0 || (line != NULL && !belongs(line, &series->design)))
            continue;
        if (next == 0 || place < next)
            *rate = 0;
        if (next == 0 || place <= next) {
            *rate = own > *rate ? own : *rate;
            next = place;
        }
    }
    return next;
}

/* The workers of the engine's fastest setting; 0: it has none. */
static uint32_t best_workers(const struct comparison *comparison, enum executor_engine engine)
{
    double most = 0;
    uint32_t workers = 0;
    for (size_t i = 0; i < comparison->sweep_count; i++) {
        const struct series *series = &comparison->sweep[i];
        double rate = series_figures(series).pages_per_s.median;
        if (series->design.engine == engine && rate > most) {
            most = rate;
            workers = series->design.workers;
        }
    }
    return workers;
}

/* False: it has no point. */
static bool put_data(struct writer *writer, const struct comparison *comparison, const struct line *line)
{
    bool in_flight = line->way == BEST_WORKERS;
    double rate;
    uint32_t at = next_place(comparison, line, in_flight, 0, &rate);
    if (at == 0)
        return false;
    text_put(writer, "$line_%d_%d << EOD\n", (int)line->engine, (int)line->way);
    for (; at != 0; at = next_place(comparison, line, in_flight, at, &rate))
        text_put(writer, "%u %.6g\n", (unsigned)at, rate);
    PUT(writer, "EOD\n");
    return true;
}

static void put_curve(struct writer *writer, const struct line *line, bool first)
{
    text_put(writer, "%s$line_%d_%d using 1:2 with linespoints linewidth 2 pointsize 1.1 linecolor rgb %u ",
             first ? "plot " : ", ", (int)line->engine, (int)line->way, COLOURS[line->engine]);
    const char *engine = design_engine_name(line->engine);
    bool threads = line->engine == EXECUTOR_THREADS;
    if (line->way == ONE_A_WORKER)
        text_put(writer, "dashtype 2 pointtype %d title '%s, one transfer a worker'", threads ? 4 : 6, engine);
    else if (line->way == BEST_IN_FLIGHT)
        text_put(writer, "pointtype %d title '%s, best in flight'", threads ? 5 : 7, engine);
    else
        text_put(writer, "pointtype %d title '%s, %u worker%s'", threads ? 5 : 7, engine, (unsigned)line->workers,
                 line->workers == 1 ? "" : "s");
}

/* ---- panels ---- */

/* Powers of two are evenly spaced; the ticks stand at what was measured. */
static void put_axis(struct writer *writer, const struct comparison *comparison, bool in_flight)
{
    double rate, labelled = 0;
    uint32_t first = next_place(comparison, NULL, in_flight, 0, &rate), last = first;
    PUT(writer, "set logscale x 2\nset xtics (");
    for (uint32_t at = first; at != 0; at = next_place(comparison, NULL, in_flight, at, &rate)) {
        last = at;
        if ((double)at < TICK_RATIO * labelled)
            continue;
        text_put(writer, "%s%u", at > first ? ", " : "", (unsigned)at);
        labelled = at;
    }
    if (first == 0)
        PUT(writer, "1");
    text_put(writer, ") scale 1\nset xrange [%g:%g]\n", first > 0 ? first / 1.2 : 1, first > 0 ? last * 1.2 : 2);
}

static void put_panel(struct writer *writer, const struct comparison *comparison, bool in_flight)
{
    bool any = false;
    enum way from = in_flight ? BEST_WORKERS : ONE_A_WORKER, to = in_flight ? BEST_WORKERS : BEST_IN_FLIGHT;
    struct line lines[EXECUTOR_ENGINE_COUNT * WAY_COUNT];
    size_t count = 0;
    put_axis(writer, comparison, in_flight);
    for (int engine = 0; engine < EXECUTOR_ENGINE_COUNT; engine++) {
        for (int way = (int)from; way <= (int)to; way++) {
            struct line line = {(enum executor_engine)engine, (enum way)way,
                                best_workers(comparison, (enum executor_engine)engine)};
            if (put_data(writer, comparison, &line))
                lines[count++] = line;
        }
    }
    for (size_t i = 0; i < count; i++) {
        put_curve(writer, &lines[i], !any);
        any = true;
    }
    if (!any)
        PUT(writer, "set label 'no result' at graph 0.5,0.5 center\nset yrange [0:1]\nplot 2 notitle");
    PUT(writer, "\nunset label\n");
}

void plot_put_sweep(struct writer *writer, const struct comparison *comparison, double height)
{
    if (comparison->sweep_count == 0)
        return;
    PUT(writer, "set yrange [0:*]\nset ytics auto\nset format y '%.6g'\n"
                "set grid xtics ytics linetype 1 linecolor rgb '#dddddd'\nset ylabel 'pages a second'\n");
    text_put(writer, "set size 1,%.6f\nset origin 0,%.6f\n", (PANEL_HEIGHT - GAP_HEIGHT) / height,
             PANEL_HEIGHT / height);
    PUT(writer, "set key title 'Sweep: over workers'\nset xlabel 'workers'\n");
    put_panel(writer, comparison, false);
    PUT(writer, "set origin 0,0\nset yrange [0:*]\n"
                "set key title 'Sweep: over transfers in flight, with the number of workers that was the fastest'\n"
                "set xlabel 'transfers in flight, of all workers together'\n");
    put_panel(writer, comparison, true);
}
