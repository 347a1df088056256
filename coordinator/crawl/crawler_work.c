/* crawler_work.c: a crawl as what run.c runs. */
#include "coordinator/crawl/crawler_work.h"

#include <stdio.h>
#include <stdlib.h>

struct crawler_work {
    struct work work;
    struct crawler *crawler;
};

static struct crawler *crawler_of(const struct work *work)
{
    return ((const struct crawler_work *)work)->crawler;
}

static enum status work_feed(struct work *work)
{
    return crawler_feed(crawler_of(work));
}

static int64_t work_next_ns(const struct work *work)
{
    return crawler_next_ns(crawler_of(work));
}

static bool work_waits_for_input(const struct work *work)
{
    return crawler_waits_for_input(crawler_of(work));
}

static void work_stop(struct work *work, const char *detail, bool read_rest)
{
    crawler_stop(crawler_of(work), detail, read_rest);
}

static void work_cancel_in_flight(struct work *work)
{
    crawler_cancel_in_flight(crawler_of(work));
}

static void work_abandon(struct work *work)
{
    crawler_abandon(crawler_of(work));
}

static bool work_is_broken(const struct work *work)
{
    return crawler_is_broken(crawler_of(work));
}

static bool work_input_failed(const struct work *work)
{
    return crawler_input_failed(crawler_of(work));
}

static void work_count(const struct work *work, struct work_counts *counts)
{
    struct crawler_counts of_crawl;
    crawler_count(crawler_of(work), &of_crawl);
    *counts = (struct work_counts){
        .is_crawl = true,
        .unfinished = of_crawl.waiting + of_crawl.backing_off + of_crawl.in_flight,
        .hosts = of_crawl.sites,
        .held_hosts = of_crawl.held_sites,
    };
}

static size_t work_describe_wait(const struct work *work, char *text, size_t text_bytes, int64_t now_ns)
{
    return crawler_describe_wait(crawler_of(work), text, text_bytes, now_ns);
}

static void work_close(struct work *work)
{
    crawler_close(crawler_of(work));
    free(work);
}

static const struct work_ops CRAWLER_WORK = {
    .name = "crawl",
    .feed = work_feed,
    .next_ns = work_next_ns,
    .waits_for_input = work_waits_for_input,
    .stop = work_stop,
    .cancel_in_flight = work_cancel_in_flight,
    .abandon = work_abandon,
    .is_broken = work_is_broken,
    .input_failed = work_input_failed,
    .count = work_count,
    .describe_wait = work_describe_wait,
    .close = work_close,
};

enum status crawler_work_open(struct work **out, struct crawler **crawler, const struct crawler_config *config,
                              char *why, size_t why_bytes)
{
    *out = NULL;
    *crawler = NULL;
    struct crawler_work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        snprintf(why, why_bytes, "no memory");
        return STATUS_OUT_OF_MEMORY;
    }
    enum status status = crawler_open(crawler, config, why, why_bytes);
    if (status != STATUS_OK) {
        free(work);
        return status;
    }
    work->work.ops = &CRAWLER_WORK;
    work->crawler = *crawler;
    *out = &work->work;
    return STATUS_OK;
}
