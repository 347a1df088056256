/* comparison.h: what was compared, and what came out: the data that every report shows. */
#ifndef SHOAL_COMPARE_COMPARISON_H
#define SHOAL_COMPARE_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/base/exit_status.h"
#include "coordinator/compare/series.h"
#include "coordinator/text/writer.h"

/* The name of the design that `shoal fetch` uses by itself. */
#define COMPARISON_DEFAULT_NAME "processes-event-loop"

/* Strings and arrays are borrowed, but the series: those and their two arrays, from malloc(), go with comparison_free(). */
struct comparison {
    /* What was fetched, for people: a path, "standard input", the one URL or "URLs of the command line", "pages of the
     * bundled server, 150 ms each". */
    const char *list;
    const char *input_path; /* as the user gave it; NULL: no file */
    uint64_t url_count;
    uint32_t rounds; /* as asked for; an interrupted series has fewer trials */
    uint32_t cpus;
    const char *work;          /* CPU work for each page: "none", "digest", "links" */
    const char *crash;         /* the URL whose worker was made to crash; NULL: none */
    const char *const *passed; /* options of fetch that every run had, as arguments */
    size_t passed_count;
    int signal;             /* that ended it early; 0: none */
    double seconds;         /* all of it, warm-up included */
    struct series *designs; /* the table, in order */
    size_t design_count;
    struct series *sweep; /* every setting of the sweep, by engine, in flight, workers; none without --sweep */
    size_t sweep_count;
};

void comparison_free(struct comparison *comparison);

/* The series with the most pages a second (median); NULL if none fetched any. */
const struct series *comparison_fastest(const struct series *series, size_t count);

/* The series that stands for "one at a time": engine serial; NULL if it was not compared or has no time. */
const struct series *comparison_serial(const struct comparison *comparison);

/* How many times the pages a second (medians) of comparison_serial(); 0: not known. */
double comparison_times_serial(const struct comparison *comparison, const struct series *series);

/* The series with this engine and these sizes, whatever its name; NULL if there is none. */
const struct series *comparison_setting(const struct series *series, size_t count, const struct design *design);

/* The design that `shoal fetch` uses by itself (processes, event loops); NULL if it was not compared. */
const struct series *comparison_default(const struct comparison *comparison);

/* The series to hold the sweep's fastest against: the default as a setting of the sweep, measured as the others were, else
 * comparison_default(). */
const struct series *comparison_default_for_sweep(const struct comparison *comparison);

/* What the reports call near: within so much of the fastest. */
#define COMPARISON_NEAR 0.05

/* How flat the sweep's optimum is: what lies within `within` (COMPARISON_NEAR) of the fastest, of the same engine. */
struct plateau {
    const struct series *fastest; /* NULL: the sweep has no result */
    size_t near;                  /* settings of its engine that are near, itself included ... */
    size_t of;                    /* ... of so many measured */
    uint32_t workers_min, workers_max, in_flight_min, in_flight_max; /* of the near ones */
    const struct series *smallest; /* the near one with the fewest in flight, then the fewest workers */
};

struct plateau comparison_plateau(const struct comparison *comparison, double within);

/* The passed option at this index, as it may be shown: credentials are left out of a header's value ("...") and of a URL.
 * From malloc(); NULL when memory is short. */
char *comparison_passed_shown(const struct comparison *comparison, size_t index);

/* Puts `shoal fetch -e processes -w 2 -c 128 -i urls.txt`, quoted for a shell, without ending the line. Without a file the
 * user adds the URLs. The passed options are those of comparison_passed_shown(). */
void comparison_put_command(struct writer *writer, const struct comparison *comparison, const struct design *design);

/* The first of these that holds: EXIT_BUG if a trial ended with that; EXIT_CANNOT_RUN if a series was run and could not
 * run once; EXIT_SOME_FAILED if a URL failed, or a trial died or could not run; EXIT_ALL_FETCHED. The signal is not
 * considered. */
enum exit_status comparison_exit_status(const struct comparison *comparison);

#endif
