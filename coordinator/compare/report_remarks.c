/* report_remarks.c: the sentences below the table. */
#include "coordinator/compare/report_remarks.h"

#include <inttypes.h>
#include <string.h>

#include "coordinator/compare/report_text.h"
#include "coordinator/run/signals.h"
#include "coordinator/text/escape.h"

#define PUT(writer, literal) writer_put((writer), (literal), sizeof(literal) - 1)

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- what was measured ---- */

static bool any_cut(const struct series *series, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (series_figures(&series[i]).cut > 0)
            return true;
    }
    return false;
}

static void put_measured(struct writer *prose, const struct comparison *comparison)
{
    char seconds[TEXT_NUMBER_BYTES];
    text_put(prose, "%" PRIu64 " URL%s (", comparison->url_count, plural(comparison->url_count));
    escape_text_string(prose, comparison->list);
    text_put(prose, "), %u round%s %safter a warm-up, %u CPU%s", (unsigned)comparison->rounds,
             plural(comparison->rounds), comparison->rounds > 1 ? "in turn " : "", (unsigned)comparison->cpus,
             plural(comparison->cpus));
    if (strcmp(comparison->work, "none") != 0) {
        PUT(prose, ", CPU work for each page: ");
        writer_put_string(prose, comparison->work);
    }
    text_put(prose, ", %s s in all; ", text_number(seconds, comparison->seconds, 3));
    if (comparison->rounds > 1)
        PUT(prose, "medians; ");
    PUT(prose, "w×c: workers × in flight; MiB: peak of all processes, shared pages once");
    if (any_cut(comparison->designs, comparison->design_count) || any_cut(comparison->sweep, comparison->sweep_count))
        PUT(prose, "; ~: stopped as far behind, the rate is that of the time it had");
}

/* ---- the default ---- */

/* Percentages of more than three digits say nothing. */
static void put_distance(struct writer *writer, double rate, double other)
{
    char percent[TEXT_NUMBER_BYTES];
    if (rate >= 10 * other)
        text_put(writer, "%s times as fast as ", text_number(percent, rate / other, 3));
    else if (rate >= other)
        text_put(writer, "%s %% ahead of ", text_percent(percent, rate / other - 1));
    else
        text_put(writer, "%s %% behind the fastest, ", text_percent(percent, 1 - rate / other));
}

/* The fastest of the table but this one; NULL if no other fetched any. */
static const struct series *fastest_but(const struct comparison *comparison, const struct series *series)
{
    size_t before = (size_t)(series - comparison->designs);
    const struct series *first = comparison_fastest(comparison->designs, before);
    const struct series *second = comparison_fastest(series + 1, comparison->design_count - before - 1);
    if (first == NULL || second == NULL)
        return first != NULL ? first : second;
    bool is_second = series_figures(second).pages_per_s.median > series_figures(first).pages_per_s.median;
    return is_second ? second : first;
}

static bool overlap(const struct figures *one, const struct figures *other)
{
    return one->trials > 1 && other->trials > 1 && one->pages_per_s.min <= other->pages_per_s.max &&
           other->pages_per_s.min <= one->pages_per_s.max;
}

/* False: there is nothing to say. */
static bool put_default(struct writer *prose, const struct comparison *comparison)
{
    const struct series *own = comparison_default(comparison);
    const struct series *other = own != NULL ? fastest_but(comparison, own) : NULL;
    if (own == NULL || other == NULL)
        return false;
    struct figures figures = series_figures(own), others = series_figures(other);
    if (figures.pages_per_s.median <= 0)
        return false;
    text_put_name(prose, comparison, &own->design);
    PUT(prose, " is ");
    if (figures.pages_per_s.median >= others.pages_per_s.median)
        PUT(prose, "the fastest, ");
    put_distance(prose, figures.pages_per_s.median, others.pages_per_s.median);
    text_put_name(prose, comparison, &other->design);
    if (overlap(&figures, &others))
        PUT(prose, "; their rounds overlap");
    return true;
}

/* ---- what failed ---- */

static void put_in_runs(struct writer *prose, const struct series *series, size_t runs)
{
    text_put(prose, ", in %zu of %zu run%s", runs, series->count, plural(series->count));
}

