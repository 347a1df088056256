/* series.c: all runs of one design, and the figures that they give. */
#include "coordinator/compare/series.h"

#include <stdlib.h>

#include "common/clock.h"

#define ROOM_FIRST 8

/* ---- one trial ---- */

uint64_t trial_done(const struct trial *trial)
{
    uint64_t done = 0;
    for (int error = 0; error < FETCH_ERROR_COUNT; error++)
        done += trial->by_error[error];
    return done;
}

uint64_t trial_failed(const struct trial *trial)
{
    uint64_t failed = trial_done(trial) - trial->by_error[FETCH_OK];
    return trial->end == TRIAL_CUT ? failed - trial->by_error[FETCH_CANCELLED] : failed;
}

static bool is_timed(const struct trial *trial)
{
    return trial->end == TRIAL_FINISHED || trial->end == TRIAL_CUT;
}

double trial_pages_per_s(const struct trial *trial)
{
    if (!is_timed(trial) || trial->wall_ns <= 0)
        return 0;
    return (double)trial->by_error[FETCH_OK] * (double)NS_PER_S / (double)trial->wall_ns;
}

static double wall_s(const struct trial *trial)
{
    return (double)trial->wall_ns / (double)NS_PER_S;
}

static double cpu_s(const struct trial *trial)
{
    return (double)trial->cpu_ns / (double)NS_PER_S;
}

/* ---- all of them ---- */

enum status series_add(struct series *series, const struct trial *trial)
{
    if (series->count == series->room) {
        size_t room = series->room == 0 ? ROOM_FIRST : 2 * series->room;
        struct trial *larger = reallocarray(series->trials, room, sizeof *larger);
        if (larger == NULL)
            return STATUS_OUT_OF_MEMORY;
        series->trials = larger;
        series->room = room;
    }
    series->trials[series->count++] = *trial;
    return STATUS_OK;
}

void series_free(struct series *series)
{
    free(series->trials);
    series->trials = NULL;
    series->count = series->room = 0;
}

/* ---- the figures ---- */

typedef double measure(const struct trial *trial);

/* The timed trial's value that has `rank` smaller ones before it. Trials are few: comparing each with each needs no copy
 * of them, and so cannot fail. */
static double value_of_rank(const struct series *series, measure *value, size_t rank)
{
    for (size_t i = 0; i < series->count; i++) {
        if (!is_timed(&series->trials[i]))
            continue;
        double candidate = value(&series->trials[i]);
        size_t below = 0, equal = 0;
        for (size_t j = 0; j < series->count; j++) {
            if (!is_timed(&series->trials[j]))
                continue;
            below += value(&series->trials[j]) < candidate;
            equal += value(&series->trials[j]) == candidate;
        }
        if (below <= rank && rank < below + equal)
            return candidate;
    }
    return 0;
}

static struct spread spread_of(const struct series *series, measure *value, size_t timed)
{
    if (timed == 0)
        return (struct spread){0};
    double lower = value_of_rank(series, value, (timed - 1) / 2);
    double upper = value_of_rank(series, value, timed / 2);
    return (struct spread){
        .median = (lower + upper) / 2,
        .min = value_of_rank(series, value, 0),
        .max = value_of_rank(series, value, timed - 1),
    };
}

/* What is most worth telling about: a run that was lost, then one with more failures. */
static bool is_worse(const struct trial *trial, const struct trial *than)
{
    bool lost = !is_timed(trial);
    if (than == NULL)
        return lost || trial_failed(trial) > 0;
    if (lost != !is_timed(than))
        return lost;
    return !lost && trial_failed(trial) > trial_failed(than);
}

struct figures series_figures(const struct series *series)
{
    struct figures figures = {0};
    for (size_t i = 0; i < series->count; i++) {
        const struct trial *trial = &series->trials[i];
        figures.trials += is_timed(trial);
        figures.died += trial->end == TRIAL_DIED;
        figures.unable += trial->end == TRIAL_CANNOT_RUN;
        figures.cut += trial->end == TRIAL_CUT;
        if (trial->memory_bytes > figures.memory_bytes)
            figures.memory_bytes = trial->memory_bytes;
        if (trial_failed(trial) > figures.failed)
            figures.failed = trial_failed(trial);
        if (is_worse(trial, figures.worst))
            figures.worst = trial;
    }
    figures.wall_s = spread_of(series, wall_s, figures.trials);
    figures.pages_per_s = spread_of(series, trial_pages_per_s, figures.trials);
    figures.cpu_s = spread_of(series, cpu_s, figures.trials);
    return figures;
}
