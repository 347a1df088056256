/* politeness_backoff.h: what the end of a request says about when its host may be asked again. */
#ifndef SHOAL_POLITENESS_BACKOFF_H
#define SHOAL_POLITENESS_BACKOFF_H

#include <stdint.h>

#include "coordinator/politeness/politeness.h"

/* Takes note of a request that was sent: sets the host's times and counts, and its end where it is to be given up. random: the state of
 * the jitter, not 0. */
void polite_backoff_note(const struct politeness_config *config, struct polite_host *host,
                         const struct polite_outcome *outcome, int64_t now_ns, uint64_t *random);

#endif