/* What the first that died died of, and how far those that died came. */
static void put_died(struct writer *prose, const struct series *series, uint64_t url_count)
{
    const struct trial *first = NULL;
    uint64_t least = 0, most = 0;
    for (size_t i = 0; i < series->count; i++) {
        const struct trial *trial = &series->trials[i];
        if (trial->end != TRIAL_DIED)
            continue;
        uint64_t done = trial_done(trial);
        least = first == NULL || done < least ? done : least;
        most = done > most ? done : most;
        first = first == NULL ? trial : first;
    }
    if (first == NULL)
        return;
    if (first->signal != 0) {
        PUT(prose, "died of ");
        text_put_signal(prose, first->signal);
    } else {
        text_put(prose, "died with exit status %d", first->exit_status);
    }
    text_put(prose, " after %" PRIu64, least);
    if (most > least)
        text_put(prose, " to %" PRIu64, most);
    text_put(prose, " of %" PRIu64 " URL%s", url_count, plural(url_count));
}

static const char *why_unable(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (series->trials[i].end == TRIAL_CANNOT_RUN)
            return series->trials[i].why[0] != '\0' ? series->trials[i].why : "it did not say why";
    }
    return "";
}

/* Of the trials that went to their end. */
static const struct trial *most_failed(const struct series *series, size_t *with_failures)
{
    const struct trial *most = NULL;
    *with_failures = 0;
    for (size_t i = 0; i < series->count; i++) {
        const struct trial *trial = &series->trials[i];
        if ((trial->end != TRIAL_FINISHED && trial->end != TRIAL_CUT) || trial_failed(trial) == 0)
            continue;
        (*with_failures)++;
        if (most == NULL || trial_failed(trial) > trial_failed(most))
            most = trial;
    }
    return most;
}

/* One URL was made to crash its worker, and nothing else came of it. It may stand in the list more than once. */
static bool is_contained(const struct comparison *comparison, const struct trial *trial)
{
    uint64_t crashed = trial->by_error[FETCH_WORKER_CRASHED];
    return comparison->crash != NULL && crashed > 0 && trial_failed(trial) == crashed &&
           trial->by_error[FETCH_OK] + crashed == comparison->url_count;
}

static void put_failed(struct writer *prose, const struct comparison *comparison, const struct series *series)
{
    size_t with_failures;
    const struct trial *trial = most_failed(series, &with_failures);
    if (is_contained(comparison, trial)) {
        uint64_t crashed = trial->by_error[FETCH_WORKER_CRASHED];
        text_put(prose, "the other %" PRIu64 " of %" PRIu64 " were fetched; ", trial->by_error[FETCH_OK],
                 comparison->url_count);
        if (crashed == 1)
            PUT(prose, "that one is worker-crashed");
        else
            text_put(prose, "those %" PRIu64 " are worker-crashed", crashed);
    } else {
        text_put(prose, "%" PRIu64 " of %" PRIu64 " URL%s failed: ", trial_failed(trial), comparison->url_count,
                 plural(comparison->url_count));
        text_put_errors(prose, trial);
    }
    if (with_failures < series->count)
        put_in_runs(prose, series, with_failures);
}

/* A line for each way in which its runs did not do all. */
static void put_failures(struct writer *writer, struct writer *prose, const struct comparison *comparison,
                         const struct series *series)
{
    struct figures figures = series_figures(series);
    size_t with_failures;
    if (figures.died > 0) {
        text_put_name(prose, comparison, &series->design);
        PUT(prose, ": ");
        put_died(prose, series, comparison->url_count);
        put_in_runs(prose, series, figures.died);
        text_put_wrapped(writer, prose, 2);
    }
    if (figures.unable > 0) {
        text_put_name(prose, comparison, &series->design);
        PUT(prose, ": cannot run: ");
        escape_text_string(prose, why_unable(series));
        if (figures.unable < series->count)
            put_in_runs(prose, series, figures.unable);
        text_put_wrapped(writer, prose, 2);
    }
    if (most_failed(series, &with_failures) != NULL) {
        text_put_name(prose, comparison, &series->design);
        PUT(prose, ": ");
        put_failed(prose, comparison, series);
        text_put_wrapped(writer, prose, 2);
    }
}

