/* The picture as a gnuplot script, data within: a panel with a bar for each design and, with a sweep, one over workers and
 * one over transfers in flight. gnuplot sets the margins by itself from what stands in them, so nothing overlaps whatever
 * the font; what this file reckons is the room for the text behind the bars. Every string stands in single quotes, where
 * gnuplot replaces nothing, and the terminal takes no markup in text. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/compare/plot.h"
#include "coordinator/compare/plot_sweep.h"
#include "coordinator/compare/report_text.h"
#include "coordinator/text/escape.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

/* Pixels. */
#define WIDTH 900.0
#define BARS_HEIGHT 150.0 /* title, axis and its label ... */
#define BAR_HEIGHT 36.0   /* ... and each design */
#define COLUMN_WIDTH 7.6  /* of a letter, rather too much */
#define EDGE_WIDTH 50.0

#define LIST_COLUMNS_MAX 60
#define LINEAR_MAX 100 /* beyond that, the shortest bar would be thinner than a line */

#define LABEL_BYTES 128

static const char *const LEGENDS[] = {
    [EXECUTOR_PROCESSES] = "worker processes",
    [EXECUTOR_THREADS] = "threads, or one thread",
    [EXECUTOR_SERIAL] = "one at a time",
};
static_assert(sizeof LEGENDS / sizeof LEGENDS[0] == EXECUTOR_ENGINE_COUNT, "every engine has its line in the legend");

/* ---- strings ---- */

/* Puts text from outside into a quoted string, with another sign for each quote in it; what is too long is cut. */
static void put_inside(struct writer *writer, const char *text, size_t columns_max, const char *quote)
{
    struct writer escaped;
    size_t bytes, columns = 0;
    writer_open_memory(&escaped); /* a failure is seen below */
    escape_text_string(&escaped, text);
    const char *shown = writer_text(&escaped, &bytes);
    if (escaped.status != STATUS_OK)
        writer_room(writer, SIZE_MAX); /* no such room: it fails for want of memory too */
    bool too_long = text_columns(shown) > columns_max;
    for (size_t i = 0; i < bytes; i++) {
        columns += ((unsigned char)shown[i] & 0xc0) != 0x80;
        if (too_long && columns > columns_max - 1) {
            PUT(writer, "…");
            break;
        }
        if (shown[i] == '\'')
            writer_put_string(writer, quote);
        else
            writer_put(writer, &shown[i], 1);
    }
    writer_close(&escaped);
}

/* ---- the designs ---- */

/* What the bars need to know of each other. */
struct scale {
    double least, most; /* of all rounds with pages fetched; 0: none */
    size_t name_columns, label_columns;
    size_t rounds_min, rounds_max; /* that a median is of; the same unless runs were lost, cut or not begun; 0: none */
    bool logarithmic, cut;
};

static void fill_name(char name[LABEL_BYTES], const struct design *design)
{
    snprintf(name, LABEL_BYTES, "%s  %u×%u", design->title, (unsigned)design->workers, (unsigned)design->in_flight);
}

static void fill_missing(char label[LABEL_BYTES], const struct series *series, const struct figures *figures)
{
    if (figures->died > 0 && figures->worst->signal != 0) {
        const char *name = sigabbrev_np(figures->worst->signal);
        snprintf(label, LABEL_BYTES, "no result: died of SIG%s", name != NULL ? name : "?");
    } else if (figures->died > 0) {
        snprintf(label, LABEL_BYTES, "no result: died");
    } else {
        snprintf(label, LABEL_BYTES, series->count == 0 ? "not run" : "no result: cannot run");
    }
}

static void fill_label(char label[LABEL_BYTES], const struct series *series, const struct figures *figures)
{
    char rate[TEXT_NUMBER_BYTES], wall[TEXT_NUMBER_BYTES], failed[TEXT_NUMBER_BYTES + 16] = "";
    if (figures->trials == 0) {
        fill_missing(label, series, figures);
        return;
    }
    if (figures->failed > 0)
        snprintf(failed, sizeof failed, ", %" PRIu64 " failed", figures->failed);
    snprintf(label, LABEL_BYTES, "%s%s pages/s in %s s%s", figures->cut > 0 ? "~" : "",
             text_number(rate, figures->pages_per_s.median, 3), text_number(wall, figures->wall_s.median, 3), failed);
}

static size_t larger(size_t first, size_t second)
{
    return first > second ? first : second;
}

