/* plot_sweep.c: the sweep's panels of the picture. */
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

/* gnuplot's numbers of filled points, by threads or not, one transfer a worker or not: a hollow one means a run cut. */
static const int SHAPES[2][2] = {{7, 9}, {5, 13}};

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
    bool cut;         /* a point of it */
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

struct point {
    uint32_t place; /* 0: there is none */
    double rate;    /* the best there ... */
    bool cut;       /* ... whose run was stopped early */
};

/* The next point to the right of `after`, of the line or (NULL) of the whole panel. */
static struct point next_point(const struct comparison *comparison, const struct line *line, bool in_flight,
                               uint32_t after)
{
    struct point next = {0};
    for (size_t i = 0; i < comparison->sweep_count; i++) {
        const struct series *series = &comparison->sweep[i];
        uint32_t place = place_of(in_flight ? BEST_WORKERS : BEST_IN_FLIGHT, &series->design);
        struct figures figures = series_figures(series);
        double rate = figures.pages_per_s.median;
        if (place <= after || rate <= 0 || (line != NULL && !belongs(line, &series->design)))
            continue;
        if (next.place == 0 || place < next.place || (place == next.place && rate > next.rate))
            next = (struct point){place, rate, figures.cut > 0};
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

/* Place, rate, 1 for a run that was cut. False: it has no point. */
static bool put_data(struct writer *writer, const struct comparison *comparison, struct line *line)
{
    bool in_flight = line->way == BEST_WORKERS;
    struct point point = next_point(comparison, line, in_flight, 0);
    if (point.place == 0)
        return false;
    text_put(writer, "$line_%d_%d << EOD\n", (int)line->engine, (int)line->way);
    for (; point.place != 0; point = next_point(comparison, line, in_flight, point.place)) {
        text_put(writer, "%u %.6g %d\n", (unsigned)point.place, point.rate, point.cut);
        line->cut = line->cut || point.cut;
    }
    PUT(writer, "EOD\n");
    return true;
}

static void put_curve(struct writer *writer, const struct line *line, bool first)
{
    const char *engine = design_engine_name(line->engine);
    int shape = SHAPES[line->engine == EXECUTOR_THREADS][line->way == ONE_A_WORKER];
    text_put(
        writer,
        "%s$line_%d_%d using 1:2 with linespoints linewidth 2 pointsize 1.3 linecolor rgb %u pointtype %d%s title '%s, ",
        first ? "plot " : ", ", (int)line->engine, (int)line->way, COLOURS[line->engine], shape,
        line->way == ONE_A_WORKER ? " dashtype 2" : "", engine);
    if (line->way == ONE_A_WORKER)
        PUT(writer, "one transfer a worker'");
    else if (line->way == BEST_IN_FLIGHT)
        PUT(writer, "best in flight'");
    else
        text_put(writer, "%u worker%s'", (unsigned)line->workers, line->workers == 1 ? "" : "s");
    /* The inside taken out, so that the line does not go through it. */
    if (line->cut)
        text_put(
            writer,
            ", $line_%d_%d using 1:($3 > 0 ? $2 : NaN) with points pointsize 0.8 linecolor rgb 'white' pointtype %d notitle",
            (int)line->engine, (int)line->way, shape);
}

/* ---- panels ---- */

/* Powers of two are evenly spaced; the ticks stand at what was measured. */
static void put_axis(struct writer *writer, const struct comparison *comparison, bool in_flight)
{
    double labelled = 0;
    uint32_t first = next_point(comparison, NULL, in_flight, 0).place, last = first;
    PUT(writer, "set logscale x 2\nset xtics (");
    for (uint32_t at = first; at != 0; at = next_point(comparison, NULL, in_flight, at).place) {
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
    bool cut = false;
    enum way from = in_flight ? BEST_WORKERS : ONE_A_WORKER, to = in_flight ? BEST_WORKERS : BEST_IN_FLIGHT;
    struct line lines[(size_t)EXECUTOR_ENGINE_COUNT * WAY_COUNT];
    size_t count = 0;
    put_axis(writer, comparison, in_flight);
    for (int engine = 0; engine < EXECUTOR_ENGINE_COUNT; engine++) {
        for (int way = (int)from; way <= (int)to; way++) {
            struct line line = {(enum executor_engine)engine, (enum way)way,
                                best_workers(comparison, (enum executor_engine)engine), false};
            if (put_data(writer, comparison, &line))
                lines[count++] = line;
        }
    }
    for (size_t i = 0; i < count; i++) {
        put_curve(writer, &lines[i], i == 0);
        cut = cut || lines[i].cut;
    }
    if (cut)
        PUT(writer, ", NaN with points pointsize 1.3 linewidth 2 linecolor rgb '#222222' pointtype 6 "
                    "title 'hollow: stopped early, rate so far'");
    if (count == 0)
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