/* The sweep's failures in one line: there may be a hundred settings. */
static void put_sweep_failures(struct writer *writer, struct writer *prose, const struct comparison *comparison)
{
    size_t settings = 0;
    const struct series *first = NULL;
    for (size_t i = 0; i < comparison->sweep_count; i++) {
        if (series_figures(&comparison->sweep[i]).worst == NULL)
            continue;
        settings++;
        first = first == NULL ? &comparison->sweep[i] : first;
    }
    if (first == NULL)
        return;
    struct figures figures = series_figures(first);
    text_put(prose, "sweep: %zu of %zu settings did not fetch all; %s %u×%u: ", settings, comparison->sweep_count,
             first->design.title, (unsigned)first->design.workers, (unsigned)first->design.in_flight);
    if (figures.died > 0) {
        put_died(prose, first, comparison->url_count);
    } else if (figures.unable > 0) {
        PUT(prose, "cannot run: ");
        escape_text_string(prose, why_unable(first));
    } else {
        put_failed(prose, comparison, first);
    }
    text_put_wrapped(writer, prose, 2);
}

static bool any_crashed(const struct series *series, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < series[i].count; j++) {
            const struct trial *trial = &series[i].trials[j];
            if (trial->end == TRIAL_DIED || trial->by_error[FETCH_WORKER_CRASHED] > 0)
                return true;
        }
    }
    return false;
}

/* The worker dies when it hands over what it got, which a page that fails or is empty never comes to. */
static void put_crash(struct writer *writer, struct writer *prose, const struct comparison *comparison)
{
    bool crashed = any_crashed(comparison->designs, comparison->design_count) ||
                   any_crashed(comparison->sweep, comparison->sweep_count);
    writer_put_string(prose, crashed ? "the worker that gets " : "no worker crashed: ");
    escape_url_text(prose, comparison->crash, strlen(comparison->crash));
    writer_put_string(prose, crashed ? " crashes:" : " was not fetched, or has no body");
    text_put_wrapped(writer, prose, 2);
}

/* ---- all of it ---- */

void report_put_remarks(struct writer *writer, const struct comparison *comparison)
{
    struct writer prose;
    writer_open_memory(&prose); /* a failure is seen where it is put */
    put_measured(&prose, comparison);
    text_put_wrapped(writer, &prose, 0);
    if (put_default(&prose, comparison))
        text_put_wrapped(writer, &prose, 0);
    if (comparison->crash != NULL)
        put_crash(writer, &prose, comparison);
    for (size_t i = 0; i < comparison->design_count; i++)
        put_failures(writer, &prose, comparison, &comparison->designs[i]);
    put_sweep_failures(writer, &prose, comparison);
    writer_close(&prose);
}

/* Rounds that all series have behind them; those that were cut, died or could not run may have been spared the later ones. */
static size_t rounds_done(const struct series *series, size_t count, size_t rounds)
{
    for (size_t i = 0; i < count; i++) {
        struct figures figures = series_figures(&series[i]);
        if (series[i].count < rounds && figures.unable + figures.died + figures.cut == 0)
            rounds = series[i].count;
    }
    return rounds;
}

void report_put_interrupted(struct writer *writer, const struct comparison *comparison)
{
    unsigned rounds = (unsigned)comparison->rounds;
    size_t done = rounds_done(comparison->designs, comparison->design_count, rounds), settings = 0;
    if (comparison->signal == 0)
        return;
    for (size_t i = 0; i < comparison->sweep_count; i++)
        settings += comparison->sweep[i].count > 0;
    text_put(writer, "interrupted by %s after ", signals_name(comparison->signal));
    if (done < rounds || comparison->sweep_count == 0)
        text_put(writer, "%zu of %u round%s", done, rounds, plural(rounds));
    else if (settings < comparison->sweep_count)
        text_put(writer, "%zu of %zu settings of the sweep", settings, comparison->sweep_count);
    else
        text_put(writer, "%zu of %u round%s of the sweep",
                 rounds_done(comparison->sweep, comparison->sweep_count, rounds), rounds, plural(rounds));
    writer_end_line(writer);
}
