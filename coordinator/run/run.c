/* run.c: the loop of a command that fetches, and how it comes to its end. */
#include "coordinator/run/run.h"

#include <stdio.h>

#include "common/clock.h"

/* While results come without a pause they are brought out at least this often. */
#define FLUSH_EVERY_MS 100

static int64_t earlier(int64_t left_ns, int64_t right_ns)
{
    return left_ns < right_ns ? left_ns : right_ns;
}

/* ---- signals and phases ---- */

/* Notes what came. The rest is done in the loop, since this may be called while an outcome is being
 * written. */
static void take_signals(struct run *run)
{
    unsigned taken = signals_take(run->signals);
    if (taken == 0) {
        return;
    }
    int64_t now_ns = clock_now_ns();
    if (run->first_signal_ns == 0) {
        run->first_signal_ns = now_ns;
        run->interrupt->deadline_ns = now_ns + RUN_GRACE_MS * NS_PER_MS;
    } else if (now_ns - run->first_signal_ns >= RUN_SAME_SIGNAL_MS * NS_PER_MS) {
        run->stop_now = true;
    }
}

bool run_gives_up_writing(void *context)
{
    struct run *run = context;
    take_signals(run);
    return run->stop_now;
}

static void enter_phase(struct run *run, enum run_phase phase, int64_t lasts_ms)
{
    run->phase = phase;
    run->phase_ends_ns = clock_deadline_ns(lasts_ms);
}

/* Ends the phase whose time is over, whatever it was. */
static void next_phase(struct run *run)
{
    switch (run->phase) {
    case RUN_RUNNING:
    case RUN_GRACE:
        /* Without a signal it is the output that failed, and nobody reads the detail. */
        run->work->ops->stop(run->work, run->detail, false);
        run->interrupt->deadline_ns = clock_deadline_ns(run->stop_now ? 0 : RUN_ABORT_MS);
        enter_phase(run, RUN_ABORT, RUN_ABORT_MS);
        run->work->ops->cancel_in_flight(run->work);
        break;
    case RUN_ABORT:
        enter_phase(run, RUN_KILL, RUN_KILL_MS);
        executor_kill_workers(run->executor);
        break;
    case RUN_KILL:
    case RUN_ABANDON:
        enter_phase(run, RUN_ABANDON, -1);
        run->work->ops->abandon(run->work);
        break;
    }
}

static void heed_signals(struct run *run)
{
    take_signals(run);
    if (run->first_signal_ns != 0 && run->phase == RUN_RUNNING) {
        snprintf(run->detail, sizeof run->detail, "interrupted by %s", signals_name(run->signals->first));
        enter_phase(run, RUN_GRACE, RUN_GRACE_MS);
        /* A list that has an end is reported to its end; one that is still being written is not
         * waited for. */
        run->work->ops->stop(run->work, run->detail, input_fd(run->input) < 0);
    }
    bool no_output = delivery_status(run->delivery) != STATUS_OK;
    if ((run->stop_now || no_output) && run->phase < RUN_ABORT) {
        next_phase(run);
    }
    while (clock_now_ns() >= run->phase_ends_ns && run->phase < RUN_ABANDON) {
        next_phase(run);
    }
}

/* The executor cannot go on. It has completed its futures, so what is left with it now never will
 * be. */
static void heed_broken(struct run *run)
{
    bool again = run->broken;
    run->broken = true;
    run->work->ops->stop(run->work, executor_why_broken(run->executor), input_fd(run->input) < 0);
    if (again) {
        run->work->ops->abandon(run->work);
    }
}

/* ---- progress ---- */

static void show_progress(struct run *run)
{
    int64_t now_ns = clock_now_ns();
    if (!progress_due(run->progress, now_ns)) {
        return;
    }
    struct work_counts counts;
    struct executor_stats stats;
    const struct summary *summary = delivery_summary(run->delivery);
    run->work->ops->count(run->work, &counts);
    executor_stats(run->executor, &stats);
    char wait[512];
    size_t wait_bytes = run->work->ops->describe_wait(run->work, wait, sizeof wait, now_ns);
    struct progress_state state = {
        .done = summary_total(summary),
        .failed = summary_failed(summary),
        .total_known = counts.total > 0 ? counts.total : run->total_known,
        .queued = counts.unfinished > stats.running ? counts.unfinished - stats.running : 0,
        .in_flight = stats.running,
        .is_crawl = counts.is_crawl,
        .hosts = counts.hosts,
        .held_hosts = counts.held_hosts,
        .bytes = summary->body_bytes,
        .waiting_for = wait_bytes > 0 ? wait : NULL,
        .waiting_for_bytes = wait_bytes,
    };
    progress_update(run->progress, &state, now_ns);
}

/* ---- the loop ---- */

/* Brings out what is buffered, or only if that is long ago. */
static void flush(struct run *run, bool now)
{
    int64_t now_ns = clock_now_ns();
    if (now || now_ns - run->flushed_ns >= FLUSH_EVERY_MS * NS_PER_MS) {
        run->flushed_ns = now_ns;
        delivery_flush(run->delivery);
    }
}

/* Sleeps until there is something to do. */
static void wait_for_something(struct run *run)
{
    wakeups_watch_input(run->wakeups, run->work->ops->waits_for_input(run->work));
    int64_t wake_ns = earlier(run->work->ops->next_ns(run->work), progress_next_ns(run->progress));
    wake_ns = earlier(wake_ns, run->phase_ends_ns);
    int timeout_ms = wake_ns == DEADLINE_NEVER ? -1 : clock_left_ms(wake_ns, 3600000);
    enum status status = executor_run(run->executor, timeout_ms);
    if (status == STATUS_END) {
        wakeups_wait(run->wakeups, timeout_ms);
    } else if (status == STATUS_BROKEN) {
        heed_broken(run);
    }
}

void run_until_end(struct run *run)
{
    run->phase_ends_ns = DEADLINE_NEVER;
    for (;;) {
        heed_signals(run);
        enum status status = run->work->ops->feed(run->work);
        if (status == STATUS_END) {
            break;
        }
        show_progress(run);
        /* Only what is here already: as long as there is something, nothing need be brought out. */
        enum status ran = executor_run(run->executor, 0);
        if (ran == STATUS_BROKEN) {
            heed_broken(run);
        } else if (status == STATUS_OK || ran == STATUS_OK) {
            flush(run, false);
        } else {
            flush(run, true);
            bool no_output = delivery_status(run->delivery) != STATUS_OK;
            if (!no_output || run->phase >= RUN_ABORT) {
                wait_for_something(run);
            }
        }
    }
    /* It may have broken with the last results, when nobody asked any more. */
    bool broke = executor_why_broken(run->executor)[0] != '\0';
    run->broken = run->broken || broke || run->work->ops->is_broken(run->work);
    flush(run, true);
}
