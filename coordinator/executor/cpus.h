/* cpus.h: how many CPUs this process may use. */
#ifndef SHOAL_CPUS_H
#define SHOAL_CPUS_H

#include <stdint.h>

/* At least 1: the smaller of the affinity mask and the quota of the control group (v2 or v1), rounded up. */
uint32_t cpus_available(void);

#endif
