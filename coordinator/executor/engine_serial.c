/* engine_serial.c: the caller is the worker: one URL at a time, inside the calls that wait. The design to compare with. */
#include "coordinator/executor/pool.h"

static enum status serial_start(struct executor *executor, uint32_t index)
{
    struct worker_config config;
    pool_worker_config(executor, index, &config);
    return worker_open(&executor->workers[index].worker, &config);
}

static bool serial_has_ended(struct executor *executor, uint32_t index, int *wait_status)
{
    (void)executor;
    (void)index;
    (void)wait_status;
    return false;
}

static void serial_kill(struct executor *executor, uint32_t index, int signal)
{
    (void)executor;
    (void)index;
    (void)signal; /* that would be the caller */
}

static void serial_join(struct executor *executor, uint32_t index)
{
    worker_close(executor->workers[index].worker);
    executor->workers[index].worker = NULL;
}

const struct engine_ops engine_serial = {
    .name = "serial",
    .start = serial_start,
    .has_ended = serial_has_ended,
    .kill = serial_kill,
    .join = serial_join,
};
