/* limits.c: how much of anything the outside world may make us take. */
#include "common/limits.h"

void fetch_limits_init(struct fetch_limits *limits)
{
    *limits = (struct fetch_limits){
        .connect_timeout_ms = 10 * 1000,
        .total_timeout_ms = 120 * 1000,
        .stall_time_ms = 30 * 1000,
        .stall_bytes_per_s = 100,
        .redirects_max = 10,
        .body_bytes_max = 16ull << 20,
        .body_ratio_max = 200,
        .body_ratio_from_bytes = 1ull << 20,
        .header_bytes_max = 300u << 10,
        .header_count_max = 1000,
    };
}
