/* url_log.h: texts that were seen once and may be wanted again, a number each, in a temporary file without a name: so the memory for
 * referrers and the like does not grow with the crawl. */
#ifndef SHOAL_URL_LOG_H
#define SHOAL_URL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

#define URL_LOG_NONE 0u         /* no text has this number */
#define URL_LOG_BYTES_MAX 8192u /* of one text */

struct url_log;

/* The file is made in $TMPDIR, else in /var/tmp, when it is first needed. NULL when memory is short. */
struct url_log *url_log_open(void);
void url_log_close(struct url_log *log); /* accepts NULL */

/* Keeps text; returns its number, growing, below 2^48; URL_LOG_NONE: it cannot be kept (too long; the disk: url_log_why()). */
uint64_t url_log_add(struct url_log *log, const void *text, size_t bytes);

/* The text of that number; valid until the next call. bytes 0 and false: there is none, or it cannot be read. */
bool url_log_get(struct url_log *log, uint64_t number, const char **text, size_t *bytes);

/* Walks: the text behind that of *number (URL_LOG_NONE: the first), which becomes *number. False: no more. */
bool url_log_next(struct url_log *log, uint64_t *number, const char **text, size_t *bytes);

/* "" while all is well; else one line about the disk. */
const char *url_log_why(const struct url_log *log);

#endif