/* What the texts and the rounds of one design ask for. */
static void make_room(struct scale *scale, const struct series *series, const struct figures *figures)
{
    char text[LABEL_BYTES];
    fill_name(text, &series->design);
    scale->name_columns = larger(text_columns(text), scale->name_columns);
    fill_label(text, series, figures);
    scale->label_columns = larger(text_columns(text), scale->label_columns);
    if (figures->trials > 0 && (scale->rounds_min == 0 || figures->trials < scale->rounds_min))
        scale->rounds_min = figures->trials;
    scale->rounds_max = larger(figures->trials, scale->rounds_max);
    scale->cut = scale->cut || figures->cut > 0;
}

static struct scale scale_of(const struct comparison *comparison)
{
    struct scale scale = {0};
    double slowest = 0, fastest = 0;
    for (size_t i = 0; i < comparison->design_count; i++) {
        struct figures figures = series_figures(&comparison->designs[i]);
        const struct spread *rate = &figures.pages_per_s;
        make_room(&scale, &comparison->designs[i], &figures);
        if (rate->median <= 0)
            continue;
        double low = rate->min > 0 ? rate->min : rate->median;
        scale.least = scale.least <= 0 || low < scale.least ? low : scale.least;
        scale.most = rate->max > scale.most ? rate->max : scale.most;
        slowest = slowest <= 0 || rate->median < slowest ? rate->median : slowest;
        fastest = rate->median > fastest ? rate->median : fastest;
    }
    scale.logarithmic = fastest > LINEAR_MAX * slowest;
    return scale;
}

/* From 0, or from below the slowest; to where the text behind the longest bar ends. */
static void put_range(struct writer *writer, const struct scale *scale)
{
    double plot = WIDTH - EDGE_WIDTH - (double)scale->name_columns * COLUMN_WIDTH;
    double bars = 1 - (double)scale->label_columns * COLUMN_WIDTH / plot;
    bars = bars < 0.3 ? 0.3 : bars;
    if (scale->logarithmic)
        text_put(writer, "set logscale x 10\nset xrange [%g:%g*%g**%g]\n", scale->least / 2, scale->least / 2,
                 scale->most / scale->least * 2, 1 / bars);
    else
        text_put(writer, "set xrange [0:%g]\n", scale->most > 0 ? scale->most / bars : 1);
}

static void put_names(struct writer *writer, const struct comparison *comparison)
{
    PUT(writer, "set ytics (");
    for (size_t i = 0; i < comparison->design_count; i++) {
        char name[LABEL_BYTES];
        fill_name(name, &comparison->designs[i].design);
        text_put(writer, "%s'%s' -%zu", i > 0 ? ", " : "", name, i);
    }
    PUT(writer, ") scale 0\n");
}

static void put_labels(struct writer *writer, const struct comparison *comparison, const struct scale *scale)
{
    for (size_t i = 0; i < comparison->design_count; i++) {
        struct figures figures = series_figures(&comparison->designs[i]);
        char label[LABEL_BYTES];
        fill_label(label, &comparison->designs[i], &figures);
        double at = figures.pages_per_s.max;
        if (at <= 0 && scale->logarithmic)
            at = scale->least / 2;
        text_put(writer, "set label '%s' at first %.6g,-%zu left offset char 0.8,0%s\n", label, at, i,
                 figures.trials == 0 ? " textcolor rgb '#777777'" : "");
    }
}

/* What the colours say: points that are nowhere, but in the legend. */
static void put_legend(struct writer *writer, const struct comparison *comparison)
{
    for (int engine = 0; engine < EXECUTOR_ENGINE_COUNT; engine++) {
        bool used = false;
        for (size_t i = 0; i < comparison->design_count; i++)
            used = used || comparison->designs[i].design.engine == (enum executor_engine)engine;
        if (used)
            text_put(writer, ", NaN with points pointtype 5 pointsize 1.8 linecolor rgb %u title '%s'",
                     plot_engine_colour((enum executor_engine)engine), LEGENDS[engine]);
    }
}

