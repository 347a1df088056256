/* sweep.c: which settings a sweep tries, in which order, and when one is given up. */
#include "coordinator/compare/sweep.h"

#include <stdlib.h>

#include "common/clock.h"

#define CUT_FACTOR 4
#define CUT_MORE_NS NS_PER_S

static const enum executor_engine ENGINES[] = {EXECUTOR_PROCESSES, EXECUTOR_THREADS};
#define ENGINE_COUNT (sizeof ENGINES / sizeof ENGINES[0])

/* 1, 2, 4, ... max; 0 after it. */
static uint32_t next_amount(uint32_t amount, uint32_t max)
{
    if (amount == max)
        return 0;
    return amount > max / 2 ? max : amount * 2;
}

/* Counts the settings of an engine; writes them where there is room. */
static size_t list_settings(struct series *settings, enum executor_engine engine, uint32_t workers_max,
                            uint32_t in_flight_max)
{
    size_t count = 0;
    for (uint32_t in_flight = 1; in_flight != 0; in_flight = next_amount(in_flight, in_flight_max)) {
        for (uint32_t workers = 1; workers != 0 && workers <= in_flight; workers = next_amount(workers, workers_max)) {
            if (settings != NULL)
                settings[count].design = design_setting(engine, workers, in_flight);
            count++;
        }
    }
    return count;
}

enum status sweep_make(struct series **settings, size_t *count, uint32_t workers_max, uint32_t in_flight_max)
{
    size_t each = list_settings(NULL, ENGINES[0], workers_max, in_flight_max);
    *count = 0;
    *settings = calloc(each * ENGINE_COUNT, sizeof **settings);
    if (*settings == NULL)
        return STATUS_OUT_OF_MEMORY;
    for (size_t i = 0; i < ENGINE_COUNT; i++)
        *count += list_settings(*settings + *count, ENGINES[i], workers_max, in_flight_max);
    return STATUS_OK;
}

size_t sweep_turn(size_t turn, size_t count)
{
    return count - 1 - turn;
}

/* What the whole list would take at the rate of a finished run: to fail at once is not to be fast. 0: not known. */
static int64_t whole_list_ns(const struct trial *trial)
{
    uint64_t fetched = trial->by_error[FETCH_OK];
    if (trial->end != TRIAL_FINISHED || fetched == 0)
        return 0;
    return (int64_t)((double)trial->wall_ns * (double)trial_done(trial) / (double)fetched);
}

int64_t sweep_cut_ns(const struct series *settings, size_t count)
{
    int64_t fastest_ns = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < settings[i].count; k++) {
            int64_t whole_ns = whole_list_ns(&settings[i].trials[k]);
            if (whole_ns > 0 && (fastest_ns == 0 || whole_ns < fastest_ns))
                fastest_ns = whole_ns;
        }
    }
    return fastest_ns == 0 ? 0 : fastest_ns * CUT_FACTOR + CUT_MORE_NS;
}

bool sweep_is_settled(const struct series *setting)
{
    for (size_t i = 0; i < setting->count; i++) {
        if (setting->trials[i].end == TRIAL_CUT)
            return true;
    }
    return false;
}
