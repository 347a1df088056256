/* puppets.c: an executor whose workers are puppets. */
#include "tests/support/puppets.h"

#include <errno.h>
#include <string.h>

#include "common/done_ring.h"
#include "common/extent.h"
#include "common/slot.h"

#define BODY_OFFSET 16384u

struct puppet {
    bool has_ended;
    int wait_status;
    int signal_sent;
};

/* A test has a process of its own. */
static struct puppet puppets[PUPPETS + 1];
static enum status start_status;
static int start_errno;

static enum status puppet_start(struct executor *executor, uint32_t index)
{
    atomic_store(&executor->shared.roster[index].incarnation, executor->workers[index].incarnation);
    puppets[index] = (struct puppet){0};
    errno = start_errno;
    return start_status;
}

static bool puppet_has_ended(struct executor *executor, uint32_t index, int *wait_status)
{
    (void)executor;
    *wait_status = puppets[index].wait_status;
    return puppets[index].has_ended;
}

static void puppet_kill(struct executor *executor, uint32_t index, int signal)
{
    (void)executor;
    puppets[index].signal_sent = signal;
}

static void puppet_join(struct executor *executor, uint32_t index)
{
    (void)executor;
    (void)index;
}

static const struct engine_ops ENGINE = {
    .name = "puppets",
    .start = puppet_start,
    .has_ended = puppet_has_ended,
    .kill = puppet_kill,
    .join = puppet_join,
};

struct executor *puppets_open(void)
{
    struct executor_options options;
    struct executor *executor;
    char why[256];
    executor_options_init(&options);
    options.workers = PUPPETS;
    options.concurrency = 4;
    options.keep = EXECUTOR_KEEP_BODY | EXECUTOR_KEEP_HEADERS;
    options.memory_bytes_max = 1 << 20;
    options.limits.body_bytes_max = 65536;
    options.limits.header_bytes_max = 4096;
    ck_assert_msg(executor_open(&executor, &options, why, sizeof why) == STATUS_OK, "%s", why);
    executor->engine = &ENGINE;
    memset(puppets, 0, sizeof puppets);
    start_status = STATUS_OK;
    return executor;
}

void puppets_close(struct executor *executor)
{
    executor_close(executor);
}

void puppets_refuse_to_start(enum status status, int error)
{
    start_status = status;
    start_errno = error;
}

void puppets_end(struct executor *executor, uint32_t worker, int wait_status)
{
    ck_assert(executor->workers[worker].is_alive);
    puppets[worker].has_ended = true;
    puppets[worker].wait_status = wait_status;
    executor->reap_wanted = true; /* as its pid descriptor would say */
}

int puppets_signal_sent(uint32_t worker)
{
    return puppets[worker].signal_sent;
}

void puppets_turn(struct executor *executor)
{
    for (uint32_t i = 0; i <= PUPPETS; i++)
        executor->workers[i].may_start_ns = 0;
    executor->next_look_ns = executor->reap_at_ns = 0;
    executor_run(executor, 0);
}

struct future *puppets_submit(struct executor *executor, const char *url)
{
    const struct request request = {.url = url};
    struct future *future;
    ck_assert_int_eq((int)executor_submit(executor, &request, 0, &future), STATUS_OK);
    return future;
}

struct claim puppets_claim(struct executor *executor, uint32_t worker)
{
    struct owner owner = {.worker = worker, .incarnation = executor->workers[worker].incarnation};
    struct claim claim = {.slot = SLOT_NONE};
    ck_assert(executor->workers[worker].is_alive);
    ck_assert(ring_claim(&executor->shared, worker == QUARANTINE ? RING_QUARANTINE : RING_WORK, owner, &claim));
    return claim;
}

bool puppets_publish(struct executor *executor, uint32_t worker, const struct claim *claim, uint32_t body_bytes)
{
    struct shared *shared = &executor->shared;
    struct result_shm *result = &shared->slots[claim->slot].result;
    ck_assert_int_eq((int)extent_reserve(shared, claim->slot, BODY_OFFSET + body_bytes), STATUS_OK);
    memset(extent_at(shared, claim->slot) + BODY_OFFSET, 'b', body_bytes);
    *result = (struct result_shm){
        .error = FETCH_OK,
        .http_status = 200,
        .retry_after_s = -1,
        .body_offset = BODY_OFFSET,
        .body_bytes = body_bytes,
        .body_stored = body_bytes,
    };
    bool published = slot_publish(shared, claim->slot, claim->word);
    if (published)
        done_ring_push(shared, worker, claim->slot);
    return published;
}