/* y, median, least, most, colour. The last row lies outside of the range: a plot without any row is an error. */
static void put_bars(struct writer *writer, const struct comparison *comparison, const struct scale *scale)
{
    PUT(writer, "$bars << EOD\n");
    for (size_t i = 0; i < comparison->design_count; i++) {
        const struct series *series = &comparison->designs[i];
        struct spread rate = series_figures(series).pages_per_s;
        if (rate.median <= 0)
            continue;
        double least = scale->logarithmic && rate.min <= 0 ? scale->least / 2 : rate.min;
        text_put(writer, "-%zu %.6g %.6g %.6g %u\n", i, rate.median, least, rate.max,
                 plot_engine_colour(series->design.engine));
    }
    PUT(writer, "1000 1 1 1 0\nEOD\n");
    /* On a logarithmic axis the length of a bar says nothing: there the place of a dot does. */
    if (scale->logarithmic)
        PUT(writer, "plot $bars using 2:1:5 with points pointtype 7 pointsize 1.4 linecolor rgb variable notitle");
    else
        PUT(writer, "plot $bars using 2:1:(0):2:($1-0.32):($1+0.32):5 with boxxyerror linecolor rgb variable notitle");
    if (scale->rounds_max > 1)
        PUT(writer, ", $bars using 2:1:3:4 with xerrorbars pointtype 0 linewidth 1.5 linecolor rgb '#222222' notitle");
    put_legend(writer, comparison);
    PUT(writer, "\n");
}

static void put_axis_label(struct writer *writer, const struct scale *scale)
{
    PUT(writer, "set xlabel 'pages a second");
    if (scale->logarithmic)
        PUT(writer, ", logarithmic");
    if (scale->rounds_max > 1) {
        PUT(writer, "; median of ");
        if (scale->rounds_min < scale->rounds_max)
            text_put(writer, "%zu to ", scale->rounds_min);
        text_put(writer, "%zu rounds, whiskers: the slowest and the fastest", scale->rounds_max);
    }
    if (scale->cut)
        PUT(writer, "; ~: stopped early, rate so far");
    PUT(writer, "'\n");
}

static void put_designs(struct writer *writer, const struct comparison *comparison)
{
    struct scale scale = scale_of(comparison);
    PUT(writer, "set key title '");
    put_inside(writer, comparison->list, LIST_COLUMNS_MAX, "’");
    text_put(writer, ": %" PRIu64 " URL%s, %u CPU%s%s'\n", comparison->url_count, comparison->url_count == 1 ? "" : "s",
             (unsigned)comparison->cpus, comparison->cpus == 1 ? "" : "s",
             comparison->signal != 0 ? "; interrupted" : "");
    put_axis_label(writer, &scale);
    PUT(writer, "set grid xtics linetype 1 linecolor rgb '#dddddd'\nset style fill solid 1 noborder\n");
    put_range(writer, &scale);
    text_put(writer, "set yrange [-%zu.7:0.7]\n", comparison->design_count > 0 ? comparison->design_count - 1 : 0);
    if (comparison->design_count > 0)
        put_names(writer, comparison);
    else
        PUT(writer, "unset ytics\n");
    put_labels(writer, comparison, &scale);
    put_bars(writer, comparison, &scale);
    PUT(writer, "unset label\nunset logscale\n");
}

/* ---- the picture ---- */

void plot_put_script(struct writer *writer, const char *terminal, const char *output,
                     const struct comparison *comparison)
{
    bool png = strcmp(terminal, "png") == 0;
    double bars = BARS_HEIGHT + BAR_HEIGHT * (double)comparison->design_count;
    double height = bars + plot_sweep_height(comparison);
    text_put(writer, "set terminal %s noenhanced size %.0f,%.0f font '%s' background rgb 'white'\n",
             png ? "pngcairo" : "svg", WIDTH, height, png ? "sans,10" : "sans-serif,13");
    PUT(writer, "set encoding utf8\n");
    if (output != NULL) {
        /* Two quotes stand for one, but not at the beginning. */
        writer_put_string(writer, output[0] == '\'' ? "set output './" : "set output '");
        put_inside(writer, output, SIZE_MAX, "''");
        PUT(writer, "'\n");
    }
    PUT(writer,
        "set multiplot\nset key outside above center horizontal Left reverse samplen 2\nset border 3\nset tics nomirror\nset rmargin 3\n");
    text_put(writer, "set origin 0,%.6f\nset size 1,%.6f\n", 1 - bars / height, bars / height);
    put_designs(writer, comparison);
    plot_put_sweep(writer, comparison, height);
    PUT(writer, "unset multiplot\nunset output\n");
    writer_end_line(writer);
}
