/* compare_options.h: the command line of `shoal compare`, read into one struct. */
#ifndef SHOAL_COMPARE_OPTIONS_H
#define SHOAL_COMPARE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/compare/report.h"
#include "coordinator/options/fetch_options.h"

#define COMPARE_SPECS_MAX 64

enum compare_work { COMPARE_WORK_NONE, COMPARE_WORK_DIGEST, COMPARE_WORK_LINKS, COMPARE_WORK_COUNT };

/* Strings point into argv, but those of `passed`. */
struct compare_options {
    struct fetch_options fetch; /* first: what fetch has too is taken by its own readers */
    const char **passed;        /* those of them that every run gets, as --name=value */
    size_t passed_count;
    struct design_sizes sizes;
    const char *designs; /* as given; NULL: those that are compared by default */
    uint32_t rounds;
    uint32_t first; /* URLs of the list; 0: all */
    bool sweep;
    uint32_t sweep_workers_max;
    uint32_t sweep_in_flight_max;
    enum compare_work work;
    bool crash;
    enum report_format format;
    const char *plot_path; /* NULL: none */
};

/* "digest". */
const char *compare_work_name(enum compare_work work);

/* As fetch_options_parse(). */
enum options_outcome compare_options_parse(struct compare_options *options, int argc, char **argv);
void compare_options_free(struct compare_options *options);

/* The table, for the help: built into specs, which has room for COMPARE_SPECS_MAX and must stay. */
struct option_table compare_option_table(struct option_spec *specs);

#endif
