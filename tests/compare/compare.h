/* Comparisons made by hand, for the suites of coordinator/compare/. */
#ifndef SHOAL_TESTS_COMPARE_H
#define SHOAL_TESTS_COMPARE_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "coordinator/compare/comparison.h"

/* A comparison of 15 URLs on 2 CPUs, with room for DESIGNS_MAX series in table and sweep. Free it: comparison_free(). */
static inline struct comparison comparison_begin(uint32_t rounds)
{
    struct comparison comparison = {
        .list = "urls.txt",
        .input_path = "urls.txt",
        .url_count = 15,
        .rounds = rounds,
        .cpus = 2,
        .work = "none",
        .seconds = 12.34,
        .designs = calloc(DESIGNS_MAX, sizeof(struct series)),
        .sweep = calloc(DESIGNS_MAX, sizeof(struct series)),
    };
    ck_assert(comparison.designs != NULL && comparison.sweep != NULL);
    return comparison;
}

/* Adds a series of the table, by one of the names of designs_names() or ENGINE:WxC; N workers are 2, and 64 in flight. */
static inline struct series *comparison_add(struct comparison *comparison, const char *name)
{
    struct design_sizes sizes = {.workers = 2, .in_flight = 64};
    struct design designs[DESIGNS_MAX];
    size_t count;
    char why[256];
    ck_assert(designs_parse(name, &sizes, designs, &count, why, sizeof why));
    struct series *series = &comparison->designs[comparison->design_count++];
    series->design = designs[0];
    return series;
}

static inline struct series *comparison_add_setting(struct comparison *comparison, enum executor_engine engine,
                                                    uint32_t workers, uint32_t in_flight)
{
    ck_assert_uint_lt(comparison->sweep_count, DESIGNS_MAX);
    struct series *series = &comparison->sweep[comparison->sweep_count++];
    series->design = design_setting(engine, workers, in_flight);
    return series;
}

/* Adds a run that fetched so many in so many milliseconds; change it as needed. */
static inline struct trial *series_ran(struct series *series, int64_t wall_ms, uint64_t fetched)
{
    struct trial trial = {
        .end = TRIAL_FINISHED,
        .wall_ns = wall_ms * NS_PER_MS,
        .cpu_ns = 31 * NS_PER_MS,
        .memory_bytes = 9 << 20,
        .body_bytes = 1000 * fetched,
    };
    trial.by_error[FETCH_OK] = fetched;
    ck_assert_int_eq(series_add(series, &trial), STATUS_OK);
    return &series->trials[series->count - 1];
}

static inline struct trial *series_died(struct series *series, int signal, uint64_t fetched)
{
    struct trial *trial = series_ran(series, 500, fetched);
    trial->end = TRIAL_DIED;
    trial->signal = signal;
    trial->exit_status = signal != 0 ? -1 : 4;
    return trial;
}

static inline struct trial *series_could_not_run(struct series *series, const char *why)
{
    struct trial *trial = series_ran(series, 10, 0);
    trial->end = TRIAL_CANNOT_RUN;
    trial->exit_status = 3;
    snprintf(trial->why, sizeof trial->why, "%s", why);
    return trial;
}

/* The seven designs, three rounds each, as a list of 15 pages that take 150 ms gives them. */
static inline struct comparison comparison_of_seven(void)
{
    static const struct {
        const char *name;
        int64_t wall_ms;
    } DESIGNS[] = {{"serial", 2261},
                   {"threads-5", 463},
                   {"threads", 1211},
                   {"processes", 1218},
                   {"event-loop", 165},
                   {"threads-event-loop", 163},
                   {"processes-event-loop", 158}};
    struct comparison comparison = comparison_begin(3);
    for (size_t i = 0; i < sizeof DESIGNS / sizeof DESIGNS[0]; i++) {
        struct series *series = comparison_add(&comparison, DESIGNS[i].name);
        for (int round = -1; round <= 1; round++)
            series_ran(series, DESIGNS[i].wall_ms + round * (2 + DESIGNS[i].wall_ms / 200), 15);
    }
    return comparison;
}

/* A sweep of both engines, whose fastest is processes, 2 workers and 128 in flight; threads 4 × 4 was cut. */
static inline void comparison_sweep(struct comparison *comparison)
{
    for (uint32_t engine = EXECUTOR_PROCESSES; engine <= EXECUTOR_THREADS; engine++) {
        for (uint32_t in_flight = 1; in_flight <= 256; in_flight *= 2) {
            for (uint32_t workers = 1; workers <= 4 && workers <= in_flight; workers *= 2) {
                double load = in_flight < 128 ? in_flight : 128;
                double share = workers == 1 ? 0.7 : workers == 2 ? 1.0 : 0.93;
                double rate = 60000 * load / (load + 40) * share * (in_flight > 128 ? 0.98 : 1);
                rate = engine == EXECUTOR_THREADS ? 0.96 * rate : rate;
                struct series *series =
                    comparison_add_setting(comparison, (enum executor_engine)engine, workers, in_flight);
                struct trial *trial = series_ran(series, 1000, (uint64_t)rate);
                if (engine == EXECUTOR_THREADS && workers == 4 && in_flight == 4)
                    trial->end = TRIAL_CUT;
            }
        }
    }
}

#endif
